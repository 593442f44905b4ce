/* The implementations that this processor can run, by number: 0 is the portable one. */
#ifndef THRESIGN_TESTS_EDWARDS25519_PATHS_H
#define THRESIGN_TESTS_EDWARDS25519_PATHS_H

#include "../../core/edwards25519/cpu.h"
#include "../../core/edwards25519/decode.h"
#include "../../core/edwards25519/mul.h"

typedef void msm_function(ts_element *, const ts_scalar *, const ts_element *, size_t);
typedef void double_mul_function(ts_element *, const ts_scalar *, const ts_element *, const ts_scalar *);
typedef bool decode_batch_function(ts_element *, const uint8_t *, size_t, size_t *);

static inline size_t msm_paths(void) { return cpu_has_ifma() ? 2 : 1; }
static inline const char *path_name(size_t path) { return path == 0 ? "portable" : "ifma"; }
static inline msm_function *msm_path(size_t path) {
#if HAVE_X86_64_CODE
  if (path == 1) return ts_edwards25519_msm_ifma_vartime;
#endif
  (void)path;
  return ts_edwards25519_msm_portable_vartime;
}
static inline double_mul_function *double_mul_path(size_t path) {
#if HAVE_X86_64_CODE
  if (path == 1) return ts_edwards25519_double_mul_ifma_vartime;
#endif
  (void)path;
  return ts_edwards25519_double_mul_portable_vartime;
}
static inline decode_batch_function *decode_batch_path(const ts_group *g, size_t path) {
  const bool edwards = g->id == TS_GROUP_EDWARDS25519;
#if HAVE_X86_64_CODE
  if (path == 1)
    return edwards ? ts_edwards25519_decode_batch_ifma_vartime : ts_ristretto255_decode_batch_ifma_vartime;
#endif
  (void)path;
  return edwards ? ts_edwards25519_decode_batch_portable_vartime : ts_ristretto255_decode_batch_portable_vartime;
}

#endif
