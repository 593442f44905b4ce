/* The field of one curve, as one backend has it (TEST_SECP256K1, and TEST_ADX), against OpenSSL. */
#include <openssl/bn.h>

#include "../core/weierstrass/cpu.h"
#if TEST_ADX && TS_WEIERSTRASS_X86
#define TS_WEIERSTRASS_ADX
#endif

#include "check.h"

#if TEST_SECP256K1
#include "../core/secp256k1/field.h"
#define RANGE_IS_FULL 1 /* [0, 2^256) */
#else
#include "../core/p256/field.h"
#define RANGE_IS_FULL 0 /* [0, p) */
#endif

static BN_CTX *context;
static BIGNUM *p;

static BIGNUM *from_bytes(const uint8_t bytes[32]) {
  BIGNUM *n = BN_bin2bn(bytes, 32, NULL);
  CHECK(n != NULL);
  return n;
}

/* The value of a, by encoding it. */
static BIGNUM *value(const fe *a) {
  uint8_t bytes[32];
  fe_encode(bytes, a);
  BIGNUM *n = from_bytes(bytes);
  CHECK(BN_cmp(n, p) < 0);
  return n;
}

static int is(const fe *a, const BIGNUM *n) {
  BIGNUM *v = value(a);
  const int same = BN_cmp(v, n) == 0;
  BN_free(v);
  fe_check(a);
  return same;
}

/* Any words in the range, those at its ends often. */
static void random_fe(fe *a) {
  uint8_t bytes[32];
  test_random_bytes(bytes, 32);
  u256_load_be(a->limb, bytes);
  switch (test_random() % 12) {
    case 0:
      for (int i = 0; i < 4; i++) a->limb[i] = fe_modulus[i];
      a->limb[0] -= 1 + test_random() % 3;
      break;
    case 1:
      *a = (fe){{test_random() % 3, 0, 0, 0}};
      break;
    case 2:
      for (int i = 0; i < 4; i++) a->limb[i] = fe_modulus[i];
      a->limb[0] += test_random() % 100;
      break;
    case 3:
      *a = (fe){{UINT64_MAX - test_random() % 100, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
      break;
    default:
      break;
  }
  if (!RANGE_IS_FULL) u256_reduce_once(a->limb, 0, fe_modulus);
}

static void codec(void) {
  for (int i = 0; i < 2000; i++) {
    uint8_t bytes[32], back[32];
    fe a;
    test_random_bytes(bytes, 32);
    if (i % 4 == 0) {
      u256_store_be(bytes, fe_modulus);
      bytes[31] = (uint8_t)(bytes[31] + i / 4 % 8 - 4); /* p is 0x..2f or 0x..ff: no carry for -4 .. 0 */
    }
    BIGNUM *n = from_bytes(bytes);
    const bool below = BN_cmp(n, p) < 0;
    CHECK(fe_decode(&a, bytes) == below);
    if (below) {
      CHECK(is(&a, n));
      fe_encode(back, &a);
      CHECK(memcmp(back, bytes, 32) == 0);
      CHECK(fe_parity(&a) == (bytes[31] & 1));
    } else {
      CHECK(fe_mask_if_zero(&a) == UINT64_MAX);
    }
    BN_free(n);
  }
}

static void operations(void) {
  BIGNUM *r = BN_new(), *two = BN_new();
  CHECK(BN_set_word(two, 2));
  for (int i = 0; i < 20000; i++) {
    fe a, b, s, t;
    random_fe(&a);
    random_fe(&b);
    if (i % 16 == 0) b = a;
    BIGNUM *na = value(&a), *nb = value(&b);
    fe_add(&s, &a, &b);
    CHECK(BN_mod_add(r, na, nb, p, context) && is(&s, r));
    t = b, fe_add(&t, &a, &t);
    CHECK(is(&t, r));
    fe_sub(&s, &a, &b);
    CHECK(BN_mod_sub(r, na, nb, p, context) && is(&s, r));
    t = b, fe_sub(&t, &a, &t);
    CHECK(is(&t, r));
    CHECK(fe_mask_if_zero(&s) == (BN_is_zero(r) ? UINT64_MAX : 0));
    CHECK(fe_mask_if_equal(&a, &b) == (BN_is_zero(r) ? UINT64_MAX : 0));
    fe_negate(&t, &s);
    fe_add(&t, &t, &s);
    CHECK(fe_mask_if_zero(&t) == UINT64_MAX);
    fe_mul(&s, &a, &b);
    CHECK(BN_mod_mul(r, na, nb, p, context) && is(&s, r));
    t = a, fe_mul(&t, &t, &b);
    CHECK(is(&t, r));
    t = b, fe_mul(&t, &a, &t);
    CHECK(is(&t, r));
    fe_sqr(&s, &a);
    CHECK(BN_mod_sqr(r, na, p, context) && is(&s, r));
    t = a, fe_sqr(&t, &t);
    CHECK(is(&t, r));
    fe_half(&s, &a);
    fe_add(&t, &s, &s);
    CHECK(is(&t, na));
    t = a, fe_half(&t, &t);
    CHECK(fe_mask_if_equal(&s, &t) == UINT64_MAX);
    t = a, fe_cmov(&t, &b, 0);
    CHECK(memcmp(&t, &a, sizeof t) == 0);
    fe_cmov(&t, &b, UINT64_MAX);
    CHECK(memcmp(&t, &b, sizeof t) == 0);
    BN_free(na), BN_free(nb);
  }
  BN_free(r), BN_free(two);
}

static void roots_and_inverses(void) {
  fe one;
  BIGNUM *r = BN_new();
  int squares = 0;
  fe_set_one(&one);
  for (int i = 0; i < 1000; i++) {
    fe a, s, t;
    random_fe(&a);
    fe_invert(&s, &a);
    fe_invert_vartime(&t, &a);
    CHECK(fe_mask_if_equal(&s, &t) == UINT64_MAX);
    fe_mul(&t, &s, &a);
    if (fe_mask_if_zero(&a) != 0) CHECK(fe_mask_if_zero(&t) == UINT64_MAX && fe_mask_if_zero(&s) == UINT64_MAX);
    else CHECK(fe_mask_if_equal(&t, &one) == UINT64_MAX);

    fe_sqrt_candidate(&s, &a);
    fe_sqr(&s, &s);
    fe_negate(&t, &a);
    BIGNUM *na = value(&a);
    const int symbol = BN_kronecker(na, p, context);
    if (symbol >= 0) CHECK(fe_mask_if_equal(&s, &a) == UINT64_MAX);
    if (symbol <= 0) CHECK(fe_mask_if_equal(&s, &t) == UINT64_MAX);
    squares += symbol > 0;
    BN_free(na);
  }
  CHECK(squares > 300 && squares < 900);
  BN_free(r);
}

int main(void) {
#if TEST_ADX
  if (ts_weierstrass_cpu() < TS_WEIERSTRASS_CPU_ADX) return 77; /* SKIP_RETURN_CODE */
#endif
  uint8_t bytes[32];
  u256_store_be(bytes, fe_modulus);
  context = BN_CTX_new();
  p = from_bytes(bytes);
  codec();
  operations();
  roots_and_inverses();
  BN_free(p);
  BN_CTX_free(context);
  return 0;
}
