/* Four field elements side by side, for AVX-512 IFMA on 256-bit registers. For public data only: see vectors.h.
 *
 * In each lane an element is two halves a0 + a1 f, f = 2^224, of five limbs of 45 bits each: word i is limb i of a0,
 * word 5 + i limb i of a1. 2^225 = 2 f, so what leaves the top of a half comes back doubled: 2 f from a0, and from a1
 * 2 f^2 = 2 f + 2. A product of limbs comes as its low 52 bits and the rest; limbs of 45 bits leave room for sums.
 *
 * Magnitude m: no limb exceeds m * FE4_UNIT, FE4_UNIT = 2^45 + 2^17; at most 16. A product takes magnitudes ma, mb
 * with ma mb <= 64 and gives magnitude 1. THRESIGN_VERIFY builds check this. */
#ifndef THRESIGN_EDWARDS448_VECTOR_IFMA_H
#define THRESIGN_EDWARDS448_VECTOR_IFMA_H

#include <immintrin.h>

#include "field.h"

#define FE4_HALF 5
#define FE4_WORDS (2 * FE4_HALF)
#define FE4_LIMB_BITS 45
#define FE4_LIMB_MASK ((UINT64_C(1) << FE4_LIMB_BITS) - 1)
#define FE4_UNIT ((UINT64_C(1) << FE4_LIMB_BITS) + (UINT64_C(1) << 17))

typedef __m256i word4;
typedef struct { word4 w[FE4_WORDS]; } fe4;

FE_INLINE void fe4_check(const fe4 *a, uint64_t magnitude) {
#ifdef THRESIGN_VERIFY
  for (int i = 0; i < FE4_WORDS; i++) {
    uint64_t limb[4];
    memcpy(limb, &a->w[i], sizeof limb);
    for (int j = 0; j < 4; j++) VERIFY_CHECK(limb[j] <= magnitude * FE4_UNIT);
  }
#else
  (void)a;
  (void)magnitude;
#endif
}

FE_INLINE word4 word4_add(word4 a, word4 b) { return _mm256_add_epi64(a, b); }
FE_INLINE word4 word4_sub(word4 a, word4 b) { return _mm256_sub_epi64(a, b); }
FE_INLINE word4 word4_all(uint64_t value) { return _mm256_set1_epi64x((long long)value); }

/* Word i of 2 p, for subtractions, its limbs evened out: 2 (2^224 - 1) and 2 (2^224 - 2) have top limbs below 2^45, so
 * each gets 2^45 more, and 2 f, and 2 f + 2, are taken away below. No limb of magnitude 1 exceeds these. Magnitude 2.
 * */
FE_INLINE word4 word4_bias(int i) {
  const uint64_t all = 2 * FE4_LIMB_MASK;
  return word4_all(i == 0 ? all - 2 : i == FE4_HALF ? all - 6 : all);
}

/* r = a, fit for a product: up to magnitude 8, anything is. */
FE_INLINE void fe4_tighten(fe4 *r, const fe4 *a) {
  fe4_check(a, 8);
  *r = *a;
}

/* low[i] += low 52 bits, high[i] += the rest of x y, in the order written. */
FE_INLINE void mac4(word4 *low, word4 *high, word4 x, word4 y) {
  *low = _mm256_madd52lo_epu64(*low, x, y);
  *high = _mm256_madd52hi_epu64(*high, x, y);
  __asm__("" : "+v"(*low), "+v"(*high));
}

/* c[0..9] = low + 2^52 high by limbs of 45 bits: 2^52 = 2^7 2^45. */
FE_INLINE void fe4_join(word4 *c, const word4 *low, const word4 *high) {
  c[0] = low[0];
#pragma GCC unroll 9
  for (int i = 1; i < 2 * FE4_HALF - 1; i++) c[i] = word4_add(low[i], _mm256_slli_epi64(high[i - 1], 7));
  c[2 * FE4_HALF - 1] = _mm256_slli_epi64(high[2 * FE4_HALF - 2], 7);
}

