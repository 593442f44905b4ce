#include "schedule.h"

#include <string.h>

#include "../verify.h"

void ts_edwards25519_schedule_init(ts_edwards25519_schedule *s) {
  memset(s->head, 0xff, sizeof s->head);
  s->count = 0;
  s->top = -1;
}

/* 64 bits of k from bit position on; zeros beyond the end. */
static uint64_t bits_from(const uint64_t k[5], int position) {
  const int word = position / 64, shift = position % 64;
  return k[word] >> shift | (shift != 0 ? k[word + 1] << (64 - shift) : 0);
}

void ts_edwards25519_schedule_add_vartime(ts_edwards25519_schedule *s, const ts_scalar *k, int width,
                                          unsigned first_entry) {
  const uint64_t words[5] = {k->limb[0], k->limb[1], k->limb[2], k->limb[3], 0};
  const unsigned full = 1u << width;
  unsigned carry = 0; /* what is left to write is (k >> position) + carry */
  for (int position = 0; position < 255;) {
    const uint64_t bits = bits_from(words, position);
    const uint64_t odd = bits ^ (0 - (uint64_t)carry); /* ones where the remainder's bits are not skipped */
    if ((odd & 1) == 0) {
      position += odd == 0 ? 64 - position % 64 : __builtin_ctzll(odd);
      continue;
    }
    const unsigned window = ((unsigned)bits & (full - 1)) + carry; /* odd, below full */
    const unsigned negative = window >> (width - 1);
    const unsigned size = negative ? full - window : window;
    VERIFY_CHECK((window & 1) == 1 && s->count < SCHEDULE_EVENTS_MAX);
    s->code[s->count] = (uint16_t)(2 * (first_entry + size / 2) + negative);
    s->next[s->count] = s->head[position];
    s->head[position] = s->count++;
    if (position > s->top) s->top = position;
    carry = negative;
    position += width;
  }
  VERIFY_CHECK(carry == 0);
}
