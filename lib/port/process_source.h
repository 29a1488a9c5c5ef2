/* One look at all processes: the OS's own bytes, and the system's memory figures beside them. */
#ifndef SEEP_PORT_PROCESS_SOURCE_H
#define SEEP_PORT_PROCESS_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "observe/system_memory.h"

typedef struct seep_process_bytes {
  const uint8_t *data; /* as NtQuerySystemInformation(SystemProcessInformation) filled it */
  size_t size;
  uint64_t base_address; /* where the OS filled it: pointers inside refer to that range */
  seep_system_memory memory;
} seep_process_bytes;

typedef struct seep_process_source {
  void *context;
  /* Called on a worker thread, one call at a time. The bytes are the source's and valid until the next call.
   * Opens no process. SEEP_OS, SEEP_NO_MEMORY, SEEP_DENIED. */
  seep_status (*fetch)(void *context, seep_process_bytes *out, seep_error *error);
} seep_process_source;

#endif
