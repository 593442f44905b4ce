/* Prime-order groups behind one table.
 *
 * A ts_group is a constant table of functions; every suite of RFC 9591 (section 3.1) is written once against it.
 * Scalars and elements are opaque and hold no pointers: they may be copied, and wiped with ts_wipe.
 *
 * The contract of time. A function without a suffix runs in constant time in all of its operands, so secrets may go in
 * (a verdict that it returns is public). A function whose name ends in _vartime may branch on its operands: public
 * data only. Nothing here allocates memory, and nothing keeps state.
 *
 * Elements held in a ts_element are always members of the prime-order group: decode_vartime refuses everything else, so
 * no later step has to check again. Output may alias input everywhere.
 */
#ifndef THRESIGN_GROUP_H
#define THRESIGN_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TS_SCALAR_BYTES_MAX 57   /* edwards448 */
#define TS_ELEMENT_BYTES_MAX 57  /* edwards448 */
#define TS_SCALAR_WIDE_BYTES_MAX 114

typedef struct { uint64_t limb[8]; } ts_scalar;
typedef struct { uint64_t limb[32]; } ts_element;

/* The numbers go over the wire and are never reused. */
enum ts_group_id {
  TS_GROUP_EDWARDS25519 = 1,
  TS_GROUP_RISTRETTO255 = 2,
  TS_GROUP_P256 = 3,
  TS_GROUP_SECP256K1 = 4,
  TS_GROUP_EDWARDS448 = 5
};

typedef struct ts_group {
  const char *name;
  uint8_t id;             /* enum ts_group_id */
  uint8_t scalar_bytes;   /* Ns of RFC 9591 */
  uint8_t element_bytes;  /* Ne of RFC 9591 */

  /* Reads scalar_bytes bytes in the group's byte order (RFC 9591 DeserializeScalar). Returns false, with *out zero,
   * unless 0 <= value < q: zero is accepted. */
  bool (*scalar_decode)(ts_scalar *out, const uint8_t *bytes);
  void (*scalar_encode)(uint8_t *out, const ts_scalar *a);
  /* out = the integer in bytes, in the group's byte order, mod q; length <= TS_SCALAR_WIDE_BYTES_MAX. */
  void (*scalar_reduce)(ts_scalar *out, const uint8_t *bytes, size_t length);
  void (*scalar_set_u64)(ts_scalar *out, uint64_t value);
  void (*scalar_add)(ts_scalar *out, const ts_scalar *a, const ts_scalar *b);
  void (*scalar_sub)(ts_scalar *out, const ts_scalar *a, const ts_scalar *b);
  void (*scalar_negate)(ts_scalar *out, const ts_scalar *a);
  void (*scalar_mul)(ts_scalar *out, const ts_scalar *a, const ts_scalar *b);
  void (*scalar_muladd)(ts_scalar *out, const ts_scalar *a, const ts_scalar *b, const ts_scalar *c); /* a*b + c */
  void (*scalar_invert)(ts_scalar *out, const ts_scalar *a);         /* 0 for 0 */
  void (*scalar_invert_vartime)(ts_scalar *out, const ts_scalar *a); /* 0 for 0 */
  bool (*scalar_is_zero)(const ts_scalar *a);
  bool (*scalar_equal)(const ts_scalar *a, const ts_scalar *b);

  void (*set_identity)(ts_element *out);
  void (*set_generator)(ts_element *out);
  /* Reads element_bytes bytes (RFC 9591 DeserializeElement): false, with *out the identity, for anything that is not
   * the one canonical encoding of a member of the prime-order group, and for the identity. */
  bool (*decode_vartime)(ts_element *out, const uint8_t *bytes);
  /* Decodes count encodings laid end to end; false if any is bad, with *bad the index of the first bad one. */
  bool (*decode_batch_vartime)(ts_element *out, const uint8_t *bytes, size_t count, size_t *bad);
  /* RFC 9591 SerializeElement, except that the identity is encoded too where the group has an encoding of it
   * (edwards, ristretto); for the others it is element_bytes zeros. Never write an identity to the wire. */
  void (*encode)(uint8_t *out, const ts_element *a);
  /* Encodes count elements end to end with one shared inversion. */
  void (*encode_batch)(uint8_t *out, const ts_element *a, size_t count);
  void (*add)(ts_element *out, const ts_element *a, const ts_element *b); /* complete: any a, b */
  void (*negate)(ts_element *out, const ts_element *a);
  bool (*is_identity)(const ts_element *a);
  bool (*equal)(const ts_element *a, const ts_element *b);
  void (*mul_base)(ts_element *out, const ts_scalar *k);                      /* k*G */
  void (*mul)(ts_element *out, const ts_scalar *k, const ts_element *a);      /* k*A */
  /* a*A + b*G */
  void (*double_mul_vartime)(ts_element *out, const ts_scalar *a, const ts_element *A, const ts_scalar *b);
  /* sum of k[i]*A[i]; any count, the identity for count 0. */
  void (*msm_vartime)(ts_element *out, const ts_scalar *k, const ts_element *A, size_t count);
} ts_group;

extern const ts_group ts_edwards25519;
extern const ts_group ts_ristretto255;
extern const ts_group ts_p256;
extern const ts_group ts_secp256k1;
extern const ts_group ts_edwards448;

/* The group with this number, or NULL. */
const ts_group *ts_group_by_id(unsigned id);

#endif
