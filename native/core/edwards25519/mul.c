/* Constant-time multiplication: signed radix-16 digits, tables read in full under masks. */
#include "mul.h"

#include "point.h"
#include "scalar.h"
#include "tables.h"
#include "thresign/wipe.h"

/* All ones if a = b, for a, b below 2^63. */
static uint64_t equal_mask(uint64_t a, uint64_t b) { return fe_barrier(0 - (((a ^ b) - 1) >> 63)); }

/* A digit in [-8, 8] as its absolute value and a mask of its sign. */
static uint64_t split_digit(int8_t digit, uint64_t *negative) {
  const int64_t d = digit;
  const int64_t sign = d >> 63;
  *negative = fe_barrier((uint64_t)sign);
  return (uint64_t)((d ^ sign) - sign);
}

static void fe_cswap(fe *a, fe *b, uint64_t mask) {
  for (int i = 0; i < 5; i++) {
    const uint64_t t = mask & (a->v[i] ^ b->v[i]);
    a->v[i] ^= t;
    b->v[i] ^= t;
  }
#ifdef THRESIGN_VERIFY
  a->bound = b->bound = a->bound > b->bound ? a->bound : b->bound;
#endif
}

static void fe_unpack(fe *r, const uint64_t w[4]) {
  r->v[0] = w[0] & FE_MASK;
  r->v[1] = (w[0] >> 51 | w[1] << 13) & FE_MASK;
  r->v[2] = (w[1] >> 38 | w[2] << 26) & FE_MASK;
  r->v[3] = (w[2] >> 25 | w[3] << 39) & FE_MASK;
  r->v[4] = w[3] >> 12;
  fe_set_bound(r, FE_TIGHT);
}

/* r = digit times the row's point: row[j] is j + 1 times it; digit 0 gives the neutral (1, 1, 0). */
static void select_base(ge_niels *r, const uint64_t row[8][12], int8_t digit) {
  uint64_t negative;
  const uint64_t size = split_digit(digit, &negative);
  uint64_t w[12] = {0};
  w[0] = w[4] = equal_mask(size, 0) & 1;
  for (uint64_t j = 0; j < 8; j++) {
    const uint64_t mask = equal_mask(size, j + 1);
    for (int i = 0; i < 12; i++) w[i] |= mask & row[j][i];
  }
  fe_unpack(&r->y_plus_x, w);
  fe_unpack(&r->y_minus_x, w + 4);
  fe_unpack(&r->t2d, w + 8);
  fe_cswap(&r->y_plus_x, &r->y_minus_x, negative);
  fe_cnegate(&r->t2d, negative);
}

/* k = sum of d[i] 16^i: first the odd i, times 16, then the even i; row i / 2 of the table is for 256^(i/2). */
void ts_edwards25519_mul_base_portable(ts_element *out, const ts_scalar *k) {
  int8_t d[64];
  ge sum;
  ge_niels entry;
  ts_edwards25519_scalar_radix16(d, k);
  ge_set_identity(&sum);
  for (int i = 1; i < 64; i += 2) {
    select_base(&entry, ts_edwards25519_base_ct[i / 2], d[i]);
    ts_edwards25519_add_niels(&sum, &sum, &entry);
  }
  ts_edwards25519_double_n(&sum, &sum, 4);
  for (int i = 0; i < 64; i += 2) {
    select_base(&entry, ts_edwards25519_base_ct[i / 2], d[i]);
    ts_edwards25519_add_niels(&sum, &sum, &entry);
  }
  *ge_of(out) = sum;
  ts_wipe(d, sizeof d);
  ts_wipe(&entry, sizeof entry);
  ts_wipe(&sum, sizeof sum);
}

static void select_cached(ge_cached *r, const ge_cached table[8], int8_t digit) {
  uint64_t negative;
  const uint64_t size = split_digit(digit, &negative);
  const uint64_t none = equal_mask(size, 0) & 1;
  *r = table[0]; /* for the bounds; every limb is overwritten */
  uint64_t w[4][5] = {{none}, {none}, {2 * none}, {0}};
  for (uint64_t j = 0; j < 8; j++) {
    const uint64_t mask = equal_mask(size, j + 1);
    for (int i = 0; i < 5; i++) {
      w[0][i] |= mask & table[j].y_plus_x.v[i];
      w[1][i] |= mask & table[j].y_minus_x.v[i];
      w[2][i] |= mask & table[j].z2.v[i];
      w[3][i] |= mask & table[j].t2d.v[i];
    }
  }
  for (int i = 0; i < 5; i++) {
    r->y_plus_x.v[i] = w[0][i];
    r->y_minus_x.v[i] = w[1][i];
    r->z2.v[i] = w[2][i];
    r->t2d.v[i] = w[3][i];
  }
  fe_cswap(&r->y_plus_x, &r->y_minus_x, negative);
  fe_cnegate(&r->t2d, negative);
}

void ts_edwards25519_mul_portable(ts_element *out, const ts_scalar *k, const ts_element *a) {
  int8_t d[64];
  ge_cached table[8], entry; /* a, 2a, ..., 8a */
  ge sum;
  ts_edwards25519_scalar_radix16(d, k);
  ge_to_cached(&table[0], ge_of_const(a));
  sum = *ge_of_const(a);
  for (int j = 1; j < 8; j++) {
    ts_edwards25519_add_cached(&sum, &sum, &table[0]);
    ge_to_cached(&table[j], &sum);
  }
  ge_set_identity(&sum);
  for (int i = 63; i >= 0; i--) {
    if (i < 63) ts_edwards25519_double_n(&sum, &sum, 4);
    select_cached(&entry, table, d[i]);
    ts_edwards25519_add_cached(&sum, &sum, &entry);
  }
  *ge_of(out) = sum;
  ts_wipe(d, sizeof d);
  ts_wipe(table, sizeof table);
  ts_wipe(&entry, sizeof entry);
  ts_wipe(&sum, sizeof sum);
}
