/* The field of secp256k1, eight elements at a time: weierstrass/ifma.h over plain integers. */
#ifndef THRESIGN_SECP256K1_FIELD_IFMA_H
#define THRESIGN_SECP256K1_FIELD_IFMA_H

#include "../weierstrass/ifma.h"
#include "field.h"

ALWAYS_INLINE void fe8_set_one(fe8 *r) {
  const __m512i zero = _mm512_setzero_si512();
  *r = (fe8){{_mm512_set1_epi64(1), zero, zero, zero, zero}};
}

/* -e p = -e 2^256 + e (2^32 + 977) */
ALWAYS_INLINE void fe8_subtract_multiple(__m512i t[5], __m512i e) {
  t[4] = _mm512_sub_epi64(t[4], _mm512_slli_epi64(e, 48));
  t[0] = _mm512_add_epi64(t[0], _mm512_slli_epi64(e, 32));
  t[0] = _mm512_add_epi64(t[0], _mm512_mul_epi32(e, _mm512_set1_epi64(977)));
}

/* r = c mod p, for the columns of a product below 2^520. */
ALWAYS_INLINE void fe8_fold(fe8 *r, __m512i c[10]) {
  const __m512i fold260 = _mm512_set1_epi64((long long)(FE_FOLD << 4)), fold256 = _mm512_set1_epi64((long long)FE_FOLD);
  const __m512i mask48 = _mm512_set1_epi64((1LL << 48) - 1);
  __m512i over = _mm512_setzero_si512();
  /* The upper five columns as limbs: c[9] then is below 2^52, since the product is below 2^520. */
#pragma GCC unroll 4
  for (int i = 5; i < 9; i++) {
    c[i + 1] = _mm512_add_epi64(c[i + 1], _mm512_srli_epi64(c[i], 52));
    c[i] = fe8_low52(c[i]);
  }
  /* Times 2^260 mod p, which has 37 bits: over stays below 2^37. */
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) {
    c[i] = _mm512_madd52lo_epu64(c[i], c[i + 5], fold260);
    if (i < 4) c[i + 1] = _mm512_madd52hi_epu64(c[i + 1], c[i + 5], fold260);
    else over = _mm512_madd52hi_epu64(over, c[9], fold260);
  }
  /* What is above 2^256, below 2^42, times 2^256 mod p. The columns are below 2^57, so the last carry leaves limb 4
   * below 2^48 + 2^6, and the whole below 2^256 + 2^214. */
  over = _mm512_add_epi64(_mm512_slli_epi64(over, 4), _mm512_srli_epi64(c[4], 48));
  c[4] = _mm512_and_si512(c[4], mask48);
  c[0] = _mm512_madd52lo_epu64(c[0], over, fold256);
  c[1] = _mm512_madd52hi_epu64(c[1], over, fold256);
  fe8_carry(r, c);
}

ALWAYS_INLINE void fe8_mul(fe8 *r, const fe8 *a, const fe8 *b) {
  __m512i c[10];
  fe8_check(a), fe8_check(b);
  fe8_mul_wide(c, a, b);
  fe8_fold(r, c);
}

ALWAYS_INLINE void fe8_sqr(fe8 *r, const fe8 *a) {
  __m512i c[10];
  fe8_check(a);
  fe8_sqr_wide(c, a);
  fe8_fold(r, c);
}

#define CHAIN_TYPE fe16
#define CHAIN(name) fe16_##name
#include "sqrt_chain.h"

#endif
