/* Multiples of the generator, from a table that holds for every window of six bits, i < 43, the odd multiples
 * 1, 3, ... 63 of 2^(6 i) G. The curve defines curve_comb and its order's curve_order. */
#ifndef THRESIGN_WEIERSTRASS_COMB_H
#define THRESIGN_WEIERSTRASS_COMB_H

#include "ct_table.h"
#include "thresign/wipe.h"

#define COMB_WIDTH 6
#define COMB_WINDOWS 43 /* 258 bits */
#define COMB_TABLE (1 << (COMB_WIDTH - 1))

static const affine_point *curve_comb(unsigned window);
static const uint64_t curve_order[4];
static const uint64_t curve_comb_offset[4]; /* 2^258 - 1 mod q */

/* q = the point for the digit of window i. */
static inline void comb_look_up(affine_point *q, const uint64_t v[4], unsigned i) {
  table_select(q, curve_comb(i), recode_bits(v, COMB_WIDTH * i, COMB_WIDTH), COMB_WIDTH);
}

/* out = k*G, by 42 additions and no doublings.
 *
 * No exception of the Jacobian addition can be met: the sum over the windows below i is an integer s with
 * 0 < |s| < 64^i (recode_halve), the digit is d 64^i with d odd, so s +- d 64^i is not zero, and less than 64^(i + 1)
 * in magnitude, which for i <= 41 is at most 2^252 < q: it is not zero mod q either. The last window is added by
 * complete formulas. */
static inline void point_mul_base(ts_element *out, const ts_scalar *k) {
  uint64_t v[4];
  affine_point q;
  jacobian_point sum;
  projective_point left, right;
  recode_halve(v, k->limb, curve_comb_offset, curve_order);
  comb_look_up(&q, v, 0);
  jacobian_from_affine(&sum, &q);
  for (unsigned i = 1; i < COMB_WINDOWS - 1; i++) {
    comb_look_up(&q, v, i);
    jacobian_add_affine(&sum, &sum, &q);
  }
  comb_look_up(&q, v, COMB_WINDOWS - 1);
  projective_from_jacobian(&left, &sum);
  right = (projective_point){.x = q.x, .y = q.y};
  fe_set_one(&right.z);
  projective_add(&left, &left, &right);
  element_store(out, &left);
  ts_wipe(v, sizeof v);
  ts_wipe(&q, sizeof q);
  ts_wipe(&sum, sizeof sum);
  ts_wipe(&left, sizeof left);
  ts_wipe(&right, sizeof right);
}

/* sum = k*G. The digits of a width-7 non-adjacent form are odd multiples up to 63, which the table has for every sixth
 * power of two: digits at positions 6 i + r are gathered for all i at once, from r = 5 down, with a doubling
 * between. */
static inline void comb_mul_vartime(jacobian_point *sum, const ts_scalar *k) {
  int8_t digit[COMB_WINDOWS * COMB_WIDTH];
  recode_naf_vartime(digit, COMB_WINDOWS * COMB_WIDTH, k->limb, COMB_WIDTH + 1, false);
  jacobian_set_identity(sum);
  for (unsigned r = COMB_WIDTH; r-- > 0;) {
    if (r != COMB_WIDTH - 1) jacobian_double(sum, sum);
    for (unsigned i = 0; i < COMB_WINDOWS; i++) {
      const int d = digit[COMB_WIDTH * i + r];
      if (d == 0) continue;
      affine_point q = curve_comb(i)[(d < 0 ? -d : d) / 2];
      if (d < 0) fe_negate(&q.y, &q.y);
      jacobian_add_affine_vartime(sum, sum, &q);
    }
  }
}

#endif
