/* libFuzzer: whatever is accepted is encoded the same again, and the batch agrees with the single function. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "thresign/group.h"

#define REQUIRE(condition) \
  do {                     \
    if (!(condition)) abort(); \
  } while (0)

#define COUNT 5

static void try_elements(const ts_group *g, const uint8_t *data, size_t size) {
  uint8_t again[TS_ELEMENT_BYTES_MAX];
  ts_element a, batch[COUNT];
  size_t count = size / g->element_bytes, first, bad = SIZE_MAX;
  if (count > COUNT) count = COUNT;
  first = count;
  for (size_t i = count; i-- > 0;) {
    const uint8_t *bytes = data + i * g->element_bytes;
    if (!g->decode_vartime(&a, bytes)) {
      REQUIRE(g->is_identity(&a));
      first = i;
      continue;
    }
    REQUIRE(!g->is_identity(&a));
    g->encode(again, &a);
    REQUIRE(memcmp(again, bytes, g->element_bytes) == 0);
  }
  REQUIRE(g->decode_batch_vartime(batch, data, count, &bad) == (first == count));
  REQUIRE(first == count || bad == first);
}

static void try_scalar(const ts_group *g, const uint8_t *data, size_t size) {
  uint8_t again[TS_SCALAR_BYTES_MAX];
  ts_scalar a, b;
  if (size < g->scalar_bytes) return;
  g->scalar_reduce(&b, data, g->scalar_bytes);
  if (g->scalar_decode(&a, data)) {
    g->scalar_encode(again, &a);
    REQUIRE(memcmp(again, data, g->scalar_bytes) == 0);
    REQUIRE(g->scalar_equal(&a, &b));
  } else {
    REQUIRE(g->scalar_is_zero(&a));
    g->scalar_encode(again, &b);
    REQUIRE(memcmp(again, data, g->scalar_bytes) != 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  const ts_group *g = &ts_edwards448;
  if ((data[0] & 1) != 0) try_elements(g, data + 1, size - 1);
  else try_scalar(g, data + 1, size - 1);
  return 0;
}
