#include "cpu.h"

#if TS_WEIERSTRASS_X86
#include <cpuid.h>
#include <stdatomic.h>

/* __builtin_cpu_supports asks the operating system too, whether it keeps the registers. */
static int detect(void) {
  unsigned a, b, c, d;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2")) return TS_WEIERSTRASS_CPU_ANY;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & bit_ADX) == 0) return TS_WEIERSTRASS_CPU_ANY;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512ifma"))
    return TS_WEIERSTRASS_CPU_IFMA;
  return TS_WEIERSTRASS_CPU_ADX;
}

/* cpuid is slow, above all in a virtual machine, so that its answer is kept. Threads that ask at once all find the
 * same. */
ts_weierstrass_cpu_level ts_weierstrass_cpu(void) {
  static _Atomic int answer;
  int level = atomic_load_explicit(&answer, memory_order_relaxed);
  if (level == 0) {
    level = detect();
    atomic_store_explicit(&answer, level, memory_order_relaxed);
  }
  return (ts_weierstrass_cpu_level)level;
}
#else
ts_weierstrass_cpu_level ts_weierstrass_cpu(void) { return TS_WEIERSTRASS_CPU_ANY; }
#endif
