/* One slot: its token file in memory, login, and the objects callers see. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "thresign/wipe.h"

/* ---- Opening and closing --------------------------------------------------------------------------------------- */

static void release(ts_slot *slot) {
  ts_store_clear(&slot->store);
  if (slot->lock_fd >= 0) (void)close(slot->lock_fd);
  if (slot->directory_fd >= 0) (void)close(slot->directory_fd);
  slot->lock_fd = -1;
  slot->directory_fd = -1;
  slot->authenticated = false;
}

/* Locks the directory and reads the file, if there is one. */
static CK_RV acquire(ts_slot *slot, bool *initialised) {
  uint8_t *bytes = NULL;
  size_t length;
  CK_RV rv = ts_directory_open(slot->directory, &slot->directory_fd);
  if (rv == CKR_OK) rv = ts_directory_lock(slot->directory_fd, &slot->lock_fd);
  if (rv == CKR_OK) rv = ts_file_read(slot->directory_fd, &bytes, &length);
  *initialised = bytes != NULL;
  if (bytes != NULL) rv = ts_store_decode(bytes, length, &slot->store);
  free(bytes);
  if (rv != CKR_OK) release(slot);
  return rv;
}

CK_RV ts_slot_open(ts_slot *slot) {
  bool initialised;
  CK_RV rv = acquire(slot, &initialised);
  if (rv != CKR_OK || initialised) return rv;
  release(slot);
  return CKR_TOKEN_NOT_RECOGNIZED;
}

void ts_slot_close(ts_slot *slot) {
  ts_slot_log_out(slot);
  for (size_t i = 0; i < TS_SESSION_OBJECTS_MAX; i++) {
    ts_object_free(slot->session_objects[i]);
    slot->session_objects[i] = NULL;
  }
  release(slot);
}

CK_RV ts_slot_peek(const ts_slot *slot, ts_head *head) {
  if (slot->lock_fd >= 0) {
    *head = slot->store.head;
    return CKR_OK;
  }
  int directory_fd;
  uint8_t *bytes = NULL;
  size_t length;
  CK_RV rv = ts_directory_open(slot->directory, &directory_fd);
  if (rv != CKR_OK) return rv;
  rv = ts_file_read(directory_fd, &bytes, &length);
  (void)close(directory_fd);
  if (rv == CKR_OK) rv = bytes == NULL ? CKR_TOKEN_NOT_RECOGNIZED : ts_store_decode_head(bytes, length, head);
  free(bytes);
  return rv;
}

/* ---- PINs ------------------------------------------------------------------------------------------------------ */

CK_RV ts_slot_save(ts_slot *slot, const ts_keys *keys, bool erase) {
  uint8_t *bytes;
  size_t length;
  uint8_t mark[TS_MARK_BYTES];
  CK_RV rv = ts_store_encode(&slot->store, &bytes, &length);
  if (rv != CKR_OK) return rv;
  if (keys != NULL) {
    if (ts_store_mark(keys, bytes, length, mark)) ts_store_set_mark(bytes, length, mark);
    else rv = CKR_TS_SECRET_MEMORY_FULL;
  }
  if (rv == CKR_OK) rv = ts_file_write(slot->directory_fd, bytes, length, erase);
  if (rv == CKR_OK && keys != NULL) memcpy(slot->store.head.mark, mark, sizeof mark);
  free(bytes);
  return rv;
}

static bool pin_length_valid(size_t length) { return length >= TS_PIN_BYTES_MIN && length <= TS_PIN_BYTES_MAX; }

/* True if the file in memory carries the mark of these keys. */
static CK_RV check_mark(const ts_slot *slot, const ts_keys *keys) {
  uint8_t *bytes;
  size_t length;
  uint8_t mark[TS_MARK_BYTES];
  CK_RV rv = ts_store_encode(&slot->store, &bytes, &length);
  if (rv != CKR_OK) return rv;
  if (!ts_store_mark(keys, bytes, length, mark)) rv = CKR_TS_SECRET_MEMORY_FULL;
  else if (!ts_mark_equal(mark, slot->store.head.mark)) rv = CKR_TS_STORE_TAMPERED;
  free(bytes);
  return rv;
}

/* Judges a PIN, and with it the file. The attempt is on disk before it is judged: killing the process does not undo
 * it. A PIN that no token could have (by its length) is wrong without being counted. */
