/* Scalars as digits. All of it is about integers of four limbs. */
#ifndef THRESIGN_WEIERSTRASS_RECODE_H
#define THRESIGN_WEIERSTRASS_RECODE_H

#include <string.h>

#include "../verify.h"
#include "limbs.h"

/* Bits position to position + width - 1 of a, zeros above bit 255; width <= 32. Constant time in a. */
static inline uint32_t recode_bits(const uint64_t a[4], unsigned position, unsigned width) {
  const unsigned limb = position / 64, shift = position % 64;
  if (limb >= 4) return 0;
  uint64_t word = a[limb] >> shift;
  if (shift + width > 64 && limb < 3) word |= a[limb + 1] << (64 - shift);
  return (uint32_t)(word & ((UINT64_C(1) << width) - 1));
}

/* v = (k + c)/2 mod q. Precondition: k, c < q. Constant time.
 *
 * What it is for: with windows of w bits, v = sum of B_i 2^(w i) for i < m, and
 *   2v - (2^(w m) - 1) = sum of (2 B_i - (2^w - 1)) 2^(w i),
 * where every digit 2 B_i - (2^w - 1) is odd, so never zero, and below 2^w in magnitude. With c = 2^(w m) - 1 mod q
 * that sum is k mod q: the windows of v are k in digits that treat all scalars alike. A partial sum over the t lowest
 * (or, without its power, the t highest) digits is below 2^(w t) in magnitude, and not zero, because it is odd. */
static inline void recode_halve(uint64_t v[4], const uint64_t k[4], const uint64_t c[4], const uint64_t q[4]) {
  uint64_t t[4];
  limbs_carry carry = u256_add(t, k, c);
  u256_reduce_once(t, carry, q);
  carry = u256_add_masked(t, q, limbs_mask(t[0] & 1));
  u256_shift_right_once(t, carry);
  for (int i = 0; i < 4; i++) v[i] = t[i];
}

/* From such a window B of w bits: the index i of the digit's magnitude 2i + 1, and all ones if the digit is negative.
 * B >= 2^(w-1) means the digit 2 (B - 2^(w-1)) + 1; below, -(2 (2^(w-1) - 1 - B) + 1). */
static inline uint64_t recode_window(uint64_t *negative, uint32_t window, unsigned width) {
  *negative = limbs_mask(1 ^ (window >> (width - 1) & 1));
  return (window ^ *negative) & ((UINT64_C(1) << (width - 1)) - 1);
}

/* The width-w non-adjacent form (Solinas, 2000): a = sum of digit[i] 2^i, digits odd and below 2^(w-1) in magnitude,
 * or zero, at least w-1 zeros after each other digit. Writes length digits, where a < 2^(length - 1), and returns 1 +
 * the index of the highest that is not zero. negate turns all signs. */
static inline int recode_naf_vartime(int8_t *digit, int length, const uint64_t a[4], unsigned width, bool negate) {
  int top = 0, position = 0;
  uint32_t carry = 0;
  memset(digit, 0, (size_t)length);
  while (position < length) {
    if (recode_bits(a, (unsigned)position, 1) == carry) {
      position++;
      continue;
    }
    const int value = (int)(recode_bits(a, (unsigned)position, width) + carry);
    carry = (uint32_t)value >> (width - 1) & 1;
    const int odd = value - (int)(carry << width);
    digit[position] = (int8_t)(negate ? -odd : odd);
    top = position + 1;
    position += (int)width;
  }
  VERIFY_CHECK(carry == 0);
  return top;
}

/* Digit i of a in radix 2^width with digits from -2^(width-1) to 2^(width-1) (Booth, 1951), where position = i width:
 * a = sum over all i with i width <= bits of a. */
static inline int recode_booth(const uint64_t a[4], unsigned position, unsigned width) {
  const uint32_t window = recode_bits(a, position, width);
  const uint32_t below = position == 0 ? 0 : recode_bits(a, position - 1, 1);
  return (int)(window + below) - (int)((window >> (width - 1)) << width);
}

#endif
