/* Group arithmetic on public values, for tests, tools and independent checks: nothing that is secret comes here. */
#include "native.h"

#include <string.h>

static PyObject *native_decodes(PyObject *self, PyObject *args) {
  (void)self;
  unsigned group_id;
  Py_buffer elements;
  if (!PyArg_ParseTuple(args, "Iy*", &group_id, &elements)) return NULL;
  const ts_group *group = ts_group_by_id(group_id);
  bool good = group != NULL && elements.len > 0 && elements.len % group->element_bytes == 0;
  const uint8_t *at = elements.buf;
  if (good) {
    Py_BEGIN_ALLOW_THREADS;
    for (Py_ssize_t i = 0; good && i < elements.len; i += group->element_bytes) {
      ts_element point;
      good = group->decode_vartime(&point, at + i);
    }
    Py_END_ALLOW_THREADS;
  }
  PyBuffer_Release(&elements);
  if (group == NULL) return native_value_error("no such group");
  return PyBool_FromLong(good);
}

static PyObject *native_is_scalar(PyObject *self, PyObject *args) {
  (void)self;
  unsigned suite_id;
  Py_buffer bytes;
  if (!PyArg_ParseTuple(args, "Iy*", &suite_id, &bytes)) return NULL;
  const ts_suite *suite = ts_suite_by_id(suite_id);
  ts_scalar scalar;
  bool good = suite != NULL && bytes.len == suite->group->scalar_bytes && suite->group->scalar_decode(&scalar, bytes.buf);
  PyBuffer_Release(&bytes);
  if (suite == NULL) return native_value_error("no such suite");
  return PyBool_FromLong(good);
}

/* An element as Python sees it: its encoding, and b"" for the identity. */
static PyObject *element_bytes(const ts_group *group, const ts_element *element) {
  uint8_t encoded[TS_ELEMENT_BYTES_MAX];
  if (group->is_identity(element)) return PyBytes_FromStringAndSize(NULL, 0);
  group->encode(encoded, element);
  return PyBytes_FromStringAndSize((const char *)encoded, group->element_bytes);
}

static PyObject *native_multiply(PyObject *self, PyObject *args) {
  (void)self;
  unsigned group_id;
  Py_buffer scalar, element;
  if (!PyArg_ParseTuple(args, "Iy*y*", &group_id, &scalar, &element)) return NULL;
  const ts_group *group = ts_group_by_id(group_id);
  const char *wrong = group == NULL ? "no such group" : NULL;
  ts_scalar k;
  ts_element point;
  if (wrong == NULL && (scalar.len != group->scalar_bytes || !group->scalar_decode(&k, scalar.buf)))
    wrong = "scalar: no canonical encoding below the order";
  if (wrong == NULL && element.len != 0 &&
      (element.len != group->element_bytes || !group->decode_vartime(&point, element.buf)))
    wrong = "element: no valid element";
  if (wrong == NULL && element.len == 0) group->mul_base(&point, &k);
  else if (wrong == NULL) group->mul(&point, &k, &point);
  PyBuffer_Release(&scalar);
  PyBuffer_Release(&element);
  return wrong != NULL ? native_value_error(wrong) : element_bytes(group, &point);
}

/* Decodes what native_multiply_sum takes; the arrays are of `count`. Returns NULL, or what is wrong. */
static const char *read_terms(const ts_group *group, const uint8_t *scalars, const uint8_t *elements, size_t count,
                              ts_scalar *k, ts_element *points) {
  size_t bad;
  for (size_t i = 0; i < count; i++)
    if (!group->scalar_decode(&k[i], scalars + i * group->scalar_bytes))
      return "scalars: no canonical encoding below the order";
  return group->decode_batch_vartime(points, elements, count, &bad) ? NULL : "elements: no valid element";
}

static PyObject *native_multiply_sum(PyObject *self, PyObject *args) {
  (void)self;
  unsigned group_id;
  Py_buffer scalars, elements;
  if (!PyArg_ParseTuple(args, "Iy*y*", &group_id, &scalars, &elements)) return NULL;
  const ts_group *group = ts_group_by_id(group_id);
  const char *wrong = group == NULL ? "no such group" : NULL;
  size_t count = group == NULL ? 0 : (size_t)scalars.len / group->scalar_bytes;
  ts_element sum;
  if (wrong == NULL && (count == 0 || (size_t)scalars.len != count * group->scalar_bytes ||
                        (size_t)elements.len != count * group->element_bytes))
    wrong = "as many scalars as elements, at least one";
  ts_scalar *k = PyMem_Malloc((count + 1) * sizeof *k);
  ts_element *points = PyMem_Malloc((count + 1) * sizeof *points);
  if (wrong == NULL && (k == NULL || points == NULL)) wrong = "out of memory";
  if (wrong == NULL) {
    Py_BEGIN_ALLOW_THREADS;
    wrong = read_terms(group, scalars.buf, elements.buf, count, k, points);
    if (wrong == NULL) group->msm_vartime(&sum, k, points, count);
    Py_END_ALLOW_THREADS;
  }
  PyMem_Free(k);
  PyMem_Free(points);
  PyBuffer_Release(&scalars);
  PyBuffer_Release(&elements);
  return wrong != NULL ? native_value_error(wrong) : element_bytes(group, &sum);
}

static PyObject *native_reduce(PyObject *self, PyObject *args) {
  (void)self;
  unsigned group_id;
  Py_buffer bytes;
  uint8_t encoded[TS_SCALAR_BYTES_MAX];
  if (!PyArg_ParseTuple(args, "Iy*", &group_id, &bytes)) return NULL;
  const ts_group *group = ts_group_by_id(group_id);
  const char *wrong = group == NULL ? "no such group" : bytes.len > TS_SCALAR_WIDE_BYTES_MAX ? "too long" : NULL;
  if (wrong == NULL) {
    ts_scalar scalar;
    group->scalar_reduce(&scalar, bytes.buf, (size_t)bytes.len);
    group->scalar_encode(encoded, &scalar);
  }
  PyBuffer_Release(&bytes);
  if (wrong != NULL) return native_value_error(wrong);
  return PyBytes_FromStringAndSize((const char *)encoded, group->scalar_bytes);
}

PyMethodDef native_group_methods[] = {
    {"decodes", native_decodes, METH_VARARGS,
     "decodes(group, elements) -> bool: every element, end to end, is canonical, of prime order, not the identity."},
    {"is_scalar", native_is_scalar, METH_VARARGS, "is_scalar(suite, bytes) -> bool: canonical, below the group order."},
    {"multiply", native_multiply, METH_VARARGS,
     "multiply(group, scalar, element) -> element; b'' stands for the generator in, for the identity out."},
    {"multiply_sum", native_multiply_sum, METH_VARARGS,
     "multiply_sum(group, scalars, elements) -> element: the sum of products, variable time."},
    {"reduce", native_reduce, METH_VARARGS, "reduce(group, bytes) -> scalar: the integer modulo the group order."},
    {NULL, NULL, 0, NULL}};
