#include "fast_kdf.h"
/* The reader of token files: whatever the bytes, it ends well, and what it accepts it would write just so. The checksum is
 * made right first, or nothing would get past it. */
#include "fuzz.h"
#include "internal.h"

/* What the head of a fresh token looks like; the input is the body, and may alter the head too. */
static void make_head(uint8_t *bytes, size_t length) {
  memcpy(bytes, "TSTOKEN", 8);
  bytes[8] = 1;
  for (size_t i = 0; i < 4; i++) bytes[12 + i] = (uint8_t)(length >> (24 - 8 * i));
  bytes[67] = 2;
  bytes[69] = 1;
}

static void decode(const uint8_t *bytes, size_t length) {
  ts_store store;
  ts_head head;
  uint8_t *again;
  size_t again_length;
  CK_RV rv = ts_store_decode(bytes, length, &store);
  CK_RV head_rv = ts_store_decode_head(bytes, length, &head);
  CHECK(rv == CKR_OK || rv == CKR_TS_STORE_CORRUPT || rv == CKR_TS_STORE_VERSION);
  CHECK(rv != CKR_OK || head_rv == CKR_OK);
  if (rv != CKR_OK) {
    CHECK(store.count == 0 && store.objects == NULL);
    return;
  }
  CHECK(ts_store_encode(&store, &again, &again_length) == CKR_OK);
  CHECK(again_length == length && memcmp(again, bytes, length) == 0);
  free(again);
  ts_store_clear(&store);
}

/* An input that is a plausible object, grown from the bytes: random ones hardly ever are. */
static size_t grow(const uint8_t *data, size_t size, uint8_t *body, size_t room) {
  static const uint8_t base[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 3, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0,
                                 0x80, 0x54, 0x53, 0x01, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0};
  size_t length = 44, objects = size == 0 ? 0 : data[0] % 6;
  memset(body, 0, room);
  body[39] = 9;
  body[43] = (uint8_t)objects;
  for (size_t i = 0; i < objects; i++) {
    memcpy(body + length, base, sizeof base);
    body[length + 7] = (uint8_t)(i + 1);
    body[length + 9] = (uint8_t)('a' + i);
    length += sizeof base;
  }
  for (size_t i = 1; i + 2 < size; i += 3) { /* then altered here and there */
    size_t at = ((size_t)data[i] << 8 | data[i + 1]) % (length + 1);
    if (at < length && data[0] >= 128) body[at] = data[i + 2];
  }
  return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t bytes[1 << 16];
  if (sodium_init() < 0 || size > sizeof bytes - 1024) return 0;
  decode(data, size); /* as it is */
  memset(bytes, 0, 328);
  make_head(bytes, 328 + size);
  memcpy(bytes + 328, data, size); /* as a body */
  ts_store_set_mark(bytes, 328 + size, bytes + 296);
  decode(bytes, 328 + size);
  memset(bytes, 0, 328);
  size_t length = 328 + grow(data, size, bytes + 328, sizeof bytes - 328); /* as changes to a good body */
  make_head(bytes, length);
  ts_store_set_mark(bytes, length, bytes + 296);
  decode(bytes, length);
  if (size >= 372) { /* as a whole file whose checksum and length are made right */
    memcpy(bytes, data, size);
    make_head(bytes, size);
    ts_store_set_mark(bytes, size, bytes + 296);
    decode(bytes, size);
  }
  return 0;
}
