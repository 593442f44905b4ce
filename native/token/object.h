/* Objects: keys, data, shares and records, of the token and of sessions. */
#ifndef THRESIGN_TOKEN_OBJECT_H
#define THRESIGN_TOKEN_OBJECT_H

#include "attributes.h"
#include "token.h"

#define TS_NAME_VOTE "identity/vote"
#define TS_NAME_VOTE_PUBLIC "identity/vote-public"
#define TS_NAME_SEALING "identity/sealing"
#define TS_NAME_SEALING_PUBLIC "identity/sealing-public"
#define TS_NAME_HEDGE "identity/hedge"
#define TS_NAME_GENESIS "genesis"

struct ts_object {
  CK_OBJECT_HANDLE handle;   /* CK_INVALID_HANDLE while no caller may see it; never given out again */
  CK_SESSION_HANDLE session; /* of a session object: the session it goes with; 0 for a token object */
  uint64_t id;               /* of a token object: unique in the life of the token, bound into the seal */
  char name[TS_NAME_MAX + 1];
  ts_attributes attributes;  /* always with CKA_CLASS, CKA_TOKEN and CKA_PRIVATE */
  uint8_t *sealed;           /* of a token object with a secret: how it is stored */
  size_t sealed_length;
  uint8_t *secret;           /* secret memory; NULL while locked away */
  size_t secret_length;
};

/* An empty object, or NULL. */
ts_object *ts_object_new(void);
/* Frees it and wipes its secret; NULL is allowed. */
void ts_object_free(ts_object *object);
/* Copies length bytes into secret memory as the object's secret: CKR_TS_SECRET_MEMORY_FULL. */
CK_RV ts_object_set_secret(ts_object *object, const uint8_t *secret, size_t length);

CK_OBJECT_CLASS ts_object_class(const ts_object *object);
bool ts_object_is(const ts_object *object, CK_ATTRIBUTE_TYPE type); /* a bool attribute; false if absent */

/* The value of one attribute as a caller may read it, kept where it is or put into *number (computed ones).
 * CKR_ATTRIBUTE_SENSITIVE for the value of a private key, CKR_ATTRIBUTE_TYPE_INVALID for what the object has not. */
typedef struct ts_value {
  const void *bytes;
  size_t length;
  CK_ULONG number;
  CK_MECHANISM_TYPE mechanisms[TS_TEMPLATE_MAX];
} ts_value;
CK_RV ts_object_read(const ts_slot *slot, const ts_object *object, CK_ATTRIBUTE_TYPE type, ts_value *value);
/* True if the object has every attribute of the template with that very value. */
bool ts_object_matches(const ts_slot *slot, const ts_object *object, const CK_ATTRIBUTE *list, CK_ULONG count);

/* What kinds of objects there are, and what a caller's template may say about each (policy.c). */
enum ts_kind {
  TS_KIND_DATA,
  TS_KIND_GENESIS,
  TS_KIND_ED25519_PUBLIC,
  TS_KIND_ED25519_PRIVATE,
  TS_KIND_VOTE_PUBLIC,
  TS_KIND_VOTE_PRIVATE,
  TS_KIND_SEALING_PUBLIC,
  TS_KIND_SEALING_PRIVATE,
  TS_KIND_SHARE,
  TS_KIND_RECORD
};

/* Checks a template against the rules for the kind, and fills attributes (empty before) with its values and the
 * kind's own. CKR_ATTRIBUTE_TYPE_INVALID for what the kind does not have, CKR_ATTRIBUTE_VALUE_INVALID for a value it
 * cannot have, CKR_ATTRIBUTE_READ_ONLY for what only the token sets, CKR_TEMPLATE_INCONSISTENT for what contradicts
 * the kind or itself. */
CK_RV ts_policy_apply(enum ts_kind kind, const CK_ATTRIBUTE *list, CK_ULONG count, ts_attributes *attributes);
/* True if params name Ed25519: the PrintableString "edwards25519" or the OID 1.3.101.112. */
bool ts_policy_is_ed25519(const uint8_t *params, size_t length);
/* The kind that a C_CreateObject template asks for: CKR_TEMPLATE_INCOMPLETE, CKR_TEMPLATE_INCONSISTENT (private keys
 * are born in the token), CKR_ATTRIBUTE_VALUE_INVALID. */
CK_RV ts_policy_kind(const CK_ATTRIBUTE *list, CK_ULONG count, enum ts_kind *kind);
/* CKA_EC_PARAMS of Ed25519 and X25519 (OIDs 1.3.101.112 and .110), and of a public key its CKA_EC_POINT (DER). */
CK_RV ts_policy_set_curve(ts_attributes *attributes, bool x25519, const uint8_t *public_key);

#endif
