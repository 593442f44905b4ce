/* The cryptography of the token file: PINs to keys, wrapped data key, sealed secrets, the mark on the whole.
 *
 * A PIN gives a key-encrypting key (Argon2id, figures in the file), which wraps one random data key with
 * XChaCha20-Poly1305, once under the user's PIN and once under the SO's. From the data key come a key that seals
 * secrets and a key that authenticates the file (BLAKE2b). Every key is in secret memory.
 */
#ifndef THRESIGN_TOKEN_SEAL_H
#define THRESIGN_TOKEN_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "token.h"

#define TS_KEY_BYTES 32
#define TS_MARK_BYTES 32
#define TS_SALT_BYTES 16
#define TS_NONCE_BYTES 24
#define TS_TAG_BYTES 16
#define TS_WRAPPED_BYTES (TS_KEY_BYTES + TS_TAG_BYTES)
#define TS_SEAL_OVERHEAD (TS_NONCE_BYTES + TS_TAG_BYTES)

enum ts_pin_role { TS_PIN_SO = 0, TS_PIN_USER = 1 };

/* The data key and what is derived from it. */
typedef struct ts_keys {
  uint8_t data[TS_KEY_BYTES], seal[TS_KEY_BYTES], mark[TS_KEY_BYTES];
} ts_keys;

typedef struct ts_wrap {
  uint32_t operations, memory_kib; /* Argon2id */
  uint8_t salt[TS_SALT_BYTES], nonce[TS_NONCE_BYTES], box[TS_WRAPPED_BYTES];
} ts_wrap;

/* New random keys, in secret memory (free with ts_secret_free); NULL if it is full. */
ts_keys *ts_keys_new(void);

/* True if the figures are neither weaker than we ever write nor more than a host can be asked for. */
bool ts_wrap_figures_valid(const ts_wrap *wrap);
/* Wraps the data key under a PIN, with a fresh salt and nonce. CKR_HOST_MEMORY, CKR_TS_SECRET_MEMORY_FULL. */
CK_RV ts_wrap_make(ts_wrap *wrap, const uint8_t serial[TS_SERIAL_BYTES], enum ts_pin_role role, const uint8_t *pin,
                   size_t pin_length, const ts_keys *keys);
/* Opens it: *keys in secret memory. CKR_PIN_INCORRECT also stands for a wrap that has been altered. */
CK_RV ts_wrap_open(const ts_wrap *wrap, const uint8_t serial[TS_SERIAL_BYTES], enum ts_pin_role role,
                   const uint8_t *pin, size_t pin_length, ts_keys **keys);

/* What a sealed secret is bound to. */
typedef struct ts_seal_context {
  uint8_t version;
  const uint8_t *serial;  /* TS_SERIAL_BYTES */
  const uint8_t *binding; /* TS_BINDING_BYTES */
  uint64_t id, class;
  const char *name;
} ts_seal_context;

/* sealed gets length + TS_SEAL_OVERHEAD bytes: nonce, ciphertext, tag. */
void ts_seal(const ts_keys *keys, const ts_seal_context *context, const uint8_t *secret, size_t length,
             uint8_t *sealed);
/* secret gets sealed_length - TS_SEAL_OVERHEAD bytes. False, with zeros, if anything is not as it was sealed. */
bool ts_unseal(const ts_keys *keys, const ts_seal_context *context, const uint8_t *sealed, size_t sealed_length,
               uint8_t *secret);

/* The mark on head and body. Needs a little secret memory: false if it is full. */
bool ts_mark(const ts_keys *keys, const uint8_t *head, size_t head_length, const uint8_t *body, size_t body_length,
             uint8_t mark[TS_MARK_BYTES]);
/* In constant time. */
bool ts_mark_equal(const uint8_t a[TS_MARK_BYTES], const uint8_t b[TS_MARK_BYTES]);

#endif
