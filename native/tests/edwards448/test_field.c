/* Field arithmetic against OpenSSL's numbers, at magnitudes up to the limits, with outputs in place of inputs. */
#include "big.h"
#include "field.h"

static BIGNUM *p, *big_a, *big_b, *big_r;
static BN_CTX *context;

/* A random element of magnitude m, and the number it stands for: every limb may be as large as the magnitude allows. */
static void random_element(fe448 *r, BIGNUM *value, uint32_t m) {
  uint8_t bytes[64];
  unsigned kind = (unsigned)(test_random() % 4);
  test_random_bytes(bytes, sizeof bytes);
  memcpy(r->limb, bytes, sizeof bytes);
  for (int i = 0; i < FE_LIMBS; i++) {
    r->limb[i] %= m * FE_UNIT + 1;
    if (kind == 0) r->limb[i] = m * FE_UNIT;
    if (kind == 1 && (test_random() & 1) != 0) r->limb[i] = (test_random() & 1) != 0 ? m * FE_UNIT : 0;
  }
  FE_SET(r, m, false);
  BN_zero(value);
  for (int i = FE_LIMBS - 1; i >= 0; i--) {
    CHECK(BN_lshift(value, value, 56));
    BIGNUM *limb = BN_new();
    big_set(limb, (const uint8_t *)&r->limb[i], 8);
    CHECK(BN_add(value, value, limb));
    BN_free(limb);
  }
}

/* Whether a stands for value mod p; a's limbs are within magnitude m. */
static void check_value(const fe448 *a, const BIGNUM *value, uint32_t m) {
  uint8_t bytes[FE_BYTES], expected[FE_BYTES];
  for (int i = 0; i < FE_LIMBS; i++) CHECK(a->limb[i] <= m * FE_UNIT);
  CHECK(BN_nnmod(big_r, value, p, context));
  big_get(expected, FE_BYTES, big_r);
  fe_encode(bytes, a);
  CHECK(memcmp(bytes, expected, FE_BYTES) == 0);
}

static void check_products(void) {
  static const uint32_t magnitudes[][2] = {{1, 1}, {32, 32}, {16, 64}, {64, 16}, {4, 6}, {2, 3}};
  fe448 a, b, r;
  BIGNUM *expected = BN_new();
  for (size_t i = 0; i < sizeof magnitudes / sizeof magnitudes[0]; i++) {
    random_element(&a, big_a, magnitudes[i][0]);
    random_element(&b, big_b, magnitudes[i][1]);
    CHECK(BN_mod_mul(expected, big_a, big_b, p, context));
    fe_mul(&r, &a, &b);
    check_value(&r, expected, 1);
    r = a;
    fe_mul(&r, &r, &b);
    check_value(&r, expected, 1);
    r = b;
    fe_mul(&r, &a, &r);
    check_value(&r, expected, 1);
    if (magnitudes[i][0] > 32) continue;
    CHECK(BN_mod_sqr(expected, big_a, p, context));
    fe_square(&r, &a);
    check_value(&r, expected, 1);
    r = a;
    fe_square(&r, &r);
    check_value(&r, expected, 1);
    r = a;
    fe_mul(&r, &r, &r);
    check_value(&r, expected, 1);
    fe_square_times(&r, &a, 3);
    for (int j = 0; j < 2; j++) CHECK(BN_mod_sqr(expected, expected, p, context));
    check_value(&r, expected, 1);
  }
  random_element(&a, big_a, 64);
  uint32_t w = (uint32_t)(test_random() % (1u << 20));
  CHECK(BN_copy(expected, big_a) != NULL && BN_mul_word(expected, w));
  fe_mul_small(&r, &a, w);
  check_value(&r, expected, 1);
  fe_mul_small(&a, &a, w);
  check_value(&a, expected, 1);
  BN_free(expected);
}

static void check_sums(void) {
  fe448 a, b, r;
  BIGNUM *expected = BN_new();
  random_element(&a, big_a, 31);
  random_element(&b, big_b, 32);
  CHECK(BN_add(expected, big_a, big_b));
  fe_add(&r, &a, &b);
  check_value(&r, expected, 63);
  fe_carry(&r, &r);
  check_value(&r, expected, 1);
  CHECK(BN_sub(expected, big_a, big_b));
  fe_sub(&r, &a, &b, 32);
  check_value(&r, expected, 64);
  fe_normalize(&r, &r);
  check_value(&r, expected, 1);
  BN_zero(expected);
  CHECK(BN_sub(expected, expected, big_b));
  fe_negate(&r, &b, 32);
  check_value(&r, expected, 33);
  fe_select_negate(&r, &b, 32, 0);
  check_value(&r, big_b, 33);
  fe_select_negate(&r, &b, 32, UINT64_MAX);
  check_value(&r, expected, 33);
  r = b;
  fe_select_negate(&r, &r, 32, UINT64_MAX);
  check_value(&r, expected, 33);
  r = a;
  fe_select(&r, &b, 0);
  check_value(&r, big_a, 32);
  fe_select(&r, &b, UINT64_MAX);
  check_value(&r, big_b, 32);
  fe_sub(&r, &a, &a, 31);
  CHECK(fe_is_zero(&r) && fe_equal(&a, &a));
  CHECK(!fe_equal(&b, &a) || BN_cmp(big_a, big_b) == 0);
  BN_free(expected);
}

