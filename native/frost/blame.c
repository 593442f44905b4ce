/* Which partials are wrong. One by one each costs a multiplication by D, E and Y; a random linear combination of many
 * shares the doublings of all of them, and halving a group that fails leads to those who made it fail.
 *
 * The error of a partial is e_i = z_i G - (D_i + rho_i E_i) - lambda_i c Y_i: the identity iff the partial is right. With
 * random weights w_i of 128 bits the sum of w_i e_i over a group is the identity only if every e_i is, but for 2^-128.
 * The right half of a group needs no sum of its own: it is that of the group less that of the left half. */
#include "thresign/frost.h"

/* So many signers are summed at first: enough to share the doublings, few enough that halving ends soon. */
#define GROUP_SIGNERS 12
#define TERMS 3

typedef struct search {
  const ts_group *group;
  ts_scalar response[TS_SIGNERS_MAX];        /* w z */
  ts_scalar scalars[TERMS * TS_SIGNERS_MAX]; /* w, w rho, w lambda c, for D, E, Y */
  ts_element points[TERMS * TS_SIGNERS_MAX];
  size_t *culprits;
  size_t found;
} search;

/* factor = lambda c, with the sign of the key. */
static void share_factor(const ts_signing *session, const ts_scalar *lagrange, ts_scalar *factor) {
  const ts_group *group = session->suite->group;
  group->scalar_mul(factor, lagrange, &session->challenge);
  if (session->key_negated) group->scalar_negate(factor, factor);
}

bool ts_frost_verify_partial_vartime(const ts_signing *session, size_t index, const ts_element *verification_share,
                                     const ts_scalar *partial) {
  const ts_group *group = session->suite->group;
  const ts_commitment *own = &session->commitments[index];
  ts_scalar lagrange, scalars[2];
  ts_element points[2] = {own->binding, *verification_share}, sum, expected;
  ts_frost_lagrange_vartime(session, index, &lagrange);
  share_factor(session, &lagrange, &scalars[1]);
  /* D + rho E + lambda c Y == z G, where D and E count with the sign of the nonce */
  scalars[0] = session->binding_factor[index];
  ts_element hiding = own->hiding;
  if (session->nonce_negated) {
    group->scalar_negate(&scalars[0], &scalars[0]);
    group->negate(&hiding, &hiding);
  }
  group->msm_vartime(&sum, scalars, points, 2);
  group->add(&sum, &sum, &hiding);
  group->mul_base(&expected, partial);
  return group->equal(&sum, &expected);
}

static void fill(search *s, const ts_signing *session, const ts_element *verification_shares,
                 const ts_scalar *partials, const uint8_t *random) {
  const ts_group *group = s->group;
  ts_scalar lagrange[TS_SIGNERS_MAX];
  ts_frost_lagrange_all_vartime(session, lagrange);
  for (size_t i = 0; i < session->count; i++) {
    ts_scalar *scalars = &s->scalars[TERMS * i];
    ts_element *points = &s->points[TERMS * i];
    ts_scalar weight, factor;
    group->scalar_reduce(&weight, random + 16 * i, 16);
    group->scalar_mul(&s->response[i], &weight, &partials[i]);
    share_factor(session, &lagrange[i], &factor);
    group->scalar_mul(&scalars[2], &weight, &factor);
    group->scalar_mul(&scalars[1], &weight, &session->binding_factor[i]);
    scalars[0] = weight;
    points[0] = session->commitments[i].hiding;
    points[1] = session->commitments[i].binding;
    points[2] = verification_shares[i];
    if (session->nonce_negated) { /* the points, so that the weight stays short */
      group->negate(&points[0], &points[0]);
      group->negate(&points[1], &points[1]);
    }
  }
}

/* The sum of w e over the signers from `first` on, with its sign turned. */
static void sum_errors(const search *s, size_t first, size_t count, ts_element *out) {
  const ts_group *group = s->group;
  ts_scalar response = s->response[first];
  ts_element base;
  for (size_t i = first + 1; i < first + count; i++) group->scalar_add(&response, &response, &s->response[i]);
  group->scalar_negate(&response, &response);
  group->mul_base(&base, &response);
  group->msm_vartime(out, &s->scalars[TERMS * first], &s->points[TERMS * first], TERMS * count);
  group->add(out, out, &base);
}

/* `error` is the group's sum, not the identity. As deep as the logarithm of count. */
static void halve(search *s, size_t first, size_t count, const ts_element *error) {
  const ts_group *group = s->group;
  ts_element left, right;
  if (count == 1) {
    s->culprits[s->found++] = first;
    return;
  }
  sum_errors(s, first, count / 2, &left);
  group->negate(&right, &left);
  group->add(&right, &right, error);
  if (!group->is_identity(&left)) halve(s, first, count / 2, &left);
  if (!group->is_identity(&right)) halve(s, first + count / 2, count - count / 2, &right);
}

size_t ts_frost_culprits_vartime(const ts_signing *session, const ts_element *verification_shares,
                                 const ts_scalar *partials, const uint8_t *random, size_t *culprits) {
  search s; /* 130 KB: not to be cleared first */
  s.group = session->suite->group;
  s.culprits = culprits;
  s.found = 0;
  fill(&s, session, verification_shares, partials, random);
  const size_t groups = (session->count + GROUP_SIGNERS - 1) / GROUP_SIGNERS;
  for (size_t i = 0; i < groups; i++) {
    const size_t first = i * session->count / groups, end = (i + 1) * session->count / groups;
    ts_element error;
    sum_errors(&s, first, end - first, &error);
    if (!s.group->is_identity(&error)) halve(&s, first, end - first, &error);
  }
  return s.found;
}
