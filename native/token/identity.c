/* CKM_TS_IDENTITY: what a token is, before it belongs to any trust domain. The first user of the vendor table. */
#include <string.h>

#include "internal.h"

/* The kinds in the order in which they are made; the first two answer C_GenerateKeyPair. */
static const struct { enum ts_kind kind; const char *name; } parts[] = {
  {TS_KIND_VOTE_PUBLIC, TS_NAME_VOTE_PUBLIC},       {TS_KIND_VOTE_PRIVATE, TS_NAME_VOTE},
  {TS_KIND_SEALING_PUBLIC, TS_NAME_SEALING_PUBLIC}, {TS_KIND_SEALING_PRIVATE, TS_NAME_SEALING},
  {TS_KIND_RECORD, TS_NAME_HEDGE},
};
#define PARTS (sizeof parts / sizeof parts[0])
enum { VOTE_PUBLIC, VOTE, SEALING_PUBLIC, SEALING, HEDGE };

/* The objects with their attributes, and no keys yet. The templates speak of the vote key alone. */
static CK_RV make_objects(const ts_template templates[2], ts_object *objects[PARTS]) {
  CK_BBOOL yes = CK_TRUE;
  const CK_ATTRIBUTE private = {CKA_PRIVATE, &yes, sizeof yes};
  for (size_t i = 0; i < PARTS; i++) {
    objects[i] = ts_object_new();
    if (objects[i] == NULL) return CKR_HOST_MEMORY;
    memcpy(objects[i]->name, parts[i].name, strlen(parts[i].name));
    ts_attributes *attributes = &objects[i]->attributes;
    CK_RV rv = i < 2        ? ts_policy_apply(parts[i].kind, templates[i].attributes, templates[i].count, attributes)
               : i == HEDGE ? ts_policy_apply(parts[i].kind, &private, 1, attributes)
                            : ts_policy_apply(parts[i].kind, NULL, 0, attributes);
    if (rv == CKR_OK && i != HEDGE) rv = ts_attributes_set_ulong(attributes, CKA_KEY_GEN_MECHANISM, CKM_TS_IDENTITY);
    bool is_public = i == VOTE_PUBLIC || i == SEALING_PUBLIC;
    if (rv == CKR_OK && is_public) rv = ts_attributes_set_bool(attributes, CKA_LOCAL, true);
    if (rv != CKR_OK) return rv;
  }
  return CKR_OK;
}

static CK_RV make_secret(ts_object *object, size_t length) {
  object->secret = ts_secret_alloc(length);
  object->secret_length = length;
  return object->secret == NULL ? CKR_TS_SECRET_MEMORY_FULL : CKR_OK;
}

static CK_RV make_keys(ts_object *objects[PARTS]) {
  uint8_t vote[TS_VOTE_PUBLIC_BYTES], sealing[TS_SEALING_PUBLIC_BYTES];
  CK_RV rv = make_secret(objects[VOTE], TS_VOTE_SECRET_BYTES);
  if (rv == CKR_OK) rv = make_secret(objects[SEALING], TS_SEALING_SECRET_BYTES);
  if (rv == CKR_OK) rv = make_secret(objects[HEDGE], TS_HEDGE_BYTES);
  if (rv != CKR_OK) return rv;
  (void)crypto_sign_keypair(vote, objects[VOTE]->secret);
  (void)crypto_box_keypair(sealing, objects[SEALING]->secret);
  randombytes_buf(objects[HEDGE]->secret, TS_HEDGE_BYTES);
  rv = ts_policy_set_curve(&objects[VOTE_PUBLIC]->attributes, false, vote);
  if (rv == CKR_OK) rv = ts_policy_set_curve(&objects[VOTE]->attributes, false, NULL);
  if (rv == CKR_OK) rv = ts_policy_set_curve(&objects[SEALING_PUBLIC]->attributes, true, sealing);
  if (rv == CKR_OK) rv = ts_policy_set_curve(&objects[SEALING]->attributes, true, NULL);
  return rv;
}

static CK_RV identity_generate(const ts_request *request, const ts_template templates[2], ts_object *pair[2]) {
  ts_object *objects[PARTS] = {NULL};
  ts_change *change = NULL;
  if (request->parameter_length != 0) return CKR_MECHANISM_PARAM_INVALID;
  if (ts_slot_named(request->slot, TS_NAME_VOTE) != NULL) return CKR_TS_IDENTITY_EXISTS;
  CK_RV rv = make_objects(templates, objects);
  if (rv == CKR_OK) rv = make_keys(objects);
  if (rv == CKR_OK) rv = ts_change_begin(request->slot, &change);
  if (rv != CKR_OK) {
    for (size_t i = 0; i < PARTS; i++) ts_object_free(objects[i]);
    return rv;
  }
  for (size_t i = 0; i < PARTS; i++) (void)ts_change_add(change, objects[i]);
  rv = ts_change_commit(change);
  if (rv != CKR_OK) return rv;
  pair[0] = objects[VOTE_PUBLIC];
  pair[1] = objects[VOTE];
  return CKR_OK;
}

const ts_mechanism ts_identity_mechanism = {
  .type = CKM_TS_IDENTITY, .name = "CKM_TS_IDENTITY", .flags = CKF_GENERATE_KEY_PAIR, .key_bits = 256,
  .role = TS_ROLE_NONE, .generate = identity_generate,
};

/* ---- What extensions see --------------------------------------------------------------------------------------- */

static const uint8_t *secret_of(const ts_slot *slot, const char *name, size_t length) {
  const ts_object *object = slot->login == TS_LOGIN_USER ? ts_slot_named(slot, name) : NULL;
  return object != NULL && object->secret_length == length ? object->secret : NULL;
}

static const uint8_t *public_of(const ts_slot *slot, const char *name) {
  const ts_object *object = slot->authenticated ? ts_slot_named(slot, name) : NULL;
  const ts_attribute *point = object == NULL ? NULL : ts_attributes_get(&object->attributes, CKA_EC_POINT);
  return point != NULL && point->length == 2 + 32 ? point->value + 2 : NULL; /* past the OCTET STRING's head */
}

const uint8_t *ts_identity_vote_secret(const ts_slot *slot) {
  return secret_of(slot, TS_NAME_VOTE, TS_VOTE_SECRET_BYTES);
}

const uint8_t *ts_identity_vote_public(const ts_slot *slot) { return public_of(slot, TS_NAME_VOTE_PUBLIC); }

const uint8_t *ts_identity_sealing_secret(const ts_slot *slot) {
  return secret_of(slot, TS_NAME_SEALING, TS_SEALING_SECRET_BYTES);
}

const uint8_t *ts_identity_sealing_public(const ts_slot *slot) { return public_of(slot, TS_NAME_SEALING_PUBLIC); }

const uint8_t *ts_identity_hedge(const ts_slot *slot) { return secret_of(slot, TS_NAME_HEDGE, TS_HEDGE_BYTES); }

enum ts_login ts_slot_login(const ts_slot *slot) { return slot->login; }

const uint8_t *ts_slot_serial(const ts_slot *slot) { return slot->store.head.serial; }

const uint8_t *ts_slot_binding(const ts_slot *slot) { return slot->store.binding; }

void **ts_slot_extension(ts_slot *slot) { return &slot->extension; }
