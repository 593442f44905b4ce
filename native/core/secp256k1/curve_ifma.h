/* What weierstrass/ifma_*.h want to know of secp256k1. */
#ifndef THRESIGN_SECP256K1_CURVE_IFMA_H
#define THRESIGN_SECP256K1_CURVE_IFMA_H

#include "curve.h"
#include "field_ifma.h"

#include "../weierstrass/ifma_decode.h"
#include "../weierstrass/ifma_msm.h"

ALWAYS_INLINE void curve_third_of_slope8(fe8 *t, const jacobian8 *p) { fe8_sqr(t, &p->x); }

/* Lanes l and l + 4 have to share a frame, which for a = 0 may be any: the product of both. */
static void curve_frames8(fe8 *factor, fe8 *frame, const fe8 *total) {
  for (int i = 0; i < 5; i++) factor->limb[i] = _mm512_shuffle_i64x2(total->limb[i], total->limb[i], 0x4e);
  fe8_mul(frame, total, factor);
}

static void curve_roots16(fe r[IFMA_DECODE], const fe a[IFMA_DECODE]) {
  fe16 t;
  fe8_load(&t.part[0], a);
  fe8_load(&t.part[1], a + 8);
  fe16_sqrt_candidate(&t, &t);
  fe8_store(r, &t.part[0]);
  fe8_store(r + 8, &t.part[1]);
}

#endif
