/* Nonces (RFC 9591 section 4.1 and 5.1): made ahead of any message, announced, used once, gone with this life of the
 * token. They exist in secret memory alone and are never written anywhere.
 *
 * A nonce is H3(random | hedge secret | incarnation | group | counter | which | newest certified header): should the
 * random source repeat itself (a cloned machine), the counter and what the domain has decided since still differ. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "threshold.h"
#include "thresign/wipe.h"

#ifdef THRESIGN_TEST_HOOKS
uint32_t ts_nonces_seconds_later;
#endif

void ts_nonces_end(ts_domain *domain) {
  for (size_t g = 0; g < TS_GROUPS_MAX; g++) {
    ts_nonce_pool *pool = &domain->nonces[g];
    for (size_t i = 0; i < TS_NONCES_MAX / TS_NONCE_BLOCK; i++) ts_secret_free(pool->blocks[i]);
    free(pool->nonces);
    memset(pool, 0, sizeof *pool);
  }
}

void ts_nonces_begin(ts_domain *domain) { ts_nonces_end(domain); }

/* The machine's own clock, suspended time included: a nonce's age is no matter of agreed time. That stands still in an
 * idle domain, and runs through hours at once while a module catches up, so that nonces announced only just would
 * expire. It is the stricter clock as well: it does not stop for a node that withholds certificates. What was announced
 * is handed out for an hour of agreed time at most (limits.NONCE_LIFETIME_MS_MAX); the other hour is for the way. */
static uint64_t clock_ms(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) return UINT64_MAX; /* no clock: all have expired */
#ifdef THRESIGN_TEST_HOOKS
  now.tv_sec += ts_nonces_seconds_later;
#endif
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* One that has expired unused is wiped where it is met: it is as if it had never been. */
static void end_if_expired(ts_nonce *nonce, uint64_t now_ms) {
  if (nonce->state != TS_STATE_READY || now_ms - nonce->made_ms < TS_NONCE_LIFETIME_MS) return;
  ts_wipe(nonce->secret, sizeof *nonce->secret);
  nonce->state = TS_STATE_FREE;
}

ts_nonce *ts_nonces_find(ts_domain *domain, uint8_t group, uint64_t counter) {
  ts_nonce_pool *pool = &domain->nonces[group];
  for (size_t i = 0; pool->nonces != NULL && i < TS_NONCES_MAX; i++) {
    ts_nonce *nonce = &pool->nonces[i];
    if (nonce->counter != counter || nonce->state == TS_STATE_FREE) continue;
    end_if_expired(nonce, clock_ms());
    return nonce->state != TS_STATE_FREE ? nonce : NULL;
  }
  return NULL;
}

void ts_nonces_use(ts_nonce *nonce, const uint8_t order[32], const uint8_t *share, size_t share_bytes) {
  ts_wipe(nonce->secret, sizeof *nonce->secret);
  memcpy(nonce->order, order, 32);
  memset(nonce->share, 0, sizeof nonce->share);
  memcpy(nonce->share, share, share_bytes);
  nonce->state = TS_STATE_USED;
}

/* The pool of a group, without those that have expired. False if it has no room for so many more. */
static bool has_room(ts_nonce_pool *pool, size_t count) {
  const uint64_t now_ms = clock_ms();
  size_t room = 0;
  if (now_ms == UINT64_MAX) return false;
  if (pool->nonces == NULL) pool->nonces = calloc(TS_NONCES_MAX, sizeof *pool->nonces);
  for (size_t i = 0; pool->nonces != NULL && i < TS_NONCES_MAX; i++) {
    end_if_expired(&pool->nonces[i], now_ms);
    room += pool->nonces[i].state != TS_STATE_READY;
  }
  return room >= count;
}

