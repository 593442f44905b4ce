/* FROST on the group of order 13, where whole numbers are the oracle: every signer set of twelve participants; for few
 * participants every threshold, key and message too; every signature there can be; every polynomial of key generation.
 *
 * Discrete logarithms are known throughout, so each result is compared with the same sum over integers mod 13. */
#include "check.h"
#include "tiny.h"

#include "thresign/dkg.h"
#include "thresign/frost.h"

#define Q TS_TINY_ORDER
#define PARTICIPANTS (Q - 1)

static const ts_suite SUITE = {.id = 200, .name = "tiny", .group = &ts_tiny, .context = "tiny", .hash = TS_SHA512,
                               .digest_bytes = 64, .signature_bytes = 3};
static const ts_group *const g = &ts_tiny;

static unsigned value_of(const ts_scalar *a) {
  uint8_t byte;
  g->scalar_encode(&byte, a);
  return byte;
}

static ts_scalar scalar_of(unsigned value) {
  ts_scalar out;
  g->scalar_set_u64(&out, value % Q);
  return out;
}

static ts_element multiple(unsigned value) {
  ts_scalar k = scalar_of(value);
  ts_element out;
  g->mul_base(&out, &k);
  return out;
}

static unsigned inverse(unsigned value) {
  for (unsigned i = 1; i < Q; i++)
    if (i * value % Q == 1) return i;
  return 0;
}

static unsigned draw(unsigned from) { return from + (unsigned)(test_random() % (Q - from)); }

static unsigned evaluate(const unsigned *coefficients, unsigned t, unsigned x) {
  unsigned sum = 0;
  for (unsigned k = t; k-- > 0;) sum = (sum * x + coefficients[k]) % Q;
  return sum;
}

/* A session with everything in whole numbers beside it. */
typedef struct session {
  unsigned t, count;
  unsigned number[PARTICIPANTS], share[PARTICIPANTS], hiding[PARTICIPANTS], binding[PARTICIPANTS];
  unsigned secret;
  uint8_t message;
  ts_commitment commitments[PARTICIPANTS];
  ts_element verification[PARTICIPANTS];
  ts_scalar partials[PARTICIPANTS];
  ts_signing signing;
} session;

static unsigned lagrange(const session *s, unsigned index) {
  unsigned numerator = 1, denominator = 1;
  for (unsigned j = 0; j < s->count; j++) {
    if (j == index) continue;
    numerator = numerator * s->number[j] % Q;
    denominator = denominator * (Q + s->number[j] - s->number[index]) % Q;
  }
  return numerator * inverse(denominator) % Q;
}

static enum ts_frost_result begin(session *s, unsigned signers, unsigned t, unsigned secret, unsigned message) {
  unsigned coefficients[PARTICIPANTS] = {secret};
  for (unsigned k = 1; k < t; k++) coefficients[k] = draw(0);
  s->t = t;
  s->secret = secret;
  s->message = (uint8_t)message;
  s->count = 0;
  for (unsigned x = 1; x <= PARTICIPANTS; x++) {
    if ((signers >> (x - 1) & 1) == 0) continue;
    const unsigned i = s->count++;
    ts_commitment *own = &s->commitments[i];
    s->number[i] = x;
    s->share[i] = evaluate(coefficients, t, x);
    s->verification[i] = multiple(s->share[i]);
    s->hiding[i] = draw(1);
    s->binding[i] = draw(1);
    own->identifier = (uint16_t)x;
    own->hiding = multiple(s->hiding[i]);
    own->binding = multiple(s->binding[i]);
    g->encode(own->encoded, &own->hiding);
    g->encode(own->encoded + g->element_bytes, &own->binding);
  }
  ts_element key = multiple(secret);
  return ts_frost_begin_vartime(&s->signing, &SUITE, &key, s->commitments, s->count, &s->message, 1);
}

/* r, the discrete logarithm of R. */
static unsigned group_nonce(const session *s) {
  unsigned sum = 0;
  for (unsigned i = 0; i < s->count; i++)
    sum = (sum + s->hiding[i] + value_of(&s->signing.binding_factor[i]) * s->binding[i]) % Q;
  return sum;
}

