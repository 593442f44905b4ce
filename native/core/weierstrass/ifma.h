/* Eight field elements side by side in AVX-512 registers, for the AVX-512 IFMA instructions, which multiply 52-bit
 * numbers. Only for public values: valgrind does not know these instructions, so that no test could show a leak.
 *
 * An fe8 is five limbs of 52 bits for each of eight lanes, value = sum of limb[i] 2^(52 i). Between functions it is
 * always tight: all limbs are below 2^52 (multiplications see no more), and values are below 2^258. Sums and
 * differences are made limb by limb, with signs, and then pass through fe8_reduce. */
#ifndef THRESIGN_WEIERSTRASS_IFMA_H
#define THRESIGN_WEIERSTRASS_IFMA_H

#include <immintrin.h>

#include "field.h"

typedef struct { __m512i limb[5]; } fe8;

/* The curve's: */
/* r = a b, r = a^2, below 2^257. For Montgomery forms a b 2^-260. */
ALWAYS_INLINE void fe8_mul(fe8 *r, const fe8 *a, const fe8 *b);
ALWAYS_INLINE void fe8_sqr(fe8 *r, const fe8 *a);
/* r = 1, in the form that multiplications want. */
ALWAYS_INLINE void fe8_set_one(fe8 *r);
/* t - e p, limb by limb, for |e| < 64. */
ALWAYS_INLINE void fe8_subtract_multiple(__m512i t[5], __m512i e);

ALWAYS_INLINE __m512i fe8_low52(__m512i a) { return _mm512_and_si512(a, _mm512_set1_epi64((1LL << 52) - 1)); }

ALWAYS_INLINE void fe8_check(const fe8 *a) {
#ifdef THRESIGN_VERIFY
  const __m512i over52 = _mm512_set1_epi64(~((1LL << 52) - 1)), over50 = _mm512_set1_epi64(~((1LL << 50) - 1));
  for (int i = 0; i < 5; i++) VERIFY_CHECK(_mm512_test_epi64_mask(a->limb[i], over52) == 0);
  VERIFY_CHECK(_mm512_test_epi64_mask(a->limb[4], over50) == 0);
#else
  (void)a;
#endif
}

/* Passes carries up, signed ones too. Precondition: |t[i]| < 2^62, and the whole is in [0, 2^258). */
ALWAYS_INLINE void fe8_carry(fe8 *r, __m512i t[5]) {
  for (int i = 0; i < 4; i++) {
    t[i + 1] = _mm512_add_epi64(t[i + 1], _mm512_srai_epi64(t[i], 52));
    r->limb[i] = fe8_low52(t[i]);
  }
  r->limb[4] = t[4];
  fe8_check(r);
}

/* r = t mod p, below 2.01 * 2^256. Precondition: |t[i]| < 2^58, and the whole is below 32 p in magnitude.
 * The two upper limbs tell the whole to within 2^-80 below, and 1 above, in units of 2^256. Taking off one p less than
 * they say leaves something between p - 2^230 and p + 2^256 + 2^230. */
ALWAYS_INLINE void fe8_reduce(fe8 *r, __m512i t[5]) {
  const __m512i top = _mm512_add_epi64(t[4], _mm512_srai_epi64(t[3], 52));
  fe8_subtract_multiple(t, _mm512_sub_epi64(_mm512_srai_epi64(top, 48), _mm512_set1_epi64(1)));
  fe8_carry(r, t);
}

/* r = a + b. */
ALWAYS_INLINE void fe8_add(fe8 *r, const fe8 *a, const fe8 *b) {
  __m512i t[5];
  for (int i = 0; i < 5; i++) t[i] = _mm512_add_epi64(a->limb[i], b->limb[i]);
  fe8_reduce(r, t);
}

/* r = a - b. */
ALWAYS_INLINE void fe8_sub(fe8 *r, const fe8 *a, const fe8 *b) {
  __m512i t[5];
  for (int i = 0; i < 5; i++) t[i] = _mm512_sub_epi64(a->limb[i], b->limb[i]);
  fe8_reduce(r, t);
}

/* r = a - b in the lanes of minus, else -a - b. */
ALWAYS_INLINE void fe8_sub_signed(fe8 *r, const fe8 *a, const fe8 *b, __mmask8 minus) {
  const __m512i zero = _mm512_setzero_si512();
  __m512i t[5];
  for (int i = 0; i < 5; i++) {
    t[i] = _mm512_mask_sub_epi64(a->limb[i], minus, zero, a->limb[i]);
    t[i] = _mm512_sub_epi64(t[i], b->limb[i]);
  }
  fe8_reduce(r, t);
}

