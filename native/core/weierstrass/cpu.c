#include "cpu.h"

#if TS_WEIERSTRASS_HAVE_ADX
#include <cpuid.h>
#include <stdatomic.h>

enum { UNKNOWN, NO, YES };

static int detect(void) {
  unsigned a, b, c, d;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2")) return NO; /* asks the OS too */
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return NO;
  return (b & bit_ADX) != 0 ? YES : NO;
}

/* cpuid is slow, above all in a virtual machine, so that its answer is kept. Threads that ask at once all find the
 * same. */
bool ts_weierstrass_cpu_has_adx(void) {
  static _Atomic int answer = UNKNOWN;
  int known = atomic_load_explicit(&answer, memory_order_relaxed);
  if (known == UNKNOWN) {
    known = detect();
    atomic_store_explicit(&answer, known, memory_order_relaxed);
  }
  return known == YES;
}
#else
bool ts_weierstrass_cpu_has_adx(void) { return false; }
#endif
