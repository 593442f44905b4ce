/* secp256k1: y^2 = x^3 + 7 (SEC 2), as the headers in weierstrass/ want a curve described. */
#ifndef THRESIGN_SECP256K1_CURVE_H
#define THRESIGN_SECP256K1_CURVE_H

#include "comb_table.h"
#include "field.h"
#include "glv.h"
#include "order.h"

#include "../weierstrass/complete_a0.h"
#include "../weierstrass/recode.h"

#define CURVE_NAME "secp256k1"
#define CURVE_ID TS_GROUP_SECP256K1
#define CURVE_A_IS_ZERO 1
#define CURVE_STREAMS 2
#define CURVE_WINDOWS 26     /* 130 bits */
#define CURVE_NAF_LENGTH 129 /* streams are below 2^128 */

static const uint64_t curve_order[4] = {ORDER_0, ORDER_1, ORDER_2, ORDER_3};
static const uint64_t curve_comb_offset[4] = {UINT64_C(0x00b685ccbf26fafb), UINT64_C(0x15448c6542dd7f11), 5, 0};

static const affine_point *curve_comb(unsigned window) {
  return (const affine_point *)(const void *)ts_secp256k1_comb[window];
}

static const affine_point *curve_generator(void) { return curve_comb(0); }

ALWAYS_INLINE void curve_third_of_slope(fe *t, const jacobian_point *p) { fe_sqr(t, &p->x); }

static inline void fe_mul_3b(fe *r, const fe *a) { /* 21a = 4 (4a + a) + a */
  fe t;
  fe_add(&t, a, a);
  fe_add(&t, &t, &t);
  fe_add(&t, &t, a);
  fe_add(&t, &t, &t);
  fe_add(&t, &t, &t);
  fe_add(r, &t, a);
}

static inline void curve_right_hand_side(fe *r, const fe *x) {
  const fe seven = {{7, 0, 0, 0}};
  fe t;
  fe_sqr(&t, x);
  fe_mul(&t, &t, x);
  fe_add(r, &t, &seven);
}

static inline void curve_endomorphism(fe *x) {
  const fe beta = {{UINT64_C(0xc1396c28719501ee), UINT64_C(0x9cf0497512f58995), UINT64_C(0x6e64479eac3434e9),
                    UINT64_C(0x7ae96a2b657c0710)}};
  fe_mul(x, x, &beta);
}

/* recode_halve for two streams: with s = (k - 1 - lambda)/2 mod q and s = s_0 + s_1 lambda, k = (2 s_0 + 1) +
 * (2 s_1 + 1) lambda, and 2 s + 1 = 2 v - (2^130 - 1) for v = s + 2^129, which is in [0, 2^130) since |s| < 2^128. */
static inline void curve_streams(uint64_t v[CURVE_STREAMS][4], const ts_scalar *k) {
  const uint64_t minus_one_minus_lambda[4] = {UINT64_C(0xe0cfc810b51283ce), UINT64_C(0xa880b9fc8ec739c2),
                                              UINT64_C(0x5ad9e3fd77ed9ba4), UINT64_C(0xac9c52b33fa3cf1f)};
  uint64_t s[4], half[2][3];
  recode_halve(s, k->limb, minus_one_minus_lambda, curve_order);
  glv_split(half, s);
  for (int i = 0; i < 2; i++) {
    v[i][0] = half[i][0];
    v[i][1] = half[i][1];
    v[i][2] = half[i][2] + 2;
    v[i][3] = 0;
    VERIFY_CHECK(v[i][2] < 4);
  }
}

static inline void curve_streams_vartime(uint64_t magnitude[CURVE_STREAMS][4], bool negative[CURVE_STREAMS],
                                         const ts_scalar *k) {
  uint64_t half[2][3];
  glv_split(half, k->limb);
  for (int i = 0; i < 2; i++) {
    negative[i] = half[i][2] != 0;
    magnitude[i][0] = negative[i] ? 0 - half[i][0] : half[i][0];
    magnitude[i][1] = negative[i] ? ~half[i][1] + (half[i][0] == 0) : half[i][1];
    magnitude[i][2] = magnitude[i][3] = 0;
  }
}

#endif
