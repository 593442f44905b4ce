/* The additions of an interleaved multi-scalar multiplication (Straus), in the order in which they are due.
 *
 * Every scalar is written with odd signed digits, few and far between (width-w NAF: B. Moeller, "Algorithms for
 * multi-exponentiation", 2001); each digit becomes an event at its bit position: which table entry to add or subtract.
 * Events of one position form a list, so the main loop touches nothing but additions that take place.
 * Scalars are public here: variable time.
 */
#ifndef THRESIGN_EDWARDS25519_SCHEDULE_H
#define THRESIGN_EDWARDS25519_SCHEDULE_H

#include "thresign/group.h"

#define STRAUS_WIDTH 5
#define STRAUS_ENTRIES 8       /* odd multiples 1, 3, ..., 15 */
#define STRAUS_POINTS_MAX 72   /* table of 90 KB; more points are taken in parts of equal size */
#define SCHEDULE_POSITIONS 256
#define SCHEDULE_EVENTS_MAX ((STRAUS_POINTS_MAX + 1) * 52) /* a scalar below 2^253 has 51 digits of width 5 at most */
#define SCHEDULE_END UINT16_MAX

typedef struct {
  uint16_t head[SCHEDULE_POSITIONS]; /* by position: first event or SCHEDULE_END */
  uint16_t next[SCHEDULE_EVENTS_MAX];
  uint16_t code[SCHEDULE_EVENTS_MAX]; /* 2 * table entry + (1 to subtract) */
  uint16_t count;
  int top; /* highest position in use, -1 if none */
} ts_edwards25519_schedule;

void ts_edwards25519_schedule_init(ts_edwards25519_schedule *s);
/* Adds the digits of k, of this width (2..8); entry j of its table, which starts at first_entry, is 2j + 1 times its
 * point. */
void ts_edwards25519_schedule_add_vartime(ts_edwards25519_schedule *s, const ts_scalar *k, int width,
                                          unsigned first_entry);

#endif
