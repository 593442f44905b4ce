/* Objects: what templates may ask, what can be read, found, changed and destroyed, and by whom. */
#include "genesis.h"
#include "harness.h"
#include "thresign/result.h"

static CK_OBJECT_CLASS data_class = CKO_DATA, public_class = CKO_PUBLIC_KEY, private_class = CKO_PRIVATE_KEY;
static CK_KEY_TYPE edwards = CKK_EC_EDWARDS;

#define BOOL(type, value) {type, &value, 1}

/* ---- Attribute policy ------------------------------------------------------------------------------------------------ */

static void private_key_policy(CK_SESSION_HANDLE session) {
  static const struct { CK_ATTRIBUTE_TYPE type; bool value; bool choice; } table[] = {
    {CKA_PRIVATE, true, false}, {CKA_SENSITIVE, true, false}, {CKA_ALWAYS_SENSITIVE, true, false},
    {CKA_NEVER_EXTRACTABLE, true, false}, {CKA_LOCAL, true, false}, {CKA_EXTRACTABLE, false, false},
    {CKA_MODIFIABLE, false, false}, {CKA_COPYABLE, false, false}, {CKA_DECRYPT, false, false},
    {CKA_UNWRAP, false, false}, {CKA_SIGN_RECOVER, false, false}, {CKA_ALWAYS_AUTHENTICATE, false, false},
    {CKA_WRAP_WITH_TRUSTED, false, false}, {CKA_SIGN, true, true}, {CKA_DESTROYABLE, true, true},
    {CKA_DERIVE, false, true},
  };
  CK_OBJECT_HANDLE pair[2], plain[2];
  generate(session, false, plain);
  for (size_t i = 0; i < COUNT(table); i++) {
    CK_BBOOL same = table[i].value, other = !table[i].value;
    CK_ATTRIBUTE asks_same = {table[i].type, &same, 1}, asks_other = {table[i].type, &other, 1};
    CHECK(get_bool(session, plain[1], table[i].type) == same);
    EXPECT(CKR_OK, generate_with(session, false, NULL, &asks_same, pair));
    EXPECT(table[i].choice ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID,
           generate_with(session, false, NULL, &asks_other, pair));
    if (table[i].choice) CHECK(get_bool(session, pair[1], table[i].type) == other);
  }
  CK_MECHANISM_TYPE eddsa = CKM_EDDSA;
  CK_KEY_TYPE rsa = CKK_RSA;
  CK_BBOOL two = 2;
  const struct { CK_ATTRIBUTE asks; CK_RV rv; } refused[] = {
    {{CKA_KEY_TYPE, &rsa, sizeof rsa}, CKR_TEMPLATE_INCONSISTENT},
    {{CKA_CLASS, &data_class, sizeof data_class}, CKR_TEMPLATE_INCONSISTENT},
    {{CKA_CLASS, &data_class, 4}, CKR_ATTRIBUTE_VALUE_INVALID},
    {{CKA_TOKEN, &no, 1}, CKR_TEMPLATE_INCONSISTENT}, /* said twice */
    {{CKA_SIGN, &two, 1}, CKR_ATTRIBUTE_VALUE_INVALID},
    {{CKA_SIGN, &yes, 0}, CKR_ATTRIBUTE_VALUE_INVALID},
    {{CKA_SIGN, NULL, 1}, CKR_ATTRIBUTE_VALUE_INVALID},
    {{CKA_ALLOWED_MECHANISMS, &eddsa, sizeof eddsa}, CKR_ATTRIBUTE_READ_ONLY},
    {{CKA_KEY_GEN_MECHANISM, &eddsa, sizeof eddsa}, CKR_ATTRIBUTE_READ_ONLY},
    {{CKA_EC_PARAMS, ed25519_params, sizeof ed25519_params}, CKR_ATTRIBUTE_READ_ONLY},
    {{CKA_VALUE, ed25519_params, 5}, CKR_ATTRIBUTE_TYPE_INVALID},
    {{CKA_MODULUS_BITS, &rsa, sizeof rsa}, CKR_ATTRIBUTE_TYPE_INVALID},
    {{CKA_TS_SECRET_MEMORY, &rsa, sizeof rsa}, CKR_ATTRIBUTE_TYPE_INVALID},
    {{0xdeadbeef, &rsa, sizeof rsa}, CKR_ATTRIBUTE_TYPE_INVALID},
  };
  for (size_t i = 0; i < COUNT(refused); i++)
    EXPECT(refused[i].rv, generate_with(session, false, NULL, &refused[i].asks, pair));
}

