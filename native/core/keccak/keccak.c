/* Keccak-f[1600], two rounds at a time between two states. Logic and rotations by constants only: constant time. */
#include "keccak.h"

#define ROUNDS 24

/* iota's constants: FIPS 202 section 3.2.5. */
static const uint64_t round_constant[ROUNDS] = {
  0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
  0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
  0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
  0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
  0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008
};

/* by is a literal between 1 and 63. */
#define ROTATE(word, by) ((word) << (by) | (word) >> (64 - (by)))

/* chi on one row. */
#define CHI(to, row)                        \
  do {                                      \
    (to)[5 * (row) + 0] = b0 ^ (~b1 & b2);  \
    (to)[5 * (row) + 1] = b1 ^ (~b2 & b3);  \
    (to)[5 * (row) + 2] = b2 ^ (~b3 & b4);  \
    (to)[5 * (row) + 3] = b3 ^ (~b4 & b0);  \
    (to)[5 * (row) + 4] = b4 ^ (~b0 & b1);  \
  } while (0)

/* One round: theta's column parities into d, then theta, rho and pi while gathering a row, then chi; iota last. */
static inline __attribute__((always_inline)) void round_once(uint64_t *restrict to, const uint64_t *restrict a,
                                                             uint64_t constant) {
  uint64_t c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
  uint64_t c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
  uint64_t c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
  uint64_t c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
  uint64_t c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
  uint64_t d0 = c4 ^ ROTATE(c1, 1), d1 = c0 ^ ROTATE(c2, 1), d2 = c1 ^ ROTATE(c3, 1);
  uint64_t d3 = c2 ^ ROTATE(c4, 1), d4 = c3 ^ ROTATE(c0, 1);
  uint64_t b0, b1, b2, b3, b4;

  b0 = a[0] ^ d0;
  b1 = ROTATE(a[6] ^ d1, 44);
  b2 = ROTATE(a[12] ^ d2, 43);
  b3 = ROTATE(a[18] ^ d3, 21);
  b4 = ROTATE(a[24] ^ d4, 14);
  CHI(to, 0);
  to[0] ^= constant;

  b0 = ROTATE(a[3] ^ d3, 28);
  b1 = ROTATE(a[9] ^ d4, 20);
  b2 = ROTATE(a[10] ^ d0, 3);
  b3 = ROTATE(a[16] ^ d1, 45);
  b4 = ROTATE(a[22] ^ d2, 61);
  CHI(to, 1);

  b0 = ROTATE(a[1] ^ d1, 1);
  b1 = ROTATE(a[7] ^ d2, 6);
  b2 = ROTATE(a[13] ^ d3, 25);
  b3 = ROTATE(a[19] ^ d4, 8);
  b4 = ROTATE(a[20] ^ d0, 18);
  CHI(to, 2);

  b0 = ROTATE(a[4] ^ d4, 27);
  b1 = ROTATE(a[5] ^ d0, 36);
  b2 = ROTATE(a[11] ^ d1, 10);
  b3 = ROTATE(a[17] ^ d2, 15);
  b4 = ROTATE(a[23] ^ d3, 56);
  CHI(to, 3);

  b0 = ROTATE(a[2] ^ d2, 62);
  b1 = ROTATE(a[8] ^ d3, 55);
  b2 = ROTATE(a[14] ^ d4, 39);
  b3 = ROTATE(a[15] ^ d0, 41);
  b4 = ROTATE(a[21] ^ d1, 2);
  CHI(to, 4);
}

static inline __attribute__((always_inline)) void permute(uint64_t *lane) {
  uint64_t other[25];
  for (int i = 0; i < ROUNDS; i += 2) {
    round_once(other, lane, round_constant[i]);
    round_once(lane, other, round_constant[i + 1]);
  }
}

void ts_keccak_f1600_portable(uint64_t lane[25]) { permute(lane); }

#ifdef __x86_64__
/* The same code where the compiler may use and-not for chi: a fifth faster. */
__attribute__((target("bmi,bmi2"))) static void permute_bmi(uint64_t *lane) { permute(lane); }

void ts_keccak_f1600(uint64_t lane[25]) {
  if (__builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")) permute_bmi(lane);
  else permute(lane);
}
#else
void ts_keccak_f1600(uint64_t lane[25]) { permute(lane); }
#endif
