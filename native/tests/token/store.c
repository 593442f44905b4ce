/* The token file from inside: its one form, and that nothing in it can be altered by someone without a PIN, even with the
 * checksum made right again. */
#include "fast_kdf.h"
#include "genesis.h"
#include "harness.h"
#include "internal.h"

static CK_RV outcome(CK_USER_TYPE who) {
  CK_SESSION_HANDLE session;
  CK_RV rv = p11->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
  if (rv != CKR_OK) return rv;
  rv = log_in(session, who, who == CKU_SO ? SO_PIN : USER_PIN);
  EXPECT(CKR_OK, p11->C_CloseSession(session));
  return rv;
}

static void make_full_token(CK_OBJECT_HANDLE pair[2]) {
  CK_OBJECT_CLASS data = CKO_DATA;
  CK_OBJECT_HANDLE handle;
  test_domain domain;
  CK_ATTRIBUTE secret[] = {{CKA_CLASS, &data, sizeof data}, {CKA_TOKEN, &yes, 1}, {CKA_PRIVATE, &yes, 1},
                           {CKA_VALUE, BYTES("a secret"), 8}};
  new_token();
  CK_SESSION_HANDLE session = user_session();
  EXPECT(CKR_OK, generate_identity(session, pair));
  generate(session, true, pair);
  EXPECT(CKR_OK, p11->C_CreateObject(session, secret, COUNT(secret), &handle));
  test_domain_make(session, &domain);
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  EXPECT(CKR_OK, pin_bytes(session, domain.genesis, domain.genesis_length, &handle));
  EXPECT(CKR_OK, p11->C_CloseAllSessions(0));
}

/* ---- Alteration -------------------------------------------------------------------------------------------------------- */

/* What a login finds when byte i has been altered. */
static bool found_right(size_t i, CK_USER_TYPE who, CK_RV rv) {
  if (i == 8) return rv == CKR_TS_STORE_VERSION;
  if (i == 256 || i == 257) return rv == CKR_OK || rv == CKR_TS_STORE_CORRUPT || rv == CKR_PIN_LOCKED; /* the counters */
  if (rv == CKR_TS_STORE_TAMPERED || rv == CKR_TS_STORE_CORRUPT) return true;
  bool in_wrap = who == CKU_SO ? i >= 64 && i < 160 : i >= 160 && i < 256; /* one's own: like a wrong PIN */
  return rv == CKR_PIN_INCORRECT && (in_wrap || (i >= 16 && i < 32));      /* so is the serial, which wraps are bound to */
}

static void every_byte_with_checksum(void) {
  CK_OBJECT_HANDLE pair[2];
  size_t length;
  make_full_token(pair);
  uint8_t *good = read_file(token_path("token.ts"), &length), *bad = malloc(length);
  const CK_USER_TYPE users[] = {CKU_USER, CKU_SO};
  size_t tampered = 0;
  for (size_t i = 0; i < length; i++) {
    if (i >= 264 && i < 296) continue; /* the checksum itself */
    memcpy(bad, good, length);
    bad[i] ^= (uint8_t)(1u << (test_random() % 8));
    ts_store_set_mark(bad, length, bad + 296);
    for (size_t u = 0; u < COUNT(users); u++) {
      write_file(token_path("token.ts"), bad, length, 0600);
      CK_RV rv = outcome(users[u]);
      if (!found_right(i, users[u], rv)) fprintf(stderr, "byte %zu, user %lu: 0x%lx\n", i, users[u], rv);
      CHECK(found_right(i, users[u], rv));
      tampered += rv == CKR_TS_STORE_TAMPERED;
    }
  }
  CHECK(tampered > length / 2); /* the rest does not get as far as the mark */
  write_file(token_path("token.ts"), good, length, 0600);
  EXPECT(CKR_OK, outcome(CKU_USER));
  EXPECT(CKR_OK, outcome(CKU_SO));
  free(bad);
  free(good);
  end_token();
}

