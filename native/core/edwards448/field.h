/* The field of p = 2^448 - 2^224 - 1, Hamburg's Goldilocks prime (eprint 2015/625).
 *
 * An element is eight limbs of 56 bits, least significant first: the value is the sum of limb[i] * 2^(56 i), taken
 * mod p. Limbs have eight bits of room, so additions and subtractions do not carry; only products do.
 *
 * An element has two implicit properties, checked at run time in THRESIGN_VERIFY builds and free otherwise:
 *   magnitude m    no limb exceeds m * FE_UNIT, where FE_UNIT = 2^56 + 2^16. At most FE_MAGNITUDE_MAX.
 *   normalised     magnitude 1 and the value, as an integer, lies in [0, p).
 * A product accepts magnitudes whose product is at most FE_PRODUCT_MAX. Outputs may alias inputs everywhere.
 * Everything here runs in constant time, unless its name ends in _vartime. */
#ifndef THRESIGN_EDWARDS448_FIELD_H
#define THRESIGN_EDWARDS448_FIELD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../verify.h"
#include "ct.h"

#define FE_LIMBS 8
#define FE_BYTES 56
#define FE_MASK ((UINT64_C(1) << 56) - 1)
#define FE_UNIT ((UINT64_C(1) << 56) + (UINT64_C(1) << 16))
#define FE_MAGNITUDE_MAX 64
#define FE_PRODUCT_MAX 1024

#define FE_INLINE static inline __attribute__((always_inline, unused))

typedef unsigned __int128 fe_wide;

typedef struct {
  uint64_t limb[FE_LIMBS];
#ifdef THRESIGN_VERIFY
  uint32_t magnitude;
  bool normalised;
#endif
} fe448;

#ifdef THRESIGN_VERIFY
static inline void fe_set_properties(fe448 *r, uint32_t magnitude, bool normalised) {
  VERIFY_CHECK(magnitude <= FE_MAGNITUDE_MAX);
  r->magnitude = magnitude;
  r->normalised = normalised;
  for (int i = 0; i < FE_LIMBS; i++) VERIFY_CHECK(r->limb[i] <= magnitude * FE_UNIT);
  if (normalised) {
    uint64_t low_ones = r->limb[0] & r->limb[1] & r->limb[2] & r->limb[3];
    uint64_t high_ones = r->limb[5] & r->limb[6] & r->limb[7];
    for (int i = 0; i < FE_LIMBS; i++) VERIFY_CHECK(r->limb[i] <= FE_MASK);
    /* At least p: high limbs all ones and either limb 4 all ones, or one less with the low limbs all ones. */
    VERIFY_CHECK(!(high_ones == FE_MASK &&
                   (r->limb[4] == FE_MASK || (r->limb[4] == FE_MASK - 1 && low_ones == FE_MASK))));
  }
}
#define FE_SET(r, m, n) fe_set_properties((r), (m), (n))
#define FE_MAGNITUDE(a) ((a)->magnitude)
#define FE_CHECK(a) VERIFY_CHECK((a)->magnitude <= FE_MAGNITUDE_MAX)
#define FE_CHECK_NORMALISED(a) VERIFY_CHECK((a)->normalised)
#else
#define FE_SET(r, m, n) ((void)0)
#define FE_MAGNITUDE(a) 0
#define FE_CHECK(a) ((void)0)
#define FE_CHECK_NORMALISED(a) ((void)0)
#endif

/* r = value, which is below 2^56. Normalised. */
FE_INLINE void fe_set_small(fe448 *r, uint64_t value) {
  VERIFY_CHECK(value <= FE_MASK);
  memset(r, 0, sizeof *r);
  r->limb[0] = value;
  FE_SET(r, 1, true);
}

/* Takes eight limbs from memory that a fe_store wrote, or a table. Magnitude 1, not normalised. */
FE_INLINE void fe_load(fe448 *r, const uint64_t *limbs) {
  memcpy(r->limb, limbs, sizeof r->limb);
  FE_SET(r, 1, false);
}

/* Writes the eight limbs; a has magnitude 1. */
FE_INLINE void fe_store(uint64_t *limbs, const fe448 *a) {
  VERIFY_CHECK(FE_MAGNITUDE(a) <= 1);
  memcpy(limbs, a->limb, sizeof a->limb);
}

/* r = a + b. The magnitudes add up. */
FE_INLINE void fe_add(fe448 *r, const fe448 *a, const fe448 *b) {
  FE_CHECK(a);
  FE_CHECK(b);
  for (int i = 0; i < FE_LIMBS; i++) r->limb[i] = a->limb[i] + b->limb[i];
  FE_SET(r, FE_MAGNITUDE(a) + FE_MAGNITUDE(b), false);
}

/* r = a - b, where b has magnitude at most m (a literal). The result has magnitude magnitude(a) + m + 1.
 * We add (m + 1) p, and no limb goes below zero: (m + 1)(2^56 - 2) >= m (2^56 + 2^16) for m <= 64. */
FE_INLINE void fe_sub(fe448 *r, const fe448 *a, const fe448 *b, uint32_t m) {
  VERIFY_CHECK(m <= FE_MAGNITUDE_MAX && FE_MAGNITUDE(b) <= m);
  FE_CHECK(a);
  for (int i = 0; i < FE_LIMBS; i++)
    r->limb[i] = a->limb[i] + (m + 1) * (i == 4 ? FE_MASK - 1 : FE_MASK) - b->limb[i];
  FE_SET(r, FE_MAGNITUDE(a) + m + 1, false);
}

