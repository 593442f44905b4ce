/* Other members' nonce commitments. They are checked (signature, canonical, prime order, not the identity) and decoded when
 * they are announced, off the hot path, and kept decoded; an order whose commitments are not here is decoded on the
 * spot. What is kept is public. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "threshold.h"

void ts_learned_end(ts_domain *domain) {
  for (size_t i = 0; i < TS_MODULES_MAX; i++)
    for (size_t g = 0; g < TS_GROUPS_MAX; g++) free(domain->learned[i][g].entries);
  memset(domain->learned, 0, sizeof domain->learned);
}

static ts_result decode_pair(const ts_group *group, const uint8_t *encoded, ts_element *hiding, ts_element *binding) {
  ts_element pair[2];
  size_t bad;
  if (!group->decode_batch_vartime(pair, encoded, 2, &bad)) return TS_COMMITMENT_INVALID;
  *hiding = pair[0];
  *binding = pair[1];
  return TS_OK;
}

ts_result ts_learned_find(ts_domain *domain, const ts_group *group, const ts_signer_slot *signer,
                          ts_commitment *out) {
  size_t element = group->element_bytes;
  int place = ts_domain_place(domain, signer->number);
  if (signer->hiding.length != element || signer->binding.length != element) return TS_COMMITMENT_INVALID;
  out->identifier = signer->number;
  memcpy(out->encoded, signer->hiding.data, element);
  memcpy(out->encoded + element, signer->binding.data, element);
  /* An order of the roster before may name a signer that has left: it holds the key, or the order is refused. */
  const ts_learned_pool *pool = place < 0 ? NULL : &domain->learned[place][group->id];
  if (pool != NULL && pool->entries != NULL && pool->incarnation == signer->incarnation) {
    const ts_learned *entry = &pool->entries[signer->counter % TS_LEARNED_MAX];
    if (entry->valid && entry->counter == signer->counter && memcmp(entry->encoded, out->encoded, 2 * element) == 0) {
      out->hiding = entry->hiding;
      out->binding = entry->binding;
      return TS_OK;
    }
  }
  return decode_pair(group, out->encoded, &out->hiding, &out->binding);
}

typedef struct announcement {
  uint16_t number;
  uint64_t incarnation, first;
  const ts_group *group;
  ts_bytes pairs;
} announcement;

static ts_result read_announcement(const ts_domain *domain, const uint8_t *data, size_t length, announcement *out) {
  ts_reader reader;
  ts_reader_start(&reader, data, length);
  ts_read_tag(&reader, "ts.anno1");
  const uint8_t *id = ts_read_fixed(&reader, 32);
  out->number = (uint16_t)ts_read_uint(&reader, 2);
  out->incarnation = ts_read_uint(&reader, 8);
  out->group = ts_group_by_id((unsigned)ts_read_uint(&reader, 1));
  out->first = ts_read_uint(&reader, 8);
  out->pairs = ts_read_var(&reader, TS_ANNOUNCE_MAX * 2 * TS_ELEMENT_BYTES_MAX);
  const uint8_t *signature = ts_read_fixed(&reader, 64);
  if (!ts_reader_done(&reader) || out->group == NULL || out->pairs.length == 0 ||
      out->pairs.length % (2u * out->group->element_bytes) != 0)
    return TS_MALFORMED;
  if (memcmp(id, domain->id, 32) != 0) return TS_OTHER_DOMAIN;
  const ts_member *member = ts_roster_member(&domain->roster, out->number);
  if (member == NULL) return TS_UNKNOWN_VOTER;
  if (crypto_sign_verify_detached(signature, data, length - 64, member->vote_key) != 0)
    return TS_ANNOUNCEMENT_SIGNATURE;
  return TS_OK;
}

/* All elements of the announcement, decoded together. Returns NULL with *result set if one is not valid. */
static ts_element *decode_all(const announcement *heard, ts_result *result) {
  size_t count = heard->pairs.length / heard->group->element_bytes, bad;
  ts_element *elements = malloc(count * sizeof *elements);
  *result = TS_OK;
  if (elements != NULL && heard->group->decode_batch_vartime(elements, heard->pairs.data, count, &bad)) return elements;
  if (elements != NULL) *result = TS_COMMITMENT_INVALID;
  free(elements);
  return NULL;
}

static ts_learned_pool *pool_of(ts_domain *domain, const announcement *heard) {
  ts_learned_pool *pool = &domain->learned[ts_domain_place(domain, heard->number)][heard->group->id];
  if (pool->entries == NULL) pool->entries = calloc(TS_LEARNED_MAX, sizeof *pool->entries);
  if (pool->entries != NULL && pool->incarnation < heard->incarnation) {
    memset(pool->entries, 0, TS_LEARNED_MAX * sizeof *pool->entries);
    pool->incarnation = heard->incarnation;
  }
  return pool;
}

static CK_RV learn_run(const ts_request *request, uint8_t *out, size_t *out_length) {
  ts_domain *domain;
  announcement heard;
  ts_result result = ts_domain_of(request, &domain);
  if (result == TS_OK) result = read_announcement(domain, request->data, request->data_length, &heard);
  if (result != TS_OK) return ts_result_rv(result);
  ts_element *elements = decode_all(&heard, &result);
  if (elements == NULL) return result == TS_OK ? CKR_HOST_MEMORY : ts_result_rv(result);
  ts_learned_pool *pool = pool_of(domain, &heard);
  if (pool->entries != NULL && pool->incarnation == heard.incarnation) {
    size_t pair = 2 * (size_t)heard.group->element_bytes;
    for (size_t i = 0; i < heard.pairs.length / pair; i++) {
      ts_learned *entry = &pool->entries[(heard.first + i) % TS_LEARNED_MAX];
      entry->counter = heard.first + i;
      entry->valid = true;
      memcpy(entry->encoded, heard.pairs.data + i * pair, pair);
      entry->hiding = elements[2 * i];
      entry->binding = elements[2 * i + 1];
    }
  }
  free(elements);
  out[0] = 1;
  *out_length = 1;
  return CKR_OK;
}

static CK_RV learn_length(const ts_request *request, size_t *out_length) {
  (void)request;
  *out_length = 1;
  return CKR_OK;
}

const ts_mechanism ts_learn_mechanism = {.type = CKM_TS_LEARN, .name = "TS_LEARN", .flags = CKF_SIGN, .key_bits = 256,
                                         .role = TS_ROLE_VOTE, .length = learn_length, .run = learn_run};
