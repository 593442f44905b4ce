/* thresign-token: sets up a token directory through PKCS#11, so that PINs never pass through another language.
 *
 *   thresign-token init --module LIB --dir DIR --label LABEL --user-pin-file FILE --so-pin-file FILE
 *       Makes PINs into the two files where they do not exist, initialises the token, sets the user's PIN and makes the
 *       identity. Prints the public keys. Refuses a token that is initialised already.
 *   thresign-token pin-genesis --module LIB --dir DIR --so-pin-file FILE GENESIS
 *       Pins a trust domain's genesis, once. Prints the binding.
 *   thresign-token sign-joining --module LIB --dir DIR --user-pin-file FILE STATEMENT
 *       Signs that this token would join the domain whose genesis it has pinned: a statement of that kind and no other,
 *       with its own keys in it. Prints the signature.
 *   thresign-token info --module LIB --dir DIR [--user-pin-file FILE]
 *       Prints what the token says of itself; with the user's PIN also its public keys and the binding.
 *
 * Output is one JSON object on standard output; errors are one line on standard error, and the exit status is 1 (2 for
 * wrong use). PINs are never printed. They are read by the provider, from the files.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cryptoki.h"

#define PIN_CHARACTERS 32 /* of 5 bits each */
#define INPUT_BYTES_MAX (1u << 20)
#define KEY_BYTES 32

typedef struct options {
  const char *module, *dir, *label, *user_pin_file, *so_pin_file, *input;
} options;

static CK_FUNCTION_LIST *p11;

/* ---- Failing ------------------------------------------------------------------------------------------------------ */

static _Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("thresign-token: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  if (p11 != NULL) (void)p11->C_Finalize(NULL);
  exit(1);
}

/* The few codes of PKCS#11 that setting up a token meets by name, the others by number. */
static const char *code_name(CK_RV rv) {
  switch (rv) {
    case CKR_PIN_INCORRECT: return "CKR_PIN_INCORRECT";
    case CKR_PIN_LOCKED: return "CKR_PIN_LOCKED";
    case CKR_PIN_LEN_RANGE: return "CKR_PIN_LEN_RANGE";
    case CKR_TOKEN_NOT_PRESENT: return "CKR_TOKEN_NOT_PRESENT";
    case CKR_TOKEN_NOT_RECOGNIZED: return "CKR_TOKEN_NOT_RECOGNIZED";
    case CKR_USER_PIN_NOT_INITIALIZED: return "CKR_USER_PIN_NOT_INITIALIZED";
    default: return ts_error_name(rv);
  }
}

static void check(CK_RV rv, const char *what) {
  if (rv == CKR_OK) return;
  const char *name = code_name(rv);
  fail("%s: %s (0x%lx)", what, name == NULL ? "PKCS#11 error" : name, rv);
}

/* ---- The provider --------------------------------------------------------------------------------------------------- */

/* Environment of our own process, before the provider reads it: where the token and its PINs are. */
static void set_pin_source(const char *variable, const char *file) {
  char path[PATH_MAX], source[PATH_MAX + 8];
  if (file == NULL) return;
  if (realpath(file, path) == NULL) fail("%s: %s", file, strerror(errno));
  (void)snprintf(source, sizeof source, "file:%s", path);
  if (setenv(variable, source, 1) != 0) fail("out of memory");
}

static void load(const options *given) {
  char path[PATH_MAX];
  CK_C_GetFunctionList get_list;
  if (realpath(given->dir, path) == NULL) fail("%s: %s", given->dir, strerror(errno));
  if (strchr(path, ':') != NULL) fail("%s: a token directory cannot have ':' in its name", path);
  if (setenv("THRESIGN_TOKEN_DIR", path, 1) != 0) fail("out of memory");
  set_pin_source("THRESIGN_TOKEN_USER_PIN", given->user_pin_file);
  set_pin_source("THRESIGN_TOKEN_SO_PIN", given->so_pin_file);
  void *module = dlopen(given->module, RTLD_NOW | RTLD_LOCAL);
  if (module == NULL) fail("%s", dlerror());
  void *symbol = dlsym(module, "C_GetFunctionList");
  if (symbol == NULL) fail("%s is not a PKCS#11 provider", given->module);
  memcpy(&get_list, &symbol, sizeof get_list);
  check(get_list(&p11), "C_GetFunctionList");
  CK_RV rv = p11->C_Initialize(NULL);
  if (rv != CKR_OK) {
    p11 = NULL;
    check(rv, "C_Initialize");
  }
}

