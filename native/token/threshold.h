/* What the token knows of its trust domain: the extension's state, one for each slot while its user is logged in.
 *
 *   domain.c      genesis and roster; opening and closing this state
 *   vote.c        votes and statements
 *   headers.c     certificates; which headers were certified
 *   nonces.c      nonces: made, announced, used once
 *   learned.c     other members' commitments, checked and decoded when they are announced
 *   keys.c        shares and their public side
 *   partial.c     partials for certified orders
 *   keygen*.c     distributed key generation
 *   reconfigure.c the next roster, by certificate
 *
 * Public values lie on the heap, secrets in secret memory only. Big working structures are part of this state rather
 * than on the stack, so that the frames that see secrets lie within what the entry wipes.
 */
#ifndef THRESIGN_TOKEN_THRESHOLD_H
#define THRESIGN_TOKEN_THRESHOLD_H

#include "secret.h"
#include "thresign/certificate.h"
#include "thresign/dkg.h"
#include "thresign/errors.h"
#include "thresign/frost.h"
#include "thresign/vendor.h"
#include "token.h"

#define TS_HEADERS_MAX 512          /* certified headers that are remembered */
#define TS_NONCES_MAX 2048          /* of one group, in one life of the token */
#define TS_NONCE_BLOCK 128          /* whose secret halves are allocated together */
#define TS_NONCE_LIFETIME_MS (2u * 60u * 60u * 1000u) /* unused, by the machine's clock; the ledger's is shorter */
#define TS_ANNOUNCE_MAX 128         /* nonces in one announcement */
#define TS_LEARNED_MAX 1280         /* of one member and group: more than a ledger's pool */
#define TS_KEYS_MAX 4096
#define TS_CEREMONIES_MAX 4
#define TS_PACKAGE_BYTES_MAX (16 * 1024)
#define TS_SIGN_CALLS_MAX 512
#define TS_GROUPS_MAX 8
#define TS_ROSTER_RECORD "roster"   /* the certified roster, once there is one */

typedef struct ts_certified {
  uint8_t digest[32];
  uint8_t batch_root[32];
  uint64_t time_ms;
} ts_certified;

enum ts_nonce_state { TS_STATE_FREE = 0, TS_STATE_READY, TS_STATE_USED };

/* The secret half of a nonce, in secret memory. */
typedef struct ts_nonce_secret {
  ts_scalar hiding, binding;
} ts_nonce_secret;

/* The public half. Used ones stay for a while, so that a repeated order gets the same share. */
typedef struct ts_nonce {
  uint64_t counter;
  uint64_t made_ms; /* by the machine's clock */
  uint8_t group;
  uint8_t state; /* enum ts_nonce_state */
  uint8_t commitments[2 * TS_ELEMENT_BYTES_MAX];
  uint8_t order[32];
  uint8_t share[TS_SCALAR_BYTES_MAX];
  ts_nonce_secret *secret; /* all zero once used */
} ts_nonce;

/* One group's nonces. Each group has room of its own: what one uses up does not starve the others. */
typedef struct ts_nonce_pool {
  ts_nonce *nonces; /* heap, TS_NONCES_MAX, or NULL until the first is made */
  ts_nonce_secret *blocks[TS_NONCES_MAX / TS_NONCE_BLOCK];
  uint64_t counter; /* of the next nonce */
} ts_nonce_pool;

typedef struct ts_learned {
  uint64_t counter;
  bool valid;
  uint8_t encoded[2 * TS_ELEMENT_BYTES_MAX];
  ts_element hiding, binding;
} ts_learned;

/* One member's announced commitments in one group, by counter modulo the size. */
typedef struct ts_learned_pool {
  uint64_t incarnation;
  ts_learned *entries; /* TS_LEARNED_MAX, or NULL */
} ts_learned_pool;

typedef struct ts_key {
  uint8_t id[16];
  const ts_suite *suite;
  uint8_t usage;
  uint32_t version, share_epoch;
  uint16_t min_signers;
  size_t participant_count;
  uint16_t participants[TS_MODULES_MAX];
  ts_element public_key;
} ts_key;

/* A key generation under way. `secret` lies in secret memory: coefficients, then the one-time key. */
typedef struct ts_ceremony_secret {
  ts_scalar coefficients[TS_MODULES_MAX];
  uint8_t opening_key[32];
} ts_ceremony_secret;

enum ts_ceremony_step { TS_STEP_BEGUN = 1, TS_STEP_DEALT, TS_STEP_FINISHED };

typedef struct ts_package {
  uint8_t *data; /* heap */
  size_t length;
} ts_package;

