/*
 * What was allocated during a trace and is still there at its end, and from where. Fed with records in the
 * order of time (trace/merge.h); keeps the processes that lived, what each has committed and has in its
 * heaps, and the stacks that it came from. VirtualAlloc and heap are two views of the same memory: a large
 * heap block is in both, so they are never added (reference: etl-format, 3.2).
 */
#ifndef SEEP_TRACE_ANALYSIS_H
#define SEEP_TRACE_ANALYSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/budget.h"
#include "trace/container.h"
#include "trace/merge.h"
#include "trace/modules.h"

/* Equal parts of the trace's time that growth is kept in. */
#define SEEP_TRACE_BUCKETS 32u
#define SEEP_TRACE_MAXIMUM_FRAMES 192u

typedef enum seep_trace_view {
  SEEP_TRACE_VIEW_VIRTUAL = 0,
  SEEP_TRACE_VIEW_HEAP,
  SEEP_TRACE_VIEWS
} seep_trace_view;

typedef struct seep_trace_analysis seep_trace_analysis;

typedef struct seep_trace_analysis_options {
  bool has_pid; /* only memory of processes with this PID is looked at */
  uint32_t pid;
  const char *process_name;  /* only of processes with this name (ASCII case ignored); or NULL */
  seep_trace_budget *budget; /* borrowed; never NULL */
  size_t maximum_stacks;     /* further ones share one site without frames, and are counted; 0: 100,000 */
} seep_trace_analysis_options;

/* A process while it lived: PIDs are used again. */
typedef struct seep_trace_instance {
  uint32_t pid, parent_pid, session;
  const char *name;            /* UTF-8; "" = not in the trace */
  bool began_here, ended_here; /* during the trace */
  bool is_wow64;
  uint64_t from_ticks, to_ticks;
  uint64_t commit_at_end_bytes; /* as Windows says; 0 = the trace does not tell */
  struct {
    uint64_t allocations, allocated_bytes, frees, freed_bytes; /* VIRTUAL: pages that really changed hands */
    uint64_t live_count, live_bytes;             /* allocated in the trace and there at its end */
    uint64_t unknown_frees, unknown_freed_bytes; /* of memory from before the trace; a heap's bytes are not
                                                  * known */
    uint64_t odd;            /* contradictory, malformed, address 0, allocated twice without a free */
  } views[SEEP_TRACE_VIEWS]; /* of a process that has ended live_* is what was left for Windows to clear */
} seep_trace_instance;

/* One place that allocates: a stack, or the lack of one. */
typedef enum seep_trace_site_kind {
  SEEP_TRACE_SITE_STACK = 0,
  SEEP_TRACE_SITE_KERNEL_ONLY, /* frames are the kernel's: the caller's half never came */
  SEEP_TRACE_SITE_NO_STACK,    /* no event of this view has one, and the trace lost nothing */
  SEEP_TRACE_SITE_LOST,        /* there was one: its key was never defined, or the stack was cut off */
  SEEP_TRACE_SITE_OVERFLOW     /* beyond maximum_stacks */
} seep_trace_site_kind;

typedef struct seep_trace_use {
  uint64_t allocations, allocated_bytes, frees, freed_bytes;
  uint64_t live_count, live_bytes;
  uint64_t first_ticks, last_ticks;         /* of its allocations */
  int64_t change_bytes[SEEP_TRACE_BUCKETS]; /* allocated less freed, as time went on */
  uint64_t kept_bytes[SEEP_TRACE_BUCKETS];  /* what is there at the end, by when it was allocated */
} seep_trace_use;

typedef struct seep_trace_site {
  seep_trace_site_kind kind;
  bool is_remote;         /* another process allocated it there: frames are that process's */
  uint32_t owner;         /* instance whose memory it is */
  uint32_t frames_of;     /* instance whose modules the frames lie in */
  const uint64_t *frames; /* innermost first; user frames, or those of the kernel when there are no others */
  size_t frame_count;
  unsigned pointer_bytes; /* of addresses of the kernel, among these frames */
  seep_trace_view view;
  seep_trace_use use;
} seep_trace_site;

typedef struct seep_trace_losses {
  uint64_t stacks;                                     /* records of stacks seen */
  uint64_t stacks_unmatched;                           /* whose event was not a memory event, or not there */
  uint64_t memory_events, memory_events_without_stack; /* allocations only */
  uint64_t keys_undefined;
  uint64_t malformed;    /* payloads that could not be read; heap events that nothing says whose they are */
  uint64_t undocumented; /* 2/128, 2/129 */
  uint64_t overflowed_stacks;
  bool memory_limit; /* the budget ran out: what memory did after stop_ticks was not looked at */
  uint64_t stop_ticks;
} seep_trace_losses;

seep_trace_analysis *seep_trace_analysis_new(const seep_trace_analysis_options *options); /* NULL: no room */
void seep_trace_analysis_free(seep_trace_analysis *analysis);

/* What it needs of the trace. */
void seep_trace_analysis_filter(seep_trace_filter *filter);

/* seep_trace_merge_begin and seep_trace_visit; context is the analysis. */
void seep_trace_analysis_begin(void *analysis, const seep_trace_header *header, uint64_t first_ticks,
                               uint64_t about_last_ticks);
bool seep_trace_analysis_visit(void *analysis, const seep_trace_record *record);

/* After the last record: what waits for its stack gets none any more, and the modules are finished. */
seep_status seep_trace_analysis_finish(seep_trace_analysis *analysis, const seep_trace_merged *merged,
                                       seep_error *error);

/* ---- once finished ---- */

size_t seep_trace_analysis_instances(const seep_trace_analysis *analysis);
const seep_trace_instance *seep_trace_analysis_instance(const seep_trace_analysis *analysis, uint32_t index);

/* Every site of a view that allocated in this instance, in no particular order; *site is lent for the call.
 * return false to stop. */
typedef bool (*seep_trace_site_visit)(void *context, const seep_trace_site *site);
void seep_trace_analysis_sites(const seep_trace_analysis *analysis, uint32_t instance, seep_trace_view view,
                               seep_trace_site_visit visit, void *context);

const seep_trace_modules *seep_trace_analysis_modules(const seep_trace_analysis *analysis);
const seep_trace_losses *seep_trace_analysis_losses(const seep_trace_analysis *analysis);
uint64_t seep_trace_analysis_first_ticks(const seep_trace_analysis *analysis);
uint64_t seep_trace_analysis_last_ticks(const seep_trace_analysis *analysis);

#endif
