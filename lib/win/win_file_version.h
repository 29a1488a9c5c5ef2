/* The version of a program, from its own version resource. */
#ifndef SEEP_WIN_FILE_VERSION_H
#define SEEP_WIN_FILE_VERSION_H

#include <stdint.h>

#include "base/status.h"

typedef struct seep_win_file_version {
  unsigned parts[4]; /* 10.0.17763.1075 */
} seep_win_file_version;

/* path: UTF-8, absolute. SEEP_NOT_FOUND (no such file), SEEP_UNSUPPORTED (it has no version), SEEP_OS. */
seep_status seep_win_file_version_read(const char *path, seep_win_file_version *version, seep_error *error);

#endif
