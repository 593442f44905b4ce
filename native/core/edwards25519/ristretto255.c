/* ristretto255 (RFC 9496): the same field, scalars and points; other encodings, and equality up to the points of order
 * dividing four. */
#include <string.h>

#include "decode.h"
#include "encode.h"
#include "mul.h"
#include "point.h"
#include "ratio.h"
#include "scalar.h"

const fe ts_ristretto255_invsqrt_a_minus_d =
    FE_CONST(0x0fdaa805d40ea, 0x2eb482e57d339, 0x007610274bc58, 0x6510b613dc8ff, 0x786c8905cfaff);

/* RFC 9496, 4.3.1, up to the long power. */
typedef struct {
  fe s, u1, u2, v;
  ts_edwards25519_ratio root;
} candidate;

static bool begin_vartime(candidate *c, const uint8_t bytes[32]) {
  uint8_t again[32];
  fe one, ss, u2u2;
  ts_edwards25519_fe_decode(&c->s, bytes);
  ts_edwards25519_fe_encode(again, &c->s);
  if (memcmp(again, bytes, 32) != 0 || (bytes[0] & 1) != 0) return false;
  fe_set(&one, 1);
  fe_square(&ss, &c->s);
  fe_sub(&c->u1, &one, &ss);
  fe_add(&c->u2, &one, &ss);
  fe_square(&u2u2, &c->u2);
  fe_square(&c->v, &c->u1);
  fe_mul(&c->v, &c->v, &ts_edwards25519_d);
  fe_add(&c->v, &c->v, &u2u2);
  fe_carry(&c->v, &c->v);
  fe_negate(&c->v, &c->v); /* -(d u1^2) - u2^2 */
  fe_mul(&u2u2, &u2u2, &c->v);
  ts_edwards25519_ratio_begin(&c->root, &one, &u2u2);
  return true;
}

static bool end_vartime(ts_element *out, const candidate *c) {
  fe root, den_x, den_y, x, y, t;
  if (!ts_edwards25519_ratio_end_vartime(&root, &c->root)) return false;
  fe_mul(&den_x, &root, &c->u2);
  fe_mul(&den_y, &root, &den_x);
  fe_mul(&den_y, &den_y, &c->v); /* the sign of the root cancels here, and the next lines make x even */
  fe_add(&x, &c->s, &c->s);
  fe_mul(&x, &x, &den_x);
  if (ts_edwards25519_fe_odd_mask(&x) != 0) fe_negate(&x, &x);
  fe_mul(&y, &c->u1, &den_y);
  fe_mul(&t, &x, &y);
  if (ts_edwards25519_fe_odd_mask(&t) != 0 || ts_edwards25519_fe_zero_mask(&y) != 0) return false;
  if (ts_edwards25519_fe_zero_mask(&x) != 0) return false; /* the identity */
  ge *p = ge_of(out);
  p->X = x;
  p->Y = y;
  fe_set(&p->Z, 1);
  p->T = t;
  return true;
}

bool ts_ristretto255_decode_vartime(ts_element *out, const uint8_t *bytes) {
  candidate c;
  ge_set_identity(ge_of(out));
  if (!begin_vartime(&c, bytes)) return false;
  ts_edwards25519_fe_pow_p58(&c.root.power, &c.root.base);
  return end_vartime(out, &c);
}

bool ts_ristretto255_decode_batch_portable_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
  candidate c[2];
  for (size_t i = 0; i < count; i += 2) {
    const size_t pair = i + 1 < count ? 2 : 1;
    bool good[2];
    for (size_t j = 0; j < pair; j++) good[j] = begin_vartime(&c[j], bytes + 32 * (i + j));
    if (pair == 2 && good[0] && good[1])
      ts_edwards25519_fe_pow_p58_pair(&c[0].root.power, &c[1].root.power, &c[0].root.base, &c[1].root.base);
    else if (good[0])
      ts_edwards25519_fe_pow_p58(&c[0].root.power, &c[0].root.base);
    for (size_t j = 0; j < pair; j++) {
      ge_set_identity(ge_of(&out[i + j]));
      if (good[j] && end_vartime(&out[i + j], &c[j])) continue;
      *bad = i + j;
      return false;
    }
  }
  return true;
}

