/* CKM_TS_SIGN: partials for certified orders. This is where "agree, then release" is enforced (DESIGN section 4.5).
 *
 * Data: U32 count; for each order the digest of its header, its inclusion proof (U32 index, U32 count, U32 length and that
 * many hashes), the order and the message (both U32 length and bytes). Answer: U32 count; for each U32 code (0 or a
 * ts_result) and the share (U32 length and bytes); then 64 bytes of signature by the vote key over
 * "ts.part1" | domain | U16 number | batch root over the leaves SHA-256(0x00 | order's leaf hash | share), the shares
 * that were made alone (docs/spec/token.md). Every order stands on its own: one that is refused does not touch the
 * others. */
#include <sodium.h>
#include <string.h>

#include "threshold.h"
#include "thresign/wipe.h"

/* One order, read and found to be in a certified batch. */
typedef struct wanted {
  uint8_t leaf[32];
  const ts_certified *header;
  ts_sign_order order;
  ts_bytes message;
  const ts_signer_slot *own;
  size_t own_place; /* among the signers */
} wanted;

static ts_result find_own(const ts_domain *domain, wanted *want) {
  for (size_t i = 0; i < want->order.signer_count; i++) {
    if (want->order.signers[i].number == domain->number) {
      want->own = &want->order.signers[i];
      want->own_place = i;
      return TS_OK;
    }
  }
  return TS_NOT_A_SIGNER;
}

static bool is_participant(const ts_key *key, uint16_t number) {
  for (size_t i = 0; i < key->participant_count; i++)
    if (key->participants[i] == number) return true;
  return false;
}

/* The order fits the share that is here. Signers rise (the parser saw to that), so they are distinct. */
static ts_result check_key(const ts_key *key, const ts_sign_order *order) {
  if (key == NULL) return TS_UNKNOWN_KEY;
  if (key->version != order->key_version) return TS_OTHER_KEY_VERSION;
  if (key->share_epoch != order->share_epoch) return TS_OTHER_SHARE_EPOCH;
  if (key->suite->id != order->suite) return TS_OTHER_SUITE;
  if (key->usage != TS_USAGE_SIGN) return TS_USAGE;
  if (order->signer_count != key->min_signers) return TS_SIGNER_SET;
  for (size_t i = 0; i < order->signer_count; i++)
    if (!is_participant(key, order->signers[i].number)) return TS_SIGNER_SET;
  return TS_OK;
}

static ts_result check_message(const wanted *want) {
  uint8_t digest[32];
  if (want->message.length != want->order.message_bytes) return TS_MESSAGE_MISMATCH;
  crypto_hash_sha256(digest, want->message.data, want->message.length);
  return memcmp(digest, want->order.message_sha256, 32) == 0 ? TS_OK : TS_MESSAGE_MISMATCH;
}

/* The nonce that the order names is this token's, of this life, with these commitments, and not used for another. */
static ts_result check_nonce(ts_domain *domain, const ts_suite *suite, const wanted *want, ts_nonce **out) {
  size_t element = suite->group->element_bytes;
  if (domain->incarnation == 0 || want->own->incarnation != domain->incarnation) return TS_OTHER_INCARNATION;
  ts_nonce *nonce = ts_nonces_find(domain, suite->group->id, want->own->counter);
  if (nonce == NULL) return TS_UNKNOWN_NONCE;
  if (want->own->hiding.length != element || want->own->binding.length != element ||
      memcmp(want->own->hiding.data, nonce->commitments, element) != 0 ||
      memcmp(want->own->binding.data, nonce->commitments + element, element) != 0)
    return TS_COMMITMENT_MISMATCH;
  if (nonce->state == TS_STATE_USED && memcmp(nonce->order, want->leaf, 32) != 0) return TS_NONCE_USED;
  *out = nonce;
  return TS_OK;
}

static ts_result apply_tweaks(const ts_key *key, const ts_sign_order *order, ts_tweaked *out) {
  ts_tweak_begin(out, key->suite, &key->public_key);
  for (size_t i = 0; i < order->tweak_count; i++)
    if (!ts_tweak_add_vartime(out, order->tweaks[i].kind, order->tweaks[i].value)) return TS_TWEAK;
  return TS_OK;
}

