/* CKM_TS_KEYGEN_FINISH: opens what was dealt to this participant, checks it against the commitments, stores the share,
 * and says so. Data: the order's leaf hash, U32 count, and the second packages in order of participant. The answer's
 * package is a signing.messages.KeygenDone: the signed success, and the verification shares of all. */
#include <sodium.h>
#include <string.h>

#include "keygen.h"
#include "thresign/wipe.h"

/* Finds in a second package what is sealed to this participant. */
static ts_result find_sealed(const ts_ceremony *ceremony, ts_heard *heard, ts_bytes *sealed) {
  const uint8_t *transcript = ts_read_fixed(&heard->body, 32);
  if (memcmp(transcript, ceremony->transcript, 32) != 0) return TS_CULPRIT_TRANSCRIPT;
  if (ts_read_count(&heard->body, TS_MODULES_MAX) != ceremony->count) return TS_CULPRIT_SEALED;
  for (size_t i = 0; i < ceremony->count; i++) {
    ts_bytes one = ts_read_var(&heard->body, 256);
    if (i == ceremony->own) *sealed = one;
  }
  return ts_reader_done(&heard->body) ? TS_OK : TS_CULPRIT_SEALED;
}

/* Opens the sub-share of participant `from` into secret memory. */
static TS_NOINLINE ts_result open_share(const ts_domain *domain, const ts_ceremony *ceremony, size_t from,
                                        ts_bytes sealed, ts_scalar *share) {
  const ts_group *group = ceremony->suite->group;
  uint8_t plain[TS_SCALAR_BYTES_MAX + 32 + 2 + 2], expected[32 + 2 + 2];
  size_t length = (size_t)group->scalar_bytes + sizeof expected;
  ts_writer writer;
  ts_writer_start(&writer, expected, sizeof expected);
  ts_write_fixed(&writer, ceremony->transcript, 32);
  ts_write_uint(&writer, ceremony->participants[from], 2);
  ts_write_uint(&writer, domain->number, 2);
  bool good = sealed.length == length + crypto_box_SEALBYTES &&
              crypto_box_seal_open(plain, sealed.data, sealed.length, ceremony->sealing_keys[ceremony->own],
                                   ceremony->secret->opening_key) == 0 &&
              memcmp(plain + group->scalar_bytes, expected, sizeof expected) == 0 &&
              group->scalar_decode(share, plain);
  ts_wipe(plain, sizeof plain);
  return good ? TS_OK : TS_CULPRIT_SEALED;
}

/* Sum over all participants of their k-th commitments: the polynomial of the key itself, in the exponent. */
static void sum_commitments(const ts_ceremony *ceremony, ts_element *out) {
  const ts_group *group = ceremony->suite->group;
  for (size_t k = 0; k < ceremony->min_signers; k++) {
    out[k] = ceremony->commitments[k];
    for (size_t i = 1; i < ceremony->count; i++)
      group->add(&out[k], &out[k], &ceremony->commitments[i * ceremony->min_signers + k]);
  }
}

/* Feldman's check on the sum first: one multiplication when all are honest; each by itself only to find who is not. */
static ts_result check_shares(const ts_ceremony *ceremony, const ts_scalar *shares, const ts_scalar *sum,
                              const ts_element *polynomial, uint16_t *culprit) {
  uint16_t own = ceremony->participants[ceremony->own];
  ts_element expected;
  ts_dkg_evaluate_points_vartime(ceremony->suite, polynomial, ceremony->min_signers, own, &expected);
  if (ts_dkg_share_matches(ceremony->suite, sum, &expected)) return TS_OK;
  for (size_t i = 0; i < ceremony->count; i++) {
    ts_dkg_evaluate_points_vartime(ceremony->suite, &ceremony->commitments[i * ceremony->min_signers],
                                   ceremony->min_signers, own, &expected);
    if (!ts_dkg_share_matches(ceremony->suite, &shares[i], &expected)) {
      *culprit = ceremony->participants[i];
      return TS_CULPRIT_SHARE;
    }
  }
  return TS_CULPRIT_SHARE;
}

