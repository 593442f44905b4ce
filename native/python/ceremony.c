/* thresign._native.Ceremony: one participant of a distributed key generation, for the library (dkg.h; the token's own
 * ceremonies, opened by certified orders, are native/token/keygen.c).
 *
 * Two rounds of packages, each sent to all. First: one-time X25519 key, commitments, proof of possession. Second: digest
 * of all first packages, and for each participant its sub-share, sealed to its one-time key. Who receives them has to
 * know who sent them: packages are not signed here. The polynomial lies in secret memory and ends in a Signer.
 *
 * The interpreter lock is given up for the arithmetic; a ceremony is BUSY meanwhile, and refuses other threads. */
#include "native.h"

#include <sodium.h>
#include <string.h>

#include "thresign/dkg.h"
#include "thresign/wipe.h"

#define STACK_BYTES 65536
#define SEALED_PLAIN_BYTES(group) ((size_t)(group)->scalar_bytes + 32 + 2 + 2)
#define SEALED_BYTES(group) (SEALED_PLAIN_BYTES(group) + crypto_box_SEALBYTES)

enum step { BEGUN, DEALT, FINISHED, BUSY };

typedef struct ceremony_secret {
  uint8_t opening_key[32];
  ts_scalar nonce;
  ts_scalar coefficients[]; /* min_signers */
} ceremony_secret;

typedef struct ceremony {
  PyObject_HEAD
  const ts_suite *suite;
  uint16_t min_signers;
  native_process owner;
  size_t count, own;
  uint16_t participants[TS_SIGNERS_MAX];
  uint8_t context[32];
  uint8_t transcript[32];
  enum step step;
  ceremony_secret *secret;
  uint8_t sealing_keys[TS_SIGNERS_MAX][32];
  ts_element *commitments; /* count * min_signers */
  PyObject *first;         /* this participant's package */
} ceremony;

static PyTypeObject *ceremony_type;

static size_t first_bytes(const ceremony *own) {
  const ts_group *group = own->suite->group;
  return 32 + (size_t)own->min_signers * group->element_bytes + group->element_bytes + group->scalar_bytes;
}

static size_t second_bytes(const ceremony *own) { return 32 + own->count * SEALED_BYTES(own->suite->group); }

static void ceremony_dealloc(PyObject *self) {
  ceremony *own = (ceremony *)self;
  PyTypeObject *type = Py_TYPE(self);
  sodium_free(own->secret);
  PyMem_Free(own->commitments);
  Py_XDECREF(own->first);
  PyObject_Free(self);
  Py_DECREF(type);
}

/* Raises ValueError(text, number of the culprit). */
static PyObject *blame(const char *text, uint16_t culprit) {
  PyObject *arguments = Py_BuildValue("(si)", text, (int)culprit);
  if (arguments != NULL) PyErr_SetObject(PyExc_ValueError, arguments);
  Py_XDECREF(arguments);
  return NULL;
}

static bool usable(const ceremony *own, enum step step) {
  if (!native_is_here(own->owner)) {
    PyErr_SetString(PyExc_RuntimeError, "this ceremony belongs to another process: a fork does not inherit it");
    return false;
  }
  if (own->step == step) return true;
  (void)native_value_error("a step of key generation out of its turn");
  return false;
}

/* ---- Beginning ---------------------------------------------------------------------------------------------------- */

/* What the proofs of possession are bound to: suite, threshold, participants, and the caller's context. */
static void bind_context(ceremony *own, const uint8_t *context, size_t length) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, (const uint8_t *)"ts.libk1", 8);
  const uint8_t head[5] = {own->suite->id, (uint8_t)(own->min_signers >> 8), (uint8_t)own->min_signers,
                           (uint8_t)(own->count >> 8), (uint8_t)own->count};
  crypto_hash_sha256_update(&state, head, sizeof head);
  for (size_t i = 0; i < own->count; i++) {
    const uint8_t number[2] = {(uint8_t)(own->participants[i] >> 8), (uint8_t)own->participants[i]};
    crypto_hash_sha256_update(&state, number, sizeof number);
  }
  crypto_hash_sha256_update(&state, context, length);
  crypto_hash_sha256_final(&state, own->context);
}

