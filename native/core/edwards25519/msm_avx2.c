/* Multi-scalar multiplication on public data with AVX2. */
#include "cpu.h"
#include "mul.h"

#if HAVE_X86_64_CODE

#include "avx2_point.h"

#include "msm_vector.h"

void ts_edwards25519_double_mul_avx2_vartime(ts_element *out, const ts_scalar *a, const ts_element *A,
                                             const ts_scalar *b) {
  vector_double_mul_vartime(out, a, A, b);
}

void ts_edwards25519_msm_avx2_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
  vector_msm_vartime(out, k, A, count);
}

#endif
