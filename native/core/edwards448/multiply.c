/* Multiplication by secret scalars.
 *
 * Digits are never zero: for any k, with N = 450 bits, b = (k + 2^N - 1)/2 mod q gives k = sum of s_i 2^i over i < N
 * with s_i = 1 where bit i of b is set, and -1 where it is not (Hamburg, eprint 2012/309 section 3.3). A window of w
 * bits of b with the value v stands for the odd digit 2 v - (2^w - 1); its sign is the window's top bit. */
#include "multiply.h"

#include "ct.h"
#include "point.h"
#include "scalar.h"
#include "tables.h"
#include "thresign/wipe.h"

#define SIGNED_BITS 450
#define WINDOW 5
#define WINDOWS (SIGNED_BITS / WINDOW)
#define WINDOW_ENTRIES (1 << (WINDOW - 1))
#define PROJECTIVE_LIMBS (4 * FE_LIMBS)

_Static_assert(COMB_BITS == SIGNED_BITS, "one offset serves both");

/* mod q: 1/2, 1/8 and (2^450 - 1)/2. */
static const ts_scalar half = {{0x91bc614955ac227a, 0x10b6613946e2c7aa, 0xe2276da4d76b1b48, 0xffffffffbe6511f4,
                                0xffffffffffffffff, 0xffffffffffffffff, 0x1fffffffffffffff, 0}};
static const ts_scalar eighth = {{0x362b799bab172b18, 0x14e3f987989b7995, 0x1ab1490e0d45e21a, 0xffffffffadfe5672,
                                  0xffffffffffffffff, 0xffffffffffffffff, 0x27ffffffffffffff, 0}};
static const ts_scalar offset = {{0x75f64cb3fae9fae1, 0x05504da4d8b64d01, 0xbfb0935760b966c7, 0x00000003d813f2a6,
                                  0x0000000000000000, 0x0000000000000000, 0x2000000000000000, 0}};

/* Bit i of b, i < 512: limb[7] is zero. */
static uint64_t bit(const ts_scalar *b, unsigned i) { return b->limb[i / 64] >> (i % 64) & 1; }

/* out = table[index], reading all of it. */
static inline __attribute__((always_inline)) void lookup(uint64_t *out, const uint64_t *table, uint64_t entries,
                                                         unsigned limbs, uint64_t index) {
  for (unsigned i = 0; i < limbs; i++) out[i] = 0;
  for (uint64_t entry = 0; entry < entries; entry++, table += limbs) {
    uint64_t mask = ct_mask(ct_is_zero(entry ^ index));
    for (unsigned i = 0; i < limbs; i++) out[i] |= table[i] & mask;
  }
}

/* The table index of a window v of w bits, and the mask of its sign: digits -(2 i + 1) and 2 i + 1 share entry i. If
 * the top bit is set, i = v - 2^(w - 1); if not, i = 2^(w - 1) - 1 - v: the low bits of v, or their complement. */
static uint64_t window_index(uint64_t *negative, uint64_t v, unsigned w) {
  *negative = ct_mask((v >> (w - 1) & 1) ^ 1);
  return (v ^ *negative) & ((UINT64_C(1) << (w - 1)) - 1);
}

/* The summand of comb block j for the bits at row, row + COMB_SPACING, and so on. */
static void comb_summand(niels *r, const ts_scalar *b, unsigned j, unsigned row) {
  uint64_t v = 0, negative, limbs[NIELS_LIMBS];
  for (unsigned tooth = 0; tooth < COMB_TEETH; tooth++)
    v |= bit(b, row + COMB_SPACING * (COMB_TEETH * j + tooth)) << tooth;
  uint64_t index = window_index(&negative, v, COMB_TEETH);
  lookup(limbs, ts_edwards448_comb[j][0], COMB_ENTRIES, NIELS_LIMBS, index);
  niels_load(r, limbs);
  niels_negate_if(r, negative);
}