static void curves(CK_SESSION_HANDLE session) {
  CK_MECHANISM mechanism = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0}, with_parameter = {mechanism.mechanism, &yes, 1};
  CK_OBJECT_HANDLE pair[2];
  CK_BYTE name[] = "\x13\x0c" "edwards25519", ed448[] = {0x06, 0x03, 0x2b, 0x65, 0x71}, read[64];
  CK_ATTRIBUTE list = {CKA_EC_PARAMS, name, sizeof name - 1};
  CK_ULONG length = sizeof read;
  EXPECT(CKR_OK, p11->C_GenerateKeyPair(session, &mechanism, &list, 1, NULL, 0, &pair[0], &pair[1]));
  EXPECT(CKR_OK, get(session, pair[0], CKA_EC_PARAMS, read, &length)); /* one form, however it was asked for */
  CHECK(length == sizeof ed25519_params && memcmp(read, ed25519_params, length) == 0);
  length = sizeof read;
  EXPECT(CKR_OK, get(session, pair[0], CKA_EC_POINT, read, &length));
  CHECK(length == 34 && read[0] == 4 && read[1] == 32);
  EXPECT(CKR_MECHANISM_PARAM_INVALID,
         p11->C_GenerateKeyPair(session, &with_parameter, &list, 1, NULL, 0, &pair[0], &pair[1]));
  list = (CK_ATTRIBUTE){CKA_EC_PARAMS, ed448, sizeof ed448};
  EXPECT(CKR_CURVE_NOT_SUPPORTED, p11->C_GenerateKeyPair(session, &mechanism, &list, 1, NULL, 0, &pair[0], &pair[1]));
  EXPECT(CKR_TEMPLATE_INCOMPLETE, p11->C_GenerateKeyPair(session, &mechanism, NULL, 0, NULL, 0, &pair[0], &pair[1]));
  mechanism.mechanism = CKM_EDDSA;
  EXPECT(CKR_MECHANISM_INVALID, p11->C_GenerateKeyPair(session, &mechanism, NULL, 0, NULL, 0, &pair[0], &pair[1]));
  mechanism.mechanism = 0x8054ffff;
  EXPECT(CKR_MECHANISM_INVALID, p11->C_GenerateKeyPair(session, &mechanism, NULL, 0, NULL, 0, &pair[0], &pair[1]));
}

/* ---- Reading ------------------------------------------------------------------------------------------------------------ */

static void reading(CK_SESSION_HANDLE session) {
  CK_OBJECT_HANDLE pair[2];
  CK_OBJECT_CLASS class = 0;
  CK_BYTE buffer[100], small[1];
  CK_BBOOL sign = 9;
  CK_ATTRIBUTE label = {CKA_LABEL, BYTES("a label"), 7};
  EXPECT(CKR_OK, generate_with(session, false, NULL, &label, pair));
  /* What a call cannot answer does not keep it from answering the rest. */
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &class, sizeof class}, {0x633 /* ENCAPSULATE of 3.2 */, buffer, 1},
                         {CKA_VALUE, buffer, sizeof buffer}, {CKA_LABEL, small, sizeof small},
                         {CKA_SIGN, &sign, 1}, {CKA_LABEL, NULL, 0}};
  EXPECT(CKR_ATTRIBUTE_TYPE_INVALID, p11->C_GetAttributeValue(session, pair[1], list, COUNT(list)));
  CHECK(class == CKO_PRIVATE_KEY && sign == CK_TRUE && list[0].ulValueLen == sizeof class && list[5].ulValueLen == 7);
  for (size_t i = 1; i <= 3; i++) CHECK(list[i].ulValueLen == CK_UNAVAILABLE_INFORMATION);
  CK_ULONG length = sizeof buffer;
  EXPECT(CKR_ATTRIBUTE_SENSITIVE, get(session, pair[1], CKA_VALUE, buffer, &length));
  EXPECT(CKR_ATTRIBUTE_SENSITIVE, get(session, pair[1], CKA_VALUE, NULL, &length));
  length = 1;
  EXPECT(CKR_BUFFER_TOO_SMALL, get(session, pair[1], CKA_LABEL, small, &length));
  CHECK(length == CK_UNAVAILABLE_INFORMATION);
  CK_ULONG kind = 0;
  length = sizeof kind;
  EXPECT(CKR_OK, get(session, pair[1], CKA_TS_SECRET_MEMORY, &kind, &length));
  CHECK(kind == TS_SECRET_MEMORY_MEMFD || kind == TS_SECRET_MEMORY_MLOCK);
  CK_MECHANISM_TYPE allowed = 0;
  length = sizeof allowed;
  EXPECT(CKR_OK, get(session, pair[1], CKA_ALLOWED_MECHANISMS, &allowed, &length));
  CHECK(length == sizeof allowed && allowed == CKM_EDDSA);
  EXPECT(CKR_OK, p11->C_GetObjectSize(session, pair[1], &length));
  CHECK(length > 0 && length < 4096);
  /* A secret can be neither read nor guessed at by searching. */
  CK_ATTRIBUTE secret = {CKA_VALUE, buffer, 64};
  CHECK(find(session, &secret, 1, NULL) == 0);
}

