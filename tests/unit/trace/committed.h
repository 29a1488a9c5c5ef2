/* What one process committed and gave back during a trace, summed from VirtualAlloc and VirtualFree events
 * alone: what tests of the writer and of the stand-in recorder count by. */
#ifndef TEST_TRACE_COMMITTED_H
#define TEST_TRACE_COMMITTED_H

#include <stdint.h>

#include "trace/container.h"

typedef struct seep_trace_committed {
  uint32_t pid;             /* whose memory; set before the walk */
  uint64_t allocations;     /* events that commit */
  uint64_t committed_bytes; /* their sizes; saturates */
  uint64_t frees;           /* events that decommit or release */
  uint64_t freed_bytes;     /* sizes as the events say; a release of a whole reservation counts it whole */
  uint64_t malformed;
} seep_trace_committed;

void seep_trace_committed_init(seep_trace_committed *committed, uint32_t pid);

/* A seep_trace_visit whose context is a seep_trace_committed. */
bool seep_trace_committed_visit(void *context, const seep_trace_record *record);

#endif
