/* Inversion modulo anything odd, against OpenSSL: the two groups only ever use four moduli. */
#include <openssl/bn.h>

#include "check.h"

#include "../core/weierstrass/limbs.h"
#include "../core/weierstrass/safegcd.h"

static BIGNUM *number(const uint64_t a[4]) {
  uint8_t bytes[32];
  u256_store_be(bytes, a);
  BIGNUM *n = BN_bin2bn(bytes, 32, NULL);
  CHECK(n != NULL);
  return n;
}

static void random_words(uint64_t a[4]) {
  uint8_t bytes[32];
  test_random_bytes(bytes, 32);
  if (test_random() % 8 == 0) memset(bytes, 0, (size_t)(test_random() % 32)); /* shorter numbers */
  u256_load_be(a, bytes);
}

/* 1/m mod 2^64: each step of Newton's doubles the number of right bits, from m m = 1 mod 8. */
static uint64_t inverse_word(uint64_t m) {
  uint64_t r = m;
  for (int i = 0; i < 5; i++) r *= 2 - m * r;
  return r;
}

static void check(const uint64_t a[4], const uint64_t m[4], BN_CTX *context) {
  const ts_safegcd_modulus modulus = TS_SAFEGCD_MODULUS(m[0], m[1], m[2], m[3], inverse_word(m[0]));
  uint64_t r[4], s[4];
  BIGNUM *na = number(a), *nm = number(m), *gcd = BN_new(), *inverse = BN_new();
  CHECK(BN_gcd(gcd, na, nm, context));
  if (BN_is_one(gcd) || BN_is_zero(na)) {
    uint8_t bytes[32], ours[32];
    ts_safegcd_invert(r, a, &modulus);
    ts_safegcd_invert_vartime(s, a, &modulus);
    CHECK(memcmp(r, s, 32) == 0);
    if (BN_is_zero(na)) BN_zero(inverse);
    else CHECK(BN_mod_inverse(inverse, na, nm, context) != NULL);
    CHECK(BN_bn2binpad(inverse, bytes, 32) == 32);
    u256_store_be(ours, r);
    CHECK(memcmp(ours, bytes, 32) == 0);
    memcpy(s, a, 32); /* output as input */
    ts_safegcd_invert(s, s, &modulus);
    CHECK(memcmp(r, s, 32) == 0);
  }
  BN_free(na), BN_free(nm), BN_free(gcd), BN_free(inverse);
}

int main(void) {
  BN_CTX *context = BN_CTX_new();
  /* every pair of small numbers */
  for (uint64_t m = 3; m < 120; m += 2)
    for (uint64_t a = 0; a < m; a++) {
      const uint64_t wide_m[4] = {m}, wide_a[4] = {a};
      check(wide_a, wide_m, context);
    }
  for (int i = 0; i < 20000; i++) {
    uint64_t a[4], m[4];
    random_words(m);
    m[0] |= 1;
    if (i % 3 == 0) m[3] |= UINT64_C(0xffffffff00000000); /* the top of the range */
    random_words(a);
    if (i % 5 == 0) { /* near m */
      memcpy(a, m, 32);
      a[0] -= (uint64_t)i % 64;
    }
    if (!u256_less(a, m)) u256_sub(a, a, m);
    if (u256_less(a, m)) check(a, m, context);
  }
  BN_CTX_free(context);
  return 0;
}
