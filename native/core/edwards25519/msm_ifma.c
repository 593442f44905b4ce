/* Multi-scalar multiplication on public data with AVX-512 IFMA: Straus' method over the schedule of schedule.h. */
#include "cpu.h"
#include "mul.h"

#if HAVE_X86_64_CODE

#include "point.h"
#include "schedule.h"
#include "tables.h"

#include "ifma_point.h"

/* A cached point in memory: limb by limb, lanes side by side, as in tables.h. */
typedef struct {
  _Alignas(32) uint64_t limb[5][4];
} entry;

/* From how many points on two sums, each taking every other addition, are faster than one. */
#define TWO_SUMS_FROM 36

/* (1, 1, 2d, 2) in every group of four lanes. */
static inline __m256i factor4(int k) {
  return _mm256_set_epi64x(k == 0 ? 2 : 0, (long long)ts_edwards25519_2d.v[k], k == 0, k == 0);
}

static inline __m256i load4(const ge *p, int k) {
  return _mm256_set_epi64x((long long)p->Z.v[k], (long long)p->T.v[k], (long long)p->Y.v[k], (long long)p->X.v[k]);
}

/* The point in lanes, raw below 2^60.1, to limbs of field.h: carried from a raw product, they are tight there too. */
static void store_point(ge *r, const fv_x4 *raw) {
  _Alignas(32) uint64_t lanes[4];
  fv_x4 t;
  fv_carry_x4(&t, raw);
  for (int k = 0; k < 5; k++) {
    _mm256_store_si256((__m256i *)lanes, t.v[k]);
    r->X.v[k] = lanes[0];
    r->Y.v[k] = lanes[1];
    r->T.v[k] = lanes[2];
    r->Z.v[k] = lanes[3];
  }
  fe_set_bound(&r->X, FE_TIGHT);
  fe_set_bound(&r->Y, FE_TIGHT);
  fe_set_bound(&r->T, FE_TIGHT);
  fe_set_bound(&r->Z, FE_TIGHT);
}

static inline const entry *find_entry(const entry *table, unsigned base_from, unsigned code) {
  const unsigned index = code / 2;
  return index < base_from ? &table[index] : (const entry *)ts_edwards25519_base_odd + (index - base_from);
}

/* For negative points Y-X and Y+X change places and 2dT becomes 2p - 2dT < 2^52, no carry needed. */
static inline void load_entry(fv_x4 *r, const entry *e, unsigned code) {
  const __m256i first = _mm256_set1_epi64x((1ll << 52) - 38), others = _mm256_set1_epi64x((1ll << 52) - 2);
  const unsigned negative = 0u - (code & 1);
  for (int k = 0; k < 5; k++) {
    const __m256i v = _mm256_load_si256((const __m256i *)e->limb[k]);
    const __m256i w = _mm256_mask_permutex_epi64(v, (__mmask8)(negative & 3), v, 1 | 0 << 2);
    r->v[k] = _mm256_mask_sub_epi64(w, (__mmask8)(negative & 4), k == 0 ? first : others, w);
  }
}

/* table[i][j] = (2j + 1) a[i] for n points. */
GV_INLINE void odd_multiples(entry (*table)[STRAUS_ENTRIES], const ts_element *a, const int n) {
  fv_x4 factors, sums[GV_MANY_MAX], cached[GV_MANY_MAX], twice[GV_MANY_MAX];
  gv p[GV_MANY_MAX];
  for (int k = 0; k < 5; k++) {
    factors.v[k] = factor4(k);
    for (int i = 0; i < n; i++) p[i].raw.v[k] = load4(ge_of_const(&a[i]), k);
  }
  gv_double(p, p, n);
  gv_sums(sums, p, n);
  gv_cache(twice, sums, &factors, n);
  for (int i = 0; i < n; i++)
    for (int k = 0; k < 5; k++) p[i].raw.v[k] = load4(ge_of_const(&a[i]), k);
  for (int j = 0;; j++) {
    gv_sums(sums, p, n);
    gv_cache(cached, sums, &factors, n);
    for (int i = 0; i < n; i++)
      for (int k = 0; k < 5; k++) _mm256_store_si256((__m256i *)table[i][j].limb[k], cached[i].v[k]);
    if (j == STRAUS_ENTRIES - 1) return;
    gv_add_to_sums(p, sums, twice, n);
  }
}

