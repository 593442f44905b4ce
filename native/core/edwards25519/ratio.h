/* Square roots of fractions on public data, cut in two around the long power so that several can run side by side:
 * begin, power = base^((p-5)/8) by any means, end. See fe_sqrt_ratio in field.h for the constant-time whole. */
#ifndef THRESIGN_EDWARDS25519_RATIO_H
#define THRESIGN_EDWARDS25519_RATIO_H

#include "field.h"

typedef struct { fe u, v, uv3, base, power; } ts_edwards25519_ratio;

/* u and v tight. */
static inline void ts_edwards25519_ratio_begin(ts_edwards25519_ratio *r, const fe *u, const fe *v) {
  fe v3;
  r->u = *u;
  r->v = *v;
  fe_square(&v3, v);
  fe_mul(&v3, &v3, v);
  fe_mul(&r->uv3, &v3, u);
  fe_mul(&r->base, &r->uv3, &v3);
  fe_mul(&r->base, &r->base, v); /* u v^7 */
}

/* root = some square root of u/v, true; false if there is none. For v = 0, root = 0; true then only if u = 0. */
static inline bool ts_edwards25519_ratio_end_vartime(fe *root, const ts_edwards25519_ratio *r) {
  fe check, sum;
  fe_mul(root, &r->uv3, &r->power);
  fe_square(&check, root);
  fe_mul(&check, &check, &r->v); /* u or -u if u/v is a square */
  if (ts_edwards25519_fe_equal_mask(&check, &r->u) != 0) return true;
  fe_add(&sum, &check, &r->u);
  if (ts_edwards25519_fe_zero_mask(&sum) == 0) return false;
  fe_mul(root, root, &ts_edwards25519_sqrt_m1);
  return true;
}

#endif
