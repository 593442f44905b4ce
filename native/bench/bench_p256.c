/* P-256 beside OpenSSL: bench_p256 [portable]. Up is OpenSSL's ECDSA verification. */
#define OPENSSL_SUPPRESS_DEPRECATED /* EC_POINTs_mul is the only sum of many that OpenSSL has */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include "bench_weierstrass.h"

#include "../core/p256/backends.h"

static EVP_PKEY *pair;
static EVP_PKEY_CTX *verifying;
static uint8_t digest[32], signature[80];
static size_t signature_length = sizeof signature;

static EC_GROUP *curve;
static BN_CTX *context;
static EC_POINT *their_r, *their_a[67];
static BIGNUM *their_k[67], *their_s;

static void their_verify(void) { CHECK(EVP_PKEY_verify(verifying, signature, signature_length, digest, 32) == 1); }
static void their_base(void) { CHECK(EC_POINT_mul(curve, their_r, their_k[0], NULL, NULL, context)); }
static void their_multiply(void) { CHECK(EC_POINT_mul(curve, their_r, NULL, their_a[0], their_k[0], context)); }
static void their_double(void) { CHECK(EC_POINT_mul(curve, their_r, their_k[1], their_a[0], their_k[0], context)); }
static void their_parse(void) { CHECK(EC_POINT_oct2point(curve, their_r, bench_bytes, 33, context)); }
static void their_add(void) { CHECK(EC_POINT_add(curve, their_r, their_a[0], their_a[1], context)); }
static void their_inverse(void) {
  CHECK(BN_mod_inverse(their_s, their_k[0], EC_GROUP_get0_order(curve), context) != NULL);
}
static void their_sum(size_t count) {
  const EC_POINT *points[67];
  const BIGNUM *scalars[67];
  for (size_t i = 0; i < count; i++) points[i] = their_a[i], scalars[i] = their_k[i];
  CHECK(EC_POINTs_mul(curve, their_r, NULL, count, points, scalars, context));
}
static void their_sum_2(void) { their_sum(2); }
static void their_sum_7(void) { their_sum(7); }
static void their_sum_67(void) { their_sum(67); }

static void prepare(void) {
  curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  context = BN_CTX_new();
  their_r = EC_POINT_new(curve);
  their_s = BN_new();
  for (int i = 0; i < 67; i++) {
    uint8_t bytes[32];
    g->scalar_encode(bytes, &bench_k[i]);
    their_k[i] = BN_bin2bn(bytes, 32, NULL);
    their_a[i] = EC_POINT_new(curve);
    CHECK(EC_POINT_oct2point(curve, their_a[i], bench_bytes + 33 * i, 33, context));
  }
  pair = EVP_EC_gen("P-256");
  EVP_PKEY_CTX *signing = EVP_PKEY_CTX_new(pair, NULL);
  verifying = EVP_PKEY_CTX_new(pair, NULL);
  CHECK(EVP_PKEY_sign_init(signing) == 1 && EVP_PKEY_verify_init(verifying) == 1);
  CHECK(EVP_PKEY_sign(signing, signature, &signature_length, digest, 32) == 1);
}

int main(int argc, char **argv) {
  g = argc > 1 && strcmp(argv[1], "portable") == 0 ? &ts_p256_portable : &ts_p256;
  bench_prepare();
  prepare();
  const int up = bench_add("Up: OpenSSL ECDSA verify", their_verify, -1, 1);
  const int base = bench_add("OpenSSL EC_POINT_mul k G", their_base, up, 1);
  const int multiply = bench_add("OpenSSL EC_POINT_mul k P", their_multiply, up, 1);
  const int both = bench_add("OpenSSL EC_POINT_mul k P + l G", their_double, up, 1);
  const int sum_2 = bench_add("OpenSSL EC_POINTs_mul 2", their_sum_2, up, 1);
  const int sum_7 = bench_add("OpenSSL EC_POINTs_mul 7", their_sum_7, up, 1);
  const int sum_67 = bench_add("OpenSSL EC_POINTs_mul 67", their_sum_67, up, 1);
  const int parse = bench_add("OpenSSL EC_POINT_oct2point 33", their_parse, up, 1);
  const int addition = bench_add("OpenSSL EC_POINT_add", their_add, up, 1);
  const int inverse = bench_add("OpenSSL BN_mod_inverse", their_inverse, up, 1);
  bench_add("mul_base", run_mul_base, base, 1);
  bench_add("mul", run_mul, multiply, 1);
  bench_add("double_mul_vartime", run_double_mul, both, 1);
  bench_add("msm_vartime 1", run_msm_1, multiply, 1);
  bench_add("msm_vartime 2", run_msm_2, sum_2, 1);
  bench_add("msm_vartime 3", run_msm_3, up, 1);
  bench_add("msm_vartime 7", run_msm_7, sum_7, 1);
  bench_add("msm_vartime 10", run_msm_10, up, 1);
  bench_add("msm_vartime 67", run_msm_67, sum_67, 1);
  bench_add("msm_vartime 100", run_msm_100, up, 1);
  bench_add("msm_vartime 200", run_msm_200, up, 1);
  bench_add("msm_vartime 1000", run_msm_1000, up, 1);
  bench_add("decode_vartime", run_decode, parse, 1);
  bench_add("decode_batch_vartime 134, each", run_decode_batch, parse, 134);
  bench_add("encode", run_encode, up, 1);
  bench_add("encode_batch 134, each", run_encode_batch, up, 134);
  bench_add("add", run_add, addition, 1);
  bench_add("equal", run_equal, up, 1);
  bench_add("scalar_add", run_scalar_add, up, 1);
  bench_add("scalar_mul", run_scalar_mul, up, 1);
  bench_add("scalar_reduce 48", run_scalar_reduce, up, 1);
  bench_add("scalar_invert", run_scalar_invert, inverse, 1);
  bench_add("scalar_invert_vartime", run_scalar_invert_vartime, inverse, 1);
  bench_report();
  return 0;
}
