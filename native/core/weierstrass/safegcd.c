/* The division steps of eprint 2019/266, started at delta = 1/2: sipa/safegcd-bounds proves (by convex hulls) that 590
 * of them are enough for every odd modulus below 2^256, against 741 when delta starts at 1.
 *
 * One step takes (delta, f, g) with f odd to
 *   (1 - delta, g, (g - f)/2)            if delta > 0 and g is odd,
 *   (1 + delta, f, (g + (g mod 2) f)/2)  otherwise.
 * With theta = delta - 1/2 as the integer that we keep, the test is theta >= 0, and theta becomes -theta or theta + 1.
 * The decisions depend only on the low bits of f and g, so 59 steps at a time are worked out on single words; they
 * amount to a matrix of 59-bit entries, which is then applied to the long numbers. f*d0 stays congruent to d*a for the
 * companion pair (d, e), on which the same matrices act modulo m; at the end f = +-1 and the inverse is +-d. */
#include "safegcd.h"

#include "../verify.h"
#include "limbs.h"

#define BITS TS_SAFEGCD_BITS
#define LIMB_MASK TS_SAFEGCD_LIMB_MASK
#define BATCHES 10 /* 10 * 59 = 590 */

/* 2^59 (f', g') = ((u, v), (q, r)) (f, g). Each row has |left| + |right| <= 2^59: a step adds at most one row to
 * another and doubles one, so the sums of magnitudes of a row at most double with each step, and start at 1. */
typedef struct { int64_t u, v, q, r; } transition;

static void transition_check(const transition *t) {
#ifdef THRESIGN_VERIFY
  const int64_t limit = INT64_C(1) << BITS;
  VERIFY_CHECK((t->u < 0 ? -t->u : t->u) + (t->v < 0 ? -t->v : t->v) <= limit);
  VERIFY_CHECK((t->q < 0 ? -t->q : t->q) + (t->r < 0 ? -t->r : t->r) <= limit);
#else
  (void)t;
#endif
}

/* Up to 31 division steps on the low words of f and g, which it brings up to date. Returns the new theta.
 * The rows of the matrix are words u + 2^32 v: that is linear, so that both entries are worked on at once, and the
 * entries stay at most 2^steps in magnitude, so that they can be told apart again. */
static uint64_t divsteps_some(transition *t, uint64_t theta, uint64_t *f_word, uint64_t *g_word, int steps) {
  uint64_t f = *f_word, g = *g_word, uv = 1, qr = UINT64_C(1) << 32;
  for (int i = 0; i < steps; i++) {
    const uint64_t down = (theta >> 63) - 1; /* all ones if theta >= 0: f is to be subtracted, if anything */
    const uint64_t odd = limbs_mask(g & 1);
    const uint64_t swap = odd & limbs_barrier(down);
    const uint64_t next_f = f ^ ((f ^ g) & swap);
    const uint64_t next_uv = uv ^ ((uv ^ qr) & swap);
    g = (g + (((f ^ down) - down) & odd)) >> 1;
    qr += ((uv ^ down) - down) & odd;
    f = next_f;
    uv = next_uv << 1;
    theta = (theta ^ swap) + 1; /* ~theta + 1 = -theta when swapping */
  }
  *f_word = f;
  *g_word = g;
  t->u = (int32_t)(uint32_t)uv;
  t->v = (int64_t)(uv - (uint64_t)t->u) >> 32;
  t->q = (int32_t)(uint32_t)qr;
  t->r = (int64_t)(qr - (uint64_t)t->q) >> 32;
  return theta;
}

/* 59 division steps on the low words of f and g. Returns the new theta. */
static uint64_t divsteps(transition *t, uint64_t theta, uint64_t f, uint64_t g) {
  transition first, second;
  theta = divsteps_some(&first, theta, &f, &g, 30);
  theta = divsteps_some(&second, theta, &f, &g, BITS - 30);
  t->u = second.u * first.u + second.v * first.q;
  t->v = second.u * first.v + second.v * first.r;
  t->q = second.q * first.u + second.r * first.q;
  t->r = second.q * first.v + second.r * first.r;
  transition_check(t);
  return theta;
}

