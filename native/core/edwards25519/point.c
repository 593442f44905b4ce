#include "point.h"

const fe ts_edwards25519_d =
    FE_CONST(0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029, 0x739c663a03cbb, 0x52036cee2b6ff);
const fe ts_edwards25519_2d =
    FE_CONST(0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff);

void ts_edwards25519_double(ge *r, const ge *a) { ge_double_inline(r, a, true); }

void ts_edwards25519_double_without_t(ge *r, const ge *a) { ge_double_inline(r, a, false); }

void ts_edwards25519_add_cached(ge *r, const ge *a, const ge_cached *b) { ge_add_cached_inline(r, a, b, false); }

void ts_edwards25519_sub_cached(ge *r, const ge *a, const ge_cached *b) { ge_add_cached_inline(r, a, b, true); }

void ts_edwards25519_add_niels(ge *r, const ge *a, const ge_niels *b) { ge_add_niels_inline(r, a, b, false); }

void ts_edwards25519_sub_niels(ge *r, const ge *a, const ge_niels *b) { ge_add_niels_inline(r, a, b, true); }

void ts_edwards25519_double_n(ge *r, const ge *a, int count) {
  for (; count > 1; count--) {
    ts_edwards25519_double_without_t(r, a);
    a = r;
  }
  ts_edwards25519_double(r, a);
}

void ts_edwards25519_set_identity(ts_element *out) { ge_set_identity(ge_of(out)); }

void ts_edwards25519_set_generator(ts_element *out) {
  static const ge generator = { /* y = 4/5, x even: RFC 7748, 4.1 */
      FE_CONST(0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d, 0x1ff60527118fe, 0x216936d3cd6e5),
      FE_CONST(0x6666666666658, 0x4cccccccccccc, 0x1999999999999, 0x3333333333333, 0x6666666666666),
      FE_CONST(1, 0, 0, 0, 0),
      FE_CONST(0x68ab3a5b7dda3, 0x00eea2a5eadbb, 0x2af8df483c27e, 0x332b375274732, 0x67875f0fd78b7)};
  *ge_of(out) = generator;
}

void ts_edwards25519_add(ts_element *out, const ts_element *a, const ts_element *b) {
  ge_cached cached;
  ge_to_cached(&cached, ge_of_const(b));
  ge_add_cached_inline(ge_of(out), ge_of_const(a), &cached, false);
}

void ts_edwards25519_negate(ts_element *out, const ts_element *a) {
  const ge *p = ge_of_const(a);
  ge *r = ge_of(out);
  fe_negate(&r->X, &p->X);
  r->Y = p->Y;
  r->Z = p->Z;
  fe_negate(&r->T, &p->T);
}
