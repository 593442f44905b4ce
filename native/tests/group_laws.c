#include "group_laws.h"

#include <stdbool.h>

#include "check.h"
#include "group_laws_internal.h"

void group_laws(const ts_group *g, group_laws_effort effort) {
  (void)test_random();  /* reads the seed */
  CHECK(g->name != NULL && g->name[0] != '\0' && g->id != 0);
  CHECK(g->scalar_bytes > 0 && g->scalar_bytes <= TS_SCALAR_BYTES_MAX);
  CHECK(g->element_bytes > 0 && g->element_bytes <= TS_ELEMENT_BYTES_MAX);
  laws_of_scalars(g, effort);
  laws_of_elements(g, effort);
  laws_of_encodings(g, effort);
  laws_of_multiplication(g, effort);
  printf("%s: the laws hold (seed %llu)\n", g->name, (unsigned long long)check_seed);
}

ts_scalar law_random_scalar(const ts_group *g) {
  uint8_t bytes[TS_SCALAR_WIDE_BYTES_MAX];
  ts_scalar result;
  unsigned kind = (unsigned)(test_random() % 8);
  if (kind == 0) return law_edge_scalar(g, (unsigned)(test_random() % LAW_EDGE_SCALARS));
  size_t length = kind == 1 ? g->scalar_bytes : sizeof bytes;
  test_random_bytes(bytes, length);
  g->scalar_reduce(&result, bytes, length);
  return result;
}

/* 0, 1, 2, 3, then -1, -2, -3, then powers of two and their neighbours. */
ts_scalar law_edge_scalar(const ts_group *g, unsigned index) {
  ts_scalar result, one;
  g->scalar_set_u64(&one, 1);
  if (index < 4) {
    g->scalar_set_u64(&result, index);
    return result;
  }
  if (index < 7) {
    g->scalar_set_u64(&result, index - 3);
    g->scalar_negate(&result, &result);
    return result;
  }
  unsigned power = 8 * (unsigned)g->scalar_bytes * (index - 7) / (LAW_EDGE_SCALARS - 7);
  result = one;
  for (unsigned i = 0; i < power; i++) g->scalar_add(&result, &result, &result);
  if (index % 3 == 1) g->scalar_sub(&result, &result, &one);
  if (index % 3 == 2) g->scalar_negate(&result, &result);
  return result;
}

bool law_little_endian(const ts_group *g) {
  uint8_t bytes[TS_SCALAR_BYTES_MAX];
  ts_scalar one;
  if (g->scalar_bytes == 1) return true;
  g->scalar_set_u64(&one, 1);
  g->scalar_encode(bytes, &one);
  CHECK(bytes[0] + bytes[g->scalar_bytes - 1] == 1);
  return bytes[0] == 1;
}

/* A random element, at times the identity or the generator, in coordinates that depend on how it was made. */
ts_element law_random_element(const ts_group *g) {
  ts_element result, other;
  ts_scalar k;
  unsigned kind = (unsigned)(test_random() % 16);
  if (kind == 0) {
    g->set_identity(&result);
    return result;
  }
  if (kind == 1) {
    g->set_generator(&result);
    return result;
  }
  k = law_random_scalar(g);
  g->mul_base(&result, &k);
  if (kind < 6) return result;
  if (kind < 8) {
    g->negate(&result, &result);
    return result;
  }
  k = law_random_scalar(g);
  g->mul_base(&other, &k);
  g->add(&result, &result, &other);
  return result;
}

/* k a by doubling and adding; nothing but add is trusted. */
ts_element law_slow_mul(const ts_group *g, const ts_scalar *k, const ts_element *a) {
  uint8_t bytes[TS_SCALAR_BYTES_MAX];
  ts_element result;
  bool little = law_little_endian(g);
  g->scalar_encode(bytes, k);
  g->set_identity(&result);
  for (unsigned i = 8u * g->scalar_bytes; i-- > 0;) {
    uint8_t byte = bytes[little ? i / 8 : g->scalar_bytes - 1u - i / 8];
    g->add(&result, &result, &result);
    if ((byte >> (i % 8) & 1) != 0) g->add(&result, &result, a);
  }
  return result;
}
