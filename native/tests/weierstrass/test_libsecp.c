/* secp256k1 against libsecp256k1. */
#include <secp256k1.h>

#include "curves.h"

static const ts_group *g;
static secp256k1_context *context;

static int same(const ts_element *a, const secp256k1_pubkey *p) {
  uint8_t left[33], right[33];
  size_t length = 33;
  g->encode(left, a);
  CHECK(secp256k1_ec_pubkey_serialize(context, right, &length, p, SECP256K1_EC_COMPRESSED) && length == 33);
  return memcmp(left, right, 33) == 0;
}

static void keys(void) {
  for (int i = 0; i < 500; i++) {
    uint8_t key[32], tweak[32], bytes[33];
    ts_scalar k, t, r;
    ts_element p, q;
    secp256k1_pubkey theirs, sum;
    test_random_scalar(g, &k);
    test_random_scalar(g, &t);
    g->scalar_encode(key, &k);
    g->scalar_encode(tweak, &t);
    g->mul_base(&p, &k);
    if (!secp256k1_ec_pubkey_create(context, &theirs, key)) { /* zero is no key for them */
      CHECK(g->is_identity(&p));
      continue;
    }
    CHECK(same(&p, &theirs));
    if (g->scalar_is_zero(&t)) continue;

    sum = theirs;
    CHECK(secp256k1_ec_pubkey_tweak_mul(context, &sum, tweak));
    g->mul(&q, &t, &p);
    CHECK(same(&q, &sum));
    g->msm_vartime(&q, &t, &p, 1);
    CHECK(same(&q, &sum));

    sum = theirs; /* k G + t G */
    g->scalar_set_u64(&r, 1);
    g->double_mul_vartime(&q, &r, &p, &t);
    if (secp256k1_ec_pubkey_tweak_add(context, &sum, tweak)) CHECK(same(&q, &sum));
    else CHECK(g->is_identity(&q));

    uint8_t secret[32], ours[32];
    memcpy(secret, key, 32);
    CHECK(secp256k1_ec_seckey_tweak_mul(context, secret, tweak));
    g->scalar_mul(&r, &k, &t);
    g->scalar_encode(ours, &r);
    CHECK(memcmp(ours, secret, 32) == 0);

    const secp256k1_pubkey *both[2] = {&theirs, &sum};
    g->encode(bytes, &q);
    if (!g->is_identity(&q)) {
      secp256k1_pubkey combined;
      CHECK(secp256k1_ec_pubkey_parse(context, &sum, bytes, 33));
      g->add(&q, &p, &q);
      if (secp256k1_ec_pubkey_combine(context, &combined, both, 2)) CHECK(same(&q, &combined));
      else CHECK(g->is_identity(&q));
    }
  }
}

static void parsing(void) {
  int accepted = 0;
  for (int i = 0; i < 2000; i++) {
    uint8_t bytes[33];
    ts_element p;
    secp256k1_pubkey theirs;
    test_random_bytes(bytes, 33);
    if (i % 4 != 0) bytes[0] = (uint8_t)(2 + (bytes[0] & 1));
    if (i % 16 == 1) memset(bytes + 1, 0xff, 28);
    const bool good = secp256k1_ec_pubkey_parse(context, &theirs, bytes, 33) == 1;
    CHECK(g->decode_vartime(&p, bytes) == good);
    if (good) CHECK(same(&p, &theirs));
    accepted += good;
  }
  CHECK(accepted > 300);
}

int main(void) {
  context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
  CHECK(context != NULL);
  for (size_t i = 0; (g = test_backend(i)) != NULL; i++) {
    keys();
    parsing();
  }
  secp256k1_context_destroy(context);
  return 0;
}
