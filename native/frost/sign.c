#include <string.h>

#include "thresign/frost.h"
#include "thresign/wipe.h"

void ts_frost_nonce(const ts_suite *suite, ts_scalar *nonce, const uint8_t random[32], const uint8_t *context,
                    size_t context_bytes) {
  ts_hash hash;
  ts_hash_begin(&hash, suite, TS_H3);
  ts_hash_add(&hash, random, 32);
  ts_hash_add(&hash, context, context_bytes);
  ts_hash_to_scalar(&hash, nonce);
  ts_wipe(&hash, sizeof hash);
}

static void identifier_scalar(const ts_group *group, uint16_t identifier, ts_scalar *out) {
  group->scalar_set_u64(out, identifier);
}

static bool signers_rise(const ts_commitment *commitments, size_t count) {
  if (count == 0 || count > TS_SIGNERS_MAX || commitments[0].identifier == 0) return false;
  for (size_t i = 1; i < count; i++)
    if (commitments[i - 1].identifier >= commitments[i].identifier) return false;
  return true;
}

/* compute_binding_factors, section 4.4. The common prefix is hashed once and the running state copied. */
static void binding_factors(ts_signing *session, const uint8_t *message, size_t message_bytes) {
  const ts_suite *suite = session->suite;
  const ts_group *group = suite->group;
  uint8_t digest[TS_DIGEST_BYTES_MAX], identifier[TS_SCALAR_BYTES_MAX];
  ts_scalar scalar;
  ts_hash prefix, list, hash;

  ts_hash_begin(&prefix, suite, TS_H1);
  ts_hash_add(&prefix, session->key_encoded, group->element_bytes);
  ts_hash_begin(&hash, suite, TS_H4);
  ts_hash_add(&hash, message, message_bytes);
  ts_hash_to_digest(&hash, digest);
  ts_hash_add(&prefix, digest, suite->digest_bytes);
  ts_hash_begin(&list, suite, TS_H5);
  for (size_t i = 0; i < session->count; i++) {
    identifier_scalar(group, session->commitments[i].identifier, &scalar);
    group->scalar_encode(identifier, &scalar);
    ts_hash_add(&list, identifier, group->scalar_bytes);
    ts_hash_add(&list, session->commitments[i].encoded, 2 * (size_t)group->element_bytes);
  }
  ts_hash_to_digest(&list, digest);
  ts_hash_add(&prefix, digest, suite->digest_bytes);
  for (size_t i = 0; i < session->count; i++) {
    identifier_scalar(group, session->commitments[i].identifier, &scalar);
    group->scalar_encode(identifier, &scalar);
    hash = prefix;
    ts_hash_add(&hash, identifier, group->scalar_bytes);
    ts_hash_to_scalar(&hash, &session->binding_factor[i]);
  }
}

/* compute_group_commitment, section 4.5: the sum of all hiding points and one multi-scalar multiplication. */
static void group_commitment(ts_signing *session) {
  const ts_group *group = session->suite->group;
  ts_element points[TS_SIGNERS_MAX], sum;
  for (size_t i = 0; i < session->count; i++) points[i] = session->commitments[i].binding;
  group->msm_vartime(&sum, session->binding_factor, points, session->count);
  for (size_t i = 0; i < session->count; i++) group->add(&sum, &sum, &session->commitments[i].hiding);
  session->group_commitment = sum;
}

/* compute_challenge, section 4.6; BIP-340 hashes the x-coordinates, which are the encodings without their first byte. */
static void compute_challenge(const ts_suite *suite, const uint8_t *commitment, const uint8_t *key,
                              const uint8_t *message, size_t message_bytes, ts_scalar *out) {
  size_t skip = suite->x_only ? 1 : 0;
  size_t length = suite->group->element_bytes - skip;
  ts_hash hash;
  ts_hash_begin(&hash, suite, TS_H2);
  ts_hash_add(&hash, commitment + skip, length);
  ts_hash_add(&hash, key + skip, length);
  ts_hash_add(&hash, message, message_bytes);
  ts_hash_to_scalar(&hash, out);
}

