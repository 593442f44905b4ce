/* The decoders of secp256k1 or P-256 (TEST_SECP256K1) on any bytes: what is accepted has to encode to the same bytes
 * again, what is refused has to leave the neutral value, and all backends have to agree. A batch has to do as its
 * members do one by one. */
#include "../tests/weierstrass/curves.h"

enum { MOST = 12 };

static void scalar(const ts_group *g, const uint8_t bytes[32]) {
  uint8_t again[32];
  ts_scalar k, reduced;
  memset(&k, 0xa5, sizeof k);
  const bool good = g->scalar_decode(&k, bytes);
  CHECK(good || g->scalar_is_zero(&k));
  g->scalar_encode(again, &k);
  CHECK(!good || memcmp(again, bytes, 32) == 0);
  g->scalar_reduce(&reduced, bytes, 32);
  CHECK(!good || g->scalar_equal(&k, &reduced));
}

static bool element(const ts_group *g, const uint8_t bytes[33]) {
  uint8_t again[33];
  ts_element p;
  memset(&p, 0xa5, sizeof p);
  const bool good = g->decode_vartime(&p, bytes);
  CHECK(good != g->is_identity(&p));
  g->encode(again, &p);
  CHECK(!good || memcmp(again, bytes, 33) == 0);
  return good;
}

static void batch(const ts_group *g, const uint8_t *bytes, size_t count) {
  uint8_t again[33 * MOST];
  ts_element p[MOST];
  size_t bad = MOST, first = 0;
  while (first < count && element(g, bytes + 33 * first)) first++;
  CHECK(g->decode_batch_vartime(p, bytes, count, &bad) == (first == count));
  if (first < count) {
    CHECK(bad == first);
    for (size_t i = 0; i < count; i++) CHECK(g->is_identity(&p[i]));
  } else {
    g->encode_batch(again, p, count);
    CHECK(memcmp(again, bytes, 33 * count) == 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ts_group *g;
  if (size < 33) return 0;
  const bool good = element(&CURVE_GROUP, data);
  for (size_t i = 0; (g = test_backend(i)) != NULL; i++) {
    scalar(g, data);
    CHECK(element(g, data) == good);
    batch(g, data, size / 33 < MOST ? size / 33 : MOST);
  }
  return 0;
}