/* RFC 9496, 4.3.2. */
static void encode(uint8_t *out, const ts_element *a) {
  const ge *p = ge_of_const(a);
  fe u1, u2, t, root, den1, den2, z_inverse, ix, iy, enchanted, x, y, s, one;
  fe_add(&u1, &p->Z, &p->Y);
  fe_sub(&t, &p->Z, &p->Y);
  fe_mul(&u1, &u1, &t);
  fe_mul(&u2, &p->X, &p->Y);
  fe_square(&t, &u2);
  fe_mul(&t, &t, &u1);
  fe_set(&one, 1);
  ts_edwards25519_fe_sqrt_ratio(&root, &one, &t);
  fe_mul(&den1, &root, &u1);
  fe_mul(&den2, &root, &u2);
  fe_mul(&z_inverse, &den1, &den2);
  fe_mul(&z_inverse, &z_inverse, &p->T);
  fe_mul(&ix, &p->X, &ts_edwards25519_sqrt_m1);
  fe_mul(&iy, &p->Y, &ts_edwards25519_sqrt_m1);
  fe_mul(&enchanted, &den1, &ts_ristretto255_invsqrt_a_minus_d);
  fe_mul(&t, &p->T, &z_inverse);
  const uint64_t rotate = ts_edwards25519_fe_odd_mask(&t);
  x = p->X;
  y = p->Y;
  fe_cmov(&x, &iy, rotate);
  fe_cmov(&y, &ix, rotate);
  fe_cmov(&den2, &enchanted, rotate);
  fe_mul(&t, &x, &z_inverse);
  fe_cnegate(&y, ts_edwards25519_fe_odd_mask(&t));
  fe_sub(&t, &p->Z, &y);
  fe_mul(&s, &den2, &t);
  fe_cnegate(&s, ts_edwards25519_fe_odd_mask(&s));
  ts_edwards25519_fe_encode(out, &s);
}

/* A square root per element cannot be shared the way an inversion can. */
void ts_ristretto255_encode_batch_portable(uint8_t *out, const ts_element *a, size_t count) {
  for (size_t i = 0; i < count; i++) encode(out + 32 * i, &a[i]);
}

/* x = 0 or y = 0: the points of order dividing four. */
static bool is_identity(const ts_element *a) {
  return (ts_edwards25519_fe_zero_mask(&ge_of_const(a)->X) | ts_edwards25519_fe_zero_mask(&ge_of_const(a)->Y)) != 0;
}

/* RFC 9496, 4.3.3: x1 y2 = y1 x2 or y1 y2 = x1 x2. */
static bool equal(const ts_element *a, const ts_element *b) {
  const ge *p = ge_of_const(a), *q = ge_of_const(b);
  fe l, r;
  fe_mul(&l, &p->X, &q->Y);
  fe_mul(&r, &p->Y, &q->X);
  const uint64_t same = ts_edwards25519_fe_equal_mask(&l, &r);
  fe_mul(&l, &p->Y, &q->Y);
  fe_mul(&r, &p->X, &q->X);
  return (same | ts_edwards25519_fe_equal_mask(&l, &r)) != 0;
}

const ts_group ts_ristretto255 = {
    .name = "ristretto255",
    .id = TS_GROUP_RISTRETTO255,
    .scalar_bytes = 32,
    .element_bytes = 32,
    .scalar_decode = ts_edwards25519_scalar_decode,
    .scalar_encode = ts_edwards25519_scalar_encode,
    .scalar_reduce = ts_edwards25519_scalar_reduce,
    .scalar_set_u64 = ts_edwards25519_scalar_set_u64,
    .scalar_add = ts_edwards25519_scalar_add,
    .scalar_sub = ts_edwards25519_scalar_sub,
    .scalar_negate = ts_edwards25519_scalar_negate,
    .scalar_mul = ts_edwards25519_scalar_mul,
    .scalar_muladd = ts_edwards25519_scalar_muladd,
    .scalar_invert = ts_edwards25519_scalar_invert,
    .scalar_invert_vartime = ts_edwards25519_scalar_invert_vartime,
    .scalar_is_zero = ts_edwards25519_scalar_is_zero,
    .scalar_equal = ts_edwards25519_scalar_equal,
    .set_identity = ts_edwards25519_set_identity,
    .set_generator = ts_edwards25519_set_generator,
    .decode_vartime = ts_ristretto255_decode_vartime,
    .decode_batch_vartime = ts_ristretto255_decode_batch_vartime,
    .encode = encode,
    .encode_batch = ts_ristretto255_encode_batch,
    .add = ts_edwards25519_add,
    .negate = ts_edwards25519_negate,
    .is_identity = is_identity,
    .equal = equal,
    .mul_base = ts_edwards25519_mul_base,
    .mul = ts_edwards25519_mul,
    .double_mul_vartime = ts_edwards25519_double_mul_vartime,
    .msm_vartime = ts_edwards25519_msm_vartime,
};
