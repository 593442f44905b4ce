/* Ed448 (RFC 8032 section 5.2), put together from the group and SHAKE256, against the RFC's figures and OpenSSL. */
#include <openssl/evp.h>

#include "check.h"
#include "thresign/group.h"
#include "thresign/shake256.h"

static const ts_group *const g = &ts_edwards448;

/* SHAKE256(dom4(0, "") || a || b || c, 114). */
static void hash(uint8_t out[114], const void *a, size_t a_length, const void *b, size_t b_length, const void *c,
                 size_t c_length) {
  static const char dom4[10] = {'S', 'i', 'g', 'E', 'd', '4', '4', '8', 0, 0};
  ts_shake256 s;
  ts_shake256_init(&s);
  ts_shake256_absorb(&s, dom4, sizeof dom4);
  ts_shake256_absorb(&s, a, a_length);
  ts_shake256_absorb(&s, b, b_length);
  ts_shake256_absorb(&s, c, c_length);
  ts_shake256_squeeze(&s, out, 114);
}

static void sign(uint8_t public_key[57], uint8_t signature[114], const uint8_t secret[57], const uint8_t *message,
                 size_t length) {
  uint8_t expanded[114], digest[114];
  ts_shake256 shake;
  ts_scalar s, r, k;
  ts_element point;
  ts_shake256_init(&shake);
  ts_shake256_absorb(&shake, secret, 57);
  ts_shake256_squeeze(&shake, expanded, 114);
  expanded[0] &= 0xfc;
  expanded[55] |= 0x80;
  expanded[56] = 0;
  g->scalar_reduce(&s, expanded, 57);
  g->mul_base(&point, &s);
  g->encode(public_key, &point);
  hash(digest, expanded + 57, 57, message, length, NULL, 0);
  g->scalar_reduce(&r, digest, 114);
  g->mul_base(&point, &r);
  g->encode(signature, &point);
  hash(digest, signature, 57, public_key, 57, message, length);
  g->scalar_reduce(&k, digest, 114);
  g->scalar_muladd(&s, &k, &s, &r);
  g->scalar_encode(signature + 57, &s);
}

static bool verify(const uint8_t public_key[57], const uint8_t signature[114], const uint8_t *message, size_t length) {
  uint8_t digest[114], again[57];
  ts_scalar s, k;
  ts_element a, r;
  if (!g->decode_vartime(&a, public_key) || !g->scalar_decode(&s, signature + 57)) return false;
  hash(digest, signature, 57, public_key, 57, message, length);
  g->scalar_reduce(&k, digest, 114);
  g->negate(&a, &a);
  g->double_mul_vartime(&r, &k, &a, &s);
  g->encode(again, &r);
  return memcmp(again, signature, 57) == 0;
}

/* RFC 8032 section 7.4: "Blank" and "1 octet". */
static void check_rfc(void) {
  static const struct { const char *secret, *public_key, *message, *signature; } cases[] = {
    {"6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f"
     "044e39a3fc5b94492f8f032e7549a20098f95b",
     "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46"
     "c7061bd6783df1e50f6cd1fa1abeafe8256180",
     "",
     "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f62"
     "8281f2fd7a22ddd47d7828c59bd0a21bfd3980"
     "ff0d2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4"
     "dbb61149f05a7363268c71d95808ff2e652600"},
    {"c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463afbea67c5e8d2"
     "877c5e3bc397a659949ef8021e954e0a12274e",
     "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb0074"
     "2802b8438ea4cb82169c235160627b4c3a9480",
     "03",
     "26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b9"
     "81b7e18f62de8ccdf633fc1bf037ab7cd77980"
     "5e0dbcc0aae1cbcee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a"
     "0ff3348ab21aa4adafd1d234441cf807c03a00"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint8_t secret[57], public_key[57], expected_key[57], message[1], signature[114], expected[114];
    size_t length = strlen(cases[i].message) / 2;
    CHECK(from_hex(secret, 57, cases[i].secret) && from_hex(expected_key, 57, cases[i].public_key));
    CHECK(from_hex(message, length, cases[i].message) && from_hex(expected, 114, cases[i].signature));
    sign(public_key, signature, secret, message, length);
    CHECK(memcmp(public_key, expected_key, 57) == 0);
    CHECK(memcmp(signature, expected, 114) == 0);
    CHECK(verify(public_key, signature, message, length));
  }
}

static void check_openssl(void) {
  uint8_t secret[57], public_key[57], peer_key[57], message[200], signature[114], peer_signature[114];
  size_t length = (size_t)(test_random() % sizeof message), size = 57;
  for (int i = 0; i < 57; i++) secret[i] = (uint8_t)test_random();
  test_random_bytes(message, length);
  sign(public_key, signature, secret, message, length);

  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED448, NULL, secret, 57);
  CHECK(key != NULL && EVP_PKEY_get_raw_public_key(key, peer_key, &size) == 1 && size == 57);
  CHECK(memcmp(public_key, peer_key, 57) == 0);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  size = 114;
  CHECK(EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1);
  CHECK(EVP_DigestSign(context, peer_signature, &size, message, length) == 1 && size == 114);
  CHECK(memcmp(signature, peer_signature, 114) == 0);
  CHECK(verify(public_key, peer_signature, message, length));

  signature[test_random() % 114] ^= (uint8_t)(1u << (test_random() % 8));
  EVP_MD_CTX_reset(context);
  CHECK(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1);
  bool accepted = EVP_DigestVerify(context, signature, 114, message, length) == 1;
  CHECK(!accepted && !verify(public_key, signature, message, length));
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
}

int main(void) {
  (void)test_random();
  check_rfc();
  for (int i = 0; i < 300; i++) check_openssl();
  return 0;
}
