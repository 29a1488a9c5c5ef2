/* Turns what Windows answered (a last error, an NTSTATUS) into Seepwatch's status and error record. */
#ifndef SEEP_WIN_WIN_ERROR_H
#define SEEP_WIN_WIN_ERROR_H

#include <stdint.h>

#include "base/status.h"

/* The status that a Win32 code means to a caller; SEEP_OS when none fits better. */
seep_status seep_win_error_status(uint32_t code);

/* Fills *error (may be NULL) with a Win32 code and returns its status. Code 0 is a failure too: a function
 * that failed without saying why (Wine's unfinished ones do) is SEEP_UNSUPPORTED. */
seep_status seep_win_error_set(seep_error *error, uint32_t code, const char *operation, const char *subject);

/* The same for an NTSTATUS. */
seep_status seep_win_error_set_nt(seep_error *error, int32_t code, const char *operation,
                                  const char *subject);

#endif
