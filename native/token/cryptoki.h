/* PKCS#11 as this token speaks it: p11-kit's header (2.40), the one structure of 3.0 we read, and our own numbers. */
#ifndef THRESIGN_TOKEN_CRYPTOKI_H
#define THRESIGN_TOKEN_CRYPTOKI_H

#include <p11-kit/pkcs11.h>

#include "thresign/errors.h"
#include "thresign/vendor.h"

_Static_assert(sizeof(CK_ULONG) == 8, "token files keep a CK_ULONG in 8 bytes, and handles never wrap");

typedef struct CK_EDDSA_PARAMS {
  CK_BBOOL phFlag;
  CK_ULONG ulContextDataLen;
  CK_BYTE_PTR pContextData;
} CK_EDDSA_PARAMS;

/* The class of a record: an object in the token file that no caller ever sees. */
#define CKO_TS_RECORD (CKO_VENDOR_DEFINED | 0x545301UL)

#endif
