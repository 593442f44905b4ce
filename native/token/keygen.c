/* Distributed key generation: ceremonies, packages, and the first step.
 *
 * Pedersen's protocol with proofs of possession (dkg.h), opened by a certified order and by nothing else. Every package
 * is signed by its token and names domain and order; sub-shares are sealed to keys that exist for one ceremony; who
 * sends something wrong is named. Without all participants there is no key. */
#include "keygen.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "thresign/wipe.h"

ts_ceremony *ts_ceremony_find(ts_domain *domain, const uint8_t leaf[32]) {
  for (size_t i = 0; i < TS_CEREMONIES_MAX; i++)
    if (domain->ceremonies[i].live && memcmp(domain->ceremonies[i].leaf, leaf, 32) == 0) return &domain->ceremonies[i];
  return NULL;
}

void ts_ceremony_end(ts_ceremony *ceremony) {
  ts_secret_free(ceremony->secret);
  for (size_t i = 0; i < 3; i++) free(ceremony->packages[i].data);
  free(ceremony->commitments);
  memset(ceremony, 0, sizeof *ceremony);
}

void ts_ceremonies_end(ts_domain *domain) {
  for (size_t i = 0; i < TS_CEREMONIES_MAX; i++) ts_ceremony_end(&domain->ceremonies[i]);
}

bool ts_ceremony_keep(ts_ceremony *ceremony, int round, const uint8_t *data, size_t length) {
  ts_package *package = &ceremony->packages[round - 1];
  package->data = malloc(length);
  if (package->data == NULL) return false;
  memcpy(package->data, data, length);
  package->length = length;
  return true;
}

/* ---- Packages ----------------------------------------------------------------------------------------------------- */

void ts_package_start(const ts_domain *domain, const ts_ceremony *ceremony, const char *tag, ts_writer *writer,
                      uint8_t *out, size_t capacity) {
  ts_writer_start(writer, out, capacity);
  ts_write_tag(writer, tag);
  ts_write_fixed(writer, domain->id, 32);
  ts_write_uint(writer, domain->number, 2);
  ts_write_fixed(writer, ceremony->leaf, 32);
}

size_t ts_package_finish(const ts_domain *domain, ts_writer *writer, uint8_t *out) {
  uint8_t signature[64];
  if (writer->failed) return 0;
  ts_domain_sign(domain, out, (size_t)(writer->at - out), signature);
  ts_write_fixed(writer, signature, sizeof signature);
  return writer->failed ? 0 : (size_t)(writer->at - out);
}

static ts_result read_frame(const ts_domain *domain, const ts_ceremony *ceremony, uint16_t number, const char *tag,
                            ts_heard *heard) {
  const ts_member *member = ts_roster_member(&domain->roster, number);
  if (heard->whole.length < TS_PACKAGE_HEAD + 64 || member == NULL) return TS_CULPRIT_SIGNATURE;
  size_t signed_bytes = heard->whole.length - 64;
  if (crypto_sign_verify_detached(heard->whole.data + signed_bytes, heard->whole.data, signed_bytes,
                                  member->vote_key) != 0)
    return TS_CULPRIT_SIGNATURE;
  ts_reader_start(&heard->body, heard->whole.data, signed_bytes);
  ts_read_tag(&heard->body, tag);
  bool ours = memcmp(ts_read_fixed(&heard->body, 32), domain->id, 32) == 0;
  ours = ts_read_uint(&heard->body, 2) == number && ours;
  ours = memcmp(ts_read_fixed(&heard->body, 32), ceremony->leaf, 32) == 0 && ours;
  return ours && !heard->body.failed ? TS_OK : TS_CULPRIT_SIGNATURE;
}

ts_result ts_packages_read(const ts_domain *domain, const ts_ceremony *ceremony, ts_reader *reader, const char *tag,
                           int round, ts_heard *heard, uint16_t *culprit) {
  const ts_package *own = &ceremony->packages[round - 1];
  if (ts_read_count(reader, TS_MODULES_MAX) != ceremony->count) return TS_PACKAGES;
  for (size_t i = 0; i < ceremony->count; i++) heard[i].whole = ts_read_var(reader, TS_PACKAGE_BYTES_MAX);
  if (!ts_reader_done(reader)) return TS_PACKAGES;
  if (heard[ceremony->own].whole.length != own->length ||
      memcmp(heard[ceremony->own].whole.data, own->data, own->length) != 0)
    return TS_PACKAGES;
  for (size_t i = 0; i < ceremony->count; i++) {
    ts_result result = read_frame(domain, ceremony, ceremony->participants[i], tag, &heard[i]);
    if (result != TS_OK) {
      *culprit = ceremony->participants[i];
      return result;
    }
  }
  return TS_OK;
}

