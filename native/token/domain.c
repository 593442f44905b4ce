/* The trust domain that this token belongs to: pinned once, loaded at login, gone at logout. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "threshold.h"
#include "thresign/wipe.h"

CK_RV ts_result_rv(ts_result result) { return result == TS_OK ? CKR_OK : CKR_TS_BASE | (CK_RV)result; }

bool ts_domain_is_self(const ts_slot *slot, const uint8_t vote_key[32], const uint8_t sealing_key[32]) {
  const uint8_t *vote = ts_identity_vote_public(slot), *sealing = ts_identity_sealing_public(slot);
  return vote != NULL && sealing != NULL && memcmp(vote_key, vote, 32) == 0 && memcmp(sealing_key, sealing, 32) == 0;
}

uint16_t ts_domain_own_number(const ts_slot *slot, const ts_roster *roster) {
  for (size_t i = 0; i < roster->count; i++)
    if (ts_domain_is_self(slot, roster->members[i].vote_key, roster->members[i].sealing_key))
      return roster->members[i].number;
  return 0;
}

/* The binding of every stored secret is the domain's id: the digest of these bytes. A token that the genesis does not
 * name may pin it to join later: until a certified roster has its keys it signs nothing but that it would join. */
CK_RV ts_genesis_pin(ts_change *change, const uint8_t *bytes, size_t length, uint8_t binding[TS_BINDING_BYTES]) {
  ts_roster roster;
  const ts_slot *slot = ts_change_slot(change);
  if (length > TS_GENESIS_BYTES_MAX) return CKR_TS_GENESIS_INVALID;
  if (ts_identity_vote_public(slot) == NULL) return ts_result_rv(TS_NOT_A_MEMBER); /* nobody could join */
  return ts_result_rv(ts_genesis_parse(bytes, length, binding, &roster));
}

/* The roster is the genesis', until a certified one was stored in its place (reconfigure.c). */
static ts_result load(ts_domain *domain) {
  const uint8_t *bytes;
  size_t length;
  if (ts_record_get(domain->slot, "genesis", &bytes, &length) != CKR_OK) return TS_OK; /* not pinned yet */
  ts_result result = ts_genesis_parse(bytes, length, domain->id, &domain->roster);
  if (result == TS_OK && ts_record_get(domain->slot, TS_ROSTER_RECORD, &bytes, &length) == CKR_OK)
    result = ts_roster_parse(bytes, length, &domain->roster);
  if (result == TS_OK) domain->number = ts_domain_own_number(domain->slot, &domain->roster);
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

ts_result ts_domain_as_member(const ts_request *request, ts_domain **domain) {
  ts_result result = ts_domain_of(request, domain);
  return result == TS_OK && (*domain)->number == 0 ? TS_NOT_A_MEMBER : result;
}

void ts_domain_sign(const ts_domain *domain, const uint8_t *message, size_t length, uint8_t signature[64]) {
  (void)crypto_sign_detached(signature, NULL, message, length, ts_identity_vote_secret(domain->slot));
}

int ts_domain_place(const ts_domain *domain, uint16_t number) {
  for (size_t i = 0; i < domain->roster.count; i++)
    if (domain->roster.members[i].number == number) return (int)i;
  return -1;
}
