/* Entries about sessions, login and PINs. */
#include "internal.h"
#include "pin.h"

/* ---- Sessions -------------------------------------------------------------------------------------------------- */

CK_RV C_OpenSession(CK_SLOT_ID id, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *handle) {
  (void)application, (void)notify; /* this token never calls back */
  ts_session *session;
  CK_RV rv = ts_enter();
  if (rv != CKR_OK) return rv;
  ts_slot *slot = ts_slot_by_id(id);
  if (slot == NULL) return ts_leave(CKR_SLOT_ID_INVALID);
  if (handle == NULL) return ts_leave(CKR_ARGUMENTS_BAD);
  if ((flags & CKF_SERIAL_SESSION) == 0) return ts_leave(CKR_SESSION_PARALLEL_NOT_SUPPORTED);
  bool rw = (flags & CKF_RW_SESSION) != 0;
  if (!rw && slot->login == TS_LOGIN_SO) return ts_leave(CKR_SESSION_READ_WRITE_SO_EXISTS);
  rv = ts_session_open(slot, rw, &session);
  if (rv == CKR_OK) *handle = session->handle;
  return ts_leave(rv);
}

CK_RV C_CloseSession(CK_SESSION_HANDLE handle) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  if (rv != CKR_OK) return rv;
  ts_session_close(session);
  return ts_leave_secret(CKR_OK);
}

CK_RV C_CloseAllSessions(CK_SLOT_ID id) {
  CK_RV rv = ts_enter();
  if (rv != CKR_OK) return rv;
  ts_slot *slot = ts_slot_by_id(id);
  if (slot == NULL) return ts_leave(CKR_SLOT_ID_INVALID);
  ts_session_close_all(slot);
  return ts_leave_secret(CKR_OK);
}

static CK_STATE state_of(const ts_session *session) {
  switch (session->slot->login) {
    case TS_LOGIN_SO: return CKS_RW_SO_FUNCTIONS;
    case TS_LOGIN_USER: return session->rw ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
    case TS_LOGIN_NONE: break;
  }
  return session->rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
}

CK_RV C_GetSessionInfo(CK_SESSION_HANDLE handle, CK_SESSION_INFO *info) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  if (rv != CKR_OK) return rv;
  if (info == NULL) return ts_leave(CKR_ARGUMENTS_BAD);
  info->slotID = session->slot->id;
  info->state = state_of(session);
  info->flags = CKF_SERIAL_SESSION | (session->rw ? CKF_RW_SESSION : 0);
  info->ulDeviceError = 0;
  return ts_leave(CKR_OK);
}

/* ---- Login ----------------------------------------------------------------------------------------------------- */

static TS_NOINLINE CK_RV log_in(ts_session *session, CK_USER_TYPE type, const CK_UTF8CHAR *pin, CK_ULONG length) {
  ts_slot *slot = session->slot;
  ts_pin given;
  if (type == CKU_CONTEXT_SPECIFIC) return CKR_OPERATION_NOT_INITIALIZED; /* no key here asks for a PIN every time */
  if (type != CKU_USER && type != CKU_SO) return CKR_USER_TYPE_INVALID;
  enum ts_login who = type == CKU_SO ? TS_LOGIN_SO : TS_LOGIN_USER;
  if (pin == NULL && length != 0) return CKR_ARGUMENTS_BAD;
  if (slot->login == who) return CKR_USER_ALREADY_LOGGED_IN;
  if (slot->login != TS_LOGIN_NONE) return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
  if (who == TS_LOGIN_SO && slot->rw_sessions != slot->sessions) return CKR_SESSION_READ_ONLY_EXISTS;
  CK_RV rv = ts_pin_get(who == TS_LOGIN_SO ? TS_PIN_SOURCE_SO : TS_PIN_SOURCE_USER, pin, length, &given);
  if (rv != CKR_OK) return rv;
  rv = ts_slot_log_in(slot, who, given.bytes, given.length);
  ts_pin_drop(&given);
  return rv;
}

CK_RV C_Login(CK_SESSION_HANDLE handle, CK_USER_TYPE type, CK_UTF8CHAR *pin, CK_ULONG length) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  return rv != CKR_OK ? rv : ts_leave_secret(log_in(session, type, pin, length));
}

CK_RV C_Logout(CK_SESSION_HANDLE handle) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  if (rv != CKR_OK) return rv;
  if (session->slot->login == TS_LOGIN_NONE) return ts_leave(CKR_USER_NOT_LOGGED_IN);
  ts_slot_log_out(session->slot);
  return ts_leave_secret(CKR_OK);
}

/* ---- PINs ------------------------------------------------------------------------------------------------------ */

static TS_NOINLINE CK_RV init_pin(ts_session *session, const CK_UTF8CHAR *pin, CK_ULONG length) {
  ts_pin given;
  if (pin == NULL && length != 0) return CKR_ARGUMENTS_BAD;
  if (session->slot->login != TS_LOGIN_SO) return CKR_USER_NOT_LOGGED_IN;
  CK_RV rv = ts_pin_get(TS_PIN_SOURCE_USER, pin, length, &given);
  if (rv != CKR_OK) return rv;
  rv = ts_slot_init_pin(session->slot, given.bytes, given.length);
  ts_pin_drop(&given);
  return rv;
}

CK_RV C_InitPIN(CK_SESSION_HANDLE handle, CK_UTF8CHAR *pin, CK_ULONG length) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  return rv != CKR_OK ? rv : ts_leave_secret(init_pin(session, pin, length));
}

/* The PIN of whoever is logged in; the user's in a public session. */
static TS_NOINLINE CK_RV set_pin(ts_session *session, const CK_UTF8CHAR *old_pin, CK_ULONG old_length,
                                 const CK_UTF8CHAR *new_pin, CK_ULONG new_length) {
  ts_pin old_given, new_given;
  bool so = session->slot->login == TS_LOGIN_SO;
  if ((old_pin == NULL && old_length != 0) || (new_pin == NULL && new_length != 0)) return CKR_ARGUMENTS_BAD;
  if (!session->rw) return CKR_SESSION_READ_ONLY;
  CK_RV rv = ts_pin_get(so ? TS_PIN_SOURCE_SO : TS_PIN_SOURCE_USER, old_pin, old_length, &old_given);
  if (rv != CKR_OK) return rv;
  rv = ts_pin_get(TS_PIN_SOURCE_NEW, new_pin, new_length, &new_given);
  if (rv == CKR_OK) {
    rv = ts_slot_set_pin(session->slot, so ? TS_PIN_SO : TS_PIN_USER, old_given.bytes, old_given.length,
                         new_given.bytes, new_given.length);
    ts_pin_drop(&new_given);
  }
  ts_pin_drop(&old_given);
  return rv;
}

CK_RV C_SetPIN(CK_SESSION_HANDLE handle, CK_UTF8CHAR *old_pin, CK_ULONG old_length, CK_UTF8CHAR *new_pin,
               CK_ULONG new_length) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  return rv != CKR_OK ? rv : ts_leave_secret(set_pin(session, old_pin, old_length, new_pin, new_length));
}
