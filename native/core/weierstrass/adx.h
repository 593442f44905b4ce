/* Products of four limbs in BMI2 and ADX instructions (x86-64), as text for an asm statement: the front parts of fe_mul
 * and fe_sqr. The compiler cannot keep two carry chains in the two carry flags that adcx and adox use.
 *
 * Operands: t0 to t7 (outputs), lo and hi (scratch), and rdx, which mulx takes its first factor from; a and b point to
 * the factors. */
#ifndef THRESIGN_WEIERSTRASS_ADX_H
#define THRESIGN_WEIERSTRASS_ADX_H

/* (t_(i+3), ..., t_i) += a b_i, and t_(i+4) is set. No carry is left over: t_(i+4) takes the high word of a_3 b_i, at
 * most 2^64 - 2, and one carry of each chain, but the whole sum fits. */
#define ADX_ROW(i, s0, s1, s2, s3, s4)                                             \
  "movq 8*" #i "(%[b]), %%rdx\n\t"                                                 \
  "xorl %k[lo], %k[lo]\n\t" /* clears both carry flags */                          \
  "mulxq 0(%[a]), %[lo], %[hi]\n\t"                                                \
  "adcxq %[lo], %[" #s0 "]\n\t"                                                    \
  "adoxq %[hi], %[" #s1 "]\n\t"                                                    \
  "mulxq 8(%[a]), %[lo], %[hi]\n\t"                                                \
  "adcxq %[lo], %[" #s1 "]\n\t"                                                    \
  "adoxq %[hi], %[" #s2 "]\n\t"                                                    \
  "mulxq 16(%[a]), %[lo], %[hi]\n\t"                                               \
  "adcxq %[lo], %[" #s2 "]\n\t"                                                    \
  "adoxq %[hi], %[" #s3 "]\n\t"                                                    \
  "mulxq 24(%[a]), %[lo], %[" #s4 "]\n\t"                                          \
  "adcxq %[lo], %[" #s3 "]\n\t"                                                    \
  "movl $0, %k[lo]\n\t"                                                            \
  "adoxq %[lo], %[" #s4 "]\n\t"                                                    \
  "adcxq %[lo], %[" #s4 "]\n\t"

/* t = a b. */
#define ADX_MUL_WIDE                                                               \
  "movq 0(%[b]), %%rdx\n\t"                                                        \
  "mulxq 0(%[a]), %[t0], %[t1]\n\t"                                                \
  "mulxq 8(%[a]), %[lo], %[t2]\n\t"                                                \
  "addq %[lo], %[t1]\n\t"                                                          \
  "mulxq 16(%[a]), %[lo], %[t3]\n\t"                                               \
  "adcq %[lo], %[t2]\n\t"                                                          \
  "mulxq 24(%[a]), %[lo], %[t4]\n\t"                                               \
  "adcq %[lo], %[t3]\n\t"                                                          \
  "adcq $0, %[t4]\n\t"                                                             \
  ADX_ROW(1, t1, t2, t3, t4, t5)                                                   \
  ADX_ROW(2, t2, t3, t4, t5, t6)                                                   \
  ADX_ROW(3, t3, t4, t5, t6, t7)

/* t = a^2: the products of different limbs once, in t1 to t6; then doubled on one carry chain while the squares are
 * added on the other. */
#define ADX_SQR_WIDE                                                               \
  "movq 0(%[a]), %%rdx\n\t"                                                        \
  "xorl %k[lo], %k[lo]\n\t"                                                        \
  "mulxq 8(%[a]), %[t1], %[t2]\n\t"                                                \
  "mulxq 16(%[a]), %[lo], %[t3]\n\t"                                               \
  "adcxq %[lo], %[t2]\n\t"                                                         \
  "mulxq 24(%[a]), %[lo], %[t4]\n\t"                                               \
  "adcxq %[lo], %[t3]\n\t"                                                         \
  "movq 8(%[a]), %%rdx\n\t"                                                        \
  "mulxq 16(%[a]), %[lo], %[hi]\n\t"                                               \
  "adoxq %[lo], %[t3]\n\t"                                                         \
  "adcxq %[hi], %[t4]\n\t"                                                         \
  "mulxq 24(%[a]), %[lo], %[t5]\n\t"                                               \
  "adoxq %[lo], %[t4]\n\t"                                                         \
  "movl $0, %k[lo]\n\t"                                                            \
  "adcxq %[lo], %[t5]\n\t"                                                         \
  "movq 16(%[a]), %%rdx\n\t"                                                       \
  "mulxq 24(%[a]), %[hi], %[t6]\n\t"                                               \
  "adoxq %[hi], %[t5]\n\t"                                                         \
  "adoxq %[lo], %[t6]\n\t"                                                         \
  "xorl %k[t7], %k[t7]\n\t"                                                        \
  "movq 0(%[a]), %%rdx\n\t"                                                        \
  "mulxq %%rdx, %[t0], %[hi]\n\t"                                                  \
  "adcxq %[t1], %[t1]\n\t"                                                         \
  "adoxq %[hi], %[t1]\n\t"                                                         \
  "movq 8(%[a]), %%rdx\n\t"                                                        \
  "mulxq %%rdx, %[lo], %[hi]\n\t"                                                  \
  "adcxq %[t2], %[t2]\n\t"                                                         \
  "adoxq %[lo], %[t2]\n\t"                                                         \
  "adcxq %[t3], %[t3]\n\t"                                                         \
  "adoxq %[hi], %[t3]\n\t"                                                         \
  "movq 16(%[a]), %%rdx\n\t"                                                       \
  "mulxq %%rdx, %[lo], %[hi]\n\t"                                                  \
  "adcxq %[t4], %[t4]\n\t"                                                         \
  "adoxq %[lo], %[t4]\n\t"                                                         \
  "adcxq %[t5], %[t5]\n\t"                                                         \
  "adoxq %[hi], %[t5]\n\t"                                                         \
  "movq 24(%[a]), %%rdx\n\t"                                                       \
  "mulxq %%rdx, %[lo], %[hi]\n\t"                                                  \
  "adcxq %[t6], %[t6]\n\t"                                                         \
  "adoxq %[lo], %[t6]\n\t"                                                         \
  "adcxq %[t7], %[t7]\n\t"                                                         \
  "adoxq %[hi], %[t7]\n\t"

#define ADX_OUTPUTS                                                                                              \
  [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "=&r"(t4), [t5] "=&r"(t5), [t6] "=&r"(t6), \
  [t7] "=&r"(t7), [lo] "=&r"(lo), [hi] "=&r"(hi)

#endif
