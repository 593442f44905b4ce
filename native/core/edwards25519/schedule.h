/* The additions of an interleaved multi-scalar multiplication (Straus), in the order in which they are due.
 *
 * Every scalar is written with odd signed digits, few and far between (width-w NAF: B. Moeller, "Algorithms for
 * multi-exponentiation", 2001); each digit becomes an event at its bit position: which table entry to add or subtract.
 * Events of one position form a list, so the main loop touches nothing but additions that take place.
 * Scalars are public here: variable time.
 */
#ifndef THRESIGN_EDWARDS25519_SCHEDULE_H
#define THRESIGN_EDWARDS25519_SCHEDULE_H

#include <string.h>

#include "../verify.h"
#include "thresign/group.h"

#define STRAUS_WIDTH 5
#define STRAUS_ENTRIES 8       /* odd multiples 1, 3, ..., 15 */
#define STRAUS_POINTS_MAX 72   /* table of 90 KB; more points are taken in parts of equal size */
#define SCHEDULE_POSITIONS 256
#define SCHEDULE_EVENTS_MAX ((STRAUS_POINTS_MAX + 1) * 52) /* a scalar below 2^253 has 51 digits of width 5 at most */
#define SCHEDULE_END UINT16_MAX

/* A cached point of the vector code in memory: limb by limb, (Y-X, Y+X, 2dT, 2Z) side by side, as in tables.h. */
typedef struct {
  _Alignas(32) uint64_t limb[5][4];
} straus_entry;

typedef struct {
  uint16_t head[SCHEDULE_POSITIONS]; /* by position: first event or SCHEDULE_END */
  uint16_t next[SCHEDULE_EVENTS_MAX];
  uint16_t code[SCHEDULE_EVENTS_MAX]; /* 2 * table entry + (1 to subtract) */
  uint16_t count;
  int top; /* highest position in use, -1 if none */
} ts_edwards25519_schedule;

static inline void ts_edwards25519_schedule_init(ts_edwards25519_schedule *s) {
  memset(s->head, 0xff, sizeof s->head);
  s->count = 0;
  s->top = -1;
}

/* 64 bits of k from bit position on, zeros beyond the end. */
static inline uint64_t bits_from(const uint64_t k[6], unsigned position) {
  const unsigned word = position / 64, shift = position % 64;
  return k[word] >> shift | k[word + 1] << 1 << (63 - shift);
}

/* Adds the digits of k, of this width (2..8); entry j of its table, which starts at first_entry, is 2j + 1 times its
 * point.
 *
 * Written for few mispredicted branches, since there are some 40 digits to a scalar and many scalars: one branch ends
 * the loop, the other is hardly ever taken. */
static inline void ts_edwards25519_schedule_add_vartime(ts_edwards25519_schedule *s, const ts_scalar *k, unsigned width,
                                                        unsigned first_entry) {
  const uint64_t words[6] = {k->limb[0], k->limb[1], k->limb[2], k->limb[3], 0, 0};
  const unsigned half = 1u << (width - 1);
  unsigned carry = 0, count = s->count; /* what is left to write is (k >> position) + carry */
  unsigned position = 0;
  int top = -1;
  for (;;) {
    const uint64_t bits = bits_from(words, position);
    const uint64_t digits = bits ^ (0 - (uint64_t)carry); /* zeros here are digits 0 */
    if (digits == 0) { /* at most 252 bits are not zero: no carry reaches further than 253 */
      position += 64;
      if (position >= 256) break;
      continue;
    }
    const unsigned skip = (unsigned)__builtin_ctzll(digits);
    position += skip;
    if (skip > 64 - 8) continue; /* the window would be cut off */
    const unsigned window = ((unsigned)(bits >> skip) & (2 * half - 1)) + carry; /* odd, below 2^width */
    const unsigned negative = window >> (width - 1); /* then the digit is window - 2^width */
    const unsigned index = (window >> 1) ^ ((0 - negative) & (half - 1));
    VERIFY_CHECK((window & 1) == 1 && count < SCHEDULE_EVENTS_MAX && position < SCHEDULE_POSITIONS);
    s->code[count] = (uint16_t)(2 * (first_entry + index) + negative);
    s->next[count] = s->head[position];
    s->head[position] = (uint16_t)count++;
    top = (int)position;
    carry = negative;
    position += width;
  }
  VERIFY_CHECK(carry == 0);
  s->count = (uint16_t)count;
  if (top > s->top) s->top = top;
}

#endif
