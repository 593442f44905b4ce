/* Constants of the membership check: derivation in decode.c. */
#ifndef THRESIGN_EDWARDS25519_SUBGROUP_H
#define THRESIGN_EDWARDS25519_SUBGROUP_H

#include "field.h"

#define CURVE_A 486662 /* curve25519: v^2 = u (u^2 + A u + 1) */

/* s with s^2 = A + 2 and s (s+2) not a square; 2c with c^2 = -(A+2), the constant of RFC 7748's birational map. */
static const fe subgroup_s_plus_2 =
    FE_CONST(0x5b7106377bbda, 0x71af6ad9382cb, 0x02d64427297b8, 0x6a81ef02c4294, 0x141b0b6806563);
static const fe subgroup_2c =
    FE_CONST(0x40955fe8afc0c, 0x452df46a0b31b, 0x7e27bf62d0e9e, 0x6bbd27b08dc03, 0x1e4ddbe8c1400);

#endif
