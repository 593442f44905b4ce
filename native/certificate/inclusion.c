/* Inclusion of an order in a batch: RFC 9162 section 2.1.3.2, with the count bound into the root. */

#include <sodium.h>
#include <string.h>

#include "thresign/certificate.h"

void ts_leaf_hash(const uint8_t *order, size_t length, uint8_t out[32]) {
  static const uint8_t prefix = 0;
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, &prefix, 1);
  crypto_hash_sha256_update(&state, order, length);
  crypto_hash_sha256_final(&state, out);
}

static void node_hash(const uint8_t left[32], const uint8_t right[32], uint8_t out[32]) {
  static const uint8_t prefix = 1;
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, &prefix, 1);
  crypto_hash_sha256_update(&state, left, 32);
  crypto_hash_sha256_update(&state, right, 32);
  crypto_hash_sha256_final(&state, out);
}

ts_result ts_proof_read(ts_reader *reader, ts_proof *out) {
  out->index = (uint32_t)ts_read_uint(reader, 4);
  out->count = (uint32_t)ts_read_uint(reader, 4);
  out->length = ts_read_count(reader, TS_PROOF_HASHES_MAX);
  out->hashes = reader->at;
  for (size_t i = 0; i < out->length; i++) (void)ts_read_fixed(reader, 32);
  return reader->failed ? TS_MALFORMED : TS_OK;
}

ts_result ts_inclusion_check(const uint8_t batch_root[32], const uint8_t leaf[32], const ts_proof *proof) {
  uint8_t node[32], bound[8 + 4 + 32], root[32];
  if (proof->index >= proof->count) return TS_PROOF_MALFORMED;
  uint32_t position = proof->index, last = proof->count - 1;
  memcpy(node, leaf, 32);
  for (size_t i = 0; i < proof->length; i++) {
    const uint8_t *sibling = proof->hashes + 32 * i;
    if (last == 0) return TS_PROOF_MALFORMED;
    if ((position & 1) != 0 || position == last) {
      node_hash(sibling, node, node);
      while ((position & 1) == 0 && position != 0) {
        position >>= 1;
        last >>= 1;
      }
    } else {
      node_hash(node, sibling, node);
    }
    position >>= 1;
    last >>= 1;
  }
  if (last != 0) return TS_PROOF_MALFORMED;
  ts_writer writer;
  ts_writer_start(&writer, bound, sizeof bound);
  ts_write_tag(&writer, "ts.root1");
  ts_write_uint(&writer, proof->count, 4);
  ts_write_fixed(&writer, node, 32);
  crypto_hash_sha256(root, bound, sizeof bound);
  return memcmp(root, batch_root, 32) == 0 ? TS_OK : TS_NOT_IN_BATCH;
}