static CK_SESSION_HANDLE open_session(CK_FLAGS flags) {
  CK_SESSION_HANDLE session;
  check(p11->C_OpenSession(0, CKF_SERIAL_SESSION | flags, NULL, NULL, &session), "opening the token");
  return session;
}

static void token_info(CK_TOKEN_INFO *info) { check(p11->C_GetTokenInfo(0, info), "reading the token"); }

/* ---- JSON ------------------------------------------------------------------------------------------------------------ */

/* A blank-padded field as a string; anything that is not plain is left out. */
static void print_field(const char *name, const CK_UTF8CHAR *field, size_t size) {
  while (size > 0 && (field[size - 1] == ' ' || field[size - 1] == 0)) size--;
  printf("\"%s\": \"", name);
  for (size_t i = 0; i < size; i++) {
    if (field[i] == '"' || field[i] == '\\') printf("\\%c", field[i]);
    else if (field[i] >= 0x20 && field[i] != 0x7f) putchar(field[i]);
  }
  putchar('"');
}

static void print_hex(const char *name, const uint8_t *bytes, size_t length) {
  printf("\"%s\": \"", name);
  for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
  putchar('"');
}

static void print_token(const CK_TOKEN_INFO *info) {
  print_field("label", info->label, sizeof info->label);
  printf(", ");
  print_field("serial", info->serialNumber, sizeof info->serialNumber);
}

/* ---- Objects --------------------------------------------------------------------------------------------------------- */

/* The one object that fits the template, or CK_INVALID_HANDLE. */
static CK_OBJECT_HANDLE find(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG length) {
  CK_OBJECT_HANDLE found[2];
  CK_ULONG count;
  check(p11->C_FindObjectsInit(session, list, length), "C_FindObjectsInit");
  check(p11->C_FindObjects(session, found, 2, &count), "C_FindObjects");
  check(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
  return count == 1 ? found[0] : CK_INVALID_HANDLE;
}

/* A public key of the identity, out of its OCTET STRING. Anybody with the user's PIN can give an object any label, but
 * the mechanism that a key was made with is the token's word. */
static bool print_public_key(CK_SESSION_HANDLE session, const char *label) {
  uint8_t point[2 + KEY_BYTES];
  CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
  CK_MECHANISM_TYPE identity = CKM_TS_IDENTITY;
  CK_ATTRIBUTE value = {CKA_EC_POINT, point, sizeof point};
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &class, sizeof class}, {CKA_KEY_GEN_MECHANISM, &identity, sizeof identity},
                         {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)}};
  CK_OBJECT_HANDLE key = find(session, list, sizeof list / sizeof list[0]);
  if (key == CK_INVALID_HANDLE) return false;
  check(p11->C_GetAttributeValue(session, key, &value, 1), "reading a public key");
  if (value.ulValueLen != sizeof point) return false;
  printf(", ");
  print_hex(label, point + 2, KEY_BYTES);
  return true;
}

static bool print_binding(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE genesis) {
  uint8_t binding[32];
  CK_ATTRIBUTE value = {CKA_TS_BINDING, binding, sizeof binding};
  if (genesis == CK_INVALID_HANDLE) return false;
  check(p11->C_GetAttributeValue(session, genesis, &value, 1), "reading the binding");
  print_hex("binding", binding, sizeof binding);
  return true;
}

/* ---- init ------------------------------------------------------------------------------------------------------------ */

static bool write_all(int fd, const char *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t put = write(fd, bytes + done, length - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    done += (size_t)put;
  }
  return true;
}

/* Makes a random PIN into a new file of ours alone; a file that is there is left as it is. */
static void make_pin(const char *file) {
  static const char letters[32] = {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'm', 'n', 'p', 'q', 'r',
                                   's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '2', '3', '4', '5', '6', '7', '8', '9'};
  int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0 && errno == EEXIST) return;
  if (fd < 0) fail("%s: %s", file, strerror(errno));
  char *pin = sodium_malloc(PIN_CHARACTERS + 1);
  if (pin == NULL) fail("out of memory");
  randombytes_buf(pin, PIN_CHARACTERS);
  for (size_t i = 0; i < PIN_CHARACTERS; i++) pin[i] = letters[(unsigned char)pin[i] & 31];
  pin[PIN_CHARACTERS] = '\n';
  bool written = write_all(fd, pin, PIN_CHARACTERS + 1) && fsync(fd) == 0;
  sodium_free(pin);
  if (close(fd) != 0 || !written) {
    (void)unlink(file);
    fail("%s: could not be written", file);
  }
}

