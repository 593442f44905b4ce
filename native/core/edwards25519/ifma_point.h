/* Points for AVX-512 IFMA: the four coordinates of a point in four lanes. Formulas as in point.h, in the four-fold
 * parallel form of Hisil et al., section 4: two vector multiplications each, and nothing but permutations, sums and
 * one carry between them. Lanes are (X, Y, T, Z), raw (ifma_field.h). Cached points are (Y-X, Y+X, 2dT, 2Z), tight.
 *
 * One addition is a chain of instructions that wait for each other, and leaves half of the multipliers' time unused. So
 * every function takes n independent points (n is a constant wherever it is called) and does each step for all of them
 * before the next.
 */
#ifndef THRESIGN_EDWARDS25519_IFMA_POINT_H
#define THRESIGN_EDWARDS25519_IFMA_POINT_H

#define LANES 4
#include "ifma_field.h"
#include "point.h"
#include "schedule.h"

#define GV_INLINE static inline __attribute__((always_inline))
#define GV_MANY_MAX 2

/* Lane i takes lane xi; PERM_Z: or zero where the mask has no bit. */
#define PERM(v, x0, x1, x2, x3) _mm256_permute4x64_epi64(v, (x0) | (x1) << 2 | (x2) << 4 | (x3) << 6)
#define PERM_Z(m, v, x0, x1, x2, x3) _mm256_maskz_permutex_epi64(m, v, (x0) | (x1) << 2 | (x2) << 4 | (x3) << 6)

typedef fv_x4 fv;
typedef struct { fv raw; } gv;

/* (Y-X, Y+X, T, Z), tight. Limbs before the carry: 2^61 + 2^60.1 at most. */
GV_INLINE void gv_sums(fv *r, const gv *a, const int n) {
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < 5; k++) {
      const __m256i p = a[i].raw.v[k];
      const __m256i swapped = PERM(p, 1, 0, 2, 3);
      const __m256i addend = _mm256_mask_sub_epi64(p, 1, MANY_P(k), p); /* -X, Y */
      r[i].v[k] = _mm256_mask_add_epi64(swapped, 3, swapped, addend);
    }
    fv_carry_x4(&r[i], &r[i]);
  }
}

/* From (E, H, F, G), not carried, to the points (EF, GH, EH, FG). */
GV_INLINE void gv_finish(gv *r, fv *v, const int n) {
  for (int i = 0; i < n; i++) fv_carry_x4(&v[i], &v[i]);
  for (int i = 0; i < n; i++) {
    fv left, right;
    for (int k = 0; k < 5; k++) {
      left.v[k] = PERM(v[i].v[k], 0, 3, 0, 2);
      right.v[k] = PERM(v[i].v[k], 2, 1, 1, 3);
    }
    fv_mul_x4(&r[i].raw, &left, &right);
  }
}

/* r = the points whose sums these are + the cached ones. */
GV_INLINE void gv_add_to_sums(gv *r, const fv *sums, const fv *cached, const int n) {
  fv v[GV_MANY_MAX];
  for (int i = 0; i < n; i++) fv_mul_x4(&v[i], &sums[i], &cached[i]); /* A, B, C, D */
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < 5; k++) {
      const __m256i p = v[i].v[k];
      const __m256i addend = _mm256_mask_sub_epi64(p, 5, MANY_P(k), p); /* -A, B, -C, D */
      v[i].v[k] = _mm256_add_epi64(PERM(p, 1, 0, 3, 2), addend);        /* B-A, A+B, D-C, C+D = E, H, F, G */
    }
  }
  gv_finish(r, v, n);
}

GV_INLINE void gv_add(gv *r, const gv *a, const fv *cached, const int n) {
  fv sums[GV_MANY_MAX];
  gv_sums(sums, a, n);
  gv_add_to_sums(r, sums, cached, n);
}

