/* The memory of one live process, looked at from outside: it is never suspended, written to or injected into.
 */
#ifndef SEEP_PORT_PROCESS_MEMORY_H
#define SEEP_PORT_PROCESS_MEMORY_H

#include <stdint.h>

#include "base/status.h"
#include "memory/target.h"
#include "observe/snapshot.h"

typedef struct seep_process_memory {
  void *context;
  /* Called on a worker thread, one process at a time. key.created 0: whoever has the PID now (target->created
   * then says which it was); else a process with another creation time is SEEP_GONE. *target is valid until
   * close. maximum_ms after the call its functions answer SEEP_TIMED_OUT. SEEP_GONE, from them too when it
   * ends meanwhile; SEEP_DENIED: not even its regions may be seen (a protected process, as a rule), and it
   * makes no sense to try again; SEEP_NO_MEMORY, SEEP_OS. A process whose bytes may not be read can still be
   * open: target.read then says SEEP_DENIED. */
  seep_status (*open)(void *context, seep_process_key key, int64_t maximum_ms, seep_target *target,
                      seep_error *error);
  void (*close)(void *context, seep_target *target); /* after a successful open */
} seep_process_memory;

#endif
