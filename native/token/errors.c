#include "thresign/errors.h"

#include <stddef.h>

const char *ts_error_name(unsigned long code) {
  switch (code) {
#define TS_NAME(name) case name: return #name;
    TS_ERRORS(TS_NAME)
#undef TS_NAME
    default: return NULL;
  }
}
