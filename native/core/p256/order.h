/* The order q of P-256 (SP 800-186, section 3.2.1.3), for weierstrass/scalar.h, and the names of its scalar
 * functions. */
#ifndef THRESIGN_P256_ORDER_H
#define THRESIGN_P256_ORDER_H

#define SCALAR(name) ts_p256_scalar_##name

#define ORDER_0 UINT64_C(0xf3b9cac2fc632551)
#define ORDER_1 UINT64_C(0xbce6faada7179e84)
#define ORDER_2 UINT64_C(0xffffffffffffffff)
#define ORDER_3 UINT64_C(0xffffffff00000000)
#define ORDER_MU_0 UINT64_C(0x012ffd85eedf9bfe)
#define ORDER_MU_1 UINT64_C(0x43190552df1a6c21)
#define ORDER_MU_2 UINT64_C(0xfffffffeffffffff)
#define ORDER_MU_3 UINT64_C(0x00000000ffffffff)
#define ORDER_INVERSE UINT64_C(0x332e375511ff43b1)

#endif
