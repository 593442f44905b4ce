/* The figures of RFC 9591 appendix E through the token: its interface does the signing, from a certified order to the
 * share, with the published share and nonces put in by the build with hooks. Participants 1 and 3 are each a token. */
#include <sodium.h>

#include "genesis.h"
#include "harness.h"
#include "hooks.h"
#include "thresign/frost.h"
#include "thresign/result.h"
#include "vector_file.h"

static const struct {
  unsigned suite;
  const char *file;
} SUITES[] = {{TS_SUITE_ED25519_SHA512, "frost-ed25519.txt"},
              {TS_SUITE_RISTRETTO255_SHA512, "frost-ristretto255.txt"},
              {TS_SUITE_ED448_SHAKE256, "frost-ed448.txt"},
              {TS_SUITE_P256_SHA256, "frost-p256.txt"},
              {TS_SUITE_SECP256K1_SHA256, "frost-secp256k1.txt"}};
static const uint16_t SIGNERS[2] = {1, 3};
#define NONCE_LIFETIME_S 7200u /* docs/spec/token.md */

static bool (*put_share)(const ts_hook_key *);
static bool (*put_nonce)(uint8_t, uint64_t, const uint8_t *, const uint8_t *);
static void (*seconds_pass)(uint32_t);
static CK_SESSION_HANDLE session;
static CK_OBJECT_HANDLE pair[2];
static vectors file;
/* By suite and signer: what the tokens made. */
static uint8_t partials[COUNT(SUITES)][2][TS_SCALAR_BYTES_MAX];

/* The value of this name, which has this length. */
static const uint8_t *figure(const char *name, unsigned number, size_t length) {
  static uint8_t values[8][TS_SIGNATURE_BYTES_MAX];
  static size_t next;
  uint8_t *value = values[next++ % COUNT(values)];
  CHECK(vectors_get(&file, name, number, value, TS_SIGNATURE_BYTES_MAX) == length);
  return value;
}

static void load_hooks(void) {
  load_provider(TOKEN_PATH);
  void *module = dlopen(TOKEN_PATH, RTLD_NOW | RTLD_NOLOAD), *symbol;
  CHECK(module != NULL && (symbol = dlsym(module, "ts_hook_put_share")) != NULL);
  memcpy(&put_share, &symbol, sizeof symbol);
  CHECK((symbol = dlsym(module, "ts_hook_put_nonce")) != NULL);
  memcpy(&put_nonce, &symbol, sizeof symbol);
  CHECK((symbol = dlsym(module, "ts_hook_seconds_pass")) != NULL);
  memcpy(&seconds_pass, &symbol, sizeof symbol);
}

static size_t call(CK_MECHANISM_TYPE type, const void *parameter, CK_ULONG parameter_length, const uint8_t *data,
                   CK_ULONG length, uint8_t *out, CK_ULONG capacity) {
  CK_MECHANISM mechanism = {type, (void *)(uintptr_t)parameter, parameter_length};
  EXPECT(CKR_OK, p11->C_SignInit(session, &mechanism, pair[1]));
  EXPECT(CKR_OK, p11->C_Sign(session, (CK_BYTE *)(uintptr_t)data, length, out, &capacity));
  return capacity;
}

/* A token that is this module of a domain, with a life begun. */
static void open_token(uint16_t number, test_domain *domain) {
  static const uint8_t nothing[8];
  CK_OBJECT_HANDLE handle;
  uint8_t out[8];
  new_token();
  session = user_session();
  EXPECT(CKR_OK, generate_identity(session, pair));
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  test_domain_make_as(session, number, domain);
  EXPECT(CKR_OK, pin_bytes(session, domain->genesis, domain->genesis_length, &handle));
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_OK, log_in(session, CKU_USER, USER_PIN));
  CK_OBJECT_CLASS class = CKO_PRIVATE_KEY; /* a restart of login gives new handles to what is private */
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, BYTES("vote"), 4}};
  CHECK(find(session, list, COUNT(list), &pair[1]) == 1);
  CHECK(call(CKM_TS_INCARNATION, nothing, 8, nothing, 1, out, sizeof out) == 8 && out[7] == 1);
}

/* The published share, and the published nonces in place of the one that is announced first. */
static void put_figures(const ts_suite *suite, uint16_t number) {
  const ts_group *group = suite->group;
  uint8_t parameter[3] = {group->id, 0, 1}, out[512];
  ts_hook_key key = {.suite = suite->id, .min_signers = 2, .participants = {1, 2, 3},
                     .public_key = figure("group_public_key", 0, group->element_bytes),
                     .share = figure("participant_share", number, group->scalar_bytes)};
  key.id[0] = suite->id;
  CHECK(put_share(&key));
  (void)call(CKM_TS_ANNOUNCE, parameter, sizeof parameter, parameter, 1, out, sizeof out);
  CHECK(out[8 + 32 + 2 + 8 + 1 + 7] == 0); /* its counter */
  CHECK(put_nonce(group->id, 0, figure("hiding_nonce", number, group->scalar_bytes),
                  figure("binding_nonce", number, group->scalar_bytes)));
}

