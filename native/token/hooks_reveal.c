/* What a test that runs real vaults asks of the test build: secrets, through a FIFO that THRESIGN_TOKEN_REVEAL names,
 * since nothing else reaches memfd_secret pages of another process. Every secret is written there as it is freed;
 * SIGUSR1 writes those that live. SIGUSR2 copies one into this library's ordinary data, and wipes the copy when it
 * comes again: what a search of the process has to find. What is written is a frame each: u64 enum frame, u64 length,
 * bytes; the machine's byte order. Built into libthresign-token-hooks.so, which is never installed. */
#ifndef THRESIGN_TEST_HOOKS
#error "hooks_reveal.c belongs to test builds"
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "secret.h"
#include "thresign/wipe.h"

enum frame { FRAME_FREED = 1, FRAME_LIVE, FRAME_RANGE, FRAME_END, FRAME_PLANTED };
enum { PLANTED_BYTES = 32 };

static int reveal_fd = -1;
static uint8_t planted[PLANTED_BYTES];
static bool is_planted;

static void put(const void *bytes, size_t length) {
  const uint8_t *at = bytes;
  while (length > 0) { /* straight from secret memory: no copy is made in this process */
    ssize_t written = write(reveal_fd, at, length);
    if (written < 0 && errno != EINTR) abort();
    if (written <= 0) continue;
    at += written;
    length -= (size_t)written;
  }
}

static void put_frame(enum frame kind, const void *bytes, size_t length) {
  const uint64_t head[2] = {kind, length};
  put(head, sizeof head);
  put(bytes, length);
}

static void reveal_signals(sigset_t *signals) {
  (void)sigemptyset(signals);
  (void)sigaddset(signals, SIGUSR1);
  (void)sigaddset(signals, SIGUSR2);
}

static void released(const uint8_t *secret, size_t length) {
  sigset_t signals, before;
  reveal_signals(&signals);
  (void)sigprocmask(SIG_BLOCK, &signals, &before); /* a frame is not cut in two by those of a handler */
  put_frame(FRAME_FREED, secret, length);
  (void)sigprocmask(SIG_SETMASK, &before, NULL);
}

static void on_reveal(int number) {
  int kept = errno;
  const uint8_t *secret;
  size_t length;
  (void)number;
  for (size_t i = 0; ts_secret_at(i, &secret, &length); i++) put_frame(FRAME_LIVE, secret, length);
  if (ts_secret_range(&secret, &length)) {
    const uint64_t range[2] = {(uint64_t)(uintptr_t)secret, length};
    put_frame(FRAME_RANGE, range, sizeof range);
  }
  const uint8_t clean = ts_secret_free_is_zero();
  put_frame(FRAME_END, &clean, 1);
  errno = kept;
}

static void on_plant(int number) {
  int kept = errno;
  const uint8_t *secret;
  size_t length;
  (void)number;
  if (is_planted) ts_wipe(planted, sizeof planted);
  else if (ts_secret_at(0, &secret, &length))
    memcpy(planted, secret, length < PLANTED_BYTES ? length : PLANTED_BYTES);
  is_planted = !is_planted;
  const uint64_t place = (uint64_t)(uintptr_t)planted;
  put_frame(FRAME_PLANTED, &place, sizeof place);
  errno = kept;
}

__attribute__((constructor)) static void begin(void) {
  const char *path = secure_getenv("THRESIGN_TOKEN_REVEAL");
  if (path == NULL) return;
  struct sigaction action = {.sa_flags = SA_RESTART};
  reveal_signals(&action.sa_mask);
  reveal_fd = open(path, O_WRONLY | O_CLOEXEC); /* the test has it open to read */
  if (reveal_fd < 0) abort();
  action.sa_handler = on_reveal;
  if (sigaction(SIGUSR1, &action, NULL) != 0) abort();
  action.sa_handler = on_plant;
  if (sigaction(SIGUSR2, &action, NULL) != 0) abort();
  ts_secret_released = released;
}
