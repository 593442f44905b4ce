/* Return codes of our own: CKR_VENDOR_DEFINED | 0x5453nn ("TS"), one per cause, so that a refusal can be acted on.
 *
 * Where PKCS#11 has a code for a cause, that code is used and none is listed here. Numbers are never reused: callers
 * outside this library keep them. A new code goes at the end, and into TS_ERRORS.
 */
#ifndef THRESIGN_ERRORS_H
#define THRESIGN_ERRORS_H

#define CKR_TS_BASE 0x80545300UL

/* THRESIGN_TOKEN_DIR is malformed: not absolute, too long, too many, or one directory twice. */
#define CKR_TS_CONFIGURATION 0x80545301UL
/* No memory for secrets could be mapped and locked (RLIMIT_MEMLOCK, or a kernel without either way). */
#define CKR_TS_SECRET_MEMORY 0x80545302UL
/* The memory for secrets is used up: too many keys, nonces or sessions at once. */
#define CKR_TS_SECRET_MEMORY_FULL 0x80545303UL
/* A PIN was left to the protected path (NULL), and its source is unset, malformed, unreadable or silent. */
#define CKR_TS_PIN_SOURCE 0x80545304UL
/* The file a PIN would come from can be read by others, is not ours, or is not a plain file. */
#define CKR_TS_PIN_SOURCE_PERMISSIONS 0x80545305UL
/* Another process, or another copy of this library, is using the token directory. */
#define CKR_TS_STORE_IN_USE 0x80545306UL
/* The token directory or a file in it is open to group or world, is not ours, or is not a plain file. */
#define CKR_TS_STORE_PERMISSIONS 0x80545307UL
/* Reading the token directory failed. */
#define CKR_TS_STORE_READ 0x80545308UL
/* Writing the token directory failed; what was there before still holds. */
#define CKR_TS_STORE_WRITE 0x80545309UL
/* The token file is damaged: its checksum or its form is wrong. */
#define CKR_TS_STORE_CORRUPT 0x8054530aUL
/* The token file was written by another version of this software. */
#define CKR_TS_STORE_VERSION 0x8054530bUL
/* The PIN was right, but the token file has been altered since the token wrote it. */
#define CKR_TS_STORE_TAMPERED 0x8054530cUL
/* A limit of the token file is reached. */
#define CKR_TS_STORE_FULL 0x8054530dUL
/* CKM_TS_IDENTITY: this token has its identity already. */
#define CKR_TS_IDENTITY_EXISTS 0x8054530eUL
/* This needs the identity, and CKM_TS_IDENTITY has not been run. */
#define CKR_TS_IDENTITY_MISSING 0x8054530fUL
/* A genesis is pinned in a read-write session of the security officer only. */
#define CKR_TS_GENESIS_NEEDS_SO 0x80545310UL
/* A genesis is pinned already; only C_InitToken removes it. */
#define CKR_TS_GENESIS_PINNED 0x80545311UL
/* These bytes are not a genesis this token can belong to. */
#define CKR_TS_GENESIS_INVALID 0x80545312UL
/* A record name is malformed, or reserved for the token itself. */
#define CKR_TS_RECORD_NAME 0x80545313UL
/* There is no record of that name. */
#define CKR_TS_RECORD_MISSING 0x80545314UL

#define TS_ERRORS(X)               \
  X(CKR_TS_CONFIGURATION)          \
  X(CKR_TS_SECRET_MEMORY)          \
  X(CKR_TS_SECRET_MEMORY_FULL)     \
  X(CKR_TS_PIN_SOURCE)             \
  X(CKR_TS_PIN_SOURCE_PERMISSIONS) \
  X(CKR_TS_STORE_IN_USE)           \
  X(CKR_TS_STORE_PERMISSIONS)      \
  X(CKR_TS_STORE_READ)             \
  X(CKR_TS_STORE_WRITE)            \
  X(CKR_TS_STORE_CORRUPT)          \
  X(CKR_TS_STORE_VERSION)          \
  X(CKR_TS_STORE_TAMPERED)         \
  X(CKR_TS_STORE_FULL)             \
  X(CKR_TS_IDENTITY_EXISTS)        \
  X(CKR_TS_IDENTITY_MISSING)       \
  X(CKR_TS_GENESIS_NEEDS_SO)       \
  X(CKR_TS_GENESIS_PINNED)         \
  X(CKR_TS_GENESIS_INVALID)        \
  X(CKR_TS_RECORD_NAME)            \
  X(CKR_TS_RECORD_MISSING)

/* The name of one of the codes above ("CKR_TS_...") or of a ts_result ("TS_..."), or NULL. */
const char *ts_error_name(unsigned long code);

#endif
