/* Encoding, decoding and the cheap operations; see point.h for the curves. */
#include "element.h"

#include "point.h"
#include "vectors.h"

#define ELEMENT_BYTES 57

void ts_edwards448_set_identity(ts_element *out) {
  memset(out, 0, sizeof *out);
  out->limb[FE_LIMBS] = 1;
  out->limb[2 * FE_LIMBS] = 1;
}

/* RFC 8032 section 5.2; the last is x y mod p. */
static const ts_element generator = {{
  0x26a82bc70cc05e, 0x80e18b00938e26, 0xf72ab66511433b, 0xa3d3a46412ae1a,
  0x0f1767ea6de324, 0x36da9e14657047, 0xed221d15a622bf, 0x4f1970c66bed0d,
  0x08795bf230fa14, 0x132c4ed7c8ad98, 0x1ce67c39c4fdbd, 0x05a0c2d73ad3ff,
  0xa3984087789c1e, 0xc7624bea73736c, 0x248876203756c9, 0x693f46716eb6bc,
  0x00000000000001, 0x00000000000000, 0x00000000000000, 0x00000000000000,
  0x00000000000000, 0x00000000000000, 0x00000000000000, 0x00000000000000,
  0x06624e82af95f3, 0xa07d85662d1deb, 0x90b5b27da1f78f, 0xe2356d58f179de,
  0x8451d260d71667, 0x91c9c5056a183f, 0x6ccec39d2d508d, 0xc75eb58aee221c
}};

void ts_edwards448_set_generator(ts_element *out) { *out = generator; }

/* With u = 1 - y^2 and v = 1 - d y^2, a point is x = sqrt(u/v). It is of order q (or the identity) if and only if
 *   (1 - d) v is a square, and then (y - 1)(1 + beta), beta = sqrt(v/(1 - d)) of either sign, is a square too.
 *
 * Why. The rational points are Z/4 x Z/q, so q P = 0 if and only if P = 4 Q for a rational Q. Take the Montgomery form
 * Y^2 = X (X^2 + a X + b), X = B (1 + y)/(1 - y), Y = B X/x, with B = 4/(1 - d), b = B^2; its one rational point of
 * order 2 is (0, 0). Let psi be the 2-isogeny to E'': Y^2 = X (X^2 - 2 a X + a^2 - 4 b) and psi' its dual. First, P =
 * psi'(R) if and only if X_P is a square w^2; up to squares that is (1 - d)(1 + y)/(1 - y), so (1 - d) u, so, as u/v
 * is a square, (1 - d) v. These P are the doubles. Then P = 4 Q if and only if a preimage R is a double, for R = 2
 * psi(Q) has psi'(R) = 4 Q, and R = 2 S has psi'(R) = 2 psi'(S), twice a double. E'' has three rational points of
 * order 2: 0, e = a + 2 B = 16/(1 - d)^2 and e' = a - 2 B = 16 d/(1 - d)^2; and R is a double if and only if X_R, X_R
 * - e and X_R - e' are squares. Besides R, with X_R = a + 2 X_P + 2 Y_P/w, only R + (0, 0) lies over P, and (0, 0) has
 * the characters of e e', -e and -e', which are -1, -1 and 1 because -1 and d are no squares. The three multiply to 1,
 * so R or R + (0, 0) is a double if and only if X_R - e' = 2 (X_P + B + Y_P/w) is a square. In terms of y this is 2 B
 * (2/(1 - y))(1 + beta), with 2 a square and B = 4/(1 - d) none: (1 - y)(1 + beta) is no square, (y - 1)(1 + beta) is
 * one.
 *
 * We take m = (1 - d) v, beta = sqrt(m)/(1 - d): ((y - 1)(1 - d + sqrt m)/p) = -1. Neither -1 nor 1 - d = 39082 is a
 * square, 2 is. The check costs one exponentiation more than x does alone, and one Jacobi symbol.
 * tests/edwards448/test_element.c tries all four cosets. */
typedef struct {
  fe448 y;
  fe448 radicand[2];  /* m = (1 - d) v, and (1 - d) u; of magnitude 1 */
  uint64_t sign;
} candidate;

