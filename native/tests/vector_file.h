/* Reads tests/vectors files: lines `name = hex` or `name[number] = hex` (or a word for hex), `#` begins a comment. */
#ifndef THRESIGN_TESTS_VECTOR_FILE_H
#define THRESIGN_TESTS_VECTOR_FILE_H

#include "check.h"

typedef struct vectors {
  char text[1 << 20];
} vectors;

static inline void vectors_load(vectors *file, const char *directory, const char *name) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  FILE *stream = fopen(path, "r");
  if (stream == NULL) {
    fprintf(stderr, "cannot read %s\n", path);
    exit(1);
  }
  size_t length = fread(file->text, 1, sizeof file->text - 1, stream);
  file->text[length] = '\0';
  CHECK(length < sizeof file->text - 1); /* the whole file is here */
  fclose(stream);
}

/* Where the value begins; it ends with the line. Aborts unless it is there. number 0: a name without brackets. */
static inline const char *vectors_find(const vectors *file, const char *name, unsigned number) {
  char key[128];
  if (number > 0) snprintf(key, sizeof key, "\n%s[%u] = ", name, number);
  else snprintf(key, sizeof key, "\n%s = ", name);
  const char *found = strstr(file->text, key);
  if (found == NULL) {
    fprintf(stderr, "no value for%s\n", key);
    abort();
  }
  return found + strlen(key);
}

/* The value's bytes. Returns their number. */
static inline size_t vectors_get(const vectors *file, const char *name, unsigned number, uint8_t *out, size_t capacity) {
  const char *hex = vectors_find(file, name, number);
  size_t length = strcspn(hex, "\n") / 2;
  CHECK(length <= capacity);
  for (size_t i = 0; i < length; i++) {
    unsigned value;
    CHECK(sscanf(hex + 2 * i, "%2x", &value) == 1);
    out[i] = (uint8_t)value;
  }
  return length;
}

#endif
