/* The field, its inverses and roots, against a slow reference of plain integers. */
#include "../../core/edwards25519/field.h"

#include "check.h"

/* a b mod p by schoolbook and Horner over bits of the high half: 2^256 = 38. */
static void reference_mul(uint8_t out[32], const uint8_t a[32], const uint8_t b[32]) {
  uint32_t t[64] = {0};
  for (int i = 0; i < 32; i++) {
    uint32_t carry = 0;
    for (int j = 0; j < 32; j++) {
      const uint32_t x = t[i + j] + (uint32_t)a[i] * b[j] + carry;
      t[i + j] = x & 255;
      carry = x >> 8;
    }
    t[i + 32] = carry;
  }
  for (int round = 0; round < 3; round++) {
    uint32_t carry = 0;
    for (int i = 0; i < 32; i++) {
      const uint32_t x = t[i] + 38 * t[i + 32] + carry;
      t[i] = x & 255;
      t[i + 32] = 0;
      carry = x >> 8;
    }
    t[32] = carry;
  }
  for (int round = 0; round < 2; round++) { /* 2^255 = 19 */
    uint32_t carry = 19 * (t[31] >> 7);
    t[31] &= 127;
    for (int i = 0; i < 32; i++) {
      const uint32_t x = t[i] + carry;
      t[i] = x & 255;
      carry = x >> 8;
    }
  }
  /* Below 2^255 now: take p off once if that is possible. */
  uint8_t minus[32];
  uint32_t carry = 19;
  for (int i = 0; i < 32; i++) {
    const uint32_t x = t[i] + carry;
    minus[i] = (uint8_t)x;
    carry = x >> 8;
  }
  const int above = minus[31] >> 7;
  minus[31] &= 127;
  for (int i = 0; i < 32; i++) out[i] = above ? minus[i] : (uint8_t)t[i];
}

static void test_fe_random(fe *r, uint8_t canonical[32]) {
  static const uint8_t one[32] = {1};
  uint8_t bytes[32];
  test_random_bytes(bytes, 32);
  switch (test_random() % 16) {
    case 0: memset(bytes, 0, 32); break;
    case 1: memset(bytes, 0, 32); bytes[0] = 1; break;
    case 2: memset(bytes, 0xff, 32); bytes[0] = (uint8_t)(0xec + test_random() % 4); break; /* around p */
    default: break;
  }
  bytes[31] &= 127;
  ts_edwards25519_fe_decode(r, bytes);
  reference_mul(canonical, bytes, one);
}

/* The same value with limbs as large as a multiplication allows, or as large as tight allows. */
static void swell(fe *r, const fe *a, int loose) {
  fe t;
  *r = *a;
  if (!loose) return;
  fe_set(&t, 0);
  fe_sub_wide(r, a, &t); /* + 4p */
  fe_sub(r, r, &t);      /* + 2p: bound T + 2^53 + 2^52 */
}

static void check_value(const fe *a, const uint8_t expected[32]) {
  uint8_t bytes[32];
  ts_edwards25519_fe_encode(bytes, a);
  CHECK(memcmp(bytes, expected, 32) == 0);
}

static void test_multiplication(void) {
  for (int i = 0; i < 20000; i++) {
    fe a, b, r;
    uint8_t x[32], y[32], expected[32];
    test_fe_random(&a, x);
    test_fe_random(&b, y);
    check_value(&a, x);
    swell(&a, &a, (int)(test_random() & 1));
    swell(&b, &b, (int)(test_random() & 1));
    check_value(&a, x);
    reference_mul(expected, x, y);
    fe_mul(&r, &a, &b);
    check_value(&r, expected);
    for (int j = 0; j < 5; j++) CHECK(r.v[j] <= FE_TIGHT);
    r = a;
    fe_mul(&r, &r, &b);
    check_value(&r, expected);
    r = b;
    fe_mul(&r, &a, &r);
    check_value(&r, expected);
    reference_mul(expected, x, x);
    fe_square(&r, &a);
    check_value(&r, expected);
    r = a;
    fe_square(&r, &r);
    check_value(&r, expected);
    fe_mul(&r, &a, &a);
    check_value(&r, expected);
  }
}

/* The largest limbs that are allowed at all. */
static void test_multiplication_limits(void) {
  for (int i = 0; i < 1024; i++) {
    fe a, b, r, s, t;
    fe_set(&a, 0);
    fe_set(&b, 0);
    for (int j = 0; j < 5; j++) {
      a.v[j] = (i >> j & 1) ? FE_LOOSE : 0;
      b.v[j] = (i >> (j + 5) & 1) ? FE_LOOSE : 0;
    }
    fe_set_bound(&a, FE_LOOSE);
    fe_set_bound(&b, FE_LOOSE);
    fe_mul(&r, &a, &b);
    for (int j = 0; j < 5; j++) CHECK(r.v[j] <= FE_TIGHT);
    fe_carry(&s, &a);
    fe_carry(&t, &b);
    for (int j = 0; j < 5; j++) CHECK(s.v[j] <= FE_TIGHT);
    fe_mul(&s, &s, &t);
    CHECK(ts_edwards25519_fe_equal_mask(&r, &s) == UINT64_MAX);
    fe_square(&r, &a);
    for (int j = 0; j < 5; j++) CHECK(r.v[j] <= FE_TIGHT);
    fe_mul(&s, &a, &a);
    CHECK(ts_edwards25519_fe_equal_mask(&r, &s) == UINT64_MAX);
  }
}

