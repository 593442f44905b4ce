/* 256-bit integers as four 64-bit limbs, least significant first, and the carry, mask and byte primitives under them.
 *
 * Everything here runs in constant time. A mask is a word of 64 equal bits; masks that come from secrets pass through
 * limbs_barrier, behind which the compiler no longer knows that there are only two values, and so cannot branch on
 * them.
 */
#ifndef THRESIGN_WEIERSTRASS_LIMBS_H
#define THRESIGN_WEIERSTRASS_LIMBS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* The compiler's own measure of size would leave calls in the innermost arithmetic, and a third of its speed. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))
/* And this keeps what is built of it from being copied to every place of use; which of it is used depends on the
 * curve. */
#define NEVER_INLINE static __attribute__((noinline, unused))

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 i128;

typedef unsigned char limbs_carry; /* 0 or 1 */

ALWAYS_INLINE uint64_t limbs_barrier(uint64_t a) {
  __asm__("" : "+r"(a));
  return a;
}

/* All ones if bit is 1, zero if it is 0. */
ALWAYS_INLINE uint64_t limbs_mask(uint64_t bit) { return 0 - limbs_barrier(bit); }

/* All ones if a is zero, else zero. */
ALWAYS_INLINE uint64_t limbs_mask_if_zero(uint64_t a) { return limbs_mask(1 ^ ((a | (0 - a)) >> 63)); }

/* a + b + *carry; *carry becomes the carry out. */
ALWAYS_INLINE uint64_t limbs_add(uint64_t a, uint64_t b, limbs_carry *carry) {
#ifdef __x86_64__
  unsigned long long sum;
  *carry = _addcarry_u64(*carry, a, b, &sum);
  return sum;
#else
  u128 sum = (u128)a + b + *carry;
  *carry = (limbs_carry)(sum >> 64);
  return (uint64_t)sum;
#endif
}

/* a - b - *borrow; *borrow becomes the borrow out. */
ALWAYS_INLINE uint64_t limbs_sub(uint64_t a, uint64_t b, limbs_carry *borrow) {
#ifdef __x86_64__
  unsigned long long difference;
  *borrow = _subborrow_u64(*borrow, a, b, &difference);
  return difference;
#else
  u128 difference = (u128)a - b - *borrow;
  *borrow = (limbs_carry)((uint64_t)(difference >> 64) & 1);
  return (uint64_t)difference;
#endif
}

/* Low word of accumulator + a*b + *carry; *carry becomes the high word.
 * (2^64-1) + (2^64-1)^2 + (2^64-1) = 2^128 - 1: the sum always fits. */
ALWAYS_INLINE uint64_t limbs_mul_add(uint64_t accumulator, uint64_t a, uint64_t b, uint64_t *carry) {
  u128 sum = (u128)a * b + accumulator + *carry;
  *carry = (uint64_t)(sum >> 64);
  return (uint64_t)sum;
}

/* r = a + b mod 2^256; returns the carry. Any of them may be the same. */
ALWAYS_INLINE limbs_carry u256_add(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]) {
  limbs_carry carry = 0;
  r[0] = limbs_add(a[0], b[0], &carry);
  r[1] = limbs_add(a[1], b[1], &carry);
  r[2] = limbs_add(a[2], b[2], &carry);
  r[3] = limbs_add(a[3], b[3], &carry);
  return carry;
}

/* r = a - b mod 2^256; returns the borrow. Any of them may be the same. */
ALWAYS_INLINE limbs_carry u256_sub(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]) {
  limbs_carry borrow = 0;
  r[0] = limbs_sub(a[0], b[0], &borrow);
  r[1] = limbs_sub(a[1], b[1], &borrow);
  r[2] = limbs_sub(a[2], b[2], &borrow);
  r[3] = limbs_sub(a[3], b[3], &borrow);
  return borrow;
}

/* r = r + (b & mask) mod 2^256; returns the carry. */
ALWAYS_INLINE limbs_carry u256_add_masked(uint64_t r[4], const uint64_t b[4], uint64_t mask) {
  const uint64_t addend[4] = {b[0] & mask, b[1] & mask, b[2] & mask, b[3] & mask};
  return u256_add(r, r, addend);
}

