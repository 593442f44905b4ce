/* The units that performance is quoted in: one verification each by the library that people use. */
#include <decaf/ed448.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <secp256k1.h>
#include <secp256k1_schnorrsig.h>
#include <sodium.h>
#include <stdlib.h>

#include "peers.h"

static const uint8_t message[32] = {1};
static struct {
  bool ready;
  uint8_t ed25519_key[32], ed25519[64], schnorr[64], ecdsa[80], ed448_key[57], ed448[114];
  size_t ecdsa_bytes;
  secp256k1_context *secp;
  secp256k1_xonly_pubkey xonly;
  EVP_PKEY_CTX *verifying;
} units;

static void expect(bool condition) {
  if (!condition) abort();
}

static void prepare(void) {
  uint8_t secret[64], ed448_secret[57] = {1};
  secp256k1_keypair pair;
  expect(crypto_sign_keypair(units.ed25519_key, secret) == 0);
  expect(crypto_sign_detached(units.ed25519, NULL, message, sizeof message, secret) == 0);
  units.secp = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
  expect(secp256k1_keypair_create(units.secp, &pair, secret));
  expect(secp256k1_keypair_xonly_pub(units.secp, &units.xonly, NULL, &pair));
  expect(secp256k1_schnorrsig_sign32(units.secp, units.schnorr, message, &pair, NULL));
  EVP_PKEY *key = EVP_EC_gen("P-256");
  EVP_PKEY_CTX *signing = EVP_PKEY_CTX_new(key, NULL);
  units.verifying = EVP_PKEY_CTX_new(key, NULL);
  units.ecdsa_bytes = sizeof units.ecdsa;
  expect(EVP_PKEY_sign_init(signing) == 1 && EVP_PKEY_verify_init(units.verifying) == 1);
  expect(EVP_PKEY_sign(signing, units.ecdsa, &units.ecdsa_bytes, message, sizeof message) == 1);
  decaf_eddsa_448_keypair_t keys;
  decaf_ed448_derive_keypair(keys, ed448_secret);
  decaf_ed448_derive_public_key(units.ed448_key, ed448_secret);
  decaf_ed448_keypair_sign(units.ed448, keys, message, sizeof message, 0, NULL, 0);
  units.ready = true;
}

bool tp_unit_verify(enum tp_unit unit) {
  if (!units.ready) prepare();
  switch (unit) {
    case TP_U:
      return crypto_sign_verify_detached(units.ed25519, message, sizeof message, units.ed25519_key) == 0;
    case TP_US:
      return secp256k1_schnorrsig_verify(units.secp, units.schnorr, message, sizeof message, &units.xonly) == 1;
    case TP_UP:
      return EVP_PKEY_verify(units.verifying, units.ecdsa, units.ecdsa_bytes, message, sizeof message) == 1;
    case TP_U4:
      return decaf_ed448_verify(units.ed448, units.ed448_key, message, sizeof message, 0, NULL, 0) == DECAF_SUCCESS;
    case TP_UNITS: break;
  }
  return false;
}
