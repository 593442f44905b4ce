/* Points against libdecaf. It works in a quotient group; its EdDSA encoding multiplies by 4 first
 * (DECAF_448_EDDSA_ENCODE_RATIO), so scalars are divided by 4 before. */
#include <decaf.h>
#include <decaf/ed448.h>

#include "check.h"
#include "thresign/group.h"

_Static_assert(DECAF_448_EDDSA_DECODE_RATIO == 1, "decoding changes nothing");

static const ts_group *const g = &ts_edwards448;

static void random_scalar(ts_scalar *k, decaf_448_scalar_t peer) {
  uint8_t bytes[114];
  size_t length = test_random() % 8 == 0 ? (size_t)(test_random() % 115) : 114;
  test_random_bytes(bytes, length);
  g->scalar_reduce(k, bytes, length);
  g->scalar_encode(bytes, k);
  CHECK(bytes[56] == 0 && decaf_448_scalar_decode(peer, bytes) == DECAF_SUCCESS);
}

static void quarter(decaf_448_scalar_t k) {
  decaf_448_scalar_halve(k, k);
  decaf_448_scalar_halve(k, k);
}

/* A random element, not the identity, made by both and exchanged through the encoding. */
static void random_element(ts_element *a, decaf_448_point_t peer) {
  ts_scalar k;
  decaf_448_scalar_t peer_k;
  uint8_t bytes[57], peer_bytes[57];
  do random_scalar(&k, peer_k);
  while (g->scalar_is_zero(&k));
  g->mul_base(a, &k);
  g->encode(bytes, a);
  quarter(peer_k);
  decaf_448_precomputed_scalarmul(peer, decaf_448_precomputed_base, peer_k);
  decaf_448_point_mul_by_ratio_and_encode_like_eddsa(peer_bytes, peer);
  CHECK(memcmp(bytes, peer_bytes, 57) == 0);
  CHECK(decaf_448_point_decode_like_eddsa_and_mul_by_ratio(peer, peer_bytes) == DECAF_SUCCESS);
  CHECK(g->decode_vartime(a, peer_bytes));
}

/* a is the peer's point times 4. */
static void check_same(const ts_element *a, const decaf_448_point_t peer_quarter) {
  uint8_t bytes[57], peer_bytes[57];
  g->encode(bytes, a);
  decaf_448_point_mul_by_ratio_and_encode_like_eddsa(peer_bytes, peer_quarter);
  CHECK(memcmp(bytes, peer_bytes, 57) == 0);
}

static void check_once(void) {
  ts_scalar k, m;
  ts_element a, b, r;
  decaf_448_scalar_t peer_k, peer_m;
  decaf_448_point_t peer_a, peer_b, peer_r, peer_t;
  random_element(&a, peer_a);
  random_element(&b, peer_b);
  random_scalar(&k, peer_k);
  random_scalar(&m, peer_m);
  quarter(peer_k);
  quarter(peer_m);

  g->mul(&r, &k, &a);
  decaf_448_point_scalarmul(peer_r, peer_a, peer_k);
  check_same(&r, peer_r);

  ts_scalar factors[2] = {k, m};
  ts_element points[2] = {a, b};
  g->msm_vartime(&r, factors, points, 2);
  decaf_448_point_scalarmul(peer_t, peer_b, peer_m);
  decaf_448_point_add(peer_t, peer_t, peer_r);
  check_same(&r, peer_t);

  if (!g->scalar_is_zero(&k)) {  /* libdecaf 1.0.2 makes 0 A + m G the identity */
    g->double_mul_vartime(&r, &k, &a, &m);
    decaf_448_base_double_scalarmul_non_secret(peer_r, peer_m, peer_a, peer_k);
    check_same(&r, peer_r);
  }

  g->mul(&r, &m, &b);
  decaf_448_point_scalarmul(peer_r, peer_b, peer_m);
  g->add(&r, &r, &a);  /* + 4 (a/4) */
  decaf_448_scalar_set_unsigned(peer_k, 1);
  quarter(peer_k);
  decaf_448_point_scalarmul(peer_t, peer_a, peer_k);
  decaf_448_point_add(peer_r, peer_r, peer_t);
  check_same(&r, peer_r);
}

static void check_scalars(void) {
  ts_scalar a, b, c;
  decaf_448_scalar_t peer_a, peer_b, peer_c;
  uint8_t bytes[57], peer_bytes[56];
  random_scalar(&a, peer_a);
  random_scalar(&b, peer_b);
  g->scalar_mul(&c, &a, &b);
  decaf_448_scalar_mul(peer_c, peer_a, peer_b);
  g->scalar_encode(bytes, &c);
  decaf_448_scalar_encode(peer_bytes, peer_c);
  CHECK(memcmp(bytes, peer_bytes, 56) == 0);
  g->scalar_invert(&c, &a);
  bool invertible = decaf_448_scalar_invert(peer_c, peer_a) == DECAF_SUCCESS;
  CHECK(invertible != g->scalar_is_zero(&a));
  g->scalar_encode(bytes, &c);
  decaf_448_scalar_encode(peer_bytes, peer_c);
  CHECK(memcmp(bytes, peer_bytes, 56) == 0);
}

int main(void) {
  (void)test_random();
  for (int i = 0; i < TEST_ROUNDS(500); i++) {
    check_once();
    check_scalars();
  }
  return 0;
}