/* r = -a, where a has magnitude at most m (a literal). The result has magnitude m + 1. */
FE_INLINE void fe_negate(fe448 *r, const fe448 *a, uint32_t m) {
  VERIFY_CHECK(m <= FE_MAGNITUDE_MAX && FE_MAGNITUDE(a) <= m);
  for (int i = 0; i < FE_LIMBS; i++) r->limb[i] = (m + 1) * (i == 4 ? FE_MASK - 1 : FE_MASK) - a->limb[i];
  FE_SET(r, m + 1, false);
}

/* r = a with magnitude 1: a's limbs are below 2^63, so carries are below 2^7, two of them meet in limb 4. */
FE_INLINE void fe_carry(fe448 *r, const fe448 *a) {
  FE_CHECK(a);
  uint64_t top = a->limb[7] >> 56;
  uint64_t carry = top;
  for (int i = 0; i < FE_LIMBS; i++) {
    uint64_t limb = a->limb[i];
    r->limb[i] = (limb & FE_MASK) + carry + (i == 4 ? top : 0);
    carry = limb >> 56;
  }
  FE_SET(r, 1, false);
}

/* r = mask ? a : r, for a mask of all ones or zero. The greater magnitude; normalised only if both are. */
FE_INLINE void fe_select(fe448 *r, const fe448 *a, uint64_t mask) {
  for (int i = 0; i < FE_LIMBS; i++) r->limb[i] ^= mask & (r->limb[i] ^ a->limb[i]);
#ifdef THRESIGN_VERIFY
  fe_set_properties(r, r->magnitude > a->magnitude ? r->magnitude : a->magnitude, r->normalised && a->normalised);
#endif
}

/* r = a if mask is zero, -a if it is all ones; a has magnitude at most m (a literal). Magnitude m + 1. */
FE_INLINE void fe_select_negate(fe448 *r, const fe448 *a, uint32_t m, uint64_t mask) {
  fe448 negated;
  fe_negate(&negated, a, m);
  if (r != a) *r = *a;
  fe_select(r, &negated, mask);
}

/* Short names within this directory. */
#define fe_mul ts_edwards448_fe_mul
#define fe_square ts_edwards448_fe_square
#define fe_square_times ts_edwards448_fe_square_times
#define fe_mul_small ts_edwards448_fe_mul_small
#define fe_normalize ts_edwards448_fe_normalize
#define fe_encode ts_edwards448_fe_encode
#define fe_decode ts_edwards448_fe_decode
#define fe_is_zero ts_edwards448_fe_is_zero
#define fe_equal ts_edwards448_fe_equal
#define fe_parity ts_edwards448_fe_parity
#define fe_invert ts_edwards448_fe_invert
#define fe_invert_vartime ts_edwards448_fe_invert_vartime
#define fe_inverse_sqrt ts_edwards448_fe_inverse_sqrt
#define fe_legendre_vartime ts_edwards448_fe_legendre_vartime

/* r = a * b. magnitude(a) * magnitude(b) <= FE_PRODUCT_MAX; the result has magnitude 1. */
void fe_mul(fe448 *r, const fe448 *a, const fe448 *b);

/* r = a^2. magnitude(a)^2 <= FE_PRODUCT_MAX; the result has magnitude 1. */
void fe_square(fe448 *r, const fe448 *a);

/* r = a^(2^n), n >= 1. As fe_square. */
void fe_square_times(fe448 *r, const fe448 *a, unsigned n);

/* r = a * w for a small public constant w < 2^20. Any magnitude; the result has magnitude 1. */
void fe_mul_small(fe448 *r, const fe448 *a, uint32_t w);

/* r = a, normalised. Any magnitude. */
void fe_normalize(fe448 *r, const fe448 *a);

/* The one encoding of a mod p, little-endian. Any magnitude. */
void fe_encode(uint8_t out[FE_BYTES], const fe448 *a);

/* Reads 56 bytes, little-endian; false if the number is not below p (r is then the number, of magnitude 1). */
bool fe_decode(fe448 *r, const uint8_t bytes[FE_BYTES]);

/* Verdicts on values mod p; any magnitude, for equal: b's magnitude below 32. */
bool fe_is_zero(const fe448 *a);
bool fe_equal(const fe448 *a, const fe448 *b);

/* The least significant bit of the normalised value: the sign of RFC 8032 section 5.2.2. */
uint64_t fe_parity(const fe448 *a);

/* r = 1/a, 0 for 0. Any magnitude; normalised. */
void fe_invert(fe448 *r, const fe448 *a);
void fe_invert_vartime(fe448 *r, const fe448 *a);

/* r = a^((p - 3)/4): 1/sqrt(a) if a is a square, 1/sqrt(-a) if not, 0 for 0. Magnitude of a at most 32; r has 1.
 * (p = 3 mod 4. The exponent is public, so this is constant time in a.) */
void fe_inverse_sqrt(fe448 *r, const fe448 *a);

/* The Legendre symbol (a/p): 1, -1, or 0 for 0. Any magnitude. */
int fe_legendre_vartime(const fe448 *a);

#endif
