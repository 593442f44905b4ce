/* Divsteps; modinv.h holds the contract.
 *
 * A divstep takes (delta, f, g), f odd, to
 *   (1 - delta, g, (g - f)/2)             if delta > 0 and g is odd
 *   (1 + delta, f, (g + (g mod 2) f)/2)   otherwise
 * Starting from f = m, g = x, delta = 1/2, enough of them make g zero and f = +-gcd(m, x). Only the low bits of f and g
 * decide, so 62 steps at a time are done on single words; they amount to a matrix with
 *   2^62 (f', g') = (u f + v g, q f + r g),   |u| + |v| <= 2^62 and |q| + |r| <= 2^62,
 * which is then applied to the whole numbers, and mod m to (d, e), where always d x = f and e x = g mod m.
 *
 * How many steps are enough for all moduli below 2^448: 1033, says native/tools/divsteps_bound.py (P. Wuille's convex
 * hulls, github.com/sipa/safegcd-bounds). We make 17 * 62 = 1054. */
#include "modinv.h"

#include <stdbool.h>

#include "../verify.h"
#include "ct.h"

#define MASK62 ((UINT64_C(1) << 62) - 1)
#define BATCHES 17

typedef __int128 wide;
typedef struct { int64_t u, v, q, r; } matrix;

const modinv_modulus ts_edwards448_modulus_p = {
  {{0x3fffffffffffffff, 0x3fffffffffffffff, 0x3fffffffffffffff, 0x3fffffbfffffffff,
    0x3fffffffffffffff, 0x3fffffffffffffff, 0x3fffffffffffffff, 0x3fff}},
  0x3fffffffffffffff
};

const modinv_modulus ts_edwards448_modulus_q = {
  {{0x2378c292ab5844f3, 0x05b309ca37163d54, 0x04edb49aed636902, 0x3fffffdf3288fa71,
    0x3fffffffffffffff, 0x3fffffffffffffff, 0x3fffffffffffffff, 0xfff}},
  0x3c42bbf0516e743b
};

static void from_words(signed62 *r, const uint64_t *words) {
  for (unsigned i = 0; i < MODINV_LIMBS; i++) {
    unsigned word = 62 * i / 64, shift = 62 * i % 64;
    uint64_t bits = words[word] >> shift;
    if (shift > 2 && word + 1 < MODINV_WORDS) bits |= words[word + 1] << (64 - shift);
    r->limb[i] = (int64_t)(bits & MASK62);
  }
}

/* a is not negative. */
static void to_words(uint64_t *words, const signed62 *a) {
  for (unsigned i = 0; i < MODINV_WORDS; i++) {
    unsigned limb = 64 * i / 62, shift = 64 * i % 62;  /* shift = 2 i <= 12 */
    words[i] = (uint64_t)a->limb[limb] >> shift | (uint64_t)a->limb[limb + 1] << (62 - shift);
  }
}

/* Brings d from (-2 m, m) to [0, m), negated first if the mask is set. */
static void normalize(signed62 *d, uint64_t negate, const signed62 *m) {
  uint64_t add = ct_barrier((uint64_t)(d->limb[MODINV_LIMBS - 1] >> 63));
  int64_t carry = 0;
  for (int i = 0; i < MODINV_LIMBS; i++) {    /* to (-m, m), then the sign; limbs not carried stay below 2^63 */
    int64_t limb = d->limb[i] + (int64_t)((uint64_t)m->limb[i] & add);
    limb = (int64_t)(((uint64_t)limb ^ negate) - negate);
    carry += limb;
    d->limb[i] = i < MODINV_LIMBS - 1 ? (int64_t)((uint64_t)carry & MASK62) : carry;
    carry >>= 62;
  }
  add = ct_barrier((uint64_t)(d->limb[MODINV_LIMBS - 1] >> 63));
  carry = 0;
  for (int i = 0; i < MODINV_LIMBS; i++) {
    carry += d->limb[i] + (int64_t)((uint64_t)m->limb[i] & add);
    d->limb[i] = i < MODINV_LIMBS - 1 ? (int64_t)((uint64_t)carry & MASK62) : carry;
    carry >>= 62;
  }
  VERIFY_CHECK(d->limb[MODINV_LIMBS - 1] >= 0);
}

