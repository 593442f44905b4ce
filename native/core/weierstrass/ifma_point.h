/* The formulas of point.h, for eight public points at a time.
 *
 * None of them looks for exceptions. That is sound because they do not go unnoticed: adding points with the same x
 * gives z = 0, additions and doublings keep z at 0 from then on, so that whoever
 * looks at the result's z knows. */
#ifndef THRESIGN_WEIERSTRASS_IFMA_POINT_H
#define THRESIGN_WEIERSTRASS_IFMA_POINT_H

#include "ifma.h"
#include "point.h"

typedef struct { fe8 x, y; } affine8;
typedef struct { fe8 x, y, z; } jacobian8;

/* The curve's: curve_third_of_slope. */
ALWAYS_INLINE void curve_third_of_slope8(fe8 *t, const jacobian8 *p);

/* r = 2p: jacobian_double. */
NEVER_INLINE void jacobian8_double(jacobian8 *r, const jacobian8 *p) {
  fe8 slope, s, b, t;
  curve_third_of_slope8(&slope, p);
  fe8_sqr(&s, &p->y);
  fe8_three_halves(&slope, &slope);
  fe8_mul(&b, &p->x, &s);
  fe8_mul(&r->z, &p->y, &p->z);
  fe8_sqr(&t, &slope);
  fe8_sqr(&s, &s);
  fe8_sub_twice(&r->x, &t, &b);
  fe8_sub(&b, &b, &r->x);
  fe8_mul(&b, &b, &slope);
  fe8_sub(&r->y, &b, &s);
}

/* r = p + q, or p - q in the lanes of minus, in the lanes of active; r stays p in the others. */
NEVER_INLINE void jacobian8_add(jacobian8 *r, const jacobian8 *p, const affine8 *q, __mmask8 minus, __mmask8 active) {
  fe8 zz, h, d, hh, hhh, v, t, u;
  jacobian8 sum;
  fe8_sqr(&zz, &p->z);
  fe8_mul(&d, &zz, &p->z);
  fe8_mul(&h, &zz, &q->x);
  fe8_mul(&d, &d, &q->y);
  fe8_sub(&h, &h, &p->x);
  fe8_sub_signed(&d, &d, &p->y, minus);
  fe8_sqr(&hh, &h);
  fe8_mul(&sum.z, &p->z, &h);
  fe8_sqr(&u, &d);
  fe8_mul(&hhh, &hh, &h);
  fe8_mul(&v, &p->x, &hh);
  fe8_mul(&t, &p->y, &hhh);
  fe8_sub_sub_twice(&sum.x, &u, &hhh, &v);
  fe8_sub(&v, &v, &sum.x);
  fe8_mul(&v, &v, &d);
  fe8_sub(&sum.y, &v, &t);
  *r = *p;
  fe8_blend(&r->x, &sum.x, active);
  fe8_blend(&r->y, &sum.y, active);
  fe8_blend(&r->z, &sum.z, active);
}

/* ---- Tables of odd multiples: eight tables at a time, each as entries of affine_point. ---- */

#define IFMA_TABLE 16
typedef struct { affine_point entry[IFMA_TABLE]; } __attribute__((aligned(64))) ifma_table;

/* Reads, for each lane, one entry: eight rows of x and y to two columns of four words. */
ALWAYS_INLINE void affine8_load(affine8 *r, const affine_point *const entry[8]) {
  __m512i m[8];
  for (int lane = 0; lane < 8; lane++) m[lane] = _mm512_loadu_si512(entry[lane]);
  fe8_transpose(m);
  fe8_from_vectors(&r->x, m);
  fe8_from_vectors(&r->y, m + 4);
}

/* Writes entry i of eight tables. Entries are words below 2^256, not brought into the field's range. */
ALWAYS_INLINE void affine8_store(ifma_table table[8], size_t i, const affine8 *a) {
  __m512i m[8];
  fe8_to_vectors(m, &a->x);
  fe8_to_vectors(m + 4, &a->y);
  fe8_transpose(m);
  for (int lane = 0; lane < 8; lane++) _mm512_storeu_si512(&table[lane].entry[i], m[lane]);
}