static void check_partials(session *s) {
  ts_scalar all[TS_SIGNERS_MAX], one;
  const unsigned challenge = value_of(&s->signing.challenge);
  ts_frost_lagrange_all_vartime(&s->signing, all);
  for (unsigned i = 0; i < s->count; i++) {
    ts_scalar share = scalar_of(s->share[i]), hiding = scalar_of(s->hiding[i]), binding = scalar_of(s->binding[i]);
    ts_frost_lagrange_vartime(&s->signing, i, &one);
    CHECK(value_of(&one) == lagrange(s, i) && value_of(&all[i]) == lagrange(s, i));
    ts_frost_sign(&s->signing, i, &share, &hiding, &binding, &s->partials[i]);
    const unsigned rho = value_of(&s->signing.binding_factor[i]);
    const unsigned expected = (s->hiding[i] + rho * s->binding[i] + lagrange(s, i) * s->share[i] * challenge) % Q;
    CHECK(value_of(&s->partials[i]) == expected);
  }
}

static void check_aggregate(const session *s) {
  uint8_t signature[3], again[3];
  ts_element key = multiple(s->secret);
  CHECK(ts_frost_aggregate_verified_vartime(&s->signing, s->partials, signature));
  ts_frost_aggregate(&s->signing, s->partials, again);
  CHECK(memcmp(signature, again, sizeof signature) == 0);
  CHECK(signature[2] == (group_nonce(s) + value_of(&s->signing.challenge) * s->secret) % Q);
  CHECK(ts_frost_verify_vartime(&SUITE, &key, &s->message, 1, signature));
}

/* Every other value in place of a partial fails, and its signer is named; nobody else is. A weight is one of 13 here, and
 * 0 hides an error: the weights are 1, and errors that cancel each other are left to the other groups. */
static void check_wrong(session *s, unsigned index) {
  uint8_t signature[3], random[16 * PARTICIPANTS] = {0};
  size_t culprits[PARTICIPANTS];
  const ts_scalar right = s->partials[index];
  for (unsigned i = 0; i < s->count; i++) random[16 * i] = 1;
  for (unsigned other = 0; other < Q; other++) {
    const bool good = other == value_of(&right);
    s->partials[index] = scalar_of(other);
    CHECK(ts_frost_verify_partial_vartime(&s->signing, index, &s->verification[index], &s->partials[index]) == good);
    CHECK(ts_frost_aggregate_verified_vartime(&s->signing, s->partials, signature) == good);
    size_t found = ts_frost_culprits_vartime(&s->signing, s->verification, s->partials, random, culprits);
    CHECK(found == (good ? 0 : 1));
    CHECK(good || culprits[0] == index);
  }
  s->partials[index] = right;
}

/* Returns whether a signature was made. */
static bool check_session(unsigned signers, unsigned t, unsigned secret, unsigned message, bool wrong) {
  session s;
  const enum ts_frost_result result = begin(&s, signers, t, secret, message);
  if (secret == 0) {
    CHECK(result == TS_FROST_KEY);
    return false;
  }
  CHECK(result == (group_nonce(&s) == 0 ? TS_FROST_COMMITMENT : TS_FROST_OK));
  if (result != TS_FROST_OK) return false;
  check_partials(&s);
  check_aggregate(&s);
  for (unsigned i = 0; wrong && i < s.count; i++) check_wrong(&s, i);
  return true;
}

static unsigned size_of(unsigned signers) { return (unsigned)__builtin_popcount(signers); }

static void check_signing(void) {
  unsigned made = 0;
  for (unsigned signers = 1; signers < 1u << PARTICIPANTS; signers++)
    made += check_session(signers, size_of(signers), draw(1), draw(0), false);
  for (unsigned signers = 1; signers < 1u << 5; signers++)
    for (unsigned t = 1; t <= size_of(signers); t++)
      for (unsigned secret = 0; secret < Q; secret++)
        for (unsigned message = 0; message < 16; message++)
          made += check_session(signers, t, secret, message, message == secret);
  CHECK(made > 15000);
}

/* Too few signers: the sum misses the key, but for one time in thirteen. */
static void check_too_few(void) {
  unsigned verified = 0, tried = 0;
  for (unsigned round = 0; round < 500; round++) {
    session s;
    uint8_t signature[3];
    if (begin(&s, 0x3, 3, draw(1), round) != TS_FROST_OK) continue;
    check_partials(&s);
    verified += ts_frost_aggregate_verified_vartime(&s.signing, s.partials, signature);
    tried++;
  }
  CHECK(tried > 400 && verified < tried / 4);
}

