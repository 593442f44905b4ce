/* Multi-scalar multiplication, every implementation, against sums of single multiplications. */
#include "../../core/edwards25519/mul.h"

#include "common.h"
#include "paths.h"

#define COUNT_MAX 1100

static ts_scalar k[COUNT_MAX];
static ts_element a[COUNT_MAX], partial[COUNT_MAX + 1]; /* partial[i] = sum of k[j] a[j] for j < i */

static void prepare(const ts_group *g, size_t count, bool edges) {
  g->set_identity(&partial[0]);
  for (size_t i = 0; i < count; i++) {
    if (edges) test_scalar(&k[i], test_random() % EDGE_SCALARS);
    else random_scalar(&k[i]);
    random_element(g, &a[i]);
    switch (test_random() % 16) {
      case 0: g->set_identity(&a[i]); break;
      case 1: if (i > 0) a[i] = a[i - 1]; break;
      case 2: if (i > 0) { g->negate(&a[i], &a[i - 1]); k[i] = k[i - 1]; } break;
      default: break;
    }
    g->mul(&partial[i + 1], &k[i], &a[i]);
    g->add(&partial[i + 1], &partial[i + 1], &partial[i]);
  }
}

static void test_sizes(const ts_group *g, msm_function *msm, size_t from, size_t to, size_t step) {
  for (size_t count = from; count <= to; count += step) {
    ts_element r;
    msm(&r, k, a, count);
    CHECK_EQUAL(g, &r, &partial[count]);
  }
}

int main(void) {
  CHECK(sodium_init() >= 0);
  for (int round = 0; round < 4; round++) {
    const ts_group *g = both_groups[round % 2];
    prepare(g, COUNT_MAX, round >= 2);
    for (size_t i = 0; i < implementations_here(); i++) {
      msm_function *msm = implementations[i].msm;
      test_sizes(g, msm, 0, 40, 1);
      test_sizes(g, msm, 41, 300, round < 2 ? 7 : 31);
      test_sizes(g, msm, 70, 75, 1);
      test_sizes(g, msm, 400, COUNT_MAX, 350);
    }
    test_sizes(g, g->msm_vartime, 0, 300, 50);
    /* Output over the first input. */
    ts_element first = a[0];
    g->msm_vartime(&a[0], k, a, 20);
    CHECK_EQUAL(g, &a[0], &partial[20]);
    a[0] = first;
  }
  /* a A + b G by every path. */
  for (int i = 0; i < 100 + TEST_ROUNDS(300); i++) {
    const ts_group *g = both_groups[i % 2];
    ts_scalar x, y;
    ts_element p, r, s, t;
    test_scalar(&x, i < 100 ? (uint64_t)i % 10 : 99);
    test_scalar(&y, i < 100 ? (uint64_t)i / 10 : 99);
    random_element(g, &p);
    if (i % 40 == 39) g->set_identity(&p);
    g->mul(&r, &x, &p);
    g->mul_base(&s, &y);
    g->add(&r, &r, &s);
    for (size_t path = 0; path < implementations_here(); path++) {
      implementations[path].double_mul(&t, &x, &p, &y);
      CHECK_EQUAL(g, &t, &r);
    }
  }
  return 0;
}
