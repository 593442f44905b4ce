/* Which partials are wrong, in every suite: every set of cheaters among seven, and cheaters among the most signers there
 * can be, errors that cancel each other included. */
#include "check.h"

#include "thresign/dkg.h"
#include "thresign/frost.h"

typedef struct session {
  const ts_suite *suite;
  unsigned count;
  ts_commitment commitments[TS_SIGNERS_MAX];
  ts_element verification[TS_SIGNERS_MAX];
  ts_scalar partials[TS_SIGNERS_MAX];
  ts_signing signing;
} session;

static void random_scalar(const ts_group *group, ts_scalar *out) {
  uint8_t bytes[64];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)test_random();
  group->scalar_reduce(out, bytes, sizeof bytes);
}

/* `count` signers of a key of theirs alone, with numbers that rise by 1 to 500. */
static void make(session *s, const ts_suite *suite, unsigned count) {
  const ts_group *group = suite->group;
  ts_scalar coefficients[TS_SIGNERS_MAX], nonces[TS_SIGNERS_MAX][2], share;
  ts_element key;
  uint16_t number = 0;
  s->suite = suite;
  s->count = count;
  for (unsigned k = 0; k < count; k++) random_scalar(group, &coefficients[k]);
  group->mul_base(&key, &coefficients[0]);
  for (unsigned i = 0; i < count; i++) {
    ts_commitment *own = &s->commitments[i];
    number = (uint16_t)(number + 1 + test_random() % 500);
    own->identifier = number;
    for (unsigned j = 0; j < 2; j++) random_scalar(group, &nonces[i][j]);
    group->mul_base(&own->hiding, &nonces[i][0]);
    group->mul_base(&own->binding, &nonces[i][1]);
    group->encode(own->encoded, &own->hiding);
    group->encode(own->encoded + group->element_bytes, &own->binding);
  }
  CHECK(ts_frost_begin_vartime(&s->signing, suite, &key, s->commitments, count, (const uint8_t *)"m", 1) ==
        TS_FROST_OK);
  for (unsigned i = 0; i < count; i++) {
    ts_dkg_evaluate(suite, coefficients, count, s->commitments[i].identifier, &share);
    group->mul_base(&s->verification[i], &share);
    ts_frost_sign(&s->signing, i, &share, &nonces[i][0], &nonces[i][1], &s->partials[i]);
  }
}

/* The named signers, rising, and they alone, are found, and each fails by itself. */
static void expect(const session *s, const size_t *cheaters, size_t expected) {
  uint8_t random[16 * TS_SIGNERS_MAX], signature[TS_SIGNATURE_BYTES_MAX];
  size_t culprits[TS_SIGNERS_MAX];
  randombytes_buf(random, 16 * s->count);
  CHECK(ts_frost_culprits_vartime(&s->signing, s->verification, s->partials, random, culprits) == expected);
  CHECK(expected == 0 || memcmp(culprits, cheaters, expected * sizeof *cheaters) == 0);
  for (size_t i = 0; i < expected; i++)
    CHECK(!ts_frost_verify_partial_vartime(&s->signing, cheaters[i], &s->verification[cheaters[i]],
                                           &s->partials[cheaters[i]]));
  if (expected == 0) CHECK(ts_frost_aggregate_verified_vartime(&s->signing, s->partials, signature));
}

static void check_few(const ts_suite *suite) {
  static session s;
  ts_scalar right[7], error;
  make(&s, suite, 7);
  memcpy(right, s.partials, sizeof right);
  for (unsigned mask = 0; mask < 1u << 7; mask++) {
    size_t cheaters[7], count = 0;
    memcpy(s.partials, right, sizeof right);
    for (unsigned i = 0; i < 7; i++) {
      if ((mask >> i & 1) == 0) continue;
      random_scalar(suite->group, &error);
      suite->group->scalar_add(&s.partials[i], &s.partials[i], &error);
      cheaters[count++] = i;
    }
    expect(&s, cheaters, count);
  }
}

/* Two errors of opposite sign leave the signature right: then nobody has to be looked for, but who looks finds both. */
static void check_many(const ts_suite *suite) {
  static session s;
  ts_scalar error;
  uint8_t signature[TS_SIGNATURE_BYTES_MAX];
  make(&s, suite, TS_SIGNERS_MAX);
  expect(&s, NULL, 0);
  const size_t first = (size_t)(test_random() % 60), pair[2] = {first, first + 1 + (size_t)(test_random() % 60)};
  random_scalar(suite->group, &error);
  suite->group->scalar_add(&s.partials[pair[0]], &s.partials[pair[0]], &error);
  expect(&s, pair, 1);
  CHECK(!ts_frost_aggregate_verified_vartime(&s.signing, s.partials, signature));
  suite->group->scalar_sub(&s.partials[pair[1]], &s.partials[pair[1]], &error);
  expect(&s, pair, 2);
  CHECK(ts_frost_aggregate_verified_vartime(&s.signing, s.partials, signature));
}

int main(void) {
  CHECK(sodium_init() >= 0);
  for (unsigned id = TS_SUITE_ED25519_SHA512; id <= TS_SUITE_SECP256K1_SHA256_TR; id++) {
    check_few(ts_suite_by_id(id));
    check_many(ts_suite_by_id(id));
  }
  return 0;
}
