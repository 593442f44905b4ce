/* Checks of our own invariants: run in builds with THRESIGN_VERIFY, nothing otherwise. */
#ifndef THRESIGN_CORE_VERIFY_H
#define THRESIGN_CORE_VERIFY_H

#ifdef THRESIGN_VERIFY
#include <stdio.h>
#include <stdlib.h>
#define VERIFY_CHECK(condition)                                                              \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      fprintf(stderr, "%s:%d: invariant broken: %s\n", __FILE__, __LINE__, #condition);      \
      abort();                                                                               \
    }                                                                                        \
  } while (0)
#else
#define VERIFY_CHECK(condition) ((void)0)
#endif

#endif
