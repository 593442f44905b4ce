/* Entries that sign and verify. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "thresign/wipe.h"

/* ---- Beginning ------------------------------------------------------------------------------------------------- */

static ts_request request_of(ts_session *session, const ts_operation *operation, const ts_object *key,
                             const uint8_t *data, size_t data_length) {
  return (ts_request){.slot = session->slot, .session = session, .key = key, .parameter = operation->parameter,
                      .parameter_length = operation->parameter_length, .data = data, .data_length = data_length};
}

/* The caller's data is read once, here: what is checked is what is signed, even if the caller's memory changes
 * meanwhile. With Ed25519, data that changes between its two readings would give the key away. */
static CK_RV copy_data(const CK_BYTE *data, CK_ULONG length, uint8_t **copy) {
  if (length > TS_DATA_BYTES_MAX) return CKR_DATA_LEN_RANGE;
  *copy = malloc(length == 0 ? 1 : length);
  if (*copy == NULL) return CKR_HOST_MEMORY;
  if (length > 0) memcpy(*copy, data, length);
  return CKR_OK;
}

/* Keeps the mechanism and a copy of its parameter. */
static CK_RV begin(ts_session *session, ts_operation *operation, const ts_mechanism *mechanism,
                   const CK_MECHANISM *given, const ts_object *key) {
  ts_operation next = {.mechanism = mechanism, .key = key->handle, .parameter = NULL,
                       .parameter_length = given->ulParameterLen};
  if (next.parameter_length > 0) {
    next.parameter = malloc(next.parameter_length);
    if (next.parameter == NULL) return CKR_HOST_MEMORY;
    memcpy(next.parameter, given->pParameter, next.parameter_length);
  }
  ts_request request = request_of(session, &next, key, NULL, 0);
  CK_RV rv = mechanism->init == NULL ? CKR_OK : mechanism->init(&request);
  if (rv == CKR_OK) *operation = next;
  else ts_operation_end(&next);
  return rv;
}

static CK_RV check_mechanism(const CK_MECHANISM *given, CK_FLAGS use, const ts_mechanism **mechanism) {
  if (given->pParameter == NULL && given->ulParameterLen != 0) return CKR_MECHANISM_PARAM_INVALID;
  if (given->ulParameterLen > TS_PARAMETER_BYTES_MAX) return CKR_MECHANISM_PARAM_INVALID;
  *mechanism = ts_mechanism_find(given->mechanism);
  return *mechanism != NULL && ((*mechanism)->flags & use) != 0 ? CKR_OK : CKR_MECHANISM_INVALID;
}

static TS_NOINLINE CK_RV sign_init(ts_session *session, const CK_MECHANISM *given, CK_OBJECT_HANDLE handle) {
  const ts_mechanism *mechanism;
  if (given == NULL) return CKR_ARGUMENTS_BAD;
  if (session->slot->login != TS_LOGIN_USER) return CKR_USER_NOT_LOGGED_IN;
  if (session->sign.mechanism != NULL) return CKR_OPERATION_ACTIVE;
  CK_RV rv = check_mechanism(given, CKF_SIGN, &mechanism);
  if (rv != CKR_OK) return rv;
  const ts_object *key = ts_slot_object(session->slot, handle);
  if (key == NULL) return CKR_KEY_HANDLE_INVALID;
  if (ts_object_class(key) != CKO_PRIVATE_KEY) return CKR_KEY_TYPE_INCONSISTENT;
  if (!ts_object_is(key, CKA_SIGN)) return CKR_KEY_FUNCTION_NOT_PERMITTED;
  /* The vote and sealing keys are Ed25519 and X25519 by type; what they may do is decided by their role alone. */
  if (mechanism->role != ts_object_role(key))
    return ts_object_role(key) == TS_ROLE_ED25519 ? CKR_KEY_TYPE_INCONSISTENT : CKR_KEY_FUNCTION_NOT_PERMITTED;
  return begin(session, &session->sign, mechanism, given, key);
}

CK_RV C_SignInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  return rv != CKR_OK ? rv : ts_leave_secret(sign_init(session, mechanism, key));
}

/* ---- C_Sign ---------------------------------------------------------------------------------------------------- */

/* Runs the mechanism into memory of our own, so that nothing half-made is ever in the caller's, and copies from
 * there. */
static CK_RV run(const ts_mechanism *mechanism, const ts_request *request, size_t room, CK_BYTE *out,
                 CK_ULONG *out_length) {
  uint8_t *made = malloc(room == 0 ? 1 : room);
  size_t length = room;
  if (made == NULL) return CKR_HOST_MEMORY;
  CK_RV rv = mechanism->run(request, made, &length);
  if (rv == CKR_OK && length > room) rv = CKR_GENERAL_ERROR;
  if (rv == CKR_OK) {
    memcpy(out, made, length);
    *out_length = length;
  }
  ts_wipe(made, room);
  free(made);
  return rv;
}

