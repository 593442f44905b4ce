/* Four field elements side by side for AVX2, limb by limb in radix 2^25.5: limb i has weight 2^ceil(25.5 i), so 26 bits
 * if i is even and 25 if it is odd. Straight-line code; constant time (mul_avx2.c is run under valgrind).
 *
 * Bounds are counted in units of 2^26 for even limbs and 2^25 for odd ones. Tight, what a product returns, is 1 and a
 * little: at most 2^26 + 2^13 and 2^25 + 2^13. In memory and elsewhere elements have limbs of 51 bits (field.h): the
 * low 26 bits of one are an even limb, what is above them the odd limb that follows.
 */
#ifndef THRESIGN_EDWARDS25519_AVX2_FIELD_H
#define THRESIGN_EDWARDS25519_AVX2_FIELD_H

#include <immintrin.h>
#include <stdint.h>

#include "../verify.h"

#define FV_INLINE static inline __attribute__((always_inline))
#define FV_UNROLL _Pragma("GCC unroll 10")

typedef struct { __m256i v[10]; } fv;

/* In builds with THRESIGN_VERIFY: no limb exceeds units * 2^26 + 2^14 (even) or units * 2^25 + 2^14 (odd). */
FV_INLINE void fv_check(const fv *a, unsigned units, unsigned odd_units) {
#ifdef THRESIGN_VERIFY
  for (int i = 0; i < 10; i++) {
    uint64_t lanes[4];
    _mm256_storeu_si256((__m256i *)lanes, a->v[i]);
    const uint64_t bound = (i % 2 == 0 ? (uint64_t)units << 26 : (uint64_t)odd_units << 25) + (1 << 14);
    for (int j = 0; j < 4; j++) VERIFY_CHECK(lanes[j] <= bound);
  }
#else
  (void)a;
  (void)units;
  (void)odd_units;
#endif
}

/* From five vectors of 51-bit limbs (up to 2^52 - 1: odd limbs up to 2 units), and back: at most 2^51 + 2^40. */
FV_INLINE void fv_split(fv *r, const __m256i v[5]) {
  const __m256i mask26 = _mm256_set1_epi64x((1 << 26) - 1);
  for (int i = 0; i < 5; i++) {
    r->v[2 * i] = _mm256_and_si256(v[i], mask26);
    r->v[2 * i + 1] = _mm256_srli_epi64(v[i], 26);
  }
}

FV_INLINE void fv_join(__m256i v[5], const fv *a) {
  for (int i = 0; i < 5; i++) v[i] = _mm256_add_epi64(a->v[2 * i], _mm256_slli_epi64(a->v[2 * i + 1], 26));
}

#define FV_CARRY(from, to, bits)                                              \
  h[to] = _mm256_add_epi64(h[to], _mm256_srli_epi64(h[from], bits));          \
  h[from] = _mm256_and_si256(h[from], (bits) == 26 ? mask26 : mask25)

/* Columns to tight limbs, in two chains that meet. Columns are below 2^63, the last one below 2^58 (see fv_mul), so its
 * carry is below 2^33.1, 19 times that below 2^37.4; the two carries after that are below 2^12. */
FV_INLINE void fv_fold(fv *r, __m256i h[10]) {
  const __m256i mask26 = _mm256_set1_epi64x((1 << 26) - 1), mask25 = _mm256_set1_epi64x((1 << 25) - 1);
  FV_CARRY(0, 1, 26);
  FV_CARRY(5, 6, 25);
  FV_CARRY(1, 2, 25);
  FV_CARRY(6, 7, 26);
  FV_CARRY(2, 3, 26);
  FV_CARRY(7, 8, 25);
  FV_CARRY(3, 4, 25);
  FV_CARRY(8, 9, 26);
  FV_CARRY(4, 5, 26);
  const __m256i c = _mm256_srli_epi64(h[9], 25); /* times 16 + 2 + 1 */
  const __m256i c19 = _mm256_add_epi64(_mm256_add_epi64(_mm256_slli_epi64(c, 4), c), _mm256_add_epi64(c, c));
  h[9] = _mm256_and_si256(h[9], mask25);
  h[0] = _mm256_add_epi64(h[0], c19);
  FV_CARRY(5, 6, 25);
  FV_CARRY(0, 1, 26);
  for (int i = 0; i < 10; i++) r->v[i] = h[i];
  fv_check(r, 1, 1);
}

