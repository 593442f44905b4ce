/* The point formulas on curves small enough to try every pair of points: y^2 = x^3 + 7 over the field of 211 elements,
 * 199 points (TEST_A_IS_ZERO), and y^2 = x^3 - 3x + 6 over that of 199 elements, 197 points. The expected sums are
 * those of the group of integers mod the order, through a table of the generator's multiples that the affine chord and
 * tangent rule made. */
#include "check.h"

#if TEST_A_IS_ZERO
#include "../core/weierstrass/complete_a0.h"
enum { P = 211, A = 0, B = 7, ORDER = 199 };
#define CURVE_A_IS_ZERO 1
#define P_INVERSE UINT64_C(0xc0e8f2a76e68575b) /* mod 2^64 */
#else
#include "../core/weierstrass/complete_a3.h"
enum { P = 199, A = P - 3, B = 6, ORDER = 197 };
#define CURVE_A_IS_ZERO 0
#define P_INVERSE UINT64_C(0x2697cc8aef46c0f7)
#endif

/* ---- A field.h of one limb. ---- */

static const uint64_t fe_modulus[4] = {P, 0, 0, 0};
static const ts_safegcd_modulus fe_safegcd =
  TS_SAFEGCD_MODULUS(UINT64_C(0) + P, UINT64_C(0), UINT64_C(0), UINT64_C(0), P_INVERSE);

static uint64_t power(uint64_t a, unsigned n) {
  uint64_t r = 1;
  for (; n > 0; n >>= 1, a = a * a % P)
    if (n & 1) r = r * a % P;
  return r;
}

static inline void fe_check(const fe *a) { CHECK(a->limb[0] < P && (a->limb[1] | a->limb[2] | a->limb[3]) == 0); }
static inline void fe_set(fe *r, uint64_t a) { *r = (fe){{a % P, 0, 0, 0}}; }
static inline void fe_from_words(fe *r, const uint64_t a[4]) { fe_set(r, a[0]); }
static inline void fe_to_words(uint64_t r[4], const fe *a) { memcpy(r, a->limb, sizeof a->limb); }
static inline void fe_set_one(fe *r) { fe_set(r, 1); }
static inline void fe_add(fe *r, const fe *a, const fe *b) { fe_set(r, a->limb[0] + b->limb[0]); }
static inline void fe_sub(fe *r, const fe *a, const fe *b) { fe_set(r, a->limb[0] + P - b->limb[0]); }
static inline void fe_mul(fe *r, const fe *a, const fe *b) { fe_set(r, a->limb[0] * b->limb[0]); }
static inline void fe_sqr(fe *r, const fe *a) { fe_mul(r, a, a); }
static inline void fe_half(fe *r, const fe *a) { fe_set(r, a->limb[0] * ((P + 1) / 2)); }
static inline uint64_t fe_mask_if_zero(const fe *a) { return limbs_mask_if_zero(a->limb[0]); }
static inline void fe_fix_inverse(fe *r) { fe_check(r); }
static inline void fe_into_range(fe *r) { fe_check(r); }

static inline void curve_third_of_slope(fe *t, const jacobian_point *p) { /* t = (3x^2 + a z^4)/3 */
  const uint64_t x = p->x.limb[0], z4 = power(p->z.limb[0], 4);
  fe_set(t, (3 * x * x + A * z4) % P * power(3, P - 2));
}

#if TEST_A_IS_ZERO
static inline void fe_mul_3b(fe *r, const fe *a) { fe_set(r, a->limb[0] * 3 * B); }
#else
static const fe curve_b = {{B, 0, 0, 0}};
#endif

/* ---- Sums of multiples by one stream of eight bits. ---- */

#define CURVE_STREAMS 1
#define CURVE_NAF_LENGTH 9
#include "../core/weierstrass/msm.h"

static inline void curve_endomorphism(fe *x) { (void)x; }
static inline void curve_streams_vartime(uint64_t magnitude[CURVE_STREAMS][4], bool negative[CURVE_STREAMS],
                                         const ts_scalar *k) {
  memcpy(magnitude[0], k->limb, sizeof magnitude[0]);
  negative[0] = false;
}

/* ---- Every point, and each in several forms. ---- */

static uint64_t xs[ORDER], ys[ORDER]; /* of i G for i from 1 */

static void make_points(void) {
  uint64_t x = 0, y = 0;
  int points = 1;
  for (uint64_t i = 0; i < P; i++)
    for (uint64_t j = 0; j < P; j++)
      if ((j * j + P * P * P - i * i * i - A * i + P * A) % P == B) x = i, y = j, points++;
  CHECK(points == ORDER);
  xs[1] = x, ys[1] = y;
  for (int i = 2; i < ORDER; i++) {
    const uint64_t px = xs[i - 1], py = ys[i - 1];
    const uint64_t slope = i == 2 ? (3 * x * x + A) % P * power(2 * y, P - 2) % P
                                  : (y + P - py) % P * power((x + P - px) % P, P - 2) % P;
    xs[i] = (slope * slope + 2 * P - px - x) % P;
    ys[i] = (slope * ((px + P - xs[i]) % P) + P - py) % P;
  }
}

static affine_point affine(int i) {
  affine_point a = {{{0}}, {{0}}};
  fe_set(&a.x, xs[i]), fe_set(&a.y, ys[i]);
  return a;
}

