#include "thresign/dkg.h"

#include <string.h>

#include "thresign/wipe.h"

void ts_dkg_commit(const ts_suite *suite, const ts_scalar *coefficients, size_t min_signers, uint8_t *out) {
  const ts_group *group = suite->group;
  ts_element points[TS_DKG_MIN_SIGNERS_MAX];
  for (size_t k = 0; k < min_signers; k++) group->mul_base(&points[k], &coefficients[k]);
  group->encode_batch(out, points, min_signers);
  ts_wipe(points, min_signers * sizeof points[0]); /* projective coordinates tell more than the encodings */
}

static void proof_challenge(const ts_suite *suite, const uint8_t *context, size_t context_bytes, uint16_t participant,
                            const uint8_t *commitment, const uint8_t *R, ts_scalar *out) {
  const uint8_t number[2] = {(uint8_t)(participant >> 8), (uint8_t)participant};
  ts_hash hash;
  ts_hash_begin(&hash, suite, TS_HDKG);
  ts_hash_add(&hash, context, context_bytes);
  ts_hash_add(&hash, number, sizeof number);
  ts_hash_add(&hash, commitment, suite->group->element_bytes);
  ts_hash_add(&hash, R, suite->group->element_bytes);
  ts_hash_to_scalar(&hash, out);
}

void ts_dkg_prove(const ts_suite *suite, const ts_scalar *secret, const ts_scalar *nonce, const uint8_t *context,
                  size_t context_bytes, uint16_t participant, const uint8_t *commitment, uint8_t *proof) {
  const ts_group *group = suite->group;
  ts_element R;
  ts_scalar challenge, mu;
  group->mul_base(&R, nonce);
  group->encode(proof, &R);
  proof_challenge(suite, context, context_bytes, participant, commitment, proof, &challenge);
  group->scalar_muladd(&mu, secret, &challenge, nonce);
  group->scalar_encode(proof + group->element_bytes, &mu);
  ts_wipe(&R, sizeof R);
  ts_wipe(&mu, sizeof mu);
}

/* R = mu G - c A is computed and encoded, and the bytes compared: see ts_frost_verify_vartime. */
bool ts_dkg_verify_proof_vartime(const ts_suite *suite, const uint8_t *context, size_t context_bytes,
                                 uint16_t participant, const uint8_t *commitment, const ts_element *commitment_point,
                                 const uint8_t *proof) {
  const ts_group *group = suite->group;
  ts_element R;
  ts_scalar mu, challenge;
  uint8_t expected[TS_ELEMENT_BYTES_MAX];
  if (!group->scalar_decode(&mu, proof + group->element_bytes)) return false;
  proof_challenge(suite, context, context_bytes, participant, commitment, proof, &challenge);
  group->scalar_negate(&challenge, &challenge);
  group->double_mul_vartime(&R, &challenge, commitment_point, &mu);
  if (group->is_identity(&R)) return false;
  group->encode(expected, &R);
  return memcmp(expected, proof, group->element_bytes) == 0;
}

void ts_dkg_evaluate(const ts_suite *suite, const ts_scalar *coefficients, size_t min_signers, uint16_t x,
                     ts_scalar *out) {
  const ts_group *group = suite->group;
  ts_scalar point;
  group->scalar_set_u64(&point, x);
  *out = coefficients[min_signers - 1];
  for (size_t k = min_signers - 1; k > 0; k--) group->scalar_muladd(out, out, &point, &coefficients[k - 1]);
}

/* x a by doubling and adding from the top bit: x is a small public number. */
static void small_multiple_vartime(const ts_group *group, const ts_element *a, uint16_t x, ts_element *out) {
  ts_element result;
  group->set_identity(&result);
  for (unsigned bit = 16; bit-- > 0;) {
    group->add(&result, &result, &result);
    if ((x >> bit) & 1) group->add(&result, &result, a);
  }
  *out = result;
}

void ts_dkg_evaluate_points_vartime(const ts_suite *suite, const ts_element *points, size_t min_signers, uint16_t x,
                                    ts_element *out) {
  const ts_group *group = suite->group;
  ts_element result = points[min_signers - 1];
  for (size_t k = min_signers - 1; k > 0; k--) { /* Horner */
    small_multiple_vartime(group, &result, x, &result);
    group->add(&result, &result, &points[k - 1]);
  }
  *out = result;
}

bool ts_dkg_share_matches(const ts_suite *suite, const ts_scalar *share, const ts_element *expected) {
  ts_element product;
  suite->group->mul_base(&product, share);
  bool equal = suite->group->equal(&product, expected);
  ts_wipe(&product, sizeof product);
  return equal;
}
