/* The parts of distributed key generation that its three steps share. */
#ifndef THRESIGN_TOKEN_KEYGEN_H
#define THRESIGN_TOKEN_KEYGEN_H

#include "threshold.h"

/* The ceremony of this order's leaf hash, or NULL. */
ts_ceremony *ts_ceremony_find(ts_domain *domain, const uint8_t leaf[32]);
void ts_ceremony_end(ts_ceremony *ceremony);
/* Keeps this module's package of a round (1 to 3): a repeat of the step answers with the same bytes. */
bool ts_ceremony_keep(ts_ceremony *ceremony, int round, const uint8_t *data, size_t length);

/* A participant's package of round 1 or 2, its frame and signature checked. `body` is what follows the frame. */
typedef struct ts_heard {
  ts_bytes whole;
  ts_reader body;
} ts_heard;

/* "tag" | domain | U16 number | leaf; the body and a signature follow. */
#define TS_PACKAGE_HEAD (8 + 32 + 2 + 32)
void ts_package_start(const ts_domain *domain, const ts_ceremony *ceremony, const char *tag, ts_writer *writer,
                      uint8_t *out, size_t capacity);
size_t ts_package_finish(const ts_domain *domain, ts_writer *writer, uint8_t *out);
/* Reads the leaf hash and one package of each participant, in order; *culprit is who sent a bad one. */
ts_result ts_packages_read(const ts_domain *domain, const ts_ceremony *ceremony, ts_reader *reader, const char *tag,
                           int round, ts_heard *heard, uint16_t *culprit);

/* The answer of a step: U32 code, U16 culprit, U32 length, package. */
#define TS_STEP_ANSWER_MAX (4 + 2 + 4 + TS_PACKAGE_BYTES_MAX)
CK_RV ts_step_answer(ts_result result, uint16_t culprit, const ts_package *package, uint8_t *out, size_t *out_length);
CK_RV ts_step_length(const ts_request *request, size_t *out_length);
CK_RV ts_step_init(const ts_request *request);

#endif
