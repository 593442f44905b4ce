#include "check.h"
#include "group_laws_internal.h"

static bool same(const ts_group *g, const ts_scalar *a, const ts_scalar *b) {
  uint8_t a_bytes[TS_SCALAR_BYTES_MAX], b_bytes[TS_SCALAR_BYTES_MAX];
  g->scalar_encode(a_bytes, a);
  g->scalar_encode(b_bytes, b);
  bool equal = g->scalar_equal(a, b);
  CHECK(equal == g->scalar_equal(b, a));
  CHECK(equal == (memcmp(a_bytes, b_bytes, g->scalar_bytes) == 0));
  return equal;
}

/* Byte i of a scalar's encoding counted from the least significant one. */
static uint8_t *byte_at(const ts_group *g, uint8_t *bytes, unsigned i) {
  return &bytes[law_little_endian(g) ? i : g->scalar_bytes - 1u - i];
}

/* bytes += 1; false if that does not fit. */
static bool increment(const ts_group *g, uint8_t *bytes) {
  for (unsigned i = 0; i < g->scalar_bytes; i++) {
    uint8_t *byte = byte_at(g, bytes, i);
    *byte = (uint8_t)(*byte + 1);
    if (*byte != 0) return true;
  }
  return false;
}

static int compare(const ts_group *g, uint8_t *a, uint8_t *b) {
  for (unsigned i = g->scalar_bytes; i-- > 0;) {
    int difference = (int)*byte_at(g, a, i) - (int)*byte_at(g, b, i);
    if (difference != 0) return difference;
  }
  return 0;
}

static void check_refused(const ts_group *g, const uint8_t *bytes) {
  ts_scalar out = law_random_scalar(g);
  CHECK(!g->scalar_decode(&out, bytes));
  CHECK(g->scalar_is_zero(&out));
}

/* The order itself, as bytes: one more than -1. */
static void order_bytes(const ts_group *g, uint8_t *bytes) {
  ts_scalar a;
  g->scalar_set_u64(&a, 1);
  g->scalar_negate(&a, &a);
  g->scalar_encode(bytes, &a);
  CHECK(increment(g, bytes));
}

static void law_of_decoding(const ts_group *g, unsigned rounds) {
  uint8_t order[TS_SCALAR_BYTES_MAX], bytes[TS_SCALAR_BYTES_MAX], again[TS_SCALAR_BYTES_MAX];
  ts_scalar a, b;
  order_bytes(g, order);
  memset(bytes, 0, sizeof bytes);
  CHECK(g->scalar_decode(&a, bytes) && g->scalar_is_zero(&a));
  memcpy(bytes, order, sizeof order);
  for (int i = 0; i < 20; i++) {
    check_refused(g, bytes);
    if (!increment(g, bytes)) break;
  }
  memset(bytes, 0xff, sizeof bytes);
  check_refused(g, bytes);
  for (unsigned i = 0; i < 8u * g->scalar_bytes; i++) {  /* q + 2^i, where it fits */
    memcpy(bytes, order, sizeof order);
    unsigned carry = 1u << (i % 8);
    for (unsigned j = i / 8; j < g->scalar_bytes && carry != 0; j++) {
      carry += *byte_at(g, bytes, j);
      *byte_at(g, bytes, j) = (uint8_t)carry;
      carry >>= 8;
    }
    if (carry == 0) check_refused(g, bytes);
  }
  for (unsigned i = 0; i < rounds; i++) {
    test_random_bytes(bytes, g->scalar_bytes);
    if ((i & 1) != 0)  /* near the order at the top */
      for (unsigned j = g->scalar_bytes / 2u; j < g->scalar_bytes; j++) *byte_at(g, bytes, j) = *byte_at(g, order, j);
    bool below = compare(g, bytes, order) < 0;
    a = law_random_scalar(g);
    CHECK(g->scalar_decode(&a, bytes) == below);
    if (!below) CHECK(g->scalar_is_zero(&a));
    g->scalar_encode(again, &a);
    if (below) CHECK(memcmp(again, bytes, g->scalar_bytes) == 0);
    a = law_random_scalar(g);
    g->scalar_encode(again, &a);
    CHECK(g->scalar_decode(&b, again) && same(g, &a, &b));
  }
}

/* scalar_reduce against Horner's rule in the scalars themselves, for every length. */
static void law_of_reduction(const ts_group *g, unsigned rounds) {
  uint8_t bytes[TS_SCALAR_WIDE_BYTES_MAX];
  ts_scalar base, expected, got, digit;
  bool little = law_little_endian(g);
  g->scalar_set_u64(&base, 256);
  for (unsigned round = 0; round < 1 + rounds / 16; round++) {
    for (size_t length = 0; length <= sizeof bytes; length++) {
      if (round == 0) memset(bytes, 0xff, sizeof bytes);
      else test_random_bytes(bytes, length);
      g->scalar_set_u64(&expected, 0);
      for (size_t i = 0; i < length; i++) {
        g->scalar_mul(&expected, &expected, &base);
        g->scalar_set_u64(&digit, bytes[little ? length - 1 - i : i]);
        g->scalar_add(&expected, &expected, &digit);
      }
      g->scalar_reduce(&got, bytes, length);
      CHECK(same(g, &got, &expected));
    }
  }
  order_bytes(g, bytes);
  g->scalar_reduce(&got, bytes, g->scalar_bytes);
  CHECK(g->scalar_is_zero(&got));
  uint64_t value = test_random();
  for (unsigned i = 0; i < 8; i++) bytes[little ? i : 7 - i] = (uint8_t)(value >> (8 * i));
  g->scalar_reduce(&got, bytes, 8);
  if (g->scalar_bytes > 8) {  /* below the order as it is: what set_u64 promises for any value in a small group too */
    g->scalar_set_u64(&expected, value);
    CHECK(same(g, &got, &expected));
  }
}

