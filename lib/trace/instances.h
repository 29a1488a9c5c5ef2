/*
 * The processes of a trace, each while it lived: which one a PID meant at a moment. Windows gives PIDs again,
 * logs memory of a process before its start (its parent writes it) and shortly after its end, and a trace
 * need not tell of a process at all (reference: etl-format, 3.2 step 3). Answers come as soon as they are
 * asked for, in the order of time; a process that is not known yet is anonymous until an event names it.
 */
#ifndef SEEP_TRACE_INSTANCES_H
#define SEEP_TRACE_INSTANCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/analysis.h"
#include "trace/arena.h"
#include "trace/block_map.h"
#include "trace/page_map.h"
#include "trace/payload.h"

#define SEEP_NO_INSTANCE UINT32_MAX

typedef struct seep_instance {
  seep_trace_instance shown;
  uint32_t previous;  /* with the same PID, or SEEP_NO_INSTANCE */
  bool is_anonymous;  /* no event of its own yet: a start that soon follows is its */
  bool name_is_known; /* even if it is empty */
  bool is_excluded;   /* by its name */
  bool is_tallied;    /* what remained has been counted, the maps are gone */
  uint32_t reservation_count;
  uint32_t first_use[SEEP_TRACE_VIEWS];    /* once finished */
  seep_page_map *committed, *reservations; /* NULL until there is one */
  seep_block_map *blocks;
} seep_instance;

typedef struct seep_instance_slot {
  uint32_t pid, newest; /* newest SEEP_NO_INSTANCE: empty */
} seep_instance_slot;

typedef struct seep_instances {
  seep_trace_budget *budget;
  seep_arena *names;
  uint64_t seed;
  uint64_t first_ticks, second_ticks; /* when the trace began; ticks of a second */
  seep_instance *items;
  size_t count, capacity;
  seep_instance_slot *slots; /* a power of two, at most half full */
  size_t slot_count, slots_used;
  uint32_t last_found; /* the same PID again, mostly */
  uint32_t *ended;     /* in the order of their ends; those from ended_done on have their maps yet */
  size_t ended_count, ended_capacity, ended_done;
} seep_instances;

void seep_instances_init(seep_instances *instances, seep_trace_budget *budget, seep_arena *names,
                         uint64_t seed);
void seep_instances_fini(seep_instances *instances);

/* When the trace began, and how long a second is. */
void seep_instances_clock(seep_instances *instances, uint64_t first_ticks, uint64_t second_ticks);

/* Whose event it is; an anonymous instance is made where there is none. SEEP_NO_INSTANCE: no room. */
uint32_t seep_instances_obtain(seep_instances *instances, uint32_t pid, uint64_t ticks);

/* The same, but SEEP_NO_INSTANCE where there is none; one that has ended long ago is one, too. */
uint32_t seep_instances_newest(const seep_instances *instances, uint32_t pid);

/* PROCESS_START, END, DCSTART, DCEND. SEEP_NO_INSTANCE: no room. */
uint32_t seep_instances_event(seep_instances *instances, seep_trace_kind kind, uint64_t ticks,
                              const seep_trace_process *process);

/* The next one that ended, and that nothing before `ticks` concerns any more; SEEP_NO_INSTANCE: none. */
uint32_t seep_instances_next_ended(seep_instances *instances, uint64_t ticks);

/* How long after its end events may be a process's. */
uint64_t seep_instances_afterlife(const seep_instances *instances);

/* The maps of an instance, given back. */
void seep_instances_drop_maps(seep_instance *instance);

#endif
