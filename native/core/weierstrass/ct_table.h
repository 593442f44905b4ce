/* Look-ups of secret digits: the whole table is read, and masks keep one entry. */
#ifndef THRESIGN_WEIERSTRASS_CT_TABLE_H
#define THRESIGN_WEIERSTRASS_CT_TABLE_H

#include "point.h"
#include "recode.h"

/* Four words side by side; the compiler makes of it what the target has. */
typedef uint64_t table_vector __attribute__((vector_size(32), aligned(8), may_alias));

/* r = the point that the window of width bits stands for (recode_halve), from table[i] = (2i + 1) P,
 * i < 2^(width - 1). */
static inline void table_select(affine_point *r, const affine_point *table, uint32_t window, unsigned width) {
  uint64_t negative;
  const uint64_t index = recode_window(&negative, window, width);
  table_vector x = {0}, y = {0};
  for (uint64_t i = 0; i < UINT64_C(1) << (width - 1); i++) {
    const uint64_t mask = limbs_mask_if_zero(i ^ index);
    const table_vector keep = {mask, mask, mask, mask};
    x |= *(const table_vector *)(const void *)&table[i].x & keep;
    y |= *(const table_vector *)(const void *)&table[i].y & keep;
  }
  memcpy(&r->x, &x, sizeof r->x);
  memcpy(&r->y, &y, sizeof r->y);
  fe_cnegate(&r->y, negative);
}

#endif
