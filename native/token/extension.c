/* What makes this a threshold token: the table of vendor mechanisms, and what happens at login, logout and when a
 * genesis is pinned. See token.h. For now the identity is all there is. */
#include <sodium.h>

#include "token.h"

const ts_mechanism *const ts_vendor_mechanisms[] = {&ts_identity_mechanism, NULL};

CK_RV ts_extension_login(ts_slot *slot) {
  (void)slot;
  return CKR_OK;
}

void ts_extension_logout(ts_slot *slot) { (void)slot; }

/* Takes any bytes for a genesis until there is a reader for it. */
CK_RV ts_genesis_pin(ts_change *change, const uint8_t *bytes, size_t length, uint8_t binding[TS_BINDING_BYTES]) {
  _Static_assert(TS_BINDING_BYTES == crypto_hash_sha256_BYTES, "the binding is a digest");
  (void)change;
  (void)crypto_hash_sha256(binding, bytes, length);
  return CKR_OK;
}
