/* Four square roots at once. To be included after vector_avx2.h or vector_ifma.h. */
#ifndef THRESIGN_EDWARDS448_VECTOR_SQRT_H
#define THRESIGN_EDWARDS448_VECTOR_SQRT_H

static void square_times(fe4 *r, const fe4 *a, unsigned n) {
  fe4_square(r, a);
  for (unsigned i = 1; i < n; i++) fe4_square(r, r);
}

/* r[i] = a[i]^((p - 3)/4) for elements of magnitude 1: the chain of fe_inverse_sqrt. e<n> = a^(2^n - 1). */
static void inverse_sqrt4(fe448 r[4], const fe448 a[4]) {
  fe4 base, e3, e18, e37, e111, e222, t;
  fe4_load(&base, a[0].limb, a[1].limb, a[2].limb, a[3].limb);
  fe4_square(&t, &base);
  fe4_mul(&t, &t, &base);      /* e2 */
  fe4_square(&t, &t);
  fe4_mul(&e3, &t, &base);
  square_times(&t, &e3, 3);
  fe4_mul(&t, &t, &e3);        /* e6 */
  square_times(&t, &t, 3);
  fe4_mul(&e3, &t, &e3);       /* e9 */
  square_times(&t, &e3, 9);
  fe4_mul(&e18, &t, &e3);
  fe4_square(&t, &e18);
  fe4_mul(&t, &t, &base);      /* e19 */
  square_times(&t, &t, 18);
  fe4_mul(&e37, &t, &e18);
  square_times(&t, &e37, 37);
  fe4_mul(&t, &t, &e37);       /* e74 */
  square_times(&t, &t, 37);
  fe4_mul(&e111, &t, &e37);
  square_times(&t, &e111, 111);
  fe4_mul(&e222, &t, &e111);
  fe4_square(&t, &e222);
  fe4_mul(&t, &t, &base);      /* e223 */
  square_times(&t, &t, 223);
  fe4_mul(&t, &t, &e222);
  fe4_store(&r[0], &r[1], &r[2], &r[3], &t);
}

#endif
