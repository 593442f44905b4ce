/* SHAKE256 (FIPS 202 section 6.2), incrementally. Constant time in the data; lengths are public. */
#ifndef THRESIGN_SHAKE256_H
#define THRESIGN_SHAKE256_H

#include <stddef.h>
#include <stdint.h>

#define TS_SHAKE256_RATE 136  /* bytes absorbed or squeezed per permutation */

/* Opaque. May be copied at any moment, to hash several messages that begin alike. If the message is secret, so is
 * this: the caller wipes it with ts_wipe. */
typedef struct {
  uint64_t lane[25];
  uint32_t position;   /* in the block: bytes absorbed, or squeezed */
  uint32_t squeezing;
} ts_shake256;

void ts_shake256_init(ts_shake256 *s);

/* Any number of times, then no more after the first squeeze. data may be NULL if length is 0. */
void ts_shake256_absorb(ts_shake256 *s, const void *data, size_t length);

/* Any number of times: n + m bytes at once are the same as n bytes and then m bytes. */
void ts_shake256_squeeze(ts_shake256 *s, void *out, size_t length);

#endif
