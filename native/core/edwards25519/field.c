#include "field.h"

#include <stddef.h>

#include "modinv.h"

const fe ts_edwards25519_sqrt_m1 =
    FE_CONST(0x61b274a0ea0b0, 0x0d5a5fc8f189d, 0x7ef5e9cbd0c60, 0x78595a6804c9e, 0x2b8324804fc1d);

static uint64_t load64(const uint8_t *in) {
  uint64_t x = 0;
  for (int i = 7; i >= 0; i--) x = x << 8 | in[i];
  return x;
}

static void store64(uint8_t *out, uint64_t x) {
  for (int i = 0; i < 8; i++) out[i] = (uint8_t)(x >> (8 * i));
}

/* Four 64-bit words below 2^255 to limbs. */
static void fe_from_words(fe *r, const uint64_t w[4]) {
  r->v[0] = w[0] & FE_MASK;
  r->v[1] = (w[0] >> 51 | w[1] << 13) & FE_MASK;
  r->v[2] = (w[1] >> 38 | w[2] << 26) & FE_MASK;
  r->v[3] = (w[2] >> 25 | w[3] << 39) & FE_MASK;
  r->v[4] = (w[3] >> 12) & FE_MASK;
  fe_set_bound(r, FE_TIGHT);
}

/* The representative below p as four words. */
static void fe_to_words(uint64_t w[4], const fe *a) {
  fe t;
  fe_carry(&t, a);
  /* t < 2^255 + 2^219 < 2p. t + 19 has bit 255 set exactly if t >= p: that carry is the quotient to take off. */
  uint64_t q = (t.v[0] + 19) >> 51;
  for (int i = 1; i < 5; i++) q = (t.v[i] + q) >> 51;
  t.v[0] += 19 * q;
  for (int i = 0; i < 4; i++) {
    t.v[i + 1] += t.v[i] >> 51;
    t.v[i] &= FE_MASK;
  }
  t.v[4] &= FE_MASK;
  w[0] = t.v[0] | t.v[1] << 51;
  w[1] = t.v[1] >> 13 | t.v[2] << 38;
  w[2] = t.v[2] >> 26 | t.v[3] << 25;
  w[3] = t.v[3] >> 39 | t.v[4] << 12;
}

void ts_edwards25519_fe_decode(fe *r, const uint8_t bytes[32]) {
  uint64_t w[4];
  for (int i = 0; i < 4; i++) w[i] = load64(bytes + 8 * i);
  w[3] &= UINT64_MAX >> 1;
  fe_from_words(r, w);
}

void ts_edwards25519_fe_encode(uint8_t bytes[32], const fe *a) {
  uint64_t w[4];
  fe_to_words(w, a);
  for (int i = 0; i < 4; i++) store64(bytes + 8 * i, w[i]);
}

/* All ones for zero. */
static uint64_t mask_if_zero(uint64_t x) { return fe_barrier((uint64_t)(((fe_u128)x + UINT64_MAX) >> 64) - 1); }

uint64_t ts_edwards25519_fe_zero_mask(const fe *a) {
  uint64_t w[4];
  fe_to_words(w, a);
  return mask_if_zero(w[0] | w[1] | w[2] | w[3]);
}

uint64_t ts_edwards25519_fe_equal_mask(const fe *a, const fe *b) {
  fe difference;
  fe_sub(&difference, a, b);
  return ts_edwards25519_fe_zero_mask(&difference);
}

uint64_t ts_edwards25519_fe_odd_mask(const fe *a) {
  uint64_t w[4];
  fe_to_words(w, a);
  return fe_barrier(0 - (w[0] & 1));
}

void ts_edwards25519_fe_square_n(fe *r, const fe *a, int count) {
  fe t;
  fe_square(&t, a);
  for (int i = 1; i < count; i++) fe_square(&t, &t);
  *r = t;
}

/* a^(2^250 - 1) from a by a chain of 249 squarings and 11 multiplications; x[k] below is a^(2^k - 1). */
static void fe_pow_250(fe *r, const fe *a) {
  fe a9, x5, x10, x20, x50, x100, t;
  ts_edwards25519_fe_square_n(&t, a, 1); /* a^2 */
  ts_edwards25519_fe_square_n(&x5, &t, 2);
  fe_mul(&a9, &x5, a);
  fe_mul(&x5, &a9, &t); /* a^11 */
  fe_square(&x5, &x5);
  fe_mul(&x5, &x5, &a9); /* 22 + 9 = 31 */
  ts_edwards25519_fe_square_n(&t, &x5, 5);
  fe_mul(&x10, &t, &x5);
  ts_edwards25519_fe_square_n(&t, &x10, 10);
  fe_mul(&x20, &t, &x10);
  ts_edwards25519_fe_square_n(&t, &x20, 20);
  fe_mul(&t, &t, &x20);
  ts_edwards25519_fe_square_n(&t, &t, 10);
  fe_mul(&x50, &t, &x10);
  ts_edwards25519_fe_square_n(&t, &x50, 50);
  fe_mul(&x100, &t, &x50);
  ts_edwards25519_fe_square_n(&t, &x100, 100);
  fe_mul(&t, &t, &x100);
  ts_edwards25519_fe_square_n(&t, &t, 50);
  fe_mul(r, &t, &x50);
}

