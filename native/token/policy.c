/* What each kind of object is and what a template may say about it: one table a kind. */
#include <string.h>

#include "object.h"

/* How an attribute comes by its value. */
enum how {
  END = 0,                       /* of the table */
  ALWAYS_TRUE, ALWAYS_FALSE,     /* a template may repeat it, not contradict it */
  USUALLY_TRUE, USUALLY_FALSE,   /* a template may choose */
  NUMBER,                        /* always this number */
  BYTES,                         /* a template may give up to so many bytes; empty by default */
  TEXT_FIXED,                    /* always this text; a template may leave it empty */
  TOKEN_SETS                     /* no template may name it; set by the code that makes the object */
};

typedef struct policy_rule {
  CK_ATTRIBUTE_TYPE type;
  enum how how;
  CK_ULONG number; /* NUMBER, or the greatest length for BYTES */
  const char *text;
} policy_rule;

#define TEXT_BYTES 256

#define DATA_RULES(class)                                                                                      \
  {CKA_CLASS, NUMBER, class, NULL}, {CKA_COPYABLE, ALWAYS_FALSE, 0, NULL}, {CKA_OBJECT_ID, BYTES, TEXT_BYTES, NULL}, \
  {CKA_VALUE, BYTES, TS_ATTRIBUTE_BYTES_MAX, NULL}

#define PUBLIC_KEY_RULES                                                                                \
  {CKA_CLASS, NUMBER, CKO_PUBLIC_KEY, NULL}, {CKA_KEY_TYPE, NUMBER, CKK_EC_EDWARDS, NULL},              \
  {CKA_COPYABLE, ALWAYS_FALSE, 0, NULL}, {CKA_ENCRYPT, ALWAYS_FALSE, 0, NULL},                          \
  {CKA_WRAP, ALWAYS_FALSE, 0, NULL}, {CKA_VERIFY_RECOVER, ALWAYS_FALSE, 0, NULL},                       \
  {CKA_TRUSTED, ALWAYS_FALSE, 0, NULL}, {CKA_LOCAL, TOKEN_SETS, 0, NULL},                               \
  {CKA_KEY_GEN_MECHANISM, TOKEN_SETS, 0, NULL}, {CKA_SUBJECT, BYTES, TEXT_BYTES, NULL}

/* Born here, never leaves, never changes. */
#define PRIVATE_KEY_RULES                                                                                     \
  {CKA_CLASS, NUMBER, CKO_PRIVATE_KEY, NULL}, {CKA_PRIVATE, ALWAYS_TRUE, 0, NULL},                            \
  {CKA_SENSITIVE, ALWAYS_TRUE, 0, NULL}, {CKA_ALWAYS_SENSITIVE, ALWAYS_TRUE, 0, NULL},                        \
  {CKA_NEVER_EXTRACTABLE, ALWAYS_TRUE, 0, NULL}, {CKA_LOCAL, ALWAYS_TRUE, 0, NULL},                           \
  {CKA_EXTRACTABLE, ALWAYS_FALSE, 0, NULL}, {CKA_MODIFIABLE, ALWAYS_FALSE, 0, NULL},                          \
  {CKA_COPYABLE, ALWAYS_FALSE, 0, NULL}, {CKA_DECRYPT, ALWAYS_FALSE, 0, NULL},                                \
  {CKA_UNWRAP, ALWAYS_FALSE, 0, NULL}, {CKA_SIGN_RECOVER, ALWAYS_FALSE, 0, NULL},                             \
  {CKA_ALWAYS_AUTHENTICATE, ALWAYS_FALSE, 0, NULL},                                                           \
  {CKA_WRAP_WITH_TRUSTED, ALWAYS_FALSE, 0, NULL}, {CKA_KEY_GEN_MECHANISM, TOKEN_SETS, 0, NULL},               \
  {CKA_ALLOWED_MECHANISMS, TOKEN_SETS, 0, NULL}, {CKA_EC_PARAMS, TOKEN_SETS, 0, NULL}

#define CHOSEN_BY_CALLER                                                                              \
  {CKA_TOKEN, USUALLY_FALSE, 0, NULL}, {CKA_DESTROYABLE, USUALLY_TRUE, 0, NULL},                      \
  {CKA_LABEL, BYTES, TEXT_BYTES, NULL}

#define KEPT_FOR_EVER                                                                                 \
  {CKA_TOKEN, ALWAYS_TRUE, 0, NULL}, {CKA_DESTROYABLE, ALWAYS_FALSE, 0, NULL}