/* c[0..9] = a[0..4] b[0..4]. */
FE_INLINE void fe4_multiply_half(word4 *c, const word4 *a, const word4 *b) {
  word4 low[9], high[9];
#pragma GCC unroll 9
  for (int i = 0; i < 9; i++) low[i] = high[i] = _mm256_setzero_si256();
#pragma GCC unroll 5
  for (int i = 0; i < FE4_HALF; i++)
#pragma GCC unroll 5
    for (int j = 0; j < FE4_HALF; j++) mac4(&low[i + j], &high[i + j], a[j], b[i]);
  fe4_join(c, low, high);
}

FE_INLINE void fe4_square_half(word4 *c, const word4 *a) {
  word4 low[9], high[9];
#pragma GCC unroll 9
  for (int i = 0; i < 9; i++) low[i] = high[i] = _mm256_setzero_si256();
#pragma GCC unroll 5
  for (int i = 0; i < FE4_HALF; i++) {
    word4 twice = word4_add(a[i], a[i]);
    mac4(&low[2 * i], &high[2 * i], a[i], a[i]);
#pragma GCC unroll 5
    for (int j = i + 1; j < FE4_HALF; j++) mac4(&low[i + j], &high[i + j], twice, a[j]);
  }
  fe4_join(c, low, high);
}

/* From A = a0 b0, B = a1 b1, C = (a0 + a1)(b0 + b1), X = X' + x^5 X'' with x^5 = 2 f: A + B + (C - A) f is
 *   low half   A' + B' + 2 (C'' - A'')
 *   high half  C' - A' + 2 (B'' + C'').
 *
 * The upper part of a product is below 2^46 in C and 2^44 in A and B, since 4 ma mb <= 2^8; so a joined coefficient
 * is below 5 (2^52 + 2^53), and the sums here are below 2^58 in size. They are signed: C - A is positive, but products
 * are cut at 2^52, so its two parts need not be. The low half, as a number, is above -2 C'/2^225 > -2^12. The high half
 * is above -A', and A' < 2^180 (5 * 2^52 + 4 * 2^44 * 2^7) (1 + 2^-40) < 2^235. Adding 2^12 p, that is
 * 2^12 (2^224 - 1) and 2^12 (2^224 - 2), makes both positive, and then the carries out of the top are not negative.
 * The top limbs of the sums are below 2^58, so these carries are below 2^13, and what they add to limbs 0 and 5,
 * doubled, is below 2^15: no need to carry on. */
FE_INLINE void fe4_combine(fe4 *r, const word4 *A, const word4 *B, const word4 *C) {
  const word4 mask = word4_all(FE4_LIMB_MASK), top = word4_all(UINT64_C(1) << (12 + FE4_LIMB_BITS - 1));
  word4 low = _mm256_set1_epi64x(-4096), high = _mm256_set1_epi64x(-8192);
#pragma GCC unroll 5
  for (int i = 0; i < FE4_HALF; i++) {
    word4 x = word4_sub(C[i + FE4_HALF], A[i + FE4_HALF]), y = word4_add(B[i + FE4_HALF], C[i + FE4_HALF]);
    low = word4_add(word4_add(low, word4_add(x, x)), word4_add(A[i], B[i]));
    high = word4_add(word4_add(high, word4_add(y, y)), word4_sub(C[i], A[i]));
    if (i == FE4_HALF - 1) {
      low = word4_add(low, top);
      high = word4_add(high, top);
    }
    r->w[i] = _mm256_and_si256(low, mask);
    r->w[i + FE4_HALF] = _mm256_and_si256(high, mask);
    low = _mm256_srai_epi64(low, FE4_LIMB_BITS);
    high = _mm256_srai_epi64(high, FE4_LIMB_BITS);
  }
  r->w[0] = word4_add(r->w[0], word4_add(high, high));
  low = word4_add(low, high);
  r->w[FE4_HALF] = word4_add(r->w[FE4_HALF], word4_add(low, low));
  fe4_check(r, 1);
}

