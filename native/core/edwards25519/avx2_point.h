/* Points for AVX2: the four coordinates of a point in four lanes, (X, Y, T, Z), tight (avx2_field.h). Cached points
 * are (Y-X, Y+X, 2dT, 2Z), in units: 1 for even limbs, up to 2 for odd ones. Formulas as in point.h, in the four-fold
 * parallel form of Hisil et al., section 4. Constant time. The functions take the number of points, as those of
 * ifma_point.h do, but it has to be 1 here: one point keeps the processor busy. */
#ifndef THRESIGN_EDWARDS25519_AVX2_POINT_H
#define THRESIGN_EDWARDS25519_AVX2_POINT_H

#include "avx2_field.h"
#include "point.h"
#include "schedule.h"

typedef struct { fv v; } gv;
#define GV_INLINE FV_INLINE
#define GV_MANY_MAX 1

/* Lane i takes lane xi. */
#define PERM(v, x0, x1, x2, x3) _mm256_permute4x64_epi64(v, (x0) | (x1) << 2 | (x2) << 4 | (x3) << 6)
/* Lanes of b where the mask, one bit a lane, says so, of a elsewhere. */
#define BLEND(a, b, m) \
  _mm256_blend_epi32(a, b, ((m) & 1 ? 3 : 0) | ((m) & 2 ? 12 : 0) | ((m) & 4 ? 48 : 0) | ((m) & 8 ? 192 : 0))

/* Lanes 1, 0, 3, 2: within halves, which is faster than across them. */
#define SWAP(v) _mm256_shuffle_epi32(v, 0x4e)

/* (Y-X, Y+X, T, Z): up to 3 units. */
GV_INLINE void gv_sums(fv *r, const gv *a, const int n) {
  (void)n;
  for (int i = 0; i < 10; i++) {
    const __m256i p = a->v.v[i];
    const __m256i addend = BLEND(p, _mm256_sub_epi64(FV_P(2, i), p), 1); /* -X, Y */
    r->v[i] = BLEND(_mm256_add_epi64(SWAP(p), addend), p, 12);
  }
}

/* r = the point whose sums these are + the cached one. E and F are up to 3 units, G and H up to 2. */
GV_INLINE void gv_add_to_sums(gv *r, const fv *sums, const fv *cached, const int n) {
  (void)n;
  fv v, left, right;
  fv_mul(&v, sums, cached); /* A, B, C, D */
  for (int i = 0; i < 10; i++) {
    const __m256i p = v.v[i];
    const __m256i addend = BLEND(p, _mm256_sub_epi64(FV_P(2, i), p), 5); /* -A, B, -C, D */
    const __m256i t = _mm256_add_epi64(SWAP(p), addend);                 /* B-A, A+B, D-C, C+D = E, H, F, G */
    left.v[i] = PERM(t, 0, 3, 0, 2);                                     /* E, G, E, F */
    right.v[i] = PERM(t, 2, 1, 1, 3);                                    /* F, H, H, G */
  }
  fv_mul(&r->v, &left, &right);
}

GV_INLINE void gv_add(gv *r, const gv *a, const fv *cached, const int n) {
  fv sums;
  gv_sums(&sums, a, n);
  gv_add_to_sums(r, &sums, cached, n);
}

/* r = 2a. G is up to 3 units, H 2, E 5, F 6; then even limbs come below 1 at the cost of their odd neighbours. */
GV_INLINE void gv_double(gv *r, const gv *a, const int n) {
  (void)n;
  const __m256i mask26 = _mm256_set1_epi64x((1 << 26) - 1);
  fv v, left, right;
  for (int i = 0; i < 10; i++) {
    const __m256i p = a->v.v[i];
    v.v[i] = BLEND(p, PERM(_mm256_add_epi64(p, SWAP(p)), 0, 0, 0, 0), 4); /* X, Y, X+Y, Z */
  }
  fv_square(&v, &v); /* A, B, S, C */
  for (int i = 0; i < 10; i++) {
    const __m256i p = v.v[i];
    const __m256i addend = BLEND(p, _mm256_sub_epi64(FV_P(2, i), p), 1);         /* -A, B */
    const __m256i gh = _mm256_add_epi64(SWAP(p), addend);                        /* B-A, A+B = G, H */
    const __m256i sc = _mm256_add_epi64(BLEND(p, _mm256_add_epi64(p, p), 8), FV_P(4, i)); /* ., ., S, 2C */
    v.v[i] = BLEND(gh, _mm256_sub_epi64(sc, PERM(gh, 0, 0, 1, 0)), 12);          /* G, H, S-H = E, 2C-G = F */
  }
  for (int i = 0; i < 10; i += 2) {
    v.v[i + 1] = _mm256_add_epi64(v.v[i + 1], _mm256_srli_epi64(v.v[i], 26));
    v.v[i] = _mm256_and_si256(v.v[i], mask26);
  }
  for (int i = 0; i < 10; i++) {
    left.v[i] = PERM(v.v[i], 2, 0, 2, 3);  /* E, G, E, F */
    right.v[i] = PERM(v.v[i], 3, 1, 1, 0); /* F, H, H, G */
  }
  fv_mul(&r->v, &left, &right);
}