static void test_addition(void) {
  for (int i = 0; i < 20000; i++) {
    fe a, b, r, s, t;
    uint8_t x[32], y[32];
    test_fe_random(&a, x);
    test_fe_random(&b, y);
    fe_add(&r, &a, &b);
    fe_sub(&s, &r, &b);
    fe_carry(&s, &s);
    check_value(&s, x);
    fe_sub_wide(&s, &b, &r);
    fe_carry(&s, &s);
    fe_negate(&t, &a);
    CHECK(ts_edwards25519_fe_equal_mask(&s, &t) == UINT64_MAX);
    fe_cnegate(&t, 0);
    CHECK(ts_edwards25519_fe_equal_mask(&s, &t) == UINT64_MAX);
    fe_cnegate(&t, UINT64_MAX);
    check_value(&t, x);
    fe_cmov(&t, &b, 0);
    check_value(&t, x);
    fe_cmov(&t, &b, UINT64_MAX);
    check_value(&t, y);
    CHECK((ts_edwards25519_fe_odd_mask(&a) != 0) == ((x[0] & 1) != 0));
    CHECK((ts_edwards25519_fe_equal_mask(&a, &b) != 0) == (memcmp(x, y, 32) == 0));
    fe_sub(&t, &a, &a);
    CHECK(ts_edwards25519_fe_zero_mask(&t) == UINT64_MAX);
  }
}

static void test_inversion(void) {
  static const uint8_t one[32] = {1}, zero[32] = {0};
  for (int i = 0; i < 20000; i++) {
    fe a, r, s;
    uint8_t x[32];
    test_fe_random(&a, x);
    if (i < 1000) { /* small numbers and their negatives */
      fe_set(&a, (uint64_t)i / 2);
      if (i & 1) fe_negate(&a, &a);
      ts_edwards25519_fe_encode(x, &a);
    }
    ts_edwards25519_fe_invert(&r, &a);
    ts_edwards25519_fe_invert_vartime(&s, &a);
    CHECK(ts_edwards25519_fe_equal_mask(&r, &s) == UINT64_MAX);
    fe_mul(&r, &r, &a);
    check_value(&r, memcmp(x, zero, 32) == 0 ? zero : one);
  }
}

static void test_roots(void) {
  fe one, i_squared, r, s, t;
  fe_set(&one, 1);
  fe_negate(&t, &one);
  fe_square(&i_squared, &ts_edwards25519_sqrt_m1);
  CHECK(ts_edwards25519_fe_equal_mask(&t, &i_squared) == UINT64_MAX);
  CHECK(ts_edwards25519_fe_odd_mask(&ts_edwards25519_sqrt_m1) == 0);
  for (int i = 0; i < 3000; i++) {
    fe u, v, w, p, q;
    uint8_t x[32], y[32];
    test_fe_random(&u, x);
    test_fe_random(&v, y);
    const bool zero_u = ts_edwards25519_fe_zero_mask(&u) != 0, zero_v = ts_edwards25519_fe_zero_mask(&v) != 0;
    ts_edwards25519_fe_pow_p58(&p, &u);
    ts_edwards25519_fe_pow_p58_pair(&q, &w, &u, &v);
    CHECK(ts_edwards25519_fe_equal_mask(&p, &q) != 0);
    ts_edwards25519_fe_pow_p58(&p, &v);
    CHECK(ts_edwards25519_fe_equal_mask(&p, &w) != 0);
    const uint64_t square = ts_edwards25519_fe_sqrt_ratio(&r, &u, &v);
    CHECK(ts_edwards25519_fe_odd_mask(&r) == 0);
    if (zero_u || zero_v) {
      CHECK(ts_edwards25519_fe_zero_mask(&r) != 0 && (square != 0) == zero_u);
      continue;
    }
    fe_square(&s, &r);
    fe_mul(&s, &s, &v);
    fe_mul(&t, &u, &ts_edwards25519_sqrt_m1);
    CHECK(ts_edwards25519_fe_equal_mask(&s, square ? &u : &t) != 0);
    /* i is no square, so exactly one of u/v and i u/v is. */
    CHECK((ts_edwards25519_fe_sqrt_ratio(&r, &t, &v) != 0) == (square == 0));
  }
}

int main(void) {
  test_multiplication();
  test_multiplication_limits();
  test_addition();
  test_inversion();
  test_roots();
  return 0;
}
