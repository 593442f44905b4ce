/* Decoders: what they take and what they refuse, single and in batches, against libsodium. */
#include "../../core/edwards25519/subgroup.h"
#include "common.h"
#include "paths.h"

/* A point of order 8 (its y; one of the well-known eight low-order encodings), doubled 0, 1, 2, 3 times gives order 8,
 * 4, 2, 1. */
static const char *const order8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";

/* out = j times the point of order 8. */
static void torsion(uint8_t out[32], unsigned j) {
  uint8_t t[32];
  CHECK(from_hex(t, 32, order8));
  memset(out, 0, 32);
  out[0] = 1;
  for (; j > 0; j--) CHECK(crypto_core_ed25519_add(out, out, t) == 0);
}

static bool decode_all(const ts_group *g, ts_element *out, const uint8_t *bytes) {
  const bool good = g->decode_vartime(out, bytes);
  ts_element identity;
  g->set_identity(&identity);
  if (!good) CHECK(memcmp(identity.limb, out->limb, 20 * sizeof(uint64_t)) == 0 || g->equal(out, &identity));
  for (size_t i = 0; i < implementations_here(); i++) { /* batches of one agree */
    ts_element again;
    size_t bad = 99;
    decode_batch_function *decode_batch = decode_batch_of(g, &implementations[i]);
    if (decode_batch == NULL) continue;
    CHECK(decode_batch(&again, bytes, 1, &bad) == good);
    CHECK(bad == (good ? 99 : 0));
    if (good) CHECK_EQUAL(g, &again, out);
  }
  return good;
}

static void test_torsion(void) {
  const ts_group *g = &ts_edwards25519;
  for (unsigned j = 0; j < 8; j++) {
    uint8_t t[32], x[32], y[32];
    ts_element a, r;
    torsion(t, j);
    CHECK(!decode_all(g, &r, t));
    t[31] ^= 0x80; /* the same with the other sign; for x = 0 a wrong encoding */
    CHECK(!decode_all(g, &r, t));
    torsion(t, j);
    for (int i = 0; i < 100; i++) {
      random_element(g, &a);
      g->encode(x, &a);
      CHECK(crypto_core_ed25519_add(y, x, t) == 0);
      CHECK(crypto_core_ed25519_is_valid_point(y) == (j == 0));
      CHECK(decode_all(g, &r, y) == (j == 0));
      if (j == 0) CHECK_EQUAL(g, &a, &r);
    }
  }
}

/* y from p on, and x = 0 with a sign. RFC 8032, 5.1.3 refuses these. */
static void test_not_canonical(void) {
  const ts_group *g = &ts_edwards25519;
  for (unsigned i = 0; i < 19; i++) {
    for (unsigned sign = 0; sign < 2; sign++) {
      uint8_t bytes[32];
      ts_element r;
      memset(bytes, 0xff, 32);
      bytes[0] = (uint8_t)(0xed + i);
      bytes[31] = sign ? 0xff : 0x7f;
      CHECK(!decode_all(g, &r, bytes));
      CHECK(!decode_all(&ts_ristretto255, &r, bytes));
    }
  }
}

static void test_random_strings(const ts_group *g) {
  const bool ristretto = g->id == TS_GROUP_RISTRETTO255;
  for (int i = 0; i < 4000 + TEST_ROUNDS(16000); i++) {
    uint8_t bytes[32], again[32];
    ts_element r;
    test_random_bytes(bytes, 32);
    if (i < 4000) { /* small numbers and small negative ones */
      memset(bytes, i & 1 ? 0xff : 0, 32);
      bytes[0] = (uint8_t)(i >> 2);
      bytes[1] = (uint8_t)(bytes[1] ^ (i >> 10));
      bytes[31] = (uint8_t)(bytes[31] ^ (i & 2 ? 0x80 : 0));
    }
    if (ristretto && (i & 3) != 0) { /* even, below 2^255: what a decoder does not refuse at first sight */
      bytes[0] &= 0xfe;
      bytes[31] &= 0x7f;
    }
    static const uint8_t zeros[32] = {0};
    /* libsodium 1.0.18 overlooks bit 255 in ristretto255 encodings, against RFC 9496, 4.3.1. */
    const bool expected = ristretto ? crypto_core_ristretto255_is_valid_point(bytes) && bytes[31] < 0x80 &&
                                          memcmp(bytes, zeros, 32) != 0
                                    : crypto_core_ed25519_is_valid_point(bytes);
    const bool good = i % 8 == 0 ? decode_all(g, &r, bytes) : g->decode_vartime(&r, bytes);
    CHECK(good == expected);
    if (!good) {
      CHECK(g->is_identity(&r));
      continue;
    }
    g->encode(again, &r);
    CHECK(memcmp(again, bytes, 32) == 0);
  }
}

