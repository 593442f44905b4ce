/* Multiplication by public scalars: interleaved non-adjacent forms (Strauss) for some points, buckets (Pippenger) for
 * many. Everything runs on E' with k/4 in the place of k; see point.h. */
#include "multiply.h"

#include "point.h"
#include "scalar.h"
#include "tables.h"

#define DIGITS (SCALAR_BITS + 1)
#define STRAUSS_WINDOW 5  /* digits are odd, below 2^4 in size */
#define STRAUSS_ENTRIES (1 << (STRAUSS_WINDOW - 2))
#define STRAUSS_POINTS 32  /* at once: 74 KB of stack */
#define BUCKET_POINTS 256  /* at once: 82 KB for the points, 41 KB for the buckets */
#define BUCKETS_FROM 192   /* points; fewer go to Strauss */
#define BUCKET_WINDOW 7
#define BUCKET_DIGITS (SCALAR_BITS / BUCKET_WINDOW + 1)
#define BUCKETS (1 << (BUCKET_WINDOW - 1))

static const ts_scalar quarter = {{0x48de30a4aad6113d, 0x085b309ca37163d5, 0x7113b6d26bb58da4, 0xffffffffdf3288fa,
                                   0xffffffffffffffff, 0xffffffffffffffff, 0x0fffffffffffffff, 0}};

/* Bits i to i + w - 1 of a, w < 64, i < 449. */
static uint64_t bits_at(const ts_scalar *a, unsigned i, unsigned w) {
  uint64_t value = a->limb[i / 64] >> (i % 64);
  if (i % 64 + w > 64) value |= a->limb[i / 64 + 1] << (64 - i % 64);
  return value & ((UINT64_C(1) << w) - 1);
}

/* The width-w non-adjacent form: a = sum of digit[i] 2^i, where digits are odd and below 2^(w - 1) in size, or zero,
 * and of any w in a row one at most is not zero. Returns the number of digits up to the last that is not zero. */
static unsigned naf_vartime(int8_t digit[DIGITS], const ts_scalar *a, unsigned w) {
  unsigned length = 0, i = 0;
  uint64_t carry = 0;
  memset(digit, 0, DIGITS);
  while (i < DIGITS) {
    if (bits_at(a, i, 1) == carry) {
      i++;
      continue;
    }
    int value = (int)(bits_at(a, i, w) + carry);
    carry = (uint64_t)value >> (w - 1) & 1;
    digit[i] = (int8_t)(value - (int)(carry << w));
    length = i + 1;
    i += w;
  }
  return length;
}

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
static void add_digit_vartime(twisted *r, const projective_niels *table, int digit) {
  projective_niels summand = table[(digit < 0 ? -digit : digit) / 2];
  if (digit < 0) niels_negate_if(&summand.n, UINT64_MAX);
  twisted_add_projective(r, r, &summand, true);
}

static void add_base_digit_vartime(twisted *r, int digit) {
  niels summand;
  niels_load(&summand, ts_edwards448_base[(digit < 0 ? -digit : digit) / 2]);
  if (digit < 0) niels_negate_if(&summand, UINT64_MAX);
  twisted_add_niels(r, r, &summand, true);
}

/* r = sum of k[i] A[i] + b G without r->t, count <= STRAUSS_POINTS; b may be NULL. */
static void strauss_vartime(twisted *r, const ts_scalar *k, const ts_element *A, size_t count, const ts_scalar *b) {
  projective_niels table[STRAUSS_POINTS][STRAUSS_ENTRIES];
  int8_t digit[STRAUSS_POINTS][DIGITS], base_digit[DIGITS];
  unsigned length = 0;
  for (size_t i = 0; i < count; i++) {
    ts_scalar quarter_k;
    twisted p;
    ts_edwards448_scalar_mul(&quarter_k, &k[i], &quarter);
    unsigned digits = naf_vartime(digit[i], &quarter_k, STRAUSS_WINDOW);
    if (digits > length) length = digits;
    load_twisted(&p, &A[i]);
    odd_multiples(table[i], &p);
  }
  if (b != NULL) {  /* the table holds multiples of down(G)/4 */
    unsigned digits = naf_vartime(base_digit, b, BASE_WINDOW);
    if (digits > length) length = digits;
  }
  twisted_set_identity(r);
  for (unsigned i = length; i-- > 0;) {
    bool any = b != NULL && base_digit[i] != 0;
    for (size_t j = 0; j < count && !any; j++) any = digit[j][i] != 0;
    twisted_double(r, r, any);
    if (!any) continue;
    for (size_t j = 0; j < count; j++)
      if (digit[j][i] != 0) add_digit_vartime(r, table[j], digit[j][i]);
    if (b != NULL && base_digit[i] != 0) add_base_digit_vartime(r, base_digit[i]);
  }
}

