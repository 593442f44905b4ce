/* Shared by the files of group_laws. */
#ifndef THRESIGN_TESTS_GROUP_LAWS_INTERNAL_H
#define THRESIGN_TESTS_GROUP_LAWS_INTERNAL_H

#include <stdbool.h>

#include "group_laws.h"

#define LAW_EDGE_SCALARS 96u

ts_scalar law_edge_scalar(const ts_group *g, unsigned index);
ts_scalar law_random_scalar(const ts_group *g);
ts_element law_random_element(const ts_group *g);
ts_element law_slow_mul(const ts_group *g, const ts_scalar *k, const ts_element *a);

/* Whether scalars are written least significant byte first. */
bool law_little_endian(const ts_group *g);

void laws_of_scalars(const ts_group *g, group_laws_effort effort);
void laws_of_elements(const ts_group *g, group_laws_effort effort);
void laws_of_encodings(const ts_group *g, group_laws_effort effort);
void laws_of_multiplication(const ts_group *g, group_laws_effort effort);

#endif
