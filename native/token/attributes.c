#include "attributes.h"

#include <stdlib.h>
#include <string.h>

#include "thresign/wipe.h"
#include "token_limits.h"

enum ts_attribute_kind ts_attribute_kind(CK_ATTRIBUTE_TYPE type) {
  switch (type) {
    case CKA_TOKEN:
    case CKA_PRIVATE:
    case CKA_MODIFIABLE:
    case CKA_COPYABLE:
    case CKA_DESTROYABLE:
    case CKA_SENSITIVE:
    case CKA_ALWAYS_SENSITIVE:
    case CKA_EXTRACTABLE:
    case CKA_NEVER_EXTRACTABLE:
    case CKA_LOCAL:
    case CKA_ENCRYPT:
    case CKA_DECRYPT:
    case CKA_SIGN:
    case CKA_SIGN_RECOVER:
    case CKA_VERIFY:
    case CKA_VERIFY_RECOVER:
    case CKA_WRAP:
    case CKA_UNWRAP:
    case CKA_DERIVE:
    case CKA_TRUSTED:
    case CKA_ALWAYS_AUTHENTICATE:
    case CKA_WRAP_WITH_TRUSTED: return TS_ATTRIBUTE_BOOL;
    case CKA_CLASS:
    case CKA_KEY_TYPE:
    case CKA_KEY_GEN_MECHANISM: return TS_ATTRIBUTE_ULONG;
    case CKA_LABEL:
    case CKA_ID:
    case CKA_SUBJECT:
    case CKA_APPLICATION:
    case CKA_OBJECT_ID:
    case CKA_VALUE:
    case CKA_EC_PARAMS:
    case CKA_EC_POINT:
    case CKA_ALLOWED_MECHANISMS: return TS_ATTRIBUTE_BYTES;
    default: break;
  }
  if (type >= 0x80545300UL && type <= 0x8054537fUL) return TS_ATTRIBUTE_BYTES;
  if (type >= 0x80545380UL && type <= 0x805453ffUL) return TS_ATTRIBUTE_ULONG;
  return TS_ATTRIBUTE_UNKNOWN;
}

bool ts_attribute_valid(CK_ATTRIBUTE_TYPE type, const void *value, size_t length) {
  if (value == NULL && length != 0) return false;
  switch (ts_attribute_kind(type)) {
    case TS_ATTRIBUTE_BOOL: return length == sizeof(CK_BBOOL) && *(const CK_BBOOL *)value <= 1;
    case TS_ATTRIBUTE_ULONG: return length == sizeof(CK_ULONG);
    case TS_ATTRIBUTE_BYTES:
      return length <= TS_ATTRIBUTE_BYTES_MAX &&
             (type != CKA_ALLOWED_MECHANISMS || length % sizeof(CK_MECHANISM_TYPE) == 0);
    default: return false;
  }
}

/* Wiped although nothing here is meant to be secret: the value of a private data object passes through. */
static void drop(ts_attribute *attribute) {
  if (attribute->value != NULL) ts_wipe(attribute->value, attribute->length);
  free(attribute->value);
}

/* The place of type in the list, or where it would go. */
static size_t place_of(const ts_attributes *attributes, CK_ATTRIBUTE_TYPE type) {
  size_t i = 0;
  while (i < attributes->count && attributes->list[i].type < type) i++;
  return i;
}

CK_RV ts_attributes_set(ts_attributes *attributes, CK_ATTRIBUTE_TYPE type, const void *value, size_t length) {
  size_t at = place_of(attributes, type);
  bool there = at < attributes->count && attributes->list[at].type == type;
  if (!there && attributes->count == TS_ATTRIBUTES_MAX) return CKR_TS_STORE_FULL;
  if (!there && attributes->count == attributes->capacity) {
    size_t capacity = attributes->capacity == 0 ? 8 : 2 * attributes->capacity;
    ts_attribute *list = realloc(attributes->list, capacity * sizeof *list);
    if (list == NULL) return CKR_HOST_MEMORY;
    attributes->list = list;
    attributes->capacity = capacity;
  }
  uint8_t *copy = NULL;
  if (length > 0) {
    copy = malloc(length);
    if (copy == NULL) return CKR_HOST_MEMORY;
    memcpy(copy, value, length);
  }
  if (there) {
    drop(&attributes->list[at]);
  } else {
    memmove(&attributes->list[at + 1], &attributes->list[at], (attributes->count - at) * sizeof *attributes->list);
    attributes->count++;
  }
  attributes->list[at] = (ts_attribute){.type = type, .length = length, .value = copy};
  return CKR_OK;
}

CK_RV ts_attributes_set_bool(ts_attributes *attributes, CK_ATTRIBUTE_TYPE type, bool value) {
  CK_BBOOL byte = value ? CK_TRUE : CK_FALSE;
  return ts_attributes_set(attributes, type, &byte, sizeof byte);
}

CK_RV ts_attributes_set_ulong(ts_attributes *attributes, CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  return ts_attributes_set(attributes, type, &value, sizeof value);
}

const ts_attribute *ts_attributes_get(const ts_attributes *attributes, CK_ATTRIBUTE_TYPE type) {
  size_t at = place_of(attributes, type);
  return at < attributes->count && attributes->list[at].type == type ? &attributes->list[at] : NULL;
}

bool ts_attributes_bool(const ts_attributes *attributes, CK_ATTRIBUTE_TYPE type, bool fallback) {
  const ts_attribute *found = ts_attributes_get(attributes, type);
  return found != NULL && found->length == 1 ? found->value[0] != 0 : fallback;
}

CK_ULONG ts_attributes_ulong(const ts_attributes *attributes, CK_ATTRIBUTE_TYPE type, CK_ULONG fallback) {
  const ts_attribute *found = ts_attributes_get(attributes, type);
  CK_ULONG value = fallback;
  if (found != NULL && found->length == sizeof value) memcpy(&value, found->value, sizeof value);
  return value;
}

void ts_attributes_remove(ts_attributes *attributes, CK_ATTRIBUTE_TYPE type) {
  size_t at = place_of(attributes, type);
  if (at == attributes->count || attributes->list[at].type != type) return;
  drop(&attributes->list[at]);
  attributes->count--;
  memmove(&attributes->list[at], &attributes->list[at + 1], (attributes->count - at) * sizeof *attributes->list);
}

void ts_attributes_clear(ts_attributes *attributes) {
  for (size_t i = 0; i < attributes->count; i++) drop(&attributes->list[i]);
  free(attributes->list);
  *attributes = (ts_attributes){.count = 0, .capacity = 0, .list = NULL};
}
