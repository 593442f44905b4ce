/* Modular inversion by division steps.
 *
 * D. J. Bernstein and B.-Y. Yang, "Fast constant-time gcd computation and modular inversion", CHES 2019. A step takes
 * (delta, f, g), f odd, to
 *   (1 - delta, g, (g - f) / 2)            if delta > 0 and g is odd,
 *   (1 + delta, f, (g + (g mod 2) f) / 2)  otherwise.
 * With delta starting at 1/2 (P. Wuille's variant, whose bound was found by computing convex hulls: 590 steps for any
 * f, g below 2^256) g ends as 0 and f as plus or minus gcd. We keep theta = delta - 1/2, an integer, from 0.
 *
 * 62 steps (or 60) depend on the low 62 bits of f and g only. They are done on single words, giving a matrix (u v; q
 * r) with 2^62 (f', g') = (u v; q r) (f, g), and then applied to the full f and g, and modulo M to d and e, which
 * keep f = d x and g = e x mod M. Rows of the matrix have |u| + |v| <= 2^62 and |q| + |r| <= 2^62 (induction over
 * steps).
 */
#include "modinv.h"

#include "../verify.h"

typedef __int128 i128;
typedef ts_edwards25519_signed62 signed62;
typedef struct { int64_t u, v, q, r; } matrix;

#define MASK62 (UINT64_MAX >> 2)
#define BATCHES 10 /* of 60 steps, at least 590 */

const ts_edwards25519_modulus ts_edwards25519_modulus_p = {
    {{0x3fffffffffffffed, 0x3fffffffffffffff, 0x3fffffffffffffff, 0x3fffffffffffffff, 0x7f}}, 0x39435e50d79435e5};
const ts_edwards25519_modulus ts_edwards25519_modulus_l = {
    {{0x1812631a5cf5d3ed, 0x137be77a8bde7359, 0x1, 0x0, 0x10}}, 0x2d4ae25cedab81e5};

void ts_edwards25519_signed62_from_words(signed62 *r, const uint64_t w[4]) {
  r->v[0] = (int64_t)(w[0] & MASK62);
  r->v[1] = (int64_t)((w[0] >> 62 | w[1] << 2) & MASK62);
  r->v[2] = (int64_t)((w[1] >> 60 | w[2] << 4) & MASK62);
  r->v[3] = (int64_t)((w[2] >> 58 | w[3] << 6) & MASK62);
  r->v[4] = (int64_t)(w[3] >> 56);
}

void ts_edwards25519_signed62_to_words(uint64_t w[4], const signed62 *a) {
  const uint64_t a0 = (uint64_t)a->v[0], a1 = (uint64_t)a->v[1], a2 = (uint64_t)a->v[2], a3 = (uint64_t)a->v[3];
  VERIFY_CHECK(a->v[4] >= 0 && a->v[4] < 256);
  w[0] = a0 | a1 << 62;
  w[1] = a1 >> 2 | a2 << 60;
  w[2] = a2 >> 4 | a3 << 58;
  w[3] = a3 >> 6 | (uint64_t)a->v[4] << 56;
}

/* Thirty division steps in constant time. A row (u, v) is kept as the one number u + 2^32 v: rows are only added,
 * negated and doubled, and |u|, |v| <= 2^30 makes them readable in the end. */
static int64_t divsteps30(matrix *t, int64_t theta, uint64_t *f_io, uint64_t *g_io) {
  uint64_t f = *f_io, g = *g_io, uv = 1, qr = UINT64_C(1) << 32;
  uint64_t zeta = (uint64_t)~theta; /* below zero if delta > 0 */
  for (int i = 0; i < 30; i++) {
    uint64_t odd = 0 - (g & 1);
    uint64_t positive = (uint64_t)((int64_t)zeta >> 63);
    __asm__("" : "+r"(odd), "+r"(positive)); /* masks stay masks */
    const uint64_t swap = odd & positive;
    /* g is odd: g - f when delta > 0, g + f when not. */
    g += ((f ^ positive) - positive) & odd;
    qr += ((uv ^ positive) - positive) & odd;
    /* Where g - f was taken, f + (g - f) is the old g. */
    f += g & swap;
    uv += qr & swap;
    zeta = (zeta ^ swap) - 1; /* theta becomes -theta or theta + 1 */
    g >>= 1;
    uv += uv;
  }
  *f_io = f;
  *g_io = g;
  t->u = (int32_t)(uint32_t)uv;
  t->v = (int64_t)(uv - (uint64_t)t->u) >> 32;
  t->q = (int32_t)(uint32_t)qr;
  t->r = (int64_t)(qr - (uint64_t)t->q) >> 32;
  return (int64_t)~zeta;
}

