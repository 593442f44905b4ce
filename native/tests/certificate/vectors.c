/* The token's verifier on tests/vectors/certificates.txt, which the one in Python is held against too. */

#include <sodium.h>

#include "answers.h"

static vectors file;

/* Where the input lies must not matter: it is copied to a block of its very length, so that a sanitizer sees one byte
 * read too many. */
static ts_result check(const uint8_t *data, size_t length, const uint8_t domain[32], const ts_roster *roster,
                       uint8_t header[TS_HEADER_BYTES]) {
  uint8_t *exact = malloc(length > 0 ? length : 1);
  ts_header found;
  CHECK(exact != NULL);
  memcpy(exact, data, length);
  ts_result result = ts_certificate_check(exact, length, domain, roster, &found);
  if (result == TS_OK) memcpy(header, found.encoded, TS_HEADER_BYTES);
  free(exact);
  return result;
}

/* Cut anywhere, a good certificate is none. */
static void check_cut(const uint8_t *data, size_t length, const uint8_t domain[32], const ts_roster *roster) {
  uint8_t header[TS_HEADER_BYTES];
  for (size_t cut = 0; cut < length; cut++) CHECK(check(data, cut, domain, roster, header) == TS_MALFORMED);
}

int main(int argc, char **argv) {
  static uint8_t encoded[8192];
  uint8_t domain[32], bytes[2], header[TS_HEADER_BYTES];
  unsigned good = 0;
  CHECK(argc == 2 && sodium_init() >= 0);
  vectors_load(&file, argv[1], "certificates.txt");
  CHECK(vectors_get(&file, "domain", 0, domain, sizeof domain) == sizeof domain);
  CHECK(vectors_get(&file, "cases", 0, bytes, sizeof bytes) == 2);
  unsigned cases = (unsigned)bytes[0] << 8 | bytes[1];
  CHECK(cases > 300);
  for (unsigned number = 1; number <= cases; number++) {
    uint8_t size;
    ts_roster roster;
    CHECK(vectors_get(&file, "size", number, &size, 1) == 1);
    size_t length = vectors_get(&file, "roster", size, encoded, sizeof encoded);
    CHECK(ts_roster_parse(encoded, length, &roster) == TS_OK && roster.count == size);
    length = vectors_get(&file, "certificate", number, encoded, sizeof encoded);
    ts_result result = check(encoded, length, domain, &roster, header);
    if (result != expected(&file, number)) {
      fprintf(stderr, "case %u: 0x%x\n", number, (unsigned)result);
      abort();
    }
    if (result == TS_OK) {
      CHECK(memcmp(header, encoded + 8, TS_HEADER_BYTES) == 0);
      if (good++ == 0) check_cut(encoded, length, domain, &roster);
    }
  }
  CHECK(good >= 28 && good < cases / 4);
  return 0;
}
