#include "store.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
  AT_VERSION = 8, AT_USER_PIN_SET = 9, AT_LENGTH = 12, AT_SERIAL = 16, AT_LABEL = 32, AT_WRAP_SO = 64,
  AT_WRAP_USER = 160, AT_FAILURES = 256, AT_CHECKSUM = 264, AT_MARK = 296, AT_BODY = 328, AT_OBJECTS = 372
};
#define CHECKSUM_BYTES 32
#define WRAP_BYTES 96
static const uint8_t magic[8] = {'T', 'S', 'T', 'O', 'K', 'E', 'N', 0};

/* ---- Numbers and cursors --------------------------------------------------------------------------------------- */

typedef struct reader {
  const uint8_t *at, *end;
  bool bad;
} reader;

static const uint8_t *take(reader *in, size_t length) {
  if (in->bad || length > (size_t)(in->end - in->at)) {
    in->bad = true;
    return NULL;
  }
  const uint8_t *bytes = in->at;
  in->at += length;
  return bytes;
}

static uint64_t take_number(reader *in, size_t length) {
  const uint8_t *bytes = take(in, length);
  uint64_t value = 0;
  for (size_t i = 0; bytes != NULL && i < length; i++) value = value << 8 | bytes[i];
  return value;
}

/* A writer with at NULL only counts. */
typedef struct writer {
  uint8_t *at;
  size_t length;
} writer;

static void put(writer *out, const void *bytes, size_t length) {
  if (out->at != NULL && length > 0) memcpy(out->at + out->length, bytes, length);
  out->length += length;
}

static void put_number(writer *out, uint64_t value, size_t length) {
  uint8_t bytes[8];
  for (size_t i = 0; i < length; i++) bytes[i] = (uint8_t)(value >> (8 * (length - 1 - i)));
  put(out, bytes, length);
}

/* ---- Head ------------------------------------------------------------------------------------------------------ */

static void checksum(const uint8_t *bytes, size_t length, uint8_t out[CHECKSUM_BYTES]) {
  crypto_generichash_state state;
  (void)crypto_generichash_init(&state, NULL, 0, CHECKSUM_BYTES);
  (void)crypto_generichash_update(&state, bytes, AT_CHECKSUM);
  (void)crypto_generichash_update(&state, bytes + AT_MARK, length - AT_MARK);
  (void)crypto_generichash_final(&state, out, CHECKSUM_BYTES);
}

static void take_wrap(reader *in, ts_wrap *wrap) {
  wrap->operations = (uint32_t)take_number(in, 4);
  wrap->memory_kib = (uint32_t)take_number(in, 4);
  memcpy(wrap->salt, take(in, sizeof wrap->salt), sizeof wrap->salt);
  memcpy(wrap->nonce, take(in, sizeof wrap->nonce), sizeof wrap->nonce);
  memcpy(wrap->box, take(in, sizeof wrap->box), sizeof wrap->box);
}

static void put_wrap(writer *out, const ts_wrap *wrap) {
  put_number(out, wrap->operations, 4);
  put_number(out, wrap->memory_kib, 4);
  put(out, wrap->salt, sizeof wrap->salt);
  put(out, wrap->nonce, sizeof wrap->nonce);
  put(out, wrap->box, sizeof wrap->box);
}