/* A place for a new nonce: a free one, else the oldest that was used. */
static ts_nonce *take_place(ts_nonce_pool *pool) {
  ts_nonce *best = NULL;
  for (size_t i = 0; i < TS_NONCES_MAX; i++) {
    ts_nonce *nonce = &pool->nonces[i];
    if (nonce->state == TS_STATE_FREE) {
      best = nonce;
      break;
    }
    if (nonce->state == TS_STATE_USED && (best == NULL || nonce->counter < best->counter)) best = nonce;
  }
  if (best == NULL) return NULL;
  size_t place = (size_t)(best - pool->nonces), block = place / TS_NONCE_BLOCK;
  if (pool->blocks[block] == NULL) {
    pool->blocks[block] = ts_secret_alloc(TS_NONCE_BLOCK * sizeof(ts_nonce_secret));
    if (pool->blocks[block] == NULL) return NULL;
  }
  best->secret = &pool->blocks[block][place % TS_NONCE_BLOCK];
  ts_wipe(best->secret, sizeof *best->secret);
  best->state = TS_STATE_FREE;
  return best;
}

/* Any suite of the group does: nonces are uniform scalars, whatever prefix they were hashed with. */
static const ts_suite *suite_of_group(unsigned group) {
  for (unsigned id = 1; id < 16; id++) {
    const ts_suite *suite = ts_suite_by_id(id);
    if (suite != NULL && suite->group->id == group) return suite;
  }
  return NULL;
}

static void draw(const ts_domain *domain, const ts_suite *suite, uint64_t counter, uint8_t which, ts_scalar *out) {
  uint8_t random[32], context[TS_HEDGE_BYTES + 8 + 1 + 8 + 1 + 32];
  ts_writer writer;
  randombytes_buf(random, sizeof random);
  ts_writer_start(&writer, context, sizeof context);
  ts_write_fixed(&writer, ts_identity_hedge(domain->slot), TS_HEDGE_BYTES);
  ts_write_uint(&writer, domain->incarnation, 8);
  ts_write_uint(&writer, suite->group->id, 1);
  ts_write_uint(&writer, counter, 8);
  ts_write_uint(&writer, which, 1);
  ts_write_fixed(&writer, domain->newest, 32);
  ts_frost_nonce(suite, out, random, context, sizeof context);
  ts_wipe(random, sizeof random);
  ts_wipe(context, sizeof context);
}

/* Makes the next nonce of a group; its commitments go into the nonce and to out. False if there is no room. */
static bool make(ts_domain *domain, const ts_suite *suite, uint8_t *out) {
  const ts_group *group = suite->group;
  ts_element points[2];
  ts_nonce_pool *pool = &domain->nonces[group->id];
  ts_nonce *nonce = take_place(pool);
  if (nonce == NULL) return false;
  nonce->counter = pool->counter++;
  nonce->made_ms = clock_ms();
  nonce->group = group->id;
  draw(domain, suite, nonce->counter, 0, &nonce->secret->hiding);
  draw(domain, suite, nonce->counter, 1, &nonce->secret->binding);
  group->mul_base(&points[0], &nonce->secret->hiding);
  group->mul_base(&points[1], &nonce->secret->binding);
  group->encode_batch(nonce->commitments, points, 2);
  memcpy(out, nonce->commitments, 2 * (size_t)group->element_bytes);
  ts_wipe(points, sizeof points); /* projective coordinates tell more than the encodings */
  nonce->state = TS_STATE_READY;
  return true;
}

/* ---- CKM_TS_INCARNATION ------------------------------------------------------------------------------------------- */

