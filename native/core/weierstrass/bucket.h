/* Sums of multiples of many public points, in variable time, by buckets (Pippenger, 1976): for every window of the
 * scalars, the points are sorted into one bucket for each digit, and the sum of digit times bucket costs two
 * additions a bucket. */
#ifndef THRESIGN_WEIERSTRASS_BUCKET_H
#define THRESIGN_WEIERSTRASS_BUCKET_H

#include "msm.h"

#define BUCKET_POINTS 512 /* at a time: about 70 KB of stack */
#define BUCKET_WIDTH_MAX 8
#define BUCKETS_MAX (1 << (BUCKET_WIDTH_MAX - 1))

typedef struct {
  affine_point point;
  uint64_t magnitude[CURVE_STREAMS][4 / CURVE_STREAMS]; /* below 2^256, or 2^128 for two streams */
  bool negative[CURVE_STREAMS];
} bucket_term;

/* The width with the least work: all points once a window, and two general additions a bucket. */
static unsigned bucket_width(size_t count) {
  size_t best = SIZE_MAX;
  unsigned width = 0;
  for (unsigned w = 4; w <= BUCKET_WIDTH_MAX; w++) {
    const size_t windows = (CURVE_NAF_LENGTH + w - 1) / w;
    const size_t cost = windows * (CURVE_STREAMS * count * 11 + ((size_t)1 << (w - 1)) * 2 * 16);
    if (cost < best) best = cost, width = w;
  }
  return width;
}

/* Adds the term's digits for one window to the buckets; bucket[i] is for the digits i + 1 and -(i + 1). */
static void bucket_put_vartime(jacobian_point *bucket, const bucket_term *term, unsigned position, unsigned width) {
  for (unsigned s = 0; s < CURVE_STREAMS; s++) {
    uint64_t magnitude[4] = {0};
    memcpy(magnitude, term->magnitude[s], sizeof term->magnitude[s]);
    const int digit = recode_booth(magnitude, position, width);
    if (digit == 0) continue;
    affine_point q = term->point;
    if (s == 1) curve_endomorphism(&q.x);
    if ((digit < 0) != term->negative[s]) fe_negate(&q.y, &q.y);
    jacobian_point *b = &bucket[(digit < 0 ? -digit : digit) - 1];
    jacobian_add_affine_vartime(b, b, &q);
  }
}

/* *sum += sum of (i + 1) bucket[i], as the sum of all the partial sums from the top. */
static void bucket_collect_vartime(jacobian_point *sum, const jacobian_point *bucket, size_t buckets) {
  jacobian_point partial, weighted;
  jacobian_set_identity(&partial);
  jacobian_set_identity(&weighted);
  for (size_t i = buckets; i-- > 0;) {
    jacobian_add_vartime(&partial, &partial, &bucket[i]);
    jacobian_add_vartime(&weighted, &weighted, &partial);
  }
  jacobian_add_vartime(sum, sum, &weighted);
}

/* Affine points and cut scalars of all terms that are not zero; returns how many these are. One inversion for all
 * (Montgomery's trick, 1987). */
static size_t bucket_prepare_vartime(bucket_term *term, const ts_scalar *k, const ts_element *a, size_t count) {
  fe before[BUCKET_POINTS], z[BUCKET_POINTS], inverse, each;
  size_t used = 0;
  fe_set_one(&inverse);
  for (size_t i = 0; i < count; i++) {
    projective_point p;
    uint64_t magnitude[CURVE_STREAMS][4];
    element_load(&p, &a[i]);
    if (fe_mask_if_zero(&p.z) != 0) continue;
    curve_streams_vartime(magnitude, term[used].negative, &k[i]);
    for (unsigned s = 0; s < CURVE_STREAMS; s++)
      memcpy(term[used].magnitude[s], magnitude[s], sizeof term[used].magnitude[s]);
    term[used].point = (affine_point){p.x, p.y};
    z[used] = p.z;
    before[used] = inverse;
    fe_mul(&inverse, &inverse, &p.z);
    used++;
  }
  fe_invert_vartime(&inverse, &inverse);
  for (size_t i = used; i-- > 0;) {
    fe_mul(&each, &before[i], &inverse);
    fe_mul(&inverse, &inverse, &z[i]);
    fe_mul(&term[i].point.x, &term[i].point.x, &each);
    fe_mul(&term[i].point.y, &term[i].point.y, &each);
  }
  return used;
}

/* sum = sum of k[i] A[i], count <= BUCKET_POINTS. */
static void bucket_vartime(jacobian_point *sum, const ts_scalar *k, const ts_element *a, size_t count) {
  bucket_term term[BUCKET_POINTS];
  VERIFY_CHECK(count <= BUCKET_POINTS);
  const size_t used = bucket_prepare_vartime(term, k, a, count);
  const unsigned width = bucket_width(used);
  const size_t buckets = (size_t)1 << (width - 1);
  jacobian_set_identity(sum);
  /* Magnitudes are below 2^(CURVE_NAF_LENGTH - 1): the topmost digit has no sign bit to pass on. */
  for (unsigned window = (CURVE_NAF_LENGTH + width - 1) / width; window-- > 0;) {
    jacobian_point bucket[BUCKETS_MAX];
    for (unsigned i = 0; i < width; i++) jacobian_double(sum, sum);
    for (size_t i = 0; i < buckets; i++) jacobian_set_identity(&bucket[i]);
    for (size_t i = 0; i < used; i++) bucket_put_vartime(bucket, &term[i], window * width, width);
    bucket_collect_vartime(sum, bucket, buckets);
  }
}

#endif
