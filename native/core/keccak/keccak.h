/* The permutation Keccak-f[1600] (FIPS 202 section 3.3). Lane (x, y) of the standard is lane[x + 5 y]. */
#ifndef THRESIGN_KECCAK_H
#define THRESIGN_KECCAK_H

#include <stdint.h>

void ts_keccak_f1600(uint64_t lane[25]);

/* What ts_keccak_f1600 does on a processor without BMI; apart for the tests. */
void ts_keccak_f1600_portable(uint64_t lane[25]);

#endif
