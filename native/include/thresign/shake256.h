/* placeholder of the interface; replaced by the keccak room */
#ifndef THRESIGN_SHAKE256_H
#define THRESIGN_SHAKE256_H
#include <stdint.h>
typedef struct { uint64_t lane[25]; uint32_t at; } ts_shake256;
#endif
