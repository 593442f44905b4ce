/* Atomic changes of the token file, and the records of extensions. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct ts_change {
  ts_slot *slot;
  CK_RV error; /* the first one; commit then does nothing */
  ts_object *added[TS_CHANGES_MAX], *removed[TS_CHANGES_MAX];
  size_t added_count, removed_count;
  bool bind;
  uint8_t binding[TS_BINDING_BYTES];
};

/* ---- Collecting ------------------------------------------------------------------------------------------------ */

static CK_RV note(ts_change *change, CK_RV rv) {
  if (change->error == CKR_OK) change->error = rv;
  return rv;
}

CK_RV ts_change_begin(ts_slot *slot, ts_change **change) {
  *change = NULL;
  if (slot->login == TS_LOGIN_NONE) return CKR_USER_NOT_LOGGED_IN;
  *change = calloc(1, sizeof **change);
  if (*change == NULL) return CKR_HOST_MEMORY;
  (*change)->slot = slot;
  return CKR_OK;
}

ts_slot *ts_change_slot(const ts_change *change) { return change->slot; }

void ts_change_bind(ts_change *change, const uint8_t binding[TS_BINDING_BYTES]) {
  change->bind = true;
  memcpy(change->binding, binding, TS_BINDING_BYTES);
}

static bool is_removed(const ts_change *change, const ts_object *object) {
  for (size_t i = 0; i < change->removed_count; i++)
    if (change->removed[i] == object) return true;
  return false;
}

CK_RV ts_change_remove(ts_change *change, ts_object *object) {
  if (is_removed(change, object)) return CKR_OK;
  if (change->removed_count == TS_CHANGES_MAX) return note(change, CKR_TS_STORE_FULL);
  change->removed[change->removed_count++] = object;
  return CKR_OK;
}

/* Takes out what has this name, stored or only added; *handle is what callers knew it by. False if there is none. */
static bool displace(ts_change *change, const char *name, CK_OBJECT_HANDLE *handle) {
  *handle = CK_INVALID_HANDLE;
  for (size_t i = 0; i < change->added_count; i++) {
    if (strcmp(change->added[i]->name, name) != 0) continue;
    *handle = change->added[i]->handle;
    ts_object_free(change->added[i]);
    memmove(&change->added[i], &change->added[i + 1], (change->added_count - i - 1) * sizeof(ts_object *));
    change->added_count--;
    return true;
  }
  ts_object *stored = ts_slot_named(change->slot, name);
  if (stored == NULL || is_removed(change, stored)) return false;
  *handle = stored->handle;
  (void)ts_change_remove(change, stored);
  return true;
}

CK_RV ts_change_add(ts_change *change, ts_object *object) {
  CK_RV rv = CKR_OK;
  if (object->secret != NULL && change->slot->login != TS_LOGIN_USER) rv = CKR_USER_NOT_LOGGED_IN;
  else if (object->secret != NULL && !ts_secret_has_reserve()) rv = CKR_TS_SECRET_MEMORY_FULL;
  else if (change->added_count == TS_CHANGES_MAX) rv = CKR_TS_STORE_FULL;
  if (rv == CKR_OK) change->added[change->added_count++] = object;
  else ts_object_free(object);
  return note(change, rv);
}

static bool name_free_for_extensions(const char *name) {
  return ts_store_name_valid(name, strnlen(name, TS_NAME_MAX + 1)) && strcmp(name, TS_NAME_GENESIS) != 0 &&
         strncmp(name, "identity/", strlen("identity/")) != 0;
}

/* Makes an object of this name and kind and adds it in place of the older one. Attributes are the token's own. */
static CK_RV put_object(ts_change *change, const char *name, enum ts_kind kind, const CK_ATTRIBUTE *list,
                        CK_ULONG count, const CK_ATTRIBUTE *extra, size_t extra_count, const uint8_t *secret,
                        size_t secret_length) {
  CK_OBJECT_HANDLE handle;
  if (!name_free_for_extensions(name)) return note(change, CKR_TS_RECORD_NAME);
  ts_object *object = ts_object_new();
  if (object == NULL) return note(change, CKR_HOST_MEMORY);
  memcpy(object->name, name, strlen(name));
  CK_RV rv = ts_policy_apply(kind, list, count, &object->attributes);
  for (size_t i = 0; rv == CKR_OK && i < extra_count; i++)
    rv = extra[i].type > CKR_TS_BASE && extra[i].type != CKA_TS_SECRET_MEMORY &&
                 ts_attribute_valid(extra[i].type, extra[i].pValue, extra[i].ulValueLen)
             ? ts_attributes_set(&object->attributes, extra[i].type, extra[i].pValue, extra[i].ulValueLen)
             : CKR_ATTRIBUTE_VALUE_INVALID;
  if (rv == CKR_OK && secret != NULL)
    rv = secret_length == 0 ? CKR_DATA_LEN_RANGE : ts_object_set_secret(object, secret, secret_length);
  if (rv != CKR_OK) {
    ts_object_free(object);
    return note(change, rv);
  }
  (void)displace(change, name, &handle);
  object->handle = handle;
  return ts_change_add(change, object);
}