CK_RV ts_store_decode_head(const uint8_t *bytes, size_t length, ts_head *head) {
  uint8_t expected[CHECKSUM_BYTES];
  memset(head, 0, sizeof *head);
  if (length < sizeof magic + 1 || memcmp(bytes, magic, sizeof magic) != 0) return CKR_TS_STORE_CORRUPT;
  if (bytes[AT_VERSION] != TS_STORE_VERSION) return CKR_TS_STORE_VERSION;
  if (length < AT_OBJECTS || length > TS_STORE_BYTES_MAX) return CKR_TS_STORE_CORRUPT;
  checksum(bytes, length, expected);
  if (memcmp(bytes + AT_CHECKSUM, expected, sizeof expected) != 0) return CKR_TS_STORE_CORRUPT;

  reader in = {.at = bytes + AT_USER_PIN_SET, .end = bytes + AT_BODY, .bad = false};
  uint64_t user_pin_set = take_number(&in, 1), reserved = take_number(&in, 2), told = take_number(&in, 4);
  memcpy(head->serial, take(&in, TS_SERIAL_BYTES), TS_SERIAL_BYTES);
  memcpy(head->label, take(&in, TS_LABEL_BYTES), TS_LABEL_BYTES);
  take_wrap(&in, &head->wrap[TS_PIN_SO]);
  take_wrap(&in, &head->wrap[TS_PIN_USER]);
  head->failures[TS_PIN_SO] = (uint8_t)take_number(&in, 1);
  head->failures[TS_PIN_USER] = (uint8_t)take_number(&in, 1);
  reserved |= take_number(&in, 6);
  memcpy(head->mark, bytes + AT_MARK, TS_MARK_BYTES);
  head->user_pin_set = user_pin_set == 1;

  if (user_pin_set > 1 || reserved != 0 || told != length || !ts_wrap_figures_valid(&head->wrap[TS_PIN_SO]) ||
      head->failures[TS_PIN_SO] > TS_PIN_ATTEMPTS || head->failures[TS_PIN_USER] > TS_PIN_ATTEMPTS)
    return CKR_TS_STORE_CORRUPT;
  if (head->user_pin_set ? !ts_wrap_figures_valid(&head->wrap[TS_PIN_USER])
                         : !sodium_is_zero(bytes + AT_WRAP_USER, WRAP_BYTES))
    return CKR_TS_STORE_CORRUPT;
  return CKR_OK;
}

/* ---- Objects --------------------------------------------------------------------------------------------------- */

bool ts_store_name_valid(const char *name, size_t length) {
  if (length == 0 || length > TS_NAME_MAX) return false;
  for (size_t i = 0; i < length; i++) {
    char c = name[i];
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '/' || c == '-')) return false;
  }
  return true;
}

static CK_RV take_attribute(reader *in, ts_attributes *attributes, uint64_t *last_type) {
  uint64_t type = take_number(in, 4);
  size_t length = (size_t)take_number(in, 4);
  const uint8_t *value = take(in, length);
  if (in->bad) return CKR_TS_STORE_CORRUPT;
  if (attributes->count > 0 && type <= *last_type) return CKR_TS_STORE_CORRUPT;
  *last_type = type;
  if (ts_attribute_kind(type) == TS_ATTRIBUTE_ULONG) {
    if (length != 8) return CKR_TS_STORE_CORRUPT;
    reader inner = {.at = value, .end = value + length, .bad = false};
    return ts_attributes_set_ulong(attributes, type, (CK_ULONG)take_number(&inner, 8));
  }
  if (!ts_attribute_valid(type, value, length)) return CKR_TS_STORE_CORRUPT;
  return ts_attributes_set(attributes, type, value, length);
}

/* What holds for every object whatever its kind: the rest is the token's own writing, under its mark. */
static bool object_consistent(const ts_object *object) {
  const ts_attributes *attributes = &object->attributes;
  if (ts_attributes_get(attributes, CKA_CLASS) == NULL || !ts_attributes_bool(attributes, CKA_TOKEN, false) ||
      ts_attributes_get(attributes, CKA_PRIVATE) == NULL)
    return false;
  bool sealed = object->sealed_length > 0;
  switch (ts_object_class(object)) {
    case CKO_DATA: return sealed == ts_object_is(object, CKA_PRIVATE);
    case CKO_PUBLIC_KEY: return !sealed;
    case CKO_PRIVATE_KEY: return sealed && ts_object_is(object, CKA_PRIVATE);
    case CKO_TS_RECORD: return object->name[0] != 0 && sealed == ts_object_is(object, CKA_PRIVATE);
    default: return false;
  }
}

