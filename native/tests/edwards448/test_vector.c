/* A field with four lanes against the portable field, up to the magnitudes that it promises to take, and points on it
 * against portable points. Compiled once for each: VECTOR_HEADER is vector_avx2.h or vector_ifma.h, VECTOR_CPU the
 * condition under which it may run, and the limits are those of the header:
 * PRODUCT_MAGNITUDES, SQUARE_MAGNITUDE. */
#include VECTOR_HEADER

#include "check.h"
#include "vector_point.h"
#include "vector_sqrt.h"
#include "vectors.h"

static const uint32_t magnitudes[][2] = PRODUCT_MAGNITUDES;

/* A limb up to most: anything, all most, a mixture, or one of few values. */
static uint64_t random_limb(unsigned kind, uint64_t random, uint64_t most) {
  uint64_t choice = test_random();
  if (kind == 0) return most;
  if (kind == 1) return (choice & 1) != 0 ? most : random % (most + 1);
  if (kind == 2) {
    const uint64_t few[8] = {0, 0, 0, 1, most, most - 1, most / 2 + 1, UINT64_C(1) << (choice >> 8) % 28};
    return few[choice & 7];
  }
  return random % (most + 1);
}

/* Four random elements with limbs up to magnitude m of the vector field, and the same in the portable field. */
static void random_lanes(fe4 *r, fe448 lane[4], uint32_t m) {
  uint64_t limb[FE4_WORDS][4];
  unsigned kind = (unsigned)(test_random() % 5);
  for (int i = 0; i < FE4_WORDS; i++) {
    test_random_bytes((uint8_t *)limb[i], sizeof limb[i]);
    for (int j = 0; j < 4; j++) {
#ifdef VECTOR_PACKED
      uint64_t low = random_limb(kind, (uint32_t)limb[i][j], m * FE4_UNIT);
      limb[i][j] = random_limb(kind, limb[i][j] >> 32, m * FE4_UNIT) << 32 | low;
#else
      limb[i][j] = random_limb(kind, limb[i][j], m * FE4_UNIT);
#endif
    }
  }
  memcpy(r, limb, sizeof limb);
  /* The value of each lane, by Horner's rule in the portable field. */
  for (int j = 0; j < 4; j++) {
    fe448 power, t;
    fe_set_small(&lane[j], 0);
    for (int k = 15; k >= 0; k--) {
      uint64_t digit;
#ifdef VECTOR_PACKED
      digit = k < 8 ? (uint32_t)limb[k][j] : limb[k - 8][j] >> 32;
      fe_set_small(&power, UINT64_C(1) << 28);
#else
      if (k >= 10) continue;
      digit = limb[k][j];
      fe_set_small(&power, UINT64_C(1) << (k == 4 ? 44 : 45));  /* from limb 5, at 2^224, down to 4, at 2^180 */
#endif
      fe_set_small(&t, digit & FE_MASK);
      fe_mul(&lane[j], &lane[j], &power);
      fe_add(&lane[j], &lane[j], &t);
      fe_carry(&lane[j], &lane[j]);
    }
  }
}

static void check_lanes(const fe4 *a, const fe448 expected[4]) {
  fe448 lane[4];
  fe4_check(a, 1);
  fe4_store(&lane[0], &lane[1], &lane[2], &lane[3], a);
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < FE_LIMBS; j++) CHECK(lane[i].limb[j] <= FE_UNIT);
    CHECK(fe_equal(&lane[i], &expected[i]));
  }
}

