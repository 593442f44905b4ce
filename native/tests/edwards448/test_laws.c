#include "group_laws.h"

int main(void) {
  group_laws(&ts_edwards448, (group_laws_effort){.rounds = 60, .largest_msm = 600});
  return 0;
}
