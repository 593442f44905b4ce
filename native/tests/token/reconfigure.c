/* CKM_TS_RECONFIGURE: a token follows certified rosters only, one by one, across restarts and a full disk; it signs before it
 * joined and after it left nothing but that it would join. What makes a good certificate: tests/certificate. */
#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>

#include "genesis.h"
#include "harness.h"
#include "thresign/result.h"

static CK_SESSION_HANDLE session;
static CK_OBJECT_HANDLE vote_key;
static test_domain domain;

static void find_vote_key(void) {
  CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE list[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, BYTES("vote"), 4}};
  CHECK(find(session, list, COUNT(list), &vote_key) == 1);
}

static void again(void) {
  restart();
  session = user_session();
  find_vote_key();
}

/* A token with this number in the genesis; 0: in no place. */
static void open_token(uint16_t number) {
  CK_OBJECT_HANDLE pair[2], handle;
  new_token();
  session = user_session();
  EXPECT(CKR_OK, generate_identity(session, pair));
  EXPECT(CKR_OK, p11->C_Logout(session));
  EXPECT(CKR_OK, log_in(session, CKU_SO, SO_PIN));
  test_domain_make_as(session, number, &domain);
  EXPECT(CKR_OK, pin_bytes(session, domain.genesis, domain.genesis_length, &handle));
  EXPECT(CKR_OK, p11->C_CloseAllSessions(0));
  again();
}

static CK_RV call(CK_MECHANISM_TYPE type, const uint8_t *data, size_t length, uint8_t *out, size_t capacity) {
  CK_MECHANISM mechanism = {type, NULL, 0};
  CK_ULONG room = capacity;
  EXPECT(CKR_OK, p11->C_SignInit(session, &mechanism, vote_key));
  return p11->C_Sign(session, (CK_BYTE *)(uintptr_t)data, length, out, &room);
}

/* ---- Rosters ------------------------------------------------------------------------------------------------------------- */

typedef struct roster {
  uint8_t bytes[1024];
  size_t length;
  uint8_t digest[32];
} roster;

/* The members with these numbers; `own` is the token. The others' keys come from the number. */
static void make_roster(uint64_t epoch, const uint16_t *numbers, size_t count, uint16_t own, roster *out) {
  ts_writer writer;
  uint64_t f = (count - 1) / 3;
  ts_writer_start(&writer, out->bytes, sizeof out->bytes);
  ts_write_tag(&writer, "ts.rost1");
  ts_write_uint(&writer, epoch, 8);
  ts_write_uint(&writer, f, 2);
  ts_write_uint(&writer, (count + f + 2) / 2, 2);
  ts_write_uint(&writer, count, 4);
  for (size_t i = 0; i < count; i++) {
    uint8_t vote[32], sealing[32], seed[32] = {(uint8_t)numbers[i]}, secret[64];
    uint8_t name = (uint8_t)('a' + numbers[i] - 1);
    (void)crypto_sign_seed_keypair(vote, secret, seed);
    (void)crypto_box_seed_keypair(sealing, secret, seed);
    if (numbers[i] == own) {
      test_public_key(session, "vote", vote);
      test_public_key(session, "sealing", sealing);
    }
    ts_write_uint(&writer, numbers[i], 2);
    ts_write_var(&writer, &name, 1);
    ts_write_fixed(&writer, vote, 32);
    ts_write_fixed(&writer, sealing, 32);
  }
  CHECK(!writer.failed);
  out->length = (size_t)(writer.at - out->bytes);
  (void)crypto_hash_sha256(out->digest, out->bytes, out->length);
}

