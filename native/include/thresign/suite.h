/* The suites of RFC 9591 (section 6) and FROST-secp256k1-SHA256-TR-v1: a suite is a row in a table.
 *
 * Hash inputs are public, except those of ts_hash kind TS_H3 (nonces): every hash here runs in time that depends on
 * lengths only.
 */
#ifndef THRESIGN_SUITE_H
#define THRESIGN_SUITE_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thresign/group.h"
#include "thresign/shake256.h"

#define TS_DIGEST_BYTES_MAX 114
#define TS_SIGNATURE_BYTES_MAX 114

/* The numbers go over the wire and are never reused. */
enum ts_suite_id {
  TS_SUITE_ED25519_SHA512 = 1,
  TS_SUITE_RISTRETTO255_SHA512 = 2,
  TS_SUITE_ED448_SHAKE256 = 3,
  TS_SUITE_P256_SHA256 = 4,
  TS_SUITE_SECP256K1_SHA256 = 5,
  TS_SUITE_SECP256K1_SHA256_TR = 6
};

enum ts_hash_function { TS_SHA256, TS_SHA512, TS_SHAKE256 };

typedef struct ts_suite {
  uint8_t id;                      /* enum ts_suite_id */
  const char *name;                /* as RFC 9591 writes it */
  const ts_group *group;
  const char *context;             /* contextString */
  enum ts_hash_function hash;
  uint8_t digest_bytes;            /* of H4 and H5 */
  bool expand;                     /* H1, H2, H3 by hash_to_field (RFC 9380) rather than by reduction */
  const char *challenge_prefix;    /* of H2; NULL means context || "chal" */
  uint8_t challenge_prefix_bytes;
  bool x_only;                     /* BIP-340: even-Y key and nonce, 32-byte x-coordinates in challenge and signature */
  uint8_t signature_bytes;
} ts_suite;

/* The suite with this number, or NULL. */
const ts_suite *ts_suite_by_id(unsigned id);

enum ts_hash_kind {
  TS_H1,  /* binding factors */
  TS_H2,  /* challenge */
  TS_H3,  /* nonces: secret input */
  TS_H4,  /* message digest */
  TS_H5,  /* commitment list digest */
  TS_HDKG /* proofs of possession in key generation: our own, context || "dkg" */
};

/* One running hash. It may be copied to reuse a prefix, and must be wiped after secret input. */
typedef struct ts_hash {
  const ts_suite *suite;
  enum ts_hash_kind kind;
  union {
    crypto_hash_sha256_state sha256;
    crypto_hash_sha512_state sha512;
    ts_shake256 shake256;
  } state;
} ts_hash;

void ts_hash_begin(ts_hash *hash, const ts_suite *suite, enum ts_hash_kind kind);
void ts_hash_add(ts_hash *hash, const uint8_t *bytes, size_t length);
/* For H1, H2, H3 and HDKG; the hash is used up. */
void ts_hash_to_scalar(ts_hash *hash, ts_scalar *out);
/* For H4 and H5: suite->digest_bytes bytes; the hash is used up. */
void ts_hash_to_digest(ts_hash *hash, uint8_t *out);

#endif