/* The same steps, many at a time. */
static uint64_t divsteps_vartime(transition *t, uint64_t theta, uint64_t f, uint64_t g) {
  uint64_t u = 1, v = 0, q = 0, r = 1;
  int left = BITS;
  for (;;) {
    /* Steps with an even g only halve it; a marker bit stops the count at the number of steps left. */
    const int zeros = __builtin_ctzll(g | UINT64_C(1) << left);
    g >>= zeros;
    u <<= zeros;
    v <<= zeros;
    theta += (uint64_t)zeros;
    left -= zeros;
    if (left == 0) break;
    if (theta >> 63 == 0) {
      /* A swapping step equals a step without a swap from (~theta, g, -f): theta is negative from here on. */
      uint64_t old = f;
      f = g, g = 0 - old;
      old = u, u = q, q = 0 - old;
      old = v, v = r, r = 0 - old;
      theta = ~theta;
    }
    /* theta stays negative for -theta steps, and in them g only ever gains multiples of f: add at once the multiple w
     * that clears up to six low bits. f (f^2 - 2) = -1/f mod 64, since f^2 - 1 is a multiple of 8. */
    const uint64_t steps = 0 - theta < (uint64_t)left ? 0 - theta : (uint64_t)left;
    const uint64_t low = steps < 6 ? (UINT64_C(1) << steps) - 1 : 63;
    const uint64_t w = (g * f * (f * f - 2)) & low;
    g += f * w;
    q += u * w;
    r += v * w;
  }
  *t = (transition){(int64_t)u, (int64_t)v, (int64_t)q, (int64_t)r};
  transition_check(t);
  return theta;
}

/* (f, g) = t (f, g) / 2^59, which divides exactly. length: limbs in use. */
static void update_fg(ts_safegcd_integer *f, ts_safegcd_integer *g, const transition *t, int length) {
  /* Every product is below 2^118 in magnitude, and a row of the matrix sums to 2^59: no sum passes 2^119. */
  i128 cf = (i128)t->u * f->limb[0] + (i128)t->v * g->limb[0];
  i128 cg = (i128)t->q * f->limb[0] + (i128)t->r * g->limb[0];
  VERIFY_CHECK(((uint64_t)cf & LIMB_MASK) == 0 && ((uint64_t)cg & LIMB_MASK) == 0);
  cf >>= BITS;
  cg >>= BITS;
  for (int i = 1; i < length; i++) {
    const int64_t fi = f->limb[i], gi = g->limb[i];
    cf += (i128)t->u * fi + (i128)t->v * gi;
    cg += (i128)t->q * fi + (i128)t->r * gi;
    f->limb[i - 1] = (int64_t)((uint64_t)cf & LIMB_MASK);
    g->limb[i - 1] = (int64_t)((uint64_t)cg & LIMB_MASK);
    cf >>= BITS;
    cg >>= BITS;
  }
  f->limb[length - 1] = (int64_t)cf;
  g->limb[length - 1] = (int64_t)cg;
}

/* r = (a d + b e + x m) / 2^59, with the x in [-2^58, 2^58) that makes the division exact. */
static void update_row(ts_safegcd_integer *out, int64_t a, int64_t b, const ts_safegcd_integer *d,
                       const ts_safegcd_integer *e, const ts_safegcd_modulus *m) {
  i128 c = (i128)a * d->limb[0] + (i128)b * e->limb[0];
  const uint64_t x59 = (0 - (uint64_t)c * m->inverse) << (64 - BITS);
  const int64_t x = (int64_t)x59 >> (64 - BITS);
  c += (i128)x * m->modulus.limb[0];
  VERIFY_CHECK(((uint64_t)c & LIMB_MASK) == 0);
  c >>= BITS;
  for (int i = 1; i < 5; i++) {
    c += (i128)a * d->limb[i] + (i128)b * e->limb[i] + (i128)x * m->modulus.limb[i];
    out->limb[i - 1] = (int64_t)((uint64_t)c & LIMB_MASK);
    c >>= BITS;
  }
  out->limb[4] = (int64_t)c;
}

/* (d, e) = t (d, e) / 2^59 mod m. If both are at most B in magnitude before, they are at most B + m/2 after: the row
 * of t contributes B, x contributes m/2. From (0, 1), ten batches lead to less than 6m, far inside five limbs. */
static void update_de(ts_safegcd_integer *d, ts_safegcd_integer *e, const transition *t, const ts_safegcd_modulus *m) {
  ts_safegcd_integer next;
  update_row(&next, t->u, t->v, d, e, m);
  update_row(e, t->q, t->r, d, e, m);
  *d = next;
}

