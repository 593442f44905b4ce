/* What the tests of both groups share. */
#ifndef THRESIGN_TESTS_EDWARDS25519_COMMON_H
#define THRESIGN_TESTS_EDWARDS25519_COMMON_H

#include <sodium.h>

#include "check.h"
#include "thresign/group.h"

static const ts_group *const both_groups[2] = {&ts_edwards25519, &ts_ristretto255};

/* L = 2^252 + 27742317777372353535851937790883648493, little-endian. */
static const uint8_t order_bytes[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                        0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                        0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

#define EDGE_SCALARS 9

/* Some edge scalars first, then random ones. */
static inline void test_scalar(ts_scalar *out, uint64_t pick) {
  const ts_group *g = &ts_edwards25519;
  ts_scalar one;
  uint8_t bytes[64];
  g->scalar_set_u64(&one, 1);
  switch (pick) {
    case 0: g->scalar_set_u64(out, 0); return;
    case 1: *out = one; return;
    case 2: g->scalar_negate(out, &one); return; /* L - 1 */
    case 3: g->scalar_set_u64(out, 2); return;
    case 4: g->scalar_set_u64(out, UINT64_MAX); return;
    case 5: /* 2^252 */
      memset(bytes, 0, 32);
      bytes[31] = 0x10;
      g->scalar_reduce(out, bytes, 32);
      return;
    case 6: /* 2^k */
      memset(bytes, 0, 32);
      {
        const unsigned bit = (unsigned)(test_random() % 252);
        bytes[bit / 8] = (uint8_t)(1u << (bit % 8));
      }
      g->scalar_reduce(out, bytes, 32);
      return;
    case 7: memset(bytes, 0x88, 32); g->scalar_reduce(out, bytes, 32); return; /* digits at their carries */
    case 8: memset(bytes, 0x77, 32); g->scalar_reduce(out, bytes, 32); return;
    default:
      test_random_bytes(bytes, 64);
      g->scalar_reduce(out, bytes, (test_random() & 1) ? 64 : 32);
  }
}

static inline void random_scalar(ts_scalar *out) { test_scalar(out, test_random() % 64); }

static inline void random_element(const ts_group *g, ts_element *out) {
  ts_scalar k;
  do random_scalar(&k);
  while (g->scalar_is_zero(&k));
  g->mul_base(out, &k);
}

#define CHECK_EQUAL(g, a, b) CHECK((g)->equal((a), (b)))

#endif
