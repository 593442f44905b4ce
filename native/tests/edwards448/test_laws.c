#include "check.h"
#include "group_laws.h"
#include "variants.h"

int main(void) {
  ts_group variant[4];
  unsigned count = edwards448_variants(variant);
  for (unsigned i = 0; i < count; i++)
    group_laws(&variant[i], (group_laws_effort){.rounds = TEST_ROUNDS(50), .largest_msm = 100 + TEST_ROUNDS(400)});
  return 0;
}
