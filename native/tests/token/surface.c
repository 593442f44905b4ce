/* Every entry point when it must not work: before initialise, after finalise, in a forked child, with a bad handle, with
 * NULL, without login, without an operation. And the arguments of C_Initialize. */
#include <signal.h>
#include <sys/syscall.h>

#include "harness.h"

/* The arguments of a sweep; every pointer may be NULL. */
static CK_SESSION_HANDLE at;
static CK_BYTE *in;
static CK_ULONG in_length;
static CK_BYTE *out;
static CK_ULONG *out_length;
static CK_MECHANISM *mechanism;
static CK_ATTRIBUTE *list;
static CK_ULONG list_count;
static CK_OBJECT_HANDLE object, *object_out;

typedef CK_RV (*call)(void);
enum { SESSION = 1, SUPPORTED = 2 };
typedef struct entry {
  const char *name;
  call call;
  int is;          /* SESSION: its first argument is one. SUPPORTED: this token has it */
  CK_RV with_null; /* in a session of a logged-in user, with every pointer NULL and lengths of 1 */
} entry;

#define CALL(name, arguments) \
  static CK_RV call_##name(void) { return p11->name arguments; }
#define BAD CKR_ARGUMENTS_BAD
#define NOT CKR_FUNCTION_NOT_SUPPORTED

CALL(C_GetInfo, (NULL))
CALL(C_GetSlotList, (CK_FALSE, NULL, NULL))
CALL(C_GetSlotInfo, (0, NULL))
CALL(C_GetTokenInfo, (0, NULL))
CALL(C_GetMechanismList, (0, NULL, NULL))
CALL(C_GetMechanismInfo, (0, CKM_EDDSA, NULL))
CALL(C_InitToken, (0, in, in_length, NULL))
CALL(C_InitPIN, (at, in, in_length))
CALL(C_SetPIN, (at, in, in_length, in, in_length))
CALL(C_OpenSession, (0, CKF_SERIAL_SESSION, NULL, NULL, NULL))
CALL(C_CloseSession, (at))
CALL(C_CloseAllSessions, (77))
CALL(C_GetSessionInfo, (at, NULL))
CALL(C_GetOperationState, (at, out, out_length))
CALL(C_SetOperationState, (at, in, in_length, object, object))
CALL(C_Login, (at, CKU_USER, in, in_length))
CALL(C_Logout, (at))
CALL(C_CreateObject, (at, list, list_count, object_out))
CALL(C_CopyObject, (at, object, list, list_count, object_out))
CALL(C_DestroyObject, (at, object))
CALL(C_GetObjectSize, (at, object, out_length))
CALL(C_GetAttributeValue, (at, object, list, list_count))
CALL(C_SetAttributeValue, (at, object, list, list_count))
CALL(C_FindObjectsInit, (at, list, list_count))
CALL(C_FindObjects, (at, object_out, 1, out_length))
CALL(C_FindObjectsFinal, (at))
CALL(C_EncryptInit, (at, mechanism, object))
CALL(C_Encrypt, (at, in, in_length, out, out_length))
CALL(C_EncryptUpdate, (at, in, in_length, out, out_length))
CALL(C_EncryptFinal, (at, out, out_length))
CALL(C_DecryptInit, (at, mechanism, object))
CALL(C_Decrypt, (at, in, in_length, out, out_length))
CALL(C_DecryptUpdate, (at, in, in_length, out, out_length))
CALL(C_DecryptFinal, (at, out, out_length))
CALL(C_DigestInit, (at, mechanism))
CALL(C_Digest, (at, in, in_length, out, out_length))
CALL(C_DigestUpdate, (at, in, in_length))
CALL(C_DigestKey, (at, object))
CALL(C_DigestFinal, (at, out, out_length))
CALL(C_SignInit, (at, mechanism, object))
CALL(C_Sign, (at, in, in_length, out, out_length))
CALL(C_SignUpdate, (at, in, in_length))
CALL(C_SignFinal, (at, out, out_length))
CALL(C_SignRecoverInit, (at, mechanism, object))
CALL(C_SignRecover, (at, in, in_length, out, out_length))
CALL(C_VerifyInit, (at, mechanism, object))
CALL(C_Verify, (at, in, in_length, out, 64))
CALL(C_VerifyUpdate, (at, in, in_length))
CALL(C_VerifyFinal, (at, out, 64))
CALL(C_VerifyRecoverInit, (at, mechanism, object))
CALL(C_VerifyRecover, (at, in, in_length, out, out_length))
CALL(C_DigestEncryptUpdate, (at, in, in_length, out, out_length))
CALL(C_DecryptDigestUpdate, (at, in, in_length, out, out_length))
CALL(C_SignEncryptUpdate, (at, in, in_length, out, out_length))
CALL(C_DecryptVerifyUpdate, (at, in, in_length, out, out_length))
CALL(C_GenerateKey, (at, mechanism, list, list_count, object_out))
CALL(C_GenerateKeyPair, (at, mechanism, list, list_count, list, list_count, object_out, object_out))
CALL(C_WrapKey, (at, mechanism, object, object, out, out_length))
CALL(C_UnwrapKey, (at, mechanism, object, in, in_length, list, list_count, object_out))
CALL(C_DeriveKey, (at, mechanism, object, list, list_count, object_out))
CALL(C_SeedRandom, (at, in, in_length))
CALL(C_GenerateRandom, (at, out, in_length))
CALL(C_GetFunctionStatus, (at))
CALL(C_CancelFunction, (at))
CALL(C_WaitForSlotEvent, (CKF_DONT_BLOCK, NULL, NULL))
CALL(C_Finalize, (BYTES("not NULL")))

