/* Sums of multiples of public points, in variable time. The curve defines
 *   CURVE_A_IS_ZERO        whether points may be written on frames (point.h),
 *   CURVE_STREAMS          how many short scalars it cuts a scalar k into: k = k_0 (+ k_1 lambda),
 *   CURVE_NAF_LENGTH       1 + how many bits each of them has,
 *   curve_streams_vartime  the k_s as magnitudes and signs,
 *   curve_endomorphism     x of lambda P from x of P. */
#ifndef THRESIGN_WEIERSTRASS_MSM_H
#define THRESIGN_WEIERSTRASS_MSM_H

#include <stddef.h>

#include "point.h"
#include "recode.h"

static inline void curve_endomorphism(fe *x);
static inline void curve_streams_vartime(uint64_t magnitude[CURVE_STREAMS][4], bool negative[CURVE_STREAMS],
                                         const ts_scalar *k);

#define STRAUS_WIDTH 5
#define STRAUS_TABLE (1 << (STRAUS_WIDTH - 2))
#define STRAUS_POINTS 64 /* at a time: about 70 KB of stack */

typedef struct {
  affine_point table[STRAUS_TABLE];
  union {
    fe step[STRAUS_TABLE];    /* until the table is scaled */
    fe other_x[STRAUS_TABLE]; /* from then on: the x of lambda times the table */
  };
  fe z, before; /* the table's z, and the product of those of all tables before it */
  int8_t digit[CURVE_STREAMS][CURVE_NAF_LENGTH];
} straus_term;

/* Fills a term but for the scaling of its table. Returns how many digits it has: 0 if it adds nothing. */
static int straus_begin_vartime(straus_term *term, const ts_scalar *k, const ts_element *a) {
  uint64_t magnitude[CURVE_STREAMS][4];
  bool negative[CURVE_STREAMS];
  projective_point p;
  jacobian_point j;
  int top = 0;
  element_load(&p, a);
  if (fe_mask_if_zero(&p.z) != 0) return 0;
  curve_streams_vartime(magnitude, negative, k);
  for (unsigned s = 0; s < CURVE_STREAMS; s++) {
    const int length =
      recode_naf_vartime(term->digit[s], CURVE_NAF_LENGTH, magnitude[s], STRAUS_WIDTH, negative[s]);
    if (length > top) top = length;
  }
  if (top == 0) return 0;
  jacobian_from_projective(&j, &p);
  odd_multiples(term->table, term->step, &term->z, &j, STRAUS_TABLE);
  return top;
}

/* Brings all tables onto one frame. For a = 0 that is the product of all z, and table i has to be scaled by the
 * product of the others. Else it is 1, and the factor is that product over the product of all z: one inversion
 * (Montgomery's trick, 1987). */
static void straus_scale_vartime(straus_term *term, fe *frame, size_t count) {
  fe after;
  fe_set_one(frame);
  for (size_t i = 0; i < count; i++) {
    term[i].before = *frame;
    fe_mul(frame, frame, &term[i].z);
  }
#if CURVE_A_IS_ZERO
  fe_set_one(&after);
#else
  fe_invert_vartime(&after, frame);
  fe_set_one(frame);
#endif
  for (size_t i = count; i-- > 0;) {
    fe factor;
    fe_mul(&factor, &term[i].before, &after);
    fe_mul(&after, &after, &term[i].z);
    odd_multiples_scale(term[i].table, term[i].step, &factor, STRAUS_TABLE);
    if (CURVE_STREAMS == 2) {
      for (int j = 0; j < STRAUS_TABLE; j++) {
        term[i].other_x[j] = term[i].table[j].x;
        curve_endomorphism(&term[i].other_x[j]);
      }
    }
  }
}

/* *sum += digit times the point of a term's stream. */
static inline void straus_add_vartime(jacobian_point *sum, const straus_term *term, unsigned stream, int digit) {
  const int index = (digit < 0 ? -digit : digit) / 2;
  affine_point q = term->table[index];
  if (stream == 1) q.x = term->other_x[index];
  if (digit < 0) fe_negate(&q.y, &q.y);
  jacobian_add_affine_vartime(sum, sum, &q);
}

/* sum = sum of k[i] A[i], count <= STRAUS_POINTS: one chain of doublings for all (Straus, 1964). */
static void straus_vartime(jacobian_point *sum, const ts_scalar *k, const ts_element *a, size_t count) {
  straus_term term[STRAUS_POINTS];
  size_t used = 0;
  int top = 0;
  fe frame;
  VERIFY_CHECK(count <= STRAUS_POINTS);
  for (size_t i = 0; i < count; i++) {
    const int length = straus_begin_vartime(&term[used], &k[i], &a[i]);
    if (length > top) top = length;
    if (length > 0) used++;
  }
  straus_scale_vartime(term, &frame, used);
  jacobian_set_identity(sum);
  for (int bit = top; bit-- > 0;) {
    jacobian_double(sum, sum);
    for (size_t i = 0; i < used; i++)
      for (unsigned s = 0; s < CURVE_STREAMS; s++)
        if (term[i].digit[s][bit] != 0) straus_add_vartime(sum, &term[i], s, term[i].digit[s][bit]);
  }
  fe_mul(&sum->z, &sum->z, &frame);
}

#endif
