/* Decoding of points (RFC 8032, 5.1.3, made strict; RFC 9496, 4.3.1) on public data. */
#ifndef THRESIGN_EDWARDS25519_DECODE_H
#define THRESIGN_EDWARDS25519_DECODE_H

#include "thresign/group.h"

bool ts_edwards25519_decode_vartime(ts_element *out, const uint8_t *bytes);
bool ts_edwards25519_decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad);
bool ts_ristretto255_decode_vartime(ts_element *out, const uint8_t *bytes);
bool ts_ristretto255_decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad);

/* What the batch functions choose from, by the processor; tests and benchmarks call them by name. */
bool ts_edwards25519_decode_batch_portable_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad);
bool ts_ristretto255_decode_batch_portable_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad);
/* Only where the processor has AVX2. */
bool ts_edwards25519_decode_batch_avx2_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad);
bool ts_ristretto255_decode_batch_avx2_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad);
/* Only where the processor has AVX-512 F, VL, DQ and IFMA: cpu.h. */
bool ts_edwards25519_decode_batch_ifma_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad);
bool ts_ristretto255_decode_batch_ifma_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad);

#endif