static void hash_packages(const ts_ceremony *ceremony, const ts_heard *heard, uint8_t out[32]) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, (const uint8_t *)"ts.dkgt2", 8);
  crypto_hash_sha256_update(&state, ceremony->transcript, 32);
  for (size_t i = 0; i < ceremony->count; i++)
    crypto_hash_sha256_update(&state, heard[i].whole.data, heard[i].whole.length);
  crypto_hash_sha256_final(&state, out);
}

/* Verification shares of all participants, as a list and as its digest (statements.shares_digest). */
static void write_shares(const ts_ceremony *ceremony, const ts_element *polynomial, ts_writer *list,
                         uint8_t digest[32]) {
  const ts_group *group = ceremony->suite->group;
  uint8_t head[8 + 4];
  ts_writer writer;
  crypto_hash_sha256_state state;
  ts_writer_start(&writer, head, sizeof head);
  ts_write_tag(&writer, "ts.vshr1");
  ts_write_uint(&writer, ceremony->count, 4);
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, head, sizeof head);
  ts_write_uint(list, ceremony->count, 4);
  for (size_t i = 0; i < ceremony->count; i++) {
    ts_element share;
    uint8_t one[4 + TS_ELEMENT_BYTES_MAX], encoded[TS_ELEMENT_BYTES_MAX];
    ts_dkg_evaluate_points_vartime(ceremony->suite, polynomial, ceremony->min_signers, ceremony->participants[i],
                                   &share);
    group->encode(encoded, &share);
    ts_writer_start(&writer, one, sizeof one);
    ts_write_var(&writer, encoded, group->element_bytes);
    crypto_hash_sha256_update(&state, one, (size_t)(writer.at - one));
    ts_write_var(list, encoded, group->element_bytes);
  }
  crypto_hash_sha256_final(&state, digest);
}

/* "tp.kgdn1", the signed success ("ts.dkok1"), the verification shares. */
static bool keep_done(ts_domain *domain, ts_ceremony *ceremony, const ts_element *polynomial,
                      const uint8_t transcript[32]) {
  uint8_t package[TS_PACKAGE_BYTES_MAX], list[4 + TS_MODULES_MAX * (4 + TS_ELEMENT_BYTES_MAX)], digest[32];
  uint8_t key[TS_ELEMENT_BYTES_MAX], signature[64];
  ts_writer writer, shares;
  ts_writer_start(&shares, list, sizeof list);
  write_shares(ceremony, polynomial, &shares, digest);
  ceremony->suite->group->encode(key, &polynomial[0]);
  ts_writer_start(&writer, package, sizeof package);
  ts_write_tag(&writer, "tp.kgdn1");
  const uint8_t *success = writer.at;
  ts_write_tag(&writer, "ts.dkok1");
  ts_write_fixed(&writer, domain->id, 32);
  ts_write_uint(&writer, domain->number, 2);
  ts_write_fixed(&writer, ceremony->leaf, 32);
  ts_write_fixed(&writer, transcript, 32);
  ts_write_var(&writer, key, ceremony->suite->group->element_bytes);
  ts_write_fixed(&writer, digest, 32);
  if (writer.failed || shares.failed) return false;
  ts_domain_sign(domain, success, (size_t)(writer.at - success), signature);
  ts_write_fixed(&writer, signature, sizeof signature);
  ts_write_fixed(&writer, list, (size_t)(shares.at - list));
  return !writer.failed && ts_ceremony_keep(ceremony, 3, package, (size_t)(writer.at - package));
}

/* Stores the share under the key's id. The share passes through secret memory alone. */
static TS_NOINLINE CK_RV store(ts_domain *domain, const ts_ceremony *ceremony, const ts_element *polynomial,
                               const ts_scalar *sum) {
  ts_key key = {.suite = ceremony->suite, .usage = ceremony->usage, .version = ceremony->key_version, .share_epoch = 1,
                .min_signers = ceremony->min_signers, .participant_count = ceremony->count};
  memcpy(key.id, ceremony->key, 16);
  memcpy(key.participants, ceremony->participants, sizeof key.participants);
  key.public_key = polynomial[0];
  uint8_t *encoded = ts_secret_alloc(ceremony->suite->group->scalar_bytes);
  if (encoded == NULL) return CKR_TS_SECRET_MEMORY_FULL;
  ceremony->suite->group->scalar_encode(encoded, sum);
  CK_RV rv = ts_keys_store(domain, &key, encoded);
  ts_secret_free(encoded);
  return rv;
}

