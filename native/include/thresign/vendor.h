/* Numbers of our own in the PKCS#11 interface: mechanisms, object classes and attributes.
 * They go to callers and into token files, and are never reused. */
#ifndef THRESIGN_VENDOR_H
#define THRESIGN_VENDOR_H

/* Mechanisms: 0x80545300 and above. */

/* C_GenerateKeyPair: the token's identity, once per token (the handles are those of the vote key). No parameter. */
#define CKM_TS_IDENTITY 0x80545300UL

/* Attributes: 0x80545300..7f are byte strings, 0x80545380..ff are CK_ULONG. */

/* Of the pinned genesis: the 32 bytes that every stored secret is bound to. */
#define CKA_TS_BINDING 0x80545300UL
/* Of any private key: the kind of memory its secret lives in (the values below). */
#define CKA_TS_SECRET_MEMORY 0x80545380UL
#define TS_SECRET_MEMORY_MEMFD 1UL /* memfd_secret: not even the kernel's own map reaches it */
#define TS_SECRET_MEMORY_MLOCK 2UL /* locked, not dumped, zeroed in a child: another process of root's can read it */

/* CKA_APPLICATION of the data object that pins the genesis. */
#define TS_GENESIS_APPLICATION "thresign genesis"

#endif
