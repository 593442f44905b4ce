/* Products in the field of 2^448 - 2^224 - 1; field.h holds the contract. */
#include "field.h"

FE_INLINE fe_wide fe_product(uint64_t a, uint64_t b) { return (fe_wide)a * b; }

/* The end of a product: c[0..7] are its limbs below 2^56; low is the carry out of limb 3, high that out of limb 7.
 * high has weight 2^448 = 2^224 + 1, so it comes back in limbs 0 and 4. Both carries are below 2^(71.3 - 0.9), as
 * fe_mul shows; so what goes into limbs 1 and 5 is below 2^16. */
FE_INLINE void fe_finish(fe448 *r, const uint64_t *c, fe_wide low, fe_wide high) {
  low += high + c[4];
  high += c[0];
  r->limb[0] = (uint64_t)high & FE_MASK;
  r->limb[1] = c[1] + (uint64_t)(high >> 56);
  r->limb[2] = c[2];
  r->limb[3] = c[3];
  r->limb[4] = (uint64_t)low & FE_MASK;
  r->limb[5] = c[5] + (uint64_t)(low >> 56);
  r->limb[6] = c[6];
  r->limb[7] = c[7];
  FE_SET(r, 1, false);
}

/* With f = 2^224, so f^2 = f + 1, and a = a0 + a1 f, b = b0 + b1 f: let A = a0 b0, B = a1 b1, C = (a0 + a1)(b0 + b1)
 * (Karatsuba). Then a b = (A + B) + (C - A) f. As polynomials of degree 6 in x = 2^56, x^4 = f, with A = A' + x^4 A''
 * and so on, this is
 *   low half   A' + B' + C'' - A''
 *   high half  C' - A' + B'' + C''
 * C - A has no negative coefficient, so neither half has, though the sums below may pass through negative values
 * (they are exact mod 2^128). A coefficient is at most 19 products (B'' 3, C'' 4 * 3, C' 4 or, for the others, less)
 * of magnitude(a) magnitude(b) FE_UNIT^2 <= 2^122.1, so 2^126.4, and the carry 2^70.4. */
void fe_mul(fe448 *r, const fe448 *a_in, const fe448 *b_in) {
  FE_CHECK(a_in);
  FE_CHECK(b_in);
  VERIFY_CHECK(FE_MAGNITUDE(a_in) * FE_MAGNITUDE(b_in) <= FE_PRODUCT_MAX);
  const uint64_t *a = a_in->limb, *b = b_in->limb;
  uint64_t s0 = a[0] + a[4], s1 = a[1] + a[5], s2 = a[2] + a[6], s3 = a[3] + a[7];
  uint64_t t0 = b[0] + b[4], t1 = b[1] + b[5], t2 = b[2] + b[6], t3 = b[3] + b[7];
  uint64_t c[FE_LIMBS];
  fe_wide low, high, both;

  both = fe_product(a[0], b[0]);                                                             /* A' */
  low = both;
  high = 0 - both;
  both = fe_product(s1, t3) + fe_product(s2, t2) + fe_product(s3, t1);                       /* C'' */
  low += both + fe_product(a[4], b[4]);                                                      /* B' */
  low -= fe_product(a[1], b[3]) + fe_product(a[2], b[2]) + fe_product(a[3], b[1]);           /* A'' */
  high += both + fe_product(a[5], b[7]) + fe_product(a[6], b[6]) + fe_product(a[7], b[5]);   /* B'' */
  high += fe_product(s0, t0);                                                                /* C' */
  c[0] = (uint64_t)low & FE_MASK;
  c[4] = (uint64_t)high & FE_MASK;
  low >>= 56;
  high >>= 56;

  both = fe_product(a[0], b[1]) + fe_product(a[1], b[0]);
  low += both;
  high -= both;
  both = fe_product(s2, t3) + fe_product(s3, t2);
  low += both + fe_product(a[4], b[5]) + fe_product(a[5], b[4]);
  low -= fe_product(a[2], b[3]) + fe_product(a[3], b[2]);
  high += both + fe_product(a[6], b[7]) + fe_product(a[7], b[6]);
  high += fe_product(s0, t1) + fe_product(s1, t0);
  c[1] = (uint64_t)low & FE_MASK;
  c[5] = (uint64_t)high & FE_MASK;
  low >>= 56;
  high >>= 56;

  both = fe_product(a[0], b[2]) + fe_product(a[1], b[1]) + fe_product(a[2], b[0]);
  low += both;
  high -= both;
  both = fe_product(s3, t3);
  low += both + fe_product(a[4], b[6]) + fe_product(a[5], b[5]) + fe_product(a[6], b[4]);
  low -= fe_product(a[3], b[3]);
  high += both + fe_product(a[7], b[7]);
  high += fe_product(s0, t2) + fe_product(s1, t1) + fe_product(s2, t0);
  c[2] = (uint64_t)low & FE_MASK;
  c[6] = (uint64_t)high & FE_MASK;
  low >>= 56;
  high >>= 56;

  both = fe_product(a[0], b[3]) + fe_product(a[1], b[2]) + fe_product(a[2], b[1]) + fe_product(a[3], b[0]);
  low += both;
  high -= both;
  low += fe_product(a[4], b[7]) + fe_product(a[5], b[6]) + fe_product(a[6], b[5]) + fe_product(a[7], b[4]);
  high += fe_product(s0, t3) + fe_product(s1, t2) + fe_product(s2, t1) + fe_product(s3, t0);
  c[3] = (uint64_t)low & FE_MASK;
  c[7] = (uint64_t)high & FE_MASK;
  low >>= 56;
  high >>= 56;

  fe_finish(r, c, low, high);
}

