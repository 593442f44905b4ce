/* SHAKE256: known answers, then OpenSSL over many lengths and many ways to cut message and output. */
#include <openssl/evp.h>

#include "check.h"
#include "keccak.h"
#include "thresign/shake256.h"

#define MESSAGE_MAX 1000
#define OUTPUT_MAX 700

static void at_once(uint8_t *out, size_t out_length, const uint8_t *message, size_t length) {
  ts_shake256 s;
  ts_shake256_init(&s);
  ts_shake256_absorb(&s, message, length);
  ts_shake256_squeeze(&s, out, out_length);
}

static void peer(uint8_t *out, size_t out_length, const uint8_t *message, size_t length) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  CHECK(context != NULL && EVP_DigestInit_ex(context, EVP_shake256(), NULL) == 1);
  CHECK(EVP_DigestUpdate(context, message, length) == 1);
  CHECK(EVP_DigestFinalXOF(context, out, out_length) == 1);
  EVP_MD_CTX_free(context);
}

/* csrc.nist.gov, "Example Values", SHAKE256_Msg0 and SHAKE256_Msg1600: the first and last 64 bytes of 512. */
static void check_known(void) {
  uint8_t message[200], out[512], expected[64];
  at_once(out, 512, NULL, 0);
  CHECK(from_hex(expected, 64, "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f"
                               "d75dc4ddd8c0f200cb05019d67b592f6fc821c49479ab48640292eacb3b7c4be"));
  CHECK(memcmp(out, expected, 64) == 0);
  memset(message, 0xa3, sizeof message);
  at_once(out, 512, message, sizeof message);
  CHECK(from_hex(expected, 64, "cd8a920ed141aa0407a22d59288652e9d9f1a7ee0c1e7c1ca699424da84a904d"
                               "2d700caae7396ece96604440577da4f3aa22aeb8857f961c4cd8e06f0ae6610b"));
  CHECK(memcmp(out, expected, 64) == 0);
  CHECK(from_hex(expected, 64, "2d4f1791bc689a0e9b799a37339c04275733740143ef5d2b58b96a363d4e0807"
                               "6a1a9d7846436e4dca5728b6f760eef0ca92bf0be5615e96959d767197a0beeb"));
  CHECK(memcmp(out + 448, expected, 64) == 0);
}

/* Every message length up to MESSAGE_MAX, and every output length up to OUTPUT_MAX. */
static void check_lengths(void) {
  uint8_t message[MESSAGE_MAX], out[OUTPUT_MAX + 1], expected[OUTPUT_MAX];
  for (size_t length = 0; length <= MESSAGE_MAX; length++) {
    size_t out_length = length * OUTPUT_MAX / MESSAGE_MAX;
    test_random_bytes(message, length);
    out[out_length] = 0x5a;
    at_once(out, out_length, message, length);
    if (out_length > 0) peer(expected, out_length, message, length);
    CHECK(memcmp(out, expected, out_length) == 0 && out[out_length] == 0x5a);
  }
}

/* Cut in two at every place. */
static void check_splits(void) {
  uint8_t message[300], out[300], expected[300];
  ts_shake256 s, copy;
  test_random_bytes(message, sizeof message);
  peer(expected, sizeof expected, message, sizeof message);
  for (size_t cut = 0; cut <= sizeof message; cut++) {
    ts_shake256_init(&s);
    ts_shake256_absorb(&s, message, cut);
    copy = s;  /* a midstate is as good in another place */
    ts_shake256_absorb(&copy, message + cut, sizeof message - cut);
    ts_shake256_squeeze(&copy, out, cut);
    ts_shake256_squeeze(&copy, out + cut, sizeof out - cut);
    CHECK(memcmp(out, expected, sizeof out) == 0);
  }
}

static void check_random_pieces(void) {
  uint8_t message[MESSAGE_MAX], out[OUTPUT_MAX], expected[OUTPUT_MAX];
  ts_shake256 s;
  size_t length = (size_t)(test_random() % (MESSAGE_MAX + 1));
  test_random_bytes(message, length);
  peer(expected, sizeof expected, message, length);
  ts_shake256_init(&s);
  for (size_t done = 0; done < length;) {
    size_t piece = (size_t)(test_random() % (length - done + 1));
    if ((test_random() & 1) != 0 && piece > 9) piece = 9;
    ts_shake256_absorb(&s, message + done, piece);
    done += piece;
  }
  for (size_t done = 0; done < sizeof out;) {
    size_t piece = (size_t)(test_random() % (sizeof out - done + 1));
    if ((test_random() & 1) != 0 && piece > 9) piece = 9;
    ts_shake256_squeeze(&s, out + done, piece);
    done += piece;
  }
  CHECK(memcmp(out, expected, sizeof out) == 0);
}

static void check_permutations(void) {
  uint64_t a[25], b[25];
  test_random_bytes((uint8_t *)a, sizeof a);
  memcpy(b, a, sizeof a);
  ts_keccak_f1600(a);
  ts_keccak_f1600_portable(b);
  CHECK(memcmp(a, b, sizeof a) == 0);
}

int main(void) {
  (void)test_random();
  check_known();
  check_lengths();
  check_splits();
  for (int i = 0; i < 500; i++) {
    check_random_pieces();
    check_permutations();
  }
  return 0;
}