/* d += factor * m. d's limbs may be of any sign on entry. */
static void add_multiple(ts_safegcd_integer *d, int64_t factor, const ts_safegcd_modulus *m) {
  int64_t carry = 0;
  for (int i = 0; i < 4; i++) {
    carry += d->limb[i] + factor * m->modulus.limb[i]; /* below 2^59 + 4 * 2^59 + 2^4 in magnitude */
    d->limb[i] = (int64_t)((uint64_t)carry & LIMB_MASK);
    carry >>= BITS;
  }
  d->limb[4] += factor * m->modulus.limb[4] + carry;
}

static uint64_t sign_mask(const ts_safegcd_integer *a) { return limbs_mask((uint64_t)a->limb[4] >> 63); }

/* r = d, or -d where f is negative, reduced from (-8m, 8m) to [0, m). */
static void finish(uint64_t r[4], ts_safegcd_integer *d, const ts_safegcd_integer *f, const ts_safegcd_modulus *m) {
  const uint64_t negative = sign_mask(f);
  for (int i = 0; i < 5; i++) d->limb[i] = (int64_t)(((uint64_t)d->limb[i] ^ negative) - negative);
  add_multiple(d, 0, m);
  for (int64_t factor = 4; factor > 0; factor >>= 1) { /* halves the range: (-8m, 8m), (-4m, 4m), (-2m, 2m), (-m, m) */
    const int64_t keep = (int64_t)sign_mask(d);
    add_multiple(d, (factor & keep) - (factor & ~keep), m);
  }
  add_multiple(d, (int64_t)(sign_mask(d) & 1), m);
  VERIFY_CHECK(d->limb[4] >= 0 && d->limb[4] <= m->modulus.limb[4]);
  const uint64_t l[5] = {(uint64_t)d->limb[0], (uint64_t)d->limb[1], (uint64_t)d->limb[2], (uint64_t)d->limb[3],
                         (uint64_t)d->limb[4]};
  r[0] = l[0] | l[1] << 59;
  r[1] = l[1] >> 5 | l[2] << 54;
  r[2] = l[2] >> 10 | l[3] << 49;
  r[3] = l[3] >> 15 | l[4] << 44;
}

static ts_safegcd_integer from_u256(const uint64_t a[4]) {
  const ts_safegcd_modulus split = TS_SAFEGCD_MODULUS(a[0], a[1], a[2], a[3], 0);
  return split.modulus;
}

void ts_safegcd_invert(uint64_t r[4], const uint64_t a[4], const ts_safegcd_modulus *m) {
  ts_safegcd_integer f = m->modulus, g = from_u256(a), d = {{0}}, e = {{1}};
  uint64_t theta = 0;
  for (int i = 0; i < BATCHES; i++) {
    transition t;
    theta = divsteps(&t, theta, (uint64_t)f.limb[0], (uint64_t)g.limb[0]);
    update_de(&d, &e, &t, m);
    update_fg(&f, &g, &t, 5);
  }
  VERIFY_CHECK((g.limb[0] | g.limb[1] | g.limb[2] | g.limb[3] | g.limb[4]) == 0);
  finish(r, &d, &f, m);
}

/* Whether the top limb says no more than the sign, 0 or -1. */
static bool only_sign(int64_t limb) { return limb == 0 || limb == -1; }

void ts_safegcd_invert_vartime(uint64_t r[4], const uint64_t a[4], const ts_safegcd_modulus *m) {
  ts_safegcd_integer f = m->modulus, g = from_u256(a), d = {{0}}, e = {{1}};
  uint64_t theta = 0;
  int length = 5;
  for (;;) {
    int64_t any = 0;
    for (int i = 0; i < length; i++) any |= g.limb[i];
    if (any == 0) break;
    transition t;
    theta = divsteps_vartime(&t, theta, (uint64_t)f.limb[0], (uint64_t)g.limb[0]);
    update_de(&d, &e, &t, m);
    update_fg(&f, &g, &t, length);
    if (length > 1 && only_sign(f.limb[length - 1]) && only_sign(g.limb[length - 1])) {
      f.limb[length - 2] |= (int64_t)((uint64_t)f.limb[length - 1] << BITS);
      g.limb[length - 2] |= (int64_t)((uint64_t)g.limb[length - 1] << BITS);
      length--;
    }
  }
  f.limb[4] = f.limb[length - 1]; /* its sign, for finish */
  finish(r, &d, &f, m);
}
