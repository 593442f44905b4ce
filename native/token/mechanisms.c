/* Which mechanisms there are: our own, then the vendor ones. */
#include "internal.h"

static const ts_mechanism *const own[] = {&ts_eddsa_mechanism, &ts_ed25519_generate_mechanism};
#define OWN (sizeof own / sizeof own[0])

const ts_mechanism *ts_mechanism_at(size_t index) {
  if (index < OWN) return own[index];
  index -= OWN;
  for (size_t i = 0; ts_vendor_mechanisms[i] != NULL; i++, index--)
    if (index == 0) return ts_vendor_mechanisms[i];
  return NULL;
}

const ts_mechanism *ts_mechanism_find(CK_MECHANISM_TYPE type) {
  const ts_mechanism *mechanism;
  for (size_t i = 0; (mechanism = ts_mechanism_at(i)) != NULL; i++)
    if (mechanism->type == type) return mechanism;
  return NULL;
}

size_t ts_mechanism_allowed(enum ts_role role, CK_MECHANISM_TYPE *types, size_t limit) {
  const ts_mechanism *mechanism;
  size_t count = 0;
  for (size_t i = 0; count < limit && (mechanism = ts_mechanism_at(i)) != NULL; i++)
    if (mechanism->role == role && (mechanism->flags & CKF_SIGN) != 0) types[count++] = mechanism->type;
  return count;
}
