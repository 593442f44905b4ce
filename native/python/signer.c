/* thresign._native.Signer: an in-memory token for the library. It owns one share and the nonces made for it.
 *
 * Secrets lie in libsodium's guarded, locked memory and are wiped when they have served; no method gives one out in
 * clear, and the object cannot be copied, pickled or used after a fork (a child would sign with the parent's nonces).
 * A nonce is found by the commitments that it was published with and is gone before its share is returned. */
#include "native.h"

#include <sodium.h>
#include <string.h>

#include "thresign/dkg.h"
#include "thresign/wipe.h"

#define NONCES_PER_BLOCK 16 /* two pages at most */
#define NONCES_MAX 4096
#define STACK_BYTES 16384

enum state { FREE = 0, READY, BUSY };

typedef struct nonce_secret {
  ts_scalar hiding, binding;
} nonce_secret;

typedef struct nonce_block {
  struct nonce_block *next;
  nonce_secret *secret; /* NONCES_PER_BLOCK, in secret memory */
  enum state state[NONCES_PER_BLOCK];
  uint8_t commitments[NONCES_PER_BLOCK][2 * TS_ELEMENT_BYTES_MAX];
} nonce_block;

typedef struct signer {
  PyObject_HEAD
  const ts_suite *suite;
  uint16_t number, min_signers;
  native_process owner;
  ts_scalar *share; /* in secret memory */
  ts_element public_key;
  uint8_t verification_share[TS_ELEMENT_BYTES_MAX];
  nonce_block *blocks;
  size_t block_count;
} signer;

static PyTypeObject *signer_type;

void *native_secret_alloc(size_t length) {
  void *memory = sodium_malloc(length);
  if (memory == NULL || sodium_mlock(memory, length) != 0) {
    sodium_free(memory);
    PyErr_SetString(PyExc_MemoryError, "no memory for secrets can be locked (RLIMIT_MEMLOCK)");
    return NULL;
  }
  memset(memory, 0, length);
  return memory;
}

PyObject *native_signer_new(const ts_suite *suite, uint16_t number, uint16_t min_signers, const ts_element *public_key,
                            const ts_scalar *share) {
  ts_element point;
  ts_scalar *own = native_secret_alloc(sizeof *own);
  if (own == NULL) return NULL;
  signer *made = PyObject_New(signer, signer_type);
  if (made == NULL) {
    sodium_free(own);
    return NULL;
  }
  *own = *share;
  made->suite = suite;
  made->number = number;
  made->min_signers = min_signers;
  made->owner = native_here();
  made->share = own;
  made->public_key = *public_key;
  made->blocks = NULL;
  made->block_count = 0;
  suite->group->mul_base(&point, own);
  suite->group->encode(made->verification_share, &point);
  ts_wipe(&point, sizeof point);
  return (PyObject *)made;
}

static void signer_dealloc(PyObject *self) {
  signer *own = (signer *)self;
  PyTypeObject *type = Py_TYPE(self);
  while (own->blocks != NULL) {
    nonce_block *block = own->blocks;
    own->blocks = block->next;
    sodium_free(block->secret);
    PyMem_Free(block);
  }
  sodium_free(own->share);
  PyObject_Free(self);
  Py_DECREF(type);
}

static bool usable(const signer *own) {
  if (native_is_here(own->owner)) return true;
  PyErr_SetString(PyExc_RuntimeError, "this signer belongs to another process: a fork does not inherit it");
  return false;
}

/* ---- Nonces ------------------------------------------------------------------------------------------------------- */

static nonce_block *block_with_room(signer *own, size_t *place) {
  for (nonce_block *block = own->blocks; block != NULL; block = block->next)
    for (size_t i = 0; i < NONCES_PER_BLOCK; i++)
      if (block->state[i] == FREE) {
        *place = i;
        return block;
      }
  if (own->block_count * NONCES_PER_BLOCK >= NONCES_MAX) {
    (void)native_value_error("too many nonces wait to be used: discard some");
    return NULL;
  }
  nonce_block *block = PyMem_Calloc(1, sizeof *block);
  if (block == NULL) return (void *)PyErr_NoMemory();
  block->secret = native_secret_alloc(NONCES_PER_BLOCK * sizeof *block->secret);
  if (block->secret == NULL) {
    PyMem_Free(block);
    return NULL;
  }
  block->next = own->blocks;
  own->blocks = block;
  own->block_count++;
  *place = 0;
  return block;
}

