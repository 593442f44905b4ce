#include "object.h"

#include <stdlib.h>
#include <string.h>

#include "internal.h"

ts_object *ts_object_new(void) { return calloc(1, sizeof(ts_object)); }

void ts_object_free(ts_object *object) {
  if (object == NULL) return;
  ts_attributes_clear(&object->attributes);
  free(object->sealed);
  ts_secret_free(object->secret);
  free(object);
}

CK_RV ts_object_set_secret(ts_object *object, const uint8_t *secret, size_t length) {
  if (length > TS_SECRET_BYTES_MAX) return CKR_DEVICE_MEMORY;
  uint8_t *copy = ts_secret_alloc(length == 0 ? 1 : length);
  if (copy == NULL) return CKR_TS_SECRET_MEMORY_FULL;
  if (length > 0) memcpy(copy, secret, length);
  ts_secret_free(object->secret);
  object->secret = copy;
  object->secret_length = length;
  return CKR_OK;
}

CK_OBJECT_CLASS ts_object_class(const ts_object *object) {
  return ts_attributes_ulong(&object->attributes, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
}

bool ts_object_is(const ts_object *object, CK_ATTRIBUTE_TYPE type) {
  return ts_attributes_bool(&object->attributes, type, false);
}

const char *ts_object_name(const ts_object *object) { return object->name; }

enum ts_role ts_object_role(const ts_object *object) {
  if (ts_object_class(object) != CKO_PRIVATE_KEY) return TS_ROLE_NONE;
  if (ts_attributes_ulong(&object->attributes, CKA_KEY_TYPE, 0) == CKK_VENDOR_DEFINED) return TS_ROLE_SHARE;
  if (strcmp(object->name, TS_NAME_VOTE) == 0) return TS_ROLE_VOTE;
  if (strcmp(object->name, TS_NAME_SEALING) == 0) return TS_ROLE_SEALING;
  return object->name[0] == 0 ? TS_ROLE_ED25519 : TS_ROLE_NONE;
}

CK_RV ts_object_read(const ts_slot *slot, const ts_object *object, CK_ATTRIBUTE_TYPE type, ts_value *value) {
  bool private_key = ts_object_class(object) == CKO_PRIVATE_KEY;
  value->bytes = NULL;
  value->length = 0;
  if (type == CKA_VALUE && private_key) return CKR_ATTRIBUTE_SENSITIVE;
  if (type == CKA_VALUE && object->secret != NULL) { /* of a private data object, which the user may read */
    value->bytes = object->secret;
    value->length = object->secret_length;
    return CKR_OK;
  }
  if (type == CKA_TS_SECRET_MEMORY && private_key) {
    value->number = ts_secret_kind();
    value->bytes = &value->number;
    value->length = sizeof value->number;
    return CKR_OK;
  }
  if (type == CKA_ALLOWED_MECHANISMS && private_key) { /* not stored: mechanisms come with the software */
    value->length = sizeof(CK_MECHANISM_TYPE) *
                    ts_mechanism_allowed(ts_object_role(object), value->mechanisms, TS_TEMPLATE_MAX);
    value->bytes = value->mechanisms;
    return CKR_OK;
  }
  if (type == CKA_TS_BINDING && strcmp(object->name, TS_NAME_GENESIS) == 0) {
    value->bytes = slot->store.binding;
    value->length = TS_BINDING_BYTES;
    return CKR_OK;
  }
  const ts_attribute *attribute = ts_attributes_get(&object->attributes, type);
  if (attribute == NULL) return CKR_ATTRIBUTE_TYPE_INVALID;
  value->bytes = attribute->value;
  value->length = attribute->length;
  return CKR_OK;
}

bool ts_object_matches(const ts_slot *slot, const ts_object *object, const CK_ATTRIBUTE *list, CK_ULONG count) {
  ts_value value;
  for (CK_ULONG i = 0; i < count; i++) {
    if (ts_object_read(slot, object, list[i].type, &value) != CKR_OK) return false;
    if (value.length != list[i].ulValueLen) return false;
    if (value.length > 0 && memcmp(value.bytes, list[i].pValue, value.length) != 0) return false;
  }
  return true;
}
