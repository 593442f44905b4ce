/* The functions of PKCS#11 that this token does not have. Callers call through the table unasked. */
#include "internal.h"

static CK_RV unsupported(void) {
  CK_RV rv = ts_enter();
  return rv != CKR_OK ? rv : ts_leave(CKR_FUNCTION_NOT_SUPPORTED);
}

#define SESSION CK_SESSION_HANDLE session
#define IN(name) CK_BYTE *name, CK_ULONG name##_length
#define OUT(name) CK_BYTE *name, CK_ULONG *name##_length
#define UNUSED(name) (void)name, (void)name##_length

CK_RV C_GetOperationState(SESSION, OUT(state)) {
  (void)session, UNUSED(state);
  return unsupported();
}

CK_RV C_SetOperationState(SESSION, IN(state), CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentication_key) {
  (void)session, UNUSED(state), (void)encryption_key, (void)authentication_key;
  return unsupported();
}

#define INIT(name)                                                              \
  CK_RV name(SESSION, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {          \
    (void)session, (void)mechanism, (void)key;                                  \
    return unsupported();                                                       \
  }
INIT(C_EncryptInit)
INIT(C_DecryptInit)
INIT(C_SignRecoverInit)
INIT(C_VerifyRecoverInit)

#define TRANSFORM(name)                                                         \
  CK_RV name(SESSION, IN(in), OUT(out)) {                                       \
    (void)session, UNUSED(in), UNUSED(out);                                     \
    return unsupported();                                                       \
  }
TRANSFORM(C_Encrypt)
TRANSFORM(C_EncryptUpdate)
TRANSFORM(C_Decrypt)
TRANSFORM(C_DecryptUpdate)
TRANSFORM(C_SignRecover)
TRANSFORM(C_VerifyRecover)
TRANSFORM(C_DigestEncryptUpdate)
TRANSFORM(C_DecryptDigestUpdate)
TRANSFORM(C_SignEncryptUpdate)
TRANSFORM(C_DecryptVerifyUpdate)

#define FINISH(name)                                                            \
  CK_RV name(SESSION, OUT(out)) {                                               \
    (void)session, UNUSED(out);                                                 \
    return unsupported();                                                       \
  }
FINISH(C_EncryptFinal)
FINISH(C_DecryptFinal)

CK_RV C_DigestKey(SESSION, CK_OBJECT_HANDLE key) {
  (void)session, (void)key;
  return unsupported();
}

CK_RV C_GenerateKey(SESSION, CK_MECHANISM *mechanism, CK_ATTRIBUTE *list, CK_ULONG count, CK_OBJECT_HANDLE *key) {
  (void)session, (void)mechanism, (void)list, (void)count, (void)key;
  return unsupported();
}

CK_RV C_WrapKey(SESSION, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key, OUT(wrapped)) {
  (void)session, (void)mechanism, (void)wrapping, (void)key, UNUSED(wrapped);
  return unsupported();
}

CK_RV C_UnwrapKey(SESSION, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping, IN(wrapped), CK_ATTRIBUTE *list,
                  CK_ULONG count, CK_OBJECT_HANDLE *key) {
  (void)session, (void)mechanism, (void)unwrapping, UNUSED(wrapped), (void)list, (void)count, (void)key;
  return unsupported();
}

CK_RV C_DeriveKey(SESSION, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base, CK_ATTRIBUTE *list, CK_ULONG count,
                  CK_OBJECT_HANDLE *key) {
  (void)session, (void)mechanism, (void)base, (void)list, (void)count, (void)key;
  return unsupported();
}

CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved) {
  (void)flags, (void)slot, (void)reserved;
  return unsupported();
}

CK_RV C_CopyObject(SESSION, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count, CK_OBJECT_HANDLE *copy) {
  ts_session *found;
  CK_RV rv = ts_enter_session(session, &found);
  if (rv != CKR_OK) return rv;
  if (copy == NULL || (list == NULL && count != 0)) return ts_leave(CKR_ARGUMENTS_BAD);
  /* CKA_COPYABLE is false on every object. */
  return ts_leave(ts_slot_object(found->slot, object) == NULL ? CKR_OBJECT_HANDLE_INVALID : CKR_ACTION_PROHIBITED);
}

/* Left over from PKCS#11 1.0, with answers of their own. */
CK_RV C_GetFunctionStatus(SESSION) {
  (void)session;
  CK_RV rv = ts_enter();
  return rv != CKR_OK ? rv : ts_leave(CKR_FUNCTION_NOT_PARALLEL);
}

CK_RV C_CancelFunction(SESSION) { return C_GetFunctionStatus(session); }

CK_RV C_SeedRandom(SESSION, IN(seed)) {
  ts_session *found;
  CK_RV rv = ts_enter_session(session, &found);
  if (rv != CKR_OK) return rv;
  if (seed == NULL && seed_length != 0) return ts_leave(CKR_ARGUMENTS_BAD);
  return ts_leave(CKR_RANDOM_SEED_NOT_SUPPORTED); /* the kernel's generator needs nothing of ours */
}
