/* The field of secp256k1 in assembly language; all sums are those of the portable functions in field.h. */
#include "../weierstrass/adx.h"

/* (t3, ..., t0) = t mod p, by 2^256 = FE_FOLD. The first fold leaves t4 <= FE_FOLD above, the second at most a carry,
 * and that one no more than 2^67 below. */
#define ADX_FOLD                                                                   \
  "movabsq %[k], %%rdx\n\t"                                                        \
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

ADX_FUNCTION void adx_mul(fe *r, const fe *a, const fe *b) { ADX_MUL(ADX_MUL_WIDE ADX_FOLD, FE_FOLD); }

ADX_FUNCTION void adx_sqr(fe *r, const fe *a) { ADX_SQR(ADX_SQR_WIDE ADX_FOLD, FE_FOLD); }

ALWAYS_INLINE void fe_mul(fe *r, const fe *a, const fe *b) { adx_mul(r, a, b); }

ALWAYS_INLINE void fe_sqr(fe *r, const fe *a) { adx_sqr(r, a); }

#if !ADX_POINTERS
#define FE_ADD_AND_SUB_DEFINED

/* r = r + b or r - b: first over all limbs, then by the carry's or borrow's worth, then by that of a second one. */
#define ADX_ADD_OR_SUB(add, adc)                                                   \
  add " %[b0], %[r0]\n\t"                                                          \
  adc " %[b1], %[r1]\n\t"                                                          \
  adc " %[b2], %[r2]\n\t"                                                          \
  adc " %[b3], %[r3]\n\t"                                                          \
  "sbbq %[m], %[m]\n\t"                                                            \
  "andq %[fold], %[m]\n\t"                                                         \
  add " %[m], %[r0]\n\t"                                                           \
  adc " $0, %[r1]\n\t"                                                             \
  adc " $0, %[r2]\n\t"                                                             \
  adc " $0, %[r3]\n\t"                                                             \
  "sbbq %[m], %[m]\n\t"                                                            \
  "andq %[fold], %[m]\n\t"                                                         \
  add " %[m], %[r0]\n\t"

#define ADX_ADD_OPERANDS                                                           \
  : [r0] "+&r"(r0), [r1] "+&r"(r1), [r2] "+&r"(r2), [r3] "+&r"(r3), [m] "=&r"(m)   \
  : [b0] "rm"(b->limb[0]), [b1] "rm"(b->limb[1]), [b2] "rm"(b->limb[2]), [b3] "rm"(b->limb[3]), [fold] "r"(FE_FOLD) \
  : "cc"

ALWAYS_INLINE void fe_add(fe *r, const fe *a, const fe *b) {
  uint64_t r0 = a->limb[0], r1 = a->limb[1], r2 = a->limb[2], r3 = a->limb[3], m;
  __asm__(ADX_ADD_OR_SUB("addq", "adcq") ADX_ADD_OPERANDS);
  *r = (fe){{r0, r1, r2, r3}};
}

ALWAYS_INLINE void fe_sub(fe *r, const fe *a, const fe *b) {
  uint64_t r0 = a->limb[0], r1 = a->limb[1], r2 = a->limb[2], r3 = a->limb[3], m;
  __asm__(ADX_ADD_OR_SUB("subq", "sbbq") ADX_ADD_OPERANDS);
  *r = (fe){{r0, r1, r2, r3}};
}

#endif
