/* Scalars as the digits that multiplication takes them apart into.
 *
 * Signed bits. For any k, with N = 450 bits, b = (k + 2^N - 1)/2 mod q gives k = sum of s_i 2^i over i < N with s_i =
 * 1 where bit i of b is set, and -1 where it is not (Hamburg, eprint 2012/309 section 3.3): no digit is zero. A window
 * of w bits of b with the value v stands for the odd digit 2 v - (2^w - 1); its sign is the window's top bit. Constant
 * time. */
#ifndef THRESIGN_EDWARDS448_DIGITS_H
#define THRESIGN_EDWARDS448_DIGITS_H

#include "ct.h"
#include "scalar.h"
#include "tables.h"

#define SIGNED_BITS 450
#define SIGNED_WINDOW 5
#define SIGNED_WINDOWS (SIGNED_BITS / SIGNED_WINDOW)
#define SIGNED_ENTRIES (1 << (SIGNED_WINDOW - 1))

_Static_assert(COMB_BITS == SIGNED_BITS, "one offset serves both");

/* b's signed bits are those of k, for the tables of down(G)/4; or of k/4, for down(A). */
void ts_edwards448_signed_bits(ts_scalar *b, const ts_scalar *k);
void ts_edwards448_signed_bits_of_quarter(ts_scalar *b, const ts_scalar *k);

/* The table index of a window v of w bits, and the mask of its sign: digits -(2 i + 1) and 2 i + 1 share entry i. If
 * the top bit is set, i = v - 2^(w - 1); if not, i = 2^(w - 1) - 1 - v: the low bits of v, or their complement. */
static inline uint64_t signed_index(uint64_t *negative, uint64_t v, unsigned w) {
  *negative = ct_mask((v >> (w - 1) & 1) ^ 1);
  return (v ^ *negative) & ((UINT64_C(1) << (w - 1)) - 1);
}

/* Bit i of b, i < 512: limb[7] is zero. */
static inline uint64_t scalar_bit(const ts_scalar *b, unsigned i) { return b->limb[i / 64] >> (i % 64) & 1; }

/* The index for comb block j: the bits at row, row + COMB_SPACING, and so on. */
static inline uint64_t comb_index(uint64_t *negative, const ts_scalar *b, unsigned j, unsigned row) {
  uint64_t v = 0;
  for (unsigned tooth = 0; tooth < COMB_TEETH; tooth++)
    v |= scalar_bit(b, row + COMB_SPACING * (COMB_TEETH * j + tooth)) << tooth;
  return signed_index(negative, v, COMB_TEETH);
}

/* The index for the window at 2^(SIGNED_WINDOW w). */
static inline uint64_t window_index(uint64_t *negative, const ts_scalar *b, unsigned w) {
  uint64_t v = 0;
  for (unsigned i = 0; i < SIGNED_WINDOW; i++) v |= scalar_bit(b, SIGNED_WINDOW * w + i) << i;
  return signed_index(negative, v, SIGNED_WINDOW);
}

/* Non-adjacent form: a = sum of digit[i] 2^i, where digits are odd and below 2^(w - 1) in size, or zero, and of any w
 * in a row one at most is not zero; w <= 8. Returns the number of digits up to the last that is not zero. */
#define NAF_DIGITS (SCALAR_BITS + 1)
unsigned ts_edwards448_naf_vartime(int8_t digit[NAF_DIGITS], const ts_scalar *a, unsigned w);

/* r = k/4 mod q. */
void ts_edwards448_quarter(ts_scalar *r, const ts_scalar *k);

#endif
