/*
 * Room that is given back all at once: pieces of any size from chunks of a budget. Private to this room.
 */
#ifndef SEEP_TRACE_ARENA_H
#define SEEP_TRACE_ARENA_H

#include <stddef.h>

#include "trace/budget.h"

typedef struct seep_arena {
  seep_trace_budget *budget; /* borrowed; or NULL: the caller bounds what it asks for */
  struct seep_arena_chunk *chunks;
} seep_arena;

/* Takes no room yet. */
void seep_arena_init(seep_arena *arena, seep_trace_budget *budget);
void seep_arena_fini(seep_arena *arena);

/* Zeroed, aligned for any number or pointer; lives as long as the arena. NULL: no room. */
void *seep_arena_take(seep_arena *arena, size_t bytes);

#endif
