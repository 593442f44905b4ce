#include "check.h"
#include "group_laws_internal.h"

#define BATCH_MAX 140

static ts_element batch[BATCH_MAX], decoded[BATCH_MAX];
static uint8_t encodings[BATCH_MAX * TS_ELEMENT_BYTES_MAX], others[BATCH_MAX * TS_ELEMENT_BYTES_MAX];

static ts_element random_member(const ts_group *g) {
  for (;;) {
    ts_element a = law_random_element(g);
    if (!g->is_identity(&a)) return a;
  }
}

static void check_refused(const ts_group *g, const uint8_t *bytes) {
  ts_element out = random_member(g);
  CHECK(!g->decode_vartime(&out, bytes));
  CHECK(g->is_identity(&out));
}

/* Whatever is accepted is encoded the same again and is a member of the group: (q - 1) A = -A. */
static bool check_any(const ts_group *g, const uint8_t *bytes, bool thorough) {
  uint8_t again[TS_ELEMENT_BYTES_MAX];
  ts_element a = random_member(g), negated;
  if (!g->decode_vartime(&a, bytes)) {
    CHECK(g->is_identity(&a));
    return false;
  }
  CHECK(!g->is_identity(&a));
  g->encode(again, &a);
  CHECK(memcmp(again, bytes, g->element_bytes) == 0);
  if (thorough) {
    ts_scalar minus_one;
    ts_element product;
    g->scalar_set_u64(&minus_one, 1);
    g->scalar_negate(&minus_one, &minus_one);
    product = law_slow_mul(g, &minus_one, &a);
    g->negate(&negated, &a);
    CHECK(g->equal(&product, &negated));
  }
  return true;
}

static void law_of_refusal(const ts_group *g, unsigned rounds) {
  uint8_t bytes[TS_ELEMENT_BYTES_MAX];
  ts_element identity;
  g->set_identity(&identity);
  g->encode(bytes, &identity);
  check_refused(g, bytes);
  for (unsigned byte = 0; byte < 256; byte += 255) {
    memset(bytes, (int)byte, sizeof bytes);
    check_refused(g, bytes);
  }
  for (unsigned i = 0; i < rounds; i++) {
    ts_element a = random_member(g);
    g->encode(bytes, &a);
    CHECK(check_any(g, bytes, i % 8 == 0));
    unsigned bit = (unsigned)(test_random() % (8u * g->element_bytes));
    bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    (void)check_any(g, bytes, i % 8 == 1);
    test_random_bytes(bytes, g->element_bytes);
    (void)check_any(g, bytes, i % 8 == 2);
    memset(bytes, (i & 1) != 0 ? 0xff : 0, g->element_bytes);
    bytes[test_random() % g->element_bytes] = (uint8_t)test_random();
    (void)check_any(g, bytes, i % 8 == 3);
  }
  ts_element a = random_member(g);
  for (unsigned bit = 0; bit < 8u * g->element_bytes; bit++) {
    g->encode(bytes, &a);
    bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    (void)check_any(g, bytes, false);
  }
}

static void law_of_round_trips(const ts_group *g, unsigned rounds) {
  uint8_t bytes[TS_ELEMENT_BYTES_MAX];
  for (unsigned i = 0; i < rounds; i++) {
    ts_element a = random_member(g), b, sum_a, sum_b, c = law_random_element(g);
    g->encode(bytes, &a);
    CHECK(g->decode_vartime(&b, bytes));
    CHECK(g->equal(&a, &b));
    g->add(&sum_a, &a, &c);  /* a decoded element is as good as any other */
    g->add(&sum_b, &b, &c);
    CHECK(g->equal(&sum_a, &sum_b));
  }
}

static void check_batch(const ts_group *g, size_t count) {
  size_t ne = g->element_bytes, bad = 12345;
  memset(encodings, 0x5a, sizeof encodings);
  for (size_t i = 0; i < count; i++) {
    batch[i] = i % 7 == 3 ? law_random_element(g) : random_member(g);
    g->encode(others + i * ne, &batch[i]);
  }
  g->encode_batch(encodings, batch, count);
  CHECK(memcmp(encodings, others, count * ne) == 0);
  if (count < BATCH_MAX) CHECK(encodings[count * ne] == 0x5a);
  for (size_t i = 0; i < count; i++) {
    if (!g->is_identity(&batch[i])) continue;
    batch[i] = random_member(g);
    g->encode(encodings + i * ne, &batch[i]);
  }
  CHECK(g->decode_batch_vartime(decoded, encodings, count, &bad));
  for (size_t i = 0; i < count; i++) CHECK(g->equal(&decoded[i], &batch[i]));
}

/* Spoils one or more encodings; the first bad one is named. */
static void check_bad_batch(const ts_group *g, size_t count) {
  size_t ne = g->element_bytes, first = count;
  ts_element a;
  for (size_t i = 0; i < count; i++) {
    a = random_member(g);
    g->encode(encodings + i * ne, &a);
  }
  for (unsigned tries = 0; tries < 3; tries++) {
    size_t i = (size_t)(test_random() % count);
    switch (test_random() % 4) {
      case 0: memset(encodings + i * ne, 0, ne); break;
      case 1: memset(encodings + i * ne, 0xff, ne); break;
      case 2:
        g->set_identity(&a);
        g->encode(encodings + i * ne, &a);
        break;
      default: test_random_bytes(encodings + i * ne, ne); break;
    }
  }
  for (size_t i = count; i-- > 0;)
    if (!g->decode_vartime(&a, encodings + i * ne)) first = i;
  size_t bad = count + 1;
  CHECK(g->decode_batch_vartime(decoded, encodings, count, &bad) == (first == count));
  if (first < count) CHECK(bad == first);
}

void laws_of_encodings(const ts_group *g, group_laws_effort effort) {
  static const size_t large[] = {63, 64, 65, 127, 128, 129, BATCH_MAX};
  law_of_refusal(g, effort.rounds);
  law_of_round_trips(g, effort.rounds);
  for (size_t count = 0; count <= 40; count++) {
    check_batch(g, count);
    if (count > 0) check_bad_batch(g, count);
  }
  for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
    check_batch(g, large[i]);
    check_bad_batch(g, large[i]);
  }
}
