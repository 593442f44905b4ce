/* Multi-scalar multiplication on public data, portable: Straus' method for few points, buckets for many. */
#include "mul.h"

#include "point.h"
#include "schedule.h"
#include "tables.h"

/* From how many points on buckets are faster. */
#define BUCKETS_FROM 400

static void odd_multiples(ge_cached table[STRAUS_ENTRIES], const ge *a) {
  ge_cached twice;
  ge sum = *a;
  ge_to_cached(&table[0], a);
  ts_edwards25519_double(&sum, a);
  ge_to_cached(&twice, &sum);
  sum = *a;
  for (int j = 1; j < STRAUS_ENTRIES; j++) {
    ts_edwards25519_add_cached(&sum, &sum, &twice);
    ge_to_cached(&table[j], &sum);
  }
}

static void load_base(ge_niels *r, unsigned index) {
  for (int i = 0; i < 5; i++) {
    r->y_minus_x.v[i] = ts_edwards25519_base_odd[index][i][0];
    r->y_plus_x.v[i] = ts_edwards25519_base_odd[index][i][1];
    r->t2d.v[i] = ts_edwards25519_base_odd[index][i][2];
  }
  fe_set_bound(&r->y_minus_x, FE_TIGHT);
  fe_set_bound(&r->y_plus_x, FE_TIGHT);
  fe_set_bound(&r->t2d, FE_TIGHT);
}

/* Runs the schedule. Table entries from base_from on belong to the base point's table. */
static void run_vartime(ge *out, const ts_edwards25519_schedule *s, const ge_cached *table, unsigned base_from) {
  ge sum;
  ge_set_identity(&sum);
  for (int position = s->top; position >= 0; position--) {
    unsigned event = s->head[position];
    if (event == SCHEDULE_END && position > 0) {
      ts_edwards25519_double_without_t(&sum, &sum);
      continue;
    }
    ts_edwards25519_double(&sum, &sum);
    for (; event != SCHEDULE_END; event = s->next[event]) {
      const unsigned entry = s->code[event] / 2;
      const bool subtract = s->code[event] % 2 != 0;
      if (entry >= base_from) {
        ge_niels base;
        load_base(&base, entry - base_from);
        (subtract ? ts_edwards25519_sub_niels : ts_edwards25519_add_niels)(&sum, &sum, &base);
      } else {
        (subtract ? ts_edwards25519_sub_cached : ts_edwards25519_add_cached)(&sum, &sum, &table[entry]);
      }
    }
  }
  *out = sum;
}

void ts_edwards25519_double_mul_portable_vartime(ts_element *out, const ts_scalar *a, const ts_element *A,
                                                 const ts_scalar *b) {
  ts_edwards25519_schedule schedule;
  ge_cached table[STRAUS_ENTRIES];
  odd_multiples(table, ge_of_const(A));
  ts_edwards25519_schedule_init(&schedule);
  ts_edwards25519_schedule_add_vartime(&schedule, a, STRAUS_WIDTH, 0);
  ts_edwards25519_schedule_add_vartime(&schedule, b, BASE_ODD_WIDTH, STRAUS_ENTRIES);
  run_vartime(ge_of(out), &schedule, table, STRAUS_ENTRIES);
}

/* At most STRAUS_POINTS_MAX points. */
static void straus_vartime(ge *out, const ts_scalar *k, const ts_element *A, size_t count) {
  ts_edwards25519_schedule schedule;
  ge_cached table[STRAUS_POINTS_MAX * STRAUS_ENTRIES];
  ts_edwards25519_schedule_init(&schedule);
  for (size_t i = 0; i < count; i++) {
    odd_multiples(table + i * STRAUS_ENTRIES, ge_of_const(&A[i]));
    ts_edwards25519_schedule_add_vartime(&schedule, &k[i], STRAUS_WIDTH, (unsigned)i * STRAUS_ENTRIES);
  }
  run_vartime(out, &schedule, table, UINT16_MAX);
}