/* Sixty steps; f and g are the low limbs. The matrix is four times that of the steps, to go with a division by 2^62. */
static int64_t divsteps(matrix *t, int64_t theta, uint64_t f, uint64_t g) {
  matrix a, b;
  theta = divsteps30(&a, theta, &f, &g);
  theta = divsteps30(&b, theta, &f, &g);
  t->u = (b.u * a.u + b.v * a.q) * 4;
  t->v = (b.u * a.v + b.v * a.r) * 4;
  t->q = (b.q * a.u + b.r * a.q) * 4;
  t->r = (b.q * a.v + b.r * a.r) * 4;
  return theta;
}

/* 62 steps, counting zeros and cancelling up to six bits of g at a time. */
static int64_t divsteps_vartime(matrix *t, int64_t theta, uint64_t f, uint64_t g) {
  uint64_t u = 1, v = 0, q = 0, r = 1;
  int left = 62;
  for (;;) {
    const int zeros = __builtin_ctzll(g | UINT64_MAX << left);
    g >>= zeros;
    u <<= zeros;
    v <<= zeros;
    theta += zeros;
    left -= zeros;
    if (left == 0) break;
    if (theta >= 0) { /* delta > 0: a step is (f, g, delta) -> (g, -f, -delta) and then one with delta <= 0 */
      uint64_t s = f;
      f = g;
      g = 0 - s;
      s = u;
      u = q;
      q = 0 - s;
      s = v;
      v = r;
      r = 0 - s;
      theta = -theta - 1;
    }
    /* The next -theta steps add multiples of f only. f (f^2 - 2) is -1/f modulo 64 for odd f. */
    const int limit = -theta < left ? (int)-theta : left;
    const uint64_t mask = UINT64_C(63) >> (limit < 6 ? 6 - limit : 0);
    const uint64_t w = (f * g * (f * f - 2)) & mask;
    g += w * f;
    q += w * u;
    r += w * v;
  }
  *t = (matrix){(int64_t)u, (int64_t)v, (int64_t)q, (int64_t)r};
  return theta;
}

/* (f, g) = (u v; q r) (f, g) / 2^62, exactly. |f|, |g| < 2^256 stay so: each row's weights sum to 2^62 at most. */
static void update_fg(signed62 *f, signed62 *g, const matrix *t) {
  i128 a = (i128)t->u * f->v[0] + (i128)t->v * g->v[0];
  i128 b = (i128)t->q * f->v[0] + (i128)t->r * g->v[0];
  VERIFY_CHECK(((uint64_t)a & MASK62) == 0 && ((uint64_t)b & MASK62) == 0);
  for (int i = 1; i < 5; i++) {
    a = (a >> 62) + (i128)t->u * f->v[i] + (i128)t->v * g->v[i];
    b = (b >> 62) + (i128)t->q * f->v[i] + (i128)t->r * g->v[i];
    f->v[i - 1] = (int64_t)((uint64_t)a & MASK62);
    g->v[i - 1] = (int64_t)((uint64_t)b & MASK62);
  }
  f->v[4] = (int64_t)(a >> 62);
  g->v[4] = (int64_t)(b >> 62);
}

/* (d, e) = (u v; q r) (d, e) / 2^62 mod M, both kept in (-2M, M): a negative one first counts as increased by M, which
 * puts it in (-M, M) and the sum in (-2^62 M, 2^62 M); then fewer than 2^62 times M are taken off to clear the low
 * 62 bits. Every column is below 2 * 2^124 + 2^125 + a carry in absolute value. */
