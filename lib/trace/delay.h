/*
 * Memory events that wait for their stacks. A stack is a record of its own that names its event by time
 * alone, comes up to 0.4 s later, perhaps from another processor, and in two halves (reference: etl-format,
 * 2.3). So events stand in a line in the order of time, and leave it in that order; whoever has passed stays
 * in sight until the room is needed, so that a stack nobody needs still finds its event.
 */
#ifndef SEEP_TRACE_DELAY_H
#define SEEP_TRACE_DELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/budget.h"
#include "trace/payload.h"

#define SEEP_DELAY_NOBODY UINT32_MAX /* the event does not say which process, or which thread */
#define SEEP_DELAY_UNWANTED                                                                                  \
  (UINT32_MAX - 1) /* instance of an event that only keeps its stack from others                             \
                    */

enum { SEEP_HALF_KERNEL = 0, SEEP_HALF_USER = 1 };

typedef struct seep_waiting {
  uint64_t ticks; /* never less than its predecessor's */
  uint64_t heap, address, size_bytes;
  union {
    uint64_t old_address; /* HEAP_REALLOC */
    uint32_t flags;       /* VIRTUAL_* */
  } more;
  uint32_t pid;      /* whose memory it is, or NOBODY */
  uint32_t tid;      /* or NOBODY */
  uint32_t instance; /* of pid, or UNWANTED */
  uint32_t nodes[2]; /* of trace/stacks, by half */
  uint16_t processor;
  uint8_t kind; /* seep_trace_kind */
  uint8_t has;  /* bits 0, 1: the half is there; bits 2, 3: and it is the process's own */
} seep_waiting;

typedef struct seep_delay {
  seep_trace_budget *budget;
  seep_waiting *items; /* a ring, its capacity a power of two */
  size_t capacity;
  uint64_t first, waiting, end; /* in sight from first, not passed from waiting on; counted since the start */
} seep_delay;

void seep_delay_init(seep_delay *delay, seep_trace_budget *budget);
void seep_delay_fini(seep_delay *delay);

/* false: it is full of events that wait; let the oldest pass and try again. */
bool seep_delay_push(seep_delay *delay, const seep_waiting *event);

/* The oldest that waits, or NULL. */
const seep_waiting *seep_delay_oldest(const seep_delay *delay);
void seep_delay_pass(seep_delay *delay);

/* The event that a stack's half belongs to, or NULL. *is_waiting: it has not passed yet. */
seep_waiting *seep_delay_find(seep_delay *delay, const seep_trace_stack *stack, uint16_t processor,
                              unsigned half, bool *is_waiting);

/* The half is there now. */
void seep_delay_attach(seep_waiting *event, unsigned half, uint32_t node, bool is_own);
bool seep_delay_has(const seep_waiting *event, unsigned half);
bool seep_delay_has_own(const seep_waiting *event, unsigned half);

#endif
