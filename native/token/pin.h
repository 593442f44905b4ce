/* PINs over the protected path: read here, in C, straight into secret memory.
 *
 * A caller that passes no PIN (NULL, length 0) leaves it to the environment to say where the PIN is:
 *
 *   THRESIGN_TOKEN_USER_PIN   the user's PIN: C_Login, C_InitPIN, C_SetPIN (old)
 *   THRESIGN_TOKEN_SO_PIN     the SO's PIN: C_Login, C_InitToken, C_SetPIN (old)
 *   THRESIGN_TOKEN_NEW_PIN    the new PIN of C_SetPIN
 *
 * Each is fd:N (an open descriptor; a file is read from its start every time, a pipe to its end, once), file:/path (a
 * plain file of ours, not open to group or world) or credential:NAME ($CREDENTIALS_DIRECTORY/NAME, not open to the
 * world). One newline at the end is dropped. So a PIN is in no argument, no environment and no Python object.
 */
#ifndef THRESIGN_TOKEN_PIN_H
#define THRESIGN_TOKEN_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cryptoki.h"

enum ts_pin_source { TS_PIN_SOURCE_SO, TS_PIN_SOURCE_USER, TS_PIN_SOURCE_NEW };

/* True if the environment names a source for the user's or the SO's PIN. */
bool ts_pin_path_exists(void);

typedef struct ts_pin {
  const uint8_t *bytes; /* the caller's memory, or ours */
  size_t length;
  uint8_t *read; /* secret memory, if the PIN was read */
} ts_pin;

/* The PIN that was passed, or, for NULL, the one the source gives. At most TS_PIN_BYTES_MAX + 1 bytes are read: a
 * longer one has a length no PIN can have. CKR_ARGUMENTS_BAD (NULL with a length), CKR_TS_PIN_SOURCE,
 * CKR_TS_PIN_SOURCE_PERMISSIONS, CKR_TS_SECRET_MEMORY_FULL; then nothing has to be dropped. */
CK_RV ts_pin_get(enum ts_pin_source source, const uint8_t *passed, CK_ULONG length, ts_pin *pin);
void ts_pin_drop(ts_pin *pin);

#endif
