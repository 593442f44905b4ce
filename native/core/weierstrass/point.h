/* Points of y^2 = x^3 + a x + b over any field.h, in the three coordinate systems that this code uses.
 *
 * Projective points (x/z, y/z) are what a ts_element holds: their additions (complete_a0.h, complete_a3.h) have no
 * exceptions. Jacobian points (x/z^2, y/z^3) double and add faster, but their addition does not work for every pair:
 * each use in constant-time code comes with a proof that the exceptions cannot be met, and _vartime functions branch.
 *
 * The group has prime order, so that no point has y = 0, and only the identity doubles to the identity.
 *
 * Jacobian formulas depend on the curve through a alone. For a = 0 they hold on every curve y^2 = x^3 + b', so a point
 * (x, y) may be written down as (x', y') = (x f^2, y f^3) on the curve with b' = b f^6, and the common factor f (the
 * frame) put right in the end, by multiplying it into z. */
#ifndef THRESIGN_WEIERSTRASS_POINT_H
#define THRESIGN_WEIERSTRASS_POINT_H

#include <string.h>

#include "field.h"
#include "thresign/group.h"

typedef struct { fe x, y; } affine_point;        /* never the identity */
typedef struct { fe x, y, z; } jacobian_point;   /* the identity has z = 0 and y not 0 */
typedef struct { fe x, y, z; } projective_point; /* the identity is (0, y, 0), y not 0 */

/* The curve's: t with 3t = 3x^2 + a z^4, which is the slope of the tangent times 2y z. */
ALWAYS_INLINE void curve_third_of_slope(fe *t, const jacobian_point *p);
/* The curve's complete addition: r = p + q for any p and q. */
NEVER_INLINE void projective_add(projective_point *r, const projective_point *p, const projective_point *q);

static inline void element_load(projective_point *r, const ts_element *a) {
  memcpy(r, a->limb, sizeof *r);
  fe_check(&r->x), fe_check(&r->y), fe_check(&r->z);
}

static inline void element_store(ts_element *r, const projective_point *a) {
  memcpy(r->limb, a, sizeof *a);
  memset(r->limb + sizeof *a / sizeof r->limb[0], 0, sizeof *r - sizeof *a);
}

static inline void projective_set_identity(projective_point *r) {
  fe_set_zero(&r->x);
  fe_set_one(&r->y);
  fe_set_zero(&r->z);
}

static inline void projective_cmov(projective_point *r, const projective_point *a, uint64_t mask) {
  fe_cmov(&r->x, &a->x, mask);
  fe_cmov(&r->y, &a->y, mask);
  fe_cmov(&r->z, &a->z, mask);
}

static inline void jacobian_set_identity(jacobian_point *r) {
  fe_set_one(&r->x);
  fe_set_one(&r->y);
  fe_set_zero(&r->z);
}

static inline void jacobian_from_affine(jacobian_point *r, const affine_point *a) {
  r->x = a->x;
  r->y = a->y;
  fe_set_one(&r->z);
}

/* Precondition: a is not the identity. */
NEVER_INLINE void jacobian_from_projective(jacobian_point *r, const projective_point *a) {
  fe zz;
  fe_sqr(&zz, &a->z);
  fe_mul(&r->x, &a->x, &a->z);
  fe_mul(&r->y, &a->y, &zz);
  r->z = a->z;
}

/* For any a, since y is not 0 in any form of the identity. */
NEVER_INLINE void projective_from_jacobian(projective_point *r, const jacobian_point *a) {
  fe zz;
  fe_sqr(&zz, &a->z);
  fe_mul(&r->x, &a->x, &a->z);
  r->y = a->y;
  fe_mul(&r->z, &zz, &a->z);
}

/* The order of independent steps here and in the additions is one of the faster ones of many that were tried: it puts
 * what does not wait for each other side by side. */

/* r = 2p for any p, in 3M + 4S (a = 0) or 4M + 4S (a = -3).
 * With slope = 3t/2, s = y^2 and b = x s, the usual doubling divided through by its factor 2 in z:
 * (slope^2 - 2b, slope (b - x3) - s^2, y z). */
