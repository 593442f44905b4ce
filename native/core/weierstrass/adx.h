/* Products of four limbs in BMI2 and ADX instructions (x86-64), as text for an asm statement: the front parts of
 * fe_mul and fe_sqr. The compiler cannot keep two carry chains in the two carry flags that adcx and adox use.
 *
 * Operands: t0 to t7 (outputs), lo, hi and x (scratch), and rdx, which mulx takes its first factor from; the factors
 * in memory. With the factors' limbs as memory operands of their own, gcc knows best where they are. clang, and gcc's
 * AddressSanitizer, would give each of them a register for its address, and run out: for them there are pointers, of
 * which that to the right factor ends as x, and functions with nothing else in them. */
#ifndef THRESIGN_WEIERSTRASS_ADX_H
#define THRESIGN_WEIERSTRASS_ADX_H

#define ADX_REGISTERS                                                              \
  [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "=&r"(t4), [t5] "=&r"(t5), [t6] "=&r"(t6), \
  [t7] "=&r"(t7), [lo] "=&r"(lo), [hi] "=&r"(hi)

/* fe_mul and fe_sqr: r = what text leaves in t0 to t3; [k] is a constant for it. */
#if defined(__clang__) || defined(__SANITIZE_ADDRESS__)
#define ADX_POINTERS 1
#define ADX_FUNCTION NEVER_INLINE
#define ADX_A(i) "8*" #i "(%[a])"
#define ADX_B(i) "8*" #i "(%[x])"
#define ADX_MUL(text, constant)                                                    \
  uint64_t t0, t1, t2, t3, t4, t5, t6, t7, lo, hi;                                 \
  const uint64_t *x = b->limb;                                                     \
  __asm__(text                                                                     \
          : ADX_REGISTERS, [x] "+&r"(x)                                            \
          : [a] "r"(a->limb), [k] "i"(constant)                                    \
          : "rdx", "cc", "memory");                                                \
  *r = (fe){{t0, t1, t2, t3}}
#define ADX_SQR(text, constant)                                                    \
  uint64_t t0, t1, t2, t3, t4, t5, t6, t7, lo, hi, x;                              \
  __asm__(text                                                                     \
          : ADX_REGISTERS, [x] "=&r"(x)                                            \
          : [a] "r"(a->limb), [k] "i"(constant)                                    \
          : "rdx", "cc", "memory");                                                \
  *r = (fe){{t0, t1, t2, t3}}
#else
#define ADX_POINTERS 0
#define ADX_FUNCTION ALWAYS_INLINE
#define ADX_A(i) "%[a" #i "]"
#define ADX_B(i) "%[b" #i "]"
#define ADX_MUL(text, constant)                                                    \
  uint64_t t0, t1, t2, t3, t4, t5, t6, t7, lo, hi, x;                              \
  __asm__(text                                                                     \
          : ADX_REGISTERS, [x] "=&r"(x)                                            \
          : ADX_LIMBS(a), ADX_LIMBS(b), [k] "i"(constant)                          \
          : "rdx", "cc");                                                          \
  *r = (fe){{t0, t1, t2, t3}}
#define ADX_SQR(text, constant)                                                    \
  uint64_t t0, t1, t2, t3, t4, t5, t6, t7, lo, hi, x;                              \
  __asm__(text                                                                     \
          : ADX_REGISTERS, [x] "=&r"(x)                                            \
          : ADX_LIMBS(a), [k] "i"(constant)                                        \
          : "rdx", "cc");                                                          \
  *r = (fe){{t0, t1, t2, t3}}
#define ADX_LIMBS(f) [f##0] "m"(f->limb[0]), [f##1] "m"(f->limb[1]), [f##2] "m"(f->limb[2]), [f##3] "m"(f->limb[3])
#endif

/* (t_(i+3), ..., t_i) += a b_i, and t_(i+4) is set. No carry is left over: t_(i+4) takes the high word of a_3 b_i, at
 * most 2^64 - 2, and one carry of each chain, but the whole sum fits. */
#define ADX_ROW(i, s0, s1, s2, s3, s4)                                             \
  "movq " ADX_B(i) ", %%rdx\n\t"                                                   \
  "xorl %k[lo], %k[lo]\n\t" /* clears both carry flags */                          \
  "mulxq " ADX_A(0) ", %[lo], %[hi]\n\t"                                           \
  "adcxq %[lo], %[" #s0 "]\n\t"                                                    \
  "adoxq %[hi], %[" #s1 "]\n\t"                                                    \
  "mulxq " ADX_A(1) ", %[lo], %[hi]\n\t"                                           \
  "adcxq %[lo], %[" #s1 "]\n\t"                                                    \
  "adoxq %[hi], %[" #s2 "]\n\t"                                                    \
  "mulxq " ADX_A(2) ", %[lo], %[hi]\n\t"                                           \
  "adcxq %[lo], %[" #s2 "]\n\t"                                                    \
  "adoxq %[hi], %[" #s3 "]\n\t"                                                    \
  "mulxq " ADX_A(3) ", %[lo], %[" #s4 "]\n\t"                                      \
  "adcxq %[lo], %[" #s3 "]\n\t"                                                    \
  "movl $0, %k[lo]\n\t"                                                            \
  "adoxq %[lo], %[" #s4 "]\n\t"                                                    \
  "adcxq %[lo], %[" #s4 "]\n\t"

/* t = a b. */
#define ADX_MUL_WIDE                                                               \
  "movq " ADX_B(0) ", %%rdx\n\t"                                                   \
  "mulxq " ADX_A(0) ", %[t0], %[t1]\n\t"                                           \
  "mulxq " ADX_A(1) ", %[lo], %[t2]\n\t"                                           \
  "addq %[lo], %[t1]\n\t"                                                          \
  "mulxq " ADX_A(2) ", %[lo], %[t3]\n\t"                                           \
  "adcq %[lo], %[t2]\n\t"                                                          \
  "mulxq " ADX_A(3) ", %[lo], %[t4]\n\t"                                           \
  "adcq %[lo], %[t3]\n\t"                                                          \
  "adcq $0, %[t4]\n\t"                                                             \
  ADX_ROW(1, t1, t2, t3, t4, t5)                                                   \
  ADX_ROW(2, t2, t3, t4, t5, t6)                                                   \
  ADX_ROW(3, t3, t4, t5, t6, t7)

/* t = a^2: the products of different limbs once, in t1 to t6; then doubled on one carry chain while the squares are
 * added on the other. */
#define ADX_SQR_WIDE                                                               \
  "movq " ADX_A(0) ", %%rdx\n\t"                                                   \
  "xorl %k[lo], %k[lo]\n\t"                                                        \
  "mulxq " ADX_A(1) ", %[t1], %[t2]\n\t"                                           \
  "mulxq " ADX_A(2) ", %[lo], %[t3]\n\t"                                           \
  "adcxq %[lo], %[t2]\n\t"                                                         \
  "mulxq " ADX_A(3) ", %[lo], %[t4]\n\t"                                           \
  "adcxq %[lo], %[t3]\n\t"                                                         \
  "movq " ADX_A(1) ", %%rdx\n\t"                                                   \
  "mulxq " ADX_A(2) ", %[lo], %[hi]\n\t"                                           \
  "adoxq %[lo], %[t3]\n\t"                                                         \
  "adcxq %[hi], %[t4]\n\t"                                                         \
  "mulxq " ADX_A(3) ", %[lo], %[t5]\n\t"                                           \
  "adoxq %[lo], %[t4]\n\t"                                                         \
  "movl $0, %k[lo]\n\t"                                                            \
  "adcxq %[lo], %[t5]\n\t"                                                         \
  "movq " ADX_A(2) ", %%rdx\n\t"                                                   \
  "mulxq " ADX_A(3) ", %[hi], %[t6]\n\t"                                           \
  "adoxq %[hi], %[t5]\n\t"                                                         \
  "adoxq %[lo], %[t6]\n\t"                                                         \
  "xorl %k[t7], %k[t7]\n\t"                                                        \
  "movq " ADX_A(0) ", %%rdx\n\t"                                                   \
  "mulxq %%rdx, %[t0], %[hi]\n\t"                                                  \
  "adcxq %[t1], %[t1]\n\t"                                                         \
  "adoxq %[hi], %[t1]\n\t"                                                         \
  "movq " ADX_A(1) ", %%rdx\n\t"                                                   \
  "mulxq %%rdx, %[lo], %[hi]\n\t"                                                  \
  "adcxq %[t2], %[t2]\n\t"                                                         \
  "adoxq %[lo], %[t2]\n\t"                                                         \
  "adcxq %[t3], %[t3]\n\t"                                                         \
  "adoxq %[hi], %[t3]\n\t"                                                         \
  "movq " ADX_A(2) ", %%rdx\n\t"                                                   \
  "mulxq %%rdx, %[lo], %[hi]\n\t"                                                  \
  "adcxq %[t4], %[t4]\n\t"                                                         \
  "adoxq %[lo], %[t4]\n\t"                                                         \
  "adcxq %[t5], %[t5]\n\t"                                                         \
  "adoxq %[hi], %[t5]\n\t"                                                         \
  "movq " ADX_A(3) ", %%rdx\n\t"                                                   \
  "mulxq %%rdx, %[lo], %[hi]\n\t"                                                  \
  "adcxq %[t6], %[t6]\n\t"                                                         \
  "adoxq %[lo], %[t6]\n\t"                                                         \
  "adcxq %[t7], %[t7]\n\t"                                                         \
  "adoxq %[hi], %[t7]\n\t"

#endif