static void draw(const ceremony *own, ts_scalar *out) {
  uint8_t random[32];
  randombytes_buf(random, sizeof random);
  ts_frost_nonce(own->suite, out, random, own->context, sizeof own->context);
  ts_wipe(random, sizeof random);
}

static PyObject *make_first(const ceremony *own) {
  const ts_suite *suite = own->suite;
  PyObject *package = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)first_bytes(own));
  if (package == NULL) return NULL;
  uint8_t *out = (uint8_t *)PyBytes_AsString(package);
  uint8_t *commitments = out + 32, *proof = commitments + (size_t)own->min_signers * suite->group->element_bytes;
  for (size_t k = 0; k < own->min_signers; k++) draw(own, &own->secret->coefficients[k]);
  draw(own, &own->secret->nonce);
  crypto_box_keypair(out, own->secret->opening_key);
  ts_dkg_commit(suite, own->secret->coefficients, own->min_signers, commitments);
  ts_dkg_prove(suite, &own->secret->coefficients[0], &own->secret->nonce, own->context, sizeof own->context,
               own->participants[own->own], commitments, proof);
  ts_wipe(&own->secret->nonce, sizeof own->secret->nonce);
  sodium_stackzero(STACK_BYTES);
  return package;
}

/* Reads U16 numbers, rising; NULL, or what is wrong. */
static const char *read_participants(ceremony *own, const Py_buffer *numbers, unsigned number) {
  const uint8_t *in = numbers->buf;
  bool found = false;
  own->count = (size_t)numbers->len / 2;
  if (numbers->len % 2 != 0 || own->count > TS_SIGNERS_MAX) return "participants: at most 128";
  for (size_t i = 0; i < own->count; i++) {
    own->participants[i] = (uint16_t)(in[2 * i] << 8 | in[2 * i + 1]);
    if (own->participants[i] == 0 || (i > 0 && own->participants[i - 1] >= own->participants[i]))
      return "participants: numbers from 1 that rise";
    if (own->participants[i] == number) {
      own->own = i;
      found = true;
    }
  }
  return found ? NULL : "participants: this number is not among them";
}

static const char *begin(ceremony *own, unsigned number, const Py_buffer *participants, unsigned min_signers,
                         const Py_buffer *context) {
  const char *wrong = read_participants(own, participants, number);
  if (wrong != NULL) return wrong;
  if (min_signers < 2 || min_signers > own->count || min_signers > TS_DKG_MIN_SIGNERS_MAX)
    return "min_signers lies between 2 and the number of participants";
  own->min_signers = (uint16_t)min_signers;
  bind_context(own, context->buf, (size_t)context->len);
  return NULL;
}

static PyObject *native_ceremony(PyObject *self, PyObject *args) {
  (void)self;
  unsigned suite_id, number, min_signers;
  Py_buffer participants, context;
  if (!PyArg_ParseTuple(args, "IIy*Iy*", &suite_id, &number, &participants, &min_signers, &context)) return NULL;
  const ts_suite *suite = ts_suite_by_id(suite_id);
  ceremony *made = PyObject_New(ceremony, ceremony_type);
  const char *wrong = NULL;
  if (made != NULL) {
    memset((uint8_t *)made + sizeof(PyObject), 0, sizeof *made - sizeof(PyObject));
    made->suite = suite;
    made->owner = native_here();
    wrong = suite == NULL ? "no such suite" : begin(made, number, &participants, min_signers, &context);
    if (wrong == NULL) {
      made->commitments = PyMem_Calloc(made->count * min_signers, sizeof *made->commitments);
      made->secret = native_secret_alloc(sizeof *made->secret + min_signers * sizeof(ts_scalar));
      if (made->commitments != NULL && made->secret != NULL) made->first = make_first(made);
    }
  }
  PyBuffer_Release(&participants);
  PyBuffer_Release(&context);
  if (wrong == NULL && made != NULL && made->first != NULL) return (PyObject *)made;
  Py_XDECREF((PyObject *)made);
  if (wrong != NULL) return native_value_error(wrong);
  return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

/* ---- Packages ----------------------------------------------------------------------------------------------------- */

/* One package of each participant, in their order, of the right length. False with an exception set. */
static bool read_packages(const ceremony *own, PyObject *packages, size_t length, const uint8_t **out) {
  if (!PyTuple_Check(packages) || PyTuple_Size(packages) != (Py_ssize_t)own->count) {
    (void)native_value_error("one package of each participant, in order");
    return false;
  }
  for (size_t i = 0; i < own->count; i++) {
    char *bytes;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(PyTuple_GetItem(packages, (Py_ssize_t)i), &bytes, &size) < 0) return false;
    if ((size_t)size != length) {
      (void)blame("a package of another length", own->participants[i]);
      return false;
    }
    out[i] = (const uint8_t *)bytes;
  }
  return true;
}

