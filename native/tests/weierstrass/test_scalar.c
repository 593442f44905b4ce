/* Scalars of secp256k1 and P-256: encodings at the edges, and the laws of a field. test_openssl.c compares with
 * OpenSSL's integers. */
#include "curves.h"

static const ts_group *g;

static void edges(void) {
  uint8_t order[32], bytes[32], back[32];
  ts_scalar k, minus_one, zero, one;
  CHECK(g->scalar_bytes == 32);
  CHECK(from_hex(order, 32, CURVE_ORDER));
  g->scalar_set_u64(&zero, 0);
  g->scalar_set_u64(&one, 1);
  CHECK(g->scalar_is_zero(&zero) && !g->scalar_is_zero(&one));

  memset(&k, 0xff, sizeof k);
  CHECK(!g->scalar_decode(&k, order));
  CHECK(memcmp(&k, &zero, sizeof k) == 0);
  memset(bytes, 0xff, 32);
  CHECK(!g->scalar_decode(&k, bytes));
  memcpy(bytes, order, 32);
  bytes[31]++;
  CHECK(!g->scalar_decode(&k, bytes));
  bytes[31] = (uint8_t)(bytes[31] - 2);
  CHECK(g->scalar_decode(&minus_one, bytes));
  g->scalar_encode(back, &minus_one);
  CHECK(memcmp(back, bytes, 32) == 0);
  g->scalar_negate(&k, &one);
  CHECK(g->scalar_equal(&k, &minus_one));
  g->scalar_add(&k, &minus_one, &one);
  CHECK(g->scalar_is_zero(&k));
  memset(bytes, 0, 32);
  CHECK(g->scalar_decode(&k, bytes) && g->scalar_is_zero(&k));
  g->scalar_set_u64(&k, UINT64_MAX);
  g->scalar_encode(bytes, &k);
  for (int i = 0; i < 32; i++) CHECK(bytes[i] == (i < 24 ? 0 : 0xff));

  g->scalar_invert(&k, &zero);
  CHECK(g->scalar_is_zero(&k));
  g->scalar_invert_vartime(&k, &zero);
  CHECK(g->scalar_is_zero(&k));
  g->scalar_invert(&k, &minus_one);
  CHECK(g->scalar_equal(&k, &minus_one));
  g->scalar_negate(&k, &zero);
  CHECK(g->scalar_is_zero(&k));

  g->scalar_reduce(&k, order, 32);
  CHECK(g->scalar_is_zero(&k));
  g->scalar_reduce(&k, order, 0);
  CHECK(g->scalar_is_zero(&k));
}

/* reduce against Horner's rule in bytes. */
static void reduce(void) {
  uint8_t bytes[TS_SCALAR_WIDE_BYTES_MAX];
  ts_scalar wide, slow, byte, base;
  g->scalar_set_u64(&base, 256);
  for (size_t length = 0; length <= sizeof bytes; length++) {
    if (length == sizeof bytes - 1) memset(bytes, 0xff, sizeof bytes);
    else test_random_bytes(bytes, sizeof bytes);
    g->scalar_reduce(&wide, bytes, length);
    g->scalar_set_u64(&slow, 0);
    for (size_t i = 0; i < length; i++) {
      g->scalar_set_u64(&byte, bytes[i]);
      g->scalar_muladd(&slow, &slow, &base, &byte);
    }
    CHECK(g->scalar_equal(&wide, &slow));
  }
}

static void laws(void) {
  ts_scalar a, b, c, r, s, t, one;
  g->scalar_set_u64(&one, 1);
  for (int i = 0; i < 2000; i++) {
    test_random_scalar(g, &a);
    test_random_scalar(g, &b);
    test_random_scalar(g, &c);
    g->scalar_add(&r, &a, &b);
    g->scalar_add(&s, &b, &a);
    CHECK(g->scalar_equal(&r, &s));
    g->scalar_sub(&s, &r, &b);
    CHECK(g->scalar_equal(&s, &a));
    g->scalar_mul(&r, &a, &b);
    g->scalar_mul(&s, &b, &a);
    CHECK(g->scalar_equal(&r, &s));
    g->scalar_add(&s, &r, &c);
    g->scalar_muladd(&t, &a, &b, &c);
    CHECK(g->scalar_equal(&s, &t));
    g->scalar_add(&t, &b, &c); /* a (b + c) = a b + a c */
    g->scalar_mul(&t, &a, &t);
    g->scalar_mul(&s, &a, &c);
    g->scalar_add(&s, &s, &r);
    CHECK(g->scalar_equal(&s, &t));
    g->scalar_negate(&s, &a);
    g->scalar_add(&s, &s, &a);
    CHECK(g->scalar_is_zero(&s));
    g->scalar_invert(&r, &a);
    g->scalar_invert_vartime(&s, &a);
    CHECK(g->scalar_equal(&r, &s));
    g->scalar_mul(&s, &r, &a);
    CHECK(g->scalar_is_zero(&a) ? g->scalar_is_zero(&s) : g->scalar_equal(&s, &one));

    /* output as input */
    g->scalar_mul(&r, &a, &b);
    s = a, g->scalar_mul(&s, &s, &b);
    CHECK(g->scalar_equal(&r, &s));
    s = b, g->scalar_mul(&s, &a, &s);
    CHECK(g->scalar_equal(&r, &s));
    g->scalar_muladd(&r, &a, &b, &c);
    s = c, g->scalar_muladd(&s, &a, &b, &s);
    CHECK(g->scalar_equal(&r, &s));
    g->scalar_sub(&r, &a, &b);
    s = b, g->scalar_sub(&s, &a, &s);
    CHECK(g->scalar_equal(&r, &s));
    g->scalar_add(&r, &a, &a);
    s = a, g->scalar_add(&s, &s, &s);
    CHECK(g->scalar_equal(&r, &s));
    g->scalar_invert(&r, &a);
    s = a, g->scalar_invert(&s, &s);
    CHECK(g->scalar_equal(&r, &s));
    s = a, g->scalar_invert_vartime(&s, &s);
    CHECK(g->scalar_equal(&r, &s));
  }
}

/* Powers of two and their neighbours, near zero and near q: where carries run far. */
static void powers(void) {
  ts_scalar power, inverse, two, half, one, k, r;
  g->scalar_set_u64(&one, 1);
  g->scalar_set_u64(&two, 2);
  g->scalar_invert(&half, &two);
  power = inverse = one;
  for (int i = 0; i < 600; i++) {
    g->scalar_mul(&r, &power, &inverse);
    CHECK(g->scalar_equal(&r, &one));
    for (int delta = 0; delta < 4; delta++) {
      k = power;
      if (delta & 1) g->scalar_sub(&k, &k, &one);
      if (delta & 2) g->scalar_negate(&k, &k);
      if (g->scalar_is_zero(&k)) continue;
      g->scalar_invert(&r, &k);
      g->scalar_mul(&k, &r, &k);
      CHECK(g->scalar_equal(&k, &one));
      g->scalar_invert_vartime(&k, &r);
      g->scalar_mul(&k, &r, &k);
      CHECK(g->scalar_equal(&k, &one));
    }
    g->scalar_add(&power, &power, &power);
    g->scalar_mul(&inverse, &inverse, &half);
  }
}

int main(void) {
  for (size_t i = 0; (g = test_backend(i)) != NULL; i++) {
    edges();
    reduce();
    laws();
    powers();
  }
  return 0;
}
