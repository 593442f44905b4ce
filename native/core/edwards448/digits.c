/* Digits of scalars; digits.h holds the contract. */
#include "digits.h"

#include <string.h>

/* mod q: 1/2, 1/4, 1/8 and (2^450 - 1)/2. */
static const ts_scalar half = {{0x91bc614955ac227a, 0x10b6613946e2c7aa, 0xe2276da4d76b1b48, 0xffffffffbe6511f4,
                                0xffffffffffffffff, 0xffffffffffffffff, 0x1fffffffffffffff, 0}};
static const ts_scalar quarter = {{0x48de30a4aad6113d, 0x085b309ca37163d5, 0x7113b6d26bb58da4, 0xffffffffdf3288fa,
                                   0xffffffffffffffff, 0xffffffffffffffff, 0x0fffffffffffffff, 0}};
static const ts_scalar eighth = {{0x362b799bab172b18, 0x14e3f987989b7995, 0x1ab1490e0d45e21a, 0xffffffffadfe5672,
                                  0xffffffffffffffff, 0xffffffffffffffff, 0x27ffffffffffffff, 0}};
static const ts_scalar offset = {{0x75f64cb3fae9fae1, 0x05504da4d8b64d01, 0xbfb0935760b966c7, 0x00000003d813f2a6,
                                  0x0000000000000000, 0x0000000000000000, 0x2000000000000000, 0}};

void ts_edwards448_signed_bits(ts_scalar *b, const ts_scalar *k) {
  ts_edwards448_scalar_muladd(b, k, &half, &offset);
}

void ts_edwards448_signed_bits_of_quarter(ts_scalar *b, const ts_scalar *k) {
  ts_edwards448_scalar_muladd(b, k, &eighth, &offset);
}

void ts_edwards448_quarter(ts_scalar *r, const ts_scalar *k) { ts_edwards448_scalar_mul(r, k, &quarter); }

/* Bits i to i + w - 1 of a, w < 64, i < 448. */
static uint64_t bits_at(const ts_scalar *a, unsigned i, unsigned w) {
  uint64_t value = a->limb[i / 64] >> (i % 64);
  if (i % 64 + w > 64) value |= a->limb[i / 64 + 1] << (64 - i % 64);
  return value & ((UINT64_C(1) << w) - 1);
}

unsigned ts_edwards448_naf_vartime(int8_t digit[NAF_DIGITS], const ts_scalar *a, unsigned w) {
  unsigned length = 0, i = 0;
  uint64_t carry = 0;
  memset(digit, 0, NAF_DIGITS);
  while (i < NAF_DIGITS) {
    if (bits_at(a, i, 1) == carry) {
      i++;
      continue;
    }
    int value = (int)(bits_at(a, i, w) + carry);
    carry = (uint64_t)value >> (w - 1) & 1;
    digit[i] = (int8_t)(value - (int)(carry << w));
    length = i + 1;
    i += w;
  }
  return length;
}