/* r = a - 2b. */
ALWAYS_INLINE void fe8_sub_twice(fe8 *r, const fe8 *a, const fe8 *b) {
  __m512i t[5];
  for (int i = 0; i < 5; i++) t[i] = _mm512_sub_epi64(a->limb[i], _mm512_add_epi64(b->limb[i], b->limb[i]));
  fe8_reduce(r, t);
}

/* r = a - b - 2c. */
ALWAYS_INLINE void fe8_sub_sub_twice(fe8 *r, const fe8 *a, const fe8 *b, const fe8 *c) {
  __m512i t[5];
  for (int i = 0; i < 5; i++) {
    t[i] = _mm512_sub_epi64(a->limb[i], b->limb[i]);
    t[i] = _mm512_sub_epi64(t[i], _mm512_add_epi64(c->limb[i], c->limb[i]));
  }
  fe8_reduce(r, t);
}

ALWAYS_INLINE void fe8_set_zero(fe8 *r) {
  for (int i = 0; i < 5; i++) r->limb[i] = _mm512_setzero_si512();
}

/* r = 3a/2: a + (a or a + p)/2. */
ALWAYS_INLINE void fe8_three_halves(fe8 *r, const fe8 *a) {
  const __mmask8 odd = _mm512_test_epi64_mask(a->limb[0], _mm512_set1_epi64(1));
  __m512i even[5], t[5];
  for (int i = 0; i < 5; i++) even[i] = a->limb[i];
  fe8_subtract_multiple(even, _mm512_maskz_set1_epi64(odd, -1));
  for (int i = 0; i < 5; i++) { /* the lowest bit of each limb moves to the one below */
    t[i] = _mm512_add_epi64(a->limb[i], _mm512_srai_epi64(even[i], 1));
    if (i == 4) break;
    const __m512i bit = _mm512_slli_epi64(_mm512_and_si512(even[i + 1], _mm512_set1_epi64(1)), 51);
    t[i] = _mm512_add_epi64(t[i], bit);
  }
  fe8_reduce(r, t);
}

/* r = a in the lanes of mask. */
ALWAYS_INLINE void fe8_blend(fe8 *r, const fe8 *a, __mmask8 mask) {
  for (int i = 0; i < 5; i++) r->limb[i] = _mm512_mask_mov_epi64(r->limb[i], mask, a->limb[i]);
}

/* ---- To and from four words of 64 bits a lane. ---- */

ALWAYS_INLINE void fe8_from_vectors(fe8 *r, const __m512i w[4]) {
  r->limb[0] = fe8_low52(w[0]);
  r->limb[1] = fe8_low52(_mm512_or_si512(_mm512_srli_epi64(w[0], 52), _mm512_slli_epi64(w[1], 12)));
  r->limb[2] = fe8_low52(_mm512_or_si512(_mm512_srli_epi64(w[1], 40), _mm512_slli_epi64(w[2], 24)));
  r->limb[3] = fe8_low52(_mm512_or_si512(_mm512_srli_epi64(w[2], 28), _mm512_slli_epi64(w[3], 36)));
  r->limb[4] = _mm512_srli_epi64(w[3], 16);
}

/* Some representative in [0, 2^256): of a < 2^258, at most 3 p are taken off for what is above 2^256, which leaves
 * less than 2^256 + 2^227; and once more. */
ALWAYS_INLINE void fe8_to_vectors(__m512i w[4], const fe8 *a) {
  fe8 r = *a;
  for (int i = 0; i < 2; i++) {
    __m512i t[5];
    for (int j = 0; j < 5; j++) t[j] = r.limb[j];
    fe8_subtract_multiple(t, _mm512_srli_epi64(t[4], 48));
    fe8_carry(&r, t);
  }
  w[0] = _mm512_or_si512(r.limb[0], _mm512_slli_epi64(r.limb[1], 52));
  w[1] = _mm512_or_si512(_mm512_srli_epi64(r.limb[1], 12), _mm512_slli_epi64(r.limb[2], 40));
  w[2] = _mm512_or_si512(_mm512_srli_epi64(r.limb[2], 24), _mm512_slli_epi64(r.limb[3], 28));
  w[3] = _mm512_or_si512(_mm512_srli_epi64(r.limb[3], 36), _mm512_slli_epi64(r.limb[4], 16));
}

