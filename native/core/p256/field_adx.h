/* fe_mul and fe_sqr of P-256 in BMI2 and ADX instructions. */
#include "../weierstrass/adx.h"

/* One step of Montgomery's reduction of (s3, s2, s1, m), as fe_reduce_wide of field.h has it, with rdx = FE_P3: the
 * register of m becomes the new top. From s < 2^256 follows (s + m p)/2^64 < 2^192 + p < 2^256: nothing is carried out.
 * x is scratch. */
#define ADX_REDUCE(m, s1, s2, s3, x)                                               \
  "movq %[" #m "], %[lo]\n\t"                                                      \
  "shlq $32, %[lo]\n\t"                                                            \
  "mulxq %[" #m "], %[" #x "], %[hi]\n\t"                                          \
  "shrq $32, %[" #m "]\n\t"                                                        \
  "addq %[lo], %[" #s1 "]\n\t"                                                     \
  "adcq %[" #m "], %[" #s2 "]\n\t"                                                 \
  "adcq %[" #x "], %[" #s3 "]\n\t"                                                 \
  "movl $0, %k[" #m "]\n\t"                                                        \
  "adcq %[hi], %[" #m "]\n\t"

/* (t3, ..., t0) = t 2^-256 mod p, for t < 2^256 p: the low half reduced, plus the high half, less p if that is not
 * below p. x is scratch. */
#define ADX_MONTGOMERY(x)                                                          \
  "movabsq %[p3], %%rdx\n\t"                                                       \
  ADX_REDUCE(t0, t1, t2, t3, x)                                                    \
  ADX_REDUCE(t1, t2, t3, t0, x)                                                    \
  ADX_REDUCE(t2, t3, t0, t1, x)                                                    \
  ADX_REDUCE(t3, t0, t1, t2, x)                                                    \
  "xorl %k[hi], %k[hi]\n\t"                                                        \
  "movl $-1, %k[lo]\n\t" /* FE_P1 */                                               \
  "addq %[t0], %[t4]\n\t"                                                          \
  "adcq %[t1], %[t5]\n\t"                                                          \
  "adcq %[t2], %[t6]\n\t"                                                          \
  "adcq %[t3], %[t7]\n\t"                                                          \
  "adcq $0, %[hi]\n\t"                                                             \
  "movq %[t4], %[t0]\n\t"                                                          \
  "movq %[t5], %[t1]\n\t"                                                          \
  "movq %[t6], %[t2]\n\t"                                                          \
  "movq %[t7], %[t3]\n\t"                                                          \
  "subq $-1, %[t0]\n\t"                                                            \
  "sbbq %[lo], %[t1]\n\t"                                                          \
  "sbbq $0, %[t2]\n\t"                                                             \
  "sbbq %%rdx, %[t3]\n\t"                                                          \
  "sbbq $0, %[hi]\n\t"                                                             \
  "cmovcq %[t4], %[t0]\n\t"                                                        \
  "cmovcq %[t5], %[t1]\n\t"                                                        \
  "cmovcq %[t6], %[t2]\n\t"                                                        \
  "cmovcq %[t7], %[t3]\n\t"

ALWAYS_INLINE void fe_mul(fe *r, const fe *a, const fe *b) {
  uint64_t t0, t1, t2, t3, t4, t5, t6, t7, lo, hi;
  const uint64_t *second = b->limb; /* its register is scratch when the product is done */
  fe_check(a), fe_check(b);
  __asm__(ADX_MUL_WIDE ADX_MONTGOMERY(b)
          : ADX_OUTPUTS, [b] "+&r"(second)
          : [a] "r"(a->limb), "m"(*a), "m"(*b), [p3] "i"(FE_P3)
          : "rdx", "cc");
  *r = (fe){{t0, t1, t2, t3}};
  fe_check(r);
}

ALWAYS_INLINE void fe_sqr(fe *r, const fe *a) {
  uint64_t t0, t1, t2, t3, t4, t5, t6, t7, lo, hi, x;
  fe_check(a);
  __asm__(ADX_SQR_WIDE ADX_MONTGOMERY(x)
          : ADX_OUTPUTS, [x] "=&r"(x)
          : [a] "r"(a->limb), "m"(*a), [p3] "i"(FE_P3)
          : "rdx", "cc");
  *r = (fe){{t0, t1, t2, t3}};
  fe_check(r);
}
