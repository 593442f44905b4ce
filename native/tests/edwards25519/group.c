/* Both groups: known answers, laws, and the two multiplications against libsodium. */
#include "../../core/edwards25519/encode.h"
#include "common.h"
#include "paths.h"

/* RFC 8032, 7.1: seed, public key. The scalar is SHA-512 of the seed, clamped; reduced modulo L for us. */
static void test_rfc8032(void) {
  static const char *const keys[][2] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"},
      {"f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
       "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e"},
      {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
       "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf"},
  };
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    uint8_t seed[32], expected[32], hash[64], bytes[32];
    ts_scalar k;
    ts_element a, generator;
    CHECK(from_hex(seed, 32, keys[i][0]) && from_hex(expected, 32, keys[i][1]));
    crypto_hash_sha512(hash, seed, 32);
    hash[0] &= 248;
    hash[31] = (uint8_t)((hash[31] & 63) | 64);
    ts_edwards25519.scalar_reduce(&k, hash, 32);
    ts_edwards25519.mul_base(&a, &k);
    ts_edwards25519.encode(bytes, &a);
    CHECK(memcmp(bytes, expected, 32) == 0);
    ts_edwards25519.set_generator(&generator);
    ts_edwards25519.mul(&a, &k, &generator);
    ts_edwards25519.encode(bytes, &a);
    CHECK(memcmp(bytes, expected, 32) == 0);
    CHECK(ts_edwards25519.decode_vartime(&a, expected));
  }
}

/* RFC 9591, E.1 and E.3: group_secret_key, group_public_key. */
static void test_rfc9591(void) {
  static const char *const keys[2][2] = {
      {"7b1c33d3f5291d85de664833beb1ad469f7fb6025a0ec78b3a790c6e13a98304",
       "15d21ccd7ee42959562fc8aa63224c8851fb3ec85a3faf66040d380fb9738673"},
      {"1b25a55e463cfd15cf14a5d3acc3d15053f08da49c8afcf3ab265f2ebc4f970b",
       "e2a62f39eede11269e3bd5a7d97554f5ca384f9f6d3dd9c3c0d05083c7254f57"},
  };
  for (int i = 0; i < 2; i++) {
    const ts_group *g = both_groups[i];
    uint8_t secret[32], expected[32], bytes[32];
    ts_scalar k;
    ts_element a;
    CHECK(from_hex(secret, 32, keys[i][0]) && from_hex(expected, 32, keys[i][1]));
    CHECK(g->scalar_decode(&k, secret));
    g->mul_base(&a, &k);
    g->encode(bytes, &a);
    CHECK(memcmp(bytes, expected, 32) == 0);
    CHECK(g->decode_vartime(&a, expected));
  }
}

/* RFC 9496, A.1: multiples 0 to 15 of the generator. */
static void test_rfc9496_multiples(void) {
  static const char *const multiples[16] = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
      "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
      "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
      "da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57",
      "e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e",
      "f64746d3c92b13050ed8d80236a7f0007c3b3f962f5ba793d19a601ebb1df403",
      "44f53520926ec81fbd5a387845beb7df85a96a24ece18738bdcfa6a7822a176d",
      "903293d8f2287ebe10e2374dc1a53e0bc887e592699f02d077d5263cdd55601c",
      "02622ace8f7303a31cafc63f8fc48fdc16e1c8c8d234b2f0d6685282a9076031",
      "20706fd788b2720a1ed2a5dad4952b01f413bcf0e7564de8cdc816689e2db95f",
      "bce83f8ba5dd2fa572864c24ba1810f9522bc6004afe95877ac73241cafdab42",
      "e4549ee16b9aa03099ca208c67adafcafa4c3f3e4e5303de6026e3ca8ff84460",
      "aa52e000df2e16f55fb1032fc33bc42742dad6bd5a8fc0be0167436c5948501f",
      "46376b80f409b29dc2b5f6f0c52591990896e5716f41477cd30085ab7f10301e",
      "e0c418f7c8d9c4cdd7395b93ea124f3ad99021bb681dfc3302a9d99a2e53e64e",
  };
  const ts_group *g = &ts_ristretto255;
  ts_element sum, generator, a;
  g->set_identity(&sum);
  g->set_generator(&generator);
  for (uint64_t i = 0; i < 16; i++) {
    uint8_t expected[32], bytes[32];
    ts_scalar k;
    CHECK(from_hex(expected, 32, multiples[i]));
    g->encode(bytes, &sum);
    CHECK(memcmp(bytes, expected, 32) == 0);
    CHECK(g->decode_vartime(&a, expected) == (i != 0)); /* the identity is refused */
    CHECK_EQUAL(g, &a, &sum);
    g->scalar_set_u64(&k, i);
    g->mul_base(&a, &k);
    CHECK_EQUAL(g, &a, &sum);
    g->add(&sum, &sum, &generator);
  }
}

