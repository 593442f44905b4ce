/* Complete addition on y^2 = x^3 - 3x + b: Renes, Costello and Batina, "Complete addition formulas for prime order
 * elliptic curves" (eprint 2015/1060), the case a = -3 (their algorithm 4). For groups of odd order it is right for
 * every pair of points, the identity and equal and opposite points included. The curve defines curve_b. */
#ifndef THRESIGN_WEIERSTRASS_COMPLETE_A3_H
#define THRESIGN_WEIERSTRASS_COMPLETE_A3_H

#include "point.h"

static const fe curve_b;

/* r = 3a. r is not a. */
static inline void fe_triple(fe *r, const fe *a) {
  fe_add(r, a, a);
  fe_add(r, r, a);
}

/* r = p + q, in 12M and two multiplications by b:
 *   x3 = xy (yy - u) - yz v
 *   y3 = w v + (yy + u)(yy - u)
 *   z3 = yz (yy + u) + xy w
 * with xx = x1 x2, yy, zz, and the mixed xy = x1 y2 + x2 y1 = (x1 + y1)(x2 + y2) - xx - yy, yz, xz, and
 * u = 3 (b zz - xz), v = 3 (b xz - xx - 3 zz), w = 3 (xx - zz). */
NEVER_INLINE void projective_add(projective_point *r, const projective_point *p, const projective_point *q) {
  fe xx, yy, zz, xy, yz, xz, u, v, w, s, t;
  fe_mul(&xx, &p->x, &q->x);
  fe_mul(&yy, &p->y, &q->y);
  fe_mul(&zz, &p->z, &q->z);
  fe_add(&s, &p->x, &p->y);
  fe_add(&t, &q->x, &q->y);
  fe_mul(&xy, &s, &t);
  fe_sub(&xy, &xy, &xx);
  fe_sub(&xy, &xy, &yy);
  fe_add(&s, &p->y, &p->z);
  fe_add(&t, &q->y, &q->z);
  fe_mul(&yz, &s, &t);
  fe_sub(&yz, &yz, &yy);
  fe_sub(&yz, &yz, &zz);
  fe_add(&s, &p->x, &p->z);
  fe_add(&t, &q->x, &q->z);
  fe_mul(&xz, &s, &t);
  fe_sub(&xz, &xz, &xx);
  fe_sub(&xz, &xz, &zz);

  fe_mul(&s, &curve_b, &zz);
  fe_sub(&s, &s, &xz);
  fe_triple(&u, &s);
  fe_mul(&s, &curve_b, &xz);
  fe_sub(&s, &s, &xx);
  fe_triple(&t, &zz);
  fe_sub(&s, &s, &t);
  fe_triple(&v, &s);
  fe_sub(&s, &xx, &zz);
  fe_triple(&w, &s);
  fe_add(&s, &yy, &u);
  fe_sub(&t, &yy, &u);

  fe_mul(&xx, &xy, &t);
  fe_mul(&zz, &yz, &v);
  fe_sub(&r->x, &xx, &zz);
  fe_mul(&xx, &w, &v);
  fe_mul(&zz, &s, &t);
  fe_add(&r->y, &xx, &zz);
  fe_mul(&xx, &yz, &s);
  fe_mul(&zz, &xy, &w);
  fe_add(&r->z, &xx, &zz);
}

#endif
