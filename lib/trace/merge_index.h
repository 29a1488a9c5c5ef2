/*
 * Where the buffers of a file are and when each begins: what the merge opens them by. Looks at a buffer's
 * header and its first few records alone. Private to this room.
 */
#ifndef SEEP_TRACE_MERGE_INDEX_H
#define SEEP_TRACE_MERGE_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "trace/container_internal.h"
#include "trace/merge.h"

typedef struct seep_trace__entry {
  uint64_t ticks;   /* earliest of its first records; 0: not seen, so it is opened at once */
  int64_t sequence; /* those of one time come in this order, */
  uint64_t offset;  /* and then in that of the file */
} seep_trace__entry;

typedef struct seep_trace__index {
  seep_trace__entry *entries; /* owned; by time */
  size_t count, capacity;
  size_t largest_unpacked_bytes; /* room that the largest compressed buffer needs; 0: there is none */
  seep_trace_summary end;        /* what ended the row of buffers: truncated, bad_buffers; else zeros */
} seep_trace__index;

/* SEEP_CANCELLED, SEEP_LIMIT, SEEP_NO_MEMORY: it is to be released all the same. */
seep_status seep_trace__index_make(seep_trace__index *index, const uint8_t *data, size_t size,
                                   const seep_trace_merge_options *options, seep_error *error);
void seep_trace__index_release(seep_trace__index *index, seep_trace_budget *budget);

/* Whether a buffer comes before another one for records of one time. */
static inline bool seep_trace__entry_precedes(const seep_trace__entry *a, const seep_trace__entry *b)
{
  return a->sequence != b->sequence ? a->sequence < b->sequence : a->offset < b->offset;
}

/* seep_error_set for what the budget or the system did not give. */
seep_status seep_trace__no_merge_room(const seep_trace_budget *budget, const char *what, seep_error *error);

#endif
