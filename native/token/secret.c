#include "secret.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "token_limits.h"
#include "thresign/vendor.h"
#include "thresign/wipe.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

/* Fixed slabs: the arena is cut once, so that what one length uses up does not starve or splinter another. What is in
 * use is recorded outside the arena, where an overrun of a secret does not reach it. */
static const struct { uint32_t size, count; } slabs[] = {
  {64, 4096}, {256, 1024}, {1024, 256}, {4096, 64}, {16384, 160}, {65536, 8},
};
#define SLABS (sizeof slabs / sizeof slabs[0])
#define BLOCKS (4096 + 1024 + 256 + 64 + 160 + 8)
_Static_assert(64 * 4096 + 256 * 1024 + 1024 * 256 + 4096 * 64 + 16384 * 160 + 65536 * 8 == TS_SECRET_ARENA_BYTES,
               "the slabs fill the arena");

static struct {
  uint8_t *base; /* NULL: no arena */
  size_t guard;
  unsigned long kind;
  uint32_t used[BLOCKS]; /* the length asked for; 0 is free */
} arena;

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#ifdef HAVE_ASAN /* blocks that are free, and the unused end of others, are out of bounds to the sanitizer */
#include <sanitizer/asan_interface.h>
#define POISON(pointer, length) ASAN_POISON_MEMORY_REGION((pointer), (length))
#define UNPOISON(pointer, length) ASAN_UNPOISON_MEMORY_REGION((pointer), (length))
#else
#define POISON(pointer, length) ((void)(pointer), (void)(length))
#define UNPOISON(pointer, length) ((void)(pointer), (void)(length))
#endif

