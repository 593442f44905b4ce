/* Multiplication of elements by scalars: functions of group.h. Each picks the fastest way that this processor has, of
 * those in vectors.h and the portable ones. */
#ifndef THRESIGN_EDWARDS448_MULTIPLY_H
#define THRESIGN_EDWARDS448_MULTIPLY_H

#include "thresign/group.h"

void ts_edwards448_mul_base(ts_element *out, const ts_scalar *k);
void ts_edwards448_mul(ts_element *out, const ts_scalar *k, const ts_element *a);
void ts_edwards448_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A, const ts_scalar *b);
void ts_edwards448_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count);

void ts_edwards448_portable_mul_base(ts_element *out, const ts_scalar *k);
void ts_edwards448_portable_mul(ts_element *out, const ts_scalar *k, const ts_element *a);
void ts_edwards448_portable_double_mul_vartime(ts_element *out, const ts_scalar *a, const ts_element *A,
                                               const ts_scalar *b);
void ts_edwards448_portable_msm_vartime(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count);

#endif