#define BUCKET_WIDTH_MAX 9
#define BUCKETS_MAX (1 << (BUCKET_WIDTH_MAX - 1))

/* Half the base 2^width at every digit's position; five words. */
static void halves_of(uint64_t halves[5], int width) {
  for (int i = 0; i < 5; i++) halves[i] = 0;
  for (int bit = width - 1; bit < 320; bit += width) halves[bit / 64] |= UINT64_C(1) << (bit % 64);
}

/* The digit at bit position of k in base 2^width, in [-2^(width-1), 2^(width-1)): adding half the base everywhere and
 * taking it off each digit gives signed digits without a memory of carries. */
static int signed_digit(const ts_scalar *k, const uint64_t halves[5], int width, int position) {
  uint64_t sum[6];
  unsigned __int128 t = 0;
  for (int i = 0; i < 5; i++) {
    t += (unsigned __int128)(i < 4 ? k->limb[i] : 0) + halves[i];
    sum[i] = (uint64_t)t;
    t >>= 64;
  }
  sum[5] = 0;
  const int word = position / 64, shift = position % 64;
  const uint64_t bits = sum[word] >> shift | (shift != 0 ? sum[word + 1] << (64 - shift) : 0);
  return (int)(bits & ((UINT64_C(1) << width) - 1)) - (1 << (width - 1));
}

/* bucket += a or -= a. */
static void bucket_add(ge *bucket, bool *used, const ge *a, bool subtract) {
  ge_cached cached;
  if (!*used) {
    ge_set_identity(bucket);
    *used = true;
  }
  ge_to_cached(&cached, a);
  (subtract ? ts_edwards25519_sub_cached : ts_edwards25519_add_cached)(bucket, bucket, &cached);
}

/* sum += the sum of j * bucket[j - 1]: every partial sum from the top is counted once more at each step down. */
static void collect(ge *sum, const ge *bucket, const bool *used, int count) {
  ge partial;
  ge_cached cached;
  bool any = false;
  ge_set_identity(&partial);
  for (int j = count - 1; j >= 0; j--) {
    if (used[j]) {
      ge_to_cached(&cached, &bucket[j]);
      ts_edwards25519_add_cached(&partial, &partial, &cached);
      any = true;
    }
    if (!any) continue;
    ge_to_cached(&cached, &partial);
    ts_edwards25519_add_cached(sum, sum, &cached);
  }
}

/* The bucket method (N. Pippenger; D. J. Bernstein et al., "Faster batch forgery identification", 2012, section 4). */
static void buckets_vartime(ge *out, const ts_scalar *k, const ts_element *A, size_t count) {
  const int width = count < 500 ? 6 : count < 1000 ? 7 : count < 3000 ? 8 : BUCKET_WIDTH_MAX;
  ge bucket[BUCKETS_MAX];
  bool used[BUCKETS_MAX];
  uint64_t halves[5];
  ge sum;
  halves_of(halves, width);
  ge_set_identity(&sum);
  /* L < 2^253, plus all the halves, is below 2^(width * windows) for width * windows >= 255. */
  for (int window = (255 + width - 1) / width - 1; window >= 0; window--) {
    ts_edwards25519_double_n(&sum, &sum, width);
    for (int j = 0; j < BUCKETS_MAX; j++) used[j] = false;
    for (size_t i = 0; i < count; i++) {
      const int digit = signed_digit(&k[i], halves, width, window * width);
      const int size = digit < 0 ? -digit : digit;
      if (size != 0) bucket_add(&bucket[size - 1], &used[size - 1], ge_of_const(&A[i]), digit < 0);
    }
    collect(&sum, bucket, used, 1 << (width - 1));
  }
  *out = sum;
}

void ts_edwards25519_msm_portable_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count) {
  ge sum, part;
  ge_cached cached;
  if (count >= BUCKETS_FROM) {
    buckets_vartime(&sum, k, A, count);
    *ge_of(out) = sum;
    return;
  }
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