static const char *check_first(ceremony *own, size_t i, const uint8_t *package) {
  const ts_group *group = own->suite->group;
  const uint8_t *commitments = package + 32;
  size_t bad;
  memcpy(own->sealing_keys[i], package, 32);
  if (!group->decode_batch_vartime(&own->commitments[i * own->min_signers], commitments, own->min_signers, &bad))
    return "commitments that are no valid elements";
  if (!ts_dkg_verify_proof_vartime(own->suite, own->context, sizeof own->context, own->participants[i], commitments,
                                   &own->commitments[i * own->min_signers],
                                   commitments + (size_t)own->min_signers * group->element_bytes))
    return "a proof of possession that does not verify";
  return NULL;
}

static void hash_first(ceremony *own, const uint8_t *const *packages) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, own->context, sizeof own->context);
  for (size_t i = 0; i < own->count; i++) crypto_hash_sha256_update(&state, packages[i], first_bytes(own));
  crypto_hash_sha256_final(&state, own->transcript);
}

/* What follows the sub-share in a sealed box: transcript, dealer, receiver. */
static void write_address(const ceremony *own, size_t from, size_t to, uint8_t out[36]) {
  memcpy(out, own->transcript, 32);
  out[32] = (uint8_t)(own->participants[from] >> 8);
  out[33] = (uint8_t)own->participants[from];
  out[34] = (uint8_t)(own->participants[to] >> 8);
  out[35] = (uint8_t)own->participants[to];
}

static bool seal_share(const ceremony *own, size_t to, uint8_t *out) {
  const ts_group *group = own->suite->group;
  uint8_t plain[TS_SCALAR_BYTES_MAX + 36];
  ts_scalar share;
  ts_dkg_evaluate(own->suite, own->secret->coefficients, own->min_signers, own->participants[to], &share);
  group->scalar_encode(plain, &share);
  write_address(own, own->own, to, plain + group->scalar_bytes);
  bool sealed = crypto_box_seal(out, plain, SEALED_PLAIN_BYTES(group), own->sealing_keys[to]) == 0;
  ts_wipe(&share, sizeof share);
  ts_wipe(plain, sizeof plain);
  return sealed;
}

/* ---- Round 1 to 2 ------------------------------------------------------------------------------------------------- */

static const char *check_all_first(ceremony *own, const uint8_t *const *packages, uint16_t *culprit) {
  const ts_group *group = own->suite->group;
  ts_element sum;
  group->set_identity(&sum);
  for (size_t i = 0; i < own->count; i++) {
    *culprit = own->participants[i];
    const char *wrong = check_first(own, i, packages[i]);
    if (wrong != NULL) return wrong;
    group->add(&sum, &sum, &own->commitments[i * own->min_signers]);
  }
  *culprit = 0;
  return group->is_identity(&sum) ? "the group key would be the identity" : NULL;
}

