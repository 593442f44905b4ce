/* Signing, verifying, hashing, random bytes: the results, and the rules about operations. */
#include <pthread.h>
#include <sodium.h>

#include "harness.h"

static void public_point(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE point[32]) {
  CK_BYTE der[34];
  CK_ULONG length = sizeof der;
  EXPECT(CKR_OK, get(session, key, CKA_EC_POINT, der, &length));
  memcpy(point, der + 2, 32);
}

/* The length question has no side effect, and neither has too little room. */
static void sign_twice(CK_SESSION_HANDLE session, const CK_OBJECT_HANDLE pair[2]) {
  CK_MECHANISM mechanism = {CKM_EDDSA, NULL, 0};
  CK_BYTE first[64], second[64], point[32], untouched[64] = {0};
  CK_ULONG length;
  for (int rounds = 0; rounds < 2; rounds++) {
    EXPECT(CKR_OK, p11->C_SignInit(session, &mechanism, pair[1]));
    for (int i = 0; i < 3; i++) {
      length = 0;
      EXPECT(CKR_OK, p11->C_Sign(session, BYTES("message"), 7, NULL, &length));
      CHECK(length == 64);
      length = 63;
      EXPECT(CKR_BUFFER_TOO_SMALL, p11->C_Sign(session, BYTES("message"), 7, untouched, &length));
      CHECK(length == 64 && sodium_is_zero(untouched, 64));
    }
    length = 64;
    EXPECT(CKR_OK, p11->C_Sign(session, BYTES("message"), 7, rounds ? second : first, &length));
    CHECK(length == 64);
    EXPECT(CKR_OPERATION_NOT_INITIALIZED, p11->C_Sign(session, BYTES("message"), 7, first, &length));
  }
  CHECK(memcmp(first, second, 64) == 0);
  public_point(session, pair[0], point);
  CHECK(crypto_sign_verify_detached(first, BYTES("message"), 7, point) == 0);
  EXPECT(CKR_OK, verify_eddsa(session, pair[0], "message", first));
  EXPECT(CKR_SIGNATURE_INVALID, verify_eddsa(session, pair[0], "massage", first));
  for (size_t i = 0; i < 64; i++) {
    first[i] ^= 1;
    EXPECT(CKR_SIGNATURE_INVALID, verify_eddsa(session, pair[0], "message", first));
    first[i] ^= 1;
  }
}

static void messages(CK_SESSION_HANDLE session, const CK_OBJECT_HANDLE pair[2]) {
  CK_MECHANISM mechanism = {CKM_EDDSA, NULL, 0};
  const size_t most = 16u << 20;
  CK_BYTE *message = malloc(most + 1), signature[64], point[32];
  CHECK(message != NULL);
  memset(message, 'm', most + 1);
  public_point(session, pair[0], point);
  const CK_ULONG lengths[] = {0, 1, 127, 65536, most};
  for (size_t i = 0; i < COUNT(lengths); i++) {
    CK_ULONG length = sizeof signature;
    EXPECT(CKR_OK, p11->C_SignInit(session, &mechanism, pair[1]));
    EXPECT(CKR_OK, p11->C_Sign(session, lengths[i] == 0 ? NULL : message, lengths[i], signature, &length));
    CHECK(crypto_sign_verify_detached(signature, message, lengths[i], point) == 0);
  }
  CK_ULONG length = sizeof signature;
  EXPECT(CKR_OK, p11->C_SignInit(session, &mechanism, pair[1]));
  EXPECT(CKR_DATA_LEN_RANGE, p11->C_Sign(session, message, most + 1, signature, &length));
  EXPECT(CKR_OPERATION_NOT_INITIALIZED, p11->C_Sign(session, message, 1, signature, &length)); /* an error ends it */
  /* The answer may go where the message is. */
  EXPECT(CKR_OK, p11->C_SignInit(session, &mechanism, pair[1]));
  memset(message, 'm', 64);
  EXPECT(CKR_OK, p11->C_Sign(session, message, 64, message, &length));
  memset(signature, 'm', 64);
  CHECK(crypto_sign_verify_detached(message, signature, 64, point) == 0);
  free(message);
}

