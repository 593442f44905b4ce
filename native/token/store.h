/* The token file: its form (store.c, pure), and reading and writing it (store_file.c).
 *
 * All numbers big-endian. A file has exactly one reading and a reading exactly one file.
 *
 *   0    8  "TSTOKEN" 0
 *   8    1  version, 1
 *   9    1  1 if a user PIN is set, else 0
 *   10   2  zero
 *   12   4  length of the file
 *   16  16  serial
 *   32  32  label, padded with blanks
 *   64  96  data key under the SO's PIN: operations 4, memory in KiB 4, salt 16, nonce 24, box 48
 *   160 96  data key under the user's PIN, or zeros
 *   256  1  wrong SO PINs since the last right one
 *   257  1  wrong user PINs likewise
 *   258  6  zero
 *   264 32  checksum: BLAKE2b-256 of all other bytes
 *   296 32  mark: keyed BLAKE2b of bytes 0..255 and 328..end
 *   328 32  binding
 *   360  8  the next object's id
 *   368  4  number of objects; then each of them:
 *           id 8, ascending | length of name 1, name | number of attributes 2, each: type 4, ascending; length 4;
 *           value (CK_ULONG as 8 bytes) | length of the sealed secret 4, nonce, ciphertext, tag
 *
 * The checksum finds damage, with no key: a damaged file is not even offered for login. The mark, checked at login,
 * finds whatever someone with the file but without a PIN has altered. It cannot cover the two counters, which are
 * written before a PIN is judged and so without the key: whoever can write the file can set them back, but then can
 * also guess PINs on a copy. They stand against callers of PKCS#11, not against thieves of the file; Argon2id does
 * that.
 */
#ifndef THRESIGN_TOKEN_STORE_H
#define THRESIGN_TOKEN_STORE_H

#include "object.h"
#include "seal.h"

#define TS_STORE_VERSION 1
#define TS_LABEL_BYTES 32

typedef struct ts_head {
  bool user_pin_set;
  uint8_t serial[TS_SERIAL_BYTES], label[TS_LABEL_BYTES];
  ts_wrap wrap[2];     /* by enum ts_pin_role */
  uint8_t failures[2]; /* likewise; at most TS_PIN_ATTEMPTS */
  uint8_t mark[TS_MARK_BYTES];
} ts_head;

typedef struct ts_store {
  ts_head head;
  uint8_t binding[TS_BINDING_BYTES];
  uint64_t next_id;
  ts_object **objects; /* in the order of their ids, which is that of creation */
  size_t count;
} ts_store;

/* ---- Form (pure) ----------------------------------------------------------------------------------------------- */

/* Reads the head, after checking length and checksum of the whole. CKR_TS_STORE_CORRUPT, CKR_TS_STORE_VERSION. */
CK_RV ts_store_decode_head(const uint8_t *bytes, size_t length, ts_head *head);
/* Reads all of it. On an error, also CKR_HOST_MEMORY, the store is empty. */
CK_RV ts_store_decode(const uint8_t *bytes, size_t length, ts_store *store);
/* Writes all of it to new memory (free), with the mark that the head holds. CKR_TS_STORE_FULL, CKR_HOST_MEMORY. */
CK_RV ts_store_encode(const ts_store *store, uint8_t **bytes, size_t *length);
/* The mark that an encoded file ought to have: false if secret memory is full. */
bool ts_store_mark(const ts_keys *keys, const uint8_t *bytes, size_t length, uint8_t mark[TS_MARK_BYTES]);
/* Puts a mark into an encoded file and makes the checksum right. */
void ts_store_set_mark(uint8_t *bytes, size_t length, const uint8_t mark[TS_MARK_BYTES]);
/* Frees the objects and empties the store. */
void ts_store_clear(ts_store *store);
/* True if name may be a record's name: [a-z0-9./-], 1 to TS_NAME_MAX bytes. */
bool ts_store_name_valid(const char *name, size_t length);
/* What the secret of an object in the store is sealed to. */
ts_seal_context ts_store_seal_context(const ts_store *store, const uint8_t binding[TS_BINDING_BYTES],
                                      const ts_object *object);

/* ---- Directory and file ---------------------------------------------------------------------------------------- */

/* Opens a token directory. CKR_TOKEN_NOT_PRESENT if there is none; CKR_TS_STORE_PERMISSIONS unless it belongs to us
 * and nobody else can enter; CKR_TS_STORE_READ. */
CK_RV ts_directory_open(const char *path, int *directory_fd);
/* Makes it (0700) if it is not there; its parent has to be. */
CK_RV ts_directory_create(const char *path);
/* Takes the lock, without waiting: CKR_TS_STORE_IN_USE. Closing *lock_fd gives it back. */
CK_RV ts_directory_lock(int directory_fd, int *lock_fd);
/* Reads the file to new memory (free); *bytes is NULL if there is no file. CKR_TS_STORE_CORRUPT if it is too long. */
CK_RV ts_file_read(int directory_fd, uint8_t **bytes, size_t *length);
/* Replaces the file atomically: a crash at any time leaves the old one or the new one. With erase the old file's
 * blocks are then overwritten where the file system writes in place, unless another name (a backup) still leads to
 * them. */
CK_RV ts_file_write(int directory_fd, const uint8_t *bytes, size_t length, bool erase);

#endif