CK_RV ts_change_put(ts_change *change, const char *name, const uint8_t *bytes, size_t length) {
  CK_ATTRIBUTE value = {CKA_VALUE, (void *)(uintptr_t)bytes, length};
  return put_object(change, name, TS_KIND_RECORD, &value, 1, NULL, 0, NULL, 0);
}

CK_RV ts_change_put_secret(ts_change *change, const char *name, const uint8_t *secret, size_t length) {
  CK_BBOOL yes = CK_TRUE;
  CK_ATTRIBUTE private = {CKA_PRIVATE, &yes, sizeof yes};
  if (secret == NULL) return note(change, CKR_DATA_LEN_RANGE);
  return put_object(change, name, TS_KIND_RECORD, &private, 1, NULL, 0, secret, length);
}

CK_RV ts_change_put_share(ts_change *change, const char *name, const ts_share *share) {
  size_t label_length = share->label == NULL ? 0 : strlen(share->label);
  CK_ATTRIBUTE list[2] = {{CKA_LABEL, (void *)(uintptr_t)share->label, label_length},
                          {CKA_ID, (void *)(uintptr_t)share->id, share->id_length}};
  if (share->secret == NULL) return note(change, CKR_DATA_LEN_RANGE);
  return put_object(change, name, TS_KIND_SHARE, list, 2, share->attributes, share->attribute_count, share->secret,
                    share->secret_length);
}

CK_RV ts_change_delete(ts_change *change, const char *name) {
  CK_OBJECT_HANDLE handle;
  if (!name_free_for_extensions(name)) return note(change, CKR_TS_RECORD_NAME);
  return displace(change, name, &handle) ? change->error : note(change, CKR_TS_RECORD_MISSING);
}

/* ---- Writing --------------------------------------------------------------------------------------------------- */

void ts_change_abandon(ts_change *change) {
  if (change == NULL) return;
  for (size_t i = 0; i < change->added_count; i++) ts_object_free(change->added[i]);
  free(change);
}

static CK_RV seal_object(const ts_slot *slot, const uint8_t *binding, ts_object *object) {
  if (object->secret == NULL) return CKR_OK;
  ts_seal_context context = ts_store_seal_context(&slot->store, binding, object);
  object->sealed_length = object->secret_length + TS_SEAL_OVERHEAD;
  object->sealed = malloc(object->sealed_length);
  if (object->sealed == NULL) return CKR_HOST_MEMORY;
  ts_seal(slot->keys, &context, object->secret, object->secret_length, object->sealed);
  return CKR_OK;
}

/* The same secret, sealed to another binding, in new memory. */
static CK_RV reseal_object(const ts_slot *slot, const uint8_t *binding, const ts_object *object, uint8_t **sealed) {
  size_t length = object->sealed_length - TS_SEAL_OVERHEAD;
  uint8_t *secret = ts_secret_alloc(length == 0 ? 1 : length);
  if (secret == NULL) return CKR_TS_SECRET_MEMORY_FULL;
  ts_seal_context old = ts_store_seal_context(&slot->store, slot->store.binding, object);
  ts_seal_context new = ts_store_seal_context(&slot->store, binding, object);
  CK_RV rv = CKR_OK;
  if (!ts_unseal(slot->keys, &old, object->sealed, object->sealed_length, secret)) rv = CKR_TS_STORE_TAMPERED;
  *sealed = rv == CKR_OK ? malloc(object->sealed_length) : NULL;
  if (*sealed != NULL) ts_seal(slot->keys, &new, secret, length, *sealed);
  else if (rv == CKR_OK) rv = CKR_HOST_MEMORY;
  ts_secret_free(secret);
  return rv;
}

/* The store as it is to be: what stays, then what is added, with ids and seals. seals[i] keeps the old seal of what
 * stays at i and was sealed anew, so that it can be put back. */