void ts_edwards25519_fe_pow_p58(fe *r, const fe *a) {
  fe t;
  fe_pow_250(&t, a);
  ts_edwards25519_fe_square_n(&t, &t, 2);
  fe_mul(r, &t, a); /* 4 (2^250 - 1) + 1 = 2^252 - 3 */
}

static void square_n_pair(fe r[2], const fe a[2], int count) {
  fe s, t;
  fe_square(&s, &a[0]);
  fe_square(&t, &a[1]);
  for (int i = 1; i < count; i++) {
    fe_square(&s, &s);
    fe_square(&t, &t);
  }
  r[0] = s;
  r[1] = t;
}

static void mul_pair(fe r[2], const fe a[2], const fe b[2]) {
  fe_mul(&r[0], &a[0], &b[0]);
  fe_mul(&r[1], &a[1], &b[1]);
}

void ts_edwards25519_fe_pow_p58_pair(fe *r, fe *s, const fe *a, const fe *b) {
  const fe in[2] = {*a, *b};
  fe a9[2], x5[2], x10[2], x20[2], x50[2], x100[2], t[2];
  square_n_pair(t, in, 1);
  square_n_pair(x5, t, 2);
  mul_pair(a9, x5, in);
  mul_pair(x5, a9, t);
  square_n_pair(x5, x5, 1);
  mul_pair(x5, x5, a9);
  square_n_pair(t, x5, 5);
  mul_pair(x10, t, x5);
  square_n_pair(t, x10, 10);
  mul_pair(x20, t, x10);
  square_n_pair(t, x20, 20);
  mul_pair(t, t, x20);
  square_n_pair(t, t, 10);
  mul_pair(x50, t, x10);
  square_n_pair(t, x50, 50);
  mul_pair(x100, t, x50);
  square_n_pair(t, x100, 100);
  mul_pair(t, t, x100);
  square_n_pair(t, t, 50);
  mul_pair(t, t, x50);
  square_n_pair(t, t, 2);
  mul_pair(t, t, in);
  *r = t[0];
  *s = t[1];
}

static void fe_to_signed62(ts_edwards25519_signed62 *r, const fe *a) {
  uint64_t w[4];
  fe_to_words(w, a);
  ts_edwards25519_signed62_from_words(r, w);
}

void ts_edwards25519_fe_invert(fe *r, const fe *a) {
  ts_edwards25519_signed62 x;
  uint64_t w[4];
  fe_to_signed62(&x, a);
  ts_edwards25519_modinv(&x, &ts_edwards25519_modulus_p);
  ts_edwards25519_signed62_to_words(w, &x);
  fe_from_words(r, w);
}

void ts_edwards25519_fe_invert_vartime(fe *r, const fe *a) {
  ts_edwards25519_signed62 x;
  uint64_t w[4];
  fe_to_signed62(&x, a);
  ts_edwards25519_modinv_vartime(&x, &ts_edwards25519_modulus_p);
  ts_edwards25519_signed62_to_words(w, &x);
  fe_from_words(r, w);
}

/* RFC 9496, 4.2. r = u v^3 (u v^7)^((p-5)/8) has v r^2 one of u, -u, i u, -i u with i^2 = -1 (p = 5 mod 8). */
uint64_t ts_edwards25519_fe_sqrt_ratio(fe *out, const fe *u, const fe *v) {
  fe v3, r, check, t, minus_u;
  fe_square(&v3, v);
  fe_mul(&v3, &v3, v);
  fe_square(&t, &v3);
  fe_mul(&t, &t, v);
  fe_mul(&t, &t, u); /* u v^7 */
  ts_edwards25519_fe_pow_p58(&t, &t);
  fe_mul(&r, &v3, u);
  fe_mul(&r, &r, &t);
  fe_square(&check, &r);
  fe_mul(&check, &check, v);
  fe_carry(&t, u);
  fe_negate(&minus_u, &t);
  const uint64_t correct = ts_edwards25519_fe_equal_mask(&check, &t);
  const uint64_t flipped = ts_edwards25519_fe_equal_mask(&check, &minus_u);
  fe_mul(&t, &minus_u, &ts_edwards25519_sqrt_m1);
  const uint64_t flipped_i = ts_edwards25519_fe_equal_mask(&check, &t);
  fe_mul(&t, &r, &ts_edwards25519_sqrt_m1);
  fe_cmov(&r, &t, flipped | flipped_i);
  fe_cnegate(&r, ts_edwards25519_fe_odd_mask(&r));
  *out = r;
  return fe_barrier(correct | flipped);
}
