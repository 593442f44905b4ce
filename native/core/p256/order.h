/* The order q of P-256 (SP 800-186, section 3.2.1.3), for weierstrass/scalar.h, and the names of its scalar functions. */
#ifndef THRESIGN_P256_ORDER_H
#define THRESIGN_P256_ORDER_H

#define SCALAR(name) ts_p256_scalar_##name

#define ORDER_0 UINT64_C(0xf3b9cac2fc632551)
#define ORDER_1 UINT64_C(0xbce6faada7179e84)
#define ORDER_2 UINT64_C(0xffffffffffffffff)
#define ORDER_3 UINT64_C(0xffffffff00000000)
#define ORDER_RR_0 UINT64_C(0x83244c95be79eea2)
#define ORDER_RR_1 UINT64_C(0x4699799c49bd6fa6)
#define ORDER_RR_2 UINT64_C(0x2845b2392b6bec59)
#define ORDER_RR_3 UINT64_C(0x66e12d94f3d95620)
#define ORDER_INVERSE UINT64_C(0x332e375511ff43b1)

#endif
