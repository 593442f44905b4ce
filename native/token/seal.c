#include "seal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "secret.h"
#include "thresign/wipe.h"

_Static_assert(TS_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
_Static_assert(TS_KEY_BYTES == crypto_kdf_KEYBYTES, "key");
_Static_assert(TS_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(TS_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(TS_SALT_BYTES == crypto_pwhash_argon2id_SALTBYTES, "salt");
_Static_assert(TS_PIN_BYTES_MAX < crypto_pwhash_argon2id_PASSWD_MAX, "PIN");

/* INTERACTIVE: about 0.1 s and 64 MiB. The floor is what we write; the ceiling keeps an altered file from asking for
 * more than a host can give. */
#define OPERATIONS_FLOOR crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE
#define OPERATIONS_CEILING 16u
#define MEMORY_KIB_FLOOR (crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE / 1024u)
#define MEMORY_KIB_CEILING (1024u * 1024u)

enum { SUBKEY_SEAL = 1, SUBKEY_MARK = 2 };

static void expand(ts_keys *keys) {
  static const char context[crypto_kdf_CONTEXTBYTES] = {'t', 's', 't', 'o', 'k', 'e', 'n', '1'};
  (void)crypto_kdf_derive_from_key(keys->seal, sizeof keys->seal, SUBKEY_SEAL, context, keys->data);
  (void)crypto_kdf_derive_from_key(keys->mark, sizeof keys->mark, SUBKEY_MARK, context, keys->data);
}

ts_keys *ts_keys_new(void) {
  ts_keys *keys = ts_secret_alloc(sizeof *keys);
  if (keys == NULL) return NULL;
  randombytes_buf(keys->data, sizeof keys->data);
  expand(keys);
  return keys;
}

bool ts_wrap_figures_valid(const ts_wrap *wrap) {
  return wrap->operations >= OPERATIONS_FLOOR && wrap->operations <= OPERATIONS_CEILING &&
         wrap->memory_kib >= MEMORY_KIB_FLOOR && wrap->memory_kib <= MEMORY_KIB_CEILING;
}

/* Associated data is laid out in a buffer of fixed size, every part of fixed length or with its length before it. */
typedef struct associated {
  uint8_t bytes[192];
  size_t length;
} associated;

static void append(associated *ad, const void *bytes, size_t length) {
  if (length == 0) return;
  if (length > sizeof ad->bytes - ad->length) abort(); /* a mistake here, see the assertion below */
  memcpy(ad->bytes + ad->length, bytes, length);
  ad->length += length;
}

static void append_u64(associated *ad, uint64_t value) {
  uint8_t bytes[8];
  for (size_t i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> (56 - 8 * i));
  append(ad, bytes, sizeof bytes);
}

static void wrap_associated(associated *ad, const ts_wrap *wrap, const uint8_t *serial, enum ts_pin_role role) {
  static const char tag[24] = "thresign token wrap 1";
  ad->length = 0;
  append(ad, tag, sizeof tag);
  append(ad, serial, TS_SERIAL_BYTES);
  append_u64(ad, role);
  append_u64(ad, wrap->operations);
  append_u64(ad, wrap->memory_kib);
  append(ad, wrap->salt, sizeof wrap->salt);
}

/* The key-encrypting key of a PIN, in secret memory. */
static CK_RV key_of_pin(const ts_wrap *wrap, const uint8_t *pin, size_t pin_length, uint8_t **kek) {
  *kek = ts_secret_alloc(TS_KEY_BYTES);
  if (*kek == NULL) return CKR_TS_SECRET_MEMORY_FULL;
  /* The 64 MiB that Argon2id works in are ordinary memory, given back to the kernel when it returns. */
  if (crypto_pwhash(*kek, TS_KEY_BYTES, (const char *)pin, pin_length, wrap->salt, wrap->operations,
                    (size_t)wrap->memory_kib * 1024u, crypto_pwhash_ALG_ARGON2ID13) == 0)
    return CKR_OK;
  ts_secret_free(*kek);
  *kek = NULL;
  return CKR_HOST_MEMORY;
}

TS_NOINLINE CK_RV ts_wrap_make(ts_wrap *wrap, const uint8_t serial[TS_SERIAL_BYTES], enum ts_pin_role role,
                               const uint8_t *pin, size_t pin_length, const ts_keys *keys) {
  uint8_t *kek;
  associated ad;
  wrap->operations = OPERATIONS_FLOOR;
  wrap->memory_kib = MEMORY_KIB_FLOOR;
  randombytes_buf(wrap->salt, sizeof wrap->salt);
  randombytes_buf(wrap->nonce, sizeof wrap->nonce);
  CK_RV rv = key_of_pin(wrap, pin, pin_length, &kek);
  if (rv != CKR_OK) return rv;
  wrap_associated(&ad, wrap, serial, role);
  (void)crypto_aead_xchacha20poly1305_ietf_encrypt(wrap->box, NULL, keys->data, sizeof keys->data, ad.bytes,
                                                   ad.length, NULL, wrap->nonce, kek);
  ts_secret_free(kek);
  return CKR_OK;
}

TS_NOINLINE CK_RV ts_wrap_open(const ts_wrap *wrap, const uint8_t serial[TS_SERIAL_BYTES], enum ts_pin_role role,
                               const uint8_t *pin, size_t pin_length, ts_keys **keys) {
  uint8_t *kek;
  associated ad;
  *keys = NULL;
  if (!ts_wrap_figures_valid(wrap)) return CKR_TS_STORE_CORRUPT;
  ts_keys *opened = ts_secret_alloc(sizeof *opened);
  if (opened == NULL) return CKR_TS_SECRET_MEMORY_FULL;
  CK_RV rv = key_of_pin(wrap, pin, pin_length, &kek);
  if (rv == CKR_OK) {
    wrap_associated(&ad, wrap, serial, role);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(opened->data, NULL, NULL, wrap->box, sizeof wrap->box, ad.bytes,
                                                   ad.length, wrap->nonce, kek) != 0)
      rv = CKR_PIN_INCORRECT;
    ts_secret_free(kek);
  }
  if (rv != CKR_OK) {
    ts_secret_free(opened);
    return rv;
  }
  expand(opened);
  *keys = opened;
  return CKR_OK;
}

static void seal_associated(associated *ad, const ts_seal_context *context) {
  static const char tag[24] = "thresign token seal 1";
  _Static_assert(24 + 8 + TS_SERIAL_BYTES + 8 + 8 + TS_BINDING_BYTES + 8 + TS_NAME_MAX <= sizeof ad->bytes, "room");
  size_t name_length = strnlen(context->name, TS_NAME_MAX);
  ad->length = 0;
  append(ad, tag, sizeof tag);
  append_u64(ad, context->version);
  append(ad, context->serial, TS_SERIAL_BYTES);
  append_u64(ad, context->id);
  append_u64(ad, context->class);
  append(ad, context->binding, TS_BINDING_BYTES);
  append_u64(ad, name_length);
  append(ad, context->name, name_length);
}

TS_NOINLINE void ts_seal(const ts_keys *keys, const ts_seal_context *context, const uint8_t *secret, size_t length,
                         uint8_t *sealed) {
  associated ad;
  seal_associated(&ad, context);
  randombytes_buf(sealed, TS_NONCE_BYTES);
  (void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + TS_NONCE_BYTES, NULL, secret, length, ad.bytes, ad.length,
                                                   NULL, sealed, keys->seal);
}

TS_NOINLINE bool ts_unseal(const ts_keys *keys, const ts_seal_context *context, const uint8_t *sealed,
                           size_t sealed_length, uint8_t *secret) {
  associated ad;
  if (sealed_length < TS_SEAL_OVERHEAD) return false;
  seal_associated(&ad, context);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(secret, NULL, NULL, sealed + TS_NONCE_BYTES,
                                                 sealed_length - TS_NONCE_BYTES, ad.bytes, ad.length, sealed,
                                                 keys->seal) == 0)
    return true;
  ts_wipe(secret, sealed_length - TS_SEAL_OVERHEAD);
  return false;
}

bool ts_mark(const ts_keys *keys, const uint8_t *head, size_t head_length, const uint8_t *body, size_t body_length,
             uint8_t mark[TS_MARK_BYTES]) {
  crypto_generichash_state *state = ts_secret_alloc(sizeof *state); /* it holds the key */
  if (state == NULL) return false;
  (void)crypto_generichash_init(state, keys->mark, sizeof keys->mark, TS_MARK_BYTES);
  (void)crypto_generichash_update(state, head, head_length);
  (void)crypto_generichash_update(state, body, body_length);
  (void)crypto_generichash_final(state, mark, TS_MARK_BYTES);
  ts_secret_free(state);
  return true;
}

bool ts_mark_equal(const uint8_t a[TS_MARK_BYTES], const uint8_t b[TS_MARK_BYTES]) {
  return sodium_memcmp(a, b, TS_MARK_BYTES) == 0;
}
