/* SHAKE256: the sponge with a rate of 136 bytes over Keccak-f[1600] (FIPS 202 sections 4 and 6.2). */
#include "thresign/shake256.h"

#include <string.h>

#include "../verify.h"
#include "keccak.h"

#define RATE TS_SHAKE256_RATE

/* Byte i of the state; lanes are little-endian (FIPS 202 section 3.1.2 and appendix B.1). */
static void xor_byte(ts_shake256 *s, size_t i, uint8_t byte) { s->lane[i / 8] ^= (uint64_t)byte << (8 * (i % 8)); }

static uint64_t load_lane(const uint8_t *bytes) {
  uint64_t value = 0;
  for (unsigned i = 0; i < 8; i++) value |= (uint64_t)bytes[i] << (8 * i);
  return value;
}

static void store_lane(uint8_t *bytes, uint64_t value) {
  for (unsigned i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> (8 * i));
}

void ts_shake256_init(ts_shake256 *s) { memset(s, 0, sizeof *s); }

void ts_shake256_absorb(ts_shake256 *s, const void *data, size_t length) {
  const uint8_t *bytes = data;
  VERIFY_CHECK(s->squeezing == 0 && s->position < RATE);
  while (length > 0) {
    if (s->position % 8 == 0 && length >= 8) {
      s->lane[s->position / 8] ^= load_lane(bytes);
      bytes += 8;
      length -= 8;
      s->position += 8;
    } else {
      xor_byte(s, s->position++, *bytes++);
      length--;
    }
    if (s->position == RATE) {
      ts_keccak_f1600(s->lane);
      s->position = 0;
    }
  }
}

/* The suffix 1111 of SHAKE and pad10*1 (FIPS 202 sections 6.2 and 5.1), least significant bit first: 0x1f ... 0x80. */
static void finish(ts_shake256 *s) {
  xor_byte(s, s->position, 0x1f);
  xor_byte(s, RATE - 1, 0x80);
  ts_keccak_f1600(s->lane);
  s->position = 0;
  s->squeezing = 1;
}

void ts_shake256_squeeze(ts_shake256 *s, void *out, size_t length) {
  uint8_t *bytes = out;
  if (s->squeezing == 0) finish(s);
  while (length > 0) {
    if (s->position == RATE) {
      ts_keccak_f1600(s->lane);
      s->position = 0;
    }
    if (s->position % 8 == 0 && length >= 8) {
      store_lane(bytes, s->lane[s->position / 8]);
      bytes += 8;
      length -= 8;
      s->position += 8;
    } else {
      *bytes++ = (uint8_t)(s->lane[s->position / 8] >> (8 * (s->position % 8)));
      length--;
      s->position++;
    }
  }
}
