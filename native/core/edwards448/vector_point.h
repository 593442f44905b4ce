/* Points on the twisted curve E' of point.h, four coordinates at a time (the idea of Hisil, Wong, Carter and Dawson,
 * eprint 2008/522 section 4: the eight products of an addition or a doubling come in two rounds of four). To be
 * included after the field with four lanes that it is to use: vector_avx2.h or vector_ifma.h.
 *
 * The formulas are those of point.c. A point is (X, Y, Z, T) and a summand (y - x, y + x, 2 * 39082 t, 2 z), in this
 * order of lanes, of magnitude 1 on entry and on return; a summand's may be up to 3 where it is negated. Constant
 * time, unless a name ends in _vartime. */
#ifndef THRESIGN_EDWARDS448_VECTOR_POINT_H
#define THRESIGN_EDWARDS448_VECTOR_POINT_H

#include "point.h"

typedef struct { fe4 c; } point4;
typedef struct { fe4 c; } summand4;

/* r's lane i is a's lane li. */
#define LANES(a, l0, l1, l2, l3) _mm256_permute4x64_epi64((a), (l0) | (l1) << 2 | (l2) << 4 | (l3) << 6)

/* Lane i from b if bit i of the literal from_b is set, else from a. */
#define PICK(a, b, from_b) \
  _mm256_blend_epi32((a), (b), ((from_b) & 1) * 3 | ((from_b) >> 1 & 1) * 12 | ((from_b) >> 2 & 1) * 48 | \
                     ((from_b) >> 3 & 1) * 192)

FE_INLINE void point4_set_identity(point4 *r) {
  static const uint64_t zero[FE_LIMBS] = {0}, one[FE_LIMBS] = {1};
  fe4_load(&r->c, zero, one, one, zero);
}

FE_INLINE void point4_load(point4 *r, const twisted *a) {
  fe4_load(&r->c, a->x.limb, a->y.limb, a->z.limb, a->t.limb);
}

FE_INLINE void point4_store(twisted *r, const point4 *a) { fe4_store(&r->x, &r->y, &r->z, &r->t, &a->c); }

/* An affine summand of the tables, three elements of eight limbs. */
FE_INLINE void summand4_load(summand4 *r, const uint64_t *limbs) {
  static const uint64_t two[FE_LIMBS] = {2};
  fe4_load(&r->c, limbs, limbs + FE_LIMBS, limbs + 2 * FE_LIMBS, two);
}

/* r = 2 a. */
static __attribute__((noinline, unused)) void point4_double(point4 *r, const point4 *a) {
  const word4 zero = _mm256_setzero_si256();
  fe4 s, q, left, right;
  for (int i = 0; i < FE4_WORDS; i++) {  /* (X, Y, Z, X + Y); 1, 1, 1, 2 */
    word4 v = a->c.w[i];
    s.w[i] = word4_add(LANES(v, 0, 1, 2, 0), PICK(zero, LANES(v, 1, 1, 1, 1), 8));
  }
  fe4_square(&q, &s);
  /* q = (A, B, C, S) with E = S - A - B, G = B - A, H = A + B, F = 2 C - G. */
  fe4 h;
  for (int i = 0; i < FE4_WORDS; i++) {
    word4 v = q.w[i];
    word4 x = LANES(v, 0, 0, 0, 0), y = LANES(v, 1, 1, 1, 1);
    word4 sum = word4_add(x, y);                                                 /* H: 2 */
    word4 difference = word4_add(word4_sub(y, x), word4_bias(i));             /* G: 3 */
    word4 minuend = word4_add(LANES(v, 3, 3, 2, 3), PICK(zero, v, 4));           /* (S, S, 2 C, S): 1, 1, 2, 1 */
    minuend = word4_add(minuend, word4_add(word4_bias(i), word4_bias(i)));
    word4 t = word4_sub(minuend, PICK(sum, difference, 4));                      /* (E, ., F, E): at most 6 */
    left.w[i] = PICK(t, difference, 2);                                          /* (E, G, F, E) */
    h.w[i] = sum;
  }
  fe4_tighten(&left, &left);
  for (int i = 0; i < FE4_WORDS; i++)                                            /* (F, H, G, H): as left, or 2 */
    right.w[i] = PICK(LANES(left.w[i], 2, 2, 1, 1), h.w[i], 10);
  fe4_mul(&r->c, &left, &right);                                                 /* (E F, G H, F G, E H) */
}

/* r = a + b. */
static __attribute__((noinline, unused)) void point4_add(point4 *r, const point4 *a, const summand4 *b) {
  const word4 zero = _mm256_setzero_si256();
  fe4 left, right, q;
  for (int i = 0; i < FE4_WORDS; i++) {  /* (Y - X, Y + X, T, Z): 3, 2, 1, 1 */
    word4 v = a->c.w[i];
    word4 x = LANES(v, 0, 0, 0, 0);
    word4 signed_x = PICK(word4_sub(word4_bias(i), x), x, 2);
    left.w[i] = word4_add(LANES(v, 1, 1, 3, 2), PICK(signed_x, zero, 12));
  }
  fe4_mul(&q, &left, &b->c);
  /* q = (A, B, -C, D) with E = B - A, H = B + A, F = D - C, G = D + C. */
  for (int i = 0; i < FE4_WORDS; i++) {
    word4 v = q.w[i];
    word4 x = LANES(v, 1, 3, 3, 1), y = LANES(v, 0, 2, 2, 0);
    word4 sum = word4_add(x, y);                                                 /* (H, F, F, H): 2 */
    word4 difference = word4_add(word4_sub(x, y), word4_bias(i));             /* (E, G, G, E): 3 */
    left.w[i] = PICK(difference, sum, 4);                                        /* (E, G, F, E) */
    right.w[i] = PICK(LANES(sum, 1, 0, 1, 0), difference, 4);                    /* (F, H, G, H) */
  }
  fe4_mul(&r->c, &left, &right);  /* magnitudes 3 2, 3 2, 2 3, 3 2 */
}

/* The summand for a. */
static __attribute__((noinline, unused)) void point4_to_summand(summand4 *r, const point4 *a) {
  const word4 zero = _mm256_setzero_si256();
  fe4 t;
  for (int i = 0; i < FE4_WORDS; i++) {  /* (Y - X, Y + X, T, Z) as in point4_add */
    word4 v = a->c.w[i];
    word4 x = LANES(v, 0, 0, 0, 0);
    word4 signed_x = PICK(word4_sub(word4_bias(i), x), x, 2);
    t.w[i] = word4_add(LANES(v, 1, 1, 3, 2), PICK(signed_x, zero, 12));
  }
  fe4_mul_small(&r->c, &t, _mm256_set_epi64x(2, 2 * TWISTED_MINUS_D, 1, 1));
}

/* r = -a if mask is all ones, a if it is zero: y - x and y + x change places, and t its sign (magnitude 2). */
FE_INLINE void summand4_negate_if(summand4 *r, const summand4 *a, uint64_t mask) {
  const word4 choice = _mm256_set1_epi64x((long long)mask);
  for (int i = 0; i < FE4_WORDS; i++) {
    word4 v = a->c.w[i];
    word4 negated = PICK(LANES(v, 1, 0, 2, 3), word4_sub(word4_bias(i), v), 4);
    r->c.w[i] = _mm256_blendv_epi8(v, negated, choice);
  }
}

#endif
