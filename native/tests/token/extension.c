/* What an extension can rely on: records, shares, atomic changes, mechanisms, login and genesis. This program is an
 * extension: it defines what extension.c defines in the provider. */
#include "fast_kdf.h"
#include "harness.h"
#include "internal.h"

#include <signal.h>
#include <sys/resource.h>

#define CKM_TEST_ECHO 0x805453f0UL  /* on the vote key: the parameter, then the data */
#define CKM_TEST_SHARE 0x805453f1UL /* on a share: its name */
#define CKM_TEST_FAIL 0x805453f2UL  /* on the vote key: fails in run */
#define CKM_TEST_MAKE 0x805453f3UL  /* C_GenerateKeyPair: puts a share */
#define CKM_TEST_SHORT 0x805453f4UL /* on the sealing key: less than it said */
#define CKA_TEST_EPOCH 0x80545381UL
#define CKA_TEST_GROUP 0x80545310UL

/* ---- The extension ------------------------------------------------------------------------------------------------------ */

static ts_slot *slot_of_login;
static int logins, logouts, inits, lengths, runs;
static CK_RV login_answer = CKR_OK, genesis_answer = CKR_OK;
static bool genesis_adds_roster;

CK_RV ts_extension_login(ts_slot *slot) {
  slot_of_login = slot;
  logins++;
  CHECK(ts_slot_login(slot) == TS_LOGIN_USER && *ts_slot_extension(slot) == NULL);
  *ts_slot_extension(slot) = ts_secret_alloc(16);
  return login_answer;
}

void ts_extension_logout(ts_slot *slot) {
  logouts++;
  CHECK(ts_slot_login(slot) == TS_LOGIN_USER && *ts_slot_extension(slot) != NULL);
  ts_secret_free(*ts_slot_extension(slot));
  *ts_slot_extension(slot) = NULL;
}

CK_RV ts_genesis_pin(ts_change *change, const uint8_t *bytes, size_t length, uint8_t binding[TS_BINDING_BYTES]) {
  CHECK(ts_slot_login(ts_change_slot(change)) == TS_LOGIN_SO);
  CHECK(length == 7 && memcmp(bytes, "genesis", 7) == 0);
  if (genesis_adds_roster) EXPECT(CKR_OK, ts_change_put(change, "roster/0", BYTES("roster"), 6));
  memset(binding, 7, TS_BINDING_BYTES);
  return genesis_answer;
}

static CK_RV count_init(const ts_request *request) {
  inits++;
  CHECK(request->data == NULL);
  return request->parameter_length == 13 ? CKR_MECHANISM_PARAM_INVALID : CKR_OK;
}

static CK_RV echo_length(const ts_request *request, size_t *length) {
  lengths++;
  *length = request->parameter_length + request->data_length;
  return CKR_OK;
}

static CK_RV echo_run(const ts_request *request, uint8_t *out, size_t *length) {
  runs++;
  CHECK(*length >= request->parameter_length + request->data_length);
  if (request->parameter_length > 0) memcpy(out, request->parameter, request->parameter_length);
  if (request->data_length > 0) memcpy(out + request->parameter_length, request->data, request->data_length);
  *length = request->parameter_length + request->data_length;
  return CKR_OK;
}

static CK_RV name_length(const ts_request *request, size_t *length) {
  (void)request;
  *length = TS_NAME_MAX;
  return CKR_OK;
}

static CK_RV name_run(const ts_request *request, uint8_t *out, size_t *length) {
  const uint8_t *secret;
  size_t secret_length;
  EXPECT(CKR_OK, ts_record_get_secret(request->slot, ts_object_name(request->key), &secret, &secret_length));
  *length = strlen(ts_object_name(request->key));
  memcpy(out, ts_object_name(request->key), *length);
  return CKR_OK;
}

static CK_RV fail_run(const ts_request *request, uint8_t *out, size_t *length) {
  memset(out, 0xee, *length);
  (void)request;
  return CKR_FUNCTION_REJECTED;
}