/* False if the bytes are not canonical, as far as one can see now; the radicands are then of no use, but there. */
static bool read_candidate(candidate *r, const uint8_t *bytes) {
  fe448 one, square, t;
  uint8_t last = bytes[ELEMENT_BYTES - 1];
  bool canonical = fe_decode(&r->y, bytes) && (last & 0x7f) == 0;
  r->sign = last >> 7;
  fe_set_small(&one, 1);
  fe_square(&square, &r->y);
  fe_mul_small(&t, &square, EDWARDS_MINUS_D);
  fe_add(&t, &t, &one);                              /* v: 2 */
  fe_mul_small(&r->radicand[0], &t, TWISTED_MINUS_D);
  fe_sub(&t, &one, &square, 1);                      /* u: 3 */
  fe_mul_small(&r->radicand[1], &t, TWISTED_MINUS_D);
  return canonical;
}

/* Given the inverse roots of the radicands (fe_inverse_sqrt), the point, or false. */
static bool finish_candidate(point *r, const candidate *c, const fe448 inverse_root[2]) {
  fe448 one, root, t, character;
  fe_set_small(&one, 1);
  fe_mul(&root, &inverse_root[0], &c->radicand[0]);  /* sqrt(m) */
  fe_mul(&t, &root, &inverse_root[0]);
  if (!fe_equal(&t, &one)) return false;             /* m is no square; it is not zero, because d is none */

  fe_set_small(&t, TWISTED_MINUS_D);
  fe_add(&character, &root, &t);                     /* 2 */
  fe_sub(&t, &c->y, &one, 1);                        /* 3 */
  fe_mul(&character, &character, &t);
  if (fe_legendre_vartime(&character) != -1) return false;  /* also for the identity, where y = 1 */

  fe_mul(&root, &inverse_root[1], &c->radicand[1]);  /* sqrt((1 - d) u) */
  fe_square(&t, &root);
  if (!fe_equal(&t, &c->radicand[1])) return false;  /* no x for this y */
  fe_mul(&r->x, &root, &inverse_root[0]);
  if (fe_parity(&r->x) != c->sign) {                 /* x is not zero: the points with x = 0 have order 1 and 2 */
    fe_negate(&t, &r->x, 1);
    fe_carry(&r->x, &t);
  }
  r->y = c->y;
  r->z = one;
  fe_mul(&r->t, &r->x, &r->y);
  return true;
}

void ts_edwards448_portable_roots(fe448 r[4], const fe448 a[4], size_t count) {
  for (size_t i = 0; i < count; i++) fe_inverse_sqrt(&r[i], &a[i]);
}

static edwards448_roots *best_roots(void) {
#ifdef __x86_64__
  if (have_ifma()) return ts_edwards448_ifma_roots_vartime;
  if (have_avx2()) return ts_edwards448_avx2_roots;
#endif
  return ts_edwards448_portable_roots;
}

/* Decodes one or two, with vectors in the same time; returns how many are good before the first that is not. */
static size_t decode_pair_vartime(ts_element *out, const uint8_t *bytes, size_t count, edwards448_roots *roots) {
  candidate c[2];
  bool canonical[2] = {false, false};
  fe448 radicand[4], root[4];
  for (size_t i = 0; i < count; i++) {
    canonical[i] = read_candidate(&c[i], bytes + i * ELEMENT_BYTES);
    radicand[2 * i] = c[i].radicand[0];
    radicand[2 * i + 1] = c[i].radicand[1];
  }
  if (!canonical[0]) return 0;
  for (size_t i = 2 * count; i < 4; i++) radicand[i] = radicand[0];  /* the lanes want something */
  roots(root, radicand, 2 * count);
  for (size_t i = 0; i < count; i++) {
    point p;
    if (!canonical[i] || !finish_candidate(&p, &c[i], &root[2 * i])) return i;
    element_store(&out[i], &p);
  }
  return count;
}

bool ts_edwards448_decode_with_vartime(ts_element *out, const uint8_t *bytes, edwards448_roots *roots) {
  if (decode_pair_vartime(out, bytes, 1, roots) == 1) return true;
  ts_edwards448_set_identity(out);
  return false;
}

