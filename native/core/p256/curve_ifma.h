/* What weierstrass/ifma_*.h want to know of P-256. An fe's words, loaded into an fe8, stand for 1/16 of its value. */
#ifndef THRESIGN_P256_CURVE_IFMA_H
#define THRESIGN_P256_CURVE_IFMA_H

#include "curve.h"
#include "field_ifma.h"

#include "../weierstrass/ifma_decode.h"
#include "../weierstrass/ifma_msm.h"

/* x^2 - z^4 = (x + z^2)(x - z^2) */
ALWAYS_INLINE void curve_third_of_slope8(fe8 *t, const jacobian8 *p) {
  fe8 zz, sum;
  fe8_sqr(&zz, &p->z);
  fe8_add(&sum, &p->x, &zz);
  fe8_sub(t, &p->x, &zz);
  fe8_mul(t, t, &sum);
}

/* There are no frames but 1. The lanes' inverses with one inversion (Montgomery's trick, 1987): as fe, total comes as
 * 16 times itself, and its inverse has to go back as 16 times itself: 256 times the inverse of what came. */
static void curve_frames8(fe8 *factor, fe8 *frame, const fe8 *total) {
  fe z[8], before[8], inverse;
  fe8_store(z, total);
  before[0] = z[0];
  for (int i = 1; i < 8; i++) fe_mul(&before[i], &before[i - 1], &z[i]);
  fe_invert_vartime(&inverse, &before[7]);
  for (int i = 0; i < 8; i++) fe_add(&inverse, &inverse, &inverse);
  for (int i = 7; i > 0; i--) {
    fe each;
    fe_mul(&each, &inverse, &before[i - 1]);
    fe_mul(&inverse, &inverse, &z[i]);
    z[i] = each;
  }
  z[0] = inverse;
  fe8_load(factor, z);
  fe8_set_one(frame);
}

/* The root of a/16 is 1/4 of that of a, and comes back as 16 times itself. (1/4 is a square, as the root that the
 * exponent (p+1)/4 picks has to be.) */
static void curve_roots16(fe r[IFMA_DECODE], const fe a[IFMA_DECODE]) {
  fe16 t;
  fe8_load(&t.part[0], a);
  fe8_load(&t.part[1], a + 8);
  fe16_sqrt_candidate(&t, &t);
  fe8_store(r, &t.part[0]);
  fe8_store(r + 8, &t.part[1]);
  for (int i = 0; i < IFMA_DECODE; i++) {
    fe_half(&r[i], &r[i]);
    fe_half(&r[i], &r[i]);
  }
}

#endif