static void check_powers(void) {
  fe448 a, r, s, t;
  BIGNUM *expected = BN_new();
  random_element(&a, big_a, 32);
  CHECK(BN_nnmod(big_a, big_a, p, context));
  fe_invert(&r, &a);
  if (BN_is_zero(big_a)) BN_zero(expected);
  else CHECK(BN_mod_inverse(expected, big_a, p, context) != NULL);
  check_value(&r, expected, 1);
  fe_invert_vartime(&r, &a);
  check_value(&r, expected, 1);
  int symbol = BN_kronecker(big_a, p, context);
  CHECK(fe_legendre_vartime(&a) == symbol);
  fe_inverse_sqrt(&r, &a);
  fe_square(&s, &r);
  fe_mul(&s, &s, &a);  /* the symbol again */
  fe_set_small(&t, symbol != 0);
  if (symbol < 0) fe_negate(&t, &t, 1);
  CHECK(fe_equal(&s, &t));
  CHECK(fe_parity(&a) == (uint64_t)BN_is_odd(big_a));
  BN_free(expected);
}

/* 0, 1, ..., p - 2, p - 1, p, p + 1, ..., 2^448 - 1, and everywhere a product could carry in an unusual way. */
static void check_edges(void) {
  uint8_t bytes[FE_BYTES], again[FE_BYTES];
  fe448 a;
  BIGNUM *value = BN_new();
  for (int offset = -5; offset <= 5; offset++) {
    CHECK(BN_copy(value, p) != NULL);
    CHECK(offset < 0 ? BN_sub_word(value, (BN_ULONG)-offset) : BN_add_word(value, (BN_ULONG)offset));
    big_get(bytes, FE_BYTES, value);
    CHECK(fe_decode(&a, bytes) == (offset < 0));
    CHECK(fe_is_zero(&a) == (offset == 0));
    check_value(&a, value, 1);
    fe_encode(again, &a);
    CHECK((memcmp(bytes, again, FE_BYTES) == 0) == (offset < 0));
  }
  memset(bytes, 0xff, sizeof bytes);
  CHECK(!fe_decode(&a, bytes));
  big_set(value, bytes, sizeof bytes);
  check_value(&a, value, 1);
  memset(bytes, 0, sizeof bytes);
  CHECK(fe_decode(&a, bytes) && fe_is_zero(&a));
  fe_invert(&a, &a);
  CHECK(fe_is_zero(&a) && fe_legendre_vartime(&a) == 0);
  for (int i = 0; i < 448; i++) {  /* p + 2^i and 2^i */
    CHECK(BN_copy(value, p) != NULL);
    CHECK(BN_is_bit_set(value, i) || BN_set_bit(value, i));
    if (BN_cmp(value, p) != 0) {
      big_get(bytes, FE_BYTES, value);
      CHECK(!fe_decode(&a, bytes));
      check_value(&a, value, 1);
    }
    BN_zero(value);
    CHECK(BN_set_bit(value, i));
    big_get(bytes, FE_BYTES, value);
    CHECK(fe_decode(&a, bytes));
    check_value(&a, value, 1);
  }
  BN_free(value);
}

static void check_random_decoding(void) {
  uint8_t bytes[FE_BYTES], again[FE_BYTES];
  fe448 a;
  test_random_bytes(bytes, sizeof bytes);
  if ((test_random() & 1) != 0) memset(bytes + 28, 0xff, 28);
  big_set(big_a, bytes, sizeof bytes);
  bool below = BN_cmp(big_a, p) < 0;
  CHECK(fe_decode(&a, bytes) == below);
  check_value(&a, big_a, 1);
  fe_encode(again, &a);
  CHECK((memcmp(bytes, again, FE_BYTES) == 0) == below);
}

int main(void) {
  (void)test_random();
  context = BN_CTX_new();
  p = big_from_hex(big_p_hex);
  big_a = BN_new();
  big_b = BN_new();
  big_r = BN_new();
  check_edges();
  for (int i = 0; i < 3000; i++) {
    check_products();
    check_sums();
    check_random_decoding();
    if (i % 4 == 0) check_powers();
  }
  BN_free(p);
  BN_free(big_a);
  BN_free(big_b);
  BN_free(big_r);
  BN_CTX_free(context);
  return 0;
}