/* Digits of a in [-2^(w - 1), 2^(w - 1)), w = BUCKET_WINDOW. */
static void bucket_digits_vartime(int8_t digit[BUCKET_DIGITS], const ts_scalar *a) {
  int carry = 0;
  for (unsigned i = 0; i < BUCKET_DIGITS; i++) {
    int value = (int)bits_at(a, BUCKET_WINDOW * i, BUCKET_WINDOW) + carry;
    carry = value >= BUCKETS;
    digit[i] = (int8_t)(value - (carry << BUCKET_WINDOW));
  }
}

/* r += sum of j bucket[j - 1]: partial sums from the top, each added once. */
static void add_buckets(twisted *r, const twisted bucket[BUCKETS]) {
  twisted running, total;
  projective_niels summand;
  twisted_set_identity(&total);
  running = total;
  for (unsigned j = BUCKETS; j-- > 0;) {
    twisted_to_niels(&summand, &bucket[j]);
    twisted_add_projective(&running, &running, &summand, true);
    twisted_to_niels(&summand, &running);
    twisted_add_projective(&total, &total, &summand, true);
  }
  twisted_to_niels(&summand, &total);
  twisted_add_projective(r, r, &summand, true);
}

/* As strauss_vartime, for count <= BUCKET_POINTS and no b. */
static void buckets_vartime(twisted *r, const ts_scalar *k, const ts_element *A, size_t count) {
  projective_niels summand[BUCKET_POINTS];
  int8_t digit[BUCKET_POINTS][BUCKET_DIGITS];
  twisted bucket[BUCKETS], p;
  for (size_t i = 0; i < count; i++) {
    ts_scalar quarter_k;
    ts_edwards448_scalar_mul(&quarter_k, &k[i], &quarter);
    bucket_digits_vartime(digit[i], &quarter_k);
    load_twisted(&p, &A[i]);
    twisted_to_niels(&summand[i], &p);
  }
  twisted_set_identity(r);
  for (unsigned w = BUCKET_DIGITS; w-- > 0;) {
    for (unsigned i = 0; i < BUCKET_WINDOW; i++) twisted_double(r, r, i == BUCKET_WINDOW - 1);
    for (unsigned j = 0; j < BUCKETS; j++) twisted_set_identity(&bucket[j]);
    for (size_t i = 0; i < count; i++) {
      int value = digit[i][w];
      if (value == 0) continue;
      projective_niels s = summand[i];
      if (value < 0) niels_negate_if(&s.n, UINT64_MAX);
      twisted *into = &bucket[(value < 0 ? -value : value) - 1];
      twisted_add_projective(into, into, &s, true);
    }
    add_buckets(r, bucket);
  }
}

void ts_edwards448_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A, const ts_scalar *b) {
  twisted sum;
  point result;
  strauss_vartime(&sum, a, A, 1, b);
  twisted_to_point(&result, &sum);
  element_store(out, &result);
}

void ts_edwards448_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
  point total, part;
  bool first = true;
  fe_set_small(&total.x, 0);
  fe_set_small(&total.y, 1);
  fe_set_small(&total.z, 1);
  fe_set_small(&total.t, 0);
  while (count > 0) {
    twisted sum;
    size_t some;
    if (count >= BUCKETS_FROM) {
      some = count < BUCKET_POINTS ? count : BUCKET_POINTS;
      buckets_vartime(&sum, k, A, some);
    } else {
      some = count < STRAUSS_POINTS ? count : STRAUSS_POINTS;
      strauss_vartime(&sum, k, A, some, NULL);
    }
    twisted_to_point(&part, &sum);
    if (first) total = part;
    else point_add(&total, &total, &part);
    first = false;
    k += some;
    A += some;
    count -= some;
  }
  element_store(out, &total);
}
