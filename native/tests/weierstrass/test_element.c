/* Elements of secp256k1 and P-256: encodings, decoding refusals, addition, and multiplication by one scalar.
 * test_openssl.c and test_libsecp.c compare with other libraries; test_msm.c has the sums. */
#include "curves.h"

static const ts_group *g;

static void generator(void) {
  uint8_t known[33], bytes[33];
  ts_element a, b;
  ts_scalar one;
  CHECK(g->element_bytes == 33);
  CHECK(from_hex(known, 33, CURVE_G));
  g->set_generator(&a);
  g->encode(bytes, &a);
  CHECK(memcmp(bytes, known, 33) == 0);
  CHECK(g->decode_vartime(&b, known) && g->equal(&a, &b));
  g->scalar_set_u64(&one, 1);
  g->mul_base(&b, &one);
  CHECK(g->equal(&a, &b));
}

static void identity(void) {
  uint8_t bytes[33], zeros[33] = {0};
  ts_element o, p, r;
  ts_scalar k, zero;
  g->scalar_set_u64(&zero, 0);
  g->set_identity(&o);
  CHECK(g->is_identity(&o) && g->equal(&o, &o));
  memset(bytes, 0xff, 33);
  g->encode(bytes, &o);
  CHECK(memcmp(bytes, zeros, 33) == 0);
  CHECK(!g->decode_vartime(&r, bytes) && g->is_identity(&r));
  for (int i = 0; i < 20; i++) {
    test_random_point(g, &p);
    test_random_scalar(g, &k);
    CHECK(!g->is_identity(&p) && !g->equal(&p, &o) && !g->equal(&o, &p));
    g->add(&r, &p, &o);
    CHECK(g->equal(&r, &p));
    g->add(&r, &o, &p);
    CHECK(g->equal(&r, &p));
    g->negate(&r, &p);
    g->add(&r, &r, &p);
    CHECK(g->is_identity(&r) && g->equal(&r, &o));
    g->encode(bytes, &r);
    CHECK(memcmp(bytes, zeros, 33) == 0);
    g->mul(&r, &k, &r);
    CHECK(g->is_identity(&r) && test_same(g, &r, &o));
    g->mul(&r, &zero, &p);
    CHECK(g->is_identity(&r) && test_same(g, &r, &o));
    g->mul_base(&r, &zero);
    CHECK(g->is_identity(&r) && test_same(g, &r, &o));
    g->double_mul_vartime(&r, &k, &o, &zero);
    CHECK(g->is_identity(&r) && test_same(g, &r, &o));
    g->double_mul_vartime(&r, &zero, &p, &zero);
    CHECK(g->is_identity(&r) && test_same(g, &r, &o));
  }
  g->add(&r, &o, &o);
  CHECK(g->is_identity(&r));
  g->negate(&r, &o);
  CHECK(g->is_identity(&r));
}

static void addition(void) {
  ts_element p, q, r, s, t;
  for (int i = 0; i < TEST_ROUNDS(200); i++) {
    test_random_point(g, &p);
    test_random_point(g, &q);
    test_random_point(g, &r);
    g->add(&s, &p, &q);
    g->add(&t, &q, &p);
    CHECK(test_same(g, &s, &t));
    g->add(&s, &s, &r);
    g->add(&t, &q, &r);
    g->add(&t, &p, &t);
    CHECK(test_same(g, &s, &t));
    g->negate(&t, &q);
    g->add(&s, &p, &q);
    g->add(&s, &s, &t);
    CHECK(test_same(g, &s, &p));
    CHECK(!g->equal(&q, &t)); /* no point is its own negative */
    t = p, g->add(&t, &t, &t);
    g->add(&s, &p, &p);
    CHECK(test_same(g, &s, &t));
    t = q, g->add(&t, &p, &t);
    g->add(&s, &p, &q);
    CHECK(test_same(g, &s, &t));
  }
}

