/* Multiplication by public scalars on four lanes: the same plan as multiply_portable_vartime.c. To be included after
 * vector_avx2.h or vector_ifma.h and vector_point.h. */
#ifndef THRESIGN_EDWARDS448_VECTOR_VARTIME_H
#define THRESIGN_EDWARDS448_VECTOR_VARTIME_H

#include "digits.h"
#include "vector_point.h"

#define STRAUSS_WINDOW 5  /* digits are odd, below 2^4 in size */
#define STRAUSS_ENTRIES (1 << (STRAUSS_WINDOW - 2))
#define STRAUSS_POINTS 64  /* at once: 128 KB of stack (160 for IFMA) for the tables, 28 KB for the digits */

static void load_element(point4 *r, const ts_element *a) {
  point p;
  twisted t;
  element_load(&p, a);
  point_to_twisted(&t, &p);
  point4_load(r, &t);
}

static void store_element(ts_element *r, const point4 *a) {
  point p;
  twisted t;
  point4_store(&t, a);
  twisted_to_point(&p, &t);
  element_store(r, &p);
}

/* a, 3 a, 5 a, ... */
static void odd_multiples(summand4 *table, unsigned entries, const point4 *a) {
  point4 multiple = *a;
  summand4 twice;
  point4_double(&multiple, a);
  point4_to_summand(&twice, &multiple);
  multiple = *a;
  for (unsigned i = 0;; i++) {
    point4_to_summand(&table[i], &multiple);
    if (i == entries - 1) break;
    point4_add(&multiple, &multiple, &twice);
  }
}

/* r += summand, or -summand if digit is negative. */
static void add_signed_vartime(point4 *r, const summand4 *summand, int digit) {
  if (digit >= 0) {
    point4_add(r, r, summand);
  } else {
    summand4 negated;
    summand4_negate_if(&negated, summand, UINT64_MAX);
    point4_add(r, r, &negated);
  }
}

/* r = sum of k[i] A[i] + b G, count <= STRAUSS_POINTS; b may be NULL. */
static void strauss_vartime(point4 *r, const ts_scalar *k, const ts_element *A, size_t count, const ts_scalar *b) {
  summand4 table[STRAUSS_POINTS][STRAUSS_ENTRIES], base;
  int8_t digit[STRAUSS_POINTS][NAF_DIGITS], base_digit[NAF_DIGITS];
  unsigned length = 0;
  for (size_t i = 0; i < count; i++) {
    ts_scalar quarter_k;
    point4 p;
    ts_edwards448_quarter(&quarter_k, &k[i]);
    unsigned digits = ts_edwards448_naf_vartime(digit[i], &quarter_k, STRAUSS_WINDOW);
    if (digits > length) length = digits;
    load_element(&p, &A[i]);
    odd_multiples(table[i], STRAUSS_ENTRIES, &p);
  }
  if (b != NULL) {  /* the table holds multiples of down(G)/4 */
    unsigned digits = ts_edwards448_naf_vartime(base_digit, b, BASE_WINDOW);
    if (digits > length) length = digits;
  }
  point4_set_identity(r);
  for (unsigned i = length; i-- > 0;) {
    point4_double(r, r);
    for (size_t j = 0; j < count; j++) {
      int d = digit[j][i];
      if (d != 0) add_signed_vartime(r, &table[j][(d < 0 ? -d : d) / 2], d);
    }
    if (b != NULL && base_digit[i] != 0) {
      int d = base_digit[i];
      summand4_load(&base, ts_edwards448_base[(d < 0 ? -d : d) / 2]);
      add_signed_vartime(r, &base, d);
    }
  }
}

static void double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A, const ts_scalar *b) {
  point4 sum;
  strauss_vartime(&sum, a, A, 1, b);
  store_element(out, &sum);
}

static void msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
  size_t pieces = (count + STRAUSS_POINTS - 1) / STRAUSS_POINTS;
  point4 total, part;
  summand4 summand;
  point4_set_identity(&total);
  for (size_t piece = 0; piece < pieces; piece++) {
    size_t from = count * piece / pieces, to = count * (piece + 1) / pieces;
    strauss_vartime(&part, k + from, A + from, to - from, NULL);
    point4_to_summand(&summand, &part);
    point4_add(&total, &total, &summand);
  }
  store_element(out, &total);
}

#endif
