/* Inverses and Jacobi symbols modulo an odd number below 2^448, by Bernstein and Yang's divsteps ("Fast constant-time
 * gcd computation and modular inversion", eprint 2019/266), in the variant that starts at delta = 1/2. */
#ifndef THRESIGN_EDWARDS448_MODINV_H
#define THRESIGN_EDWARDS448_MODINV_H

#include <stdint.h>

#define MODINV_WORDS 7
#define MODINV_LIMBS 8
#define MODINV_UNDECIDED 2

/* A number as the sum of limb[i] * 2^(62 i): limbs 0 to 6 lie in [0, 2^62), the last carries the sign. */
typedef struct { int64_t limb[MODINV_LIMBS]; } signed62;

typedef struct {
  signed62 value;
  uint64_t inverse;  /* 1/value mod 2^62 */
} modinv_modulus;

extern const modinv_modulus ts_edwards448_modulus_p;  /* the field */
extern const modinv_modulus ts_edwards448_modulus_q;  /* the scalars */

static inline uint64_t modinv_load_le64(const uint8_t *bytes) {
  uint64_t value = 0;
  for (unsigned i = 0; i < 8; i++) value |= (uint64_t)bytes[i] << (8 * i);
  return value;
}

/* r = 1/x mod the modulus, which is prime, or 0 for x = 0. x is below the modulus, and so is r; r may be x.
 * Constant time in x. */
void ts_edwards448_modinv(uint64_t r[MODINV_WORDS], const uint64_t x[MODINV_WORDS], const modinv_modulus *m);
void ts_edwards448_modinv_vartime(uint64_t r[MODINV_WORDS], const uint64_t x[MODINV_WORDS], const modinv_modulus *m);

/* The Jacobi symbol (x/m) for x below m: 1, -1 or 0; or MODINV_UNDECIDED, when it has not come to an end. */
int ts_edwards448_jacobi_vartime(const uint64_t x[MODINV_WORDS], const modinv_modulus *m);

#endif
