/* The field of P-256 in assembly language; all sums are those of the portable functions in field.h. */
#include "../weierstrass/adx.h"

/* One step of Montgomery's reduction of (s3, s2, s1, m), as fe_reduce_wide of field.h has it, with rdx = FE_P3: the
 * register of m becomes the new top. From s < 2^256 follows (s + m p)/2^64 < 2^192 + p < 2^256: nothing is carried
 * out. x is scratch. */
#define ADX_REDUCE(m, s1, s2, s3)                                                  \
  "movq %[" #m "], %[lo]\n\t"                                                      \
  "shlq $32, %[lo]\n\t"                                                            \
  "mulxq %[" #m "], %[x], %[hi]\n\t"                                               \
  "shrq $32, %[" #m "]\n\t"                                                        \
  "addq %[lo], %[" #s1 "]\n\t"                                                     \
  "adcq %[" #m "], %[" #s2 "]\n\t"                                                 \
  "adcq %[x], %[" #s3 "]\n\t"                                                      \
  "movl $0, %k[" #m "]\n\t"                                                        \
  "adcq %[hi], %[" #m "]\n\t"

/* (t3, ..., t0) = (hi, t7, ..., t4), less p if that is not below p. Needs lo = FE_P1, rdx = FE_P3; hi is 0 or 1. */
#define ADX_LESS_P                                                                 \
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

/* (t3, ..., t0) = t 2^-256 mod p, for t < 2^256 p: the low half reduced, plus the high half, less p if that is not
 * below p. x is scratch. */
#define ADX_MONTGOMERY                                                             \
  "movabsq %[k], %%rdx\n\t"                                                        \
  ADX_REDUCE(t0, t1, t2, t3)                                                       \
  ADX_REDUCE(t1, t2, t3, t0)                                                       \
  ADX_REDUCE(t2, t3, t0, t1)                                                       \
  ADX_REDUCE(t3, t0, t1, t2)                                                       \
  "xorl %k[hi], %k[hi]\n\t"                                                        \
  "movl $-1, %k[lo]\n\t" /* FE_P1 */                                               \
  "addq %[t0], %[t4]\n\t"                                                          \
  "adcq %[t1], %[t5]\n\t"                                                          \
  "adcq %[t2], %[t6]\n\t"                                                          \
  "adcq %[t3], %[t7]\n\t"                                                          \
  "adcq $0, %[hi]\n\t"                                                             \
  ADX_LESS_P

ADX_FUNCTION void adx_mul(fe *r, const fe *a, const fe *b) { ADX_MUL(ADX_MUL_WIDE ADX_MONTGOMERY, FE_P3); }

ADX_FUNCTION void adx_sqr(fe *r, const fe *a) { ADX_SQR(ADX_SQR_WIDE ADX_MONTGOMERY, FE_P3); }

ALWAYS_INLINE void fe_mul(fe *r, const fe *a, const fe *b) {
  fe_check(a), fe_check(b);
  adx_mul(r, a, b);
  fe_check(r);
}

ALWAYS_INLINE void fe_sqr(fe *r, const fe *a) {
  fe_check(a);
  adx_sqr(r, a);
  fe_check(r);
}

#if !ADX_POINTERS
#define FE_ADD_DEFINED

ALWAYS_INLINE void fe_add(fe *r, const fe *a, const fe *b) {
  uint64_t t0, t1, t2, t3, t4 = a->limb[0], t5 = a->limb[1], t6 = a->limb[2], t7 = a->limb[3], hi;
  fe_check(a), fe_check(b);
  __asm__("xorl %k[hi], %k[hi]\n\t"
          "addq %[b0], %[t4]\n\t"
          "adcq %[b1], %[t5]\n\t"
          "adcq %[b2], %[t6]\n\t"
          "adcq %[b3], %[t7]\n\t"
          "adcq $0, %[hi]\n\t" ADX_LESS_P
          : [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "+&r"(t4), [t5] "+&r"(t5),
            [t6] "+&r"(t6), [t7] "+&r"(t7), [hi] "=&r"(hi)
          : [b0] "rm"(b->limb[0]), [b1] "rm"(b->limb[1]), [b2] "rm"(b->limb[2]), [b3] "rm"(b->limb[3]), [lo] "r"(FE_P1),
            "d"(FE_P3)
          : "cc");
  *r = (fe){{t0, t1, t2, t3}};
  fe_check(r);
}

#endif
