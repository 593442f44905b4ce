/* What can be built on arithmetic in LANES lanes. Included after a header that defines, on tight elements and with
 * tight results: fv, mul, square, add, sub, set, set_constant, choose, is_zero, is_odd, load_lanes, store_lanes. Sets
 * of lanes are bits of an unsigned. Constant time if they are. */
#ifndef THRESIGN_EDWARDS25519_LANES_H
#define THRESIGN_EDWARDS25519_LANES_H

#define ALL_LANES ((1u << LANES) - 1)

static void negate_where(fv *r, unsigned where) {
  fv zero, n;
  set(&zero, 0);
  sub(&n, &zero, r);
  choose(r, where, &n);
}

static void square_n(fv *r, const fv *a, int count) {
  fv t;
  square(&t, a);
  for (int i = 1; i < count; i++) square(&t, &t);
  *r = t;
}

/* r = a^((p-5)/8), by the chain of field.c. */
static void pow_p58(fv *r, const fv *a) {
  fv a9, x5, x10, x20, x50, x100, t;
  square(&t, a);
  square_n(&x5, &t, 2);
  mul(&a9, &x5, a);
  mul(&x5, &a9, &t);
  square(&x5, &x5);
  mul(&x5, &x5, &a9);
  square_n(&t, &x5, 5);
  mul(&x10, &t, &x5);
  square_n(&t, &x10, 10);
  mul(&x20, &t, &x10);
  square_n(&t, &x20, 20);
  mul(&t, &t, &x20);
  square_n(&t, &t, 10);
  mul(&x50, &t, &x10);
  square_n(&t, &x50, 50);
  mul(&x100, &t, &x50);
  square_n(&t, &x100, 100);
  mul(&t, &t, &x100);
  square_n(&t, &t, 50);
  mul(&t, &t, &x50);
  square_n(&t, &t, 2);
  mul(r, &t, a);
}

#endif
