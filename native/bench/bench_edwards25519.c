/* Times of both groups beside libsodium's, in the same run: median of interleaved passes. Absolute figures say little
 * on a shared machine; the last column is the ratio to the peer's operation, or to U, libsodium's Ed25519
 * verification. */
#define _POSIX_C_SOURCE 200809L

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../tests/edwards25519/paths.h"
#include "thresign/group.h"

#define PASSES 61
#define POINTS 800

static const ts_group *g = &ts_edwards25519;
static ts_scalar k[POINTS], out_scalar;
static ts_element a[POINTS], out[POINTS];
static uint8_t bytes[POINTS * 32], scalar_bytes[32], result[POINTS * 32], other[32];
static uint8_t ed_point[32], ri_point[32];
static uint8_t key[32], secret[64], signature[64];
static size_t path, size, bad;
static volatile int status;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void run_peer_verify(void) { status = crypto_sign_verify_detached(signature, secret, 32, key); }
static void run_peer_base(void) { status = crypto_scalarmult_ed25519_base_noclamp(result, scalar_bytes); }
static void run_peer_mul(void) { status = crypto_scalarmult_ed25519_noclamp(result, scalar_bytes, ed_point); }
static void run_peer_ri_mul(void) { status = crypto_scalarmult_ristretto255(result, scalar_bytes, ri_point); }
static void run_peer_valid(void) { status = crypto_core_ed25519_is_valid_point(ed_point); }
static void run_peer_ri_valid(void) { status = crypto_core_ristretto255_is_valid_point(ri_point); }
static void run_peer_scalar_mul(void) { crypto_core_ed25519_scalar_mul(result, scalar_bytes, other); }
static void run_peer_scalar_invert(void) { status = crypto_core_ed25519_scalar_invert(result, scalar_bytes); }
static void run_peer_add(void) { status = crypto_core_ed25519_add(result, ed_point, ed_point); }

static void run_scalar_mul(void) { g->scalar_mul(&out_scalar, &k[0], &k[1]); }
static void run_scalar_invert(void) { g->scalar_invert(&out_scalar, &k[0]); }
static void run_scalar_invert_vartime(void) { g->scalar_invert_vartime(&out_scalar, &k[0]); }
static void run_scalar_reduce(void) { g->scalar_reduce(&out_scalar, bytes, 64); }
static void run_add(void) { g->add(&out[0], &out[0], &a[1]); }
static void run_mul_base(void) { implementations[path].mul_base(&out[0], &k[0]); }
static void run_mul(void) { implementations[path].mul(&out[0], &k[0], &a[0]); }
static void run_encode(void) { g->encode(result, &a[0]); }
static void run_encode_batch(void) { g->encode_batch(result, a, size); }
static void run_decode(void) { (void)g->decode_vartime(&out[0], bytes); }
static void run_decode_batch(void) { (void)decode_batch_of(g, &implementations[path])(out, bytes, size, &bad); }
static void run_double_mul(void) { implementations[path].double_mul(&out[0], &k[0], &a[0], &k[1]); }
static void run_msm(void) { implementations[path].msm(&out[0], k, a, size); }

typedef struct {
  const char *name;
  void (*run)(void);
  const ts_group *group;
  size_t path, size, peer; /* peer: row to divide by */
  double ns[PASSES];
} row;

enum { PEER_VERIFY, PEER_BASE, PEER_MUL, PEER_RI_MUL, PEER_VALID, PEER_RI_VALID, PEER_SMUL, PEER_SINV, PEER_ADD };

static row rows[100] = {
    {.name = "libsodium verify (U)", .run = run_peer_verify},
    {.name = "libsodium mul_base", .run = run_peer_base},
    {.name = "libsodium mul (checks its point)", .run = run_peer_mul},
    {.name = "libsodium ristretto255 mul", .run = run_peer_ri_mul},
    {.name = "libsodium is_valid_point", .run = run_peer_valid},
    {.name = "libsodium ristretto255 is_valid", .run = run_peer_ri_valid},
    {.name = "libsodium scalar_mul", .run = run_peer_scalar_mul},
    {.name = "libsodium scalar_invert", .run = run_peer_scalar_invert},
    {.name = "libsodium add (bytes)", .run = run_peer_add},
    {.name = "scalar_mul", .run = run_scalar_mul, .peer = PEER_SMUL},
    {.name = "scalar_reduce 64", .run = run_scalar_reduce, .peer = PEER_SMUL},
    {.name = "scalar_invert", .run = run_scalar_invert, .peer = PEER_SINV},
    {.name = "scalar_invert_vartime", .run = run_scalar_invert_vartime, .peer = PEER_SINV},
    {.name = "add", .run = run_add, .peer = PEER_ADD},
    {.name = "encode", .run = run_encode, .peer = PEER_VERIFY},
    {.name = "encode_batch 64", .run = run_encode_batch, .size = 64, .peer = PEER_VERIFY},
    {.name = "decode", .run = run_decode, .peer = PEER_VALID},
    {.name = "ristretto255 encode", .run = run_encode, .group = &ts_ristretto255, .peer = PEER_VERIFY},
    {.name = "ristretto255 encode_batch 64", .run = run_encode_batch, .group = &ts_ristretto255, .size = 64},
    {.name = "ristretto255 decode", .run = run_decode, .group = &ts_ristretto255, .peer = PEER_RI_VALID},
};

