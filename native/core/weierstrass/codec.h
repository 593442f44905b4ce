/* Elements as bytes: the compressed form of SEC 1 (section 2.3), and comparisons. The curve defines curve_generator,
 *   curve_right_hand_side  r = x^3 + a x + b, and beside its field
 *   fe_sqrt_candidate      r = a^((p+1)/4): a square root of a if a has one (p = 3 mod 4), else one of -a. */
#ifndef THRESIGN_WEIERSTRASS_CODEC_H
#define THRESIGN_WEIERSTRASS_CODEC_H

#include "point.h"

#define CODEC_BYTES 33

static inline void curve_right_hand_side(fe *r, const fe *x);
static const affine_point *curve_generator(void);

/* The x of an encoding, and what the square of y has to be; false if there is no such x. */
static inline bool point_decode_x_vartime(projective_point *p, fe *square, const uint8_t *bytes) {
  if (bytes[0] != 2 && bytes[0] != 3) return false;
  if (!fe_decode(&p->x, bytes + 1)) return false;
  curve_right_hand_side(square, &p->x);
  return true;
}

/* The y, of the parity that the prefix asks for, from fe_sqrt_candidate's root; false if it is no root. y = 0 does not
 * occur: that point would have order 2. */
static inline bool point_decode_y_vartime(projective_point *p, const fe *square, const fe *root, uint8_t prefix) {
  fe check;
  fe_sqr(&check, root);
  if (fe_mask_if_equal(&check, square) == 0) return false;
  p->y = *root;
  if (fe_parity(root) != (prefix & 1)) fe_negate(&p->y, root);
  fe_set_one(&p->z);
  return true;
}

/* out = the point with the x and the parity of y in bytes; false, and out is the identity, if there is none. Such a
 * point is in the group, which is the whole curve. */
static inline bool point_decode_vartime(ts_element *out, const uint8_t *bytes) {
  projective_point p;
  fe square, root;
  bool good = point_decode_x_vartime(&p, &square, bytes);
  if (good) {
    fe_sqrt_candidate(&root, &square);
    good = point_decode_y_vartime(&p, &square, &root, bytes[0]);
  }
  if (!good) projective_set_identity(&p);
  element_store(out, &p);
  return good;
}

/* If any of a batch is bad, all its elements become the identity. */
static inline void point_decode_failed(ts_element *out, size_t count) {
  projective_point identity;
  projective_set_identity(&identity);
  for (size_t i = 0; i < count; i++) element_store(&out[i], &identity);
}

static inline bool point_decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
  for (size_t i = 0; i < count; i++) {
    if (point_decode_vartime(&out[i], bytes + CODEC_BYTES * i)) continue;
    *bad = i;
    point_decode_failed(out, count);
    return false;
  }
  return true;
}

/* Writes the point (x/z, y/z) given 1/z, or zeros where identity is all ones. */
static inline void point_encode_with(uint8_t bytes[CODEC_BYTES], const projective_point *p, const fe *inverse,
                              uint64_t identity) {
  fe x, y;
  fe_mul(&x, &p->x, inverse);
  fe_mul(&y, &p->y, inverse);
  bytes[0] = (uint8_t)((2 | fe_parity(&y)) & ~identity);
  fe_encode(bytes + 1, &x); /* the identity has x = 0 */
}

static inline void point_encode(uint8_t *out, const ts_element *a) {
  projective_point p;
  fe inverse;
  element_load(&p, a);
  fe_invert(&inverse, &p.z);
  point_encode_with(out, &p, &inverse, fe_mask_if_zero(&p.z));
}

#define ENCODE_BATCH 64 /* elements to an inversion */

/* One inversion for all (Montgomery's trick, 1987): identities lend it a 1. */
static inline void point_encode_some(uint8_t *out, const ts_element *a, size_t count) {
  projective_point p[ENCODE_BATCH];
  fe before[ENCODE_BATCH], inverse, one, each;
  uint64_t identity[ENCODE_BATCH];
  VERIFY_CHECK(count <= ENCODE_BATCH);
  fe_set_one(&one);
  inverse = one;
  for (size_t i = 0; i < count; i++) {
    element_load(&p[i], &a[i]);
    identity[i] = fe_mask_if_zero(&p[i].z);
    fe_cmov(&p[i].z, &one, identity[i]);
    before[i] = inverse;
    fe_mul(&inverse, &inverse, &p[i].z);
  }
  fe_invert(&inverse, &inverse);
  for (size_t i = count; i-- > 0;) {
    fe_mul(&each, &before[i], &inverse);
    fe_mul(&inverse, &inverse, &p[i].z);
    point_encode_with(out + CODEC_BYTES * i, &p[i], &each, identity[i]);
  }
}

static inline void point_encode_batch(uint8_t *out, const ts_element *a, size_t count) {
  while (count > 0) {
    const size_t some = count < ENCODE_BATCH ? count : ENCODE_BATCH;
    point_encode_some(out, a, some);
    out += CODEC_BYTES * some;
    a += some;
    count -= some;
  }
}

static inline void point_set_identity(ts_element *out) {
  projective_point p;
  projective_set_identity(&p);
  element_store(out, &p);
}

static inline void point_set_generator(ts_element *out) {
  projective_point p = {.x = curve_generator()->x, .y = curve_generator()->y};
  fe_set_one(&p.z);
  element_store(out, &p);
}

static inline void point_add(ts_element *out, const ts_element *a, const ts_element *b) {
  projective_point p, q;
  element_load(&p, a);
  element_load(&q, b);
  projective_add(&p, &p, &q);
  element_store(out, &p);
}

static inline void point_negate(ts_element *out, const ts_element *a) {
  projective_point p;
  element_load(&p, a);
  fe_negate(&p.y, &p.y);
  element_store(out, &p);
}

static inline bool point_is_identity(const ts_element *a) {
  projective_point p;
  element_load(&p, a);
  return fe_mask_if_zero(&p.z) != 0;
}

/* (x1 : y1 : z1) = (x2 : y2 : z2) if they agree crosswise. If z1 = 0 then x1 = 0 and y1 is not, so that the equations
 * demand z2 = 0. */
static inline bool point_equal(const ts_element *a, const ts_element *b) {
  projective_point p, q;
  fe left, right;
  element_load(&p, a);
  element_load(&q, b);
  fe_mul(&left, &p.x, &q.z);
  fe_mul(&right, &q.x, &p.z);
  uint64_t same = fe_mask_if_equal(&left, &right);
  fe_mul(&left, &p.y, &q.z);
  fe_mul(&right, &q.y, &p.z);
  same &= fe_mask_if_equal(&left, &right);
  return same != 0;
}

#endif