static void make_identity(void) {
  CK_MECHANISM mechanism = {CKM_TS_IDENTITY, NULL, 0};
  CK_OBJECT_HANDLE vote_public, vote;
  CK_SESSION_HANDLE session = open_session(CKF_RW_SESSION);
  check(p11->C_Login(session, CKU_SO, NULL, 0), "logging in as security officer");
  check(p11->C_InitPIN(session, NULL, 0), "setting the user's PIN");
  check(p11->C_Logout(session), "C_Logout");
  check(p11->C_Login(session, CKU_USER, NULL, 0), "logging in as user");
  check(p11->C_GenerateKeyPair(session, &mechanism, NULL, 0, NULL, 0, &vote_public, &vote), "making the identity");
}

static void print_identity(CK_SESSION_HANDLE session) {
  CK_TOKEN_INFO info;
  token_info(&info);
  putchar('{');
  print_token(&info);
  bool there = print_public_key(session, "vote") && print_public_key(session, "sealing");
  puts("}");
  if (!there) fail("the token has no identity");
}

static void init(const options *given) {
  CK_TOKEN_INFO info;
  CK_UTF8CHAR label[32];
  size_t length = strlen(given->label);
  if (length == 0 || length > sizeof label) fail("a label has 1 to 32 bytes");
  if (mkdir(given->dir, 0700) != 0 && errno != EEXIST) fail("%s: %s", given->dir, strerror(errno));
  make_pin(given->user_pin_file);
  make_pin(given->so_pin_file);
  load(given);
  token_info(&info);
  if ((info.flags & CKF_TOKEN_INITIALIZED) != 0) fail("%s holds a token already", given->dir);
  memset(label, ' ', sizeof label);
  memcpy(label, given->label, length);
  check(p11->C_InitToken(0, NULL, 0, label), "initialising the token");
  make_identity();
  print_identity(open_session(0));
}

/* ---- pin-genesis ------------------------------------------------------------------------------------------------------ */

static uint8_t *read_input(const char *file, size_t *length) {
  FILE *stream = fopen(file, "rb");
  uint8_t *bytes = malloc(INPUT_BYTES_MAX + 1);
  if (stream == NULL) fail("%s: %s", file, strerror(errno));
  if (bytes == NULL) fail("out of memory");
  *length = fread(bytes, 1, INPUT_BYTES_MAX + 1, stream);
  bool bad = ferror(stream) != 0;
  (void)fclose(stream);
  if (bad) fail("%s: could not be read", file);
  if (*length == 0 || *length > INPUT_BYTES_MAX) fail("%s: not 1 to %u bytes", file, INPUT_BYTES_MAX);
  return bytes;
}

static void pin_genesis(const options *given) {
  CK_OBJECT_CLASS class = CKO_DATA;
  CK_BBOOL yes = CK_TRUE;
  CK_OBJECT_HANDLE genesis;
  size_t length;
  uint8_t *bytes = read_input(given->input, &length);
  char application[] = TS_GENESIS_APPLICATION;
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &class, sizeof class}, {CKA_TOKEN, &yes, sizeof yes},
                         {CKA_APPLICATION, application, sizeof application - 1}, {CKA_VALUE, bytes, length}};
  load(given);
  CK_SESSION_HANDLE session = open_session(CKF_RW_SESSION);
  check(p11->C_Login(session, CKU_SO, NULL, 0), "logging in as security officer");
  check(p11->C_CreateObject(session, list, sizeof list / sizeof list[0], &genesis), "pinning the genesis");
  free(bytes);
  putchar('{');
  (void)print_binding(session, genesis);
  puts("}");
}

/* ---- sign-joining ----------------------------------------------------------------------------------------------------- */

static void sign_joining(const options *given) {
  uint8_t signature[64];
  CK_ULONG signature_length = sizeof signature;
  CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
  CK_MECHANISM_TYPE identity = CKM_TS_IDENTITY;
  CK_MECHANISM statement = {CKM_TS_STATEMENT, NULL, 0};
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &class, sizeof class}, {CKA_KEY_GEN_MECHANISM, &identity, sizeof identity},
                         {CKA_LABEL, (void *)(uintptr_t)"vote", 4}};
  size_t length;
  uint8_t *bytes = read_input(given->input, &length);
  if (length < 8 || memcmp(bytes, "ts.join1", 8) != 0) fail("%s: not a statement of joining", given->input);
  load(given);
  CK_SESSION_HANDLE session = open_session(0);
  check(p11->C_Login(session, CKU_USER, NULL, 0), "logging in as user");
  CK_OBJECT_HANDLE key = find(session, list, sizeof list / sizeof list[0]);
  if (key == CK_INVALID_HANDLE) fail("the token has no identity");
  check(p11->C_SignInit(session, &statement, key), "signing");
  check(p11->C_Sign(session, bytes, length, signature, &signature_length), "signing");
  free(bytes);
  putchar('{');
  print_hex("signature", signature, sizeof signature);
  puts("}");
}

