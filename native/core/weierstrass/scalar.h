/* The scalar functions of a ts_group modulo a 256-bit prime order q, 2^255 < q < 2^256, with big-endian encodings.
 *
 * A template. The file that includes it defines first
 *   SCALAR(name)       the external name of a function,
 *   ORDER_0 .. _3      the limbs of q, least significant first,
 *   ORDER_MU_0 .. _3   the limbs of floor(2^512 / q) - 2^256,
 *   ORDER_INVERSE      q^-1 mod 2^64.
 * A ts_scalar holds the value itself in limbs 0 to 3, always in [0, q); the other limbs are zero. */
#include "../verify.h"
#include "limbs.h"
#include "safegcd.h"
#include "thresign/group.h"

static const uint64_t order[4] = {ORDER_0, ORDER_1, ORDER_2, ORDER_3};
static const uint64_t order_mu[4] = {ORDER_MU_0, ORDER_MU_1, ORDER_MU_2, ORDER_MU_3};
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
    r->limb[i] = limbs_barrier(a[i]); /* or else copied in vectors, which have to wait for the stores of the limbs */
    r->limb[i + 4] = 0;
  }
  scalar_check(r);
}

/* r = t mod q (Barrett, 1986). Precondition: t < 2^256 q.
 * The quotient is taken to be h + floor(h mu / 2^256) for h = floor(t / 2^256) and mu = floor(2^512 / q) - 2^256.
 * Against t/q it lacks less than 1 for the rounding of mu, less than (2^256 + mu) / 2^256 < 2 for the low half of t,
 * and less than 1 for its own rounding, but never is too high. So what remains is in [0, 4q), and five limbs of it
 * are enough. */
static void reduce_wide(uint64_t r[4], const uint64_t t[8]) {
  const uint64_t twice[4] = {ORDER_0 << 1, ORDER_1 << 1 | ORDER_0 >> 63, ORDER_2 << 1 | ORDER_1 >> 63,
                             ORDER_3 << 1 | ORDER_2 >> 63}; /* and 2^256 */
  uint64_t quotient[4], product[8], high, rest[4], less[4];
  u256_mul_wide(product, t + 4, order_mu);
  (void)u256_add(quotient, t + 4, product + 4); /* at most t/q < 2^256 */
  u256_mul_wide(product, quotient, order);
  limbs_carry borrow = u256_sub(rest, t, product);
  high = limbs_sub(t[4], product[4], &borrow);
  VERIFY_CHECK(high < 4);
  borrow = u256_sub(less, rest, twice);
  const uint64_t less_high = limbs_sub(high, 1, &borrow);
  const uint64_t keep = limbs_mask(borrow); /* all ones if less than 2q was left */
  u256_cmov(less, rest, keep);
  high = less_high ^ ((less_high ^ high) & keep);
  VERIFY_CHECK(high < 2);
  u256_reduce_once(less, (limbs_carry)high, order);
  for (int i = 0; i < 4; i++) r[i] = less[i];
}

/* r = a + b mod q. Precondition: a, b < q. */
static void add_mod(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]) {
  const limbs_carry carry = u256_add(r, a, b);
  u256_reduce_once(r, carry, order);
}

/* r = a b mod q. Precondition: a, b < q. */
static void mul_mod(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]) {
  uint64_t t[8];
  u256_mul_wide(t, a, b);
  reduce_wide(r, t);
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
    uint64_t t[8] = {0, 0, 0, 0, sum[0], sum[1], sum[2], sum[3]};
    for (size_t i = 0; i < piece; i++) padded[32 - piece + i] = bytes[i];
    u256_load_be(t, padded);
    reduce_wide(sum, t);
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
