/*
 * Where the threads of one process have their TEBs, from what NtQuerySystemInformation(
 * SystemExtendedProcessInformation = 57) wrote: the records of observe/snapshot.h, whose threads are
 * SYSTEM_EXTENDED_THREAD_INFORMATION here. x64: process record 0x100 bytes, then NumberOfThreads (+0x04, u32)
 * times 0x88 bytes, TebBaseAddress at +0x68. No thread is opened. The bytes are hostile.
 */
#ifndef SEEP_MEMORY_THREAD_LIST_H
#define SEEP_MEMORY_THREAD_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Fills at most `count` addresses, zeros left out; *found says how many there are. SEEP_NOT_FOUND: no such
 * PID; SEEP_CORRUPT: a record does not fit; what was found before is in out. */
seep_status seep_thread_list_tebs(const void *data, size_t size, uint32_t pid, uint64_t *out, size_t count,
                                  size_t *found, seep_error *error);

#endif
