/* The public ts_group of a curve: every function hands over to the best one for this CPU.
 * The file that includes it defines PUBLIC_GROUP, PORTABLE_BACKEND, ADX_BACKEND, IFMA(name), CURVE_NAME, CURVE_ID and
 * SCALAR(name). */
#include "cpu.h"
#include "scalar_names.h"

#if TS_WEIERSTRASS_X86
static const ts_group *backend(void) {
  return ts_weierstrass_cpu() >= TS_WEIERSTRASS_CPU_ADX ? &ADX_BACKEND : &PORTABLE_BACKEND;
}

static bool has_ifma(void) { return ts_weierstrass_cpu() >= TS_WEIERSTRASS_CPU_IFMA; }
#else
static const ts_group *backend(void) { return &PORTABLE_BACKEND; }
#endif

static void set_identity(ts_element *out) { backend()->set_identity(out); }
static void set_generator(ts_element *out) { backend()->set_generator(out); }
static bool decode_vartime(ts_element *out, const uint8_t *bytes) { return backend()->decode_vartime(out, bytes); }
static bool decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
#if TS_WEIERSTRASS_X86
  if (has_ifma()) return IFMA(decode_batch_vartime)(out, bytes, count, bad);
#endif
  return backend()->decode_batch_vartime(out, bytes, count, bad);
}
static void encode(uint8_t *out, const ts_element *a) { backend()->encode(out, a); }
static void encode_batch(uint8_t *out, const ts_element *a, size_t count) { backend()->encode_batch(out, a, count); }
static void add(ts_element *out, const ts_element *a, const ts_element *b) { backend()->add(out, a, b); }
static void negate(ts_element *out, const ts_element *a) { backend()->negate(out, a); }
static bool is_identity(const ts_element *a) { return backend()->is_identity(a); }
static bool equal(const ts_element *a, const ts_element *b) { return backend()->equal(a, b); }
static void mul_base(ts_element *out, const ts_scalar *k) { backend()->mul_base(out, k); }
static void mul(ts_element *out, const ts_scalar *k, const ts_element *a) { backend()->mul(out, k, a); }
static void double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A, const ts_scalar *b) {
  backend()->double_mul_vartime(out, a, A, b);
}
static void msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
#if TS_WEIERSTRASS_X86
  if (has_ifma()) {
    IFMA(msm_vartime)(out, k, A, count);
    return;
  }
#endif
  backend()->msm_vartime(out, k, A, count);
}

const ts_group PUBLIC_GROUP = {
  .name = CURVE_NAME,
  .id = CURVE_ID,
  .scalar_bytes = 32,
  .element_bytes = 33,
  SCALAR_MEMBERS,
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
