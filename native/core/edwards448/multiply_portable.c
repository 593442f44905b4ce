/* Multiplication by secret scalars, in portable C. digits.h explains the digits. */
#include "digits.h"
#include "multiply.h"
#include "point.h"
#include "thresign/wipe.h"

#define PROJECTIVE_LIMBS (4 * FE_LIMBS)

/* out = table[index], reading all of it. */
static inline __attribute__((always_inline)) void lookup(uint64_t *out, const uint64_t *table, uint64_t entries,
                                                         unsigned limbs, uint64_t index) {
  for (unsigned i = 0; i < limbs; i++) out[i] = 0;
  for (uint64_t entry = 0; entry < entries; entry++, table += limbs) {
    uint64_t mask = ct_mask(ct_is_zero(entry ^ index));
    for (unsigned i = 0; i < limbs; i++) out[i] |= table[i] & mask;
  }
}

/* The summand of comb block j at row. */
static void comb_summand(niels *r, const ts_scalar *b, unsigned j, unsigned row) {
  uint64_t negative, limbs[NIELS_LIMBS];
  uint64_t index = comb_index(&negative, b, j, row);
  lookup(limbs, ts_edwards448_comb[j][0], COMB_ENTRIES, NIELS_LIMBS, index);
  niels_load(r, limbs);
  niels_negate_if(r, negative);
}

void ts_edwards448_portable_mul_base(ts_element *out, const ts_scalar *k) {
  ts_scalar b;
  twisted sum;
  point result;
  niels summand;
  ts_edwards448_signed_bits(&b, k);
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
static void window_table(uint64_t table[SIGNED_ENTRIES][PROJECTIVE_LIMBS], const twisted *a) {
  twisted twice, multiple = *a;
  projective_niels prepared, step;
  twisted_double(&twice, a, true);
  twisted_to_niels(&step, &twice);
  for (unsigned i = 0;; i++) {
    twisted_to_niels(&prepared, &multiple);
    projective_store(table[i], &prepared);
    if (i == SIGNED_ENTRIES - 1) break;
    twisted_add_projective(&multiple, &multiple, &step, true);
  }
}

static void window_summand(projective_niels *r, uint64_t table[SIGNED_ENTRIES][PROJECTIVE_LIMBS], const ts_scalar *b,
                           unsigned w) {
  uint64_t negative, limbs[PROJECTIVE_LIMBS];
  uint64_t index = window_index(&negative, b, w);
  lookup(limbs, table[0], SIGNED_ENTRIES, PROJECTIVE_LIMBS, index);
  niels_load(&r->n, limbs);
  fe_load(&r->z2, limbs + NIELS_LIMBS);
  niels_negate_if(&r->n, negative);
}

void ts_edwards448_portable_mul(ts_element *out, const ts_scalar *k, const ts_element *a) {
  ts_scalar b;
  twisted sum;
  point p;
  projective_niels summand;
  uint64_t table[SIGNED_ENTRIES][PROJECTIVE_LIMBS];
  ts_edwards448_signed_bits_of_quarter(&b, k);
  element_load(&p, a);
  point_to_twisted(&sum, &p);
  window_table(table, &sum);
  twisted_set_identity(&sum);
  for (unsigned w = SIGNED_WINDOWS; w-- > 0;) {
    if (w < SIGNED_WINDOWS - 1)
      for (unsigned i = 0; i < SIGNED_WINDOW; i++) twisted_double(&sum, &sum, i == SIGNED_WINDOW - 1);
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
