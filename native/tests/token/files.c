/* The token directory: who may read it, damage, crashes, a second process, a full disk. */
#include <sys/resource.h>
#include <sys/time.h>
#include <signal.h>

#include "harness.h"

static CK_RV try_open(void) {
  CK_SESSION_HANDLE session;
  CK_RV rv = p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session);
  if (rv == CKR_OK) EXPECT(CKR_OK, p11->C_CloseSession(session));
  return rv;
}

static CK_RV try_log_in(const char *pin) {
  CK_SESSION_HANDLE session = open_session(CKF_RW_SESSION);
  CK_RV rv = log_in(session, CKU_USER, pin);
  EXPECT(CKR_OK, p11->C_CloseSession(session));
  return rv;
}

static void expect_mode(const char *path, mode_t mode) {
  struct stat status;
  CHECK(stat(path, &status) == 0 && (status.st_mode & 07777) == mode);
}

static void permissions(void) {
  CK_TOKEN_INFO info;
  mode_t before = umask(0);
  new_token();
  umask(before);
  expect_mode(token_path("token.ts"), 0600);
  expect_mode(token_path("lock"), 0600);
  const char *const names[] = {"", "token.ts", "lock"};
  for (size_t i = 0; i < COUNT(names); i++) {
    mode_t good = i == 0 ? 0700 : 0600;
    const mode_t bad[] = {good | 040, good | 010, good | 004, good | 002};
    for (size_t k = 0; k < COUNT(bad); k++) {
      CHECK(chmod(token_path(names[i]), bad[k]) == 0);
      EXPECT(CKR_TS_STORE_PERMISSIONS, try_open());
      EXPECT(CKR_TS_STORE_PERMISSIONS, init_token(0, SO_PIN));
      if (i != 2) EXPECT(CKR_TOKEN_NOT_RECOGNIZED, p11->C_GetTokenInfo(0, &info));
      CHECK(chmod(token_path(names[i]), good) == 0);
    }
    if (geteuid() == 0) {
      CHECK(chown(token_path(names[i]), 12345, (gid_t)-1) == 0);
      EXPECT(CKR_TS_STORE_PERMISSIONS, try_open());
      CHECK(chown(token_path(names[i]), 0, (gid_t)-1) == 0);
    }
    EXPECT(CKR_OK, try_open());
  }
  /* A link where the file should be is not followed. */
  char aside[128];
  strcpy(aside, token_path("aside"));
  CHECK(rename(token_path("token.ts"), aside) == 0 && symlink(aside, token_path("token.ts")) == 0);
  EXPECT(CKR_TS_STORE_PERMISSIONS, try_open());
  CHECK(unlink(token_path("token.ts")) == 0 && rename(aside, token_path("token.ts")) == 0);
  EXPECT(CKR_OK, try_open());
  end_token();
}

static void missing_directory(void) {
  CK_SLOT_INFO slot;
  new_token_dir();
  CHECK(rmdir(token_dir) == 0);
  EXPECT(CKR_OK, p11->C_Initialize(NULL));
  EXPECT(CKR_TOKEN_NOT_PRESENT, try_open());
  EXPECT(CKR_TOKEN_NOT_PRESENT, init_token(0, "short")); /* nothing is made for a PIN that is no good */
  EXPECT(CKR_OK, init_token(0, SO_PIN));
  expect_mode(token_dir, 0700);
  EXPECT(CKR_OK, p11->C_GetSlotInfo(0, &slot));
  CHECK((slot.flags & CKF_TOKEN_PRESENT) != 0);
  EXPECT(CKR_OK, try_open());
  end_token();
}

/* Any one byte different: the token is not offered, and says why. */
static void every_byte(void) {
  size_t length;
  CK_OBJECT_HANDLE pair[2];
  CK_TOKEN_INFO info;
  new_token();
  CK_SESSION_HANDLE session = user_session();
  generate(session, true, pair);
  EXPECT(CKR_OK, generate_identity(session, pair));
  EXPECT(CKR_OK, p11->C_CloseAllSessions(0));
  uint8_t *good = read_file(token_path("token.ts"), &length);
  CHECK(length > 1000);
  for (size_t i = 0; i < length; i++) {
    good[i] ^= (uint8_t)(1u << (i % 8));
    write_file(token_path("token.ts"), good, length, 0600);
    EXPECT(i == 8 ? CKR_TS_STORE_VERSION : CKR_TS_STORE_CORRUPT, try_open());
    EXPECT(CKR_TOKEN_NOT_RECOGNIZED, p11->C_GetTokenInfo(0, &info));
    if (i % 64 == 0) EXPECT(i == 8 ? CKR_TS_STORE_VERSION : CKR_TS_STORE_CORRUPT, init_token(0, SO_PIN));
    good[i] ^= (uint8_t)(1u << (i % 8));
  }
  for (size_t cut = 0; cut < length; cut += 7) {
    write_file(token_path("token.ts"), good, cut, 0600);
    EXPECT(CKR_TS_STORE_CORRUPT, try_open());
  }
  write_file(token_path("token.ts"), good, length, 0600);
  EXPECT(CKR_OK, try_log_in(USER_PIN));
  free(good);
  end_token();
}

