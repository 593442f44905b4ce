/* Constant-time multiplication of a point by a scalar. The curve defines
 *   CURVE_STREAMS   how many short scalars it cuts a scalar k into: k = k_0 (+ k_1 lambda),
 *   CURVE_WINDOWS   how many windows of five bits each has,
 *   curve_streams   the k_s, as v_s of recode_halve,
 *   curve_endomorphism   x of lambda P from x of P. */
#ifndef THRESIGN_WEIERSTRASS_MUL_H
#define THRESIGN_WEIERSTRASS_MUL_H

#include "ct_table.h"
#include "thresign/wipe.h"

#define MUL_WIDTH 5
#define MUL_TABLE (1 << (MUL_WIDTH - 1))

static inline void curve_streams(uint64_t v[CURVE_STREAMS][4], const ts_scalar *k);
static inline void curve_endomorphism(fe *x);
static const affine_point *curve_generator(void);

typedef struct {
  affine_point table[MUL_TABLE]; /* odd multiples of the point on one frame */
  fe step[MUL_TABLE];
  fe frame; /* what the z of a sum has to be multiplied by */
  uint64_t v[CURVE_STREAMS][4];
  affine_point q;
  jacobian_point sum;
  projective_point left, right;
} mul_state;

/* q = the point for one digit. */
static inline void mul_look_up(mul_state *m, unsigned stream, unsigned window) {
  table_select(&m->q, m->table, recode_bits(m->v[stream], MUL_WIDTH * window, MUL_WIDTH), MUL_WIDTH);
  if (stream == 1) curve_endomorphism(&m->q.x);
}

static inline void mul_make_table(mul_state *m, const projective_point *p) {
  fe factor;
  jacobian_from_projective(&m->sum, p);
  odd_multiples(m->table, m->step, &m->frame, &m->sum, MUL_TABLE);
#if CURVE_A_IS_ZERO
  fe_set_one(&factor);
#else
  fe_invert(&factor, &m->frame);
  fe_set_one(&m->frame);
#endif
  odd_multiples_scale(m->table, m->step, &factor, MUL_TABLE);
}

/* out = k*A.
 *
 * No exception of the Jacobian addition can be met. Say that the sum is (u_0 + u_1 lambda) P, with integers u_s made
 * of the digits so far, when the digit d of stream s comes. The addition fails only if the sum is the identity or +-d
 * lambda^s P: if u_0 + u_1 lambda = 0 mod q, for u_s itself or u_s +- d in its place. But
 * - these are not all zero. With one stream u_0 is 32 u for an odd u, so not 0, nor +-d, which is odd and below 32.
 *   With two, the u of the other stream is odd, or 32 times an odd number;
 * - after t windows, this one included, they are below 2^(5t) in magnitude, so with t < CURVE_WINDOWS they are too
 *   short to make zero: with one stream below 2^255 < q; with two, below 2^125 each, while the shortest vector of the
 *   lattice of all (x, y) with x + y lambda = 0 mod q is longer than 2^127 (secp256k1/glv.h).
 * The last window is added by complete formulas. */
static inline void point_mul(ts_element *out, const ts_scalar *k, const ts_element *a) {
  mul_state m;
  curve_streams(m.v, k);
  element_load(&m.left, a);
  /* The identity has no table: take the generator in its place, and the identity in place of the result. */
  const uint64_t identity = fe_mask_if_zero(&m.left.z);
  m.right = (projective_point){.x = curve_generator()->x, .y = curve_generator()->y};
  fe_set_one(&m.right.z);
  projective_cmov(&m.left, &m.right, identity);
  mul_make_table(&m, &m.left);

  for (unsigned window = CURVE_WINDOWS - 1; window > 0; window--) {
    for (unsigned stream = 0; stream < CURVE_STREAMS; stream++) {
      mul_look_up(&m, stream, window);
      if (window == CURVE_WINDOWS - 1 && stream == 0)
        jacobian_from_affine(&m.sum, &m.q);
      else
        jacobian_add_affine(&m.sum, &m.sum, &m.q);
    }
    for (int i = 0; i < MUL_WIDTH; i++) jacobian_double(&m.sum, &m.sum);
  }

  fe_mul(&m.sum.z, &m.sum.z, &m.frame);
  projective_from_jacobian(&m.left, &m.sum);
  for (unsigned stream = 0; stream < CURVE_STREAMS; stream++) {
    mul_look_up(&m, stream, 0);
    m.sum = (jacobian_point){m.q.x, m.q.y, m.frame};
    projective_from_jacobian(&m.right, &m.sum);
    projective_add(&m.left, &m.left, &m.right);
  }
  projective_set_identity(&m.right);
  projective_cmov(&m.left, &m.right, identity);
  element_store(out, &m.left);
  ts_wipe(&m, sizeof m);
}

#endif