static CK_RV make_share(const ts_request *request, const ts_template templates[2], ts_object *pair[2]) {
  ts_change *change;
  if (templates[0].count != 0 || templates[1].count != 0) return CKR_TEMPLATE_INCONSISTENT;
  EXPECT(CKR_OK, ts_change_begin(request->slot, &change));
  uint8_t *secret = ts_secret_alloc(32);
  const ts_share share = {.label = "made", .secret = secret, .secret_length = 32};
  EXPECT(CKR_OK, ts_change_put_share(change, "share/made", &share));
  ts_secret_free(secret);
  CK_RV rv = ts_change_commit(change);
  pair[1] = rv == CKR_OK ? ts_share_object(request->slot, "share/made") : NULL;
  return rv;
}

static const ts_mechanism echo = {.type = CKM_TEST_ECHO, .name = "echo", .flags = CKF_SIGN, .role = TS_ROLE_VOTE,
                                  .init = count_init, .length = echo_length, .run = echo_run};
static const ts_mechanism on_share = {.type = CKM_TEST_SHARE, .name = "share", .flags = CKF_SIGN,
                                      .role = TS_ROLE_SHARE, .length = name_length, .run = name_run};
static const ts_mechanism failing = {.type = CKM_TEST_FAIL, .name = "fail", .flags = CKF_SIGN, .role = TS_ROLE_VOTE,
                                     .length = echo_length, .run = fail_run};
static const ts_mechanism making = {.type = CKM_TEST_MAKE, .name = "make", .flags = CKF_GENERATE_KEY_PAIR,
                                    .role = TS_ROLE_NONE, .generate = make_share};
static const ts_mechanism short_one = {.type = CKM_TEST_SHORT, .name = "short", .flags = CKF_SIGN,
                                       .role = TS_ROLE_SEALING, .length = name_length, .run = echo_run};
const ts_mechanism *const ts_vendor_mechanisms[] = {&ts_identity_mechanism, &echo, &on_share, &failing, &making,
                                                    &short_one, NULL};

/* ---- Records -------------------------------------------------------------------------------------------------------------- */

static ts_slot *slot0(void) { return ts_slot_by_id(0); }

static void expect_record(const char *name, const char *wanted) {
  const uint8_t *bytes;
  size_t length;
  CK_RV rv = ts_record_get(slot0(), name, &bytes, &length);
  if (wanted == NULL) {
    EXPECT(CKR_TS_RECORD_MISSING, rv);
    return;
  }
  EXPECT(CKR_OK, rv);
  CHECK(length == strlen(wanted) && (length == 0 || memcmp(bytes, wanted, length) == 0));
}

static void expect_secret(const char *name, const char *wanted) {
  const uint8_t *secret, *start;
  size_t length;
  CK_RV rv = ts_record_get_secret(slot0(), name, &secret, &length);
  if (wanted == NULL) {
    EXPECT(CKR_TS_RECORD_MISSING, rv);
    return;
  }
  EXPECT(CKR_OK, rv);
  CHECK(length == strlen(wanted) && memcmp(secret, wanted, length) == 0);
  CHECK(ts_secret_range(&start, &length) && secret >= start && secret < start + length);
}

static void put(ts_change *change, const char *name, const char *bytes) {
  EXPECT(CKR_OK, ts_change_put(change, name, BYTES(bytes), strlen(bytes)));
}

static void put_secret(ts_change *change, const char *name, const char *bytes) {
  EXPECT(CKR_OK, ts_change_put_secret(change, name, BYTES(bytes), strlen(bytes)));
}