/* r = a where mask is all ones, r stays where it is zero. */
ALWAYS_INLINE void u256_cmov(uint64_t r[4], const uint64_t a[4], uint64_t mask) {
  for (int i = 0; i < 4; i++) r[i] ^= (r[i] ^ a[i]) & mask;
}

/* If carry*2^256 + r >= m then subtracts m, once. For m <= carry*2^256 + r < 2m, or less than m, the result is < m. */
ALWAYS_INLINE void u256_reduce_once(uint64_t r[4], limbs_carry carry, const uint64_t m[4]) {
  uint64_t difference[4];
  limbs_carry borrow = u256_sub(difference, r, m);
  u256_cmov(r, difference, limbs_mask((uint64_t)(carry | (borrow ^ 1))));
}

ALWAYS_INLINE uint64_t u256_mask_if_zero(const uint64_t a[4]) { return limbs_mask_if_zero(a[0] | a[1] | a[2] | a[3]); }

/* Whether a < b; the verdict is public. */
ALWAYS_INLINE bool u256_less(const uint64_t a[4], const uint64_t b[4]) {
  uint64_t scratch[4];
  return u256_sub(scratch, a, b) != 0;
}

/* r = (carry*2^256 + r) / 2, rounded down. */
ALWAYS_INLINE void u256_shift_right_once(uint64_t r[4], limbs_carry carry) {
  r[0] = r[0] >> 1 | r[1] << 63;
  r[1] = r[1] >> 1 | r[2] << 63;
  r[2] = r[2] >> 1 | r[3] << 63;
  r[3] = r[3] >> 1 | (uint64_t)carry << 63;
}

/* t = a*b, all 512 bits. */
ALWAYS_INLINE void u256_mul_wide(uint64_t t[8], const uint64_t a[4], const uint64_t b[4]) {
  for (int j = 0; j < 4; j++) t[j] = 0;
  for (int i = 0; i < 4; i++) {
    uint64_t carry = 0;
    for (int j = 0; j < 4; j++) t[i + j] = limbs_mul_add(t[i + j], a[j], b[i], &carry);
    t[i + 4] = carry;
  }
}

/* t = a^2. */
ALWAYS_INLINE void u256_sqr_wide(uint64_t t[8], const uint64_t a[4]) {
  uint64_t carry = 0;
  limbs_carry over = 0;
  /* The products of different limbs, each once ... */
  t[1] = limbs_mul_add(0, a[0], a[1], &carry);
  t[2] = limbs_mul_add(0, a[0], a[2], &carry);
  t[3] = limbs_mul_add(0, a[0], a[3], &carry);
  t[4] = carry, carry = 0;
  t[3] = limbs_mul_add(t[3], a[1], a[2], &carry);
  t[4] = limbs_mul_add(t[4], a[1], a[3], &carry);
  t[5] = carry, carry = 0;
  t[5] = limbs_mul_add(t[5], a[2], a[3], &carry);
  t[6] = carry;
  /* ... doubled ... */
  t[7] = t[6] >> 63;
  for (int i = 6; i > 1; i--) t[i] = t[i] << 1 | t[i - 1] >> 63;
  t[1] <<= 1;
  /* ... and the squares. */
  t[0] = 0;
  for (int i = 0; i < 4; i++) {
    const u128 square = (u128)a[i] * a[i];
    t[2 * i] = limbs_add(t[2 * i], (uint64_t)square, &over);
    t[2 * i + 1] = limbs_add(t[2 * i + 1], (uint64_t)(square >> 64), &over);
  }
}

ALWAYS_INLINE uint64_t limbs_load_be(const uint8_t bytes[8]) {
  uint64_t a = 0;
  for (int i = 0; i < 8; i++) a = a << 8 | bytes[i];
  return a;
}

ALWAYS_INLINE void limbs_store_be(uint8_t bytes[8], uint64_t a) {
  for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(a >> (56 - 8 * i));
}

ALWAYS_INLINE void u256_load_be(uint64_t r[4], const uint8_t bytes[32]) {
  for (int i = 0; i < 4; i++) r[i] = limbs_load_be(bytes + 24 - 8 * i);
}

ALWAYS_INLINE void u256_store_be(uint8_t bytes[32], const uint64_t a[4]) {
  for (int i = 0; i < 4; i++) limbs_store_be(bytes + 24 - 8 * i, a[i]);
}

#endif