static CK_RV take_object(reader *in, ts_object *object) {
  object->id = take_number(in, 8);
  size_t name_length = (size_t)take_number(in, 1);
  const uint8_t *name = take(in, name_length);
  size_t attribute_count = (size_t)take_number(in, 2);
  if (in->bad || attribute_count > TS_ATTRIBUTES_MAX) return CKR_TS_STORE_CORRUPT;
  if (name_length > 0) {
    if (!ts_store_name_valid((const char *)name, name_length)) return CKR_TS_STORE_CORRUPT;
    memcpy(object->name, name, name_length);
  }
  uint64_t last_type = 0;
  for (size_t i = 0; i < attribute_count; i++) {
    CK_RV rv = take_attribute(in, &object->attributes, &last_type);
    if (rv != CKR_OK) return rv == CKR_HOST_MEMORY ? rv : CKR_TS_STORE_CORRUPT;
  }
  size_t sealed_length = (size_t)take_number(in, 4);
  const uint8_t *sealed = take(in, sealed_length);
  if (in->bad || (sealed_length != 0 && sealed_length < TS_SEAL_OVERHEAD) ||
      sealed_length > TS_SECRET_BYTES_MAX + TS_SEAL_OVERHEAD)
    return CKR_TS_STORE_CORRUPT;
  if (sealed_length > 0) {
    object->sealed = malloc(sealed_length);
    if (object->sealed == NULL) return CKR_HOST_MEMORY;
    memcpy(object->sealed, sealed, sealed_length);
    object->sealed_length = sealed_length;
  }
  return object_consistent(object) ? CKR_OK : CKR_TS_STORE_CORRUPT;
}

static bool name_taken(const ts_store *store, const char *name) {
  for (size_t i = 0; i < store->count; i++)
    if (name[0] != 0 && strcmp(store->objects[i]->name, name) == 0) return true;
  return false;
}

static CK_RV take_objects(reader *in, ts_store *store, size_t count) {
  store->objects = calloc(count + 1, sizeof(ts_object *));
  if (store->objects == NULL) return CKR_HOST_MEMORY;
  uint64_t last_id = 0; /* ids begin at 1 */
  for (size_t i = 0; i < count; i++) {
    ts_object *object = ts_object_new();
    if (object == NULL) return CKR_HOST_MEMORY;
    CK_RV rv = take_object(in, object);
    if (rv == CKR_OK && (object->id <= last_id || object->id >= store->next_id || name_taken(store, object->name)))
      rv = CKR_TS_STORE_CORRUPT;
    if (rv != CKR_OK) {
      ts_object_free(object);
      return rv;
    }
    last_id = object->id;
    store->objects[store->count++] = object;
  }
  return CKR_OK;
}

CK_RV ts_store_decode(const uint8_t *bytes, size_t length, ts_store *store) {
  memset(store, 0, sizeof *store);
  CK_RV rv = ts_store_decode_head(bytes, length, &store->head);
  if (rv != CKR_OK) return rv;
  reader in = {.at = bytes + AT_BODY, .end = bytes + length, .bad = false};
  memcpy(store->binding, take(&in, TS_BINDING_BYTES), TS_BINDING_BYTES);
  store->next_id = take_number(&in, 8);
  uint64_t count = take_number(&in, 4);
  if (count > TS_TOKEN_OBJECTS_MAX || store->next_id == 0) rv = CKR_TS_STORE_CORRUPT;
  else rv = take_objects(&in, store, (size_t)count);
  if (rv == CKR_OK && in.at != in.end) rv = CKR_TS_STORE_CORRUPT;
  if (rv != CKR_OK) ts_store_clear(store);
  return rv;
}

