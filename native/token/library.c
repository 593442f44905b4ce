/* The library as a whole: initialise and finalise, the one lock, fork, and the table of functions. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* One lock for everything: python-pkcs11 lets go of the interpreter's lock around every call and comes from many
 * threads, and initialises with NULL arguments all the same. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
  _Atomic pid_t pid; /* of the process that initialised; 0 if none did */
  bool fork_handled;
  size_t slot_count;
  ts_slot slots[TS_SLOTS_MAX];
} library;

/* ---- Fork ------------------------------------------------------------------------------------------------------ */

/* In the child everything of the parent's is forgotten without being touched: secret memory is not there any more,
 * and what lies on the heap is left to lie. The parent's file lock is not released by closing our copy of it, but it
 * would be held by the child after the parent's death. */
static void forget(void) {
  for (size_t i = 0; i < library.slot_count; i++) {
    if (library.slots[i].lock_fd >= 0) (void)close(library.slots[i].lock_fd);
    if (library.slots[i].directory_fd >= 0) (void)close(library.slots[i].directory_fd);
  }
  memset(library.slots, 0, sizeof library.slots);
  library.slot_count = 0;
  library.pid = 0;
  ts_session_forget();
  ts_secret_forget();
}

static void after_fork_in_child(void) {
  pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
  lock = fresh; /* another thread of the parent may have held it */
  forget();
}

/* ---- Entering and leaving -------------------------------------------------------------------------------------- */

CK_RV ts_enter(void) {
  /* Looked at before the lock as well: in a child of a bare clone(), which runs no fork handler, a thread that is not
   * there may hold it. */
  pid_t here = getpid();
  if (library.pid != here) return CKR_CRYPTOKI_NOT_INITIALIZED;
  (void)pthread_mutex_lock(&lock);
  if (library.pid == here) return CKR_OK;
  (void)pthread_mutex_unlock(&lock);
  return CKR_CRYPTOKI_NOT_INITIALIZED;
}

CK_RV ts_enter_session(CK_SESSION_HANDLE handle, ts_session **session) {
  CK_RV rv = ts_enter();
  if (rv != CKR_OK) return rv;
  *session = ts_session_by_handle(handle);
  return *session != NULL ? CKR_OK : ts_leave(CKR_SESSION_HANDLE_INVALID);
}

CK_RV ts_leave(CK_RV rv) {
  (void)pthread_mutex_unlock(&lock);
  return rv;
}

CK_RV ts_leave_secret(CK_RV rv) {
  ts_stack_wipe();
  return ts_leave(rv);
}

CK_ULONG ts_new_handle(void) {
  static CK_ULONG last; /* outlives C_Finalize: a stale handle never meets a new object */
  return ++last;
}

ts_slot *ts_slot_by_id(CK_SLOT_ID id) { return id < library.slot_count ? &library.slots[id] : NULL; }

size_t ts_slot_count(void) { return library.slot_count; }

/* ---- Initialise and finalise ----------------------------------------------------------------------------------- */

/* Reads THRESIGN_TOKEN_DIR: absolute paths, separated by ':', each a slot. Unset or empty: no slots. */
static CK_RV configure(void) {
  const char *text = secure_getenv("THRESIGN_TOKEN_DIR");
  memset(library.slots, 0, sizeof library.slots);
  library.slot_count = 0;
  if (text == NULL || text[0] == 0) return CKR_OK;
  for (;;) {
    size_t length = strcspn(text, ":");
    if (library.slot_count == TS_SLOTS_MAX || text[0] != '/' || length >= PATH_MAX) return CKR_TS_CONFIGURATION;
    ts_slot *slot = &library.slots[library.slot_count];
    memcpy(slot->directory, text, length);
    slot->id = library.slot_count;
    slot->directory_fd = slot->lock_fd = -1;
    for (size_t i = 0; i < library.slot_count; i++)
      if (strcmp(library.slots[i].directory, slot->directory) == 0) return CKR_TS_CONFIGURATION;
    library.slot_count++;
    if (text[length] == 0) return CKR_OK;
    text += length + 1;
  }
}

static CK_RV check_arguments(const CK_C_INITIALIZE_ARGS *arguments) {
  if (arguments == NULL) return CKR_OK;
  if (arguments->pReserved != NULL) return CKR_ARGUMENTS_BAD;
  int given = (arguments->CreateMutex != NULL) + (arguments->DestroyMutex != NULL) + (arguments->LockMutex != NULL) +
              (arguments->UnlockMutex != NULL);
  if (given != 0 && given != 4) return CKR_ARGUMENTS_BAD;
  /* We lock with pthreads, always. A caller whose threads need its own mutexes cannot be served. */
  if (given == 4 && (arguments->flags & CKF_OS_LOCKING_OK) == 0) return CKR_CANT_LOCK;
  return CKR_OK;
}