/* Five vectors of 51-bit limbs, lanes (X, Y, T, Z), of a point; and its factors (1, 1, 2d, 2) of the cached form. */
GV_INLINE void gv_load(gv *r, const ge *p) {
  __m256i v[5];
  for (int k = 0; k < 5; k++)
    v[k] = _mm256_set_epi64x((long long)p->Z.v[k], (long long)p->T.v[k], (long long)p->Y.v[k], (long long)p->X.v[k]);
  fv_split(&r->v, v);
}

GV_INLINE void gv_store(ge *r, const gv *a) {
  __m256i v[5];
  fv_join(v, &a->v);
  for (int k = 0; k < 5; k++) {
    _Alignas(32) uint64_t lanes[4];
    _mm256_store_si256((__m256i *)lanes, v[k]);
    r->X.v[k] = lanes[0];
    r->Y.v[k] = lanes[1];
    r->T.v[k] = lanes[2];
    r->Z.v[k] = lanes[3];
  }
  fe *const all[4] = {&r->X, &r->Y, &r->T, &r->Z};
  for (int i = 0; i < 4; i++) {
    fe_set_bound(all[i], FE_TIGHT + (UINT64_C(1) << 40));
    fe_carry(all[i], all[i]);
  }
}

/* The cached form from a point's sums: times (1, 1, 2d, 2). */
GV_INLINE void gv_cache(fv *r, const fv *sums, const int n) {
  __m256i v[5];
  fv factors;
  (void)n;
  for (int k = 0; k < 5; k++)
    v[k] = _mm256_set_epi64x(k == 0 ? 2 : 0, (long long)ts_edwards25519_2d.v[k], k == 0, k == 0);
  fv_split(&factors, v);
  fv_mul(r, sums, &factors);
}

GV_INLINE void gv_set_neutral(gv *r) {
  for (int i = 0; i < 10; i++) r->v.v[i] = _mm256_set_epi64x(i == 0, 0, i == 0, 0);
}

/* Where negative is all ones Y-X and Y+X change places and 2dT becomes 2p - 2dT; then limbs of 51 bits are split. */
GV_INLINE void gv_finish_entry(fv *r, __m256i v[5], __m256i negative) {
  const __m256i lane2 = _mm256_set_epi64x(0, -1, 0, 0);
  for (int k = 0; k < 5; k++) {
    const __m256i two_p = _mm256_set1_epi64x(k == 0 ? (1ll << 52) - 38 : (1ll << 52) - 2);
    v[k] = _mm256_blendv_epi8(v[k], PERM(v[k], 1, 0, 2, 3), negative);
    v[k] = _mm256_blendv_epi8(v[k], _mm256_sub_epi64(two_p, v[k]), _mm256_and_si256(negative, lane2));
  }
  fv_split(r, v);
}

/* To and from memory, in limbs of 51 bits: tables.h. */
GV_INLINE void gv_store_entry(straus_entry *e, const fv *a) {
  __m256i v[5];
  fv_join(v, a);
  for (int k = 0; k < 5; k++) _mm256_store_si256((__m256i *)e->limb[k], v[k]);
}

GV_INLINE void gv_load_entry(fv *r, const straus_entry *e, unsigned negative) {
  __m256i v[5];
  for (int k = 0; k < 5; k++) v[k] = _mm256_load_si256((const __m256i *)e->limb[k]);
  gv_finish_entry(r, v, _mm256_set1_epi64x(0 - (long long)negative));
}

#endif