/* The succession from one roster to the next, with these members' checkpoints. */
static size_t make_succession(uint64_t epoch, const uint8_t old[32], const roster *next, const uint16_t *voters,
                              size_t count, uint8_t out[4096]) {
  uint8_t zeros[32] = {0};
  ts_writer writer;
  ts_writer_start(&writer, out, 4096);
  ts_write_tag(&writer, "ts.succ1");
  ts_write_tag(&writer, "ts.ckcr1");
  const uint8_t *said = writer.at;
  ts_write_fixed(&writer, domain.id, 32);
  ts_write_uint(&writer, epoch, 8);
  ts_write_fixed(&writer, old, 32);
  ts_write_uint(&writer, 64 * (epoch + 1), 8);
  ts_write_fixed(&writer, zeros, 32);
  ts_write_fixed(&writer, zeros, 32);
  ts_write_fixed(&writer, next->digest, 32);
  size_t length = (size_t)(writer.at - said);
  ts_write_uint(&writer, count, 4);
  for (size_t i = 0; i < count; i++) {
    uint8_t message[512] = "ts.chkp1", key[32], secret[64], seed[32] = {(uint8_t)voters[i]}, signature[64];
    memcpy(message + 8, said, length);
    message[8 + length] = (uint8_t)(voters[i] >> 8);
    message[8 + length + 1] = (uint8_t)voters[i];
    (void)crypto_sign_seed_keypair(key, secret, seed);
    (void)crypto_sign_detached(signature, NULL, message, 8 + length + 2, secret);
    ts_write_uint(&writer, voters[i], 2);
    ts_write_fixed(&writer, signature, 64);
  }
  ts_write_fixed(&writer, next->bytes, next->length);
  CHECK(!writer.failed);
  return (size_t)(writer.at - out);
}

static void expect_pinned(uint64_t epoch, const uint8_t digest[32]) {
  uint8_t nothing = 0, out[40];
  EXPECT(CKR_OK, call(CKM_TS_RECONFIGURE, &nothing, 1, out, sizeof out));
  CHECK(out[7] == epoch && memcmp(out + 8, digest, 32) == 0);
}

/* ---- What is signed under a roster --------------------------------------------------------------------------------------- */

static CK_RV vote_under(uint64_t epoch, const uint8_t digest[32]) {
  uint8_t header[TS_HEADER_BYTES], vote[TS_VOTE_BYTES], zeros[32] = {0}, signature[64];
  ts_writer writer;
  ts_writer_start(&writer, header, sizeof header);
  ts_write_tag(&writer, "ts.head1");
  ts_write_fixed(&writer, domain.id, 32);
  ts_write_uint(&writer, epoch, 8);
  ts_write_fixed(&writer, digest, 32);
  ts_write_uint(&writer, 1, 8);
  ts_write_uint(&writer, 1, 8);
  ts_write_fixed(&writer, zeros, 32);
  ts_write_fixed(&writer, zeros, 32);
  ts_vote_bytes(TS_PHASE_COMMIT, 0, header, vote);
  return call(CKM_TS_VOTE, vote, sizeof vote, signature, sizeof signature);
}

static CK_RV presence_of(uint16_t number) {
  uint8_t said[8 + 32 + 2 + 16] = "ts.here1", signature[64];
  memcpy(said + 8, domain.id, 32);
  said[41] = (uint8_t)number;
  return call(CKM_TS_STATEMENT, said, sizeof said, signature, sizeof signature);
}

/* A statement of the kinds that count under one roster. Were a checkpoint of an epoch that is over among them, q of those
 * would end it a second time, with another roster. */
static CK_RV statement_under(uint64_t epoch, const uint8_t digest[32], const char *tag, uint16_t number) {
  uint8_t said[8 + 176 + 2], signature[64];
  ts_writer writer;
  memset(said, 0x5a, sizeof said);
  ts_writer_start(&writer, said, sizeof said);
  ts_write_tag(&writer, tag);
  ts_write_fixed(&writer, domain.id, 32);
  ts_write_uint(&writer, epoch, 8);
  ts_write_fixed(&writer, digest, 32);
  size_t at = strcmp(tag, "ts.chkp1") == 0 ? 184 : strcmp(tag, "ts.hrzn1") == 0 ? 80 : 88;
  said[at] = (uint8_t)(number >> 8);
  said[at + 1] = (uint8_t)number;
  return call(CKM_TS_STATEMENT, said, sizeof said, signature, sizeof signature);
}