bool ts_edwards448_decode_batch_with_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad,
                                             edwards448_roots *roots) {
  for (size_t i = 0; i < count; i += 2) {
    size_t pair = count - i < 2 ? 1 : 2;
    size_t good = decode_pair_vartime(&out[i], bytes + i * ELEMENT_BYTES, pair, roots);
    if (good < pair) {
      *bad = i + good;
      return false;
    }
  }
  return true;
}

bool ts_edwards448_decode_vartime(ts_element *out, const uint8_t *bytes) {
  return ts_edwards448_decode_with_vartime(out, bytes, best_roots());
}

bool ts_edwards448_decode_batch_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
  return ts_edwards448_decode_batch_with_vartime(out, bytes, count, bad, best_roots());
}

static void encode_affine(uint8_t *out, const point *p, const fe448 *z_inverse) {
  fe448 x, y;
  fe_mul(&x, &p->x, z_inverse);
  fe_mul(&y, &p->y, z_inverse);
  fe_encode(out, &y);
  out[ELEMENT_BYTES - 1] = (uint8_t)(fe_parity(&x) << 7);
}

void ts_edwards448_encode(uint8_t *out, const ts_element *a) {
  point p;
  fe448 z_inverse;
  element_load(&p, a);
  fe_invert(&z_inverse, &p.z);
  encode_affine(out, &p, &z_inverse);
}

/* Montgomery's trick: one inverse of the product of all z, in pieces that fit on the stack. */
#define BATCH 64

static void encode_some(uint8_t *out, const ts_element *a, size_t count) {
  fe448 before[BATCH], product, z_inverse;  /* before[i] = z_0 ... z_(i - 1) */
  point p;
  fe_set_small(&product, 1);
  for (size_t i = 0; i < count; i++) {
    element_load(&p, &a[i]);
    before[i] = product;
    fe_mul(&product, &product, &p.z);
  }
  fe_invert(&product, &product);
  for (size_t i = count; i-- > 0;) {
    element_load(&p, &a[i]);
    fe_mul(&z_inverse, &product, &before[i]);
    fe_mul(&product, &product, &p.z);
    encode_affine(out + i * ELEMENT_BYTES, &p, &z_inverse);
  }
}

void ts_edwards448_encode_batch(uint8_t *out, const ts_element *a, size_t count) {
  while (count > 0) {
    size_t some = count < BATCH ? count : BATCH;
    encode_some(out, a, some);
    out += some * ELEMENT_BYTES;
    a += some;
    count -= some;
  }
}

void ts_edwards448_portable_add(ts_element *out, const ts_element *a, const ts_element *b) {
  point p, q;
  element_load(&p, a);
  element_load(&q, b);
  point_add(&p, &p, &q);
  element_store(out, &p);
}

void ts_edwards448_add(ts_element *out, const ts_element *a, const ts_element *b) {
#ifdef __x86_64__
  if (have_avx2()) {
    ts_edwards448_avx2_add(out, a, b);
    return;
  }
#endif
  ts_edwards448_portable_add(out, a, b);
}

void ts_edwards448_negate(ts_element *out, const ts_element *a) {
  point p;
  fe448 t;
  element_load(&p, a);
  fe_negate(&t, &p.x, 1);
  fe_carry(&p.x, &t);
  fe_negate(&t, &p.t, 1);
  fe_carry(&p.t, &t);
  element_store(out, &p);
}

bool ts_edwards448_is_identity(const ts_element *a) {
  point p;
  element_load(&p, a);
  return fe_is_zero(&p.x);  /* no element has order 2 */
}

/* x1/z1 = x2/z2 and y1/z1 = y2/z2; z is never zero. Both are computed, whatever the first says. */
bool ts_edwards448_equal(const ts_element *a, const ts_element *b) {
  point p, q;
  fe448 left, right;
  element_load(&p, a);
  element_load(&q, b);
  fe_mul(&left, &p.x, &q.z);
  fe_mul(&right, &q.x, &p.z);
  unsigned same_x = fe_equal(&left, &right);
  fe_mul(&left, &p.y, &q.z);
  fe_mul(&right, &q.y, &p.z);
  unsigned same_y = fe_equal(&left, &right);
  return (same_x & same_y) != 0;
}
