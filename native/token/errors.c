#include "thresign/errors.h"

#include <stddef.h>

#include "thresign/result.h"

const char *ts_error_name(unsigned long code) {
  switch (code) {
#define TS_NAME(name) case name: return #name;
    TS_ERRORS(TS_NAME)
#undef TS_NAME
#define TS_RESULT_NAME(name, code, text) case CKR_TS_BASE | code: return #name;
    TS_RESULTS(TS_RESULT_NAME)
#undef TS_RESULT_NAME
    default: return NULL;
  }
}