static void records(void) {
  ts_change *change;
  const uint8_t *bytes;
  size_t length;
  new_token();
  CK_SESSION_HANDLE session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_USER_NOT_LOGGED_IN, ts_change_begin(slot0(), &change));
  EXPECT(CKR_USER_NOT_LOGGED_IN, ts_record_get(slot0(), "a", &bytes, &length));
  EXPECT(CKR_OK, log_in(session, CKU_USER, USER_PIN));
  EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
  put(change, "x/a", "first");
  put(change, "x/b", "second");
  put(change, "x/b", "second again"); /* the later one counts */
  put_secret(change, "x/secret", "a secret record");
  put(change, "y", "");
  EXPECT(CKR_OK, ts_change_delete(change, "x/a"));
  expect_record("x/b", NULL); /* not before commit */
  EXPECT(CKR_OK, ts_change_commit(change));
  for (int after_restart = 0; after_restart < 2; after_restart++) {
    expect_record("x/a", NULL);
    expect_record("x/b", "second again");
    expect_record("y", "");
    expect_record("x/secret", NULL); /* it is there, but not as a public one */
    expect_secret("x/secret", "a secret record");
    expect_secret("x/b", NULL);
    const char *name = ts_record_next(slot0(), "x/", NULL);
    CHECK(strcmp(name, "x/b") == 0);
    name = ts_record_next(slot0(), "x/", name);
    CHECK(strcmp(name, "x/secret") == 0 && ts_record_next(slot0(), "x/", name) == NULL);
    CHECK(find(session, NULL, 0, NULL) == 0); /* records are no objects */
    restart();
    session = user_session();
  }
  EXPECT(CKR_OK, p11->C_Logout(session));
  expect_record("x/b", "second again"); /* public, authenticated: still there */
  EXPECT(CKR_USER_NOT_LOGGED_IN, ts_record_get_secret(slot0(), "x/secret", &bytes, &length));
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  EXPECT(CKR_USER_NOT_LOGGED_IN, ts_record_get_secret(slot0(), "x/secret", &bytes, &length));
  EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
  EXPECT(CKR_USER_NOT_LOGGED_IN, ts_change_put_secret(change, "z", BYTES("z"), 1));
  EXPECT(CKR_USER_NOT_LOGGED_IN, ts_change_commit(change)); /* the first error, and nothing of it */
  EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
  put(change, "of-the-so", "yes");
  EXPECT(CKR_OK, ts_change_commit(change));
  expect_record("of-the-so", "yes");
  end_token();
}

