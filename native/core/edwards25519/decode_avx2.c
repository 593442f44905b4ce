/* Decoding four encodings at a time with AVX2. */
#include "cpu.h"
#include "decode.h"

#if HAVE_X86_64_CODE

#include "avx2_lanes.h"
#include "decode_vector.h"

bool ts_edwards25519_decode_batch_avx2_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
  return decode_all_vartime(out, bytes, count, bad, edwards_lanes);
}

bool ts_ristretto255_decode_batch_avx2_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
  return decode_all_vartime(out, bytes, count, bad, ristretto_lanes);
}

#endif
