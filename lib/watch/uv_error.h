/* What libuv answered as a status and an error record: the one table from its codes to ours. */
#ifndef SEEP_WATCH_UV_ERROR_H
#define SEEP_WATCH_UV_ERROR_H

#include "base/status.h"

/* Fills *error (may be NULL) with a negative libuv code and returns the status it means to a caller. */
seep_status seep_uv_error_set(seep_error *error, int code, const char *operation, const char *subject);

#endif
