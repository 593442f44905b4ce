/* The tiny group, exhaustively: every scalar, every element, every string. */
#include "check.h"
#include "group_laws.h"
#include "tiny.h"

#define Q TS_TINY_ORDER

static const ts_group *const g = &ts_tiny;
static ts_scalar scalar[Q];
static ts_element element[Q];  /* element[i] = i G */

static unsigned index_of(const ts_element *a) {
  for (unsigned i = 0; i < Q; i++)
    if (g->equal(a, &element[i])) return i;
  fprintf(stderr, "an element outside the group\n");
  abort();
}

static unsigned value_of(const ts_scalar *a) {
  uint8_t byte;
  g->scalar_encode(&byte, a);
  return byte;
}

static void enumerate(void) {
  ts_element generator;
  g->set_generator(&generator);
  g->set_identity(&element[0]);
  for (unsigned i = 0; i < Q; i++) {
    g->scalar_set_u64(&scalar[i], i);
    CHECK(value_of(&scalar[i]) == i);
    if (i > 0) g->add(&element[i], &element[i - 1], &generator);
    for (unsigned j = 0; j < i; j++) CHECK(!g->equal(&element[i], &element[j]));
  }
  g->add(&generator, &generator, &element[Q - 1]);
  CHECK(g->is_identity(&generator));
}

static void check_scalars(void) {
  ts_scalar x;
  for (unsigned i = 0; i < Q; i++) {
    g->scalar_negate(&x, &scalar[i]);
    CHECK(value_of(&x) == (Q - i) % Q);
    g->scalar_invert(&x, &scalar[i]);
    CHECK(value_of(&x) * i % Q == (i != 0));
    CHECK(g->scalar_is_zero(&scalar[i]) == (i == 0));
    for (unsigned j = 0; j < Q; j++) {
      g->scalar_add(&x, &scalar[i], &scalar[j]);
      CHECK(value_of(&x) == (i + j) % Q);
      g->scalar_sub(&x, &scalar[i], &scalar[j]);
      CHECK(value_of(&x) == (i + Q - j) % Q);
      g->scalar_mul(&x, &scalar[i], &scalar[j]);
      CHECK(value_of(&x) == i * j % Q);
      CHECK(g->scalar_equal(&scalar[i], &scalar[j]) == (i == j));
      for (unsigned k = 0; k < Q; k++) {
        g->scalar_muladd(&x, &scalar[i], &scalar[j], &scalar[k]);
        CHECK(value_of(&x) == (i * j + k) % Q);
      }
    }
  }
  for (unsigned byte = 0; byte < 256; byte++) {
    uint8_t bytes[1] = {(uint8_t)byte};
    CHECK(g->scalar_decode(&x, bytes) == (byte < Q));
    CHECK(value_of(&x) == (byte < Q ? byte : 0));
  }
}

static void check_elements(void) {
  ts_element x;
  for (unsigned i = 0; i < Q; i++) {
    CHECK(g->is_identity(&element[i]) == (i == 0));
    g->negate(&x, &element[i]);
    CHECK(index_of(&x) == (Q - i) % Q);
    g->mul_base(&x, &scalar[i]);
    CHECK(index_of(&x) == i);
    for (unsigned j = 0; j < Q; j++) {
      g->add(&x, &element[i], &element[j]);
      CHECK(index_of(&x) == (i + j) % Q);
      g->mul(&x, &scalar[i], &element[j]);
      CHECK(index_of(&x) == i * j % Q);
      for (unsigned k = 0; k < Q; k++) {
        g->double_mul_vartime(&x, &scalar[i], &element[j], &scalar[k]);
        CHECK(index_of(&x) == (i * j + k) % Q);
      }
    }
  }
}

static void check_encodings(void) {
  unsigned accepted = 0;
  for (unsigned string = 0; string < 65536; string++) {
    uint8_t bytes[2] = {(uint8_t)string, (uint8_t)(string >> 8)}, again[2];
    ts_element x;
    if (!g->decode_vartime(&x, bytes)) {
      CHECK(g->is_identity(&x));
      continue;
    }
    accepted++;
    CHECK(index_of(&x) != 0);
    g->encode(again, &x);
    CHECK(memcmp(again, bytes, 2) == 0);
  }
  CHECK(accepted == Q - 1);
}

/* Every sum of three terms. */
static void check_sums(void) {
  for (unsigned n = 0; n < Q * Q * Q; n++) {
    ts_element points[3] = {element[n % Q], element[n / Q % Q], element[n / Q / Q]}, x;
    for (unsigned m = 0; m < Q * Q * Q; m++) {
      ts_scalar k[3] = {scalar[m % Q], scalar[m / Q % Q], scalar[m / Q / Q]};
      g->msm_vartime(&x, k, points, 3);
      unsigned expected = (n % Q) * (m % Q) + (n / Q % Q) * (m / Q % Q) + (n / Q / Q) * (m / Q / Q);
      CHECK(g->equal(&x, &element[expected % Q]));
    }
  }
}

int main(void) {
  enumerate();
  check_scalars();
  check_elements();
  check_encodings();
  check_sums();
  group_laws(g, (group_laws_effort){.rounds = 300, .largest_msm = 300});
  return 0;
}
