/* Multi-scalar multiplication on public data with AVX-512 IFMA: Straus' method over the schedule of schedule.h. */
#include "cpu.h"
#include "mul.h"

#if HAVE_IFMA_CODE

#include <immintrin.h>

#include "point.h"
#include "schedule.h"
#include "tables.h"

#define LANES 4
#include "ifma_point.h"
#undef LANES
#define LANES 8
#include "ifma_point.h"

/* A cached point in memory: limb by limb, lanes side by side, as in tables.h. */
typedef struct {
  _Alignas(32) uint64_t limb[5][4];
} entry;

/* From how many points on two independent sums, each taking every other addition, are faster than one. */
#define TWO_SUMS_FROM 40

static const entry neutral_entry = {{{1, 1, 0, 2}}};

/* (1, 1, 2d, 2) in every group of four lanes. */
static inline __m256i factor4(int k) {
  return _mm256_set_epi64x(k == 0 ? 2 : 0, (long long)ts_edwards25519_2d.v[k], k == 0, k == 0);
}

static inline __m256i load4(const ge *p, int k) {
  return _mm256_set_epi64x((long long)p->Z.v[k], (long long)p->T.v[k], (long long)p->Y.v[k], (long long)p->X.v[k]);
}

static inline __m512i join(__m256i low, __m256i high) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
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
#define NEGATE_MASKED(prefix, e, swap, flip)                                                                       \
  for (int k = 0; k < 5; k++) {                                                                                    \
    (e)->v[k] = prefix##_mask_permutex_epi64((e)->v[k], swap, (e)->v[k], 1 | 0 << 2 | 2 << 4 | 3 << 6);            \
    (e)->v[k] = prefix##_mask_sub_epi64((e)->v[k], flip, k == 0 ? first : others, (e)->v[k]);                      \
  }

static inline void load_entry_x4(fv_x4 *r, const entry *e, unsigned code) {
  const __m256i first = _mm256_set1_epi64x((1ll << 52) - 38), others = _mm256_set1_epi64x((1ll << 52) - 2);
  const unsigned negative = 0u - (code & 1);
  for (int k = 0; k < 5; k++) r->v[k] = _mm256_load_si256((const __m256i *)e->limb[k]);
  NEGATE_MASKED(_mm256, r, (__mmask8)(negative & 3), (__mmask8)(negative & 4))
}

static inline void load_entries_x8(fv_x8 *r, const entry *e, unsigned code, const entry *f, unsigned code2) {
  const __m512i first = _mm512_set1_epi64((1ll << 52) - 38), others = _mm512_set1_epi64((1ll << 52) - 2);
  const unsigned negative = ((0u - (code & 1)) & 0x0f) | ((0u - (code2 & 1)) & 0xf0);
  for (int k = 0; k < 5; k++)
    r->v[k] = join(_mm256_load_si256((const __m256i *)e->limb[k]), _mm256_load_si256((const __m256i *)f->limb[k]));
  NEGATE_MASKED(_mm512, r, (__mmask8)(negative & 0x33), (__mmask8)(negative & 0x44))
}

/* table[j] = (2j + 1) a. */
static void odd_multiples_x4(entry table[STRAUS_ENTRIES], const ge *a) {
  fv_x4 factors, sums, cached, twice;
  gv_x4 p;
  for (int k = 0; k < 5; k++) {
    factors.v[k] = factor4(k);
    p.raw.v[k] = load4(a, k);
  }
  gv_double_x4(&p, &p);
  gv_sums_x4(&sums, &p);
  gv_cache_x4(&twice, &sums, &factors);
  for (int k = 0; k < 5; k++) p.raw.v[k] = load4(a, k);
  for (int j = 0;; j++) {
    gv_sums_x4(&sums, &p);
    gv_cache_x4(&cached, &sums, &factors);
    for (int k = 0; k < 5; k++) _mm256_store_si256((__m256i *)table[j].limb[k], cached.v[k]);
    if (j == STRAUS_ENTRIES - 1) return;
    gv_add_to_sums_x4(&p, &sums, &twice);
  }
}

/* The same for two points at a time. */
static void odd_multiples_x8(entry table[2 * STRAUS_ENTRIES], const ge *a, const ge *b) {
  fv_x8 factors, sums, cached, twice;
  gv_x8 p;
  for (int k = 0; k < 5; k++) {
    factors.v[k] = join(factor4(k), factor4(k));
    p.raw.v[k] = join(load4(a, k), load4(b, k));
  }
  gv_double_x8(&p, &p);
  gv_sums_x8(&sums, &p);
  gv_cache_x8(&twice, &sums, &factors);
  for (int k = 0; k < 5; k++) p.raw.v[k] = join(load4(a, k), load4(b, k));
  for (int j = 0;; j++) {
    gv_sums_x8(&sums, &p);
    gv_cache_x8(&cached, &sums, &factors);
    for (int k = 0; k < 5; k++) {
      _mm256_store_si256((__m256i *)table[j].limb[k], _mm512_castsi512_si256(cached.v[k]));
      _mm256_store_si256((__m256i *)table[STRAUS_ENTRIES + j].limb[k], _mm512_extracti64x4_epi64(cached.v[k], 1));
    }
    if (j == STRAUS_ENTRIES - 1) return;
    gv_add_to_sums_x8(&p, &sums, &twice);
  }
}

