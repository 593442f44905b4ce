/* One participant's whole key generation, as the token does it but for sealing and signatures, which the crates leave to
 * their caller too. */
#include <stdlib.h>
#include <string.h>

#include "peers.h"
#include "thresign/dkg.h"
#include "thresign/frost.h"

#define PARTICIPANTS_MAX 16

struct tp_keygen {
  const ts_suite *suite;
  size_t min_signers, n;
  ts_scalar received[PARTICIPANTS_MAX]; /* sub-shares of the others for participant 1 */
  uint8_t commitments[PARTICIPANTS_MAX][PARTICIPANTS_MAX * TS_ELEMENT_BYTES_MAX];
  uint8_t proofs[PARTICIPANTS_MAX][TS_DKG_PROOF_BYTES_MAX];
};

static const uint8_t context[64] = {1};

static void draw(const ts_suite *suite, ts_scalar *out) {
  uint8_t random[32];
  randombytes_buf(random, sizeof random);
  ts_frost_nonce(suite, out, random, context, sizeof context);
}

/* Round 1 of one participant. */
static void first_package(tp_keygen *k, size_t i, ts_scalar *coefficients) {
  ts_scalar nonce;
  for (size_t j = 0; j < k->min_signers; j++) draw(k->suite, &coefficients[j]);
  draw(k->suite, &nonce);
  ts_dkg_commit(k->suite, coefficients, k->min_signers, k->commitments[i]);
  ts_dkg_prove(k->suite, &coefficients[0], &nonce, context, sizeof context, (uint16_t)(i + 1), k->commitments[i],
               k->proofs[i]);
}

tp_keygen *tp_keygen_new(unsigned suite, size_t min_signers, size_t n) {
  tp_keygen *k = calloc(1, sizeof *k);
  ts_scalar coefficients[PARTICIPANTS_MAX];
  if (k == NULL || n > PARTICIPANTS_MAX || min_signers > n) abort();
  k->suite = ts_suite_by_id(suite);
  k->min_signers = min_signers;
  k->n = n;
  for (size_t i = 0; i < n; i++) {
    first_package(k, i, coefficients);
    ts_dkg_evaluate(k->suite, coefficients, min_signers, 1, &k->received[i]);
  }
  return k;
}

void tp_keygen_free(tp_keygen *k) { free(k); }

/* Round 2: checks everybody's first package; deals. */
static bool check_and_deal(const tp_keygen *k, const ts_scalar *coefficients, ts_element *points, uint8_t *dealt) {
  const ts_group *group = k->suite->group;
  size_t bad;
  for (size_t i = 1; i < k->n; i++) { /* a participant trusts its own */
    if (!group->decode_batch_vartime(&points[i * k->min_signers], k->commitments[i], k->min_signers, &bad) ||
        !ts_dkg_verify_proof_vartime(k->suite, context, sizeof context, (uint16_t)(i + 1), k->commitments[i],
                                     &points[i * k->min_signers], k->proofs[i]))
      return false;
    ts_scalar share;
    ts_dkg_evaluate(k->suite, coefficients, k->min_signers, (uint16_t)(i + 1), &share);
    group->scalar_encode(dealt + i * group->scalar_bytes, &share);
  }
  return group->decode_batch_vartime(points, k->commitments[0], k->min_signers, &bad);
}

bool tp_keygen_run(tp_keygen *k) {
  const ts_suite *suite = k->suite;
  const ts_group *group = suite->group;
  ts_scalar coefficients[PARTICIPANTS_MAX], share;
  ts_element points[PARTICIPANTS_MAX * PARTICIPANTS_MAX], polynomial[PARTICIPANTS_MAX], shares[PARTICIPANTS_MAX];
  uint8_t dealt[PARTICIPANTS_MAX * TS_SCALAR_BYTES_MAX], encoded[PARTICIPANTS_MAX * TS_ELEMENT_BYTES_MAX];
  first_package(k, 0, coefficients);
  ts_dkg_evaluate(suite, coefficients, k->min_signers, 1, &k->received[0]);
  if (!check_and_deal(k, coefficients, points, dealt)) return false;
  group->scalar_set_u64(&share, 0);
  for (size_t i = 0; i < k->n; i++) group->scalar_add(&share, &share, &k->received[i]);
  for (size_t j = 0; j < k->min_signers; j++) {
    polynomial[j] = points[j];
    for (size_t i = 1; i < k->n; i++) group->add(&polynomial[j], &polynomial[j], &points[i * k->min_signers + j]);
  }
  for (size_t i = 0; i < k->n; i++)
    ts_dkg_evaluate_points_vartime(suite, polynomial, k->min_signers, (uint16_t)(i + 1), &shares[i]);
  group->encode_batch(encoded, shares, k->n);
  return !group->is_identity(&polynomial[0]) && ts_dkg_share_matches(suite, &share, &shares[0]);
}
