/* Straus' method on the vector code, over the schedule of schedule.h: the body of msm_ifma.c and msm_avx2.c, which
 * include their points (ifma_point.h, avx2_point.h) before. Public data only: variable time. */
#include "mul.h"
#include "point.h"
#include "schedule.h"
#include "tables.h"

/* table[i][j] = (2j + 1) a[i] for n points. */
GV_INLINE void odd_multiples(straus_entry (*table)[STRAUS_ENTRIES], const ts_element *a, const int n) {
  fv sums[GV_MANY_MAX], cached[GV_MANY_MAX], twice[GV_MANY_MAX];
  gv p[GV_MANY_MAX];
  for (int i = 0; i < n; i++) gv_load(&p[i], ge_of_const(&a[i]));
  gv_double(p, p, n);
  gv_sums(sums, p, n);
  gv_cache(twice, sums, n);
  for (int i = 0; i < n; i++) gv_load(&p[i], ge_of_const(&a[i]));
  for (int j = 0;; j++) {
    gv_sums(sums, p, n);
    gv_cache(cached, sums, n);
    for (int i = 0; i < n; i++) gv_store_entry(&table[i][j], &cached[i]);
    if (j == STRAUS_ENTRIES - 1) return;
    gv_add_to_sums(p, sums, twice, n);
  }
}

/* Entries from base_from on belong to the base point's table. */
static inline const straus_entry *find_entry(const straus_entry *table, unsigned base_from, unsigned code) {
  const unsigned index = code / 2;
  return index < base_from ? &table[index] : (const straus_entry *)ts_edwards25519_base_odd + (index - base_from);
}

/* Runs the schedule on one sum. */
static void run_one_vartime(ge *out, const ts_edwards25519_schedule *s, const straus_entry *table, unsigned base_from) {
  gv sum;
  fv addend;
  gv_set_neutral(&sum);
  for (int position = s->top; position >= 0; position--) {
    gv_double(&sum, &sum, 1);
    for (unsigned event = s->head[position]; event != SCHEDULE_END; event = s->next[event]) {
      const unsigned code = s->code[event];
      gv_load_entry(&addend, find_entry(table, base_from, code), code % 2);
      gv_add(&sum, &sum, &addend, 1);
    }
  }
  gv_store(out, &sum);
}

#if GV_MANY_MAX >= 2
/* Runs the schedule on two sums, each taking every other addition, and adds them up in the end. */
static void run_two_vartime(ge *out, const ts_edwards25519_schedule *s, const straus_entry *table) {
  gv sum[2];
  fv addend[2];
  gv_set_neutral(&sum[0]);
  gv_set_neutral(&sum[1]);
  for (int position = s->top; position >= 0; position--) {
    gv_double(sum, sum, 2);
    for (unsigned event = s->head[position]; event != SCHEDULE_END;) {
      const unsigned first = s->code[event];
      gv_load_entry(&addend[0], &table[first / 2], first % 2);
      event = s->next[event];
      if (event == SCHEDULE_END) {
        gv_add(sum, sum, addend, 1);
        break;
      }
      const unsigned second = s->code[event];
      gv_load_entry(&addend[1], &table[second / 2], second % 2);
      event = s->next[event];
      gv_add(sum, sum, addend, 2);
    }
  }
  ge other;
  ge_cached cached;
  gv_store(out, &sum[0]);
  gv_store(&other, &sum[1]);
  ge_to_cached(&cached, &other);
  ts_edwards25519_add_cached(out, out, &cached);
}
#endif

static void vector_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A, const ts_scalar *b) {
  ts_edwards25519_schedule schedule;
  straus_entry table[1][STRAUS_ENTRIES];
  odd_multiples(table, A, 1);
  ts_edwards25519_schedule_init(&schedule);
  ts_edwards25519_schedule_add_vartime(&schedule, a, STRAUS_WIDTH, 0);
  ts_edwards25519_schedule_add_vartime(&schedule, b, BASE_ODD_WIDTH, STRAUS_ENTRIES);
  run_one_vartime(ge_of(out), &schedule, table[0], STRAUS_ENTRIES);
}

static void straus_vartime(ge *out, const ts_scalar *k, const ts_element *A, size_t count) {
  ts_edwards25519_schedule schedule;
  straus_entry table[STRAUS_POINTS_MAX][STRAUS_ENTRIES];
  size_t i = 0;
  for (; i + GV_MANY_MAX <= count; i += GV_MANY_MAX) odd_multiples(&table[i], &A[i], GV_MANY_MAX);
  for (; i < count; i++) odd_multiples(&table[i], &A[i], 1);
  ts_edwards25519_schedule_init(&schedule);
  for (i = 0; i < count; i++)
    ts_edwards25519_schedule_add_vartime(&schedule, &k[i], STRAUS_WIDTH, (unsigned)i * STRAUS_ENTRIES);
#if GV_MANY_MAX >= 2
  if (count >= TWO_SUMS_FROM) {
    run_two_vartime(out, &schedule, table[0]);
    return;
  }
#endif
  run_one_vartime(out, &schedule, table[0], UINT16_MAX);
}

static void vector_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
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
