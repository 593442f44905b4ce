/* In place of Argon2id (the linker's --wrap=crypto_pwhash): a hash, so that a test can log in thousands of times. */
#ifndef THRESIGN_TESTS_TOKEN_FAST_KDF_H
#define THRESIGN_TESTS_TOKEN_FAST_KDF_H

#include <sodium.h>

int __wrap_crypto_pwhash(unsigned char *out, unsigned long long out_length, const char *pin,
                         unsigned long long pin_length, const unsigned char *salt, unsigned long long operations,
                         size_t memory, int algorithm);
int __wrap_crypto_pwhash(unsigned char *out, unsigned long long out_length, const char *pin,
                         unsigned long long pin_length, const unsigned char *salt, unsigned long long operations,
                         size_t memory, int algorithm) {
  crypto_generichash_state state;
  (void)crypto_generichash_init(&state, salt, 16, out_length);
  (void)crypto_generichash_update(&state, (const unsigned char *)pin, pin_length);
  (void)crypto_generichash_update(&state, (const unsigned char *)&operations, sizeof operations);
  (void)crypto_generichash_update(&state, (const unsigned char *)&memory, sizeof memory);
  (void)crypto_generichash_update(&state, (const unsigned char *)&algorithm, sizeof algorithm);
  return crypto_generichash_final(&state, out, out_length);
}

#endif