/* RFC 9591 section 4.1: a nonce is H3(32 random bytes | share). */
static void draw(const signer *own, ts_scalar *nonce) {
  uint8_t random[32], share[TS_SCALAR_BYTES_MAX];
  randombytes_buf(random, sizeof random);
  own->suite->group->scalar_encode(share, own->share);
  ts_frost_nonce(own->suite, nonce, random, share, own->suite->group->scalar_bytes);
  ts_wipe(random, sizeof random);
  ts_wipe(share, sizeof share);
}

static PyObject *signer_commit(PyObject *self, PyObject *unused) {
  (void)unused;
  signer *own = (signer *)self;
  const ts_group *group = own->suite->group;
  ts_element points[2];
  size_t place = 0;
  if (!usable(own)) return NULL;
  nonce_block *block = block_with_room(own, &place);
  if (block == NULL) return NULL;
  draw(own, &block->secret[place].hiding);
  draw(own, &block->secret[place].binding);
  group->mul_base(&points[0], &block->secret[place].hiding);
  group->mul_base(&points[1], &block->secret[place].binding);
  group->encode_batch(block->commitments[place], points, 2);
  ts_wipe(points, sizeof points);
  sodium_stackzero(STACK_BYTES);
  block->state[place] = READY;
  return PyBytes_FromStringAndSize((const char *)block->commitments[place], 2 * (Py_ssize_t)group->element_bytes);
}

static nonce_block *find_nonce(const signer *own, const uint8_t *commitments, size_t *place) {
  for (nonce_block *block = own->blocks; block != NULL; block = block->next)
    for (size_t i = 0; i < NONCES_PER_BLOCK; i++)
      if (block->state[i] == READY &&
          memcmp(block->commitments[i], commitments, 2 * (size_t)own->suite->group->element_bytes) == 0) {
        *place = i;
        return block;
      }
  return NULL;
}

static void use_up(nonce_block *block, size_t place) {
  ts_wipe(&block->secret[place], sizeof block->secret[place]);
  memset(block->commitments[place], 0, sizeof block->commitments[place]);
  block->state[place] = FREE;
}

static PyObject *signer_discard(PyObject *self, PyObject *args) {
  signer *own = (signer *)self;
  Py_buffer commitments;
  size_t place = 0;
  if (!usable(own) || !PyArg_ParseTuple(args, "y*", &commitments)) return NULL;
  nonce_block *block = NULL;
  if (commitments.len == 2 * own->suite->group->element_bytes) block = find_nonce(own, commitments.buf, &place);
  if (block != NULL) use_up(block, place);
  PyBuffer_Release(&commitments);
  return PyBool_FromLong(block != NULL);
}

/* ---- Signing ------------------------------------------------------------------------------------------------------ */

/* The share for the session, into out. All secrets are in this frame, which its caller wipes. */
static void compute(const signer *own, const ts_signing *session, size_t index, const ts_tweaked *tweaked,
                    const nonce_secret *nonce, uint8_t *out) {
  ts_scalar share = *own->share, partial;
  ts_tweak_share(tweaked, &share);
  ts_frost_sign(session, index, &share, &nonce->hiding, &nonce->binding, &partial);
  own->suite->group->scalar_encode(out, &partial);
  ts_wipe(&share, sizeof share);
  ts_wipe(&partial, sizeof partial);
}

/* Everything but the secrets: commitments, tweaks, session. Without the interpreter lock. */
static const char *prepare(const signer *own, session_input *in, ts_signing *session, ts_tweaked *tweaked,
                           const Py_buffer *commitments, const uint8_t *message, size_t message_bytes,
                           const Py_buffer *tweaks) {
  const char *wrong = native_read_commitments(in, commitments->buf, (size_t)commitments->len, NULL);
  if (wrong == NULL && in->count < own->min_signers) wrong = "fewer signers than min_signers";
  if (wrong == NULL)
    wrong = native_read_tweaks(tweaked, own->suite, &own->public_key, tweaks->buf, (size_t)tweaks->len);
  if (wrong != NULL) return wrong;
  in->key = tweaked->key;
  return native_begin(session, in, message, message_bytes);
}

