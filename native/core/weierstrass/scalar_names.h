/* The scalar functions that scalar.h defines under the names SCALAR(...), declared, and as members of a ts_group. */
#include "thresign/group.h"

bool SCALAR(decode)(ts_scalar *out, const uint8_t *bytes);
void SCALAR(encode)(uint8_t *out, const ts_scalar *a);
void SCALAR(reduce)(ts_scalar *out, const uint8_t *bytes, size_t length);
void SCALAR(set_u64)(ts_scalar *out, uint64_t value);
void SCALAR(add)(ts_scalar *out, const ts_scalar *a, const ts_scalar *b);
void SCALAR(sub)(ts_scalar *out, const ts_scalar *a, const ts_scalar *b);
void SCALAR(negate)(ts_scalar *out, const ts_scalar *a);
void SCALAR(mul)(ts_scalar *out, const ts_scalar *a, const ts_scalar *b);
void SCALAR(muladd)(ts_scalar *out, const ts_scalar *a, const ts_scalar *b, const ts_scalar *c);
void SCALAR(invert)(ts_scalar *out, const ts_scalar *a);
void SCALAR(invert_vartime)(ts_scalar *out, const ts_scalar *a);
bool SCALAR(is_zero)(const ts_scalar *a);
bool SCALAR(equal)(const ts_scalar *a, const ts_scalar *b);

#define SCALAR_MEMBERS                                                                                           \
  .scalar_decode = SCALAR(decode), .scalar_encode = SCALAR(encode), .scalar_reduce = SCALAR(reduce),             \
  .scalar_set_u64 = SCALAR(set_u64), .scalar_add = SCALAR(add), .scalar_sub = SCALAR(sub),                       \
  .scalar_negate = SCALAR(negate), .scalar_mul = SCALAR(mul), .scalar_muladd = SCALAR(muladd),                   \
  .scalar_invert = SCALAR(invert), .scalar_invert_vartime = SCALAR(invert_vartime),                              \
  .scalar_is_zero = SCALAR(is_zero), .scalar_equal = SCALAR(equal)
