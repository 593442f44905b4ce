/* PINs: both users, lock-out and unlocking, changing, lengths, and the protected path. */
#include "harness.h"

static CK_RV init_pin(CK_SESSION_HANDLE session, const char *pin) {
  return p11->C_InitPIN(session, BYTES(pin), strlen(pin));
}

static CK_RV set_pin(CK_SESSION_HANDLE session, const char *before, const char *after) {
  return p11->C_SetPIN(session, BYTES(before), strlen(before), BYTES(after), strlen(after));
}

static CK_STATE state(CK_SESSION_HANDLE session) {
  CK_SESSION_INFO info;
  EXPECT(CKR_OK, p11->C_GetSessionInfo(session, &info));
  return info.state;
}

/* ---- Who may log in when --------------------------------------------------------------------------------------------- */

static void states(void) {
  CK_SESSION_HANDLE ro, rw, third;
  new_token();
  ro = open_session(0);
  rw = open_session(CKF_RW_SESSION);
  CHECK(ro != rw && state(ro) == CKS_RO_PUBLIC_SESSION && state(rw) == CKS_RW_PUBLIC_SESSION);
  EXPECT(CKR_USER_TYPE_INVALID, log_in(rw, 7, USER_PIN));
  EXPECT(CKR_OPERATION_NOT_INITIALIZED, log_in(rw, CKU_CONTEXT_SPECIFIC, USER_PIN));
  EXPECT(CKR_SESSION_READ_ONLY_EXISTS, log_in(rw, CKU_SO, SO_PIN));
  EXPECT(CKR_OK, log_in(ro, CKU_USER, USER_PIN));
  CHECK(state(ro) == CKS_RO_USER_FUNCTIONS && state(rw) == CKS_RW_USER_FUNCTIONS); /* login is the token's */
  EXPECT(CKR_USER_ALREADY_LOGGED_IN, log_in(rw, CKU_USER, USER_PIN));
  EXPECT(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, log_in(rw, CKU_SO, SO_PIN));
  EXPECT(CKR_USER_NOT_LOGGED_IN, init_pin(rw, USER_PIN));
  EXPECT(CKR_OK, p11->C_Logout(rw));
  CHECK(state(ro) == CKS_RO_PUBLIC_SESSION);
  EXPECT(CKR_OK, p11->C_CloseSession(ro));
  EXPECT(CKR_OK, log_in(rw, CKU_SO, SO_PIN));
  CHECK(state(rw) == CKS_RW_SO_FUNCTIONS);
  EXPECT(CKR_SESSION_READ_WRITE_SO_EXISTS, p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &third));
  EXPECT(CKR_SESSION_EXISTS, init_token(0, SO_PIN));
  /* The last session takes the login with it. */
  EXPECT(CKR_OK, p11->C_CloseSession(rw));
  rw = open_session(CKF_RW_SESSION);
  CHECK(state(rw) == CKS_RW_PUBLIC_SESSION);
  end_token();
}

static void session_limit(void) {
  enum { MORE_THAN_ENOUGH = 1000 };
  CK_SESSION_HANDLE session;
  size_t open = 0;
  CK_RV rv = CKR_OK;
  new_token();
  while (open < MORE_THAN_ENOUGH && (rv = p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session)) == CKR_OK)
    open++;
  EXPECT(CKR_SESSION_COUNT, rv);
  CHECK(open == 256);
  EXPECT(CKR_OK, p11->C_CloseAllSessions(0));
  CHECK(open_session(0) > session);
  end_token();
}

/* ---- Lock-out ---------------------------------------------------------------------------------------------------------- */

static void lock_out(void) {
  new_token();
  CK_SESSION_HANDLE session = open_session(CKF_RW_SESSION);
  const CK_FLAGS all = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;
  CHECK((token_flags() & all) == 0);
  EXPECT(CKR_PIN_INCORRECT, log_in(session, CKU_USER, "short")); /* no PIN has this length: not counted */
  CHECK((token_flags() & all) == 0);
  for (int attempt = 1; attempt <= 10; attempt++) {
    EXPECT(CKR_PIN_INCORRECT, attempt == 3 ? set_pin(session, "wrong-pin", "other-pin-0")
                                           : log_in(session, CKU_USER, "wrong-pin"));
    CK_FLAGS wanted = attempt == 10  ? CKF_USER_PIN_LOCKED
                      : attempt == 9 ? CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY
                                     : CKF_USER_PIN_COUNT_LOW;
    CHECK((token_flags() & all) == wanted);
    if (attempt == 5) { /* the count is on disk */
      restart();
      session = open_session(CKF_RW_SESSION);
      CHECK((token_flags() & all) == wanted);
    }
  }
  EXPECT(CKR_PIN_LOCKED, log_in(session, CKU_USER, USER_PIN));
  EXPECT(CKR_PIN_LOCKED, set_pin(session, USER_PIN, "other-pin-0"));
  restart();
  session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_PIN_LOCKED, log_in(session, CKU_USER, USER_PIN));

  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  EXPECT(CKR_PIN_LEN_RANGE, init_pin(session, "1234567"));
  EXPECT(CKR_OK, init_pin(session, "new-user-pin"));
  CHECK((token_flags() & all) == 0);
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_PIN_INCORRECT, log_in(session, CKU_USER, USER_PIN));
  EXPECT(CKR_OK, log_in(session, CKU_USER, "new-user-pin"));
  CHECK((token_flags() & all) == 0); /* a right PIN sets the count back */
  end_token();
}