static void names_and_limits(void) {
  static uint8_t large[TS_ATTRIBUTE_BYTES_MAX + 1];
  ts_change *change;
  char longest[TS_NAME_MAX + 2];
  new_token();
  (void)user_session();
  memset(longest, 'n', sizeof longest);
  longest[TS_NAME_MAX + 1] = 0;
  const char *const bad[] = {"", "A", "a b", "a_b", "genesis", "identity/", "identity/vote", "identity/x", longest};
  for (size_t i = 0; i < COUNT(bad); i++) {
    EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
    EXPECT(CKR_TS_RECORD_NAME, ts_change_put(change, bad[i], BYTES("x"), 1));
    EXPECT(CKR_TS_RECORD_NAME, ts_change_put_secret(change, bad[i], BYTES("x"), 1));
    EXPECT(CKR_TS_RECORD_NAME, ts_change_delete(change, bad[i]));
    EXPECT(CKR_TS_RECORD_NAME, ts_change_commit(change));
  }
  longest[TS_NAME_MAX] = 0;
  EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
  put(change, longest, "fits");
  EXPECT(CKR_OK, ts_change_put(change, "large", large, TS_ATTRIBUTE_BYTES_MAX));
  EXPECT(CKR_OK, ts_change_put_secret(change, "secret", large, TS_SECRET_BYTES_MAX));
  EXPECT(CKR_OK, ts_change_commit(change));
  restart();
  (void)user_session();
  expect_record(longest, "fits");

  EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
  EXPECT(CKR_ATTRIBUTE_VALUE_INVALID, ts_change_put(change, "large", large, sizeof large));
  EXPECT(CKR_DEVICE_MEMORY, ts_change_put_secret(change, "secret", large, TS_SECRET_BYTES_MAX + 1));
  EXPECT(CKR_DATA_LEN_RANGE, ts_change_put_secret(change, "secret", large, 0));
  EXPECT(CKR_DATA_LEN_RANGE, ts_change_put_secret(change, "secret", NULL, 4));
  EXPECT(CKR_TS_RECORD_MISSING, ts_change_delete(change, "none"));
  EXPECT(CKR_ATTRIBUTE_VALUE_INVALID, ts_change_commit(change));
  /* The file has a limit of its own, and a change that passes it changes nothing. */
  CK_RV rv = CKR_OK;
  for (int i = 0; rv == CKR_OK && i < 64; i++) {
    char name[16];
    CHECK(snprintf(name, sizeof name, "fill-%d", i) > 0);
    EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
    EXPECT(CKR_OK, ts_change_put(change, name, large, TS_ATTRIBUTE_BYTES_MAX));
    rv = ts_change_commit(change);
  }
  EXPECT(CKR_TS_STORE_FULL, rv);
  /* So has secret memory. */
  for (rv = CKR_OK; rv == CKR_OK;) {
    static int count;
    char name[16];
    CHECK(snprintf(name, sizeof name, "secret-%d", count++) > 0 && count < 100);
    EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
    rv = ts_change_put_secret(change, name, large, 60000);
    CHECK(rv == CKR_OK || rv == CKR_TS_SECRET_MEMORY_FULL);
    CK_RV committed = ts_change_commit(change);
    rv = rv == CKR_OK ? committed : rv;
  }
  CHECK(rv == CKR_TS_SECRET_MEMORY_FULL || rv == CKR_TS_STORE_FULL);
  EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
  for (int i = 0; i < TS_CHANGES_MAX; i++) {
    char name[16];
    CHECK(snprintf(name, sizeof name, "many-%d", i) > 0);
    put(change, name, "");
  }
  EXPECT(CKR_TS_STORE_FULL, ts_change_put(change, "many", BYTES("x"), 1));
  ts_change_abandon(change);
  expect_record("many-0", NULL);
  end_token();
}

/* Puts so many secrets of a length in one change. */
static CK_RV put_secrets(size_t count, size_t secret_length) {
  static const uint8_t bytes[TS_SECRET_BYTES_MAX];
  static int number;
  ts_change *change;
  EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
  for (size_t i = 0; i < count; i++) {
    char name[16];
    CHECK(snprintf(name, sizeof name, "s-%d", number++) > 0);
    (void)ts_change_put_secret(change, name, bytes, secret_length);
  }
  return ts_change_commit(change);
}

/* However full secret memory is made, block by block of every size, the token can still be logged into. */
static void full_of_secrets(void) {
  const size_t sizes[] = {65536, 16384, 4096, 1024, 256};
  new_token();
  (void)user_session();
  for (size_t s = 0; s < COUNT(sizes); s++)
    for (size_t count = 64; count > 0; count /= 2)
      while (put_secrets(count, sizes[s]) == CKR_OK) continue;
  EXPECT(CKR_TS_SECRET_MEMORY_FULL, put_secrets(1, 256));
  restart();
  CK_SESSION_HANDLE session = user_session();
  restart();
  session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  end_token();
}

