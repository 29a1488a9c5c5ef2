/* port/process_memory on Windows: a process is opened for reading, asked and read. Nothing in it is changed,
 * no thread of it is opened, and nothing runs in it. */
#ifndef SEEP_WIN_WIN_PROCESS_MEMORY_H
#define SEEP_WIN_WIN_PROCESS_MEMORY_H

#include "base/status.h"
#include "port/process_memory.h"

/* Fills *port. The thread that opens a process is also the one that closes it: it has the lowest priority in
 * between. Which runtimes a process has is asked once and remembered for the last 64 processes.
 * SEEP_NO_MEMORY, SEEP_UNSUPPORTED. */
seep_status seep_win_process_memory_new(seep_process_memory *port, seep_error *error);

/* Releases what new made and clears *port; nothing to do for a cleared one. No process may be open. */
void seep_win_process_memory_free(seep_process_memory *port);

/* Lets this process look into those of other accounts, from now on and for as long as it runs: enables
 * SeDebugPrivilege in its token. Does nothing, and says nothing, where the token does not hold it; opening
 * then answers SEEP_DENIED as before. For a command that somebody gave, not for the service: the token of
 * LocalSystem has it enabled. */
void seep_win_process_memory_allow_debug(void);

#endif
