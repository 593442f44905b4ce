/* Encoding four elements of ristretto255 at a time with AVX2: encode of ristretto255.c, step by step the same.
 * Elements may be secret: constant time. */
#include "cpu.h"
#include "encode.h"

#if HAVE_X86_64_CODE

#include "avx2_lanes.h"
#include "lanes.h"
#include "point.h"

/* r = 1/sqrt(v) up to its sign, for v a square; 0 for 0. v^3 (v^7)^((p-5)/8) is that or, times sqrt(-1), becomes it. */
static void inverse_root(fv *r, const fv *v) {
  fv v3, t, one;
  square(&v3, v);
  mul(&v3, &v3, v);
  square(&t, &v3);
  mul(&t, &t, v);
  pow_p58(&t, &t);
  mul(r, &v3, &t);
  square(&t, r);
  mul(&t, &t, v);
  set(&one, 1);
  add(&t, &t, &one);
  const unsigned turned = is_zero(&t);
  set_constant(&t, &ts_edwards25519_sqrt_m1);
  mul(&t, &t, r);
  choose(r, turned, &t);
}

/* The sign of the root does not matter: it comes twice in 1/Z, and s is made even in the end. */
static void encode_lanes(fv *s, fv *x, fv *y, const fv *z, const fv *t) {
  fv u1, u2, root, den1, den2, z_inverse, ix, iy, a;
  add(&u1, z, y);
  sub(&a, z, y);
  mul(&u1, &u1, &a);
  mul(&u2, x, y);
  square(&a, &u2);
  mul(&a, &a, &u1);
  inverse_root(&root, &a);
  mul(&den1, &root, &u1);
  mul(&den2, &root, &u2);
  mul(&z_inverse, &den1, &den2);
  mul(&z_inverse, &z_inverse, t);
  set_constant(&a, &ts_edwards25519_sqrt_m1);
  mul(&ix, x, &a);
  mul(&iy, y, &a);
  mul(&a, t, &z_inverse);
  const unsigned rotate = is_odd(&a);
  set_constant(&a, &ts_ristretto255_invsqrt_a_minus_d);
  mul(&a, &a, &den1);
  choose(x, rotate, &iy);
  choose(y, rotate, &ix);
  choose(&den2, rotate, &a);
  mul(&a, x, &z_inverse);
  negate_where(y, is_odd(&a));
  sub(&a, z, y);
  mul(s, &den2, &a);
  negate_where(s, is_odd(s));
}

void ts_ristretto255_encode_batch_avx2(uint8_t *out, const ts_element *a, size_t count) {
  for (size_t start = 0; start < count; start += LANES) {
    const size_t some = count - start < LANES ? count - start : LANES;
    _Alignas(64) uint64_t limbs[4][5][LANES];
    fv x, y, z, t, s;
    for (size_t i = 0; i < LANES; i++) {
      const ge *p = ge_of_const(&a[start + (i < some ? i : 0)]);
      for (int k = 0; k < 5; k++) {
        limbs[0][k][i] = p->X.v[k];
        limbs[1][k][i] = p->Y.v[k];
        limbs[2][k][i] = p->Z.v[k];
        limbs[3][k][i] = p->T.v[k];
      }
    }
    load_lanes(&x, limbs[0]);
    load_lanes(&y, limbs[1]);
    load_lanes(&z, limbs[2]);
    load_lanes(&t, limbs[3]);
    encode_lanes(&s, &x, &y, &z, &t);
    store_lanes(limbs[0], &s);
    for (size_t i = 0; i < some; i++) {
      fe lane;
      for (int k = 0; k < 5; k++) lane.v[k] = limbs[0][k][i];
      fe_set_bound(&lane, FE_LOOSE);
      ts_edwards25519_fe_encode(out + 32 * (start + i), &lane);
    }
  }
}

#endif
