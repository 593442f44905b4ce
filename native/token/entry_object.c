/* Entries about objects: making, reading, finding, changing, destroying. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* A template as an argument: every entry that takes one checks it like this. */
static bool template_bad(const CK_ATTRIBUTE *list, CK_ULONG count) {
  return (list == NULL && count != 0) || count > TS_TEMPLATE_MAX;
}

/* What has to hold before an object can come to be (or go): PKCS#11's rules for session and login. */
static CK_RV check_write(const ts_session *session, const ts_object *object) {
  const ts_slot *slot = session->slot;
  bool token = ts_object_is(object, CKA_TOKEN);
  if (token && !session->rw) return CKR_SESSION_READ_ONLY;
  /* A public token object too needs a login: the file can be authenticated only with a key that a PIN opens. */
  if (token && slot->login == TS_LOGIN_NONE) return CKR_USER_NOT_LOGGED_IN;
  if (ts_object_is(object, CKA_PRIVATE) && slot->login != TS_LOGIN_USER) return CKR_USER_NOT_LOGGED_IN;
  return CKR_OK;
}

/* ---- C_CreateObject -------------------------------------------------------------------------------------------- */

/* Makes the object a token object, or one of the session. Takes it over in every case. */
static CK_RV keep(ts_session *session, ts_object *object, CK_OBJECT_HANDLE *handle) {
  ts_change *change;
  CK_RV rv;
  if (!ts_object_is(object, CKA_TOKEN)) {
    rv = ts_slot_keep(session->slot, session, object);
    if (rv != CKR_OK) ts_object_free(object);
  } else {
    rv = ts_change_begin(session->slot, &change);
    if (rv != CKR_OK) {
      ts_object_free(object);
      return rv;
    }
    (void)ts_change_add(change, object);
    rv = ts_change_commit(change);
  }
  if (rv == CKR_OK) *handle = object->handle;
  return rv;
}

/* A public key to verify with: the point has to be one that a signer can have. */
static CK_RV check_public_key(ts_object *object) {
  const ts_attribute *params = ts_attributes_get(&object->attributes, CKA_EC_PARAMS);
  const ts_attribute *point = ts_attributes_get(&object->attributes, CKA_EC_POINT);
  if (params->length == 0 || point->length == 0) return CKR_TEMPLATE_INCOMPLETE;
  if (!ts_policy_is_ed25519(params->value, params->length)) return CKR_CURVE_NOT_SUPPORTED;
  bool wrapped = point->length == 34 && point->value[0] == 0x04 && point->value[1] == 32;
  if (!wrapped && point->length != 32) return CKR_ATTRIBUTE_VALUE_INVALID;
  uint8_t key[crypto_sign_PUBLICKEYBYTES];
  memcpy(key, point->value + (wrapped ? 2 : 0), sizeof key);
  if (crypto_core_ed25519_is_valid_point(key) != 1) return CKR_ATTRIBUTE_VALUE_INVALID;
  CK_RV rv = ts_policy_set_curve(&object->attributes, false, key);
  if (rv == CKR_OK) rv = ts_attributes_set_bool(&object->attributes, CKA_LOCAL, false);
  if (rv == CKR_OK)
    rv = ts_attributes_set_ulong(&object->attributes, CKA_KEY_GEN_MECHANISM, CK_UNAVAILABLE_INFORMATION);
  return rv;
}

/* The value of a private data object moves into secret memory. */
static CK_RV hide_value(ts_object *object) {
  const ts_attribute *value = ts_attributes_get(&object->attributes, CKA_VALUE);
  CK_RV rv = ts_object_set_secret(object, value->value, value->length);
  ts_attributes_remove(&object->attributes, CKA_VALUE); /* and wipes it */
  return rv;
}

/* The genesis: pinned once, by the SO, and everything secret is bound to it in the same write. */
static CK_RV pin_genesis(ts_session *session, ts_object *object, CK_OBJECT_HANDLE *handle) {
  ts_slot *slot = session->slot;
  ts_change *change = NULL;
  uint8_t binding[TS_BINDING_BYTES];
  const ts_attribute *value = ts_attributes_get(&object->attributes, CKA_VALUE);
  CK_RV rv = CKR_OK;
  if (slot->login != TS_LOGIN_SO || !session->rw) rv = CKR_TS_GENESIS_NEEDS_SO;
  else if (ts_slot_named(slot, TS_NAME_GENESIS) != NULL) rv = CKR_TS_GENESIS_PINNED;
  else if (value->length == 0) rv = CKR_TEMPLATE_INCOMPLETE;
  if (rv == CKR_OK) rv = ts_change_begin(slot, &change);
  if (rv == CKR_OK) rv = ts_genesis_pin(change, value->value, value->length, binding);
  if (rv == CKR_OK && sodium_is_zero(binding, sizeof binding)) rv = CKR_TS_GENESIS_INVALID; /* zero means none */
  if (rv != CKR_OK) {
    ts_change_abandon(change);
    ts_object_free(object);
    return rv;
  }
  memcpy(object->name, TS_NAME_GENESIS, sizeof TS_NAME_GENESIS);
  ts_change_bind(change, binding);
  (void)ts_change_add(change, object);
  rv = ts_change_commit(change);
  if (rv == CKR_OK) *handle = object->handle;
  return rv;
}

