/* Which instructions this processor (or valgrind in its place) offers. The answer never changes while a program runs,
 * so asking again and again needs no state of ours. */
#ifndef THRESIGN_EDWARDS25519_CPU_H
#define THRESIGN_EDWARDS25519_CPU_H

#include <stdbool.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_X86_64_CODE 1
static inline bool cpu_has_ifma(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512ifma") && __builtin_cpu_supports("bmi2");
}
static inline bool cpu_has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"); }
#else
#define HAVE_X86_64_CODE 0
static inline bool cpu_has_ifma(void) { return false; }
static inline bool cpu_has_avx2(void) { return false; }
#endif

#endif
