/* port/process_source on Windows: NtQuerySystemInformation into one buffer that grows, GetPerformanceInfo
 * beside it. */
#ifndef SEEP_WIN_WIN_PROCESS_SOURCE_H
#define SEEP_WIN_WIN_PROCESS_SOURCE_H

#include "base/status.h"
#include "port/process_source.h"

/* Fills *port. SEEP_NO_MEMORY, SEEP_UNSUPPORTED. */
seep_status seep_win_process_source_new(seep_process_source *port, seep_error *error);

/* Releases what new made and clears *port; nothing to do for a cleared one. No fetch may be running. */
void seep_win_process_source_free(seep_process_source *port);

#endif