static TS_NOINLINE CK_RV create_object(ts_session *session, const CK_ATTRIBUTE *list, CK_ULONG count,
                                       CK_OBJECT_HANDLE *handle) {
  enum ts_kind kind;
  if (template_bad(list, count) || handle == NULL) return CKR_ARGUMENTS_BAD;
  CK_RV rv = ts_policy_kind(list, count, &kind);
  if (rv != CKR_OK) return rv;
  ts_object *object = ts_object_new();
  if (object == NULL) return CKR_HOST_MEMORY;
  rv = ts_policy_apply(kind, list, count, &object->attributes);
  if (rv == CKR_OK && kind == TS_KIND_GENESIS) return pin_genesis(session, object, handle);
  if (rv == CKR_OK) rv = check_write(session, object);
  if (rv == CKR_OK && kind == TS_KIND_ED25519_PUBLIC) rv = check_public_key(object);
  if (rv == CKR_OK && kind == TS_KIND_DATA && ts_object_is(object, CKA_PRIVATE)) rv = hide_value(object);
  if (rv != CKR_OK) {
    ts_object_free(object);
    return rv;
  }
  return keep(session, object, handle);
}

CK_RV C_CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count, CK_OBJECT_HANDLE *handle) {
  ts_session *found;
  CK_RV rv = ts_enter_session(session, &found);
  return rv != CKR_OK ? rv : ts_leave_secret(create_object(found, list, count, handle));
}

/* ---- C_DestroyObject, C_SetAttributeValue ---------------------------------------------------------------------- */

static CK_RV destroy_object(ts_session *session, CK_OBJECT_HANDLE handle) {
  ts_change *change;
  ts_slot *slot = session->slot;
  ts_object *object = ts_slot_object(slot, handle);
  if (object == NULL) return CKR_OBJECT_HANDLE_INVALID;
  CK_RV rv = check_write(session, object);
  if (rv != CKR_OK) return rv;
  if (!ts_object_is(object, CKA_DESTROYABLE)) return CKR_ACTION_PROHIBITED;
  if (!ts_object_is(object, CKA_TOKEN)) {
    ts_slot_drop(slot, object);
    return CKR_OK;
  }
  rv = ts_change_begin(slot, &change);
  if (rv != CKR_OK) return rv;
  (void)ts_change_remove(change, object);
  return ts_change_commit(change);
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle) {
  ts_session *found;
  CK_RV rv = ts_enter_session(session, &found);
  return rv != CKR_OK ? rv : ts_leave_secret(destroy_object(found, handle));
}

/* The label, and nothing else, of objects that are modifiable. */
static CK_RV set_label(ts_session *session, ts_object *object, const CK_ATTRIBUTE *given) {
  ts_slot *slot = session->slot;
  const ts_attribute *now = ts_attributes_get(&object->attributes, CKA_LABEL);
  uint8_t before[256];
  size_t before_length = now->length;
  if (given->ulValueLen > sizeof before || !ts_attribute_valid(CKA_LABEL, given->pValue, given->ulValueLen))
    return CKR_ATTRIBUTE_VALUE_INVALID;
  if (before_length > sizeof before) return CKR_FUNCTION_FAILED;
  if (before_length > 0) memcpy(before, now->value, before_length);
  CK_RV rv = ts_attributes_set(&object->attributes, CKA_LABEL, given->pValue, given->ulValueLen);
  if (rv != CKR_OK || !ts_object_is(object, CKA_TOKEN)) return rv;
  rv = ts_slot_save(slot, slot->keys, false);
  if (rv == CKR_OK) return rv;
  CK_RV undone = ts_attributes_set(&object->attributes, CKA_LABEL, before, before_length);
  return undone == CKR_OK ? rv : undone; /* without memory the new label stays until the next login: it is a label */
}

static CK_RV set_attributes(ts_session *session, CK_OBJECT_HANDLE handle, const CK_ATTRIBUTE *list, CK_ULONG count) {
  ts_value value;
  if (list == NULL || count == 0 || count > TS_TEMPLATE_MAX) return CKR_ARGUMENTS_BAD;
  ts_object *object = ts_slot_object(session->slot, handle);
  if (object == NULL) return CKR_OBJECT_HANDLE_INVALID;
  CK_RV rv = check_write(session, object);
  if (rv != CKR_OK) return rv;
  if (!ts_object_is(object, CKA_MODIFIABLE)) return CKR_ACTION_PROHIBITED;
  for (CK_ULONG i = 0; i < count; i++) {
    if (list[i].type == CKA_LABEL) continue;
    rv = ts_object_read(session->slot, object, list[i].type, &value);
    return rv == CKR_ATTRIBUTE_TYPE_INVALID ? rv : CKR_ATTRIBUTE_READ_ONLY;
  }
  return count == 1 ? set_label(session, object, &list[0]) : CKR_TEMPLATE_INCONSISTENT;
}

