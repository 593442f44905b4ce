/* Vectors of field elements for AVX-512 IFMA: LANES (4 or 8) elements side by side, limb by limb in radix 2^51. A
 * template: define LANES and include, once to a source file; every name ends in _x4 or _x8. Everything is
 * straight-line code, but use it in _vartime functions only: valgrind cannot see AVX-512, so nobody has checked it on
 * secrets.
 *
 * VPMADD52 multiplies the low 52 bits of its operands and adds the low or the high 52 bits of the product to 64-bit
 * lanes (S. Gueron and V. Krasnov, "Accelerating big integer arithmetic using Intel IFMA extensions", 2016). So there
 * are two kinds of limbs:
 *   tight: at most 2^51 + 2^16; sums of two may exceed 52 bits and are not allowed as factors;
 *   raw:   what a product leaves, at most 267 * 2^52 < 2^60.1; to be added, subtracted (from a large multiple of p) and
 *          carried before it becomes a factor again. Anything up to 6 * 2^60 carries to tight.
 */
#include <immintrin.h>

#include "../verify.h"

#if LANES == 4
#define LN(name) name##_x4
#define VEC __m256i
#define VOP(name) _mm256_##name##_epi64
#define VSET _mm256_set1_epi64x
#define VAND _mm256_and_si256
#define VZERO _mm256_setzero_si256
#define VNONE_ABOVE(v, bound) (_mm256_cmpgt_epu64_mask(v, VSET((long long)(bound))) == 0)
#define MADD_LO _mm256_madd52lo_epu64
#define MADD_HI _mm256_madd52hi_epu64
#else
#define LN(name) name##_x8
#define VEC __m512i
#define VOP(name) _mm512_##name##_epi64
#define VSET _mm512_set1_epi64
#define VAND _mm512_and_si512
#define VZERO _mm512_setzero_si512
#define VNONE_ABOVE(v, bound) (_mm512_cmpgt_epu64_mask(v, VSET((long long)(bound))) == 0)
#define MADD_LO _mm512_madd52lo_epu64
#define MADD_HI _mm512_madd52hi_epu64
#endif

typedef struct { VEC v[5]; } LN(fv);

/* In builds with THRESIGN_VERIFY: no limb exceeds the bound. */
static inline void LN(fv_check)(const LN(fv) *a, uint64_t bound) {
#ifdef THRESIGN_VERIFY
  for (int k = 0; k < 5; k++) VERIFY_CHECK(VNONE_ABOVE(a->v[k], bound));
#else
  (void)a;
  (void)bound;
#endif
}

/* 19, in a way that keeps gcc from making four shifts and sums out of every multiplication by it. */
static inline VEC LN(fv_nineteen)(void) {
  VEC n = VSET(19);
  __asm__("" : "+v"(n));
  return n;
}

/* One round of carries for limbs up to 6 * 2^60: carries are below 2^11.6, and 19 times that is below 2^15.9.
 * (From a raw product itself the carries are below 2^9.1, and the last one below 2^6.7: r is below 2^51 + 2^11.) */
static inline void LN(fv_carry)(LN(fv) *r, const LN(fv) *a) {
  const VEC mask = VSET((1ll << 51) - 1);
  LN(fv_check)(a, UINT64_C(6) << 60);
  const VEC c0 = VOP(srli)(a->v[0], 51), c1 = VOP(srli)(a->v[1], 51), c2 = VOP(srli)(a->v[2], 51);
  const VEC c3 = VOP(srli)(a->v[3], 51), c4 = VOP(mullo)(VOP(srli)(a->v[4], 51), LN(fv_nineteen)());
  r->v[0] = VOP(add)(VAND(a->v[0], mask), c4);
  r->v[1] = VOP(add)(VAND(a->v[1], mask), c0);
  r->v[2] = VOP(add)(VAND(a->v[2], mask), c1);
  r->v[3] = VOP(add)(VAND(a->v[3], mask), c2);
  r->v[4] = VOP(add)(VAND(a->v[4], mask), c3);
  LN(fv_check)(r, (UINT64_C(1) << 51) + (UINT64_C(1) << 16));
}

/* Columns to raw limbs: lo[k] counts 2^(51 k), hi[k] 2^(51 k + 52) = 2 * 2^(51 (k + 1)), and 2^255 counts 19. */
static inline void LN(fv_fold)(LN(fv) *r, const VEC lo[9], const VEC hi[9]) {
  const VEC nineteen = LN(fv_nineteen)();
  VEC z[10];
  z[0] = lo[0];
  z[9] = VOP(add)(hi[8], hi[8]);
  for (int k = 8; k > 0; k--) z[k] = VOP(add)(lo[k], VOP(add)(hi[k - 1], hi[k - 1]));
  for (int k = 0; k < 5; k++) r->v[k] = VOP(add)(z[k], VOP(mullo)(z[k + 5], nineteen));
}

/* r = a * b, both tight, r raw. Row by row, so that neighbouring instructions do not wait for each other. */
static inline void LN(fv_mul)(LN(fv) *r, const LN(fv) *a, const LN(fv) *b) {
  VEC lo[9], hi[9];
  LN(fv_check)(a, (UINT64_C(1) << 52) - 1);
  LN(fv_check)(b, (UINT64_C(1) << 52) - 1);
  for (int k = 0; k < 9; k++) lo[k] = hi[k] = VZERO();
  for (int i = 4; i >= 0; i--) {
    for (int j = 4; j >= 0; j--) {
      hi[i + j] = MADD_HI(hi[i + j], a->v[i], b->v[j]);
      lo[i + j] = MADD_LO(lo[i + j], a->v[i], b->v[j]);
    }
  }
  LN(fv_fold)(r, lo, hi);
}

/* r = a^2, a tight, r raw: the products of different limbs count twice. */
static inline void LN(fv_square)(LN(fv) *r, const LN(fv) *a) {
  VEC lo[9], hi[9];
  LN(fv_check)(a, (UINT64_C(1) << 52) - 1);
  for (int k = 0; k < 9; k++) lo[k] = hi[k] = VZERO();
  for (int i = 3; i >= 0; i--) {
    for (int j = 4; j > i; j--) {
      hi[i + j] = MADD_HI(hi[i + j], a->v[i], a->v[j]);
      lo[i + j] = MADD_LO(lo[i + j], a->v[i], a->v[j]);
    }
  }
  for (int k = 7; k > 0; k--) {
    lo[k] = VOP(add)(lo[k], lo[k]);
    hi[k] = VOP(add)(hi[k], hi[k]);
  }
  for (int i = 4; i >= 0; i--) {
    hi[2 * i] = MADD_HI(hi[2 * i], a->v[i], a->v[i]);
    lo[2 * i] = MADD_LO(lo[2 * i], a->v[i], a->v[i]);
  }
  LN(fv_fold)(r, lo, hi);
}

/* The constant 2^10 p limb by limb: at least 2^61 - 2^15, more than any raw limb. */
#define MANY_P(k) VSET((k) == 0 ? ((1ll << 51) - 19) << 10 : ((1ll << 51) - 1) << 10)