static void parameters(CK_SESSION_HANDLE session, const CK_OBJECT_HANDLE pair[2]) {
  CK_EDDSA_PARAMS params = {CK_FALSE, 0, NULL};
  CK_MECHANISM mechanism = {CKM_EDDSA, &params, sizeof params};
  CK_BYTE signature[64];
  CK_ULONG length = 64;
  EXPECT(CKR_OK, p11->C_SignInit(session, &mechanism, pair[1]));
  params.phFlag = CK_TRUE; /* the parameter was copied */
  EXPECT(CKR_OK, p11->C_Sign(session, BYTES("message"), 7, signature, &length));
  EXPECT(CKR_OK, verify_eddsa(session, pair[0], "message", signature));
  EXPECT(CKR_MECHANISM_PARAM_INVALID, p11->C_SignInit(session, &mechanism, pair[1]));
  EXPECT(CKR_MECHANISM_PARAM_INVALID, p11->C_VerifyInit(session, &mechanism, pair[0]));
  params = (CK_EDDSA_PARAMS){CK_FALSE, 1, BYTES("c")};
  EXPECT(CKR_MECHANISM_PARAM_INVALID, p11->C_SignInit(session, &mechanism, pair[1]));
  mechanism = (CK_MECHANISM){CKM_EDDSA, &params, 5};
  EXPECT(CKR_MECHANISM_PARAM_INVALID, p11->C_SignInit(session, &mechanism, pair[1]));
  mechanism = (CK_MECHANISM){CKM_EDDSA, NULL, 5};
  EXPECT(CKR_MECHANISM_PARAM_INVALID, p11->C_SignInit(session, &mechanism, pair[1]));
  mechanism = (CK_MECHANISM){CKM_EDDSA, &params, (1u << 20) + 1};
  EXPECT(CKR_MECHANISM_PARAM_INVALID, p11->C_SignInit(session, &mechanism, pair[1]));
}

static void operations(CK_SESSION_HANDLE session, const CK_OBJECT_HANDLE pair[2]) {
  CK_MECHANISM mechanism = {CKM_EDDSA, NULL, 0}, sha = {CKM_SHA256, NULL, 0}, identity = {CKM_TS_IDENTITY, NULL, 0};
  CK_BYTE out[64];
  CK_ULONG length = 64;
  CK_OBJECT_HANDLE no_sign[2];
  CK_ATTRIBUTE not_signing = {CKA_SIGN, &no, 1}, not_verifying = {CKA_VERIFY, &no, 1};
  EXPECT(CKR_OK, generate_with(session, false, &not_verifying, &not_signing, no_sign));
  EXPECT(CKR_KEY_FUNCTION_NOT_PERMITTED, p11->C_SignInit(session, &mechanism, no_sign[1]));
  EXPECT(CKR_KEY_FUNCTION_NOT_PERMITTED, p11->C_VerifyInit(session, &mechanism, no_sign[0]));
  EXPECT(CKR_KEY_TYPE_INCONSISTENT, p11->C_SignInit(session, &mechanism, pair[0]));
  EXPECT(CKR_KEY_TYPE_INCONSISTENT, p11->C_VerifyInit(session, &mechanism, pair[1]));
  EXPECT(CKR_MECHANISM_INVALID, p11->C_SignInit(session, &sha, pair[1]));
  EXPECT(CKR_MECHANISM_INVALID, p11->C_SignInit(session, &identity, pair[1]));
  EXPECT(CKR_MECHANISM_INVALID, p11->C_VerifyInit(session, &identity, pair[0]));
  EXPECT(CKR_KEY_HANDLE_INVALID, p11->C_SignInit(session, &mechanism, 0));
  EXPECT(CKR_OK, p11->C_SignInit(session, &mechanism, pair[1]));
  EXPECT(CKR_OPERATION_ACTIVE, p11->C_SignInit(session, &mechanism, pair[1]));
  EXPECT(CKR_FUNCTION_NOT_SUPPORTED, p11->C_SignUpdate(session, out, 1)); /* and that ends it */
  EXPECT(CKR_OPERATION_NOT_INITIALIZED, p11->C_Sign(session, out, 1, out, &length));
  EXPECT(CKR_OK, p11->C_VerifyInit(session, &mechanism, pair[0]));
  EXPECT(CKR_OPERATION_ACTIVE, p11->C_VerifyInit(session, &mechanism, pair[0]));
  EXPECT(CKR_SIGNATURE_LEN_RANGE, p11->C_Verify(session, out, 1, out, 63));
  EXPECT(CKR_OPERATION_NOT_INITIALIZED, p11->C_Verify(session, out, 1, out, 64));

  /* The key goes, or the user, between beginning and end. */
  CK_OBJECT_HANDLE going[2];
  generate(session, false, going);
  EXPECT(CKR_OK, p11->C_SignInit(session, &mechanism, going[1]));
  EXPECT(CKR_OK, p11->C_DestroyObject(session, going[1]));
  EXPECT(CKR_KEY_HANDLE_INVALID, p11->C_Sign(session, out, 1, out, &length));
  generate(session, true, going);
  EXPECT(CKR_OK, p11->C_SignInit(session, &mechanism, going[1]));
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_USER_NOT_LOGGED_IN, p11->C_Sign(session, out, 1, out, &length));
  EXPECT(CKR_OK, log_in(session, CKU_USER, USER_PIN));
  EXPECT(CKR_OPERATION_NOT_INITIALIZED, p11->C_Sign(session, out, 1, out, &length));
  EXPECT(CKR_KEY_HANDLE_INVALID, p11->C_SignInit(session, &mechanism, going[1]));
}

