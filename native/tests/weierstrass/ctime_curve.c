/* Every function of secp256k1 or P-256 that is not named _vartime, with all its operands secret, in every backend. */
#include "curves.h"
#include "secret.h"

static const ts_group *g;

/* A verdict is public, whatever it is about. */
static bool verdict(bool v) {
  PUBLIC(&v, sizeof v);
  return v;
}

static void scalars(void) {
  uint8_t bytes[TS_SCALAR_WIDE_BYTES_MAX];
  ts_scalar a, b, c, r;
  uint64_t word = 0x123456789abcdef;
  test_random_bytes(bytes, sizeof bytes);
  SECRET(bytes, sizeof bytes);
  SECRET(&word, sizeof word);
  g->scalar_reduce(&a, bytes, sizeof bytes);
  g->scalar_reduce(&b, bytes, 48);
  (void)verdict(g->scalar_decode(&c, bytes));
  g->scalar_set_u64(&r, word);
  g->scalar_add(&r, &r, &a);
  g->scalar_sub(&r, &r, &b);
  g->scalar_negate(&r, &r);
  g->scalar_mul(&r, &r, &a);
  g->scalar_muladd(&r, &r, &b, &c);
  g->scalar_invert(&r, &r);
  (void)verdict(g->scalar_is_zero(&r));
  (void)verdict(g->scalar_equal(&r, &a));
  g->scalar_encode(bytes, &r);
#if PLANTED_LEAK
  if (bytes[0] & 1) fputs("a branch on a secret\n", stderr);
#endif
}

/* element operations on points and scalars that may be any. */
static void elements(const ts_element *point, const ts_scalar *scalar) {
  enum { COUNT = 3 };
  uint8_t bytes[33 * COUNT];
  ts_element p = *point, q, r[COUNT];
  ts_scalar k = *scalar;
  SECRET(&p, sizeof p);
  SECRET(&k, sizeof k);
  g->mul_base(&q, &k);
  g->mul(&r[0], &k, &p);
  g->add(&r[1], &p, &q);
  g->add(&r[2], &r[1], &r[1]);
  g->negate(&r[2], &r[2]);
  g->add(&q, &r[2], &r[2]);
  (void)verdict(g->is_identity(&q));
  (void)verdict(g->equal(&q, &p));
  g->encode(bytes, &q);
  g->encode_batch(bytes, r, COUNT);
  g->set_identity(&q);
  g->set_generator(&q);
}

int main(void) {
  ts_element p, o;
  ts_scalar k, zero, minus_one;
  /* valgrind knows the instructions of the ADX backend, but shows programs a CPU without ADX, so that test_backend
   * would leave it out. */
  const ts_group *backends[] = {
    &CURVE_GROUP, &CURVE_PORTABLE,
#if TS_WEIERSTRASS_X86
    &CURVE_ADX,
#endif
  };
  for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++) {
    g = backends[i];
    test_random_point(g, &p);
    test_random_scalar(g, &k);
    g->set_identity(&o);
    g->scalar_set_u64(&zero, 0);
    g->scalar_set_u64(&minus_one, 1);
    g->scalar_negate(&minus_one, &minus_one);
    scalars();
    elements(&p, &k);
    elements(&o, &k);
    elements(&p, &zero);
    elements(&p, &minus_one);
  }
  return 0;
}
