/* Every function of the table without _vartime, on secrets, and the portable ones behind it. See secret.h. */
#include "check.h"
#include "element.h"
#include "multiply.h"
#include "secret.h"
#include "thresign/group.h"

static const ts_group *const g = &ts_edwards448;

#define COUNT 5

static void secret_scalars(ts_scalar *k, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint8_t bytes[57];
    test_random_bytes(bytes, sizeof bytes);
    bytes[56] = 0;
    bytes[55] &= 0x3f;
    SECRET(bytes, sizeof bytes);
    bool valid = g->scalar_decode(&k[i], bytes);
    PUBLIC(&valid, sizeof valid);
    if (!valid) i--;
  }
}

static void check_scalars(void) {
  ts_scalar k[3], r;
  uint8_t bytes[TS_SCALAR_WIDE_BYTES_MAX];
  bool verdict;
  secret_scalars(k, 3);
  g->scalar_encode(bytes, &k[0]);
  test_random_bytes(bytes, sizeof bytes);
  SECRET(bytes, sizeof bytes);
  g->scalar_reduce(&k[0], bytes, sizeof bytes);
  g->scalar_reduce(&k[1], bytes, 57);
  uint64_t value = test_random();
  SECRET(&value, sizeof value);
  g->scalar_set_u64(&r, value);
  g->scalar_add(&r, &r, &k[0]);
  g->scalar_sub(&r, &r, &k[1]);
  g->scalar_negate(&r, &r);
  g->scalar_mul(&r, &r, &k[2]);
  g->scalar_muladd(&r, &r, &k[0], &k[1]);
  g->scalar_invert(&r, &r);
  verdict = g->scalar_is_zero(&r);
  PUBLIC(&verdict, sizeof verdict);
  CHECK(!verdict);
  verdict = g->scalar_equal(&r, &k[0]);
  PUBLIC(&verdict, sizeof verdict);
  CHECK(!verdict);
}

static void check_elements(void) {
  ts_scalar k[COUNT];
  ts_element a[COUNT], r;
  uint8_t bytes[COUNT * 57];
  bool verdict;
  secret_scalars(k, COUNT);
  g->set_generator(&r);
  g->set_identity(&a[0]);
  g->add(&r, &r, &a[0]);
  for (int i = 0; i < COUNT; i++) {
    g->mul_base(&a[i], &k[i]);
    g->mul(&r, &k[i], &a[i]);  /* both secret */
    g->negate(&r, &r);
    g->add(&a[i], &r, &a[i]);
    g->add(&a[i], &a[i], &a[i]);
    ts_edwards448_portable_mul_base(&r, &k[i]);
    ts_edwards448_portable_mul(&r, &k[i], &r);
    ts_edwards448_portable_add(&a[i], &a[i], &r);
  }
  g->encode(bytes, &a[0]);
  g->encode_batch(bytes, a, COUNT);
  verdict = g->is_identity(&a[0]);
  PUBLIC(&verdict, sizeof verdict);
  CHECK(!verdict);
  verdict = g->equal(&a[0], &a[1]);
  PUBLIC(&verdict, sizeof verdict);
  CHECK(!verdict);
#if PLANTED_LEAK
  PUBLIC(&verdict, sizeof verdict);
  if ((bytes[0] & 1) != 0) puts("leaked");  /* a branch on a secret */
#endif
}

int main(void) {
  (void)test_random();
  for (int i = 0; i < 3; i++) {
    check_scalars();
    check_elements();
  }
  return 0;
}
