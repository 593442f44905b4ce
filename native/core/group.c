#include "thresign/group.h"

#include <stddef.h>

const ts_group *ts_group_by_id(unsigned id) {
  switch (id) {
    case TS_GROUP_EDWARDS25519: return &ts_edwards25519;
    case TS_GROUP_RISTRETTO255: return &ts_ristretto255;
    case TS_GROUP_P256: return &ts_p256;
    case TS_GROUP_SECP256K1: return &ts_secp256k1;
    case TS_GROUP_EDWARDS448: return &ts_edwards448;
    default: return NULL;
  }
}
