/* C_GenerateKeyPair. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static TS_NOINLINE CK_RV generate(ts_session *session, const CK_MECHANISM *given, const ts_template templates[2],
                                  CK_OBJECT_HANDLE *public_handle, CK_OBJECT_HANDLE *private_handle) {
  ts_object *pair[2] = {NULL, NULL};
  if (given == NULL || public_handle == NULL || private_handle == NULL) return CKR_ARGUMENTS_BAD;
  for (size_t i = 0; i < 2; i++)
    if ((templates[i].attributes == NULL && templates[i].count != 0) || templates[i].count > TS_TEMPLATE_MAX)
      return CKR_ARGUMENTS_BAD;
  if (session->slot->login != TS_LOGIN_USER) return CKR_USER_NOT_LOGGED_IN;
  const ts_mechanism *mechanism = ts_mechanism_find(given->mechanism);
  if (mechanism == NULL || mechanism->generate == NULL) return CKR_MECHANISM_INVALID;
  if ((given->pParameter == NULL && given->ulParameterLen != 0) || given->ulParameterLen > TS_PARAMETER_BYTES_MAX)
    return CKR_MECHANISM_PARAM_INVALID;
  if (mechanism->role != TS_ROLE_ED25519 && !session->rw) return CKR_SESSION_READ_ONLY;
  size_t length = given->ulParameterLen;
  uint8_t *parameter = malloc(length == 0 ? 1 : length);
  if (parameter == NULL) return CKR_HOST_MEMORY;
  if (length > 0) memcpy(parameter, given->pParameter, length);
  ts_request request = {.slot = session->slot, .session = session, .parameter = parameter,
                        .parameter_length = length};
  CK_RV rv = mechanism->generate(&request, templates, pair);
  free(parameter);
  if (rv != CKR_OK) return rv;
  *public_handle = pair[0] == NULL ? CK_INVALID_HANDLE : pair[0]->handle;
  *private_handle = pair[1] == NULL ? CK_INVALID_HANDLE : pair[1]->handle;
  return CKR_OK;
}

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_list,
                        CK_ULONG public_count, CK_ATTRIBUTE *private_list, CK_ULONG private_count,
                        CK_OBJECT_HANDLE *public_handle, CK_OBJECT_HANDLE *private_handle) {
  ts_session *session;
  CK_RV rv = ts_enter_session(handle, &session);
  if (rv != CKR_OK) return rv;
  const ts_template templates[2] = {{public_list, public_count}, {private_list, private_count}};
  return ts_leave_secret(generate(session, mechanism, templates, public_handle, private_handle));
}
