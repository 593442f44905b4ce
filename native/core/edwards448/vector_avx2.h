/* Four field elements side by side, for AVX2: the lanes of a 256-bit register.
 *
 * In each lane an element is sixteen limbs of 28 bits, the value being the sum of limb[i] * 2^(28 i). Word i holds, for
 * each of the four lanes, limb i in the low and limb i + 8 in the high 32 bits: so the two halves a0 + a1 f, f = 2^224,
 * of all four elements are at hand for Karatsuba as in field_mul.c, since the multiplication takes the low 32 bits.
 *
 * Magnitude m: no limb exceeds m * FE4_UNIT, FE4_UNIT = 2^28 + 2^12; at most 15. A product takes magnitudes ma, mb with
 * ma mb <= 6 and gives magnitude 1. THRESIGN_VERIFY builds check this; the comments at each use keep count.
 * Constant time throughout. */
#ifndef THRESIGN_EDWARDS448_VECTOR_AVX2_H
#define THRESIGN_EDWARDS448_VECTOR_AVX2_H

#include <immintrin.h>

#include "field.h"

#define FE4_WORDS 8
#define FE4_UNIT ((UINT64_C(1) << 28) + (UINT64_C(1) << 12))
#define FE4_LIMB_MASK ((UINT64_C(1) << 28) - 1)

typedef __m256i word4;
typedef struct { word4 w[FE4_WORDS]; } fe4;

FE_INLINE void fe4_check(const fe4 *a, uint64_t magnitude) {
#ifdef THRESIGN_VERIFY
  for (int i = 0; i < FE4_WORDS; i++) {
    uint32_t limb[8];
    memcpy(limb, &a->w[i], sizeof limb);
    for (int j = 0; j < 8; j++) VERIFY_CHECK(limb[j] <= magnitude * FE4_UNIT);
  }
#else
  (void)a;
  (void)magnitude;
#endif
}

/* Word by word: what vector_point.h is written in. */
FE_INLINE word4 word4_add(word4 a, word4 b) { return _mm256_add_epi32(a, b); }
FE_INLINE word4 word4_sub(word4 a, word4 b) { return _mm256_sub_epi32(a, b); }

/* Word i of 2 p, for subtractions: no limb of magnitude 1 exceeds its limbs, 2^29 - 2 and, at 8, 2^29 - 4. Magnitude
 * 2. */
FE_INLINE word4 word4_bias(int i) {
  uint64_t low = 2 * FE4_LIMB_MASK;
  return _mm256_set1_epi64x((long long)((low - (i == 0 ? 2 : 0)) << 32 | low));
}

/* r = a, fit to be squared or multiplied by itself in part: here, magnitude 1. a has magnitude at most 15: carries are
 * below 2^4, and two of them meet in limb 8. */
FE_INLINE void fe4_tighten(fe4 *r, const fe4 *a) {
  fe4_check(a, 15);
  const word4 mask = _mm256_set1_epi32((int)FE4_LIMB_MASK);
  word4 top = _mm256_srli_epi32(a->w[7], 28);
  word4 both = _mm256_add_epi32(_mm256_shuffle_epi32(top, _MM_SHUFFLE(2, 3, 0, 1)),
                                _mm256_blend_epi32(_mm256_setzero_si256(), top, 0xaa));
  for (int i = FE4_WORDS - 1; i > 0; i--) {
    word4 carry = _mm256_srli_epi32(a->w[i - 1], 28);
    r->w[i] = _mm256_add_epi32(_mm256_and_si256(a->w[i], mask), carry);
  }
  r->w[0] = _mm256_add_epi32(_mm256_and_si256(a->w[0], mask), both);
  fe4_check(r, 1);
}

/* The end of a product: limbs low[0..7] and high[0..7] below 2^28, carries out of limb 7 and of limb 15, both below
 * 2^37: the latter has weight 2^448 = 2^224 + 1. What reaches limbs 1 and 9 is below 2^10. */
FE_INLINE void fe4_finish(fe4 *r, word4 *low, word4 *high, word4 carry_low, word4 carry_high) {
  const word4 mask = _mm256_set1_epi64x((long long)FE4_LIMB_MASK);
  word4 low_0 = _mm256_add_epi64(low[0], carry_high);
  word4 high_0 = _mm256_add_epi64(_mm256_add_epi64(high[0], carry_low), carry_high);
  low[0] = _mm256_and_si256(low_0, mask);
  high[0] = _mm256_and_si256(high_0, mask);
  low[1] = _mm256_add_epi64(low[1], _mm256_srli_epi64(low_0, 28));
  high[1] = _mm256_add_epi64(high[1], _mm256_srli_epi64(high_0, 28));
  for (int i = 0; i < FE4_WORDS; i++) r->w[i] = _mm256_or_si256(low[i], _mm256_slli_epi64(high[i], 32));
  fe4_check(r, 1);
}

