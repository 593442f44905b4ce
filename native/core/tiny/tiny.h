/* A group of order 13, for tests alone: code written against ts_group can be run on it for every key, every signer set
 * and every message. It is no part of thresign_core, and it hides nothing: no function here is constant time.
 *
 * It is the subgroup of order 13, cofactor 4, of the integers mod 53 under multiplication; "addition" of elements is
 * that multiplication, the identity 1, the generator 16. Scalars are one byte, 0 to 12. Elements are two bytes, the
 * integer with the least significant first: 13 of the 65536 strings, and decoding refuses 1 as it must. */
#ifndef THRESIGN_TINY_H
#define THRESIGN_TINY_H

#include "thresign/group.h"

#define TS_GROUP_TINY 200
#define TS_TINY_ORDER 13
#define TS_TINY_MODULUS 53

extern const ts_group ts_tiny;

#endif
