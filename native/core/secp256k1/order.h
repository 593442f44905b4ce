/* The order q of secp256k1 (SEC 2, section 2.4.1), for weierstrass/scalar.h, and the names of its scalar functions. */
#ifndef THRESIGN_SECP256K1_ORDER_H
#define THRESIGN_SECP256K1_ORDER_H

#define SCALAR(name) ts_secp256k1_scalar_##name

#define ORDER_0 UINT64_C(0xbfd25e8cd0364141)
#define ORDER_1 UINT64_C(0xbaaedce6af48a03b)
#define ORDER_2 UINT64_C(0xfffffffffffffffe)
#define ORDER_3 UINT64_C(0xffffffffffffffff)
#define ORDER_RR_0 UINT64_C(0x896cf21467d7d140)
#define ORDER_RR_1 UINT64_C(0x741496c20e7cf878)
#define ORDER_RR_2 UINT64_C(0xe697f5e45bcd07c6)
#define ORDER_RR_3 UINT64_C(0x9d671cd581c69bc5)
#define ORDER_INVERSE UINT64_C(0xb4f20099aa774ec1)

#endif
