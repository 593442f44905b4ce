/* The token, as its extensions see it.
 *
 * The generic token knows PKCS#11, PINs, the token file and Ed25519. What makes it a threshold token is added through
 * this header, in extension.c and the files it calls: vendor mechanisms, what a genesis is, what happens when the
 * user logs in and out. An extension includes this header, secret.h (memory for secrets) and the numbers in
 * thresign/vendor.h and thresign/errors.h; never internal.h.
 *
 * Everything here runs under the library's one lock, from inside a PKCS#11 call. Secrets are handed out only as
 * pointers into secret memory. They are valid until the user logs out or a change that touches them is committed:
 * use them and forget them. Copies belong into memory from ts_secret_alloc, freed before the call returns or in
 * ts_extension_logout. The entry wipes the stack below it on the way out.
 */
#ifndef THRESIGN_TOKEN_TOKEN_H
#define THRESIGN_TOKEN_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cryptoki.h"
#include "token_limits.h"

typedef struct ts_slot ts_slot;     /* one token directory */
typedef struct ts_object ts_object; /* one object in it */
typedef struct ts_change ts_change; /* an atomic change of what is stored */
typedef struct ts_session ts_session;

#define TS_BINDING_BYTES 32
#define TS_SERIAL_BYTES 16
#define TS_VOTE_SECRET_BYTES 64 /* seed, then public key, as libsodium has it */
#define TS_VOTE_PUBLIC_BYTES 32
#define TS_SEALING_SECRET_BYTES 32
#define TS_SEALING_PUBLIC_BYTES 32
#define TS_HEDGE_BYTES 32

/* ---- The slot -------------------------------------------------------------------------------------------------- */

enum ts_login { TS_LOGIN_NONE, TS_LOGIN_USER, TS_LOGIN_SO };
enum ts_login ts_slot_login(const ts_slot *slot);

/* TS_SERIAL_BYTES of ASCII: new with every C_InitToken. */
const uint8_t *ts_slot_serial(const ts_slot *slot);
/* TS_BINDING_BYTES: zero until a genesis is pinned, then what ts_genesis_pin answered. */
const uint8_t *ts_slot_binding(const ts_slot *slot);
/* The extension's own state, NULL at first; ts_extension_logout has to free it and set it to NULL. */
void **ts_slot_extension(ts_slot *slot);

/* The identity that CKM_TS_IDENTITY made. Secrets are NULL unless the user is logged in, public keys unless the token
 * file has been authenticated (someone has logged in); all are NULL before the identity exists. */
const uint8_t *ts_identity_vote_secret(const ts_slot *slot);    /* TS_VOTE_SECRET_BYTES */
const uint8_t *ts_identity_vote_public(const ts_slot *slot);    /* TS_VOTE_PUBLIC_BYTES */
const uint8_t *ts_identity_sealing_secret(const ts_slot *slot); /* TS_SEALING_SECRET_BYTES, an X25519 scalar */
const uint8_t *ts_identity_sealing_public(const ts_slot *slot); /* TS_SEALING_PUBLIC_BYTES */
const uint8_t *ts_identity_hedge(const ts_slot *slot);          /* TS_HEDGE_BYTES, in no object */

/* ---- Vendor data ----------------------------------------------------------------------------------------------- */

/* A record has a name ([a-z0-9./-], 1 to TS_NAME_MAX bytes; "genesis" and what begins with "identity/" are the
 * token's own) and is public (in the clear, authenticated) or secret (sealed under the data key, bound to version,
 * serial, record and genesis). Public ones up to TS_ATTRIBUTE_BYTES_MAX bytes, secret ones from 1 to
 * TS_SECRET_BYTES_MAX.
 *
 * CKR_USER_NOT_LOGGED_IN: the token file has not been authenticated (public), or the user is not logged in (secret).
 * CKR_TS_RECORD_MISSING: there is none of that name and sort. The bytes of an empty record are NULL. */
CK_RV ts_record_get(const ts_slot *slot, const char *name, const uint8_t **bytes, size_t *length);
CK_RV ts_record_get_secret(const ts_slot *slot, const char *name, const uint8_t **secret, size_t *length);
/* The name of the next record or share after the one named (NULL: the first) that begins with prefix, or NULL. The
 * order is that of creation; a record that is put again counts as new. */
const char *ts_record_next(const ts_slot *slot, const char *prefix, const char *after);

/* Changes are collected and then written at once: after ts_change_commit either all of them hold, on disk and here,
 * or none does. Begin needs the user or the SO logged in (CKR_USER_NOT_LOGGED_IN). Every other function may be called
 * after one has failed; the failure is remembered, and commit answers with the first one. */
CK_RV ts_change_begin(ts_slot *slot, ts_change **change);
ts_slot *ts_change_slot(const ts_change *change);
/* Puts a record, in place of one of that name. Bytes are copied; secrets should already lie in secret memory. */
CK_RV ts_change_put(ts_change *change, const char *name, const uint8_t *bytes, size_t length);
CK_RV ts_change_put_secret(ts_change *change, const char *name, const uint8_t *secret, size_t length);
/* Deletes a record or a share: CKR_TS_RECORD_MISSING if there is none. */
CK_RV ts_change_delete(ts_change *change, const char *name);

/* A share: a secret record that callers see as a private key object of type CKK_VENDOR_DEFINED (that number exactly:
 * python-pkcs11 knows no other), never destroyed or changed through PKCS#11. Puts it in place of any older one of
 * that name, whose handle it then takes over. attributes: byte-string or CK_ULONG attributes in 0x80545301..ff for
 * callers to read. */
typedef struct ts_share {
  const char *label;   /* CKA_LABEL, at most 256 bytes */
  const uint8_t *id;   /* CKA_ID, at most 256 bytes */
  size_t id_length;
  const CK_ATTRIBUTE *attributes;
  size_t attribute_count;
  const uint8_t *secret;
  size_t secret_length;
} ts_share;
CK_RV ts_change_put_share(ts_change *change, const char *name, const ts_share *share);
/* The share object of that name once it is stored, or NULL; the name of a share object, "" for a generic key. A
 * share's secret is what ts_record_get_secret gives for that name. */
ts_object *ts_share_object(const ts_slot *slot, const char *name);
const char *ts_object_name(const ts_object *object);

/* Writes it all, and frees the change in every case. The old file is overwritten on disk as far as the file system
 * allows if a secret was replaced or deleted. CKR_TS_STORE_WRITE, _FULL, CKR_TS_SECRET_MEMORY_FULL, CKR_HOST_MEMORY.
 * After CKR_TS_STORE_WRITE the disk holds the old or (if only the last sync failed) the new state: a counter that
 * must never go back has to be treated as used. */
CK_RV ts_change_commit(ts_change *change);
void ts_change_abandon(ts_change *change);

/* ---- Vendor mechanisms ----------------------------------------------------------------------------------------- */

/* The keys a mechanism works on. */
enum ts_role {
  TS_ROLE_NONE,
  TS_ROLE_ED25519, /* a generic key pair */
  TS_ROLE_VOTE,    /* the identity's private vote key */
  TS_ROLE_SEALING, /* the identity's private sealing key */
  TS_ROLE_SHARE    /* a share */
};
enum ts_role ts_object_role(const ts_object *object);

/* What a mechanism is asked to do. Parameter and data are the token's own copies: no other thread of the caller can
 * alter them between check and use. */
typedef struct ts_request {
  ts_slot *slot;
  ts_session *session;  /* for the token's own use */
  const ts_object *key; /* NULL when a key pair is generated */
  const uint8_t *parameter;
  size_t parameter_length;
  const uint8_t *data;
  size_t data_length;
} ts_request;

typedef struct ts_template {
  const CK_ATTRIBUTE *attributes;
  CK_ULONG count;
} ts_template;

/* One mechanism. A mechanism with run works through C_SignInit and C_Sign on a private key of the given role, with
 * user login; one with generate works through C_GenerateKeyPair, with user login, in a read-write session unless the
 * role is TS_ROLE_ED25519 (whose keys may be a session's).
 *
 * init      may be NULL; checks key and parameter in C_SignInit (data is NULL). No side effects.
 * length    the greatest length the answer can have. C_Sign asks it before everything else, and callers ask C_Sign
 * twice:
 *           it must have no side effects, and answer the same until run.
 * run       does the work, once per C_Sign: *out_length holds the room in out, at least what length answered, and is
 *           set to the length of the answer. Whatever it returns, the operation is over.
 * verify    for C_Verify on the public key; may be NULL. CKR_SIGNATURE_INVALID, CKR_SIGNATURE_LEN_RANGE.
 * generate  templates[0] is the public one (the caller's memory: read it once). Answers with the objects, stored,
 * whose
 *           handles the caller gets; NULL gives CK_INVALID_HANDLE. No part of a template may be ignored. */
typedef struct ts_mechanism {
  CK_MECHANISM_TYPE type; /* vendor ones: 0x80545300 and above */
  const char *name;
  CK_FLAGS flags; /* CKF_SIGN, CKF_VERIFY, CKF_GENERATE_KEY_PAIR, for C_GetMechanismInfo */
  CK_ULONG key_bits;
  enum ts_role role;
  CK_RV (*init)(const ts_request *request);
  CK_RV (*length)(const ts_request *request, size_t *out_length);
  CK_RV (*run)(const ts_request *request, uint8_t *out, size_t *out_length);
  CK_RV (*verify)(const ts_request *request, const uint8_t *signature, size_t signature_length);
  CK_RV (*generate)(const ts_request *request, const ts_template templates[2], ts_object *pair[2]);
} ts_mechanism;

/* ---- What extension.c defines ---------------------------------------------------------------------------------- */

/* The vendor mechanisms, NULL at the end. The vote key, the sealing key and shares obey these and no other. */
extern const ts_mechanism *const ts_vendor_mechanisms[];
extern const ts_mechanism ts_identity_mechanism;

/* The user has logged in, secrets are open, changes are possible. An error makes the login fail with that code. */
CK_RV ts_extension_login(ts_slot *slot);
/* The user is about to be logged out, or the library finalised: free and forget what login and mechanisms left
 * behind. Not called in a forked child, where secret memory is gone. */
void ts_extension_logout(ts_slot *slot);

/* C_CreateObject pins bytes as the genesis: judge them, add what else has to be stored to change, and answer with the
 * binding. Called once per token life, with the SO logged in; the token stores the bytes as record "genesis" in the
 * same atomic change and binds every secret anew. CKR_TS_GENESIS_INVALID. */
CK_RV ts_genesis_pin(ts_change *change, const uint8_t *bytes, size_t length, uint8_t binding[TS_BINDING_BYTES]);

#endif
