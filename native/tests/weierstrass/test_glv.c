/* secp256k1's scalars in two halves, and the digits of both, for scalars from everywhere.
 * tools/weierstrass_constants.py derives the constants anew. */
#include "check.h"

#include "../core/secp256k1/backends.h"
#include "../core/secp256k1/glv.h"
#include "../core/weierstrass/recode.h"

static const ts_group *g = &ts_secp256k1_portable;
static ts_scalar lambda, one;

static void decode(ts_scalar *k, const char *hex) {
  uint8_t bytes[32];
  CHECK(from_hex(bytes, 32, hex) && g->scalar_decode(k, bytes));
}

/* lambda^2 + lambda + 1 = 0, and lambda (x, y) = (beta x, y): the three points (x, y), (beta x, y), (beta^2 x, y) are
 * on the line y = const, and add up to nothing. */
static void endomorphism(void) {
  ts_scalar s, t;
  ts_element a, b;
  uint8_t x[33];
  g->scalar_mul(&s, &lambda, &lambda);
  g->scalar_add(&t, &lambda, &one);
  g->scalar_add(&s, &s, &t);
  CHECK(g->scalar_is_zero(&s));
  g->mul_base(&a, &lambda);
  g->encode(x, &a);
  uint8_t known[33]; /* beta x of G, with G's even y */
  CHECK(from_hex(known, 33, "02bcace2e99da01887ab0102b696902325872844067f15e98da7bba04400b88fcb"));
  CHECK(memcmp(x, known, 33) == 0);
  g->set_generator(&b);
  g->add(&a, &a, &b);
  g->scalar_mul(&s, &lambda, &lambda);
  g->mul_base(&b, &s);
  g->add(&a, &a, &b);
  CHECK(g->is_identity(&a));
}

/* r = half, in two's complement, mod q. */
static void from_half(ts_scalar *r, const uint64_t half[3], int *negative) {
  uint64_t a[4] = {half[0], half[1], 0, 0};
  uint8_t bytes[32];
  *negative = half[2] != 0;
  CHECK(half[2] == 0 || half[2] == UINT64_MAX);
  if (*negative) {
    CHECK((a[0] | a[1]) != 0); /* so that -2^128 is not among them */
    a[0] = 0 - a[0];
    a[1] = ~a[1] + (a[0] == 0);
  }
  u256_store_be(bytes, a);
  CHECK(g->scalar_decode(r, bytes));
  if (*negative) g->scalar_negate(r, r);
}

static void split(const ts_scalar *k, int signs[4]) {
  uint64_t half[2][3];
  ts_scalar k0, k1, r;
  int negative0, negative1;
  glv_split(half, k->limb);
  from_half(&k0, half[0], &negative0);
  from_half(&k1, half[1], &negative1);
  g->scalar_muladd(&r, &k1, &lambda, &k0);
  CHECK(g->scalar_equal(&r, k));
  signs[2 * negative0 + negative1]++;
}

/* The scalars whose quotients by q are nearest to halves, where rounding goes one way or the other. */
static void split_at_halves(int signs[4]) {
  ts_scalar a, half, k, r;
  static const char *const basis[] = {"000000000000000000000000000000003086d221a7d46bcde86c90e49284eb15",
                                      "00000000000000000000000000000000e4437ed6010e88286f547fa90abfe4c3"};
  g->scalar_set_u64(&half, 2);
  g->scalar_invert(&half, &half);
  for (int b = 0; b < 2; b++) {
    decode(&a, basis[b]);
    g->scalar_invert(&a, &a); /* k with k B = j mod q */
    for (uint64_t j = 0; j < 2000; j++) {
      g->scalar_set_u64(&r, j);
      g->scalar_mul(&k, &r, &a);
      split(&k, signs);
      g->scalar_add(&r, &r, &half); /* k B = j + (q + 1)/2 */
      g->scalar_mul(&k, &r, &a);
      split(&k, signs);
      g->scalar_negate(&k, &k);
      split(&k, signs);
    }
  }
}

/* A non-adjacent form adds up, and its digits are few and odd. */
static void naf(const uint64_t a[4], unsigned width, bool negate) {
  int8_t digit[257];
  ts_scalar sum, d, two;
  uint8_t bytes[32];
  const int top = recode_naf_vartime(digit, 257, a, width, negate);
  int last = 1000;
  g->scalar_set_u64(&two, 2);
  g->scalar_set_u64(&sum, 0);
  for (int i = 256; i >= 0; i--) {
    CHECK(digit[i] == 0 || i < top);
    if (digit[i] != 0) {
      const int magnitude = digit[i] < 0 ? -digit[i] : digit[i];
      CHECK((magnitude & 1) == 1 && magnitude < 1 << (width - 1) && last - i >= (int)width);
      last = i;
      g->scalar_set_u64(&d, (uint64_t)magnitude);
      if (digit[i] < 0) g->scalar_negate(&d, &d);
    } else {
      g->scalar_set_u64(&d, 0);
    }
    g->scalar_muladd(&sum, &sum, &two, &d);
  }
  CHECK(top == 0 || digit[top - 1] != 0);
  u256_store_be(bytes, a);
  g->scalar_reduce(&d, bytes, 32);
  if (negate) g->scalar_negate(&d, &d);
  CHECK(g->scalar_equal(&sum, &d));
}

/* And Booth's digits. */
static void booth(const uint64_t a[4], unsigned width) {
  ts_scalar sum, d, base;
  uint8_t bytes[32];
  g->scalar_set_u64(&base, UINT64_C(1) << width);
  g->scalar_set_u64(&sum, 0);
  for (int i = (int)(256 / width); i >= 0; i--) {
    const int digit = recode_booth(a, (unsigned)i * width, width);
    CHECK(digit >= -(1 << (width - 1)) && digit <= 1 << (width - 1));
    g->scalar_set_u64(&d, (uint64_t)(digit < 0 ? -digit : digit));
    if (digit < 0) g->scalar_negate(&d, &d);
    g->scalar_muladd(&sum, &sum, &base, &d);
  }
  u256_store_be(bytes, a);
  g->scalar_reduce(&d, bytes, 32);
  CHECK(g->scalar_equal(&sum, &d));
}

int main(void) {
  int signs[4] = {0};
  g->scalar_set_u64(&one, 1);
  decode(&lambda, "5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72");
  endomorphism();
  for (int i = 0; i < 20000; i++) {
    uint8_t bytes[32];
    uint64_t a[4];
    ts_scalar k;
    test_random_bytes(bytes, 32);
    u256_load_be(a, bytes);
    g->scalar_reduce(&k, bytes, 32);
    split(&k, signs);
    if (i < 2000) {
      naf(a, 2 + (unsigned)i % 7, i & 1);
      booth(a, 2 + (unsigned)i % 9);
    }
  }
  split_at_halves(signs);
  for (int i = 0; i < 4; i++) CHECK(signs[i] > 1000);
  return 0;
}