static CK_RV incarnation_init(const ts_request *request) {
  return request->parameter_length == 8 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV incarnation_length(const ts_request *request, size_t *out_length) {
  (void)request;
  *out_length = 8;
  return CKR_OK;
}

static uint64_t stored_incarnation(const ts_domain *domain) {
  const uint8_t *bytes;
  size_t length;
  ts_reader reader;
  if (ts_record_get(domain->slot, "incarnation", &bytes, &length) != CKR_OK) return 0;
  ts_reader_start(&reader, bytes, length);
  return ts_read_uint(&reader, 8);
}

static CK_RV incarnation_run(const ts_request *request, uint8_t *out, size_t *out_length) {
  ts_domain *domain;
  ts_change *change;
  ts_reader reader;
  ts_writer writer;
  ts_result result = ts_domain_of(request, &domain);
  if (result != TS_OK) return ts_result_rv(result);
  ts_reader_start(&reader, request->parameter, request->parameter_length);
  uint64_t above = ts_read_uint(&reader, 8), stored = stored_incarnation(domain);
  if (stored > above) above = stored;
  if (domain->incarnation > above) above = domain->incarnation; /* a write that failed may have reached the disk */
  if (above >= UINT64_MAX - 1) return ts_result_rv(TS_MALFORMED);
  ts_writer_start(&writer, out, 8);
  ts_write_uint(&writer, above + 1, 8);
  CK_RV rv = ts_change_begin(request->slot, &change);
  if (rv != CKR_OK) return rv;
  ts_change_put(change, "incarnation", out, 8);
  rv = ts_change_commit(change);
  if (rv != CKR_OK) return rv;
  ts_nonces_begin(domain);
  domain->incarnation = above + 1;
  *out_length = 8;
  return CKR_OK;
}

/* ---- CKM_TS_ANNOUNCE ---------------------------------------------------------------------------------------------- */

/* Reads U8 group and U16 count. */
static CK_RV announce_parameter(const ts_request *request, const ts_suite **suite, size_t *count) {
  ts_reader reader;
  ts_reader_start(&reader, request->parameter, request->parameter_length);
  *suite = suite_of_group((unsigned)ts_read_uint(&reader, 1));
  *count = (size_t)ts_read_uint(&reader, 2);
  if (!ts_reader_done(&reader) || *suite == NULL || *count == 0 || *count > TS_ANNOUNCE_MAX)
    return CKR_MECHANISM_PARAM_INVALID;
  return CKR_OK;
}

static CK_RV announce_init(const ts_request *request) {
  const ts_suite *suite;
  size_t count;
  return announce_parameter(request, &suite, &count);
}

#define ANNOUNCEMENT_HEAD (8 + 32 + 2 + 8 + 1 + 8 + 4)

static CK_RV announce_length(const ts_request *request, size_t *out_length) {
  const ts_suite *suite;
  size_t count;
  CK_RV rv = announce_parameter(request, &suite, &count);
  if (rv == CKR_OK) *out_length = ANNOUNCEMENT_HEAD + count * 2 * suite->group->element_bytes + 64;
  return rv;
}

static CK_RV announce_run(const ts_request *request, uint8_t *out, size_t *out_length) {
  ts_domain *domain;
  const ts_suite *suite;
  size_t count;
  ts_writer writer;
  ts_result result = ts_domain_as_member(request, &domain);
  if (result == TS_OK && domain->incarnation == 0) result = TS_NO_INCARNATION;
  if (result != TS_OK) return ts_result_rv(result);
  CK_RV rv = announce_parameter(request, &suite, &count);
  if (rv != CKR_OK) return rv;
  /* All or none: nonces of an announcement that is cut short would be known to nobody, and hold their places. */
  if (!has_room(&domain->nonces[suite->group->id], count)) return ts_result_rv(TS_NONCES_FULL);
  size_t pair = 2 * (size_t)suite->group->element_bytes;
  ts_writer_start(&writer, out, *out_length);
  ts_write_tag(&writer, "ts.anno1");
  ts_write_fixed(&writer, domain->id, 32);
  ts_write_uint(&writer, domain->number, 2);
  ts_write_uint(&writer, domain->incarnation, 8);
  ts_write_uint(&writer, suite->group->id, 1);
  ts_write_uint(&writer, domain->nonces[suite->group->id].counter, 8);
  ts_write_uint(&writer, count * pair, 4);
  for (size_t i = 0; i < count; i++) {
    uint8_t commitments[2 * TS_ELEMENT_BYTES_MAX];
    if (!make(domain, suite, commitments)) return ts_result_rv(TS_NONCES_FULL);
    ts_write_fixed(&writer, commitments, pair);
  }
  size_t length = (size_t)(writer.at - out);
  ts_domain_sign(domain, out, length, out + length);
  *out_length = length + 64;
  return CKR_OK;
}

const ts_mechanism ts_incarnation_mechanism = {.type = CKM_TS_INCARNATION, .name = "TS_INCARNATION",
                                               .flags = CKF_SIGN, .key_bits = 256, .role = TS_ROLE_VOTE,
                                               .init = incarnation_init, .length = incarnation_length,
                                               .run = incarnation_run};
const ts_mechanism ts_announce_mechanism = {.type = CKM_TS_ANNOUNCE, .name = "TS_ANNOUNCE", .flags = CKF_SIGN,
                                            .key_bits = 256, .role = TS_ROLE_VOTE, .init = announce_init,
                                            .length = announce_length, .run = announce_run};
