/*
 * What each place that allocates has allocated: a use is a stack (a node of trace/stacks) in a view of one
 * process's memory. Maps of pages and blocks own memory by the number of a use, which stays valid when the
 * use is joined to another one later. Figures are large and uses small: figures that have been joined are
 * used again, so that a stack that comes by many keys costs no more than one.
 */
#ifndef SEEP_TRACE_FIGURES_H
#define SEEP_TRACE_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/analysis.h"
#include "trace/budget.h"

#define SEEP_NO_USE UINT32_MAX

typedef struct seep_use {
  uint32_t node, instance;
  uint32_t next;    /* of the same node; once finished of the same instance and view */
  uint32_t figures; /* UINT32_MAX: joined to another */
  uint32_t joined;  /* to this one; itself when it stands alone */
  uint32_t view;
} seep_use;

typedef struct seep_use_slot {
  uint32_t hash, use; /* use SEEP_NO_USE: empty */
} seep_use_slot;

typedef struct seep_figures {
  seep_trace_budget *budget;
  uint64_t seed;
  uint64_t first_ticks, bucket_ticks; /* of a bucket; never 0 */
  seep_use *uses;
  size_t use_count, use_capacity;
  seep_trace_use *items;
  size_t item_count, item_capacity;
  uint32_t free_item; /* chained through first_ticks; UINT32_MAX: none */
  seep_use_slot *slots;
  size_t slot_count, slots_promised;
} seep_figures;

void seep_figures_init(seep_figures *figures, seep_trace_budget *budget, uint64_t seed);
void seep_figures_fini(seep_figures *figures);
void seep_figures_clock(seep_figures *figures, uint64_t first_ticks, uint64_t last_ticks);

/* *chain: the node's first use. SEEP_NO_USE: no room. */
uint32_t seep_figures_obtain(seep_figures *figures, uint32_t *chain, uint32_t node, uint32_t instance,
                             seep_trace_view view);

/* All uses of a chain become the other node's: joined to what it has for the same memory already. Needs no
 * room; a use may be moved once. *from is empty then. */
void seep_figures_move(seep_figures *figures, uint32_t *from, uint32_t *to, uint32_t to_node);

/* The use that stands for this one now. */
uint32_t seep_figures_of(const seep_figures *figures, uint32_t use);
seep_trace_use *seep_figures_at(seep_figures *figures, uint32_t use);

/* Which part of the trace a time lies in. */
uint32_t seep_figures_bucket(const seep_figures *figures, uint64_t ticks);

void seep_figures_allocated(seep_figures *figures, uint32_t use, uint64_t ticks, uint64_t bytes);
void seep_figures_freed(seep_figures *figures, uint32_t use, uint64_t ticks, uint64_t bytes);

/* The same block has grown or shrunk. */
void seep_figures_resized(seep_figures *figures, uint32_t use, uint64_t ticks, uint64_t old_bytes,
                          uint64_t new_bytes);

/* What is there at the end; first: not a further piece of the same allocation. */
void seep_figures_kept(seep_figures *figures, uint32_t use, uint32_t bucket, uint64_t bytes, bool first);

#endif
