/* SHAKE256 on a secret message. See secret.h. */
#include "check.h"
#include "secret.h"
#include "thresign/shake256.h"

int main(void) {
  uint8_t message[500], digest[300];
  ts_shake256 s;
  test_random_bytes(message, sizeof message);
  SECRET(message, sizeof message);
  ts_shake256_init(&s);
  ts_shake256_absorb(&s, message, 3);
  ts_shake256_absorb(&s, message + 3, sizeof message - 3);
  ts_shake256_squeeze(&s, digest, 5);
  ts_shake256_squeeze(&s, digest + 5, sizeof digest - 5);
#if PLANTED_LEAK
  if ((digest[299] & 1) != 0) puts("leaked");  /* a branch on a secret */
#endif
  return 0;
}
