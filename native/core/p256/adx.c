#include "../weierstrass/cpu.h"

#if TS_WEIERSTRASS_X86
#define TS_WEIERSTRASS_ADX

#include "backends.h"
#include "curve.h"

#define BACKEND ts_p256_adx
#include "../weierstrass/backend.h"
#endif
