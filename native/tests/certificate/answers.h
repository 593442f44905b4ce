/* The answers that vector files name. */
#ifndef THRESIGN_TESTS_CERTIFICATE_ANSWERS_H
#define THRESIGN_TESTS_CERTIFICATE_ANSWERS_H

#include "vector_file.h"

#include "thresign/certificate.h"

static const struct {
  const char *name;
  ts_result result;
} NAMES[] = {
    {"TS_OK", TS_OK},
#define NAMED(name, code, text) {#name, name},
    TS_RESULTS(NAMED)
#undef NAMED
};

static inline ts_result expected(const vectors *file, unsigned number) {
  const char *word = vectors_find(file, "expect", number);
  size_t length = strcspn(word, "\n");
  for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
    if (strlen(NAMES[i].name) == length && memcmp(NAMES[i].name, word, length) == 0) return NAMES[i].result;
  fprintf(stderr, "case %u expects %.*s\n", number, (int)length, word);
  abort();
}

#endif