static void digests(CK_SESSION_HANDLE session) {
  CK_BYTE out[64], expected[64];
  CK_ULONG length;
  for (int is512 = 0; is512 < 2; is512++) {
    CK_MECHANISM mechanism = {is512 ? CKM_SHA512 : CKM_SHA256, NULL, 0}, with = {mechanism.mechanism, out, 1};
    CK_ULONG size = is512 ? 64 : 32;
    if (is512) crypto_hash_sha512(expected, BYTES("abc"), 3);
    else crypto_hash_sha256(expected, BYTES("abc"), 3);
    EXPECT(CKR_MECHANISM_PARAM_INVALID, p11->C_DigestInit(session, &with));
    EXPECT(CKR_OK, p11->C_DigestInit(session, &mechanism));
    EXPECT(CKR_OPERATION_ACTIVE, p11->C_DigestInit(session, &mechanism));
    EXPECT(CKR_OK, p11->C_Digest(session, BYTES("abc"), 3, NULL, &length));
    CHECK(length == size);
    length = size - 1;
    EXPECT(CKR_BUFFER_TOO_SMALL, p11->C_Digest(session, BYTES("abc"), 3, out, &length));
    EXPECT(CKR_OK, p11->C_Digest(session, BYTES("abc"), 3, out, &length));
    CHECK(length == size && memcmp(out, expected, size) == 0);
    EXPECT(CKR_OPERATION_NOT_INITIALIZED, p11->C_Digest(session, BYTES("abc"), 3, out, &length));

    EXPECT(CKR_OK, p11->C_DigestInit(session, &mechanism));
    EXPECT(CKR_OK, p11->C_DigestUpdate(session, BYTES("a"), 1));
    EXPECT(CKR_OK, p11->C_DigestUpdate(session, NULL, 0));
    EXPECT(CKR_OK, p11->C_DigestUpdate(session, BYTES("bc"), 2));
    length = 0;
    EXPECT(CKR_BUFFER_TOO_SMALL, p11->C_DigestFinal(session, out, &length));
    EXPECT(CKR_OK, p11->C_DigestFinal(session, NULL, &length));
    EXPECT(CKR_OK, p11->C_DigestFinal(session, out, &length));
    CHECK(length == size && memcmp(out, expected, size) == 0);

    EXPECT(CKR_OK, p11->C_DigestInit(session, &mechanism));
    EXPECT(CKR_OK, p11->C_DigestUpdate(session, BYTES("a"), 1));
    EXPECT(CKR_OPERATION_ACTIVE, p11->C_Digest(session, BYTES("bc"), 2, out, &length));
    EXPECT(CKR_OPERATION_NOT_INITIALIZED, p11->C_DigestFinal(session, out, &length));
  }
  CK_MECHANISM unknown = {CKM_SHA_1, NULL, 0};
  EXPECT(CKR_MECHANISM_INVALID, p11->C_DigestInit(session, &unknown));
}

