/* edwards448 beside libdecaf and OpenSSL: one line per operation, with its median time and its ratio to the peer's in
 * the same run. Operations take turns, PASSES times. U4 is libdecaf's Ed448 verification. */
#include <decaf.h>
#include <decaf/ed448.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "thresign/group.h"
#include "thresign/shake256.h"
#include "variants.h"

#define PASSES 41
#define PASS_NS 1500000.0
#define POINTS 512

static ts_group way[4];  /* with THRESIGN_WAY=1, 2, 3: portable, AVX2, IFMA; otherwise the best */
static const ts_group *g = &ts_edwards448;

static ts_scalar k[POINTS], r;
static ts_element A[POINTS], sum;
static uint8_t bytes[POINTS * 57], out[POINTS * 57], message[32];
static decaf_448_scalar_t peer_k, peer_m;
static decaf_448_point_t peer_a, peer_r;
static uint8_t peer_secret[57], peer_public[57], signature[114];
static EVP_PKEY *key;
static EVP_MD_CTX *digest;

static void mul_base(void) { g->mul_base(&sum, &k[0]); }
static void mul(void) { g->mul(&sum, &k[0], &A[1]); }
static void double_mul(void) { g->double_mul_vartime(&sum, &k[0], &A[1], &k[1]); }
static void msm_1(void) { g->msm_vartime(&sum, k, A, 1); }
static void msm_2(void) { g->msm_vartime(&sum, k, A, 2); }
static void msm_3(void) { g->msm_vartime(&sum, k, A, 3); }
static void msm_7(void) { g->msm_vartime(&sum, k, A, 7); }
static void msm_20(void) { g->msm_vartime(&sum, k, A, 20); }
static void msm_67(void) { g->msm_vartime(&sum, k, A, 67); }
static void msm_200(void) { g->msm_vartime(&sum, k, A, 200); }
static void msm_512(void) { g->msm_vartime(&sum, k, A, 512); }
static void add(void) { g->add(&sum, &sum, &A[1]); }
static void equal(void) { r.limb[0] ^= g->equal(&A[0], &A[1]); }
static void encode(void) { g->encode(out, &A[0]); }
static void encode_batch(void) { g->encode_batch(out, A, 64); }
static void decode(void) { if (!g->decode_vartime(&sum, bytes)) abort(); }
static void decode_batch(void) {
  static ts_element decoded[64];
  size_t bad;
  if (!g->decode_batch_vartime(decoded, bytes, 64, &bad)) abort();
}
static void scalar_mul(void) { g->scalar_mul(&r, &r, &k[0]); }
static void scalar_add(void) { g->scalar_add(&r, &r, &k[0]); }
static void scalar_reduce(void) { g->scalar_reduce(&r, bytes, 114); }
static void scalar_invert(void) { g->scalar_invert(&r, &k[0]); }
static void scalar_invert_vartime(void) { g->scalar_invert_vartime(&r, &k[0]); }
static void shake(void) {
  ts_shake256 s;
  ts_shake256_init(&s);
  ts_shake256_absorb(&s, bytes, 4096);
  ts_shake256_squeeze(&s, out, 114);
}

static void peer_mul_base(void) { decaf_448_precomputed_scalarmul(peer_r, decaf_448_precomputed_base, peer_k); }
static void peer_mul(void) { decaf_448_point_scalarmul(peer_r, peer_a, peer_k); }
static void peer_double_mul(void) { decaf_448_base_double_scalarmul_non_secret(peer_r, peer_m, peer_a, peer_k); }
static void peer_add(void) { decaf_448_point_add(peer_r, peer_r, peer_a); }
static void peer_encode(void) { decaf_448_point_mul_by_ratio_and_encode_like_eddsa(out, peer_a); }
static void peer_decode(void) {
  if (decaf_448_point_decode_like_eddsa_and_mul_by_ratio(peer_r, bytes) != DECAF_SUCCESS) abort();
}
static void peer_scalar_mul(void) { decaf_448_scalar_mul(peer_m, peer_m, peer_k); }
static void peer_scalar_invert(void) {
  if (decaf_448_scalar_invert(peer_m, peer_k) != DECAF_SUCCESS) abort();
}
static void peer_verify(void) {
  if (decaf_ed448_verify(signature, peer_public, message, sizeof message, 0, NULL, 0) != DECAF_SUCCESS) abort();
}
static void openssl_sign(void) {
  uint8_t signed_by_peer[114];
  size_t size = sizeof signed_by_peer;
  EVP_MD_CTX_reset(digest);
  if (EVP_DigestSignInit(digest, NULL, NULL, NULL, key) != 1) abort();
  if (EVP_DigestSign(digest, signed_by_peer, &size, message, sizeof message) != 1) abort();
}
static void openssl_verify(void) {
  EVP_MD_CTX_reset(digest);
  if (EVP_DigestVerifyInit(digest, NULL, NULL, NULL, key) != 1) abort();
  if (EVP_DigestVerify(digest, signature, sizeof signature, message, sizeof message) != 1) abort();
}
static void openssl_shake(void) {
  EVP_MD_CTX_reset(digest);
  EVP_DigestInit_ex(digest, EVP_shake256(), NULL);
  EVP_DigestUpdate(digest, bytes, 4096);
  EVP_DigestFinalXOF(digest, out, 114);
}

typedef struct { const char *name; void (*run)(void); const char *peer; } row;

