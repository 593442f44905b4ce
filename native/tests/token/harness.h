/* What the tests of the token share: the provider loaded as a caller loads it, and tokens in directories of their own. */
#ifndef THRESIGN_TESTS_TOKEN_HARNESS_H
#define THRESIGN_TESTS_TOKEN_HARNESS_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "cryptoki.h"

#define SO_PIN "so-pin-0123456"
#define USER_PIN "user-pin-0123456"
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define BYTES(text) ((CK_BYTE *)(uintptr_t)(text))

static CK_FUNCTION_LIST *p11;
static char token_dir[64];

/* A call has to answer with this code. */
#define EXPECT(expected, call)                                                                                 \
  do {                                                                                                         \
    CK_RV expect_rv = (call), expect_wanted = (expected);                                                      \
    if (expect_rv != expect_wanted) {                                                                          \
      fprintf(stderr, "%s:%d: %s: 0x%lx (%s), not 0x%lx\n", __FILE__, __LINE__, #call, expect_rv,              \
              ts_error_name(expect_rv) ? ts_error_name(expect_rv) : "standard", expect_wanted);                \
      abort();                                                                                                 \
    }                                                                                                          \
  } while (0)

static inline void load_provider(const char *path) {
  CK_C_GetFunctionList get_list;
  void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (module == NULL) fprintf(stderr, "%s\n", dlerror());
  CHECK(module != NULL);
  void *symbol = dlsym(module, "C_GetFunctionList");
  memcpy(&get_list, &symbol, sizeof get_list);
  CHECK(get_list(&p11) == CKR_OK);
}

/* A new empty directory (0700) becomes the token directory. */
static inline void new_token_dir(void) {
  const char *base = getenv("THRESIGN_TEST_DIR"); /* /dev/shm where a test syncs thousands of times */
  CHECK(snprintf(token_dir, sizeof token_dir, "%s/thresign-token-XXXXXX", base == NULL ? "/tmp" : base) < 64);
  CHECK(mkdtemp(token_dir) != NULL);
  CHECK(setenv("THRESIGN_TOKEN_DIR", token_dir, 1) == 0);
}

static inline const char *token_path(const char *name) {
  static char path[128];
  CHECK(snprintf(path, sizeof path, "%s/%s", token_dir, name) < (int)sizeof path);
  return path;
}

static inline void remove_token_dir(void) {
  (void)unlink(token_path("token.ts"));
  (void)unlink(token_path("token.ts.new"));
  (void)unlink(token_path("lock"));
  CHECK(rmdir(token_dir) == 0);
}

static inline CK_RV init_token(CK_SLOT_ID slot, const char *so_pin) {
  CK_UTF8CHAR label[33] = "test token                      ";
  return p11->C_InitToken(slot, BYTES(so_pin), strlen(so_pin), label);
}

static inline CK_SESSION_HANDLE open_session(CK_FLAGS flags) {
  CK_SESSION_HANDLE session = 0;
  EXPECT(CKR_OK, p11->C_OpenSession(0, CKF_SERIAL_SESSION | flags, NULL, NULL, &session));
  return session;
}

static inline CK_RV log_in(CK_SESSION_HANDLE session, CK_USER_TYPE type, const char *pin) {
  return p11->C_Login(session, type, BYTES(pin), strlen(pin));
}

/* An initialised token with both PINs, in a directory of its own; the library is initialised, nobody is logged in. */
static inline void new_token(void) {
  new_token_dir();
  EXPECT(CKR_OK, p11->C_Initialize(NULL));
  EXPECT(CKR_OK, init_token(0, SO_PIN));
  CK_SESSION_HANDLE session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  EXPECT(CKR_OK, p11->C_InitPIN(session, BYTES(USER_PIN), strlen(USER_PIN)));
  EXPECT(CKR_OK, p11->C_CloseSession(session));
}

static inline void end_token(void) {
  EXPECT(CKR_OK, p11->C_Finalize(NULL));
  remove_token_dir();
}

/* Forgets all state in memory: what is then there was on disk. */
static inline void restart(void) {
  EXPECT(CKR_OK, p11->C_Finalize(NULL));
  EXPECT(CKR_OK, p11->C_Initialize(NULL));
}

/* A read-write session with the user logged in. */
static inline CK_SESSION_HANDLE user_session(void) {
  CK_SESSION_HANDLE session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_OK, log_in(session, CKU_USER, USER_PIN));
  return session;
}

static inline CK_FLAGS token_flags(void) {
  CK_TOKEN_INFO info;
  EXPECT(CKR_OK, p11->C_GetTokenInfo(0, &info));
  return info.flags;
}

