/* The trust domain that this token belongs to: pinned once, loaded at login, gone at logout. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "threshold.h"
#include "thresign/wipe.h"

CK_RV ts_result_rv(ts_result result) { return result == TS_OK ? CKR_OK : CKR_TS_BASE | (CK_RV)result; }

/* The number under which the roster has both of this token's public keys. */
static ts_result own_number(const ts_slot *slot, const ts_roster *roster, uint16_t *number) {
  const uint8_t *vote = ts_identity_vote_public(slot), *sealing = ts_identity_sealing_public(slot);
  if (vote == NULL || sealing == NULL) return TS_NOT_A_MEMBER;
  for (size_t i = 0; i < roster->count; i++) {
    const ts_member *member = &roster->members[i];
    if (memcmp(member->vote_key, vote, 32) == 0 && memcmp(member->sealing_key, sealing, 32) == 0) {
      *number = member->number;
      return TS_OK;
    }
  }
  return TS_NOT_A_MEMBER;
}

/* The binding of every stored secret is the domain's id: the digest of these bytes. */
CK_RV ts_genesis_pin(ts_change *change, const uint8_t *bytes, size_t length, uint8_t binding[TS_BINDING_BYTES]) {
  ts_roster roster;
  uint16_t number;
  if (length > TS_GENESIS_BYTES_MAX) return CKR_TS_GENESIS_INVALID;
  ts_result result = ts_genesis_parse(bytes, length, binding, &roster);
  if (result == TS_OK) result = own_number(ts_change_slot(change), &roster, &number);
  return ts_result_rv(result);
}

static ts_result load(ts_domain *domain) {
  const uint8_t *genesis;
  size_t length;
  if (ts_record_get(domain->slot, "genesis", &genesis, &length) != CKR_OK) return TS_OK; /* not pinned yet */
  ts_result result = ts_genesis_parse(genesis, length, domain->id, &domain->roster);
  if (result == TS_OK) result = own_number(domain->slot, &domain->roster, &domain->number);
  if (result == TS_OK) result = ts_keys_load(domain);
  domain->pinned = result == TS_OK;
  return result;
}

CK_RV ts_extension_login(ts_slot *slot) {
  ts_domain *domain = calloc(1, sizeof *domain);
  if (domain == NULL) return CKR_HOST_MEMORY;
  domain->slot = slot;
  *ts_slot_extension(slot) = domain;
  ts_result result = load(domain);
  if (result != TS_OK) ts_extension_logout(slot);
  return ts_result_rv(result);
}

void ts_extension_logout(ts_slot *slot) {
  ts_domain *domain = *ts_slot_extension(slot);
  if (domain == NULL) return;
  ts_nonces_end(domain);
  ts_ceremonies_end(domain);
  ts_learned_end(domain);
  ts_keys_end(domain);
  ts_wipe(&domain->work, sizeof domain->work);
  free(domain);
  *ts_slot_extension(slot) = NULL;
}

ts_result ts_domain_of(const ts_request *request, ts_domain **domain) {
  *domain = *ts_slot_extension(request->slot);
  return *domain != NULL && (*domain)->pinned ? TS_OK : TS_NOT_PINNED;
}

void ts_domain_sign(const ts_domain *domain, const uint8_t *message, size_t length, uint8_t signature[64]) {
  (void)crypto_sign_detached(signature, NULL, message, length, ts_identity_vote_secret(domain->slot));
}

int ts_domain_place(const ts_domain *domain, uint16_t number) {
  for (size_t i = 0; i < domain->roster.count; i++)
    if (domain->roster.members[i].number == number) return (int)i;
  return -1;
}
