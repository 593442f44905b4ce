/* Certificates: the only way in which the token comes to believe that something was agreed. A header whose certificate
 * was checked is remembered by its digest, so that many orders under it cost one check. */
#include <sodium.h>
#include <string.h>

#include "threshold.h"

const ts_certified *ts_headers_find(const ts_domain *domain, const uint8_t digest[32]) {
  for (size_t i = 0; i < TS_HEADERS_MAX; i++) { /* newest first */
    const ts_certified *header = &domain->headers[(domain->header_next + TS_HEADERS_MAX - 1 - i) % TS_HEADERS_MAX];
    if (header->time_ms != 0 && memcmp(header->digest, digest, 32) == 0) return header;
  }
  return NULL;
}

static void remember(ts_domain *domain, const ts_header *header, const uint8_t digest[32]) {
  if (ts_headers_find(domain, digest) != NULL) return;
  ts_certified *kept = &domain->headers[domain->header_next];
  domain->header_next = (domain->header_next + 1) % TS_HEADERS_MAX;
  memcpy(kept->digest, digest, 32);
  memcpy(kept->batch_root, header->batch_root, 32);
  kept->time_ms = header->time_ms;
  if (header->time_ms >= domain->newest_ms) { /* agreed time never goes back, certificates may come late */
    domain->newest_ms = header->time_ms;
    memcpy(domain->newest, digest, 32);
  }
}

static CK_RV certificate_length(const ts_request *request, size_t *out_length) {
  (void)request;
  *out_length = 32;
  return CKR_OK;
}

static CK_RV certificate_run(const ts_request *request, uint8_t *out, size_t *out_length) {
  ts_domain *domain;
  ts_header header;
  ts_result result = ts_domain_of(request, &domain);
  if (result == TS_OK)
    result = ts_certificate_check(request->data, request->data_length, domain->id, &domain->roster, &header);
  if (result == TS_OK && header.time_ms == 0) result = TS_MALFORMED; /* 0 marks an empty place here */
  if (result != TS_OK) return ts_result_rv(result);
  crypto_hash_sha256(out, header.encoded, TS_HEADER_BYTES);
  remember(domain, &header, out);
  *out_length = 32;
  return CKR_OK;
}

ts_result ts_headers_read_order(const ts_domain *domain, ts_reader *reader, ts_bytes *order, uint8_t leaf[32],
                                const ts_certified **header) {
  ts_proof proof;
  const uint8_t *digest = ts_read_fixed(reader, 32);
  if (ts_proof_read(reader, &proof) != TS_OK) return TS_MALFORMED;
  *order = ts_read_var(reader, TS_ORDER_BYTES_MAX);
  if (reader->failed) return TS_MALFORMED;
  *header = ts_headers_find(domain, digest);
  if (*header == NULL) return TS_UNKNOWN_HEADER;
  ts_leaf_hash(order->data, order->length, leaf);
  return ts_inclusion_check((*header)->batch_root, leaf, &proof);
}

static CK_RV no_parameter(const ts_request *request) {
  return request->parameter_length == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

const ts_mechanism ts_certificate_mechanism = {.type = CKM_TS_CERTIFICATE, .name = "TS_CERTIFICATE",
                                               .flags = CKF_SIGN, .key_bits = 256, .role = TS_ROLE_VOTE,
                                               .init = no_parameter, .length = certificate_length,
                                               .run = certificate_run};
