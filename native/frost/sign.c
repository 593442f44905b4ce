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

void ts_frost_lagrange_vartime(const ts_signing *session, size_t index, ts_scalar *out) {
  const ts_group *group = session->suite->group;
  ts_scalar own, other, difference, numerator, denominator;
  identifier_scalar(group, session->commitments[index].identifier, &own);
  group->scalar_set_u64(&numerator, 1);
  group->scalar_set_u64(&denominator, 1);
  for (size_t i = 0; i < session->count; i++) {
    if (i == index) continue;
    identifier_scalar(group, session->commitments[i].identifier, &other);
    group->scalar_sub(&difference, &other, &own);
    group->scalar_mul(&numerator, &numerator, &other);
    group->scalar_mul(&denominator, &denominator, &difference);
  }
  group->scalar_invert_vartime(&denominator, &denominator);
  group->scalar_mul(out, &numerator, &denominator);
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

/* factor = lambda c, with the sign of the key; commitment share = D + rho E, with the sign of the nonce. */
static void share_terms(const ts_signing *session, size_t index, ts_scalar *factor, ts_element *commitment) {
  const ts_group *group = session->suite->group;
  const ts_commitment *own = &session->commitments[index];
  group->msm_vartime(commitment, &session->binding_factor[index], &own->binding, 1);
  group->add(commitment, commitment, &own->hiding);
  if (session->nonce_negated) group->negate(commitment, commitment);
  ts_frost_lagrange_vartime(session, index, factor);
  group->scalar_mul(factor, factor, &session->challenge);
  if (session->key_negated) group->scalar_negate(factor, factor);
}

bool ts_frost_verify_partial_vartime(const ts_signing *session, size_t index, const ts_element *verification_share,
                                     const ts_scalar *partial) {
  const ts_group *group = session->suite->group;
  ts_scalar factor, minus;
  ts_element commitment, right;
  share_terms(session, index, &factor, &commitment);
  /* z G - lambda c Y_i == D + rho E */
  group->scalar_negate(&minus, &factor);
  group->double_mul_vartime(&right, &minus, verification_share, partial);
  return group->equal(&right, &commitment);
}

bool ts_frost_verify_partials_vartime(const ts_signing *session, const ts_element *verification_shares,
                                      const ts_scalar *partials, const uint8_t *random) {
  const ts_group *group = session->suite->group;
  ts_scalar scalars[3 * TS_SIGNERS_MAX], sum, weight;
  ts_element points[3 * TS_SIGNERS_MAX], left, right;
  group->scalar_set_u64(&sum, 0);
  for (size_t i = 0; i < session->count; i++) {
    group->scalar_reduce(&weight, random + 16 * i, 16);
    group->scalar_muladd(&sum, &weight, &partials[i], &sum);
    ts_scalar nonce_weight = weight, factor;
    if (session->nonce_negated) group->scalar_negate(&nonce_weight, &weight);
    scalars[3 * i] = nonce_weight;
    points[3 * i] = session->commitments[i].hiding;
    group->scalar_mul(&scalars[3 * i + 1], &nonce_weight, &session->binding_factor[i]);
    points[3 * i + 1] = session->commitments[i].binding;
    ts_frost_lagrange_vartime(session, i, &factor);
    group->scalar_mul(&factor, &factor, &session->challenge);
    group->scalar_mul(&factor, &factor, &weight);
    if (session->key_negated) group->scalar_negate(&factor, &factor);
    scalars[3 * i + 2] = factor;
    points[3 * i + 2] = verification_shares[i];
  }
  group->msm_vartime(&right, scalars, points, 3 * session->count);
  group->mul_base(&left, &sum);
  return group->equal(&left, &right);
}

void ts_frost_aggregate(const ts_signing *session, const ts_scalar *partials, uint8_t *signature) {
  const ts_group *group = session->suite->group;
  size_t skip = session->suite->x_only ? 1 : 0;
  size_t length = group->element_bytes - skip;
  ts_scalar sum;
  group->scalar_set_u64(&sum, 0);
  for (size_t i = 0; i < session->count; i++) group->scalar_add(&sum, &sum, &partials[i]);
  memcpy(signature, session->group_commitment_encoded + skip, length);
  group->scalar_encode(signature + length, &sum);
}

bool ts_frost_verify_vartime(const ts_suite *suite, const ts_element *key, const uint8_t *message, size_t message_bytes,
                             const uint8_t *signature) {
  const ts_group *group = suite->group;
  size_t skip = suite->x_only ? 1 : 0;
  size_t length = group->element_bytes - skip;
  uint8_t key_encoded[TS_ELEMENT_BYTES_MAX], commitment[TS_ELEMENT_BYTES_MAX];
  ts_scalar z, challenge;
  ts_element even_key = *key, R, right;
  if (group->is_identity(key)) return false;
  group->encode(key_encoded, key);
  if (suite->x_only) {
    make_even(group, &even_key, key_encoded);
    commitment[0] = 2;
  }
  memcpy(commitment + skip, signature, length);
  if (!group->decode_vartime(&R, commitment) || !group->scalar_decode(&z, signature + length)) return false;
  compute_challenge(suite, commitment, key_encoded, message, message_bytes, &challenge);
  group->scalar_negate(&challenge, &challenge);
  group->double_mul_vartime(&right, &challenge, &even_key, &z);
  return group->equal(&right, &R);
}