static void expect_statements(CK_RV expected, uint64_t epoch, const uint8_t digest[32], uint16_t number) {
  static const char *const TAGS[] = {"ts.chkp1", "ts.vchg1", "ts.newv1", "ts.hrzn1"};
  for (size_t i = 0; i < COUNT(TAGS); i++) EXPECT(expected, statement_under(epoch, digest, TAGS[i], number));
}

/* That the token would be this member; with a bit of its sealing key changed if `bent`. */
static CK_RV joining_as(uint16_t number, bool bent) {
  uint8_t said[256], vote[32], sealing[32], signature[64], name = 'e';
  ts_writer writer;
  test_public_key(session, "vote", vote);
  test_public_key(session, "sealing", sealing);
  sealing[0] ^= bent;
  ts_writer_start(&writer, said, sizeof said);
  ts_write_tag(&writer, "ts.join1");
  ts_write_fixed(&writer, domain.id, 32);
  ts_write_uint(&writer, number, 2);
  ts_write_var(&writer, &name, 1);
  ts_write_fixed(&writer, vote, 32);
  ts_write_fixed(&writer, sealing, 32);
  size_t length = (size_t)(writer.at - said);
  CK_RV rv = call(CKM_TS_STATEMENT, said, length, signature, sizeof signature);
  if (rv == CKR_OK) CHECK(crypto_sign_verify_detached(signature, said, length, vote) == 0);
  return rv;
}

/* ---- The tests ----------------------------------------------------------------------------------------------------------- */

static const uint16_t OTHERS[] = {2, 3, 4}, FIVE[] = {1, 2, 3, 4, 5}, WITHOUT[] = {2, 3, 4, 5};

#define REFUSED(result) (CKR_TS_BASE | (result))

