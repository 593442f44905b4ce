#include "thresign/wipe.h"

#include <sodium.h>

void ts_wipe(void *memory, size_t length) { sodium_memzero(memory, length); }
