/* What the vote key signs: votes on headers of this domain and roster, and statements of a few kinds in this module's name.
 * Whether a vote is due is the vault's to judge; that it is a vote and nothing else is checked here. */
#include <string.h>

#include "threshold.h"

static CK_RV signature_length(const ts_request *request, size_t *out_length) {
  (void)request;
  *out_length = 64;
  return CKR_OK;
}

static CK_RV no_parameter(const ts_request *request) {
  return request->parameter_length == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

static ts_result check_vote(const ts_domain *domain, const uint8_t *data, size_t length) {
  ts_reader reader;
  ts_header header;
  ts_reader_start(&reader, data, length);
  ts_read_tag(&reader, "ts.vote1");
  uint64_t phase = ts_read_uint(&reader, 1);
  (void)ts_read_uint(&reader, 8); /* view */
  const uint8_t *encoded = ts_read_fixed(&reader, TS_HEADER_BYTES);
  if (!ts_reader_done(&reader) || phase > TS_PHASE_COMMIT) return TS_MALFORMED;
  if (ts_header_parse(encoded, TS_HEADER_BYTES, &header) != TS_OK) return TS_MALFORMED;
  if (memcmp(header.domain, domain->id, 32) != 0) return TS_OTHER_DOMAIN;
  if (header.roster_epoch != domain->roster.epoch) return TS_OTHER_ROSTER_EPOCH;
  if (memcmp(header.roster, domain->roster.digest, 32) != 0) return TS_OTHER_ROSTER;
  return TS_OK;
}

static CK_RV vote_run(const ts_request *request, uint8_t *out, size_t *out_length) {
  ts_domain *domain;
  ts_result result = ts_domain_as_member(request, &domain);
  if (result == TS_OK) result = check_vote(domain, request->data, request->data_length);
  if (result != TS_OK) return ts_result_rv(result);
  ts_domain_sign(domain, request->data, request->data_length, out);
  *out_length = 64;
  return CKR_OK;
}

/* The statements that a vault may have signed, and where in them the module's number stands; those about agreement name
 * the roster under which they count, which has to be the pinned one: an epoch that the token has left gets no second end,
 * whatever becomes of its members' vaults. Announcements, packages of key generation, successes and partials are not among
 * them: the token signs those only when it made them. */
static const struct {
  char tag[9];
  size_t number_at;
  bool names_roster; /* its epoch and digest stand after the domain */
} STATEMENTS[] = {
    {"ts.vchg1", 8 + 32 + 8 + 32 + 8, true},                /* view-change: domain, roster epoch, roster, view */
    {"ts.newv1", 8 + 32 + 8 + 32 + 8, true},                /* new-view */
    {"ts.chkp1", 8 + 32 + 8 + 32 + 8 + 32 + 32 + 32, true}, /* checkpoint: ..., sequence, header, state, next roster */
    {"ts.hrzn1", 8 + 32 + 8 + 32, true},                    /* horizon report: domain, roster epoch, roster */
    {"ts.miss1", 8 + 32, false},                            /* missing report */
    {"ts.foun1", 8 + 32, false},                            /* found report */
    {"ts.here1", 8 + 32, false},                            /* presence */
    {"ts.kgab1", 8 + 32, false},                            /* ceremony abort */
};

static ts_result check_roster_named(const ts_domain *domain, const uint8_t *at) {
  ts_reader reader;
  ts_reader_start(&reader, at, 8 + 32);
  if (ts_read_uint(&reader, 8) != domain->roster.epoch) return TS_OTHER_ROSTER_EPOCH;
  return memcmp(ts_read_fixed(&reader, 32), domain->roster.digest, 32) == 0 ? TS_OK : TS_OTHER_ROSTER;
}

static ts_result check_statement(const ts_domain *domain, const uint8_t *data, size_t length) {
  for (size_t i = 0; i < sizeof STATEMENTS / sizeof STATEMENTS[0]; i++) {
    size_t at = STATEMENTS[i].number_at;
    if (length < 8 || memcmp(data, STATEMENTS[i].tag, 8) != 0) continue;
    if (length < at + 2) return TS_MALFORMED;
    if (memcmp(data + 8, domain->id, 32) != 0) return TS_OTHER_DOMAIN;
    ts_result named = STATEMENTS[i].names_roster ? check_roster_named(domain, data + 8 + 32) : TS_OK;
    if (named != TS_OK) return named;
    return (data[at] << 8 | data[at + 1]) == domain->number ? TS_OK : TS_STATEMENT_NUMBER;
  }
  return TS_STATEMENT_KIND;
}

/* That this token would be a member: domain, number, name, vote key, sealing key. Said by a token that is none. */
static ts_result check_joining(const ts_domain *domain, const uint8_t *data, size_t length) {
  ts_reader reader;
  ts_reader_start(&reader, data, length);
  ts_read_tag(&reader, "ts.join1");
  const uint8_t *id = ts_read_fixed(&reader, 32);
  uint64_t number = ts_read_uint(&reader, 2);
  (void)ts_read_text(&reader, TS_TEXT_BYTES_MAX);
  const uint8_t *vote = ts_read_fixed(&reader, 32), *sealing = ts_read_fixed(&reader, 32);
  if (!ts_reader_done(&reader)) return TS_MALFORMED;
  if (memcmp(id, domain->id, 32) != 0) return TS_OTHER_DOMAIN;
  return number != 0 && ts_domain_is_self(domain->slot, vote, sealing) ? TS_OK : TS_NOT_A_MEMBER;
}

static CK_RV statement_run(const ts_request *request, uint8_t *out, size_t *out_length) {
  ts_domain *domain;
  ts_result result = ts_domain_of(request, &domain);
  bool joining = request->data_length >= 8 && memcmp(request->data, "ts.join1", 8) == 0;
  if (result == TS_OK && domain->number == 0 && !joining) result = TS_NOT_A_MEMBER;
  if (result == TS_OK && domain->number != 0 && joining) result = TS_STATEMENT_KIND;
  if (result == TS_OK)
    result = joining ? check_joining(domain, request->data, request->data_length)
                     : check_statement(domain, request->data, request->data_length);
  if (result != TS_OK) return ts_result_rv(result);
  ts_domain_sign(domain, request->data, request->data_length, out);
  *out_length = 64;
  return CKR_OK;
}

const ts_mechanism ts_vote_mechanism = {.type = CKM_TS_VOTE, .name = "TS_VOTE", .flags = CKF_SIGN, .key_bits = 256,
                                        .role = TS_ROLE_VOTE, .init = no_parameter, .length = signature_length,
                                        .run = vote_run};
const ts_mechanism ts_statement_mechanism = {.type = CKM_TS_STATEMENT, .name = "TS_STATEMENT", .flags = CKF_SIGN,
                                             .key_bits = 256, .role = TS_ROLE_VOTE, .init = no_parameter,
                                             .length = signature_length, .run = statement_run};
