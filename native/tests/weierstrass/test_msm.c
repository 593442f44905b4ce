/* Sums of multiples: every count from 0 to 40, others up to beyond the change to buckets, and operands that
 * collide. */
#include "curves.h"

enum { MOST = 1100 };

static const ts_group *g;
static ts_scalar k[MOST];
static ts_element a[MOST];

/* The sum by single multiplications, which test_element.c has looked at. */
static void one_by_one(ts_element *sum, size_t count) {
  ts_element term;
  g->set_identity(sum);
  for (size_t i = 0; i < count; i++) {
    g->mul(&term, &k[i], &a[i]);
    g->add(sum, sum, &term);
  }
}

static void check(size_t count) {
  ts_element expected, r;
  one_by_one(&expected, count);
  memset(&r, 0xff, sizeof r);
  g->msm_vartime(&r, k, a, count);
  CHECK(test_same(g, &r, &expected));
  if (count > 0) { /* output as input */
    const size_t i = (size_t)(test_random() % count);
    const ts_element kept = a[i];
    g->msm_vartime(&a[i], k, a, count);
    CHECK(g->equal(&a[i], &expected));
    a[i] = kept;
  }
}

static void fill(size_t count) {
  for (size_t i = 0; i < count; i++) {
    test_random_scalar(g, &k[i]);
    test_random_point(g, &a[i]);
  }
}

/* What has to do with one another: equal and opposite points and scalars, identities and zeros, small scalars. */
static void collide(size_t count) {
  for (size_t i = 0; i < count; i++) {
    const size_t j = (size_t)(test_random() % count);
    switch (test_random() % 9) {
      case 0: a[i] = a[j]; break;
      case 1: g->negate(&a[i], &a[j]); break;
      case 2: k[i] = k[j]; break;
      case 3: g->scalar_negate(&k[i], &k[j]); break;
      case 4: a[i] = a[j], k[i] = k[j]; break;
      case 5: a[i] = a[j], g->scalar_negate(&k[i], &k[j]); break;
      case 6: g->set_identity(&a[i]); break;
      case 7: g->scalar_set_u64(&k[i], test_random() % 40); break;
      default: break;
    }
  }
}

/* All terms the same: nothing but exceptions of the addition. */
static void same(size_t count) {
  ts_element expected, r;
  ts_scalar sum;
  g->scalar_set_u64(&sum, 0);
  for (size_t i = 0; i < count; i++) {
    a[i] = a[0];
    k[i] = k[0];
    g->scalar_add(&sum, &sum, &k[i]);
  }
  g->mul(&expected, &sum, &a[0]);
  g->msm_vartime(&r, k, a, count);
  CHECK(test_same(g, &r, &expected));
  for (size_t i = 0; i < count; i++)
    if (i % 2 == 1) g->negate(&a[i], &a[0]);
  g->msm_vartime(&r, k, a, count);
  g->mul(&expected, &k[0], &a[0]);
  if (count % 2 == 0) CHECK(g->is_identity(&r));
  else CHECK(test_same(g, &r, &expected));
}

static void zeros(size_t count) {
  ts_element r;
  for (size_t i = 0; i < count; i++) {
    if (i % 2 == 0) g->scalar_set_u64(&k[i], 0);
    else g->set_identity(&a[i]);
  }
  g->msm_vartime(&r, k, a, count);
  CHECK(g->is_identity(&r));
}

int main(void) {
  static const size_t sizes[] = {41, 50, 63, 64, 65, 66, 67, 99, 127, 128, 129, 130, 150, 200, 201, 257, 299, 300};
  static const size_t large[] = {399, 400, 401, 511, 512, 513, 1025, MOST};
  for (size_t b = 0; (g = test_backend(b)) != NULL; b++) {
    for (size_t count = 0; count <= 40; count++) {
      for (int i = 0; i < TEST_ROUNDS(4); i++) {
        fill(count);
        check(count);
        for (int j = 0; j < TEST_ROUNDS(3); j++) {
          collide(count);
          check(count);
        }
      }
      if (count > 0) same(count);
      zeros(count);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i += 18 / TEST_ROUNDS(18)) {
      fill(sizes[i]);
      check(sizes[i]);
      collide(sizes[i]);
      check(sizes[i]);
      same(sizes[i]);
      zeros(sizes[i]);
    }
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i += sizeof large / sizeof large[0] / TEST_ROUNDS(8)) {
      fill(large[i]);
      check(large[i]);
      collide(large[i]);
      check(large[i]);
      same(large[i]);
      zeros(large[i]);
    }
  }
  return 0;
}
