/* The implementations of the group: the same functions over different field arithmetic. ts_secp256k1 hands over to the
 * best one that the CPU has; tests go through all of them. */
#ifndef THRESIGN_SECP256K1_BACKENDS_H
#define THRESIGN_SECP256K1_BACKENDS_H

#include "thresign/group.h"

extern const ts_group ts_secp256k1_portable;
extern const ts_group ts_secp256k1_adx; /* x86-64 with BMI2, ADX and AVX2 (weierstrass/cpu.h) */

/* The functions that have a version in AVX-512 IFMA; the rest is ts_secp256k1_adx. */
void ts_secp256k1_ifma_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count);
bool ts_secp256k1_ifma_decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad);

#endif