/* r = a b, of magnitudes ma, mb <= 16 and ma mb <= 64; magnitude 1. A doubled sum of two halves is below 2^52. */
static __attribute__((noinline, unused)) void fe4_mul(fe4 *r, const fe4 *a, const fe4 *b) {
  word4 s[FE4_HALF], t[FE4_HALF], A[FE4_WORDS], B[FE4_WORDS], C[FE4_WORDS];
  fe4_check(a, 16);
  fe4_check(b, 16);
  fe4_multiply_half(A, a->w, b->w);
  fe4_multiply_half(B, a->w + FE4_HALF, b->w + FE4_HALF);
#pragma GCC unroll 5
  for (int i = 0; i < FE4_HALF; i++) {
    s[i] = word4_add(a->w[i], a->w[i + FE4_HALF]);
    t[i] = word4_add(b->w[i], b->w[i + FE4_HALF]);
  }
  fe4_multiply_half(C, s, t);
  fe4_combine(r, A, B, C);
}

/* r = a^2, a of magnitude at most 8; magnitude 1. */
static __attribute__((noinline, unused)) void fe4_square(fe4 *r, const fe4 *a) {
  word4 s[FE4_HALF], A[FE4_WORDS], B[FE4_WORDS], C[FE4_WORDS];
  fe4_check(a, 8);
  fe4_square_half(A, a->w);
  fe4_square_half(B, a->w + FE4_HALF);
#pragma GCC unroll 5
  for (int i = 0; i < FE4_HALF; i++) s[i] = word4_add(a->w[i], a->w[i + FE4_HALF]);
  fe4_square_half(C, s);
  fe4_combine(r, A, B, C);
}

/* r = a, each lane times its own small factor below 2^17; a of magnitude at most 3. Magnitude 1. */
FE_INLINE void fe4_mul_small(fe4 *r, const fe4 *a, word4 factors) {
  const word4 mask = word4_all(FE4_LIMB_MASK), zero = _mm256_setzero_si256();
  word4 low = zero, high = zero;
  fe4_check(a, 3);
#pragma GCC unroll 5
  for (int i = 0; i < FE4_HALF; i++) {  /* the upper part is below 2^12, times 2^7 */
    word4 x = a->w[i], y = a->w[i + FE4_HALF];
    low = _mm256_madd52lo_epu64(low, x, factors);
    high = _mm256_madd52lo_epu64(high, y, factors);
    r->w[i] = _mm256_and_si256(low, mask);
    r->w[i + FE4_HALF] = _mm256_and_si256(high, mask);
    low = _mm256_add_epi64(_mm256_srli_epi64(low, FE4_LIMB_BITS),
                           _mm256_slli_epi64(_mm256_madd52hi_epu64(zero, x, factors), 7));
    high = _mm256_add_epi64(_mm256_srli_epi64(high, FE4_LIMB_BITS),
                            _mm256_slli_epi64(_mm256_madd52hi_epu64(zero, y, factors), 7));
  }
  /* The carries are below 2^20 here: limbs 0 and 5 carry once more. */
  low = word4_add(low, high);
  low = word4_add(r->w[FE4_HALF], word4_add(low, low));
  high = word4_add(r->w[0], word4_add(high, high));
  r->w[0] = _mm256_and_si256(high, mask);
  r->w[1] = word4_add(r->w[1], _mm256_srli_epi64(high, FE4_LIMB_BITS));
  r->w[FE4_HALF] = _mm256_and_si256(low, mask);
  r->w[FE4_HALF + 1] = word4_add(r->w[FE4_HALF + 1], _mm256_srli_epi64(low, FE4_LIMB_BITS));
  fe4_check(r, 1);
}

