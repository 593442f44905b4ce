/* Whole numbers from OpenSSL, as the reference for field and scalar arithmetic. */
#ifndef THRESIGN_TESTS_EDWARDS448_BIG_H
#define THRESIGN_TESTS_EDWARDS448_BIG_H

#include <openssl/bn.h>

#include "check.h"

static const char big_p_hex[] =
  "fffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
static const char big_q_hex[] =
  "3fffffffffffffffffffffffffffffffffffffffffffffffffffffff7cca23e9c44edb49aed63690216cc2728dc58f552378c292ab5844f3";

static inline BIGNUM *big_from_hex(const char *hex) {
  BIGNUM *r = NULL;
  CHECK(BN_hex2bn(&r, hex) > 0);
  return r;
}

/* r = the number in length bytes, least significant first. */
static inline void big_set(BIGNUM *r, const uint8_t *bytes, size_t length) {
  CHECK(BN_lebin2bn(bytes, (int)length, r) != NULL);
}

static inline void big_get(uint8_t *bytes, size_t length, const BIGNUM *a) {
  CHECK(BN_bn2lebinpad(a, bytes, (int)length) == (int)length);
}

#endif