static void test_laws(const ts_group *g) {
  ts_element identity, generator;
  g->set_identity(&identity);
  g->set_generator(&generator);
  CHECK(g->is_identity(&identity) && !g->is_identity(&generator));
  for (int i = 0; i < TEST_ROUNDS(300); i++) {
    ts_element a, b, c, r, s;
    uint8_t x[32], y[32];
    random_element(g, &a);
    random_element(g, &b);
    random_element(g, &c);
    g->add(&r, &a, &b);
    g->add(&s, &b, &a);
    CHECK_EQUAL(g, &r, &s);
    g->add(&r, &r, &c);
    g->add(&s, &b, &c);
    g->add(&s, &a, &s);
    CHECK_EQUAL(g, &r, &s);
    g->encode(x, &r);
    g->encode(y, &s);
    CHECK(memcmp(x, y, 32) == 0);
    g->add(&r, &a, &identity);
    CHECK_EQUAL(g, &r, &a);
    g->add(&r, &identity, &a);
    CHECK_EQUAL(g, &r, &a);
    g->negate(&r, &a);
    CHECK(!g->equal(&r, &a));
    g->add(&s, &a, &r);
    CHECK(g->is_identity(&s) && g->equal(&s, &identity));
    r = a;
    g->add(&r, &r, &r); /* 2a: aliased, equal operands */
    ts_scalar two;
    g->scalar_set_u64(&two, 2);
    g->mul(&s, &two, &a);
    CHECK_EQUAL(g, &r, &s);
    r = a;
    g->negate(&r, &r);
    g->negate(&r, &r);
    CHECK_EQUAL(g, &r, &a);
    r = b;
    g->add(&r, &a, &r);
    g->add(&s, &a, &b);
    CHECK_EQUAL(g, &r, &s);
  }
  g->negate(&generator, &identity);
  CHECK(g->is_identity(&generator));
  g->add(&generator, &identity, &identity);
  CHECK(g->is_identity(&generator));
}

static void test_multiplication(const ts_group *g) {
  for (int i = 0; i < 600; i++) {
    ts_scalar k, l, sum;
    ts_element a, r, s, t;
    if (i < EDGE_SCALARS * EDGE_SCALARS) {
      test_scalar(&k, (uint64_t)i % EDGE_SCALARS);
      test_scalar(&l, (uint64_t)i / EDGE_SCALARS);
    } else {
      random_scalar(&k);
      random_scalar(&l);
    }
    random_element(g, &a);
    if (i % 50 == 49) g->set_identity(&a);
    if (i % 50 == 48) g->set_generator(&a);
    /* (k + l) a = k a + l a, and k (l a) = (k l) a */
    g->scalar_add(&sum, &k, &l);
    g->mul(&r, &k, &a);
    g->mul(&s, &l, &a);
    g->mul(&t, &sum, &a);
    ts_element u;
    g->add(&u, &r, &s);
    CHECK_EQUAL(g, &t, &u);
    g->mul(&s, &k, &s);
    g->scalar_mul(&sum, &k, &l);
    g->mul(&t, &sum, &a);
    CHECK_EQUAL(g, &t, &s);
    t = a;
    g->mul(&t, &k, &t); /* aliased */
    CHECK_EQUAL(g, &t, &r);
    g->mul_base(&s, &k);
    g->set_generator(&t);
    g->mul(&t, &k, &t);
    CHECK_EQUAL(g, &t, &s);
    CHECK(g->is_identity(&s) == g->scalar_is_zero(&k));
    for (size_t path = 0; path < implementations_here(); path++) {
      const implementation *here = &implementations[path];
      if (here->mul == NULL) continue;
      here->mul_base(&t, &k);
      CHECK_EQUAL(g, &t, &s);
      here->mul(&t, &k, &a);
      CHECK_EQUAL(g, &t, &r);
    }
    /* k a + l G */
    g->mul_base(&s, &l);
    g->add(&s, &s, &r);
    g->double_mul_vartime(&t, &k, &a, &l);
    CHECK_EQUAL(g, &t, &s);
    t = a;
    g->double_mul_vartime(&t, &k, &t, &l);
    CHECK_EQUAL(g, &t, &s);
  }
}

