/* Numbers of our own in the PKCS#11 interface: mechanisms, object classes and attributes.
 * They go to callers and into token files, and are never reused. */
#ifndef THRESIGN_VENDOR_H
#define THRESIGN_VENDOR_H

/* Mechanisms: 0x80545300 and above. */

/* C_GenerateKeyPair: the token's identity, once per token (the handles are those of the vote key). No parameter. */
#define CKM_TS_IDENTITY 0x80545300UL

/* C_Sign with the identity's vote key; formats in docs/spec/token.md. */
#define CKM_TS_VOTE 0x80545310UL         /* data: a vote's bytes; 64 bytes of signature */
#define CKM_TS_STATEMENT 0x80545311UL    /* data: a statement without its signature; 64 bytes of signature */
#define CKM_TS_CERTIFICATE 0x80545312UL  /* data: a certificate; the digest of its header, which is remembered */
#define CKM_TS_INCARNATION 0x80545313UL  /* parameter: U64; a greater number, under which nonces will be made */
#define CKM_TS_ANNOUNCE 0x80545314UL     /* parameter: U8 group, U16 count; a signed announcement of new nonces */
#define CKM_TS_LEARN 0x80545315UL        /* data: a member's announcement; its elements are kept decoded */
#define CKM_TS_SIGN 0x80545316UL         /* data: orders under remembered headers; shares, and one signature over them */
#define CKM_TS_KEYGEN_BEGIN 0x80545317UL
#define CKM_TS_KEYGEN_DEAL 0x80545318UL
#define CKM_TS_KEYGEN_FINISH 0x80545319UL
#define CKM_TS_KEYGEN_FORGET 0x8054531aUL
#define CKM_TS_RECONFIGURE 0x8054531bUL  /* data: a succession, or one zero byte; U64 epoch and digest of the roster */

/* Attributes: 0x80545300..7f are byte strings, 0x80545380..ff are CK_ULONG. */

/* Of the pinned genesis: the 32 bytes that every stored secret is bound to. */
#define CKA_TS_BINDING 0x80545300UL
/* Of a share: the group public key. */
#define CKA_TS_PUBLIC_KEY 0x80545301UL
/* Of any private key: the kind of memory its secret lives in (the values below). */
#define CKA_TS_SECRET_MEMORY 0x80545380UL
/* Of a share: numbers of its suite and usage, key version, share epoch, min_signers. */
#define CKA_TS_SUITE 0x80545381UL
#define CKA_TS_USAGE 0x80545382UL
#define CKA_TS_KEY_VERSION 0x80545383UL
#define CKA_TS_SHARE_EPOCH 0x80545384UL
#define CKA_TS_MIN_SIGNERS 0x80545385UL
#define TS_SECRET_MEMORY_MEMFD 1UL /* memfd_secret: not even the kernel's own map reaches it */
#define TS_SECRET_MEMORY_MLOCK 2UL /* locked, not dumped, zeroed in a child: another process of root's can read it */

/* CKA_APPLICATION of the data object that pins the genesis. */
#define TS_GENESIS_APPLICATION "thresign genesis"

#endif
