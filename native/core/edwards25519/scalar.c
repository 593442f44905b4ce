#include "scalar.h"

#include "../verify.h"
#include "thresign/wipe.h"
#include "modinv.h"

typedef unsigned __int128 u128;

/* L = 2^252 + c. */
#define C0 UINT64_C(0x5812631a5cf5d3ed)
#define C1 UINT64_C(0x14def9dea2f79cd6)
#define L3 (UINT64_C(1) << 60)
static const uint64_t l_words[4] = {C0, C1, 0, L3};

static uint64_t load64(const uint8_t *in) {
  uint64_t x = 0;
  for (int i = 7; i >= 0; i--) x = x << 8 | in[i];
  return x;
}

static void set(ts_scalar *out, const uint64_t w[4]) {
  for (int i = 0; i < 4; i++) out->limb[i] = w[i];
  for (int i = 4; i < 8; i++) out->limb[i] = 0;
}

/* r = a - b over n words; returns the borrow, 0 or 1. */
static uint64_t sub_words(uint64_t *r, const uint64_t *a, const uint64_t *b, int n) {
  uint64_t borrow = 0;
  for (int i = 0; i < n; i++) {
    const u128 t = (u128)a[i] - b[i] - borrow;
    r[i] = (uint64_t)t;
    borrow = (uint64_t)(t >> 64) & 1;
  }
  return borrow;
}

/* r += L where mask is all ones; the carry out is dropped. */
static void add_l_masked(uint64_t r[4], uint64_t mask) {
  __asm__("" : "+r"(mask));
  u128 t = 0;
  for (int i = 0; i < 4; i++) {
    t += (u128)r[i] + (l_words[i] & mask);
    r[i] = (uint64_t)t;
    t >>= 64;
  }
}

/* out = x mod L for any 512-bit x.
 * 1. z = the low four words + sum of x[4 + i] (2^(256 + 64 i) mod L) < 2^256 + 4 * 2^64 * 2^253 < 2^320, as x mod L.
 * 2. With h = the bits of z from 252 on, below 2^68, and 2^252 = -c: r = (z mod 2^252) - h c, as z mod L. h c < 2^193, so
 *    r is between -2^193 and 2^252 < L: at most one addition of L is missing. */
static void reduce512(ts_scalar *out, const uint64_t x[8]) {
  static const uint64_t power[4][4] = {
      {0xd6ec31748d98951d, 0xc6ef5bf4737dcf70, 0xfffffffffffffffe, 0x0fffffffffffffff},
      {0x5812631a5cf5d3ed, 0x93b8c838d39a5e06, 0xb2106215d086329a, 0x0ffffffffffffffe},
      {0x39822129a02a6271, 0xb64a7f435e4fdd95, 0x7ed9ce5a30a2c131, 0x02106215d086329a},
      {0x79daf520a00acb65, 0xe24babbe38d1d7a9, 0xb399411b7c309a3d, 0x0ed9ce5a30a2c131},
  };
  uint64_t z[5] = {x[0], x[1], x[2], x[3], 0}, hc[4], r[4];
  for (int i = 0; i < 4; i++) {
    uint64_t carry = 0;
    for (int j = 0; j < 4; j++) {
      const u128 t = (u128)x[4 + i] * power[i][j] + z[j] + carry;
      z[j] = (uint64_t)t;
      carry = (uint64_t)(t >> 64);
    }
    VERIFY_CHECK(z[4] + carry >= carry);
    z[4] += carry;
  }
  const uint64_t h0 = z[3] >> 60 | z[4] << 4, h1 = z[4] >> 60;
  z[3] &= L3 - 1;
  const u128 low = (u128)h0 * C0, high = (u128)h1 * C1; /* h1 < 16 */
  const u128 middle = (u128)h0 * C1 + (u128)h1 * C0 + (uint64_t)(low >> 64); /* below 2^125 + 2^68 + 2^64 */
  const u128 top = high + (uint64_t)(middle >> 64);
  hc[0] = (uint64_t)low;
  hc[1] = (uint64_t)middle;
  hc[2] = (uint64_t)top;
  hc[3] = (uint64_t)(top >> 64);
  add_l_masked(r, 0 - sub_words(r, z, hc, 4));
  set(out, r);
}

bool ts_edwards25519_scalar_decode(ts_scalar *out, const uint8_t *bytes) {
  uint64_t w[4], unused[4];
  for (int i = 0; i < 4; i++) w[i] = load64(bytes + 8 * i);
  uint64_t below = 0 - sub_words(unused, w, l_words, 4);
  __asm__("" : "+r"(below));
  for (int i = 0; i < 4; i++) w[i] &= below;
  set(out, w);
  return below != 0;
}

void ts_edwards25519_scalar_encode(uint8_t *out, const ts_scalar *a) {
  for (int i = 0; i < 32; i++) out[i] = (uint8_t)(a->limb[i / 8] >> (8 * (i % 8)));
}

