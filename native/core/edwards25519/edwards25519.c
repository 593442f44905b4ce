/* The group table of edwards25519: RFC 9591, 6.1 and 6.1's encodings (RFC 8032). */
#include "decode.h"
#include "mul.h"
#include "point.h"
#include "scalar.h"

static void encode_affine(uint8_t out[32], const ge *p, const fe *z_inverse) {
  fe x, y;
  fe_mul(&x, &p->X, z_inverse);
  fe_mul(&y, &p->Y, z_inverse);
  ts_edwards25519_fe_encode(out, &y);
  out[31] = (uint8_t)(out[31] | (ts_edwards25519_fe_odd_mask(&x) & 0x80));
}

static void encode(uint8_t *out, const ts_element *a) {
  fe z_inverse;
  ts_edwards25519_fe_invert(&z_inverse, &ge_of_const(a)->Z);
  encode_affine(out, ge_of_const(a), &z_inverse);
}

#define BATCH 64

/* Montgomery's trick: one inversion of the product of all Z, which is never zero, and three multiplications each. */
static void encode_some(uint8_t *out, const ts_element *a, size_t count) {
  fe before[BATCH]; /* before[i] = the product of Z of all points before i */
  fe product, inverse;
  fe_set(&product, 1);
  for (size_t i = 0; i < count; i++) {
    before[i] = product;
    fe_mul(&product, &product, &ge_of_const(&a[i])->Z);
  }
  ts_edwards25519_fe_invert(&inverse, &product);
  for (size_t i = count; i-- > 0;) {
    fe z_inverse;
    fe_mul(&z_inverse, &inverse, &before[i]);
    fe_mul(&inverse, &inverse, &ge_of_const(&a[i])->Z);
    encode_affine(out + 32 * i, ge_of_const(&a[i]), &z_inverse);
  }
}

static void encode_batch(uint8_t *out, const ts_element *a, size_t count) {
  for (size_t done = 0; done < count; done += BATCH)
    encode_some(out + 32 * done, a + done, count - done < BATCH ? count - done : BATCH);
}

static bool is_identity(const ts_element *a) {
  const ge *p = ge_of_const(a);
  return (ts_edwards25519_fe_zero_mask(&p->X) & ts_edwards25519_fe_equal_mask(&p->Y, &p->Z)) != 0;
}

static bool equal(const ts_element *a, const ts_element *b) {
  const ge *p = ge_of_const(a), *q = ge_of_const(b);
  fe l, r;
  fe_mul(&l, &p->X, &q->Z);
  fe_mul(&r, &q->X, &p->Z);
  const uint64_t same_x = ts_edwards25519_fe_equal_mask(&l, &r);
  fe_mul(&l, &p->Y, &q->Z);
  fe_mul(&r, &q->Y, &p->Z);
  return (same_x & ts_edwards25519_fe_equal_mask(&l, &r)) != 0;
}

const ts_group ts_edwards25519 = {
    .name = "edwards25519",
    .id = TS_GROUP_EDWARDS25519,
    .scalar_bytes = 32,
    .element_bytes = 32,
    .scalar_decode = ts_edwards25519_scalar_decode,
    .scalar_encode = ts_edwards25519_scalar_encode,
    .scalar_reduce = ts_edwards25519_scalar_reduce,
    .scalar_set_u64 = ts_edwards25519_scalar_set_u64,
    .scalar_add = ts_edwards25519_scalar_add,
    .scalar_sub = ts_edwards25519_scalar_sub,
    .scalar_negate = ts_edwards25519_scalar_negate,
    .scalar_mul = ts_edwards25519_scalar_mul,
    .scalar_muladd = ts_edwards25519_scalar_muladd,
    .scalar_invert = ts_edwards25519_scalar_invert,
    .scalar_invert_vartime = ts_edwards25519_scalar_invert_vartime,
    .scalar_is_zero = ts_edwards25519_scalar_is_zero,
    .scalar_equal = ts_edwards25519_scalar_equal,
    .set_identity = ts_edwards25519_set_identity,
    .set_generator = ts_edwards25519_set_generator,
    .decode_vartime = ts_edwards25519_decode_vartime,
    .decode_batch_vartime = ts_edwards25519_decode_batch_vartime,
    .encode = encode,
    .encode_batch = encode_batch,
    .add = ts_edwards25519_add,
    .negate = ts_edwards25519_negate,
    .is_identity = is_identity,
    .equal = equal,
    .mul_base = ts_edwards25519_mul_base,
    .mul = ts_edwards25519_mul,
    .double_mul_vartime = ts_edwards25519_double_mul_vartime,
    .msm_vartime = ts_edwards25519_msm_vartime,
};