static int compare(const void *x, const void *y) {
  const double p = *(const double *)x, q = *(const double *)y;
  return p < q ? -1 : p > q;
}

static double median(row *r) {
  qsort(r->ns, PASSES, sizeof r->ns[0], compare);
  return r->ns[PASSES / 2];
}

/* Points and bytes of the row's group, so that the time is of the work and not of failing. */
static void prepare(const ts_group *group) {
  if (group == g && k[0].limb[0] != 0) return;
  g = group;
  for (size_t i = 0; i < POINTS; i++) {
    uint8_t random[64];
    randombytes_buf(random, sizeof random);
    g->scalar_reduce(&k[i], random, sizeof random);
    g->mul_base(&a[i], &k[i]);
    randombytes_buf(random, sizeof random);
    g->scalar_reduce(&k[i], random, sizeof random);
  }
  g->encode_batch(bytes, a, POINTS);
  out[0] = a[0];
}

static size_t add_paths(size_t count) {
  static const size_t sizes[] = {2, 3, 7, 10, 20, 67, 100, 134, 200, 400, 800};
  static char names[100][64];
  for (size_t p = 0; p < implementations_here(); p++) {
    const implementation *here = &implementations[p];
    if (here->mul != NULL) {
      snprintf(names[count], 64, "[%s] mul_base", here->name);
      rows[count] = (row){.name = names[count], .run = run_mul_base, .path = p, .peer = PEER_BASE};
      count++;
      snprintf(names[count], 64, "[%s] mul", here->name);
      rows[count] = (row){.name = names[count], .run = run_mul, .path = p, .peer = PEER_RI_MUL};
      count++;
    }
    snprintf(names[count], 64, "[%s] double_mul", here->name);
    rows[count] = (row){.name = names[count], .run = run_double_mul, .path = p};
    count++;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++, count++) {
      snprintf(names[count], 64, "[%s] msm %zu", here->name, sizes[i]);
      rows[count] = (row){.name = names[count], .run = run_msm, .path = p, .size = sizes[i]};
    }
    for (size_t i = 0; i < 4 && here->decode_edwards25519 != NULL; i++, count++) {
      const size_t n = i % 2 ? 64 : 8;
      const ts_group *group = i < 2 ? &ts_edwards25519 : &ts_ristretto255;
      snprintf(names[count], 64, "[%s] %s decode_batch %zu", here->name, i < 2 ? "ed" : "ri", n);
      rows[count] = (row){.name = names[count], .run = run_decode_batch, .group = group, .path = p, .size = n};
    }
  }
  return count;
}

int main(int argc, char **argv) {
  size_t count = 0;
  if (sodium_init() < 0) return 1;
  while (rows[count].run != NULL) count++;
  count = add_paths(count);
  crypto_sign_keypair(key, secret);
  crypto_sign_detached(signature, NULL, secret, 32, secret);
  crypto_core_ed25519_scalar_random(scalar_bytes);
  crypto_core_ed25519_scalar_random(other);
  crypto_scalarmult_ed25519_base_noclamp(ed_point, scalar_bytes);
  crypto_scalarmult_ristretto255_base(ri_point, scalar_bytes);
  for (size_t pass = 0; pass < PASSES; pass++) {
    for (size_t i = 0; i < count; i++) {
      row *r = &rows[i];
      if (argc > 1 && i > PEER_ADD && strstr(r->name, argv[1]) == NULL) continue;
      prepare(r->group != NULL ? r->group : &ts_edwards25519);
      path = r->path;
      size = r->size;
      unsigned repeat = 0;
      r->run(); /* warm */
      const uint64_t start = now();
      uint64_t end;
      do {
        r->run();
        repeat++;
        end = now();
      } while (end - start < 100000);
      r->ns[pass] = (double)(end - start) / repeat;
    }
  }
  double peers[PEER_ADD + 1];
  for (size_t i = 0; i < count; i++) {
    row *r = &rows[i];
    const double ns = median(r);
    if (i <= PEER_ADD) peers[i] = ns;
    if (ns == 0) continue;
    printf("%-36s %11.0f ns  %7.3f of %s", r->name, ns, ns / peers[i <= PEER_ADD ? PEER_VERIFY : r->peer],
           rows[i <= PEER_ADD ? PEER_VERIFY : r->peer].name);
    if (r->size > 1) printf("  (%.0f ns each)", ns / (double)r->size);
    putchar('\n');
  }
  return 0;
}