static void check_ring(const ts_group *g, const ts_scalar *a, const ts_scalar *b, const ts_scalar *c) {
  ts_scalar x, y, z, zero;
  g->scalar_set_u64(&zero, 0);
  g->scalar_add(&x, a, b);
  g->scalar_add(&y, b, a);
  CHECK(same(g, &x, &y));
  g->scalar_add(&x, &x, c);
  g->scalar_add(&y, b, c);
  g->scalar_add(&y, a, &y);
  CHECK(same(g, &x, &y));
  g->scalar_mul(&x, a, b);
  g->scalar_mul(&y, b, a);
  CHECK(same(g, &x, &y));
  g->scalar_muladd(&z, a, b, c);
  g->scalar_add(&y, &x, c);
  CHECK(same(g, &z, &y));
  g->scalar_mul(&x, &x, c);
  g->scalar_mul(&y, b, c);
  g->scalar_mul(&y, a, &y);
  CHECK(same(g, &x, &y));
  g->scalar_add(&x, b, c);       /* a (b + c) = a b + a c */
  g->scalar_mul(&x, a, &x);
  g->scalar_mul(&y, a, c);
  g->scalar_muladd(&y, a, b, &y);
  CHECK(same(g, &x, &y));
  g->scalar_sub(&x, a, b);       /* a - b = a + (-b), (a - b) + b = a */
  g->scalar_negate(&y, b);
  g->scalar_add(&y, a, &y);
  CHECK(same(g, &x, &y));
  g->scalar_add(&x, &x, b);
  CHECK(same(g, &x, a));
  g->scalar_sub(&x, a, a);
  CHECK(g->scalar_is_zero(&x) && same(g, &x, &zero));
  g->scalar_add(&x, a, &zero);
  CHECK(same(g, &x, a));
  g->scalar_mul(&x, a, &zero);
  CHECK(g->scalar_is_zero(&x));
  CHECK(g->scalar_is_zero(a) == same(g, a, &zero));
}

static void check_inverse(const ts_group *g, const ts_scalar *a) {
  ts_scalar x, y, one;
  g->scalar_set_u64(&one, 1);
  g->scalar_invert(&x, a);
  g->scalar_invert_vartime(&y, a);
  CHECK(same(g, &x, &y));
  g->scalar_mul(&y, &x, a);
  if (g->scalar_is_zero(a)) CHECK(g->scalar_is_zero(&x));
  else CHECK(same(g, &y, &one));
  x = y = *a;
  g->scalar_invert(&x, &x);
  g->scalar_invert_vartime(&y, &y);
  CHECK(same(g, &x, &y));
  g->scalar_invert(&x, &x);
  CHECK(same(g, &x, a));
}

/* Output in place of each input. */
static void check_aliases(const ts_group *g, const ts_scalar *a, const ts_scalar *b, const ts_scalar *c) {
  void (*const binary[])(ts_scalar *, const ts_scalar *, const ts_scalar *) = {
    g->scalar_add, g->scalar_sub, g->scalar_mul};
  ts_scalar x, y, expected;
  for (unsigned i = 0; i < sizeof binary / sizeof binary[0]; i++) {
    binary[i](&expected, a, b);
    x = *a;
    binary[i](&x, &x, b);
    CHECK(same(g, &x, &expected));
    y = *b;
    binary[i](&y, a, &y);
    CHECK(same(g, &y, &expected));
    binary[i](&expected, a, a);
    x = *a;
    binary[i](&x, &x, &x);
    CHECK(same(g, &x, &expected));
  }
  g->scalar_muladd(&expected, a, b, c);
  x = *a;
  g->scalar_muladd(&x, &x, b, c);
  CHECK(same(g, &x, &expected));
  x = *b;
  g->scalar_muladd(&x, a, &x, c);
  CHECK(same(g, &x, &expected));
  x = *c;
  g->scalar_muladd(&x, a, b, &x);
  CHECK(same(g, &x, &expected));
  g->scalar_negate(&expected, a);
  x = *a;
  g->scalar_negate(&x, &x);
  CHECK(same(g, &x, &expected));
}

void laws_of_scalars(const ts_group *g, group_laws_effort effort) {
  law_of_decoding(g, effort.rounds);
  law_of_reduction(g, effort.rounds);
  for (unsigned i = 0; i < LAW_EDGE_SCALARS; i++) {
    ts_scalar a = law_edge_scalar(g, i);
    check_inverse(g, &a);
    for (unsigned j = 0; j < LAW_EDGE_SCALARS; j += 1 + (unsigned)(test_random() % 8)) {
      ts_scalar b = law_edge_scalar(g, j), c = law_random_scalar(g);
      check_ring(g, &a, &b, &c);
    }
  }
  for (unsigned i = 0; i < effort.rounds; i++) {
    ts_scalar a = law_random_scalar(g), b = law_random_scalar(g), c = law_random_scalar(g);
    check_ring(g, &a, &b, &c);
    check_aliases(g, &a, &b, &c);
    check_inverse(g, &a);
  }
}
