/* Elements of the field of p elements that a curve is over: the interface, and what follows from it.
 *
 * A curve's own field.h includes this file and then defines the functions declared here first. An fe is four limbs
 * that are always full, so that there is no room for lazy additions and no magnitude to keep track of: every function
 * takes and returns elements in the curve's whole range, which is [0, p), or [0, 2^256) where two forms of a few
 * elements are tolerated. Which words stand for which element (Montgomery form or not) is the curve's own business:
 * only fe_from_words and fe_to_words translate.
 *
 * All functions run in constant time unless named _vartime, and any output may be any input. */
#ifndef THRESIGN_WEIERSTRASS_FIELD_H
#define THRESIGN_WEIERSTRASS_FIELD_H

#include "../verify.h"
#include "limbs.h"
#include "safegcd.h"

typedef struct { uint64_t limb[4]; } fe;

/* Precondition of every function on all its inputs, checked in verifying builds: a is in the curve's range. */
ALWAYS_INLINE void fe_check(const fe *a);

/* r = the element with the integer value a < p. */
ALWAYS_INLINE void fe_from_words(fe *r, const uint64_t a[4]);
/* r = the integer in [0, p) with the value of a. */
ALWAYS_INLINE void fe_to_words(uint64_t r[4], const fe *a);
/* r = the element 1. */
ALWAYS_INLINE void fe_set_one(fe *r);

/* Brings words of any 256-bit value into the curve's range, as another form of the same element. */
ALWAYS_INLINE void fe_into_range(fe *r);

ALWAYS_INLINE void fe_add(fe *r, const fe *a, const fe *b);
ALWAYS_INLINE void fe_sub(fe *r, const fe *a, const fe *b);
ALWAYS_INLINE void fe_mul(fe *r, const fe *a, const fe *b);
ALWAYS_INLINE void fe_sqr(fe *r, const fe *a);
/* r = a/2. */
ALWAYS_INLINE void fe_half(fe *r, const fe *a);

/* All ones if a is 0, else 0. */
ALWAYS_INLINE uint64_t fe_mask_if_zero(const fe *a);

/* The modulus for inversion, and r = the element that inverts the element whose inverse words, taken modulo p as
 * integers, are in r: the identity, or for Montgomery forms a change of factor. */
static const uint64_t fe_modulus[4];
static const ts_safegcd_modulus fe_safegcd;
ALWAYS_INLINE void fe_fix_inverse(fe *r);

/* ---- What follows from these. ---- */

ALWAYS_INLINE void fe_set_zero(fe *r) { *r = (fe){{0}}; }

ALWAYS_INLINE void fe_negate(fe *r, const fe *a) {
  const fe zero = {{0}};
  fe_sub(r, &zero, a);
}

/* r = a where mask is all ones; r stays where it is zero. */
ALWAYS_INLINE void fe_cmov(fe *r, const fe *a, uint64_t mask) { u256_cmov(r->limb, a->limb, mask); }

/* r = -r where mask is all ones. */
ALWAYS_INLINE void fe_cnegate(fe *r, uint64_t mask) {
  fe negative;
  fe_negate(&negative, r);
  fe_cmov(r, &negative, mask);
}

ALWAYS_INLINE uint64_t fe_mask_if_equal(const fe *a, const fe *b) {
  fe difference;
  fe_sub(&difference, a, b);
  return fe_mask_if_zero(&difference);
}

/* r = a^(2^n), n >= 1. */
NEVER_INLINE void fe_sqr_times(fe *r, const fe *a, int n) {
  fe_sqr(r, a);
  for (int i = 1; i < n; i++) fe_sqr(r, r);
}

/* r = 1/a; 0 for 0. */
NEVER_INLINE void fe_invert(fe *r, const fe *a) {
  uint64_t words[4];
  for (int i = 0; i < 4; i++) words[i] = a->limb[i];
  u256_reduce_once(words, 0, fe_modulus);
  ts_safegcd_invert(r->limb, words, &fe_safegcd);
  fe_fix_inverse(r);
}

NEVER_INLINE void fe_invert_vartime(fe *r, const fe *a) {
  uint64_t words[4];
  for (int i = 0; i < 4; i++) words[i] = a->limb[i];
  u256_reduce_once(words, 0, fe_modulus);
  ts_safegcd_invert_vartime(r->limb, words, &fe_safegcd);
  fe_fix_inverse(r);
}

/* Reads 32 big-endian bytes; returns whether the value is below p (a public verdict), and r is 0 if not. */
NEVER_INLINE bool fe_decode(fe *r, const uint8_t bytes[32]) {
  uint64_t words[4];
  u256_load_be(words, bytes);
  const bool below = u256_less(words, fe_modulus);
  const uint64_t keep = limbs_mask(below);
  for (int i = 0; i < 4; i++) words[i] &= keep;
  fe_from_words(r, words);
  return below;
}

/* Writes the canonical value as 32 big-endian bytes. */
NEVER_INLINE void fe_encode(uint8_t bytes[32], const fe *a) {
  uint64_t words[4];
  fe_to_words(words, a);
  u256_store_be(bytes, words);
}

/* The lowest bit of the canonical value. */
ALWAYS_INLINE uint64_t fe_parity(const fe *a) {
  uint64_t words[4];
  fe_to_words(words, a);
  return words[0] & 1;
}

#endif
