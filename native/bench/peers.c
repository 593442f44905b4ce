#include "peers.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "thresign/dkg.h"
#include "thresign/frost.h"

static const ts_suite *suite_of(unsigned suite) {
  const ts_suite *found = ts_suite_by_id(suite);
  if (found == NULL) abort();
  return found;
}

bool tp_init(void) { return sodium_init() >= 0; }

uint64_t tp_cpu_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

size_t tp_scalar_bytes(unsigned suite) { return suite_of(suite)->group->scalar_bytes; }
size_t tp_element_bytes(unsigned suite) { return suite_of(suite)->group->element_bytes; }
size_t tp_signature_bytes(unsigned suite) { return suite_of(suite)->signature_bytes; }

static void draw(const ts_suite *suite, const uint8_t *hedge, size_t hedge_bytes, ts_scalar *out) {
  uint8_t random[32];
  randombytes_buf(random, sizeof random);
  ts_frost_nonce(suite, out, random, hedge, hedge_bytes);
}

void tp_deal(unsigned id, size_t min_signers, size_t n, uint8_t *shares, uint8_t *verification, uint8_t *key) {
  const ts_suite *suite = suite_of(id);
  const ts_group *group = suite->group;
  ts_scalar coefficients[TS_SIGNERS_MAX], share;
  ts_element point;
  for (size_t k = 0; k < min_signers; k++) draw(suite, NULL, 0, &coefficients[k]);
  for (size_t i = 0; i < n; i++) {
    ts_dkg_evaluate(suite, coefficients, min_signers, (uint16_t)(i + 1), &share);
    group->scalar_encode(shares + i * group->scalar_bytes, &share);
    group->mul_base(&point, &share);
    group->encode(verification + i * group->element_bytes, &point);
  }
  group->mul_base(&point, &coefficients[0]);
  group->encode(key, &point);
}

bool tp_commit(unsigned id, const uint8_t *share, uint8_t *nonces, uint8_t *commitments) {
  const ts_suite *suite = suite_of(id);
  const ts_group *group = suite->group;
  ts_element points[2];
  for (size_t i = 0; i < 2; i++) {
    ts_scalar nonce;
    draw(suite, share, group->scalar_bytes, &nonce);
    if (group->scalar_is_zero(&nonce)) return false;
    group->scalar_encode(nonces + i * group->scalar_bytes, &nonce);
    group->mul_base(&points[i], &nonce);
  }
  group->encode_batch(commitments, points, 2);
  return true;
}

bool tp_tweak(unsigned id, const uint8_t *t, size_t n, uint8_t *shares, uint8_t *verification, uint8_t *key) {
  const ts_suite *suite = suite_of(id);
  const ts_group *group = suite->group;
  ts_tweaked tweaked;
  ts_scalar share;
  ts_element point;
  if (!group->decode_vartime(&point, key)) return false;
  ts_tweak_begin(&tweaked, suite, &point);
  if (!ts_tweak_add_vartime(&tweaked, TS_TWEAK_X_ONLY, t)) return false;
  group->encode(key, &tweaked.key);
  for (size_t i = 0; i < n; i++) {
    uint8_t *share_bytes = shares + i * group->scalar_bytes, *point_bytes = verification + i * group->element_bytes;
    if (!group->scalar_decode(&share, share_bytes) || !group->decode_vartime(&point, point_bytes)) return false;
    ts_tweak_share(&tweaked, &share);
    ts_tweak_verification_share(&tweaked, &point);
    group->scalar_encode(share_bytes, &share);
    group->encode(point_bytes, &point);
  }
  return true;
}

struct tp_session {
  const ts_suite *suite;
  ts_element key;
  size_t count, own, message_bytes;
  ts_commitment commitments[TS_SIGNERS_MAX];
  ts_element verification[TS_SIGNERS_MAX];
  ts_scalar partials[TS_SIGNERS_MAX];
  ts_scalar share, hiding, binding;
  ts_signing begun;
  uint8_t *message;
};

