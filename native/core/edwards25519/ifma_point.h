/* Points for AVX-512 IFMA: four coordinates in four lanes, one point in LANES = 4, two independent ones in LANES = 8.
 * A template like ifma_field.h; formulas as in point.h, in the four-fold parallel form that Hisil et al. give in their
 * section 4: two vector multiplications each. Lanes are (X, Y, T, Z), raw. Cached points are (Y-X, Y+X, 2dT, 2Z), tight.
 * Between two multiplications there are only permutations, sums and one carry.
 */
#include "ifma_field.h"

#undef PERM
#undef PERM_Z
#undef QUAD
/* Lane i of each group of four takes lane xi. */
#define PERM(v, x0, x1, x2, x3) VOP(permutex)(v, (x0) | (x1) << 2 | (x2) << 4 | (x3) << 6)
#define PERM_Z(m, v, x0, x1, x2, x3) VOP(maskz_permutex)(QUAD(m), v, (x0) | (x1) << 2 | (x2) << 4 | (x3) << 6)
/* A mask over four lanes, for every group of four. */
#define QUAD(m) ((__mmask8)(LANES == 4 ? (m) : (m) * 0x11))

typedef struct { LN(fv) raw; } LN(gv);

/* (Y-X, Y+X, T, Z), tight. Limbs before the carry: 2^61 + 2^60.1 at most. */
static inline void LN(gv_sums)(LN(fv) *r, const LN(gv) *a) {
  for (int k = 0; k < 5; k++) {
    const VEC p = a->raw.v[k];
    const VEC swapped = PERM(p, 1, 0, 2, 3);
    const VEC addend = VOP(mask_sub)(p, QUAD(1), MANY_P(k), p); /* -X, Y */
    r->v[k] = VOP(mask_add)(swapped, QUAD(3), swapped, addend);
  }
  LN(fv_carry)(r, r);
}

/* From (E, H, F, G), not carried, to the point (EF, GH, EH, FG). */
static inline void LN(gv_finish)(LN(gv) *r, LN(fv) *v) {
  LN(fv) left, right;
  LN(fv_carry)(v, v);
  for (int k = 0; k < 5; k++) {
    left.v[k] = PERM(v->v[k], 0, 3, 0, 2);
    right.v[k] = PERM(v->v[k], 2, 1, 1, 3);
  }
  LN(fv_mul)(&r->raw, &left, &right);
}

/* r = the point whose sums these are + the cached one. */
static inline void LN(gv_add_to_sums)(LN(gv) *r, const LN(fv) *sums, const LN(fv) *cached) {
  LN(fv) v;
  LN(fv_mul)(&v, sums, cached); /* A, B, C, D */
  for (int k = 0; k < 5; k++) {
    const VEC p = v.v[k];
    const VEC addend = VOP(mask_sub)(p, QUAD(5), MANY_P(k), p);  /* -A, B, -C, D */
    v.v[k] = VOP(add)(PERM(p, 1, 0, 3, 2), addend);               /* B-A, A+B, D-C, C+D = E, H, F, G */
  }
  LN(gv_finish)(r, &v);
}

static inline void LN(gv_add)(LN(gv) *r, const LN(gv) *a, const LN(fv) *cached) {
  LN(fv) sums;
  LN(gv_sums)(&sums, a);
  LN(gv_add_to_sums)(r, &sums, cached);
}

/* r = 2a. Limbs before the second carry: 2 * 2^61 + 2^60.1 or 2^61 + 3 * 2^60.1 at most, below 2^62.4. */
static inline void LN(gv_double)(LN(gv) *r, const LN(gv) *a) {
  LN(fv) v;
  for (int k = 0; k < 5; k++) {
    const VEC p = a->raw.v[k];
    v.v[k] = VOP(add)(PERM(p, 0, 1, 0, 3), PERM_Z(4, p, 0, 0, 1, 0)); /* X, Y, X+Y, Z */
  }
  LN(fv_carry)(&v, &v);
  LN(fv_square)(&v, &v); /* A, B, S, C */
  for (int k = 0; k < 5; k++) {
    const VEC p = v.v[k];
    const VEC a4 = PERM(p, 0, 0, 0, 0), b4 = PERM(p, 1, 1, 1, 1);
    const VEC rest = PERM_Z(5, p, 2, 0, 3, 0);                    /* S, 0, C, 0 */
    VEC t = VOP(mask_sub)(a4, QUAD(9), MANY_P(k), a4);            /* -A, A, A, -A */
    t = VOP(add)(t, VOP(mask_sub)(b4, QUAD(5), MANY_P(k), b4));   /* -A-B, A+B, A-B, B-A */
    t = VOP(add)(t, rest);
    v.v[k] = VOP(mask_add)(t, QUAD(4), t, rest);                  /* S-A-B, A+B, 2C+A-B, B-A = E, H, F, G */
  }
  LN(gv_finish)(r, &v);
}

/* The cached form from a point's sums: times (1, 1, 2d, 2). */
static inline void LN(gv_cache)(LN(fv) *r, const LN(fv) *sums, const LN(fv) *factors) {
  LN(fv_mul)(r, sums, factors);
  LN(fv_carry)(r, r);
}
