/* Constant-time multiplication with AVX2: the digits and tables of mul.c, four coordinates at a time. */
#include "cpu.h"
#include "mul.h"

#if HAVE_X86_64_CODE

#include "avx2_point.h"
#include "scalar.h"
#include "tables.h"
#include "thresign/wipe.h"

/* All ones if a = b, for a, b below 2^63. */
static __m256i equal_mask(uint64_t a, uint64_t b) {
  return _mm256_set1_epi64x((long long)fe_barrier(0 - (((a ^ b) - 1) >> 63)));
}

/* A digit in [-8, 8] as its absolute value and a mask of its sign. */
static uint64_t split_digit(int8_t digit, __m256i *negative) {
  const int64_t d = digit;
  const int64_t sign = d >> 63;
  *negative = _mm256_set1_epi64x((long long)fe_barrier((uint64_t)sign));
  return (uint64_t)((d ^ sign) - sign);
}

/* r = digit times the row's point, as select_base of mul.c; the row holds three coordinates in four words each, which
 * become lanes. */
static void select_base(fv *r, const uint64_t row[8][12], int8_t digit) {
  const __m256i mask51 = _mm256_set1_epi64x((1ll << 51) - 1);
  __m256i negative, plus, minus, t2d, v[5];
  const uint64_t size = split_digit(digit, &negative);
  const __m256i one = _mm256_set_epi64x(0, 0, 0, 1);
  plus = minus = _mm256_and_si256(equal_mask(size, 0), one);
  t2d = _mm256_setzero_si256();
  for (uint64_t j = 0; j < 8; j++) {
    const __m256i mask = equal_mask(size, j + 1);
    const __m256i *entry = (const __m256i *)row[j];
    plus = _mm256_or_si256(plus, _mm256_and_si256(mask, _mm256_loadu_si256(entry)));
    minus = _mm256_or_si256(minus, _mm256_and_si256(mask, _mm256_loadu_si256(entry + 1)));
    t2d = _mm256_or_si256(t2d, _mm256_and_si256(mask, _mm256_loadu_si256(entry + 2)));
  }
  /* Transpose: w[i] has word i of (minus, plus, t2d, 2). */
  const __m256i two = _mm256_set_epi64x(0, 0, 0, 2);
  const __m256i low01 = _mm256_unpacklo_epi64(minus, plus), high01 = _mm256_unpackhi_epi64(minus, plus);
  const __m256i low23 = _mm256_unpacklo_epi64(t2d, two), high23 = _mm256_unpackhi_epi64(t2d, two);
  const __m256i w0 = _mm256_permute2x128_si256(low01, low23, 0x20);
  const __m256i w1 = _mm256_permute2x128_si256(high01, high23, 0x20);
  const __m256i w2 = _mm256_permute2x128_si256(low01, low23, 0x31);
  const __m256i w3 = _mm256_permute2x128_si256(high01, high23, 0x31);
  v[0] = _mm256_and_si256(w0, mask51);
  v[1] = _mm256_and_si256(_mm256_or_si256(_mm256_srli_epi64(w0, 51), _mm256_slli_epi64(w1, 13)), mask51);
  v[2] = _mm256_and_si256(_mm256_or_si256(_mm256_srli_epi64(w1, 38), _mm256_slli_epi64(w2, 26)), mask51);
  v[3] = _mm256_and_si256(_mm256_or_si256(_mm256_srli_epi64(w2, 25), _mm256_slli_epi64(w3, 39)), mask51);
  v[4] = _mm256_srli_epi64(w3, 12);
  gv_finish_entry(r, v, negative);
}

static __attribute__((noinline)) void add_entry(gv *sum, const fv *entry) { gv_add(sum, sum, entry, 1); }

static __attribute__((noinline)) void double_four_times(gv *sum) {
  for (int i = 0; i < 4; i++) gv_double(sum, sum, 1);
}

void ts_edwards25519_mul_base_avx2(ts_element *out, const ts_scalar *k) {
  int8_t d[64];
  gv sum;
  fv entry;
  ts_edwards25519_scalar_radix16(d, k);
  gv_set_neutral(&sum);
  for (int i = 1; i < 64; i += 2) {
    select_base(&entry, ts_edwards25519_base_ct[i / 2], d[i]);
    add_entry(&sum, &entry);
  }
  double_four_times(&sum);
  for (int i = 0; i < 64; i += 2) {
    select_base(&entry, ts_edwards25519_base_ct[i / 2], d[i]);
    add_entry(&sum, &entry);
  }
  gv_store(ge_of(out), &sum);
  ts_wipe(d, sizeof d);
  ts_wipe(&entry, sizeof entry);
  ts_wipe(&sum, sizeof sum);
}

static void select_cached(fv *r, const straus_entry table[8], int8_t digit) {
  __m256i negative, v[5];
  const uint64_t size = split_digit(digit, &negative);
  v[0] = _mm256_and_si256(equal_mask(size, 0), _mm256_set_epi64x(2, 0, 1, 1));
  for (int k = 1; k < 5; k++) v[k] = _mm256_setzero_si256();
  for (uint64_t j = 0; j < 8; j++) {
    const __m256i mask = equal_mask(size, j + 1);
    for (int k = 0; k < 5; k++) {
      const __m256i limbs = _mm256_load_si256((const __m256i *)table[j].limb[k]);
      v[k] = _mm256_or_si256(v[k], _mm256_and_si256(mask, limbs));
    }
  }
  gv_finish_entry(r, v, negative);
}

void ts_edwards25519_mul_avx2(ts_element *out, const ts_scalar *k, const ts_element *a) {
  int8_t d[64];
  straus_entry table[8]; /* a, 2a, ..., 8a */
  gv sum;
  fv entry;
  ts_edwards25519_scalar_radix16(d, k);
  gv_load(&sum, ge_of_const(a));
  for (int j = 0;; j++) {
    fv sums, cached;
    gv_sums(&sums, &sum, 1);
    gv_cache(&cached, &sums, 1);
    gv_store_entry(&table[j], &cached);
    if (j == 7) break;
    if (j == 0) entry = cached;
    add_entry(&sum, &entry);
  }
  gv_set_neutral(&sum);
  for (int i = 63; i >= 0; i--) {
    if (i < 63) double_four_times(&sum);
    select_cached(&entry, table, d[i]);
    add_entry(&sum, &entry);
  }
  gv_store(ge_of(out), &sum);
  ts_wipe(d, sizeof d);
  ts_wipe(table, sizeof table);
  ts_wipe(&entry, sizeof entry);
  ts_wipe(&sum, sizeof sum);
}

#endif