static void fill(const char *name) { write_file(token_path(name), "half a file", 11, 0600); }

/* A crash while writing leaves the new file half written beside the old one. */
static void torn_write(void) {
  CK_OBJECT_HANDLE pair[2];
  new_token();
  fill("token.ts.new");
  EXPECT(CKR_OK, try_log_in(USER_PIN));
  CHECK(access(token_path("token.ts.new"), F_OK) != 0); /* the next write has taken it away */
  fill("token.ts.new");
  CK_SESSION_HANDLE session = user_session();
  generate(session, true, pair);
  restart();
  session = user_session();
  CHECK(find(session, NULL, 0, NULL) == 2);
  end_token();
}

/* The disk is full (a limit on the size of files stands for it): what was there before still holds. */
static void full_disk(void) {
  struct rlimit before, small;
  CK_OBJECT_HANDLE pair[2], handle;
  CK_OBJECT_CLASS data = CKO_DATA;
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &data, sizeof data}, {CKA_TOKEN, &yes, 1}, {CKA_LABEL, BYTES("before"), 6}};
  CK_ATTRIBUTE label = {CKA_LABEL, BYTES("after"), 5};
  new_token();
  CK_SESSION_HANDLE session = user_session();
  EXPECT(CKR_OK, p11->C_CreateObject(session, list, COUNT(list), &handle));
  CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && getrlimit(RLIMIT_FSIZE, &before) == 0);
  small = (struct rlimit){.rlim_cur = 300, .rlim_max = before.rlim_max};
  CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
  EXPECT(CKR_TS_STORE_WRITE, generate_with(session, true, NULL, NULL, pair));
  EXPECT(CKR_TS_STORE_WRITE, generate_identity(session, pair));
  EXPECT(CKR_TS_STORE_WRITE, p11->C_SetAttributeValue(session, handle, &label, 1));
  EXPECT(CKR_TS_STORE_WRITE, p11->C_DestroyObject(session, handle));
  EXPECT(CKR_TS_STORE_WRITE,
         p11->C_SetPIN(session, BYTES(USER_PIN), strlen(USER_PIN), BYTES("other-pin-0"), 11));
  CHECK(find(session, NULL, 0, NULL) == 1 && find(session, &list[2], 1, NULL) == 1);
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_TS_STORE_WRITE, log_in(session, CKU_USER, USER_PIN)); /* no attempt without its record */
  CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(access(token_path("token.ts.new"), F_OK) != 0);
  EXPECT(CKR_OK, log_in(session, CKU_USER, USER_PIN));
  EXPECT(CKR_OK, generate_identity(session, pair));
  restart();
  session = user_session();
  CHECK(find(session, &list[2], 1, NULL) == 1 && find(session, NULL, 0, NULL) == 5);
  end_token();
}

/* What a new PIN or a lost key leaves in the old file is overwritten, unless another name leads to it. */
static void old_file_erased(void) {
  uint8_t byte;
  char aside[128];
  new_token();
  for (int linked = 0; linked < 2; linked++) {
    CK_SESSION_HANDLE session = open_session(CKF_RW_SESSION);
    EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
    int old = open(token_path("token.ts"), O_RDONLY);
    CHECK(old >= 0);
    strcpy(aside, token_path("backup"));
    if (linked) CHECK(link(token_path("token.ts"), aside) == 0);
    EXPECT(CKR_OK, p11->C_InitPIN(session, BYTES(USER_PIN), strlen(USER_PIN)));
    size_t nonzero = 0;
    while (read(old, &byte, 1) == 1) nonzero += byte != 0;
    CHECK(linked ? nonzero > 100 : nonzero == 0);
    CHECK(close(old) == 0);
    EXPECT(CKR_OK, p11->C_CloseSession(session));
  }
  CHECK(unlink(aside) == 0);
  end_token();
}

/* ---- Two processes --------------------------------------------------------------------------------------------------------- */

static int to_child[2], to_parent[2];