/* ---- Data objects ------------------------------------------------------------------------------------------------------- */

static CK_RV create_data(CK_SESSION_HANDLE session, CK_BBOOL token, CK_BBOOL private, const char *value,
                         CK_OBJECT_HANDLE *handle) {
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &data_class, sizeof data_class}, {CKA_TOKEN, &token, 1}, {CKA_PRIVATE, &private, 1},
                         {CKA_VALUE, BYTES(value), strlen(value)}, {CKA_LABEL, BYTES("data"), 4}};
  return p11->C_CreateObject(session, list, COUNT(list), handle);
}

static void expect_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, const char *value) {
  CK_BYTE buffer[64];
  CK_ULONG length = sizeof buffer;
  EXPECT(CKR_OK, get(session, object, CKA_VALUE, buffer, &length));
  CHECK(length == strlen(value) && memcmp(buffer, value, length) == 0);
}

static void data_objects(void) {
  CK_OBJECT_HANDLE handle[4], again, secret;
  CK_SESSION_HANDLE ro = open_session(0), other = open_session(CKF_RW_SESSION), session = user_session();
  CK_ATTRIBUTE by_label = {CKA_LABEL, BYTES("data"), 4}, new_label = {CKA_LABEL, BYTES("changed"), 7};
  CK_ATTRIBUTE by_value = {CKA_VALUE, BYTES("private token"), 13};
  EXPECT(CKR_OK, create_data(session, CK_FALSE, CK_FALSE, "public session", &handle[0]));
  EXPECT(CKR_OK, create_data(session, CK_FALSE, CK_TRUE, "private session", &handle[1]));
  EXPECT(CKR_OK, create_data(session, CK_TRUE, CK_FALSE, "public token", &handle[2]));
  EXPECT(CKR_OK, create_data(session, CK_TRUE, CK_TRUE, "private token", &handle[3]));
  EXPECT(CKR_SESSION_READ_ONLY, create_data(ro, CK_TRUE, CK_FALSE, "x", &again));
  EXPECT(CKR_OK, create_data(ro, CK_FALSE, CK_FALSE, "of the read-only session", &again));
  CHECK(find(other, &by_label, 1, NULL) == 5); /* session objects are seen by all sessions */
  CHECK(find(session, &by_value, 1, &secret) == 1 && secret == handle[3]);
  expect_value(session, handle[0], "public session");
  expect_value(ro, handle[3], "private token");

  /* The label of what is modifiable, and nothing else. */
  CK_ATTRIBUTE value = {CKA_VALUE, BYTES("y"), 1}, unknown = {CKA_MODULUS, BYTES("y"), 1};
  CK_OBJECT_HANDLE pair[2];
  EXPECT(CKR_OK, p11->C_SetAttributeValue(session, handle[2], &new_label, 1));
  EXPECT(CKR_SESSION_READ_ONLY, p11->C_SetAttributeValue(ro, handle[2], &new_label, 1));
  EXPECT(CKR_ATTRIBUTE_READ_ONLY, p11->C_SetAttributeValue(session, handle[2], &value, 1));
  EXPECT(CKR_ATTRIBUTE_TYPE_INVALID, p11->C_SetAttributeValue(session, handle[2], &unknown, 1));
  generate(session, true, pair);
  EXPECT(CKR_ACTION_PROHIBITED, p11->C_SetAttributeValue(session, pair[1], &new_label, 1));
  EXPECT(CKR_ACTION_PROHIBITED, p11->C_CopyObject(session, pair[0], NULL, 0, &again));

  /* What logout does to handles. */
  EXPECT(CKR_OK, p11->C_Logout(session));
  CHECK(find(session, &by_label, 1, NULL) == 2);
  EXPECT(CKR_OBJECT_HANDLE_INVALID, p11->C_GetObjectSize(session, handle[1], &(CK_ULONG){0}));
  EXPECT(CKR_OBJECT_HANDLE_INVALID, p11->C_GetObjectSize(session, handle[3], &(CK_ULONG){0}));
  expect_value(session, handle[2], "public token");
  EXPECT(CKR_USER_NOT_LOGGED_IN, p11->C_DestroyObject(session, handle[2]));
  EXPECT(CKR_OK, log_in(session, CKU_USER, USER_PIN));
  CHECK(find(session, &by_value, 1, &again) == 1 && again != handle[3]); /* a new handle: the old one is dead for ever */
  EXPECT(CKR_OBJECT_HANDLE_INVALID, p11->C_DestroyObject(session, handle[3]));
  EXPECT(CKR_SESSION_READ_ONLY, p11->C_DestroyObject(ro, again));
  EXPECT(CKR_OK, p11->C_DestroyObject(session, again));
  EXPECT(CKR_OBJECT_HANDLE_INVALID, p11->C_DestroyObject(session, again));
  EXPECT(CKR_OK, p11->C_CloseSession(ro));
  CHECK(find(other, &by_label, 1, NULL) == 1); /* session objects go with their session */
}