/* Rows to columns: c[j] gets word j of each of the four rows. */
FE_INLINE void transpose4(word4 *c, word4 r0, word4 r1, word4 r2, word4 r3) {
  word4 even_01 = _mm256_unpacklo_epi64(r0, r1), odd_01 = _mm256_unpackhi_epi64(r0, r1);
  word4 even_23 = _mm256_unpacklo_epi64(r2, r3), odd_23 = _mm256_unpackhi_epi64(r2, r3);
  c[0] = _mm256_permute2x128_si256(even_01, even_23, 0x20);
  c[1] = _mm256_permute2x128_si256(odd_01, odd_23, 0x20);
  c[2] = _mm256_permute2x128_si256(even_01, even_23, 0x31);
  c[3] = _mm256_permute2x128_si256(odd_01, odd_23, 0x31);
}

FE_INLINE word4 load4(const uint64_t *words) { return _mm256_loadu_si256((const __m256i *)(const void *)words); }
FE_INLINE void store4(uint64_t *words, word4 a) { _mm256_storeu_si256((__m256i *)(void *)words, a); }

FE_INLINE word4 low_bits(word4 a, int bits) { return _mm256_and_si256(a, word4_all((UINT64_C(1) << bits) - 1)); }

/* Four limbs of 56 bits to five of 45; what a limb has above 2^56 goes into the next. */
FE_INLINE void half_from_56(word4 *r, const word4 *x) {
  r[0] = low_bits(x[0], 45);
  r[1] = word4_add(_mm256_srli_epi64(x[0], 45), _mm256_slli_epi64(low_bits(x[1], 34), 11));
  r[2] = word4_add(_mm256_srli_epi64(x[1], 34), _mm256_slli_epi64(low_bits(x[2], 23), 22));
  r[3] = word4_add(_mm256_srli_epi64(x[2], 23), _mm256_slli_epi64(low_bits(x[3], 12), 33));
  r[4] = _mm256_srli_epi64(x[3], 12);
}

/* And back: x[0] to x[2] are below 2^56 + 2^34, x[3] is below 2^57 + 2^30. */
FE_INLINE void half_to_56(word4 *x, const word4 *a) {
  x[0] = word4_add(a[0], _mm256_slli_epi64(low_bits(a[1], 11), 45));
  x[1] = word4_add(_mm256_srli_epi64(a[1], 11), _mm256_slli_epi64(low_bits(a[2], 22), 34));
  x[2] = word4_add(_mm256_srli_epi64(a[2], 22), _mm256_slli_epi64(low_bits(a[3], 33), 23));
  x[3] = word4_add(_mm256_srli_epi64(a[3], 33), _mm256_slli_epi64(a[4], 12));
}

/* r = four elements of magnitude 1, given by their eight limbs of 56 bits. */
FE_INLINE void fe4_load(fe4 *r, const uint64_t *lane0, const uint64_t *lane1, const uint64_t *lane2,
                        const uint64_t *lane3) {
  word4 x[4];
  transpose4(x, load4(lane0), load4(lane1), load4(lane2), load4(lane3));
  half_from_56(r->w, x);
  transpose4(x, load4(lane0 + 4), load4(lane1 + 4), load4(lane2 + 4), load4(lane3 + 4));
  half_from_56(r->w + FE4_HALF, x);
  fe4_check(r, 1);
}

/* The other way: a has magnitude 1, and so have the four elements written. */
FE_INLINE void fe4_store(fe448 *lane0, fe448 *lane1, fe448 *lane2, fe448 *lane3, const fe4 *a) {
  word4 x[4], rows[4];
  fe448 *const lanes[4] = {lane0, lane1, lane2, lane3};
  fe4_check(a, 1);
  half_to_56(x, a->w);
  transpose4(rows, x[0], x[1], x[2], x[3]);
  for (int i = 0; i < 4; i++) store4(lanes[i]->limb, rows[i]);
  half_to_56(x, a->w + FE4_HALF);
  transpose4(rows, x[0], x[1], x[2], x[3]);
  for (int i = 0; i < 4; i++) {
    store4(lanes[i]->limb + 4, rows[i]);
    FE_SET(lanes[i], 3, false);
    fe_carry(lanes[i], lanes[i]);
  }
}

#endif