static const policy_rule data_rules[] = {
  DATA_RULES(CKO_DATA), CHOSEN_BY_CALLER, {CKA_APPLICATION, BYTES, TEXT_BYTES, NULL},
  {CKA_PRIVATE, USUALLY_FALSE, 0, NULL}, {CKA_MODIFIABLE, USUALLY_TRUE, 0, NULL}, {0}};

static const policy_rule genesis_rules[] = {
  DATA_RULES(CKO_DATA), KEPT_FOR_EVER, {CKA_APPLICATION, TEXT_FIXED, 0, TS_GENESIS_APPLICATION},
  {CKA_LABEL, BYTES, TEXT_BYTES, NULL}, {CKA_PRIVATE, ALWAYS_FALSE, 0, NULL},
  {CKA_MODIFIABLE, ALWAYS_FALSE, 0, NULL}, {0}};

/* pkcs11-tool asks for CKA_DERIVE on every EC key it makes. A generic key may carry it: no mechanism here derives. */
static const policy_rule ed25519_public_rules[] = {
  PUBLIC_KEY_RULES, {CKA_DERIVE, USUALLY_FALSE, 0, NULL}, CHOSEN_BY_CALLER,
  {CKA_ID, BYTES, TEXT_BYTES, NULL}, {CKA_PRIVATE, USUALLY_FALSE, 0, NULL}, {CKA_MODIFIABLE, USUALLY_TRUE, 0, NULL},
  {CKA_VERIFY, USUALLY_TRUE, 0, NULL},
  {CKA_EC_PARAMS, BYTES, TEXT_BYTES, NULL}, {CKA_EC_POINT, BYTES, TEXT_BYTES, NULL}, {0}};

static const policy_rule ed25519_private_rules[] = {
  PRIVATE_KEY_RULES, {CKA_DERIVE, USUALLY_FALSE, 0, NULL}, CHOSEN_BY_CALLER,
  {CKA_KEY_TYPE, NUMBER, CKK_EC_EDWARDS, NULL}, {CKA_ID, BYTES, TEXT_BYTES, NULL}, {CKA_SIGN, USUALLY_TRUE, 0, NULL},
  {CKA_SUBJECT, BYTES, TEXT_BYTES, NULL}, {0}};

#define IDENTITY_PUBLIC(label, verify)                                                                            \
  PUBLIC_KEY_RULES, KEPT_FOR_EVER, {CKA_DERIVE, ALWAYS_FALSE, 0, NULL}, {CKA_PRIVATE, ALWAYS_FALSE, 0, NULL},     \
  {CKA_MODIFIABLE, ALWAYS_FALSE, 0, NULL},                                                                        \
  {CKA_LABEL, TEXT_FIXED, 0, label}, {CKA_ID, TEXT_FIXED, 0, label}, {CKA_VERIFY, verify, 0, NULL},               \
  {CKA_EC_PARAMS, TOKEN_SETS, 0, NULL}, {CKA_EC_POINT, TOKEN_SETS, 0, NULL}
#define IDENTITY_PRIVATE(label)                                                                 \
  PRIVATE_KEY_RULES, KEPT_FOR_EVER, {CKA_DERIVE, ALWAYS_FALSE, 0, NULL},                        \
  {CKA_KEY_TYPE, NUMBER, CKK_EC_EDWARDS, NULL},                                                 \
  {CKA_LABEL, TEXT_FIXED, 0, label}, {CKA_ID, TEXT_FIXED, 0, label}, {CKA_SIGN, ALWAYS_TRUE, 0, NULL}

static const policy_rule vote_public_rules[] = {IDENTITY_PUBLIC("vote", ALWAYS_TRUE), {0}};
static const policy_rule vote_private_rules[] = {IDENTITY_PRIVATE("vote"), {0}};
/* X25519 under CKK_EC_EDWARDS with its own OID: python-pkcs11 does not know CKK_EC_MONTGOMERY and fails on it. SIGN
 * is true because vendor mechanisms run through C_Sign. */
static const policy_rule sealing_public_rules[] = {IDENTITY_PUBLIC("sealing", ALWAYS_FALSE), {0}};
static const policy_rule sealing_private_rules[] = {IDENTITY_PRIVATE("sealing"), {0}};

