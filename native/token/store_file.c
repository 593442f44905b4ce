#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char file_name[] = "token.ts";
static const char new_name[] = "token.ts.new";
static const char lock_name[] = "lock";

CK_RV ts_directory_open(const char *path, int *directory_fd) {
  struct stat status;
  *directory_fd = -1;
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? CKR_TOKEN_NOT_PRESENT : CKR_TS_STORE_READ;
  CK_RV rv = CKR_OK;
  if (fstat(fd, &status) != 0) rv = CKR_TS_STORE_READ;
  else if (status.st_uid != geteuid() || (status.st_mode & 077) != 0) rv = CKR_TS_STORE_PERMISSIONS;
  if (rv != CKR_OK) {
    (void)close(fd);
    return rv;
  }
  *directory_fd = fd;
  return CKR_OK;
}

CK_RV ts_directory_create(const char *path) {
  return mkdir(path, 0700) == 0 || errno == EEXIST ? CKR_OK : CKR_TS_STORE_WRITE;
}

/* A plain file of ours that nobody else may open. Links are not followed; fifos do not block. */
static CK_RV open_private(int directory_fd, const char *name, int flags, int *fd) {
  struct stat status;
  *fd = openat(directory_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  if (*fd < 0) return errno == ELOOP ? CKR_TS_STORE_PERMISSIONS : CKR_TS_STORE_READ;
  if (fstat(*fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
      (status.st_mode & 077) == 0)
    return CKR_OK;
  (void)close(*fd);
  *fd = -1;
  return CKR_TS_STORE_PERMISSIONS;
}

CK_RV ts_directory_lock(int directory_fd, int *lock_fd) {
  CK_RV rv = open_private(directory_fd, lock_name, O_RDWR | O_CREAT, lock_fd);
  if (rv != CKR_OK) return rv == CKR_TS_STORE_READ ? CKR_TS_STORE_WRITE : rv;
  /* flock, not fcntl: a second copy of this library in the same process is shut out too. */
  if (flock(*lock_fd, LOCK_EX | LOCK_NB) == 0) return CKR_OK;
  rv = errno == EWOULDBLOCK ? CKR_TS_STORE_IN_USE : CKR_TS_STORE_WRITE;
  (void)close(*lock_fd);
  *lock_fd = -1;
  return rv;
}

static CK_RV read_all(int fd, uint8_t *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t got = read(fd, bytes + done, length - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return CKR_TS_STORE_READ;
    done += (size_t)got;
  }
  return CKR_OK;
}

CK_RV ts_file_read(int directory_fd, uint8_t **bytes, size_t *length) {
  int fd;
  struct stat status;
  *bytes = NULL;
  *length = 0;
  if (fstatat(directory_fd, file_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? CKR_OK : CKR_TS_STORE_READ;
  CK_RV rv = open_private(directory_fd, file_name, O_RDONLY, &fd);
  if (rv != CKR_OK) return rv;
  if (fstat(fd, &status) != 0) {
    rv = CKR_TS_STORE_READ;
  } else if (status.st_size <= 0 || status.st_size > (off_t)TS_STORE_BYTES_MAX) {
    rv = CKR_TS_STORE_CORRUPT;
  } else {
    *bytes = malloc((size_t)status.st_size);
    rv = *bytes == NULL ? CKR_HOST_MEMORY : read_all(fd, *bytes, (size_t)status.st_size);
  }
  (void)close(fd);
  if (rv == CKR_OK) {
    *length = (size_t)status.st_size;
  } else {
    free(*bytes);
    *bytes = NULL;
  }
  return rv;
}

static bool write_all(int fd, const uint8_t *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t put = write(fd, bytes + done, length - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    done += (size_t)put;
  }
  return true;
}

/* Overwrites a file that no name leads to any more. Best effort: copy-on-write and flash keep old blocks anyway. */
static void erase_unlinked(int fd) {
  static const uint8_t zeros[4096] = {0};
  struct stat status;
  if (fstat(fd, &status) != 0 || status.st_nlink != 0) return;
  for (off_t left = status.st_size; left > 0; left -= (off_t)sizeof zeros) {
    size_t length = left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros;
    if (!write_all(fd, zeros, length)) return;
  }
  (void)fsync(fd);
}

CK_RV ts_file_write(int directory_fd, const uint8_t *bytes, size_t length, bool erase) {
  int old_fd = -1;
  if (erase && open_private(directory_fd, file_name, O_WRONLY, &old_fd) != CKR_OK) old_fd = -1;
  (void)unlinkat(directory_fd, new_name, 0); /* what a crash left; we hold the lock */
  int fd = openat(directory_fd, new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  bool written = fd >= 0 && write_all(fd, bytes, length) && fsync(fd) == 0;
  if (fd >= 0 && close(fd) != 0) written = false;
  bool renamed = written && renameat(directory_fd, new_name, directory_fd, file_name) == 0;
  if (fd >= 0 && !renamed) (void)unlinkat(directory_fd, new_name, 0);
  bool kept = renamed && fsync(directory_fd) == 0;
  if (old_fd >= 0) {
    if (kept) erase_unlinked(old_fd);
    (void)close(old_fd);
  }
  return kept ? CKR_OK : CKR_TS_STORE_WRITE;
}