/* The session is whole before a nonce is touched; the nonce is marked while the interpreter lock is given up, so that no
 * other thread takes it, and wiped before its share leaves this function. */
static const char *sign(signer *own, session_input *in, ts_signing *session, const Py_buffer *commitments,
                        const uint8_t *message, size_t message_bytes, const Py_buffer *tweaks, uint8_t *out) {
  const char *wrong;
  ts_tweaked tweaked;
  size_t index = 0, place = 0;
  in->suite = own->suite;
  Py_BEGIN_ALLOW_THREADS;
  wrong = prepare(own, in, session, &tweaked, commitments, message, message_bytes, tweaks);
  Py_END_ALLOW_THREADS;
  if (wrong != NULL) return wrong;
  while (index < in->count && in->commitments[index].identifier != own->number) index++;
  if (index == in->count) return "this signer is not among the signers";
  nonce_block *block = find_nonce(own, in->commitments[index].encoded, &place);
  if (block == NULL) return "these commitments are not of a nonce that this signer holds: never made here, or used";
  block->state[place] = BUSY;
  Py_BEGIN_ALLOW_THREADS;
  compute(own, session, index, &tweaked, &block->secret[place], out);
  sodium_stackzero(STACK_BYTES);
  Py_END_ALLOW_THREADS;
  use_up(block, place);
  return NULL;
}

/* The message is hashed twice, without the interpreter lock: binding factors over one message and the challenge over
 * another would undo what the factors are for. So it is read once, like the commitments. */
static PyObject *signer_sign(PyObject *self, PyObject *args) {
  signer *own = (signer *)self;
  Py_buffer commitments, message, tweaks;
  uint8_t share[TS_SCALAR_BYTES_MAX];
  const char *wrong = "out of memory";
  if (!usable(own) || !PyArg_ParseTuple(args, "y*y*y*", &commitments, &message, &tweaks)) return NULL;
  session_input *in = PyMem_Malloc(sizeof *in);
  ts_signing *session = PyMem_Malloc(sizeof *session);
  uint8_t *copy = PyMem_Malloc(message.len > 0 ? (size_t)message.len : 1);
  if (in != NULL && session != NULL && copy != NULL) {
    if (message.len > 0) memcpy(copy, message.buf, (size_t)message.len);
    wrong = sign(own, in, session, &commitments, copy, (size_t)message.len, &tweaks, share);
  }
  PyMem_Free(copy);
  PyMem_Free(in);
  PyMem_Free(session);
  PyBuffer_Release(&commitments);
  PyBuffer_Release(&message);
  PyBuffer_Release(&tweaks);
  if (wrong != NULL) return native_value_error(wrong);
  return PyBytes_FromStringAndSize((const char *)share, own->suite->group->scalar_bytes);
}

/* ---- Storing ------------------------------------------------------------------------------------------------------ */

#define WRAP_TAG "ts.wrap1"
#define HEAD_BYTES(group) (13 + (size_t)(group)->element_bytes)
#define SEAL_NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SEAL_TAG crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SEAL_KEY crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define WRAPPED_BYTES(group) (HEAD_BYTES(group) + SEAL_NONCE + (group)->scalar_bytes + SEAL_TAG)

/* "ts.wrap1" | U8 suite | U16 number | U16 min_signers | public key | nonce | sealed share; the head is authenticated. */
static PyObject *signer_wrap(PyObject *self, PyObject *args) {
  signer *own = (signer *)self;
  const ts_group *group = own->suite->group;
  Py_buffer key;
  uint8_t out[13 + TS_ELEMENT_BYTES_MAX + SEAL_NONCE + TS_SCALAR_BYTES_MAX + SEAL_TAG];
  uint8_t plain[TS_SCALAR_BYTES_MAX];
  size_t head = HEAD_BYTES(group);
  if (!usable(own) || !PyArg_ParseTuple(args, "y*", &key)) return NULL;
  bool good = key.len == SEAL_KEY;
  if (good) {
    memcpy(out, WRAP_TAG, 8);
    out[8] = own->suite->id;
    out[9] = (uint8_t)(own->number >> 8);
    out[10] = (uint8_t)own->number;
    out[11] = (uint8_t)(own->min_signers >> 8);
    out[12] = (uint8_t)own->min_signers;
    group->encode(out + 13, &own->public_key);
    randombytes_buf(out + head, SEAL_NONCE);
    group->scalar_encode(plain, own->share);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + head + SEAL_NONCE, NULL, plain, group->scalar_bytes, out, head,
                                               NULL, out + head, key.buf);
    ts_wipe(plain, sizeof plain);
    sodium_stackzero(STACK_BYTES);
  }
  PyBuffer_Release(&key);
  if (!good) return native_value_error("the wrapping key is 32 bytes");
  return PyBytes_FromStringAndSize((const char *)out, (Py_ssize_t)WRAPPED_BYTES(group));
}

