/* Elements: functions of group.h. */
#ifndef THRESIGN_EDWARDS448_ELEMENT_H
#define THRESIGN_EDWARDS448_ELEMENT_H

#include "thresign/group.h"
#include "vectors.h"

void ts_edwards448_set_identity(ts_element *out);
void ts_edwards448_set_generator(ts_element *out);
bool ts_edwards448_decode_vartime(ts_element *out, const uint8_t *bytes);
bool ts_edwards448_decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad);
void ts_edwards448_encode(uint8_t *out, const ts_element *a);
void ts_edwards448_encode_batch(uint8_t *out, const ts_element *a, size_t count);
void ts_edwards448_add(ts_element *out, const ts_element *a, const ts_element *b);
void ts_edwards448_negate(ts_element *out, const ts_element *a);
bool ts_edwards448_is_identity(const ts_element *a);
bool ts_edwards448_equal(const ts_element *a, const ts_element *b);

/* The functions above, with one way of computing forced: for them to choose from, and for the tests. */
void ts_edwards448_portable_add(ts_element *out, const ts_element *a, const ts_element *b);
void ts_edwards448_portable_roots(fe448 r[4], const fe448 a[4], size_t count);
bool ts_edwards448_decode_with_vartime(ts_element *out, const uint8_t *bytes, edwards448_roots *roots);
bool ts_edwards448_decode_batch_with_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad,
                                             edwards448_roots *roots);

#endif
