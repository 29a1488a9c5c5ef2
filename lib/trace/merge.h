/*
 * A trace in the order in which things happened. Buffers of a file lie as they were flushed, each processor
 * and each session apart, rings from where they wrapped; here the records that are asked for come sorted by
 * their raw time, those of one time in the order of their buffers. Needs the whole file in memory (a mapping
 * will do) and opens only the buffers that overlap: as many as there are processors and sessions.
 */
#ifndef SEEP_TRACE_MERGE_H
#define SEEP_TRACE_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/budget.h"
#include "trace/container.h"

/* Which records are visited: kernel ones by hook; the others by form. */
typedef struct seep_trace_filter {
  uint8_t hooks[65536 / 8];
  bool classic;  /* FULL and INSTANCE */
  bool manifest; /* EVENT */
} seep_trace_filter;

void seep_trace_filter_init(seep_trace_filter *filter); /* nothing is wanted */
void seep_trace_filter_add(seep_trace_filter *filter, uint16_t hook_id);

typedef struct seep_trace_merge_options {
  const seep_trace_filter *filter;
  seep_trace_budget *budget;      /* for the index and the open buffers */
  bool (*stopped)(void *context); /* asked after each buffer, and now and then between them; true ends it with
                                   * SEEP_CANCELLED; or NULL */
  void (*progress)(void *context, uint64_t done_bytes, uint64_t total_bytes); /* at most once per buffer */
  void *watcher;                                                              /* context of both */
} seep_trace_merge_options;

typedef struct seep_trace_merged {
  seep_trace_summary summary; /* of all records, those that were not asked for too; as the walk's */
  uint64_t first_ticks;       /* of the file's first record: when the recording began */
  uint64_t last_ticks;        /* newest of all records, but for those without a time */
  uint64_t late_records;   /* came after a later one: their buffer overlapped in an unheard-of way. The least
                            * that may be visited before it is seen */
  uint64_t forced_buffers; /* opened or closed out of turn, because too many overlapped for the budget */
  bool ended_early;        /* the visitor's wish, stopped, or the budget: the summary is of what was read */
} seep_trace_merged;

/* What is known before the first record is visited: the file's header and about when its last record was
 * made, from the index. */
typedef void (*seep_trace_merge_begin)(void *context, const seep_trace_header *header, uint64_t first_ticks,
                                       uint64_t about_last_ticks);

/* Statuses as seep_trace_walk; SEEP_CANCELLED; SEEP_LIMIT: the budget does not even hold the index. begin may
 * be NULL. The same summary as seep_trace_walk gives for the file, whatever the order. */
seep_status seep_trace_merge(const uint8_t *data, size_t size, const seep_trace_merge_options *options,
                             seep_trace_merge_begin begin, seep_trace_visit visit, void *context,
                             seep_trace_merged *merged, seep_error *error);

#endif