/* *over is false while the operation goes on: the caller asked for the length, or gave too little room. */
static CK_RV sign(ts_session *session, const CK_BYTE *data, CK_ULONG data_length, CK_BYTE *out, CK_ULONG *out_length,
                  bool *over) {
  const ts_operation *operation = &session->sign;
  size_t needed;
  uint8_t *copy;
  *over = true;
  if ((data == NULL && data_length != 0) || out_length == NULL) return CKR_ARGUMENTS_BAD;
  if (session->slot->login != TS_LOGIN_USER) return CKR_USER_NOT_LOGGED_IN;
  if (operation->mechanism == NULL) return CKR_OPERATION_NOT_INITIALIZED;
  const ts_object *key = ts_slot_object(session->slot, operation->key);
  if (key == NULL) return CKR_KEY_HANDLE_INVALID;
  CK_RV rv = copy_data(data, data_length, &copy);
  if (rv != CKR_OK) return rv;
  ts_request request = request_of(session, operation, key, copy, data_length);
  rv = operation->mechanism->length(&request, &needed);
  if (rv == CKR_OK && (out == NULL || *out_length < needed)) {
    rv = out == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
    *out_length = needed;
    *over = false;
  } else if (rv == CKR_OK) {
    rv = run(operation->mechanism, &request, needed, out, out_length);
  }
  free(copy);
  return rv;
}

static TS_NOINLINE CK_RV sign_and_end(ts_session *session, const CK_BYTE *data, CK_ULONG data_length, CK_BYTE *out,
                                      CK_ULONG *out_length) {
  bool over;
  CK_RV rv = sign(session, data, data_length, out, out_length, &over);
  if (over) ts_operation_end(&session->sign);
  return rv;
}

CK_RV C_Sign(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG data_length, CK_BYTE *out, CK_ULONG *out_length) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  return rv != CKR_OK ? rv : ts_leave_secret(sign_and_end(session, data, data_length, out, out_length));
}

/* ---- Verifying ------------------------------------------------------------------------------------------------- */

static CK_RV verify_init(ts_session *session, const CK_MECHANISM *given, CK_OBJECT_HANDLE handle) {
  const ts_mechanism *mechanism;
  if (given == NULL) return CKR_ARGUMENTS_BAD;
  if (session->verify.mechanism != NULL) return CKR_OPERATION_ACTIVE;
  CK_RV rv = check_mechanism(given, CKF_VERIFY, &mechanism);
  if (rv != CKR_OK) return rv;
  const ts_object *key = ts_slot_object(session->slot, handle);
  if (key == NULL) return CKR_KEY_HANDLE_INVALID;
  if (ts_object_class(key) != CKO_PUBLIC_KEY) return CKR_KEY_TYPE_INCONSISTENT;
  if (!ts_object_is(key, CKA_VERIFY)) return CKR_KEY_FUNCTION_NOT_PERMITTED;
  return begin(session, &session->verify, mechanism, given, key);
}

CK_RV C_VerifyInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  return rv != CKR_OK ? rv : ts_leave(verify_init(session, mechanism, key));
}

static CK_RV verify(ts_session *session, const CK_BYTE *data, CK_ULONG data_length, const CK_BYTE *signature,
                    CK_ULONG signature_length) {
  const ts_operation *operation = &session->verify;
  uint8_t *copy;
  if ((data == NULL && data_length != 0) || signature == NULL) return CKR_ARGUMENTS_BAD;
  if (operation->mechanism == NULL) return CKR_OPERATION_NOT_INITIALIZED;
  const ts_object *key = ts_slot_object(session->slot, operation->key);
  if (key == NULL) return CKR_KEY_HANDLE_INVALID;
  CK_RV rv = copy_data(data, data_length, &copy);
  if (rv != CKR_OK) return rv;
  ts_request request = request_of(session, operation, key, copy, data_length);
  rv = operation->mechanism->verify(&request, signature, signature_length);
  free(copy);
  return rv;
}

CK_RV C_Verify(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG data_length, CK_BYTE *signature,
               CK_ULONG signature_length) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  if (rv != CKR_OK) return rv;
  rv = verify(session, data, data_length, signature, signature_length);
  ts_operation_end(&session->verify);
  return ts_leave(rv);
}

/* ---- In parts: not with these mechanisms ----------------------------------------------------------------------- */

/* Ed25519 reads its message twice, vendor mechanisms take whole requests. The answer ends the operation: callers
 * (python-pkcs11) hold that an operation is over once a call on it has failed, and could not begin another. */
static CK_RV not_in_parts(CK_SESSION_HANDLE handle, bool signing) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  if (rv != CKR_OK) return rv;
  ts_operation *operation = signing ? &session->sign : &session->verify;
  rv = operation->mechanism == NULL ? CKR_OPERATION_NOT_INITIALIZED : CKR_FUNCTION_NOT_SUPPORTED;
  ts_operation_end(operation);
  return ts_leave(rv);
}

CK_RV C_SignUpdate(CK_SESSION_HANDLE handle, CK_BYTE *part, CK_ULONG part_length) {
  (void)part, (void)part_length;
  return not_in_parts(handle, true);
}

CK_RV C_SignFinal(CK_SESSION_HANDLE handle, CK_BYTE *out, CK_ULONG *out_length) {
  (void)out, (void)out_length;
  return not_in_parts(handle, true);
}

CK_RV C_VerifyUpdate(CK_SESSION_HANDLE handle, CK_BYTE *part, CK_ULONG part_length) {
  (void)part, (void)part_length;
  return not_in_parts(handle, false);
}

CK_RV C_VerifyFinal(CK_SESSION_HANDLE handle, CK_BYTE *signature, CK_ULONG signature_length) {
  (void)signature, (void)signature_length;
  return not_in_parts(handle, false);
}
