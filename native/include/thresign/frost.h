/* FROST, RFC 9591: nonces, the signing session, partials, aggregation; written once for all suites.
 *
 * A session holds only public values. Names are those of the RFC: hiding and binding nonce, binding factor, group
 * commitment, signature share (called partial in the service).
 */
#ifndef THRESIGN_FROST_H
#define THRESIGN_FROST_H

#include "thresign/suite.h"

#define TS_SIGNERS_MAX 128

/* One signer's published nonces, decoded. Whoever fills this in has checked the points (decode_vartime). */
typedef struct ts_commitment {
  uint16_t identifier;
  uint8_t encoded[2 * TS_ELEMENT_BYTES_MAX]; /* hiding, then binding: element_bytes each, end to end */
  ts_element hiding;
  ts_element binding;
} ts_commitment;

typedef struct ts_signing {
  const ts_suite *suite;
  size_t count;
  const ts_commitment *commitments; /* the caller's; rising identifiers */
  ts_element key;                   /* group public key, even Y for x-only suites */
  uint8_t key_encoded[TS_ELEMENT_BYTES_MAX];
  ts_element group_commitment;      /* R, even Y for x-only suites */
  uint8_t group_commitment_encoded[TS_ELEMENT_BYTES_MAX];
  bool key_negated;                 /* x-only: shares and verification shares count with opposite sign */
  bool nonce_negated;               /* x-only: so do the nonces */
  ts_scalar challenge;
  ts_scalar binding_factor[TS_SIGNERS_MAX];
} ts_signing;

enum ts_frost_result {
  TS_FROST_OK = 0,
  TS_FROST_SIGNERS,     /* none, too many, an identifier is 0, or they do not rise */
  TS_FROST_KEY,         /* the group public key is the identity */
  TS_FROST_COMMITMENT   /* the group commitment is the identity: choose other nonces */
};

/* A key with scalars added to it, for x-only suites, and what is to be done to shares: share' = +-share + offset; a
 * verification share follows suit. Tweaks are applied before everything else: binding factors, challenge and checks all
 * use the tweaked key. Kinds as in BIP 445: plain adds t G; x-only takes the key with even Y first (BIP 341). */
enum ts_tweak_kind { TS_TWEAK_PLAIN = 1, TS_TWEAK_X_ONLY = 2 };

typedef struct ts_tweaked {
  const ts_suite *suite;
  ts_element key;
  bool negate;
  ts_scalar offset;
} ts_tweaked;

void ts_tweak_begin(ts_tweaked *tweaked, const ts_suite *suite, const ts_element *key);
/* Adds one more: `value` is scalar_bytes bytes. False if the suite admits none, the kind is unknown, the value is not
 * below the order, or the key would become the identity; `tweaked` is then of no use. */
bool ts_tweak_add_vartime(ts_tweaked *tweaked, unsigned kind, const uint8_t *value);
/* Constant time in the share. */
void ts_tweak_share(const ts_tweaked *tweaked, ts_scalar *share);
void ts_tweak_verification_share(const ts_tweaked *tweaked, ts_element *verification_share);

/* nonce_generate of RFC 9591 section 4.1: H3(random || secret). The secret here is `context`: whatever the caller wants
 * the nonce hedged with. Secret in, secret out. */
void ts_frost_nonce(const ts_suite *suite, ts_scalar *nonce, const uint8_t random[32], const uint8_t *context,
                    size_t context_bytes);

/* Binding factors, group commitment and challenge (sections 4.4 to 4.6) for a message. All public. */
enum ts_frost_result ts_frost_begin_vartime(ts_signing *session, const ts_suite *suite, const ts_element *key,
                                            const ts_commitment *commitments, size_t count, const uint8_t *message,
                                            size_t message_bytes);

/* The Lagrange coefficient at 0 of the identifier at `index` (section 4.2). Public. */
void ts_frost_lagrange_vartime(const ts_signing *session, size_t index, ts_scalar *out);
/* The same for all session->count signers, with one inversion. Public. */
void ts_frost_lagrange_all_vartime(const ts_signing *session, ts_scalar *out);

/* partial = d + rho e + lambda s c (section 5.2), for the signer at `index`. Constant time in share and nonces. */
void ts_frost_sign(const ts_signing *session, size_t index, const ts_scalar *share, const ts_scalar *hiding,
                   const ts_scalar *binding, ts_scalar *partial);

/* verify_signature_share of section 5.4; `verification_share` is the signer's share times G. Public. */
bool ts_frost_verify_partial_vartime(const ts_signing *session, size_t index, const ts_element *verification_share,
                                     const ts_scalar *partial);

/* Finds all wrong partials: writes their indices to `culprits` (room for session->count), rising, and returns how many.
 * Right but for 2^-120: a group of partials passes by a random linear combination. `random` is 16 fresh bytes a partial,
 * drawn when the partials were known. Public. Meant for when an aggregate has failed; it is right at any time. */
size_t ts_frost_culprits_vartime(const ts_signing *session, const ts_element *verification_shares,
                                 const ts_scalar *partials, const uint8_t *random, size_t *culprits);

/* aggregate of section 5.3, without a check: suite->signature_bytes bytes. Public. */
void ts_frost_aggregate(const ts_signing *session, const ts_scalar *partials, uint8_t *signature);

/* The same, and true iff the signature verifies under the session's key. No partial is looked at by itself. Public. */
bool ts_frost_aggregate_verified_vartime(const ts_signing *session, const ts_scalar *partials, uint8_t *signature);

/* The Schnorr equation z G = R + c Y (section 3.2 and appendix C; BIP-340 for x-only suites). Strict: canonical R and z. */
bool ts_frost_verify_vartime(const ts_suite *suite, const ts_element *key, const uint8_t *message, size_t message_bytes,
                             const uint8_t *signature);

#endif
