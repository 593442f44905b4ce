/* Sums of multiples of public points with AVX-512 IFMA: Straus's method as in msm.h, in eight lanes, with the digits
 * of mul.h, of which none is zero, so that all lanes do the same.
 *
 * Every lane adds up terms for one stream of the scalars. With IFMA_TERMS = 8 / CURVE_STREAMS, term i is in round
 * i / IFMA_TERMS, and stream s of it in lane s IFMA_TERMS + i % IFMA_TERMS. A stream's lambda is applied to its lanes'
 * sums in the end. Tables are made for eight terms at a time: that of term i in lane i % 8 of group i / 8.
 *
 * With one stream each sum keeps one frame; with two, the lanes l and l + 4 of a group serve the same lanes of sums,
 * and have to share it (point.h). */
#ifndef THRESIGN_WEIERSTRASS_IFMA_MSM_H
#define THRESIGN_WEIERSTRASS_IFMA_MSM_H

#include "ifma_point.h"
#include "mul.h"

#define IFMA_GROUPS 9
#define IFMA_POINTS (8 * IFMA_GROUPS) /* at a time: about 100 KB of stack, 1 KB a table */
#define IFMA_TERMS (8 / CURVE_STREAMS)
#define IFMA_ROUNDS (IFMA_POINTS / IFMA_TERMS)

typedef struct {
  ifma_table table[IFMA_POINTS];
  uint64_t v[IFMA_ROUNDS][4][8]; /* recode_halve's v for each round's lanes, limb by limb */
  __mmask8 active[IFMA_ROUNDS];  /* the lanes that have a term */
  fe8 z[IFMA_GROUPS];            /* of the tables */
  size_t count, groups, rounds;
} ifma_sum;

/* The curve's: from the products of all z of a lane, the factor that brings them onto the frame that the lane's sum
 * wants, and that frame. */
static void curve_frames8(fe8 *factor, fe8 *frame, const fe8 *total);

/* Jacobian coordinates of the group's points, the generator where there is none. */
static void ifma_load_points(jacobian8 *r, const projective_point *p, size_t count) {
  fe x[8], y[8], z[8];
  fe8 px, py, zz;
  for (size_t lane = 0; lane < 8; lane++) {
    x[lane] = lane < count ? p[lane].x : curve_generator()->x;
    y[lane] = lane < count ? p[lane].y : curve_generator()->y;
    if (lane < count) z[lane] = p[lane].z;
    else fe_set_one(&z[lane]);
  }
  /* Projective coordinates may have any factor: the words may stand for others here. */
  fe8_load(&px, x);
  fe8_load(&py, y);
  fe8_load(&r->z, z);
  fe8_sqr(&zz, &r->z);
  fe8_mul(&r->x, &px, &r->z);
  fe8_mul(&r->y, &py, &zz);
}

/* Makes all tables, on the frames that their lanes' sums want. The last group's is scaled as it is made; those before
 * have to wait for the z of all. */
static void ifma_make_tables(ifma_sum *m, fe8 *frame, const projective_point *p) {
  fe8 before[IFMA_GROUPS], step[IFMA_TABLE], after, one, factor;
  fe8_set_one(&one);
  for (size_t g = 0; g < m->groups; g++) {
    jacobian8 points;
    ifma_load_points(&points, p + 8 * g, m->count - 8 * g);
    odd_multiples8(m->table + 8 * g, step, &m->z[g], &points);
    if (g == 0) before[g] = one;
    else fe8_mul(&before[g], &before[g - 1], &m->z[g - 1]);
    if (g + 1 < m->groups) odd_multiples8_scale(m->table + 8 * g, step, &one);
  }
  const size_t last = m->groups - 1;
  fe8_mul(&factor, &before[last], &m->z[last]);
  curve_frames8(&after, frame, &factor);
  fe8_mul(&factor, &before[last], &after);
  odd_multiples8_scale(m->table + 8 * last, step, &factor);
  for (size_t g = last; g-- > 0;) {
    fe8_mul(&after, &after, &m->z[g + 1]);
    fe8_mul(&factor, &before[g], &after);
    tables8_scale(m->table + 8 * g, &factor);
  }
}

