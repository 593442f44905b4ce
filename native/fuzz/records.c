/* libFuzzer target for the parsers between a compromised node and a partial (certificate.h): nothing is read beyond the
 * input, what is handed out points into it, and what is taken was the one encoding: written again it is the input. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "thresign/certificate.h"
#include "thresign/group.h"

static void require(bool condition) {
  if (!condition) abort();
}

static const uint8_t *input, *input_end;

static void require_inside(const uint8_t *at, size_t length) {
  require(length == 0 || (at >= input && at + length <= input_end));
}

static void require_same(const ts_writer *writer, const uint8_t *written, const uint8_t *data, size_t length) {
  require(!writer->failed && (size_t)(writer->at - written) == length && memcmp(written, data, length) == 0);
}

static void sign_order(const uint8_t *data, size_t length) {
  static uint8_t again[TS_ORDER_BYTES_MAX];
  ts_sign_order order;
  ts_writer writer;
  if (ts_sign_order_parse(data, length, &order) != TS_OK) return;
  require(order.signer_count > 0 && order.signer_count <= TS_MODULES_MAX && order.tweak_count <= TS_TWEAKS_MAX);
  ts_writer_start(&writer, again, sizeof again);
  ts_write_tag(&writer, "ts.sign1");
  ts_write_fixed(&writer, order.request, 32);
  ts_write_fixed(&writer, order.entry, 32);
  ts_write_uint(&writer, order.item, 2);
  ts_write_uint(&writer, order.attempt, 2);
  ts_write_fixed(&writer, order.key, 16);
  ts_write_uint(&writer, order.key_version, 4);
  ts_write_uint(&writer, order.share_epoch, 4);
  ts_write_uint(&writer, order.suite, 1);
  ts_write_fixed(&writer, order.message_sha256, 32);
  ts_write_uint(&writer, order.message_bytes, 8);
  ts_write_uint(&writer, order.expires_ms, 8);
  ts_write_uint(&writer, order.coordinator, 2);
  ts_write_uint(&writer, order.tweak_count, 4);
  for (size_t i = 0; i < order.tweak_count; i++) {
    ts_write_uint(&writer, order.tweaks[i].kind, 1);
    ts_write_fixed(&writer, order.tweaks[i].value, 32);
  }
  ts_write_uint(&writer, order.signer_count, 4);
  bool coordinator_signs = false;
  for (size_t i = 0; i < order.signer_count; i++) {
    const ts_signer_slot *slot = &order.signers[i];
    require_inside(slot->hiding.data, slot->hiding.length);
    require_inside(slot->binding.data, slot->binding.length);
    require(i == 0 || order.signers[i - 1].number < slot->number);
    coordinator_signs |= slot->number == order.coordinator;
    ts_write_uint(&writer, slot->number, 2);
    ts_write_uint(&writer, slot->incarnation, 8);
    ts_write_uint(&writer, slot->counter, 8);
    ts_write_var(&writer, slot->hiding.data, slot->hiding.length);
    ts_write_var(&writer, slot->binding.data, slot->binding.length);
  }
  require(coordinator_signs);
  require_same(&writer, again, data, length);
}

static void keygen_order(const uint8_t *data, size_t length) {
  uint8_t again[8 + 32 + 32 + 16 + 4 + 1 + 1 + 2 + 8 + 4 + 2 * TS_MODULES_MAX];
  ts_keygen_order order;
  ts_writer writer;
  if (ts_keygen_order_parse(data, length, &order) != TS_OK) return;
  require(order.participant_count <= TS_MODULES_MAX && order.min_signers <= order.participant_count);
  ts_writer_start(&writer, again, sizeof again);
  ts_write_tag(&writer, "ts.kgen1");
  ts_write_fixed(&writer, order.request, 32);
  ts_write_fixed(&writer, order.entry, 32);
  ts_write_fixed(&writer, order.key, 16);
  ts_write_uint(&writer, order.key_version, 4);
  ts_write_uint(&writer, order.suite, 1);
  ts_write_uint(&writer, order.usage, 1);
  ts_write_uint(&writer, order.min_signers, 2);
  ts_write_uint(&writer, order.expires_ms, 8);
  ts_write_uint(&writer, order.participant_count, 4);
  for (size_t i = 0; i < order.participant_count; i++) ts_write_uint(&writer, order.participants[i], 2);
  require_same(&writer, again, data, length);
}

static void roster_and_genesis(const uint8_t *data, size_t length) {
  static ts_roster roster;
  uint8_t domain[32];
  if (ts_roster_parse(data, length, &roster) == TS_OK) {
    require(roster.count >= TS_MODULES_MIN && roster.count <= TS_MODULES_MAX);
    require(2 * (size_t)roster.q > roster.count + roster.f && roster.q <= roster.count - roster.f);
    for (size_t i = 0; i < roster.count; i++)
      require(ts_roster_member(&roster, roster.members[i].number) == &roster.members[i]);
    require(ts_roster_member(&roster, 0) == NULL);
  }
  (void)ts_genesis_parse(data, length, domain, &roster);
}

/* A quorum of 3 of 4 whose secret keys nobody here uses: no input is a certificate. */
static void certificate(const uint8_t *data, size_t length) {
  static ts_roster roster;
  static uint8_t domain[32];
  ts_header header;
  if (roster.count == 0) {
    uint8_t seed[32] = {0}, secret[64];
    roster.f = 1;
    roster.q = 3;
    roster.count = TS_MODULES_MIN;
    for (uint8_t i = 0; i < TS_MODULES_MIN; i++) {
      seed[0] = (uint8_t)(i + 1);
      roster.members[i].number = (uint16_t)(i + 1);
      (void)crypto_sign_seed_keypair(roster.members[i].vote_key, secret, seed);
    }
  }
  require(ts_certificate_check(data, length, domain, &roster, &header) != TS_OK);
  if (ts_header_parse(data, length, &header) == TS_OK) {
    require(length == TS_HEADER_BYTES && header.encoded == data);
    require_inside(header.batch_root, 32);
  }
}

static void proof(const uint8_t *data, size_t length) {
  ts_reader reader;
  ts_proof found;
  uint8_t leaf[32], root[32] = {0};
  ts_reader_start(&reader, data, length);
  if (ts_proof_read(&reader, &found) != TS_OK) return;
  require(found.length <= TS_PROOF_HASHES_MAX);
  require_inside(found.hashes, 32 * found.length);
  ts_leaf_hash(reader.at, (size_t)(reader.end - reader.at), leaf);
  require(ts_inclusion_check(root, leaf, &found) != TS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const PARSERS[])(const uint8_t *, size_t) = {sign_order, keygen_order, roster_and_genesis, certificate,
                                                             proof};
  if (size == 0 || sodium_init() < 0) return 0;
  /* At its exact size, so that a sanitizer sees one byte too many. */
  uint8_t *copy = malloc(size - 1);
  require(copy != NULL || size == 1);
  if (size > 1) memcpy(copy, data + 1, size - 1);
  input = copy;
  input_end = copy + size - 1;
  PARSERS[data[0] % (sizeof PARSERS / sizeof PARSERS[0])](copy, size - 1);
  free(copy);
  return 0;
}