static const policy_rule share_rules[] = {
  PRIVATE_KEY_RULES, KEPT_FOR_EVER, {CKA_DERIVE, ALWAYS_FALSE, 0, NULL},
  {CKA_KEY_TYPE, NUMBER, CKK_VENDOR_DEFINED, NULL},
  {CKA_LABEL, BYTES, TEXT_BYTES, NULL}, {CKA_ID, BYTES, TEXT_BYTES, NULL}, {CKA_SIGN, ALWAYS_TRUE, 0, NULL}, {0}};

static const policy_rule record_rules[] = {
  {CKA_CLASS, NUMBER, CKO_TS_RECORD, NULL}, {CKA_TOKEN, ALWAYS_TRUE, 0, NULL}, {CKA_PRIVATE, USUALLY_FALSE, 0, NULL},
  {CKA_VALUE, BYTES, TS_ATTRIBUTE_BYTES_MAX, NULL}, {0}};

static const policy_rule *rules_of(enum ts_kind kind) {
  switch (kind) {
    case TS_KIND_DATA: return data_rules;
    case TS_KIND_GENESIS: return genesis_rules;
    case TS_KIND_ED25519_PUBLIC: return ed25519_public_rules;
    case TS_KIND_ED25519_PRIVATE: return ed25519_private_rules;
    case TS_KIND_VOTE_PUBLIC: return vote_public_rules;
    case TS_KIND_VOTE_PRIVATE: return vote_private_rules;
    case TS_KIND_SEALING_PUBLIC: return sealing_public_rules;
    case TS_KIND_SEALING_PRIVATE: return sealing_private_rules;
    case TS_KIND_SHARE: return share_rules;
    case TS_KIND_RECORD: break;
  }
  return record_rules;
}

/* ---- Templates ------------------------------------------------------------------------------------------------- */

/* The one mention of type in the template: *found is NULL if there is none. */
static CK_RV find_once(const CK_ATTRIBUTE *list, CK_ULONG count, CK_ATTRIBUTE_TYPE type, const CK_ATTRIBUTE **found) {
  *found = NULL;
  for (CK_ULONG i = 0; i < count; i++) {
    if (list[i].type != type) continue;
    if (*found != NULL) return CKR_TEMPLATE_INCONSISTENT;
    *found = &list[i];
  }
  return CKR_OK;
}

/* What contradicts the kind itself is inconsistent; a wrong choice of a property is a bad value. */
static CK_RV refusal(CK_ATTRIBUTE_TYPE type) {
  switch (type) {
    case CKA_CLASS:
    case CKA_KEY_TYPE:
    case CKA_TOKEN: return CKR_TEMPLATE_INCONSISTENT;
    default: return CKR_ATTRIBUTE_VALUE_INVALID;
  }
}

static CK_RV apply_bool(const policy_rule *rule, const CK_ATTRIBUTE *given, ts_attributes *attributes) {
  bool value = rule->how == ALWAYS_TRUE || rule->how == USUALLY_TRUE;
  bool free_choice = rule->how == USUALLY_TRUE || rule->how == USUALLY_FALSE;
  if (given != NULL) {
    if (!ts_attribute_valid(rule->type, given->pValue, given->ulValueLen)) return CKR_ATTRIBUTE_VALUE_INVALID;
    bool asked = *(const volatile CK_BBOOL *)given->pValue != CK_FALSE; /* read once: the memory is the caller's */
    if (!free_choice && asked != value) return refusal(rule->type);
    value = asked;
  }
  return ts_attributes_set_bool(attributes, rule->type, value);
}

static CK_RV apply_number(const policy_rule *rule, const CK_ATTRIBUTE *given, ts_attributes *attributes) {
  if (given != NULL) {
    CK_ULONG asked;
    if (!ts_attribute_valid(rule->type, given->pValue, given->ulValueLen)) return CKR_ATTRIBUTE_VALUE_INVALID;
    memcpy(&asked, given->pValue, sizeof asked);
    if (asked != rule->number) return refusal(rule->type);
  }
  return ts_attributes_set_ulong(attributes, rule->type, rule->number);
}

static CK_RV apply_bytes(const policy_rule *rule, const CK_ATTRIBUTE *given, ts_attributes *attributes) {
  if (given == NULL) return ts_attributes_set(attributes, rule->type, NULL, 0);
  if (given->ulValueLen > rule->number || !ts_attribute_valid(rule->type, given->pValue, given->ulValueLen))
    return CKR_ATTRIBUTE_VALUE_INVALID;
  return ts_attributes_set(attributes, rule->type, given->pValue, given->ulValueLen);
}