FE_INLINE word4 mul4(word4 a, word4 b) { return _mm256_mul_epu32(a, b); }
FE_INLINE word4 add4(word4 a, word4 b) { return _mm256_add_epi64(a, b); }
FE_INLINE word4 sub4(word4 a, word4 b) { return _mm256_sub_epi64(a, b); }

/* *c += x y, in the order written: left to itself, gcc takes all the products first and spills them. */
FE_INLINE void mac4(word4 *c, word4 x, word4 y) {
  *c = add4(*c, mul4(x, y));
  __asm__("" : "+x"(*c));
}

/* c[0..6] += a[0..3] b[0..3], where c[0..2] (if fresh) and c[3..6] (if fresh_top) hold nothing yet. */
FE_INLINE void fe4_tile(word4 *c, const word4 *a, const word4 *b, bool fresh, bool fresh_top) {
  word4 x0 = a[0], x1 = a[1], x2 = a[2], x3 = a[3];
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    word4 y = b[j];
    if (fresh && j == 0) {
      c[0] = mul4(x0, y);
      c[1] = mul4(x1, y);
      c[2] = mul4(x2, y);
    } else {
      mac4(&c[j], x0, y);
      mac4(&c[j + 1], x1, y);
      mac4(&c[j + 2], x2, y);
    }
    if (fresh_top) c[j + 3] = mul4(x3, y);
    else mac4(&c[j + 3], x3, y);
  }
}

/* c[0..14] = a[0..7] b[0..7], in tiles of four by four, whose sums stay in registers; c[15] = 0. */
FE_INLINE void fe4_multiply_half(word4 *c, const word4 *a, const word4 *b) {
  fe4_tile(c, a, b, true, true);
  fe4_tile(c + 4, a, b + 4, false, true);
  fe4_tile(c + 4, a + 4, b, false, false);
  fe4_tile(c + 8, a + 4, b + 4, false, true);
  c[15] = _mm256_setzero_si256();
}

/* c[0..6] += a[0..3]^2, as fe4_tile; twice = 2 a. */
FE_INLINE void fe4_square_tile(word4 *c, const word4 *a, const word4 *twice, bool fresh) {
  if (fresh) {
    c[0] = mul4(a[0], a[0]);
    c[1] = mul4(twice[0], a[1]);
    c[2] = mul4(twice[0], a[2]);
  } else {
    mac4(&c[0], a[0], a[0]);
    mac4(&c[1], twice[0], a[1]);
    mac4(&c[2], twice[0], a[2]);
  }
  mac4(&c[2], a[1], a[1]);
  c[3] = mul4(twice[0], a[3]);
  mac4(&c[3], twice[1], a[2]);
  c[4] = mul4(twice[1], a[3]);
  mac4(&c[4], a[2], a[2]);
  c[5] = mul4(twice[2], a[3]);
  c[6] = mul4(a[3], a[3]);
}

FE_INLINE void fe4_square_half(word4 *c, const word4 *a) {
  word4 twice[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) twice[i] = add4(a[i], a[i]);
  fe4_square_tile(c, a, twice, true);
  fe4_tile(c + 4, twice, a + 4, false, true);
  fe4_square_tile(c + 8, a + 4, twice + 4, false);
  c[15] = _mm256_setzero_si256();
}

/* With A = a0 b0, B = a1 b1, C = (a0 + a1)(b0 + b1), of degree 14 in x = 2^28, x^8 = f, and X = X' + x^8 X'', r is
 *   low half   A' + B' + C'' - A''
 *   high half  C' - A' + B'' + C''
 * as in field_mul.c. No coefficient of C - A is negative; one of the low half has at most 2 (i + 1) + 4 (7 - i)
 * products in it, one of the high half 3 (i + 1) + 5 (7 - i) <= 38: with magnitudes, 38 * 6 * FE4_UNIT^2 < 2^63.9. */
FE_INLINE void fe4_combine(fe4 *r, const word4 *A, const word4 *B, const word4 *C) {
  const word4 mask = _mm256_set1_epi64x((long long)FE4_LIMB_MASK);
  word4 low[8], high[8], carry_low = _mm256_setzero_si256(), carry_high = carry_low;
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    word4 l = add4(add4(carry_low, sub4(C[i + 8], A[i + 8])), add4(A[i], B[i]));
    word4 h = add4(add4(carry_high, sub4(C[i], A[i])), add4(B[i + 8], C[i + 8]));
    low[i] = _mm256_and_si256(l, mask);
    high[i] = _mm256_and_si256(h, mask);
    carry_low = _mm256_srli_epi64(l, 28);
    carry_high = _mm256_srli_epi64(h, 28);
  }
  fe4_finish(r, low, high, carry_low, carry_high);
}

