/* Decoding many points: codec.h's functions, but for the square roots, which are nearly all of the work and are taken
 * sixteen at a time: two fe8 in turn, since the steps of one wait for each other. */
#ifndef THRESIGN_WEIERSTRASS_IFMA_DECODE_H
#define THRESIGN_WEIERSTRASS_IFMA_DECODE_H

#include "codec.h"
#include "ifma.h"

#define IFMA_DECODE 16
#define IFMA_DECODE_FROM 3 /* fewer are faster one by one */

/* The curve's: fe_sqrt_candidate for sixteen. */
static void curve_roots16(fe r[IFMA_DECODE], const fe a[IFMA_DECODE]);

/* Returns the index of the first bad one, or count. */
static size_t ifma_decode_some_vartime(ts_element *out, const uint8_t *bytes, size_t count) {
  projective_point p[IFMA_DECODE];
  fe square[IFMA_DECODE], root[IFMA_DECODE];
  size_t good = 0;
  VERIFY_CHECK(count <= IFMA_DECODE);
  while (good < count && point_decode_x_vartime(&p[good], &square[good], bytes + CODEC_BYTES * good)) good++;
  for (size_t i = good; i < IFMA_DECODE; i++) fe_set_one(&square[i]);
  curve_roots16(root, square);
  for (size_t i = 0; i < good; i++) {
    if (!point_decode_y_vartime(&p[i], &square[i], &root[i], bytes[CODEC_BYTES * i])) return i;
    element_store(&out[i], &p[i]);
  }
  return good;
}

static bool ifma_decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
  for (size_t done = 0; done < count;) {
    const size_t left = count - done, some = left < IFMA_DECODE ? left : IFMA_DECODE;
    size_t good = 0;
    if (some < IFMA_DECODE_FROM)
      while (good < some && point_decode_vartime(&out[done + good], bytes + CODEC_BYTES * (done + good))) good++;
    else
      good = ifma_decode_some_vartime(&out[done], bytes + CODEC_BYTES * done, some);
    done += good;
    if (good < some) {
      *bad = done;
      point_decode_failed(out, count);
      return false;
    }
  }
  return true;
}

#endif
