/* The functions of a group that have a version in AVX-512 IFMA, from its curve.h and field_ifma.h. The file that
 * includes it defines
 *   IFMA(name)   the external name of a function,
 *   FALLBACK     the ts_group for what these are not for,
 *   IFMA_FROM    the number of points from which msm_vartime is faster here. */
#include "ifma_decode.h"
#include "ifma_msm.h"

/* The sum of one piece, into *sum. */
static void ifma_piece_vartime(projective_point *sum, const ts_scalar *k, const ts_element *a, size_t count) {
  const ts_scalar *scalar[IFMA_POINTS];
  projective_point point[IFMA_POINTS], r;
  size_t used = 0;
  for (size_t i = 0; i < count; i++) {
    element_load(&point[used], &a[i]);
    scalar[used] = &k[i];
    if (fe_mask_if_zero(&point[used].z) == 0 && u256_mask_if_zero(k[i].limb) == 0) used++;
  }
  if (used == 0) return;
  if (used < IFMA_FROM || !ifma_msm_vartime(&r, scalar, point, used)) {
    ts_element piece;
    FALLBACK.msm_vartime(&piece, k, a, count);
    element_load(&r, &piece);
  }
  projective_add(sum, sum, &r);
}

void IFMA(msm_vartime)(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
  if (count < IFMA_FROM) {
    FALLBACK.msm_vartime(out, k, A, count);
    return;
  }
  projective_point sum;
  projective_set_identity(&sum);
  for (size_t pieces = (count + IFMA_POINTS - 1) / IFMA_POINTS; pieces > 0; pieces--) {
    const size_t size = (count + pieces - 1) / pieces;
    ifma_piece_vartime(&sum, k, A, size);
    k += size;
    A += size;
    count -= size;
  }
  element_store(out, &sum);
}

bool IFMA(decode_batch_vartime)(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
  return ifma_decode_batch_vartime(out, bytes, count, bad);
}