/* A change that cannot be written is as if it had never been. */
static void failing_change(void) {
  struct rlimit before, small;
  ts_change *change;
  CK_OBJECT_HANDLE handle = 0;
  const ts_share share = {.label = "label", .secret = BYTES("share"), .secret_length = 5};
  CK_KEY_TYPE vendor = CKK_VENDOR_DEFINED;
  CK_ATTRIBUTE by_type = {CKA_KEY_TYPE, &vendor, sizeof vendor};
  new_token();
  CK_SESSION_HANDLE session = user_session();
  EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
  put(change, "stays", "old");
  put_secret(change, "secret", "old secret");
  EXPECT(CKR_OK, ts_change_put_share(change, "share/1", &share));
  EXPECT(CKR_OK, ts_change_commit(change));
  CHECK(find(session, &by_type, 1, &handle) == 1);
  CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && getrlimit(RLIMIT_FSIZE, &before) == 0);
  small = (struct rlimit){.rlim_cur = 300, .rlim_max = before.rlim_max};
  for (int full = 1; full >= 0; full--) {
    CHECK(setrlimit(RLIMIT_FSIZE, full ? &small : &before) == 0);
    EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
    put(change, "stays", "new");
    put_secret(change, "secret", "new secret");
    put_secret(change, "another", "more");
    EXPECT(CKR_OK, ts_change_put_share(change, "share/1", &share));
    EXPECT(full ? CKR_TS_STORE_WRITE : CKR_OK, ts_change_commit(change));
    expect_record("stays", full ? "old" : "new");
    expect_secret("secret", full ? "old secret" : "new secret");
    expect_secret("another", full ? NULL : "more");
    CK_OBJECT_HANDLE again;
    CHECK(find(session, &by_type, 1, &again) == 1 && again == handle); /* a share keeps its handle when put again */
  }
  restart();
  (void)user_session();
  expect_record("stays", "new");
  expect_secret("secret", "new secret");
  end_token();
}

/* ---- Shares and mechanisms --------------------------------------------------------------------------------------------------- */

static CK_RV run_mechanism(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key, const char *parameter,
                           const char *data, char *out, CK_ULONG room) {
  CK_MECHANISM mechanism = {type, BYTES(parameter), strlen(parameter)};
  memset(out, 0, room);
  CK_RV rv = p11->C_SignInit(session, &mechanism, key);
  return rv != CKR_OK ? rv : p11->C_Sign(session, BYTES(data), strlen(data), BYTES(out), &room);
}