#define ENTRY(name, is, with_null) {#name, call_##name, is, with_null}
static const entry entries[] = {
  ENTRY(C_GetInfo, SUPPORTED, BAD), ENTRY(C_GetSlotList, SUPPORTED, BAD), ENTRY(C_GetSlotInfo, SUPPORTED, BAD),
  ENTRY(C_GetTokenInfo, SUPPORTED, BAD), ENTRY(C_GetMechanismList, SUPPORTED, BAD),
  ENTRY(C_GetMechanismInfo, SUPPORTED, BAD), ENTRY(C_InitToken, SUPPORTED, BAD),
  ENTRY(C_InitPIN, SESSION | SUPPORTED, BAD), ENTRY(C_SetPIN, SESSION | SUPPORTED, BAD),
  ENTRY(C_OpenSession, SUPPORTED, BAD), ENTRY(C_CloseAllSessions, SUPPORTED, CKR_SLOT_ID_INVALID),
  ENTRY(C_GetSessionInfo, SESSION | SUPPORTED, BAD), ENTRY(C_GetOperationState, 0, NOT),
  ENTRY(C_SetOperationState, 0, NOT), ENTRY(C_Login, SESSION | SUPPORTED, BAD),
  ENTRY(C_CreateObject, SESSION | SUPPORTED, BAD), ENTRY(C_CopyObject, SESSION | SUPPORTED, BAD),
  ENTRY(C_DestroyObject, SESSION | SUPPORTED, CKR_OBJECT_HANDLE_INVALID),
  ENTRY(C_GetObjectSize, SESSION | SUPPORTED, BAD), ENTRY(C_GetAttributeValue, SESSION | SUPPORTED, BAD),
  ENTRY(C_SetAttributeValue, SESSION | SUPPORTED, BAD), ENTRY(C_FindObjectsInit, SESSION | SUPPORTED, BAD),
  ENTRY(C_FindObjects, SESSION | SUPPORTED, BAD),
  ENTRY(C_FindObjectsFinal, SESSION | SUPPORTED, CKR_OPERATION_NOT_INITIALIZED), ENTRY(C_EncryptInit, 0, NOT),
  ENTRY(C_Encrypt, 0, NOT), ENTRY(C_EncryptUpdate, 0, NOT), ENTRY(C_EncryptFinal, 0, NOT),
  ENTRY(C_DecryptInit, 0, NOT), ENTRY(C_Decrypt, 0, NOT), ENTRY(C_DecryptUpdate, 0, NOT),
  ENTRY(C_DecryptFinal, 0, NOT), ENTRY(C_DigestInit, SESSION | SUPPORTED, BAD),
  ENTRY(C_Digest, SESSION | SUPPORTED, BAD), ENTRY(C_DigestUpdate, SESSION | SUPPORTED, BAD),
  ENTRY(C_DigestKey, 0, NOT), ENTRY(C_DigestFinal, SESSION | SUPPORTED, BAD),
  ENTRY(C_SignInit, SESSION | SUPPORTED, BAD), ENTRY(C_Sign, SESSION | SUPPORTED, BAD),
  ENTRY(C_SignUpdate, SESSION | SUPPORTED, CKR_OPERATION_NOT_INITIALIZED),
  ENTRY(C_SignFinal, SESSION | SUPPORTED, CKR_OPERATION_NOT_INITIALIZED), ENTRY(C_SignRecoverInit, 0, NOT),
  ENTRY(C_SignRecover, 0, NOT), ENTRY(C_VerifyInit, SESSION | SUPPORTED, BAD),
  ENTRY(C_Verify, SESSION | SUPPORTED, BAD),
  ENTRY(C_VerifyUpdate, SESSION | SUPPORTED, CKR_OPERATION_NOT_INITIALIZED),
  ENTRY(C_VerifyFinal, SESSION | SUPPORTED, CKR_OPERATION_NOT_INITIALIZED), ENTRY(C_VerifyRecoverInit, 0, NOT),
  ENTRY(C_VerifyRecover, 0, NOT), ENTRY(C_DigestEncryptUpdate, 0, NOT), ENTRY(C_DecryptDigestUpdate, 0, NOT),
  ENTRY(C_SignEncryptUpdate, 0, NOT), ENTRY(C_DecryptVerifyUpdate, 0, NOT), ENTRY(C_GenerateKey, 0, NOT),
  ENTRY(C_GenerateKeyPair, SESSION | SUPPORTED, BAD), ENTRY(C_WrapKey, 0, NOT), ENTRY(C_UnwrapKey, 0, NOT),
  ENTRY(C_DeriveKey, 0, NOT), ENTRY(C_SeedRandom, SESSION | SUPPORTED, BAD),
  ENTRY(C_GenerateRandom, SESSION | SUPPORTED, BAD), ENTRY(C_GetFunctionStatus, SUPPORTED, CKR_FUNCTION_NOT_PARALLEL),
  ENTRY(C_CancelFunction, SUPPORTED, CKR_FUNCTION_NOT_PARALLEL), ENTRY(C_WaitForSlotEvent, 0, NOT),
  ENTRY(C_Finalize, SUPPORTED, BAD),
  /* Last, since they end what the others need. */
  ENTRY(C_Logout, SESSION | SUPPORTED, CKR_OK), ENTRY(C_CloseSession, SESSION | SUPPORTED, CKR_OK),
};
_Static_assert(COUNT(entries) == 66, "all of the 68 but C_Initialize and C_GetFunctionList");

