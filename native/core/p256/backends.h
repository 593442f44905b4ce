/* The implementations of the group: the same functions over different field arithmetic. ts_p256 hands over to the best
 * one that the CPU has; tests go through all of them. */
#ifndef THRESIGN_P256_BACKENDS_H
#define THRESIGN_P256_BACKENDS_H

#include "thresign/group.h"

extern const ts_group ts_p256_portable;
extern const ts_group ts_p256_adx; /* x86-64 with BMI2, ADX and AVX2 (weierstrass/cpu.h) */

#endif
