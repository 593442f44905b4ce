/* Tells valgrind which bytes are secret: a branch or an address that depends on them is then an error. */
#ifndef THRESIGN_TESTS_SECRET_H
#define THRESIGN_TESTS_SECRET_H

#include <valgrind/memcheck.h>

#define SECRET(pointer, length) ((void)VALGRIND_MAKE_MEM_UNDEFINED((pointer), (length)))
#define PUBLIC(pointer, length) ((void)VALGRIND_MAKE_MEM_DEFINED((pointer), (length)))

#endif
