/* thresign._native: FROST on public values for Python. The one place with Python.h.
 *
 * Bytes in, bytes out, one call per operation; the interpreter lock is released around the arithmetic. No secret ever
 * comes here: shares and nonces live in tokens.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <sodium.h>
#include <string.h>

#include "thresign/frost.h"

/* What several functions take: a suite, its group key, the commitment list, and shares. */
typedef struct session_input {
  const ts_suite *suite;
  ts_element key;
  size_t count;
  ts_commitment commitments[TS_SIGNERS_MAX];
  ts_scalar shares[TS_SIGNERS_MAX];
  ts_element elements[2 * TS_SIGNERS_MAX];
} session_input;

static PyObject *value_error(const char *text) {
  PyErr_SetString(PyExc_ValueError, text);
  return NULL;
}

/* commitments: for each signer U16 number, hiding, binding, end to end; shares: scalars end to end, same order. Returns
 * NULL, or what is wrong. Runs without the interpreter lock. */
static const char *read_session(session_input *in, const uint8_t *key, size_t key_bytes, const uint8_t *commitments,
                                size_t commitments_bytes, const uint8_t *shares, size_t shares_bytes) {
  const ts_group *group = in->suite->group;
  size_t element = group->element_bytes, each = 2 + 2 * element;
  in->count = commitments_bytes / each;
  if (in->count == 0 || in->count > TS_SIGNERS_MAX || commitments_bytes % each != 0) return "commitments: length";
  if (shares_bytes != in->count * group->scalar_bytes) return "shares: length";
  if (key_bytes != element || !group->decode_vartime(&in->key, key)) return "key: no valid element";
  uint8_t encoded[2 * TS_SIGNERS_MAX * TS_ELEMENT_BYTES_MAX];
  size_t bad;
  for (size_t i = 0; i < in->count; i++) {
    const uint8_t *at = commitments + i * each;
    in->commitments[i].identifier = (uint16_t)(at[0] << 8 | at[1]);
    memcpy(in->commitments[i].encoded, at + 2, 2 * element);
    memcpy(encoded + i * 2 * element, at + 2, 2 * element);
    if (!group->scalar_decode(&in->shares[i], shares + i * group->scalar_bytes)) return "shares: not below the order";
  }
  if (!group->decode_batch_vartime(in->elements, encoded, 2 * in->count, &bad)) return "commitments: no valid element";
  for (size_t i = 0; i < in->count; i++) {
    in->commitments[i].hiding = in->elements[2 * i];
    in->commitments[i].binding = in->elements[2 * i + 1];
  }
  return NULL;
}

static const char *begin(ts_signing *session, const session_input *in, const uint8_t *message, size_t message_bytes) {
  switch (ts_frost_begin_vartime(session, in->suite, &in->key, in->commitments, in->count, message, message_bytes)) {
    case TS_FROST_OK: return NULL;
    case TS_FROST_SIGNERS: return "signers do not rise";
    case TS_FROST_KEY: return "key: the identity";
    case TS_FROST_COMMITMENT: return "the group commitment is the identity";
  }
  return "unreachable";
}

static PyObject *native_aggregate(PyObject *self, PyObject *args) {
  (void)self;
  unsigned suite_id;
  Py_buffer key, commitments, message, shares;
  uint8_t signature[TS_SIGNATURE_BYTES_MAX];
  const char *wrong;
  if (!PyArg_ParseTuple(args, "Iy*y*y*y*", &suite_id, &key, &commitments, &message, &shares)) return NULL;
  const ts_suite *suite = ts_suite_by_id(suite_id);
  session_input *in = PyMem_Malloc(sizeof *in);
  ts_signing *session = PyMem_Malloc(sizeof *session);
  if (in == NULL || session == NULL) {
    wrong = "out of memory";
  } else if (suite == NULL) {
    wrong = "no such suite";
  } else {
    in->suite = suite;
    Py_BEGIN_ALLOW_THREADS;
    wrong = read_session(in, key.buf, (size_t)key.len, commitments.buf, (size_t)commitments.len, shares.buf,
                         (size_t)shares.len);
    if (wrong == NULL) wrong = begin(session, in, message.buf, (size_t)message.len);
    if (wrong == NULL) ts_frost_aggregate(session, in->shares, signature);
    Py_END_ALLOW_THREADS;
  }
  PyMem_Free(in);
  PyMem_Free(session);
  PyBuffer_Release(&key);
  PyBuffer_Release(&commitments);
  PyBuffer_Release(&message);
  PyBuffer_Release(&shares);
  if (wrong != NULL) return value_error(wrong);
  return PyBytes_FromStringAndSize((const char *)signature, suite->signature_bytes);
}