/* Maps the arena at place from memfd_secret. Every page is touched, so that a shortage shows here. */
static bool map_memfd(uint8_t *place) {
  int fd = (int)syscall(SYS_memfd_secret, (unsigned)O_CLOEXEC);
  if (fd < 0) return false;
  void *got = MAP_FAILED;
  if (ftruncate(fd, TS_SECRET_ARENA_BYTES) == 0)
    got = mmap(place, TS_SECRET_ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
  (void)close(fd);
  if (got == MAP_FAILED) return false;
  /* MADV_WIPEONFORK is refused here (EINVAL): a child gets no mapping at all. */
  if (madvise(place, TS_SECRET_ARENA_BYTES, MADV_DONTFORK) != 0) return false;
  if (madvise(place, TS_SECRET_ARENA_BYTES, MADV_DONTDUMP) != 0) return false;
  ts_wipe(place, TS_SECRET_ARENA_BYTES);
  return true;
}

static bool map_locked(uint8_t *place) {
  void *got = mmap(place, TS_SECRET_ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                   -1, 0);
  return got != MAP_FAILED && mlock(place, TS_SECRET_ARENA_BYTES) == 0 &&
         madvise(place, TS_SECRET_ARENA_BYTES, MADV_DONTDUMP) == 0 &&
         madvise(place, TS_SECRET_ARENA_BYTES, MADV_WIPEONFORK) == 0;
}

bool ts_secret_open(void) {
  if (arena.base != NULL) return true;
  long page = sysconf(_SC_PAGESIZE);
  if (page <= 0) return false;
  size_t guard = (size_t)page;
  size_t whole = TS_SECRET_ARENA_BYTES + 2 * guard;
  uint8_t *reserved = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return false;
  if (map_memfd(reserved + guard)) {
    arena.kind = TS_SECRET_MEMORY_MEMFD;
  } else if (map_locked(reserved + guard)) {
    arena.kind = TS_SECRET_MEMORY_MLOCK;
  } else {
    (void)munmap(reserved, whole);
    return false;
  }
  arena.base = reserved + guard;
  arena.guard = guard;
  for (size_t i = 0; i < BLOCKS; i++) arena.used[i] = 0;
  POISON(arena.base, TS_SECRET_ARENA_BYTES);
  return true;
}

void ts_secret_close(void) {
  if (arena.base == NULL) return;
  UNPOISON(arena.base, TS_SECRET_ARENA_BYTES);
  ts_wipe(arena.base, TS_SECRET_ARENA_BYTES);
  (void)munmap(arena.base - arena.guard, TS_SECRET_ARENA_BYTES + 2 * arena.guard);
  arena.base = NULL;
  arena.kind = 0;
}

void ts_secret_forget(void) {
  /* Not unmapped: after DONTFORK something else of the child's may lie there by now. */
  if (arena.base != NULL) UNPOISON(arena.base, TS_SECRET_ARENA_BYTES);
  arena.base = NULL;
  arena.kind = 0;
}

unsigned long ts_secret_kind(void) { return arena.kind; }

void *ts_secret_alloc(size_t length) {
  if (arena.base == NULL || length == 0) return NULL;
  size_t block = 0;
  uint8_t *start = arena.base;
  for (size_t s = 0; s < SLABS; s++) {
    if (length <= slabs[s].size) {
      for (size_t i = 0; i < slabs[s].count; i++) {
        if (arena.used[block + i] != 0) continue;
        arena.used[block + i] = (uint32_t)length;
        UNPOISON(start + i * slabs[s].size, length);
        return start + i * slabs[s].size;
      }
    }
    block += slabs[s].count;
    start += (size_t)slabs[s].size * slabs[s].count;
  }
  return NULL;
}

void ts_secret_free(void *secret) {
  if (secret == NULL) return;
  uintptr_t address = (uintptr_t)secret;
  if (arena.base == NULL || address < (uintptr_t)arena.base) abort();
  size_t offset = address - (uintptr_t)arena.base;
  size_t block = 0;
  for (size_t s = 0; s < SLABS; s++) {
    size_t span = (size_t)slabs[s].size * slabs[s].count;
    if (offset < span) {
      size_t i = offset / slabs[s].size;
      if (offset % slabs[s].size != 0 || arena.used[block + i] == 0) abort();
      UNPOISON(secret, slabs[s].size);
#ifdef THRESIGN_TEST_HOOKS
      if (ts_secret_released != NULL) ts_secret_released(secret, arena.used[block + i]);
#endif
      ts_wipe(secret, slabs[s].size);
      POISON(secret, slabs[s].size);
      arena.used[block + i] = 0;
      return;
    }
    offset -= span;
    block += slabs[s].count;
  }
  abort();
}

bool ts_secret_has_reserve(void) {
  void *blocks[8]; /* a PIN, its key, the data keys, the state of the mark: generously */
  bool all = true;
  for (size_t i = 0; i < 8; i++) {
    blocks[i] = ts_secret_alloc(1024);
    all = all && blocks[i] != NULL;
  }
  for (size_t i = 0; i < 8; i++) ts_secret_free(blocks[i]);
  return all;
}

TS_NOINLINE void ts_stack_wipe(void) {
  uint8_t area[TS_STACK_WIPE_BYTES];
  ts_wipe(area, sizeof area);
  __asm__ volatile("" : : "r"(area) : "memory"); /* area is used: it stays */
}

#ifdef THRESIGN_TEST_HOOKS
void (*ts_secret_released)(const uint8_t *secret, size_t length);

bool ts_secret_range(const uint8_t **start, size_t *length) {
  *start = arena.base;
  *length = TS_SECRET_ARENA_BYTES;
  return arena.base != NULL;
}

bool ts_secret_at(size_t index, const uint8_t **secret, size_t *length) {
  const uint8_t *start = arena.base;
  size_t block = 0;
  for (size_t s = 0; arena.base != NULL && s < SLABS; s++) {
    for (size_t i = 0; i < slabs[s].count; i++, start += slabs[s].size) {
      if (arena.used[block + i] == 0 || index-- != 0) continue;
      *secret = start;
      *length = arena.used[block + i];
      return true;
    }
    block += slabs[s].count;
  }
  return false;
}

__attribute__((no_sanitize("address"))) bool ts_secret_free_is_zero(void) {
  const volatile uint8_t *byte = arena.base;
  size_t block = 0;
  for (size_t s = 0; arena.base != NULL && s < SLABS; s++) {
    for (size_t i = 0; i < slabs[s].count; i++) {
      for (size_t k = 0; k < slabs[s].size; k++, byte++)
        if (k >= arena.used[block + i] && *byte != 0) return false;
    }
    block += slabs[s].count;
  }
  return true;
}
#endif