static CK_RV build_next(ts_change *change, ts_store *next, uint8_t **seals) {
  ts_slot *slot = change->slot;
  const uint8_t *binding = change->bind ? change->binding : slot->store.binding;
  for (size_t i = 0; i < slot->store.count; i++)
    if (!is_removed(change, slot->store.objects[i])) next->objects[next->count++] = slot->store.objects[i];
  for (size_t i = 0; change->bind && i < next->count; i++) {
    uint8_t *sealed;
    if (next->objects[i]->sealed_length == 0) continue;
    CK_RV rv = reseal_object(slot, binding, next->objects[i], &sealed);
    if (rv != CKR_OK) return rv;
    seals[i] = next->objects[i]->sealed;
    next->objects[i]->sealed = sealed;
  }
  for (size_t i = 0; i < change->added_count; i++) {
    change->added[i]->id = next->next_id++;
    CK_RV rv = seal_object(slot, binding, change->added[i]);
    if (rv != CKR_OK) return rv;
    next->objects[next->count++] = change->added[i];
  }
  memcpy(next->binding, binding, TS_BINDING_BYTES);
  return CKR_OK;
}

static CK_RV write_change(ts_change *change, ts_store *next, uint8_t **seals) {
  ts_slot *slot = change->slot;
  bool erase = false;
  size_t kept = slot->store.count - change->removed_count;
  for (size_t i = 0; i < change->removed_count; i++) erase = erase || change->removed[i]->sealed_length > 0;
  CK_RV rv = build_next(change, next, seals);
  if (rv == CKR_OK) {
    ts_store before = slot->store;
    slot->store = *next;
    rv = ts_slot_save(slot, slot->keys, erase);
    if (rv == CKR_OK) free(before.objects);
    else slot->store = before;
  }
  for (size_t i = 0; i < kept; i++) {
    if (seals[i] == NULL) continue;
    if (rv == CKR_OK) {
      free(seals[i]);
    } else {
      free(next->objects[i]->sealed);
      next->objects[i]->sealed = seals[i];
    }
  }
  return rv;
}

CK_RV ts_change_commit(ts_change *change) {
  ts_slot *slot = change->slot;
  CK_RV rv = change->error;
  if (rv == CKR_OK && slot->store.count - change->removed_count + change->added_count > TS_TOKEN_OBJECTS_MAX)
    rv = CKR_TS_STORE_FULL;
  if (rv == CKR_OK) {
    ts_store next = slot->store;
    size_t room = slot->store.count + change->added_count + 1;
    next.count = 0;
    next.objects = calloc(room, sizeof(ts_object *));
    uint8_t **seals = calloc(room, sizeof(uint8_t *));
    rv = next.objects == NULL || seals == NULL ? CKR_HOST_MEMORY : write_change(change, &next, seals);
    if (rv != CKR_OK) free(next.objects);
    free(seals);
  }
  if (rv == CKR_OK) {
    for (size_t i = 0; i < change->removed_count; i++) ts_object_free(change->removed[i]);
    ts_slot_show_objects(slot);
    change->added_count = 0; /* they are the store's now */
  }
  ts_change_abandon(change);
  return rv;
}

/* ---- Reading --------------------------------------------------------------------------------------------------- */

CK_RV ts_record_get(const ts_slot *slot, const char *name, const uint8_t **bytes, size_t *length) {
  if (!slot->authenticated) return CKR_USER_NOT_LOGGED_IN;
  const ts_object *object = ts_slot_named(slot, name);
  if (object == NULL || ts_object_is(object, CKA_PRIVATE)) return CKR_TS_RECORD_MISSING;
  const ts_attribute *value = ts_attributes_get(&object->attributes, CKA_VALUE);
  if (value == NULL) return CKR_TS_RECORD_MISSING;
  *bytes = value->value;
  *length = value->length;
  return CKR_OK;
}

CK_RV ts_record_get_secret(const ts_slot *slot, const char *name, const uint8_t **secret, size_t *length) {
  if (slot->login != TS_LOGIN_USER) return CKR_USER_NOT_LOGGED_IN;
  const ts_object *object = ts_slot_named(slot, name);
  if (object == NULL || object->secret == NULL) return CKR_TS_RECORD_MISSING;
  *secret = object->secret;
  *length = object->secret_length;
  return CKR_OK;
}

const char *ts_record_next(const ts_slot *slot, const char *prefix, const char *after) {
  bool past = after == NULL;
  for (size_t i = 0; slot->authenticated && i < slot->store.count; i++) {
    const char *name = slot->store.objects[i]->name;
    if (past && name[0] != 0 && strncmp(name, prefix, strlen(prefix)) == 0) return name;
    if (!past && strcmp(name, after) == 0) past = true;
  }
  return NULL;
}

ts_object *ts_share_object(const ts_slot *slot, const char *name) {
  ts_object *object = slot->authenticated ? ts_slot_named(slot, name) : NULL;
  return object != NULL && ts_object_role(object) == TS_ROLE_SHARE ? object : NULL;
}