/* For x-only suites: takes the point of the pair {P, -P} that has an even Y; its encoding begins with 2. */
static bool make_even(const ts_group *group, ts_element *point, uint8_t *encoded) {
  if (encoded[0] != 3) return false;
  group->negate(point, point);
  encoded[0] = 2;
  return true;
}

enum ts_frost_result ts_frost_begin_vartime(ts_signing *session, const ts_suite *suite, const ts_element *key,
                                            const ts_commitment *commitments, size_t count, const uint8_t *message,
                                            size_t message_bytes) {
  const ts_group *group = suite->group;
  if (!signers_rise(commitments, count)) return TS_FROST_SIGNERS;
  if (group->is_identity(key)) return TS_FROST_KEY;
  session->suite = suite;
  session->count = count;
  session->commitments = commitments;
  session->key = *key;
  session->key_negated = false;
  session->nonce_negated = false;
  group->encode(session->key_encoded, key);
  if (suite->x_only) session->key_negated = make_even(group, &session->key, session->key_encoded);
  binding_factors(session, message, message_bytes);
  group_commitment(session);
  if (group->is_identity(&session->group_commitment)) return TS_FROST_COMMITMENT;
  group->encode(session->group_commitment_encoded, &session->group_commitment);
  if (suite->x_only)
    session->nonce_negated = make_even(group, &session->group_commitment, session->group_commitment_encoded);
  compute_challenge(suite, session->group_commitment_encoded, session->key_encoded, message, message_bytes,
                    &session->challenge);
  return TS_FROST_OK;
}

/* out *= the product of small factors, several of which fit a word. */
typedef struct small_product {
  const ts_group *group;
  ts_scalar *out;
  uint64_t word;
} small_product;

static void multiply_small(small_product *product, uint64_t factor) {
  uint64_t word;
  if (!__builtin_mul_overflow(product->word, factor, &word)) {
    product->word = word;
    return;
  }
  ts_scalar scalar;
  product->group->scalar_set_u64(&scalar, product->word);
  product->group->scalar_mul(product->out, product->out, &scalar);
  product->word = factor;
}

static small_product start_small(const ts_group *group, ts_scalar *out) {
  group->scalar_set_u64(out, 1);
  return (small_product){group, out, 1};
}

static void finish_small(small_product *product) {
  ts_scalar scalar;
  product->group->scalar_set_u64(&scalar, product->word);
  product->group->scalar_mul(product->out, product->out, &scalar);
}

/* out = `first` times the product of x_j - x_index over all j but index. Identifiers rise: as many factors are negative
 * as there are signers before this one. */
static void product_of_differences(const ts_signing *session, size_t index, uint64_t first, ts_scalar *out) {
  const ts_group *group = session->suite->group;
  const unsigned own = session->commitments[index].identifier;
  small_product product = start_small(group, out);
  multiply_small(&product, first);
  for (size_t j = 0; j < session->count; j++) {
    const unsigned other = session->commitments[j].identifier;
    if (j != index) multiply_small(&product, other > own ? other - own : own - other);
  }
  finish_small(&product);
  if (index % 2 != 0) group->scalar_negate(out, out);
}

/* out = the product of all identifiers but the one at `except`. */
static void product_of_identifiers(const ts_signing *session, size_t except, ts_scalar *out) {
  small_product product = start_small(session->suite->group, out);
  for (size_t j = 0; j < session->count; j++)
    if (j != except) multiply_small(&product, session->commitments[j].identifier);
  finish_small(&product);
}

void ts_frost_lagrange_vartime(const ts_signing *session, size_t index, ts_scalar *out) {
  const ts_group *group = session->suite->group;
  ts_scalar numerator, denominator;
  product_of_identifiers(session, index, &numerator);
  product_of_differences(session, index, 1, &denominator);
  group->scalar_invert_vartime(&denominator, &denominator);
  group->scalar_mul(out, &numerator, &denominator);
}

/* lambda_i = (the product of all x_j) / (x_i times the product of x_j - x_i), with one inversion for all denominators
 * (P. L. Montgomery, "Speeding the Pollard and elliptic curve methods of factorization", 1987, section 10.3.1). */