static void expect_all(CK_RV wanted) {
  for (size_t i = 0; i < COUNT(entries); i++) {
    CK_RV rv = entries[i].call();
    if (rv != wanted) fprintf(stderr, "%s\n", entries[i].name);
    EXPECT(wanted, rv);
  }
}

static void all_not_initialised(void) { expect_all(CKR_CRYPTOKI_NOT_INITIALIZED); }

static void bad_handles(void) {
  const CK_SESSION_HANDLE bad[] = {0, 1000000, (CK_ULONG)-1};
  for (size_t b = 0; b < COUNT(bad); b++) {
    at = bad[b];
    for (size_t i = 0; i < COUNT(entries); i++)
      if ((entries[i].is & SESSION) != 0) EXPECT(CKR_SESSION_HANDLE_INVALID, entries[i].call());
  }
}

static void null_arguments(void) {
  at = user_session();
  in_length = list_count = 1; /* NULL with a length: nothing else may be read into it */
  for (size_t i = 0; i < COUNT(entries); i++) {
    CK_RV rv = entries[i].call();
    if (rv != entries[i].with_null) fprintf(stderr, "%s\n", entries[i].name);
    EXPECT(entries[i].with_null, rv);
  }
  in_length = list_count = 0;
}

/* With arguments in order but nobody logged in. */
static void without_login(void) {
  CK_BYTE buffer[128] = {0};
  CK_ULONG length = sizeof buffer;
  CK_MECHANISM eddsa = {CKM_EDDSA, NULL, 0};
  CK_OBJECT_CLASS data = CKO_DATA;
  CK_OBJECT_HANDLE handle, pair[2];
  CK_ATTRIBUTE token_data[] = {{CKA_CLASS, &data, sizeof data}, {CKA_TOKEN, &yes, 1}};
  CK_ATTRIBUTE private_data[] = {{CKA_CLASS, &data, sizeof data}, {CKA_PRIVATE, &yes, 1}};
  CK_SESSION_HANDLE session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_USER_NOT_LOGGED_IN, p11->C_Logout(session));
  EXPECT(CKR_USER_NOT_LOGGED_IN, p11->C_InitPIN(session, BYTES(USER_PIN), strlen(USER_PIN)));
  EXPECT(CKR_USER_NOT_LOGGED_IN, p11->C_CreateObject(session, token_data, 2, &handle));
  EXPECT(CKR_USER_NOT_LOGGED_IN, p11->C_CreateObject(session, private_data, 2, &handle));
  EXPECT(CKR_USER_NOT_LOGGED_IN, generate_with(session, false, NULL, NULL, pair));
  EXPECT(CKR_USER_NOT_LOGGED_IN, generate_identity(session, pair));
  EXPECT(CKR_USER_NOT_LOGGED_IN, p11->C_SignInit(session, &eddsa, 1));
  EXPECT(CKR_USER_NOT_LOGGED_IN, p11->C_Sign(session, buffer, 1, buffer, &length));
  EXPECT(CKR_OPERATION_NOT_INITIALIZED, p11->C_Verify(session, buffer, 1, buffer, 64));
  EXPECT(CKR_OPERATION_NOT_INITIALIZED, p11->C_Digest(session, buffer, 1, buffer, &length));
  EXPECT(CKR_OPERATION_NOT_INITIALIZED, p11->C_DigestUpdate(session, buffer, 1));
  EXPECT(CKR_OPERATION_NOT_INITIALIZED, p11->C_DigestFinal(session, buffer, &length));
  EXPECT(CKR_OPERATION_NOT_INITIALIZED, p11->C_FindObjects(session, &handle, 1, &length));
  EXPECT(CKR_KEY_HANDLE_INVALID, p11->C_VerifyInit(session, &eddsa, 1));
  EXPECT(CKR_OBJECT_HANDLE_INVALID, p11->C_DestroyObject(session, 1));
  EXPECT(CKR_OBJECT_HANDLE_INVALID, p11->C_CopyObject(session, 1, NULL, 0, &handle));
  EXPECT(CKR_OK, p11->C_GenerateRandom(session, buffer, sizeof buffer));
  EXPECT(CKR_OK, p11->C_CloseSession(session));
}

