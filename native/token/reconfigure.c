/* Membership changes: the pinned roster gives way to the next one, by the certificate of its own quorum, one by one and
 * never down. The only way, after the genesis, in which the token comes to believe in other members. */
#include <string.h>

#include "threshold.h"

static CK_RV no_parameter(const ts_request *request) {
  return request->parameter_length == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV answer_length(const ts_request *request, size_t *out_length) {
  (void)request;
  *out_length = 8 + 32;
  return CKR_OK;
}

static void answer(const ts_domain *domain, uint8_t *out, size_t *out_length) {
  ts_writer writer;
  ts_writer_start(&writer, out, 8 + 32);
  ts_write_uint(&writer, domain->roster.epoch, 8);
  ts_write_fixed(&writer, domain->roster.digest, 32);
  *out_length = 8 + 32;
}

/* On disk first: a token that dies in between comes back under the one roster or the other, never under none. */
static CK_RV store(const ts_request *request, const ts_bytes *encoded) {
  ts_change *change;
  CK_RV rv = ts_change_begin(request->slot, &change);
  if (rv != CKR_OK) return rv;
  ts_change_put(change, TS_ROSTER_RECORD, encoded->data, encoded->length);
  return ts_change_commit(change);
}

/* Shares, nonces and headers that were certified stay: what was decided is decided. Key generations do not cross
 * epochs, and what other members announced is decoded again when it is needed, since their places have changed. */
static void enter(ts_domain *domain, const ts_roster *next) {
  ts_ceremonies_end(domain);
  ts_learned_end(domain);
  domain->roster = *next;
  domain->number = ts_domain_own_number(domain->slot, next);
}

static CK_RV reconfigure_run(const ts_request *request, uint8_t *out, size_t *out_length) {
  static ts_roster next; /* public; under the library's one lock */
  ts_domain *domain;
  ts_bytes encoded;
  ts_result result = ts_domain_of(request, &domain);
  if (result != TS_OK) return ts_result_rv(result);
  if (request->data_length != 1 || request->data[0] != 0) {
    result = ts_succession_check(request->data, request->data_length, domain->id, &domain->roster, &next, &encoded);
    if (result != TS_OK) return ts_result_rv(result);
    CK_RV rv = store(request, &encoded);
    if (rv != CKR_OK) return rv;
    enter(domain, &next);
  }
  answer(domain, out, out_length);
  return CKR_OK;
}

const ts_mechanism ts_reconfigure_mechanism = {.type = CKM_TS_RECONFIGURE, .name = "TS_RECONFIGURE",
                                               .flags = CKF_SIGN, .key_bits = 256, .role = TS_ROLE_VOTE,
                                               .init = no_parameter, .length = answer_length, .run = reconfigure_run};
