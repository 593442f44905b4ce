/* Complete addition on y^2 = x^3 + b: Renes, Costello and Batina, "Complete addition formulas for prime order elliptic
 * curves" (eprint 2015/1060), the case a = 0 (their algorithm 7). For groups of odd order it is right for every pair
 * of points, the identity and equal and opposite points included. The curve defines fe_mul_3b(r, a): r = 3b a. */
#ifndef THRESIGN_WEIERSTRASS_COMPLETE_A0_H
#define THRESIGN_WEIERSTRASS_COMPLETE_A0_H

#include "point.h"

static inline void fe_mul_3b(fe *r, const fe *a);

/* r = p + q, in 12M and two multiplications by 3b:
 *   x3 = xy (yy - 3b zz) - 3b yz xz
 *   y3 = (yy + 3b zz)(yy - 3b zz) + 9b xx xz
 *   z3 = yz (yy + 3b zz) + 3 xx xy
 * with xx = x1 x2, yy, zz, and the mixed xy = x1 y2 + x2 y1 = (x1 + y1)(x2 + y2) - xx - yy, yz, xz. */
NEVER_INLINE void projective_add(projective_point *r, const projective_point *p, const projective_point *q) {
  fe xx, yy, zz, xy, yz, xz, s, t;
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

  fe_mul_3b(&zz, &zz);
  fe_mul_3b(&xz, &xz);
  fe_add(&s, &xx, &xx);
  fe_add(&xx, &xx, &s); /* 3 xx */
  fe_add(&s, &yy, &zz);
  fe_sub(&t, &yy, &zz);

  fe_mul(&yy, &xy, &t);
  fe_mul(&zz, &yz, &xz);
  fe_sub(&r->x, &yy, &zz);
  fe_mul(&yy, &s, &t);
  fe_mul(&zz, &xx, &xz);
  fe_add(&r->y, &yy, &zz);
  fe_mul(&yy, &yz, &s);
  fe_mul(&zz, &xx, &xy);
  fe_add(&r->z, &yy, &zz);
}

#endif