static CK_RV any_mutex(void *mutex) {
  (void)mutex;
  return CKR_OK;
}

static CK_RV any_mutex_made(void **mutex) {
  (void)mutex;
  return CKR_OK;
}

static void initialize_arguments(void) {
  CK_C_INITIALIZE_ARGS none = {0}, reserved = {.pReserved = &none}, half = {.LockMutex = any_mutex};
  CK_C_INITIALIZE_ARGS own = {any_mutex_made, any_mutex, any_mutex, any_mutex, 0, NULL}, both = own;
  both.flags = CKF_OS_LOCKING_OK;
  EXPECT(CKR_ARGUMENTS_BAD, p11->C_Initialize(&reserved));
  EXPECT(CKR_ARGUMENTS_BAD, p11->C_Initialize(&half));
  EXPECT(CKR_CANT_LOCK, p11->C_Initialize(&own));
  EXPECT(CKR_CRYPTOKI_NOT_INITIALIZED, p11->C_Finalize(NULL));
  CK_C_INITIALIZE_ARGS *const good[] = {NULL, &none, &both};
  for (size_t i = 0; i < COUNT(good); i++) {
    EXPECT(CKR_OK, p11->C_Initialize(good[i]));
    EXPECT(CKR_CRYPTOKI_ALREADY_INITIALIZED, p11->C_Initialize(good[i]));
    EXPECT(CKR_OK, p11->C_Finalize(NULL));
  }
  const char *const bad_dirs[] = {"relative", "/a:/a", ":", "/a:", "/a:b", "/1:/2:/3:/4:/5:/6:/7:/8:/9:/10:/11:/12:/13:/14:/15:/16:/17"};
  for (size_t i = 0; i < COUNT(bad_dirs); i++) {
    CHECK(setenv("THRESIGN_TOKEN_DIR", bad_dirs[i], 1) == 0);
    EXPECT(CKR_TS_CONFIGURATION, p11->C_Initialize(NULL));
    EXPECT(CKR_CRYPTOKI_NOT_INITIALIZED, p11->C_GetInfo(NULL));
  }
}