NEVER_INLINE void jacobian_double(jacobian_point *r, const jacobian_point *p) {
  fe slope, s, b, t;
  curve_third_of_slope(&slope, p);
  fe_sqr(&s, &p->y);
  fe_half(&t, &slope);
  fe_add(&slope, &slope, &t);
  fe_mul(&b, &p->x, &s);
  fe_sqr(&t, &slope);
  fe_sqr(&s, &s);
  fe_sub(&t, &t, &b);
  fe_sub(&r->x, &t, &b);
  fe_mul(&r->z, &p->y, &p->z);
  fe_sub(&b, &b, &r->x);
  fe_mul(&b, &b, &slope);
  fe_sub(&r->y, &b, &s);
}

/* With h = (x2 - x1) and d = (y2 - y1) over the common denominator, r = p + q from p's own x1 and y1 over it (which
 * are p's own x and y when q is affine), and r's z = z3 h:
 * (d^2 - h^3 - 2 x1 h^2, d (x1 h^2 - x3) - y1 h^3, z3 h). */
ALWAYS_INLINE void jacobian_add_finish(jacobian_point *r, const fe *x1, const fe *y1, const fe *z3, const fe *h,
                                       const fe *d) {
  fe hh, hhh, v, t, u;
  fe_sqr(&u, d);
  fe_sqr(&hh, h);
  fe_mul(&r->z, z3, h);
  fe_mul(&hhh, &hh, h);
  fe_sub(&u, &u, &hhh);
  fe_mul(&v, x1, &hh);
  fe_mul(&t, y1, &hhh);
  fe_sub(&u, &u, &v);
  fe_sub(&r->x, &u, &v);
  fe_sub(&v, &v, &r->x);
  fe_mul(&v, &v, d);
  fe_sub(&r->y, &v, &t);
}

/* The differences h and d for an affine q. */
ALWAYS_INLINE void jacobian_add_affine_begin(fe *h, fe *d, const jacobian_point *p, const affine_point *q) {
  fe zz;
  fe_sqr(&zz, &p->z);
  fe_mul(d, &zz, &p->z);
  fe_mul(h, &zz, &q->x);
  fe_sub(h, h, &p->x);
  fe_mul(d, d, &q->y);
  fe_sub(d, d, &p->y);
}

/* r = p + q, in 8M + 3S. Precondition: p is not the identity, and p is neither q nor -q. */
NEVER_INLINE void jacobian_add_affine(jacobian_point *r, const jacobian_point *p, const affine_point *q) {
  fe h, d;
  jacobian_add_affine_begin(&h, &d, p, q);
  VERIFY_CHECK(fe_mask_if_zero(&h) == 0);
  VERIFY_CHECK(fe_mask_if_zero(&p->z) == 0);
  jacobian_add_finish(r, &p->x, &p->y, &p->z, &h, &d);
}

/* The sum for points with the same x: 2p, or the identity. */
static inline void jacobian_add_same_x_vartime(jacobian_point *r, const jacobian_point *p, const fe *d) {
  if (fe_mask_if_zero(d) != 0)
    jacobian_double(r, p);
  else
    jacobian_set_identity(r);
}

/* r = p + q for any p. */
NEVER_INLINE void jacobian_add_affine_vartime(jacobian_point *r, const jacobian_point *p, const affine_point *q) {
  fe h, d;
  if (fe_mask_if_zero(&p->z) != 0) {
    jacobian_from_affine(r, q);
    return;
  }
  jacobian_add_affine_begin(&h, &d, p, q);
  if (fe_mask_if_zero(&h) != 0)
    jacobian_add_same_x_vartime(r, p, &d);
  else
    jacobian_add_finish(r, &p->x, &p->y, &p->z, &h, &d);
}