static void check_field(void) {
  fe4 a, b, r;
  fe448 x[4], y[4], expected[4];
  for (size_t k = 0; k < sizeof magnitudes / sizeof magnitudes[0]; k++) {
    random_lanes(&a, x, magnitudes[k][0]);
    random_lanes(&b, y, magnitudes[k][1]);
    for (int i = 0; i < 4; i++) fe_mul(&expected[i], &x[i], &y[i]);
    fe4_mul(&r, &a, &b);
    check_lanes(&r, expected);
    r = a;
    fe4_mul(&r, &r, &b);
    check_lanes(&r, expected);
    r = b;
    fe4_mul(&r, &a, &r);
    check_lanes(&r, expected);
  }
  random_lanes(&a, x, SQUARE_MAGNITUDE);
  for (int i = 0; i < 4; i++) fe_square(&expected[i], &x[i]);
  fe4_square(&r, &a);
  check_lanes(&r, expected);
  fe4_square(&a, &a);
  check_lanes(&a, expected);
  static const uint32_t factor[4] = {1, 2, 2 * TWISTED_MINUS_D, (1u << 17) - 1};
  random_lanes(&a, x, 3);
  for (int i = 0; i < 4; i++) fe_mul_small(&expected[i], &x[i], factor[i]);
  fe4_mul_small(&r, &a, _mm256_set_epi64x(factor[3], factor[2], factor[1], factor[0]));
  check_lanes(&r, expected);
  random_lanes(&a, x, 1);
  check_lanes(&a, x);
  fe4_load(&r, x[0].limb, x[1].limb, x[2].limb, x[3].limb);
  check_lanes(&r, x);
  for (int i = 0; i < FE4_WORDS; i++) r.w[i] = word4_sub(word4_bias(i), a.w[i]);
  fe4_check(&r, 2);
  fe4_tighten(&r, &r);
  fe4 one;
  static const uint64_t unit[FE_LIMBS] = {1};
  fe4_load(&one, unit, unit, unit, unit);
  fe4_mul(&r, &r, &one);
  for (int i = 0; i < 4; i++) fe_negate(&expected[i], &x[i], 1);
  check_lanes(&r, expected);
}

static void check_roots(void) {
  fe4 a;
  fe448 x[4], r[4], expected;
  random_lanes(&a, x, 1);
  if (test_random() % 8 == 0) fe_set_small(&x[test_random() % 4], test_random() % 3);
  inverse_sqrt4(r, x);
  for (int i = 0; i < 4; i++) {
    fe_inverse_sqrt(&expected, &x[i]);
    CHECK(fe_equal(&r[i], &expected));
  }
}

static bool same_point(const twisted *a, const twisted *b) {
  fe448 left, right;
  fe_mul(&left, &a->x, &b->z);
  fe_mul(&right, &b->x, &a->z);
  bool same = fe_equal(&left, &right);
  fe_mul(&left, &a->y, &b->z);
  fe_mul(&right, &b->y, &a->z);
  same = same && fe_equal(&left, &right);
  fe_mul(&left, &b->x, &b->y);
  fe_mul(&right, &b->t, &b->z);
  return same && fe_equal(&left, &right) && !fe_is_zero(&b->z);
}

static void check_point4(const twisted *expected, const point4 *a) {
  twisted stored;
  point4_store(&stored, a);
  CHECK(same_point(expected, &stored));
}

/* A walk: doublings and additions of table entries and of earlier points, of both signs, in both ways. */
static void check_points(void) {
  twisted p, q;
  point4 p4, q4;
  niels n;
  projective_niels m;
  summand4 s;
  extern const uint64_t ts_edwards448_base[][NIELS_LIMBS];
  twisted_set_identity(&p);
  point4_set_identity(&p4);
  q = p;
  q4 = p4;
  for (int i = 0; i < 60; i++) {
    uint64_t negative = ct_mask(test_random() & 1);
    switch (test_random() % 4) {
      case 0:
        twisted_double(&p, &p, true);
        point4_double(&p4, &p4);
        break;
      case 1: {
        const uint64_t *entry = ts_edwards448_base[test_random() % 64];
        niels_load(&n, entry);
        niels_negate_if(&n, negative);
        twisted_add_niels(&p, &p, &n, true);
        summand4_load(&s, entry);
        summand4_negate_if(&s, &s, negative);
        point4_add(&p4, &p4, &s);
        break;
      }
      case 2:
        twisted_to_niels(&m, &q);
        niels_negate_if(&m.n, negative);
        twisted_add_projective(&p, &p, &m, true);
        point4_to_summand(&s, &q4);
        summand4_negate_if(&s, &s, negative);
        point4_add(&p4, &p4, &s);
        break;
      default:
        q = p;
        point4_store(&p, &p4);
        point4_load(&q4, &p);
        break;
    }
    check_point4(&p, &p4);
  }
}

int main(void) {
  (void)test_random();
  if (!VECTOR_CPU()) {
    puts("this processor cannot run it");
    return 0;
  }
  for (int i = 0; i < 3000; i++) {
    check_field();
    if (i % 20 == 0) check_roots();
    if (i % 10 == 0) check_points();
  }
  return 0;
}