static void shares(void) {
  ts_change *change;
  CK_ULONG epoch = 5, read_epoch = 0, length = sizeof read_epoch;
  CK_OBJECT_HANDLE handle, pair[2];
  CK_OBJECT_CLASS private_key = CKO_PRIVATE_KEY;
  CK_KEY_TYPE vendor = CKK_VENDOR_DEFINED;
  CK_BYTE buffer[64];
  char out[128];
  new_token();
  CK_SESSION_HANDLE session = user_session();
  EXPECT(CKR_OK, generate_identity(session, pair));
  const CK_ATTRIBUTE attributes[] = {{CKA_TEST_EPOCH, &epoch, sizeof epoch}, {CKA_TEST_GROUP, BYTES("p256"), 4}};
  ts_share share = {.label = "key 1", .id = BYTES("id"), .id_length = 2, .attributes = attributes,
                    .attribute_count = 2, .secret = BYTES("the share"), .secret_length = 9};
  EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
  EXPECT(CKR_OK, ts_change_put_share(change, "share/1", &share));
  EXPECT(CKR_OK, ts_change_commit(change));
  const CK_ATTRIBUTE bad[] = {{CKA_SIGN, &no, 1}, {CKA_TS_SECRET_MEMORY, &epoch, 8}, {CKA_TEST_EPOCH, &epoch, 4},
                              {CKA_VALUE, BYTES("x"), 1}, {CKR_TS_BASE, BYTES("x"), 1}};
  for (size_t i = 0; i < COUNT(bad); i++) {
    ts_share wrong = share;
    wrong.attributes = &bad[i];
    wrong.attribute_count = 1;
    EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
    EXPECT(CKR_ATTRIBUTE_VALUE_INVALID, ts_change_put_share(change, "share/1", &wrong));
    ts_change_abandon(change);
  }
  restart();
  session = user_session();
  expect_secret("share/1", "the share");
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &private_key, sizeof private_key}, {CKA_KEY_TYPE, &vendor, sizeof vendor},
                         {CKA_LABEL, BYTES("key 1"), 5}, {CKA_ID, BYTES("id"), 2}, attributes[0], attributes[1]};
  CHECK(find(session, list, COUNT(list), &handle) == 1);
  EXPECT(CKR_OK, get(session, handle, CKA_TEST_EPOCH, &read_epoch, &length));
  CHECK(read_epoch == 5);
  const CK_ATTRIBUTE_TYPE are_true[] = {CKA_SENSITIVE, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE, CKA_LOCAL,
                                        CKA_PRIVATE, CKA_TOKEN, CKA_SIGN};
  const CK_ATTRIBUTE_TYPE are_false[] = {CKA_EXTRACTABLE, CKA_MODIFIABLE, CKA_COPYABLE, CKA_DESTROYABLE, CKA_DERIVE};
  for (size_t i = 0; i < COUNT(are_true); i++) CHECK(get_bool(session, handle, are_true[i]) == CK_TRUE);
  for (size_t i = 0; i < COUNT(are_false); i++) CHECK(get_bool(session, handle, are_false[i]) == CK_FALSE);
  length = sizeof buffer;
  EXPECT(CKR_ATTRIBUTE_SENSITIVE, get(session, handle, CKA_VALUE, buffer, &length));
  EXPECT(CKR_ACTION_PROHIBITED, p11->C_DestroyObject(session, handle));
  EXPECT(CKR_OK, run_mechanism(session, CKM_TEST_SHARE, handle, "", "", out, sizeof out));
  CHECK(strcmp(out, "share/1") == 0);
  EXPECT(CKR_KEY_FUNCTION_NOT_PERMITTED, run_mechanism(session, CKM_EDDSA, handle, "", "", out, sizeof out));
  EXPECT(CKR_KEY_FUNCTION_NOT_PERMITTED, run_mechanism(session, CKM_TEST_ECHO, handle, "", "", out, sizeof out));

  CK_MECHANISM make = {CKM_TEST_MAKE, NULL, 0};
  CK_SESSION_HANDLE ro = open_session(0);
  EXPECT(CKR_SESSION_READ_ONLY, p11->C_GenerateKeyPair(ro, &make, NULL, 0, NULL, 0, &pair[0], &pair[1]));
  EXPECT(CKR_OK, p11->C_GenerateKeyPair(session, &make, NULL, 0, NULL, 0, &pair[0], &pair[1]));
  CHECK(pair[0] == CK_INVALID_HANDLE && pair[1] != CK_INVALID_HANDLE);
  EXPECT(CKR_OK, run_mechanism(session, CKM_TEST_SHARE, pair[1], "", "", out, sizeof out));
  CHECK(strcmp(out, "share/made") == 0);
  EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
  EXPECT(CKR_OK, ts_change_delete(change, "share/made"));
  EXPECT(CKR_OK, ts_change_commit(change));
  EXPECT(CKR_KEY_HANDLE_INVALID, run_mechanism(session, CKM_TEST_SHARE, pair[1], "", "", out, sizeof out));
  CHECK(ts_share_object(slot0(), "share/made") == NULL && ts_share_object(slot0(), "identity/vote") == NULL);
  end_token();
}

