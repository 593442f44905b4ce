/* The group with one way of computing forced, for tests: ts_edwards448 itself picks the best for the processor. */
#ifndef THRESIGN_TESTS_EDWARDS448_VARIANTS_H
#define THRESIGN_TESTS_EDWARDS448_VARIANTS_H

#include "element.h"
#include "multiply.h"
#include "vectors.h"

#define DECODE_WITH(way, roots)                                                                                    \
  static bool decode_##way(ts_element *out, const uint8_t *bytes) {                                                \
    return ts_edwards448_decode_with_vartime(out, bytes, roots);                                                   \
  }                                                                                                                \
  static bool decode_batch_##way(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {               \
    return ts_edwards448_decode_batch_with_vartime(out, bytes, count, bad, roots);                                 \
  }

DECODE_WITH(portable, ts_edwards448_portable_roots)
#ifdef __x86_64__
DECODE_WITH(avx2, ts_edwards448_avx2_roots)
DECODE_WITH(ifma, ts_edwards448_ifma_roots_vartime)
#endif

static void edwards448_portable(ts_group *g) {
  *g = ts_edwards448;
  g->name = "edwards448 portable";
  g->add = ts_edwards448_portable_add;
  g->mul_base = ts_edwards448_portable_mul_base;
  g->mul = ts_edwards448_portable_mul;
  g->double_mul_vartime = ts_edwards448_portable_double_mul_vartime;
  g->msm_vartime = ts_edwards448_portable_msm_vartime;
  g->decode_vartime = decode_portable;
  g->decode_batch_vartime = decode_batch_portable;
}

/* Fills in the variants that this processor can run, the group itself first; returns their number. */
static unsigned edwards448_variants(ts_group variant[4]) {
  unsigned count = 0;
  variant[count++] = ts_edwards448;
  edwards448_portable(&variant[count++]);
#ifdef __x86_64__
  if (have_avx2()) {
    ts_group *g = &variant[count++];
    *g = ts_edwards448;
    g->name = "edwards448 avx2";
    g->add = ts_edwards448_avx2_add;
    g->mul_base = ts_edwards448_avx2_mul_base;
    g->mul = ts_edwards448_avx2_mul;
    g->double_mul_vartime = ts_edwards448_avx2_double_mul_vartime;
    g->msm_vartime = ts_edwards448_avx2_msm_vartime;
    g->decode_vartime = decode_avx2;
    g->decode_batch_vartime = decode_batch_avx2;
  }
  if (have_ifma()) {
    ts_group *g = &variant[count++];
    *g = ts_edwards448;
    g->name = "edwards448 ifma";
    g->double_mul_vartime = ts_edwards448_ifma_double_mul_vartime;
    g->msm_vartime = ts_edwards448_ifma_msm_vartime;
    g->decode_vartime = decode_ifma;
    g->decode_batch_vartime = decode_batch_ifma;
  }
#endif
  return count;
}

#endif