typedef struct ts_ceremony {
  bool live;
  uint8_t leaf[32];
  uint8_t key[16];
  uint32_t key_version;
  const ts_suite *suite;
  uint8_t usage;
  uint16_t min_signers;
  size_t count; /* participants */
  uint16_t participants[TS_MODULES_MAX];
  size_t own; /* this module's place among them */
  uint64_t expires_ms;
  enum ts_ceremony_step step;
  ts_ceremony_secret *secret;
  ts_package packages[3]; /* this module's own, by round */
  uint8_t transcript[32]; /* over all first packages */
  uint8_t sealing_keys[TS_MODULES_MAX][32]; /* one-time, of all participants */
  ts_element *commitments; /* count * min_signers, heap; of participant i from i * min_signers on */
} ts_ceremony;

typedef struct ts_domain {
  ts_slot *slot;
  bool pinned;
  uint8_t id[32];
  ts_roster roster;
  uint16_t number; /* 0: in no roster yet, or not any more */
  ts_certified headers[TS_HEADERS_MAX];
  size_t header_next;
  uint64_t newest_ms; /* time of the newest certified header: the clock of orders and ceremonies */
  uint8_t newest[32]; /* its digest */
  uint64_t incarnation; /* 0: none begun since login */
  ts_nonce_pool nonces[TS_GROUPS_MAX];
  ts_learned_pool learned[TS_MODULES_MAX][TS_GROUPS_MAX];
  ts_key *keys; /* heap */
  size_t key_count;
  ts_ceremony ceremonies[TS_CEREMONIES_MAX];
  /* Working space for one partial. */
  struct {
    ts_signing session;
    ts_commitment commitments[TS_MODULES_MAX];
  } work;
} ts_domain;

/* The PKCS#11 code of a result. */
CK_RV ts_result_rv(ts_result result);
/* The state of a slot, pinned; TS_NOT_PINNED otherwise. */
ts_result ts_domain_of(const ts_request *request, ts_domain **domain);
/* The same for what only a member may do: TS_NOT_A_MEMBER before it joined and after it left. */
ts_result ts_domain_as_member(const ts_request *request, ts_domain **domain);
/* The number under which the roster has both of this token's public keys, or 0. */
uint16_t ts_domain_own_number(const ts_slot *slot, const ts_roster *roster);
/* Whether this token is the member with these keys, whatever the roster says. */
bool ts_domain_is_self(const ts_slot *slot, const uint8_t vote_key[32], const uint8_t sealing_key[32]);
/* Signs with the vote key. */
void ts_domain_sign(const ts_domain *domain, const uint8_t *message, size_t length, uint8_t signature[64]);
/* A member's place in the roster, or -1. */
int ts_domain_place(const ts_domain *domain, uint16_t number);

const ts_certified *ts_headers_find(const ts_domain *domain, const uint8_t digest[32]);
/* Reads digest, proof and order from a call and checks them up to the inclusion; *order points into the input. */
ts_result ts_headers_read_order(const ts_domain *domain, ts_reader *reader, ts_bytes *order, uint8_t leaf[32],
                                const ts_certified **header);

void ts_nonces_begin(ts_domain *domain);
void ts_nonces_end(ts_domain *domain);
/* The nonce, unless it is unknown or has expired unused. */
ts_nonce *ts_nonces_find(ts_domain *domain, uint8_t group, uint64_t counter);
/* Wipes the secret half and notes what it was used for. */
void ts_nonces_use(ts_nonce *nonce, const uint8_t order[32], const uint8_t *share, size_t share_bytes);

#ifdef THRESIGN_TEST_HOOKS
extern uint32_t ts_nonces_seconds_later; /* added to the clock by which nonces expire */
#endif

void ts_learned_end(ts_domain *domain);
/* The decoded commitments of a signer slot: from what was learned, or decoded on the spot. */
ts_result ts_learned_find(ts_domain *domain, const ts_group *group, const ts_signer_slot *signer, ts_commitment *out);

ts_result ts_keys_load(ts_domain *domain);
void ts_keys_end(ts_domain *domain);
const ts_key *ts_keys_find(const ts_domain *domain, const uint8_t id[16]);
/* The share's encoding in secret memory (suite->group->scalar_bytes bytes), or NULL. */
const uint8_t *ts_keys_share(const ts_domain *domain, const ts_key *key);
/* Stores a new key and its share in one atomic change. `share` lies in secret memory. */
CK_RV ts_keys_store(ts_domain *domain, const ts_key *key, const uint8_t *share);

void ts_ceremonies_end(ts_domain *domain);

extern const ts_mechanism ts_vote_mechanism, ts_statement_mechanism, ts_certificate_mechanism,
    ts_incarnation_mechanism, ts_announce_mechanism, ts_learn_mechanism, ts_sign_mechanism, ts_keygen_begin_mechanism,
    ts_keygen_deal_mechanism, ts_keygen_finish_mechanism, ts_keygen_forget_mechanism,
    ts_reconfigure_mechanism;

#endif