CK_RV ts_step_answer(ts_result result, uint16_t culprit, const ts_package *package, uint8_t *out, size_t *out_length) {
  ts_writer writer;
  ts_writer_start(&writer, out, *out_length);
  ts_write_uint(&writer, (uint64_t)result, 4);
  ts_write_uint(&writer, culprit, 2);
  ts_write_var(&writer, result == TS_OK ? package->data : NULL, result == TS_OK ? package->length : 0);
  if (writer.failed) return CKR_FUNCTION_FAILED;
  *out_length = (size_t)(writer.at - out);
  return CKR_OK;
}

CK_RV ts_step_length(const ts_request *request, size_t *out_length) {
  (void)request;
  *out_length = TS_STEP_ANSWER_MAX;
  return CKR_OK;
}

CK_RV ts_step_init(const ts_request *request) {
  return request->parameter_length == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

/* ---- CKM_TS_KEYGEN_BEGIN: data is header digest, inclusion proof and the order ------------------------------------- */

/* The order is one that this token can carry out: a known suite and usage, a threshold between f + 1 and n - f, members
 * all, itself among them, not expired, and no key of that id here. */
static ts_result check_order(const ts_domain *domain, const ts_keygen_order *order, const ts_certified *header,
                             size_t *own) {
  const ts_roster *roster = &domain->roster;
  bool found = false;
  if (ts_suite_by_id(order->suite) == NULL) return TS_OTHER_SUITE;
  if (order->usage != TS_USAGE_SIGN) return TS_USAGE;
  if (order->expires_ms <= domain->newest_ms || order->expires_ms <= header->time_ms) return TS_EXPIRED;
  if (order->min_signers <= roster->f || order->min_signers > order->participant_count - roster->f)
    return TS_SIGNER_SET;
  for (size_t i = 0; i < order->participant_count; i++) {
    if (ts_roster_member(roster, order->participants[i]) == NULL) return TS_SIGNER_SET;
    if (order->participants[i] == domain->number) {
      *own = i;
      found = true;
    }
  }
  if (!found) return TS_NOT_A_SIGNER;
  return ts_keys_find(domain, order->key) == NULL ? TS_OK : TS_KEY_EXISTS;
}

/* A place for a ceremony: a free one, else one that finished, or whose deadline is over. */
static ts_ceremony *take_place(ts_domain *domain) {
  for (size_t i = 0; i < TS_CEREMONIES_MAX; i++)
    if (!domain->ceremonies[i].live) return &domain->ceremonies[i];
  for (size_t i = 0; i < TS_CEREMONIES_MAX; i++) {
    ts_ceremony *ceremony = &domain->ceremonies[i];
    if (ceremony->step == TS_STEP_FINISHED || ceremony->expires_ms <= domain->newest_ms) {
      ts_ceremony_end(ceremony);
      return ceremony;
    }
  }
  return NULL;
}

static ts_result open_ceremony(ts_domain *domain, const ts_keygen_order *order, const uint8_t leaf[32], size_t own,
                               ts_ceremony **out) {
  ts_ceremony *ceremony = take_place(domain);
  if (ceremony == NULL) return TS_CEREMONY_FULL;
  ceremony->secret = ts_secret_alloc(sizeof *ceremony->secret);
  ceremony->commitments = calloc(order->participant_count * order->min_signers, sizeof *ceremony->commitments);
  if (ceremony->secret == NULL || ceremony->commitments == NULL) {
    ts_ceremony_end(ceremony);
    return TS_CEREMONY_FULL;
  }
  ceremony->live = true;
  memcpy(ceremony->leaf, leaf, 32);
  memcpy(ceremony->key, order->key, 16);
  ceremony->key_version = order->key_version;
  ceremony->suite = ts_suite_by_id(order->suite);
  ceremony->usage = order->usage;
  ceremony->min_signers = order->min_signers;
  ceremony->count = order->participant_count;
  memcpy(ceremony->participants, order->participants, sizeof order->participants);
  ceremony->own = own;
  ceremony->expires_ms = order->expires_ms;
  ceremony->step = TS_STEP_BEGUN;
  *out = ceremony;
  return TS_OK;
}

/* Draws a uniform scalar into secret memory, hedged as nonces are. */
static TS_NOINLINE void draw(const ts_domain *domain, const ts_ceremony *ceremony, uint64_t which, ts_scalar *out) {
  uint8_t random[32], context[TS_HEDGE_BYTES + 32 + 8];
  ts_writer writer;
  randombytes_buf(random, sizeof random);
  ts_writer_start(&writer, context, sizeof context);
  ts_write_fixed(&writer, ts_identity_hedge(domain->slot), TS_HEDGE_BYTES);
  ts_write_fixed(&writer, ceremony->leaf, 32);
  ts_write_uint(&writer, which, 8);
  ts_frost_nonce(ceremony->suite, out, random, context, sizeof context);
  ts_wipe(random, sizeof random);
  ts_wipe(context, sizeof context);
}

static TS_NOINLINE bool first_package(ts_domain *domain, ts_ceremony *ceremony) {
  const ts_suite *suite = ceremony->suite;
  size_t element = suite->group->element_bytes, all = element * ceremony->min_signers;
  uint8_t commitments[TS_MODULES_MAX * TS_ELEMENT_BYTES_MAX], proof[TS_DKG_PROOF_BYTES_MAX], opening[32];
  uint8_t context[32 + 32], package[TS_PACKAGE_BYTES_MAX];
  ts_scalar nonce;
  ts_writer writer;
  for (size_t k = 0; k < ceremony->min_signers; k++) draw(domain, ceremony, k, &ceremony->secret->coefficients[k]);
  draw(domain, ceremony, UINT64_MAX, &nonce);
  ts_dkg_commit(suite, ceremony->secret->coefficients, ceremony->min_signers, commitments);
  memcpy(context, domain->id, 32);
  memcpy(context + 32, ceremony->leaf, 32);
  ts_dkg_prove(suite, &ceremony->secret->coefficients[0], &nonce, context, sizeof context, domain->number, commitments,
               proof);
  ts_wipe(&nonce, sizeof nonce);
  crypto_box_keypair(opening, ceremony->secret->opening_key);
  ts_package_start(domain, ceremony, "ts.dkg11", &writer, package, sizeof package);
  ts_write_fixed(&writer, opening, sizeof opening);
  ts_write_var(&writer, commitments, all);
  ts_write_var(&writer, proof, element + suite->group->scalar_bytes);
  size_t length = ts_package_finish(domain, &writer, package);
  return length > 0 && ts_ceremony_keep(ceremony, 1, package, length);
}

static CK_RV begin_run(const ts_request *request, uint8_t *out, size_t *out_length) {
  ts_domain *domain;
  ts_reader reader;
  ts_bytes encoded;
  ts_keygen_order order;
  const ts_certified *header;
  uint8_t leaf[32];
  size_t own = 0;
  ts_result result = ts_domain_as_member(request, &domain);
  if (result != TS_OK) return ts_result_rv(result);
  ts_reader_start(&reader, request->data, request->data_length);
  result = ts_headers_read_order(domain, &reader, &encoded, leaf, &header);
  if (reader.failed || (result == TS_OK && !ts_reader_done(&reader))) return ts_result_rv(TS_MALFORMED);
  if (result == TS_OK) result = ts_keygen_order_parse(encoded.data, encoded.length, &order);
  ts_ceremony *ceremony = result == TS_OK ? ts_ceremony_find(domain, leaf) : NULL;
  if (result == TS_OK && ceremony == NULL) {
    result = check_order(domain, &order, header, &own);
    if (result == TS_OK) result = open_ceremony(domain, &order, leaf, own, &ceremony);
    if (result == TS_OK && !first_package(domain, ceremony)) {
      ts_ceremony_end(ceremony);
      return CKR_HOST_MEMORY;
    }
  }
  return ts_step_answer(result, 0, result == TS_OK ? &ceremony->packages[0] : NULL, out, out_length);
}

/* ---- CKM_TS_KEYGEN_FORGET: data is the leaf hash; the ceremony ends, what it made is erased ------------------------- */

static CK_RV forget_length(const ts_request *request, size_t *out_length) {
  (void)request;
  *out_length = 1;
  return CKR_OK;
}

static CK_RV forget_run(const ts_request *request, uint8_t *out, size_t *out_length) {
  ts_domain *domain;
  ts_result result = ts_domain_of(request, &domain);
  if (result == TS_OK && request->data_length != 32) result = TS_MALFORMED;
  if (result != TS_OK) return ts_result_rv(result);
  ts_ceremony *ceremony = ts_ceremony_find(domain, request->data);
  if (ceremony != NULL) ts_ceremony_end(ceremony);
  out[0] = ceremony != NULL;
  *out_length = 1;
  return CKR_OK;
}

const ts_mechanism ts_keygen_begin_mechanism = {.type = CKM_TS_KEYGEN_BEGIN, .name = "TS_KEYGEN_BEGIN",
                                                .flags = CKF_SIGN, .key_bits = 256, .role = TS_ROLE_VOTE,
                                                .init = ts_step_init, .length = ts_step_length, .run = begin_run};
const ts_mechanism ts_keygen_forget_mechanism = {.type = CKM_TS_KEYGEN_FORGET, .name = "TS_KEYGEN_FORGET",
                                                 .flags = CKF_SIGN, .key_bits = 256, .role = TS_ROLE_VOTE,
                                                 .init = ts_step_init, .length = forget_length, .run = forget_run};
