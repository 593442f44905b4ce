/* Multiples of the generator G, made by native/tools/edwards448_tables.py. */
#ifndef THRESIGN_EDWARDS448_TABLES_H
#define THRESIGN_EDWARDS448_TABLES_H

#include <stdint.h>

#include "point.h"

/* A signed comb (Hedabou, Pinel and Beneteau; all bits set, as in Hamburg, eprint 2012/309 section 3.3): COMB_BLOCKS
 * combs of COMB_TEETH teeth, COMB_SPACING bits apart. With G' = down(G)/4 on E', so that up(k G') = k G, entry v of
 * comb j is
 *   sum over i < COMB_TEETH of s_i 2^(COMB_SPACING (COMB_TEETH j + i)) G',
 * s_i = 1 if bit i of v is set or i is the last, -1 otherwise. Affine, normalised. */
#define COMB_BLOCKS 9
#define COMB_TEETH 5
#define COMB_SPACING 10
#define COMB_ENTRIES (1 << (COMB_TEETH - 1))
#define COMB_BITS (COMB_BLOCKS * COMB_TEETH * COMB_SPACING)

extern const uint64_t ts_edwards448_comb[COMB_BLOCKS][COMB_ENTRIES][NIELS_LIMBS];

/* G', 3 G', 5 G', ... for digits in non-adjacent form. */
#define BASE_WINDOW 8  /* digits are odd, below 2^(BASE_WINDOW - 1) in size */
#define BASE_ENTRIES (1 << (BASE_WINDOW - 2))

extern const uint64_t ts_edwards448_base[BASE_ENTRIES][NIELS_LIMBS];

#endif
