/* Shares: each a secret record "share/<key id>" that callers see as an object, and its public side in "key/<key id>". */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "threshold.h"

#define KEY_RECORD_MAX (8 + 16 + 1 + 1 + 4 + 4 + 2 + 4 + 2 * TS_MODULES_MAX + 4 + TS_ELEMENT_BYTES_MAX)

static void record_name(const char *prefix, const uint8_t id[16], char out[TS_NAME_MAX + 1]) {
  char hex[33];
  sodium_bin2hex(hex, sizeof hex, id, 16);
  memcpy(out, prefix, strlen(prefix));
  memcpy(out + strlen(prefix), hex, sizeof hex);
}

static size_t write_key(const ts_key *key, uint8_t *out) {
  uint8_t encoded[TS_ELEMENT_BYTES_MAX];
  ts_writer writer;
  ts_writer_start(&writer, out, KEY_RECORD_MAX);
  ts_write_tag(&writer, "tk.pkey1");
  ts_write_fixed(&writer, key->id, 16);
  ts_write_uint(&writer, key->suite->id, 1);
  ts_write_uint(&writer, key->usage, 1);
  ts_write_uint(&writer, key->version, 4);
  ts_write_uint(&writer, key->share_epoch, 4);
  ts_write_uint(&writer, key->min_signers, 2);
  ts_write_uint(&writer, key->participant_count, 4);
  for (size_t i = 0; i < key->participant_count; i++) ts_write_uint(&writer, key->participants[i], 2);
  key->suite->group->encode(encoded, &key->public_key);
  ts_write_var(&writer, encoded, key->suite->group->element_bytes);
  return (size_t)(writer.at - out);
}

static ts_result read_key(const uint8_t *data, size_t length, ts_key *out) {
  ts_reader reader;
  ts_reader_start(&reader, data, length);
  ts_read_tag(&reader, "tk.pkey1");
  memcpy(out->id, ts_read_fixed(&reader, 16), 16);
  out->suite = ts_suite_by_id((unsigned)ts_read_uint(&reader, 1));
  out->usage = (uint8_t)ts_read_uint(&reader, 1);
  out->version = (uint32_t)ts_read_uint(&reader, 4);
  out->share_epoch = (uint32_t)ts_read_uint(&reader, 4);
  out->min_signers = (uint16_t)ts_read_uint(&reader, 2);
  out->participant_count = ts_read_count(&reader, TS_MODULES_MAX);
  for (size_t i = 0; i < out->participant_count; i++) out->participants[i] = (uint16_t)ts_read_uint(&reader, 2);
  ts_bytes encoded = ts_read_var(&reader, TS_ELEMENT_BYTES_MAX);
  if (!ts_reader_done(&reader) || out->suite == NULL || encoded.length != out->suite->group->element_bytes ||
      !out->suite->group->decode_vartime(&out->public_key, encoded.data))
    return TS_MALFORMED;
  return TS_OK;
}

static ts_key *grow(ts_domain *domain) {
  if (domain->key_count >= TS_KEYS_MAX) return NULL;
  ts_key *keys = realloc(domain->keys, (domain->key_count + 1) * sizeof *keys);
  if (keys == NULL) return NULL;
  domain->keys = keys;
  return &keys[domain->key_count];
}

ts_result ts_keys_load(ts_domain *domain) {
  const char *name = NULL;
  while ((name = ts_record_next(domain->slot, "key/", name)) != NULL) {
    const uint8_t *data;
    size_t length;
    ts_key *key = grow(domain);
    if (key == NULL || ts_record_get(domain->slot, name, &data, &length) != CKR_OK ||
        read_key(data, length, key) != TS_OK)
      return TS_MALFORMED;
    domain->key_count++;
  }
  return TS_OK;
}

void ts_keys_end(ts_domain *domain) {
  free(domain->keys);
  domain->keys = NULL;
  domain->key_count = 0;
}

const ts_key *ts_keys_find(const ts_domain *domain, const uint8_t id[16]) {
  for (size_t i = 0; i < domain->key_count; i++)
    if (memcmp(domain->keys[i].id, id, 16) == 0) return &domain->keys[i];
  return NULL;
}

const uint8_t *ts_keys_share(const ts_domain *domain, const ts_key *key) {
  char name[TS_NAME_MAX + 1];
  const uint8_t *secret;
  size_t length;
  record_name("share/", key->id, name);
  if (ts_record_get_secret(domain->slot, name, &secret, &length) != CKR_OK) return NULL;
  return length == key->suite->group->scalar_bytes ? secret : NULL;
}

CK_RV ts_keys_store(ts_domain *domain, const ts_key *key, const uint8_t *share) {
  char key_name[TS_NAME_MAX + 1], share_name[TS_NAME_MAX + 1];
  uint8_t record[KEY_RECORD_MAX], encoded[TS_ELEMENT_BYTES_MAX];
  CK_ULONG suite = key->suite->id, usage = key->usage, version = key->version, epoch = key->share_epoch,
           min_signers = key->min_signers;
  ts_change *change;
  key->suite->group->encode(encoded, &key->public_key);
  const CK_ATTRIBUTE attributes[] = {
      {CKA_TS_PUBLIC_KEY, encoded, key->suite->group->element_bytes}, {CKA_TS_SUITE, &suite, sizeof suite},
      {CKA_TS_USAGE, &usage, sizeof usage},                           {CKA_TS_KEY_VERSION, &version, sizeof version},
      {CKA_TS_SHARE_EPOCH, &epoch, sizeof epoch},
      {CKA_TS_MIN_SIGNERS, &min_signers, sizeof min_signers}};
  const ts_share object = {.label = "share", .id = key->id, .id_length = 16, .attributes = attributes,
                           .attribute_count = sizeof attributes / sizeof attributes[0], .secret = share,
                           .secret_length = key->suite->group->scalar_bytes};
  record_name("key/", key->id, key_name);
  record_name("share/", key->id, share_name);
  ts_key *kept = grow(domain);
  if (kept == NULL) return CKR_HOST_MEMORY;
  CK_RV rv = ts_change_begin(domain->slot, &change);
  if (rv != CKR_OK) return rv;
  ts_change_put(change, key_name, record, write_key(key, record));
  ts_change_put_share(change, share_name, &object);
  rv = ts_change_commit(change);
  if (rv != CKR_OK) return rv;
  *kept = *key;
  domain->key_count++;
  return CKR_OK;
}
