#include "check.h"
#include "group_laws_internal.h"

#define MSM_MAX 1024

static ts_element points[MSM_MAX];
static ts_scalar factors[MSM_MAX];

static void check_single(const ts_group *g, const ts_scalar *k, const ts_element *a) {
  ts_element expected = law_slow_mul(g, k, a), x, generator;
  g->mul(&x, k, a);
  CHECK(g->equal(&x, &expected));
  CHECK(g->is_identity(&x) == (g->scalar_is_zero(k) || g->is_identity(a)));  /* the order is prime */
  x = *a;
  g->mul(&x, k, &x);
  CHECK(g->equal(&x, &expected));
  g->msm_vartime(&x, k, a, 1);
  CHECK(g->equal(&x, &expected));
  g->set_generator(&generator);
  expected = law_slow_mul(g, k, &generator);
  g->mul_base(&x, k);
  CHECK(g->equal(&x, &expected));
  g->mul(&x, k, &generator);
  CHECK(g->equal(&x, &expected));
}

static void check_double(const ts_group *g, const ts_scalar *a, const ts_element *A, const ts_scalar *b) {
  ts_element x, y, expected;
  g->mul(&x, a, A);
  g->mul_base(&y, b);
  g->add(&expected, &x, &y);
  g->double_mul_vartime(&x, a, A, b);
  CHECK(g->equal(&x, &expected));
  x = *A;
  g->double_mul_vartime(&x, a, &x, b);
  CHECK(g->equal(&x, &expected));
}

/* A = c G and b = -a c: the identity; also with b one off. */
static void check_cancellation(const ts_group *g) {
  ts_scalar a = law_random_scalar(g), b, c = law_random_scalar(g), one;
  ts_element A, x, generator;
  g->mul_base(&A, &c);
  g->scalar_mul(&b, &a, &c);
  g->scalar_negate(&b, &b);
  g->double_mul_vartime(&x, &a, &A, &b);
  CHECK(g->is_identity(&x));
  g->scalar_set_u64(&one, 1);
  g->scalar_add(&b, &b, &one);
  g->double_mul_vartime(&x, &a, &A, &b);
  g->set_generator(&generator);
  CHECK(g->equal(&x, &generator));
}

/* (k + m) A = k A + m A, k (A + B) = k A + k B, (k m) A = k (m A). */
static void check_linear(const ts_group *g) {
  ts_scalar k = law_random_scalar(g), m = law_random_scalar(g), t;
  ts_element A = law_random_element(g), B = law_random_element(g), x, y, z;
  g->scalar_add(&t, &k, &m);
  g->mul(&x, &t, &A);
  g->mul(&y, &k, &A);
  g->mul(&z, &m, &A);
  g->add(&z, &y, &z);
  CHECK(g->equal(&x, &z));
  g->mul(&z, &k, &B);
  g->add(&y, &y, &z);
  g->add(&x, &A, &B);
  g->mul(&x, &k, &x);
  CHECK(g->equal(&x, &y));
  g->scalar_mul(&t, &k, &m);
  g->mul(&x, &t, &A);
  g->mul(&y, &m, &A);
  g->mul(&y, &k, &y);
  CHECK(g->equal(&x, &y));
}

/* Terms as they come: random, with zeros, identities, equal and opposite points and scalars among them. */
static void make_terms(const ts_group *g, size_t count) {
  for (size_t i = 0; i < count; i++) {
    factors[i] = law_random_scalar(g);
    points[i] = law_random_element(g);
    if (i == 0) continue;
    size_t j = (size_t)(test_random() % i);
    switch (test_random() % 12) {
      case 0: points[i] = points[j]; break;
      case 1: g->negate(&points[i], &points[j]); break;
      case 2: factors[i] = factors[j]; break;
      case 3: points[i] = points[j]; factors[i] = factors[j]; break;
      case 4: points[i] = points[j]; g->scalar_negate(&factors[i], &factors[j]); break;
      case 5: g->scalar_set_u64(&factors[i], test_random() % 3); break;
      default: break;
    }
  }
}

static void check_sum(const ts_group *g, size_t count) {
  ts_element expected, x, saved;
  make_terms(g, count);
  g->set_identity(&expected);
  for (size_t i = 0; i < count; i++) {
    g->mul(&x, &factors[i], &points[i]);
    g->add(&expected, &expected, &x);
  }
  g->msm_vartime(&x, factors, points, count);
  CHECK(g->equal(&x, &expected));
  if (count == 0) {
    CHECK(g->is_identity(&x));
    g->msm_vartime(&x, NULL, NULL, 0);
    CHECK(g->is_identity(&x));
    return;
  }
  size_t alias = (size_t)(test_random() % count);
  saved = points[alias];
  g->msm_vartime(&points[alias], factors, points, count);
  CHECK(g->equal(&points[alias], &expected));
  points[alias] = saved;
}

/* All factors or all points the same extreme. */
static void check_uniform_sum(const ts_group *g, size_t count, unsigned edge) {
  ts_element total, x;
  ts_scalar k = law_edge_scalar(g, edge);
  g->set_identity(&total);
  for (size_t i = 0; i < count; i++) {
    factors[i] = k;
    points[i] = law_random_element(g);
    g->add(&total, &total, &points[i]);
  }
  g->mul(&total, &k, &total);
  g->msm_vartime(&x, factors, points, count);
  CHECK(g->equal(&x, &total));
}

void laws_of_multiplication(const ts_group *g, group_laws_effort effort) {
  for (unsigned i = 0; i < LAW_EDGE_SCALARS; i++) {
    ts_scalar k = law_edge_scalar(g, i), m = law_edge_scalar(g, (unsigned)(test_random() % LAW_EDGE_SCALARS));
    ts_element a = law_random_element(g);
    check_single(g, &k, &a);
    check_double(g, &k, &a, &m);
    check_uniform_sum(g, (size_t)(i % 9), i);
  }
  for (unsigned i = 0; i < effort.rounds; i++) {
    ts_scalar k = law_random_scalar(g), m = law_random_scalar(g);
    ts_element a = law_random_element(g);
    check_single(g, &k, &a);
    check_double(g, &k, &a, &m);
    check_cancellation(g);
    check_linear(g);
  }
  for (size_t count = 0; count <= 40; count++) check_sum(g, count);
  CHECK(effort.largest_msm <= MSM_MAX);
  for (size_t count = 41; count <= effort.largest_msm; count += 1 + count / 6) check_sum(g, count);
  if (effort.largest_msm > 40) check_sum(g, effort.largest_msm);
}