/* The points for one window of a round, and the lanes where they are to be subtracted. */
ALWAYS_INLINE __mmask8 ifma_look_up(affine8 *q, const ifma_sum *m, size_t round, unsigned window) {
  const unsigned position = MUL_WIDTH * window, limb = position / 64, shift = position % 64;
  const __m512i half = _mm512_set1_epi64(MUL_TABLE);
  uint64_t index[8];
  const affine_point *entry[8];
  __m512i bits = _mm512_setzero_si512();
  if (limb < 4) bits = _mm512_srli_epi64(_mm512_loadu_si512(m->v[round][limb]), shift);
  if (limb < 3 && shift + MUL_WIDTH > 64)
    bits = _mm512_or_si512(bits, _mm512_slli_epi64(_mm512_loadu_si512(m->v[round][limb + 1]), 64 - shift));
  const __mmask8 minus = _mm512_testn_epi64_mask(bits, half); /* recode_window */
  bits = _mm512_mask_andnot_epi64(bits, minus, bits, _mm512_set1_epi64(-1));
  _mm512_storeu_si512(index, _mm512_and_si512(bits, _mm512_sub_epi64(half, _mm512_set1_epi64(1))));
  for (size_t lane = 0; lane < 8; lane++)
    entry[lane] = &m->table[round * IFMA_TERMS + lane % IFMA_TERMS].entry[index[lane]];
  affine8_load(q, entry);
  return minus;
}

/* sum = the lanes' sums, on their frames. */
static void ifma_add_up(jacobian8 *sum, const ifma_sum *m) {
  affine8 q;
  fe8 zero;
  fe8_set_zero(&zero);
  for (unsigned window = CURVE_WINDOWS; window-- > 0;) {
    for (size_t round = 0; round < m->rounds; round++) {
      const __mmask8 minus = ifma_look_up(&q, m, round, window);
      if (window == CURVE_WINDOWS - 1 && round == 0) {
        sum->x = q.x;
        fe8_sub_signed(&sum->y, &q.y, &zero, minus);
        fe8_set_one(&sum->z);
      } else {
        jacobian8_add(sum, sum, &q, minus, m->active[round]);
      }
    }
    if (window == 0) break;
    for (int i = 0; i < MUL_WIDTH; i++) jacobian8_double(sum, sum);
  }
}

/* The streams of all scalars, lane by lane. */
static void ifma_recode(ifma_sum *m, const ts_scalar *const *k) {
  memset(m->v, 0, m->rounds * sizeof m->v[0]);
  memset(m->active, 0, m->rounds * sizeof m->active[0]);
  for (size_t i = 0; i < m->count; i++) {
    const size_t round = i / IFMA_TERMS;
    uint64_t v[CURVE_STREAMS][4];
    curve_streams(v, k[i]);
    for (size_t s = 0; s < CURVE_STREAMS; s++) {
      const size_t lane = s * IFMA_TERMS + i % IFMA_TERMS;
      for (int limb = 0; limb < 4; limb++) m->v[round][limb][lane] = v[s][limb];
      m->active[round] = (__mmask8)(m->active[round] | 1u << lane);
    }
  }
}

/* Adds up the lanes. Returns false if one of them met an exception, or came to nothing. */
static bool ifma_collect(projective_point *r, const jacobian8 *sum, const fe8 *frame, __mmask8 active) {
  fe x[8], y[8], z[8];
  fe8 sz, zz, px;
  projective_point p, streams[CURVE_STREAMS];
  fe8_mul(&sz, &sum->z, frame);
  fe8_sqr(&zz, &sz);
  fe8_mul(&px, &sum->x, &sz);
  fe8_mul(&sz, &sz, &zz);
  fe8_store(x, &px);
  fe8_store(y, &sum->y);
  fe8_store(z, &sz);
  for (unsigned s = 0; s < CURVE_STREAMS; s++) projective_set_identity(&streams[s]);
  for (unsigned lane = 0; lane < 8; lane++) {
    if ((active >> lane & 1) == 0) continue;
    if (fe_mask_if_zero(&z[lane]) != 0) return false;
    p = (projective_point){x[lane], y[lane], z[lane]}; /* a common factor does not matter */
    projective_add(&streams[lane / IFMA_TERMS], &streams[lane / IFMA_TERMS], &p);
  }
  *r = streams[0];
  if (CURVE_STREAMS == 2) {
    curve_endomorphism(&streams[CURVE_STREAMS - 1].x);
    projective_add(r, r, &streams[CURVE_STREAMS - 1]);
  }
  return true;
}

/* r = sum of k[i] p[i], none of them zero, 1 <= count <= IFMA_POINTS. Returns false where the additions met an
 * exception: when points depend on each other, and seldom then. The caller has to do it in another way. */
static bool ifma_msm_vartime(projective_point *r, const ts_scalar *const *k, const projective_point *p, size_t count) {
  ifma_sum m;
  jacobian8 sum;
  fe8 frame;
  m.count = count;
  m.groups = (count + 7) / 8;
  m.rounds = (count + IFMA_TERMS - 1) / IFMA_TERMS;
  VERIFY_CHECK(count >= 1 && m.groups <= IFMA_GROUPS);
  ifma_recode(&m, k);
  ifma_make_tables(&m, &frame, p);
  ifma_add_up(&sum, &m);
  return ifma_collect(r, &sum, &frame, m.active[0]);
}

#endif