/* An fe per lane; its words are taken as they are. */
static inline void fe8_load(fe8 *r, const fe lanes[8]) {
  __m512i w[4];
  for (int i = 0; i < 4; i++) {
    uint64_t words[8];
    for (int lane = 0; lane < 8; lane++) words[lane] = lanes[lane].limb[i];
    w[i] = _mm512_loadu_si512(words);
  }
  fe8_from_vectors(r, w);
}

/* The same back. The words are in the curve's range again. */
static inline void fe8_store(fe lanes[8], const fe8 *a) {
  __m512i w[4];
  fe8_to_vectors(w, a);
  for (int i = 0; i < 4; i++) {
    uint64_t words[8];
    _mm512_storeu_si512(words, w[i]);
    for (int lane = 0; lane < 8; lane++) lanes[lane].limb[i] = words[lane];
  }
  for (int lane = 0; lane < 8; lane++) fe_into_range(&lanes[lane]);
}

/* Rows to columns, of an 8x8 matrix of words. */
ALWAYS_INLINE void fe8_transpose(__m512i m[8]) {
  __m512i a[8], b[8];
  for (int i = 0; i < 4; i++) { /* a[2i + j]: rows 2i and 2i + 1, columns j, 2 + j, 4 + j, 6 + j */
    a[2 * i] = _mm512_unpacklo_epi64(m[2 * i], m[2 * i + 1]);
    a[2 * i + 1] = _mm512_unpackhi_epi64(m[2 * i], m[2 * i + 1]);
  }
  for (int i = 0; i < 2; i++) { /* b[4i + j]: rows 4i to 4i + 3, columns j and 4 + j */
    for (int j = 0; j < 2; j++) {
      b[4 * i + j] = _mm512_shuffle_i64x2(a[4 * i + j], a[4 * i + 2 + j], 0x88);
      b[4 * i + 2 + j] = _mm512_shuffle_i64x2(a[4 * i + j], a[4 * i + 2 + j], 0xdd);
    }
  }
  for (int j = 0; j < 4; j++) {
    m[j] = _mm512_shuffle_i64x2(b[j], b[4 + j], 0x88);
    m[4 + j] = _mm512_shuffle_i64x2(b[j], b[4 + j], 0xdd);
  }
}

/* ---- Products. ---- */

/* c = a b, in ten columns below 2^56 each: column k gets low halves of limbs i + j = k, high halves of i + j = k -
 * 1. */
ALWAYS_INLINE void fe8_mul_wide(__m512i c[10], const fe8 *a, const fe8 *b) {
  for (int i = 0; i < 10; i++) c[i] = _mm512_setzero_si512();
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) {
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++) {
      c[i + j] = _mm512_madd52lo_epu64(c[i + j], a->limb[j], b->limb[i]);
      c[i + j + 1] = _mm512_madd52hi_epu64(c[i + j + 1], a->limb[j], b->limb[i]);
    }
  }
}

/* c = a^2: products of different limbs once, doubled, and squares. */
ALWAYS_INLINE void fe8_sqr_wide(__m512i c[10], const fe8 *a) {
  for (int i = 0; i < 10; i++) c[i] = _mm512_setzero_si512();
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) {
#pragma GCC unroll 5
    for (int j = i + 1; j < 5; j++) {
      c[i + j] = _mm512_madd52lo_epu64(c[i + j], a->limb[j], a->limb[i]);
      c[i + j + 1] = _mm512_madd52hi_epu64(c[i + j + 1], a->limb[j], a->limb[i]);
    }
  }
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) c[i] = _mm512_add_epi64(c[i], c[i]);
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) {
    c[2 * i] = _mm512_madd52lo_epu64(c[2 * i], a->limb[i], a->limb[i]);
    c[2 * i + 1] = _mm512_madd52hi_epu64(c[2 * i + 1], a->limb[i], a->limb[i]);
  }
}

/* ---- Two at once, where one would have to wait. ---- */

typedef struct { fe8 part[2]; } fe16;

ALWAYS_INLINE void fe16_mul(fe16 *r, const fe16 *a, const fe16 *b) {
  fe8_mul(&r->part[0], &a->part[0], &b->part[0]);
  fe8_mul(&r->part[1], &a->part[1], &b->part[1]);
}

ALWAYS_INLINE void fe16_sqr(fe16 *r, const fe16 *a) {
  fe8_sqr(&r->part[0], &a->part[0]);
  fe8_sqr(&r->part[1], &a->part[1]);
}

/* r = a^(2^n), n >= 1. */
NEVER_INLINE void fe16_sqr_times(fe16 *r, const fe16 *a, int n) {
  fe16_sqr(r, a);
  for (int i = 1; i < n; i++) fe16_sqr(r, r);
}

#endif
