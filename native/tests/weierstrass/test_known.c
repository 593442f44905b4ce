/* Known answers: multiples of the generator that standards print. */
#include "curves.h"

typedef struct { const char *scalar, *point; } known; /* point: SEC 1, or x alone */

#if TEST_SECP256K1
static const known multiples[] = {
  /* BIP-340, test-vectors.csv, rows 0 to 3 and 15: secret keys to public keys, which have no sign there */
  {"0000000000000000000000000000000000000000000000000000000000000003",
   "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9"},
  {"b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef",
   "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659"},
  {"c90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b14e5c9",
   "dd308afec5777e13121fa72b9cc1b7cc0139715309b086c960e18fd969774eb8"},
  {"0b432b2677937381aef05bb02a66ecd012773062cf3fa2549e44f58ed2401710",
   "25d1dff95105f5253c4022f628a996ad3a0d95fbf21d468a1b33f8c160d8f517"},
  {"0340034003400340034003400340034003400340034003400340034003400340",
   "778caa53b4393ac467774d09497a87224bf9fab6f6e68b23086497324d6fd117"},
  /* RFC 9591, appendix E.5: group key, nonces and their commitments */
  {"0d004150d27c3bf2a42f312683d35fac7394b1e9e318249c1bfe7f0795a83114",
   "02f37c34b66ced1fb51c34a90bdae006901f10625cc06c4f64663b0eae87d87b4f"},
  {"841d3a6450d7580b4da83c8e618414d0f024391f2aeb511d7579224420aa81f0",
   "03c699af97d26bb4d3f05232ec5e1938c12f1e6ae97643c8f8f11c9820303f1904"},
  {"8d2624f532af631377f33cf44b5ac5f849067cae2eacb88680a31e77c79b5a80",
   "02fa2aaccd51b948c9dc1a325d77226e98a5a3fe65fe9ba213761a60123040a45e"},
  {"2b19b13f193f4ce83a399362a90cdc1e0ddcd83e57089a7af0bdca71d47869b2",
   "03077507ba327fc074d2793955ef3410ee3f03b82b4cdc2370f71d865beb926ef6"},
  {"7a443bde83dc63ef52dda354005225ba0e553243402a4705ce28ffaafe0f5b98",
   "02ad53031ddfbbacfc5fbda3d3b0c2445c8e3e99cbc4ca2db2aa283fa68525b135"},
};
#else
static const known multiples[] = {
  /* RFC 6979, appendix A.2.5 */
  {"c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
   "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"},
  /* RFC 9591, appendix E.4: group key, nonces and their commitments */
  {"8ba9bba2e0fd8c4767154d35a0b7562244a4aaf6f36c8fb8735fa48b301bd8de",
   "023a309ad94e9fe8a7ba45dfc58f38bf091959d3c99cfbd02b4dc00585ec45ab70"},
  {"9f0542a5ba879a58f255c09f06da7102ef6a2dec6279700c656d58394d8facd4",
   "0213b3e6298bf8ad46fd5e9389519a8665d63d98f4ec6a1fcca434e809d2d8070e"},
  {"6513dfe7429aa2fc972c69bb495b27118c45bbc6e654bb9dc9be55385b55c0d7",
   "02188ff1390bf69374d7b272e454b1878ef10a6b6ea3ff36f114b300b4dbd5233b"},
  {"f73444a8972bcda9e506bbca3d2b1c083c10facdf4bb5d47fef7c2dc1d9f2a0d",
   "033ac9a5fe4a8b57316ba1c34e8a6de453033b750e8984924a984eb67a11e73a3f"},
  {"44c6a29075d6e7e4f8b97796205f9e22062e7835141470afe9417fd317c1c303",
   "03a7a2480ee16199262e648aea3acab628a53e9b8c1945078f2ddfbdc98b7df369"},
};
#endif

int main(void) {
  const ts_group *g;
  for (size_t b = 0; (g = test_backend(b)) != NULL; b++) {
    for (size_t i = 0; i < sizeof multiples / sizeof multiples[0]; i++) {
      uint8_t scalar[32], point[33], bytes[33];
      ts_scalar k, inverse;
      ts_element p, q;
      CHECK(from_hex(scalar, 32, multiples[i].scalar));
      CHECK(g->scalar_decode(&k, scalar));
      g->mul_base(&p, &k);
      g->encode(bytes, &p);
      point[0] = bytes[0];
      CHECK(from_hex(point + 1, 32, multiples[i].point) || from_hex(point, 33, multiples[i].point));
      CHECK(memcmp(bytes, point, 33) == 0);
      CHECK(g->decode_vartime(&q, point) && g->equal(&p, &q));
      g->scalar_invert(&inverse, &k);
      g->mul(&q, &inverse, &q);
      g->set_generator(&p);
      CHECK(g->equal(&p, &q));
    }
  }
  return 0;
}