static void so_lock_out(void) {
  new_token();
  CK_SESSION_HANDLE session = open_session(CKF_RW_SESSION);
  const CK_FLAGS all = CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED;
  for (int attempt = 1; attempt <= 5; attempt++) EXPECT(CKR_PIN_INCORRECT, log_in(session, CKU_SO, USER_PIN));
  EXPECT(CKR_OK, p11->C_CloseSession(session));
  for (int attempt = 6; attempt <= 9; attempt++) EXPECT(CKR_PIN_INCORRECT, init_token(0, "wrong-so-pin"));
  CHECK((token_flags() & all) == (CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY));
  EXPECT(CKR_PIN_INCORRECT, init_token(0, "wrong-so-pin"));
  CHECK((token_flags() & all) == CKF_SO_PIN_LOCKED);
  EXPECT(CKR_PIN_LOCKED, init_token(0, SO_PIN));
  session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_PIN_LOCKED, log_in(session, CKU_SO, SO_PIN));
  EXPECT(CKR_OK, log_in(session, CKU_USER, USER_PIN)); /* the two counts are apart */
  end_token();
}

/* ---- Setting PINs ------------------------------------------------------------------------------------------------------- */

static void lengths(void) {
  char pin[131];
  memset(pin, 'x', sizeof pin);
  pin[130] = 0;
  new_token_dir();
  EXPECT(CKR_OK, p11->C_Initialize(NULL));
  EXPECT(CKR_PIN_LEN_RANGE, init_token(0, "1234567"));
  EXPECT(CKR_PIN_LEN_RANGE, init_token(0, pin + 1)); /* 129 */
  EXPECT(CKR_OK, init_token(0, pin + 2));            /* 128 */
  CK_SESSION_HANDLE session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_USER_PIN_NOT_INITIALIZED, log_in(session, CKU_USER, USER_PIN));
  EXPECT(CKR_USER_PIN_NOT_INITIALIZED, set_pin(session, USER_PIN, USER_PIN));
  EXPECT(CKR_OK, log_in(session, CKU_SO, pin + 2));
  EXPECT(CKR_PIN_LEN_RANGE, init_pin(session, ""));
  EXPECT(CKR_PIN_LEN_RANGE, init_pin(session, pin + 1));
  EXPECT(CKR_OK, init_pin(session, "12345678"));
  EXPECT(CKR_PIN_LEN_RANGE, set_pin(session, pin + 2, "1234567"));
  EXPECT(CKR_PIN_LEN_RANGE, set_pin(session, pin + 2, pin + 1));
  EXPECT(CKR_OK, set_pin(session, pin + 2, SO_PIN)); /* the SO's own, since the SO is logged in */
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_PIN_INCORRECT, log_in(session, CKU_SO, pin + 2));
  EXPECT(CKR_OK, set_pin(session, "12345678", USER_PIN)); /* the user's, in a public session */
  EXPECT(CKR_OK, log_in(session, CKU_USER, USER_PIN));
  EXPECT(CKR_OK, set_pin(session, USER_PIN, "87654321"));
  CK_SESSION_HANDLE ro = open_session(0);
  EXPECT(CKR_SESSION_READ_ONLY, set_pin(ro, "87654321", USER_PIN));
  restart();
  session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_PIN_INCORRECT, log_in(session, CKU_USER, USER_PIN));
  EXPECT(CKR_OK, log_in(session, CKU_USER, "87654321"));
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  end_token();
}