void ts_edwards448_mul_base(ts_element *out, const ts_scalar *k) {
  ts_scalar b;
  twisted sum;
  point result;
  niels summand;
  ts_edwards448_scalar_muladd(&b, k, &half, &offset);
  comb_summand(&summand, &b, 0, COMB_SPACING - 1);
  fe_carry(&summand.td, &summand.td);
  twisted_from_niels(&sum, &summand);
  for (unsigned row = COMB_SPACING; row-- > 0;) {
    bool first = row == COMB_SPACING - 1;
    if (!first) twisted_double(&sum, &sum, true);
    for (unsigned j = first ? 1 : 0; j < COMB_BLOCKS; j++) {
      comb_summand(&summand, &b, j, row);
      twisted_add_niels(&sum, &sum, &summand, j < COMB_BLOCKS - 1);
    }
  }
  twisted_to_point(&result, &sum);
  element_store(out, &result);
  ts_wipe(&b, sizeof b);
  ts_wipe(&summand, sizeof summand);
  ts_wipe(&sum, sizeof sum);
}

static void projective_store(uint64_t *limbs, const projective_niels *a) {
  fe_store(limbs, &a->n.minus);
  fe_store(limbs + FE_LIMBS, &a->n.plus);
  fe_store(limbs + 2 * FE_LIMBS, &a->n.td);
  fe_store(limbs + 3 * FE_LIMBS, &a->z2);
}

/* Entry i is (2 i + 1) a. */
static void window_table(uint64_t table[WINDOW_ENTRIES][PROJECTIVE_LIMBS], const twisted *a) {
  twisted twice, multiple = *a;
  projective_niels prepared, step;
  twisted_double(&twice, a, true);
  twisted_to_niels(&step, &twice);
  for (unsigned i = 0;; i++) {
    twisted_to_niels(&prepared, &multiple);
    projective_store(table[i], &prepared);
    if (i == WINDOW_ENTRIES - 1) break;
    twisted_add_projective(&multiple, &multiple, &step, true);
  }
}

/* The summand of the window at 2^(WINDOW w). */
static void window_summand(projective_niels *r, uint64_t table[WINDOW_ENTRIES][PROJECTIVE_LIMBS], const ts_scalar *b,
                           unsigned w) {
  uint64_t v = 0, negative, limbs[PROJECTIVE_LIMBS];
  for (unsigned i = 0; i < WINDOW; i++) v |= bit(b, WINDOW * w + i) << i;
  uint64_t index = window_index(&negative, v, WINDOW);
  lookup(limbs, table[0], WINDOW_ENTRIES, PROJECTIVE_LIMBS, index);
  niels_load(&r->n, limbs);
  fe_load(&r->z2, limbs + NIELS_LIMBS);
  niels_negate_if(&r->n, negative);
}

void ts_edwards448_mul(ts_element *out, const ts_scalar *k, const ts_element *a) {
  ts_scalar b;
  twisted sum;
  point p;
  projective_niels summand;
  uint64_t table[WINDOW_ENTRIES][PROJECTIVE_LIMBS];
  ts_edwards448_scalar_muladd(&b, k, &eighth, &offset);  /* the digits of k/4 */
  element_load(&p, a);
  point_to_twisted(&sum, &p);
  window_table(table, &sum);
  twisted_set_identity(&sum);
  for (unsigned w = WINDOWS; w-- > 0;) {
    if (w < WINDOWS - 1)
      for (unsigned i = 0; i < WINDOW; i++) twisted_double(&sum, &sum, i == WINDOW - 1);
    window_summand(&summand, table, &b, w);
    twisted_add_projective(&sum, &sum, &summand, false);
  }
  twisted_to_point(&p, &sum);
  element_store(out, &p);
  ts_wipe(&b, sizeof b);
  ts_wipe(&summand, sizeof summand);
  ts_wipe(&sum, sizeof sum);
  ts_wipe(table, sizeof table);
}