/* (d, e) = t (d, e) / 2^62 mod m; both stay in (-2 m, m): what is negative gets m added first, so is in (-m, m); the
 * sum u d + v e is then in (-2^62 m, 2^62 m), and we take away a multiple of m in [0, 2^62 m) to make it divisible. */
static void update_de(signed62 *d, signed62 *e, const matrix *t, const modinv_modulus *m) {
  uint64_t d_negative = (uint64_t)(d->limb[MODINV_LIMBS - 1] >> 63);
  uint64_t e_negative = (uint64_t)(e->limb[MODINV_LIMBS - 1] >> 63);
  int64_t md = (int64_t)(((uint64_t)t->u & d_negative) + ((uint64_t)t->v & e_negative));
  int64_t me = (int64_t)(((uint64_t)t->q & d_negative) + ((uint64_t)t->r & e_negative));
  wide cd = (wide)t->u * d->limb[0] + (wide)t->v * e->limb[0];
  wide ce = (wide)t->q * d->limb[0] + (wide)t->r * e->limb[0];
  md -= (int64_t)((m->inverse * (uint64_t)cd + (uint64_t)md) & MASK62);
  me -= (int64_t)((m->inverse * (uint64_t)ce + (uint64_t)me) & MASK62);
  cd += (wide)m->value.limb[0] * md;
  ce += (wide)m->value.limb[0] * me;
  VERIFY_CHECK(((uint64_t)cd & MASK62) == 0 && ((uint64_t)ce & MASK62) == 0);
  cd >>= 62;
  ce >>= 62;
  for (int i = 1; i < MODINV_LIMBS; i++) {  /* each product below 2^125 in size, four of them at most 2^126.6 */
    cd += (wide)t->u * d->limb[i] + (wide)t->v * e->limb[i] + (wide)m->value.limb[i] * md;
    ce += (wide)t->q * d->limb[i] + (wide)t->r * e->limb[i] + (wide)m->value.limb[i] * me;
    d->limb[i - 1] = (int64_t)((uint64_t)cd & MASK62);
    e->limb[i - 1] = (int64_t)((uint64_t)ce & MASK62);
    cd >>= 62;
    ce >>= 62;
  }
  d->limb[MODINV_LIMBS - 1] = (int64_t)cd;
  e->limb[MODINV_LIMBS - 1] = (int64_t)ce;
}

/* (f, g) = t (f, g) / 2^62, over the first length limbs; limb length - 1 carries the sign. */
static void update_fg(signed62 *f, signed62 *g, const matrix *t, int length) {
  wide cf = (wide)t->u * f->limb[0] + (wide)t->v * g->limb[0];
  wide cg = (wide)t->q * f->limb[0] + (wide)t->r * g->limb[0];
  VERIFY_CHECK(((uint64_t)cf & MASK62) == 0 && ((uint64_t)cg & MASK62) == 0);
  cf >>= 62;
  cg >>= 62;
  for (int i = 1; i < length; i++) {
    cf += (wide)t->u * f->limb[i] + (wide)t->v * g->limb[i];
    cg += (wide)t->q * f->limb[i] + (wide)t->r * g->limb[i];
    f->limb[i - 1] = (int64_t)((uint64_t)cf & MASK62);
    g->limb[i - 1] = (int64_t)((uint64_t)cg & MASK62);
    cf >>= 62;
    cg >>= 62;
  }
  f->limb[length - 1] = (int64_t)cf;
  g->limb[length - 1] = (int64_t)cg;
}

