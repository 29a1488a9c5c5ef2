/* Opening a process, and telling one that is gone from one that refuses. For this room's files only. */
#ifndef SEEP_WIN_WIN_PROCESS_HANDLE_H
#define SEEP_WIN_WIN_PROCESS_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include <windows.h>

#include "base/status.h"
#include "observe/snapshot.h"

/* With the right to wait for its end, or else without. NULL: the last error tells why. */
HANDLE seep_win_process_handle_open(DWORD access, uint32_t pid);

/* What the last error of that means: SEEP_GONE, SEEP_DENIED, or what else Windows said. */
seep_status seep_win_process_handle_refused(DWORD code, uint32_t pid, seep_error *error);

/* SEEP_OK: it is the one that was meant, and alive; key->created is filled in where it was 0. SEEP_GONE: it
 * is not. Needs PROCESS_QUERY_LIMITED_INFORMATION. */
seep_status seep_win_process_handle_check(HANDLE process, seep_process_key *key, seep_error *error);

bool seep_win_process_handle_has_exited(HANDLE process);

/* What a failure of an open process means; granted: the right to what failed was. Code 5 is then SEEP_OS, for
 * SEEP_DENIED is for good to our callers, and what was granted and is refused all the same may be so for a
 * process that is ending. */
seep_status seep_win_process_handle_failed(HANDLE process, DWORD code, bool granted, const char *operation,
                                           seep_error *error);

#endif
