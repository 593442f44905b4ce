#include "../weierstrass/cpu.h"

#if TS_WEIERSTRASS_X86
#define TS_WEIERSTRASS_ADX

#include "backends.h"
#include "curve.h"
#include "curve_ifma.h"

#define IFMA(name) ts_secp256k1_ifma_##name
#define FALLBACK ts_secp256k1_adx
#define IFMA_FROM 4
#include "../weierstrass/ifma_backend.h"
#endif