/* 62 divsteps on the low words of f and g. theta = delta - 1/2 is a whole number, so delta > 0 is theta >= 0. */
static int64_t divsteps(int64_t theta, uint64_t f, uint64_t g, matrix *t) {
  uint64_t u = 1, v = 0, q = 0, r = 1;  /* as two's complement numbers */
  for (int i = 0; i < 62; i++) {
    uint64_t positive = ct_barrier(~(uint64_t)(theta >> 63));
    uint64_t odd = ct_mask(g & 1);
    /* If g is odd, add f, or take it away where delta > 0. */
    g += ((f ^ positive) - positive) & odd;
    q += ((u ^ positive) - positive) & odd;
    r += ((v ^ positive) - positive) & odd;
    /* In the second case f becomes the old g, which is g + f now. */
    uint64_t swap = positive & odd;
    f += g & swap;
    u += q & swap;
    v += r & swap;
    theta = (int64_t)(((uint64_t)theta ^ swap) + 1);  /* 1 - delta or 1 + delta: -theta or theta + 1 */
    g >>= 1;
    u <<= 1;
    v <<= 1;
  }
  t->u = (int64_t)u;
  t->v = (int64_t)v;
  t->q = (int64_t)q;
  t->r = (int64_t)r;
  return theta;
}

void ts_edwards448_modinv(uint64_t out[MODINV_WORDS], const uint64_t x[MODINV_WORDS], const modinv_modulus *m) {
  signed62 f = m->value, g, d = {{0}}, e = {{1}};
  matrix t;
  int64_t theta = 0;
  from_words(&g, x);
  for (int i = 0; i < BATCHES; i++) {
    theta = divsteps(theta, (uint64_t)f.limb[0], (uint64_t)g.limb[0], &t);
    update_de(&d, &e, &t, m);
    update_fg(&f, &g, &t, MODINV_LIMBS);
  }
  for (int i = 0; i < MODINV_LIMBS; i++) VERIFY_CHECK(g.limb[i] == 0);
  /* f = 1 or -1 and d = f/x; or x was 0, f is m and d is 0. */
  normalize(&d, ct_barrier((uint64_t)(f.limb[MODINV_LIMBS - 1] >> 63)), &m->value);
  to_words(out, &d);
}

/* The same steps where the operands may show: runs of zeros at once, up to six bits of g cancelled at once. Here
 * eta = -delta, a whole number; the first delta is 1. */
static int64_t divsteps_vartime(int64_t eta, uint64_t f, uint64_t g, matrix *t) {
  uint64_t u = 1, v = 0, q = 0, r = 1;
  int left = 62;
  for (;;) {
    int zeros = __builtin_ctzll(g | (UINT64_C(1) << (unsigned)left));
    g >>= zeros;
    u <<= zeros;
    v <<= zeros;
    eta -= zeros;
    left -= zeros;
    if (left == 0) break;
    if (eta < 0) {
      uint64_t old_f = f, old_u = u, old_v = v;
      eta = -eta;
      f = g;
      u = q;
      v = r;
      g = 0 - old_f;
      q = 0 - old_u;
      r = 0 - old_v;
    }
    /* delta <= 0 for the next eta + 1 steps, in which g only takes multiples of f: w f cancels that many bits at most.
     * f (f^2 - 2) = -1/f mod 64, for f^2 = 1 mod 8. */
    int limit = eta + 1 > left ? left : (int)eta + 1;
    uint64_t bits = limit > 6 ? 63 : (UINT64_C(1) << (unsigned)limit) - 1;
    uint64_t w = (g * f * (f * f - 2)) & bits;
    g += f * w;
    q += u * w;
    r += v * w;
  }
  t->u = (int64_t)u;
  t->v = (int64_t)v;
  t->q = (int64_t)q;
  t->r = (int64_t)r;
  return eta;
}

/* Drops the top limbs of f and g while they hold nothing but a sign: it goes to the limb below. */
static int shorten_vartime(signed62 *f, signed62 *g, int length) {
  while (length > 1) {
    int64_t f_top = f->limb[length - 1], g_top = g->limb[length - 1];
    if ((f_top != 0 && f_top != -1) || (g_top != 0 && g_top != -1)) break;
    f->limb[length - 2] |= (int64_t)((uint64_t)f_top << 62);
    g->limb[length - 2] |= (int64_t)((uint64_t)g_top << 62);
    length--;
  }
  return length;
}

