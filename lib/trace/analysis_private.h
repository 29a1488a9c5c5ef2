/* What trace/analysis keeps, shared by its files and trace/replay. */
#ifndef SEEP_TRACE_ANALYSIS_PRIVATE_H
#define SEEP_TRACE_ANALYSIS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/analysis.h"
#include "trace/arena.h"
#include "trace/delay.h"
#include "trace/figures.h"
#include "trace/instances.h"
#include "trace/stacks.h"

#define SEEP_TRACE_PAGE_SHIFT 12u /* unless the trace says otherwise */

struct seep_trace_analysis {
  seep_trace_budget *budget;
  bool has_pid;
  uint32_t pid;
  const char *process_name; /* in the arena, or NULL */
  uint64_t seed;
  seep_arena arena;
  seep_instances instances;
  seep_stacks stacks;
  seep_figures figures;
  seep_delay delay;
  seep_trace_modules *modules;
  seep_trace_losses losses;
  uint64_t first_ticks, last_ticks;
  uint64_t latest_ticks; /* that is believed; first_ticks and twice what the header says */
  uint64_t now_ticks;    /* the newest time that was seen */
  uint64_t second_ticks;
  unsigned page_shift;
  bool has_replayed;                     /* something: the page size is what it is */
  uint32_t allocation;                   /* number of the newest one; goes round */
  uint64_t with_stack[SEEP_TRACE_VIEWS]; /* allocations */
  uint8_t *working_sets;                 /* payload of the newest such record */
  size_t working_sets_capacity;
  seep_trace_record working_sets_record;
  bool has_working_sets, is_finished;
  bool is_stopped; /* memory events are not looked at any more */
  bool is_full;    /* and nothing else is */
};

/* The budget is used up. Always false. */
bool seep_trace__stop(seep_trace_analysis *analysis);

/* No memory event follows: counts what every process has, and gives back the line and all maps. */
void seep_trace__settle_memory(seep_trace_analysis *analysis);

/* A payload could not be read, which is no reason to stop. Always true. */
bool seep_trace__malformed(seep_trace_analysis *analysis);

/* The oldest event in the line takes effect and leaves it. false: stopped. */
bool seep_trace__apply_oldest(seep_trace_analysis *analysis, const seep_waiting *oldest);

/* A name that is known by now may be another than the one that is looked for. */
void seep_trace__exclude_by_name(seep_trace_analysis *analysis, seep_instance *instance);

/* Each takes a record of its kind; false: stopped. */
bool seep_trace__on_process(seep_trace_analysis *analysis, const seep_trace_record *record,
                            seep_trace_kind kind);
bool seep_trace__on_image(seep_trace_analysis *analysis, const seep_trace_record *record,
                          seep_trace_kind kind);
bool seep_trace__on_counters(seep_trace_analysis *analysis, const seep_trace_record *record);
bool seep_trace__on_working_sets(seep_trace_analysis *analysis, const seep_trace_record *record);
bool seep_trace__on_page_size(seep_trace_analysis *analysis, const seep_trace_record *record);
bool seep_trace__on_module_fact(seep_trace_analysis *analysis, const seep_trace_record *record,
                                seep_trace_kind kind);

#endif