/* Cut off, put together from two files, objects left out: the mark covers the whole. */
static void pieces(void) {
  CK_OBJECT_HANDLE pair[2];
  size_t length, other_length;
  ts_store store, other;
  uint8_t *bytes;
  make_full_token(pair);
  uint8_t *good = read_file(token_path("token.ts"), &length);
  EXPECT(CKR_OK, ts_store_decode(good, length, &store));
  for (size_t i = 0; i < store.count; i++) { /* leave one out */
    ts_store less = store;
    ts_object *left[64];
    less.objects = left;
    less.count = 0;
    for (size_t k = 0; k < store.count; k++)
      if (k != i) left[less.count++] = store.objects[k];
    EXPECT(CKR_OK, ts_store_encode(&less, &bytes, &other_length));
    write_file(token_path("token.ts"), bytes, other_length, 0600);
    free(bytes);
    EXPECT(CKR_TS_STORE_TAMPERED, outcome(CKU_USER));
    EXPECT(CKR_TS_STORE_TAMPERED, outcome(CKU_SO));
  }
  /* The head of one token with the body of another, both under the same PINs. */
  EXPECT(CKR_OK, p11->C_Finalize(NULL));
  write_file(token_path("token.ts"), good, length, 0600);
  char first_dir[64];
  strcpy(first_dir, token_dir);
  make_full_token(pair);
  uint8_t *second = read_file(token_path("token.ts"), &other_length);
  EXPECT(CKR_OK, ts_store_decode(second, other_length, &other));
  ts_head head = other.head;
  other.head = store.head;
  EXPECT(CKR_OK, ts_store_encode(&other, &bytes, &other_length));
  write_file(token_path("token.ts"), bytes, other_length, 0600);
  free(bytes);
  EXPECT(CKR_TS_STORE_TAMPERED, outcome(CKU_USER));
  other.head = head;
  ts_store_clear(&other);
  ts_store_clear(&store);
  free(good);
  free(second);
  end_token();
  strcpy(token_dir, first_dir);
  remove_token_dir();
}

/* ---- Form ---------------------------------------------------------------------------------------------------------------- */

static void one_form(void) {
  CK_OBJECT_HANDLE pair[2];
  size_t length, again_length;
  uint8_t *again;
  ts_store store;
  make_full_token(pair);
  uint8_t *bytes = read_file(token_path("token.ts"), &length);
  EXPECT(CKR_OK, ts_store_decode(bytes, length, &store));
  CHECK(store.count == 9);
  EXPECT(CKR_OK, ts_store_encode(&store, &again, &again_length));
  CHECK(again_length == length && memcmp(again, bytes, length) == 0);
  /* Nothing secret stands in the clear. */
  CHECK(memmem(bytes, length, "a secret", 8) == NULL && memmem(bytes, length, "ts.gene1", 8) != NULL);
  for (size_t cut = 0; cut < length; cut++) {
    ts_store part;
    memcpy(again, bytes, cut);
    CHECK(ts_store_decode(again, cut, &part) != CKR_OK && part.count == 0);
  }
  ts_store_clear(&store);
  free(again);
  free(bytes);
  end_token();
}

/* Writes a body by hand under a right head and checksum. */
static CK_RV decode_body(const uint8_t *body, size_t body_length) {
  uint8_t bytes[2048] = {0};
  ts_store store;
  memcpy(bytes, "TSTOKEN", 8);
  bytes[8] = 1;
  size_t length = 328 + body_length;
  bytes[14] = (uint8_t)(length >> 8);
  bytes[15] = (uint8_t)length;
  bytes[67] = 2; /* operations */
  bytes[69] = 1; /* 65536 KiB */
  CHECK(length <= sizeof bytes);
  memcpy(bytes + 328, body, body_length);
  ts_store_set_mark(bytes, length, bytes + 296);
  CK_RV rv = ts_store_decode(bytes, length, &store);
  ts_store_clear(&store);
  return rv;
}