/* The same sums as in fe_mul with equal
 * products taken once and doubled: a doubled limb is at most 2 * 2 * 32 * FE_UNIT < 2^64. */
void fe_square(fe448 *r, const fe448 *a_in) {
  FE_CHECK(a_in);
  VERIFY_CHECK(FE_MAGNITUDE(a_in) * FE_MAGNITUDE(a_in) <= FE_PRODUCT_MAX);
  const uint64_t *a = a_in->limb;
  uint64_t s0 = a[0] + a[4], s1 = a[1] + a[5], s2 = a[2] + a[6], s3 = a[3] + a[7];
  uint64_t c[FE_LIMBS];
  fe_wide low, high, both;

  both = fe_product(a[0], a[0]);                                      /* A' */
  low = both;
  high = 0 - both;
  both = fe_product(2 * s1, s3) + fe_product(s2, s2);                 /* C'' */
  low += both + fe_product(a[4], a[4]);                               /* B' */
  low -= fe_product(2 * a[1], a[3]) + fe_product(a[2], a[2]);         /* A'' */
  high += both + fe_product(2 * a[5], a[7]) + fe_product(a[6], a[6]); /* B'' */
  high += fe_product(s0, s0);                                         /* C' */
  c[0] = (uint64_t)low & FE_MASK;
  c[4] = (uint64_t)high & FE_MASK;
  low >>= 56;
  high >>= 56;

  both = fe_product(2 * a[0], a[1]);
  low += both;
  high -= both;
  both = fe_product(2 * s2, s3);
  low += both + fe_product(2 * a[4], a[5]);
  low -= fe_product(2 * a[2], a[3]);
  high += both + fe_product(2 * a[6], a[7]);
  high += fe_product(2 * s0, s1);
  c[1] = (uint64_t)low & FE_MASK;
  c[5] = (uint64_t)high & FE_MASK;
  low >>= 56;
  high >>= 56;

  both = fe_product(2 * a[0], a[2]) + fe_product(a[1], a[1]);
  low += both;
  high -= both;
  both = fe_product(s3, s3);
  low += both + fe_product(2 * a[4], a[6]) + fe_product(a[5], a[5]);
  low -= fe_product(a[3], a[3]);
  high += both + fe_product(a[7], a[7]);
  high += fe_product(2 * s0, s2) + fe_product(s1, s1);
  c[2] = (uint64_t)low & FE_MASK;
  c[6] = (uint64_t)high & FE_MASK;
  low >>= 56;
  high >>= 56;

  both = fe_product(2 * a[0], a[3]) + fe_product(2 * a[1], a[2]);
  low += both;
  high -= both;
  low += fe_product(2 * a[4], a[7]) + fe_product(2 * a[5], a[6]);
  high += fe_product(2 * s0, s3) + fe_product(2 * s1, s2);
  c[3] = (uint64_t)low & FE_MASK;
  c[7] = (uint64_t)high & FE_MASK;
  low >>= 56;
  high >>= 56;

  fe_finish(r, c, low, high);
}

void fe_square_times(fe448 *r, const fe448 *a, unsigned n) {
  VERIFY_CHECK(n >= 1);
  fe_square(r, a);
  for (unsigned i = 1; i < n; i++) fe_square(r, r);
}

void fe_mul_small(fe448 *r, const fe448 *a, uint32_t w) {
  FE_CHECK(a);
  VERIFY_CHECK(w < (1u << 20));
  uint64_t c[FE_LIMBS];
  fe_wide low = 0, high = 0;
  for (int i = 0; i < 4; i++) {
    low += fe_product(a->limb[i], w);       /* below 2^(63 + 20) */
    high += fe_product(a->limb[i + 4], w);
    c[i] = (uint64_t)low & FE_MASK;
    c[i + 4] = (uint64_t)high & FE_MASK;
    low >>= 56;
    high >>= 56;
  }
  fe_finish(r, c, low, high);
}
