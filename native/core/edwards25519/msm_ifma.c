/* Multi-scalar multiplication on public data with AVX-512 IFMA. */
#include "cpu.h"
#include "mul.h"

#if HAVE_X86_64_CODE

#include "ifma_point.h"

/* From how many points on two sums, each taking every other addition, are faster than one. */
#define TWO_SUMS_FROM 36

#include "msm_vector.h"

void ts_edwards25519_double_mul_ifma_vartime(ts_element *out, const ts_scalar *a, const ts_element *A,
                                             const ts_scalar *b) {
  vector_double_mul_vartime(out, a, A, b);
}

void ts_edwards25519_msm_ifma_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
  vector_msm_vartime(out, k, A, count);
}

#endif