static void a_member(void) {
  roster five, without, two_more;
  uint8_t out[40];
  static uint8_t joins[4096], leaves[4096], wrong[4096];
  static const uint16_t SIX[] = {1, 2, 3, 4, 5, 6}, FOUR_OF_FIVE[] = {2, 3, 4, 5};
  open_token(1);
  make_roster(1, FIVE, 5, 1, &five);
  make_roster(2, WITHOUT, 4, 1, &without);
  make_roster(1, SIX, 6, 1, &two_more);
  size_t length = make_succession(0, domain.roster, &five, OTHERS, 3, joins);
  size_t leaves_length = make_succession(1, five.digest, &without, FOUR_OF_FIVE, 4, leaves);

  size_t bad = make_succession(0, domain.roster, &five, OTHERS, 2, wrong);
  EXPECT(REFUSED(TS_TOO_FEW_VOTES), call(CKM_TS_RECONFIGURE, wrong, bad, out, sizeof out));
  bad = make_succession(0, domain.roster, &two_more, OTHERS, 3, wrong);
  EXPECT(REFUSED(TS_ROSTER_CHANGE), call(CKM_TS_RECONFIGURE, wrong, bad, out, sizeof out));
  EXPECT(REFUSED(TS_OTHER_ROSTER_EPOCH), call(CKM_TS_RECONFIGURE, leaves, leaves_length, out, sizeof out)); /* skips one */
  joins[length - 1] ^= 1;
  EXPECT(REFUSED(TS_OTHER_NEXT_ROSTER), call(CKM_TS_RECONFIGURE, joins, length, out, sizeof out));
  joins[length - 1] ^= 1;
  expect_pinned(0, domain.roster);
  EXPECT(CKR_OK, vote_under(0, domain.roster));
  EXPECT(REFUSED(TS_OTHER_ROSTER_EPOCH), vote_under(1, five.digest));
  expect_statements(CKR_OK, 0, domain.roster, 1);
  expect_statements(REFUSED(TS_STATEMENT_NUMBER), 0, domain.roster, 2);
  expect_statements(REFUSED(TS_OTHER_ROSTER_EPOCH), 1, five.digest, 1);
  EXPECT(REFUSED(TS_STATEMENT_KIND), joining_as(5, false)); /* it has joined */

  struct rlimit before, small; /* a disk that is full leaves the token under the old roster, whole */
  CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && getrlimit(RLIMIT_FSIZE, &before) == 0);
  small = (struct rlimit){.rlim_cur = 300, .rlim_max = before.rlim_max};
  CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
  EXPECT(CKR_TS_STORE_WRITE, call(CKM_TS_RECONFIGURE, joins, length, out, sizeof out));
  CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
  expect_pinned(0, domain.roster);
  again();
  expect_pinned(0, domain.roster);

  EXPECT(CKR_OK, call(CKM_TS_RECONFIGURE, joins, length, out, sizeof out));
  for (int restarted = 0; restarted < 2; restarted++) {
    expect_pinned(1, five.digest);
    EXPECT(CKR_OK, vote_under(1, five.digest));
    EXPECT(REFUSED(TS_OTHER_ROSTER_EPOCH), vote_under(0, domain.roster));
    EXPECT(REFUSED(TS_OTHER_ROSTER), vote_under(1, domain.roster));
    expect_statements(CKR_OK, 1, five.digest, 1);
    expect_statements(REFUSED(TS_OTHER_ROSTER_EPOCH), 0, domain.roster, 1);
    expect_statements(REFUSED(TS_OTHER_ROSTER), 1, domain.roster, 1);
    EXPECT(REFUSED(TS_OTHER_ROSTER_EPOCH), call(CKM_TS_RECONFIGURE, joins, length, out, sizeof out)); /* never again */
    EXPECT(CKR_OK, presence_of(1));
    if (restarted == 0) again();
  }
  EXPECT(CKR_OK, call(CKM_TS_RECONFIGURE, leaves, leaves_length, out, sizeof out));
  for (int restarted = 0; restarted < 2; restarted++) { /* it has left: the keys are there, and sign nothing */
    expect_pinned(2, without.digest);
    EXPECT(REFUSED(TS_NOT_A_MEMBER), vote_under(2, without.digest));
    EXPECT(REFUSED(TS_NOT_A_MEMBER), vote_under(1, five.digest));
    EXPECT(REFUSED(TS_NOT_A_MEMBER), presence_of(1));
    EXPECT(REFUSED(TS_NOT_A_MEMBER), presence_of(0));
    if (restarted == 0) again();
  }
  end_token();
}

static void a_candidate(void) {
  roster five;
  uint8_t out[40];
  static uint8_t joins[4096];
  open_token(0);
  make_roster(1, FIVE, 5, 5, &five);
  size_t length = make_succession(0, domain.roster, &five, OTHERS, 3, joins);
  for (int restarted = 0; restarted < 2; restarted++) {
    expect_pinned(0, domain.roster);
    EXPECT(REFUSED(TS_NOT_A_MEMBER), vote_under(0, domain.roster));
    for (uint16_t number = 0; number < 6; number++) EXPECT(REFUSED(TS_NOT_A_MEMBER), presence_of(number));
    EXPECT(CKR_OK, joining_as(5, false));
    EXPECT(REFUSED(TS_NOT_A_MEMBER), joining_as(5, true));
    EXPECT(REFUSED(TS_NOT_A_MEMBER), joining_as(0, false));
    domain.id[0] ^= 1;
    EXPECT(REFUSED(TS_OTHER_DOMAIN), joining_as(5, false));
    domain.id[0] ^= 1;
    if (restarted == 0) again();
  }
  EXPECT(CKR_OK, call(CKM_TS_RECONFIGURE, joins, length, out, sizeof out));
  for (int restarted = 0; restarted < 2; restarted++) {
    EXPECT(CKR_OK, vote_under(1, five.digest));
    EXPECT(CKR_OK, presence_of(5));
    EXPECT(REFUSED(TS_STATEMENT_NUMBER), presence_of(1));
    if (restarted == 0) again();
  }
  end_token();
}

int main(void) {
  load_provider(TOKEN_PATH);
  a_member();
  a_candidate();
  return 0;
}
