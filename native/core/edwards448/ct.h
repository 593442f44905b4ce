/* Masks for code without secret-dependent branches. */
#ifndef THRESIGN_EDWARDS448_CT_H
#define THRESIGN_EDWARDS448_CT_H

#include <stdint.h>

/* Hides where a mask came from, so that the compiler cannot turn selection by mask into a branch. */
static inline __attribute__((always_inline)) uint64_t ct_barrier(uint64_t mask) {
  __asm__("" : "+r"(mask));
  return mask;
}

/* All ones if bit is 1, zero if it is 0. */
static inline __attribute__((always_inline)) uint64_t ct_mask(uint64_t bit) { return ct_barrier(0 - bit); }

/* 1 if a is zero, 0 otherwise. */
static inline __attribute__((always_inline)) uint64_t ct_is_zero(uint64_t a) {
  return ct_barrier(((a | (0 - a)) >> 63) ^ 1);
}

#endif
