/* What only tests may ask: where secrets lie, and to sign with shares and nonces that are published figures. Built into
 * libthresign-token-hooks.so, which is never installed. */
#ifndef THRESIGN_TEST_HOOKS
#error "hooks.c belongs to test builds"
#endif
#include "hooks.h"

#include <string.h>

#include "internal.h"
#include "secret.h"
#include "threshold.h"

bool ts_hook_secret_range(const uint8_t **start, size_t *length) { return ts_secret_range(start, length); }

bool ts_hook_secret_at(size_t index, const uint8_t **secret, size_t *length) {
  return ts_secret_at(index, secret, length);
}

bool ts_hook_secret_free_is_zero(void) { return ts_secret_free_is_zero(); }

void ts_hook_seconds_pass(uint32_t seconds) { ts_nonces_seconds_later += seconds; }

static ts_domain *domain_of_slot_0(void) {
  ts_slot *slot = ts_slot_by_id(0);
  return slot != NULL ? *ts_slot_extension(slot) : NULL;
}

bool ts_hook_put_share(const ts_hook_key *given) {
  ts_domain *domain = domain_of_slot_0();
  ts_key key = {.suite = ts_suite_by_id(given->suite), .usage = TS_USAGE_SIGN, .version = 1, .share_epoch = 1,
                .min_signers = given->min_signers, .participant_count = 3};
  if (domain == NULL || key.suite == NULL) return false;
  memcpy(key.id, given->id, sizeof key.id);
  memcpy(key.participants, given->participants, sizeof given->participants);
  if (!key.suite->group->decode_vartime(&key.public_key, given->public_key)) return false;
  uint8_t *share = ts_secret_alloc(key.suite->group->scalar_bytes);
  if (share == NULL) return false;
  memcpy(share, given->share, key.suite->group->scalar_bytes);
  CK_RV rv = ts_keys_store(domain, &key, share);
  ts_secret_free(share);
  return rv == CKR_OK;
}

bool ts_hook_put_nonce(uint8_t group_id, uint64_t counter, const uint8_t *hiding, const uint8_t *binding) {
  ts_domain *domain = domain_of_slot_0();
  const ts_group *group = ts_group_by_id(group_id);
  ts_nonce *nonce = domain != NULL ? ts_nonces_find(domain, group_id, counter) : NULL;
  ts_element points[2];
  if (group == NULL || nonce == NULL || nonce->state != TS_STATE_READY) return false;
  if (!group->scalar_decode(&nonce->secret->hiding, hiding) || !group->scalar_decode(&nonce->secret->binding, binding))
    return false;
  group->mul_base(&points[0], &nonce->secret->hiding);
  group->mul_base(&points[1], &nonce->secret->binding);
  group->encode_batch(nonce->commitments, points, 2);
  return true;
}