static void mechanisms(void) {
  CK_OBJECT_HANDLE identity[2], generic[2], sealing;
  CK_MECHANISM mechanism = {CKM_TEST_ECHO, BYTES("parameter "), 10};
  CK_BYTE out[64] = {0}, data[4] = "data";
  CK_ULONG length;
  char text[128];
  new_token();
  CK_SESSION_HANDLE session = user_session();
  CHECK(ts_identity_vote_secret(slot0()) == NULL && ts_identity_vote_public(slot0()) == NULL);
  EXPECT(CKR_OK, generate_identity(session, identity));
  generate(session, false, generic);
  inits = lengths = runs = 0;
  EXPECT(CKR_OK, p11->C_SignInit(session, &mechanism, identity[1]));
  CHECK(inits == 1);
  for (int i = 0; i < 3; i++) {
    EXPECT(CKR_OK, p11->C_Sign(session, data, 4, NULL, &length));
    CHECK(length == 14 && runs == 0);
    length = 13;
    EXPECT(CKR_BUFFER_TOO_SMALL, p11->C_Sign(session, data, 4, out, &length));
    CHECK(length == 14 && runs == 0);
  }
  length = sizeof out;
  EXPECT(CKR_OK, p11->C_Sign(session, data, 4, out, &length));
  CHECK(length == 14 && memcmp(out, "parameter data", 14) == 0 && runs == 1 && inits == 1);
  EXPECT(CKR_OPERATION_NOT_INITIALIZED, p11->C_Sign(session, data, 4, out, &length));
  /* init may refuse; a failed run leaves the caller's memory as it was, and ends the operation. */
  EXPECT(CKR_MECHANISM_PARAM_INVALID,
         run_mechanism(session, CKM_TEST_ECHO, identity[1], "thirteen byte", "", text, sizeof text));
  EXPECT(CKR_FUNCTION_REJECTED, run_mechanism(session, CKM_TEST_FAIL, identity[1], "", "data", text, sizeof text));
  CHECK(sodium_is_zero(BYTES(text), sizeof text));
  EXPECT(CKR_KEY_TYPE_INCONSISTENT, run_mechanism(session, CKM_TEST_ECHO, generic[1], "", "", text, sizeof text));
  CK_ATTRIBUTE by_label[] = {{CKA_LABEL, BYTES("sealing"), 7}, {CKA_SIGN, &yes, 1}};
  CHECK(find(session, by_label, 2, &sealing) == 1);
  EXPECT(CKR_OK, run_mechanism(session, CKM_TEST_SHORT, sealing, "", "x", text, sizeof text));
  EXPECT(CKR_KEY_FUNCTION_NOT_PERMITTED, run_mechanism(session, CKM_TEST_ECHO, sealing, "", "", text, sizeof text));

  /* The identity, as an extension sees it. */
  const uint8_t *vote = ts_identity_vote_secret(slot0());
  uint8_t check[32];
  CHECK(memcmp(vote + 32, ts_identity_vote_public(slot0()), 32) == 0);
  CHECK(crypto_scalarmult_base(check, ts_identity_sealing_secret(slot0())) == 0);
  CHECK(memcmp(check, ts_identity_sealing_public(slot0()), 32) == 0);
  CHECK(!sodium_is_zero(ts_identity_hedge(slot0()), TS_HEDGE_BYTES));
  memcpy(check, ts_identity_hedge(slot0()), 32);
  EXPECT(CKR_OK, p11->C_Logout(session));
  CHECK(ts_identity_vote_secret(slot0()) == NULL && ts_identity_sealing_secret(slot0()) == NULL &&
        ts_identity_hedge(slot0()) == NULL && ts_identity_vote_public(slot0()) != NULL);
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  CHECK(ts_identity_vote_secret(slot0()) == NULL && ts_identity_hedge(slot0()) == NULL);
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_OK, log_in(session, CKU_USER, USER_PIN));
  CHECK(memcmp(check, ts_identity_hedge(slot0()), 32) == 0);
  end_token();
}

/* ---- Login and genesis ------------------------------------------------------------------------------------------------------- */