/* Checks the packages and fills `out` with this participant's second one. Without the interpreter lock. */
static const char *deal(ceremony *own, const uint8_t *const *heard, uint8_t *out, uint16_t *culprit) {
  const char *wrong = check_all_first(own, heard, culprit);
  if (wrong != NULL) return wrong;
  hash_first(own, heard);
  memcpy(out, own->transcript, 32);
  for (size_t i = 0; i < own->count; i++) {
    *culprit = own->participants[i];
    if (!seal_share(own, i, out + 32 + i * SEALED_BYTES(own->suite->group))) return "a one-time key of small order";
  }
  sodium_stackzero(STACK_BYTES);
  return NULL;
}

static PyObject *ceremony_deal(PyObject *self, PyObject *packages) {
  ceremony *own = (ceremony *)self;
  const uint8_t *heard[TS_SIGNERS_MAX];
  uint16_t culprit = 0;
  const char *wrong;
  if (!usable(own, BEGUN) || !read_packages(own, packages, first_bytes(own), heard)) return NULL;
  if (memcmp(heard[own->own], PyBytes_AsString(own->first), first_bytes(own)) != 0)
    return blame("another package in this participant's name", 0);
  PyObject *package = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)second_bytes(own));
  if (package == NULL) return NULL;
  uint8_t *out = (uint8_t *)PyBytes_AsString(package);
  own->step = BUSY;
  Py_BEGIN_ALLOW_THREADS;
  wrong = deal(own, heard, out, &culprit);
  Py_END_ALLOW_THREADS;
  own->step = wrong == NULL ? DEALT : BEGUN;
  if (wrong == NULL) return package;
  Py_DECREF(package);
  return blame(wrong, culprit);
}

/* ---- Round 2 to the key ------------------------------------------------------------------------------------------- */

static const char *open_share(const ceremony *own, size_t from, const uint8_t *package, ts_scalar *share) {
  const ts_group *group = own->suite->group;
  uint8_t plain[TS_SCALAR_BYTES_MAX + 36], address[36];
  write_address(own, from, own->own, address);
  if (memcmp(package, own->transcript, 32) != 0) return "a participant that saw other first packages";
  bool good = crypto_box_seal_open(plain, package + 32 + own->own * SEALED_BYTES(group), SEALED_BYTES(group),
                                   own->sealing_keys[own->own], own->secret->opening_key) == 0 &&
              memcmp(plain + group->scalar_bytes, address, sizeof address) == 0 && group->scalar_decode(share, plain);
  ts_wipe(plain, sizeof plain);
  return good ? NULL : "a sub-share that does not open";
}

/* Opens and checks every sub-share (Feldman) and adds them up; `shares` has two places, in secret memory. */
static const char *gather(const ceremony *own, const uint8_t *const *packages, ts_scalar *shares, uint16_t *culprit) {
  const ts_group *group = own->suite->group;
  for (size_t i = 0; i < own->count; i++) {
    ts_element expected;
    *culprit = own->participants[i];
    const char *wrong = open_share(own, i, packages[i], &shares[0]);
    if (wrong != NULL) return wrong;
    ts_dkg_evaluate_points_vartime(own->suite, &own->commitments[i * own->min_signers], own->min_signers,
                                   own->participants[own->own], &expected);
    if (!ts_dkg_share_matches(own->suite, &shares[0], &expected))
      return "a sub-share that does not belong to the commitments";
    group->scalar_add(&shares[1], &shares[1], &shares[0]);
  }
  return NULL;
}

/* The group key and all verification shares, encoded, end to end. */
static void public_values(const ceremony *own, ts_element *key, uint8_t *out) {
  const ts_group *group = own->suite->group;
  ts_element polynomial[TS_DKG_MIN_SIGNERS_MAX];
  for (size_t k = 0; k < own->min_signers; k++) {
    polynomial[k] = own->commitments[k];
    for (size_t i = 1; i < own->count; i++)
      group->add(&polynomial[k], &polynomial[k], &own->commitments[i * own->min_signers + k]);
  }
  for (size_t i = 0; i < own->count; i++) {
    ts_element share;
    ts_dkg_evaluate_points_vartime(own->suite, polynomial, own->min_signers, own->participants[i], &share);
    group->encode(out + i * group->element_bytes, &share);
  }
  *key = polynomial[0];
}

