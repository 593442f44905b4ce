/* A fuzz target is LLVMFuzzerTestOneInput. Under libFuzzer (-DTHRESIGN_FUZZ=ON, clang) that is all; otherwise this gives it
 * a main that feeds it made-up inputs, so that the target runs with the other tests and is never out of date. */
#ifndef THRESIGN_TESTS_FUZZ_H
#define THRESIGN_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef THRESIGN_LIBFUZZER
int main(int count, char **words) {
  static uint8_t input[4096];
  long rounds = count > 1 ? strtol(words[1], NULL, 10) : 1000;
  for (long round = 0; round < rounds; round++) {
    size_t size = (size_t)(test_random() % (test_random() % 4 == 0 ? sizeof input : 256));
    for (size_t i = 0; i < size; i++) input[i] = (uint8_t)test_random();
    (void)LLVMFuzzerTestOneInput(input, size);
  }
  return 0;
}
#endif

#endif
