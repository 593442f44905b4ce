/* What only tests may ask: where secrets lie. Built into libthresign-token-hooks.so, which is never installed. */
#ifndef THRESIGN_TEST_HOOKS
#error "hooks.c belongs to test builds"
#endif
#include "secret.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED bool ts_hook_secret_range(const uint8_t **start, size_t *length);
EXPORTED bool ts_hook_secret_at(size_t index, const uint8_t **secret, size_t *length);
EXPORTED bool ts_hook_secret_free_is_zero(void);

bool ts_hook_secret_range(const uint8_t **start, size_t *length) { return ts_secret_range(start, length); }

bool ts_hook_secret_at(size_t index, const uint8_t **secret, size_t *length) {
  return ts_secret_at(index, secret, length);
}

bool ts_hook_secret_free_is_zero(void) { return ts_secret_free_is_zero(); }
