/* Random calls of every entry point, in any order, with arguments that are sometimes right: nothing breaks, and no secret is
 * ever given out. Every buffer is allocated at its exact size, so that a sanitizer sees one byte too many. */
#include "fast_kdf.h"
#include "fuzz.h"
#include "harness.h"

/* ---- Drawing arguments from the input -------------------------------------------------------------------------------------- */

static const uint8_t *next, *end;

static unsigned draw(unsigned below) {
  if (next == end) return 0;
  unsigned byte = *next++;
  return byte % below;
}

enum { KEPT = 16 };
static CK_ULONG sessions[KEPT], objects[KEPT];

static CK_ULONG draw_handle(const CK_ULONG *kept) {
  unsigned which = draw(KEPT + 2);
  return which < KEPT ? kept[which] : which == KEPT ? 0 : 12345;
}

static void keep(CK_ULONG *kept, CK_ULONG handle) { kept[draw(KEPT)] = handle; }

/* Memory that this input has asked for, freed at its end. */
static void *owned[4096];
static size_t owned_count;

static void *own(size_t length) {
  if (owned_count == COUNT(owned)) return NULL;
  size_t from_input = length < (size_t)(end - next) ? length : (size_t)(end - next);
  uint8_t *bytes = calloc(length, 1);
  CHECK(bytes != NULL || length == 0);
  if (from_input > 0) memcpy(bytes, next, from_input);
  next += from_input;
  return owned[owned_count++] = bytes;
}

static void *draw_buffer(CK_ULONG *length) {
  static const CK_ULONG usual[] = {0, 1, 8, 31, 32, 64, 200};
  unsigned kind = draw(16);
  *length = usual[draw(COUNT(usual))];
  if (kind == 0) return NULL;
  return own(*length);
}

static void *draw_out(CK_ULONG **length) {
  CK_ULONG size;
  void *out = draw_buffer(&size);
  *length = draw(16) == 0 ? NULL : own(sizeof(CK_ULONG));
  if (*length != NULL) **length = out == NULL ? draw(256) : size;
  return out;
}

static CK_ULONG draw_template(CK_ATTRIBUTE **list) {
  static const CK_ATTRIBUTE_TYPE types[] = {
    CKA_CLASS, CKA_TOKEN, CKA_PRIVATE, CKA_LABEL, CKA_APPLICATION, CKA_VALUE, CKA_KEY_TYPE, CKA_ID, CKA_SENSITIVE,
    CKA_SIGN, CKA_VERIFY, CKA_EXTRACTABLE, CKA_MODIFIABLE, CKA_DESTROYABLE, CKA_EC_PARAMS, CKA_EC_POINT, CKA_LOCAL,
    CKA_ALLOWED_MECHANISMS, CKA_TS_SECRET_MEMORY, CKA_TS_BINDING, CKA_KEY_GEN_MECHANISM, CKA_WRAP_TEMPLATE, 0xffffffff};
  static CK_OBJECT_CLASS classes[] = {CKO_DATA, CKO_PUBLIC_KEY, CKO_PRIVATE_KEY, CKO_SECRET_KEY, 0x80545301UL};
  static CK_KEY_TYPE key_types[] = {CKK_EC_EDWARDS, CKK_RSA, CKK_VENDOR_DEFINED};
  static CK_BYTE point[32] = {0x58};
  memset(point + 1, 0x66, 31);
  CK_ULONG count = draw(7);
  *list = draw(32) == 0 ? NULL : own(count * sizeof **list);
  for (CK_ULONG i = 0; *list != NULL && i < count; i++) {
    CK_ATTRIBUTE *a = &(*list)[i];
    a->type = types[draw(COUNT(types))];
    if (draw(4) == 0) {
      a->pValue = draw_buffer(&a->ulValueLen);
    } else if (a->type == CKA_CLASS) {
      *a = (CK_ATTRIBUTE){a->type, &classes[draw(COUNT(classes))], sizeof classes[0]};
    } else if (a->type == CKA_KEY_TYPE) {
      *a = (CK_ATTRIBUTE){a->type, &key_types[draw(COUNT(key_types))], sizeof key_types[0]};
    } else if (a->type == CKA_EC_PARAMS) {
      *a = (CK_ATTRIBUTE){a->type, ed25519_params, sizeof ed25519_params};
    } else if (a->type == CKA_EC_POINT) {
      *a = (CK_ATTRIBUTE){a->type, point, sizeof point};
    } else if (a->type == CKA_APPLICATION && draw(2)) {
      *a = (CK_ATTRIBUTE){a->type, BYTES(TS_GENESIS_APPLICATION), strlen(TS_GENESIS_APPLICATION)};
    } else {
      *a = (CK_ATTRIBUTE){a->type, draw(2) ? &yes : &no, 1};
    }
  }
  return count;
}