static void codec(void) {
  uint8_t bytes[33], again[33], modulus[32];
  ts_element p, q;
  const int trials = TEST_ROUNDS(200);
  int refused = 0;
  for (int i = 0; i < trials; i++) {
    test_random_point(g, &p);
    g->encode(bytes, &p);
    CHECK(bytes[0] == 2 || bytes[0] == 3);
    CHECK(g->decode_vartime(&q, bytes) && g->equal(&p, &q));
    bytes[0] ^= 1; /* the other sign: the negative */
    CHECK(g->decode_vartime(&q, bytes));
    g->negate(&q, &q);
    CHECK(g->equal(&p, &q));
    for (int prefix = 0; prefix < 256; prefix++) {
      if (prefix == 2 || prefix == 3) continue;
      bytes[0] = (uint8_t)prefix;
      CHECK(!g->decode_vartime(&q, bytes) && g->is_identity(&q));
    }
    /* random x: every second one is on the curve */
    test_random_bytes(bytes + 1, 32);
    bytes[0] = (uint8_t)(2 + (test_random() & 1));
    if (g->decode_vartime(&q, bytes)) {
      g->encode(again, &q);
      CHECK(memcmp(again, bytes, 33) == 0);
    } else {
      CHECK(g->is_identity(&q));
      refused++;
    }
  }
  CHECK(refused > trials / 8 && refused < trials - trials / 8);
  /* x from p on is no canonical form, even where x - p would be on the curve. */
  CHECK(from_hex(modulus, 32, CURVE_P));
  int on_curve = 0;
  for (unsigned x = 0; x < 40; x++) {
    unsigned carry = x;
    memset(bytes, 0, 33);
    bytes[0] = 2, bytes[32] = (uint8_t)x;
    on_curve += g->decode_vartime(&q, bytes);
    for (int i = 31; i >= 0; i--) {
      carry += modulus[i];
      bytes[i + 1] = (uint8_t)carry;
      carry >>= 8;
    }
    CHECK(!g->decode_vartime(&q, bytes) && g->is_identity(&q));
    bytes[0] = 3;
    CHECK(!g->decode_vartime(&q, bytes) && g->is_identity(&q));
  }
  CHECK(on_curve > 5);
  memset(bytes, 0xff, 33);
  bytes[0] = 2;
  CHECK(!g->decode_vartime(&q, bytes));
}

static void batches(void) {
  enum { MOST = 150 };
  static ts_element a[MOST], b[MOST];
  static uint8_t bytes[33 * MOST], single[33];
  for (size_t count = 0; count <= MOST; count += count < 70 ? 1 : 20) {
    for (size_t i = 0; i < count; i++) {
      if (test_random() % 8 == 0) g->set_identity(&a[i]);
      else test_random_point(g, &a[i]);
    }
    g->encode_batch(bytes, a, count);
    for (size_t i = 0; i < count; i++) {
      g->encode(single, &a[i]);
      CHECK(memcmp(single, bytes + 33 * i, 33) == 0);
    }
    size_t bad = 12345, first = count;
    for (size_t i = count; i-- > 0;)
      if (g->is_identity(&a[i])) first = i;
    CHECK(g->decode_batch_vartime(b, bytes, count, &bad) == (first == count));
    if (first == count) {
      for (size_t i = 0; i < count; i++) CHECK(g->equal(&a[i], &b[i]));
    } else {
      CHECK(bad == first);
      for (size_t i = 0; i < count; i++) CHECK(g->is_identity(&b[i]));
    }
    /* all good; then one bad one at any place */
    for (size_t i = 0; i < count; i++)
      if (g->is_identity(&a[i])) g->set_generator(&a[i]);
    g->encode_batch(bytes, a, count);
    CHECK(g->decode_batch_vartime(b, bytes, count, &bad));
    for (size_t i = 0; i < count; i++) CHECK(g->equal(&a[i], &b[i]));
    if (count == 0) continue;
    const size_t place = (size_t)(test_random() % count);
    memset(bytes + 33 * place, 0xff, 33);
    CHECK(!g->decode_batch_vartime(b, bytes, count, &bad) && bad == place);
  }
}

/* Scalars in which something may go wrong: small, next to q, powers of two and their neighbours; for secp256k1 also
 * small combinations u + v lambda, which GLV cuts into u and v. */
