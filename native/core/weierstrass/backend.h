/* One whole implementation of the group of a curve, from its curve.h: compiled once for every CPU that there is
 * special field arithmetic for. The file that includes it defines
 *   BACKEND         the name of the ts_group to make,
 *   CURVE_NAME, CURVE_ID, and SCALAR(name) of weierstrass/scalar.h. */
#include "bucket.h"
#include "codec.h"
#include "comb.h"
#include "mul.h"
#include "scalar_names.h"

/* From here on buckets are faster than chunks of Straus's method. */
#define BUCKET_FROM 400

/* *sum += the sum of one piece. */
static void msm_piece_vartime(jacobian_point *sum, const ts_scalar *k, const ts_element *a, size_t count,
                              bool buckets) {
  jacobian_point piece;
  if (buckets)
    bucket_vartime(&piece, k, a, count);
  else
    straus_vartime(&piece, k, a, count);
  jacobian_add_vartime(sum, sum, &piece);
}

static void point_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *a, size_t count) {
  const bool buckets = count >= BUCKET_FROM;
  const size_t limit = buckets ? BUCKET_POINTS : STRAUS_POINTS;
  size_t pieces = (count + limit - 1) / limit;
  jacobian_point sum;
  projective_point p;
  jacobian_set_identity(&sum);
  for (; pieces > 0; pieces--) { /* of sizes that differ by one at most */
    const size_t size = (count + pieces - 1) / pieces;
    msm_piece_vartime(&sum, k, a, size, buckets);
    k += size;
    a += size;
    count -= size;
  }
  projective_from_jacobian(&p, &sum);
  element_store(out, &p);
}

static void point_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A, const ts_scalar *b) {
  jacobian_point left, right;
  projective_point p;
  straus_vartime(&left, a, A, 1);
  comb_mul_vartime(&right, b);
  jacobian_add_vartime(&left, &left, &right);
  projective_from_jacobian(&p, &left);
  element_store(out, &p);
}

const ts_group BACKEND = {
  .name = CURVE_NAME,
  .id = CURVE_ID,
  .scalar_bytes = 32,
  .element_bytes = CODEC_BYTES,
  SCALAR_MEMBERS,
  .set_identity = point_set_identity,
  .set_generator = point_set_generator,
  .decode_vartime = point_decode_vartime,
  .decode_batch_vartime = point_decode_batch_vartime,
  .encode = point_encode,
  .encode_batch = point_encode_batch,
  .add = point_add,
  .negate = point_negate,
  .is_identity = point_is_identity,
  .equal = point_equal,
  .mul_base = point_mul_base,
  .mul = point_mul,
  .double_mul_vartime = point_double_mul_vartime,
  .msm_vartime = point_msm_vartime,
};