static size_t write_order(const ts_suite *suite, const uint8_t *message, size_t message_bytes, uint8_t *out,
                          size_t capacity) {
  uint8_t zeros[32] = {0}, digest[32], key[16] = {suite->id};
  size_t element = suite->group->element_bytes;
  ts_writer writer;
  (void)crypto_hash_sha256(digest, message, message_bytes);
  ts_writer_start(&writer, out, capacity);
  ts_write_tag(&writer, "ts.sign1");
  ts_write_fixed(&writer, zeros, 32); /* request */
  ts_write_fixed(&writer, zeros, 32); /* entry */
  ts_write_uint(&writer, 0, 2);
  ts_write_uint(&writer, 1, 2);
  ts_write_fixed(&writer, key, 16);
  ts_write_uint(&writer, 1, 4);
  ts_write_uint(&writer, 1, 4);
  ts_write_uint(&writer, suite->id, 1);
  ts_write_fixed(&writer, digest, 32);
  ts_write_uint(&writer, message_bytes, 8);
  ts_write_uint(&writer, 1000, 8); /* expires */
  ts_write_uint(&writer, 1, 2);
  ts_write_uint(&writer, 0, 4);
  ts_write_uint(&writer, 2, 4);
  for (size_t i = 0; i < 2; i++) {
    ts_write_uint(&writer, SIGNERS[i], 2);
    ts_write_uint(&writer, 1, 8);
    ts_write_uint(&writer, 0, 8);
    ts_write_var(&writer, figure("hiding_nonce_commitment", SIGNERS[i], element), element);
    ts_write_var(&writer, figure("binding_nonce_commitment", SIGNERS[i], element), element);
  }
  CHECK(!writer.failed);
  return (size_t)(writer.at - out);
}

/* A certificate for a batch of this one order, by all members but the token; the token comes to believe its header. */
static void certify(const test_domain *domain, const uint8_t *order, size_t length, uint64_t sequence,
                    uint8_t digest[32]) {
  uint8_t leaf[32], bound[8 + 4 + 32], root[32], zeros[32] = {0}, vote[TS_VOTE_BYTES], signature[64];
  uint8_t certificate[8 + TS_HEADER_BYTES + 8 + 4 + TEST_QUORUM * 66];
  ts_writer writer;
  ts_leaf_hash(order, length, leaf);
  ts_writer_start(&writer, bound, sizeof bound);
  ts_write_tag(&writer, "ts.root1");
  ts_write_uint(&writer, 1, 4);
  ts_write_fixed(&writer, leaf, 32);
  (void)crypto_hash_sha256(root, bound, sizeof bound);
  ts_writer_start(&writer, certificate, sizeof certificate);
  ts_write_tag(&writer, "ts.cert1");
  const uint8_t *header = writer.at;
  ts_write_tag(&writer, "ts.head1");
  ts_write_fixed(&writer, domain->id, 32);
  ts_write_uint(&writer, 0, 8);
  ts_write_fixed(&writer, domain->roster, 32);
  ts_write_uint(&writer, sequence, 8);
  ts_write_uint(&writer, 1, 8); /* time */
  ts_write_fixed(&writer, zeros, 32);
  ts_write_fixed(&writer, root, 32);
  ts_write_uint(&writer, 0, 8); /* view */
  ts_write_uint(&writer, TEST_QUORUM, 4);
  ts_vote_bytes(TS_PHASE_COMMIT, 0, header, vote);
  for (uint16_t i = 0; i < TEST_MEMBERS; i++) {
    if (sodium_is_zero(domain->vote_secrets[i], 64)) continue;
    (void)crypto_sign_detached(signature, NULL, vote, sizeof vote, domain->vote_secrets[i]);
    ts_write_uint(&writer, (uint64_t)i + 1, 2);
    ts_write_fixed(&writer, signature, 64);
  }
  CHECK(!writer.failed && writer.at == writer.end);
  CHECK(call(CKM_TS_CERTIFICATE, NULL, 0, certificate, sizeof certificate, digest, 32) == 32);
}

/* Asks for the share twice: the nonce is used after the first time, and a repeat gets the stored bytes. */
static void sign(const ts_suite *suite, const test_domain *domain, size_t which, size_t signer, ts_result expected) {
  uint8_t message[64], order[1024], data[2048], out[256], digest[32];
  size_t message_bytes = vectors_get(&file, "message", 0, message, sizeof message);
  size_t length = write_order(suite, message, message_bytes, order, sizeof order), scalar = suite->group->scalar_bytes;
  ts_writer writer;
  ts_reader reader;
  certify(domain, order, length, which + 1, digest);
  ts_writer_start(&writer, data, sizeof data);
  ts_write_uint(&writer, 1, 4);
  ts_write_fixed(&writer, digest, 32);
  ts_write_uint(&writer, 0, 4); /* index, of */
  ts_write_uint(&writer, 1, 4); /* count, with */
  ts_write_uint(&writer, 0, 4); /* no path */
  ts_write_var(&writer, order, length);
  ts_write_var(&writer, message, message_bytes);
  CHECK(!writer.failed);
  for (int again = 0; again < 2; again++) {
    size_t answered = call(CKM_TS_SIGN, NULL, 0, data, (CK_ULONG)(writer.at - data), out, sizeof out);
    ts_reader_start(&reader, out, answered);
    CHECK(ts_read_uint(&reader, 4) == 1 && ts_read_uint(&reader, 4) == (uint64_t)expected);
    if (expected != TS_OK) continue;
    ts_bytes share = ts_read_var(&reader, TS_SCALAR_BYTES_MAX);
    CHECK(share.length == scalar);
    CHECK(memcmp(share.data, figure("sig_share", SIGNERS[signer], scalar), scalar) == 0);
    memcpy(partials[which][signer], share.data, scalar);
  }
}

