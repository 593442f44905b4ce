#include "backends.h"
#include "order.h"

#define CURVE_NAME "secp256k1"
#define CURVE_ID TS_GROUP_SECP256K1
#define PUBLIC_GROUP ts_secp256k1
#define PORTABLE_BACKEND ts_secp256k1_portable
#define ADX_BACKEND ts_secp256k1_adx
#define IFMA(name) ts_secp256k1_ifma_##name
#include "../weierstrass/dispatch.h"