static void login_hooks(void) {
  new_token();
  logins = logouts = 0;
  CK_SESSION_HANDLE session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_PIN_INCORRECT, log_in(session, CKU_USER, SO_PIN));
  CHECK(logins == 0 && logouts == 0);
  EXPECT(CKR_OK, log_in(session, CKU_USER, USER_PIN));
  CHECK(logins == 1 && logouts == 0 && slot_of_login == slot0());
  EXPECT(CKR_OK, p11->C_Logout(session));
  CHECK(logouts == 1);
  login_answer = CKR_TS_STORE_FULL; /* the extension refuses: nobody is logged in */
  EXPECT(CKR_TS_STORE_FULL, log_in(session, CKU_USER, USER_PIN));
  CHECK(logins == 2 && logouts == 2 && ts_slot_login(slot0()) == TS_LOGIN_NONE);
  CHECK((token_flags() & CKF_USER_PIN_COUNT_LOW) == 0); /* the PIN was right all the same */
  login_answer = CKR_OK;
  EXPECT(CKR_OK, log_in(session, CKU_USER, USER_PIN));
  EXPECT(CKR_OK, p11->C_CloseSession(session));
  CHECK(logins == 3 && logouts == 3);
  (void)user_session();
  end_token(); /* C_Finalize too */
  CHECK(logins == 4 && logouts == 4);
}

static CK_RV pin_genesis(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *handle) {
  CK_OBJECT_CLASS data = CKO_DATA;
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &data, sizeof data}, {CKA_VALUE, BYTES("genesis"), 7},
                         {CKA_APPLICATION, BYTES(TS_GENESIS_APPLICATION), strlen(TS_GENESIS_APPLICATION)}};
  return p11->C_CreateObject(session, list, COUNT(list), handle);
}

static void genesis(void) {
  ts_change *change;
  CK_OBJECT_HANDLE handle, pair[2];
  struct rlimit before, small;
  new_token();
  CK_SESSION_HANDLE session = user_session();
  EXPECT(CKR_OK, generate_identity(session, pair));
  EXPECT(CKR_OK, ts_change_begin(slot0(), &change));
  put_secret(change, "x", "secret");
  EXPECT(CKR_OK, ts_change_commit(change));
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  CHECK(sodium_is_zero(ts_slot_binding(slot0()), TS_BINDING_BYTES));
  genesis_answer = CKR_TS_GENESIS_INVALID; /* refused: nothing of it stays, not even what it has put */
  genesis_adds_roster = true;
  EXPECT(CKR_TS_GENESIS_INVALID, pin_genesis(session, &handle));
  expect_record("roster/0", NULL);
  genesis_answer = CKR_OK;
  CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && getrlimit(RLIMIT_FSIZE, &before) == 0);
  small = (struct rlimit){.rlim_cur = 300, .rlim_max = before.rlim_max};
  CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
  EXPECT(CKR_TS_STORE_WRITE, pin_genesis(session, &handle));
  CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(sodium_is_zero(ts_slot_binding(slot0()), TS_BINDING_BYTES));
  expect_record("genesis", NULL);
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_OK, log_in(session, CKU_USER, USER_PIN)); /* the old seals are in place again */
  expect_secret("x", "secret");
  EXPECT(CKR_OK, p11->C_Logout(session));

  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  EXPECT(CKR_OK, pin_genesis(session, &handle));
  EXPECT(CKR_TS_GENESIS_PINNED, pin_genesis(session, &handle));
  restart();
  session = user_session();
  uint8_t binding[TS_BINDING_BYTES];
  memset(binding, 7, sizeof binding);
  CHECK(memcmp(ts_slot_binding(slot0()), binding, sizeof binding) == 0);
  expect_record("genesis", "genesis");
  expect_record("roster/0", "roster");
  expect_secret("x", "secret");
  CHECK(ts_identity_vote_secret(slot0()) != NULL && ts_identity_hedge(slot0()) != NULL);
  EXPECT(CKR_OK, ts_change_begin(slot0(), &change)); /* and what comes later is bound as well */
  put_secret(change, "y", "later");
  EXPECT(CKR_OK, ts_change_commit(change));
  restart();
  (void)user_session();
  expect_secret("y", "later");
  end_token();
}

int main(void) {
  CHECK(sodium_init() >= 0 && C_GetFunctionList(&p11) == CKR_OK);
  records();
  names_and_limits();
  full_of_secrets();
  failing_change();
  shares();
  mechanisms();
  login_hooks();
  genesis();
  return 0;
}
