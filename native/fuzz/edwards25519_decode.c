/* libFuzzer target for the decoders of one group (GROUP): an encoding is refused, or encodes again to the same bytes;
 * the batch decoders, all of them, agree with the single one and name the first bad encoding; libsodium agrees. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../tests/edwards25519/paths.h"

#define COUNT_MAX 40

static void require(bool condition) {
  if (!condition) abort();
}

/* Few strings are encodings, so records of 33 bytes say how to make one: as it is; of a multiple of the generator;
 * the same with a bit flipped; the same plus a point of small order. */
static void make_encoding(uint8_t out[32], const uint8_t record[33]) {
  static const uint8_t order8[32] = {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
                                     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
                                     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a};
  ts_scalar k;
  ts_element a;
  memcpy(out, record + 1, 32);
  if (record[0] % 4 == 0) return;
  GROUP.scalar_reduce(&k, out, 32);
  GROUP.mul_base(&a, &k);
  GROUP.encode(out, &a);
  if (record[0] % 4 == 2) out[record[0] / 8] ^= (uint8_t)(1u << record[1] % 8);
  if (record[0] % 4 == 3 && GROUP.id == TS_GROUP_EDWARDS25519)
    for (unsigned j = 0; j <= record[1] % 7; j++) require(crypto_core_ed25519_add(out, out, order8) == 0);
}

/* libsodium 1.0.18 overlooks bit 255 of ristretto255 encodings; ours refuse the identity. */
static bool sodium_accepts(const uint8_t *bytes) {
  static const uint8_t zeros[32] = {0};
  if (GROUP.id == TS_GROUP_EDWARDS25519) return crypto_core_ed25519_is_valid_point(bytes);
  return bytes[31] < 0x80 && memcmp(bytes, zeros, 32) != 0 && crypto_core_ristretto255_is_valid_point(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static ts_element all[COUNT_MAX];
  ts_element one;
  ts_scalar scalar;
  uint8_t again[32];
  static uint8_t encodings[COUNT_MAX * 32];
  const size_t count = size / 33 < COUNT_MAX ? size / 33 : COUNT_MAX;
  size_t first_bad = count;
  for (size_t i = 0; i < count; i++) {
    uint8_t *bytes = encodings + 32 * i;
    make_encoding(bytes, data + 33 * i);
    const bool good = GROUP.decode_vartime(&one, bytes);
    require(good == sodium_accepts(bytes));
    require(good == !GROUP.is_identity(&one));
    if (good) {
      GROUP.encode(again, &one);
      require(memcmp(again, bytes, 32) == 0);
    } else if (first_bad == count) {
      first_bad = i;
    }
    if (GROUP.scalar_decode(&scalar, bytes)) {
      GROUP.scalar_encode(again, &scalar);
      require(memcmp(again, bytes, 32) == 0);
    } else {
      require(GROUP.scalar_is_zero(&scalar));
      GROUP.scalar_reduce(&scalar, bytes, 32);
      GROUP.scalar_encode(again, &scalar);
      require(memcmp(again, bytes, 32) != 0);
    }
  }
  for (size_t i = 0; i < implementations_here(); i++) {
    decode_batch_function *decode_batch = decode_batch_of(&GROUP, &implementations[i]);
    size_t bad = count;
    if (decode_batch == NULL) continue;
    require(decode_batch(all, encodings, count, &bad) == (first_bad == count));
    require(bad == first_bad);
  }
  return 0;
}