CK_RV C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *list, CK_ULONG count) {
  ts_session *found;
  CK_RV rv = ts_enter_session(session, &found);
  return rv != CKR_OK ? rv : ts_leave_secret(set_attributes(found, handle, list, count));
}

/* ---- Reading --------------------------------------------------------------------------------------------------- */

static CK_RV get_attribute(const ts_slot *slot, const ts_object *object, CK_ATTRIBUTE *wanted) {
  ts_value value;
  CK_RV rv = ts_object_read(slot, object, wanted->type, &value);
  if (rv == CKR_OK && wanted->pValue != NULL) {
    if (wanted->ulValueLen < value.length) rv = CKR_BUFFER_TOO_SMALL;
    else if (value.length > 0) memcpy(wanted->pValue, value.bytes, value.length);
  }
  wanted->ulValueLen = rv == CKR_OK ? value.length : CK_UNAVAILABLE_INFORMATION;
  return rv;
}

static TS_NOINLINE CK_RV get_attributes(const ts_session *session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *list,
                                        CK_ULONG count) {
  CK_RV rv = CKR_OK;
  if (list == NULL || count == 0 || count > TS_TEMPLATE_MAX) return CKR_ARGUMENTS_BAD;
  const ts_object *object = ts_slot_object(session->slot, handle);
  if (object == NULL) return CKR_OBJECT_HANDLE_INVALID;
  for (CK_ULONG i = 0; i < count; i++) { /* all are filled in, whatever is wrong with some; the first wrong is told */
    CK_RV one = get_attribute(session->slot, object, &list[i]);
    if (rv == CKR_OK) rv = one;
  }
  return rv;
}

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *list, CK_ULONG count) {
  ts_session *found;
  CK_RV rv = ts_enter_session(session, &found);
  return rv != CKR_OK ? rv : ts_leave_secret(get_attributes(found, handle, list, count));
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, CK_ULONG *size) {
  ts_session *found;
  CK_RV rv = ts_enter_session(session, &found);
  if (rv != CKR_OK) return rv;
  if (size == NULL) return ts_leave(CKR_ARGUMENTS_BAD);
  const ts_object *object = ts_slot_object(found->slot, handle);
  if (object == NULL) return ts_leave(CKR_OBJECT_HANDLE_INVALID);
  *size = object->sealed_length;
  for (size_t i = 0; i < object->attributes.count; i++) *size += object->attributes.list[i].length;
  return ts_leave(CKR_OK);
}

/* ---- Finding --------------------------------------------------------------------------------------------------- */

static void collect(ts_session *session, const ts_object *object, const CK_ATTRIBUTE *list, CK_ULONG count) {
  if (object != NULL && ts_slot_visible(session->slot, object) &&
      ts_object_matches(session->slot, object, list, count))
    session->found[session->found_count++] = object->handle;
}

static TS_NOINLINE CK_RV find_init(ts_session *session, const CK_ATTRIBUTE *list, CK_ULONG count) {
  const ts_slot *slot = session->slot;
  if (template_bad(list, count)) return CKR_ARGUMENTS_BAD;
  if (session->finding) return CKR_OPERATION_ACTIVE;
  for (CK_ULONG i = 0; i < count; i++)
    if (list[i].pValue == NULL && list[i].ulValueLen != 0) return CKR_ATTRIBUTE_VALUE_INVALID;
  session->found = calloc(slot->store.count + TS_SESSION_OBJECTS_MAX, sizeof(CK_OBJECT_HANDLE));
  if (session->found == NULL) return CKR_HOST_MEMORY;
  session->finding = true;
  for (size_t i = 0; i < slot->store.count; i++) collect(session, slot->store.objects[i], list, count);
  for (size_t i = 0; i < TS_SESSION_OBJECTS_MAX; i++) collect(session, slot->session_objects[i], list, count);
  return CKR_OK;
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count) {
  ts_session *found;
  CK_RV rv = ts_enter_session(session, &found);
  return rv != CKR_OK ? rv : ts_leave_secret(find_init(found, list, count));
}

CK_RV C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *list, CK_ULONG room, CK_ULONG *count) {
  ts_session *found;
  CK_RV rv = ts_enter_session(session, &found);
  if (rv != CKR_OK) return rv;
  if (count == NULL || (list == NULL && room != 0)) return ts_leave(CKR_ARGUMENTS_BAD);
  if (!found->finding) return ts_leave(CKR_OPERATION_NOT_INITIALIZED);
  *count = 0;
  while (*count < room && found->found_next < found->found_count) {
    CK_OBJECT_HANDLE handle = found->found[found->found_next++];
    if (ts_slot_object(found->slot, handle) != NULL) list[(*count)++] = handle; /* it may have gone meanwhile */
  }
  return ts_leave(CKR_OK);
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE session) {
  ts_session *found;
  CK_RV rv = ts_enter_session(session, &found);
  if (rv != CKR_OK) return rv;
  if (!found->finding) return ts_leave(CKR_OPERATION_NOT_INITIALIZED);
  ts_find_end(found);
  return ts_leave(CKR_OK);
}
