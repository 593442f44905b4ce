/* Why a token refuses. One code per cause, so that a test (and an operator) can tell them apart; the PKCS#11 return value
 * is CKR_VENDOR_DEFINED | 0x545300 | code (errors.h has the generic token's own, up to 0x1f). The Python mirror is checked against this list by a test.
 */
#ifndef THRESIGN_RESULT_H
#define THRESIGN_RESULT_H

#define TS_RESULTS(X)                                                                              \
  X(TS_MALFORMED, 0x60, "not the canonical encoding of what is expected here")                     \
  X(TS_ROSTER_INVALID, 0x61, "a roster whose members, f and q do not make a quorum system")       \
  X(TS_KEY_INVALID, 0x62, "a member's key is no valid Ed25519 or X25519 public key")              \
  X(TS_NOT_A_MEMBER, 0x63, "this token's keys are not in the roster")                              \
  X(TS_NOT_PINNED, 0x64, "no genesis is pinned")                                                   \
  X(TS_OTHER_DOMAIN, 0x20, "of another trust domain")                                              \
  X(TS_OTHER_ROSTER_EPOCH, 0x21, "of another roster epoch")                                        \
  X(TS_OTHER_ROSTER, 0x22, "of another roster")                                                    \
  X(TS_TOO_FEW_VOTES, 0x23, "fewer votes than the quorum")                                         \
  X(TS_TOO_MANY_VOTES, 0x24, "more votes than the quorum")                                         \
  X(TS_VOTERS_NOT_RISING, 0x25, "a voter twice, or voters out of order")                           \
  X(TS_UNKNOWN_VOTER, 0x26, "a vote by no member of the roster")                                   \
  X(TS_VOTE_SIGNATURE, 0x27, "a vote's signature does not verify for this header and view")        \
  X(TS_UNKNOWN_HEADER, 0x28, "no certificate for this header was checked, or it is long past")     \
  X(TS_OTHER_NEXT_ROSTER, 0x29, "a roster that its certificate does not name")                     \
  X(TS_ROSTER_CHANGE, 0x2a, "a roster that may not follow the one that is pinned")                 \
  X(TS_PROOF_MALFORMED, 0x30, "an inclusion proof whose length does not fit index and count")      \
  X(TS_NOT_IN_BATCH, 0x31, "an inclusion proof that leads to another batch root")                  \
  X(TS_ORDER_KIND, 0x32, "an order of another kind")                                               \
  X(TS_EXPIRED, 0x33, "the order has expired")                                                     \
  X(TS_MESSAGE_MISMATCH, 0x34, "the message is not the one that the order names")                  \
  X(TS_UNKNOWN_KEY, 0x35, "this token holds no share of that key")                                 \
  X(TS_OTHER_KEY_VERSION, 0x36, "the share is of another key version")                             \
  X(TS_OTHER_SHARE_EPOCH, 0x37, "the share is of another share epoch")                             \
  X(TS_OTHER_SUITE, 0x38, "the share is of another suite")                                         \
  X(TS_USAGE, 0x39, "the key is not for this use")                                                 \
  X(TS_TWEAK, 0x3a, "a tweak that the suite does not admit")                                       \
  X(TS_NOT_A_SIGNER, 0x3b, "this module is not among the signers or participants")                 \
  X(TS_SIGNER_SET, 0x3c, "not min_signers distinct holders of the key")                            \
  X(TS_OTHER_INCARNATION, 0x3d, "nonces of another life of this token")                            \
  X(TS_UNKNOWN_NONCE, 0x3e, "a nonce that this token never announced, or that has expired")        \
  X(TS_NONCE_USED, 0x3f, "a nonce that has signed another order")                                  \
  X(TS_COMMITMENT_MISMATCH, 0x40, "not the commitments that this token announced for the nonce")   \
  X(TS_COMMITMENT_INVALID, 0x41, "a commitment that is no valid element of the group")             \
  X(TS_NONCES_FULL, 0x42, "no room for more nonces")                                               \
  X(TS_STATEMENT_KIND, 0x43, "not a statement that this key signs")                                \
  X(TS_STATEMENT_NUMBER, 0x44, "a statement in another module's name")                             \
  X(TS_KEY_EXISTS, 0x45, "a key of this id is here already")                                       \
  X(TS_NO_INCARNATION, 0x46, "no life of this token has begun: there are no nonces")               \
  X(TS_ANNOUNCEMENT_SIGNATURE, 0x47, "an announcement whose signature does not verify")            \
  X(TS_CEREMONY_UNKNOWN, 0x50, "no key generation of this order is under way")                     \
  X(TS_CEREMONY_STEP, 0x51, "a step of key generation out of its turn")                            \
  X(TS_CEREMONY_FULL, 0x52, "too many key generations at once")                                    \
  X(TS_PACKAGES, 0x53, "not one package of each participant, in order")                            \
  X(TS_CULPRIT_SIGNATURE, 0x54, "a package whose signature does not verify")                       \
  X(TS_CULPRIT_COMMITMENTS, 0x55, "a package whose commitments are invalid or not min_signers many") \
  X(TS_CULPRIT_PROOF, 0x56, "a proof of possession that does not verify")                          \
  X(TS_CULPRIT_TRANSCRIPT, 0x57, "a participant saw other first packages: somebody signed two")    \
  X(TS_CULPRIT_SEALED, 0x58, "a sub-share that does not open")                                     \
  X(TS_CULPRIT_SHARE, 0x59, "a sub-share that does not belong to the commitments")                 \
  X(TS_IDENTITY_KEY, 0x5a, "the group key would be the identity")

typedef enum ts_result {
  TS_OK = 0,
#define TS_RESULT_ENUM(name, code, text) name = code,
  TS_RESULTS(TS_RESULT_ENUM)
#undef TS_RESULT_ENUM
} ts_result;

#endif
