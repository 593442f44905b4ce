/* Integers modulo p = 2^255 - 19, as the sum of v[i] * 2^(51 i).
 *
 * Limbs may grow past 51 bits between reductions. What an element promises is its bound: no limb exceeds it. Two
 * bounds have names: FE_TIGHT, what every multiplication returns, and FE_LOOSE, the most a multiplication takes. In
 * builds with THRESIGN_VERIFY each element carries its bound, every operation checks it on entry and computes the new
 * one. Everything here runs in constant time unless its name ends in _vartime. Output may alias input everywhere.
 */
#ifndef THRESIGN_EDWARDS25519_FIELD_H
#define THRESIGN_EDWARDS25519_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "../verify.h"

typedef struct {
  uint64_t v[5];
#ifdef THRESIGN_VERIFY
  uint64_t bound;
#endif
} fe;

typedef unsigned __int128 fe_u128;

#define FE_MASK ((UINT64_C(1) << 51) - 1)
#define FE_TIGHT ((UINT64_C(1) << 51) + (UINT64_C(1) << 15))
#define FE_LOOSE (UINT64_C(1) << 54)

#ifdef THRESIGN_VERIFY
#define FE_CONST(a, b, c, d, e) {{a, b, c, d, e}, FE_TIGHT}
static inline void fe_check(const fe *a, uint64_t bound) {
  VERIFY_CHECK(a->bound <= bound);
  for (int i = 0; i < 5; i++) VERIFY_CHECK(a->v[i] <= a->bound);
}
static inline void fe_set_bound(fe *a, uint64_t bound) {
  a->bound = bound;
  fe_check(a, bound);
}
#define FE_BOUND(a) ((a)->bound)
#else
#define FE_CONST(a, b, c, d, e) {{a, b, c, d, e}}
#define fe_check(a, bound) ((void)0)
#define fe_set_bound(a, bound) ((void)0)
#define FE_BOUND(a) 0
#endif

/* Keeps the compiler from learning that a mask is all zeros or all ones, and so from branching on it. */
static inline uint64_t fe_barrier(uint64_t mask) {
  __asm__("" : "+r"(mask));
  return mask;
}

/* r = value < 2^51; tight. */
static inline void fe_set(fe *r, uint64_t value) {
  VERIFY_CHECK(value <= FE_MASK);
  r->v[0] = value;
  r->v[1] = r->v[2] = r->v[3] = r->v[4] = 0;
  fe_set_bound(r, FE_TIGHT);
}

/* r = a + b, no carries: bound(r) = bound(a) + bound(b). */
static inline void fe_add(fe *r, const fe *a, const fe *b) {
  fe_check(a, FE_LOOSE);
  fe_check(b, FE_LOOSE);
  for (int i = 0; i < 5; i++) r->v[i] = a->v[i] + b->v[i];
  fe_set_bound(r, FE_BOUND(a) + FE_BOUND(b));
}

/* r = a - b + 2p, no carries; needs bound(b) <= 2^52 - 38, the least limb of 2p: bound(r) = bound(a) + 2^52. */
static inline void fe_sub(fe *r, const fe *a, const fe *b) {
  fe_check(a, FE_LOOSE);
  fe_check(b, (UINT64_C(1) << 52) - 38);
  r->v[0] = a->v[0] + ((UINT64_C(1) << 52) - 38) - b->v[0];
  for (int i = 1; i < 5; i++) r->v[i] = a->v[i] + ((UINT64_C(1) << 52) - 2) - b->v[i];
  fe_set_bound(r, FE_BOUND(a) + (UINT64_C(1) << 52));
}

/* r = a - b + 4p, no carries; needs bound(b) <= 2^53 - 76, so b may be a sum of two tight elements:
 * bound(r) = bound(a) + 2^53. */
static inline void fe_sub_wide(fe *r, const fe *a, const fe *b) {
  fe_check(a, FE_LOOSE);
  fe_check(b, (UINT64_C(1) << 53) - 76);
  r->v[0] = a->v[0] + ((UINT64_C(1) << 53) - 76) - b->v[0];
  for (int i = 1; i < 5; i++) r->v[i] = a->v[i] + ((UINT64_C(1) << 53) - 4) - b->v[i];
  fe_set_bound(r, FE_BOUND(a) + (UINT64_C(1) << 53));
}

