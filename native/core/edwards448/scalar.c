/* Arithmetic mod q; scalar.h says how scalars are held. 2^448 = 4 c mod q, and 4 c has 226 bits: numbers are reduced by
 * folding what lies above bit 448 down, times 4 c. */
#include "scalar.h"

#include <string.h>

#include "../verify.h"
#include "ct.h"
#include "modinv.h"
#include "thresign/wipe.h"

#define N SCALAR_WORDS
#define WIDE_WORDS 15  /* 114 bytes */
#define SCALAR_BYTES 57

typedef unsigned __int128 wide;

static const uint64_t order[N] = {
  0x2378c292ab5844f3, 0x216cc2728dc58f55, 0xc44edb49aed63690, 0xffffffff7cca23e9,
  0xffffffffffffffff, 0xffffffffffffffff, 0x3fffffffffffffff
};
static const uint64_t c1[4] = {0xdc873d6d54a7bb0d, 0xde933d8d723a70aa, 0x3bb124b65129c96f, 0x8335dc16};       /* c */
static const uint64_t c4[4] = {0x721cf5b5529eec34, 0x7a4cf635c8e9c2ab, 0xeec492d944a725bf, 0x20cd77058};      /* 4 c */

/* A sum of products, column by column: three words. */
typedef struct { wide low; uint64_t high; } sum;

static inline void sum_add(sum *s, uint64_t a, uint64_t b) {
  wide product = (wide)a * b;
  s->low += product;
  s->high += s->low < product;
}

static inline uint64_t sum_take(sum *s) {
  uint64_t word = (uint64_t)s->low;
  s->low = s->low >> 64 | (wide)s->high << 64;
  s->high = 0;
  return word;
}

static void check(const ts_scalar *a) {
#ifdef THRESIGN_VERIFY
  VERIFY_CHECK(a->limb[N] == 0);
  int below = 0;
  for (int i = N - 1; i >= 0 && below == 0; i--) below = (a->limb[i] < order[i]) - (a->limb[i] > order[i]);
  VERIFY_CHECK(below == 1);
#else
  (void)a;
#endif
}

/* r = a - b over N words; returns the borrow. */
static uint64_t subtract(uint64_t *r, const uint64_t *a, const uint64_t *b) {
  uint64_t borrow = 0;
  for (int i = 0; i < N; i++) {
    wide difference = (wide)a[i] - b[i] - borrow;
    r[i] = (uint64_t)difference;
    borrow = (uint64_t)(difference >> 64) & 1;
  }
  return borrow;
}

/* out = a mod q for a < 2 q. */
static void subtract_order_once(ts_scalar *out, const uint64_t *a) {
  uint64_t reduced[N];
  uint64_t keep = ct_mask(subtract(reduced, a, order));
  for (int i = 0; i < N; i++) out->limb[i] = reduced[i] ^ (keep & (reduced[i] ^ a[i]));
  out->limb[N] = 0;
  check(out);
}

/* x[0..6] + 4 c x[7..6 + high], in max(8, high + 4) words of x; what lies above them is cleared. The result is below
 * 2^448 + 2^(226 + bits of the high part), so it fits; high >= 1. */
static inline void fold(uint64_t *x, int high) {
  uint64_t h[WIDE_WORDS - N];
  memcpy(h, x + N, (size_t)high * sizeof h[0]);
  int words = high + 4 > N + 1 ? high + 4 : N + 1;
  sum s = {0, 0};
  for (int k = 0; k < words; k++) {
    if (k < N) sum_add(&s, x[k], 1);
    for (int j = 0; j < 4; j++)
      if (k - j >= 0 && k - j < high) sum_add(&s, c4[j], h[k - j]);
    x[k] = sum_take(&s);
  }
  VERIFY_CHECK(s.low == 0);
  for (int k = words; k < N + high; k++) x[k] = 0;
}

/* out = x[0..7] mod q for x < 2^470: the bits from 446 up, below 2^24, times c. Then x is below 2^446 + 2^248 < 2 q. */
static void reduce_last(ts_scalar *out, const uint64_t *x) {
  uint64_t top = x[N] << 2 | x[N - 1] >> 62;
  VERIFY_CHECK(x[N] < UINT64_C(1) << 22);
  uint64_t t[N];
  wide carry = 0;
  for (int i = 0; i < N; i++) {
    carry += i == N - 1 ? x[i] & (UINT64_MAX >> 2) : x[i];
    if (i < 4) carry += (wide)top * c1[i];
    t[i] = (uint64_t)carry;
    carry >>= 64;
  }
  subtract_order_once(out, t);
}

/* x = a b, x[0..13]. */
static void multiply(uint64_t *x, const ts_scalar *a, const ts_scalar *b) {
  sum s = {0, 0};
  check(a);
  check(b);
  for (int k = 0; k < 2 * N - 1; k++) {
    int first = k < N ? 0 : k - N + 1, last = k < N ? k : N - 1;
    for (int i = first; i <= last; i++) sum_add(&s, a->limb[i], b->limb[k - i]);
    x[k] = sum_take(&s);
  }
  x[2 * N - 1] = sum_take(&s);
}

