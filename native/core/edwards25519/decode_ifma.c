/* Decoding eight encodings at a time with AVX-512 IFMA, one in each lane: the mathematics is in decode.c and
 * ristretto255.c, step by step the same. Public data only. */
#include "cpu.h"
#include "decode.h"

#if HAVE_X86_64_CODE

#include "point.h"
#include "subgroup.h"

#define LANES 8
#include "ifma_field.h"

typedef fv_x8 fv;

/* Arithmetic on tight elements, with tight results. */
static inline void mul(fv *r, const fv *a, const fv *b) {
  fv_mul_x8(r, a, b);
  fv_carry_x8(r, r);
}

static inline void square(fv *r, const fv *a) {
  fv_square_x8(r, a);
  fv_carry_x8(r, r);
}

static inline void add(fv *r, const fv *a, const fv *b) {
  for (int k = 0; k < 5; k++) r->v[k] = _mm512_add_epi64(a->v[k], b->v[k]);
  fv_carry_x8(r, r);
}

/* a - b + 4p: no limb of 4p is below 2^53 - 76, none of b above. */
static inline void sub(fv *r, const fv *a, const fv *b) {
  const __m512i first = _mm512_set1_epi64((1ll << 53) - 76), others = _mm512_set1_epi64((1ll << 53) - 4);
  for (int k = 0; k < 5; k++)
    r->v[k] = _mm512_sub_epi64(_mm512_add_epi64(a->v[k], k == 0 ? first : others), b->v[k]);
  fv_carry_x8(r, r);
}

static inline void set(fv *r, uint64_t value) {
  r->v[0] = _mm512_set1_epi64((long long)value);
  for (int k = 1; k < 5; k++) r->v[k] = _mm512_setzero_si512();
}

static inline void set_constant(fv *r, const fe *a) {
  for (int k = 0; k < 5; k++) r->v[k] = _mm512_set1_epi64((long long)a->v[k]);
}

static inline void choose(fv *r, __mmask8 where, const fv *a) {
  for (int k = 0; k < 5; k++) r->v[k] = _mm512_mask_mov_epi64(r->v[k], where, a->v[k]);
}

static inline void negate_where(fv *r, __mmask8 where) {
  fv zero, n;
  set(&zero, 0);
  sub(&n, &zero, r);
  choose(r, where, &n);
}

/* The same value below 2^255, in limbs of 51 bits. The first pass leaves at most 19 * 2 too much in limb 0; if that
 * carries through to the top in the second pass, next to nothing is left below. */
static void normalise(fv *r, const fv *a) {
  const __m512i mask = _mm512_set1_epi64((1ll << 51) - 1);
  *r = *a;
  for (int pass = 0; pass < 2; pass++) {
    __m512i carry = _mm512_setzero_si512();
    for (int k = 0; k < 5; k++) {
      const __m512i t = _mm512_add_epi64(r->v[k], carry);
      carry = _mm512_srli_epi64(t, 51);
      r->v[k] = _mm512_and_si512(t, mask);
    }
    r->v[0] = _mm512_add_epi64(r->v[0], _mm512_mullo_epi64(carry, fv_nineteen_x8()));
  }
}

/* Lanes of a normalised element that hold p .. 2^255 - 1. */
static __mmask8 not_below_p(const fv *a) {
  const __m512i mask = _mm512_set1_epi64((1ll << 51) - 1);
  __mmask8 m = _mm512_cmpge_epu64_mask(a->v[0], _mm512_set1_epi64((1ll << 51) - 19));
  for (int k = 1; k < 5; k++) m = (__mmask8)(m & _mm512_cmpeq_epi64_mask(a->v[k], mask));
  return m;
}

static __mmask8 is_zero(const fv *a) {
  fv t;
  normalise(&t, a);
  const __m512i any = _mm512_or_si512(_mm512_or_si512(t.v[1], t.v[2]), _mm512_or_si512(t.v[3], t.v[4]));
  const __mmask8 zero = _mm512_testn_epi64_mask(_mm512_or_si512(any, t.v[0]), _mm512_set1_epi64(-1));
  const __mmask8 low = _mm512_cmpeq_epi64_mask(t.v[0], _mm512_set1_epi64((1ll << 51) - 19));
  return (__mmask8)(zero | (low & not_below_p(&t)));
}

static __mmask8 is_equal(const fv *a, const fv *b) {
  fv t;
  sub(&t, a, b);
  return is_zero(&t);
}