/* Aggregates what the two tokens made. */
static void combine(const ts_suite *suite, size_t which) {
  const ts_group *group = suite->group;
  uint8_t message[64], signature[TS_SIGNATURE_BYTES_MAX];
  size_t message_bytes = vectors_get(&file, "message", 0, message, sizeof message), element = group->element_bytes;
  ts_commitment commitments[2];
  ts_scalar shares[2];
  ts_element key;
  ts_signing signing;
  CHECK(group->decode_vartime(&key, figure("group_public_key", 0, element)));
  for (size_t i = 0; i < 2; i++) {
    commitments[i].identifier = SIGNERS[i];
    memcpy(commitments[i].encoded, figure("hiding_nonce_commitment", SIGNERS[i], element), element);
    memcpy(commitments[i].encoded + element, figure("binding_nonce_commitment", SIGNERS[i], element), element);
    CHECK(group->decode_vartime(&commitments[i].hiding, commitments[i].encoded));
    CHECK(group->decode_vartime(&commitments[i].binding, commitments[i].encoded + element));
    CHECK(group->scalar_decode(&shares[i], partials[which][i]));
  }
  CHECK(ts_frost_begin_vartime(&signing, suite, &key, commitments, 2, message, message_bytes) == TS_FROST_OK);
  ts_frost_aggregate(&signing, shares, signature);
  CHECK(memcmp(signature, figure("sig", 0, suite->signature_bytes), suite->signature_bytes) == 0);
  CHECK(ts_frost_verify_vartime(suite, &key, message, message_bytes, signature));
}

/* A nonce that waited for two hours signs nothing; one that was used before still answers with its share. */
static void old_nonces(void) {
  test_domain domain;
  const ts_suite *used = ts_suite_by_id(SUITES[0].suite), *unused = ts_suite_by_id(SUITES[3].suite);
  open_token(1, &domain);
  vectors_load(&file, VECTORS, SUITES[0].file);
  put_figures(used, 1);
  seconds_pass(NONCE_LIFETIME_S / 2);
  sign(used, &domain, 0, 0, TS_OK);
  vectors_load(&file, VECTORS, SUITES[3].file);
  put_figures(unused, 1);
  seconds_pass(NONCE_LIFETIME_S);
  sign(unused, &domain, 3, 0, TS_UNKNOWN_NONCE);
  vectors_load(&file, VECTORS, SUITES[0].file);
  sign(used, &domain, 0, 0, TS_OK);
  end_token();
}

static CK_RV announce(uint8_t count) {
  static uint8_t out[1 << 14];
  const uint8_t parameter[3] = {TS_GROUP_EDWARDS25519, 0, count};
  CK_ULONG room = sizeof out;
  CK_MECHANISM mechanism = {CKM_TS_ANNOUNCE, (void *)(uintptr_t)parameter, sizeof parameter};
  EXPECT(CKR_OK, p11->C_SignInit(session, &mechanism, pair[1]));
  return p11->C_Sign(session, out, 1, out, &room);
}

/* An announcement that does not fit takes no places; the places of those that expired are free again. */
static void full_pools(void) {
  test_domain domain;
  open_token(1, &domain);
  for (size_t made = 0; made < 2000; made += 100) EXPECT(CKR_OK, announce(100));
  EXPECT(CKR_TS_BASE | TS_NONCES_FULL, announce(128));
  EXPECT(CKR_OK, announce(48));
  EXPECT(CKR_TS_BASE | TS_NONCES_FULL, announce(1));
  seconds_pass(NONCE_LIFETIME_S);
  EXPECT(CKR_OK, announce(128));
  end_token();
}

int main(void) {
  CHECK(sodium_init() >= 0);
  load_hooks();
  for (size_t signer = 0; signer < 2; signer++) {
    test_domain domain;
    open_token(SIGNERS[signer], &domain);
    for (size_t i = 0; i < COUNT(SUITES); i++) {
      const ts_suite *suite = ts_suite_by_id(SUITES[i].suite);
      vectors_load(&file, VECTORS, SUITES[i].file);
      put_figures(suite, SIGNERS[signer]);
      sign(suite, &domain, i, signer, TS_OK);
    }
    end_token();
  }
  for (size_t i = 0; i < COUNT(SUITES); i++) {
    vectors_load(&file, VECTORS, SUITES[i].file);
    combine(ts_suite_by_id(SUITES[i].suite), i);
  }
  old_nonces();
  full_pools();
  return 0;
}
