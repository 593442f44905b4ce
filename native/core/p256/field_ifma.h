/* The field of P-256, eight elements at a time: weierstrass/ifma.h in Montgomery form with the factor 2^260, so that
 * the words of an fe of field.h, where the factor is 2^256, stand here for 1/16 of its value. */
#ifndef THRESIGN_P256_FIELD_IFMA_H
#define THRESIGN_P256_FIELD_IFMA_H

#include "../weierstrass/ifma.h"
#include "field.h"

ALWAYS_INLINE void fe8_set_one(fe8 *r) { /* 2^260 mod p */
  *r = (fe8){{_mm512_set1_epi64(0x10), _mm512_set1_epi64(0xf000000000000), _mm512_set1_epi64(0xfffffffffffff),
              _mm512_set1_epi64(0xffeffffffffff), _mm512_set1_epi64(0xfffff)}};
}

/* -e p = -e 2^256 + e 2^224 - e 2^192 - e 2^96 + e */
ALWAYS_INLINE void fe8_subtract_multiple(__m512i t[5], __m512i e) {
  t[0] = _mm512_add_epi64(t[0], e);
  t[1] = _mm512_sub_epi64(t[1], _mm512_slli_epi64(e, 44));
  t[3] = _mm512_sub_epi64(t[3], _mm512_slli_epi64(e, 36));
  t[4] = _mm512_add_epi64(t[4], _mm512_slli_epi64(e, 16));
  t[4] = _mm512_sub_epi64(t[4], _mm512_slli_epi64(e, 48));
}

/* r = c 2^-260 mod p, for the columns of a product of two numbers below 2^258.
 * p = -1 mod 2^52, so that adding c0 p clears the low 52 bits m of c0: c0 + m (2^96 - 1) leaves (c0 - m) + m 2^96, of
 * which c0 >> 52 and m 2^44 go to the next column; then m 2^192, and m (2^256 - 2^224).
 * The result is below (2^516 + 2^260 p) / 2^260 = 2^256 + p. */
ALWAYS_INLINE void fe8_montgomery(fe8 *r, __m512i c[10]) {
  const __m512i p1 = _mm512_set1_epi64(1LL << 44), p3 = _mm512_set1_epi64(1LL << 36);
  const __m512i p4 = _mm512_set1_epi64((1LL << 48) - (1LL << 16));
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) {
    const __m512i m = c[i]; /* multiplications see its low 52 bits only */
    c[i + 1] = _mm512_add_epi64(c[i + 1], _mm512_srli_epi64(c[i], 52));
    c[i + 1] = _mm512_madd52lo_epu64(c[i + 1], m, p1);
    c[i + 2] = _mm512_madd52hi_epu64(c[i + 2], m, p1);
    c[i + 3] = _mm512_madd52lo_epu64(c[i + 3], m, p3);
    c[i + 4] = _mm512_madd52hi_epu64(c[i + 4], m, p3);
    c[i + 4] = _mm512_madd52lo_epu64(c[i + 4], m, p4);
    c[i + 5] = _mm512_madd52hi_epu64(c[i + 5], m, p4);
  }
  fe8_carry(r, c + 5);
}

ALWAYS_INLINE void fe8_mul(fe8 *r, const fe8 *a, const fe8 *b) {
  __m512i c[10];
  fe8_check(a), fe8_check(b);
  fe8_mul_wide(c, a, b);
  fe8_montgomery(r, c);
}

ALWAYS_INLINE void fe8_sqr(fe8 *r, const fe8 *a) {
  __m512i c[10];
  fe8_check(a);
  fe8_sqr_wide(c, a);
  fe8_montgomery(r, c);
}

#define CHAIN_TYPE fe16
#define CHAIN(name) fe16_##name
#include "sqrt_chain.h"

#endif