static jacobian_point jacobian(int i, uint64_t z) {
  jacobian_point a;
  if (i == 0) {
    fe_set(&a.x, z * z), fe_set(&a.y, z * z % P * z), fe_set(&a.z, 0);
  } else {
    fe_set(&a.x, xs[i] * z % P * z), fe_set(&a.y, ys[i] * z % P * z % P * z), fe_set(&a.z, z);
  }
  return a;
}

static projective_point projective(int i, uint64_t z) {
  projective_point a;
  if (i == 0) {
    fe_set(&a.x, 0), fe_set(&a.y, z), fe_set(&a.z, 0);
  } else {
    fe_set(&a.x, xs[i] * z), fe_set(&a.y, ys[i] * z), fe_set(&a.z, z);
  }
  return a;
}

static int is_projective(const projective_point *a, int i) {
  if (i == 0) return a->x.limb[0] == 0 && a->y.limb[0] != 0 && a->z.limb[0] == 0;
  const uint64_t z = a->z.limb[0];
  return z != 0 && a->x.limb[0] == xs[i] * z % P && a->y.limb[0] == ys[i] * z % P;
}

static int is_jacobian(const jacobian_point *a, int i) {
  const uint64_t z = a->z.limb[0];
  if (i == 0) return z == 0 && a->y.limb[0] != 0;
  return z != 0 && a->x.limb[0] == xs[i] * z % P * z % P && a->y.limb[0] == ys[i] * z % P * z % P * z % P;
}

static const uint64_t some_z[] = {1, 2, 77, P - 1};

static void additions(void) {
  for (int i = 0; i < ORDER; i++) {
    for (int j = 0; j < ORDER; j++) {
      for (int form = 0; form < 16; form++) {
        const uint64_t z1 = some_z[form / 4], z2 = some_z[form % 4];
        const projective_point p = projective(i, z1), q = projective(j, z2);
        projective_point r, s;
        projective_add(&r, &p, &q);
        CHECK(is_projective(&r, (i + j) % ORDER));
        s = p, projective_add(&s, &s, &q);
        CHECK(memcmp(&r, &s, sizeof r) == 0);
        s = q, projective_add(&s, &p, &s);
        CHECK(memcmp(&r, &s, sizeof r) == 0);

        const jacobian_point jp = jacobian(i, z1), jq = jacobian(j, z2);
        jacobian_point jr;
        jacobian_add_vartime(&jr, &jp, &jq);
        CHECK(is_jacobian(&jr, (i + j) % ORDER));
        jr = jp, jacobian_add_vartime(&jr, &jr, &jq);
        CHECK(is_jacobian(&jr, (i + j) % ORDER));
        if (j == 0) continue;
        const affine_point a = affine(j);
        jacobian_add_affine_vartime(&jr, &jp, &a);
        CHECK(is_jacobian(&jr, (i + j) % ORDER));
        if (i == 0 || i == j || i + j == ORDER) continue;
        jacobian_add_affine(&jr, &jp, &a);
        CHECK(is_jacobian(&jr, (i + j) % ORDER));
        jr = jp, jacobian_add_affine(&jr, &jr, &a);
        CHECK(is_jacobian(&jr, (i + j) % ORDER));
      }
    }
  }
}

static void doublings_and_forms(void) {
  for (int i = 0; i < ORDER; i++) {
    for (uint64_t z = 1; z < P; z++) {
      const jacobian_point p = jacobian(i, z);
      jacobian_point r;
      projective_point q;
      jacobian_double(&r, &p);
      CHECK(is_jacobian(&r, 2 * i % ORDER));
      r = p, jacobian_double(&r, &r);
      CHECK(is_jacobian(&r, 2 * i % ORDER));
      projective_from_jacobian(&q, &p);
      CHECK(is_projective(&q, i));
      if (i == 0) continue;
      jacobian_from_projective(&r, &q);
      CHECK(is_jacobian(&r, i));
    }
  }
}

static void tables(void) {
  enum { N = 16 };
  for (int i = 1; i < ORDER; i++) {
    for (uint64_t z = 1; z < P; z += 13) {
      const jacobian_point p = jacobian(i, z);
      affine_point table[N];
      fe step[N], last, factor;
      odd_multiples(table, step, &last, &p, N);
      fe_set(&factor, power(last.limb[0], P - 2));
      odd_multiples_scale(table, step, &factor, N);
      for (int j = 0; j < N; j++) {
        const affine_point expected = affine((2 * j + 1) * i % ORDER);
        fe_into_range(&table[j].x);
        CHECK(memcmp(&table[j], &expected, sizeof expected) == 0);
      }
    }
  }
}

/* All k P, and k P + l Q for all Q and many k and l. */
static void sums(void) {
  ts_scalar k[2] = {{{0}}};
  ts_element a[2];
  for (int i = 0; i < ORDER; i++) {
    for (int n = 0; n < 256; n++) {
      const projective_point p = projective(i, 1 + (uint64_t)n % (P - 1));
      jacobian_point r;
      element_store(&a[0], &p);
      k[0].limb[0] = (uint64_t)n;
      straus_vartime(&r, k, a, 1);
      CHECK(is_jacobian(&r, n * i % ORDER));
      const projective_point q = projective(n % ORDER, some_z[n % 4]);
      element_store(&a[1], &q);
      for (int m = n % 3; m < 256; m += 3) {
        k[1].limb[0] = (uint64_t)m;
        straus_vartime(&r, k, a, 2);
        CHECK(is_jacobian(&r, (n * i + m * (n % ORDER)) % ORDER));
      }
    }
  }
}

int main(void) {
  make_points();
  additions();
  doublings_and_forms();
  tables();
  sums();
  return 0;
}
