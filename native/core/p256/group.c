#include "backends.h"
#include "order.h"

#define CURVE_NAME "P-256"
#define CURVE_ID TS_GROUP_P256
#define PUBLIC_GROUP ts_p256
#define PORTABLE_BACKEND ts_p256_portable
#define ADX_BACKEND ts_p256_adx
#define IFMA(name) ts_p256_ifma_##name
#include "../weierstrass/dispatch.h"
