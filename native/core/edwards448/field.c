/* The field of 2^448 - 2^224 - 1: everything but products; field.h holds the contract. */
#include "field.h"

#include "modinv.h"

static uint64_t load_le56(const uint8_t *bytes) {
  uint64_t value = 0;
  for (unsigned i = 0; i < 7; i++) value |= (uint64_t)bytes[i] << (8 * i);
  return value;
}

static uint64_t modulus_limb(int i) { return i == 4 ? FE_MASK - 1 : FE_MASK; }

/* r = a - p with limbs below 2^56, mod 2^448; returns all ones if there was a borrow, that is if a < p. a has limbs
 * below 2^56 + 2^9 and a value below 2 p. */
static uint64_t subtract_modulus(uint64_t *r, const uint64_t *a) {
  int64_t carry = 0;
  for (int i = 0; i < FE_LIMBS; i++) {
    carry += (int64_t)a[i] - (int64_t)modulus_limb(i);
    r[i] = (uint64_t)carry & FE_MASK;
    carry >>= 56;  /* arithmetic: -1, 0 or 1 */
  }
  return ct_barrier((uint64_t)carry);
}

void fe_normalize(fe448 *r, const fe448 *a) {
  /* After fe_carry the limbs are below 2^56 + 2^8, so the value is below 2^448 + 2^401 < 2 p; one subtraction will do,
   * and adding p back mod 2^448 where it was one too many. */
  fe448 t;
  uint64_t difference[FE_LIMBS];
  fe_carry(&t, a);
  uint64_t mask = subtract_modulus(difference, t.limb);
  uint64_t carry = 0;
  for (int i = 0; i < FE_LIMBS; i++) {
    carry += difference[i] + (mask & modulus_limb(i));
    r->limb[i] = carry & FE_MASK;
    carry >>= 56;
  }
  FE_SET(r, 1, true);
}

void fe_encode(uint8_t out[FE_BYTES], const fe448 *a) {
  fe448 t;
  fe_normalize(&t, a);
  for (unsigned i = 0; i < FE_BYTES; i++) out[i] = (uint8_t)(t.limb[i / 7] >> (8 * (i % 7)));
}

bool fe_decode(fe448 *r, const uint8_t bytes[FE_BYTES]) {
  uint64_t difference[FE_LIMBS];
  for (int i = 0; i < FE_LIMBS; i++) r->limb[i] = load_le56(bytes + 7 * i);
  FE_SET(r, 1, false);
  return subtract_modulus(difference, r->limb) != 0;
}

bool fe_is_zero(const fe448 *a) {
  fe448 t;
  fe_normalize(&t, a);
  uint64_t bits = 0;
  for (int i = 0; i < FE_LIMBS; i++) bits |= t.limb[i];
  return ct_is_zero(bits) != 0;
}

bool fe_equal(const fe448 *a, const fe448 *b) {
  fe448 t;
  fe_sub(&t, a, b, 31);
  return fe_is_zero(&t);
}

uint64_t fe_parity(const fe448 *a) {
  fe448 t;
  fe_normalize(&t, a);
  return t.limb[0] & 1;
}

/* Between the field's limbs and words of 64 bits, for modinv. */
static void to_words(uint64_t words[MODINV_WORDS], const fe448 *a) {
  uint8_t bytes[FE_BYTES];
  fe_encode(bytes, a);
  for (unsigned i = 0; i < MODINV_WORDS; i++) words[i] = modinv_load_le64(bytes + 8 * i);
}

static void from_words(fe448 *r, const uint64_t words[MODINV_WORDS]) {
  uint8_t bytes[FE_BYTES];
  for (unsigned i = 0; i < FE_BYTES; i++) bytes[i] = (uint8_t)(words[i / 8] >> (8 * (i % 8)));
  for (int i = 0; i < FE_LIMBS; i++) r->limb[i] = load_le56(bytes + 7 * i);
  FE_SET(r, 1, true);
}

void fe_invert(fe448 *r, const fe448 *a) {
  uint64_t words[MODINV_WORDS];
  to_words(words, a);
  ts_edwards448_modinv(words, words, &ts_edwards448_modulus_p);
  from_words(r, words);
}

void fe_invert_vartime(fe448 *r, const fe448 *a) {
  uint64_t words[MODINV_WORDS];
  to_words(words, a);
  ts_edwards448_modinv_vartime(words, words, &ts_edwards448_modulus_p);
  from_words(r, words);
}

/* (p - 3)/4 = 2^446 - 2^222 - 1 = (2^223 - 1) 2^223 + (2^222 - 1). Below, e<n> = a^(2^n - 1). */
void fe_inverse_sqrt(fe448 *r, const fe448 *a) {
  fe448 base = *a, e3, e18, e37, e222, t;
  fe_square(&t, &base);
  fe_mul(&t, &t, &base);          /* e2 */
  fe_square(&t, &t);
  fe_mul(&e3, &t, &base);
  fe_square_times(&t, &e3, 3);
  fe_mul(&t, &t, &e3);            /* e6 */
  fe_square_times(&t, &t, 3);
  fe_mul(&e3, &t, &e3);           /* e9 */
  fe_square_times(&t, &e3, 9);
  fe_mul(&e18, &t, &e3);
  fe_square(&t, &e18);
  fe_mul(&t, &t, &base);          /* e19 */
  fe_square_times(&t, &t, 18);
  fe_mul(&e37, &t, &e18);
  fe_square_times(&t, &e37, 37);
  fe_mul(&t, &t, &e37);           /* e74 */
  fe_square_times(&t, &t, 37);
  fe_mul(&t, &t, &e37);           /* e111 */
  fe448 e111 = t;
  fe_square_times(&t, &t, 111);
  fe_mul(&e222, &t, &e111);
  fe_square(&t, &e222);
  fe_mul(&t, &t, &base);          /* e223 */
  fe_square_times(&t, &t, 223);
  fe_mul(r, &t, &e222);
}

int fe_legendre_vartime(const fe448 *a) {
  uint64_t words[MODINV_WORDS];
  to_words(words, a);
  int symbol = ts_edwards448_jacobi_vartime(words, &ts_edwards448_modulus_p);
  if (symbol != MODINV_UNDECIDED) return symbol;
  /* Not seen to happen. (p - 1)/2 = 2 (p - 3)/4 + 1. */
  fe448 reduced, t, one;
  fe_normalize(&reduced, a);
  fe_inverse_sqrt(&t, &reduced);
  fe_square(&t, &t);
  fe_mul(&t, &t, &reduced);
  fe_set_small(&one, 1);
  return fe_equal(&t, &one) ? 1 : -1;
}
