/* The comparison of the mark on a token file runs in constant time. (A PIN is judged by libsodium: by Argon2id, whose second
 * half reads memory by secret addresses, as it is meant to, and by the tag of an AEAD, compared in constant time there.) */
#include "seal.h"
#include "secret.h"
#include "../secret.h"
#include "check.h"

#ifndef PLANTED_LEAK
#define PLANTED_LEAK 0
#endif

int main(void) {
  uint8_t marks[3][TS_MARK_BYTES];
  for (size_t i = 0; i < sizeof marks; i++) ((uint8_t *)marks)[i] = (uint8_t)(i % TS_MARK_BYTES);
  marks[2][0] ^= 1;
  SECRET(marks, sizeof marks);
  bool same = ts_mark_equal(marks[0], marks[1]), other = ts_mark_equal(marks[0], marks[2]);
#if PLANTED_LEAK
  volatile uint8_t *first = marks[0];
  if (*first == 1) printf("x"); /* a real branch */
#endif
  PUBLIC(&same, sizeof same);
  PUBLIC(&other, sizeof other);
  CHECK(same && !other);
  return 0;
}
