/* Entries about the library, its slots, tokens and mechanisms; C_InitToken. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "internal.h"
#include "pin.h"

static const char manufacturer[] = "thresign";

/* Fixed fields of PKCS#11 are padded with blanks and have no terminator. */
static void pad(unsigned char *field, size_t size, const char *text) {
  size_t length = strnlen(text, size);
  memset(field, ' ', size);
  memcpy(field, text, length);
}

CK_RV C_GetInfo(CK_INFO *info) {
  CK_RV rv = ts_enter();
  if (rv != CKR_OK) return rv;
  if (info == NULL) return ts_leave(CKR_ARGUMENTS_BAD);
  memset(info, 0, sizeof *info);
  info->cryptokiVersion = (CK_VERSION){2, 40};
  pad(info->manufacturerID, sizeof info->manufacturerID, manufacturer);
  pad(info->libraryDescription, sizeof info->libraryDescription, "thresign software token");
  info->libraryVersion = (CK_VERSION){0, 1};
  return ts_leave(CKR_OK);
}

/* ---- Slots ----------------------------------------------------------------------------------------------------- */

static bool directory_exists(const ts_slot *slot) {
  struct stat status;
  return stat(slot->directory, &status) == 0 && S_ISDIR(status.st_mode);
}

CK_RV C_GetSlotList(CK_BBOOL token_present, CK_SLOT_ID *list, CK_ULONG *count) {
  CK_SLOT_ID found[TS_SLOTS_MAX];
  CK_ULONG found_count = 0;
  CK_RV rv = ts_enter();
  if (rv != CKR_OK) return rv;
  if (count == NULL) return ts_leave(CKR_ARGUMENTS_BAD);
  for (CK_SLOT_ID id = 0; id < ts_slot_count(); id++)
    if (!token_present || directory_exists(ts_slot_by_id(id))) found[found_count++] = id;
  CK_ULONG room = *count;
  *count = found_count;
  if (list == NULL) return ts_leave(CKR_OK);
  if (room < found_count) return ts_leave(CKR_BUFFER_TOO_SMALL);
  if (found_count > 0) memcpy(list, found, found_count * sizeof *list);
  return ts_leave(CKR_OK);
}

CK_RV C_GetSlotInfo(CK_SLOT_ID id, CK_SLOT_INFO *info) {
  CK_RV rv = ts_enter();
  if (rv != CKR_OK) return rv;
  const ts_slot *slot = ts_slot_by_id(id);
  if (slot == NULL) return ts_leave(CKR_SLOT_ID_INVALID);
  if (info == NULL) return ts_leave(CKR_ARGUMENTS_BAD);
  memset(info, 0, sizeof *info);
  /* Callers in any language read the description, so it is where the kind of secret memory is told. */
  pad(info->slotDescription, sizeof info->slotDescription,
      ts_secret_kind() == TS_SECRET_MEMORY_MEMFD ? "thresign software token, secrets in memfd_secret"
                                                 : "thresign software token, secrets in locked memory");
  pad(info->manufacturerID, sizeof info->manufacturerID, manufacturer);
  info->flags = CKF_REMOVABLE_DEVICE | (directory_exists(slot) ? CKF_TOKEN_PRESENT : 0);
  info->hardwareVersion = info->firmwareVersion = (CK_VERSION){0, 1};
  return ts_leave(CKR_OK);
}

/* ---- Tokens ---------------------------------------------------------------------------------------------------- */

static CK_FLAGS pin_flags(unsigned failures, CK_FLAGS low, CK_FLAGS final, CK_FLAGS locked) {
  if (failures >= TS_PIN_ATTEMPTS) return locked;
  return (failures > 0 ? low : 0) | (failures == TS_PIN_ATTEMPTS - 1 ? final : 0);
}

static void fill_token_info(const ts_slot *slot, const ts_head *head, CK_TOKEN_INFO *info) {
  memset(info, 0, sizeof *info);
  pad(info->label, sizeof info->label, "");
  pad(info->serialNumber, sizeof info->serialNumber, "");
  pad(info->manufacturerID, sizeof info->manufacturerID, manufacturer);
  pad(info->model, sizeof info->model, "software token");
  info->flags = CKF_RNG | CKF_LOGIN_REQUIRED | (ts_pin_path_exists() ? CKF_PROTECTED_AUTHENTICATION_PATH : 0);
  info->ulMaxSessionCount = info->ulMaxRwSessionCount = TS_SESSIONS_MAX;
  info->ulSessionCount = slot->sessions;
  info->ulRwSessionCount = slot->rw_sessions;
  info->ulMaxPinLen = TS_PIN_BYTES_MAX;
  info->ulMinPinLen = TS_PIN_BYTES_MIN;
  info->ulTotalPublicMemory = info->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
  info->ulTotalPrivateMemory = info->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
  info->hardwareVersion = info->firmwareVersion = (CK_VERSION){0, 1};
  memset(info->utcTime, ' ', sizeof info->utcTime);
  if (head == NULL) return;
  memcpy(info->label, head->label, sizeof info->label);
  memcpy(info->serialNumber, head->serial, sizeof info->serialNumber);
  info->flags |= CKF_TOKEN_INITIALIZED | (head->user_pin_set ? CKF_USER_PIN_INITIALIZED : 0) |
                 pin_flags(head->failures[TS_PIN_USER], CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY,
                           CKF_USER_PIN_LOCKED) |
                 pin_flags(head->failures[TS_PIN_SO], CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_FINAL_TRY, CKF_SO_PIN_LOCKED);
}

