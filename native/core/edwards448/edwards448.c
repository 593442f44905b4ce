/* The group edwards448: Ed448-Goldilocks, RFC 8032 section 5.2, as RFC 9591 section 6.3 uses it. */
#include "element.h"
#include "multiply.h"
#include "scalar.h"
#include "thresign/group.h"

const ts_group ts_edwards448 = {
  .name = "edwards448",
  .id = TS_GROUP_EDWARDS448,
  .scalar_bytes = 57,
  .element_bytes = 57,
  .scalar_decode = ts_edwards448_scalar_decode,
  .scalar_encode = ts_edwards448_scalar_encode,
  .scalar_reduce = ts_edwards448_scalar_reduce,
  .scalar_set_u64 = ts_edwards448_scalar_set_u64,
  .scalar_add = ts_edwards448_scalar_add,
  .scalar_sub = ts_edwards448_scalar_sub,
  .scalar_negate = ts_edwards448_scalar_negate,
  .scalar_mul = ts_edwards448_scalar_mul,
  .scalar_muladd = ts_edwards448_scalar_muladd,
  .scalar_invert = ts_edwards448_scalar_invert,
  .scalar_invert_vartime = ts_edwards448_scalar_invert_vartime,
  .scalar_is_zero = ts_edwards448_scalar_is_zero,
  .scalar_equal = ts_edwards448_scalar_equal,
  .set_identity = ts_edwards448_set_identity,
  .set_generator = ts_edwards448_set_generator,
  .decode_vartime = ts_edwards448_decode_vartime,
  .decode_batch_vartime = ts_edwards448_decode_batch_vartime,
  .encode = ts_edwards448_encode,
  .encode_batch = ts_edwards448_encode_batch,
  .add = ts_edwards448_add,
  .negate = ts_edwards448_negate,
  .is_identity = ts_edwards448_is_identity,
  .equal = ts_edwards448_equal,
  .mul_base = ts_edwards448_mul_base,
  .mul = ts_edwards448_mul,
  .double_mul_vartime = ts_edwards448_double_mul_vartime,
  .msm_vartime = ts_edwards448_msm_vartime,
};
