/* Scalars and elements of secp256k1 and P-256 against OpenSSL's. */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "curves.h"

enum { TERMS = 12 };

static const ts_group *g;
static EC_GROUP *curve;
static BN_CTX *context;
static const BIGNUM *order;

static BIGNUM *number(const ts_scalar *k) {
  uint8_t bytes[32];
  g->scalar_encode(bytes, k);
  BIGNUM *n = BN_bin2bn(bytes, 32, NULL);
  CHECK(n != NULL);
  return n;
}

static int equals(const ts_scalar *k, const BIGNUM *n) {
  uint8_t left[32], right[32];
  g->scalar_encode(left, k);
  CHECK(BN_bn2binpad(n, right, 32) == 32);
  return memcmp(left, right, 32) == 0;
}

static void scalars(void) {
  BIGNUM *r = BN_new(), *wide = BN_new();
  uint8_t bytes[TS_SCALAR_WIDE_BYTES_MAX];
  for (int i = 0; i < 1000; i++) {
    ts_scalar a, b, c, s;
    test_random_scalar(g, &a);
    test_random_scalar(g, &b);
    test_random_scalar(g, &c);
    BIGNUM *na = number(&a), *nb = number(&b), *nc = number(&c);
    g->scalar_add(&s, &a, &b);
    CHECK(BN_mod_add(r, na, nb, order, context) && equals(&s, r));
    g->scalar_sub(&s, &a, &b);
    CHECK(BN_mod_sub(r, na, nb, order, context) && equals(&s, r));
    g->scalar_mul(&s, &a, &b);
    CHECK(BN_mod_mul(r, na, nb, order, context) && equals(&s, r));
    g->scalar_muladd(&s, &a, &b, &c);
    CHECK(BN_mod_add(r, r, nc, order, context) && equals(&s, r));
    if (!BN_is_zero(na)) {
      CHECK(BN_mod_inverse(r, na, order, context) != NULL);
      g->scalar_invert(&s, &a);
      CHECK(equals(&s, r));
      g->scalar_invert_vartime(&s, &a);
      CHECK(equals(&s, r));
    }
    const size_t length = (size_t)(test_random() % (sizeof bytes + 1));
    test_random_bytes(bytes, length);
    g->scalar_reduce(&s, bytes, length);
    CHECK(BN_bin2bn(bytes, (int)length, wide) && BN_mod(r, wide, order, context) && equals(&s, r));
    if (length >= 32) {
      const bool below = BN_bin2bn(bytes, 32, wide) && BN_cmp(wide, order) < 0;
      CHECK(g->scalar_decode(&s, bytes) == below);
      if (below) CHECK(equals(&s, wide));
      else CHECK(g->scalar_is_zero(&s));
    }
    BN_free(na), BN_free(nb), BN_free(nc);
  }
  BN_free(r), BN_free(wide);
}

static int same(const ts_element *a, const EC_POINT *p) {
  uint8_t left[33], right[33] = {0};
  g->encode(left, a);
  if (!EC_POINT_is_at_infinity(curve, p))
    CHECK(EC_POINT_point2oct(curve, p, POINT_CONVERSION_COMPRESSED, right, 33, context) == 33);
  return memcmp(left, right, 33) == 0;
}

static EC_POINT *point(const ts_element *a) {
  uint8_t bytes[33];
  EC_POINT *p = EC_POINT_new(curve);
  g->encode(bytes, a);
  if (g->is_identity(a)) CHECK(EC_POINT_set_to_infinity(curve, p));
  else CHECK(EC_POINT_oct2point(curve, p, bytes, 33, context));
  return p;
}

static void elements(void) {
  EC_POINT *r = EC_POINT_new(curve);
  for (int i = 0; i < 150; i++) {
    ts_scalar a, b;
    ts_element p, q, s;
    test_random_scalar(g, &a);
    test_random_scalar(g, &b);
    test_random_point(g, &p);
    test_random_point(g, &q);
    if (i % 10 == 0) q = p;
    if (i % 10 == 1) g->negate(&q, &p);
    if (i % 10 == 2) g->set_identity(&q);
    BIGNUM *na = number(&a), *nb = number(&b);
    EC_POINT *op = point(&p), *oq = point(&q);
    g->add(&s, &p, &q);
    CHECK(EC_POINT_add(curve, r, op, oq, context) && same(&s, r));
    g->mul_base(&s, &a);
    CHECK(EC_POINT_mul(curve, r, na, NULL, NULL, context) && same(&s, r));
    g->mul(&s, &a, &q);
    CHECK(EC_POINT_mul(curve, r, NULL, oq, na, context) && same(&s, r));
    g->double_mul_vartime(&s, &a, &p, &b);
    CHECK(EC_POINT_mul(curve, r, nb, op, na, context) && same(&s, r));
    g->negate(&s, &p);
    CHECK(EC_POINT_copy(r, op) && EC_POINT_invert(curve, r, context) && same(&s, r));
    BN_free(na), BN_free(nb), EC_POINT_free(op), EC_POINT_free(oq);
  }
  EC_POINT_free(r);
}

static void sums(void) {
  EC_POINT *r = EC_POINT_new(curve), *term = EC_POINT_new(curve);
  for (size_t count = 0; count <= TERMS; count++) {
    ts_scalar k[TERMS];
    ts_element a[TERMS], s;
    CHECK(EC_POINT_set_to_infinity(curve, r));
    for (size_t i = 0; i < count; i++) {
      test_random_scalar(g, &k[i]);
      test_random_point(g, &a[i]);
      BIGNUM *n = number(&k[i]);
      EC_POINT *p = point(&a[i]);
      CHECK(EC_POINT_mul(curve, term, NULL, p, n, context) && EC_POINT_add(curve, r, r, term, context));
      BN_free(n), EC_POINT_free(p);
    }
    g->msm_vartime(&s, k, a, count);
    CHECK(same(&s, r));
  }
  EC_POINT_free(r), EC_POINT_free(term);
}

/* Both have to accept, and then mean the same, or both refuse. */
static void decoding(void) {
  EC_POINT *p = EC_POINT_new(curve);
  int accepted = 0;
  for (int i = 0; i < 1000; i++) {
    uint8_t bytes[33];
    ts_element s;
    test_random_bytes(bytes, 33);
    bytes[0] = (uint8_t)(test_random() % 6);
    if (i % 16 == 0) memset(bytes + 1, 0xff, 16);
    const int good = bytes[0] != 0 && EC_POINT_oct2point(curve, p, bytes, 33, context) == 1;
    CHECK(g->decode_vartime(&s, bytes) == good);
    if (good) CHECK(same(&s, p));
    accepted += good;
  }
  CHECK(accepted > 50);
  EC_POINT_free(p);
}

int main(void) {
  curve = EC_GROUP_new_by_curve_name(CURVE_NID);
  context = BN_CTX_new();
  CHECK(curve != NULL && context != NULL);
  order = EC_GROUP_get0_order(curve);
  for (size_t i = 0; (g = test_backend(i)) != NULL; i++) {
    scalars();
    elements();
    sums();
    decoding();
  }
  EC_GROUP_free(curve);
  BN_CTX_free(context);
  return 0;
}
