#include "thresign/certificate.h"

#include <sodium.h>
#include <string.h>

static void read_header(ts_reader *reader, ts_header *out) {
  out->encoded = reader->at;
  ts_read_tag(reader, "ts.head1");
  out->domain = ts_read_fixed(reader, 32);
  out->roster_epoch = ts_read_uint(reader, 8);
  out->roster = ts_read_fixed(reader, 32);
  out->sequence = ts_read_uint(reader, 8);
  out->time_ms = ts_read_uint(reader, 8);
  out->previous = ts_read_fixed(reader, 32);
  out->batch_root = ts_read_fixed(reader, 32);
}

ts_result ts_header_parse(const uint8_t *data, size_t length, ts_header *out) {
  ts_reader reader;
  ts_reader_start(&reader, data, length);
  read_header(&reader, out);
  return ts_reader_done(&reader) ? TS_OK : TS_MALFORMED;
}

void ts_vote_bytes(enum ts_phase phase, uint64_t view, const uint8_t header[TS_HEADER_BYTES],
                   uint8_t out[TS_VOTE_BYTES]) {
  ts_writer writer;
  ts_writer_start(&writer, out, TS_VOTE_BYTES);
  ts_write_tag(&writer, "ts.vote1");
  ts_write_uint(&writer, (uint64_t)phase, 1);
  ts_write_uint(&writer, view, 8);
  ts_write_fixed(&writer, header, TS_HEADER_BYTES);
}

typedef struct vote {
  uint16_t number;
  const uint8_t *signature;
} vote;

static ts_result check_votes(const vote *votes, size_t count, const ts_roster *roster, const uint8_t *header,
                             uint64_t view) {
  uint8_t message[TS_VOTE_BYTES];
  if (count < roster->q) return TS_TOO_FEW_VOTES;
  if (count > roster->q) return TS_TOO_MANY_VOTES;
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && votes[i - 1].number >= votes[i].number) return TS_VOTERS_NOT_RISING;
    if (ts_roster_member(roster, votes[i].number) == NULL) return TS_UNKNOWN_VOTER;
  }
  ts_vote_bytes(TS_PHASE_COMMIT, view, header, message);
  for (size_t i = 0; i < count; i++) {
    const ts_member *member = ts_roster_member(roster, votes[i].number);
    if (crypto_sign_verify_detached(votes[i].signature, message, sizeof message, member->vote_key) != 0)
      return TS_VOTE_SIGNATURE;
  }
  return TS_OK;
}

ts_result ts_certificate_check(const uint8_t *data, size_t length, const uint8_t domain[32], const ts_roster *roster,
                               ts_header *out) {
  vote votes[TS_MODULES_MAX];
  ts_reader reader;
  ts_reader_start(&reader, data, length);
  ts_read_tag(&reader, "ts.cert1");
  read_header(&reader, out);
  uint64_t view = ts_read_uint(&reader, 8);
  size_t count = ts_read_count(&reader, TS_MODULES_MAX);
  for (size_t i = 0; i < count; i++) {
    votes[i].number = (uint16_t)ts_read_uint(&reader, 2);
    votes[i].signature = ts_read_fixed(&reader, 64);
  }
  if (!ts_reader_done(&reader)) return TS_MALFORMED;
  if (memcmp(out->domain, domain, 32) != 0) return TS_OTHER_DOMAIN;
  if (out->roster_epoch != roster->epoch) return TS_OTHER_ROSTER_EPOCH;
  if (memcmp(out->roster, roster->digest, 32) != 0) return TS_OTHER_ROSTER;
  return check_votes(votes, count, roster, out->encoded, view);
}
