#include "../weierstrass/cpu.h"

#if TS_WEIERSTRASS_X86
#define TS_WEIERSTRASS_ADX

#include "backends.h"
#include "curve.h"
#include "curve_ifma.h"

#define IFMA(name) ts_p256_ifma_##name
#define FALLBACK ts_p256_adx
#define IFMA_FROM 7
#include "../weierstrass/ifma_backend.h"
#endif
