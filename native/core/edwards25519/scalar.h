/* Integers modulo L = 2^252 + 27742317777372353535851937790883648493, always reduced; four 64-bit words, low first.
 * Constant time unless a name ends in _vartime. Output may alias input. */
#ifndef THRESIGN_EDWARDS25519_SCALAR_H
#define THRESIGN_EDWARDS25519_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thresign/group.h"

/* The scalar functions of the group table: contracts in thresign/group.h. */
bool ts_edwards25519_scalar_decode(ts_scalar *out, const uint8_t *bytes);
void ts_edwards25519_scalar_encode(uint8_t *out, const ts_scalar *a);
void ts_edwards25519_scalar_reduce(ts_scalar *out, const uint8_t *bytes, size_t length);
void ts_edwards25519_scalar_set_u64(ts_scalar *out, uint64_t value);
void ts_edwards25519_scalar_add(ts_scalar *out, const ts_scalar *a, const ts_scalar *b);
void ts_edwards25519_scalar_sub(ts_scalar *out, const ts_scalar *a, const ts_scalar *b);
void ts_edwards25519_scalar_negate(ts_scalar *out, const ts_scalar *a);
void ts_edwards25519_scalar_mul(ts_scalar *out, const ts_scalar *a, const ts_scalar *b);
void ts_edwards25519_scalar_muladd(ts_scalar *out, const ts_scalar *a, const ts_scalar *b, const ts_scalar *c);
void ts_edwards25519_scalar_invert(ts_scalar *out, const ts_scalar *a);
void ts_edwards25519_scalar_invert_vartime(ts_scalar *out, const ts_scalar *a);
bool ts_edwards25519_scalar_is_zero(const ts_scalar *a);
bool ts_edwards25519_scalar_equal(const ts_scalar *a, const ts_scalar *b);

/* Digits d[0..63] in [-8, 8) with the scalar = sum d[i] 16^i. (a < L < 2^253, so the last one stays below 3.) */
void ts_edwards25519_scalar_radix16(int8_t d[64], const ts_scalar *a);

#endif