/* out = x[0..N + high - 1] mod q for x < 2^912: below 2^691 after one fold, below 2^470 after two. */
static inline void reduce_wide(ts_scalar *out, uint64_t *x, int high) {
  fold(x, high);
  fold(x, 4);
  reduce_last(out, x);
}

bool ts_edwards448_scalar_decode(ts_scalar *out, const uint8_t *bytes) {
  uint64_t x[N], unused[N];
  for (int i = 0; i < N; i++) x[i] = modinv_load_le64(bytes + 8 * i);
  uint64_t valid = ct_mask(subtract(unused, x, order) & ct_is_zero(bytes[SCALAR_BYTES - 1]));
  for (int i = 0; i < N; i++) out->limb[i] = x[i] & valid;
  out->limb[N] = 0;
  check(out);
  ts_wipe(x, sizeof x);
  ts_wipe(unused, sizeof unused);
  return valid != 0;
}

void ts_edwards448_scalar_encode(uint8_t *out, const ts_scalar *a) {
  check(a);
  for (int i = 0; i < 8 * N; i++) out[i] = (uint8_t)(a->limb[i / 8] >> (8 * (i % 8)));
  out[SCALAR_BYTES - 1] = 0;
}

void ts_edwards448_scalar_reduce(ts_scalar *out, const uint8_t *bytes, size_t length) {
  uint64_t x[WIDE_WORDS] = {0};
  VERIFY_CHECK(length <= TS_SCALAR_WIDE_BYTES_MAX);
  for (size_t i = 0; i < length; i++) x[i / 8] |= (uint64_t)bytes[i] << (8 * (i % 8));
  reduce_wide(out, x, WIDE_WORDS - N);
  ts_wipe(x, sizeof x);
}

void ts_edwards448_scalar_set_u64(ts_scalar *out, uint64_t value) {
  memset(out, 0, sizeof *out);
  out->limb[0] = value;
}

void ts_edwards448_scalar_add(ts_scalar *out, const ts_scalar *a, const ts_scalar *b) {
  uint64_t x[N];
  wide carry = 0;
  check(a);
  check(b);
  for (int i = 0; i < N; i++) {
    carry += (wide)a->limb[i] + b->limb[i];
    x[i] = (uint64_t)carry;
    carry >>= 64;
  }
  subtract_order_once(out, x);
}

void ts_edwards448_scalar_sub(ts_scalar *out, const ts_scalar *a, const ts_scalar *b) {
  uint64_t x[N];
  check(a);
  check(b);
  uint64_t add = ct_mask(subtract(x, a->limb, b->limb));
  wide carry = 0;
  for (int i = 0; i < N; i++) {
    carry += (wide)x[i] + (order[i] & add);
    out->limb[i] = (uint64_t)carry;
    carry >>= 64;
  }
  out->limb[N] = 0;
  check(out);
}

void ts_edwards448_scalar_negate(ts_scalar *out, const ts_scalar *a) {
  static const ts_scalar zero = {{0}};
  ts_edwards448_scalar_sub(out, &zero, a);
}

void ts_edwards448_scalar_mul(ts_scalar *out, const ts_scalar *a, const ts_scalar *b) {
  uint64_t x[2 * N];
  multiply(x, a, b);
  reduce_wide(out, x, N);
}

void ts_edwards448_scalar_muladd(ts_scalar *out, const ts_scalar *a, const ts_scalar *b, const ts_scalar *c) {
  uint64_t x[2 * N];
  wide carry = 0;
  check(c);
  multiply(x, a, b);
  for (int i = 0; i < 2 * N; i++) {  /* a b + c < q^2 */
    carry += x[i];
    if (i < N) carry += c->limb[i];
    x[i] = (uint64_t)carry;
    carry >>= 64;
  }
  reduce_wide(out, x, N);
}

void ts_edwards448_scalar_invert(ts_scalar *out, const ts_scalar *a) {
  check(a);
  ts_edwards448_modinv(out->limb, a->limb, &ts_edwards448_modulus_q);
  out->limb[N] = 0;
  check(out);
}

void ts_edwards448_scalar_invert_vartime(ts_scalar *out, const ts_scalar *a) {
  check(a);
  ts_edwards448_modinv_vartime(out->limb, a->limb, &ts_edwards448_modulus_q);
  out->limb[N] = 0;
  check(out);
}

bool ts_edwards448_scalar_is_zero(const ts_scalar *a) {
  uint64_t bits = 0;
  for (int i = 0; i < N; i++) bits |= a->limb[i];
  return ct_is_zero(bits) != 0;
}

bool ts_edwards448_scalar_equal(const ts_scalar *a, const ts_scalar *b) {
  uint64_t bits = 0;
  for (int i = 0; i < N; i++) bits |= a->limb[i] ^ b->limb[i];
  return ct_is_zero(bits) != 0;
}
