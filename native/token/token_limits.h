/* Every limit of the token, in one place. */
#ifndef THRESIGN_TOKEN_TOKEN_LIMITS_H
#define THRESIGN_TOKEN_TOKEN_LIMITS_H

#define TS_SLOTS_MAX 16
#define TS_SESSIONS_MAX 256          /* in the process, over all slots */
#define TS_SESSION_OBJECTS_MAX 256   /* per slot */
#define TS_TOKEN_OBJECTS_MAX 4096    /* per token, records included */
#define TS_TEMPLATE_MAX 64           /* attributes in a caller's template */
#define TS_ATTRIBUTES_MAX 64         /* attributes of one object */
#define TS_ATTRIBUTE_BYTES_MAX (1u << 20)
#define TS_NAME_MAX 64               /* of a record, in bytes */
#define TS_SECRET_BYTES_MAX 65536u   /* of one secret */
#define TS_PARAMETER_BYTES_MAX (1u << 20)
#define TS_DATA_BYTES_MAX (16u << 20)
#define TS_RANDOM_BYTES_MAX (1u << 20)
#define TS_STORE_BYTES_MAX (16u << 20)
#define TS_CHANGES_MAX 256           /* in one atomic change */

#define TS_PIN_BYTES_MIN 8
#define TS_PIN_BYTES_MAX 128
#define TS_PIN_ATTEMPTS 10
#define TS_PIN_WAIT_SECONDS 30       /* for a pipe that says nothing */

#define TS_SECRET_ARENA_BYTES (4u << 20) /* RLIMIT_MEMLOCK may be 8 MiB and not raisable */
#define TS_STACK_WIPE_BYTES 65536u

#endif
