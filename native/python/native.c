/* thresign._native: FROST for Python. The one directory with Python.h.
 *
 *   native.c     the module; FROST on public values
 *   group.c      group arithmetic on public values
 *   signer.c     an in-memory token for the library: owns a share and its nonces
 *   ceremony.c   one participant of a key generation, which ends in such a token
 *
 * Bytes in, bytes out, one call per operation; the interpreter lock is released around the arithmetic. Secrets stay in
 * the two types' own memory: no method returns one in clear.
 */
#include "native.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

PyObject *native_value_error(const char *text) {
  PyErr_SetString(PyExc_ValueError, text);
  return NULL;
}

/* ---- Processes ---------------------------------------------------------------------------------------------------- */

static unsigned long forks;

static void after_fork_in_child(void) { forks++; }

native_process native_here(void) { return (native_process){getpid(), forks}; }

bool native_is_here(native_process process) { return process.number == getpid() && process.forks == forks; }

/* ---- Reading ------------------------------------------------------------------------------------------------------ */

const char *native_read_commitments(session_input *in, const uint8_t *bytes, size_t length, const uint8_t *key) {
  const ts_group *group = in->suite->group;
  size_t element = group->element_bytes, each = 2 + 2 * element;
  uint8_t encoded[(2 * TS_SIGNERS_MAX + 1) * TS_ELEMENT_BYTES_MAX];
  size_t bad;
  in->count = length / each;
  if (in->count == 0 || in->count > TS_SIGNERS_MAX || length % each != 0) return "commitments: length";
  for (size_t i = 0; i < in->count; i++) {
    const uint8_t *at = bytes + i * each;
    in->commitments[i].identifier = (uint16_t)(at[0] << 8 | at[1]);
    memcpy(in->commitments[i].encoded, at + 2, 2 * element);
    memcpy(encoded + i * 2 * element, in->commitments[i].encoded, 2 * element); /* not read again: it may change */
  }
  if (key != NULL) memcpy(encoded + 2 * in->count * element, key, element);
  if (!group->decode_batch_vartime(in->elements, encoded, 2 * in->count + (key != NULL), &bad))
    return bad == 2 * in->count ? "key: no valid element" : "commitments: no valid element";
  if (key != NULL) in->key = in->elements[2 * in->count];
  for (size_t i = 0; i < in->count; i++) {
    in->commitments[i].hiding = in->elements[2 * i];
    in->commitments[i].binding = in->elements[2 * i + 1];
  }
  return NULL;
}

const char *native_read_tweaks(ts_tweaked *tweaked, const ts_suite *suite, const ts_element *key, const uint8_t *bytes,
                               size_t length) {
  size_t each = 1 + (size_t)suite->group->scalar_bytes;
  if (length % each != 0) return "tweaks: length";
  ts_tweak_begin(tweaked, suite, key);
  for (size_t i = 0; i < length; i += each)
    if (!ts_tweak_add_vartime(tweaked, bytes[i], bytes + i + 1)) return "tweaks: one that the key does not admit";
  return NULL;
}

/* shares: scalars end to end, in the order of the commitments. */
static const char *read_session(session_input *in, const Py_buffer *key, const Py_buffer *commitments,
                                const Py_buffer *shares) {
  const ts_group *group = in->suite->group;
  const uint8_t *at = shares->buf;
  if ((size_t)key->len != group->element_bytes) return "key: no valid element";
  const char *wrong = native_read_commitments(in, commitments->buf, (size_t)commitments->len, key->buf);
  if (wrong != NULL) return wrong;
  if ((size_t)shares->len != in->count * group->scalar_bytes) return "shares: length";
  for (size_t i = 0; i < in->count; i++)
    if (!group->scalar_decode(&in->shares[i], at + i * group->scalar_bytes)) return "shares: not below the order";
  return NULL;
}

const char *native_begin(ts_signing *session, const session_input *in, const uint8_t *message, size_t message_bytes) {
  switch (ts_frost_begin_vartime(session, in->suite, &in->key, in->commitments, in->count, message, message_bytes)) {
    case TS_FROST_OK: return NULL;
    case TS_FROST_SIGNERS: return "signers do not rise";
    case TS_FROST_KEY: return "key: the identity";
    case TS_FROST_COMMITMENT: return "the group commitment is the identity";
  }
  return "unreachable";
}

/* The signature, verified by our own arithmetic if `checked`; None if it does not verify. */
static PyObject *aggregate(PyObject *args, bool checked) {
  unsigned suite_id;
  Py_buffer key, commitments, message, shares;
  uint8_t signature[TS_SIGNATURE_BYTES_MAX];
  const char *wrong;
  bool good = true;
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
    wrong = read_session(in, &key, &commitments, &shares);
    if (wrong == NULL) wrong = native_begin(session, in, message.buf, (size_t)message.len);
    if (wrong == NULL && checked) good = ts_frost_aggregate_verified_vartime(session, in->shares, signature);
    if (wrong == NULL && !checked) ts_frost_aggregate(session, in->shares, signature);
    Py_END_ALLOW_THREADS;
  }
  PyMem_Free(in);
  PyMem_Free(session);
  PyBuffer_Release(&key);
  PyBuffer_Release(&commitments);
  PyBuffer_Release(&message);
  PyBuffer_Release(&shares);
  if (wrong != NULL) return native_value_error(wrong);
  if (!good) Py_RETURN_NONE;
  return PyBytes_FromStringAndSize((const char *)signature, suite->signature_bytes);
}

