/*
 * The parts of a census that are more than counting: tables of what is not known beforehand, what the
 * processors wrote in which order, and whose stack a stack is. Private to this room.
 */
#ifndef SEEP_TRACE_CENSUS_INTERNAL_H
#define SEEP_TRACE_CENSUS_INTERNAL_H

#include "trace/budget.h"
#include "trace/census.h"

/* guid may be NULL. false: out of memory. A full table counts what it leaves out. */
bool seep_trace__census_add(seep_trace_census_table *table, const uint8_t *guid, uint32_t number,
                            uint64_t count);

/* The times of one buffer's records, in the order they stand in. */
typedef struct seep_trace__span {
  int64_t sequence;
  uint64_t first_ticks, last_ticks;
  uint16_t processor;
  bool has_times;
  uint32_t place; /* in the file, among the others */
} seep_trace__span;

typedef struct seep_trace__spans {
  void *items; /* owned: spans */
  size_t count, capacity;
  uint64_t backward_steps; /* within buffers */
} seep_trace__spans;

typedef enum seep_trace__kept {
  SEEP_TRACE__KEPT,
  SEEP_TRACE__NOT_KEPT, /* beyond the budget */
  SEEP_TRACE__NO_MEMORY
} seep_trace__kept;

/* A further buffer, whose records follow. */
seep_trace__kept seep_trace__spans_begin(seep_trace__spans *spans, seep_trace_budget *budget,
                                         const seep_trace_buffer *buffer);
void seep_trace__spans_time(seep_trace__spans *spans, uint64_t ticks);

/* Sorts. How often a time lies before the one before it, with the buffers of each processor in their order.
 */
uint64_t seep_trace__spans_steps(seep_trace__spans *spans);
void seep_trace__spans_free(seep_trace__spans *spans, seep_trace_budget *budget);

/* Stacks of the first walk and the events of the second that they belong to. */
typedef struct seep_trace__matching {
  void *waits; /* owned: one for each time and thread that stacks name */
  size_t wait_count, wait_capacity;
  void *keys; /* owned: the definitions; once sorted, the last one of each key */
  size_t key_count, key_capacity;
} seep_trace__matching;

/* First walk: each record of group 24. */
seep_trace__kept seep_trace__matching_note(seep_trace__matching *matching, seep_trace_budget *budget,
                                           seep_trace_census_stacks *stacks, const seep_trace_record *record,
                                           unsigned opcode);

/* Between the walks. */
void seep_trace__matching_sort(seep_trace__matching *matching);

/* Second walk: each record that says when it was. */
void seep_trace__matching_look(seep_trace__matching *matching, seep_trace_census_stacks *stacks,
                               const seep_trace_record *record);

/* Afterwards. false: out of memory. */
bool seep_trace__matching_end(seep_trace__matching *matching, seep_trace_census_stacks *stacks);
void seep_trace__matching_free(seep_trace__matching *matching, seep_trace_budget *budget);

#endif
