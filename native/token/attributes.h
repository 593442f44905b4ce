/* Attribute lists: what an object says of itself in the clear. Sorted by type, each type once.
 *
 * Values are held as PKCS#11 hands them out (CK_BBOOL, CK_ULONG, bytes). Nothing secret goes in here.
 */
#ifndef THRESIGN_TOKEN_ATTRIBUTES_H
#define THRESIGN_TOKEN_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cryptoki.h"

enum ts_attribute_kind {
  TS_ATTRIBUTE_UNKNOWN, /* not an attribute this token keeps */
  TS_ATTRIBUTE_BOOL,    /* one byte, 0 or 1 */
  TS_ATTRIBUTE_ULONG,   /* one CK_ULONG */
  TS_ATTRIBUTE_BYTES
};

typedef struct ts_attribute {
  CK_ATTRIBUTE_TYPE type;
  size_t length;
  uint8_t *value; /* on the heap; NULL when length is 0 */
} ts_attribute;

typedef struct ts_attributes {
  size_t count, capacity;
  ts_attribute *list;
} ts_attributes;

enum ts_attribute_kind ts_attribute_kind(CK_ATTRIBUTE_TYPE type);
/* True if length bytes at value can be a value of this type: known, of the right length, a bool 0 or 1. */
bool ts_attribute_valid(CK_ATTRIBUTE_TYPE type, const void *value, size_t length);

/* Copies the value in, in place of an older one. CKR_HOST_MEMORY or CKR_TS_STORE_FULL, with the list as it was. */
CK_RV ts_attributes_set(ts_attributes *attributes, CK_ATTRIBUTE_TYPE type, const void *value, size_t length);
CK_RV ts_attributes_set_bool(ts_attributes *attributes, CK_ATTRIBUTE_TYPE type, bool value);
CK_RV ts_attributes_set_ulong(ts_attributes *attributes, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
/* The attribute, or NULL. */
const ts_attribute *ts_attributes_get(const ts_attributes *attributes, CK_ATTRIBUTE_TYPE type);
/* The value, or fallback if the attribute is absent. */
bool ts_attributes_bool(const ts_attributes *attributes, CK_ATTRIBUTE_TYPE type, bool fallback);
CK_ULONG ts_attributes_ulong(const ts_attributes *attributes, CK_ATTRIBUTE_TYPE type, CK_ULONG fallback);
/* Takes the attribute out, if it is there. */
void ts_attributes_remove(ts_attributes *attributes, CK_ATTRIBUTE_TYPE type);
void ts_attributes_clear(ts_attributes *attributes);

#endif