static void slot_lists(void) {
  CK_ULONG count = 99;
  CK_SLOT_ID slots[16];
  CK_SLOT_INFO info;
  CK_TOKEN_INFO token;
  CK_SESSION_HANDLE session;
  CHECK(unsetenv("THRESIGN_TOKEN_DIR") == 0);
  EXPECT(CKR_OK, p11->C_Initialize(NULL));
  EXPECT(CKR_OK, p11->C_GetSlotList(CK_FALSE, NULL, &count));
  CHECK(count == 0);
  EXPECT(CKR_SLOT_ID_INVALID, p11->C_GetSlotInfo(0, &info));
  EXPECT(CKR_OK, p11->C_Finalize(NULL));

  new_token_dir();
  char dirs[256];
  CHECK(snprintf(dirs, sizeof dirs, "%s:/nowhere/at/all", token_dir) > 0);
  CHECK(setenv("THRESIGN_TOKEN_DIR", dirs, 1) == 0);
  EXPECT(CKR_OK, p11->C_Initialize(NULL));
  EXPECT(CKR_OK, p11->C_GetSlotList(CK_TRUE, NULL, &count));
  CHECK(count == 1);
  count = 1;
  EXPECT(CKR_BUFFER_TOO_SMALL, p11->C_GetSlotList(CK_FALSE, slots, &count));
  CHECK(count == 2);
  EXPECT(CKR_OK, p11->C_GetSlotList(CK_FALSE, slots, &count));
  CHECK(count == 2 && slots[0] == 0 && slots[1] == 1);
  EXPECT(CKR_OK, p11->C_GetSlotInfo(0, &info));
  CHECK((info.flags & CKF_TOKEN_PRESENT) != 0);
  EXPECT(CKR_OK, p11->C_GetSlotInfo(1, &info));
  CHECK((info.flags & CKF_TOKEN_PRESENT) == 0);
  EXPECT(CKR_OK, p11->C_GetTokenInfo(0, &token));
  CHECK((token.flags & CKF_TOKEN_INITIALIZED) == 0);
  EXPECT(CKR_TOKEN_NOT_RECOGNIZED, p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session));
  EXPECT(CKR_TOKEN_NOT_PRESENT, p11->C_GetTokenInfo(1, &token));
  EXPECT(CKR_TOKEN_NOT_PRESENT, p11->C_OpenSession(1, CKF_SERIAL_SESSION, NULL, NULL, &session));
  EXPECT(CKR_SESSION_PARALLEL_NOT_SUPPORTED, p11->C_OpenSession(0, 0, NULL, NULL, &session));
  EXPECT(CKR_SLOT_ID_INVALID, p11->C_OpenSession(2, CKF_SERIAL_SESSION, NULL, NULL, &session));
  EXPECT(CKR_TS_STORE_WRITE, init_token(1, SO_PIN)); /* its parent is not there either */
  EXPECT(CKR_OK, p11->C_Finalize(NULL));
  remove_token_dir();
}

