/* Scalar multiplication: constant time in mul.c and mul_avx2.c, multi-scalar on public data in msm.c and msm_ifma.c.
 * Contracts of the group table (thresign/group.h); both groups use them. */
#ifndef THRESIGN_EDWARDS25519_MUL_H
#define THRESIGN_EDWARDS25519_MUL_H

#include "thresign/group.h"

void ts_edwards25519_mul_base(ts_element *out, const ts_scalar *k);
void ts_edwards25519_mul(ts_element *out, const ts_scalar *k, const ts_element *a);
void ts_edwards25519_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A, const ts_scalar *b);
void ts_edwards25519_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count);

/* What those choose from, by the processor; tests and benchmarks call them by name. */
void ts_edwards25519_mul_base_portable(ts_element *out, const ts_scalar *k);
void ts_edwards25519_mul_portable(ts_element *out, const ts_scalar *k, const ts_element *a);
void ts_edwards25519_double_mul_portable_vartime(ts_element *out, const ts_scalar *a, const ts_element *A,
                                                 const ts_scalar *b);
void ts_edwards25519_msm_portable_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count);
/* Only where the processor has AVX2. */
void ts_edwards25519_mul_base_avx2(ts_element *out, const ts_scalar *k);
void ts_edwards25519_mul_avx2(ts_element *out, const ts_scalar *k, const ts_element *a);
void ts_edwards25519_double_mul_avx2_vartime(ts_element *out, const ts_scalar *a, const ts_element *A,
                                             const ts_scalar *b);
void ts_edwards25519_msm_avx2_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count);
/* Only where the processor has AVX-512 F, VL, DQ and IFMA: cpu.h. */
void ts_edwards25519_double_mul_ifma_vartime(ts_element *out, const ts_scalar *a, const ts_element *A,
                                             const ts_scalar *b);
void ts_edwards25519_msm_ifma_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count);

#endif
