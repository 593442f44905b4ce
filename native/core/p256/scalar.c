#include "order.h"

#include "../weierstrass/scalar.h"
