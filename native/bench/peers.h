/* FROST of native/ as a shared library of plain bytes, for the Cargo program in tests/peers: mixed sessions and the
 * benchmark. It hands out nonces and shares, and is built for tests alone (THRESIGN_PEERS). */
#ifndef THRESIGN_BENCH_PEERS_H
#define THRESIGN_BENCH_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One signing session with everything decoded: the state that the timed functions begin from. */
typedef struct tp_session tp_session;

bool tp_init(void);
uint64_t tp_cpu_ns(void); /* of this thread */
size_t tp_scalar_bytes(unsigned suite);
size_t tp_element_bytes(unsigned suite);
size_t tp_signature_bytes(unsigned suite);

/* A dealer: n shares for the identifiers 1 to n, their verification shares, and the group key. */
void tp_deal(unsigned suite, size_t min_signers, size_t n, uint8_t *shares, uint8_t *verification, uint8_t *key);
/* Two nonces and their commitments, end to end. */
bool tp_commit(unsigned suite, const uint8_t *share, uint8_t *nonces, uint8_t *commitments);
/* BIP-341's tweak t on the group key, the shares and the verification shares of n participants, in place. */
bool tp_tweak(unsigned suite, const uint8_t *t, size_t n, uint8_t *shares, uint8_t *verification, uint8_t *key);

/* commitments: hiding and binding of each signer, end to end. NULL if anything is no valid element. */
tp_session *tp_session_new(unsigned suite, const uint8_t *key, const uint16_t *identifiers, const uint8_t *commitments,
                           const uint8_t *verification, size_t count, const uint8_t *message, size_t message_bytes);
void tp_session_free(tp_session *session);
/* What the signer at `index` signs with. */
bool tp_session_secret(tp_session *session, size_t index, const uint8_t *share, const uint8_t *nonces);
bool tp_session_partials(tp_session *session, const uint8_t *partials);

/* Binding factors, group commitment, challenge and the partial of the signer whose secrets were set. */
bool tp_partial(tp_session *session, uint8_t *partial);
/* The same work up to the challenge, the sum, and the check of the signature: true iff it verifies. */
bool tp_aggregate(tp_session *session, uint8_t *signature);
/* Sum and check for a coordinator that has signed itself, and so has the session begun. */
bool tp_aggregate_begun(tp_session *session, uint8_t *signature);
/* Aggregates; when that fails, finds the wrong partials. Returns how many, their identifiers rising. */
size_t tp_blame(tp_session *session, uint16_t *culprits);
/* In a session begun: all wrong partials, and one partial by itself. */
size_t tp_culprits(tp_session *session, uint16_t *culprits);
bool tp_check_one(tp_session *session, size_t index);
bool tp_verify(unsigned suite, const uint8_t *key, const uint8_t *message, size_t message_bytes,
               const uint8_t *signature);

/* One participant's key generation from the others' packages in bytes: rounds 1 (polynomial, commitments, proof), 2
 * (everybody's commitments decoded, proofs checked, n sub-shares) and 3 (sub-shares checked, share, group key and all
 * verification shares). True iff every check passed. */
typedef struct tp_keygen tp_keygen;
tp_keygen *tp_keygen_new(unsigned suite, size_t min_signers, size_t n);
bool tp_keygen_run(tp_keygen *keygen);
void tp_keygen_free(tp_keygen *keygen);

/* CPU nanoseconds a call, over `runs` calls from C, of what thresign._native.aggregate and verify do; negative if a call
 * fails. commitments: for each signer U16 number, hiding, binding. */
double tp_time_aggregate(unsigned suite, const uint8_t *key, const uint8_t *commitments, size_t count,
                         const uint8_t *message, size_t message_bytes, const uint8_t *shares, unsigned runs);
double tp_time_verify(unsigned suite, const uint8_t *key, const uint8_t *message, size_t message_bytes,
                      const uint8_t *signature, unsigned runs);

/* The units: libsodium Ed25519, libsecp256k1 Schnorr, OpenSSL P-256 ECDSA, libdecaf Ed448; one verification each. */
enum tp_unit { TP_U, TP_US, TP_UP, TP_U4, TP_UNITS };
bool tp_unit_verify(enum tp_unit unit);

#endif
