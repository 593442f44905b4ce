/* Decoding eight encodings at a time with AVX-512 IFMA: the arithmetic that lanes.h asks for. */
#include "cpu.h"
#include "decode.h"

#if HAVE_X86_64_CODE


#include "field.h"

#define LANES 8
#include "ifma_field.h"

typedef fv_x8 fv;

/* Arithmetic on tight elements, with tight results. */
static inline void mul(fv *r, const fv *a, const fv *b) {
  fv_mul_x8(r, a, b);
  fv_carry_x8(r, r);
}

static inline void square(fv *r, const fv *a) {
  fv_square_x8(r, a);
  fv_carry_x8(r, r);
}

static inline void add(fv *r, const fv *a, const fv *b) {
  for (int k = 0; k < 5; k++) r->v[k] = _mm512_add_epi64(a->v[k], b->v[k]);
  fv_carry_x8(r, r);
}

/* a - b + 4p: no limb of 4p is below 2^53 - 76, none of b above. */
static inline void sub(fv *r, const fv *a, const fv *b) {
  const __m512i first = _mm512_set1_epi64((1ll << 53) - 76), others = _mm512_set1_epi64((1ll << 53) - 4);
  for (int k = 0; k < 5; k++)
    r->v[k] = _mm512_sub_epi64(_mm512_add_epi64(a->v[k], k == 0 ? first : others), b->v[k]);
  fv_carry_x8(r, r);
}

static inline void set(fv *r, uint64_t value) {
  r->v[0] = _mm512_set1_epi64((long long)value);
  for (int k = 1; k < 5; k++) r->v[k] = _mm512_setzero_si512();
}

static inline void set_constant(fv *r, const fe *a) {
  for (int k = 0; k < 5; k++) r->v[k] = _mm512_set1_epi64((long long)a->v[k]);
}

static inline void choose(fv *r, unsigned where, const fv *a) {
  for (int k = 0; k < 5; k++) r->v[k] = _mm512_mask_mov_epi64(r->v[k], (__mmask8)where, a->v[k]);
}

/* The same value below 2^255, in limbs of 51 bits. The first pass leaves at most 19 * 2 too much in limb 0; if that
 * carries through to the top in the second pass, next to nothing is left below. */
static void normalise(fv *r, const fv *a) {
  const __m512i mask = _mm512_set1_epi64((1ll << 51) - 1);
  *r = *a;
  for (int pass = 0; pass < 2; pass++) {
    __m512i carry = _mm512_setzero_si512();
    for (int k = 0; k < 5; k++) {
      const __m512i t = _mm512_add_epi64(r->v[k], carry);
      carry = _mm512_srli_epi64(t, 51);
      r->v[k] = _mm512_and_si512(t, mask);
    }
    r->v[0] = _mm512_add_epi64(r->v[0], _mm512_mullo_epi64(carry, fv_nineteen_x8()));
  }
}

/* Lanes of a normalised element that hold p .. 2^255 - 1. */
static __mmask8 not_below_p(const fv *a) {
  const __m512i mask = _mm512_set1_epi64((1ll << 51) - 1);
  __mmask8 m = _mm512_cmpge_epu64_mask(a->v[0], _mm512_set1_epi64((1ll << 51) - 19));
  for (int k = 1; k < 5; k++) m = (__mmask8)(m & _mm512_cmpeq_epi64_mask(a->v[k], mask));
  return m;
}

static unsigned is_zero(const fv *a) {
  fv t;
  normalise(&t, a);
  const __m512i any = _mm512_or_si512(_mm512_or_si512(t.v[1], t.v[2]), _mm512_or_si512(t.v[3], t.v[4]));
  const __mmask8 zero = _mm512_testn_epi64_mask(_mm512_or_si512(any, t.v[0]), _mm512_set1_epi64(-1));
  const __mmask8 low = _mm512_cmpeq_epi64_mask(t.v[0], _mm512_set1_epi64((1ll << 51) - 19));
  return zero | (low & not_below_p(&t));
}

/* Lanes whose representative below p is odd; p is odd itself. */
static unsigned is_odd(const fv *a) {
  fv t;
  normalise(&t, a);
  return (unsigned)_mm512_test_epi64_mask(t.v[0], _mm512_set1_epi64(1)) ^ not_below_p(&t);
}

static void load_lanes(fv *r, uint64_t limbs[5][LANES]) {
  for (int k = 0; k < 5; k++) r->v[k] = _mm512_load_si512(limbs[k]);
}

static void store_lanes(uint64_t limbs[5][LANES], const fv *a) {
  for (int k = 0; k < 5; k++) _mm512_store_si512(limbs[k], a->v[k]);
}

#include "decode_vector.h"

bool ts_edwards25519_decode_batch_ifma_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
  return decode_all_vartime(out, bytes, count, bad, edwards_lanes);
}

bool ts_ristretto255_decode_batch_ifma_vartime(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad) {
  return decode_all_vartime(out, bytes, count, bad, ristretto_lanes);
}

#endif
