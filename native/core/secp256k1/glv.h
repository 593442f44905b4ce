/* Scalars of secp256k1 in two halves (Gallant, Lambert and Vanstone, "Faster point multiplication on elliptic curves
 * with efficient endomorphisms", CRYPTO 2001): k = k_0 + k_1 lambda mod q, both below 2^128 in magnitude, where
 * lambda (x, y) = (beta x, y) for a cube root of unity lambda mod q and the matching beta mod p.
 *
 * The pairs (x, y) with x + y lambda = 0 mod q form a lattice. Its basis
 *   (A1, -B1) = (0x3086d221a7d46bcde86c90e49284eb15, -0xe4437ed6010e88286f547fa90abfe4c3)
 *   (A2,  B2) = (0x114ca50f7a8e2f3f657c1108d9d44cfd8, 0x3086d221a7d46bcde86c90e49284eb15)
 * is reduced in the sense of Gauss, so that its shorter vector, the first, of length 0.91 * 2^128, is the shortest of
 * all. Its determinant A1 B2 + A2 B1 is q. So (k, 0) is k B2/q times the first plus k B1/q times the second; with
 * these factors rounded to integers c1 and c2, what is left of (k, 0) is at most (1/2 + e) (A1 + A2) < 0.64 * 2^128
 * in its first coordinate and (1/2 + e) (B1 + B2) < 0.55 * 2^128 in its second, e < 2^-128 from the rounded
 * quotients below. native/tools/weierstrass_constants.py derives all of this, and a test compares. */
#ifndef THRESIGN_SECP256K1_GLV_H
#define THRESIGN_SECP256K1_GLV_H

#include "../verify.h"
#include "../weierstrass/limbs.h"

static const uint64_t glv_a1_b2[3] = {UINT64_C(0xe86c90e49284eb15), UINT64_C(0x3086d221a7d46bcd), 0};
static const uint64_t glv_b1[3] = {UINT64_C(0x6f547fa90abfe4c3), UINT64_C(0xe4437ed6010e8828), 0};
static const uint64_t glv_a2[3] = {UINT64_C(0x57c1108d9d44cfd8), UINT64_C(0x14ca50f7a8e2f3f6), 1};

/* 2^384 B2/q and 2^384 B1/q, rounded. */
static const uint64_t glv_g1[4] = {UINT64_C(0xe893209a45dbb031), UINT64_C(0x3daa8a1471e8ca7f),
                                   UINT64_C(0xe86c90e49284eb15), UINT64_C(0x3086d221a7d46bcd)};
static const uint64_t glv_g2[4] = {UINT64_C(0x1571b4ae8ac47f71), UINT64_C(0x221208ac9df506c6),
                                   UINT64_C(0x6f547fa90abfe4c4), UINT64_C(0xe4437ed6010e8828)};

/* c = k g 2^-384, rounded: below 2^128, since g < 2^256 - 2^252. */
static inline void glv_quotient(uint64_t c[2], const uint64_t k[4], const uint64_t g[4]) {
  uint64_t t[8];
  limbs_carry carry = 0;
  u256_mul_wide(t, k, g);
  c[0] = limbs_add(t[6], t[5] >> 63, &carry);
  c[1] = t[7] + carry;
}

/* r = r - c m, or r + c m, mod 2^192. */
static inline void glv_add_product(uint64_t r[3], const uint64_t c[2], const uint64_t m[3], bool subtract) {
  uint64_t t[3], high = 0;
  limbs_carry carry = 0;
  t[0] = limbs_mul_add(0, c[0], m[0], &high);
  t[1] = limbs_mul_add(0, c[0], m[1], &high);
  t[2] = c[0] * m[2] + high;
  high = 0;
  t[1] = limbs_mul_add(t[1], c[1], m[0], &high);
  t[2] += c[1] * m[1] + high;
  for (int i = 0; i < 3; i++) r[i] = subtract ? limbs_sub(r[i], t[i], &carry) : limbs_add(r[i], t[i], &carry);
}

/* half[0] and half[1] = k_0 and k_1, in two's complement of 192 bits. Constant time.
 * The results are short, so that they come out right from arithmetic mod 2^192. */
static inline void glv_split(uint64_t half[2][3], const uint64_t k[4]) {
  uint64_t c1[2], c2[2];
  glv_quotient(c1, k, glv_g1);
  glv_quotient(c2, k, glv_g2);
  for (int i = 0; i < 3; i++) {
    half[0][i] = k[i];
    half[1][i] = 0;
  }
  glv_add_product(half[0], c1, glv_a1_b2, true);
  glv_add_product(half[0], c2, glv_a2, true);
  glv_add_product(half[1], c1, glv_b1, false);
  glv_add_product(half[1], c2, glv_a1_b2, true);
  VERIFY_CHECK(half[0][2] == 0 || half[0][2] == UINT64_MAX);
  VERIFY_CHECK(half[1][2] == 0 || half[1][2] == UINT64_MAX);
}

#endif
