#include "thresign/frost.h"

void ts_tweak_begin(ts_tweaked *tweaked, const ts_suite *suite, const ts_element *key) {
  tweaked->suite = suite;
  tweaked->key = *key;
  tweaked->negate = false;
  suite->group->scalar_set_u64(&tweaked->offset, 0);
}

bool ts_tweak_add_vartime(ts_tweaked *tweaked, unsigned kind, const uint8_t *value) {
  const ts_group *group = tweaked->suite->group;
  uint8_t encoded[TS_ELEMENT_BYTES_MAX];
  ts_element point;
  ts_scalar scalar;
  if (!tweaked->suite->x_only || (kind != TS_TWEAK_PLAIN && kind != TS_TWEAK_X_ONLY) ||
      !group->scalar_decode(&scalar, value))
    return false;
  group->encode(encoded, &tweaked->key);
  if (kind == TS_TWEAK_X_ONLY && encoded[0] == 3) {
    group->negate(&tweaked->key, &tweaked->key);
    group->scalar_negate(&tweaked->offset, &tweaked->offset);
    tweaked->negate = !tweaked->negate;
  }
  group->mul_base(&point, &scalar);
  group->add(&tweaked->key, &tweaked->key, &point);
  group->scalar_add(&tweaked->offset, &tweaked->offset, &scalar);
  return !group->is_identity(&tweaked->key);
}

void ts_tweak_share(const ts_tweaked *tweaked, ts_scalar *share) {
  const ts_group *group = tweaked->suite->group;
  if (tweaked->negate) group->scalar_negate(share, share);
  group->scalar_add(share, share, &tweaked->offset);
}

void ts_tweak_verification_share(const ts_tweaked *tweaked, ts_element *verification_share) {
  const ts_group *group = tweaked->suite->group;
  ts_element offset;
  if (tweaked->negate) group->negate(verification_share, verification_share);
  group->mul_base(&offset, &tweaked->offset);
  group->add(verification_share, verification_share, &offset);
}
