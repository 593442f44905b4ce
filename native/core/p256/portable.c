#include "backends.h"
#include "curve.h"

#define BACKEND ts_p256_portable
#include "../weierstrass/backend.h"
