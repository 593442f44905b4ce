/* Points of the curve -x^2 + y^2 = 1 + d x^2 y^2 over GF(2^255 - 19), d = -121665/121666 (RFC 7748, 4.1).
 *
 * Formulas: Hisil, Wong, Carter and Dawson, "Twisted Edwards curves revisited", 2008 (EFD: add-2008-hwcd-3,
 * dbl-2008-hwcd). -1 is a square and d is not, so they are complete: right for every pair of points, equal, opposite or
 * neutral. All coordinates of a ge are tight (field.h); so are those that additions take from tables, or sums of two
 * tight ones. Constant time, all of it. Output may alias input.
 */
#ifndef THRESIGN_EDWARDS25519_POINT_H
#define THRESIGN_EDWARDS25519_POINT_H

#include "field.h"
#include "thresign/group.h"

typedef struct { fe X, Y, Z, T; } ge;                        /* x = X/Z, y = Y/Z, xy = T/Z */
typedef struct { fe y_plus_x, y_minus_x, z2, t2d; } ge_cached; /* Y+X, Y-X, 2Z, 2dT: what an addition needs */
typedef struct { fe y_plus_x, y_minus_x, t2d; } ge_niels;      /* the same with Z = 1 */

_Static_assert(sizeof(ge) <= sizeof(ts_element), "a point has to fit an element");

static inline ge *ge_of(ts_element *a) { return (ge *)a->limb; }
static inline const ge *ge_of_const(const ts_element *a) { return (const ge *)a->limb; }

extern const fe ts_edwards25519_d;
extern const fe ts_edwards25519_2d;

static inline void ge_set_identity(ge *r) {
  fe_set(&r->X, 0);
  fe_set(&r->Y, 1);
  fe_set(&r->Z, 1);
  fe_set(&r->T, 0);
}

static inline void ge_to_cached(ge_cached *r, const ge *a) {
  fe_add(&r->y_plus_x, &a->Y, &a->X);
  fe_sub(&r->y_minus_x, &a->Y, &a->X);
  fe_add(&r->z2, &a->Z, &a->Z);
  fe_mul(&r->t2d, &a->T, &ts_edwards25519_2d);
}

/* From E, F, G, H of the formulas: 4 multiplications, 3 without T. */
static inline void ge_from_efgh(ge *r, const fe *e, const fe *f, const fe *g, const fe *h, bool with_t) {
  fe_mul(&r->X, e, f);
  fe_mul(&r->Y, g, h);
  fe_mul(&r->Z, f, g);
  if (with_t) fe_mul(&r->T, e, h);
}

/* r = 2a; without T if nothing but a doubling follows (a->T is not read). The signs of F and H are turned against
 * dbl-2008-hwcd, which multiplies X, Y, Z, T by -1 each. */
static inline void ge_double_inline(ge *r, const ge *a, bool with_t) {
  fe xx, yy, zz2, e, f, g, h;
  fe_add(&e, &a->X, &a->Y);
  fe_square(&xx, &a->X);
  fe_square(&yy, &a->Y);
  fe_square(&zz2, &a->Z);
  fe_square(&e, &e);
  fe_add(&zz2, &zz2, &zz2);
  fe_add(&h, &xx, &yy);
  fe_sub_wide(&e, &e, &h); /* 2XY; bound T + 2^53 */
  fe_sub(&g, &yy, &xx);    /* bound T + 2^52 */
  fe_sub_wide(&f, &zz2, &g); /* 2T + 2^53 < 2^53.6 */
  ge_from_efgh(r, &e, &f, &g, &h, with_t);
}

/* r = a + b or, with the second factor's halves exchanged, a - b: zz2 is 2 Z1 Z2. */
static inline void ge_add_core(ge *r, const ge *a, const fe *plus, const fe *minus, const fe *t2d, const fe *zz2,
                               bool subtract) {
  fe u, v, c, e, f, g, h;
  fe_sub(&u, &a->Y, &a->X);
  fe_add(&v, &a->Y, &a->X);
  fe_mul(&u, &u, subtract ? plus : minus);
  fe_mul(&v, &v, subtract ? minus : plus);
  fe_mul(&c, &a->T, t2d);
  fe_sub(&e, &v, &u);
  fe_add(&h, &v, &u);
  fe_sub(&f, zz2, &c); /* zz2 is tight or twice tight: below 2^53.1 */
  fe_add(&g, zz2, &c);
  if (subtract)
    ge_from_efgh(r, &e, &g, &f, &h, true);
  else
    ge_from_efgh(r, &e, &f, &g, &h, true);
}

static inline void ge_add_cached_inline(ge *r, const ge *a, const ge_cached *b, bool subtract) {
  fe zz2;
  fe_mul(&zz2, &a->Z, &b->z2);
  ge_add_core(r, a, &b->y_plus_x, &b->y_minus_x, &b->t2d, &zz2, subtract);
}

static inline void ge_add_niels_inline(ge *r, const ge *a, const ge_niels *b, bool subtract) {
  fe zz2;
  fe_add(&zz2, &a->Z, &a->Z);
  ge_add_core(r, a, &b->y_plus_x, &b->y_minus_x, &b->t2d, &zz2, subtract);
}

/* The same as calls. */
void ts_edwards25519_double(ge *r, const ge *a);
void ts_edwards25519_double_without_t(ge *r, const ge *a);
void ts_edwards25519_add_cached(ge *r, const ge *a, const ge_cached *b);
void ts_edwards25519_sub_cached(ge *r, const ge *a, const ge_cached *b);
void ts_edwards25519_add_niels(ge *r, const ge *a, const ge_niels *b);
void ts_edwards25519_sub_niels(ge *r, const ge *a, const ge_niels *b);
/* r = 2^count a, count >= 1. */
void ts_edwards25519_double_n(ge *r, const ge *a, int count);

/* Group table functions that both groups use: contracts in thresign/group.h. */
void ts_edwards25519_set_identity(ts_element *out);
void ts_edwards25519_set_generator(ts_element *out);
void ts_edwards25519_add(ts_element *out, const ts_element *a, const ts_element *b);
void ts_edwards25519_negate(ts_element *out, const ts_element *a);

#endif
