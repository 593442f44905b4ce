/* The scalar functions of a ts_group modulo a 256-bit prime order q, 2^255 < q < 2^256, with big-endian encodings.
 *
 * A template. The file that includes it defines first
 *   SCALAR(name)       the external name of a function,
 *   ORDER_0 .. _3      the limbs of q, least significant first,
 *   ORDER_RR_0 .. _3   the limbs of 2^512 mod q,
 *   ORDER_INVERSE      q^-1 mod 2^64.
 * A ts_scalar holds the value itself in limbs 0 to 3, always in [0, q); the other limbs are zero. */
#include "../verify.h"
#include "limbs.h"
#include "safegcd.h"
#include "thresign/group.h"

static const uint64_t order[4] = {ORDER_0, ORDER_1, ORDER_2, ORDER_3};
static const uint64_t order_rr[4] = {ORDER_RR_0, ORDER_RR_1, ORDER_RR_2, ORDER_RR_3};
static const ts_safegcd_modulus order_safegcd =
  TS_SAFEGCD_MODULUS(ORDER_0, ORDER_1, ORDER_2, ORDER_3, ORDER_INVERSE);

static void scalar_check(const ts_scalar *a) {
#ifdef THRESIGN_VERIFY
  VERIFY_CHECK(u256_less(a->limb, order));
  VERIFY_CHECK((a->limb[4] | a->limb[5] | a->limb[6] | a->limb[7]) == 0);
#else
  (void)a;
#endif
}

static void scalar_set(ts_scalar *r, const uint64_t a[4]) {
  for (int i = 0; i < 4; i++) {
    r->limb[i] = a[i];
    r->limb[i + 4] = 0;
  }
  scalar_check(r);
}

/* r = a b 2^-256 mod q, in [0, q) (Montgomery, 1985). Precondition: a < 2^256, b < q. r may be a or b.
 * Each round adds a b_i + m q, with the m that clears the low limb, and drops that limb. From t < a + q follows
 * (t + a b_i + m q) / 2^64 < (a + q)(1 + 2^64 - 1) / 2^64 = a + q < 2^257: between rounds t[4] is one bit. In the end
 * t < (a b + 2^256 q) / 2^256 < 2q, so that one subtraction suffices. */
static void montgomery_mul(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]) {
  uint64_t t[5] = {0};
  for (int i = 0; i < 4; i++) {
    uint64_t carry = 0, high = 0;
    for (int j = 0; j < 4; j++) t[j] = limbs_mul_add(t[j], a[j], b[i], &carry);
    limbs_carry over = 0;
    t[4] = limbs_add(t[4], carry, &over);
    const uint64_t m = 0 - t[0] * ORDER_INVERSE;
    (void)limbs_mul_add(t[0], m, order[0], &high);
    for (int j = 1; j < 4; j++) t[j - 1] = limbs_mul_add(t[j], m, order[j], &high);
    limbs_carry top = 0;
    t[3] = limbs_add(t[4], high, &top);
    t[4] = (uint64_t)(over + top);
  }
  u256_reduce_once(t, (limbs_carry)t[4], order);
  for (int i = 0; i < 4; i++) r[i] = t[i];
}

/* r = a + b mod q. Precondition: a, b < q. */
static void add_mod(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]) {
  const limbs_carry carry = u256_add(r, a, b);
  u256_reduce_once(r, carry, order);
}

/* r = a b mod q. Precondition: a < 2^256, b < q. */
static void mul_mod(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]) {
  montgomery_mul(r, a, b);
  montgomery_mul(r, r, order_rr);
}

bool SCALAR(decode)(ts_scalar *out, const uint8_t *bytes) {
  uint64_t a[4], scratch[4];
  u256_load_be(a, bytes);
  const limbs_carry below = u256_sub(scratch, a, order);
  const uint64_t keep = limbs_mask(below);
  for (int i = 0; i < 4; i++) a[i] &= keep;
  scalar_set(out, a);
  return below != 0;
}

void SCALAR(encode)(uint8_t *out, const ts_scalar *a) {
  scalar_check(a);
  u256_store_be(out, a->limb);
}

void SCALAR(reduce)(ts_scalar *out, const uint8_t *bytes, size_t length) {
  VERIFY_CHECK(length <= TS_SCALAR_WIDE_BYTES_MAX);
  uint64_t sum[4] = {0};
  while (length > 0) { /* Horner's rule in 2^256, the short piece first */
    const size_t piece = length % 32 != 0 ? length % 32 : 32;
    uint8_t padded[32] = {0};
    uint64_t a[4];
    for (size_t i = 0; i < piece; i++) padded[32 - piece + i] = bytes[i];
    u256_load_be(a, padded);
    u256_reduce_once(a, 0, order); /* 2^256 < 2q */
    montgomery_mul(sum, sum, order_rr); /* times 2^256 */
    add_mod(sum, sum, a);
    bytes += piece;
    length -= piece;
  }
  scalar_set(out, sum);
}

void SCALAR(set_u64)(ts_scalar *out, uint64_t value) {
  const uint64_t a[4] = {value, 0, 0, 0};
  scalar_set(out, a);
}

void SCALAR(add)(ts_scalar *out, const ts_scalar *a, const ts_scalar *b) {
  uint64_t r[4];
  scalar_check(a), scalar_check(b);
  add_mod(r, a->limb, b->limb);
  scalar_set(out, r);
}

void SCALAR(sub)(ts_scalar *out, const ts_scalar *a, const ts_scalar *b) {
  uint64_t r[4];
  scalar_check(a), scalar_check(b);
  const limbs_carry borrow = u256_sub(r, a->limb, b->limb);
  u256_add_masked(r, order, limbs_mask(borrow));
  scalar_set(out, r);
}

void SCALAR(negate)(ts_scalar *out, const ts_scalar *a) {
  const ts_scalar zero = {{0}};
  SCALAR(sub)(out, &zero, a);
}

void SCALAR(mul)(ts_scalar *out, const ts_scalar *a, const ts_scalar *b) {
  uint64_t r[4];
  scalar_check(a), scalar_check(b);
  mul_mod(r, a->limb, b->limb);
  scalar_set(out, r);
}

void SCALAR(muladd)(ts_scalar *out, const ts_scalar *a, const ts_scalar *b, const ts_scalar *c) {
  uint64_t r[4];
  scalar_check(a), scalar_check(b), scalar_check(c);
  mul_mod(r, a->limb, b->limb);
  add_mod(r, r, c->limb);
  scalar_set(out, r);
}

void SCALAR(invert)(ts_scalar *out, const ts_scalar *a) {
  uint64_t r[4];
  scalar_check(a);
  ts_safegcd_invert(r, a->limb, &order_safegcd);
  scalar_set(out, r);
}

void SCALAR(invert_vartime)(ts_scalar *out, const ts_scalar *a) {
  uint64_t r[4];
  scalar_check(a);
  ts_safegcd_invert_vartime(r, a->limb, &order_safegcd);
  scalar_set(out, r);
}

bool SCALAR(is_zero)(const ts_scalar *a) {
  scalar_check(a);
  return u256_mask_if_zero(a->limb) != 0;
}

bool SCALAR(equal)(const ts_scalar *a, const ts_scalar *b) {
  uint64_t difference[4];
  scalar_check(a), scalar_check(b);
  for (int i = 0; i < 4; i++) difference[i] = a->limb[i] ^ b->limb[i];
  return u256_mask_if_zero(difference) != 0;
}