static void update_de(signed62 *d, signed62 *e, const matrix *t, const ts_edwards25519_modulus *m) {
  const int64_t d_negative = d->v[4] >> 63, e_negative = e->v[4] >> 63;
  int64_t x = (t->u & d_negative) + (t->v & e_negative);
  int64_t y = (t->q & d_negative) + (t->r & e_negative);
  i128 a = (i128)t->u * d->v[0] + (i128)t->v * e->v[0];
  i128 b = (i128)t->q * d->v[0] + (i128)t->r * e->v[0];
  x -= (int64_t)((m->inverse62 * (uint64_t)a + (uint64_t)x) & MASK62);
  y -= (int64_t)((m->inverse62 * (uint64_t)b + (uint64_t)y) & MASK62);
  a += (i128)m->modulus.v[0] * x;
  b += (i128)m->modulus.v[0] * y;
  VERIFY_CHECK(((uint64_t)a & MASK62) == 0 && ((uint64_t)b & MASK62) == 0);
  for (int i = 1; i < 5; i++) {
    a = (a >> 62) + (i128)t->u * d->v[i] + (i128)t->v * e->v[i] + (i128)m->modulus.v[i] * x;
    b = (b >> 62) + (i128)t->q * d->v[i] + (i128)t->r * e->v[i] + (i128)m->modulus.v[i] * y;
    d->v[i - 1] = (int64_t)((uint64_t)a & MASK62);
    e->v[i - 1] = (int64_t)((uint64_t)b & MASK62);
  }
  d->v[4] = (int64_t)(a >> 62);
  e->v[4] = (int64_t)(b >> 62);
}

/* x = (x ^ flip) - flip + (M & add), with carries; flip and add are masks. */
static void adjust(signed62 *x, int64_t flip, int64_t add, const signed62 *modulus) {
  int64_t carry = 0;
  for (int i = 0; i < 5; i++) {
    const int64_t limb = ((x->v[i] ^ flip) - flip) + (modulus->v[i] & add) + carry; /* below 2^63.1: three terms */
    carry = limb >> 62;
    x->v[i] = i < 4 ? (int64_t)((uint64_t)limb & MASK62) : limb;
  }
}

/* From d in (-2M, M) and the sign of f to the inverse in [0, M). */
static void finish(signed62 *x, signed62 *d, const signed62 *f, const ts_edwards25519_modulus *m) {
  int64_t negative = d->v[4] >> 63;
  __asm__("" : "+r"(negative));
  adjust(d, 0, negative, &m->modulus); /* (-M, M) */
  negative = f->v[4] >> 63;
  __asm__("" : "+r"(negative));
  adjust(d, negative, 0, &m->modulus);
  negative = d->v[4] >> 63;
  __asm__("" : "+r"(negative));
  adjust(d, 0, negative, &m->modulus);
  *x = *d;
}

void ts_edwards25519_modinv(signed62 *x, const ts_edwards25519_modulus *m) {
  signed62 d = {{0}}, e = {{1}}, f = m->modulus, g = *x;
  int64_t theta = 0;
  matrix t;
  for (int i = 0; i < BATCHES; i++) {
    theta = divsteps(&t, theta, (uint64_t)f.v[0], (uint64_t)g.v[0]);
    update_de(&d, &e, &t, m);
    update_fg(&f, &g, &t);
  }
  VERIFY_CHECK((g.v[0] | g.v[1] | g.v[2] | g.v[3] | g.v[4]) == 0);
  finish(x, &d, &f, m);
}

void ts_edwards25519_modinv_vartime(signed62 *x, const ts_edwards25519_modulus *m) {
  signed62 d = {{0}}, e = {{1}}, f = m->modulus, g = *x;
  int64_t theta = 0;
  matrix t;
  while ((g.v[0] | g.v[1] | g.v[2] | g.v[3] | g.v[4]) != 0) {
    theta = divsteps_vartime(&t, theta, (uint64_t)f.v[0], (uint64_t)g.v[0]);
    update_de(&d, &e, &t, m);
    update_fg(&f, &g, &t);
  }
  finish(x, &d, &f, m);
}
