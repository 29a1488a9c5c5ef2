/*
 * A hash table of numbers of items that lie elsewhere: open addressing, linear, a slot keeps its item's hash.
 * Knows nothing of keys: the caller hashes (with a seed, since keys are hostile) and compares. Slots are in
 * the order of their hashes, so that growing is one walk over both tables and may be done in small steps of a
 * quarter; what is erased leaves no mark. Private to this room.
 */
#ifndef SEEP_SLOTS_H
#define SEEP_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/budget.h"

#define SEEP_SLOTS_NONE UINT32_MAX

typedef struct seep_slot {
  uint32_t hash;
  uint32_t index; /* SEEP_SLOTS_NONE: empty */
} seep_slot;

typedef struct seep_slots {
  seep_trace_budget *budget; /* borrowed */
  seep_slot *slots;
  size_t bytes;
  uint32_t capacity, count; /* count < capacity, or both 0 */
} seep_slots;

/* Takes no room yet. */
void seep_slots_init(seep_slots *table, seep_trace_budget *budget);
void seep_slots_clear(seep_slots *table);

/* The next insert cannot fail. SEEP_LIMIT, SEEP_NO_MEMORY: nothing has changed. */
seep_status seep_slots_reserve(seep_slots *table);
void seep_slots_insert(seep_slots *table, uint32_t hash, uint32_t index);

/* Where the search for a hash begins; then the items that have it, one after the other, as long as the caller
 * puts *position one on: SEEP_SLOTS_NONE when there are no more. */
uint32_t seep_slots_home(const seep_slots *table, uint32_t hash);
uint32_t seep_slots_match(const seep_slots *table, uint32_t hash, uint32_t *position);

/* The slot at which match() has stopped. */
void seep_slots_erase(seep_slots *table, uint32_t position);

#endif