/* Opens all sub-shares into `shares` (secret memory, one more place for their sum). */
static TS_NOINLINE ts_result open_all(ts_domain *domain, ts_ceremony *ceremony, ts_heard *heard, ts_scalar *shares,
                                      uint16_t *culprit) {
  const ts_group *group = ceremony->suite->group;
  ts_scalar *sum = &shares[ceremony->count];
  for (size_t i = 0; i < ceremony->count; i++) {
    ts_bytes sealed = {NULL, 0};
    ts_result result = find_sealed(ceremony, &heard[i], &sealed);
    if (result == TS_OK) result = open_share(domain, ceremony, i, sealed, &shares[i]);
    if (result != TS_OK) {
      /* Who saw other first packages may have been sent them by a third, which signed two: nobody is proven. */
      *culprit = result == TS_CULPRIT_TRANSCRIPT ? 0 : ceremony->participants[i];
      return result;
    }
    group->scalar_add(sum, sum, &shares[i]);
  }
  return TS_OK;
}

static CK_RV finish(ts_domain *domain, ts_ceremony *ceremony, ts_reader *reader, uint16_t *culprit,
                    ts_result *result) {
  static ts_heard heard[TS_MODULES_MAX]; /* public; under the library's one lock */
  ts_element polynomial[TS_MODULES_MAX];
  uint8_t transcript[32];
  CK_RV rv = CKR_OK;
  *result = ts_packages_read(domain, ceremony, reader, "ts.dkg21", 2, heard, culprit);
  if (*result != TS_OK) return CKR_OK;
  ts_scalar *shares = ts_secret_alloc((ceremony->count + 1) * sizeof *shares); /* zero: the sum may start */
  if (shares == NULL) return CKR_TS_SECRET_MEMORY_FULL;
  *result = open_all(domain, ceremony, heard, shares, culprit);
  sum_commitments(ceremony, polynomial);
  if (*result == TS_OK)
    *result = check_shares(ceremony, shares, &shares[ceremony->count], polynomial, culprit);
  if (*result == TS_OK) {
    hash_packages(ceremony, heard, transcript);
    rv = store(domain, ceremony, polynomial, &shares[ceremony->count]);
    if (rv == CKR_OK && !keep_done(domain, ceremony, polynomial, transcript)) rv = CKR_HOST_MEMORY;
    if (rv == CKR_OK) ceremony->step = TS_STEP_FINISHED;
  }
  ts_secret_free(shares);
  return rv;
}

static CK_RV finish_run(const ts_request *request, uint8_t *out, size_t *out_length) {
  ts_domain *domain;
  ts_reader reader;
  uint16_t culprit = 0;
  CK_RV rv = CKR_OK;
  ts_result result = ts_domain_as_member(request, &domain);
  if (result != TS_OK) return ts_result_rv(result);
  ts_reader_start(&reader, request->data, request->data_length);
  const uint8_t *leaf = ts_read_fixed(&reader, 32);
  if (reader.failed) return ts_result_rv(TS_MALFORMED);
  ts_ceremony *ceremony = ts_ceremony_find(domain, leaf);
  if (ceremony == NULL) result = TS_CEREMONY_UNKNOWN;
  else if (ceremony->step == TS_STEP_BEGUN) result = TS_CEREMONY_STEP;
  else if (ceremony->step == TS_STEP_DEALT) rv = finish(domain, ceremony, &reader, &culprit, &result);
  if (rv != CKR_OK) return rv;
  if (result == TS_OK && ceremony->secret != NULL) { /* the polynomial has served */
    ts_secret_free(ceremony->secret);
    ceremony->secret = NULL;
  }
  return ts_step_answer(result, culprit, result == TS_OK ? &ceremony->packages[2] : NULL, out, out_length);
}

const ts_mechanism ts_keygen_finish_mechanism = {.type = CKM_TS_KEYGEN_FINISH, .name = "TS_KEYGEN_FINISH",
                                                 .flags = CKF_SIGN, .key_bits = 256, .role = TS_ROLE_VOTE,
                                                 .init = ts_step_init, .length = ts_step_length, .run = finish_run};