static bool all_zero(const signed62 *a, int length) {
  int64_t bits = 0;
  for (int i = 0; i < length; i++) bits |= a->limb[i];
  return bits == 0;
}

void ts_edwards448_modinv_vartime(uint64_t out[MODINV_WORDS], const uint64_t x[MODINV_WORDS],
                                  const modinv_modulus *m) {
  signed62 f = m->value, g, d = {{0}}, e = {{1}};
  matrix t;
  int64_t eta = -1;
  int length = MODINV_LIMBS;
  from_words(&g, x);
  while (!all_zero(&g, length)) {
    eta = divsteps_vartime(eta, (uint64_t)f.limb[0], (uint64_t)g.limb[0], &t);
    update_de(&d, &e, &t, m);
    update_fg(&f, &g, &t, length);
    length = shorten_vartime(&f, &g, length);
  }
  normalize(&d, (uint64_t)(f.limb[length - 1] >> 63), &m->value);
  to_words(out, &d);
}

/* Steps that keep f and g positive, for Jacobi symbols: where the others subtract, these add. They usually come to an
 * end as fast, though nobody has proved it; the caller counts. *flips counts, in its lowest bit, how often the symbol
 * (g/f) changes sign: at a factor of two taken from g if f = 3 or 5 mod 8, at a swap if f and g are both 3 mod 4. f
 * and g are right in their low 64 - (steps made) bits: three when the last zeros go, as far as f mod 8 is asked for.
 * */
static int64_t positive_divsteps_vartime(int64_t eta, uint64_t f, uint64_t g, matrix *t, uint64_t *flips) {
  uint64_t u = 1, v = 0, q = 0, r = 1;
  int left = 62;
  for (;;) {
    int zeros = __builtin_ctzll(g | (UINT64_C(1) << (unsigned)left));
    g >>= zeros;
    u <<= zeros;
    v <<= zeros;
    eta -= zeros;
    left -= zeros;
    *flips ^= (uint64_t)zeros & ((f >> 1) ^ (f >> 2));
    if (left == 0) break;
    if (eta < 0) {
      uint64_t old_f = f, old_u = u, old_v = v;
      eta = -eta;
      *flips ^= (f & g) >> 1;
      f = g;
      u = q;
      v = r;
      g = old_f;
      q = old_u;
      r = old_v;
    }
    int limit = eta + 1 > left ? left : (int)eta + 1;
    uint64_t bits = limit > 6 ? 63 : (UINT64_C(1) << (unsigned)limit) - 1;
    uint64_t w = (g * f * (f * f - 2)) & bits;
    g += f * w;
    q += u * w;
    r += v * w;
  }
  t->u = (int64_t)u;
  t->v = (int64_t)v;
  t->q = (int64_t)q;
  t->r = (int64_t)r;
  return eta;
}

int ts_edwards448_jacobi_vartime(const uint64_t x[MODINV_WORDS], const modinv_modulus *m) {
  signed62 f = m->value, g;
  matrix t;
  int64_t eta = -1;
  uint64_t flips = 0;
  int length = MODINV_LIMBS;
  from_words(&g, x);
  if (all_zero(&g, length)) return 0;
  for (int i = 0; i < 60; i++) {  /* 15 are usual */
    uint64_t low_f = (uint64_t)f.limb[0] | (length > 1 ? (uint64_t)f.limb[1] << 62 : 0);
    uint64_t low_g = (uint64_t)g.limb[0] | (length > 1 ? (uint64_t)g.limb[1] << 62 : 0);
    eta = positive_divsteps_vartime(eta, low_f, low_g, &t, &flips);
    update_fg(&f, &g, &t, length);
    if (f.limb[0] == 1) {
      int64_t rest = 0;
      for (int j = 1; j < length; j++) rest |= f.limb[j];
      if (rest == 0) return (flips & 1) != 0 ? -1 : 1;
    }
    if (all_zero(&g, length)) return 0;  /* f, which is not 1, divides both */
    while (length > 1 && (f.limb[length - 1] | g.limb[length - 1]) == 0) length--;
  }
  return MODINV_UNDECIDED;
}
