#include <string.h>

#include "thresign/certificate.h"
#include "thresign/group.h"

/* A record of another kind is a wrong kind, not a broken record. */
static bool other_kind(const uint8_t *data, size_t length, const char *tag) {
  return length >= 8 && memcmp(data, "ts.", 3) == 0 && memcmp(data, tag, 8) != 0;
}

ts_result ts_sign_order_parse(const uint8_t *data, size_t length, ts_sign_order *out) {
  ts_reader reader;
  if (other_kind(data, length, "ts.sign1")) return TS_ORDER_KIND;
  ts_reader_start(&reader, data, length);
  ts_read_tag(&reader, "ts.sign1");
  out->request = ts_read_fixed(&reader, 32);
  out->entry = ts_read_fixed(&reader, 32);
  out->item = (uint16_t)ts_read_uint(&reader, 2);
  out->attempt = (uint16_t)ts_read_uint(&reader, 2);
  out->key = ts_read_fixed(&reader, 16);
  out->key_version = (uint32_t)ts_read_uint(&reader, 4);
  out->share_epoch = (uint32_t)ts_read_uint(&reader, 4);
  out->suite = (uint8_t)ts_read_uint(&reader, 1);
  out->message_sha256 = ts_read_fixed(&reader, 32);
  out->message_bytes = ts_read_uint(&reader, 8);
  out->expires_ms = ts_read_uint(&reader, 8);
  out->coordinator = (uint16_t)ts_read_uint(&reader, 2);
  out->tweak_count = ts_read_count(&reader, TS_TWEAKS_MAX);
  for (size_t i = 0; i < out->tweak_count; i++) {
    out->tweaks[i].kind = (uint8_t)ts_read_uint(&reader, 1);
    out->tweaks[i].value = ts_read_fixed(&reader, 32);
  }
  out->signer_count = ts_read_count(&reader, TS_MODULES_MAX);
  bool coordinator_signs = false;
  for (size_t i = 0; i < out->signer_count; i++) {
    ts_signer_slot *slot = &out->signers[i];
    slot->number = (uint16_t)ts_read_uint(&reader, 2);
    slot->incarnation = ts_read_uint(&reader, 8);
    slot->counter = ts_read_uint(&reader, 8);
    slot->hiding = ts_read_var(&reader, TS_ELEMENT_BYTES_MAX);
    slot->binding = ts_read_var(&reader, TS_ELEMENT_BYTES_MAX);
    if (i > 0 && out->signers[i - 1].number >= slot->number) ts_reader_fail(&reader);
    coordinator_signs |= slot->number == out->coordinator;
  }
  return ts_reader_done(&reader) && out->signer_count > 0 && coordinator_signs ? TS_OK : TS_MALFORMED;
}

ts_result ts_keygen_order_parse(const uint8_t *data, size_t length, ts_keygen_order *out) {
  ts_reader reader;
  if (other_kind(data, length, "ts.kgen1")) return TS_ORDER_KIND;
  ts_reader_start(&reader, data, length);
  ts_read_tag(&reader, "ts.kgen1");
  out->request = ts_read_fixed(&reader, 32);
  out->entry = ts_read_fixed(&reader, 32);
  out->key = ts_read_fixed(&reader, 16);
  out->key_version = (uint32_t)ts_read_uint(&reader, 4);
  out->suite = (uint8_t)ts_read_uint(&reader, 1);
  out->usage = (uint8_t)ts_read_uint(&reader, 1);
  out->min_signers = (uint16_t)ts_read_uint(&reader, 2);
  out->expires_ms = ts_read_uint(&reader, 8);
  out->participant_count = ts_read_count(&reader, TS_MODULES_MAX);
  for (size_t i = 0; i < out->participant_count; i++) {
    out->participants[i] = (uint16_t)ts_read_uint(&reader, 2);
    if (i > 0 && out->participants[i - 1] >= out->participants[i]) ts_reader_fail(&reader);
  }
  if (!ts_reader_done(&reader) || out->min_signers < 2 || out->min_signers > out->participant_count)
    return TS_MALFORMED;
  return TS_OK;
}
