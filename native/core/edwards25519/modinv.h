/* Inverses modulo p = 2^255 - 19 and modulo L, the order of the group, by Bernstein and Yang's division steps ("Fast
 * constant-time gcd computation and modular inversion", 2019), in the variant that starts delta at 1/2, 62 steps at a
 * time: see modinv.c. */
#ifndef THRESIGN_EDWARDS25519_MODINV_H
#define THRESIGN_EDWARDS25519_MODINV_H

#include <stdint.h>

/* The sum of v[i] * 2^(62 i), the upper limb signed, the others in [0, 2^62). */
typedef struct { int64_t v[5]; } ts_edwards25519_signed62;

typedef struct {
  ts_edwards25519_signed62 modulus; /* odd, below 2^255 */
  uint64_t inverse62;               /* 1 / modulus mod 2^62 */
} ts_edwards25519_modulus;

extern const ts_edwards25519_modulus ts_edwards25519_modulus_p;
extern const ts_edwards25519_modulus ts_edwards25519_modulus_l;

/* Between four 64-bit words and limbs; the value is below 2^256 and, for to_words, not negative. */
void ts_edwards25519_signed62_from_words(ts_edwards25519_signed62 *r, const uint64_t w[4]);
void ts_edwards25519_signed62_to_words(uint64_t w[4], const ts_edwards25519_signed62 *a);

/* x = 1/x for 0 <= x < modulus, which has to be prime; 0 for 0. */
void ts_edwards25519_modinv(ts_edwards25519_signed62 *x, const ts_edwards25519_modulus *m);
void ts_edwards25519_modinv_vartime(ts_edwards25519_signed62 *x, const ts_edwards25519_modulus *m);

#endif
