/* Erasing secrets. */
#ifndef THRESIGN_WIPE_H
#define THRESIGN_WIPE_H

#include <stddef.h>

/* Overwrites length bytes at memory with zeros; the compiler cannot leave it out. */
void ts_wipe(void *memory, size_t length);

#endif