static void malformed_bodies(void) {
  enum { HEAD = 44 };
  uint8_t body[256] = {0};
  body[39] = 9;           /* next id */
  EXPECT(CKR_OK, decode_body(body, HEAD));
  EXPECT(CKR_TS_STORE_CORRUPT, decode_body(body, HEAD + 1)); /* something follows */
  body[43] = 1;           /* one object, and none there */
  EXPECT(CKR_TS_STORE_CORRUPT, decode_body(body, HEAD));
  static const uint8_t object[] = {
    0, 0, 0, 0, 0, 0, 0, 3, 1, 'n', 0, 3,                                 /* id 3, name "n", three attributes */
    0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0x80, 0x54, 0x53, 0x01,           /* CKA_CLASS: a record */
    0, 0, 0, 1, 0, 0, 0, 1, 1,                                            /* CKA_TOKEN */
    0, 0, 0, 2, 0, 0, 0, 1, 0,                                            /* CKA_PRIVATE: no */
    0, 0, 0, 0};                                                          /* no secret */
  memcpy(body + HEAD, object, sizeof object);
  EXPECT(CKR_OK, decode_body(body, HEAD + sizeof object));
  const struct { size_t at; uint8_t value; } wrong[] = {
    {7, 0}, {7, 9}, {7, 200},       /* an id of 0, the next one, beyond it */
    {8, 0}, {9, 'N'}, {9, ' '},     /* a record without a name; names in other letters */
    {11, 2}, {11, 4}, {10, 1},      /* attribute counts */
    {15, 3}, {19, 7}, {27, 0}, {27, 2}, /* attributes out of order; a number of 7 bytes; other classes */
    {31, 2}, {31, 0}, {36, 0}, {36, 2}, /* an attribute twice; not a token object; not a bool */
    {45, 1},                        /* private, and not sealed */
    {49, 1}, {46, 255},             /* secrets shorter than their seal, longer than the file */
  };
  for (size_t i = 0; i < COUNT(wrong); i++) {
    memcpy(body + HEAD, object, sizeof object);
    body[HEAD + wrong[i].at] = wrong[i].value;
    if (decode_body(body, HEAD + sizeof object) != CKR_TS_STORE_CORRUPT) fprintf(stderr, "case %zu\n", i);
    EXPECT(CKR_TS_STORE_CORRUPT, decode_body(body, HEAD + sizeof object));
  }
  memcpy(body + HEAD, object, sizeof object);
  memcpy(body + HEAD + sizeof object, object, sizeof object);
  body[43] = 2; /* two of the same id and name, then of other ids, then of other names too */
  EXPECT(CKR_TS_STORE_CORRUPT, decode_body(body, HEAD + 2 * sizeof object));
  body[HEAD + sizeof object + 7] = 4;
  EXPECT(CKR_TS_STORE_CORRUPT, decode_body(body, HEAD + 2 * sizeof object));
  body[HEAD + sizeof object + 9] = 'm';
  EXPECT(CKR_OK, decode_body(body, HEAD + 2 * sizeof object));
  body[HEAD + sizeof object + 7] = 2;
  EXPECT(CKR_TS_STORE_CORRUPT, decode_body(body, HEAD + 2 * sizeof object));
}

/* ---- Seals and wraps ------------------------------------------------------------------------------------------------------ */