static void mechanism_lists(void) {
  CK_MECHANISM_TYPE types[32];
  CK_MECHANISM_INFO info;
  CK_ULONG count = 1;
  EXPECT(CKR_BUFFER_TOO_SMALL, p11->C_GetMechanismList(0, types, &count));
  CHECK(count >= 5 && count < COUNT(types));
  EXPECT(CKR_OK, p11->C_GetMechanismList(0, types, &count));
  for (CK_ULONG i = 0; i < count; i++) EXPECT(CKR_OK, p11->C_GetMechanismInfo(0, types[i], &info));
  EXPECT(CKR_MECHANISM_INVALID, p11->C_GetMechanismInfo(0, CKM_RSA_PKCS, &info));
  EXPECT(CKR_SLOT_ID_INVALID, p11->C_GetMechanismInfo(1, CKM_EDDSA, &info));
}

/* A child may initialise for itself, and then sees the token as another process does. */
static void child_begins_anew(void) {
  CK_SESSION_HANDLE session;
  all_not_initialised();
  EXPECT(CKR_OK, p11->C_Initialize(NULL));
  EXPECT(CKR_TS_STORE_IN_USE, p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session));
  EXPECT(CKR_OK, p11->C_Finalize(NULL));
}

/* The same child without the C library's fork, and so without fork handlers. */
static void in_cloned_child(void (*body)(void)) {
  long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  CHECK(child >= 0);
  if (child == 0) {
    body();
    _exit(0);
  }
  int status;
  CHECK(waitpid((pid_t)child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
  load_provider(TOKEN_PATH);
  for (size_t i = 0; i < 68; i++) { /* callers call through the table without looking */
    void *function;
    memcpy(&function, (const char *)p11 + sizeof(void *) * (1 + i), sizeof function);
    CHECK(function != NULL);
  }
  CHECK(p11->version.major == 2 && p11->version.minor == 40);
  EXPECT(CKR_ARGUMENTS_BAD, p11->C_GetFunctionList(NULL));
  all_not_initialised();
  initialize_arguments();
  slot_lists();
  all_not_initialised();

  new_token();
  at = 0;
  bad_handles();
  mechanism_lists();
  without_login();
  CK_SESSION_HANDLE session = user_session();
  at = session;
  in_child(all_not_initialised);
  in_child(child_begins_anew);
  in_cloned_child(all_not_initialised);
  in_cloned_child(child_begins_anew);
  CK_SESSION_INFO info; /* and the parent has noticed nothing */
  EXPECT(CKR_OK, p11->C_GetSessionInfo(session, &info));
  CHECK(info.state == CKS_RW_USER_FUNCTIONS);
  EXPECT(CKR_OK, p11->C_CloseAllSessions(0));
  EXPECT(CKR_SESSION_HANDLE_INVALID, p11->C_CloseSession(session));
  null_arguments();
  end_token();
  all_not_initialised();
  return 0;
}
