/* The few words that C tests are written in. A failed CHECK prints place and seed, and ends the program. */
#ifndef THRESIGN_TESTS_CHECK_H
#define THRESIGN_TESTS_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t check_seed = 1;

#define CHECK(condition)                                                                                     \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      fprintf(stderr, "%s:%d: %s (seed %llu)\n", __FILE__, __LINE__, #condition, (unsigned long long)check_seed); \
      abort();                                                                                               \
    }                                                                                                        \
  } while (0)

/* How often a random trial is repeated: n times, or an eighth of that under the sanitizers, which take twenty to thirty
 * times as long and look for what a path does, not for rare numbers. */
#ifdef __SANITIZE_ADDRESS__
#define TEST_ROUNDS(n) ((n) / 8 + 1)
#else
#define TEST_ROUNDS(n) (n)
#endif

/* splitmix64: repeatable test data from --seed=N or the environment's THRESIGN_SEED. Never for anything secret. */
static inline uint64_t test_random(void) {
  static uint64_t state;
  static int seeded;
  if (!seeded) {
    const char *text = getenv("THRESIGN_SEED");
    if (text != NULL) check_seed = strtoull(text, NULL, 10);
    state = check_seed;
    seeded = 1;
  }
  uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/* Fills with random bytes, or, one time in four, with long runs of zero and one bits, where carries hide. */
static inline void test_random_bytes(uint8_t *out, size_t length) {
  if ((test_random() & 3) != 0) {
    for (size_t i = 0; i < length; i++) out[i] = (uint8_t)test_random();
    return;
  }
  size_t bit = 0;
  memset(out, 0, length);
  while (bit < 8 * length) {
    size_t run = 1 + (size_t)(test_random() % 40);
    int value = (int)(test_random() & 1);
    for (; run > 0 && bit < 8 * length; run--, bit++)
      if (value) out[bit / 8] = (uint8_t)(out[bit / 8] | (1u << (bit % 8)));
  }
}

static inline int from_hex(uint8_t *out, size_t length, const char *hex) {
  for (size_t i = 0; i < length; i++) {
    unsigned value;
    if (sscanf(hex + 2 * i, "%2x", &value) != 1) return 0;
    out[i] = (uint8_t)value;
  }
  return hex[2 * length] == '\0';
}

#endif
