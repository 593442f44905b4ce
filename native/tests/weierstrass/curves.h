/* Which curve a test program is built for (TEST_SECP256K1 is 0 or 1), and all implementations of its group. */
#ifndef THRESIGN_TESTS_CURVES_H
#define THRESIGN_TESTS_CURVES_H

#include <stddef.h>

#include "check.h"
#include "thresign/group.h"

#include "../core/weierstrass/cpu.h"

#if TEST_SECP256K1
#include "../core/secp256k1/backends.h"
#define CURVE_GROUP ts_secp256k1
#define CURVE_PORTABLE ts_secp256k1_portable
#define CURVE_ADX ts_secp256k1_adx
/* SEC 2, section 2.4.1 */
#define CURVE_P "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"
#define CURVE_ORDER "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define CURVE_G "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define CURVE_NID NID_secp256k1
#else
#include "../core/p256/backends.h"
#define CURVE_GROUP ts_p256
#define CURVE_PORTABLE ts_p256_portable
#define CURVE_ADX ts_p256_adx
/* SP 800-186, section 3.2.1.3 */
#define CURVE_P "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
#define CURVE_ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define CURVE_G "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define CURVE_NID NID_X9_62_prime256v1
#endif

/* The i-th implementation: the one that the library offers first, then each backend that runs here; NULL after all. */
static inline const ts_group *test_backend(size_t i) {
  if (i == 0) return &CURVE_GROUP;
  if (i == 1) return &CURVE_PORTABLE;
#if TS_WEIERSTRASS_X86
  if (i == 2 && ts_weierstrass_cpu() >= TS_WEIERSTRASS_CPU_ADX) return &CURVE_ADX;
#endif
  return NULL;
}

/* A scalar that may be anything, edge cases more often than chance would have it. */
static inline void test_random_scalar(const ts_group *g, ts_scalar *k) {
  uint8_t bytes[32];
  test_random_bytes(bytes, 32);
  g->scalar_reduce(k, bytes, 32);
  if ((test_random() & 15) == 0) g->scalar_set_u64(k, test_random() & 31);
  if ((test_random() & 15) == 0) g->scalar_negate(k, k);
  if ((test_random() & 31) == 0) g->scalar_invert(k, k);
}

/* A point with random projective coordinates. */
static inline void test_random_point(const ts_group *g, ts_element *p) {
  ts_scalar k;
  ts_element q;
  do test_random_scalar(g, &k);
  while (g->scalar_is_zero(&k));
  g->mul_base(p, &k);
  g->mul_base(&q, &k);
  g->negate(&q, &q);
  g->add(&q, &q, p); /* the identity */
  g->add(p, p, &q);
}

/* a = k A by doubling and adding with the complete addition: slow, and obviously right if the addition is. */
static inline void test_slow_mul(const ts_group *g, ts_element *r, const ts_scalar *k, const ts_element *a) {
  uint8_t bytes[32];
  ts_element sum;
  g->scalar_encode(bytes, k);
  g->set_identity(&sum);
  for (int bit = 0; bit < 256; bit++) {
    g->add(&sum, &sum, &sum);
    if (bytes[bit / 8] >> (7 - bit % 8) & 1) g->add(&sum, &sum, a);
  }
  *r = sum;
}

/* Whether two elements have the same encoding. */
static inline int test_same(const ts_group *g, const ts_element *a, const ts_element *b) {
  uint8_t left[33], right[33];
  g->encode(left, a);
  g->encode(right, b);
  CHECK(g->equal(a, b) == (memcmp(left, right, 33) == 0));
  return memcmp(left, right, 33) == 0;
}

#endif
