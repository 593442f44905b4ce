/* secp256k1 beside libsecp256k1: bench_secp256k1 [portable]. Us is libsecp256k1's Schnorr verification. */
#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_schnorrsig.h>

#include "bench_weierstrass.h"

#include "../core/secp256k1/backends.h"

static secp256k1_context *context;
static secp256k1_pubkey their_key;
static secp256k1_xonly_pubkey their_xonly;
static secp256k1_keypair their_pair;
static uint8_t secret[32], message[32], signature[64], shared_secret[32];

static void their_verify(void) { CHECK(secp256k1_schnorrsig_verify(context, signature, message, 32, &their_xonly)); }
static void their_base(void) {
  secp256k1_pubkey key;
  CHECK(secp256k1_ec_pubkey_create(context, &key, secret));
}
static void their_ecdh(void) { CHECK(secp256k1_ecdh(context, shared_secret, &their_key, secret, NULL, NULL)); }
static void their_multiply(void) {
  secp256k1_pubkey key = their_key;
  CHECK(secp256k1_ec_pubkey_tweak_mul(context, &key, secret));
}
static void their_parse(void) {
  secp256k1_pubkey key;
  CHECK(secp256k1_ec_pubkey_parse(context, &key, bench_bytes, 33));
}

static void prepare(void) {
  context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
  for (int i = 0; i < 32; i++) secret[i] = (uint8_t)test_random(), message[i] = (uint8_t)test_random();
  CHECK(secp256k1_ec_pubkey_create(context, &their_key, secret));
  CHECK(secp256k1_keypair_create(context, &their_pair, secret));
  CHECK(secp256k1_keypair_xonly_pub(context, &their_xonly, NULL, &their_pair));
  CHECK(secp256k1_schnorrsig_sign32(context, signature, message, &their_pair, NULL));
}

int main(int argc, char **argv) {
  g = argc > 1 && strcmp(argv[1], "portable") == 0 ? &ts_secp256k1_portable : &ts_secp256k1;
  prepare();
  bench_prepare();
  const int us = bench_add("Us: libsecp256k1 schnorrsig_verify", their_verify, -1, 1);
  const int base = bench_add("libsecp256k1 ec_pubkey_create", their_base, us, 1);
  const int ecdh = bench_add("libsecp256k1 ecdh", their_ecdh, us, 1);
  const int multiply = bench_add("libsecp256k1 ec_pubkey_tweak_mul", their_multiply, us, 1);
  const int parse = bench_add("libsecp256k1 ec_pubkey_parse", their_parse, us, 1);
  bench_add("mul_base", run_mul_base, base, 1);
  bench_add("mul", run_mul, ecdh, 1);
  bench_add("double_mul_vartime", run_double_mul, us, 1);
  bench_add("msm_vartime 1", run_msm_1, multiply, 1);
  bench_add("msm_vartime 2", run_msm_2, us, 1);
  bench_add("msm_vartime 3", run_msm_3, us, 1);
  bench_add("msm_vartime 7", run_msm_7, us, 1);
  bench_add("msm_vartime 10", run_msm_10, us, 1);
  bench_add("msm_vartime 67", run_msm_67, us, 1);
  bench_add("msm_vartime 100", run_msm_100, us, 1);
  bench_add("msm_vartime 200", run_msm_200, us, 1);
  bench_add("msm_vartime 1000", run_msm_1000, us, 1);
  bench_add("decode_vartime", run_decode, parse, 1);
  bench_add("decode_batch_vartime 134, each", run_decode_batch, parse, 134);
  bench_add("encode", run_encode, us, 1);
  bench_add("encode_batch 134, each", run_encode_batch, us, 134);
  bench_add("add", run_add, us, 1);
  bench_add("equal", run_equal, us, 1);
  bench_add("scalar_add", run_scalar_add, us, 1);
  bench_add("scalar_mul", run_scalar_mul, us, 1);
  bench_add("scalar_reduce 48", run_scalar_reduce, us, 1);
  bench_add("scalar_invert", run_scalar_invert, us, 1);
  bench_add("scalar_invert_vartime", run_scalar_invert_vartime, us, 1);
  bench_report();
  return 0;
}