static size_t edge_scalars(ts_scalar *k) {
  size_t n = 0;
  ts_scalar one, power;
  g->scalar_set_u64(&one, 1);
  for (uint64_t i = 0; i < 70; i++) {
    g->scalar_set_u64(&k[n++], i);
    g->scalar_negate(&k[n], &k[n - 1]), n++;
  }
  power = one;
  for (int i = 0; i < 256; i++) {
    k[n++] = power;
    g->scalar_sub(&k[n++], &power, &one);
    g->scalar_negate(&k[n++], &power);
    g->scalar_sub(&k[n], &one, &power), n++;
    g->scalar_add(&power, &power, &power);
  }
  g->scalar_set_u64(&power, 2);
  g->scalar_invert(&power, &power); /* (q + 1)/2 */
  k[n++] = power;
  g->scalar_sub(&k[n++], &power, &one);
#if TEST_SECP256K1
  uint8_t bytes[32];
  ts_scalar lambda, u;
  CHECK(from_hex(bytes, 32, "5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72"));
  CHECK(g->scalar_decode(&lambda, bytes));
  static const uint64_t some[] = {0, 1, 2, 3, 15, 16, 17, 30, 31, 32, 33, 63, 64};
  for (size_t i = 0; i < 13; i++) {
    for (size_t j = 0; j < 13; j++) {
      g->scalar_set_u64(&u, some[i]);
      g->scalar_set_u64(&power, some[j]);
      g->scalar_muladd(&k[n++], &power, &lambda, &u);
      g->scalar_negate(&u, &u);
      g->scalar_muladd(&k[n++], &power, &lambda, &u);
    }
  }
#endif
  return n;
}

static void multiplication(void) {
  enum { EDGES = 2000 };
  static ts_scalar k[EDGES];
  ts_element p, r, s, base;
  ts_scalar a, b, c, zero;
  const size_t n = edge_scalars(k);
  CHECK(n <= EDGES);
  g->scalar_set_u64(&zero, 0);
  g->set_generator(&base);
  for (size_t i = 0; i < n + 100; i++) {
    if (i < n) a = k[i];
    else test_random_scalar(g, &a);
    if (i % 4 == 0) test_random_point(g, &p);
    test_slow_mul(g, &s, &a, &base);
    g->mul_base(&r, &a);
    CHECK(test_same(g, &r, &s));
    g->mul(&r, &a, &base);
    CHECK(g->equal(&r, &s));
    g->double_mul_vartime(&r, &zero, &p, &a);
    CHECK(g->equal(&r, &s));
    test_slow_mul(g, &s, &a, &p);
    g->mul(&r, &a, &p);
    CHECK(test_same(g, &r, &s));
    g->double_mul_vartime(&r, &a, &p, &zero);
    CHECK(g->equal(&r, &s));
    r = p, g->mul(&r, &a, &r);
    CHECK(g->equal(&r, &s));
    /* a P + b G, with independent operands and with such as cancel or double */
    test_random_scalar(g, &b);
    g->mul_base(&r, &b);
    g->add(&s, &s, &r);
    r = p, g->double_mul_vartime(&r, &a, &r, &b);
    CHECK(test_same(g, &r, &s));
    g->scalar_negate(&b, &a);
    g->double_mul_vartime(&r, &a, &base, &b);
    CHECK(g->is_identity(&r));
    g->double_mul_vartime(&r, &a, &base, &a);
    g->scalar_add(&c, &a, &a);
    g->mul_base(&s, &c);
    CHECK(test_same(g, &r, &s));
  }
}

/* (a + b) P = a P + b P, (a b) P = a (b P). */
static void laws(void) {
  ts_element p, r, s, t;
  ts_scalar a, b, c;
  for (int i = 0; i < TEST_ROUNDS(100); i++) {
    test_random_scalar(g, &a);
    test_random_scalar(g, &b);
    test_random_point(g, &p);
    g->scalar_add(&c, &a, &b);
    g->mul(&r, &a, &p);
    g->mul(&s, &b, &p);
    g->add(&t, &r, &s);
    g->mul(&s, &c, &p);
    CHECK(test_same(g, &s, &t));
    g->scalar_mul(&c, &a, &b);
    g->mul(&s, &c, &p);
    g->mul(&t, &b, &r);
    CHECK(test_same(g, &s, &t));
  }
}

int main(void) {
  for (size_t i = 0; (g = test_backend(i)) != NULL; i++) {
    generator();
    identity();
    addition();
    codec();
    batches();
    multiplication();
    laws();
  }
  return 0;
}
