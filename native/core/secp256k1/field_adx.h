/* fe_mul and fe_sqr of secp256k1 in BMI2 and ADX instructions; the same sums as fe_reduce_wide of field.h. */
#include "../weierstrass/adx.h"

/* (t3, ..., t0) = t mod p, by 2^256 = FE_FOLD. The first fold leaves t4 <= FE_FOLD above, the second at most a carry, and
 * that one no more than 2^67 below. */
#define ADX_FOLD                                                                   \
  "movabsq %[fold], %%rdx\n\t"                                                        \
  "xorl %k[lo], %k[lo]\n\t"                                                        \
  "mulxq %[t4], %[lo], %[hi]\n\t"                                                  \
  "adcxq %[lo], %[t0]\n\t"                                                         \
  "adoxq %[hi], %[t1]\n\t"                                                         \
  "mulxq %[t5], %[lo], %[hi]\n\t"                                                  \
  "adcxq %[lo], %[t1]\n\t"                                                         \
  "adoxq %[hi], %[t2]\n\t"                                                         \
  "mulxq %[t6], %[lo], %[hi]\n\t"                                                  \
  "adcxq %[lo], %[t2]\n\t"                                                         \
  "adoxq %[hi], %[t3]\n\t"                                                         \
  "mulxq %[t7], %[lo], %[t4]\n\t"                                                  \
  "adcxq %[lo], %[t3]\n\t"                                                         \
  "movl $0, %k[lo]\n\t"                                                            \
  "adoxq %[lo], %[t4]\n\t"                                                         \
  "adcxq %[lo], %[t4]\n\t"                                                         \
  "mulxq %[t4], %[lo], %[hi]\n\t"                                                  \
  "addq %[lo], %[t0]\n\t"                                                          \
  "adcq %[hi], %[t1]\n\t"                                                          \
  "adcq $0, %[t2]\n\t"                                                             \
  "adcq $0, %[t3]\n\t"                                                             \
  "sbbq %[lo], %[lo]\n\t"                                                          \
  "andq %%rdx, %[lo]\n\t"                                                          \
  "addq %[lo], %[t0]\n\t"                                                          \
  "adcq $0, %[t1]\n\t"

ALWAYS_INLINE void fe_mul(fe *r, const fe *a, const fe *b) {
  uint64_t t0, t1, t2, t3, t4, t5, t6, t7, lo, hi;
  __asm__(ADX_MUL_WIDE ADX_FOLD
          : ADX_OUTPUTS
          : [a] "r"(a->limb), [b] "r"(b->limb), "m"(*a), "m"(*b), [fold] "i"(FE_FOLD)
          : "rdx", "cc");
  *r = (fe){{t0, t1, t2, t3}};
}

ALWAYS_INLINE void fe_sqr(fe *r, const fe *a) {
  uint64_t t0, t1, t2, t3, t4, t5, t6, t7, lo, hi;
  __asm__(ADX_SQR_WIDE ADX_FOLD : ADX_OUTPUTS : [a] "r"(a->limb), "m"(*a), [fold] "i"(FE_FOLD) : "rdx", "cc");
  *r = (fe){{t0, t1, t2, t3}};
}
