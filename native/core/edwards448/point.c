/* Point formulas; point.h holds the contract. Comments to the right give magnitudes. */
#include "point.h"

/* add-2008-hwcd (Hisil et al., eprint 2008/522 section 3.1) for a = 1, d = -39081. */
void point_add(point *r, const point *p, const point *q) {
  fe448 a, b, c, d, e, f, g, h;
  fe_add(&e, &p->x, &p->y);        /* 2 */
  fe_add(&f, &q->x, &q->y);        /* 2 */
  fe_mul(&e, &e, &f);
  fe_mul(&a, &p->x, &q->x);
  fe_mul(&b, &p->y, &q->y);
  fe_mul(&c, &p->t, &q->t);
  fe_mul_small(&c, &c, EDWARDS_MINUS_D);  /* -d T1 T2 */
  fe_mul(&d, &p->z, &q->z);
  fe_add(&h, &a, &b);              /* 2 */
  fe_sub(&e, &e, &h, 2);           /* 4 */
  fe_sub(&h, &b, &a, 1);           /* 3 */
  fe_add(&f, &d, &c);              /* 2 */
  fe_sub(&g, &d, &c, 1);           /* 3 */
  fe_mul(&r->x, &e, &f);
  fe_mul(&r->y, &g, &h);
  fe_mul(&r->z, &f, &g);
  fe_mul(&r->t, &e, &h);
}

/* What doubling and both isogenies share: e = 2 X Y, sum = X^2 + Y^2, difference = Y^2 - X^2, zz = 2 Z^2.
 * Magnitudes 4, 2, 3, 2. */
static void squares(fe448 *e, fe448 *sum, fe448 *difference, fe448 *zz, const fe448 *x, const fe448 *y,
                    const fe448 *z) {
  fe448 xx, yy;
  fe_add(e, x, y);
  fe_square(&xx, x);
  fe_square(&yy, y);
  fe_square(zz, z);
  fe_square(e, e);
  fe_add(sum, &xx, &yy);
  fe_sub(difference, &yy, &xx, 1);
  fe_add(zz, zz, zz);
  fe_sub(e, e, sum, 2);
}

/* x' = 2 x y / (y^2 - x^2), y' = (y^2 + x^2) / (2 - y^2 - x^2). */
void point_to_twisted(twisted *r, const point *a) {
  fe448 e, f, g, h;
  squares(&e, &h, &g, &f, &a->x, &a->y, &a->z);
  fe_sub(&f, &f, &h, 2);           /* 5 */
  fe_mul(&r->x, &e, &f);
  fe_mul(&r->y, &g, &h);
  fe_mul(&r->z, &f, &g);
  fe_mul(&r->t, &e, &h);
}

/* x = 2 x' y' / (y'^2 + x'^2), y = (y'^2 - x'^2) / (2 - y'^2 + x'^2). */
void twisted_to_point(point *r, const twisted *a) {
  fe448 e, f, g, h;
  squares(&e, &g, &h, &f, &a->x, &a->y, &a->z);
  fe_sub(&f, &f, &h, 3);           /* 6 */
  fe_mul(&r->x, &e, &f);
  fe_mul(&r->y, &g, &h);
  fe_mul(&r->z, &f, &g);
  fe_mul(&r->t, &e, &h);
}

void point_set_identity(point *r) {
  fe_set_small(&r->x, 0);
  fe_set_small(&r->y, 1);
  fe_set_small(&r->z, 1);
  fe_set_small(&r->t, 0);
}

void twisted_set_identity(twisted *r) {
  fe_set_small(&r->x, 0);
  fe_set_small(&r->y, 1);
  fe_set_small(&r->z, 1);
  fe_set_small(&r->t, 0);
}

/* dbl-2008-hwcd for a = -1, F and H with their signs changed, which changes all four coordinates'. */
void twisted_double(twisted *r, const twisted *a, bool with_t) {
  fe448 e, f, g, h;
  squares(&e, &h, &g, &f, &a->x, &a->y, &a->z);
  fe_sub(&f, &f, &g, 3);           /* 6 */
  fe_mul(&r->x, &e, &f);
  fe_mul(&r->y, &g, &h);
  fe_mul(&r->z, &f, &g);
  if (with_t) fe_mul(&r->t, &e, &h);
}

/* add-2008-hwcd-3 for a = -1 from A = (Y1 - X1)(Y2 - X2), B = (Y1 + X1)(Y2 + X2) and D = 2 Z1 Z2, which is in d
 * (magnitude at most 2). c is -C, because td carries -2 d' rather than 2 d'. */
FE_INLINE void add_common(twisted *r, const twisted *p, const niels *q, const fe448 *d, bool with_t) {
  fe448 a, b, c, e, f, g, h;
  fe_sub(&a, &p->y, &p->x, 1);     /* 3 */
  fe_add(&b, &p->y, &p->x);        /* 2 */
  fe_mul(&a, &a, &q->minus);
  fe_mul(&b, &b, &q->plus);
  fe_mul(&c, &p->t, &q->td);
  fe_sub(&e, &b, &a, 1);           /* 3 */
  fe_add(&h, &b, &a);              /* 2 */
  fe_add(&f, d, &c);               /* 3 */
  fe_sub(&g, d, &c, 1);            /* 4 */
  fe_mul(&r->x, &e, &f);
  fe_mul(&r->y, &g, &h);
  fe_mul(&r->z, &f, &g);
  if (with_t) fe_mul(&r->t, &e, &h);
}

void twisted_add_niels(twisted *r, const twisted *a, const niels *b, bool with_t) {
  fe448 d;
  fe_add(&d, &a->z, &a->z);
  add_common(r, a, b, &d, with_t);
}

void twisted_add_projective(twisted *r, const twisted *a, const projective_niels *b, bool with_t) {
  fe448 d;
  fe_mul(&d, &a->z, &b->z2);
  add_common(r, a, &b->n, &d, with_t);
}

void twisted_to_niels(projective_niels *r, const twisted *a) {
  fe448 minus, plus, z2;
  fe_sub(&minus, &a->y, &a->x, 1);
  fe_add(&plus, &a->y, &a->x);
  fe_add(&z2, &a->z, &a->z);
  fe_carry(&r->n.minus, &minus);
  fe_carry(&r->n.plus, &plus);
  fe_mul_small(&r->n.td, &a->t, 2 * TWISTED_MINUS_D);
  fe_carry(&r->z2, &z2);
}

/* With m = y - x and p = y + x: (2 (p - m) : 2 (p + m) : 4), so X Y / Z = (p - m)(p + m). */
void twisted_from_niels(twisted *r, const niels *a) {
  fe448 x, y;
  fe_sub(&x, &a->plus, &a->minus, 1);  /* 3 */
  fe_add(&y, &a->plus, &a->minus);     /* 2 */
  fe_mul(&r->t, &x, &y);
  fe_add(&x, &x, &x);                  /* 6 */
  fe_add(&y, &y, &y);                  /* 4 */
  fe_carry(&r->x, &x);
  fe_carry(&r->y, &y);
  fe_set_small(&r->z, 4);
}

void niels_negate_if(niels *r, uint64_t mask) {
  fe448 old = r->minus;
  fe_select(&r->minus, &r->plus, mask);
  fe_select(&r->plus, &old, mask);
  fe_select_negate(&r->td, &r->td, 1, mask);
}
