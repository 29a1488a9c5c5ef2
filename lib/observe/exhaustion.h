/*
 * Reads an Event 2004 of Microsoft-Windows-Resource-Exhaustion-Detector from its XML, by element path and in
 * any order, as EvtRender, wevtutil and Event Viewer write it (reference: event-log, section 1). Input is
 * hostile.
 */
#ifndef SEEP_OBSERVE_EXHAUSTION_H
#define SEEP_OBSERVE_EXHAUSTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/status.h"
#include "observe/snapshot.h"

#define SEEP_EXHAUSTION_PROCESSES 6
#define SEEP_EXHAUSTION_TAGS 3
#define SEEP_EXHAUSTION_NAME_SIZE 800 /* 260 UTF-16 units as UTF-8; longer names are cut */
#define SEEP_EXHAUSTION_MAXIMUM_BYTES (256u * 1024u)

typedef struct seep_exhaustion_process {
  char name[SEEP_EXHAUSTION_NAME_SIZE];
  seep_process_key key;
  uint64_t commit_bytes;
  uint32_t handles;
  uint32_t type_info;
  char version[48];
} seep_exhaustion_process;

typedef struct seep_exhaustion_tag {
  char name[16];
  uint64_t bytes;
} seep_exhaustion_tag;

typedef struct seep_exhaustion {
  seep_filetime time_created; /* System/TimeCreated; 0 when absent */
  uint64_t record_id;         /* System/EventRecordID; 0 when absent */
  bool has_system;            /* a SystemInfo with limit and charge was there */
  uint64_t commit_limit_bytes, commit_charge_bytes, process_commit_bytes;
  uint64_t paged_pool_bytes, nonpaged_pool_bytes, physical_bytes, physical_used_bytes;
  uint32_t process_total;
  size_t process_count; /* filled slots only, in the event's order */
  seep_exhaustion_process processes[SEEP_EXHAUSTION_PROCESSES];
  size_t paged_tag_count, nonpaged_tag_count;
  seep_exhaustion_tag paged_tags[SEEP_EXHAUSTION_TAGS], nonpaged_tags[SEEP_EXHAUSTION_TAGS];
} seep_exhaustion;

/* xml: UTF-8, size bytes, no terminator needed; a byte order mark is skipped. *out is large (about 6 KB):
 * give it storage that exists before the emergency. SEEP_OK; SEEP_UNSUPPORTED when it is well-formed but not
 * an Event 2004 of that provider; SEEP_CORRUPT with the byte offset when it is not XML we can follow;
 * SEEP_LIMIT when too large. *out is untouched unless OK. Missing parts are zero, never an error. */
seep_status seep_exhaustion_parse(const char *xml, size_t size, seep_exhaustion *out, seep_error *error);

#endif
