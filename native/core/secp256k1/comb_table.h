/* The table that weierstrass/comb.h asks for; native/tools/weierstrass_comb.py makes it. */
#ifndef THRESIGN_SECP256K1_COMB_TABLE_H
#define THRESIGN_SECP256K1_COMB_TABLE_H

#include <stdint.h>

extern const uint64_t ts_secp256k1_comb[43][32][8];

#endif