/* r = 2a. Limbs before the second carry: 2 * 2^61 + 2^60.1 or 2^61 + 3 * 2^60.1 at most, below 2^62.4. */
GV_INLINE void gv_double(gv *r, const gv *a, const int n) {
  fv v[GV_MANY_MAX];
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < 5; k++) {
      const __m256i p = a[i].raw.v[k];
      v[i].v[k] = _mm256_add_epi64(PERM(p, 0, 1, 0, 3), PERM_Z(4, p, 0, 0, 1, 0)); /* X, Y, X+Y, Z */
    }
    fv_carry_x4(&v[i], &v[i]);
  }
  for (int i = 0; i < n; i++) fv_square_x4(&v[i], &v[i]); /* A, B, S, C */
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < 5; k++) {
      const __m256i p = v[i].v[k];
      const __m256i a4 = PERM(p, 0, 0, 0, 0), b4 = PERM(p, 1, 1, 1, 1);
      const __m256i rest = PERM_Z(5, p, 2, 0, 3, 0);                             /* S, 0, C, 0 */
      __m256i t = _mm256_mask_sub_epi64(a4, 9, MANY_P(k), a4);                   /* -A, A, A, -A */
      t = _mm256_add_epi64(t, _mm256_mask_sub_epi64(b4, 5, MANY_P(k), b4));      /* -A-B, A+B, A-B, B-A */
      t = _mm256_add_epi64(t, rest);
      v[i].v[k] = _mm256_mask_add_epi64(t, 4, t, rest); /* S-A-B, A+B, 2C+A-B, B-A = E, H, F, G */
    }
  }
  gv_finish(r, v, n);
}

/* The cached form from a point's sums: times (1, 1, 2d, 2). */
GV_INLINE void gv_cache(fv *r, const fv *sums, const int n) {
  fv factors;
  for (int k = 0; k < 5; k++)
    factors.v[k] = _mm256_set_epi64x(k == 0 ? 2 : 0, (long long)ts_edwards25519_2d.v[k], k == 0, k == 0);
  for (int i = 0; i < n; i++) fv_mul_x4(&r[i], &sums[i], &factors);
  for (int i = 0; i < n; i++) fv_carry_x4(&r[i], &r[i]);
}

GV_INLINE void gv_set_neutral(gv *r) {
  for (int k = 0; k < 5; k++) r->raw.v[k] = _mm256_set_epi64x(k == 0, 0, k == 0, 0);
}

GV_INLINE void gv_load(gv *r, const ge *p) {
  for (int k = 0; k < 5; k++)
    r->raw.v[k] =
        _mm256_set_epi64x((long long)p->Z.v[k], (long long)p->T.v[k], (long long)p->Y.v[k], (long long)p->X.v[k]);
}

/* Raw limbs of a product carry to tight ones of field.h: see fv_carry. */
GV_INLINE void gv_store(ge *r, const gv *a) {
  _Alignas(32) uint64_t lanes[4];
  fv t;
  fv_carry_x4(&t, &a->raw);
  for (int k = 0; k < 5; k++) {
    _mm256_store_si256((__m256i *)lanes, t.v[k]);
    r->X.v[k] = lanes[0];
    r->Y.v[k] = lanes[1];
    r->T.v[k] = lanes[2];
    r->Z.v[k] = lanes[3];
  }
  fe_set_bound(&r->X, FE_TIGHT);
  fe_set_bound(&r->Y, FE_TIGHT);
  fe_set_bound(&r->T, FE_TIGHT);
  fe_set_bound(&r->Z, FE_TIGHT);
}

/* To and from memory: tables.h. */
GV_INLINE void gv_store_entry(straus_entry *e, const fv *a) {
  for (int k = 0; k < 5; k++) _mm256_store_si256((__m256i *)e->limb[k], a->v[k]);
}

/* If negative is 1, Y-X and Y+X change places and 2dT becomes 2p - 2dT < 2^52, no carry needed. */
GV_INLINE void gv_load_entry(fv *r, const straus_entry *e, unsigned negative) {
  const __m256i first = _mm256_set1_epi64x((1ll << 52) - 38), others = _mm256_set1_epi64x((1ll << 52) - 2);
  const unsigned mask = 0u - negative;
  for (int k = 0; k < 5; k++) {
    const __m256i v = _mm256_load_si256((const __m256i *)e->limb[k]);
    const __m256i w = _mm256_mask_permutex_epi64(v, (__mmask8)(mask & 3), v, 1 | 0 << 2);
    r->v[k] = _mm256_mask_sub_epi64(w, (__mmask8)(mask & 4), k == 0 ? first : others, w);
  }
}

#endif
