/* CKM_TS_KEYGEN_DEAL: checks everybody's first package and deals this participant's sub-shares, each sealed to its
 * receiver's one-time key. Data: the order's leaf hash, U32 count, and the packages in order of participant. */
#include <sodium.h>
#include <string.h>

#include "keygen.h"
#include "thresign/wipe.h"

/* One-time key, commitments (exactly min_signers of them), proof of possession bound to domain, order and number. */
static ts_result check_first(const ts_domain *domain, ts_ceremony *ceremony, size_t i, ts_heard *heard) {
  const ts_suite *suite = ceremony->suite;
  const ts_group *group = suite->group;
  uint8_t context[32 + 32];
  size_t bad;
  memcpy(ceremony->sealing_keys[i], ts_read_fixed(&heard->body, 32), 32);
  ts_bytes commitments = ts_read_var(&heard->body, TS_PACKAGE_BYTES_MAX);
  ts_bytes proof = ts_read_var(&heard->body, TS_DKG_PROOF_BYTES_MAX);
  if (!ts_reader_done(&heard->body) ||
      commitments.length != (size_t)ceremony->min_signers * group->element_bytes ||
      !group->decode_batch_vartime(&ceremony->commitments[i * ceremony->min_signers], commitments.data,
                                   ceremony->min_signers, &bad))
    return TS_CULPRIT_COMMITMENTS;
  memcpy(context, domain->id, 32);
  memcpy(context + 32, ceremony->leaf, 32);
  if (proof.length != (size_t)group->element_bytes + group->scalar_bytes ||
      !ts_dkg_verify_proof_vartime(suite, context, sizeof context, ceremony->participants[i], commitments.data,
                                   &ceremony->commitments[i * ceremony->min_signers], proof.data))
    return TS_CULPRIT_PROOF;
  return TS_OK;
}

static void hash_packages(ts_ceremony *ceremony, const ts_heard *heard) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, (const uint8_t *)"ts.dkgt1", 8);
  crypto_hash_sha256_update(&state, ceremony->leaf, 32);
  for (size_t i = 0; i < ceremony->count; i++)
    crypto_hash_sha256_update(&state, heard[i].whole.data, heard[i].whole.length);
  crypto_hash_sha256_final(&state, ceremony->transcript);
}

/* Seals share | transcript | dealer | receiver: what is opened says where it belongs. */
static TS_NOINLINE ts_result seal_share(const ts_domain *domain, const ts_ceremony *ceremony, size_t to,
                                        ts_writer *writer) {
  const ts_group *group = ceremony->suite->group;
  uint8_t plain[TS_SCALAR_BYTES_MAX + 32 + 2 + 2], sealed[sizeof plain + crypto_box_SEALBYTES];
  ts_scalar share;
  ts_writer inner;
  ts_dkg_evaluate(ceremony->suite, ceremony->secret->coefficients, ceremony->min_signers, ceremony->participants[to],
                  &share);
  group->scalar_encode(plain, &share);
  ts_writer_start(&inner, plain + group->scalar_bytes, sizeof plain - group->scalar_bytes);
  ts_write_fixed(&inner, ceremony->transcript, 32);
  ts_write_uint(&inner, domain->number, 2);
  ts_write_uint(&inner, ceremony->participants[to], 2);
  size_t length = (size_t)(inner.at - plain);
  int failed = crypto_box_seal(sealed, plain, length, ceremony->sealing_keys[to]);
  ts_wipe(&share, sizeof share);
  ts_wipe(plain, sizeof plain);
  if (failed != 0) return TS_CULPRIT_COMMITMENTS; /* a one-time key of small order */
  ts_write_var(writer, sealed, length + crypto_box_SEALBYTES);
  return TS_OK;
}

static ts_result deal(ts_domain *domain, ts_ceremony *ceremony, uint16_t *culprit) {
  uint8_t package[TS_PACKAGE_BYTES_MAX];
  ts_writer writer;
  ts_package_start(domain, ceremony, "ts.dkg21", &writer, package, sizeof package);
  ts_write_fixed(&writer, ceremony->transcript, 32);
  ts_write_uint(&writer, ceremony->count, 4);
  for (size_t i = 0; i < ceremony->count; i++) {
    ts_result result = seal_share(domain, ceremony, i, &writer);
    if (result != TS_OK) {
      *culprit = ceremony->participants[i];
      return result;
    }
  }
  size_t length = ts_package_finish(domain, &writer, package);
  if (length == 0 || !ts_ceremony_keep(ceremony, 2, package, length)) return TS_CEREMONY_FULL;
  ceremony->step = TS_STEP_DEALT;
  return TS_OK;
}

static ts_result check_and_deal(ts_domain *domain, ts_ceremony *ceremony, ts_reader *reader, uint16_t *culprit) {
  static ts_heard heard[TS_MODULES_MAX]; /* public; under the library's one lock */
  ts_element sum;
  ts_result result = ts_packages_read(domain, ceremony, reader, "ts.dkg11", 1, heard, culprit);
  if (result != TS_OK) return result;
  const ts_group *group = ceremony->suite->group;
  group->set_identity(&sum);
  for (size_t i = 0; i < ceremony->count; i++) {
    result = check_first(domain, ceremony, i, &heard[i]);
    if (result != TS_OK) {
      *culprit = ceremony->participants[i];
      return result;
    }
    group->add(&sum, &sum, &ceremony->commitments[i * ceremony->min_signers]);
  }
  if (group->is_identity(&sum)) return TS_IDENTITY_KEY;
  hash_packages(ceremony, heard);
  return deal(domain, ceremony, culprit);
}

static CK_RV deal_run(const ts_request *request, uint8_t *out, size_t *out_length) {
  ts_domain *domain;
  ts_reader reader;
  uint16_t culprit = 0;
  ts_result result = ts_domain_as_member(request, &domain);
  if (result != TS_OK) return ts_result_rv(result);
  ts_reader_start(&reader, request->data, request->data_length);
  const uint8_t *leaf = ts_read_fixed(&reader, 32);
  if (reader.failed) return ts_result_rv(TS_MALFORMED);
  ts_ceremony *ceremony = ts_ceremony_find(domain, leaf);
  if (ceremony == NULL) result = TS_CEREMONY_UNKNOWN;
  else if (ceremony->step == TS_STEP_BEGUN) result = check_and_deal(domain, ceremony, &reader, &culprit);
  return ts_step_answer(result, culprit, result == TS_OK ? &ceremony->packages[1] : NULL, out, out_length);
}

const ts_mechanism ts_keygen_deal_mechanism = {.type = CKM_TS_KEYGEN_DEAL, .name = "TS_KEYGEN_DEAL",
                                               .flags = CKF_SIGN, .key_bits = 256, .role = TS_ROLE_VOTE,
                                               .init = ts_step_init, .length = ts_step_length, .run = deal_run};
