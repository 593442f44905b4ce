/* Scalar arithmetic against OpenSSL's numbers. The laws are tried elsewhere (group_laws). */
#include "big.h"
#include "thresign/group.h"

static const ts_group *const g = &ts_edwards448;
static BIGNUM *q, *x, *y, *z, *r;
static BN_CTX *context;

static void check_is(const ts_scalar *a, const BIGNUM *value) {
  uint8_t bytes[57], expected[57];
  g->scalar_encode(bytes, a);
  big_get(expected, 57, value);
  CHECK(memcmp(bytes, expected, 57) == 0);
  CHECK(a->limb[7] == 0);
}

/* A scalar and its number: random, near 0 or q, or next to a power of two. */
static void random_scalar(ts_scalar *a, BIGNUM *value) {
  uint8_t bytes[57];
  test_random_bytes(bytes, 57);
  big_set(value, bytes, 57);
  switch (test_random() % 8) {
    case 0: BN_set_word(value, test_random() % 4); break;
    case 1: BN_set_word(value, test_random() % 4); BN_sub(value, q, value); break;
    case 2:
      BN_zero(value);
      BN_set_bit(value, (int)(test_random() % 446));
      if ((test_random() & 1) != 0) BN_sub_word(value, 1);
      break;
    default: break;
  }
  CHECK(BN_nnmod(value, value, q, context));
  big_get(bytes, 57, value);
  CHECK(g->scalar_decode(a, bytes));
}

static void check_arithmetic(void) {
  ts_scalar a, b, c, s;
  random_scalar(&a, x);
  random_scalar(&b, y);
  random_scalar(&c, z);
  CHECK(BN_mod_add(r, x, y, q, context));
  g->scalar_add(&s, &a, &b);
  check_is(&s, r);
  CHECK(BN_mod_sub(r, x, y, q, context));
  g->scalar_sub(&s, &a, &b);
  check_is(&s, r);
  CHECK(BN_mod_mul(r, x, y, q, context));
  g->scalar_mul(&s, &a, &b);
  check_is(&s, r);
  CHECK(BN_mod_add(r, r, z, q, context));
  g->scalar_muladd(&s, &a, &b, &c);
  check_is(&s, r);
  BN_zero(r);
  CHECK(BN_mod_sub(r, r, x, q, context));
  g->scalar_negate(&s, &a);
  check_is(&s, r);
  if (BN_is_zero(x)) BN_zero(r);
  else CHECK(BN_mod_inverse(r, x, q, context) != NULL);
  g->scalar_invert(&s, &a);
  check_is(&s, r);
  g->scalar_invert_vartime(&s, &a);
  check_is(&s, r);
  CHECK(g->scalar_is_zero(&a) == BN_is_zero(x));
  CHECK(g->scalar_equal(&a, &b) == (BN_cmp(x, y) == 0));
}

static void check_reduction(void) {
  uint8_t bytes[114];
  ts_scalar s;
  size_t length = (size_t)(test_random() % 115);
  test_random_bytes(bytes, length);
  if (test_random() % 4 == 0) memset(bytes + length / 2, 0xff, length - length / 2);
  big_set(x, bytes, length);
  CHECK(BN_nnmod(r, x, q, context));
  g->scalar_reduce(&s, bytes, length);
  check_is(&s, r);
}

/* Multiples of q and their neighbours, where the last subtraction is decided. */
static void check_near_multiples(void) {
  uint8_t bytes[114];
  ts_scalar s;
  test_random_bytes(bytes, 57);
  big_set(y, bytes, 1 + (size_t)(test_random() % 57));
  CHECK(BN_mul(x, y, q, context));
  for (int offset = -2; offset <= 2; offset++) {
    CHECK(BN_copy(z, x) != NULL);
    CHECK(offset < 0 ? BN_sub_word(z, (BN_ULONG)-offset) : BN_add_word(z, (BN_ULONG)offset));
    if (BN_is_negative(z) || BN_num_bytes(z) > 114) continue;
    big_get(bytes, 114, z);
    CHECK(BN_nnmod(r, z, q, context));
    g->scalar_reduce(&s, bytes, 114);
    check_is(&s, r);
  }
}

static void check_all_ones(void) {
  uint8_t bytes[114];
  ts_scalar s;
  memset(bytes, 0xff, sizeof bytes);
  for (size_t length = 0; length <= sizeof bytes; length++) {
    big_set(x, bytes, length);
    CHECK(BN_nnmod(r, x, q, context));
    g->scalar_reduce(&s, bytes, length);
    check_is(&s, r);
  }
}

int main(void) {
  (void)test_random();
  context = BN_CTX_new();
  q = big_from_hex(big_q_hex);
  x = BN_new();
  y = BN_new();
  z = BN_new();
  r = BN_new();
  check_all_ones();
  for (int i = 0; i < 5000; i++) {
    check_arithmetic();
    check_reduction();
    check_near_multiples();
  }
  BN_free(q);
  BN_free(x);
  BN_free(y);
  BN_free(z);
  BN_free(r);
  BN_CTX_free(context);
  return 0;
}
