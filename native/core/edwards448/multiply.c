/* The choice between the ways to multiply. */
#include "multiply.h"

#include "vectors.h"

#ifdef __x86_64__

void ts_edwards448_mul_base(ts_element *out, const ts_scalar *k) {
  if (have_avx2()) ts_edwards448_avx2_mul_base(out, k);
  else ts_edwards448_portable_mul_base(out, k);
}

void ts_edwards448_mul(ts_element *out, const ts_scalar *k, const ts_element *a) {
  if (have_avx2()) ts_edwards448_avx2_mul(out, k, a);
  else ts_edwards448_portable_mul(out, k, a);
}

void ts_edwards448_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A, const ts_scalar *b) {
  if (have_ifma()) ts_edwards448_ifma_double_mul_vartime(out, a, A, b);
  else if (have_avx2()) ts_edwards448_avx2_double_mul_vartime(out, a, A, b);
  else ts_edwards448_portable_double_mul_vartime(out, a, A, b);
}

void ts_edwards448_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
  if (have_ifma()) ts_edwards448_ifma_msm_vartime(out, k, A, count);
  else if (have_avx2()) ts_edwards448_avx2_msm_vartime(out, k, A, count);
  else ts_edwards448_portable_msm_vartime(out, k, A, count);
}

#else

void ts_edwards448_mul_base(ts_element *out, const ts_scalar *k) { ts_edwards448_portable_mul_base(out, k); }

void ts_edwards448_mul(ts_element *out, const ts_scalar *k, const ts_element *a) {
  ts_edwards448_portable_mul(out, k, a);
}

void ts_edwards448_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A, const ts_scalar *b) {
  ts_edwards448_portable_double_mul_vartime(out, a, A, b);
}

void ts_edwards448_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
  ts_edwards448_portable_msm_vartime(out, k, A, count);
}

#endif
