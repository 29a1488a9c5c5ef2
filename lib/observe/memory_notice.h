/*
 * Reads the two events around an Event 2004 that Windows' detector writes into its Operational log: 1003 (it
 * was told that memory is short) and 1008 (it could not find out why). Nobody has published a record of
 * either, so the name of their UserData root is unknown: values are taken by their local names wherever they
 * stand under UserData, or as named Data (reference: event-log, 2.1). Input is hostile.
 */
#ifndef SEEP_OBSERVE_MEMORY_NOTICE_H
#define SEEP_OBSERVE_MEMORY_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/status.h"

typedef struct seep_memory_notice {
  unsigned event_id;                                /* 1003 or 1008 */
  seep_filetime time_created;                       /* 0 when absent */
  uint64_t record_id;                               /* 0 when absent */
  bool has_commit;                                  /* the next two were there, both */
  uint64_t commit_limit_bytes, commit_charge_bytes; /* 1003 */
  bool has_error;
  uint32_t error_code; /* 1008: a Win32 code */
} seep_memory_notice;

/* As seep_exhaustion_parse: SEEP_OK; SEEP_UNSUPPORTED when it is another event or another provider's;
 * SEEP_CORRUPT with the byte offset when it is not XML we can follow; SEEP_LIMIT when too large. *out is
 * untouched unless OK. Missing values are zero, never an error. */
seep_status seep_memory_notice_parse(const char *xml, size_t size, seep_memory_notice *out,
                                     seep_error *error);

#endif
