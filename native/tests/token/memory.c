/* Secrets lie in secret memory and nowhere else: all memory of the process is searched for them, after every operation that
 * touches one, and after logout. Uses the build with hooks, which says where they are. */
#include <pthread.h>

#include "genesis.h"
#include "harness.h"

typedef bool (*range_hook)(const uint8_t **start, size_t *length);
typedef bool (*at_hook)(size_t index, const uint8_t **secret, size_t *length);
typedef bool (*zero_hook)(void);
static range_hook secret_range;
static at_hook secret_at;
static zero_hook free_is_zero;

/* What is searched for. The one place outside secret memory where it may be. */
enum { WINDOW = 16, NEEDLES = 64 };
static uint8_t needles[NEEDLES][WINDOW];
static size_t needle_count;

static void *hook(void *module, const char *name) {
  void *symbol = dlsym(module, name);
  CHECK(symbol != NULL);
  return symbol;
}

static void load_hooks(void) {
  load_provider(TOKEN_PATH);
  void *module = dlopen(TOKEN_PATH, RTLD_NOW | RTLD_NOLOAD), *symbol;
  CHECK(module != NULL);
  symbol = hook(module, "ts_hook_secret_range");
  memcpy(&secret_range, &symbol, sizeof symbol);
  symbol = hook(module, "ts_hook_secret_at");
  memcpy(&secret_at, &symbol, sizeof symbol);
  symbol = hook(module, "ts_hook_secret_free_is_zero");
  memcpy(&free_is_zero, &symbol, sizeof symbol);
}

static void add_needle(const uint8_t *bytes) {
  for (size_t i = 0; i < needle_count; i++)
    if (memcmp(needles[i], bytes, WINDOW) == 0) return;
  CHECK(needle_count < NEEDLES);
  memcpy(needles[needle_count++], bytes, WINDOW);
}

/* Every secret that is live now. The second half of an Ed25519 secret key is its public key: left out. */
static void collect(void) {
  const uint8_t *secret;
  size_t length;
  for (size_t i = 0; secret_at(i, &secret, &length); i++) {
    size_t end = length == 64 ? 32 : length;
    for (size_t at = 0; at + WINDOW <= end; at += WINDOW) add_needle(secret + at);
  }
}

static bool inside(const uint8_t *at, const void *start, size_t length) {
  return at >= (const uint8_t *)start && at < (const uint8_t *)start + length;
}

/* How often needles are found outside secret memory and our own list. */
static size_t search(void) {
  char line[512], mode[8], name[256];
  size_t hits = 0, arena_length = 0;
  const uint8_t *arena = NULL;
  (void)secret_range(&arena, &arena_length);
  FILE *maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long from, to;
    name[0] = 0;
    CHECK(sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &from, &to, mode, name) >= 3);
    if (mode[0] != 'r' || strncmp(name, "[v", 2) == 0) continue;
    const uint8_t *start = (const uint8_t *)from, *end = (const uint8_t *)to;
    if (arena_length > 0 && inside(start, arena, arena_length)) continue;
    for (size_t n = 0; n < needle_count; n++)
      for (const uint8_t *at = start; (at = memmem(at, (size_t)(end - at), needles[n], WINDOW)) != NULL; at++)
        if (!inside(at, needles, sizeof needles)) {
          fprintf(stderr, "secret %zu at %p in %s\n", n, (const void *)at, name);
          hits++;
        }
  }
  CHECK(fclose(maps) == 0);
  return hits;
}

static CK_SESSION_HANDLE session;
static CK_OBJECT_HANDLE pair[2], session_pair[2];

static void *work(void *unused) {
  CK_BYTE signature[64];
  for (int i = 0; i < 5; i++) EXPECT(CKR_OK, sign_eddsa(session, pair[1], "message", signature));
  generate(session, false, session_pair);
  EXPECT(CKR_OK, sign_eddsa(session, session_pair[1], "message", signature));
  return unused;
}

/* PINs come from files that another process has written: this one never has them except through the provider. */
static void make_pin(const char *variable, const char *file) {
  char command[256], source[160];
  CHECK(snprintf(source, sizeof source, "file:%s", token_path(file)) > 0);
  CHECK(snprintf(command, sizeof command, "umask 077; od -An -tx1 -N16 /dev/urandom | tr -d ' \\n' > %s",
                 source + 5) > 0);
  CHECK(system(command) == 0 && setenv(variable, source, 1) == 0);
}

static void add_pin(const char *file) {
  uint8_t *place = needles[needle_count++]; /* read to where it may be */
  int fd = open(token_path(file), O_RDONLY);
  CHECK(fd >= 0 && read(fd, place, WINDOW) == WINDOW && close(fd) == 0 && unlink(token_path(file)) == 0);
}

int main(void) {
  CK_UTF8CHAR label[33] = "memory                          ";
  CK_OBJECT_HANDLE handle;
  test_domain domain;
  pthread_t thread;
  load_hooks();
  new_token_dir();
  make_pin("THRESIGN_TOKEN_SO_PIN", "so");
  make_pin("THRESIGN_TOKEN_USER_PIN", "user");
  EXPECT(CKR_OK, p11->C_Initialize(NULL));
  EXPECT(CKR_OK, p11->C_InitToken(0, NULL, 0, label));
  session = open_session(CKF_RW_SESSION);
  EXPECT(CKR_OK, p11->C_Login(session, CKU_SO, NULL, 0));
  collect();
  EXPECT(CKR_OK, p11->C_InitPIN(session, NULL, 0));
  CHECK(needle_count >= 6 && search() == 0); /* the data keys, with the SO */
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_OK, p11->C_Login(session, CKU_USER, NULL, 0));
  EXPECT(CKR_OK, generate_identity(session, pair));
  generate(session, true, pair);
  CHECK(pthread_create(&thread, NULL, work, NULL) == 0 && pthread_join(thread, NULL) == 0);
  collect();
  CHECK(needle_count >= 6 + 5 * 2);
  CHECK(search() == 0);

  uint8_t *planted = malloc(WINDOW); /* the search finds what there is to be found */
  memcpy(planted, needles[needle_count - 1], WINDOW);
  CHECK(search() > 0);
  memset(planted, 0, WINDOW);
  __asm__ volatile("" : : "r"(planted) : "memory");
  CHECK(search() == 0);
  free(planted);

  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_OK, p11->C_Login(session, CKU_SO, NULL, 0)); /* pinning seals everything anew */
  test_domain_make(session, &domain);
  EXPECT(CKR_OK, pin_bytes(session, domain.genesis, domain.genesis_length, &handle));
  CHECK(search() == 0 && free_is_zero());
  EXPECT(CKR_OK, p11->C_Logout(session));
  const uint8_t *secret;
  size_t length;
  CHECK(!secret_at(0, &secret, &length) && free_is_zero()); /* logged out: not one secret is left anywhere */
  CHECK(search() == 0);
  EXPECT(CKR_PIN_INCORRECT, log_in(session, CKU_USER, "wrong-pin"));
  CHECK(!secret_at(0, &secret, &length) && free_is_zero());
  add_pin("so");
  add_pin("user");
  CHECK(search() == 0);
  EXPECT(CKR_OK, p11->C_Finalize(NULL));
  CHECK(search() == 0);
  remove_token_dir();
  return 0;
}