/* Opens into secret memory. Returns NULL, or what is wrong. */
static const char *open_wrapped(const ts_suite *suite, const uint8_t *in, const uint8_t *key, ts_element *public_key,
                                ts_scalar *share) {
  const ts_group *group = suite->group;
  uint8_t plain[TS_SCALAR_BYTES_MAX];
  size_t head = HEAD_BYTES(group);
  bool good = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, in + head + SEAL_NONCE,
                                                         group->scalar_bytes + SEAL_TAG, in, head, in + head, key) == 0 &&
              group->scalar_decode(share, plain) && group->decode_vartime(public_key, in + 13);
  ts_wipe(plain, sizeof plain);
  return good ? NULL : "another key, or a wrapped share that was altered";
}

static PyObject *native_unwrap(PyObject *self, PyObject *args) {
  (void)self;
  Py_buffer wrapped, key;
  PyObject *made = NULL;
  if (!PyArg_ParseTuple(args, "y*y*", &wrapped, &key)) return NULL;
  const uint8_t *in = wrapped.buf;
  const ts_suite *suite = wrapped.len > 13 && memcmp(in, WRAP_TAG, 8) == 0 ? ts_suite_by_id(in[8]) : NULL;
  const char *wrong = NULL;
  if (suite == NULL || (size_t)wrapped.len != WRAPPED_BYTES(suite->group)) wrong = "not a wrapped share";
  else if (key.len != SEAL_KEY) wrong = "the wrapping key is 32 bytes";
  ts_scalar *share = wrong == NULL ? native_secret_alloc(sizeof *share) : NULL;
  if (share != NULL) {
    ts_element public_key;
    wrong = open_wrapped(suite, in, key.buf, &public_key, share);
    if (wrong == NULL)
      made = native_signer_new(suite, (uint16_t)(in[9] << 8 | in[10]), (uint16_t)(in[11] << 8 | in[12]), &public_key,
                               share);
    sodium_free(share);
    sodium_stackzero(STACK_BYTES);
  }
  PyBuffer_Release(&wrapped);
  PyBuffer_Release(&key);
  return wrong != NULL ? native_value_error(wrong) : made;
}

/* ---- The trusted dealer, for tests -------------------------------------------------------------------------------- */

static PyObject *native_deal_for_tests(PyObject *self, PyObject *args) {
  (void)self;
  unsigned suite_id, number, min_signers;
  Py_buffer coefficients;
  PyObject *made = NULL;
  const char *wrong = NULL;
  ts_scalar polynomial[TS_SIGNERS_MAX];
  if (!PyArg_ParseTuple(args, "Iy*I", &suite_id, &coefficients, &number)) return NULL;
  const ts_suite *suite = ts_suite_by_id(suite_id);
  const uint8_t *in = coefficients.buf;
  size_t bytes = suite == NULL ? 1 : suite->group->scalar_bytes;
  min_signers = (unsigned)((size_t)coefficients.len / bytes);
  if (suite == NULL) wrong = "no such suite";
  else if (min_signers < 2 || min_signers > TS_SIGNERS_MAX || (size_t)coefficients.len != min_signers * bytes)
    wrong = "coefficients: length";
  else if (number == 0 || number > UINT16_MAX) wrong = "a number is 1 to 65535";
  for (size_t i = 0; wrong == NULL && i < min_signers; i++)
    if (!suite->group->scalar_decode(&polynomial[i], in + i * bytes)) wrong = "coefficients: not below the order";
  if (wrong == NULL && suite->group->scalar_is_zero(&polynomial[0])) wrong = "coefficients: the key would be the identity";
  if (wrong == NULL) {
    ts_element public_key;
    ts_scalar share;
    ts_dkg_evaluate(suite, polynomial, min_signers, (uint16_t)number, &share);
    suite->group->mul_base(&public_key, &polynomial[0]);
    made = native_signer_new(suite, (uint16_t)number, (uint16_t)min_signers, &public_key, &share);
    ts_wipe(&share, sizeof share);
  }
  ts_wipe(polynomial, sizeof polynomial);
  PyBuffer_Release(&coefficients);
  return wrong != NULL ? native_value_error(wrong) : made;
}