static CK_RV judge(ts_slot *slot, enum ts_pin_role role, const uint8_t *pin, size_t pin_length, ts_keys **keys) {
  ts_head *head = &slot->store.head;
  uint8_t *failures = &head->failures[role];
  *keys = NULL;
  if (role == TS_PIN_USER && !head->user_pin_set) return CKR_USER_PIN_NOT_INITIALIZED;
  if (*failures >= TS_PIN_ATTEMPTS) return CKR_PIN_LOCKED;
  if (!pin_length_valid(pin_length)) return CKR_PIN_INCORRECT;
  ++*failures;
  CK_RV rv = ts_slot_save(slot, NULL, false);
  if (rv != CKR_OK) {
    --*failures;
    return rv;
  }
  rv = ts_wrap_open(&head->wrap[role], head->serial, role, pin, pin_length, keys);
  if (rv == CKR_OK) rv = check_mark(slot, *keys);
  if (rv == CKR_PIN_INCORRECT || rv == CKR_TS_STORE_TAMPERED) {
    ts_secret_free(*keys);
    *keys = NULL;
    return rv;
  }
  uint8_t before = *failures;
  *failures = rv == CKR_OK ? 0 : (uint8_t)(before - 1); /* short of memory: nothing was judged, nothing is counted */
  CK_RV saved = ts_slot_save(slot, NULL, false);
  if (saved != CKR_OK) *failures = before;
  if (rv == CKR_OK) rv = saved;
  if (rv != CKR_OK) {
    ts_secret_free(*keys);
    *keys = NULL;
  }
  return rv;
}

CK_RV ts_slot_init_pin(ts_slot *slot, const uint8_t *pin, size_t pin_length) {
  ts_head before = slot->store.head;
  if (!pin_length_valid(pin_length)) return CKR_PIN_LEN_RANGE;
  CK_RV rv = ts_wrap_make(&slot->store.head.wrap[TS_PIN_USER], before.serial, TS_PIN_USER, pin, pin_length,
                          slot->keys);
  if (rv == CKR_OK) {
    slot->store.head.user_pin_set = true;
    slot->store.head.failures[TS_PIN_USER] = 0;
    rv = ts_slot_save(slot, slot->keys, true);
  }
  if (rv != CKR_OK) slot->store.head = before;
  return rv;
}

CK_RV ts_slot_set_pin(ts_slot *slot, enum ts_pin_role role, const uint8_t *old_pin, size_t old_length,
                      const uint8_t *new_pin, size_t new_length) {
  ts_keys *keys;
  if (!pin_length_valid(new_length)) return CKR_PIN_LEN_RANGE;
  CK_RV rv = judge(slot, role, old_pin, old_length, &keys);
  if (rv != CKR_OK) return rv;
  ts_head before = slot->store.head;
  rv = ts_wrap_make(&slot->store.head.wrap[role], before.serial, role, new_pin, new_length, keys);
  if (rv == CKR_OK) rv = ts_slot_save(slot, keys, true);
  if (rv != CKR_OK) slot->store.head = before;
  ts_secret_free(keys);
  return rv;
}

/* ---- Initialisation -------------------------------------------------------------------------------------------- */

/* Fills an empty store: new data key, new serial, no objects, no user PIN. */
static CK_RV make_empty(ts_store *store, const uint8_t *pin, size_t pin_length, const uint8_t *label,
                        const ts_keys *keys) {
  uint8_t random[TS_SERIAL_BYTES / 2];
  char hex[TS_SERIAL_BYTES + 1];
  memset(store, 0, sizeof *store);
  randombytes_buf(random, sizeof random);
  memcpy(store->head.serial, sodium_bin2hex(hex, sizeof hex, random, sizeof random), TS_SERIAL_BYTES);
  memcpy(store->head.label, label, TS_LABEL_BYTES);
  store->next_id = 1;
  return ts_wrap_make(&store->head.wrap[TS_PIN_SO], store->head.serial, TS_PIN_SO, pin, pin_length, keys);
}

CK_RV ts_slot_init(ts_slot *slot, const uint8_t *pin, size_t pin_length, const uint8_t label[TS_LABEL_BYTES]) {
  bool initialised;
  ts_keys *keys = NULL;
  CK_RV rv = acquire(slot, &initialised);
  if (rv == CKR_TOKEN_NOT_PRESENT && pin_length_valid(pin_length)) {
    rv = ts_directory_create(slot->directory);
    if (rv == CKR_OK) rv = acquire(slot, &initialised);
  }
  if (rv != CKR_OK) return rv;
  if (initialised) {
    rv = judge(slot, TS_PIN_SO, pin, pin_length, &keys);
    ts_secret_free(keys);
  } else if (!pin_length_valid(pin_length)) {
    rv = CKR_PIN_LEN_RANGE;
  }
  if (rv == CKR_OK) {
    ts_store_clear(&slot->store);
    keys = ts_keys_new();
    rv = keys == NULL ? CKR_TS_SECRET_MEMORY_FULL : make_empty(&slot->store, pin, pin_length, label, keys);
    if (rv == CKR_OK) rv = ts_slot_save(slot, keys, true);
    ts_secret_free(keys);
  }
  release(slot);
  return rv;
}

/* ---- Login ----------------------------------------------------------------------------------------------------- */

/* Opens every sealed secret into secret memory. A seal that does not open has been altered. */
static CK_RV open_secrets(ts_slot *slot, const ts_keys *keys) {
  for (size_t i = 0; i < slot->store.count; i++) {
    ts_object *object = slot->store.objects[i];
    if (object->sealed_length == 0) continue;
    ts_seal_context context = ts_store_seal_context(&slot->store, slot->store.binding, object);
    size_t length = object->sealed_length - TS_SEAL_OVERHEAD;
    object->secret = ts_secret_alloc(length == 0 ? 1 : length);
    if (object->secret == NULL) return CKR_TS_SECRET_MEMORY_FULL;
    object->secret_length = length;
    if (!ts_unseal(keys, &context, object->sealed, object->sealed_length, object->secret))
      return CKR_TS_STORE_TAMPERED;
  }
  return CKR_OK;
}

