#include "pin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "token_limits.h"
#include "secret.h"

static const char *variable_of(enum ts_pin_source source) {
  switch (source) {
    case TS_PIN_SOURCE_SO: return "THRESIGN_TOKEN_SO_PIN";
    case TS_PIN_SOURCE_USER: return "THRESIGN_TOKEN_USER_PIN";
    case TS_PIN_SOURCE_NEW: break;
  }
  return "THRESIGN_TOKEN_NEW_PIN";
}

bool ts_pin_path_exists(void) {
  return secure_getenv(variable_of(TS_PIN_SOURCE_USER)) != NULL ||
         secure_getenv(variable_of(TS_PIN_SOURCE_SO)) != NULL;
}

static long now_ms(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads to the end of fd, or until one byte more than a PIN with its newline has. */
static CK_RV read_pin(int fd, ts_pin *pin) {
  enum { ROOM = TS_PIN_BYTES_MAX + 2 };
  bool seekable = lseek(fd, 0, SEEK_CUR) >= 0;
  long deadline = now_ms() + TS_PIN_WAIT_SECONDS * 1000L;
  pin->read = ts_secret_alloc(ROOM);
  if (pin->read == NULL) return CKR_TS_SECRET_MEMORY_FULL;
  pin->length = 0;
  while (pin->length < ROOM) {
    struct pollfd wait = {.fd = fd, .events = POLLIN, .revents = 0};
    long left = deadline - now_ms();
    /* A silent pipe must not hold the library's lock for ever. */
    int ready = left > 0 ? poll(&wait, 1, (int)left) : 0;
    if (ready < 0 && errno == EINTR) continue;
    ssize_t got = -1;
    if (ready > 0) {
      uint8_t *at = pin->read + pin->length;
      got = seekable ? pread(fd, at, ROOM - pin->length, (off_t)pin->length) : read(fd, at, ROOM - pin->length);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    }
    if (got == 0) break;
    if (got < 0) {
      ts_pin_drop(pin);
      return CKR_TS_PIN_SOURCE;
    }
    pin->length += (size_t)got;
  }
  if (pin->length > 0 && pin->read[pin->length - 1] == '\n') pin->length--;
  if (pin->length == 0) { /* a pipe that has been read before, an empty file: not a wrong PIN, but none */
    ts_pin_drop(pin);
    return CKR_TS_PIN_SOURCE;
  }
  pin->bytes = pin->read;
  return CKR_OK;
}

static CK_RV read_file(const char *path, bool credential, ts_pin *pin) {
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return errno == ELOOP ? CKR_TS_PIN_SOURCE_PERMISSIONS : CKR_TS_PIN_SOURCE;
  CK_RV rv = CKR_OK;
  if (fstat(fd, &status) != 0) rv = CKR_TS_PIN_SOURCE;
  else if (!S_ISREG(status.st_mode)) rv = CKR_TS_PIN_SOURCE_PERMISSIONS;
  else if (credential && (status.st_mode & 007) != 0) rv = CKR_TS_PIN_SOURCE_PERMISSIONS;
  else if (!credential && ((status.st_mode & 0177) != 0 || status.st_uid != geteuid()))
    rv = CKR_TS_PIN_SOURCE_PERMISSIONS;
  if (rv == CKR_OK) rv = read_pin(fd, pin);
  (void)close(fd);
  return rv;
}

/* A credential is a plain name in $CREDENTIALS_DIRECTORY, which systemd makes for one service. */
static CK_RV read_credential(const char *name, ts_pin *pin) {
  char path[PATH_MAX];
  const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");
  bool plain = name[0] != 0 && strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
  if (directory == NULL || directory[0] != '/' || !plain) return CKR_TS_PIN_SOURCE;
  int length = snprintf(path, sizeof path, "%s/%s", directory, name);
  if (length < 0 || (size_t)length >= sizeof path) return CKR_TS_PIN_SOURCE;
  return read_file(path, true, pin);
}

static CK_RV read_descriptor(const char *digits, ts_pin *pin) {
  long number = 0;
  if (digits[0] == 0 || strlen(digits) > 6) return CKR_TS_PIN_SOURCE;
  for (const char *c = digits; *c != 0; c++) {
    if (*c < '0' || *c > '9') return CKR_TS_PIN_SOURCE;
    number = number * 10 + (*c - '0');
  }
  return read_pin((int)number, pin);
}

CK_RV ts_pin_get(enum ts_pin_source source, const uint8_t *passed, CK_ULONG length, ts_pin *pin) {
  *pin = (ts_pin){.bytes = passed, .length = length, .read = NULL};
  if (passed != NULL) return CKR_OK;
  if (length != 0) return CKR_ARGUMENTS_BAD;
  const char *text = secure_getenv(variable_of(source));
  if (text == NULL) return CKR_TS_PIN_SOURCE;
  if (strncmp(text, "fd:", 3) == 0) return read_descriptor(text + 3, pin);
  if (strncmp(text, "file:/", 6) == 0) return read_file(text + 5, false, pin);
  if (strncmp(text, "credential:", 11) == 0) return read_credential(text + 11, pin);
  return CKR_TS_PIN_SOURCE;
}

void ts_pin_drop(ts_pin *pin) {
  ts_secret_free(pin->read);
  *pin = (ts_pin){.bytes = NULL, .length = 0, .read = NULL};
}
