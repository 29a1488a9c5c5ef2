/*
 * The blocks of a process's heaps: (heap, address) to size and owner. Blocks of one heap can be dropped
 * together. Hash tables by open addressing; all room comes from a budget; addresses are hostile, so that no
 * choice of them makes it slow (the caller gives a seed).
 */
#ifndef SEEP_TRACE_BLOCK_MAP_H
#define SEEP_TRACE_BLOCK_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/budget.h"

typedef struct seep_block_map seep_block_map;

typedef struct seep_block {
  uint64_t heap, address; /* address 0 is never in the map */
  uint64_t size_bytes;
  uint32_t owner;
  uint32_t when; /* the caller's */
} seep_block;

seep_block_map *seep_block_map_new(seep_trace_budget *budget, uint64_t seed); /* NULL: no room */
void seep_block_map_free(seep_block_map *map);

/* Puts it there; *replaced: one stood there already and is in *old. SEEP_LIMIT or SEEP_NO_MEMORY: nothing has
 * changed. */
seep_status seep_block_map_put(seep_block_map *map, const seep_block *block, bool *replaced, seep_block *old);

/* Takes it out; false: there is none. */
bool seep_block_map_take(seep_block_map *map, uint64_t heap, uint64_t address, seep_block *old);

typedef bool (*seep_block_map_visit)(void *context, const seep_block *block);

/* Drops all blocks of a heap, each shown once; returns how many. visit may be NULL; its answer is ignored. */
size_t seep_block_map_drop_heap(seep_block_map *map, uint64_t heap, seep_block_map_visit visit,
                                void *context);

/* All blocks, in no particular order; return false to stop. */
void seep_block_map_each(const seep_block_map *map, seep_block_map_visit visit, void *context);

size_t seep_block_map_count(const seep_block_map *map);

#endif
