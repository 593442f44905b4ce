/* P-256: y^2 = x^3 - 3x + b (SP 800-186), as the headers in weierstrass/ want a curve described. */
#ifndef THRESIGN_P256_CURVE_H
#define THRESIGN_P256_CURVE_H

#include "comb_table.h"
#include "field.h"
#include "order.h"

#include "../weierstrass/complete_a3.h"
#include "../weierstrass/recode.h"

#define CURVE_NAME "P-256"
#define CURVE_ID TS_GROUP_P256
#define CURVE_A_IS_ZERO 0
#define CURVE_STREAMS 1
#define CURVE_WINDOWS 52     /* 260 bits */
#define CURVE_NAF_LENGTH 257 /* scalars are below 2^256 */

static const uint64_t curve_order[4] = {ORDER_0, ORDER_1, ORDER_2, ORDER_3};
static const uint64_t curve_comb_offset[4] = {UINT64_C(0x3118d4f40e736abb), UINT64_C(0x0c64154963a185ec), 1,
                                              UINT64_C(0x00000003fffffffc)};

/* 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b in Montgomery form. */
static const fe curve_b = {{UINT64_C(0xd89cdf6229c4bddf), UINT64_C(0xacf005cd78843090), UINT64_C(0xe5a220abf7212ed6),
                            UINT64_C(0xdc30061d04874834)}};

static const affine_point *curve_comb(unsigned window) {
  return (const affine_point *)(const void *)ts_p256_comb[window];
}

static const affine_point *curve_generator(void) { return curve_comb(0); }

/* x^2 - z^4 = (x + z^2)(x - z^2) */
ALWAYS_INLINE void curve_third_of_slope(fe *t, const jacobian_point *p) {
  fe zz, sum;
  fe_sqr(&zz, &p->z);
  fe_add(&sum, &p->x, &zz);
  fe_sub(t, &p->x, &zz);
  fe_mul(t, t, &sum);
}

static inline void curve_right_hand_side(fe *r, const fe *x) {
  fe t, triple;
  fe_triple(&triple, x);
  fe_sqr(&t, x);
  fe_mul(&t, &t, x);
  fe_sub(&t, &t, &triple);
  fe_add(r, &t, &curve_b);
}

static inline void curve_endomorphism(fe *x) { (void)x; } /* with one stream, never called for */

static inline void curve_streams(uint64_t v[CURVE_STREAMS][4], const ts_scalar *k) {
  const uint64_t offset[4] = {UINT64_C(0xc46353d039cdaaef), UINT64_C(0x319055258e8617b0), 4,
                              UINT64_C(0x0000000ffffffff0)}; /* 2^260 - 1 mod q */
  recode_halve(v[0], k->limb, offset, curve_order);
}

static inline void curve_streams_vartime(uint64_t magnitude[CURVE_STREAMS][4], bool negative[CURVE_STREAMS],
                                         const ts_scalar *k) {
  for (int i = 0; i < 4; i++) magnitude[0][i] = k->limb[i];
  negative[0] = false;
}

#endif
