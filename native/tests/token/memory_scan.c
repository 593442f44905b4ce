/* Searches all memory of another process, which should be stopped, for byte strings: memory_scan PID < NEEDLES.
 *
 * Needles are 16 bytes each, end to end; none begins with 8 zero bytes. Printed, one a line:
 *   hit NEEDLE ADDRESS MAPPING        a needle, by its place in the input
 *   unreadable START END MAPPING      pages that even root cannot read
 *   read BYTES                        at the end: how much was searched
 * Everything that is mapped is tried, readable to the process or not. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

enum { NEEDLE = 16, PAGE = 4096, CHUNK = 1 << 20, FILTER_BITS = 1 << 23 };

static uint8_t (*needles)[NEEDLE];
static uint32_t *table; /* open addressing, by the first 8 bytes: index + 1 */
static size_t count, table_size;
static uint64_t filter[FILTER_BITS / 64];
static uint8_t buffer[NEEDLE + CHUNK];
static uint64_t searched;

static uint64_t first8(const uint8_t *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static uint64_t hash(uint64_t value) { return value * 0x9e3779b97f4a7c15u; }

static void read_needles(void) {
  size_t room = 0;
  for (;;) {
    if (count == room) {
      room = room == 0 ? 1024 : 2 * room;
      needles = realloc(needles, room * NEEDLE);
      CHECK(needles != NULL);
    }
    size_t got = fread(needles[count], 1, NEEDLE, stdin);
    if (got == 0) break;
    CHECK(got == NEEDLE && first8(needles[count]) != 0);
    count++;
  }
  CHECK(count > 0);
  for (table_size = 1024; table_size < 4 * count; table_size *= 2) continue;
  table = calloc(table_size, sizeof *table);
  CHECK(table != NULL);
  for (size_t i = 0; i < count; i++) {
    uint64_t key = hash(first8(needles[i]));
    size_t place = (size_t)(key >> 20) & (table_size - 1);
    while (table[place] != 0) place = (place + 1) & (table_size - 1);
    table[place] = (uint32_t)(i + 1);
    filter[(key >> 41) / 64] |= UINT64_C(1) << (key >> 41) % 64;
  }
}

static void look_up(const uint8_t *at, uint64_t key, uint64_t address, const char *name) {
  for (size_t place = (size_t)(key >> 20) & (table_size - 1); table[place] != 0; place = (place + 1) & (table_size - 1))
    if (memcmp(needles[table[place] - 1], at, NEEDLE) == 0)
      printf("hit %" PRIu32 " %" PRIx64 " %s\n", table[place] - 1, address, name);
}

/* Searches length bytes; the last NEEDLE - 1 cannot begin a needle. */
static void search(const uint8_t *bytes, size_t length, uint64_t address, const char *name) {
  for (size_t i = 0; i + NEEDLE <= length; i++) {
    uint64_t value = first8(bytes + i);
    if (value == 0) continue;
    uint64_t key = hash(value);
    if (filter[(key >> 41) / 64] >> (key >> 41) % 64 & 1) look_up(bytes + i, key, address + i, name);
  }
}

/* One mapping. What was read last is kept in front of what is read next: needles may lie across. */
static void search_mapping(int memory, uint64_t from, uint64_t to, const char *name) {
  size_t kept = 0;
  uint64_t bad = 0; /* where a run of unreadable pages began */
  for (uint64_t at = from; at < to;) {
    size_t want = to - at < CHUNK ? (size_t)(to - at) : CHUNK;
    ssize_t got = pread(memory, buffer + kept, want, (off_t)at);
    if (got <= 0) {
      if (bad == 0) bad = at;
      at += PAGE;
      kept = 0;
      if (at < to) continue;
      got = 0;
    }
    if (bad != 0) {
      printf("unreadable %" PRIx64 " %" PRIx64 " %s\n", bad, at, name);
      bad = 0;
    }
    if (got == 0) break;
    search(buffer, kept + (size_t)got, at - kept, name);
    searched += (uint64_t)got;
    at += (uint64_t)got;
    size_t have = kept + (size_t)got;
    kept = have < NEEDLE - 1 ? have : NEEDLE - 1;
    memmove(buffer, buffer + have - kept, kept);
  }
}

int main(int argc, char **argv) {
  char path[64], line[4352], name[4096];
  CHECK(argc == 2);
  read_needles();
  CHECK(snprintf(path, sizeof path, "/proc/%s/mem", argv[1]) > 0);
  int memory = open(path, O_RDONLY | O_CLOEXEC);
  CHECK(memory >= 0);
  CHECK(snprintf(path, sizeof path, "/proc/%s/maps", argv[1]) > 0);
  FILE *maps = fopen(path, "r");
  CHECK(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) {
    uint64_t from, to;
    strcpy(name, "anonymous");
    CHECK(sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %*s %4095[^\n]", &from, &to, name) >= 2);
    if (from < UINT64_C(1) << 63) search_mapping(memory, from, to, name); /* above: vsyscall, the kernel's page */
  }
  CHECK(fclose(maps) == 0);
  CHECK(searched > 0);
  printf("read %" PRIu64 "\n", searched);
  return 0;
}