/* r = a, tight, for a up to FE_LOOSE: one round of carries, all at once; each is at most 2^3. */
static inline void fe_carry(fe *r, const fe *a) {
  fe_check(a, FE_LOOSE);
  const uint64_t c0 = a->v[0] >> 51, c1 = a->v[1] >> 51, c2 = a->v[2] >> 51, c3 = a->v[3] >> 51, c4 = a->v[4] >> 51;
  r->v[0] = (a->v[0] & FE_MASK) + 19 * c4;
  r->v[1] = (a->v[1] & FE_MASK) + c0;
  r->v[2] = (a->v[2] & FE_MASK) + c1;
  r->v[3] = (a->v[3] & FE_MASK) + c2;
  r->v[4] = (a->v[4] & FE_MASK) + c3;
  fe_set_bound(r, FE_TIGHT);
}

/* r = -a; needs a tight (or up to 2^52 - 38); r is tight. */
static inline void fe_negate(fe *r, const fe *a) {
  fe zero;
  fe_set(&zero, 0);
  fe_sub(r, &zero, a);
  fe_carry(r, r);
}

/* t >> 51, which is below 2^64. The two halves are put together by +, because | becomes a double-word shift (SHRD),
 * which is slow on AMD's processors. */
static inline uint64_t fe_over51(fe_u128 t) { return ((uint64_t)(t >> 64) << 13) + ((uint64_t)t >> 51); }

/* Folds five column sums of a product into tight limbs.
 *
 * With both factors' limbs at most 2^54 the columns are at most 77, 59, 41, 23 and 5 times 2^108 (a wrapped product
 * counts 19 times). Split each at bit 51: the upper parts h0..h4 are below 2^63.3, 2^62.9, 2^62.4, 2^61.6, 2^59.4, so
 * 19 h4 < 2^63.6, and each lower part plus its incoming upper part fits 64 bits. The second round carries at most
 * 2^12.6 between limbs, and from the top limb (below 2^61.6 + 2^51) at most 2^10.7, times 19 below 2^15: tight. */
static inline void fe_fold(fe *r, fe_u128 t0, fe_u128 t1, fe_u128 t2, fe_u128 t3, fe_u128 t4) {
  const uint64_t l0 = ((uint64_t)t0 & FE_MASK) + 19 * fe_over51(t4);
  const uint64_t l1 = ((uint64_t)t1 & FE_MASK) + fe_over51(t0);
  const uint64_t l2 = ((uint64_t)t2 & FE_MASK) + fe_over51(t1);
  const uint64_t l3 = ((uint64_t)t3 & FE_MASK) + fe_over51(t2);
  const uint64_t l4 = ((uint64_t)t4 & FE_MASK) + fe_over51(t3);
  r->v[0] = (l0 & FE_MASK) + 19 * (l4 >> 51);
  r->v[1] = (l1 & FE_MASK) + (l0 >> 51);
  r->v[2] = (l2 & FE_MASK) + (l1 >> 51);
  r->v[3] = (l3 & FE_MASK) + (l2 >> 51);
  r->v[4] = (l4 & FE_MASK) + (l3 >> 51);
  fe_set_bound(r, FE_TIGHT);
}

/* r = a * b; both up to FE_LOOSE, r tight. */
static inline void fe_mul(fe *r, const fe *a, const fe *b) {
  fe_check(a, FE_LOOSE);
  fe_check(b, FE_LOOSE);
  const uint64_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
  const uint64_t b0 = b->v[0], b1 = b->v[1], b2 = b->v[2], b3 = b->v[3], b4 = b->v[4];
  const uint64_t w1 = 19 * b1, w2 = 19 * b2, w3 = 19 * b3, w4 = 19 * b4; /* 2^(255 + k) is 19 * 2^k; below 2^58.3 */
  const fe_u128 t0 = (fe_u128)a0 * b0 + (fe_u128)a1 * w4 + (fe_u128)a2 * w3 + (fe_u128)a3 * w2 + (fe_u128)a4 * w1;
  const fe_u128 t1 = (fe_u128)a0 * b1 + (fe_u128)a1 * b0 + (fe_u128)a2 * w4 + (fe_u128)a3 * w3 + (fe_u128)a4 * w2;
  const fe_u128 t2 = (fe_u128)a0 * b2 + (fe_u128)a1 * b1 + (fe_u128)a2 * b0 + (fe_u128)a3 * w4 + (fe_u128)a4 * w3;
  const fe_u128 t3 = (fe_u128)a0 * b3 + (fe_u128)a1 * b2 + (fe_u128)a2 * b1 + (fe_u128)a3 * b0 + (fe_u128)a4 * w4;
  const fe_u128 t4 = (fe_u128)a0 * b4 + (fe_u128)a1 * b3 + (fe_u128)a2 * b2 + (fe_u128)a3 * b1 + (fe_u128)a4 * b0;
  fe_fold(r, t0, t1, t2, t3, t4);
}