/* Until somebody has logged in, the file may be anybody's writing: nothing of it is shown as the token's. */
static void nothing_before_login(void) {
  CK_OBJECT_HANDLE handle, pair[2];
  new_token();
  CK_SESSION_HANDLE session = user_session();
  generate(session, true, pair);
  EXPECT(CKR_OK, generate_identity(session, pair));
  restart();
  session = open_session(CKF_RW_SESSION);
  CHECK(find(session, NULL, 0, NULL) == 0);
  EXPECT(CKR_OK, create_data(session, CK_FALSE, CK_FALSE, "of the session", &handle));
  CHECK(find(session, NULL, 0, NULL) == 1);
  EXPECT(CKR_PIN_INCORRECT, log_in(session, CKU_USER, SO_PIN));
  CHECK(find(session, NULL, 0, NULL) == 1);
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  CHECK(find(session, NULL, 0, NULL) == 4); /* public keys, for the SO too */
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_OK, log_in(session, CKU_USER, USER_PIN));
  CHECK(find(session, NULL, 0, NULL) == 7);
  EXPECT(CKR_OK, p11->C_CloseSession(session)); /* what the last session has read is forgotten */
  session = open_session(CKF_RW_SESSION);
  CHECK(find(session, NULL, 0, NULL) == 0);
  end_token();
}

static void creation_refused(CK_SESSION_HANDLE session) {
  CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
  CK_KEY_TYPE ec = CKK_EC;
  CK_OBJECT_HANDLE handle;
  CK_BYTE seed[32] = {1}, low_order[32] = {1}, base[32], der[34] = {4, 32};
  memset(base, 0x66, sizeof base);
  base[0] = 0x58;
  memcpy(der + 2, base, 32);
  CK_ATTRIBUTE import[] = {{CKA_CLASS, &private_class, sizeof private_class}, {CKA_KEY_TYPE, &edwards, sizeof edwards},
                           {CKA_EC_PARAMS, ed25519_params, 5}, {CKA_VALUE, seed, 32}};
  EXPECT(CKR_TEMPLATE_INCONSISTENT, p11->C_CreateObject(session, import, COUNT(import), &handle));
  import[0].pValue = &secret_class;
  EXPECT(CKR_ATTRIBUTE_VALUE_INVALID, p11->C_CreateObject(session, import, COUNT(import), &handle));
  EXPECT(CKR_TEMPLATE_INCOMPLETE, p11->C_CreateObject(session, NULL, 0, &handle));

  CK_ATTRIBUTE key[] = {{CKA_CLASS, &public_class, sizeof public_class}, {CKA_KEY_TYPE, &edwards, sizeof edwards},
                        {CKA_EC_PARAMS, ed25519_params, 5}, {CKA_EC_POINT, base, 32}};
  EXPECT(CKR_OK, p11->C_CreateObject(session, key, COUNT(key), &handle));
  CHECK(get_bool(session, handle, CKA_LOCAL) == CK_FALSE);
  key[3] = (CK_ATTRIBUTE){CKA_EC_POINT, der, sizeof der};
  EXPECT(CKR_OK, p11->C_CreateObject(session, key, COUNT(key), &handle));
  key[3] = (CK_ATTRIBUTE){CKA_EC_POINT, low_order, 32};
  EXPECT(CKR_ATTRIBUTE_VALUE_INVALID, p11->C_CreateObject(session, key, COUNT(key), &handle));
  key[3] = (CK_ATTRIBUTE){CKA_EC_POINT, base, 31};
  EXPECT(CKR_ATTRIBUTE_VALUE_INVALID, p11->C_CreateObject(session, key, COUNT(key), &handle));
  EXPECT(CKR_TEMPLATE_INCOMPLETE, p11->C_CreateObject(session, key, 3, &handle));
  key[1].pValue = &ec;
  EXPECT(CKR_TEMPLATE_INCONSISTENT, p11->C_CreateObject(session, key, COUNT(key), &handle));
  CK_ATTRIBUTE many[65];
  for (size_t i = 0; i < COUNT(many); i++) many[i] = (CK_ATTRIBUTE){CKA_LABEL, NULL, 0};
  EXPECT(CKR_ARGUMENTS_BAD, p11->C_CreateObject(session, many, COUNT(many), &handle));
  EXPECT(CKR_ARGUMENTS_BAD, p11->C_FindObjectsInit(session, many, COUNT(many)));
}

