/*
 * Many items of one size, named by 32-bit numbers: half the room of pointers, and nothing has to be mended
 * when memory moves. They lie in chunks, so that growing neither copies what is there nor needs room for it
 * twice; only the first chunk grows, since most pools stay small. Private to this room.
 */
#ifndef SEEP_POOL_H
#define SEEP_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/budget.h"

#define SEEP_POOL_NONE UINT32_MAX

typedef struct seep_pool {
  seep_trace_budget *budget; /* borrowed */
  size_t item_bytes;
  unsigned chunk_shift; /* a chunk has 1 << chunk_shift items */
  unsigned char **chunks;
  size_t table_bytes;      /* of chunks */
  size_t first_bytes;      /* of the first chunk */
  uint32_t capacity, used; /* used: handed out at least once */
  uint32_t free_first, free_count;
} seep_pool;

/* Takes no room yet. item_bytes is at least 4: an item that was given back holds the number of the next. */
void seep_pool_init(seep_pool *pool, seep_trace_budget *budget, size_t item_bytes, unsigned chunk_shift);
void seep_pool_clear(seep_pool *pool);

/* The next `count` items can be taken without fail. May move items: pointers to them are void. SEEP_LIMIT,
 * SEEP_NO_MEMORY: all items are as they were. */
seep_status seep_pool_reserve(seep_pool *pool, uint32_t count);

/* Only what has been reserved. The content is undefined. */
uint32_t seep_pool_take(seep_pool *pool);
void seep_pool_give(seep_pool *pool, uint32_t index);

static inline void *seep_pool_at(const seep_pool *pool, uint32_t index)
{
  uint32_t mask = (UINT32_C(1) << pool->chunk_shift) - 1;
  return pool->chunks[index >> pool->chunk_shift] + (size_t)(index & mask) * pool->item_bytes;
}

#endif