static void test_against_libsodium(const ts_group *g) {
  const bool ristretto = g->id == TS_GROUP_RISTRETTO255;
  for (int i = 0; i < 300; i++) {
    ts_scalar k;
    ts_element a, b, r;
    uint8_t scalar[32], x[32], y[32], expected[32], bytes[32];
    test_scalar(&k, (uint64_t)i);
    g->scalar_encode(scalar, &k);
    random_element(g, &a);
    random_element(g, &b);
    g->encode(x, &a);
    g->encode(y, &b);
    CHECK(ristretto ? crypto_core_ristretto255_is_valid_point(x) : crypto_core_ed25519_is_valid_point(x));
    CHECK((ristretto ? crypto_core_ristretto255_add : crypto_core_ed25519_add)(expected, x, y) == 0);
    g->add(&r, &a, &b);
    g->encode(bytes, &r);
    CHECK(memcmp(bytes, expected, 32) == 0);
    CHECK((ristretto ? crypto_core_ristretto255_sub : crypto_core_ed25519_sub)(expected, x, y) == 0);
    g->negate(&r, &b);
    g->add(&r, &a, &r);
    g->encode(bytes, &r);
    CHECK(memcmp(bytes, expected, 32) == 0);
    g->mul_base(&r, &k);
    g->encode(bytes, &r);
    int refused = (ristretto ? crypto_scalarmult_ristretto255_base
                             : crypto_scalarmult_ed25519_base_noclamp)(expected, scalar);
    if (refused == 0)
      CHECK(memcmp(bytes, expected, 32) == 0);
    else
      CHECK(g->is_identity(&r)); /* what libsodium refuses to return */
    g->mul(&r, &k, &a);
    g->encode(bytes, &r);
    refused = (ristretto ? crypto_scalarmult_ristretto255 : crypto_scalarmult_ed25519_noclamp)(expected, scalar, x);
    if (refused == 0)
      CHECK(memcmp(bytes, expected, 32) == 0);
    else
      CHECK(g->is_identity(&r));
  }
}

static void test_encode_batch(const ts_group *g) {
  static ts_element a[150];
  static uint8_t batch[150 * 32 + 1], again[150 * 32];
  for (size_t count = 0; count <= 150; count += count < 10 ? 1 : 35) {
    for (size_t i = 0; i < count; i++) random_element(g, &a[i]);
    if (count > 3) g->set_identity(&a[2]);
    batch[32 * count] = 0xa5;
    g->encode_batch(batch, a, count);
    CHECK(batch[32 * count] == 0xa5);
    if (g->id == TS_GROUP_RISTRETTO255) {
      ts_ristretto255_encode_batch_portable(again, a, count);
      CHECK(memcmp(again, batch, 32 * count) == 0);
    }
    for (size_t i = 0; i < count; i++) {
      uint8_t bytes[32];
      g->encode(bytes, &a[i]);
      CHECK(memcmp(bytes, batch + 32 * i, 32) == 0);
    }
  }
}

int main(void) {
  CHECK(sodium_init() >= 0);
  test_rfc8032();
  test_rfc9591();
  test_rfc9496_multiples();
  for (int i = 0; i < 2; i++) {
    test_laws(both_groups[i]);
    test_multiplication(both_groups[i]);
    test_against_libsodium(both_groups[i]);
    test_encode_batch(both_groups[i]);
  }
  return 0;
}
