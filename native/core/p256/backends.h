/* The implementations of the group: the same functions over different field arithmetic. ts_p256 hands over to the best
 * one that the CPU has; tests go through all of them. */
#ifndef THRESIGN_P256_BACKENDS_H
#define THRESIGN_P256_BACKENDS_H

#include "thresign/group.h"

extern const ts_group ts_p256_portable;
extern const ts_group ts_p256_adx; /* x86-64 with BMI2, ADX and AVX2 (weierstrass/cpu.h) */

/* The functions that have a version in AVX-512 IFMA; the rest is ts_p256_adx. */
void ts_p256_ifma_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count);
bool ts_p256_ifma_decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad);

#endif
