#include "check.h"
#include "group_laws_internal.h"

static bool same(const ts_group *g, const ts_element *a, const ts_element *b) {
  uint8_t a_bytes[TS_ELEMENT_BYTES_MAX], b_bytes[TS_ELEMENT_BYTES_MAX];
  g->encode(a_bytes, a);
  g->encode(b_bytes, b);
  bool equal = g->equal(a, b);
  CHECK(equal == g->equal(b, a));
  CHECK(equal == (memcmp(a_bytes, b_bytes, g->element_bytes) == 0));
  return equal;
}

static void check_group(const ts_group *g, const ts_element *a, const ts_element *b, const ts_element *c) {
  ts_element x, y, identity;
  g->set_identity(&identity);
  CHECK(g->is_identity(&identity));
  CHECK(g->is_identity(a) == same(g, a, &identity));
  g->add(&x, a, b);
  g->add(&y, b, a);
  CHECK(same(g, &x, &y));
  g->add(&x, &x, c);
  g->add(&y, b, c);
  g->add(&y, a, &y);
  CHECK(same(g, &x, &y));
  g->add(&x, a, &identity);
  CHECK(same(g, &x, a));
  g->add(&x, &identity, a);
  CHECK(same(g, &x, a));
  g->negate(&x, a);
  CHECK(same(g, &x, a) == g->is_identity(a));  /* no element of order 2 */
  g->add(&y, a, &x);
  CHECK(g->is_identity(&y));
  g->add(&y, &x, a);
  CHECK(g->is_identity(&y));
  g->negate(&x, &x);
  CHECK(same(g, &x, a));
  g->negate(&y, b);              /* a + b - b = a */
  g->add(&x, a, b);
  g->add(&x, &x, &y);
  CHECK(same(g, &x, a));
  CHECK(same(g, a, b) == g->equal(a, b));
}

static void check_aliases(const ts_group *g, const ts_element *a, const ts_element *b) {
  ts_element x, expected;
  g->add(&expected, a, b);
  x = *a;
  g->add(&x, &x, b);
  CHECK(same(g, &x, &expected));
  x = *b;
  g->add(&x, a, &x);
  CHECK(same(g, &x, &expected));
  g->add(&expected, a, a);
  x = *a;
  g->add(&x, &x, &x);
  CHECK(same(g, &x, &expected));
  x = *a;                        /* a copy at another place doubles as well */
  g->add(&x, &x, a);
  CHECK(same(g, &x, &expected));
  g->negate(&expected, a);
  x = *a;
  g->negate(&x, &x);
  CHECK(same(g, &x, &expected));
}

/* The identity and other elements that come out of sums, in unusual coordinates. */
static void check_identities(const ts_group *g) {
  ts_element identity, sum, a = law_random_element(g), minus;
  g->set_identity(&identity);
  g->add(&sum, &identity, &identity);
  CHECK(g->is_identity(&sum));
  g->negate(&sum, &identity);
  CHECK(g->is_identity(&sum) && same(g, &sum, &identity));
  g->negate(&minus, &a);
  g->add(&sum, &a, &minus);
  CHECK(g->is_identity(&sum) && same(g, &sum, &identity));
  g->add(&sum, &sum, &sum);
  CHECK(g->is_identity(&sum));
  g->add(&sum, &sum, &a);
  CHECK(same(g, &sum, &a));
}

void laws_of_elements(const ts_group *g, group_laws_effort effort) {
  ts_element generator;
  g->set_generator(&generator);
  CHECK(!g->is_identity(&generator));
  for (unsigned i = 0; i < effort.rounds; i++) {
    ts_element a = law_random_element(g), b = law_random_element(g), c = law_random_element(g);
    switch (i % 4) {
      case 0: b = a; break;
      case 1: g->negate(&b, &a); break;
      default: break;
    }
    check_group(g, &a, &b, &c);
    check_aliases(g, &a, &b);
    check_identities(g);
  }
}