/* r = p + q for any p and q, in 12M + 4S. */
NEVER_INLINE void jacobian_add_vartime(jacobian_point *r, const jacobian_point *p, const jacobian_point *q) {
  fe zz1, zz2, x1, y1, z, h, d;
  if (fe_mask_if_zero(&p->z) != 0) {
    *r = *q;
    return;
  }
  if (fe_mask_if_zero(&q->z) != 0) {
    *r = *p;
    return;
  }
  fe_sqr(&zz1, &p->z);
  fe_sqr(&zz2, &q->z);
  fe_mul(&x1, &p->x, &zz2);
  fe_mul(&h, &q->x, &zz1);
  fe_mul(&zz1, &zz1, &p->z);
  fe_mul(&zz2, &zz2, &q->z);
  fe_mul(&y1, &p->y, &zz2);
  fe_mul(&d, &q->y, &zz1);
  fe_mul(&z, &p->z, &q->z);
  fe_sub(&h, &h, &x1);
  fe_sub(&d, &d, &y1);
  if (fe_mask_if_zero(&h) != 0)
    jacobian_add_same_x_vartime(r, p, &d);
  else
    jacobian_add_finish(r, &x1, &y1, &z, &h, &d);
}

/* Puts P, 3P, 5P, ... (2n-1)P into table, (x, y) each over a denominator z_i of its own: table[i] stands for
 * (x/z_i^2, y/z_i^3). step[i] = z_i/z_(i-1) for i >= 1, and *z = z_(n-1).
 *
 * Additions of points that share their z (Meloni, "New point addition formulae for ECC applications", 2007): from
 * D = 2P and Q over z, D + Q and D come out over z (xD - xQ), in 4M + 2S besides z's own. They are right as long as
 * xD and xQ differ, so for all n < q/4 when P is not the identity. Constant time. */
NEVER_INLINE void odd_multiples(affine_point *table, fe *step, fe *z, const jacobian_point *p, size_t n) {
  affine_point d;
  fe slope, s, b, t;
  /* jacobian_double, and P over the z of 2P: (x s, y s y) over y z. */
  curve_third_of_slope(&slope, p);
  fe_half(&t, &slope);
  fe_add(&slope, &slope, &t);
  fe_sqr(&s, &p->y);
  fe_mul(&b, &p->x, &s);
  fe_mul(z, &p->y, &p->z);
  fe_sqr(&s, &s);
  fe_sqr(&d.x, &slope);
  fe_sub(&d.x, &d.x, &b);
  fe_sub(&d.x, &d.x, &b);
  fe_sub(&t, &b, &d.x);
  fe_mul(&t, &t, &slope);
  fe_sub(&d.y, &t, &s);
  table[0] = (affine_point){b, s};
  fe_set_one(&step[0]);
  for (size_t i = 1; i < n; i++) {
    const affine_point *q = &table[i - 1];
    fe dx, dy, c, v;
    fe_sub(&dx, &d.x, &q->x);
    fe_sub(&dy, &d.y, &q->y);
    VERIFY_CHECK(fe_mask_if_zero(&dx) == 0);
    fe_sqr(&c, &dx);
    fe_mul(&d.x, &d.x, &c);
    fe_mul(&v, &q->x, &c);
    fe_sub(&t, &d.x, &v);
    fe_mul(&d.y, &d.y, &t);
    fe_sqr(&c, &dy);
    fe_sub(&c, &c, &d.x);
    fe_sub(&table[i].x, &c, &v);
    fe_sub(&t, &d.x, &table[i].x);
    fe_mul(&t, &t, &dy);
    fe_sub(&table[i].y, &t, &d.y);
    step[i] = dx;
    fe_mul(z, z, &dx);
  }
}

/* Brings such a table onto one frame: table[i] becomes (x f_i^2, y f_i^3) with f_i = f z_(n-1)/z_i. For f = 1 the
 * frame is z_(n-1); for f = 1/z_(n-1) the points are truly affine. Constant time. */
NEVER_INLINE void odd_multiples_scale(affine_point *table, const fe *step, const fe *f, size_t n) {
  fe factor = *f, square;
  for (size_t i = n; i-- > 0;) {
    fe_sqr(&square, &factor);
    fe_mul(&table[i].x, &table[i].x, &square);
    fe_mul(&square, &square, &factor);
    fe_mul(&table[i].y, &table[i].y, &square);
    if (i > 0) fe_mul(&factor, &factor, &step[i]);
  }
}

#endif
