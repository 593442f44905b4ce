/* What makes this a threshold token: the table of vendor mechanisms. What happens at login, logout and when a genesis is
 * pinned is in domain.c. */
#include "threshold.h"

const ts_mechanism *const ts_vendor_mechanisms[] = {
    &ts_identity_mechanism,    &ts_vote_mechanism,         &ts_statement_mechanism,    &ts_certificate_mechanism,
    &ts_incarnation_mechanism, &ts_announce_mechanism,     &ts_learn_mechanism,        &ts_sign_mechanism,
    &ts_keygen_begin_mechanism, &ts_keygen_deal_mechanism, &ts_keygen_finish_mechanism, &ts_keygen_forget_mechanism,
    &ts_reconfigure_mechanism, NULL};
