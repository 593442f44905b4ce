/* Points of Ed448-Goldilocks, on two curves.
 *
 *   E : x^2 + y^2 = 1 + d x^2 y^2, d = -39081 (RFC 8032): what is encoded, and what a ts_element holds.
 *   E': -x^2 + y^2 = 1 + (d - 1) x^2 y^2: where multiplication is done, since an addition is one product cheaper there.
 * Hamburg's isogenies of degree 4 (eprint 2015/673 section 2), down: E -> E' and up: E' -> E, compose to [4], so
 * k A = up((k/4) down(A)) for A of prime order q, k/4 taken mod q. On groups of order q both are isomorphisms.
 *
 * On E addition is complete: 1 is a square and d is not (Bernstein and Lange, eprint 2007/286). On E', where d - 1 is a
 * square, a denominator of the unified addition vanishes only if P + Q or P - Q is one of the points at infinity, which
 * have order 2 or 4 (Bernstein and Lange, eprint 2009/580): never for points of odd order, and nothing else comes here.
 * So every formula below holds for all elements, equal, opposite or the identity.
 *
 * Coordinates are extended: x = X/Z, y = Y/Z, T = X Y / Z. Every coordinate has magnitude 1 on entry and on return. */
#ifndef THRESIGN_EDWARDS448_POINT_H
#define THRESIGN_EDWARDS448_POINT_H

#include "field.h"
#include "thresign/group.h"

#define EDWARDS_MINUS_D 39081u   /* -d */
#define TWISTED_MINUS_D 39082u   /* -(d - 1) */

typedef struct { fe448 x, y, z, t; } point;      /* on E */
typedef struct { fe448 x, y, z, t; } twisted;    /* on E' */

/* A summand on E', prepared: y - x, y + x and 2 * 39082 t; affine, or with 2 z in projective_niels. */
typedef struct { fe448 minus, plus, td; } niels;
typedef struct { niels n; fe448 z2; } projective_niels;

#define NIELS_LIMBS (3 * FE_LIMBS)  /* as tables hold them */

FE_INLINE void element_load(point *r, const ts_element *a) {
  fe_load(&r->x, a->limb);
  fe_load(&r->y, a->limb + FE_LIMBS);
  fe_load(&r->z, a->limb + 2 * FE_LIMBS);
  fe_load(&r->t, a->limb + 3 * FE_LIMBS);
}

FE_INLINE void element_store(ts_element *r, const point *a) {
  fe_store(r->limb, &a->x);
  fe_store(r->limb + FE_LIMBS, &a->y);
  fe_store(r->limb + 2 * FE_LIMBS, &a->z);
  fe_store(r->limb + 3 * FE_LIMBS, &a->t);
}

FE_INLINE void niels_load(niels *r, const uint64_t *limbs) {
  fe_load(&r->minus, limbs);
  fe_load(&r->plus, limbs + FE_LIMBS);
  fe_load(&r->td, limbs + 2 * FE_LIMBS);
}

/* Short names within this directory. */
#define point_set_identity ts_edwards448_point_set_identity
#define point_add ts_edwards448_point_add
#define point_to_twisted ts_edwards448_point_to_twisted
#define twisted_to_point ts_edwards448_twisted_to_point
#define twisted_set_identity ts_edwards448_twisted_set_identity
#define twisted_double ts_edwards448_twisted_double
#define twisted_add_niels ts_edwards448_twisted_add_niels
#define twisted_add_projective ts_edwards448_twisted_add_projective
#define twisted_to_niels ts_edwards448_twisted_to_niels
#define twisted_from_niels ts_edwards448_twisted_from_niels
#define niels_negate_if ts_edwards448_niels_negate_if

void point_set_identity(point *r);

/* r = a + b on E. */
void point_add(point *r, const point *a, const point *b);

/* The isogenies; see above. */
void point_to_twisted(twisted *r, const point *a);
void twisted_to_point(point *r, const twisted *a);

void twisted_set_identity(twisted *r);

/* r = 2 a. Without with_t (a literal), r->t is not written: for a doubling that another one follows. */
void twisted_double(twisted *r, const twisted *a, bool with_t);

/* r = a + b; with_t as above, for an addition that a doubling follows. */
void twisted_add_niels(twisted *r, const twisted *a, const niels *b, bool with_t);
void twisted_add_projective(twisted *r, const twisted *a, const projective_niels *b, bool with_t);

void twisted_to_niels(projective_niels *r, const twisted *a);  /* all of magnitude 1 */
void twisted_from_niels(twisted *r, const niels *a);           /* affine, of magnitude 1 */

/* r = -r if the mask is all ones. The magnitude of r->td grows to 2, which the additions accept. */
void niels_negate_if(niels *r, uint64_t mask);

#endif
