/* Encoding several elements of ristretto255. */
#ifndef THRESIGN_EDWARDS25519_ENCODE_H
#define THRESIGN_EDWARDS25519_ENCODE_H

#include "field.h"
#include "thresign/group.h"

/* 1/sqrt(a - d) with a = -1: INVSQRT_A_MINUS_D of RFC 9496, 4.1. */
extern const fe ts_ristretto255_invsqrt_a_minus_d;

/* encode_batch of the group table: the one, or where the processor has AVX2 the other. */
void ts_ristretto255_encode_batch(uint8_t *out, const ts_element *a, size_t count);
void ts_ristretto255_encode_batch_portable(uint8_t *out, const ts_element *a, size_t count);
void ts_ristretto255_encode_batch_avx2(uint8_t *out, const ts_element *a, size_t count);

#endif
