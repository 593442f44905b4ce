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
  const table_vector wanted = {index, index, index, index}, one = {1, 1, 1, 1};
  table_vector i = {0}, x = {0}, y = {0};
  for (size_t n = 0; n < (size_t)1 << (width - 1); n++) {
    const table_vector keep = (table_vector)(i == wanted); /* all ones or zeros: vectors do not compare in branches */
    x |= *(const table_vector *)(const void *)&table[n].x & keep;
    y |= *(const table_vector *)(const void *)&table[n].y & keep;
    i += one;
  }
  memcpy(&r->x, &x, sizeof r->x);
  memcpy(&r->y, &y, sizeof r->y);
  fe_cnegate(&r->y, negative);
}

#endif
