/* What libthresign-token-hooks.so exports beside C_GetFunctionList, for tests alone. The provider that is installed has
 * none of it (exports.map, and a test that looks). */
#ifndef THRESIGN_TOKEN_HOOKS_H
#define THRESIGN_TOKEN_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORTED __attribute__((visibility("default")))

/* Where secrets lie: see secret.h. */
EXPORTED bool ts_hook_secret_range(const uint8_t **start, size_t *length);
EXPORTED bool ts_hook_secret_at(size_t index, const uint8_t **secret, size_t *length);
EXPORTED bool ts_hook_secret_free_is_zero(void);

/* A key of version 1 and share epoch 1 that was generated elsewhere, for signing. */
typedef struct ts_hook_key {
  uint8_t id[16];
  unsigned suite;
  uint16_t min_signers;
  uint16_t participants[3];
  const uint8_t *public_key; /* encoded */
  const uint8_t *share;      /* encoded */
} ts_hook_key;

/* Puts a share of published figures into slot 0, whose user is logged in. */
EXPORTED bool ts_hook_put_share(const ts_hook_key *key);
/* Puts published nonces, encoded scalars, in place of ones that slot 0 has announced and not used. */
EXPORTED bool ts_hook_put_nonce(uint8_t group, uint64_t counter, const uint8_t *hiding, const uint8_t *binding);
/* Lets so many seconds pass at once on the clock by which nonces expire. */
EXPORTED void ts_hook_seconds_pass(uint32_t seconds);

#endif
