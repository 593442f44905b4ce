/* What a token believes: genesis, rosters, headers under certificates, orders under headers (docs/spec/certificate.md).
 *
 * Small and separate on purpose: this is the code that stands between a compromised node and a partial. Everything here
 * is public data; parsed records point into the input.
 */
#ifndef THRESIGN_CERTIFICATE_H
#define THRESIGN_CERTIFICATE_H

#include "thresign/cursor.h"
#include "thresign/result.h"

#define TS_MODULES_MIN 4
#define TS_MODULES_MAX 31
#define TS_TEXT_BYTES_MAX 64
#define TS_HEADER_BYTES 160
#define TS_VOTE_BYTES (8 + 1 + 8 + TS_HEADER_BYTES)
#define TS_PROOF_HASHES_MAX 16
#define TS_ORDER_BYTES_MAX (16 * 1024)
#define TS_TWEAKS_MAX 8
#define TS_GENESIS_BYTES_MAX (16 * 1024)

enum ts_phase { TS_PHASE_PRE_PREPARE = 0, TS_PHASE_PREPARE = 1, TS_PHASE_COMMIT = 2 };
enum ts_usage { TS_USAGE_SIGN = 1 };

typedef struct ts_member {
  uint16_t number;
  size_t name_length;
  uint8_t name[TS_TEXT_BYTES_MAX];
  uint8_t vote_key[32];    /* Ed25519 */
  uint8_t sealing_key[32]; /* X25519 */
} ts_member;

typedef struct ts_roster {
  uint64_t epoch;
  uint16_t f, q;
  size_t count;
  ts_member members[TS_MODULES_MAX];
  uint8_t digest[32];
} ts_roster;

typedef struct ts_header {
  const uint8_t *encoded; /* TS_HEADER_BYTES bytes of the input */
  const uint8_t *domain;
  uint64_t roster_epoch;
  const uint8_t *roster;
  uint64_t sequence;
  uint64_t time_ms;
  const uint8_t *previous;
  const uint8_t *batch_root;
} ts_header;

typedef struct ts_proof {
  uint32_t index, count;
  size_t length;
  const uint8_t *hashes; /* 32 bytes each, the leaf's sibling first */
} ts_proof;

typedef struct ts_signer_slot {
  uint16_t number;
  uint64_t incarnation;
  uint64_t counter;
  ts_bytes hiding, binding;
} ts_signer_slot;

typedef struct ts_tweak {
  uint8_t kind;
  const uint8_t *value; /* 32 bytes */
} ts_tweak;

typedef struct ts_sign_order {
  const uint8_t *request, *entry;
  uint16_t item, attempt;
  const uint8_t *key; /* 16 bytes */
  uint32_t key_version, share_epoch;
  uint8_t suite;
  const uint8_t *message_sha256;
  uint64_t message_bytes;
  uint64_t expires_ms;
  uint16_t coordinator;
  size_t tweak_count;
  ts_tweak tweaks[TS_TWEAKS_MAX];
  size_t signer_count;
  ts_signer_slot signers[TS_MODULES_MAX];
} ts_sign_order;

typedef struct ts_keygen_order {
  const uint8_t *request, *entry;
  const uint8_t *key;
  uint32_t key_version;
  uint8_t suite, usage;
  uint16_t min_signers;
  uint64_t expires_ms;
  size_t participant_count;
  uint16_t participants[TS_MODULES_MAX];
} ts_keygen_order;

/* Reads a roster record: f and q must be what the number of members demands, keys valid and distinct. */
ts_result ts_roster_parse(const uint8_t *data, size_t length, ts_roster *out);
/* Reads a genesis record; domain is its SHA-256. */
ts_result ts_genesis_parse(const uint8_t *data, size_t length, uint8_t domain[32], ts_roster *roster);
/* The member with this number, or NULL. */
const ts_member *ts_roster_member(const ts_roster *roster, uint16_t number);

ts_result ts_header_parse(const uint8_t *data, size_t length, ts_header *out);
/* What a vote's signature covers: TS_VOTE_BYTES bytes. */
void ts_vote_bytes(enum ts_phase phase, uint64_t view, const uint8_t header[TS_HEADER_BYTES], uint8_t out[TS_VOTE_BYTES]);
/* The header under a certificate of the given domain and roster: exactly q commit votes, distinct members in rising
 * order, one view, every signature accepted by libsodium's crypto_sign_verify_detached. */
ts_result ts_certificate_check(const uint8_t *data, size_t length, const uint8_t domain[32], const ts_roster *roster,
                               ts_header *out);

/* Whether the next roster may follow: the next epoch; who stays is as before; new numbers above all before; something
 * changes, at most f (the old roster's) join, at most f leave. */
ts_result ts_roster_check_change(const ts_roster *old, const ts_roster *next);
/* The roster that follows `old` by a succession record: exactly q checkpoints of the old roster that name it, distinct
 * members in rising order, every signature verified. `encoded` is its encoding, in the input. */
ts_result ts_succession_check(const uint8_t *data, size_t length, const uint8_t domain[32], const ts_roster *old,
                              ts_roster *next, ts_bytes *encoded);

/* SHA-256(0x00 || order): the name of an order. */
void ts_leaf_hash(const uint8_t *order, size_t length, uint8_t out[32]);
/* Reads U32 index, U32 count, U32 length and that many hashes. */
ts_result ts_proof_read(ts_reader *reader, ts_proof *out);
ts_result ts_inclusion_check(const uint8_t batch_root[32], const uint8_t leaf[32], const ts_proof *proof);

ts_result ts_sign_order_parse(const uint8_t *data, size_t length, ts_sign_order *out);
ts_result ts_keygen_order_parse(const uint8_t *data, size_t length, ts_keygen_order *out);

#endif
