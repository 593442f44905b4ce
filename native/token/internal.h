/* The state of the library: slots, sessions, and the way in and out of every entry point. Not for extensions. */
#ifndef THRESIGN_TOKEN_INTERNAL_H
#define THRESIGN_TOKEN_INTERNAL_H

#include <limits.h>
#include <sodium.h>

#include "object.h"
#include "seal.h"
#include "secret.h"
#include "store.h"
#include "token.h"

struct ts_slot {
  CK_SLOT_ID id;
  char directory[PATH_MAX];
  /* Held from the first session (or for the length of C_InitToken) to the last, else -1. */
  int directory_fd, lock_fd;
  size_t sessions, rw_sessions;
  /* While sessions are open: */
  bool authenticated; /* someone has logged in since: the file is what the token wrote */
  enum ts_login login;
  ts_keys *keys;      /* secret memory, while someone is logged in */
  ts_store store;
  ts_object *session_objects[TS_SESSION_OBJECTS_MAX];
  void *extension;
};

typedef struct ts_operation {
  const ts_mechanism *mechanism; /* NULL: none is active */
  CK_OBJECT_HANDLE key;
  uint8_t *parameter;
  size_t parameter_length;
} ts_operation;

struct ts_session {
  CK_SESSION_HANDLE handle; /* 0: free */
  ts_slot *slot;
  bool rw;
  ts_operation sign, verify;
  CK_MECHANISM_TYPE digest; /* 0: none is active */
  bool digest_updated;
  union {
    crypto_hash_sha256_state sha256;
    crypto_hash_sha512_state sha512;
  } digest_state;
  bool finding;
  CK_OBJECT_HANDLE *found;
  size_t found_count, found_next;
};

/* ---- library.c: entering and leaving --------------------------------------------------------------------------- */

/* Takes the lock. CKR_CRYPTOKI_NOT_INITIALIZED, also in a forked child; then nothing is held. */
CK_RV ts_enter(void);
/* The same, and finds the session: CKR_SESSION_HANDLE_INVALID. */
CK_RV ts_enter_session(CK_SESSION_HANDLE handle, ts_session **session);
/* Gives the lock back, and rv. The second wipes the stack first: for entries that touched a secret. */
CK_RV ts_leave(CK_RV rv);
CK_RV ts_leave_secret(CK_RV rv);

/* The slot with this number, or NULL. */
ts_slot *ts_slot_by_id(CK_SLOT_ID id);
size_t ts_slot_count(void);
/* A number that was never a handle before in this process. */
CK_ULONG ts_new_handle(void);

/* ---- session.c ------------------------------------------------------------------------------------------------- */

ts_session *ts_session_by_handle(CK_SESSION_HANDLE handle);
/* CKR_SESSION_COUNT if there are too many; opens the slot with its first session. */
CK_RV ts_session_open(ts_slot *slot, bool rw, ts_session **session);
/* Ends the session with its objects; the last of a slot logs out and closes the slot. */
void ts_session_close(ts_session *session);
void ts_session_close_all(ts_slot *slot);
void ts_operation_end(ts_operation *operation);
void ts_find_end(ts_session *session);
/* Ends what sessions of the slot have begun with keys and searches: after logout none of it may go on. */
void ts_session_end_operations(ts_slot *slot);
/* In a forked child. */
void ts_session_forget(void);

/* ---- slot.c ---------------------------------------------------------------------------------------------------- */

/* Checks and locks the directory, and reads the token file: CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED (never
 * initialised), CKR_TS_STORE_*. */
CK_RV ts_slot_open(ts_slot *slot);
/* Logs out, forgets everything that was read, and unlocks. */
void ts_slot_close(ts_slot *slot);
/* The head of the token file of a slot, open or not, unauthenticated: errors as ts_slot_open, except in use. */
CK_RV ts_slot_peek(const ts_slot *slot, ts_head *head);
/* CKU_USER or CKU_SO. CKR_PIN_INCORRECT, CKR_PIN_LOCKED, CKR_USER_PIN_NOT_INITIALIZED, CKR_TS_STORE_*. */
CK_RV ts_slot_log_in(ts_slot *slot, enum ts_login who, const uint8_t *pin, size_t pin_length);
void ts_slot_log_out(ts_slot *slot);
CK_RV ts_slot_init(ts_slot *slot, const uint8_t *pin, size_t pin_length, const uint8_t label[32]);
/* A new user PIN, with the SO logged in. */
CK_RV ts_slot_init_pin(ts_slot *slot, const uint8_t *pin, size_t pin_length);
CK_RV ts_slot_set_pin(ts_slot *slot, enum ts_pin_role role, const uint8_t *old_pin, size_t old_length,
                      const uint8_t *new_pin, size_t new_length);
/* Writes what slot->store says: with keys under a new mark, without them under the old one (only the counters, which
 * no mark covers, may then differ from what is on disk). */
CK_RV ts_slot_save(ts_slot *slot, const ts_keys *keys, bool erase);
/* Gives handles to the token objects that may now be seen and have none. */
void ts_slot_show_objects(ts_slot *slot);
/* The object with this handle if a caller may see it now, else NULL. */
ts_object *ts_slot_object(const ts_slot *slot, CK_OBJECT_HANDLE handle);
bool ts_slot_visible(const ts_slot *slot, const ts_object *object);
/* The object of this name, or NULL; authenticated or not. */
ts_object *ts_slot_named(const ts_slot *slot, const char *name);
/* Takes over a session object and gives it its handle: CKR_DEVICE_MEMORY. */
CK_RV ts_slot_keep(ts_slot *slot, const ts_session *session, ts_object *object);
void ts_slot_drop(ts_slot *slot, ts_object *object);

/* ---- change.c: what extensions cannot do ----------------------------------------------------------------------- */

/* Takes over an object that is to become a token object (freed if the change fails). */
CK_RV ts_change_add(ts_change *change, ts_object *object);
CK_RV ts_change_remove(ts_change *change, ts_object *object);
void ts_change_bind(ts_change *change, const uint8_t binding[TS_BINDING_BYTES]);

/* ---- mechanisms.c ---------------------------------------------------------------------------------------------- */

/* The mechanism with this number among our own and the vendor ones, or NULL. */
const ts_mechanism *ts_mechanism_find(CK_MECHANISM_TYPE type);
/* The index-th mechanism that works on keys, or NULL past the last. */
const ts_mechanism *ts_mechanism_at(size_t index);
/* Those that may be used on keys of the role; returns how many, at most limit. */
size_t ts_mechanism_allowed(enum ts_role role, CK_MECHANISM_TYPE *types, size_t limit);

extern const ts_mechanism ts_eddsa_mechanism, ts_ed25519_generate_mechanism;

#endif