static ts_result gather_commitments(ts_domain *domain, const ts_suite *suite, const ts_sign_order *order) {
  for (size_t i = 0; i < order->signer_count; i++) {
    ts_result result = ts_learned_find(domain, suite->group, &order->signers[i], &domain->work.commitments[i]);
    if (result != TS_OK) return result;
  }
  return TS_OK;
}

/* Computes the partial with the share, in a frame of its own: all of this function's values are secret. */
static TS_NOINLINE ts_result compute(ts_domain *domain, const ts_key *key, const ts_tweaked *tweak,
                                     const wanted *want, const ts_nonce *nonce,
                                     uint8_t share_out[TS_SCALAR_BYTES_MAX]) {
  const ts_group *group = key->suite->group;
  const uint8_t *encoded = ts_keys_share(domain, key);
  ts_scalar share, partial;
  if (encoded == NULL || !group->scalar_decode(&share, encoded)) return TS_UNKNOWN_KEY;
  ts_tweak_share(tweak, &share);
  ts_frost_sign(&domain->work.session, want->own_place, &share, &nonce->secret->hiding, &nonce->secret->binding,
                &partial);
  group->scalar_encode(share_out, &partial);
  ts_wipe(&share, sizeof share);
  ts_wipe(&partial, sizeof partial);
  return TS_OK;
}

/* Everything is checked before the nonce is touched; it is wiped before the partial leaves this function. */
static ts_result sign_one(ts_domain *domain, wanted *want, uint8_t share[TS_SCALAR_BYTES_MAX], size_t *share_bytes) {
  ts_tweaked tweak;
  ts_nonce *nonce;
  ts_result result = find_own(domain, want);
  if (result != TS_OK) return result;
  const ts_key *key = ts_keys_find(domain, want->order.key);
  if ((result = check_key(key, &want->order)) != TS_OK) return result;
  if ((result = check_nonce(domain, key->suite, want, &nonce)) != TS_OK) return result;
  *share_bytes = key->suite->group->scalar_bytes;
  if (nonce->state == TS_STATE_USED) { /* the same order again: the same bytes */
    memcpy(share, nonce->share, *share_bytes);
    return TS_OK;
  }
  if (want->order.expires_ms <= domain->newest_ms || want->order.expires_ms <= want->header->time_ms)
    return TS_EXPIRED;
  if ((result = check_message(want)) != TS_OK) return result;
  if ((result = apply_tweaks(key, &want->order, &tweak)) != TS_OK) return result;
  if ((result = gather_commitments(domain, key->suite, &want->order)) != TS_OK) return result;
  if (ts_frost_begin_vartime(&domain->work.session, key->suite, &tweak.key, domain->work.commitments,
                             want->order.signer_count, want->message.data, want->message.length) != TS_FROST_OK)
    return TS_COMMITMENT_INVALID;
  result = compute(domain, key, &tweak, want, nonce, share);
  if (result == TS_OK) ts_nonces_use(nonce, want->leaf, share, *share_bytes);
  return result;
}

/* ---- The signature over all shares of a call ---------------------------------------------------------------------- */

static void node_hash(const uint8_t left[32], const uint8_t right[32], uint8_t out[32]) {
  uint8_t both[65] = {1};
  memcpy(both + 1, left, 32);
  memcpy(both + 33, right, 32);
  crypto_hash_sha256(out, both, sizeof both);
}

static void share_leaf(const uint8_t leaf[32], const uint8_t *share, size_t share_bytes, uint8_t out[32]) {
  uint8_t bytes[32 + TS_SCALAR_BYTES_MAX];
  memcpy(bytes, leaf, 32);
  memcpy(bytes + 32, share, share_bytes);
  ts_leaf_hash(bytes, 32 + share_bytes, out);
}

