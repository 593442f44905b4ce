/* The laws of group.h on the group that the build names: GROUP is ts_edwards25519, for example. */
#include "check.h"
#include "group_laws.h"

int main(void) {
  group_laws(&GROUP, (group_laws_effort){.rounds = TEST_ROUNDS(40), .largest_msm = 300});
  return 0;
}