static CK_RV apply_text(const policy_rule *rule, const CK_ATTRIBUTE *given, ts_attributes *attributes) {
  size_t length = strlen(rule->text);
  if (given != NULL && given->ulValueLen != 0 &&
      (given->pValue == NULL || given->ulValueLen != length || memcmp(given->pValue, rule->text, length) != 0))
    return CKR_ATTRIBUTE_VALUE_INVALID;
  return ts_attributes_set(attributes, rule->type, rule->text, length);
}

static CK_RV apply_rule(const policy_rule *rule, const CK_ATTRIBUTE *given, ts_attributes *attributes) {
  switch (rule->how) {
    case ALWAYS_TRUE:
    case ALWAYS_FALSE:
    case USUALLY_TRUE:
    case USUALLY_FALSE: return apply_bool(rule, given, attributes);
    case NUMBER: return apply_number(rule, given, attributes);
    case BYTES: return apply_bytes(rule, given, attributes);
    case TEXT_FIXED: return apply_text(rule, given, attributes);
    case TOKEN_SETS:
    case END: break;
  }
  return given == NULL ? CKR_OK : CKR_ATTRIBUTE_READ_ONLY;
}

CK_RV ts_policy_apply(enum ts_kind kind, const CK_ATTRIBUTE *list, CK_ULONG count, ts_attributes *attributes) {
  const policy_rule *rules = rules_of(kind);
  CK_ULONG understood = 0;
  for (const policy_rule *rule = rules; rule->how != END; rule++) {
    const CK_ATTRIBUTE *given;
    CK_RV rv = find_once(list, count, rule->type, &given);
    if (rv != CKR_OK) return rv;
    if (given != NULL) understood++;
    rv = apply_rule(rule, given, attributes);
    if (rv != CKR_OK) return rv;
  }
  return understood == count ? CKR_OK : CKR_ATTRIBUTE_TYPE_INVALID; /* the rest fits no rule */
}

CK_RV ts_policy_kind(const CK_ATTRIBUTE *list, CK_ULONG count, enum ts_kind *kind) {
  const CK_ATTRIBUTE *class_given, *application;
  CK_OBJECT_CLASS class;
  CK_RV rv = find_once(list, count, CKA_CLASS, &class_given);
  if (rv == CKR_OK) rv = find_once(list, count, CKA_APPLICATION, &application);
  if (rv != CKR_OK) return rv;
  if (class_given == NULL) return CKR_TEMPLATE_INCOMPLETE;
  if (!ts_attribute_valid(CKA_CLASS, class_given->pValue, class_given->ulValueLen))
    return CKR_ATTRIBUTE_VALUE_INVALID;
  memcpy(&class, class_given->pValue, sizeof class);
  switch (class) {
    case CKO_DATA: break;
    case CKO_PUBLIC_KEY: *kind = TS_KIND_ED25519_PUBLIC; return CKR_OK;
    case CKO_PRIVATE_KEY: return CKR_TEMPLATE_INCONSISTENT; /* it would not be LOCAL: none is imported */
    default: return CKR_ATTRIBUTE_VALUE_INVALID;
  }
  bool genesis = application != NULL && application->pValue != NULL &&
                 application->ulValueLen == sizeof TS_GENESIS_APPLICATION - 1 &&
                 memcmp(application->pValue, TS_GENESIS_APPLICATION, application->ulValueLen) == 0;
  *kind = genesis ? TS_KIND_GENESIS : TS_KIND_DATA;
  return CKR_OK;
}

/* ---- Curves ---------------------------------------------------------------------------------------------------- */

static const uint8_t ed25519_oid[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
static const uint8_t x25519_oid[] = {0x06, 0x03, 0x2b, 0x65, 0x6e};
static const uint8_t ed25519_name[] = {0x13, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};

bool ts_policy_is_ed25519(const uint8_t *params, size_t length) {
  return (length == sizeof ed25519_oid && memcmp(params, ed25519_oid, length) == 0) ||
         (length == sizeof ed25519_name && memcmp(params, ed25519_name, length) == 0);
}

CK_RV ts_policy_set_curve(ts_attributes *attributes, bool x25519, const uint8_t *public_key) {
  CK_RV rv = ts_attributes_set(attributes, CKA_EC_PARAMS, x25519 ? x25519_oid : ed25519_oid, sizeof ed25519_oid);
  if (rv != CKR_OK || public_key == NULL) return rv;
  uint8_t point[2 + 32] = {0x04, 32}; /* OCTET STRING */
  memcpy(point + 2, public_key, 32);
  return ts_attributes_set(attributes, CKA_EC_POINT, point, sizeof point);
}
