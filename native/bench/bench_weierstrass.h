/* What bench_secp256k1.c and bench_p256.c share: operations of a group, interleaved passes, medians and ratios. */
#ifndef THRESIGN_BENCH_WEIERSTRASS_H
#define THRESIGN_BENCH_WEIERSTRASS_H

#include <time.h>

#include "check.h"
#include "thresign/group.h"

enum { BENCH_POINTS = 1000, BENCH_PASSES = 15, BENCH_ROWS = 64 };

typedef struct {
  const char *name;
  void (*run)(void);
  int peer;           /* the row to compare with, or -1 */
  double per;         /* operations in one run */
  long repeat;        /* runs in a pass, chosen so that a pass takes about 2 ms */
  double ns[BENCH_PASSES];
} bench_row;

static bench_row bench_rows[BENCH_ROWS];
static int bench_count;

static const ts_group *g;
static ts_scalar bench_k[BENCH_POINTS], bench_r;
static ts_element bench_a[BENCH_POINTS], bench_out[BENCH_POINTS];
static uint8_t bench_bytes[33 * BENCH_POINTS], bench_wide[64];

static double bench_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static int bench_add(const char *name, void (*run)(void), int peer, double per) {
  CHECK(bench_count < BENCH_ROWS);
  bench_rows[bench_count] = (bench_row){.name = name, .run = run, .peer = peer, .per = per};
  return bench_count++;
}

static int bench_compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double bench_median(const double *values) {
  double sorted[BENCH_PASSES];
  memcpy(sorted, values, sizeof sorted);
  qsort(sorted, BENCH_PASSES, sizeof sorted[0], bench_compare);
  return sorted[BENCH_PASSES / 2];
}

/* Prints one line per row: nanoseconds, and the median over the passes of the ratio to the row's peer. */
static void bench_report(void) {
  for (int i = 0; i < bench_count; i++) {
    bench_row *row = &bench_rows[i];
    const double start = bench_now();
    row->run();
    const double once = bench_now() - start;
    row->repeat = 1 + (long)(2e6 / (once + 1));
  }
  for (int pass = 0; pass < BENCH_PASSES; pass++) {
    for (int i = 0; i < bench_count; i++) {
      bench_row *row = &bench_rows[i];
      const double start = bench_now();
      for (long j = 0; j < row->repeat; j++) row->run();
      row->ns[pass] = (bench_now() - start) / ((double)row->repeat * row->per);
    }
  }
  for (int i = 0; i < bench_count; i++) {
    const bench_row *row = &bench_rows[i];
    printf("%-44s %12.1f ns", row->name, bench_median(row->ns));
    if (row->peer >= 0) {
      const bench_row *peer = &bench_rows[row->peer];
      double ratio[BENCH_PASSES];
      for (int pass = 0; pass < BENCH_PASSES; pass++) ratio[pass] = row->ns[pass] / peer->ns[pass];
      printf("  %7.3f of %s", bench_median(ratio), peer->name);
    }
    printf("\n");
  }
}

static void bench_prepare(void) {
  for (int i = 0; i < BENCH_POINTS; i++) {
    uint8_t bytes[48];
    for (int j = 0; j < 48; j++) bytes[j] = (uint8_t)test_random();
    g->scalar_reduce(&bench_k[i], bytes, 48);
    g->mul_base(&bench_a[i], &bench_k[i]);
    g->encode(bench_bytes + 33 * i, &bench_a[i]);
    CHECK(g->decode_vartime(&bench_a[i], bench_bytes + 33 * i));
    for (int j = 0; j < 48; j++) bytes[j] = (uint8_t)test_random();
    g->scalar_reduce(&bench_k[i], bytes, 48);
  }
}

static void run_mul_base(void) { g->mul_base(&bench_out[0], &bench_k[0]); }
static void run_mul(void) { g->mul(&bench_out[0], &bench_k[0], &bench_a[0]); }
static void run_double_mul(void) { g->double_mul_vartime(&bench_out[0], &bench_k[0], &bench_a[0], &bench_k[1]); }
static void run_msm_1(void) { g->msm_vartime(&bench_out[0], bench_k, bench_a, 1); }
static void run_msm_2(void) { g->msm_vartime(&bench_out[0], bench_k, bench_a, 2); }
static void run_msm_3(void) { g->msm_vartime(&bench_out[0], bench_k, bench_a, 3); }
static void run_msm_7(void) { g->msm_vartime(&bench_out[0], bench_k, bench_a, 7); }
static void run_msm_10(void) { g->msm_vartime(&bench_out[0], bench_k, bench_a, 10); }
static void run_msm_67(void) { g->msm_vartime(&bench_out[0], bench_k, bench_a, 67); }
static void run_msm_100(void) { g->msm_vartime(&bench_out[0], bench_k, bench_a, 100); }
static void run_msm_200(void) { g->msm_vartime(&bench_out[0], bench_k, bench_a, 200); }
static void run_msm_1000(void) { g->msm_vartime(&bench_out[0], bench_k, bench_a, 1000); }
static void run_add(void) { g->add(&bench_out[0], &bench_a[0], &bench_a[1]); }
static void run_equal(void) { (void)g->equal(&bench_a[0], &bench_a[0]); }
static void run_decode(void) { (void)g->decode_vartime(&bench_out[0], bench_bytes); }
static void run_decode_batch(void) {
  size_t bad;
  (void)g->decode_batch_vartime(bench_out, bench_bytes, 134, &bad);
}
static void run_encode(void) { g->encode(bench_bytes, &bench_a[0]); }
static void run_encode_batch(void) { g->encode_batch(bench_bytes, bench_a, 134); }
static void run_scalar_add(void) { g->scalar_add(&bench_r, &bench_k[0], &bench_k[1]); }
static void run_scalar_mul(void) { g->scalar_mul(&bench_r, &bench_k[0], &bench_k[1]); }
static void run_scalar_reduce(void) { g->scalar_reduce(&bench_r, bench_wide, 48); }
static void run_scalar_invert(void) { g->scalar_invert(&bench_r, &bench_k[0]); }
static void run_scalar_invert_vartime(void) { g->scalar_invert_vartime(&bench_r, &bench_k[0]); }

#endif