static void check_signer_lists(void) {
  session s;
  CHECK(begin(&s, 0xf, 2, 1, 0) == TS_FROST_OK);
  ts_element key = multiple(1);
  static const uint16_t lists[][2] = {{0, 1}, {1, 1}, {2, 1}, {1, 0}};
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    s.commitments[0].identifier = lists[i][0];
    s.commitments[1].identifier = lists[i][1];
    CHECK(ts_frost_begin_vartime(&s.signing, &SUITE, &key, s.commitments, 2, &s.message, 1) == TS_FROST_SIGNERS);
  }
  CHECK(ts_frost_begin_vartime(&s.signing, &SUITE, &key, s.commitments, 0, &s.message, 1) == TS_FROST_SIGNERS);
}

/* Every string of three bytes whose second byte is zero or one, as a signature of every key. */
static void check_verification(void) {
  for (unsigned secret = 0; secret < Q; secret++) {
    const ts_element key = multiple(secret);
    unsigned accepted = 0;
    for (unsigned string = 0; string < 1u << 17; string++) {
      const uint8_t signature[3] = {(uint8_t)string, (uint8_t)(string >> 16), (uint8_t)(string >> 8)};
      uint8_t key_bytes[2];
      ts_element R;
      ts_scalar challenge;
      ts_hash hash;
      bool expected = false;
      if (secret != 0 && signature[2] < Q && g->decode_vartime(&R, signature)) {
        g->encode(key_bytes, &key);
        ts_hash_begin(&hash, &SUITE, TS_H2);
        ts_hash_add(&hash, signature, 2);
        ts_hash_add(&hash, key_bytes, 2);
        ts_hash_add(&hash, (const uint8_t *)"m", 1);
        ts_hash_to_scalar(&hash, &challenge);
        const ts_element left = multiple(signature[2] + (Q - secret) * value_of(&challenge));
        expected = g->equal(&left, &R);
      }
      CHECK(ts_frost_verify_vartime(&SUITE, &key, (const uint8_t *)"m", 1, signature) == expected);
      accepted += expected;
    }
    CHECK(accepted == (secret == 0 ? 0 : Q - 1)); /* one z for every R but the identity */
  }
}

static void check_polynomial(const unsigned *coefficients, unsigned t) {
  ts_scalar scalars[3], value;
  ts_element points[3], point;
  uint8_t encoded[3 * 2], expected[2];
  for (unsigned k = 0; k < t; k++) {
    scalars[k] = scalar_of(coefficients[k]);
    points[k] = multiple(coefficients[k]);
  }
  ts_dkg_commit(&SUITE, scalars, t, encoded);
  for (unsigned k = 0; k < t; k++) {
    g->encode(expected, &points[k]);
    CHECK(memcmp(expected, encoded + 2 * k, 2) == 0);
  }
  for (unsigned x = 1; x <= PARTICIPANTS; x++) {
    ts_dkg_evaluate(&SUITE, scalars, t, (uint16_t)x, &value);
    CHECK(value_of(&value) == evaluate(coefficients, t, x));
    ts_dkg_evaluate_points_vartime(&SUITE, points, t, (uint16_t)x, &point);
    for (unsigned share = 0; share < Q; share++) {
      value = scalar_of(share);
      CHECK(ts_dkg_share_matches(&SUITE, &value, &point) == (share == evaluate(coefficients, t, x)));
    }
  }
}

/* Every secret and nonce; every mu beside the right one. */
static void check_proofs(void) {
  static const uint8_t context[4] = "ctx";
  for (unsigned pair = 0; pair < Q * Q; pair++) {
    const ts_scalar secret = scalar_of(pair / Q), nonce = scalar_of(pair);
    const ts_element point = multiple(pair / Q);
    uint8_t commitment[2], proof[3];
    g->encode(commitment, &point);
    ts_dkg_prove(&SUITE, &secret, &nonce, context, sizeof context, 7, commitment, proof);
    const uint8_t mu = proof[2];
    for (unsigned other = 0; other < 256; other++) {
      proof[2] = (uint8_t)other;
      CHECK(ts_dkg_verify_proof_vartime(&SUITE, context, sizeof context, 7, commitment, &point, proof) ==
            (other == mu && pair % Q != 0));
    }
  }
}

static void check_keygen(void) {
  for (unsigned n = 0; n < Q * Q * Q; n++) {
    const unsigned coefficients[3] = {n % Q, n / Q % Q, n / Q / Q};
    for (unsigned t = 1; t <= 3; t++)
      if (n < (t == 1 ? Q : t == 2 ? Q * Q : Q * Q * Q)) check_polynomial(coefficients, t);
  }
  check_proofs();
}

int main(void) {
  CHECK(sodium_init() >= 0);
  check_signing();
  check_too_few();
  check_signer_lists();
  check_verification();
  check_keygen();
  return 0;
}
