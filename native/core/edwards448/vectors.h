/* What avx2.c and ifma.c offer, to be called only if the processor has it. AVX-512 is for public data alone: valgrind,
 * which we trust to find branches on secrets, does not know it. */
#ifndef THRESIGN_EDWARDS448_VECTORS_H
#define THRESIGN_EDWARDS448_VECTORS_H

#include "field.h"
#include "thresign/group.h"

/* r[i] = fe_inverse_sqrt(a[i]) for i < count, which is 2 or 4; every a[i] has magnitude 1, also those that do not
 * count. */
typedef void edwards448_roots(fe448 r[4], const fe448 a[4], size_t count);

#ifdef __x86_64__

static inline bool have_avx2(void) { return __builtin_cpu_supports("avx2"); }

static inline bool have_ifma(void) {
  return __builtin_cpu_supports("avx512ifma") && __builtin_cpu_supports("avx512vl");
}

void ts_edwards448_avx2_mul_base(ts_element *out, const ts_scalar *k);
void ts_edwards448_avx2_mul(ts_element *out, const ts_scalar *k, const ts_element *a);
void ts_edwards448_avx2_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A,
                                           const ts_scalar *b);
void ts_edwards448_avx2_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count);
void ts_edwards448_ifma_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A,
                                           const ts_scalar *b);
void ts_edwards448_ifma_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count);

void ts_edwards448_avx2_add(ts_element *out, const ts_element *a, const ts_element *b);

void ts_edwards448_avx2_roots(fe448 r[4], const fe448 a[4], size_t count);
void ts_edwards448_ifma_roots_vartime(fe448 r[4], const fe448 a[4], size_t count);

#endif

#endif
