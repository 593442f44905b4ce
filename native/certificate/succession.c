/* How one roster follows another: src/thresign/orders/succession.py is its twin in Python. */
#include <sodium.h>
#include <string.h>

#include "thresign/certificate.h"

#define TS_CHECKPOINT_BYTES (8 + 32 + 8 + 32 + 8 + 32 + 32 + 32 + 2)

typedef struct checkpoints {
  const uint8_t *domain, *roster, *header, *state, *next;
  uint64_t roster_epoch, sequence;
  size_t count;
  struct {
    uint16_t number;
    const uint8_t *signature;
  } votes[TS_MODULES_MAX];
} checkpoints;

static void read_checkpoints(ts_reader *reader, checkpoints *out) {
  ts_read_tag(reader, "ts.ckcr1");
  out->domain = ts_read_fixed(reader, 32);
  out->roster_epoch = ts_read_uint(reader, 8);
  out->roster = ts_read_fixed(reader, 32);
  out->sequence = ts_read_uint(reader, 8);
  out->header = ts_read_fixed(reader, 32);
  out->state = ts_read_fixed(reader, 32);
  out->next = ts_read_fixed(reader, 32);
  out->count = ts_read_count(reader, TS_MODULES_MAX);
  for (size_t i = 0; i < out->count; i++) {
    out->votes[i].number = (uint16_t)ts_read_uint(reader, 2);
    out->votes[i].signature = ts_read_fixed(reader, 64);
  }
}

/* What member `number` must have signed. */
static void checkpoint_bytes(const checkpoints *said, uint16_t number, uint8_t out[TS_CHECKPOINT_BYTES]) {
  ts_writer writer;
  ts_writer_start(&writer, out, TS_CHECKPOINT_BYTES);
  ts_write_tag(&writer, "ts.chkp1");
  ts_write_fixed(&writer, said->domain, 32);
  ts_write_uint(&writer, said->roster_epoch, 8);
  ts_write_fixed(&writer, said->roster, 32);
  ts_write_uint(&writer, said->sequence, 8);
  ts_write_fixed(&writer, said->header, 32);
  ts_write_fixed(&writer, said->state, 32);
  ts_write_fixed(&writer, said->next, 32);
  ts_write_uint(&writer, number, 2);
}

static ts_result check_checkpoints(const checkpoints *said, const uint8_t domain[32], const ts_roster *roster) {
  if (memcmp(said->domain, domain, 32) != 0) return TS_OTHER_DOMAIN;
  if (said->roster_epoch != roster->epoch) return TS_OTHER_ROSTER_EPOCH;
  if (memcmp(said->roster, roster->digest, 32) != 0) return TS_OTHER_ROSTER;
  if (said->count < roster->q) return TS_TOO_FEW_VOTES;
  if (said->count > roster->q) return TS_TOO_MANY_VOTES;
  for (size_t i = 0; i < said->count; i++) {
    if (i > 0 && said->votes[i - 1].number >= said->votes[i].number) return TS_VOTERS_NOT_RISING;
    if (ts_roster_member(roster, said->votes[i].number) == NULL) return TS_UNKNOWN_VOTER;
  }
  for (size_t i = 0; i < said->count; i++) {
    uint8_t message[TS_CHECKPOINT_BYTES];
    const ts_member *member = ts_roster_member(roster, said->votes[i].number);
    checkpoint_bytes(said, member->number, message);
    if (crypto_sign_verify_detached(said->votes[i].signature, message, sizeof message, member->vote_key) != 0)
      return TS_VOTE_SIGNATURE;
  }
  return TS_OK;
}

static bool same_member(const ts_member *a, const ts_member *b) {
  return a->name_length == b->name_length && memcmp(a->name, b->name, a->name_length) == 0 &&
         memcmp(a->vote_key, b->vote_key, 32) == 0 && memcmp(a->sealing_key, b->sealing_key, 32) == 0;
}

ts_result ts_roster_check_change(const ts_roster *old, const ts_roster *next) {
  size_t stay = 0;
  if (old->epoch == UINT64_MAX || next->epoch != old->epoch + 1) return TS_ROSTER_CHANGE;
  for (size_t i = 0; i < next->count; i++) {
    const ts_member *before = ts_roster_member(old, next->members[i].number);
    if (before == NULL && next->members[i].number <= old->members[old->count - 1].number) return TS_ROSTER_CHANGE;
    if (before != NULL && !same_member(before, &next->members[i])) return TS_ROSTER_CHANGE;
    stay += before != NULL;
  }
  size_t joining = next->count - stay, leaving = old->count - stay;
  if (joining + leaving == 0 || joining > old->f || leaving > old->f) return TS_ROSTER_CHANGE;
  return TS_OK;
}

ts_result ts_succession_check(const uint8_t *data, size_t length, const uint8_t domain[32], const ts_roster *old,
                              ts_roster *next, ts_bytes *encoded) {
  ts_reader reader;
  checkpoints said;
  ts_reader_start(&reader, data, length);
  ts_read_tag(&reader, "ts.succ1");
  read_checkpoints(&reader, &said);
  if (reader.failed) return TS_MALFORMED;
  encoded->data = reader.at;
  encoded->length = (size_t)(reader.end - reader.at);
  ts_result form = ts_roster_parse(encoded->data, encoded->length, next);
  if (form != TS_OK) return form;
  ts_result result = check_checkpoints(&said, domain, old);
  if (result != TS_OK) return result;
  if (memcmp(said.next, next->digest, 32) != 0) return TS_OTHER_NEXT_ROSTER;
  return ts_roster_check_change(old, next);
}
