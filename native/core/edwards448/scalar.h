/* Scalars mod q = 2^446 - c, c = 13818066809895115352007386748515426880336692474882178609894547503885 (RFC 8032 section
 * 5.2): seven words of 64 bits in limb[0..6], always reduced to [0, q); limb[7] is zero. The functions are those of
 * group.h. */
#ifndef THRESIGN_EDWARDS448_SCALAR_H
#define THRESIGN_EDWARDS448_SCALAR_H

#include "thresign/group.h"

#define SCALAR_WORDS 7
#define SCALAR_BITS 446

bool ts_edwards448_scalar_decode(ts_scalar *out, const uint8_t *bytes);
void ts_edwards448_scalar_encode(uint8_t *out, const ts_scalar *a);
void ts_edwards448_scalar_reduce(ts_scalar *out, const uint8_t *bytes, size_t length);
void ts_edwards448_scalar_set_u64(ts_scalar *out, uint64_t value);
void ts_edwards448_scalar_add(ts_scalar *out, const ts_scalar *a, const ts_scalar *b);
void ts_edwards448_scalar_sub(ts_scalar *out, const ts_scalar *a, const ts_scalar *b);
void ts_edwards448_scalar_negate(ts_scalar *out, const ts_scalar *a);
void ts_edwards448_scalar_mul(ts_scalar *out, const ts_scalar *a, const ts_scalar *b);
void ts_edwards448_scalar_muladd(ts_scalar *out, const ts_scalar *a, const ts_scalar *b, const ts_scalar *c);
void ts_edwards448_scalar_invert(ts_scalar *out, const ts_scalar *a);
void ts_edwards448_scalar_invert_vartime(ts_scalar *out, const ts_scalar *a);
bool ts_edwards448_scalar_is_zero(const ts_scalar *a);
bool ts_edwards448_scalar_equal(const ts_scalar *a, const ts_scalar *b);

#endif