static void test_round_trip(const ts_group *g) {
  for (int i = 0; i < TEST_ROUNDS(500); i++) {
    ts_element a, r;
    uint8_t bytes[32];
    random_element(g, &a);
    g->encode(bytes, &a);
    CHECK(decode_all(g, &r, bytes));
    CHECK_EQUAL(g, &a, &r);
    /* What was decoded is fit for work: T is right too. */
    g->add(&r, &r, &a);
    g->add(&a, &a, &a);
    CHECK_EQUAL(g, &a, &r);
  }
}

static void test_batch(const ts_group *g) {
  static uint8_t bytes[64 * 32];
  static ts_element a[64], r[64];
  for (size_t path = 0; path < implementations_here(); path++) {
    decode_batch_function *decode_batch = decode_batch_of(g, &implementations[path]);
    if (decode_batch == NULL) continue;
    for (size_t count = 0; count <= 64; count++) {
      size_t bad = 99;
      for (size_t i = 0; i < count; i++) random_element(g, &a[i]);
      g->encode_batch(bytes, a, count);
      CHECK(decode_batch(r, bytes, count, &bad) && bad == 99);
      for (size_t i = 0; i < count; i++) CHECK_EQUAL(g, &a[i], &r[i]);
      if (count == 0) continue;
      /* One or two bad ones, of several kinds, and the first is named. */
      const size_t first = (size_t)(test_random() % count), second = first + (size_t)(test_random() % (count - first));
      memset(bytes + 32 * second, 0, 32);
      switch (test_random() % 5) {
        case 0: memset(bytes + 32 * first, 0, 32); break;
        case 1: memset(bytes + 32 * first, 0xff, 32); break;
        case 2: memset(bytes + 32 * first, 0, 32); bytes[32 * first] = 1; break;
        case 3: torsion(bytes + 32 * first, 3); break;
        default: {
          uint8_t t[32];
          torsion(t, 1 + (unsigned)(test_random() % 7));
          if (g->id == TS_GROUP_EDWARDS25519 && first != second)
            CHECK(crypto_core_ed25519_add(bytes + 32 * first, bytes + 32 * first, t) == 0);
          else
            memset(bytes + 32 * first, 0, 32);
        }
      }
      CHECK(!decode_batch(r, bytes, count, &bad) && bad == first);
      CHECK(g->is_identity(&r[first]));
    }
  }
}

/* The constants of the membership check are what its derivation (core/edwards25519/decode.c) asks for. */
static void test_subgroup_constants(void) {
  fe s, t, u, a_plus_2, one, two;
  fe_set(&one, 1);
  fe_set(&two, 2);
  fe_set(&a_plus_2, CURVE_A + 2);
  fe_sub(&s, &subgroup_s_plus_2, &two);
  fe_square(&t, &s);
  CHECK(ts_edwards25519_fe_equal_mask(&t, &a_plus_2) != 0); /* s^2 = A + 2 */
  fe_mul(&t, &s, &subgroup_s_plus_2);
  CHECK(ts_edwards25519_fe_sqrt_ratio(&u, &t, &one) == 0); /* s (s + 2) is no square */
  fe_square(&t, &subgroup_2c);
  fe_set(&u, 4 * (CURVE_A + 2));
  fe_add(&t, &t, &u);
  CHECK(ts_edwards25519_fe_zero_mask(&t) != 0); /* c^2 = -(A + 2) */
}

