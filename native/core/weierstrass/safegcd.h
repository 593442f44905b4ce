/* Inversion modulo an odd 256-bit number by the division steps of Bernstein and Yang, "Fast constant-time gcd
 * computation and modular inversion" (eprint 2019/266). */
#ifndef THRESIGN_WEIERSTRASS_SAFEGCD_H
#define THRESIGN_WEIERSTRASS_SAFEGCD_H

#include <stdint.h>

#define TS_SAFEGCD_BITS 59
#define TS_SAFEGCD_LIMB_MASK ((UINT64_C(1) << TS_SAFEGCD_BITS) - 1)

/* A number as sum of limb[i] * 2^(59 i). Limbs 0 to 3 are in [0, 2^59); the last one carries the sign. */
typedef struct { int64_t limb[5]; } ts_safegcd_integer;

typedef struct {
  ts_safegcd_integer modulus;
  uint64_t inverse; /* modulus^-1 mod 2^59 */
} ts_safegcd_modulus;

/* A modulus from its four 64-bit limbs, least significant first, and its inverse mod 2^59 (or any higher power of
 * 2). */
#define TS_SAFEGCD_MODULUS(m0, m1, m2, m3, inverse_mod_2_59)                                            \
  {                                                                                                     \
    {{(int64_t)((m0) & TS_SAFEGCD_LIMB_MASK),                                                           \
      (int64_t)(((m0) >> 59 | (m1) << 5) & TS_SAFEGCD_LIMB_MASK),                                       \
      (int64_t)(((m1) >> 54 | (m2) << 10) & TS_SAFEGCD_LIMB_MASK),                                      \
      (int64_t)(((m2) >> 49 | (m3) << 15) & TS_SAFEGCD_LIMB_MASK), (int64_t)((m3) >> 44)}},             \
    (inverse_mod_2_59) & TS_SAFEGCD_LIMB_MASK                                                           \
  }

/* r = a^-1 mod m, in [0, m); 0 for a = 0.
 * Precondition: a < m < 2^256, m odd, gcd(a, m) = 1 unless a = 0. Constant time in a. r may be a. */
void ts_safegcd_invert(uint64_t r[4], const uint64_t a[4], const ts_safegcd_modulus *m);

/* The same, in a time that depends on a. */
void ts_safegcd_invert_vartime(uint64_t r[4], const uint64_t a[4], const ts_safegcd_modulus *m);

#endif
