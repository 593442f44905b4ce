#include "tiny.h"

#include <string.h>

#define Q TS_TINY_ORDER
#define P TS_TINY_MODULUS
#define GENERATOR 16  /* 2^4 */

static void set_scalar(ts_scalar *out, uint64_t value) {
  memset(out, 0, sizeof *out);
  out->limb[0] = value % Q;
}

static void set_element(ts_element *out, uint64_t value) {
  memset(out, 0, sizeof *out);
  out->limb[0] = value % P;
}

static uint64_t power(uint64_t base, uint64_t exponent) {
  uint64_t result = 1;
  for (uint64_t i = 0; i < exponent; i++) result = result * base % P;
  return result;
}

static bool scalar_decode(ts_scalar *out, const uint8_t *bytes) {
  bool valid = bytes[0] < Q;
  set_scalar(out, valid ? bytes[0] : 0);
  return valid;
}

static void scalar_encode(uint8_t *out, const ts_scalar *a) { out[0] = (uint8_t)a->limb[0]; }

static void scalar_reduce(ts_scalar *out, const uint8_t *bytes, size_t length) {
  uint64_t value = 0;
  for (size_t i = length; i-- > 0;) value = (256 * value + bytes[i]) % Q;
  set_scalar(out, value);
}

static void scalar_set_u64(ts_scalar *out, uint64_t value) { set_scalar(out, value); }

static void scalar_add(ts_scalar *out, const ts_scalar *a, const ts_scalar *b) {
  set_scalar(out, a->limb[0] + b->limb[0]);
}

static void scalar_sub(ts_scalar *out, const ts_scalar *a, const ts_scalar *b) {
  set_scalar(out, a->limb[0] + Q - b->limb[0]);
}

static void scalar_negate(ts_scalar *out, const ts_scalar *a) { set_scalar(out, Q - a->limb[0]); }

static void scalar_mul(ts_scalar *out, const ts_scalar *a, const ts_scalar *b) {
  set_scalar(out, a->limb[0] * b->limb[0]);
}

static void scalar_muladd(ts_scalar *out, const ts_scalar *a, const ts_scalar *b, const ts_scalar *c) {
  set_scalar(out, a->limb[0] * b->limb[0] + c->limb[0]);
}

static void scalar_invert(ts_scalar *out, const ts_scalar *a) {
  uint64_t inverse = 0, value = a->limb[0];
  for (uint64_t i = 1; i < Q; i++)
    if (i * value % Q == 1) inverse = i;
  set_scalar(out, inverse);
}

static bool scalar_is_zero(const ts_scalar *a) { return a->limb[0] == 0; }

static bool scalar_equal(const ts_scalar *a, const ts_scalar *b) { return a->limb[0] == b->limb[0]; }

static void set_identity(ts_element *out) { set_element(out, 1); }

static void set_generator(ts_element *out) { set_element(out, GENERATOR); }

static bool decode_vartime(ts_element *out, const uint8_t *bytes) {
  uint64_t value = bytes[0];
  bool valid = bytes[1] == 0 && value > 1 && value < P && power(value, Q) == 1;
  set_element(out, valid ? value : 1);
  return valid;
}

static bool decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
  for (size_t i = 0; i < count; i++) {
    if (!decode_vartime(&out[i], bytes + 2 * i)) {
      *bad = i;
      return false;
    }
  }
  return true;
}

static void encode(uint8_t *out, const ts_element *a) {
  out[0] = (uint8_t)a->limb[0];
  out[1] = 0;
}

static void encode_batch(uint8_t *out, const ts_element *a, size_t count) {
  for (size_t i = 0; i < count; i++) encode(out + 2 * i, &a[i]);
}

static void add(ts_element *out, const ts_element *a, const ts_element *b) {
  set_element(out, a->limb[0] * b->limb[0]);
}

static void negate(ts_element *out, const ts_element *a) { set_element(out, power(a->limb[0], Q - 1)); }

static bool is_identity(const ts_element *a) { return a->limb[0] == 1; }

static bool equal(const ts_element *a, const ts_element *b) { return a->limb[0] == b->limb[0]; }

static void mul_base(ts_element *out, const ts_scalar *k) { set_element(out, power(GENERATOR, k->limb[0])); }

static void mul(ts_element *out, const ts_scalar *k, const ts_element *a) {
  set_element(out, power(a->limb[0], k->limb[0]));
}

static void double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A, const ts_scalar *b) {
  set_element(out, power(A->limb[0], a->limb[0]) * power(GENERATOR, b->limb[0]));
}

static void msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
  uint64_t product = 1;
  for (size_t i = 0; i < count; i++) product = product * power(A[i].limb[0], k[i].limb[0]) % P;
  set_element(out, product);
}

const ts_group ts_tiny = {
  .name = "tiny",
  .id = TS_GROUP_TINY,
  .scalar_bytes = 1,
  .element_bytes = 2,
  .scalar_decode = scalar_decode,
  .scalar_encode = scalar_encode,
  .scalar_reduce = scalar_reduce,
  .scalar_set_u64 = scalar_set_u64,
  .scalar_add = scalar_add,
  .scalar_sub = scalar_sub,
  .scalar_negate = scalar_negate,
  .scalar_mul = scalar_mul,
  .scalar_muladd = scalar_muladd,
  .scalar_invert = scalar_invert,
  .scalar_invert_vartime = scalar_invert,
  .scalar_is_zero = scalar_is_zero,
  .scalar_equal = scalar_equal,
  .set_identity = set_identity,
  .set_generator = set_generator,
  .decode_vartime = decode_vartime,
  .decode_batch_vartime = decode_batch_vartime,
  .encode = encode,
  .encode_batch = encode_batch,
  .add = add,
  .negate = negate,
  .is_identity = is_identity,
  .equal = equal,
  .mul_base = mul_base,
  .mul = mul,
  .double_mul_vartime = double_mul_vartime,
  .msm_vartime = msm_vartime,
};