/* Horner's rule in 32-byte digits from the top: each step is (sum so far) 2^256 + digit, a 509-bit number. */
void ts_edwards25519_scalar_reduce(ts_scalar *out, const uint8_t *bytes, size_t length) {
  ts_scalar sum = {{0}};
  VERIFY_CHECK(length <= TS_SCALAR_WIDE_BYTES_MAX);
  for (size_t start = (length + 31) / 32 * 32; start > 0;) {
    uint8_t digit[32] = {0};
    uint64_t x[8];
    start -= 32;
    for (size_t i = 0; i < 32 && start + i < length; i++) digit[i] = bytes[start + i];
    for (int i = 0; i < 4; i++) x[i] = load64(digit + 8 * i);
    for (int i = 0; i < 4; i++) x[4 + i] = sum.limb[i];
    reduce512(&sum, x);
    ts_wipe(digit, sizeof digit);
    ts_wipe(x, sizeof x);
  }
  *out = sum;
  ts_wipe(&sum, sizeof sum);
}

void ts_edwards25519_scalar_set_u64(ts_scalar *out, uint64_t value) {
  const uint64_t w[4] = {value, 0, 0, 0};
  set(out, w);
}

void ts_edwards25519_scalar_add(ts_scalar *out, const ts_scalar *a, const ts_scalar *b) {
  uint64_t w[4];
  u128 t = 0;
  for (int i = 0; i < 4; i++) { /* below 2L < 2^254 */
    t += (u128)a->limb[i] + b->limb[i];
    w[i] = (uint64_t)t;
    t >>= 64;
  }
  add_l_masked(w, 0 - sub_words(w, w, l_words, 4));
  set(out, w);
}

void ts_edwards25519_scalar_sub(ts_scalar *out, const ts_scalar *a, const ts_scalar *b) {
  uint64_t w[4];
  add_l_masked(w, 0 - sub_words(w, a->limb, b->limb, 4));
  set(out, w);
}

void ts_edwards25519_scalar_negate(ts_scalar *out, const ts_scalar *a) {
  const ts_scalar zero = {{0}};
  ts_edwards25519_scalar_sub(out, &zero, a);
}

/* x = a b + (the four words of c), below 2^507. */
static inline void product(uint64_t x[8], const ts_scalar *a, const ts_scalar *b, const uint64_t c[4]) {
  for (int i = 0; i < 4; i++) {
    x[i] = c[i];
    x[i + 4] = 0;
  }
  for (int i = 0; i < 4; i++) {
    uint64_t carry = 0;
    for (int j = 0; j < 4; j++) {
      const u128 t = (u128)a->limb[i] * b->limb[j] + x[i + j] + carry;
      x[i + j] = (uint64_t)t;
      carry = (uint64_t)(t >> 64);
    }
    x[i + 4] = carry;
  }
}

void ts_edwards25519_scalar_mul(ts_scalar *out, const ts_scalar *a, const ts_scalar *b) {
  static const uint64_t zero[4] = {0, 0, 0, 0};
  uint64_t x[8];
  product(x, a, b, zero);
  reduce512(out, x);
}

void ts_edwards25519_scalar_muladd(ts_scalar *out, const ts_scalar *a, const ts_scalar *b, const ts_scalar *c) {
  uint64_t x[8];
  product(x, a, b, c->limb);
  reduce512(out, x);
}

void ts_edwards25519_scalar_invert(ts_scalar *out, const ts_scalar *a) {
  ts_edwards25519_signed62 x;
  uint64_t w[4];
  ts_edwards25519_signed62_from_words(&x, a->limb);
  ts_edwards25519_modinv(&x, &ts_edwards25519_modulus_l);
  ts_edwards25519_signed62_to_words(w, &x);
  set(out, w);
  ts_wipe(&x, sizeof x);
  ts_wipe(w, sizeof w);
}

void ts_edwards25519_scalar_invert_vartime(ts_scalar *out, const ts_scalar *a) {
  ts_edwards25519_signed62 x;
  uint64_t w[4];
  ts_edwards25519_signed62_from_words(&x, a->limb);
  ts_edwards25519_modinv_vartime(&x, &ts_edwards25519_modulus_l);
  ts_edwards25519_signed62_to_words(w, &x);
  set(out, w);
}

bool ts_edwards25519_scalar_is_zero(const ts_scalar *a) {
  uint64_t any = a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3];
  any = (any | (0 - any)) >> 63;
  __asm__("" : "+r"(any));
  return any == 0;
}

bool ts_edwards25519_scalar_equal(const ts_scalar *a, const ts_scalar *b) {
  uint64_t any = 0;
  for (int i = 0; i < 4; i++) any |= a->limb[i] ^ b->limb[i];
  any = (any | (0 - any)) >> 63;
  __asm__("" : "+r"(any));
  return any == 0;
}

void ts_edwards25519_scalar_radix16(int8_t d[64], const ts_scalar *a) {
  int carry = 0;
  for (int i = 0; i < 64; i++) {
    const int nibble = (int)(a->limb[i / 16] >> (4 * (i % 16)) & 15) + carry; /* 0..16 */
    carry = (nibble + 8) >> 4;
    d[i] = (int8_t)(nibble - (carry << 4));
  }
  VERIFY_CHECK(carry == 0 && d[63] <= 2);
}
