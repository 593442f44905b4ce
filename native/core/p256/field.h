/* The field of P-256, p = 2^256 - 2^224 + 2^192 + 2^96 - 1 (SP 800-186): weierstrass/field.h in Montgomery form, where
 * the words of a are a 2^256 mod p, always in [0, p). */
#ifndef THRESIGN_P256_FIELD_H
#define THRESIGN_P256_FIELD_H

#include "../weierstrass/field.h"

#define FE_P0 UINT64_C(0xffffffffffffffff)
#define FE_P1 UINT64_C(0x00000000ffffffff)
#define FE_P2 UINT64_C(0x0000000000000000)
#define FE_P3 UINT64_C(0xffffffff00000001)
static const uint64_t fe_modulus[4] = {FE_P0, FE_P1, FE_P2, FE_P3};
static const ts_safegcd_modulus fe_safegcd =
  TS_SAFEGCD_MODULUS(FE_P0, FE_P1, FE_P2, FE_P3, UINT64_C(0xffffffffffffffff));

ALWAYS_INLINE void fe_check(const fe *a) {
  (void)a;
  VERIFY_CHECK(u256_less(a->limb, fe_modulus));
}

/* If carry 2^256 + r >= p then subtracts p: puts any number below 2p into the range. */
ALWAYS_INLINE void fe_reduce_once(fe *r, limbs_carry carry) {
  u256_reduce_once(r->limb, carry, fe_modulus);
  fe_check(r);
}

ALWAYS_INLINE void fe_into_range(fe *r) { fe_reduce_once(r, 0); } /* 2^256 < 2p */

ALWAYS_INLINE void fe_set_one(fe *r) { /* 2^256 - p */
  *r = (fe){{1, UINT64_C(0xffffffff00000000), UINT64_C(0xffffffffffffffff), UINT64_C(0x00000000fffffffe)}};
}

ALWAYS_INLINE void fe_sub(fe *r, const fe *a, const fe *b) {
  fe_check(a), fe_check(b);
  const limbs_carry borrow = u256_sub(r->limb, a->limb, b->limb);
  const uint64_t mask = limbs_mask(borrow);
  limbs_carry carry = 0;
  r->limb[0] = limbs_add(r->limb[0], FE_P0 & mask, &carry);
  r->limb[1] = limbs_add(r->limb[1], FE_P1 & mask, &carry);
  r->limb[2] = limbs_add(r->limb[2], FE_P2 & mask, &carry);
  r->limb[3] = limbs_add(r->limb[3], FE_P3 & mask, &carry);
}

ALWAYS_INLINE void fe_half(fe *r, const fe *a) {
  fe t = *a;
  fe_check(a);
  const limbs_carry carry = u256_add_masked(t.limb, fe_modulus, limbs_mask(a->limb[0] & 1));
  u256_shift_right_once(t.limb, carry);
  *r = t;
}

ALWAYS_INLINE uint64_t fe_mask_if_zero(const fe *a) {
  fe_check(a);
  return u256_mask_if_zero(a->limb);
}

#ifdef TS_WEIERSTRASS_ADX
#include "field_adx.h"
#else

/* r = t 2^-256 mod p. Precondition: t < 2^256 p.
 * Montgomery's factor is 1, since p = -1 mod 2^64: adding t0 p clears the limb t0. In t0 p - (-t0), the multiple
 * t0 2^96 goes to the next two limbs, t0 (2^256 - 2^224 + 2^192) to the two after them. */
ALWAYS_INLINE void fe_reduce_wide(fe *r, uint64_t t[8]) {
  limbs_carry top = 0; /* what the previous round carried into the limb that is this round's highest */
  for (int i = 0; i < 4; i++) {
    const uint64_t m = t[i];
    const u128 high = (u128)m * FE_P3;
    limbs_carry carry = 0;
    t[i + 1] = limbs_add(t[i + 1], m << 32, &carry);
    t[i + 2] = limbs_add(t[i + 2], m >> 32, &carry);
    t[i + 3] = limbs_add(t[i + 3], (uint64_t)high, &carry);
    t[i + 4] = limbs_add(t[i + 4], (uint64_t)(high >> 64) + top, &carry); /* high < 2^128 - 2^64: top fits */
    top = carry;
  }
  /* (t + (2^256 - 1) p) / 2^256 < 2p */
  for (int i = 0; i < 4; i++) r->limb[i] = t[i + 4];
  fe_reduce_once(r, top);
}

ALWAYS_INLINE void fe_mul(fe *r, const fe *a, const fe *b) {
  uint64_t t[8];
  fe_check(a), fe_check(b);
  u256_mul_wide(t, a->limb, b->limb);
  fe_reduce_wide(r, t);
}

ALWAYS_INLINE void fe_sqr(fe *r, const fe *a) {
  uint64_t t[8];
  fe_check(a);
  u256_sqr_wide(t, a->limb);
  fe_reduce_wide(r, t);
}

#endif

#ifndef FE_ADD_DEFINED

ALWAYS_INLINE void fe_add(fe *r, const fe *a, const fe *b) {
  fe_check(a), fe_check(b);
  const limbs_carry carry = u256_add(r->limb, a->limb, b->limb);
  fe_reduce_once(r, carry);
}

#endif

ALWAYS_INLINE void fe_from_words(fe *r, const uint64_t a[4]) {
  const fe rr = {{3, UINT64_C(0xfffffffbffffffff), UINT64_C(0xfffffffffffffffe), UINT64_C(0x00000004fffffffd)}};
  const fe words = {{a[0], a[1], a[2], a[3]}};
  fe_mul(r, &words, &rr); /* 2^512 mod p */
}

ALWAYS_INLINE void fe_to_words(uint64_t r[4], const fe *a) {
  const fe plain_one = {{1, 0, 0, 0}};
  fe words;
  fe_mul(&words, a, &plain_one);
  for (int i = 0; i < 4; i++) r[i] = words.limb[i];
}

/* (a R)^-1 times R^3 R^-1 is a^-1 R. */
ALWAYS_INLINE void fe_fix_inverse(fe *r) {
  const fe rrr = {{UINT64_C(0xfffffffd0000000a), UINT64_C(0xffffffedfffffff7), UINT64_C(0x00000005fffffffc),
                   UINT64_C(0x0000001800000001)}};
  fe_mul(r, r, &rrr);
}

#define CHAIN_TYPE fe
#define CHAIN(name) fe_##name
#include "sqrt_chain.h"

#endif
