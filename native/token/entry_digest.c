/* Entries that hash, and C_GenerateRandom. */
#include <string.h>

#include "internal.h"

static size_t digest_bytes(CK_MECHANISM_TYPE type) {
  return type == CKM_SHA256 ? crypto_hash_sha256_BYTES : crypto_hash_sha512_BYTES;
}

static CK_RV digest_init(ts_session *session, const CK_MECHANISM *given) {
  if (given == NULL) return CKR_ARGUMENTS_BAD;
  if (session->digest != 0) return CKR_OPERATION_ACTIVE;
  if (given->mechanism != CKM_SHA256 && given->mechanism != CKM_SHA512) return CKR_MECHANISM_INVALID;
  if (given->ulParameterLen != 0) return CKR_MECHANISM_PARAM_INVALID;
  session->digest = given->mechanism;
  session->digest_updated = false;
  if (session->digest == CKM_SHA256) (void)crypto_hash_sha256_init(&session->digest_state.sha256);
  else (void)crypto_hash_sha512_init(&session->digest_state.sha512);
  return CKR_OK;
}

CK_RV C_DigestInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  return rv != CKR_OK ? rv : ts_leave(digest_init(session, mechanism));
}

static void update(ts_session *session, const CK_BYTE *data, CK_ULONG length) {
  if (length == 0) return;
  if (session->digest == CKM_SHA256) (void)crypto_hash_sha256_update(&session->digest_state.sha256, data, length);
  else (void)crypto_hash_sha512_update(&session->digest_state.sha512, data, length);
}

static void finish(ts_session *session, CK_BYTE *out) {
  if (session->digest == CKM_SHA256) (void)crypto_hash_sha256_final(&session->digest_state.sha256, out);
  else (void)crypto_hash_sha512_final(&session->digest_state.sha512, out);
  session->digest = 0;
}

/* Answers a question for the length, or a lack of room; false if the digest can be given. */
static bool only_length(const ts_session *session, const CK_BYTE *out, CK_ULONG *out_length, CK_RV *rv) {
  CK_ULONG room = *out_length;
  *out_length = digest_bytes(session->digest);
  *rv = out != NULL && room < *out_length ? CKR_BUFFER_TOO_SMALL : CKR_OK;
  return out == NULL || *rv != CKR_OK;
}

static CK_RV digest(ts_session *session, const CK_BYTE *data, CK_ULONG length, CK_BYTE *out, CK_ULONG *out_length) {
  CK_RV rv;
  if ((data == NULL && length != 0) || out_length == NULL) {
    session->digest = 0;
    return CKR_ARGUMENTS_BAD;
  }
  if (session->digest == 0) return CKR_OPERATION_NOT_INITIALIZED;
  if (session->digest_updated) { /* C_Digest does not end what C_DigestUpdate has begun */
    session->digest = 0;
    return CKR_OPERATION_ACTIVE;
  }
  if (only_length(session, out, out_length, &rv)) return rv;
  update(session, data, length);
  finish(session, out);
  return CKR_OK;
}

CK_RV C_Digest(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG length, CK_BYTE *out, CK_ULONG *out_length) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  return rv != CKR_OK ? rv : ts_leave(digest(session, data, length, out, out_length));
}

CK_RV C_DigestUpdate(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG length) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  if (rv != CKR_OK) return rv;
  if (data == NULL && length != 0) {
    session->digest = 0;
    return ts_leave(CKR_ARGUMENTS_BAD);
  }
  if (session->digest == 0) return ts_leave(CKR_OPERATION_NOT_INITIALIZED);
  update(session, data, length);
  session->digest_updated = true;
  return ts_leave(CKR_OK);
}

CK_RV C_DigestFinal(CK_SESSION_HANDLE handle, CK_BYTE *out, CK_ULONG *out_length) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  if (rv != CKR_OK) return rv;
  if (out_length == NULL) {
    session->digest = 0;
    return ts_leave(CKR_ARGUMENTS_BAD);
  }
  if (session->digest == 0) return ts_leave(CKR_OPERATION_NOT_INITIALIZED);
  if (!only_length(session, out, out_length, &rv)) finish(session, out);
  return ts_leave(rv);
}

CK_RV C_GenerateRandom(CK_SESSION_HANDLE handle, CK_BYTE *out, CK_ULONG length) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  if (rv != CKR_OK) return rv;
  if (out == NULL && length != 0) return ts_leave(CKR_ARGUMENTS_BAD);
  if (length > TS_RANDOM_BYTES_MAX) return ts_leave(CKR_ARGUMENTS_BAD);
  if (length > 0) randombytes_buf(out, length);
  return ts_leave_secret(CKR_OK); /* it may well be a key to the caller */
}
