#include "thresign/suite.h"

#include <string.h>

#include "thresign/wipe.h"

/* RFC 9591 sections 6.1 to 6.5; TR: the ZcashFoundation crate frost-secp256k1-tr and BIP-340. Ed25519 and Ed448 leave
 * the context out of H2, so that their signatures are those of RFC 8032. */
static const char ED448_CHALLENGE[] = {'S', 'i', 'g', 'E', 'd', '4', '4', '8', 0, 0};

static const ts_suite SUITES[] = {
    {.id = TS_SUITE_ED25519_SHA512, .name = "FROST(Ed25519, SHA-512)", .group = &ts_edwards25519,
     .context = "FROST-ED25519-SHA512-v1", .hash = TS_SHA512, .digest_bytes = 64,
     .challenge_prefix = "", .challenge_prefix_bytes = 0, .signature_bytes = 64},
    {.id = TS_SUITE_RISTRETTO255_SHA512, .name = "FROST(ristretto255, SHA-512)", .group = &ts_ristretto255,
     .context = "FROST-RISTRETTO255-SHA512-v1", .hash = TS_SHA512, .digest_bytes = 64, .signature_bytes = 64},
    {.id = TS_SUITE_ED448_SHAKE256, .name = "FROST(Ed448, SHAKE256)", .group = &ts_edwards448,
     .context = "FROST-ED448-SHAKE256-v1", .hash = TS_SHAKE256, .digest_bytes = 114,
     .challenge_prefix = ED448_CHALLENGE, .challenge_prefix_bytes = sizeof ED448_CHALLENGE, .signature_bytes = 114},
    {.id = TS_SUITE_P256_SHA256, .name = "FROST(P-256, SHA-256)", .group = &ts_p256,
     .context = "FROST-P256-SHA256-v1", .hash = TS_SHA256, .digest_bytes = 32, .expand = true, .signature_bytes = 65},
    {.id = TS_SUITE_SECP256K1_SHA256, .name = "FROST(secp256k1, SHA-256)", .group = &ts_secp256k1,
     .context = "FROST-secp256k1-SHA256-v1", .hash = TS_SHA256, .digest_bytes = 32, .expand = true,
     .signature_bytes = 65},
    {.id = TS_SUITE_SECP256K1_SHA256_TR, .name = "FROST(secp256k1, SHA-256, Taproot)", .group = &ts_secp256k1,
     .context = "FROST-secp256k1-SHA256-TR-v1", .hash = TS_SHA256, .digest_bytes = 32, .expand = true, .x_only = true,
     .signature_bytes = 64},
};

const ts_suite *ts_suite_by_id(unsigned id) {
  for (size_t i = 0; i < sizeof SUITES / sizeof SUITES[0]; i++)
    if (SUITES[i].id == id) return &SUITES[i];
  return NULL;
}

static const char *const LABELS[] = {"rho", "chal", "nonce", "msg", "com", "dkg"};

static void state_begin(ts_hash *hash) {
  switch (hash->suite->hash) {
    case TS_SHA256: crypto_hash_sha256_init(&hash->state.sha256); break;
    case TS_SHA512: crypto_hash_sha512_init(&hash->state.sha512); break;
    case TS_SHAKE256: ts_shake256_init(&hash->state.shake256); break;
  }
}

void ts_hash_add(ts_hash *hash, const uint8_t *bytes, size_t length) {
  switch (hash->suite->hash) {
    case TS_SHA256: crypto_hash_sha256_update(&hash->state.sha256, bytes, length); break;
    case TS_SHA512: crypto_hash_sha512_update(&hash->state.sha512, bytes, length); break;
    case TS_SHAKE256: ts_shake256_absorb(&hash->state.shake256, bytes, length); break;
  }
}

static void add_text(ts_hash *hash, const char *text) { ts_hash_add(hash, (const uint8_t *)text, strlen(text)); }

/* True where hash_to_field takes the place of prefix and reduction: H1, H2, H3 and HDKG of the SHA-256 suites. The
 * challenge of BIP-340 is a tagged hash instead. */
