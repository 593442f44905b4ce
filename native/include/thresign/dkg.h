/* Distributed key generation: Pedersen's, with proofs of possession (FROST paper, eprint 2020/852, figure 1).
 *
 * Pure arithmetic: polynomials, commitments, sub-shares and their checks. Sealing, signatures and the ceremony are the
 * token's (native/token/keygen.c).
 */
#ifndef THRESIGN_DKG_H
#define THRESIGN_DKG_H

#include "thresign/suite.h"

#define TS_DKG_MIN_SIGNERS_MAX 128
#define TS_DKG_PROOF_BYTES_MAX (TS_ELEMENT_BYTES_MAX + TS_SCALAR_BYTES_MAX)

/* out[k] = a[k] G, encoded end to end. Secret in, public out. */
void ts_dkg_commit(const ts_suite *suite, const ts_scalar *coefficients, size_t min_signers, uint8_t *out);

/* A Schnorr proof of knowledge of coefficients[0], bound to `context` (domain, ceremony) and the participant:
 * element_bytes of R, scalar_bytes of mu. `nonce` is a fresh secret scalar, used once. */
void ts_dkg_prove(const ts_suite *suite, const ts_scalar *secret, const ts_scalar *nonce, const uint8_t *context,
                  size_t context_bytes, uint16_t participant, const uint8_t *commitment, uint8_t *proof);
/* `commitment` is the encoding of `commitment_point`, the participant's first commitment. Strict: canonical R and mu. */
bool ts_dkg_verify_proof_vartime(const ts_suite *suite, const uint8_t *context, size_t context_bytes,
                                 uint16_t participant, const uint8_t *commitment, const ts_element *commitment_point,
                                 const uint8_t *proof);

/* f(x) for the polynomial with these coefficients, lowest first. Constant time in the coefficients. */
void ts_dkg_evaluate(const ts_suite *suite, const ts_scalar *coefficients, size_t min_signers, uint16_t x,
                     ts_scalar *out);
/* The same in the exponent: the sum of x^k points[k]. Public. */
void ts_dkg_evaluate_points_vartime(const ts_suite *suite, const ts_element *points, size_t min_signers, uint16_t x,
                                    ts_element *out);

/* True iff share G equals `expected` (Feldman's check). Constant time in the share. */
bool ts_dkg_share_matches(const ts_suite *suite, const ts_scalar *share, const ts_element *expected);

#endif
