/* The group with one of the ways of multiplication forced, for tests: ts_edwards448 itself picks one by the processor.
 * */
#ifndef THRESIGN_TESTS_EDWARDS448_VARIANTS_H
#define THRESIGN_TESTS_EDWARDS448_VARIANTS_H

#include "multiply.h"
#include "vectors.h"

/* Fills in the variants that this processor can run, the group itself first; returns their number. */
static inline unsigned edwards448_variants(ts_group variant[4]) {
  unsigned count = 0;
  variant[count++] = ts_edwards448;
  variant[count] = ts_edwards448;
  variant[count].name = "edwards448 portable";
  variant[count].mul_base = ts_edwards448_portable_mul_base;
  variant[count].mul = ts_edwards448_portable_mul;
  variant[count].double_mul_vartime = ts_edwards448_portable_double_mul_vartime;
  variant[count++].msm_vartime = ts_edwards448_portable_msm_vartime;
#ifdef __x86_64__
  if (have_avx2()) {
    variant[count] = ts_edwards448;
    variant[count].name = "edwards448 avx2";
    variant[count].mul_base = ts_edwards448_avx2_mul_base;
    variant[count].mul = ts_edwards448_avx2_mul;
    variant[count].double_mul_vartime = ts_edwards448_avx2_double_mul_vartime;
    variant[count++].msm_vartime = ts_edwards448_avx2_msm_vartime;
  }
  if (have_ifma()) {
    variant[count] = ts_edwards448;
    variant[count].name = "edwards448 ifma";
    variant[count].double_mul_vartime = ts_edwards448_ifma_double_mul_vartime;
    variant[count++].msm_vartime = ts_edwards448_ifma_msm_vartime;
  }
#endif
  return count;
}

#endif