static void close_secrets(ts_slot *slot) {
  for (size_t i = 0; i < slot->store.count; i++) {
    ts_object *object = slot->store.objects[i];
    ts_secret_free(object->secret);
    object->secret = NULL;
    object->secret_length = 0;
    if (ts_object_is(object, CKA_PRIVATE)) object->handle = CK_INVALID_HANDLE; /* for ever, says PKCS#11 */
  }
}

void ts_slot_show_objects(ts_slot *slot) {
  for (size_t i = 0; i < slot->store.count; i++) {
    ts_object *object = slot->store.objects[i];
    bool shown = ts_object_class(object) != CKO_TS_RECORD &&
                 (slot->login == TS_LOGIN_USER || !ts_object_is(object, CKA_PRIVATE));
    if (shown && object->handle == CK_INVALID_HANDLE) object->handle = ts_new_handle();
  }
}

CK_RV ts_slot_log_in(ts_slot *slot, enum ts_login who, const uint8_t *pin, size_t pin_length) {
  ts_keys *keys;
  CK_RV rv = judge(slot, who == TS_LOGIN_SO ? TS_PIN_SO : TS_PIN_USER, pin, pin_length, &keys);
  if (rv != CKR_OK) return rv;
  if (who == TS_LOGIN_USER) rv = open_secrets(slot, keys);
  if (rv != CKR_OK) {
    close_secrets(slot);
    ts_secret_free(keys);
    return rv;
  }
  slot->keys = keys;
  slot->login = who;
  slot->authenticated = true;
  ts_slot_show_objects(slot);
  if (who == TS_LOGIN_USER) rv = ts_extension_login(slot);
  if (rv != CKR_OK) ts_slot_log_out(slot);
  return rv;
}

void ts_slot_log_out(ts_slot *slot) {
  if (slot->login == TS_LOGIN_NONE) return;
  if (slot->login == TS_LOGIN_USER) ts_extension_logout(slot);
  ts_session_end_operations(slot);
  close_secrets(slot);
  for (size_t i = 0; i < TS_SESSION_OBJECTS_MAX; i++)
    if (slot->session_objects[i] != NULL && ts_object_is(slot->session_objects[i], CKA_PRIVATE))
      ts_slot_drop(slot, slot->session_objects[i]);
  ts_secret_free(slot->keys);
  slot->keys = NULL;
  slot->login = TS_LOGIN_NONE;
}

/* ---- Objects --------------------------------------------------------------------------------------------------- */

/* Token objects are seen only once the file is known to be what the token wrote: a public key that somebody put into
 * the file would otherwise be shown as ours. */
bool ts_slot_visible(const ts_slot *slot, const ts_object *object) {
  if (object->handle == CK_INVALID_HANDLE || ts_object_class(object) == CKO_TS_RECORD) return false;
  if (ts_object_is(object, CKA_PRIVATE) && slot->login != TS_LOGIN_USER) return false;
  return slot->authenticated || !ts_object_is(object, CKA_TOKEN);
}

ts_object *ts_slot_object(const ts_slot *slot, CK_OBJECT_HANDLE handle) {
  if (handle == CK_INVALID_HANDLE) return NULL;
  for (size_t i = 0; i < slot->store.count; i++)
    if (slot->store.objects[i]->handle == handle && ts_slot_visible(slot, slot->store.objects[i]))
      return slot->store.objects[i];
  for (size_t i = 0; i < TS_SESSION_OBJECTS_MAX; i++)
    if (slot->session_objects[i] != NULL && slot->session_objects[i]->handle == handle &&
        ts_slot_visible(slot, slot->session_objects[i]))
      return slot->session_objects[i];
  return NULL;
}

ts_object *ts_slot_named(const ts_slot *slot, const char *name) {
  for (size_t i = 0; name[0] != 0 && i < slot->store.count; i++)
    if (strcmp(slot->store.objects[i]->name, name) == 0) return slot->store.objects[i];
  return NULL;
}

CK_RV ts_slot_keep(ts_slot *slot, const ts_session *session, ts_object *object) {
  for (size_t i = 0; i < TS_SESSION_OBJECTS_MAX; i++) {
    if (slot->session_objects[i] != NULL) continue;
    object->session = session->handle;
    object->handle = ts_new_handle();
    slot->session_objects[i] = object;
    return CKR_OK;
  }
  return CKR_DEVICE_MEMORY;
}

void ts_slot_drop(ts_slot *slot, ts_object *object) {
  for (size_t i = 0; i < TS_SESSION_OBJECTS_MAX; i++)
    if (slot->session_objects[i] == object) slot->session_objects[i] = NULL;
  ts_object_free(object);
}
