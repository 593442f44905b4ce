/* Every function of the two tables without _vartime, on secrets that valgrind watches. */
#include "common.h"
#include "../../core/edwards25519/encode.h"
#include "paths.h"
#include "secret.h"

static void secret_scalar(ts_scalar *k) {
  random_scalar(k);
  SECRET(k, sizeof *k);
}

static void public_bool(bool verdict) { PUBLIC(&verdict, sizeof verdict); }

static void test_scalars(const ts_group *g) {
  uint8_t bytes[TS_SCALAR_WIDE_BYTES_MAX];
  ts_scalar a, b, c;
  static const size_t lengths[] = {0, 1, 32, 48, 64, TS_SCALAR_WIDE_BYTES_MAX};
  test_random_bytes(bytes, sizeof bytes);
  SECRET(bytes, sizeof bytes);
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) g->scalar_reduce(&a, bytes, lengths[i]);
  public_bool(g->scalar_decode(&b, bytes));
  g->scalar_encode(bytes, &a);
  public_bool(g->scalar_decode(&b, bytes));
  uint64_t small = test_random();
  SECRET(&small, sizeof small);
  g->scalar_set_u64(&c, small);
  secret_scalar(&b);
  g->scalar_add(&c, &c, &b);
  g->scalar_sub(&c, &c, &a);
  g->scalar_negate(&c, &c);
  g->scalar_mul(&c, &c, &b);
  g->scalar_muladd(&c, &a, &b, &c);
  g->scalar_invert(&c, &c);
  public_bool(g->scalar_is_zero(&c));
  public_bool(g->scalar_equal(&c, &a));
}

static void test_elements(const ts_group *g) {
  ts_element a, b, both[5];
  ts_scalar k;
  uint8_t bytes[5 * 32];
  secret_scalar(&k);
  g->mul_base(&a, &k);
  SECRET(&a, sizeof a);
  secret_scalar(&k);
  g->mul(&b, &k, &a);
  for (size_t i = 0; i < implementations_here(); i++) { /* whichever of them the table has */
    if (implementations[i].mul == NULL) continue;
    implementations[i].mul_base(&b, &k);
    implementations[i].mul(&b, &k, &b);
  }
  g->add(&a, &a, &b);
  g->negate(&a, &a);
  public_bool(g->is_identity(&a));
  public_bool(g->equal(&a, &b));
  g->encode(bytes, &a);
  for (int i = 0; i < 5; i++) both[i] = i % 2 ? a : b;
  g->encode_batch(bytes, both, 5);
  if (g->id == TS_GROUP_RISTRETTO255) ts_ristretto255_encode_batch_portable(bytes, both, 5);
  g->set_identity(&a);
  SECRET(&a, sizeof a);
  g->encode(bytes, &a);
  g->add(&a, &a, &b);
  g->set_generator(&a);
  SECRET(&a, sizeof a);
  g->mul(&a, &k, &a);
  g->encode_batch(bytes, &a, 1);
#if PLANTED_LEAK
  static volatile int counter;
  if (bytes[0] & 1) counter = counter + 1;
#endif
}

int main(void) {
  CHECK(sodium_init() >= 0);
  for (int i = 0; i < 2; i++) {
    for (int round = 0; round < 5; round++) {
      test_scalars(both_groups[i]);
      test_elements(both_groups[i]);
    }
  }
  return 0;
}
