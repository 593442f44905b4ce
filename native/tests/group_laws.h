/* Everything that group.h promises, checked on any ts_group. */
#ifndef THRESIGN_TESTS_GROUP_LAWS_H
#define THRESIGN_TESTS_GROUP_LAWS_H

#include "thresign/group.h"

typedef struct {
  unsigned rounds;     /* of random trials, for each law */
  size_t largest_msm;  /* sums of 0 to 40 terms are always tried; then sizes growing to this one, at most 1024 */
} group_laws_effort;

/* Returns if all holds; a failed check ends the program. Repeatable: the random numbers are those of check.h. */
void group_laws(const ts_group *g, group_laws_effort effort);

#endif
