/* Chooses between the portable code and code for special instructions. */
#include "cpu.h"
#include "decode.h"
#include "mul.h"

void ts_edwards25519_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A, const ts_scalar *b) {
#if HAVE_IFMA_CODE
  if (cpu_has_ifma()) {
    ts_edwards25519_double_mul_ifma_vartime(out, a, A, b);
    return;
  }
#endif
  ts_edwards25519_double_mul_portable_vartime(out, a, A, b);
}

void ts_edwards25519_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
#if HAVE_IFMA_CODE
  if (cpu_has_ifma()) {
    ts_edwards25519_msm_ifma_vartime(out, k, A, count);
    return;
  }
#endif
  ts_edwards25519_msm_portable_vartime(out, k, A, count);
}

bool ts_edwards25519_decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
  return ts_edwards25519_decode_batch_portable_vartime(out, bytes, count, bad);
}

bool ts_ristretto255_decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
  return ts_ristretto255_decode_batch_portable_vartime(out, bytes, count, bad);
}
