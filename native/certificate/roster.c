#include <sodium.h>
#include <string.h>

#include "thresign/certificate.h"

const ts_member *ts_roster_member(const ts_roster *roster, uint16_t number) {
  for (size_t i = 0; i < roster->count; i++)
    if (roster->members[i].number == number) return &roster->members[i];
  return NULL;
}

/* True if a and b share a name or a key. */
static bool members_collide(const ts_roster *roster, size_t a, size_t b) {
  const ts_member *x = &roster->members[a], *y = &roster->members[b];
  return memcmp(x->vote_key, y->vote_key, 32) == 0 || memcmp(x->sealing_key, y->sealing_key, 32) == 0 ||
         (x->name_length == y->name_length && memcmp(x->name, y->name, x->name_length) == 0);
}

static bool sealing_key_valid(const uint8_t key[32]) {
  static const uint8_t scalar[32] = {8};
  uint8_t shared[32]; /* crypto_scalarmult answers -1 where the result is zero: small order */
  return crypto_scalarmult(shared, scalar, key) == 0;
}

/* The quorum of the design, ceil((n + f + 1) / 2), and never 2f + 1. */
static bool roster_consistent(const ts_roster *roster) {
  size_t f = (roster->count - 1) / 3;
  return roster->f == f && roster->q == (roster->count + f + 2) / 2;
}

static ts_result read_roster(ts_reader *reader, ts_roster *out) {
  const uint8_t *start = reader->at;
  ts_read_tag(reader, "ts.rost1");
  out->epoch = ts_read_uint(reader, 8);
  out->f = (uint16_t)ts_read_uint(reader, 2);
  out->q = (uint16_t)ts_read_uint(reader, 2);
  out->count = ts_read_count(reader, TS_MODULES_MAX);
  for (size_t i = 0; i < out->count; i++) {
    ts_member *member = &out->members[i];
    member->number = (uint16_t)ts_read_uint(reader, 2);
    ts_bytes name = ts_read_text(reader, TS_TEXT_BYTES_MAX);
    memcpy(member->name, name.data, name.length);
    member->name_length = name.length;
    memcpy(member->vote_key, ts_read_fixed(reader, 32), 32);
    memcpy(member->sealing_key, ts_read_fixed(reader, 32), 32);
  }
  if (reader->failed) return TS_MALFORMED;
  crypto_hash_sha256(out->digest, start, (size_t)(reader->at - start));
  if (out->count < TS_MODULES_MIN || !roster_consistent(out) || out->members[0].number == 0) return TS_ROSTER_INVALID;
  for (size_t i = 0; i < out->count; i++) {
    if (i > 0 && out->members[i - 1].number >= out->members[i].number) return TS_ROSTER_INVALID;
    for (size_t k = 0; k < i; k++)
      if (members_collide(out, k, i)) return TS_ROSTER_INVALID;
    if (crypto_core_ed25519_is_valid_point(out->members[i].vote_key) != 1 ||
        !sealing_key_valid(out->members[i].sealing_key))
      return TS_KEY_INVALID;
  }
  return TS_OK;
}

ts_result ts_roster_parse(const uint8_t *data, size_t length, ts_roster *out) {
  ts_reader reader;
  ts_reader_start(&reader, data, length);
  ts_result result = read_roster(&reader, out);
  if (result == TS_OK && !ts_reader_done(&reader)) return TS_MALFORMED;
  return result;
}

ts_result ts_genesis_parse(const uint8_t *data, size_t length, uint8_t domain[32], ts_roster *roster) {
  ts_reader reader;
  ts_reader_start(&reader, data, length);
  ts_read_tag(&reader, "ts.gene1");
  (void)ts_read_text(&reader, TS_TEXT_BYTES_MAX); /* name */
  (void)ts_read_uint(&reader, 8);                 /* created_ms */
  (void)ts_read_fixed(&reader, 32);               /* salt */
  (void)ts_read_fixed(&reader, 32);               /* digest of the settings */
  ts_result result = read_roster(&reader, roster);
  if (result != TS_OK) return result;
  if (!ts_reader_done(&reader)) return TS_MALFORMED;
  if (roster->epoch != 0) return TS_ROSTER_INVALID;
  crypto_hash_sha256(domain, data, length);
  return TS_OK;
}