/* h += the product of the low halves of 64-bit lanes, one factor from memory. With ten columns to keep, no register
 * is left for factors, and gcc, left alone, reorders the products and copies them about for longer than they take. */
FV_INLINE void fv_add_product(__m256i *h, __m256i x, const __m256i *memory) {
  __m256i t;
  __asm__ volatile("vpmuludq %3, %2, %1\n\tvpaddq %1, %0, %0" : "+x"(*h), "=&x"(t) : "x"(x), "m"(*memory));
}

/* r = a * b, tight. Both up to 3 units, or up to 1 in even limbs and 6 in odd ones: then 19 b stays below 2^32, and
 * columns, of which column 0 is the largest, with 1 + 4 * 19 products of even limbs and 5 * 2 * 19 of odd ones, below
 * 77 * 9 * 2^52 + 190 * 9 * 2^50 < 2^61 or 77 * 2^52 + 190 * 36 * 2^50 < 2^62.9. Column 9, ten products of an even
 * and an odd limb, is below 10 * 9 * 2^51 < 2^57.5. */
FV_INLINE void fv_mul(fv *r, const fv *a, const fv *b) {
  const __m256i nineteen = _mm256_set1_epi64x(19);
  __m256i h[10], b19[10];
  fv_check(a, 3, 6);
  fv_check(b, 3, 6);
  for (int j = 1; j < 10; j++) b19[j] = _mm256_mul_epu32(b->v[j], nineteen);
  FV_UNROLL
  for (int i = 0; i < 10; i++) {
    const __m256i one = a->v[i], two = _mm256_add_epi64(one, one);
    FV_UNROLL
    for (int j = 0; j < 10; j++) {
      const __m256i x = i % 2 == 1 && j % 2 == 1 ? two : one; /* two odd limbs' weights multiply to half a bit more */
      if (i == 0)
        h[j] = _mm256_mul_epu32(x, b->v[j]);
      else
        fv_add_product(&h[(i + j) % 10], x, i + j >= 10 ? &b19[j] : &b->v[j]);
    }
  }
  fv_fold(r, h);
}

/* r = a^2, tight; a up to 2 units. Products of different limbs count twice. */
FV_INLINE void fv_square(fv *r, const fv *a) {
  const __m256i nineteen = _mm256_set1_epi64x(19);
  __m256i h[10], a19[10];
  fv_check(a, 2, 2);
  for (int j = 5; j < 10; j++) a19[j] = _mm256_mul_epu32(a->v[j], nineteen);
  FV_UNROLL
  for (int i = 0; i < 10; i++) {
    const __m256i one = a->v[i], two = _mm256_add_epi64(one, one), four = _mm256_add_epi64(two, two);
    FV_UNROLL
    for (int j = i; j < 10; j++) {
      const __m256i x = i % 2 == 1 && j % 2 == 1 ? (i == j ? two : four) : (i == j ? one : two);
      if (i == 0)
        h[j] = _mm256_mul_epu32(x, a->v[j]);
      else
        fv_add_product(&h[(i + j) % 10], x, i + j >= 10 ? &a19[j] : &a->v[j]);
    }
  }
  fv_fold(r, h);
}

/* A limb of 2p (or 4p): at least one unit (three) and what tight may have above it. */
#define FV_P(n, i) _mm256_set1_epi64x((n) * ((i) == 0 ? (1 << 26) - 19 : (i) % 2 == 0 ? (1 << 26) - 1 : (1 << 25) - 1))

#endif