static void seals(void) {
  uint8_t serial[16] = "0123456789abcdef", binding[32] = {0}, sealed[32 + TS_SEAL_OVERHEAD], opened[32], secret[32] = {7};
  CHECK(ts_secret_open());
  ts_keys *keys = ts_keys_new(), *others = ts_keys_new();
  const ts_seal_context right = {.version = 1, .serial = serial, .binding = binding, .id = 5, .class = 3, .name = "n"};
  ts_seal(keys, &right, secret, sizeof secret, sealed);
  CHECK(ts_unseal(keys, &right, sealed, sizeof sealed, opened) && memcmp(opened, secret, sizeof secret) == 0);
  uint8_t other_serial[16] = "1123456789abcdef", other_binding[32] = {1};
  ts_seal_context wrong[7] = {right, right, right, right, right, right, right};
  wrong[0].version = 2;
  wrong[1].serial = other_serial;
  wrong[2].binding = other_binding;
  wrong[3].id = 6;
  wrong[4].class = 4;
  wrong[5].name = "nn";
  wrong[6].name = "m";
  for (size_t i = 0; i < COUNT(wrong); i++) {
    memset(opened, 9, sizeof opened);
    CHECK(!ts_unseal(keys, &wrong[i], sealed, sizeof sealed, opened) && sodium_is_zero(opened, sizeof opened));
  }
  CHECK(!ts_unseal(others, &right, sealed, sizeof sealed, opened));
  for (size_t i = 0; i < sizeof sealed; i++) {
    sealed[i] ^= 1;
    CHECK(!ts_unseal(keys, &right, sealed, sizeof sealed, opened));
    sealed[i] ^= 1;
  }
  for (size_t i = 0; i < sizeof sealed; i++) CHECK(!ts_unseal(keys, &right, sealed, i, opened));

  ts_wrap wrap;
  ts_keys *unwrapped;
  EXPECT(CKR_OK, ts_wrap_make(&wrap, serial, TS_PIN_USER, BYTES("12345678"), 8, keys));
  EXPECT(CKR_OK, ts_wrap_open(&wrap, serial, TS_PIN_USER, BYTES("12345678"), 8, &unwrapped));
  CHECK(memcmp(unwrapped, keys, sizeof *keys) == 0);
  ts_secret_free(unwrapped);
  EXPECT(CKR_PIN_INCORRECT, ts_wrap_open(&wrap, serial, TS_PIN_SO, BYTES("12345678"), 8, &unwrapped));
  EXPECT(CKR_PIN_INCORRECT, ts_wrap_open(&wrap, other_serial, TS_PIN_USER, BYTES("12345678"), 8, &unwrapped));
  EXPECT(CKR_PIN_INCORRECT, ts_wrap_open(&wrap, serial, TS_PIN_USER, BYTES("12345679"), 8, &unwrapped));
  CHECK(unwrapped == NULL);
  const uint32_t operations[] = {0, 1, 17, UINT32_MAX}, memory[] = {0, 65535, 1048577, UINT32_MAX};
  ts_wrap figures;
  for (size_t i = 0; i < 4; i++) { /* neither weaker than we write nor more than a host can give */
    figures = wrap;
    figures.operations = operations[i];
    CHECK(!ts_wrap_figures_valid(&figures));
    EXPECT(CKR_TS_STORE_CORRUPT, ts_wrap_open(&figures, serial, TS_PIN_USER, BYTES("12345678"), 8, &unwrapped));
    figures = wrap;
    figures.memory_kib = memory[i];
    CHECK(!ts_wrap_figures_valid(&figures));
  }
  ts_secret_free(keys);
  ts_secret_free(others);
  ts_secret_close();
}

static void error_names(void) {
  CK_ULONG next = CKR_TS_BASE + 1;
#define CHECK_NAME(code)                                     \
  CHECK((code) == next++);                                   \
  CHECK(strcmp(ts_error_name(code), #code) == 0);
  TS_ERRORS(CHECK_NAME)
  CHECK(ts_error_name(next) == NULL && ts_error_name(CKR_OK) == NULL && ts_error_name(CKR_TS_BASE) == NULL);
}

int main(void) {
  CHECK(sodium_init() >= 0 && C_GetFunctionList(&p11) == CKR_OK);
  error_names();
  seals();
  malformed_bodies();
  one_form();
  pieces();
  every_byte_with_checksum();
  return 0;
}