ALWAYS_INLINE void affine8_load_entry(affine8 *r, const ifma_table table[8], size_t i) {
  const affine_point *entry[8];
  for (int lane = 0; lane < 8; lane++) entry[lane] = &table[lane].entry[i];
  affine8_load(r, entry);
}

/* a = (x f^2, y f^3). */
ALWAYS_INLINE void affine8_scale(affine8 *a, const fe8 *square, const fe8 *cube) {
  fe8_mul(&a->x, &a->x, square);
  fe8_mul(&a->y, &a->y, cube);
}

/* odd_multiples for eight points: unscaled entries in table, their steps in step, and the z of the last one. */
static void odd_multiples8(ifma_table table[8], fe8 step[IFMA_TABLE], fe8 *z, const jacobian8 *p) {
  affine8 d, q;
  fe8 slope, s, b, t;
  curve_third_of_slope8(&slope, p);
  fe8_three_halves(&slope, &slope);
  fe8_sqr(&s, &p->y);
  fe8_mul(&b, &p->x, &s);
  fe8_mul(z, &p->y, &p->z);
  fe8_sqr(&s, &s);
  fe8_sqr(&t, &slope);
  fe8_sub_twice(&d.x, &t, &b);
  fe8_sub(&t, &b, &d.x);
  fe8_mul(&t, &t, &slope);
  fe8_sub(&d.y, &t, &s);
  q = (affine8){b, s};
  affine8_store(table, 0, &q);
#pragma GCC unroll 1 /* unrolled it would leave the instruction cache, and take four times as long */
  for (size_t i = 1; i < IFMA_TABLE; i++) {
    fe8 dx, dy, c, v;
    fe8_sub(&dx, &d.x, &q.x);
    fe8_sub(&dy, &d.y, &q.y);
    fe8_sqr(&c, &dx);
    fe8_mul(&d.x, &d.x, &c);
    fe8_mul(&v, &q.x, &c);
    fe8_sub(&t, &d.x, &v);
    fe8_mul(&d.y, &d.y, &t);
    fe8_sqr(&c, &dy);
    /* x = c - d.x - v, and then y = dy (d.x - x) - d.y */
    fe8_sub(&c, &c, &d.x);
    fe8_sub(&q.x, &c, &v);
    fe8_sub(&t, &d.x, &q.x);
    fe8_mul(&t, &t, &dy);
    fe8_sub(&q.y, &t, &d.y);
    affine8_store(table, i, &q);
    step[i] = dx;
    fe8_mul(z, z, &dx);
  }
}

/* odd_multiples_scale for eight tables. */
static void odd_multiples8_scale(ifma_table table[8], const fe8 step[IFMA_TABLE], const fe8 *f) {
  fe8 factor = *f;
#pragma GCC unroll 1
  for (size_t i = IFMA_TABLE; i-- > 0;) {
    affine8 a;
    fe8 square, cube;
    affine8_load_entry(&a, table, i);
    fe8_sqr(&square, &factor);
    fe8_mul(&cube, &square, &factor);
    affine8_scale(&a, &square, &cube);
    affine8_store(table, i, &a);
    if (i > 0) fe8_mul(&factor, &factor, &step[i]);
  }
}

/* All entries of eight tables by the same factor. */
static void tables8_scale(ifma_table table[8], const fe8 *f) {
  fe8 square, cube;
  fe8_sqr(&square, f);
  fe8_mul(&cube, &square, f);
#pragma GCC unroll 1
  for (size_t i = 0; i < IFMA_TABLE; i++) {
    affine8 a;
    affine8_load_entry(&a, table, i);
    affine8_scale(&a, &square, &cube);
    affine8_store(table, i, &a);
  }
}

#endif
