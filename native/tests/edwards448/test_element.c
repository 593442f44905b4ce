/* Encodings of edwards448: known ones, and every kind that has to be refused. */
#include "big.h"
#include "element.h"
#include "point.h"
#include "variants.h"

static const ts_group *g;

/* The point (x, y) in the encoding of RFC 8032 section 5.2.2. */
static void encode_affine(uint8_t out[57], const fe448 *x, const fe448 *y) {
  fe_encode(out, y);
  out[56] = (uint8_t)(fe_parity(x) << 7);
}

static void check_refused(const uint8_t *bytes) {
  ts_element out;
  g->set_generator(&out);
  CHECK(!g->decode_vartime(&out, bytes));
  CHECK(g->is_identity(&out));
}

/* RFC 8032 section 5.2: the generator. */
static void check_generator(void) {
  static const char x_hex[] =
    "4f1970c66bed0ded221d15a622bf36da9e146570470f1767ea6de324a3d3a46412ae1af72ab66511433b80e18b00938e2626a82bc70cc05e";
  static const char y_hex[] =
    "693f46716eb6bc248876203756c9c7624bea73736ca3984087789c1e05a0c2d73ad3ff1ce67c39c4fdbd132c4ed7c8ad9808795bf230fa14";
  uint8_t expected[57], bytes[57];
  ts_element a, b;
  BIGNUM *x = big_from_hex(x_hex), *y = big_from_hex(y_hex);
  big_get(expected, 57, y);
  if (BN_is_odd(x)) expected[56] = 0x80;
  g->set_generator(&a);
  g->encode(bytes, &a);
  CHECK(memcmp(bytes, expected, 57) == 0);
  CHECK(g->decode_vartime(&b, bytes) && g->equal(&a, &b));
  BN_free(x);
  BN_free(y);
}

/* P + T for P of order q and T of order 1, 2, 4 and 4: (x, y), (-x, -y), (y, -x), (-y, x). Both signs of each. */
static void check_cosets(void) {
  ts_scalar k;
  ts_element a, b;
  uint8_t bytes[57];
  point p;
  fe448 minus_x, minus_y;
  test_random_bytes(bytes, 57);
  g->scalar_reduce(&k, bytes, 57);
  if (g->scalar_is_zero(&k)) return;
  g->mul_base(&a, &k);
  g->encode(bytes, &a);
  CHECK(g->decode_vartime(&b, bytes) && g->equal(&a, &b));
  element_load(&p, &b);  /* affine: z = 1 */
  fe_negate(&minus_x, &p.x, 1);
  fe_negate(&minus_y, &p.y, 1);
  encode_affine(bytes, &minus_x, &p.y);
  CHECK(g->decode_vartime(&b, bytes));
  g->add(&b, &b, &a);
  CHECK(g->is_identity(&b));
  const fe448 *others[6][2] = {{&minus_x, &minus_y}, {&p.x, &minus_y}, {&p.y, &minus_x},
                               {&minus_y, &minus_x}, {&minus_y, &p.x}, {&p.y, &p.x}};
  for (int i = 0; i < 6; i++) {
    encode_affine(bytes, others[i][0], others[i][1]);
    check_refused(bytes);
  }
}

/* (0, 1), (0, -1), (1, 0), (-1, 0), with right and wrong sign bits. */
static void check_small_orders(void) {
  uint8_t bytes[57];
  fe448 zero, one, minus_one;
  fe_set_small(&zero, 0);
  fe_set_small(&one, 1);
  fe_negate(&minus_one, &one, 1);
  const fe448 *points[4][2] = {{&zero, &one}, {&zero, &minus_one}, {&one, &zero}, {&minus_one, &zero}};
  for (int i = 0; i < 4; i++) {
    encode_affine(bytes, points[i][0], points[i][1]);
    check_refused(bytes);
    bytes[56] ^= 0x80;
    check_refused(bytes);
  }
}

/* y = p + i for every i that fits: only values below p are canonical. And the seven bits that must be zero. */
static void check_canonical(void) {
  uint8_t bytes[57];
  ts_element a;
  BIGNUM *p = big_from_hex(big_p_hex), *y = BN_new();
  for (BN_ULONG i = 0; i < 2000; i++) {
    CHECK(BN_copy(y, p) != NULL && BN_add_word(y, i));
    big_get(bytes, 57, y);
    check_refused(bytes);
    bytes[56] = 0x80;
    check_refused(bytes);
  }
  g->set_generator(&a);
  for (int bit = 0; bit < 7; bit++) {
    g->encode(bytes, &a);
    bytes[56] = (uint8_t)(bytes[56] | 1 << bit);
    check_refused(bytes);
  }
  BN_free(p);
  BN_free(y);
}

/* Random y: about half are on the curve, and a quarter of those in the group. */
static void check_random(void) {
  const unsigned trials = TEST_ROUNDS(2000);
  unsigned accepted = 0;
  for (unsigned i = 0; i < trials; i++) {
    uint8_t bytes[57], again[57];
    ts_element a;
    for (int j = 0; j < 56; j++) bytes[j] = (uint8_t)test_random();
    bytes[56] = (uint8_t)(test_random() & 0x80);
    if (!g->decode_vartime(&a, bytes)) continue;
    accepted++;
    g->encode(again, &a);
    CHECK(memcmp(bytes, again, 57) == 0);
    ts_scalar minus_one;
    g->scalar_set_u64(&minus_one, 1);
    g->scalar_negate(&minus_one, &minus_one);
    ts_element b;
    g->set_identity(&b);
    for (int bit = 445; bit >= 0; bit--) {  /* with additions on the curve itself, which are complete for any point */
      g->add(&b, &b, &b);
      if ((minus_one.limb[bit / 64] >> (bit % 64) & 1) != 0) g->add(&b, &b, &a);
    }
    g->add(&b, &b, &a);
    point p;
    element_load(&p, &b);
    CHECK(fe_is_zero(&p.x) && fe_equal(&p.y, &p.z));
  }
  CHECK(accepted > trials / 20 && accepted < trials / 4);
}

int main(void) {
  ts_group variant[4];
  unsigned count = edwards448_variants(variant);
  (void)test_random();
  for (unsigned i = 0; i < count; i++) {
    g = &variant[i];
    check_generator();
    check_small_orders();
    check_canonical();
    for (int j = 0; j < TEST_ROUNDS(1000); j++) check_cosets();
    check_random();
  }
  return 0;
}