static bool decode_all(tp_session *s, const uint8_t *key, const uint16_t *identifiers, const uint8_t *commitments,
                       const uint8_t *verification) {
  const ts_group *group = s->suite->group;
  if (!group->decode_vartime(&s->key, key)) return false;
  for (size_t i = 0; i < s->count; i++) {
    ts_commitment *one = &s->commitments[i];
    one->identifier = identifiers[i];
    memcpy(one->encoded, commitments + i * 2 * group->element_bytes, 2 * (size_t)group->element_bytes);
    if (!group->decode_vartime(&one->hiding, one->encoded) ||
        !group->decode_vartime(&one->binding, one->encoded + group->element_bytes) ||
        !group->decode_vartime(&s->verification[i], verification + i * group->element_bytes))
      return false;
  }
  return true;
}

tp_session *tp_session_new(unsigned suite, const uint8_t *key, const uint16_t *identifiers, const uint8_t *commitments,
                           const uint8_t *verification, size_t count, const uint8_t *message, size_t message_bytes) {
  tp_session *s = calloc(1, sizeof *s);
  if (s == NULL || count > TS_SIGNERS_MAX) abort();
  s->suite = suite_of(suite);
  s->count = count;
  s->message_bytes = message_bytes;
  s->message = malloc(message_bytes + 1);
  if (s->message == NULL) abort();
  memcpy(s->message, message, message_bytes);
  if (decode_all(s, key, identifiers, commitments, verification)) return s;
  tp_session_free(s);
  return NULL;
}

void tp_session_free(tp_session *s) {
  free(s->message);
  free(s);
}

bool tp_session_secret(tp_session *s, size_t index, const uint8_t *share, const uint8_t *nonces) {
  const ts_group *group = s->suite->group;
  s->own = index;
  return group->scalar_decode(&s->share, share) && group->scalar_decode(&s->hiding, nonces) &&
         group->scalar_decode(&s->binding, nonces + group->scalar_bytes);
}

bool tp_session_partials(tp_session *s, const uint8_t *partials) {
  const ts_group *group = s->suite->group;
  for (size_t i = 0; i < s->count; i++)
    if (!group->scalar_decode(&s->partials[i], partials + i * group->scalar_bytes)) return false;
  return true;
}

static bool begin(tp_session *s) {
  return ts_frost_begin_vartime(&s->begun, s->suite, &s->key, s->commitments, s->count, s->message,
                                s->message_bytes) == TS_FROST_OK;
}

bool tp_partial(tp_session *s, uint8_t *partial) {
  ts_scalar out;
  if (!begin(s)) return false;
  ts_frost_sign(&s->begun, s->own, &s->share, &s->hiding, &s->binding, &out);
  s->suite->group->scalar_encode(partial, &out);
  return true;
}

bool tp_aggregate_begun(tp_session *s, uint8_t *signature) {
  return ts_frost_aggregate_verified_vartime(&s->begun, s->partials, signature);
}

bool tp_aggregate(tp_session *s, uint8_t *signature) { return begin(s) && tp_aggregate_begun(s, signature); }

size_t tp_culprits(tp_session *s, uint16_t *culprits) {
  uint8_t random[16 * TS_SIGNERS_MAX];
  size_t indices[TS_SIGNERS_MAX];
  randombytes_buf(random, 16 * s->count);
  size_t found = ts_frost_culprits_vartime(&s->begun, s->verification, s->partials, random, indices);
  for (size_t i = 0; i < found; i++) culprits[i] = s->commitments[indices[i]].identifier;
  return found;
}

size_t tp_blame(tp_session *s, uint16_t *culprits) {
  uint8_t signature[TS_SIGNATURE_BYTES_MAX];
  return tp_aggregate(s, signature) ? 0 : tp_culprits(s, culprits);
}

bool tp_check_one(tp_session *s, size_t index) {
  return ts_frost_verify_partial_vartime(&s->begun, index, &s->verification[index], &s->partials[index]);
}

bool tp_verify(unsigned id, const uint8_t *key, const uint8_t *message, size_t message_bytes,
               const uint8_t *signature) {
  const ts_suite *suite = suite_of(id);
  ts_element point;
  return suite->group->decode_vartime(&point, key) &&
         ts_frost_verify_vartime(suite, &point, message, message_bytes, signature);
}