/* ---- info ------------------------------------------------------------------------------------------------------------- */

static void print_private_part(CK_SESSION_HANDLE session) {
  CK_OBJECT_CLASS class = CKO_DATA;
  char application[] = TS_GENESIS_APPLICATION;
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &class, sizeof class},
                         {CKA_APPLICATION, application, sizeof application - 1}};
  (void)print_public_key(session, "vote");
  (void)print_public_key(session, "sealing");
  CK_OBJECT_HANDLE genesis = find(session, list, sizeof list / sizeof list[0]);
  if (genesis == CK_INVALID_HANDLE) return;
  printf(", ");
  (void)print_binding(session, genesis);
}

static void info(const options *given) {
  CK_TOKEN_INFO token;
  CK_SLOT_INFO slot;
  load(given);
  CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
  if (given->user_pin_file != NULL) {
    session = open_session(0);
    check(p11->C_Login(session, CKU_USER, NULL, 0), "logging in as user");
  }
  check(p11->C_GetSlotInfo(0, &slot), "C_GetSlotInfo");
  token_info(&token);
  putchar('{');
  print_token(&token);
  printf(", ");
  print_field("slot", slot.slotDescription, sizeof slot.slotDescription);
  printf(", \"initialised\": %s, \"user_pin_set\": %s, \"user_pin_locked\": %s, \"so_pin_locked\": %s",
         (token.flags & CKF_TOKEN_INITIALIZED) != 0 ? "true" : "false",
         (token.flags & CKF_USER_PIN_INITIALIZED) != 0 ? "true" : "false",
         (token.flags & CKF_USER_PIN_LOCKED) != 0 ? "true" : "false",
         (token.flags & CKF_SO_PIN_LOCKED) != 0 ? "true" : "false");
  if (session != CK_INVALID_HANDLE) print_private_part(session);
  puts("}");
}

/* ---- main ------------------------------------------------------------------------------------------------------------- */

static _Noreturn void usage(void) {
  fputs("usage: thresign-token init --module LIB --dir DIR --label LABEL --user-pin-file FILE --so-pin-file FILE\n"
        "       thresign-token pin-genesis --module LIB --dir DIR --so-pin-file FILE GENESIS\n"
        "       thresign-token sign-joining --module LIB --dir DIR --user-pin-file FILE STATEMENT\n"
        "       thresign-token info --module LIB --dir DIR [--user-pin-file FILE]\n", stderr);
  exit(2);
}

static void parse(int count, char **words, options *given) {
  const struct { const char *name; const char **place; } named[] = {
    {"--module", &given->module}, {"--dir", &given->dir}, {"--label", &given->label},
    {"--user-pin-file", &given->user_pin_file}, {"--so-pin-file", &given->so_pin_file},
  };
  for (int i = 0; i < count; i++) {
    const char **place = words[i][0] == '-' ? NULL : &given->input;
    for (size_t k = 0; k < sizeof named / sizeof named[0]; k++)
      if (strcmp(words[i], named[k].name) == 0) place = named[k].place;
    if (place == NULL || *place != NULL) usage();
    if (place != &given->input && ++i == count) usage(); /* an option has a value after it */
    *place = words[i];
  }
}

int main(int count, char **words) {
  options given = {NULL, NULL, NULL, NULL, NULL, NULL};
  if (count < 2) usage();
  parse(count - 2, words + 2, &given);
  if (given.module == NULL || given.dir == NULL) usage();
  if (sodium_init() < 0) fail("libsodium does not start");
  const char *verb = words[1];
  if (strcmp(verb, "init") == 0 && given.label && given.user_pin_file && given.so_pin_file && !given.input)
    init(&given);
  else if (strcmp(verb, "pin-genesis") == 0 && given.so_pin_file && given.input && !given.label)
    pin_genesis(&given);
  else if (strcmp(verb, "sign-joining") == 0 && given.user_pin_file && given.input && !given.label && !given.so_pin_file)
    sign_joining(&given);
  else if (strcmp(verb, "info") == 0 && !given.input && !given.label && !given.so_pin_file)
    info(&given);
  else
    usage();
  check(p11->C_Finalize(NULL), "C_Finalize");
  p11 = NULL;
  if (fflush(stdout) != 0 || ferror(stdout)) fail("writing the answer failed");
  return 0;
}