static CK_RV get_token_info(const ts_slot *slot, CK_TOKEN_INFO *info) {
  ts_head head;
  CK_RV rv = ts_slot_peek(slot, &head);
  if (rv == CKR_TOKEN_NOT_RECOGNIZED) { /* an empty directory: a token that waits for C_InitToken */
    fill_token_info(slot, NULL, info);
    return CKR_OK;
  }
  /* A damaged or exposed token must not stop callers from enumerating the others: they skip this code, and
   * C_OpenSession gives the exact cause. */
  if (rv != CKR_OK) return rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_HOST_MEMORY ? rv : CKR_TOKEN_NOT_RECOGNIZED;
  fill_token_info(slot, &head, info);
  return CKR_OK;
}

CK_RV C_GetTokenInfo(CK_SLOT_ID id, CK_TOKEN_INFO *info) {
  CK_RV rv = ts_enter();
  if (rv != CKR_OK) return rv;
  const ts_slot *slot = ts_slot_by_id(id);
  if (slot == NULL) return ts_leave(CKR_SLOT_ID_INVALID);
  if (info == NULL) return ts_leave(CKR_ARGUMENTS_BAD);
  return ts_leave(get_token_info(slot, info));
}

static TS_NOINLINE CK_RV init_token(ts_slot *slot, const CK_UTF8CHAR *pin, CK_ULONG pin_length,
                                    const CK_UTF8CHAR *label) {
  ts_pin given;
  uint8_t label_copy[TS_LABEL_BYTES];
  if (slot->sessions > 0) return CKR_SESSION_EXISTS;
  memcpy(label_copy, label, sizeof label_copy);
  CK_RV rv = ts_pin_get(TS_PIN_SOURCE_SO, pin, pin_length, &given);
  if (rv != CKR_OK) return rv;
  rv = ts_slot_init(slot, given.bytes, given.length, label_copy);
  ts_pin_drop(&given);
  return rv;
}

CK_RV C_InitToken(CK_SLOT_ID id, CK_UTF8CHAR *pin, CK_ULONG pin_length, CK_UTF8CHAR *label) {
  CK_RV rv = ts_enter();
  if (rv != CKR_OK) return rv;
  ts_slot *slot = ts_slot_by_id(id);
  if (slot == NULL) return ts_leave(CKR_SLOT_ID_INVALID);
  if (label == NULL) return ts_leave(CKR_ARGUMENTS_BAD);
  return ts_leave_secret(init_token(slot, pin, pin_length, label));
}

/* ---- Mechanisms ------------------------------------------------------------------------------------------------ */

static const CK_MECHANISM_TYPE digests[] = {CKM_SHA256, CKM_SHA512};
#define DIGESTS (sizeof digests / sizeof digests[0])

CK_RV C_GetMechanismList(CK_SLOT_ID id, CK_MECHANISM_TYPE *list, CK_ULONG *count) {
  CK_RV rv = ts_enter();
  if (rv != CKR_OK) return rv;
  if (ts_slot_by_id(id) == NULL) return ts_leave(CKR_SLOT_ID_INVALID);
  if (count == NULL) return ts_leave(CKR_ARGUMENTS_BAD);
  if (!directory_exists(ts_slot_by_id(id))) return ts_leave(CKR_TOKEN_NOT_PRESENT);
  CK_ULONG total = DIGESTS, room = *count;
  while (ts_mechanism_at(total - DIGESTS) != NULL) total++;
  *count = total;
  if (list == NULL) return ts_leave(CKR_OK);
  if (room < total) return ts_leave(CKR_BUFFER_TOO_SMALL);
  for (CK_ULONG i = 0; i < total; i++) list[i] = i < DIGESTS ? digests[i] : ts_mechanism_at(i - DIGESTS)->type;
  return ts_leave(CKR_OK);
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info) {
  CK_RV rv = ts_enter();
  if (rv != CKR_OK) return rv;
  if (ts_slot_by_id(id) == NULL) return ts_leave(CKR_SLOT_ID_INVALID);
  if (info == NULL) return ts_leave(CKR_ARGUMENTS_BAD);
  if (!directory_exists(ts_slot_by_id(id))) return ts_leave(CKR_TOKEN_NOT_PRESENT);
  const ts_mechanism *mechanism = ts_mechanism_find(type);
  if (mechanism != NULL)
    *info = (CK_MECHANISM_INFO){mechanism->key_bits, mechanism->key_bits, mechanism->flags};
  else if (type == CKM_SHA256 || type == CKM_SHA512)
    *info = (CK_MECHANISM_INFO){0, 0, CKF_DIGEST};
  else
    rv = CKR_MECHANISM_INVALID;
  return ts_leave(rv);
}
