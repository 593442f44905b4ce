/* The implementations that this processor can run, by number: 0 is the portable one. */
#ifndef THRESIGN_TESTS_EDWARDS25519_PATHS_H
#define THRESIGN_TESTS_EDWARDS25519_PATHS_H

#include "../../core/edwards25519/cpu.h"
#include "../../core/edwards25519/decode.h"
#include "../../core/edwards25519/mul.h"

typedef void msm_function(ts_element *, const ts_scalar *, const ts_element *, size_t);
typedef void double_mul_function(ts_element *, const ts_scalar *, const ts_element *, const ts_scalar *);
typedef void mul_function(ts_element *, const ts_scalar *, const ts_element *);
typedef void mul_base_function(ts_element *, const ts_scalar *);
typedef bool decode_batch_function(ts_element *, const uint8_t *, size_t, size_t *);

typedef struct {
  const char *name;
  msm_function *msm;
  double_mul_function *double_mul;
  mul_function *mul;           /* NULL: the path has none of its own */
  mul_base_function *mul_base;
  decode_batch_function *decode_edwards25519, *decode_ristretto255;
} implementation;

static const implementation implementations[] = {
    {"portable", ts_edwards25519_msm_portable_vartime, ts_edwards25519_double_mul_portable_vartime,
     ts_edwards25519_mul_portable, ts_edwards25519_mul_base_portable, ts_edwards25519_decode_batch_portable_vartime,
     ts_ristretto255_decode_batch_portable_vartime},
#if HAVE_X86_64_CODE
    {"avx2", ts_edwards25519_msm_avx2_vartime, ts_edwards25519_double_mul_avx2_vartime, ts_edwards25519_mul_avx2,
     ts_edwards25519_mul_base_avx2, ts_edwards25519_decode_batch_avx2_vartime,
     ts_ristretto255_decode_batch_avx2_vartime},
    {"ifma", ts_edwards25519_msm_ifma_vartime, ts_edwards25519_double_mul_ifma_vartime, NULL, NULL,
     ts_edwards25519_decode_batch_ifma_vartime, ts_ristretto255_decode_batch_ifma_vartime},
#endif
};

/* How many of them, from the first on. */
static inline size_t implementations_here(void) { return cpu_has_ifma() ? 3 : cpu_has_avx2() ? 2 : 1; }

static inline decode_batch_function *decode_batch_of(const ts_group *g, const implementation *i) {
  return g->id == TS_GROUP_EDWARDS25519 ? i->decode_edwards25519 : i->decode_ristretto255;
}

#endif
