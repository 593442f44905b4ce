/* Multiplication by public scalars in portable C: interleaved non-adjacent forms (Strauss). Everything runs on E' with
 * k/4 in the place of k; see point.h.
 *
 * Buckets (Pippenger) would pay from about 700 terms on, if all of them could be held at once: without a heap they
 * cannot, and in pieces of 512 the gain is lost. */
#include "digits.h"
#include "multiply.h"
#include "point.h"

#define STRAUSS_WINDOW 5  /* digits are odd, below 2^4 in size */
#define STRAUSS_ENTRIES (1 << (STRAUSS_WINDOW - 2))
#define STRAUSS_POINTS 64  /* at once: 128 KB of stack for the tables, 28 KB for the digits */

/* The odd multiples a, 3 a, 5 a, ... */
static void odd_multiples(projective_niels table[STRAUSS_ENTRIES], const twisted *a) {
  twisted twice, multiple = *a;
  projective_niels step;
  twisted_double(&twice, a, true);
  twisted_to_niels(&step, &twice);
  for (unsigned i = 0;; i++) {
    twisted_to_niels(&table[i], &multiple);
    if (i == STRAUSS_ENTRIES - 1) break;
    twisted_add_projective(&multiple, &multiple, &step, true);
  }
}

static void load_twisted(twisted *r, const ts_element *a) {
  point p;
  element_load(&p, a);
  point_to_twisted(r, &p);
}

/* r += the multiple that digit, odd, asks for. */
static void add_digit_vartime(twisted *r, const projective_niels *table, int digit, bool with_t) {
  projective_niels summand = table[(digit < 0 ? -digit : digit) / 2];
  if (digit < 0) niels_negate_if(&summand.n, UINT64_MAX);
  twisted_add_projective(r, r, &summand, with_t);
}

static void add_base_digit_vartime(twisted *r, int digit) {
  niels summand;
  niels_load(&summand, ts_edwards448_base[(digit < 0 ? -digit : digit) / 2]);
  if (digit < 0) niels_negate_if(&summand, UINT64_MAX);
  twisted_add_niels(r, r, &summand, false);
}

/* r = sum of k[i] A[i] + b G without r->t, count <= STRAUSS_POINTS; b may be NULL. */
static void strauss_vartime(twisted *r, const ts_scalar *k, const ts_element *A, size_t count, const ts_scalar *b) {
  projective_niels table[STRAUSS_POINTS][STRAUSS_ENTRIES];
  int8_t digit[STRAUSS_POINTS][NAF_DIGITS], base_digit[NAF_DIGITS];
  unsigned length = 0;
  for (size_t i = 0; i < count; i++) {
    ts_scalar quarter_k;
    twisted p;
    ts_edwards448_quarter(&quarter_k, &k[i]);
    unsigned digits = ts_edwards448_naf_vartime(digit[i], &quarter_k, STRAUSS_WINDOW);
    if (digits > length) length = digits;
    load_twisted(&p, &A[i]);
    odd_multiples(table[i], &p);
  }
  if (b != NULL) {  /* the table holds multiples of down(G)/4 */
    unsigned digits = ts_edwards448_naf_vartime(base_digit, b, BASE_WINDOW);
    if (digits > length) length = digits;
  }
  twisted_set_identity(r);
  for (unsigned i = length; i-- > 0;) {
    bool base = b != NULL && base_digit[i] != 0;
    unsigned more = base;
    for (size_t j = 0; j < count; j++) more += digit[j][i] != 0;
    twisted_double(r, r, more > 0);
    for (size_t j = 0; j < count; j++)
      if (digit[j][i] != 0) add_digit_vartime(r, table[j], digit[j][i], --more > 0);
    if (base) add_base_digit_vartime(r, base_digit[i]);
  }
}

void ts_edwards448_portable_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A,
                                               const ts_scalar *b) {
  twisted sum;
  point result;
  strauss_vartime(&sum, a, A, 1, b);
  twisted_to_point(&result, &sum);
  element_store(out, &result);
}

void ts_edwards448_portable_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
  size_t pieces = (count + STRAUSS_POINTS - 1) / STRAUSS_POINTS;
  twisted sum;
  point result, part;
  point_set_identity(&result);
  for (size_t piece = 0; piece < pieces; piece++) {
    size_t from = count * piece / pieces, to = count * (piece + 1) / pieces;
    strauss_vartime(&sum, k + from, A + from, to - from, NULL);
    twisted_to_point(&part, &sum);
    point_add(&result, &result, &part);
  }
  element_store(out, &result);
}