/* (Signer, verification shares), with two places for scalars in secret memory. */
static PyObject *finish(ceremony *own, const uint8_t *const *packages, ts_scalar *shares) {
  uint16_t culprit = 0;
  ts_element key;
  const char *wrong;
  PyObject *answer = NULL;
  PyObject *verification = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(own->count * own->suite->group->element_bytes));
  if (verification == NULL) return NULL;
  uint8_t *out = (uint8_t *)PyBytes_AsString(verification);
  own->step = BUSY;
  Py_BEGIN_ALLOW_THREADS;
  wrong = gather(own, packages, shares, &culprit);
  if (wrong == NULL) public_values(own, &key, out);
  sodium_stackzero(STACK_BYTES);
  Py_END_ALLOW_THREADS;
  own->step = DEALT;
  PyObject *made = wrong == NULL
                       ? native_signer_new(own->suite, own->participants[own->own], own->min_signers, &key, &shares[1])
                       : NULL;
  if (made != NULL) answer = Py_BuildValue("(OO)", made, verification);
  Py_XDECREF(made);
  Py_DECREF(verification);
  return wrong != NULL ? blame(wrong, culprit) : answer;
}

static PyObject *ceremony_finish(PyObject *self, PyObject *packages) {
  ceremony *own = (ceremony *)self;
  const uint8_t *heard[TS_SIGNERS_MAX];
  if (!usable(own, DEALT) || !read_packages(own, packages, second_bytes(own), heard)) return NULL;
  ts_scalar *shares = native_secret_alloc(2 * sizeof *shares);
  if (shares == NULL) return NULL;
  PyObject *answer = finish(own, heard, shares);
  sodium_free(shares);
  if (answer != NULL) { /* the polynomial has served */
    sodium_free(own->secret);
    own->secret = NULL;
    own->step = FINISHED;
  }
  return answer;
}

/* ---- The type ----------------------------------------------------------------------------------------------------- */

static PyObject *ceremony_reduce(PyObject *self, PyObject *unused) {
  (void)self;
  (void)unused;
  PyErr_SetString(PyExc_TypeError, "a ceremony owns secrets: it is neither copied nor pickled");
  return NULL;
}

static PyObject *get_first(PyObject *self, void *unused) {
  (void)unused;
  PyObject *first = ((ceremony *)self)->first;
  Py_INCREF(first);
  return first;
}

static PyMethodDef ceremony_type_methods[] = {
    {"deal", ceremony_deal, METH_O, "deal(first packages) -> this participant's second package."},
    {"finish", ceremony_finish, METH_O, "finish(second packages) -> (Signer, all verification shares end to end)."},
    {"__reduce__", ceremony_reduce, METH_NOARGS, "Refuses."},
    {"__reduce_ex__", ceremony_reduce, METH_O, "Refuses."},
    {NULL, NULL, 0, NULL}};

static PyGetSetDef ceremony_getters[] = {{"first", get_first, NULL, "This participant's first package.", NULL},
                                         {NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot ceremony_slots[] = {{Py_tp_dealloc, (void *)ceremony_dealloc},
                                       {Py_tp_methods, ceremony_type_methods},
                                       {Py_tp_getset, ceremony_getters},
                                       {Py_tp_doc, "One participant of a distributed key generation."},
                                       {0, NULL}};
static PyType_Spec ceremony_spec = {.name = "thresign._native.Ceremony",
                                    .basicsize = sizeof(ceremony),
                                    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION |
                                             Py_TPFLAGS_IMMUTABLETYPE,
                                    .slots = ceremony_slots};

bool native_ceremony_ready(PyObject *module) {
  ceremony_type = (PyTypeObject *)PyType_FromSpec(&ceremony_spec);
  return ceremony_type != NULL && PyModule_AddObjectRef(module, "Ceremony", (PyObject *)ceremony_type) == 0;
}

PyMethodDef native_ceremony_methods[] = {
    {"ceremony", native_ceremony, METH_VARARGS,
     "ceremony(suite, number, participants, min_signers, context) -> Ceremony; participants are U16, rising."},
    {NULL, NULL, 0, NULL}};
