/* Generic Ed25519 key pairs: CKM_EC_EDWARDS_KEY_PAIR_GEN and CKM_EDDSA, by libsodium. */
#include <string.h>

#include "internal.h"

/* ---- Signing --------------------------------------------------------------------------------------------------- */

/* Pure Ed25519 only: no parameter, or one that asks for no prehash and no context. */
static CK_RV eddsa_init(const ts_request *request) {
  CK_EDDSA_PARAMS params;
  if (request->parameter_length == 0) return CKR_OK;
  if (request->parameter_length != sizeof params) return CKR_MECHANISM_PARAM_INVALID;
  memcpy(&params, request->parameter, sizeof params);
  return params.phFlag == CK_FALSE && params.ulContextDataLen == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV eddsa_length(const ts_request *request, size_t *length) {
  (void)request;
  *length = crypto_sign_BYTES;
  return CKR_OK;
}

static CK_RV eddsa_run(const ts_request *request, uint8_t *out, size_t *length) {
  const ts_object *key = request->key;
  if (key->secret == NULL || key->secret_length != crypto_sign_SECRETKEYBYTES) return CKR_GENERAL_ERROR;
  *length = crypto_sign_BYTES;
  int failed = crypto_sign_detached(out, NULL, request->data, request->data_length, key->secret);
  return failed == 0 ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV eddsa_verify(const ts_request *request, const uint8_t *signature, size_t length) {
  const ts_attribute *point = ts_attributes_get(&request->key->attributes, CKA_EC_POINT);
  if (point == NULL || point->length != 2 + crypto_sign_PUBLICKEYBYTES) return CKR_KEY_TYPE_INCONSISTENT;
  if (length != crypto_sign_BYTES) return CKR_SIGNATURE_LEN_RANGE;
  return crypto_sign_verify_detached(signature, request->data, request->data_length, point->value + 2) == 0
             ? CKR_OK : CKR_SIGNATURE_INVALID;
}

/* ---- Key pairs ------------------------------------------------------------------------------------------------- */

/* Puts a new key pair into two objects that already have their attributes from the templates. */
static CK_RV make_pair(ts_object *public_object, ts_object *private_object) {
  uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
  private_object->secret = ts_secret_alloc(crypto_sign_SECRETKEYBYTES);
  if (private_object->secret == NULL) return CKR_TS_SECRET_MEMORY_FULL;
  private_object->secret_length = crypto_sign_SECRETKEYBYTES;
  (void)crypto_sign_keypair(public_key, private_object->secret);
  CK_RV rv = ts_policy_set_curve(&public_object->attributes, false, public_key);
  if (rv == CKR_OK) rv = ts_policy_set_curve(&private_object->attributes, false, NULL);
  if (rv == CKR_OK) rv = ts_attributes_set_bool(&public_object->attributes, CKA_LOCAL, true);
  for (size_t i = 0; rv == CKR_OK && i < 2; i++)
    rv = ts_attributes_set_ulong(i == 0 ? &public_object->attributes : &private_object->attributes,
                                 CKA_KEY_GEN_MECHANISM, CKM_EC_EDWARDS_KEY_PAIR_GEN);
  return rv;
}

/* Makes both objects the session's or the token's, or neither; frees them if not. */
static CK_RV keep_pair(const ts_request *request, ts_object *pair[2]) {
  ts_change *change;
  CK_RV rv;
  if (!ts_object_is(pair[0], CKA_TOKEN)) {
    rv = ts_slot_keep(request->slot, request->session, pair[0]);
    if (rv == CKR_OK) rv = ts_slot_keep(request->slot, request->session, pair[1]);
    for (size_t i = 0; rv != CKR_OK && i < 2; i++) ts_slot_drop(request->slot, pair[i]);
    return rv;
  }
  rv = ts_change_begin(request->slot, &change);
  for (size_t i = 0; i < 2; i++) {
    if (rv == CKR_OK) (void)ts_change_add(change, pair[i]); /* the change owns it now, whatever becomes of it */
    else ts_object_free(pair[i]);
  }
  return rv == CKR_OK ? ts_change_commit(change) : rv;
}

static CK_RV ed25519_generate(const ts_request *request, const ts_template templates[2], ts_object *pair[2]) {
  static const enum ts_kind kinds[2] = {TS_KIND_ED25519_PUBLIC, TS_KIND_ED25519_PRIVATE};
  CK_RV rv = request->parameter_length == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
  for (size_t i = 0; rv == CKR_OK && i < 2; i++) {
    pair[i] = ts_object_new();
    if (pair[i] == NULL) rv = CKR_HOST_MEMORY;
    else rv = ts_policy_apply(kinds[i], templates[i].attributes, templates[i].count, &pair[i]->attributes);
    if (rv == CKR_OK && ts_object_is(pair[i], CKA_TOKEN) && !request->session->rw) rv = CKR_SESSION_READ_ONLY;
  }
  if (rv == CKR_OK) {
    const ts_attribute *params = ts_attributes_get(&pair[0]->attributes, CKA_EC_PARAMS);
    const ts_attribute *point = ts_attributes_get(&pair[0]->attributes, CKA_EC_POINT);
    if (ts_object_is(pair[0], CKA_TOKEN) != ts_object_is(pair[1], CKA_TOKEN)) rv = CKR_TEMPLATE_INCONSISTENT;
    else if (params->length == 0) rv = CKR_TEMPLATE_INCOMPLETE;
    else if (point->length != 0) rv = CKR_TEMPLATE_INCONSISTENT;
    else if (!ts_policy_is_ed25519(params->value, params->length)) rv = CKR_CURVE_NOT_SUPPORTED;
  }
  if (rv == CKR_OK) rv = make_pair(pair[0], pair[1]);
  if (rv != CKR_OK) {
    ts_object_free(pair[0]);
    ts_object_free(pair[1]);
    return rv;
  }
  return keep_pair(request, pair);
}

/* ---- The mechanisms -------------------------------------------------------------------------------------------- */

#define EC_FLAGS (CKF_EC_NAMEDCURVE | CKF_EC_COMPRESS)

const ts_mechanism ts_eddsa_mechanism = {
  .type = CKM_EDDSA, .name = "CKM_EDDSA", .flags = CKF_SIGN | CKF_VERIFY | EC_FLAGS, .key_bits = 256,
  .role = TS_ROLE_ED25519, .init = eddsa_init, .length = eddsa_length, .run = eddsa_run, .verify = eddsa_verify,
};

const ts_mechanism ts_ed25519_generate_mechanism = {
  .type = CKM_EC_EDWARDS_KEY_PAIR_GEN, .name = "CKM_EC_EDWARDS_KEY_PAIR_GEN",
  .flags = CKF_GENERATE_KEY_PAIR | EC_FLAGS, .key_bits = 256, .role = TS_ROLE_ED25519, .generate = ed25519_generate,
};
