/* Decoding LANES encodings at a time, one in each lane: the mathematics is in decode.c and ristretto255.c, step by
 * step the same. The body of decode_ifma.c and decode_avx2.c, which include before what lanes.h needs. Public data
 * only: variable time. */
#include "decode.h"
#include "lanes.h"
#include "point.h"
#include "subgroup.h"

static unsigned is_equal(const fv *a, const fv *b) {
  fv t;
  sub(&t, a, b);
  return is_zero(&t);
}

/* Some square root of u/v in each lane of the returned mask; see ratio.h. */
static unsigned sqrt_ratio(fv *root, const fv *u, const fv *v) {
  fv v3, uv3, t, check;
  square(&v3, v);
  mul(&v3, &v3, v);
  mul(&uv3, &v3, u);
  mul(&t, &uv3, &v3);
  mul(&t, &t, v);
  pow_p58(&t, &t);
  mul(root, &uv3, &t);
  square(&check, root);
  mul(&check, &check, v);
  const unsigned right = is_equal(&check, u);
  add(&check, &check, u);
  const unsigned turned = is_zero(&check);
  set_constant(&t, &ts_edwards25519_sqrt_m1);
  mul(&t, &t, root);
  choose(root, turned & ~right, &t);
  return right | turned;
}

/* Reads count <= LANES strings; the other lanes get the first one again. Returns the lanes whose number is below p,
 * and in bit255 those where that bit is set. */
static unsigned read_all(fv *r, unsigned *bit255, const uint8_t *bytes, size_t count) {
  _Alignas(64) uint64_t limbs[5][LANES];
  unsigned below_p = 0;
  *bit255 = 0;
  for (size_t i = 0; i < LANES; i++) {
    const uint8_t *in = bytes + (i < count ? 32 * i : 0);
    fe t;
    ts_edwards25519_fe_decode(&t, in);
    for (int k = 0; k < 5; k++) limbs[k][i] = t.v[k];
    const bool at_end = (t.v[1] & t.v[2] & t.v[3] & t.v[4]) == FE_MASK && t.v[0] >= FE_MASK - 18;
    below_p |= (unsigned)!at_end << i;
    *bit255 |= (unsigned)(in[31] >> 7) << i;
  }
  load_lanes(r, limbs);
  return below_p;
}

static void write_all(ts_element *out, const fv *x, const fv *y, const fv *t, size_t count) {
  _Alignas(64) uint64_t limbs[3][5][LANES];
  store_lanes(limbs[0], x);
  store_lanes(limbs[1], y);
  store_lanes(limbs[2], t);
  for (size_t i = 0; i < count; i++) {
    ge *p = ge_of(&out[i]);
    fe *const all[3] = {&p->X, &p->Y, &p->T};
    for (int j = 0; j < 3; j++) {
      for (int k = 0; k < 5; k++) all[j]->v[k] = limbs[j][k][i];
      fe_set_bound(all[j], FE_LOOSE);
      fe_carry(all[j], all[j]);
    }
    fe_set(&p->Z, 1);
  }
}

/* See quartic() in decode.c. */
static void quartic(fv *f, const fv *x, const fv *y, const fv *w, const fv *D, const fv *v) {
  fv a, t, u, h, l;
  set(&a, CURVE_A);
  mul(&u, &a, D);
  set(&a, 1);
  add(&a, &a, y);
  square(&t, &a);
  add(&t, &t, &t);
  sub(&u, &u, &t);
  mul(&t, w, x);
  mul(&t, &t, v);
  set_constant(&a, &subgroup_2c);
  mul(&t, &t, &a);
  sub(&u, &u, &t);
  set(&a, CURVE_A + 2);
  mul(&t, &a, D);
  sub(&h, &u, &t);
  mul(&l, w, &u);
  add(&l, &l, &l);
  set_constant(&a, &subgroup_s_plus_2);
  mul(&t, &a, &h);
  sub(&l, &l, &t);
  mul(&t, &h, D);
  mul(f, &l, &t);
  square(f, f);
  mul(f, f, &t);
}

/* The mask has the lanes that hold points of order L. */
static unsigned edwards_lanes(ts_element *out, const uint8_t *bytes, size_t count) {
  fv one, y, u, v, x, w, plus, minus, t, f;
  unsigned odd;
  unsigned good = read_all(&y, &odd, bytes, count);
  set(&one, 1);
  square(&u, &y);
  set_constant(&v, &ts_edwards25519_d);
  mul(&v, &v, &u);
  add(&v, &v, &one);
  sub(&u, &u, &one);
  add(&plus, &one, &y);
  sub(&minus, &one, &y);
  good &= sqrt_ratio(&x, &u, &v);
  good &= sqrt_ratio(&w, &plus, &minus);
  good &= ~is_zero(&x);
  negate_where(&x, is_odd(&x) ^ odd);
  quartic(&f, &x, &y, &w, &u, &v);
  pow_p58(&t, &f);
  square(&t, &t);
  mul(&t, &t, &f);
  good &= is_equal(&t, &one);
  mul(&t, &x, &y);
  write_all(out, &x, &y, &t, count);
  return good;
}

static unsigned ristretto_lanes(ts_element *out, const uint8_t *bytes, size_t count) {
  fv one, s, ss, u1, u2, u2u2, v, root, x, y, t;
  unsigned bit255;
  unsigned good = read_all(&s, &bit255, bytes, count);
  good &= ~bit255 & ~is_odd(&s);
  set(&one, 1);
  square(&ss, &s);
  sub(&u1, &one, &ss);
  add(&u2, &one, &ss);
  square(&u2u2, &u2);
  square(&v, &u1);
  set_constant(&t, &ts_edwards25519_d);
  mul(&v, &v, &t);
  add(&v, &v, &u2u2);
  negate_where(&v, ALL_LANES);
  mul(&t, &u2u2, &v);
  good &= sqrt_ratio(&root, &one, &t);
  mul(&x, &root, &u2);
  mul(&y, &root, &x);
  mul(&y, &y, &v);
  mul(&x, &x, &s);
  add(&x, &x, &x);
  negate_where(&x, is_odd(&x));
  mul(&y, &y, &u1);
  mul(&t, &x, &y);
  good &= ~is_odd(&t) & ~is_zero(&y) & ~is_zero(&x);
  write_all(out, &x, &y, &t, count);
  return good;
}

typedef unsigned decode_lanes_vartime(ts_element *, const uint8_t *, size_t);

static bool decode_all_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad,
                               decode_lanes_vartime *decode) {
  for (size_t i = 0; i < count; i += LANES) {
    const size_t some = count - i < LANES ? count - i : LANES;
    const unsigned wrong = ~decode(out + i, bytes + 32 * i, some) & ((1u << some) - 1);
    if (wrong == 0) continue;
    for (size_t j = 0; j < some; j++) /* nothing that is no member of the group may stay behind */
      if ((wrong >> j & 1) != 0) ge_set_identity(ge_of(&out[i + j]));
    *bad = i + (size_t)__builtin_ctz(wrong);
    return false;
  }
  return true;
}
