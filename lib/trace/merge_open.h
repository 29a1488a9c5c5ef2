/*
 * Buffers of the merge that are open: what of them is wanted, by time, and the unpacked bytes that it stands
 * in. Slots are used again, with their memory. Private to this room.
 */
#ifndef SEEP_TRACE_MERGE_OPEN_H
#define SEEP_TRACE_MERGE_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/container_internal.h"
#include "trace/framing.h"
#include "trace/merge.h"
#include "trace/merge_index.h"

typedef struct seep_trace__wanted {
  uint64_t ticks;
  uint32_t offset; /* in its buffer */
} seep_trace__wanted;

typedef struct seep_trace__open {
  seep_trace__entry entry;
  seep_trace__part part;
  seep_trace__wanted *wanted; /* owned; by time, then as they lie */
  size_t next, count, capacity;
  uint8_t *room; /* owned: unpacked bytes */
  size_t room_bytes;
  size_t next_idle; /* while it is: another one, or NO_SLOT */
} seep_trace__open;

#define SEEP_TRACE__NO_SLOT SIZE_MAX

typedef struct seep_trace__slots {
  seep_trace_budget *budget;
  seep_trace__open *items; /* owned */
  size_t count, capacity;
  size_t idle, idle_with_memory; /* the first one, and how many keep memory */
} seep_trace__slots;

void seep_trace__slots_init(seep_trace__slots *slots, seep_trace_budget *budget);
void seep_trace__slots_release(seep_trace__slots *slots);

/* An empty one, which moves all others; NO_SLOT: no room. */
size_t seep_trace__slots_take(seep_trace__slots *slots);
void seep_trace__slots_give(seep_trace__slots *slots, size_t index);

/* false: no room. */
bool seep_trace__open_hold(seep_trace__slots *slots, size_t index, size_t bytes);

static inline bool seep_trace__is_wanted(const seep_trace_filter *filter, const seep_trace__framed *framed)
{
  if (seep_trace__is_kernel(framed)) {
    uint16_t hook = seep_trace__hook(framed);
    return ((unsigned)filter->hooks[hook / 8u] >> (hook % 8u) & 1u) != 0;
  }
  return framed->form->kind == SEEP_TRACE__CLASSIC
             ? filter->classic
             : framed->form->kind == SEEP_TRACE__EVENT && filter->manifest;
}

/* Counts the part's records and adds those that are wanted to the slot, sorted; slot NO_SLOT: counts alone.
 * false: there was no room for all, and the slot has none; they have been counted all the same. */
bool seep_trace__open_scan(seep_trace__slots *slots, size_t index, const seep_trace__part *part,
                           const seep_trace_filter *filter, seep_trace_merged *merged);

#endif