/* ---- The type ----------------------------------------------------------------------------------------------------- */

static PyObject *signer_reduce(PyObject *self, PyObject *unused) {
  (void)self;
  (void)unused;
  PyErr_SetString(PyExc_TypeError, "a signer owns secrets: it is neither copied nor pickled");
  return NULL;
}

static PyObject *get_suite(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromUnsignedLong(((signer *)self)->suite->id);
}

static PyObject *get_number(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromUnsignedLong(((signer *)self)->number);
}

static PyObject *get_min_signers(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromUnsignedLong(((signer *)self)->min_signers);
}

static PyObject *get_public_key(PyObject *self, void *unused) {
  (void)unused;
  signer *own = (signer *)self;
  uint8_t encoded[TS_ELEMENT_BYTES_MAX];
  own->suite->group->encode(encoded, &own->public_key);
  return PyBytes_FromStringAndSize((const char *)encoded, own->suite->group->element_bytes);
}

static PyObject *get_verification_share(PyObject *self, void *unused) {
  (void)unused;
  signer *own = (signer *)self;
  return PyBytes_FromStringAndSize((const char *)own->verification_share, own->suite->group->element_bytes);
}

static PyMethodDef signer_type_methods[] = {
    {"commit", signer_commit, METH_NOARGS, "commit() -> hiding and binding commitment of a fresh nonce."},
    {"discard", signer_discard, METH_VARARGS, "discard(commitments) -> bool: wipes the nonce, if it is held."},
    {"sign", signer_sign, METH_VARARGS, "sign(commitments, message, tweaks) -> signature share; uses up the nonce."},
    {"wrap", signer_wrap, METH_VARARGS, "wrap(key) -> the share, sealed under 32 bytes of key."},
    {"__reduce__", signer_reduce, METH_NOARGS, "Refuses."},
    {"__reduce_ex__", signer_reduce, METH_O, "Refuses."},
    {NULL, NULL, 0, NULL}};

static PyGetSetDef signer_getters[] = {
    {"suite", get_suite, NULL, "Number of the suite.", NULL},
    {"number", get_number, NULL, "The participant's number.", NULL},
    {"min_signers", get_min_signers, NULL, "How many sign together.", NULL},
    {"public_key", get_public_key, NULL, "The group's public key, encoded.", NULL},
    {"verification_share", get_verification_share, NULL, "The share times the generator, encoded.", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot signer_slots[] = {{Py_tp_dealloc, (void *)signer_dealloc},
                                     {Py_tp_methods, signer_type_methods},
                                     {Py_tp_getset, signer_getters},
                                     {Py_tp_doc, "An in-memory token: owns a share and its nonces."},
                                     {0, NULL}};
static PyType_Spec signer_spec = {.name = "thresign._native.Signer",
                                  .basicsize = sizeof(signer),
                                  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION |
                                           Py_TPFLAGS_IMMUTABLETYPE,
                                  .slots = signer_slots};

bool native_signer_ready(PyObject *module) {
  signer_type = (PyTypeObject *)PyType_FromSpec(&signer_spec);
  return signer_type != NULL && PyModule_AddObjectRef(module, "Signer", (PyObject *)signer_type) == 0;
}

PyMethodDef native_signer_methods[] = {
    {"unwrap", native_unwrap, METH_VARARGS, "unwrap(wrapped, key) -> Signer. Raises ValueError."},
    {"deal_for_tests", native_deal_for_tests, METH_VARARGS,
     "deal_for_tests(suite, coefficients, number) -> Signer: for tests, since the dealer knows the key."},
    {NULL, NULL, 0, NULL}};