static const row rows[] = {
  {"U4: libdecaf verify", peer_verify, NULL},
  {"libdecaf base", peer_mul_base, NULL},
  {"libdecaf mul", peer_mul, NULL},
  {"libdecaf a*A + b*G", peer_double_mul, NULL},
  {"libdecaf add", peer_add, NULL},
  {"libdecaf encode", peer_encode, NULL},
  {"libdecaf decode", peer_decode, NULL},
  {"libdecaf scalar mul", peer_scalar_mul, NULL},
  {"libdecaf scalar invert", peer_scalar_invert, NULL},
  {"OpenSSL Ed448 sign", openssl_sign, NULL},
  {"OpenSSL Ed448 verify", openssl_verify, NULL},
  {"OpenSSL SHAKE256 4096 bytes", openssl_shake, NULL},
  {"mul_base", mul_base, "libdecaf base"},
  {"mul", mul, "libdecaf mul"},
  {"double_mul_vartime", double_mul, "U4: libdecaf verify"},
  {"msm_vartime 1", msm_1, "U4: libdecaf verify"},
  {"msm_vartime 2", msm_2, "U4: libdecaf verify"},
  {"msm_vartime 3", msm_3, "U4: libdecaf verify"},
  {"msm_vartime 7", msm_7, "U4: libdecaf verify"},
  {"msm_vartime 20", msm_20, "U4: libdecaf verify"},
  {"msm_vartime 67", msm_67, "U4: libdecaf verify"},
  {"msm_vartime 200", msm_200, "U4: libdecaf verify"},
  {"msm_vartime 512", msm_512, "U4: libdecaf verify"},
  {"add", add, "libdecaf add"},
  {"equal", equal, "libdecaf add"},
  {"encode", encode, "libdecaf encode"},
  {"encode_batch 64, all", encode_batch, "libdecaf encode"},
  {"decode_vartime", decode, "libdecaf decode"},
  {"decode_batch_vartime 64, all", decode_batch, "libdecaf decode"},
  {"scalar_mul", scalar_mul, "libdecaf scalar mul"},
  {"scalar_add", scalar_add, "libdecaf scalar mul"},
  {"scalar_reduce 114", scalar_reduce, "libdecaf scalar mul"},
  {"scalar_invert", scalar_invert, "libdecaf scalar invert"},
  {"scalar_invert_vartime", scalar_invert_vartime, "libdecaf scalar invert"},
  {"SHAKE256 4096 bytes", shake, "OpenSSL SHAKE256 4096 bytes"},
};
#define ROWS (sizeof rows / sizeof rows[0])

static double samples[ROWS][PASSES];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);  /* others share the machine */
  return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static double time_of(void (*run)(void), unsigned repeats) {
  double start = now();
  for (unsigned i = 0; i < repeats; i++) run();
  return (now() - start) / repeats;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void prepare(void) {
  uint64_t state = 88172645463325252;
  for (unsigned i = 0; i < POINTS; i++) {
    uint8_t wide[114];
    for (unsigned j = 0; j < sizeof wide; j++) {
      state ^= state << 13, state ^= state >> 7, state ^= state << 17;
      wide[j] = (uint8_t)(state >> 32);
    }
    g->scalar_reduce(&k[i], wide, sizeof wide);
    g->mul_base(&A[i], &k[i]);
  }
  r = k[1];
  sum = A[0];
  g->encode_batch(bytes, A, POINTS);
  g->scalar_encode(out, &k[0]);
  if (decaf_448_scalar_decode(peer_k, out) != DECAF_SUCCESS) abort();
  g->scalar_encode(out, &k[1]);
  if (decaf_448_scalar_decode(peer_m, out) != DECAF_SUCCESS) abort();
  if (decaf_448_point_decode_like_eddsa_and_mul_by_ratio(peer_a, bytes) != DECAF_SUCCESS) abort();
  memcpy(peer_secret, bytes, sizeof peer_secret);
  decaf_ed448_derive_public_key(peer_public, peer_secret);
  decaf_eddsa_448_keypair_t pair;
  decaf_ed448_derive_keypair(pair, peer_secret);
  decaf_ed448_keypair_sign(signature, pair, message, sizeof message, 0, NULL, 0);
  key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED448, NULL, peer_secret, sizeof peer_secret);
  digest = EVP_MD_CTX_new();
}

int main(void) {
  static unsigned repeats[ROWS];
  static double median[ROWS];
  unsigned ways = edwards448_variants(way);
  const char *forced = getenv("THRESIGN_WAY");
  if (forced != NULL && (unsigned)atoi(forced) < ways) g = &way[atoi(forced)];
  puts(g->name);
  prepare();
  for (size_t i = 0; i < ROWS; i++) {
    double once = time_of(rows[i].run, 3);
    repeats[i] = once > PASS_NS ? 1 : (unsigned)(PASS_NS / once) + 1;
  }
  for (int pass = 0; pass < PASSES; pass++)
    for (size_t i = 0; i < ROWS; i++) samples[i][pass] = time_of(rows[i].run, repeats[i]);
  for (size_t i = 0; i < ROWS; i++) {
    qsort(samples[i], PASSES, sizeof(double), by_value);
    median[i] = samples[i][PASSES / 2];
    printf("%-30s %12.1f ns", rows[i].name, median[i]);
    for (size_t j = 0; j < i && rows[i].peer != NULL; j++)
      if (strcmp(rows[j].name, rows[i].peer) == 0) printf("   %6.3f x %s", median[i] / median[j], rows[j].name);
    putchar('\n');
  }
  return 0;
}
