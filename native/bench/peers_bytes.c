/* The same operations as thresign._native, bytes to bytes, called from C: what a call from Python is compared with. */
#include <stdlib.h>
#include <string.h>

#include "peers.h"
#include "thresign/frost.h"

typedef struct input {
  const ts_suite *suite;
  ts_element key;
  size_t count;
  ts_commitment commitments[TS_SIGNERS_MAX];
  ts_scalar shares[TS_SIGNERS_MAX];
  ts_element elements[2 * TS_SIGNERS_MAX];
} input;

/* commitments: U16 number, hiding, binding for each signer. */
static bool read_input(input *in, const uint8_t *key, const uint8_t *commitments, size_t count, const uint8_t *shares) {
  const ts_group *group = in->suite->group;
  const size_t pair = 2 * (size_t)group->element_bytes;
  uint8_t encoded[2 * TS_SIGNERS_MAX * TS_ELEMENT_BYTES_MAX];
  size_t bad;
  in->count = count;
  if (count > TS_SIGNERS_MAX || !group->decode_vartime(&in->key, key)) return false;
  for (size_t i = 0; i < count; i++) {
    const uint8_t *at = commitments + i * (2 + pair);
    in->commitments[i].identifier = (uint16_t)(at[0] << 8 | at[1]);
    memcpy(in->commitments[i].encoded, at + 2, pair);
    memcpy(encoded + i * pair, at + 2, pair);
    if (!group->scalar_decode(&in->shares[i], shares + i * group->scalar_bytes)) return false;
  }
  if (!group->decode_batch_vartime(in->elements, encoded, 2 * count, &bad)) return false;
  for (size_t i = 0; i < count; i++) {
    in->commitments[i].hiding = in->elements[2 * i];
    in->commitments[i].binding = in->elements[2 * i + 1];
  }
  return true;
}

static bool aggregate(const ts_suite *suite, const uint8_t *key, const uint8_t *commitments, size_t count,
                      const uint8_t *message, size_t message_bytes, const uint8_t *shares, uint8_t *signature) {
  input *in = malloc(sizeof *in);
  ts_signing *session = malloc(sizeof *session);
  if (in == NULL || session == NULL) abort();
  in->suite = suite;
  bool good = read_input(in, key, commitments, count, shares) &&
              ts_frost_begin_vartime(session, suite, &in->key, in->commitments, count, message, message_bytes) ==
                  TS_FROST_OK;
  if (good) ts_frost_aggregate(session, in->shares, signature);
  free(in);
  free(session);
  return good;
}

double tp_time_aggregate(unsigned id, const uint8_t *key, const uint8_t *commitments, size_t count,
                         const uint8_t *message, size_t message_bytes, const uint8_t *shares, unsigned runs) {
  const ts_suite *suite = ts_suite_by_id(id);
  uint8_t signature[TS_SIGNATURE_BYTES_MAX];
  const uint64_t began = tp_cpu_ns();
  for (unsigned i = 0; i < runs; i++)
    if (!aggregate(suite, key, commitments, count, message, message_bytes, shares, signature)) return -1;
  return (double)(tp_cpu_ns() - began) / runs;
}

double tp_time_verify(unsigned id, const uint8_t *key, const uint8_t *message, size_t message_bytes,
                      const uint8_t *signature, unsigned runs) {
  const uint64_t began = tp_cpu_ns();
  for (unsigned i = 0; i < runs; i++)
    if (!tp_verify(id, key, message, message_bytes, signature)) return -1;
  return (double)(tp_cpu_ns() - began) / runs;
}