/* Another process, not a fork that inherited the library: it initialises after the fork. */
static void second_process(void) {
  char byte;
  CK_SESSION_HANDLE session;
  CK_TOKEN_INFO info;
  EXPECT(CKR_OK, p11->C_Initialize(NULL));
  EXPECT(CKR_OK, p11->C_GetTokenInfo(0, &info)); /* looking is allowed */
  CHECK((info.flags & CKF_TOKEN_INITIALIZED) != 0);
  EXPECT(CKR_TS_STORE_IN_USE, p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session));
  EXPECT(CKR_TS_STORE_IN_USE, init_token(0, SO_PIN));
  CHECK(write(to_parent[1], "x", 1) == 1 && read(to_child[0], &byte, 1) == 1);
  EXPECT(CKR_OK, p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session)); /* given back with the last session */
  CHECK(write(to_parent[1], "x", 1) == 1 && read(to_child[0], &byte, 1) == 1);
  _exit(0); /* a crash: nothing is finalised */
}

static void two_processes(void) {
  char byte;
  int status;
  new_token();
  CHECK(pipe(to_child) == 0 && pipe(to_parent) == 0);
  EXPECT(CKR_OK, p11->C_Finalize(NULL));
  EXPECT(CKR_OK, p11->C_Initialize(NULL));
  CK_SESSION_HANDLE session = open_session(0);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) second_process();
  CHECK(read(to_parent[0], &byte, 1) == 1);
  EXPECT(CKR_OK, p11->C_CloseSession(session));
  CHECK(write(to_child[1], "x", 1) == 1 && read(to_parent[0], &byte, 1) == 1);
  EXPECT(CKR_TS_STORE_IN_USE, try_open());
  CHECK(write(to_child[1], "x", 1) == 1 && waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT(CKR_OK, try_log_in(USER_PIN)); /* nothing has to be cleared away after a crash */
  end_token();
}

/* A forked child that lives on does not keep the token from the next process. */
static void lock_not_inherited(void) {
  int status;
  new_token();
  EXPECT(CKR_OK, p11->C_Finalize(NULL));
  CHECK(pipe(to_child) == 0 && pipe(to_parent) == 0);
  pid_t first = fork();
  CHECK(first >= 0);
  if (first == 0) {
    char byte;
    EXPECT(CKR_OK, p11->C_Initialize(NULL));
    (void)open_session(0);
    pid_t second = fork();
    CHECK(second >= 0);
    if (second == 0) { /* outlives its parent, doing nothing */
      CHECK(read(to_child[0], &byte, 1) == 1);
      _exit(0);
    }
    _exit(0);
  }
  CHECK(waitpid(first, &status, 0) == first && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT(CKR_OK, p11->C_Initialize(NULL));
  EXPECT(CKR_OK, try_open());
  CHECK(write(to_child[1], "x", 1) == 1);
  end_token();
}

/* Killed at any time in the middle of writing: the token opens, with all that was answered for. */
static void killed(void) {
  new_token();
  EXPECT(CKR_OK, p11->C_Finalize(NULL));
  for (int round = 0; round < 12; round++) {
    int status, answered[2];
    char byte;
    size_t seen = 0;
    CHECK(pipe(answered) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      CK_OBJECT_HANDLE handle;
      CK_OBJECT_CLASS data = CKO_DATA;
      char application[16];
      CHECK(snprintf(application, sizeof application, "round %d", round) > 0);
      CK_ATTRIBUTE list[] = {{CKA_CLASS, &data, sizeof data}, {CKA_TOKEN, &yes, 1},
                             {CKA_APPLICATION, application, strlen(application)}};
      EXPECT(CKR_OK, p11->C_Initialize(NULL));
      CK_SESSION_HANDLE session = user_session();
      for (int made = 0;; made++) {
        while (made >= 300) pause();
        EXPECT(CKR_OK, p11->C_CreateObject(session, list, COUNT(list), &handle));
        CHECK(write(answered[1], "x", 1) == 1);
      }
    }
    CHECK(close(answered[1]) == 0);
    usleep((useconds_t)(200000 + test_random() % 30000));
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    while (read(answered[0], &byte, 1) == 1) seen++;
    CHECK(close(answered[0]) == 0);
    EXPECT(CKR_OK, p11->C_Initialize(NULL));
    CK_SESSION_HANDLE session = user_session();
    char application[16];
    CHECK(snprintf(application, sizeof application, "round %d", round) > 0);
    CK_ATTRIBUTE by_round = {CKA_APPLICATION, application, strlen(application)};
    CK_OBJECT_HANDLE found[512];
    CK_ULONG count;
    EXPECT(CKR_OK, p11->C_FindObjectsInit(session, &by_round, 1));
    EXPECT(CKR_OK, p11->C_FindObjects(session, found, COUNT(found), &count));
    CHECK(count == seen || count == seen + 1);
    EXPECT(CKR_OK, p11->C_Finalize(NULL));
  }
  EXPECT(CKR_OK, p11->C_Initialize(NULL));
  end_token();
}

int main(void) {
  load_provider(TOKEN_PATH);
  permissions();
  missing_directory();
  every_byte();
  torn_write();
  full_disk();
  old_file_erased();
  two_processes();
  lock_not_inherited();
  killed();
  return 0;
}
