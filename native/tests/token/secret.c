/* Secret memory: where it comes from, what a child and a debugger see of it, its allocator, and the stack. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "secret.h"
#include "thresign/vendor.h"
#include "token_limits.h"

/* Runs body in a child; returns its wait status. */
static int in_child(void (*body)(void)) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    body();
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  return status;
}

static bool crashed(int status) {
  /* A sanitizer turns the signal into an exit of its own. */
  return WIFSIGNALED(status) ? WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGABRT : WEXITSTATUS(status) != 0;
}

/* Makes memfd_secret fail as on a kernel without it, for this process and its children. */
static void without_memfd_secret(void) {
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 447, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static bool kernel_has_memfd_secret(void) {
  int fd = (int)syscall(447, (unsigned)O_CLOEXEC);
  if (fd >= 0) (void)close(fd);
  return fd >= 0;
}

/* ---- The allocator --------------------------------------------------------------------------------------------------- */

static void allocator(void) {
  enum { SLOTS = 400, ROUNDS = 20000 };
  static struct { uint8_t *at; size_t length; uint8_t fill; } slot[SLOTS];
  for (int round = 0; round < ROUNDS; round++) {
    size_t i = (size_t)(test_random() % SLOTS);
    if (slot[i].at == NULL) {
      size_t length = 1 + (size_t)(test_random() % (test_random() % 8 == 0 ? 20000 : 300));
      uint8_t *got = ts_secret_alloc(length);
      if (got == NULL) continue;
      CHECK((uintptr_t)got % 64 == 0);
      for (size_t k = 0; k < length; k++) CHECK(got[k] == 0);
      slot[i].fill = (uint8_t)(1 + test_random() % 255);
      memset(got, slot[i].fill, length);
      slot[i].at = got;
      slot[i].length = length;
    } else {
      for (size_t k = 0; k < slot[i].length; k++) CHECK(slot[i].at[k] == slot[i].fill); /* nobody else's */
      ts_secret_free(slot[i].at);
      slot[i].at = NULL;
    }
  }
  CHECK(ts_secret_free_is_zero());
  for (size_t i = 0; i < SLOTS; i++) {
    ts_secret_free(slot[i].at);
    slot[i].at = NULL;
  }
  CHECK(ts_secret_free_is_zero());
  CHECK(!ts_secret_at(0, &(const uint8_t *){NULL}, &(size_t){0}));
  CHECK(ts_secret_alloc(0) == NULL && ts_secret_alloc(TS_SECRET_BYTES_MAX + 1) == NULL);
  ts_secret_free(NULL);
}

static void runs_out(void) {
  void *blocks[6000];
  size_t count = 0;
  CHECK(ts_secret_has_reserve());
  while (count < 6000 && (blocks[count] = ts_secret_alloc(1)) != NULL) count++;
  CHECK(count == 5608 && !ts_secret_has_reserve()); /* every block; small needs may use large blocks */
  while (count > 0) ts_secret_free(blocks[--count]);
  while (count < 100 && (blocks[count] = ts_secret_alloc(TS_SECRET_BYTES_MAX)) != NULL) count++;
  CHECK(count == 8 && ts_secret_has_reserve());
  while (count > 0) ts_secret_free(blocks[--count]);
}

static uint8_t *live;

static void free_twice(void) {
  ts_secret_free(live);
  ts_secret_free(live);
}
static void free_inside(void) { ts_secret_free(live + 1); }
static void free_foreign(void) { ts_secret_free(&live); }
static void free_heap(void) { ts_secret_free(malloc(64)); }

static const uint8_t *start;
static size_t length;

static void touch(const volatile uint8_t *byte) { (void)*byte; }
static void touch_before(void) { touch(start - 1); }
static void touch_after(void) { touch(start + length); }

static void misuse(void) {
  live = ts_secret_alloc(64);
  CHECK(crashed(in_child(free_foreign)) && crashed(in_child(free_heap)));
  CHECK(crashed(in_child(free_inside)) && crashed(in_child(free_twice)));
  CHECK(ts_secret_range(&start, &length) && length == TS_SECRET_ARENA_BYTES);
  CHECK(crashed(in_child(touch_before)) && crashed(in_child(touch_after)));
  ts_secret_free(live);
}

/* ---- Who else can read it ------------------------------------------------------------------------------------------------ */

static void child_reads(void) { touch(live); }

static void child_finds_zeros(void) {
  for (size_t i = 0; i < 64; i++)
    if (((const volatile uint8_t *)live)[i] != 0) _exit(1);
}

static bool readable_through_proc(void) {
  uint8_t byte;
  int fd = open("/proc/self/mem", O_RDONLY);
  CHECK(fd >= 0);
  ssize_t got = pread(fd, &byte, 1, (off_t)(uintptr_t)live);
  CHECK(close(fd) == 0);
  return got == 1;
}

/* The flags that /proc/self/smaps shows for the arena: "lo" locked, "dd" not dumped, "dc" not copied, "wf" wiped. */
static bool has_flag(const char *flag) {
  char line[512], wanted[32];
  bool inside = false, found = false;
  FILE *maps = fopen("/proc/self/smaps", "r");
  CHECK(maps != NULL && snprintf(wanted, sizeof wanted, "%lx-", (unsigned long)(uintptr_t)start) > 0);
  while (fgets(line, sizeof line, maps) != NULL) {
    if (strchr(line, '-') != NULL && strstr(line, ":") != NULL && line[0] != 'V' && strstr(line, "kB") == NULL)
      inside = strncmp(line, wanted, strlen(wanted)) == 0;
    if (inside && strncmp(line, "VmFlags:", 8) == 0) found = strstr(line, flag) != NULL;
  }
  CHECK(fclose(maps) == 0);
  return found;
}

#if defined(__SANITIZE_ADDRESS__)
#define LOCKS false /* AddressSanitizer makes mlock do nothing */
#else
#define LOCKS true
#endif

static void outsiders(void) {
  live = ts_secret_alloc(64);
  memset(live, 0x5a, 64);
  CHECK(ts_secret_range(&start, &length));
  CHECK((has_flag(" lo") || !LOCKS) && has_flag(" dd"));
  if (ts_secret_kind() == TS_SECRET_MEMORY_MEMFD) {
    CHECK(has_flag(" dc") && !readable_through_proc());
    CHECK(crashed(in_child(child_reads)));
  } else {
    CHECK(has_flag(" wf"));
    CHECK(in_child(child_finds_zeros) == 0);
  }
  CHECK(live[0] == 0x5a);
  ts_secret_free(live);
}

static void whole(void) {
  CHECK(ts_secret_kind() == 0 && ts_secret_alloc(1) == NULL);
  CHECK(ts_secret_open() && ts_secret_open() && ts_secret_kind() != 0);
  allocator();
  runs_out();
  misuse();
  outsiders();
  ts_secret_close();
  CHECK(ts_secret_kind() == 0 && ts_secret_alloc(1) == NULL);
  ts_secret_close();
  CHECK(ts_secret_open()); /* and again */
  ts_secret_close();
}

static void whole_with_fallback(void) {
  without_memfd_secret();
  CHECK(ts_secret_open() && ts_secret_kind() == TS_SECRET_MEMORY_MLOCK);
  ts_secret_close();
  whole();
}

/* Without the right to lock there is no arena, rather than one that is not locked. */
static void nothing_to_lock(void) {
  struct rlimit none = {0, 0};
  if (!LOCKS) return;
  CHECK(setrlimit(RLIMIT_MEMLOCK, &none) == 0);
  if (geteuid() == 0) CHECK(setgid(65534) == 0 && setuid(65534) == 0); /* root may lock regardless */
  CHECK(!ts_secret_open() && ts_secret_kind() == 0 && ts_secret_alloc(1) == NULL);
}

/* ---- The stack ------------------------------------------------------------------------------------------------------------- */

static TS_NOINLINE uintptr_t leave_behind(uint8_t value) {
  volatile uint8_t secret[4096];
  for (size_t i = 0; i < sizeof secret; i++) secret[i] = value;
  return (uintptr_t)secret;
}

/* Looks into the dead frame, which no sanitizer may mind. */
__attribute__((no_sanitize("address"), noinline)) static size_t count_left(uintptr_t at, uint8_t value) {
  size_t left = 0;
  for (size_t i = 0; i < 4096; i++) left += *(const volatile uint8_t *)(at + i) == value;
  return left;
}

static void stack(void) {
  uintptr_t at = leave_behind(0xa7);
  CHECK(count_left(at, 0xa7) > 3000); /* the test sees what it looks for */
  at = leave_behind(0xa7);
  ts_stack_wipe();
  CHECK(count_left(at, 0xa7) < 128); /* where the wiping function's own frame begins; a sanitizer widens it */
}

int main(void) {
  if (kernel_has_memfd_secret()) {
    CHECK(ts_secret_open() && ts_secret_kind() == TS_SECRET_MEMORY_MEMFD);
    ts_secret_close();
  }
  whole();
  CHECK(in_child(whole_with_fallback) == 0);
  CHECK(in_child(nothing_to_lock) == 0);
  stack();
  return 0;
}