static void searching(CK_SESSION_HANDLE session) {
  CK_OBJECT_HANDLE handle, found[3];
  CK_ULONG count;
  CK_ATTRIBUTE mine = {CKA_APPLICATION, BYTES("searching"), 9};
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &data_class, sizeof data_class}, mine};
  for (int i = 0; i < 7; i++) EXPECT(CKR_OK, p11->C_CreateObject(session, list, 2, &handle));
  EXPECT(CKR_OK, p11->C_FindObjectsInit(session, &mine, 1));
  EXPECT(CKR_OPERATION_ACTIVE, p11->C_FindObjectsInit(session, &mine, 1));
  const CK_ULONG wanted[] = {3, 3, 0, 0}; /* one of the last has gone meanwhile */
  for (size_t i = 0; i < COUNT(wanted); i++) {
    if (i == 2) EXPECT(CKR_OK, p11->C_DestroyObject(session, handle));
    EXPECT(CKR_OK, p11->C_FindObjects(session, found, 3, &count));
    CHECK(count == wanted[i]);
  }
  EXPECT(CKR_OK, p11->C_FindObjectsFinal(session));
  EXPECT(CKR_OPERATION_NOT_INITIALIZED, p11->C_FindObjectsFinal(session));
}

static void session_object_limit(CK_SESSION_HANDLE session) {
  CK_OBJECT_HANDLE handle;
  CK_RV rv = CKR_OK;
  for (int i = 0; rv == CKR_OK && i < 1000; i++) rv = create_data(session, CK_FALSE, CK_FALSE, "x", &handle);
  EXPECT(CKR_DEVICE_MEMORY, rv);
}

/* ---- Identity and genesis ------------------------------------------------------------------------------------------------ */

