/* The square root of the field of P-256, as a chain of multiplications, for any CHAIN_TYPE with functions CHAIN(mul),
 * CHAIN(sqr) and CHAIN(sqr_times): fe, and fe16 (weierstrass/ifma.h). */

/* (p+1)/4 = 2^254 - 2^222 + 2^190 + 2^94. In binary: 32 ones, 31 zeros, a one, 95 zeros, a one, 94 zeros. */
NEVER_INLINE void CHAIN(sqrt_candidate)(CHAIN_TYPE *r, const CHAIN_TYPE *a) {
  CHAIN_TYPE x, t; /* x = a^(2^n - 1) for n = 2, 4, 8, 16, 32 */
  CHAIN(sqr)(&t, a);
  CHAIN(mul)(&x, &t, a);
  for (int n = 2; n < 32; n *= 2) {
    CHAIN(sqr_times)(&t, &x, n);
    CHAIN(mul)(&x, &t, &x);
  }
  CHAIN(sqr_times)(&t, &x, 32);
  CHAIN(mul)(&t, &t, a);
  CHAIN(sqr_times)(&t, &t, 96);
  CHAIN(mul)(&t, &t, a);
  CHAIN(sqr_times)(r, &t, 94);
}

#undef CHAIN
#undef CHAIN_TYPE