/* The halves of a, and their sum: the low 32 bits of a0, a1 and s. A sum of magnitude m is at most 2 m FE4_UNIT. */
FE_INLINE void fe4_halves(word4 *a1, word4 *s, const fe4 *a) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    a1[i] = _mm256_srli_epi64(a->w[i], 32);
    s[i] = add4(a->w[i], a1[i]);
  }
}

/* r = a b, of magnitudes ma, mb <= 6 and ma mb <= 6; magnitude 1. */
static __attribute__((noinline, unused)) void fe4_mul(fe4 *r, const fe4 *a, const fe4 *b) {
  word4 a1[8], b1[8], s[8], t[8], A[16], B[16], C[16];
  fe4_check(a, 6);
  fe4_check(b, 6);
  fe4_multiply_half(A, a->w, b->w);
  fe4_halves(a1, s, a);
  fe4_halves(b1, t, b);
  fe4_multiply_half(B, a1, b1);
  fe4_multiply_half(C, s, t);
  fe4_combine(r, A, B, C);
}

/* r = a^2, a of magnitude at most 2 (a doubled sum of halves is below 8 FE4_UNIT < 2^32); magnitude 1. */
static __attribute__((noinline, unused)) void fe4_square(fe4 *r, const fe4 *a) {
  word4 a1[8], s[8], A[16], B[16], C[16];
  fe4_check(a, 2);
  fe4_square_half(A, a->w);
  fe4_halves(a1, s, a);
  fe4_square_half(B, a1);
  fe4_square_half(C, s);
  fe4_combine(r, A, B, C);
}

/* r = a, each lane times its own small factor below 2^17 in factors' word 0; a of magnitude at most 3. Magnitude 1. */
FE_INLINE void fe4_mul_small(fe4 *r, const fe4 *a, word4 factors) {
  const word4 mask = _mm256_set1_epi64x((long long)FE4_LIMB_MASK);
  word4 low[8], high[8], carry_low = _mm256_setzero_si256(), carry_high = carry_low;
  fe4_check(a, 3);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    word4 l = add4(carry_low, mul4(a->w[i], factors));
    word4 h = add4(carry_high, mul4(_mm256_srli_epi64(a->w[i], 32), factors));
    low[i] = _mm256_and_si256(l, mask);
    high[i] = _mm256_and_si256(h, mask);
    carry_low = _mm256_srli_epi64(l, 28);
    carry_high = _mm256_srli_epi64(h, 28);
  }
  fe4_finish(r, low, high, carry_low, carry_high);
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

/* r = four elements of magnitude 1, given by their eight limbs of 56 bits. Of a limb of up to 2^56 + 2^16, the upper
 * part is at most 2^28. */
FE_INLINE void fe4_load(fe4 *r, const uint64_t *lane0, const uint64_t *lane1, const uint64_t *lane2,
                        const uint64_t *lane3) {
  const word4 mask = _mm256_set1_epi64x((long long)FE4_LIMB_MASK);
  word4 low[4], high[4];
  transpose4(low, load4(lane0), load4(lane1), load4(lane2), load4(lane3));
  transpose4(high, load4(lane0 + 4), load4(lane1 + 4), load4(lane2 + 4), load4(lane3 + 4));
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    word4 even = _mm256_slli_epi64(_mm256_and_si256(high[j], mask), 32);
    word4 odd = _mm256_slli_epi64(_mm256_srli_epi64(high[j], 28), 32);
    r->w[2 * j] = _mm256_or_si256(even, _mm256_and_si256(low[j], mask));
    r->w[2 * j + 1] = _mm256_or_si256(odd, _mm256_srli_epi64(low[j], 28));
  }
  fe4_check(r, 1);
}

/* The other way: a has magnitude 1, and so have the four elements written. A limb of 56 bits may get 2^12 + 2^40 too
 * much, so they are carried here. */
FE_INLINE void fe4_store(fe448 *lane0, fe448 *lane1, fe448 *lane2, fe448 *lane3, const fe4 *a) {
  const word4 low_bits = _mm256_set1_epi64x(0xffffffff);
  word4 low[4], high[4], rows[4];
  fe448 *const lanes[4] = {lane0, lane1, lane2, lane3};
  fe4_check(a, 1);
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    word4 even = a->w[2 * j], odd = a->w[2 * j + 1];
    low[j] = add4(_mm256_and_si256(even, low_bits), _mm256_slli_epi64(_mm256_and_si256(odd, low_bits), 28));
    high[j] = add4(_mm256_srli_epi64(even, 32), _mm256_slli_epi64(_mm256_srli_epi64(odd, 32), 28));
  }
  transpose4(rows, low[0], low[1], low[2], low[3]);
  for (int i = 0; i < 4; i++) store4(lanes[i]->limb, rows[i]);
  transpose4(rows, high[0], high[1], high[2], high[3]);
  for (int i = 0; i < 4; i++) {
    store4(lanes[i]->limb + 4, rows[i]);
    FE_SET(lanes[i], 2, false);
    fe_carry(lanes[i], lanes[i]);
  }
}

#endif