/* RFC 9496, A.2. */
static void test_rfc9496_invalid(void) {
  static const char *const invalid[] = {
      /* non-canonical field elements */
      "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      /* negative field elements */
      "0100000000000000000000000000000000000000000000000000000000000000",
      "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
      "c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562",
      "c940e5a4404157cfb1628b108db051a8d439e1a421394ec4ebccb9ec92a8ac78",
      "47cfc5497c53dc8e61c91d17fd626ffb1c49e2bca94eed052281b510b1117a24",
      "f1c6165d33367351b0da8f6e4511010c68174a03b6581212c71c0e1d026c3c72",
      "87260f7a2f12495118360f02c26a470f450dadf34a413d21042b43b9d93e1309",
      /* x^2 not a square */
      "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
      "4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
      "de6a7b00deadc788eb6b6c8d20c0ae96c2f2019078fa604fee5b87d6e989ad7b",
      "bcab477be20861e01e4a0e295284146a510150d9817763caf1a6f4b422d67042",
      "2a292df7e32cababbd9de088d1d1abec9fc0440f637ed2fba145094dc14bea08",
      "f4a9e534fc0d216c44b218fa0c42d99635a0127ee2e53c712f70609649fdff22",
      "8268436f8c4126196cf64b3c7ddbda90746a378625f9813dd9b8457077256731",
      "2810e5cbc2cc4d4eece54f61c6f69758e289aa7ab440b3cbeaa21995c2f4232b",
      /* xy negative */
      "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
      "a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220",
      "d483fe813c6ba647ebbfd3ec41adca1c6130c2beeee9d9bf065c8d151c5f396e",
      "8a2e1d30050198c65a54483123960ccc38aef6848e1ec8f5f780e8523769ba32",
      "32888462f8b486c68ad7dd9610be5192bbeaf3b443951ac1a8118419d9fa097b",
      "227142501b9d4355ccba290404bde41575b037693cef1f438c47f8fbf35d1165",
      "5c37cc491da847cfeb9281d407efc41e15144c876e0170b499a96a22ed31e01e",
      "445425117cb8c90edcbc7c1cc0e74f747f2c1efa5630a967c64f287792a48a4b",
      /* s = -1, so y = 0 */
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  };
  for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
    uint8_t bytes[32];
    ts_element r;
    CHECK(from_hex(bytes, 32, invalid[i]));
    CHECK(!decode_all(&ts_ristretto255, &r, bytes));
    CHECK(ts_ristretto255.is_identity(&r));
  }
}

/* ristretto255 equality ignores the points of order dividing four: add them inside the representation. */
static void test_ristretto_cosets(void) {
  const ts_group *g = &ts_ristretto255;
  for (int i = 0; i < 100; i++) {
    ts_element a, b;
    uint8_t x[32], y[32], t[32];
    random_element(g, &a);
    g->encode(x, &a);
    CHECK(g->decode_vartime(&b, x)); /* another representative than a, as often as not */
    CHECK_EQUAL(g, &a, &b);
    g->encode(y, &b);
    CHECK(memcmp(x, y, 32) == 0);
    g->negate(&b, &b);
    CHECK(!g->equal(&a, &b));
    g->add(&b, &b, &a);
    CHECK(g->is_identity(&b));
    g->encode(t, &b);
    for (int j = 0; j < 32; j++) CHECK(t[j] == 0);
  }
}

int main(void) {
  CHECK(sodium_init() >= 0);
  test_subgroup_constants();
  test_torsion();
  test_not_canonical();
  test_rfc9496_invalid();
  test_ristretto_cosets();
  for (int i = 0; i < 2; i++) {
    test_random_strings(both_groups[i]);
    test_round_trip(both_groups[i]);
    test_batch(both_groups[i]);
  }
  return 0;
}
