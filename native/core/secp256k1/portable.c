#include "backends.h"
#include "curve.h"

#define BACKEND ts_secp256k1_portable
#include "../weierstrass/backend.h"
