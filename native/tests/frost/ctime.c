/* Every function of FROST and of key generation that secrets enter, in every suite, on secrets that valgrind watches.
 * Built with PLANTED_LEAK, a branch on the outcome of each is planted, and each has to be seen. */
#include "check.h"
#include "secret.h"

#include "thresign/dkg.h"
#include "thresign/frost.h"

#define SIGNERS 3

/* Ends the watch over an outcome; with PLANTED_LEAK, branches on it first and makes sure that valgrind saw. */
static void outcome(const char *suite, const char *function, void *bytes, size_t length) {
#if PLANTED_LEAK
  static volatile int counter;
  const unsigned before = VALGRIND_COUNT_ERRORS;
  if (((const uint8_t *)bytes)[0] & 1) counter = counter + 1;
  if (VALGRIND_COUNT_ERRORS == before) {
    printf("%s, %s: a planted leak was not seen\n", suite, function);
    exit(1);
  }
#endif
  (void)suite;
  (void)function;
  PUBLIC(bytes, length);
}

static void random_scalar(const ts_group *group, ts_scalar *out) {
  uint8_t bytes[TS_SCALAR_WIDE_BYTES_MAX];
  test_random_bytes(bytes, sizeof bytes);
  group->scalar_reduce(out, bytes, sizeof bytes);
}

static void check_nonce(const ts_suite *suite) {
  uint8_t random[32], context[100];
  ts_scalar nonce;
  for (size_t length = 0; length <= sizeof context; length += 50) {
    test_random_bytes(random, sizeof random);
    test_random_bytes(context, sizeof context);
    SECRET(random, sizeof random);
    SECRET(context, sizeof context);
    ts_frost_nonce(suite, &nonce, random, context, length);
    outcome(suite->name, "ts_frost_nonce", &nonce, sizeof nonce);
  }
}

/* A session whose signers have these nonces; all of it is public. */
static void begin(ts_signing *session, const ts_suite *suite, const ts_scalar *secret, ts_scalar (*nonces)[2],
                  ts_commitment *commitments) {
  const ts_group *group = suite->group;
  ts_element key;
  group->mul_base(&key, secret);
  for (unsigned i = 0; i < SIGNERS; i++) {
    random_scalar(group, &nonces[i][0]);
    random_scalar(group, &nonces[i][1]);
    commitments[i].identifier = (uint16_t)(2 * i + 1);
    group->mul_base(&commitments[i].hiding, &nonces[i][0]);
    group->mul_base(&commitments[i].binding, &nonces[i][1]);
    group->encode(commitments[i].encoded, &commitments[i].hiding);
    group->encode(commitments[i].encoded + group->element_bytes, &commitments[i].binding);
  }
  CHECK(ts_frost_begin_vartime(session, suite, &key, commitments, SIGNERS, (const uint8_t *)"m", 1) == TS_FROST_OK);
}

/* Until every case of signs has been met: one for most suites, four where keys and nonces are x-only. */
static void check_sign(const ts_suite *suite) {
  unsigned seen = 0;
  while (seen != (suite->x_only ? 15u : 1u)) {
    ts_signing session;
    ts_commitment commitments[SIGNERS];
    ts_scalar nonces[SIGNERS][2], secret, share, partial;
    random_scalar(suite->group, &secret);
    begin(&session, suite, &secret, nonces, commitments);
    seen |= 1u << (2 * session.key_negated + session.nonce_negated);
    for (size_t i = 0; i < SIGNERS; i++) {
      random_scalar(suite->group, &share);
      SECRET(&share, sizeof share);
      SECRET(nonces[i], sizeof nonces[i]);
      ts_frost_sign(&session, i, &share, &nonces[i][0], &nonces[i][1], &partial);
      outcome(suite->name, "ts_frost_sign", &partial, sizeof partial);
    }
  }
}

/* Both kinds of tweak, until the key was negated once. */
static void check_tweaked_share(const ts_suite *suite) {
  const ts_group *group = suite->group;
  for (bool negated = false; !negated && suite->x_only;) {
    ts_scalar share, value;
    ts_element key;
    ts_tweaked tweaked;
    uint8_t encoded[TS_SCALAR_BYTES_MAX];
    random_scalar(group, &value);
    group->mul_base(&key, &value);
    ts_tweak_begin(&tweaked, suite, &key);
    group->scalar_encode(encoded, &value);
    CHECK(ts_tweak_add_vartime(&tweaked, TS_TWEAK_PLAIN, encoded));
    CHECK(ts_tweak_add_vartime(&tweaked, TS_TWEAK_X_ONLY, encoded));
    random_scalar(group, &share);
    SECRET(&share, sizeof share);
    ts_tweak_share(&tweaked, &share);
    outcome(suite->name, "ts_tweak_share", &share, sizeof share);
    negated = tweaked.negate;
  }
}

static void check_keygen(const ts_suite *suite) {
  const ts_group *group = suite->group;
  ts_scalar coefficients[SIGNERS], nonce, share;
  ts_element expected;
  uint8_t commitments[SIGNERS * TS_ELEMENT_BYTES_MAX], proof[TS_DKG_PROOF_BYTES_MAX];
  for (unsigned i = 0; i < SIGNERS; i++) random_scalar(group, &coefficients[i]);
  random_scalar(group, &nonce);
  SECRET(coefficients, sizeof coefficients);
  SECRET(&nonce, sizeof nonce);
  ts_dkg_commit(suite, coefficients, SIGNERS, commitments);
  outcome(suite->name, "ts_dkg_commit", commitments, sizeof commitments);
  ts_dkg_prove(suite, &coefficients[0], &nonce, (const uint8_t *)"c", 1, 1, commitments, proof);
  outcome(suite->name, "ts_dkg_prove, mu", proof + group->element_bytes, group->scalar_bytes);
  outcome(suite->name, "ts_dkg_prove, R", proof, group->element_bytes);
  ts_dkg_evaluate(suite, coefficients, SIGNERS, 300, &share);
  group->mul_base(&expected, &share);
  PUBLIC(&expected, sizeof expected);
  bool matches = ts_dkg_share_matches(suite, &share, &expected);
  outcome(suite->name, "ts_dkg_share_matches", &matches, sizeof matches);
  CHECK(matches);
  outcome(suite->name, "ts_dkg_evaluate", &share, sizeof share);
}

int main(void) {
  CHECK(sodium_init() >= 0);
  for (unsigned id = TS_SUITE_ED25519_SHA512; id <= TS_SUITE_SECP256K1_SHA256_TR; id++) {
    check_nonce(ts_suite_by_id(id));
    check_sign(ts_suite_by_id(id));
    check_tweaked_share(ts_suite_by_id(id));
    check_keygen(ts_suite_by_id(id));
  }
  return 0;
}