static CK_MECHANISM *draw_mechanism(void) {
  static const CK_MECHANISM_TYPE types[] = {CKM_EDDSA, CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_TS_IDENTITY, CKM_SHA256,
                                            CKM_SHA512, CKM_RSA_PKCS, 0x80545301UL};
  if (draw(16) == 0) return NULL;
  CK_MECHANISM *mechanism = own(sizeof *mechanism);
  if (mechanism == NULL) return NULL;
  *mechanism = (CK_MECHANISM){types[draw(COUNT(types))], NULL, 0};
  if (draw(8) == 0) mechanism->pParameter = draw_buffer(&mechanism->ulParameterLen);
  return mechanism;
}

static CK_UTF8CHAR *draw_pin(CK_ULONG *length) {
  unsigned which = draw(8);
  const char *pin = which < 3 ? USER_PIN : which < 6 ? SO_PIN : "12345678";
  *length = strlen(pin);
  return which == 7 ? NULL : BYTES(pin);
}

/* ---- Calls ------------------------------------------------------------------------------------------------------------------- */

static void call_library(void) {
  CK_INFO info;
  CK_SLOT_INFO slot;
  CK_TOKEN_INFO token;
  CK_MECHANISM_INFO mechanism;
  CK_SLOT_ID slots[4];
  CK_ULONG count = draw(5), types_count = draw(6), pin_length;
  CK_MECHANISM_TYPE types[8];
  CK_UTF8CHAR *pin = draw_pin(&pin_length), label[33] = "fuzz                            ";
  switch (draw(9)) {
    case 0: (void)p11->C_GetInfo(draw(8) ? &info : NULL); break;
    case 1: (void)p11->C_GetSlotList((CK_BBOOL)draw(2), draw(4) ? slots : NULL, draw(8) ? &count : NULL); break;
    case 2: (void)p11->C_GetSlotInfo(draw(2), draw(8) ? &slot : NULL); break;
    case 3: (void)p11->C_GetTokenInfo(draw(2), draw(8) ? &token : NULL); break;
    case 4: (void)p11->C_GetMechanismList(draw(2), draw(4) ? types : NULL, draw(8) ? &types_count : NULL); break;
    case 5: (void)p11->C_GetMechanismInfo(draw(2), CKM_EDDSA + draw(3), draw(8) ? &mechanism : NULL); break;
    case 6: (void)p11->C_InitToken(draw(2), pin, pin_length, draw(8) ? label : NULL); break;
    case 7: (void)p11->C_Initialize(NULL); break;
    default:
      if (draw(16) == 0) (void)p11->C_Finalize(NULL);
      (void)p11->C_Initialize(NULL);
  }
}

static void call_session(void) {
  CK_SESSION_HANDLE session = draw_handle(sessions), opened = 0;
  CK_SESSION_INFO info;
  CK_ULONG length, other_length;
  CK_UTF8CHAR *pin = draw_pin(&length), *other = draw_pin(&other_length);
  switch (draw(10)) {
    case 0:
    case 1:
      (void)p11->C_OpenSession(draw(8) == 0, (draw(8) ? CKF_SERIAL_SESSION : 0) | (draw(4) ? CKF_RW_SESSION : 0), NULL,
                               NULL, draw(16) ? &opened : NULL);
      keep(sessions, opened);
      break;
    case 2: (void)p11->C_CloseSession(session); break;
    case 3:
      if (draw(8) == 0) (void)p11->C_CloseAllSessions(draw(2));
      break;
    case 4: (void)p11->C_GetSessionInfo(session, draw(8) ? &info : NULL); break;
    case 5:
    case 6: (void)p11->C_Login(session, draw(8) ? CKU_USER : draw(4), pin, pin == NULL ? draw(2) : length); break;
    case 7:
      if (draw(2)) (void)p11->C_Logout(session);
      break;
    case 8: (void)p11->C_InitPIN(session, pin, length); break;
    default:
      if (draw(4) == 0) (void)p11->C_SetPIN(session, pin, length, other, other_length);
  }
}

/* No call may ever give out the value of a private key. */
static void check_secret(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *list, CK_ULONG count) {
  CK_OBJECT_CLASS class = 0;
  CK_ULONG length = sizeof class;
  if (list == NULL || get(session, object, CKA_CLASS, &class, &length) != CKR_OK || class != CKO_PRIVATE_KEY) return;
  for (CK_ULONG i = 0; i < count; i++)
    CHECK(list[i].type != CKA_VALUE || list[i].ulValueLen == CK_UNAVAILABLE_INFORMATION);
}