static void set_neutral(gv *p) {
  for (int k = 0; k < 5; k++) p->raw.v[k] = _mm256_set_epi64x(k == 0, 0, k == 0, 0);
}

/* Runs the schedule on one sum. */
static void run_one_vartime(ge *out, const ts_edwards25519_schedule *s, const entry *table, unsigned base_from) {
  gv sum;
  fv_x4 addend;
  set_neutral(&sum);
  for (int position = s->top; position >= 0; position--) {
    gv_double(&sum, &sum, 1);
    for (unsigned event = s->head[position]; event != SCHEDULE_END; event = s->next[event]) {
      const unsigned code = s->code[event];
      load_entry(&addend, find_entry(table, base_from, code), code);
      gv_add(&sum, &sum, &addend, 1);
    }
  }
  store_point(out, &sum.raw);
}

/* Runs the schedule on two sums, each taking every other addition, and adds them up in the end. */
static void run_two_vartime(ge *out, const ts_edwards25519_schedule *s, const entry *table) {
  gv sum[2];
  fv_x4 addend[2];
  set_neutral(&sum[0]);
  set_neutral(&sum[1]);
  for (int position = s->top; position >= 0; position--) {
    gv_double(sum, sum, 2);
    for (unsigned event = s->head[position]; event != SCHEDULE_END;) {
      const unsigned first = s->code[event];
      load_entry(&addend[0], &table[first / 2], first);
      event = s->next[event];
      if (event == SCHEDULE_END) {
        gv_add(sum, sum, addend, 1);
        break;
      }
      const unsigned second = s->code[event];
      load_entry(&addend[1], &table[second / 2], second);
      event = s->next[event];
      gv_add(sum, sum, addend, 2);
    }
  }
  ge other;
  ge_cached cached;
  store_point(out, &sum[0].raw);
  store_point(&other, &sum[1].raw);
  ge_to_cached(&cached, &other);
  ts_edwards25519_add_cached(out, out, &cached);
}

void ts_edwards25519_double_mul_ifma_vartime(ts_element *out, const ts_scalar *a, const ts_element *A,
                                             const ts_scalar *b) {
  ts_edwards25519_schedule schedule;
  entry table[1][STRAUS_ENTRIES];
  odd_multiples(table, A, 1);
  ts_edwards25519_schedule_init(&schedule);
  ts_edwards25519_schedule_add_vartime(&schedule, a, STRAUS_WIDTH, 0);
  ts_edwards25519_schedule_add_vartime(&schedule, b, BASE_ODD_WIDTH, STRAUS_ENTRIES);
  run_one_vartime(ge_of(out), &schedule, table[0], STRAUS_ENTRIES);
}

static void straus_vartime(ge *out, const ts_scalar *k, const ts_element *A, size_t count) {
  ts_edwards25519_schedule schedule;
  entry table[STRAUS_POINTS_MAX][STRAUS_ENTRIES];
  size_t i = 0;
  for (; i + 2 <= count; i += 2) odd_multiples(&table[i], &A[i], 2);
  if (i < count) odd_multiples(&table[i], &A[i], 1);
  ts_edwards25519_schedule_init(&schedule);
  for (i = 0; i < count; i++)
    ts_edwards25519_schedule_add_vartime(&schedule, &k[i], STRAUS_WIDTH, (unsigned)i * STRAUS_ENTRIES);
  if (count < TWO_SUMS_FROM)
    run_one_vartime(out, &schedule, table[0], UINT16_MAX);
  else
    run_two_vartime(out, &schedule, table[0]);
}

void ts_edwards25519_msm_ifma_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
  ge sum, part;
  ge_cached cached;
  const size_t parts = (count + STRAUS_POINTS_MAX - 1) / STRAUS_POINTS_MAX;
  ge_set_identity(&sum);
  for (size_t i = 0; i < parts; i++) {
    const size_t start = i * count / parts, end = (i + 1) * count / parts;
    straus_vartime(&part, k + start, A + start, end - start);
    ge_to_cached(&cached, &part);
    ts_edwards25519_add_cached(&sum, &sum, &cached);
  }
  *ge_of(out) = sum;
}

#endif
