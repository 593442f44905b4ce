/* Multiplication and roots with AVX2: secret scalars here, public ones from vector_vartime.h. This file is compiled
 * with -mavx2. */
#include "vectors.h"

#ifdef __x86_64__

#include "vector_avx2.h"

#include "thresign/wipe.h"
#include "vector_point.h"
#include "vector_sqrt.h"
#include "vector_vartime.h"

/* All ones in every lane if entry == index. */
static inline word4 entry_mask(uint64_t entry, uint64_t index) {
  return _mm256_set1_epi64x((long long)ct_mask(ct_is_zero(entry ^ index)));
}

/* r = +-entry of comb block j at row, reading the whole block. */
static void comb_summand(summand4 *r, const ts_scalar *b, unsigned j, unsigned row) {
  uint64_t negative, limbs[NIELS_LIMBS], index = comb_index(&negative, b, j, row);
  word4 found[NIELS_LIMBS / 4];
  for (unsigned i = 0; i < NIELS_LIMBS / 4; i++) found[i] = _mm256_setzero_si256();
  for (uint64_t entry = 0; entry < COMB_ENTRIES; entry++) {
    word4 mask = entry_mask(entry, index);
    for (unsigned i = 0; i < NIELS_LIMBS / 4; i++)
      found[i] = _mm256_or_si256(found[i], _mm256_and_si256(mask, load4(ts_edwards448_comb[j][entry] + 4 * i)));
  }
  for (unsigned i = 0; i < NIELS_LIMBS / 4; i++) store4(limbs + 4 * i, found[i]);
  summand4_load(r, limbs);
  summand4_negate_if(r, r, negative);
}

void ts_edwards448_avx2_mul_base(ts_element *out, const ts_scalar *k) {
  ts_scalar b;
  point4 sum;
  summand4 summand;
  ts_edwards448_signed_bits(&b, k);
  point4_set_identity(&sum);
  for (unsigned row = COMB_SPACING; row-- > 0;) {
    if (row < COMB_SPACING - 1) point4_double(&sum, &sum);
    for (unsigned j = 0; j < COMB_BLOCKS; j++) {
      comb_summand(&summand, &b, j, row);
      point4_add(&sum, &sum, &summand);
    }
  }
  store_element(out, &sum);
  ts_wipe(&b, sizeof b);
  ts_wipe(&summand, sizeof summand);
  ts_wipe(&sum, sizeof sum);
}

/* r = +-entry of the table for window w of b, reading the whole table. */
static void window_summand(summand4 *r, const summand4 table[SIGNED_ENTRIES], const ts_scalar *b, unsigned w) {
  uint64_t negative, index = window_index(&negative, b, w);
  for (unsigned i = 0; i < FE4_WORDS; i++) r->c.w[i] = _mm256_setzero_si256();
  for (uint64_t entry = 0; entry < SIGNED_ENTRIES; entry++) {
    word4 mask = entry_mask(entry, index);
    for (unsigned i = 0; i < FE4_WORDS; i++)
      r->c.w[i] = _mm256_or_si256(r->c.w[i], _mm256_and_si256(mask, table[entry].c.w[i]));
  }
  summand4_negate_if(r, r, negative);
}

void ts_edwards448_avx2_mul(ts_element *out, const ts_scalar *k, const ts_element *a) {
  ts_scalar b;
  point4 sum;
  summand4 summand, table[SIGNED_ENTRIES];
  ts_edwards448_signed_bits_of_quarter(&b, k);
  load_element(&sum, a);
  odd_multiples(table, SIGNED_ENTRIES, &sum);
  point4_set_identity(&sum);
  for (unsigned w = SIGNED_WINDOWS; w-- > 0;) {
    if (w < SIGNED_WINDOWS - 1)
      for (unsigned i = 0; i < SIGNED_WINDOW; i++) point4_double(&sum, &sum);
    window_summand(&summand, table, &b, w);
    point4_add(&sum, &sum, &summand);
  }
  store_element(out, &sum);
  ts_wipe(&b, sizeof b);
  ts_wipe(&summand, sizeof summand);
  ts_wipe(&sum, sizeof sum);
  ts_wipe(table, sizeof table);
}

void ts_edwards448_avx2_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A,
                                           const ts_scalar *b) {
  double_mul_vartime(out, a, A, b);
}

void ts_edwards448_avx2_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
  msm_vartime(out, k, A, count);
}

/* point_add on E: the four products of like coordinates, -d T1 T2, and (X1 + Y1)(X2 + Y2) by itself; then the last four
 * as in point4_add. */
void ts_edwards448_avx2_add(ts_element *out, const ts_element *a, const ts_element *b) {
  point p, q;
  fe448 s, t;
  fe4 left, right, v, e;
  element_load(&p, a);
  element_load(&q, b);
  fe_add(&s, &p.x, &p.y);
  fe_add(&t, &q.x, &q.y);
  fe4_load(&left, p.x.limb, p.y.limb, p.z.limb, p.t.limb);
  fe4_load(&right, q.x.limb, q.y.limb, q.z.limb, q.t.limb);
  fe_mul(&s, &s, &t);
  fe4_mul(&v, &left, &right);
  fe4_mul_small(&v, &v, _mm256_set_epi64x(EDWARDS_MINUS_D, 1, 1, 1));
  fe4_load(&e, s.limb, s.limb, s.limb, s.limb);
  /* v = (A, B, D, -C) with H = B - A, F = D - C, G = D + C, E = s - A - B. */
  for (int i = 0; i < FE4_WORDS; i++) {
    word4 x = LANES(v.w[i], 1, 2, 2, 1), y = LANES(v.w[i], 0, 3, 3, 0);
    word4 sum = word4_add(x, y);                                                 /* (A + B, F, F, A + B): 2 */
    word4 difference = word4_add(word4_sub(x, y), word4_bias(i));                /* (H, G, G, H): 3 */
    word4 minuend = word4_add(e.w[i], word4_add(word4_bias(i), word4_bias(i)));
    left.w[i] = PICK(PICK(word4_sub(minuend, sum), difference, 2), sum, 4);      /* (E, G, F, E): at most 5 */
    right.w[i] = PICK(LANES(difference, 0, 0, 2, 3), LANES(sum, 1, 1, 1, 1), 1); /* (F, H, G, H): at most 3 */
  }
  fe4_tighten(&left, &left);
  fe4_mul(&v, &left, &right);
  fe4_store(&p.x, &p.y, &p.z, &p.t, &v);
  element_store(out, &p);
}

void ts_edwards448_avx2_roots(fe448 r[4], const fe448 a[4], size_t count) {
  (void)count;  /* four take as long as one */
  inverse_sqrt4(r, a);
}

#endif