/* Keys outlive every change of PINs, since those wrap one data key; C_InitToken ends them all. */
static void keys_and_pins(void) {
  CK_OBJECT_HANDLE pair[2];
  CK_BYTE first[64], second[64];
  CK_TOKEN_INFO before, after;
  CK_OBJECT_CLASS private_key = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &private_key, sizeof private_key}};
  new_token();
  CK_SESSION_HANDLE session = user_session();
  generate(session, true, pair);
  EXPECT(CKR_OK, sign_eddsa(session, pair[1], "message", first));
  EXPECT(CKR_OK, set_pin(session, USER_PIN, "changed-pin"));
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  CHECK(find(session, list, 1, NULL) == 0); /* the SO sees no private key */
  EXPECT(CKR_OK, init_pin(session, USER_PIN));
  restart();
  session = user_session();
  CHECK(find(session, list, 1, &pair[1]) == 1);
  EXPECT(CKR_OK, sign_eddsa(session, pair[1], "message", second));
  CHECK(memcmp(first, second, 64) == 0);
  EXPECT(CKR_OK, p11->C_CloseAllSessions(0));

  EXPECT(CKR_OK, p11->C_GetTokenInfo(0, &before));
  EXPECT(CKR_OK, init_token(0, SO_PIN));
  EXPECT(CKR_OK, p11->C_GetTokenInfo(0, &after));
  CHECK(memcmp(before.serialNumber, after.serialNumber, 16) != 0);
  CHECK((after.flags & CKF_USER_PIN_INITIALIZED) == 0);
  session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_USER_PIN_NOT_INITIALIZED, log_in(session, CKU_USER, USER_PIN));
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  EXPECT(CKR_OK, init_pin(session, USER_PIN));
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_OK, log_in(session, CKU_USER, USER_PIN));
  CHECK(find(session, NULL, 0, NULL) == 0);
  end_token();
}

/* ---- The protected path ---------------------------------------------------------------------------------------------------- */

static CK_RV log_in_protected(const char *source) {
  CHECK(source == NULL ? unsetenv("THRESIGN_TOKEN_USER_PIN") == 0 : setenv("THRESIGN_TOKEN_USER_PIN", source, 1) == 0);
  CK_SESSION_HANDLE session = open_session(CKF_RW_SESSION);
  CK_RV rv = p11->C_Login(session, CKU_USER, NULL, 0);
  EXPECT(CKR_OK, p11->C_CloseSession(session));
  return rv;
}

static void protected_files(void) {
  char source[160];
  CHECK(snprintf(source, sizeof source, "file:%s", token_path("pin")) > 0);
  const char *file = source + 5;
  const struct { const char *bytes; mode_t mode; CK_RV rv; } cases[] = {
    {USER_PIN, 0600, CKR_OK}, {USER_PIN "\n", 0400, CKR_OK}, {USER_PIN "\n\n", 0600, CKR_PIN_INCORRECT},
    {USER_PIN "\r\n", 0600, CKR_PIN_INCORRECT}, {"", 0600, CKR_TS_PIN_SOURCE}, {"\n", 0600, CKR_TS_PIN_SOURCE},
    {USER_PIN, 0640, CKR_TS_PIN_SOURCE_PERMISSIONS}, {USER_PIN, 0604, CKR_TS_PIN_SOURCE_PERMISSIONS},
    {USER_PIN, 0700, CKR_TS_PIN_SOURCE_PERMISSIONS},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    write_file(file, cases[i].bytes, strlen(cases[i].bytes), cases[i].mode);
    EXPECT(cases[i].rv, log_in_protected(source));
  }
  write_file(file, USER_PIN, strlen(USER_PIN), 0600);
  if (geteuid() == 0) {
    CHECK(chown(file, 12345, (gid_t)-1) == 0);
    EXPECT(CKR_TS_PIN_SOURCE_PERMISSIONS, log_in_protected(source));
    CHECK(chown(file, 0, (gid_t)-1) == 0);
  }
  char link[160];
  CHECK(snprintf(link, sizeof link, "file:%s-link", file) > 0);
  CHECK(symlink(file, link + 5) == 0);
  EXPECT(CKR_TS_PIN_SOURCE_PERMISSIONS, log_in_protected(link));
  CHECK(unlink(link + 5) == 0);
  char directory[160];
  CHECK(snprintf(directory, sizeof directory, "file:%s", token_dir) > 0);
  EXPECT(CKR_TS_PIN_SOURCE_PERMISSIONS, log_in_protected(directory));

  CHECK(setenv("CREDENTIALS_DIRECTORY", token_dir, 1) == 0);
  EXPECT(CKR_OK, log_in_protected("credential:pin"));
  CHECK(chmod(file, 0440) == 0);
  EXPECT(CKR_OK, log_in_protected("credential:pin"));
  CHECK(chmod(file, 0444) == 0);
  EXPECT(CKR_TS_PIN_SOURCE_PERMISSIONS, log_in_protected("credential:pin"));
  CHECK(chmod(file, 0600) == 0);
  EXPECT(CKR_TS_PIN_SOURCE, log_in_protected("credential:../pin"));
  EXPECT(CKR_TS_PIN_SOURCE, log_in_protected("credential:.."));
  EXPECT(CKR_TS_PIN_SOURCE, log_in_protected("credential:"));
  CHECK(unsetenv("CREDENTIALS_DIRECTORY") == 0);
  EXPECT(CKR_TS_PIN_SOURCE, log_in_protected("credential:pin"));
}

