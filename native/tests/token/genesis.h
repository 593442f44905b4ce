/* A genesis that the token under test can belong to, as any of its modules; the test has the other members' keys. */
#ifndef THRESIGN_TESTS_TOKEN_GENESIS_H
#define THRESIGN_TESTS_TOKEN_GENESIS_H

#include <sodium.h>

#include "harness.h"
#include "thresign/certificate.h"

enum { TEST_MEMBERS = 4, TEST_QUORUM = 3 };

typedef struct test_domain {
  uint8_t genesis[1024];
  size_t genesis_length;
  uint8_t id[32], roster[32];
  uint8_t vote_secrets[TEST_MEMBERS][64]; /* zero for the token's own */
} test_domain;

/* The 32 bytes of the identity's public key with this label. */
static inline void test_public_key(CK_SESSION_HANDLE session, const char *label, uint8_t out[32]) {
  CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
  CK_MECHANISM_TYPE identity = CKM_TS_IDENTITY;
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, BYTES(label), strlen(label)},
                         {CKA_KEY_GEN_MECHANISM, &identity, sizeof identity}};
  CK_OBJECT_HANDLE handle = 0;
  CK_BYTE point[34];
  CK_ULONG length = sizeof point;
  CHECK(find(session, list, COUNT(list), &handle) == 1);
  EXPECT(CKR_OK, get(session, handle, CKA_EC_POINT, point, &length));
  CHECK(length == sizeof point);
  memcpy(out, point + 2, 32);
}

/* The token becomes module `own`. Needs the identity, and someone logged in. The other members' keys come from the
 * number, so that runs repeat. */
static inline void test_domain_make_as(CK_SESSION_HANDLE session, uint16_t own, test_domain *out) {
  ts_writer writer;
  uint8_t vote[32], sealing[32], seed[32] = {0}, secret[32];
  memset(out, 0, sizeof *out);
  ts_writer_start(&writer, out->genesis, sizeof out->genesis);
  ts_write_tag(&writer, "ts.gene1");
  ts_write_var(&writer, (const uint8_t *)"test", 4);
  ts_write_uint(&writer, 1, 8);
  ts_write_fixed(&writer, seed, 32);
  ts_write_fixed(&writer, seed, 32);
  uint8_t *roster = writer.at;
  ts_write_tag(&writer, "ts.rost1");
  ts_write_uint(&writer, 0, 8);
  ts_write_uint(&writer, 1, 2);
  ts_write_uint(&writer, TEST_QUORUM, 2);
  ts_write_uint(&writer, TEST_MEMBERS, 4);
  for (uint8_t i = 0; i < TEST_MEMBERS; i++) {
    uint8_t name = (uint8_t)('a' + i);
    seed[0] = (uint8_t)(i + 1);
    (void)crypto_sign_seed_keypair(vote, out->vote_secrets[i], seed);
    (void)crypto_box_seed_keypair(sealing, secret, seed);
    if (i + 1 == own) {
      memset(out->vote_secrets[i], 0, 64);
      test_public_key(session, "vote", vote);
      test_public_key(session, "sealing", sealing);
    }
    ts_write_uint(&writer, (uint64_t)i + 1, 2);
    ts_write_var(&writer, &name, 1);
    ts_write_fixed(&writer, vote, 32);
    ts_write_fixed(&writer, sealing, 32);
  }
  CHECK(!writer.failed);
  out->genesis_length = (size_t)(writer.at - out->genesis);
  (void)crypto_hash_sha256(out->id, out->genesis, out->genesis_length);
  (void)crypto_hash_sha256(out->roster, roster, (size_t)(writer.at - roster));
}

static inline void test_domain_make(CK_SESSION_HANDLE session, test_domain *out) {
  test_domain_make_as(session, 1, out);
}

/* In a read-write session of the SO. */
static inline CK_RV pin_bytes(CK_SESSION_HANDLE session, const void *bytes, CK_ULONG length, CK_OBJECT_HANDLE *handle) {
  CK_OBJECT_CLASS data = CKO_DATA;
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &data, sizeof data}, {CKA_VALUE, (void *)(uintptr_t)bytes, length},
                         {CKA_APPLICATION, BYTES(TS_GENESIS_APPLICATION), strlen(TS_GENESIS_APPLICATION)}};
  return p11->C_CreateObject(session, list, COUNT(list), handle);
}

#endif
