/* The token's rule for membership changes on tests/vectors/successions.txt, which the one in Python is held against too. */

#include <sodium.h>

#include "answers.h"

static vectors file;

/* From a block of its very length, so that a sanitizer sees one byte read too many. */
static ts_result check(const uint8_t *data, size_t length, const uint8_t domain[32], const ts_roster *old) {
  static ts_roster next;
  ts_bytes encoded;
  uint8_t *exact = malloc(length > 0 ? length : 1);
  CHECK(exact != NULL);
  if (length > 0) memcpy(exact, data, length);
  ts_result result = ts_succession_check(exact, length, domain, old, &next, &encoded);
  if (result == TS_OK) {
    CHECK(next.epoch == old->epoch + 1);
    CHECK(encoded.data > exact && encoded.data + encoded.length == exact + length);
  }
  free(exact);
  return result;
}

int main(int argc, char **argv) {
  static uint8_t encoded[16384];
  static ts_roster old;
  uint8_t domain[32], bytes[2];
  unsigned good = 0;
  CHECK(argc == 2 && sodium_init() >= 0);
  vectors_load(&file, argv[1], "successions.txt");
  CHECK(vectors_get(&file, "domain", 0, domain, sizeof domain) == sizeof domain);
  CHECK(vectors_get(&file, "cases", 0, bytes, sizeof bytes) == 2);
  unsigned cases = (unsigned)bytes[0] << 8 | bytes[1];
  for (unsigned number = 1; number <= cases; number++) {
    uint8_t size;
    CHECK(vectors_get(&file, "size", number, &size, 1) == 1);
    size_t length = vectors_get(&file, "roster", size, encoded, sizeof encoded);
    CHECK(ts_roster_parse(encoded, length, &old) == TS_OK && old.count == size);
    length = vectors_get(&file, "succession", number, encoded, sizeof encoded);
    ts_result result = check(encoded, length, domain, &old);
    if (result != expected(&file, number)) {
      fprintf(stderr, "case %u: 0x%x\n", number, (unsigned)result);
      abort();
    }
    if (result == TS_OK && good++ == 0) /* cut anywhere, a good one is none */
      for (size_t cut = 0; cut < length; cut++) CHECK(check(encoded, cut, domain, &old) == TS_MALFORMED);
  }
  CHECK(good == 6 && cases > 40);
  return 0;
}