static void call_object(void) {
  CK_SESSION_HANDLE session = draw_handle(sessions);
  CK_OBJECT_HANDLE object = draw_handle(objects), made[2] = {0, 0}, found[3];
  CK_ATTRIBUTE *list, *other;
  CK_ULONG count = draw_template(&list), other_count, number;
  CK_RV rv;
  switch (draw(12)) {
    case 0:
    case 1:
      (void)p11->C_CreateObject(session, list, count, draw(16) ? made : NULL);
      keep(objects, made[0]);
      break;
    case 2: (void)p11->C_CopyObject(session, object, list, count, draw(8) ? made : NULL); break;
    case 3: (void)p11->C_DestroyObject(session, object); break;
    case 4: (void)p11->C_GetObjectSize(session, object, draw(8) ? &number : NULL); break;
    case 5:
      rv = p11->C_GetAttributeValue(session, object, list, count);
      if (rv == CKR_OK || rv == CKR_ATTRIBUTE_SENSITIVE) check_secret(session, object, list, count);
      break;
    case 6: (void)p11->C_SetAttributeValue(session, object, list, count); break;
    case 7: (void)p11->C_FindObjectsInit(session, list, count); break;
    case 8:
      number = 0;
      (void)p11->C_FindObjects(session, draw(8) ? found : NULL, draw(4), draw(8) ? &number : NULL);
      if (number > 0 && number <= COUNT(found)) keep(objects, found[number - 1]);
      break;
    case 9: (void)p11->C_FindObjectsFinal(session); break;
    default:
      other_count = draw_template(&other);
      if (draw(4) != 0 && list != NULL && count > 0)
        list[0] = (CK_ATTRIBUTE){CKA_EC_PARAMS, ed25519_params, sizeof ed25519_params};
      (void)p11->C_GenerateKeyPair(session, draw_mechanism(), list, count, other, other_count, &made[0], &made[1]);
      keep(objects, made[0]);
      keep(objects, made[1]);
  }
}

static void call_crypto(void) {
  CK_SESSION_HANDLE session = draw_handle(sessions);
  CK_OBJECT_HANDLE key = draw_handle(objects);
  CK_ULONG length, *out_length, other_length;
  CK_BYTE *in = draw_buffer(&length), *out = draw_out(&out_length), *other = draw_buffer(&other_length);
  switch (draw(16)) {
    case 0: (void)p11->C_SignInit(session, draw_mechanism(), key); break;
    case 1:
    case 2: (void)p11->C_Sign(session, in, length, out, out_length); break;
    case 3: (void)p11->C_SignUpdate(session, in, length); break;
    case 4: (void)p11->C_SignFinal(session, out, out_length); break;
    case 5: (void)p11->C_VerifyInit(session, draw_mechanism(), key); break;
    case 6: (void)p11->C_Verify(session, in, length, other, other_length); break;
    case 7: (void)p11->C_VerifyUpdate(session, in, length); break;
    case 8: (void)p11->C_VerifyFinal(session, other, other_length); break;
    case 9: (void)p11->C_DigestInit(session, draw_mechanism()); break;
    case 10: (void)p11->C_Digest(session, in, length, out, out_length); break;
    case 11: (void)p11->C_DigestUpdate(session, in, length); break;
    case 12: (void)p11->C_DigestFinal(session, out, out_length); break;
    case 13: (void)p11->C_GenerateRandom(session, in, length); break;
    case 14: (void)p11->C_Encrypt(session, in, length, out, out_length); break;
    default: (void)p11->C_SeedRandom(session, in, length);
  }
}

/* ---- Rounds -------------------------------------------------------------------------------------------------------------------- */

static uint8_t *fresh_token;
static size_t fresh_length;

static void begin(void) {
  if (fresh_token == NULL) {
    CHECK(sodium_init() >= 0 && C_GetFunctionList(&p11) == CKR_OK);
    new_token();
    EXPECT(CKR_OK, p11->C_CloseAllSessions(0));
    fresh_token = read_file(token_path("token.ts"), &fresh_length);
  }
  write_file(token_path("token.ts"), fresh_token, fresh_length, 0600);
  memset(sessions, 0, sizeof sessions);
  memset(objects, 0, sizeof objects);
  CK_RV rv = p11->C_Initialize(NULL); /* an input may have finalised; if not, that saves most of the time */
  CHECK(rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED);
  for (size_t i = 0; i < 4; i++) sessions[i] = open_session(i < 3 ? CKF_RW_SESSION : 0);
  if (draw(4) != 0) {
    EXPECT(CKR_OK, log_in(sessions[0], CKU_USER, USER_PIN));
    generate(sessions[0], false, &objects[0]);
    generate(sessions[0], true, &objects[2]);
    if (draw(2)) EXPECT(CKR_OK, generate_identity(sessions[0], &objects[4]));
  } else {
    EXPECT(CKR_OK, p11->C_CloseSession(sessions[3]));
    EXPECT(CKR_OK, log_in(sessions[0], CKU_SO, SO_PIN));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const calls[])(void) = {call_library, call_session, call_object, call_object, call_crypto, call_crypto};
  next = data;
  end = data + size;
  begin();
  while (next != end && owned_count < COUNT(owned) - 64) calls[draw(COUNT(calls))]();
  (void)p11->C_CloseAllSessions(0);
  for (size_t i = 0; i < owned_count; i++) free(owned[i]);
  owned_count = 0;
  return 0;
}
