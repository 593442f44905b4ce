/* What the files of thresign._native share. */
#ifndef THRESIGN_PYTHON_NATIVE_H
#define THRESIGN_PYTHON_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <sys/types.h>

#include "thresign/frost.h"

/* What several functions take: a suite, its group key, the commitment list, and shares. */
typedef struct session_input {
  const ts_suite *suite;
  ts_element key;
  size_t count;
  ts_commitment commitments[TS_SIGNERS_MAX];
  ts_scalar shares[TS_SIGNERS_MAX];
  ts_element elements[2 * TS_SIGNERS_MAX + 1];
} session_input;

/* Raises ValueError; returns NULL. */
PyObject *native_value_error(const char *text);

/* Reads for each signer U16 number, hiding, binding, end to end, into `commitments` of `in` (whose suite is set); and the
 * encoding of the group key into `key`, if there is one. All are decoded together, which costs less than one by one.
 * Returns NULL, or what is wrong. Runs without the interpreter lock. */
const char *native_read_commitments(session_input *in, const uint8_t *bytes, size_t length, const uint8_t *key);

/* Reads tweaks end to end, each U8 kind and a scalar, onto `key`. Returns NULL, or what is wrong. */
const char *native_read_tweaks(ts_tweaked *tweaked, const ts_suite *suite, const ts_element *key, const uint8_t *bytes,
                               size_t length);

/* Begins the session for the key of `in`. Returns NULL, or what is wrong. */
const char *native_begin(ts_signing *session, const session_input *in, const uint8_t *message, size_t message_bytes);

/* A process, so that what owns secrets can tell its own from a child of it: by number, and by the forks that led here,
 * since numbers come again (after the parent's end, or in a PID namespace of its own). */
typedef struct native_process {
  pid_t number;
  unsigned long forks;
} native_process;

native_process native_here(void);
bool native_is_here(native_process process);

extern PyMethodDef native_group_methods[];
extern PyMethodDef native_signer_methods[];
extern PyMethodDef native_ceremony_methods[];

/* Make the types, and add them to the module; false with an exception set. */
bool native_signer_ready(PyObject *module);
bool native_ceremony_ready(PyObject *module);

/* A new in-memory token holding a share, which is copied; the caller wipes its own. NULL with an exception set. */
PyObject *native_signer_new(const ts_suite *suite, uint16_t number, uint16_t min_signers, const ts_element *public_key,
                            const ts_scalar *share);

/* Memory for secrets: guarded, locked, not dumped, wiped when freed (libsodium). NULL with an exception set: memory that
 * cannot be locked is an error. Freed by sodium_free. */
void *native_secret_alloc(size_t length);

#endif
