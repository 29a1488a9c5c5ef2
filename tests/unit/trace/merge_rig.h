/*
 * What the tests of the merge share: files of a few processors and sessions made record by record, a visitor
 * that remembers what it saw, and the merge held against the walk.
 */
#ifndef TEST_TRACE_MERGE_RIG_H
#define TEST_TRACE_MERGE_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/merge.h"
#include "unit/trace/memory_file.h"

#define HOOK 0x0262u /* of the records that are made here */
#define RECORD_BYTES 24u
#define HEADER_BYTES 0x48u
#define FIRST UINT64_C(5813516523785) /* of the header's own records */
#define MOST 20000u                   /* that are remembered: later ones overwrite the first */
#define PLENTY ((size_t)64 * 1024 * 1024)

#define MERGE_RIG_FIXTURES 5u
extern const char *const merge_rig_fixtures[MERGE_RIG_FIXTURES];

typedef struct merge_seen {
  uint64_t ticks[MOST], serial[MOST];   /* serial: the number that a made record carries */
  size_t count, steps_back, stop_after; /* 0 = never */
  uint64_t about_last_ticks, first_ticks;
  uint64_t digest; /* of all payloads, whatever their order */
  size_t begun;
} merge_seen;

typedef struct merge_watch {
  size_t asked, stop_at; /* 0 = never */
  uint64_t done_bytes, total_bytes;
} merge_watch;

/* A seep_trace_merge_begin; the context is a merge_seen. */
void merge_rig_begin(void *context, const seep_trace_header *header, uint64_t first_ticks,
                     uint64_t about_last);

/* A seep_trace_visit; the context is a merge_seen. */
bool merge_rig_see(void *context, const seep_trace_record *record);

/* The same of the walk, for those that a merge with the filter for all visits. */
bool merge_rig_see_timed(void *context, const seep_trace_record *record);

/* What the merge asks and tells; the context is a merge_watch. */
bool merge_rig_stopped(void *context);
void merge_rig_progress(void *context, uint64_t done_bytes, uint64_t total_bytes);

/* Everything is wanted. */
seep_trace_filter merge_rig_filter(void);

/* All zeros; free() it. */
merge_seen *merge_rig_seen(void);

/* Everything that has a time, within limit_bytes. What the merge took from the budget it must have given
 * back. */
seep_status merge_rig_all(const memory_file *file, size_t limit_bytes, merge_seen *self,
                          seep_trace_merged *merged);

/* The header buffer of a real file, with two records. */
memory_file merge_rig_file(void);

/* A buffer of records, each with its serial; ticks count from FIRST. Returns where the buffer is. */
size_t merge_rig_buffer(memory_file *file, uint16_t processor, uint64_t sequence, const uint64_t *ticks,
                        size_t count, uint64_t serial);

/* count records from `from` on, each `step` later than the one before it. */
size_t merge_rig_row(memory_file *file, uint16_t processor, uint64_t sequence, uint64_t from, uint64_t step,
                     size_t count);

/* Counted as the walk counts it. */
void merge_rig_expect_summary(const memory_file *file, const seep_trace_merged *merged);

/* All of it, in order, and as the walk counts it; the number of records visited but for the header's two. */
size_t merge_rig_expect_in_order(const memory_file *file, merge_seen *self);

/* Moves on and gives 24 bits. */
uint32_t merge_rig_random(uint32_t *random);

#endif
