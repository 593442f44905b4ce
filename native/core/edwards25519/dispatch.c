/* Chooses between the portable code and code for special instructions. */
#include "cpu.h"
#include "decode.h"
#include "encode.h"
#include "mul.h"

/* Lanes take as long for one point as for all: little longer than one point takes without them. */
#define LANES_FROM 2

void ts_edwards25519_mul_base(ts_element *out, const ts_scalar *k) {
#if HAVE_X86_64_CODE
  if (cpu_has_avx2()) {
    ts_edwards25519_mul_base_avx2(out, k);
    return;
  }
#endif
  ts_edwards25519_mul_base_portable(out, k);
}

void ts_edwards25519_mul(ts_element *out, const ts_scalar *k, const ts_element *a) {
#if HAVE_X86_64_CODE
  if (cpu_has_avx2()) {
    ts_edwards25519_mul_avx2(out, k, a);
    return;
  }
#endif
  ts_edwards25519_mul_portable(out, k, a);
}

void ts_edwards25519_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A, const ts_scalar *b) {
#if HAVE_X86_64_CODE
  if (cpu_has_ifma()) {
    ts_edwards25519_double_mul_ifma_vartime(out, a, A, b);
    return;
  }
  if (cpu_has_avx2()) {
    ts_edwards25519_double_mul_avx2_vartime(out, a, A, b);
    return;
  }
#endif
  ts_edwards25519_double_mul_portable_vartime(out, a, A, b);
}

void ts_edwards25519_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
#if HAVE_X86_64_CODE
  if (cpu_has_ifma()) {
    ts_edwards25519_msm_ifma_vartime(out, k, A, count);
    return;
  }
  if (cpu_has_avx2()) {
    ts_edwards25519_msm_avx2_vartime(out, k, A, count);
    return;
  }
#endif
  ts_edwards25519_msm_portable_vartime(out, k, A, count);
}

bool ts_edwards25519_decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
#if HAVE_X86_64_CODE
  if (count >= LANES_FROM && cpu_has_ifma()) return ts_edwards25519_decode_batch_ifma_vartime(out, bytes, count, bad);
  if (count >= LANES_FROM && cpu_has_avx2()) return ts_edwards25519_decode_batch_avx2_vartime(out, bytes, count, bad);
#endif
  return ts_edwards25519_decode_batch_portable_vartime(out, bytes, count, bad);
}

bool ts_ristretto255_decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
#if HAVE_X86_64_CODE
  if (count >= LANES_FROM && cpu_has_ifma()) return ts_ristretto255_decode_batch_ifma_vartime(out, bytes, count, bad);
  if (count >= LANES_FROM && cpu_has_avx2()) return ts_ristretto255_decode_batch_avx2_vartime(out, bytes, count, bad);
#endif
  return ts_ristretto255_decode_batch_portable_vartime(out, bytes, count, bad);
}

void ts_ristretto255_encode_batch(uint8_t *out, const ts_element *a, size_t count) {
#if HAVE_X86_64_CODE
  if (count >= LANES_FROM && cpu_has_avx2()) {
    ts_ristretto255_encode_batch_avx2(out, a, count);
    return;
  }
#endif
  ts_ristretto255_encode_batch_portable(out, a, count);
}
