/* Memory for secrets: one arena per process, and the only place where a secret may lie still.
 *
 * PINs while they are read, key-encrypting and data keys, private keys, shares, nonces: all of it is allocated here,
 * and freed (which wipes) as early as can be. The arena comes from memfd_secret where the kernel has it: pages that
 * are in nobody else's map, that /proc/self/mem, ptrace and the kernel itself cannot read, never swapped, absent from
 * a child. Elsewhere it is locked anonymous memory that is neither dumped nor inherited (a child reads zeros). A
 * guard page stands at either end. If the memory cannot be locked there is no arena: ts_secret_open fails.
 *
 * Not for several threads at once: the library's one lock is held around every use.
 */
#ifndef THRESIGN_TOKEN_SECRET_H
#define THRESIGN_TOKEN_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Maps and locks the arena. False, with nothing mapped, if it cannot be had. */
bool ts_secret_open(void);
/* Wipes and unmaps it: every pointer into it is dead. */
void ts_secret_close(void);
/* In a forked child: forgets the parent's arena without touching it. */
void ts_secret_forget(void);
/* TS_SECRET_MEMORY_MEMFD or TS_SECRET_MEMORY_MLOCK (thresign/vendor.h); 0 while there is no arena. */
unsigned long ts_secret_kind(void);

/* length bytes, all zero, aligned to 64; NULL if there is no room, no arena, or length is 0 or over
 * TS_SECRET_BYTES_MAX. */
void *ts_secret_alloc(size_t length);
/* Wipes and releases what ts_secret_alloc gave; NULL is allowed. Anything else ends the process: a wild pointer here
 * means that a secret may be somewhere it should not. */
void ts_secret_free(void *secret);
/* True if there is room left for what a login takes beside the stored secrets. Whatever stores a secret asks this first:
 * a token that could not be logged into any more would be lost. */
bool ts_secret_has_reserve(void);

/* Overwrites TS_STACK_WIPE_BYTES of stack below the caller.
 *
 * Functions that compute with secrets, ours and libsodium's, leave intermediate values in dead stack frames. Each
 * PKCS#11 entry that has touched a secret calls this last, from a frame above all of them; the work itself is in
 * functions that are never inlined into the entry (TS_NOINLINE), so that its frames lie within what is wiped.
 * Registers are not cleared: the next call overwrites them. */
void ts_stack_wipe(void);

#define TS_NOINLINE __attribute__((noinline))

#ifdef THRESIGN_TEST_HOOKS
/* For the memory-scan test: where the arena lies, and its live allocations by index (false past the last). */
bool ts_secret_range(const uint8_t **start, size_t *length);
bool ts_secret_at(size_t index, const uint8_t **secret, size_t *length);
/* True if every byte that is not allocated is zero. */
bool ts_secret_free_is_zero(void);
/* If set: told of each allocation as it is freed, before it is wiped. */
extern void (*ts_secret_released)(const uint8_t *secret, size_t length);
#endif

#endif