/* Runs the schedule on one sum: the shortest time from one operation to the next. */
static void run_one_vartime(ge *out, const ts_edwards25519_schedule *s, const entry *table, unsigned base_from) {
  gv_x4 sum;
  fv_x4 addend;
  for (int k = 0; k < 5; k++) sum.raw.v[k] = _mm256_set_epi64x(k == 0, 0, k == 0, 0);
  for (int position = s->top; position >= 0; position--) {
    gv_double_x4(&sum, &sum);
    for (unsigned event = s->head[position]; event != SCHEDULE_END; event = s->next[event]) {
      const unsigned code = s->code[event];
      load_entry_x4(&addend, find_entry(table, base_from, code), code);
      gv_add_x4(&sum, &sum, &addend);
    }
  }
  store_point(out, &sum.raw);
}

/* Runs the schedule on two sums, each in its half of the vectors, and adds them up in the end. */
static void run_two_vartime(ge *out, const ts_edwards25519_schedule *s, const entry *table) {
  gv_x8 sum;
  fv_x8 addend;
  for (int k = 0; k < 5; k++) sum.raw.v[k] = _mm512_set_epi64(k == 0, 0, k == 0, 0, k == 0, 0, k == 0, 0);
  for (int position = s->top; position >= 0; position--) {
    gv_double_x8(&sum, &sum);
    for (unsigned event = s->head[position]; event != SCHEDULE_END;) {
      const unsigned code = s->code[event];
      const entry *second = &neutral_entry;
      unsigned code2 = 0;
      event = s->next[event];
      if (event != SCHEDULE_END) {
        code2 = s->code[event];
        second = &table[code2 / 2];
        event = s->next[event];
      }
      load_entries_x8(&addend, &table[code / 2], code, second, code2);
      gv_add_x8(&sum, &sum, &addend);
    }
  }
  fv_x4 half;
  ge other;
  ge_cached cached;
  for (int k = 0; k < 5; k++) half.v[k] = _mm512_castsi512_si256(sum.raw.v[k]);
  store_point(out, &half);
  for (int k = 0; k < 5; k++) half.v[k] = _mm512_extracti64x4_epi64(sum.raw.v[k], 1);
  store_point(&other, &half);
  ge_to_cached(&cached, &other);
  ts_edwards25519_add_cached(out, out, &cached);
}

void ts_edwards25519_double_mul_ifma_vartime(ts_element *out, const ts_scalar *a, const ts_element *A,
                                             const ts_scalar *b) {
  ts_edwards25519_schedule schedule;
  entry table[STRAUS_ENTRIES];
  odd_multiples_x4(table, ge_of_const(A));
  ts_edwards25519_schedule_init(&schedule);
  ts_edwards25519_schedule_add_vartime(&schedule, a, STRAUS_WIDTH, 0);
  ts_edwards25519_schedule_add_vartime(&schedule, b, BASE_ODD_WIDTH, STRAUS_ENTRIES);
  run_one_vartime(ge_of(out), &schedule, table, STRAUS_ENTRIES);
}

static void straus_vartime(ge *out, const ts_scalar *k, const ts_element *A, size_t count) {
  ts_edwards25519_schedule schedule;
  entry table[(STRAUS_POINTS_MAX + 1) * STRAUS_ENTRIES];
  ts_edwards25519_schedule_init(&schedule);
  for (size_t i = 0; i < count; i++)
    ts_edwards25519_schedule_add_vartime(&schedule, &k[i], STRAUS_WIDTH, (unsigned)i * STRAUS_ENTRIES);
  if (count < TWO_SUMS_FROM) {
    for (size_t i = 0; i < count; i++) odd_multiples_x4(table + i * STRAUS_ENTRIES, ge_of_const(&A[i]));
    run_one_vartime(out, &schedule, table, UINT16_MAX);
    return;
  }
  for (size_t i = 0; i < count; i += 2)
    odd_multiples_x8(table + i * STRAUS_ENTRIES, ge_of_const(&A[i]), ge_of_const(&A[i + 1 < count ? i + 1 : i]));
  run_two_vartime(out, &schedule, table);
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
