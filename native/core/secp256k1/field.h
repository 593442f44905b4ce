/* The field of secp256k1, p = 2^256 - 2^32 - 977 (SEC 2): weierstrass/field.h over plain integers in [0, 2^256), of
 * which the values p to 2^256 - 1 are second forms of 0 to 2^32 + 976. */
#ifndef THRESIGN_SECP256K1_FIELD_H
#define THRESIGN_SECP256K1_FIELD_H

#include "../weierstrass/field.h"

#define FE_FOLD UINT64_C(0x1000003d1) /* 2^256 mod p */

#define FE_P0 UINT64_C(0xfffffffefffffc2f)
#define FE_P1 UINT64_C(0xffffffffffffffff)
#define FE_P2 UINT64_C(0xffffffffffffffff)
#define FE_P3 UINT64_C(0xffffffffffffffff)
static const uint64_t fe_modulus[4] = {FE_P0, FE_P1, FE_P2, FE_P3};
static const ts_safegcd_modulus fe_safegcd =
  TS_SAFEGCD_MODULUS(FE_P0, FE_P1, FE_P2, FE_P3, UINT64_C(0x27c7f6e22ddacacf));

ALWAYS_INLINE void fe_check(const fe *a) { (void)a; }

ALWAYS_INLINE void fe_from_words(fe *r, const uint64_t a[4]) {
  VERIFY_CHECK(u256_less(a, fe_modulus));
  for (int i = 0; i < 4; i++) r->limb[i] = a[i];
}

ALWAYS_INLINE void fe_to_words(uint64_t r[4], const fe *a) {
  for (int i = 0; i < 4; i++) r[i] = a->limb[i];
  u256_reduce_once(r, 0, fe_modulus); /* 2^256 < 2p */
}

ALWAYS_INLINE void fe_set_one(fe *r) { *r = (fe){{1, 0, 0, 0}}; }

ALWAYS_INLINE void fe_fix_inverse(fe *r) { (void)r; }

ALWAYS_INLINE void fe_into_range(fe *r) { (void)r; }

ALWAYS_INLINE void fe_half(fe *r, const fe *a) {
  fe t = *a;
  /* a + p if a is odd; (a + p)/2 < 2^256. */
  const limbs_carry carry = u256_add_masked(t.limb, fe_modulus, limbs_mask(a->limb[0] & 1));
  u256_shift_right_once(t.limb, carry);
  *r = t;
}

ALWAYS_INLINE uint64_t fe_mask_if_zero(const fe *a) {
  const uint64_t *l = a->limb;
  const uint64_t zero = l[0] | l[1] | l[2] | l[3];
  const uint64_t other_zero = (l[0] ^ FE_P0) | ~(l[1] & l[2] & l[3]); /* 0 if a = p */
  return limbs_mask_if_zero(zero) | limbs_mask_if_zero(other_zero);
}

#ifdef TS_WEIERSTRASS_ADX
#include "field_adx.h"
#else

/* r = t mod p, for any t of 512 bits. */
ALWAYS_INLINE void fe_reduce_wide(fe *r, const uint64_t t[8]) {
  uint64_t high = 0;
  limbs_carry carry = 0;
  uint64_t r0 = limbs_mul_add(t[0], t[4], FE_FOLD, &high);
  uint64_t r1 = limbs_mul_add(t[1], t[5], FE_FOLD, &high);
  uint64_t r2 = limbs_mul_add(t[2], t[6], FE_FOLD, &high);
  uint64_t r3 = limbs_mul_add(t[3], t[7], FE_FOLD, &high);
  /* (2^256 - 1)(FE_FOLD + 1) < 2^256 (FE_FOLD + 1): high <= FE_FOLD, so that high * FE_FOLD < 2^67. */
  const u128 second = (u128)high * FE_FOLD;
  r0 = limbs_add(r0, (uint64_t)second, &carry);
  r1 = limbs_add(r1, (uint64_t)(second >> 64), &carry);
  r2 = limbs_add(r2, 0, &carry);
  r3 = limbs_add(r3, 0, &carry);
  /* A carry leaves less than 2^67, so that FE_FOLD more does not get past the second limb. */
  const uint64_t third = FE_FOLD & limbs_mask(carry);
  carry = 0;
  r->limb[0] = limbs_add(r0, third, &carry);
  r->limb[1] = r1 + carry;
  r->limb[2] = r2;
  r->limb[3] = r3;
}

ALWAYS_INLINE void fe_mul(fe *r, const fe *a, const fe *b) {
  uint64_t t[8];
  u256_mul_wide(t, a->limb, b->limb);
  fe_reduce_wide(r, t);
}

ALWAYS_INLINE void fe_sqr(fe *r, const fe *a) {
  uint64_t t[8];
  u256_sqr_wide(t, a->limb);
  fe_reduce_wide(r, t);
}

#endif

#ifndef FE_ADD_AND_SUB_DEFINED

ALWAYS_INLINE void fe_add(fe *r, const fe *a, const fe *b) {
  uint64_t t[4];
  const uint64_t fold[4] = {FE_FOLD, 0, 0, 0};
  limbs_carry carry = u256_add(t, a->limb, b->limb);
  /* A carry is worth FE_FOLD. Adding that may carry once more, and then leaves less than FE_FOLD, so that the second
   * FE_FOLD stays within the low limb. */
  carry = u256_add_masked(t, fold, limbs_mask(carry));
  r->limb[0] = t[0] + (FE_FOLD & limbs_mask(carry));
  r->limb[1] = t[1];
  r->limb[2] = t[2];
  r->limb[3] = t[3];
}

ALWAYS_INLINE void fe_sub(fe *r, const fe *a, const fe *b) {
  uint64_t t[4];
  limbs_carry borrow = u256_sub(t, a->limb, b->limb), second = 0;
  /* A borrow is worth -FE_FOLD. Subtracting that may borrow once more, and then leaves at least 2^256 - FE_FOLD, of
   * which the low limb alone is above FE_FOLD. */
  t[0] = limbs_sub(t[0], FE_FOLD & limbs_mask(borrow), &second);
  t[1] = limbs_sub(t[1], 0, &second);
  t[2] = limbs_sub(t[2], 0, &second);
  t[3] = limbs_sub(t[3], 0, &second);
  r->limb[0] = t[0] - (FE_FOLD & limbs_mask(second));
  r->limb[1] = t[1];
  r->limb[2] = t[2];
  r->limb[3] = t[3];
}

#endif

#define CHAIN_TYPE fe
#define CHAIN(name) fe_##name
#include "sqrt_chain.h"

#endif
