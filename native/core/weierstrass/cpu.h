/* What this CPU can do. */
#ifndef THRESIGN_WEIERSTRASS_CPU_H
#define THRESIGN_WEIERSTRASS_CPU_H

#ifdef __x86_64__
#define TS_WEIERSTRASS_X86 1
#else
#define TS_WEIERSTRASS_X86 0
#endif

typedef enum {
  TS_WEIERSTRASS_CPU_ANY = 1,
  TS_WEIERSTRASS_CPU_ADX,  /* x86-64 with BMI2, ADX and AVX2 */
  TS_WEIERSTRASS_CPU_IFMA, /* and with AVX-512 F, DQ and IFMA */
} ts_weierstrass_cpu_level;

ts_weierstrass_cpu_level ts_weierstrass_cpu(void);

#endif
