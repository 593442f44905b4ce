/* The figures of RFC 9591 appendix E, every intermediate value, suite by suite. */

#include "vector_file.h"

#include "thresign/frost.h"

static vectors file;

static void get_scalar(const ts_group *group, const char *name, unsigned number, ts_scalar *out) {
  uint8_t bytes[TS_SCALAR_BYTES_MAX];
  CHECK(vectors_get(&file, name, number, bytes, sizeof bytes) == group->scalar_bytes);
  CHECK(group->scalar_decode(out, bytes));
}

static void check_scalar(const ts_group *group, const char *name, unsigned number, const ts_scalar *value) {
  ts_scalar expected;
  get_scalar(group, name, number, &expected);
  CHECK(group->scalar_equal(&expected, value));
}

static void check_nonce(const ts_suite *suite, const char *which, unsigned number, const ts_scalar *share,
                        ts_scalar *nonce, uint8_t *commitment) {
  const ts_group *group = suite->group;
  uint8_t random[32], secret[TS_SCALAR_BYTES_MAX], expected[TS_ELEMENT_BYTES_MAX];
  char name[64];
  snprintf(name, sizeof name, "%s_nonce_randomness", which);
  CHECK(vectors_get(&file, name, number, random, sizeof random) == 32);
  group->scalar_encode(secret, share); /* the RFC hedges with the share; our tokens with a secret of their own */
  ts_frost_nonce(suite, nonce, random, secret, group->scalar_bytes);
  snprintf(name, sizeof name, "%s_nonce", which);
  check_scalar(group, name, number, nonce);
  ts_element point;
  group->mul_base(&point, nonce);
  group->encode(commitment, &point);
  snprintf(name, sizeof name, "%s_nonce_commitment", which);
  vectors_get(&file, name, number, expected, sizeof expected);
  CHECK(memcmp(expected, commitment, group->element_bytes) == 0);
}

static void check_suite(const char *directory, const ts_suite *suite, const char *name) {
  static const uint16_t signers[2] = {1, 3};
  const ts_group *group = suite->group;
  ts_scalar share[2], hiding[2], binding[2], partial[2];
  ts_element key, verification[2];
  ts_commitment commitments[2];
  ts_signing session;
  uint8_t message[64], encoded[TS_ELEMENT_BYTES_MAX], signature[TS_SIGNATURE_BYTES_MAX], expected[TS_SIGNATURE_BYTES_MAX];

  vectors_load(&file, directory, name);
  size_t message_bytes = vectors_get(&file, "message", 0, message, sizeof message);
  CHECK(vectors_get(&file, "group_public_key", 0, encoded, sizeof encoded) == group->element_bytes);
  CHECK(group->decode_vartime(&key, encoded));
  for (size_t i = 0; i < 2; i++) {
    get_scalar(group, "participant_share", signers[i], &share[i]);
    group->mul_base(&verification[i], &share[i]);
    commitments[i].identifier = signers[i];
    check_nonce(suite, "hiding", signers[i], &share[i], &hiding[i], commitments[i].encoded);
    check_nonce(suite, "binding", signers[i], &share[i], &binding[i], commitments[i].encoded + group->element_bytes);
    CHECK(group->decode_vartime(&commitments[i].hiding, commitments[i].encoded));
    CHECK(group->decode_vartime(&commitments[i].binding, commitments[i].encoded + group->element_bytes));
  }
  CHECK(ts_frost_begin_vartime(&session, suite, &key, commitments, 2, message, message_bytes) == TS_FROST_OK);
  for (size_t i = 0; i < 2; i++) {
    check_scalar(group, "binding_factor", signers[i], &session.binding_factor[i]);
    ts_frost_sign(&session, i, &share[i], &hiding[i], &binding[i], &partial[i]);
    check_scalar(group, "sig_share", signers[i], &partial[i]);
    CHECK(ts_frost_verify_partial_vartime(&session, i, &verification[i], &partial[i]));
  }
  ts_frost_aggregate(&session, partial, signature);
  CHECK(vectors_get(&file, "sig", 0, expected, sizeof expected) == suite->signature_bytes);
  CHECK(memcmp(expected, signature, suite->signature_bytes) == 0);
  CHECK(ts_frost_verify_vartime(suite, &key, message, message_bytes, signature));
}

int main(int argc, char **argv) {
  CHECK(argc == 2 && sodium_init() >= 0);
  check_suite(argv[1], ts_suite_by_id(TS_SUITE_ED25519_SHA512), "frost-ed25519.txt");
  check_suite(argv[1], ts_suite_by_id(TS_SUITE_RISTRETTO255_SHA512), "frost-ristretto255.txt");
  check_suite(argv[1], ts_suite_by_id(TS_SUITE_ED448_SHAKE256), "frost-ed448.txt");
  check_suite(argv[1], ts_suite_by_id(TS_SUITE_P256_SHA256), "frost-p256.txt");
  check_suite(argv[1], ts_suite_by_id(TS_SUITE_SECP256K1_SHA256), "frost-secp256k1.txt");
  return 0;
}