void ts_frost_lagrange_all_vartime(const ts_signing *session, ts_scalar *out) {
  const ts_group *group = session->suite->group;
  ts_scalar denominator[TS_SIGNERS_MAX], inverse;
  ts_scalar numerator, product;
  product_of_identifiers(session, session->count, &numerator);
  group->scalar_set_u64(&product, 1);
  for (size_t i = 0; i < session->count; i++) {
    product_of_differences(session, i, session->commitments[i].identifier, &denominator[i]);
    out[i] = product;
    group->scalar_mul(&product, &product, &denominator[i]);
  }
  group->scalar_invert_vartime(&inverse, &product);
  for (size_t i = session->count; i-- > 0;) {
    ts_scalar own;
    group->scalar_mul(&own, &inverse, &numerator);
    group->scalar_mul(&out[i], &out[i], &own);
    group->scalar_mul(&inverse, &inverse, &denominator[i]);
  }
}

void ts_frost_sign(const ts_signing *session, size_t index, const ts_scalar *share, const ts_scalar *hiding,
                   const ts_scalar *binding, ts_scalar *partial) {
  const ts_group *group = session->suite->group;
  ts_scalar nonce, factor;
  group->scalar_muladd(&nonce, &session->binding_factor[index], binding, hiding);
  if (session->nonce_negated) group->scalar_negate(&nonce, &nonce);
  ts_frost_lagrange_vartime(session, index, &factor);
  group->scalar_mul(&factor, &factor, &session->challenge);
  if (session->key_negated) group->scalar_negate(&factor, &factor);
  group->scalar_muladd(partial, &factor, share, &nonce);
  ts_wipe(&nonce, sizeof nonce);
}

/* z, and the signature R || z. */
static void sum_partials(const ts_signing *session, const ts_scalar *partials, ts_scalar *sum, uint8_t *signature) {
  const ts_group *group = session->suite->group;
  size_t skip = session->suite->x_only ? 1 : 0;
  size_t length = group->element_bytes - skip;
  group->scalar_set_u64(sum, 0);
  for (size_t i = 0; i < session->count; i++) group->scalar_add(sum, sum, &partials[i]);
  memcpy(signature, session->group_commitment_encoded + skip, length);
  group->scalar_encode(signature + length, sum);
}

void ts_frost_aggregate(const ts_signing *session, const ts_scalar *partials, uint8_t *signature) {
  ts_scalar sum;
  sum_partials(session, partials, &sum, signature);
}

bool ts_frost_aggregate_verified_vartime(const ts_signing *session, const ts_scalar *partials, uint8_t *signature) {
  const ts_group *group = session->suite->group;
  ts_scalar sum, minus;
  ts_element right;
  sum_partials(session, partials, &sum, signature);
  group->scalar_negate(&minus, &session->challenge);
  group->double_mul_vartime(&right, &minus, &session->key, &sum);
  return group->equal(&right, &session->group_commitment);
}

/* R = z G - c Y is computed and encoded, and the bytes compared: there is one encoding of every element and none of the
 * identity, so R needs no decoding (nor a check of its order). */
bool ts_frost_verify_vartime(const ts_suite *suite, const ts_element *key, const uint8_t *message, size_t message_bytes,
                             const uint8_t *signature) {
  const ts_group *group = suite->group;
  size_t skip = suite->x_only ? 1 : 0;
  size_t length = group->element_bytes - skip;
  uint8_t key_encoded[TS_ELEMENT_BYTES_MAX], commitment[TS_ELEMENT_BYTES_MAX], expected[TS_ELEMENT_BYTES_MAX];
  ts_scalar z, challenge;
  ts_element even_key = *key, R;
  if (group->is_identity(key)) return false;
  group->encode(key_encoded, key);
  if (suite->x_only) {
    make_even(group, &even_key, key_encoded);
    commitment[0] = 2;
  }
  memcpy(commitment + skip, signature, length);
  if (!group->scalar_decode(&z, signature + length)) return false;
  compute_challenge(suite, commitment, key_encoded, message, message_bytes, &challenge);
  group->scalar_negate(&challenge, &challenge);
  group->double_mul_vartime(&R, &challenge, &even_key, &z);
  if (group->is_identity(&R)) return false;
  group->encode(expected, &R);
  return memcmp(expected, commitment, group->element_bytes) == 0;
}
