/* The fields eight elements at a time (ifma.h), lane by lane against the fields one at a time, which test_field.c
 * compares with OpenSSL. A pool of elements goes through long random sequences of operations, so that all limbs and
 * values that the operations can produce are met as operands too. */
#include "check.h"

#include "../core/weierstrass/cpu.h"

#if TS_WEIERSTRASS_X86
#if TEST_SECP256K1
#include "../core/secp256k1/field_ifma.h"
/* fe words mean the same in both. */
static void after_mul(fe *a) { (void)a; }
#else
#include "../core/p256/field_ifma.h"
/* The words of a product a b 2^-260 are those of (a b)/16 for fe, whose products are a b 2^-256. */
static void after_mul(fe *a) {
  for (int i = 0; i < 4; i++) fe_half(a, a);
}
#endif

enum { POOL = 6 };

static fe8 pool[POOL];
static fe expected[POOL][8];

static void compare(int i) {
  fe lanes[8];
  fe8_store(lanes, &pool[i]);
  for (int lane = 0; lane < 8; lane++) {
    fe_check(&lanes[lane]);
    CHECK(fe_mask_if_equal(&lanes[lane], &expected[i][lane]) != 0);
  }
}

static void random_element(int i) {
  for (int lane = 0; lane < 8; lane++) {
    uint8_t bytes[32];
    fe *a = &expected[i][lane];
    test_random_bytes(bytes, 32);
    u256_load_be(a->limb, bytes);
    const uint64_t kind = test_random() % 8;
    if (kind == 0) *a = (fe){{test_random() % 3, 0, 0, 0}};
    if (kind == 1) *a = (fe){{UINT64_MAX - test_random() % 3, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    if (kind == 2) {
      for (int j = 0; j < 4; j++) a->limb[j] = fe_modulus[j];
      a->limb[0] -= test_random() % 3;
    }
    fe_into_range(a);
  }
  fe8_load(&pool[i], expected[i]);
  compare(i);
}

static void step(void) {
  const int r = (int)(test_random() % POOL), a = (int)(test_random() % POOL), b = (int)(test_random() % POOL);
  const int c = (int)(test_random() % POOL);
  const uint64_t operation = test_random() % 9;
  const __mmask8 mask = (__mmask8)test_random();
  fe8 out;
  fe t[8];
  for (int lane = 0; lane < 8; lane++) {
    const fe *x = &expected[a][lane], *y = &expected[b][lane], *z = &expected[c][lane];
    fe *o = &t[lane];
    switch (operation) {
      case 0: fe_mul(o, x, y), after_mul(o); break;
      case 1: fe_sqr(o, x), after_mul(o); break;
      case 2: fe_add(o, x, y); break;
      case 3: fe_sub(o, x, y); break;
      case 4: fe_sub(o, x, y), fe_sub(o, o, y); break;
      case 5: fe_sub(o, x, y), fe_sub(o, o, z), fe_sub(o, o, z); break;
      case 6: fe_half(o, x), fe_add(o, o, x); break;
      case 7:
        *o = *x;
        if (mask >> lane & 1) fe_negate(o, o);
        fe_sub(o, o, y);
        break;
      default: *o = mask >> lane & 1 ? *y : *x; break;
    }
  }
  switch (operation) {
    case 0: fe8_mul(&out, &pool[a], &pool[b]); break;
    case 1: fe8_sqr(&out, &pool[a]); break;
    case 2: fe8_add(&out, &pool[a], &pool[b]); break;
    case 3: fe8_sub(&out, &pool[a], &pool[b]); break;
    case 4: fe8_sub_twice(&out, &pool[a], &pool[b]); break;
    case 5: fe8_sub_sub_twice(&out, &pool[a], &pool[b], &pool[c]); break;
    case 6: fe8_three_halves(&out, &pool[a]); break;
    case 7: fe8_sub_signed(&out, &pool[a], &pool[b], mask); break;
    default: out = pool[a], fe8_blend(&out, &pool[b], mask); break;
  }
  pool[r] = out;
  memcpy(expected[r], t, sizeof t);
  compare(r);
}

/* The largest tight limbs that there may be: 2^258 - 1 in each lane, and what they say. */
static void extremes(void) {
  fe8 a, r;
  fe lanes[8], value, two, out[8];
  for (int i = 0; i < 5; i++) a.limb[i] = _mm512_set1_epi64((1LL << (i < 4 ? 52 : 50)) - 1);
  fe8_store(lanes, &a);
  /* 2^258 - 1 = 4 (2^256 - 1) + 3, as words */
  value = (fe){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
  fe_into_range(&value);
  fe_add(&value, &value, &value);
  fe_add(&value, &value, &value);
  two = (fe){{3, 0, 0, 0}};
  fe_add(&value, &value, &two);
  for (int lane = 0; lane < 8; lane++) CHECK(fe_mask_if_equal(&lanes[lane], &value) != 0);
  fe8_mul(&r, &a, &a);
  fe8_store(out, &r);
  fe_mul(&two, &value, &value);
  after_mul(&two);
  for (int lane = 0; lane < 8; lane++) CHECK(fe_mask_if_equal(&out[lane], &two) != 0);
  fe8_sqr(&r, &a);
  fe8_store(out, &r);
  for (int lane = 0; lane < 8; lane++) CHECK(fe_mask_if_equal(&out[lane], &two) != 0);
  fe8 zero;
  fe8_set_zero(&zero);
  fe8_sub_sub_twice(&r, &zero, &a, &a); /* the least that formulas can ask for */
  fe8_store(out, &r);
  fe_add(&two, &value, &value);
  fe_add(&two, &two, &value);
  fe_negate(&two, &two);
  for (int lane = 0; lane < 8; lane++) CHECK(fe_mask_if_equal(&out[lane], &two) != 0);
}

static void ones_and_matrices(void) {
  fe8 one, r;
  fe out[8];
  random_element(0);
  fe8_set_one(&one);
  fe8_mul(&r, &pool[0], &one);
  fe8_store(out, &r);
  for (int lane = 0; lane < 8; lane++) CHECK(fe_mask_if_equal(&out[lane], &expected[0][lane]) != 0);
  uint64_t words[8][8], turned[8][8];
  __m512i m[8];
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 8; j++) words[i][j] = test_random();
  for (int i = 0; i < 8; i++) m[i] = _mm512_loadu_si512(words[i]);
  fe8_transpose(m);
  for (int i = 0; i < 8; i++) _mm512_storeu_si512(turned[i], m[i]);
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 8; j++) CHECK(words[i][j] == turned[j][i]);
}

/* Square roots of what has and has none: as the portable chain gives them, times the factor of the words. */
static void roots(void) {
  fe16 t;
  fe out[8], r, square, back;
  for (int i = 0; i < 20; i++) {
    random_element(0);
    t.part[0] = t.part[1] = pool[0];
    fe16_sqrt_candidate(&t, &t);
    for (int part = 0; part < 2; part++) {
      fe8_store(out, &t.part[part]);
      for (int lane = 0; lane < 8; lane++) {
        r = out[lane];
        if (!TEST_SECP256K1) fe_half(&r, &r), fe_half(&r, &r);
        fe_sqr(&square, &r);
        fe_sqrt_candidate(&back, &expected[0][lane]);
        CHECK(fe_mask_if_equal(&r, &back) != 0);
        fe_sqr(&back, &back);
        CHECK(fe_mask_if_equal(&square, &back) != 0);
      }
    }
  }
}

int main(void) {
  if (ts_weierstrass_cpu() < TS_WEIERSTRASS_CPU_IFMA) return 77; /* SKIP_RETURN_CODE */
  extremes();
  ones_and_matrices();
  roots();
  for (int round = 0; round < 200; round++) {
    for (int i = 0; i < POOL; i++) random_element(i);
    for (int i = 0; i < 200; i++) step();
  }
  return 0;
}
#else
int main(void) { return 77; }
#endif
