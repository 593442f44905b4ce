/* Multiplication by public scalars and roots of public elements with AVX-512 IFMA. This file is compiled with
 * -mavx512ifma -mavx512vl. */
#include "vectors.h"

#ifdef __x86_64__

#include "vector_ifma.h"

#include "vector_point.h"
#include "vector_sqrt.h"
#include "vector_vartime.h"

void ts_edwards448_ifma_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A,
                                           const ts_scalar *b) {
  double_mul_vartime(out, a, A, b);
}

void ts_edwards448_ifma_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
  msm_vartime(out, k, A, count);
}

void ts_edwards448_ifma_roots_vartime(fe448 r[4], const fe448 a[4], size_t count) {
  (void)count;  /* four take as long as one */
  inverse_sqrt4(r, a);
}

#endif