static CK_RV initialize(const CK_C_INITIALIZE_ARGS *arguments) {
  if (library.pid == getpid()) return CKR_CRYPTOKI_ALREADY_INITIALIZED;
  if (library.pid != 0) forget();
  CK_RV rv = check_arguments(arguments);
  if (rv != CKR_OK) return rv;
  if (sodium_init() < 0) return CKR_FUNCTION_FAILED;
  if (!library.fork_handled && pthread_atfork(NULL, NULL, after_fork_in_child) != 0) return CKR_HOST_MEMORY;
  library.fork_handled = true;
  rv = configure();
  if (rv == CKR_OK && !ts_secret_open()) rv = CKR_TS_SECRET_MEMORY;
  if (rv != CKR_OK) {
    library.slot_count = 0;
    return rv;
  }
  library.pid = getpid();
  return CKR_OK;
}

CK_RV C_Initialize(void *arguments) {
  (void)pthread_mutex_lock(&lock);
  return ts_leave(initialize(arguments));
}

CK_RV C_Finalize(void *reserved) {
  CK_RV rv = ts_enter();
  if (rv != CKR_OK) return rv;
  if (reserved != NULL) return ts_leave(CKR_ARGUMENTS_BAD);
  for (size_t i = 0; i < library.slot_count; i++) ts_session_close_all(&library.slots[i]);
  ts_secret_close();
  library.slot_count = 0;
  library.pid = 0;
  return ts_leave_secret(CKR_OK);
}

/* ---- The table of functions ------------------------------------------------------------------------------------ */

#define ENTRY(name) .name = name
static const CK_FUNCTION_LIST functions = {
  .version = {2, 40},
  ENTRY(C_Initialize), ENTRY(C_Finalize), ENTRY(C_GetInfo), ENTRY(C_GetFunctionList), ENTRY(C_GetSlotList),
  ENTRY(C_GetSlotInfo), ENTRY(C_GetTokenInfo), ENTRY(C_GetMechanismList), ENTRY(C_GetMechanismInfo),
  ENTRY(C_InitToken), ENTRY(C_InitPIN), ENTRY(C_SetPIN), ENTRY(C_OpenSession), ENTRY(C_CloseSession),
  ENTRY(C_CloseAllSessions), ENTRY(C_GetSessionInfo), ENTRY(C_GetOperationState), ENTRY(C_SetOperationState),
  ENTRY(C_Login), ENTRY(C_Logout), ENTRY(C_CreateObject), ENTRY(C_CopyObject), ENTRY(C_DestroyObject),
  ENTRY(C_GetObjectSize), ENTRY(C_GetAttributeValue), ENTRY(C_SetAttributeValue), ENTRY(C_FindObjectsInit),
  ENTRY(C_FindObjects), ENTRY(C_FindObjectsFinal), ENTRY(C_EncryptInit), ENTRY(C_Encrypt), ENTRY(C_EncryptUpdate),
  ENTRY(C_EncryptFinal), ENTRY(C_DecryptInit), ENTRY(C_Decrypt), ENTRY(C_DecryptUpdate), ENTRY(C_DecryptFinal),
  ENTRY(C_DigestInit), ENTRY(C_Digest), ENTRY(C_DigestUpdate), ENTRY(C_DigestKey), ENTRY(C_DigestFinal),
  ENTRY(C_SignInit), ENTRY(C_Sign), ENTRY(C_SignUpdate), ENTRY(C_SignFinal), ENTRY(C_SignRecoverInit),
  ENTRY(C_SignRecover), ENTRY(C_VerifyInit), ENTRY(C_Verify), ENTRY(C_VerifyUpdate), ENTRY(C_VerifyFinal),
  ENTRY(C_VerifyRecoverInit), ENTRY(C_VerifyRecover), ENTRY(C_DigestEncryptUpdate), ENTRY(C_DecryptDigestUpdate),
  ENTRY(C_SignEncryptUpdate), ENTRY(C_DecryptVerifyUpdate), ENTRY(C_GenerateKey), ENTRY(C_GenerateKeyPair),
  ENTRY(C_WrapKey), ENTRY(C_UnwrapKey), ENTRY(C_DeriveKey), ENTRY(C_SeedRandom), ENTRY(C_GenerateRandom),
  ENTRY(C_GetFunctionStatus), ENTRY(C_CancelFunction), ENTRY(C_WaitForSlotEvent),
};
/* 68 functions after the version; a NULL among them would be a crash in callers, and a test looks for one. */
_Static_assert(sizeof(CK_FUNCTION_LIST) == 69 * sizeof(void *), "the function list of PKCS#11 2.40");

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list) {
  if (list == NULL) return CKR_ARGUMENTS_BAD;
  *list = (CK_FUNCTION_LIST *)(uintptr_t)&functions; /* read-only pages all the same */
  return CKR_OK;
}