static void protected_descriptors(void) {
  char source[32], long_pin[4096];
  int ends[2];
  memset(long_pin, 'p', sizeof long_pin);
  int fd = open(token_path("pin"), O_RDONLY);
  CHECK(fd >= 0 && snprintf(source, sizeof source, "fd:%d", fd) > 0);
  EXPECT(CKR_OK, log_in_protected(source));
  EXPECT(CKR_OK, log_in_protected(source)); /* a file, every time from its start */
  CHECK(close(fd) == 0);
  EXPECT(CKR_TS_PIN_SOURCE, log_in_protected(source)); /* closed */

  CHECK(pipe(ends) == 0 && snprintf(source, sizeof source, "fd:%d", ends[0]) > 0);
  CHECK(write(ends[1], USER_PIN, 5) == 5 && write(ends[1], USER_PIN "\n" + 5, strlen(USER_PIN) - 4) > 0);
  CHECK(close(ends[1]) == 0);
  EXPECT(CKR_OK, log_in_protected(source));
  EXPECT(CKR_TS_PIN_SOURCE, log_in_protected(source)); /* a pipe, once */
  CHECK(close(ends[0]) == 0);

  CHECK(pipe(ends) == 0 && snprintf(source, sizeof source, "fd:%d", ends[0]) > 0);
  CHECK(write(ends[1], long_pin, sizeof long_pin) == (ssize_t)sizeof long_pin);
  EXPECT(CKR_PIN_INCORRECT, log_in_protected(source)); /* too long for a PIN, and read no further */
  CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);

  const char *const bad[] = {NULL, "", "fd:", "fd:-1", "fd:x", "fd:1x", "fd:99999999999", "file:relative", "file:",
                             "file:/no/such/file", "pin:" USER_PIN, USER_PIN};
  for (size_t i = 0; i < COUNT(bad); i++) EXPECT(CKR_TS_PIN_SOURCE, log_in_protected(bad[i]));
}

static void protected_path(void) {
  char so[160], user[160], new[160];
  new_token();
  CHECK((token_flags() & CKF_PROTECTED_AUTHENTICATION_PATH) == 0);
  protected_files();
  CHECK((token_flags() & CKF_PROTECTED_AUTHENTICATION_PATH) != 0);
  protected_descriptors();
  EXPECT(CKR_OK, p11->C_Finalize(NULL));
  CHECK(unlink(token_path("pin")) == 0);
  remove_token_dir();

  /* Everything that takes a PIN, without one passing through the caller. */
  new_token_dir();
  CHECK(snprintf(so, sizeof so, "file:%s", token_path("so")) > 0);
  CHECK(snprintf(user, sizeof user, "file:%s", token_path("user")) > 0);
  CHECK(snprintf(new, sizeof new, "file:%s", token_path("new")) > 0);
  write_file(so + 5, SO_PIN "\n", strlen(SO_PIN) + 1, 0600);
  write_file(user + 5, USER_PIN "\n", strlen(USER_PIN) + 1, 0600);
  write_file(new + 5, "another-user-pin", 16, 0600);
  CHECK(setenv("THRESIGN_TOKEN_SO_PIN", so, 1) == 0 && setenv("THRESIGN_TOKEN_USER_PIN", user, 1) == 0);
  EXPECT(CKR_OK, p11->C_Initialize(NULL));
  EXPECT(CKR_OK, p11->C_InitToken(0, NULL, 0, BYTES("a label of thirty-two characters")));
  CK_SESSION_HANDLE session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_OK, p11->C_Login(session, CKU_SO, NULL, 0));
  EXPECT(CKR_OK, p11->C_InitPIN(session, NULL, 0));
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_TS_PIN_SOURCE, p11->C_SetPIN(session, NULL, 0, NULL, 0));
  CHECK(setenv("THRESIGN_TOKEN_NEW_PIN", new, 1) == 0);
  EXPECT(CKR_OK, p11->C_SetPIN(session, NULL, 0, NULL, 0));
  EXPECT(CKR_PIN_INCORRECT, p11->C_Login(session, CKU_USER, NULL, 0));
  EXPECT(CKR_OK, log_in(session, CKU_USER, "another-user-pin"));
  EXPECT(CKR_ARGUMENTS_BAD, p11->C_InitToken(0, NULL, 0, NULL));
  EXPECT(CKR_OK, p11->C_Finalize(NULL));
  CHECK(unlink(so + 5) == 0 && unlink(user + 5) == 0 && unlink(new + 5) == 0);
  remove_token_dir();
}

int main(void) {
  load_provider(TOKEN_PATH);
  states();
  session_limit();
  lock_out();
  so_lock_out();
  lengths();
  keys_and_pins();
  protected_path();
  return 0;
}