/* orders.merkle.batch_root; the leaves are used up. */
static void batch_root(uint8_t (*leaves)[32], size_t count, uint8_t out[32]) {
  uint8_t bound[8 + 4 + 32];
  size_t level = count;
  ts_writer writer;
  while (level > 1) {
    for (size_t i = 0; i + 1 < level; i += 2) node_hash(leaves[i], leaves[i + 1], leaves[i / 2]);
    if (level % 2 != 0) memmove(leaves[level / 2], leaves[level - 1], 32);
    level = (level + 1) / 2;
  }
  if (count == 0) crypto_hash_sha256(leaves[0], NULL, 0);
  ts_writer_start(&writer, bound, sizeof bound);
  ts_write_tag(&writer, "ts.root1");
  ts_write_uint(&writer, count, 4);
  ts_write_fixed(&writer, leaves[0], 32);
  crypto_hash_sha256(out, bound, sizeof bound);
}

static void sign_shares(const ts_domain *domain, uint8_t (*leaves)[32], size_t count, uint8_t signature[64]) {
  uint8_t message[8 + 32 + 2 + 32], root[32];
  ts_writer writer;
  batch_root(leaves, count, root);
  ts_writer_start(&writer, message, sizeof message);
  ts_write_tag(&writer, "ts.part1");
  ts_write_fixed(&writer, domain->id, 32);
  ts_write_uint(&writer, domain->number, 2);
  ts_write_fixed(&writer, root, 32);
  ts_domain_sign(domain, message, sizeof message, signature);
}

/* ---- The mechanism ------------------------------------------------------------------------------------------------ */

static CK_RV sign_length(const ts_request *request, size_t *out_length) {
  ts_reader reader;
  ts_reader_start(&reader, request->data, request->data_length);
  size_t count = ts_read_count(&reader, TS_SIGN_CALLS_MAX);
  if (reader.failed) return ts_result_rv(TS_MALFORMED);
  *out_length = 4 + count * (4 + 4 + TS_SCALAR_BYTES_MAX) + 64;
  return CKR_OK;
}

/* Reads one order of the call. What is refused here is refused for this order; `reader` fails if the call is broken. */
static ts_result read_wanted(const ts_domain *domain, ts_reader *reader, wanted *want) {
  ts_bytes encoded;
  ts_result result = ts_headers_read_order(domain, reader, &encoded, want->leaf, &want->header);
  want->message = ts_read_var(reader, TS_DATA_BYTES_MAX);
  if (result != TS_OK || reader->failed) return result;
  return ts_sign_order_parse(encoded.data, encoded.length, &want->order);
}

static CK_RV sign_run(const ts_request *request, uint8_t *out, size_t *out_length) {
  static uint8_t leaves[TS_SIGN_CALLS_MAX][32]; /* public; under the library's one lock */
  ts_domain *domain;
  ts_reader reader;
  ts_writer writer;
  size_t made = 0;
  ts_result result = ts_domain_as_member(request, &domain);
  if (result != TS_OK) return ts_result_rv(result);
  ts_reader_start(&reader, request->data, request->data_length);
  size_t count = ts_read_count(&reader, TS_SIGN_CALLS_MAX);
  ts_writer_start(&writer, out, *out_length);
  ts_write_uint(&writer, count, 4);
  for (size_t i = 0; i < count; i++) {
    wanted want;
    uint8_t share[TS_SCALAR_BYTES_MAX];
    size_t share_bytes = 0;
    result = read_wanted(domain, &reader, &want);
    if (reader.failed) return ts_result_rv(TS_MALFORMED);
    if (result == TS_OK) result = sign_one(domain, &want, share, &share_bytes);
    ts_write_uint(&writer, (uint64_t)result, 4);
    ts_write_var(&writer, share, result == TS_OK ? share_bytes : 0);
    if (result == TS_OK) share_leaf(want.leaf, share, share_bytes, leaves[made++]);
  }
  if (!ts_reader_done(&reader)) return ts_result_rv(TS_MALFORMED);
  sign_shares(domain, leaves, made, writer.at);
  *out_length = (size_t)(writer.at - out) + 64;
  return CKR_OK;
}

static CK_RV no_parameter(const ts_request *request) {
  return request->parameter_length == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

const ts_mechanism ts_sign_mechanism = {.type = CKM_TS_SIGN, .name = "TS_SIGN", .flags = CKF_SIGN, .key_bits = 256,
                                        .role = TS_ROLE_VOTE, .init = no_parameter, .length = sign_length,
                                        .run = sign_run};
