/* The order q of secp256k1 (SEC 2, section 2.4.1), for weierstrass/scalar.h, and the names of its scalar functions. */
#ifndef THRESIGN_SECP256K1_ORDER_H
#define THRESIGN_SECP256K1_ORDER_H

#define SCALAR(name) ts_secp256k1_scalar_##name

#define ORDER_0 UINT64_C(0xbfd25e8cd0364141)
#define ORDER_1 UINT64_C(0xbaaedce6af48a03b)
#define ORDER_2 UINT64_C(0xfffffffffffffffe)
#define ORDER_3 UINT64_C(0xffffffffffffffff)
#define ORDER_MU_0 UINT64_C(0x402da1732fc9bec0)
#define ORDER_MU_1 UINT64_C(0x4551231950b75fc4)
#define ORDER_MU_2 UINT64_C(0x0000000000000001)
#define ORDER_MU_3 UINT64_C(0x0000000000000000)
#define ORDER_INVERSE UINT64_C(0xb4f20099aa774ec1)

#endif
