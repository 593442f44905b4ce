/* The square root of the field of secp256k1, as a chain of multiplications, for any CHAIN_TYPE with functions
 * CHAIN(mul), CHAIN(sqr) and CHAIN(sqr_times): fe, and fe16 (weierstrass/ifma.h). */

/* (p+1)/4 = 2^254 - 2^30 - 244. In binary: 223 ones, a zero, 22 ones, 0000, 11, 00. */
NEVER_INLINE void CHAIN(sqrt_candidate)(CHAIN_TYPE *r, const CHAIN_TYPE *a) {
  CHAIN_TYPE x2, x3, x5, x11, x22, x55, t; /* xn = a^(2^n - 1) */
  CHAIN(sqr)(&x2, a);
  CHAIN(mul)(&x2, &x2, a);
  CHAIN(sqr)(&x3, &x2);
  CHAIN(mul)(&x3, &x3, a);
  CHAIN(sqr_times)(&x5, &x3, 2);
  CHAIN(mul)(&x5, &x5, &x2);
  CHAIN(sqr_times)(&t, &x5, 5);
  CHAIN(mul)(&t, &t, &x5); /* x10 */
  CHAIN(sqr)(&x11, &t);
  CHAIN(mul)(&x11, &x11, a);
  CHAIN(sqr_times)(&x22, &x11, 11);
  CHAIN(mul)(&x22, &x22, &x11);
  CHAIN(sqr_times)(&t, &x22, 22);
  CHAIN(mul)(&t, &t, &x22); /* x44 */
  CHAIN(sqr_times)(&x55, &t, 11);
  CHAIN(mul)(&x55, &x55, &x11);
  CHAIN(sqr_times)(&t, &x55, 55);
  CHAIN(mul)(&x55, &t, &x55); /* x110 */
  CHAIN(sqr_times)(&t, &x55, 110);
  CHAIN(mul)(&t, &t, &x55); /* x220 */
  CHAIN(sqr_times)(&t, &t, 3);
  CHAIN(mul)(&t, &t, &x3); /* x223 */
  CHAIN(sqr_times)(&t, &t, 23);
  CHAIN(mul)(&t, &t, &x22);
  CHAIN(sqr_times)(&t, &t, 6);
  CHAIN(mul)(&t, &t, &x2);
  CHAIN(sqr_times)(r, &t, 2);
}

#undef CHAIN
#undef CHAIN_TYPE