/* r = a^2; a up to FE_LOOSE, r tight. */
static inline void fe_square(fe *r, const fe *a) {
  fe_check(a, FE_LOOSE);
  const uint64_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
  const uint64_t d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2, w3 = 19 * a3, w4 = 19 * a4; /* below 2^58.3 */
  const fe_u128 t0 = (fe_u128)a0 * a0 + (fe_u128)d1 * w4 + (fe_u128)d2 * w3;
  const fe_u128 t1 = (fe_u128)d0 * a1 + (fe_u128)d2 * w4 + (fe_u128)a3 * w3;
  const fe_u128 t2 = (fe_u128)d0 * a2 + (fe_u128)a1 * a1 + (fe_u128)(2 * a3) * w4;
  const fe_u128 t3 = (fe_u128)d0 * a3 + (fe_u128)d1 * a2 + (fe_u128)a4 * w4;
  const fe_u128 t4 = (fe_u128)d0 * a4 + (fe_u128)d1 * a3 + (fe_u128)a2 * a2;
  fe_fold(r, t0, t1, t2, t3, t4);
}

/* r = b where mask is all ones, unchanged where it is zero; no other mask. */
static inline void fe_cmov(fe *r, const fe *b, uint64_t mask) {
  for (int i = 0; i < 5; i++) r->v[i] ^= mask & (r->v[i] ^ b->v[i]);
#ifdef THRESIGN_VERIFY
  VERIFY_CHECK(mask == 0 || mask == UINT64_MAX);
  if (r->bound < b->bound) r->bound = b->bound;
#endif
}

/* r = -r where mask is all ones; needs r tight, stays tight. */
static inline void fe_cnegate(fe *r, uint64_t mask) {
  fe n;
  fe_negate(&n, r);
  fe_cmov(r, &n, mask);
}

/* The 255 low bits of 32 little-endian bytes, not reduced; bit 255 is ignored; tight. */
void ts_edwards25519_fe_decode(fe *r, const uint8_t bytes[32]);
/* The one representative below p, little-endian; a up to FE_LOOSE. */
void ts_edwards25519_fe_encode(uint8_t bytes[32], const fe *a);
/* All ones if a = 0 mod p, else zero; a up to FE_LOOSE. */
uint64_t ts_edwards25519_fe_zero_mask(const fe *a);
/* All ones if a = b mod p; both tight. */
uint64_t ts_edwards25519_fe_equal_mask(const fe *a, const fe *b);
/* All ones if the representative below p is odd ("negative" in RFC 9496 and RFC 8032). */
uint64_t ts_edwards25519_fe_odd_mask(const fe *a);
/* r = a^(2^count); a up to FE_LOOSE, count >= 1. */
void ts_edwards25519_fe_square_n(fe *r, const fe *a, int count);
/* r = a^((p-5)/8); a up to FE_LOOSE, r tight. */
void ts_edwards25519_fe_pow_p58(fe *r, const fe *a);
/* The same for two elements at once, whose chains of squarings fill each other's waiting times. */
void ts_edwards25519_fe_pow_p58_pair(fe *r, fe *s, const fe *a, const fe *b);
/* r = 1/a, 0 for 0; a up to FE_LOOSE, r tight. */
void ts_edwards25519_fe_invert(fe *r, const fe *a);
void ts_edwards25519_fe_invert_vartime(fe *r, const fe *a);
/* SQRT_RATIO_M1 of RFC 9496, 4.2: u/v square: r = its even ("nonnegative") root, all ones; v = 0: r = 0, all ones only
 * if u = 0; otherwise r = the even root of sqrt(-1) * u/v, zero. u and v up to FE_LOOSE, r tight. */
uint64_t ts_edwards25519_fe_sqrt_ratio(fe *r, const fe *u, const fe *v);

extern const fe ts_edwards25519_sqrt_m1; /* 2^((p-1)/4), the even root of -1 */

#endif
