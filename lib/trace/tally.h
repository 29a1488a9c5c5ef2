/* How many events of a trace are about one process: is what was to be recorded in there at all? */
#ifndef SEEP_TRACE_TALLY_H
#define SEEP_TRACE_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/container.h"

typedef struct seep_trace_tally {
  uint32_t pid;           /* set before the walk */
  uint64_t memory_events; /* VirtualAlloc and VirtualFree of that process (its PID stands in the payload) */
  uint64_t heap_events;   /* of that process (its PID stands in the header): heap provider's create, allocate,
                           * reallocate, free ..., heap ranges, heap snapshots */
} seep_trace_tally;

void seep_trace_tally_init(seep_trace_tally *tally, uint32_t pid);

/* A seep_trace_visit whose context is a seep_trace_tally. */
bool seep_trace_tally_visit(void *context, const seep_trace_record *record);

#endif
