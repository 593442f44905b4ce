/* What this CPU can do. */
#ifndef THRESIGN_WEIERSTRASS_CPU_H
#define THRESIGN_WEIERSTRASS_CPU_H

#include <stdbool.h>

#ifdef __x86_64__
#define TS_WEIERSTRASS_HAVE_ADX 1
#else
#define TS_WEIERSTRASS_HAVE_ADX 0
#endif

/* Whether BMI2, ADX and AVX2 can be used. */
bool ts_weierstrass_cpu_has_adx(void);

#endif