static PyObject *native_aggregate(PyObject *self, PyObject *args) {
  (void)self;
  return aggregate(args, false);
}

static PyObject *native_aggregate_verified(PyObject *self, PyObject *args) {
  (void)self;
  return aggregate(args, true);
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
    wrong = read_session(in, &key, &commitments, &shares);
    size_t bad;
    if (wrong == NULL && (size_t)verification.len != in->count * suite->group->element_bytes)
      wrong = "verification shares: length";
    if (wrong == NULL && !suite->group->decode_batch_vartime(points, verification.buf, in->count, &bad))
      wrong = "verification shares: no valid element";
    if (wrong == NULL) wrong = native_begin(session, in, message.buf, (size_t)message.len);
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
  if (wrong != NULL) return native_value_error(wrong);
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
  if (suite == NULL) return native_value_error("no such suite");
  return PyBool_FromLong(good);
}

static PyObject *native_tweak(PyObject *self, PyObject *args) {
  (void)self;
  unsigned suite_id;
  Py_buffer key, tweaks, shares;
  PyObject *answer = NULL;
  if (!PyArg_ParseTuple(args, "Iy*y*y*", &suite_id, &key, &tweaks, &shares)) return NULL;
  const ts_suite *suite = ts_suite_by_id(suite_id);
  ts_tweaked tweaked;
  ts_element point;
  const char *wrong = suite == NULL ? "no such suite" : NULL;
  size_t element = suite == NULL ? 1 : suite->group->element_bytes;
  if (wrong == NULL && ((size_t)key.len != element || !suite->group->decode_vartime(&point, key.buf)))
    wrong = "key: no valid element";
  if (wrong == NULL) wrong = native_read_tweaks(&tweaked, suite, &point, tweaks.buf, (size_t)tweaks.len);
  if (wrong == NULL && (size_t)shares.len % element != 0) wrong = "verification shares: length";
  if (wrong == NULL) answer = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)element + shares.len);
  if (answer != NULL) {
    uint8_t *out = (uint8_t *)PyBytes_AsString(answer);
    const uint8_t *in = shares.buf;
    suite->group->encode(out, &tweaked.key);
    for (size_t i = 0; wrong == NULL && i < (size_t)shares.len; i += element) {
      if (!suite->group->decode_vartime(&point, in + i)) wrong = "verification shares: no valid element";
      ts_tweak_verification_share(&tweaked, &point);
      suite->group->encode(out + element + i, &point);
    }
  }
  PyBuffer_Release(&key);
  PyBuffer_Release(&tweaks);
  PyBuffer_Release(&shares);
  if (wrong != NULL) {
    Py_XDECREF(answer);
    return native_value_error(wrong);
  }
  return answer;
}

static PyObject *native_suite(PyObject *self, PyObject *args) {
  (void)self;
  unsigned suite_id;
  if (!PyArg_ParseTuple(args, "I", &suite_id)) return NULL;
  const ts_suite *suite = ts_suite_by_id(suite_id);
  if (suite == NULL) return native_value_error("no such suite");
  return Py_BuildValue("(siiiiO)", suite->name, suite->group->id, suite->group->element_bytes,
                       suite->group->scalar_bytes, suite->signature_bytes, suite->x_only ? Py_True : Py_False);
}

static PyMethodDef methods[] = {
    {"aggregate", native_aggregate, METH_VARARGS,
     "aggregate(suite, key, commitments, message, shares) -> signature, unchecked. Raises ValueError."},
    {"aggregate_verified", native_aggregate_verified, METH_VARARGS,
     "aggregate_verified(suite, key, commitments, message, shares) -> signature, or None if it does not verify."},
    {"culprits", native_culprits, METH_VARARGS,
     "culprits(suite, key, commitments, message, shares, verification_shares) -> numbers of signers whose share is wrong."},
    {"verify", native_verify, METH_VARARGS, "verify(suite, key, message, signature) -> bool: the Schnorr equation."},
    {"suite", native_suite, METH_VARARGS,
     "suite(number) -> (title, group, element_bytes, scalar_bytes, signature_bytes, x_only). Raises ValueError."},
    {"tweak", native_tweak, METH_VARARGS,
     "tweak(suite, key, tweaks, verification_shares) -> the tweaked key, then the tweaked verification shares."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "thresign._native", "FROST.", -1, methods,
                                    NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__native(void) {
  if (pthread_atfork(NULL, NULL, after_fork_in_child) != 0) return PyErr_NoMemory();
  if (sodium_init() < 0) {
    PyErr_SetString(PyExc_ImportError, "libsodium does not initialise");
    return NULL;
  }
  PyObject *made = PyModule_Create(&module);
  if (made == NULL) return NULL;
  if (PyModule_AddFunctions(made, native_group_methods) < 0 || PyModule_AddFunctions(made, native_signer_methods) < 0 ||
      PyModule_AddFunctions(made, native_ceremony_methods) < 0 || !native_signer_ready(made) || !native_ceremony_ready(made)) {
    Py_DECREF(made);
    return NULL;
  }
  return made;
}