static void identity_and_genesis(void) {
  static CK_BYTE large[(1u << 20) + 1];
  CK_OBJECT_HANDLE pair[2], handle = 0, sealing[2];
  CK_BYTE signature[64], binding[32];
  CK_MECHANISM_TYPE identity = CKM_TS_IDENTITY, none[64];
  CK_ULONG length = sizeof none;
  test_domain domain;
  new_token();
  CK_SESSION_HANDLE ro = open_session(0), session = user_session();
  EXPECT(CKR_SESSION_READ_ONLY, generate_identity(ro, pair));
  CK_MECHANISM mechanism = {CKM_TS_IDENTITY, NULL, 0};
  CK_ATTRIBUTE not_token = {CKA_TOKEN, &no, 1}, other_label = {CKA_LABEL, BYTES("mine"), 4};
  CK_RV rv = p11->C_GenerateKeyPair(session, &mechanism, NULL, 0, &not_token, 1, &pair[0], &pair[1]);
  EXPECT(CKR_TEMPLATE_INCONSISTENT, rv);
  rv = p11->C_GenerateKeyPair(session, &mechanism, &other_label, 1, NULL, 0, &pair[0], &pair[1]);
  EXPECT(CKR_ATTRIBUTE_VALUE_INVALID, rv);
  EXPECT(CKR_OK, generate_identity(session, pair));
  EXPECT(CKR_TS_IDENTITY_EXISTS, generate_identity(session, pair));
  CK_ATTRIBUTE made = {CKA_KEY_GEN_MECHANISM, &identity, sizeof identity}, by_class = {CKA_CLASS, &private_class, 8};
  CHECK(find(session, &made, 1, NULL) == 4); /* vote and sealing; the hedge secret is no object */
  CK_ATTRIBUTE sealing_key[] = {{CKA_LABEL, BYTES("sealing"), 7}, by_class};
  CHECK(find(session, sealing_key, 2, &sealing[1]) == 1);
  test_domain_make(session, &domain);
  /* These keys obey vendor mechanisms alone, and stay. */
  EXPECT(CKR_KEY_FUNCTION_NOT_PERMITTED, sign_eddsa(session, pair[1], "message", signature));
  EXPECT(CKR_KEY_FUNCTION_NOT_PERMITTED, sign_eddsa(session, sealing[1], "message", signature));
  EXPECT(CKR_OK, get(session, pair[1], CKA_ALLOWED_MECHANISMS, none, &length));
  for (size_t i = 0; i < length / sizeof none[0]; i++) CHECK(none[i] >= 0x80545300UL);
  EXPECT(CKR_ACTION_PROHIBITED, p11->C_DestroyObject(session, pair[0]));
  EXPECT(CKR_ACTION_PROHIBITED, p11->C_DestroyObject(session, pair[1]));
  EXPECT(CKR_ACTION_PROHIBITED, p11->C_DestroyObject(session, sealing[1]));

  EXPECT(CKR_TS_GENESIS_NEEDS_SO, pin_bytes(session, domain.genesis, domain.genesis_length, &handle));
  EXPECT(CKR_OK, p11->C_CloseAllSessions(0));
  session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_TS_GENESIS_NEEDS_SO, pin_bytes(session, domain.genesis, domain.genesis_length, &handle));
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  EXPECT(CKR_TEMPLATE_INCOMPLETE, pin_bytes(session, "", 0, &handle));
  EXPECT(CKR_ATTRIBUTE_VALUE_INVALID, pin_bytes(session, large, sizeof large, &handle));
  EXPECT(CKR_TS_GENESIS_INVALID, pin_bytes(session, large, sizeof large - 1, &handle));
  EXPECT(CKR_TS_BASE | TS_MALFORMED, pin_bytes(session, domain.genesis, domain.genesis_length - 1, &handle));
  EXPECT(CKR_OK, pin_bytes(session, domain.genesis, domain.genesis_length, &handle));
  EXPECT(CKR_TS_GENESIS_PINNED, pin_bytes(session, domain.genesis, domain.genesis_length, &handle));
  EXPECT(CKR_ACTION_PROHIBITED, p11->C_DestroyObject(session, handle));
  CK_ATTRIBUTE label = {CKA_LABEL, BYTES("x"), 1};
  EXPECT(CKR_ACTION_PROHIBITED, p11->C_SetAttributeValue(session, handle, &label, 1));

  restart(); /* every secret is bound to it now, and opens */
  session = user_session();
  CK_ATTRIBUTE by_name = {CKA_APPLICATION, BYTES(TS_GENESIS_APPLICATION), strlen(TS_GENESIS_APPLICATION)};
  CHECK(find(session, &made, 1, NULL) == 4 && find(session, &by_name, 1, &handle) == 1);
  length = sizeof large;
  EXPECT(CKR_OK, get(session, handle, CKA_VALUE, NULL, &length));
  CHECK(length == domain.genesis_length);
  length = sizeof binding;
  EXPECT(CKR_OK, get(session, handle, CKA_TS_BINDING, binding, &length));
  CHECK(length == 32 && memcmp(binding, domain.id, 32) == 0);
  EXPECT(CKR_OK, p11->C_CloseAllSessions(0));
  EXPECT(CKR_OK, init_token(0, SO_PIN)); /* only this removes it */
  session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  CHECK(find(session, NULL, 0, NULL) == 0);
  /* A token without an identity can never be a member. */
  EXPECT(CKR_TS_BASE | TS_NOT_A_MEMBER, pin_bytes(session, domain.genesis, domain.genesis_length, &handle));
  end_token();
}

int main(void) {
  load_provider(TOKEN_PATH);
  new_token();
  data_objects();
  EXPECT(CKR_OK, p11->C_CloseAllSessions(0));
  CK_SESSION_HANDLE session = user_session();
  private_key_policy(session);
  EXPECT(CKR_OK, p11->C_CloseAllSessions(0));
  session = user_session();
  curves(session);
  reading(session);
  creation_refused(session);
  searching(session);
  session_object_limit(session);
  end_token();
  nothing_before_login();
  identity_and_genesis();
  return 0;
}