void ts_store_clear(ts_store *store) {
  for (size_t i = 0; i < store->count; i++) ts_object_free(store->objects[i]);
  free(store->objects);
  memset(store, 0, sizeof *store);
}

/* ---- Writing --------------------------------------------------------------------------------------------------- */

static void put_object(writer *out, const ts_object *object) {
  size_t name_length = strlen(object->name);
  put_number(out, object->id, 8);
  put_number(out, name_length, 1);
  put(out, object->name, name_length);
  put_number(out, object->attributes.count, 2);
  for (size_t i = 0; i < object->attributes.count; i++) {
    const ts_attribute *attribute = &object->attributes.list[i];
    put_number(out, attribute->type, 4);
    if (ts_attribute_kind(attribute->type) == TS_ATTRIBUTE_ULONG) {
      put_number(out, 8, 4);
      put_number(out, ts_attributes_ulong(&object->attributes, attribute->type, 0), 8);
    } else {
      put_number(out, attribute->length, 4);
      put(out, attribute->value, attribute->length);
    }
  }
  put_number(out, object->sealed_length, 4);
  put(out, object->sealed, object->sealed_length);
}

static void put_store(writer *out, const ts_store *store, size_t length) {
  static const uint8_t zeros[CHECKSUM_BYTES] = {0};
  const ts_head *head = &store->head;
  put(out, magic, sizeof magic);
  put_number(out, TS_STORE_VERSION, 1);
  put_number(out, head->user_pin_set ? 1 : 0, 1);
  put_number(out, 0, 2);
  put_number(out, length, 4);
  put(out, head->serial, TS_SERIAL_BYTES);
  put(out, head->label, TS_LABEL_BYTES);
  put_wrap(out, &head->wrap[TS_PIN_SO]);
  put_wrap(out, &head->wrap[TS_PIN_USER]);
  put_number(out, head->failures[TS_PIN_SO], 1);
  put_number(out, head->failures[TS_PIN_USER], 1);
  put_number(out, 0, 6);
  put(out, zeros, CHECKSUM_BYTES);
  put(out, head->mark, TS_MARK_BYTES);
  put(out, store->binding, TS_BINDING_BYTES);
  put_number(out, store->next_id, 8);
  put_number(out, store->count, 4);
  for (size_t i = 0; i < store->count; i++) put_object(out, store->objects[i]);
}

CK_RV ts_store_encode(const ts_store *store, uint8_t **bytes, size_t *length) {
  writer out = {.at = NULL, .length = 0};
  *bytes = NULL;
  put_store(&out, store, 0);
  if (out.length > TS_STORE_BYTES_MAX || store->count > TS_TOKEN_OBJECTS_MAX) return CKR_TS_STORE_FULL;
  *length = out.length;
  *bytes = malloc(*length);
  if (*bytes == NULL) return CKR_HOST_MEMORY;
  out = (writer){.at = *bytes, .length = 0};
  put_store(&out, store, *length);
  ts_store_set_mark(*bytes, *length, store->head.mark);
  return CKR_OK;
}

bool ts_store_mark(const ts_keys *keys, const uint8_t *bytes, size_t length, uint8_t mark[TS_MARK_BYTES]) {
  return ts_mark(keys, bytes, AT_FAILURES, bytes + AT_BODY, length - AT_BODY, mark);
}

void ts_store_set_mark(uint8_t *bytes, size_t length, const uint8_t mark[TS_MARK_BYTES]) {
  memmove(bytes + AT_MARK, mark, TS_MARK_BYTES);
  checksum(bytes, length, bytes + AT_CHECKSUM);
}

ts_seal_context ts_store_seal_context(const ts_store *store, const uint8_t binding[TS_BINDING_BYTES],
                                      const ts_object *object) {
  return (ts_seal_context){.version = TS_STORE_VERSION, .serial = store->head.serial, .binding = binding,
                           .id = object->id, .class = ts_object_class(object), .name = object->name};
}