/* The identifiers of those whose share is wrong. Returns how many. */
static size_t find_culprits(const ts_signing *session, const session_input *in, const ts_element *verification_shares,
                            uint16_t *culprits) {
  uint8_t random[16 * TS_SIGNERS_MAX];
  size_t indices[TS_SIGNERS_MAX];
  randombytes_buf(random, 16 * in->count);
  size_t found = ts_frost_culprits_vartime(session, verification_shares, in->shares, random, indices);
  for (size_t i = 0; i < found; i++) culprits[i] = in->commitments[indices[i]].identifier;
  return found;
}

static PyObject *native_culprits(PyObject *self, PyObject *args) {
  (void)self;
  unsigned suite_id;
  Py_buffer key, commitments, message, shares, verification;
  const char *wrong;
  uint16_t culprits[TS_SIGNERS_MAX];
  size_t found = 0;
  if (!PyArg_ParseTuple(args, "Iy*y*y*y*y*", &suite_id, &key, &commitments, &message, &shares, &verification))
    return NULL;
  const ts_suite *suite = ts_suite_by_id(suite_id);
  session_input *in = PyMem_Malloc(sizeof *in);
  ts_signing *session = PyMem_Malloc(sizeof *session);
  ts_element *points = PyMem_Malloc(TS_SIGNERS_MAX * sizeof *points);
  if (in == NULL || session == NULL || points == NULL) {
    wrong = "out of memory";
  } else if (suite == NULL) {
    wrong = "no such suite";
  } else {
    in->suite = suite;
    Py_BEGIN_ALLOW_THREADS;
    wrong = read_session(in, key.buf, (size_t)key.len, commitments.buf, (size_t)commitments.len, shares.buf,
                         (size_t)shares.len);
    size_t bad;
    if (wrong == NULL && (size_t)verification.len != in->count * suite->group->element_bytes)
      wrong = "verification shares: length";
    if (wrong == NULL && !suite->group->decode_batch_vartime(points, verification.buf, in->count, &bad))
      wrong = "verification shares: no valid element";
    if (wrong == NULL) wrong = begin(session, in, message.buf, (size_t)message.len);
    if (wrong == NULL) found = find_culprits(session, in, points, culprits);
    Py_END_ALLOW_THREADS;
  }
  PyMem_Free(in);
  PyMem_Free(session);
  PyMem_Free(points);
  PyBuffer_Release(&key);
  PyBuffer_Release(&commitments);
  PyBuffer_Release(&message);
  PyBuffer_Release(&shares);
  PyBuffer_Release(&verification);
  if (wrong != NULL) return value_error(wrong);
  PyObject *numbers = PyTuple_New((Py_ssize_t)found);
  for (size_t i = 0; numbers != NULL && i < found; i++) {
    PyObject *number = PyLong_FromUnsignedLong(culprits[i]);
    if (number == NULL || PyTuple_SetItem(numbers, (Py_ssize_t)i, number) < 0) {
      Py_DECREF(numbers);
      return NULL;
    }
  }
  return numbers;
}

static PyObject *native_verify(PyObject *self, PyObject *args) {
  (void)self;
  unsigned suite_id;
  Py_buffer key, message, signature;
  bool good = false;
  if (!PyArg_ParseTuple(args, "Iy*y*y*", &suite_id, &key, &message, &signature)) return NULL;
  const ts_suite *suite = ts_suite_by_id(suite_id);
  if (suite != NULL && key.len == suite->group->element_bytes && signature.len == suite->signature_bytes) {
    ts_element point;
    Py_BEGIN_ALLOW_THREADS;
    good = suite->group->decode_vartime(&point, key.buf) &&
           ts_frost_verify_vartime(suite, &point, message.buf, (size_t)message.len, signature.buf);
    Py_END_ALLOW_THREADS;
  }
  PyBuffer_Release(&key);
  PyBuffer_Release(&message);
  PyBuffer_Release(&signature);
  if (suite == NULL) return value_error("no such suite");
  return PyBool_FromLong(good);
}

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
  if (group == NULL) return value_error("no such group");
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
  if (suite == NULL) return value_error("no such suite");
  return PyBool_FromLong(good);
}

static PyMethodDef methods[] = {
    {"aggregate", native_aggregate, METH_VARARGS,
     "aggregate(suite, key, commitments, message, shares) -> signature, unchecked. Raises ValueError."},
    {"culprits", native_culprits, METH_VARARGS,
     "culprits(suite, key, commitments, message, shares, verification_shares) -> numbers of signers whose share is wrong."},
    {"verify", native_verify, METH_VARARGS, "verify(suite, key, message, signature) -> bool: the Schnorr equation."},
    {"decodes", native_decodes, METH_VARARGS,
     "decodes(group, elements) -> bool: every element, end to end, is canonical, of prime order, not the identity."},
    {"is_scalar", native_is_scalar, METH_VARARGS, "is_scalar(suite, bytes) -> bool: canonical, below the group order."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "thresign._native", "FROST on public values.", -1, methods,
                                    NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__native(void) {
  if (sodium_init() < 0) {
    PyErr_SetString(PyExc_ImportError, "libsodium does not initialise");
    return NULL;
  }
  return PyModule_Create(&module);
}