static bool expands(const ts_hash *hash) {
  return hash->suite->expand && hash->kind != TS_H4 && hash->kind != TS_H5 &&
         !(hash->suite->x_only && hash->kind == TS_H2);
}

void ts_hash_begin(ts_hash *hash, const ts_suite *suite, enum ts_hash_kind kind) {
  static const uint8_t zero_block[64] = {0};
  hash->suite = suite;
  hash->kind = kind;
  state_begin(hash);
  if (expands(hash)) { /* RFC 9380 section 5.3.1: Z_pad comes first */
    ts_hash_add(hash, zero_block, sizeof zero_block);
  } else if (kind == TS_H2 && suite->x_only) { /* BIP-340: SHA256(tag) twice */
    uint8_t tag[32];
    crypto_hash_sha256(tag, (const uint8_t *)"BIP0340/challenge", 17);
    ts_hash_add(hash, tag, sizeof tag);
    ts_hash_add(hash, tag, sizeof tag);
  } else if (kind == TS_H2 && suite->challenge_prefix != NULL) {
    ts_hash_add(hash, (const uint8_t *)suite->challenge_prefix, suite->challenge_prefix_bytes);
  } else {
    add_text(hash, suite->context);
    add_text(hash, LABELS[kind]);
  }
}

/* The DST of RFC 9591 is contextString || label, followed by its length (RFC 9380 DST_prime). */
static void add_dst_prime(ts_hash *hash) {
  const char *label = LABELS[hash->kind];
  uint8_t length = (uint8_t)(strlen(hash->suite->context) + strlen(label));
  add_text(hash, hash->suite->context);
  add_text(hash, label);
  ts_hash_add(hash, &length, 1);
}

/* hash_to_field(msg, 1) with expand_message_xmd, SHA-256, L = 48 (RFC 9380 sections 5.2 and 5.3.1). */
static void expand_to_scalar(ts_hash *hash, ts_scalar *out) {
  static const uint8_t length_and_zero[3] = {0, 48, 0};
  uint8_t b0[32], uniform[64];
  ts_hash_add(hash, length_and_zero, sizeof length_and_zero);
  add_dst_prime(hash);
  crypto_hash_sha256_final(&hash->state.sha256, b0);
  for (uint8_t i = 1; i <= 2; i++) {
    uint8_t block[32];
    memcpy(block, b0, sizeof block);
    if (i == 2)
      for (size_t k = 0; k < sizeof block; k++) block[k] ^= uniform[k];
    state_begin(hash);
    ts_hash_add(hash, block, sizeof block);
    ts_hash_add(hash, &i, 1);
    add_dst_prime(hash);
    crypto_hash_sha256_final(&hash->state.sha256, uniform + 32 * (i - 1));
    ts_wipe(block, sizeof block);
  }
  hash->suite->group->scalar_reduce(out, uniform, 48);
  ts_wipe(b0, sizeof b0);
  ts_wipe(uniform, sizeof uniform);
}

void ts_hash_to_scalar(ts_hash *hash, ts_scalar *out) {
  uint8_t wide[TS_SCALAR_WIDE_BYTES_MAX];
  if (expands(hash)) {
    expand_to_scalar(hash, out);
    return;
  }
  size_t length = 0;
  switch (hash->suite->hash) {
    case TS_SHA256:
      crypto_hash_sha256_final(&hash->state.sha256, wide);
      length = 32;
      break;
    case TS_SHA512:
      crypto_hash_sha512_final(&hash->state.sha512, wide);
      length = 64;
      break;
    case TS_SHAKE256:
      length = 114;
      ts_shake256_squeeze(&hash->state.shake256, wide, length);
      break;
  }
  hash->suite->group->scalar_reduce(out, wide, length);
  ts_wipe(wide, sizeof wide);
}

void ts_hash_to_digest(ts_hash *hash, uint8_t *out) {
  switch (hash->suite->hash) {
    case TS_SHA256: crypto_hash_sha256_final(&hash->state.sha256, out); break;
    case TS_SHA512: crypto_hash_sha512_final(&hash->state.sha512, out); break;
    case TS_SHAKE256: ts_shake256_squeeze(&hash->state.shake256, out, hash->suite->digest_bytes); break;
  }
}
