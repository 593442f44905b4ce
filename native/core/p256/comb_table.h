/* The table that weierstrass/comb.h asks for; native/tools/weierstrass_comb.py makes it. */
#ifndef THRESIGN_P256_COMB_TABLE_H
#define THRESIGN_P256_COMB_TABLE_H

#include <stdint.h>

extern const uint64_t ts_p256_comb[43][32][8];

#endif