static void random_bytes(CK_SESSION_HANDLE session) {
  CK_BYTE a[32] = {0}, b[32] = {0};
  EXPECT(CKR_OK, p11->C_GenerateRandom(session, a, sizeof a));
  EXPECT(CKR_OK, p11->C_GenerateRandom(session, b, sizeof b));
  CHECK(memcmp(a, b, sizeof a) != 0 && !sodium_is_zero(a, sizeof a));
  EXPECT(CKR_OK, p11->C_GenerateRandom(session, NULL, 0));
  EXPECT(CKR_ARGUMENTS_BAD, p11->C_GenerateRandom(session, a, (1u << 20) + 1));
  EXPECT(CKR_RANDOM_SEED_NOT_SUPPORTED, p11->C_SeedRandom(session, a, sizeof a));
}

/* ---- Threads ------------------------------------------------------------------------------------------------------------- */

static CK_OBJECT_HANDLE shared_key[2];

/* Own session, common login: everything at once, 8 times over. A session of the other's making is closed under no one. */
static void *hammer(void *argument) {
  CK_SESSION_HANDLE session;
  CK_BYTE signature[64], random[16];
  char text[32];
  CK_OBJECT_CLASS data = CKO_DATA;
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &data, sizeof data}, {CKA_APPLICATION, text, 0}};
  for (int i = 0; i < 60; i++) {
    CHECK(p11->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) == CKR_OK);
    list[1].ulValueLen = (CK_ULONG)snprintf(text, sizeof text, "%p %d", argument, i);
    CK_OBJECT_HANDLE handle, found, pair[2];
    EXPECT(CKR_OK, p11->C_CreateObject(session, list, 2, &handle));
    CHECK(find(session, &list[1], 1, &found) == 1 && found == handle);
    EXPECT(CKR_OK, sign_eddsa(session, shared_key[1], text, signature));
    EXPECT(CKR_OK, verify_eddsa(session, shared_key[0], text, signature));
    generate(session, false, pair);
    EXPECT(CKR_OK, sign_eddsa(session, pair[1], text, signature));
    EXPECT(CKR_OK, verify_eddsa(session, pair[0], text, signature));
    EXPECT(CKR_OK, p11->C_GenerateRandom(session, random, sizeof random));
    if (i % 20 == 0) EXPECT(CKR_USER_ALREADY_LOGGED_IN, log_in(session, CKU_USER, USER_PIN));
    if (i % 30 == 0) {
      generate(session, true, pair);
      EXPECT(CKR_OK, p11->C_DestroyObject(session, pair[1]));
    }
    EXPECT(CKR_OK, p11->C_CloseSession(session));
  }
  return NULL;
}

/* One session between all threads: answers may be refusals, since operations get in each other's way, but nothing breaks. */
static void *hammer_one_session(void *argument) {
  CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)argument;
  CK_BYTE signature[64];
  for (int i = 0; i < 400; i++) {
    CK_RV rv = sign_eddsa(session, shared_key[1], "message", signature);
    if (rv == CKR_OK) rv = verify_eddsa(session, shared_key[0], "message", signature);
    CHECK(rv == CKR_OK || rv == CKR_OPERATION_ACTIVE || rv == CKR_OPERATION_NOT_INITIALIZED);
  }
  return NULL;
}

static void threads(CK_SESSION_HANDLE session) {
  pthread_t thread[8];
  char names[8];
  generate(session, true, shared_key);
  for (size_t i = 0; i < 8; i++) CHECK(pthread_create(&thread[i], NULL, hammer, &names[i]) == 0);
  for (size_t i = 0; i < 8; i++) CHECK(pthread_join(thread[i], NULL) == 0);
  for (size_t i = 0; i < 8; i++) CHECK(pthread_create(&thread[i], NULL, hammer_one_session, &session) == 0);
  for (size_t i = 0; i < 8; i++) CHECK(pthread_join(thread[i], NULL) == 0);
}

int main(void) {
  CK_OBJECT_HANDLE pair[2];
  CHECK(sodium_init() >= 0);
  load_provider(TOKEN_PATH);
  new_token();
  CK_SESSION_HANDLE session = user_session();
  generate(session, false, pair);
  sign_twice(session, pair);
  messages(session, pair);
  parameters(session, pair);
  operations(session, pair);
  digests(session);
  random_bytes(session);
  threads(session);
  end_token();
  return 0;
}