/* Lanes whose representative below p is odd; p is odd itself. */
static __mmask8 is_odd(const fv *a) {
  fv t;
  normalise(&t, a);
  return (__mmask8)(_mm512_test_epi64_mask(t.v[0], _mm512_set1_epi64(1)) ^ not_below_p(&t));
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

/* Some square root of u/v in each lane of the returned mask; see ratio.h. */
static __mmask8 sqrt_ratio(fv *root, const fv *u, const fv *v) {
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
  const __mmask8 right = is_equal(&check, u);
  add(&check, &check, u);
  const __mmask8 turned = is_zero(&check);
  set_constant(&t, &ts_edwards25519_sqrt_m1);
  mul(&t, &t, root);
  choose(root, (__mmask8)(turned & ~right), &t);
  return right | turned;
}

/* Reads count <= 8 strings; the other lanes get the first one again. The mask has the lanes whose number is below p,
 * odd the ones with bit 255 set. */
static __mmask8 read_all(fv *r, __mmask8 *bit255, const uint8_t *bytes, size_t count) {
  _Alignas(64) uint64_t limbs[5][8];
  *bit255 = 0;
  for (size_t i = 0; i < 8; i++) {
    const uint8_t *in = bytes + (i < count ? 32 * i : 0);
    fe t;
    ts_edwards25519_fe_decode(&t, in);
    for (int k = 0; k < 5; k++) limbs[k][i] = t.v[k];
    *bit255 = (__mmask8)(*bit255 | (in[31] >> 7) << i);
  }
  for (int k = 0; k < 5; k++) r->v[k] = _mm512_load_si512(limbs[k]);
  return (__mmask8)~not_below_p(r);
}

static void write_all(ts_element *out, const fv *x, const fv *y, const fv *t, size_t count) {
  _Alignas(64) uint64_t limbs[3][5][8];
  for (int k = 0; k < 5; k++) {
    _mm512_store_si512(limbs[0][k], x->v[k]);
    _mm512_store_si512(limbs[1][k], y->v[k]);
    _mm512_store_si512(limbs[2][k], t->v[k]);
  }
  for (size_t i = 0; i < count; i++) {
    ge *p = ge_of(&out[i]);
    for (int k = 0; k < 5; k++) {
      p->X.v[k] = limbs[0][k][i];
      p->Y.v[k] = limbs[1][k][i];
      p->T.v[k] = limbs[2][k][i];
    }
    fe_set(&p->Z, 1);
    fe_set_bound(&p->X, FE_TIGHT); /* every carry here is of limbs below 2^54.6 or of a product: below 2^51 + 2^11 */
    fe_set_bound(&p->Y, FE_TIGHT);
    fe_set_bound(&p->T, FE_TIGHT);
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
static __mmask8 edwards_x8(ts_element *out, const uint8_t *bytes, size_t count) {
  fv one, y, u, v, x, w, plus, minus, t, f;
  __mmask8 odd;
  __mmask8 good = read_all(&y, &odd, bytes, count);
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
  good = (__mmask8)(good & ~is_zero(&x));
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

static __mmask8 ristretto_x8(ts_element *out, const uint8_t *bytes, size_t count) {
  fv one, s, ss, u1, u2, u2u2, v, root, x, y, t;
  __mmask8 bit255;
  __mmask8 good = read_all(&s, &bit255, bytes, count);
  good = (__mmask8)(good & ~bit255 & ~is_odd(&s));
  set(&one, 1);
  square(&ss, &s);
  sub(&u1, &one, &ss);
  add(&u2, &one, &ss);
  square(&u2u2, &u2);
  square(&v, &u1);
  set_constant(&t, &ts_edwards25519_d);
  mul(&v, &v, &t);
  add(&v, &v, &u2u2);
  negate_where(&v, 0xff);
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
  good = (__mmask8)(good & ~is_odd(&t) & ~is_zero(&y) & ~is_zero(&x));
  write_all(out, &x, &y, &t, count);
  return good;
}

typedef __mmask8 decode_x8_vartime(ts_element *, const uint8_t *, size_t);

static bool decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad,
                                 decode_x8_vartime *decode) {
  for (size_t i = 0; i < count; i += 8) {
    const size_t some = count - i < 8 ? count - i : 8;
    const unsigned wrong = ~(unsigned)decode(out + i, bytes + 32 * i, some) & ((1u << some) - 1);
    if (wrong == 0) continue;
    for (size_t j = 0; j < some; j++) /* nothing that is no member of the group may stay behind */
      if ((wrong >> j & 1) != 0) ge_set_identity(ge_of(&out[i + j]));
    *bad = i + (size_t)__builtin_ctz(wrong);
    return false;
  }
  return true;
}

bool ts_edwards25519_decode_batch_ifma_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
  return decode_batch_vartime(out, bytes, count, bad, edwards_x8);
}

bool ts_ristretto255_decode_batch_ifma_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
  return decode_batch_vartime(out, bytes, count, bad, ristretto_x8);
}

#endif
