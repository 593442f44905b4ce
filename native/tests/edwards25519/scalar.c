/* Scalars modulo L against libsodium's. */
#include "common.h"

static const ts_group *g = &ts_edwards25519;

static void check_bytes(const ts_scalar *a, const uint8_t expected[32]) {
  uint8_t bytes[32];
  g->scalar_encode(bytes, a);
  CHECK(memcmp(bytes, expected, 32) == 0);
  for (int i = 4; i < 8; i++) CHECK(a->limb[i] == 0);
}

static void test_decode(void) {
  uint8_t bytes[32];
  ts_scalar a;
  for (int delta = -3; delta <= 3; delta++) { /* L - 3 .. L + 3 */
    memcpy(bytes, order_bytes, 32);
    bytes[0] = (uint8_t)(bytes[0] + delta);
    CHECK(g->scalar_decode(&a, bytes) == (delta < 0));
    if (delta >= 0) CHECK(g->scalar_is_zero(&a));
    else check_bytes(&a, bytes);
    /* and mod L */
    g->scalar_reduce(&a, bytes, 32);
    if (delta >= 0) {
      memset(bytes, 0, 32);
      bytes[0] = (uint8_t)delta;
    }
    check_bytes(&a, bytes);
  }
  memset(bytes, 0xff, 32);
  CHECK(!g->scalar_decode(&a, bytes) && g->scalar_is_zero(&a));
  memset(bytes, 0, 32);
  CHECK(g->scalar_decode(&a, bytes) && g->scalar_is_zero(&a));
  for (int bit = 253; bit < 256; bit++) {
    memset(bytes, 0, 32);
    bytes[31] = (uint8_t)(1u << (bit - 248));
    CHECK(!g->scalar_decode(&a, bytes) && g->scalar_is_zero(&a));
  }
}

static void test_reduce(void) {
  for (int i = 0; i < 20000; i++) {
    uint8_t wide[TS_SCALAR_WIDE_BYTES_MAX] = {0}, expected[32];
    ts_scalar a, b, c;
    test_random_bytes(wide, 64);
    if (i < 4) memset(wide, i & 1 ? 0xff : 0, 64);
    crypto_core_ed25519_scalar_reduce(expected, wide);
    g->scalar_reduce(&a, wide, 64);
    check_bytes(&a, expected);
    /* Any length: low + 256^split * high. */
    const size_t length = (size_t)(test_random() % (TS_SCALAR_WIDE_BYTES_MAX + 1)), split = length / 2;
    uint8_t power[TS_SCALAR_WIDE_BYTES_MAX] = {0};
    test_random_bytes(wide, length);
    g->scalar_reduce(&a, wide, length);
    g->scalar_reduce(&b, wide + split, length - split);
    power[split] = 1;
    g->scalar_reduce(&c, power, split + 1);
    g->scalar_mul(&b, &b, &c);
    g->scalar_reduce(&c, wide, split);
    g->scalar_add(&b, &b, &c);
    CHECK(g->scalar_equal(&a, &b));
  }
}

static void test_ring(void) {
  for (int i = 0; i < 20000; i++) {
    ts_scalar a, b, c, r;
    uint8_t x[32], y[32], z[32], expected[32];
    random_scalar(&a);
    random_scalar(&b);
    random_scalar(&c);
    g->scalar_encode(x, &a);
    g->scalar_encode(y, &b);
    g->scalar_encode(z, &c);
    CHECK(g->scalar_decode(&r, x));
    CHECK(g->scalar_equal(&r, &a));
    CHECK(g->scalar_equal(&a, &b) == (memcmp(x, y, 32) == 0));
    crypto_core_ed25519_scalar_add(expected, x, y);
    g->scalar_add(&r, &a, &b);
    check_bytes(&r, expected);
    r = a;
    g->scalar_add(&r, &r, &b);
    check_bytes(&r, expected);
    crypto_core_ed25519_scalar_sub(expected, x, y);
    g->scalar_sub(&r, &a, &b);
    check_bytes(&r, expected);
    r = b;
    g->scalar_sub(&r, &a, &r);
    check_bytes(&r, expected);
    crypto_core_ed25519_scalar_negate(expected, x);
    g->scalar_negate(&r, &a);
    check_bytes(&r, expected);
    crypto_core_ed25519_scalar_mul(expected, x, y);
    g->scalar_mul(&r, &a, &b);
    check_bytes(&r, expected);
    r = a;
    g->scalar_mul(&r, &r, &b);
    check_bytes(&r, expected);
    crypto_core_ed25519_scalar_add(expected, expected, z);
    g->scalar_muladd(&r, &a, &b, &c);
    check_bytes(&r, expected);
    r = c;
    g->scalar_muladd(&r, &a, &b, &r);
    check_bytes(&r, expected);
    r = a;
    g->scalar_mul(&r, &r, &r);
    g->scalar_mul(&b, &a, &a);
    CHECK(g->scalar_equal(&r, &b));
  }
}

static void test_invert(void) {
  for (int i = 0; i < 5000; i++) {
    ts_scalar a, r, one;
    uint8_t x[32], expected[32];
    test_scalar(&a, (uint64_t)i);
    if (i < 1500 && i >= EDGE_SCALARS) {
      g->scalar_set_u64(&a, (uint64_t)i / 2);
      if (i & 1) g->scalar_negate(&a, &a);
    }
    g->scalar_encode(x, &a);
    g->scalar_invert_vartime(&r, &a);
    if (g->scalar_is_zero(&a)) {
      CHECK(g->scalar_is_zero(&r));
      g->scalar_invert(&r, &a);
      CHECK(g->scalar_is_zero(&r));
      continue;
    }
    g->scalar_set_u64(&one, 1);
    g->scalar_mul(&r, &r, &a);
    CHECK(g->scalar_equal(&r, &one));
    r = a;
    g->scalar_invert(&r, &r);
    CHECK(crypto_core_ed25519_scalar_invert(expected, x) == 0);
    check_bytes(&r, expected);
  }
}

int main(void) {
  CHECK(sodium_init() >= 0);
  test_decode();
  test_reduce();
  test_ring();
  test_invert();
  return 0;
}
