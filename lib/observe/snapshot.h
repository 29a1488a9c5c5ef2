/*
 * Reads what NtQuerySystemInformation(SystemProcessInformation) wrote: a chain of x64
 * SYSTEM_PROCESS_INFORMATION records, each followed by its threads. Portable and bounded: the bytes are
 * hostile, the OS header is not used.
 *
 * Layout (x64, size 0x100): lib/README.md "Facts"; checked against mingw-w64's winternl.h. NextEntryOffset
 * +0x00 u32, NumberOfThreads +0x04 u32, CreateTime +0x20 i64, UserTime +0x28, KernelTime +0x30,
 * ImageName.Length +0x38 u16, ImageName.Buffer +0x40 ptr (absolute, into the same buffer), UniqueProcessId
 * +0x50 ptr, parent +0x58, HandleCount +0x60 u32, SessionId +0x64 u32, WorkingSetSize +0x90, PagefileUsage
 * +0xB8, PrivatePageCount +0xC8.
 */
#ifndef SEEP_OBSERVE_SNAPSHOT_H
#define SEEP_OBSERVE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/status.h"

/* A PID is reused, a PID with its creation time is not. */
typedef struct seep_process_key {
  uint32_t pid;
  seep_filetime created;
} seep_process_key;

typedef struct seep_process_sample {
  seep_process_key key;
  uint32_t parent_pid;
  uint32_t session_id;
  uint32_t threads;
  uint32_t handles;
  uint64_t
      commit_bytes; /* PagefileUsage; PrivatePageCount where the first is 0 (Wine fills only the first) */
  uint64_t working_set_bytes;
  uint64_t cpu_100ns;          /* kernel + user */
  const uint8_t *name_utf16le; /* borrowed from the buffer; NULL for the idle process */
  size_t name_bytes;
} seep_process_sample;

typedef struct seep_snapshot {
  const uint8_t *data;
  size_t size;
  uint64_t
      base_address; /* where data[0] lay when the OS filled it: ImageName.Buffer points into that range */
  size_t offset;
  unsigned count; /* records read so far */
  bool done;
} seep_snapshot;

/* More records than this in one buffer are refused (SEEP_LIMIT). */
#define SEEP_SNAPSHOT_MAXIMUM_PROCESSES 100000u

void seep_snapshot_init(seep_snapshot *snapshot, const void *data, size_t size, uint64_t base_address);

/* SEEP_OK with *sample filled; SEEP_NOT_FOUND at the regular end; SEEP_CORRUPT when a record does not fit, a
 * link goes backwards or a name lies outside the buffer (error: byte offset); SEEP_LIMIT. After anything but
 * OK it stays there. The idle process (PID 0) is given like any other. */
seep_status seep_snapshot_next(seep_snapshot *snapshot, seep_process_sample *sample, seep_error *error);

#endif
