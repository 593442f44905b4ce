/* Four independent field elements in the lanes of AVX2: the arithmetic that lanes.h asks for. Constant time. */
#ifndef THRESIGN_EDWARDS25519_AVX2_LANES_H
#define THRESIGN_EDWARDS25519_AVX2_LANES_H

#include "avx2_field.h"
#include "field.h"

#define LANES 4

static void mul(fv *r, const fv *a, const fv *b) { fv_mul(r, a, b); }

static void square(fv *r, const fv *a) { fv_square(r, a); }

static void add(fv *r, const fv *a, const fv *b) {
  __m256i h[10];
  for (int i = 0; i < 10; i++) h[i] = _mm256_add_epi64(a->v[i], b->v[i]);
  fv_fold(r, h);
}

static void sub(fv *r, const fv *a, const fv *b) {
  __m256i h[10];
  for (int i = 0; i < 10; i++) h[i] = _mm256_sub_epi64(_mm256_add_epi64(a->v[i], FV_P(2, i)), b->v[i]);
  fv_fold(r, h);
}

static void set(fv *r, uint64_t value) { /* below 2^26 */
  for (int i = 0; i < 10; i++) r->v[i] = _mm256_set1_epi64x(i == 0 ? (long long)value : 0);
}

static void set_constant(fv *r, const fe *a) {
  __m256i v[5];
  for (int k = 0; k < 5; k++) v[k] = _mm256_set1_epi64x((long long)a->v[k]);
  fv_split(r, v);
}

static void choose(fv *r, unsigned where, const fv *a) {
  const __m256i bit = _mm256_set_epi64x(8, 4, 2, 1);
  const __m256i mask = _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x(where), bit), bit);
  for (int i = 0; i < 10; i++) r->v[i] = _mm256_blendv_epi8(r->v[i], a->v[i], mask);
}

static unsigned lanes_of(__m256i mask) { return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(mask)); }

/* The same value below 2^255, in limbs of 51 bits. Joined limbs are below 2^51 + 2^40, so the first pass leaves at most
 * 19 * 2 too much in limb 0; if that carries through to the top in the second pass, next to nothing is left below. */
static void normalise(__m256i v[5], const fv *a) {
  const __m256i mask = _mm256_set1_epi64x((1ll << 51) - 1);
  fv_join(v, a);
  for (int pass = 0; pass < 2; pass++) {
    __m256i carry = _mm256_setzero_si256();
    for (int k = 0; k < 5; k++) {
      const __m256i t = _mm256_add_epi64(v[k], carry);
      carry = _mm256_srli_epi64(t, 51);
      v[k] = _mm256_and_si256(t, mask);
    }
    v[0] = _mm256_add_epi64(v[0], _mm256_mul_epu32(carry, _mm256_set1_epi64x(19)));
  }
}

/* Lanes of a normalised element that hold p .. 2^255 - 1. */
static unsigned not_below_p(const __m256i v[5]) {
  const __m256i mask = _mm256_set1_epi64x((1ll << 51) - 1);
  const __m256i top = _mm256_and_si256(_mm256_and_si256(v[1], v[2]), _mm256_and_si256(v[3], v[4]));
  return lanes_of(_mm256_cmpeq_epi64(top, mask)) &
         lanes_of(_mm256_cmpgt_epi64(v[0], _mm256_set1_epi64x((1ll << 51) - 20)));
}

static unsigned is_zero(const fv *a) {
  __m256i v[5];
  normalise(v, a);
  const __m256i any = _mm256_or_si256(_mm256_or_si256(v[1], v[2]), _mm256_or_si256(v[3], v[4]));
  const unsigned zero = lanes_of(_mm256_cmpeq_epi64(_mm256_or_si256(any, v[0]), _mm256_setzero_si256()));
  const unsigned low = lanes_of(_mm256_cmpeq_epi64(v[0], _mm256_set1_epi64x((1ll << 51) - 19)));
  return zero | (low & not_below_p(v));
}

/* Lanes whose representative below p is odd; p is odd itself. */
static unsigned is_odd(const fv *a) {
  __m256i v[5];
  normalise(v, a);
  return lanes_of(_mm256_slli_epi64(v[0], 63)) ^ not_below_p(v);
}

static void load_lanes(fv *r, uint64_t limbs[5][LANES]) {
  __m256i v[5];
  for (int k = 0; k < 5; k++) v[k] = _mm256_load_si256((const __m256i *)limbs[k]);
  fv_split(r, v);
}

static void store_lanes(uint64_t limbs[5][LANES], const fv *a) {
  __m256i v[5];
  fv_join(v, a);
  for (int k = 0; k < 5; k++) _mm256_store_si256((__m256i *)limbs[k], v[k]);
}

#endif