/* ---- Keys ---------------------------------------------------------------------------------------------------------- */

static CK_BBOOL yes __attribute__((unused)) = CK_TRUE, no __attribute__((unused)) = CK_FALSE;
static CK_BYTE ed25519_params[] __attribute__((unused)) = {0x06, 0x03, 0x2b, 0x65, 0x70};

static inline CK_RV generate_with(CK_SESSION_HANDLE session, bool token, const CK_ATTRIBUTE *extra_public,
                                  const CK_ATTRIBUTE *extra_private, CK_OBJECT_HANDLE pair[2]) {
  CK_MECHANISM mechanism = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0};
  CK_BBOOL on_token = token;
  CK_ATTRIBUTE public_list[3] = {{CKA_TOKEN, &on_token, 1}, {CKA_EC_PARAMS, ed25519_params, sizeof ed25519_params}};
  CK_ATTRIBUTE private_list[2] = {{CKA_TOKEN, &on_token, 1}};
  if (extra_public != NULL) public_list[2] = *extra_public;
  if (extra_private != NULL) private_list[1] = *extra_private;
  return p11->C_GenerateKeyPair(session, &mechanism, public_list, extra_public != NULL ? 3 : 2, private_list,
                                extra_private != NULL ? 2 : 1, &pair[0], &pair[1]);
}

static inline void generate(CK_SESSION_HANDLE session, bool token, CK_OBJECT_HANDLE pair[2]) {
  EXPECT(CKR_OK, generate_with(session, token, NULL, NULL, pair));
}

static inline CK_RV generate_identity(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE pair[2]) {
  CK_MECHANISM mechanism = {CKM_TS_IDENTITY, NULL, 0};
  return p11->C_GenerateKeyPair(session, &mechanism, NULL, 0, NULL, 0, &pair[0], &pair[1]);
}

static inline CK_RV sign_eddsa(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const char *text, CK_BYTE out[64]) {
  CK_MECHANISM mechanism = {CKM_EDDSA, NULL, 0};
  CK_ULONG length = 64;
  CK_RV rv = p11->C_SignInit(session, &mechanism, key);
  return rv != CKR_OK ? rv : p11->C_Sign(session, BYTES(text), strlen(text), out, &length);
}

static inline CK_RV verify_eddsa(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const char *text,
                                 const CK_BYTE signature[64]) {
  CK_MECHANISM mechanism = {CKM_EDDSA, NULL, 0};
  CK_RV rv = p11->C_VerifyInit(session, &mechanism, key);
  return rv != CKR_OK ? rv : p11->C_Verify(session, BYTES(text), strlen(text), BYTES(signature), 64);
}

/* How many objects fit the template; the first of them in *first. */
static inline size_t find(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count, CK_OBJECT_HANDLE *first) {
  CK_OBJECT_HANDLE found[64];
  CK_ULONG found_count = 0;
  EXPECT(CKR_OK, p11->C_FindObjectsInit(session, list, count));
  EXPECT(CKR_OK, p11->C_FindObjects(session, found, COUNT(found), &found_count));
  EXPECT(CKR_OK, p11->C_FindObjectsFinal(session));
  if (first != NULL && found_count > 0) *first = found[0];
  return found_count;
}

static inline CK_RV get(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *value,
                        CK_ULONG *length) {
  CK_ATTRIBUTE attribute = {type, value, *length};
  CK_RV rv = p11->C_GetAttributeValue(session, object, &attribute, 1);
  *length = attribute.ulValueLen;
  return rv;
}

static inline CK_BBOOL get_bool(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  CK_BBOOL value = 2;
  CK_ULONG length = 1;
  EXPECT(CKR_OK, get(session, object, type, &value, &length));
  return value;
}

/* ---- Files and processes -------------------------------------------------------------------------------------------- */

static inline void write_file(const char *path, const void *bytes, size_t length, mode_t mode) {
  (void)unlink(path);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  CHECK(fd >= 0 && write(fd, bytes, length) == (ssize_t)length && fchmod(fd, mode) == 0 && close(fd) == 0);
}

static inline uint8_t *read_file(const char *path, size_t *length) {
  FILE *stream = fopen(path, "rb");
  CHECK(stream != NULL);
  uint8_t *bytes = malloc(1u << 22);
  *length = fread(bytes, 1, 1u << 22, stream);
  CHECK(fclose(stream) == 0);
  return bytes;
}

/* Runs body in a forked child, which has to exit well. */
static inline void in_child(void (*body)(void)) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    body();
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif
