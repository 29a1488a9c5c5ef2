/* See pool.h. */
#include "trace/pool.h"

#include <string.h>

#include "trace/storage.h"

/* What a first chunk begins with: about 1 KB, or one item. */
#define LEAST_BYTES 1024u
#define LEAST_CHUNKS 4u

void seep_pool_init(seep_pool *pool, seep_trace_budget *budget, size_t item_bytes, unsigned chunk_shift)
{
  const seep_pool empty = {
      .budget = budget, .item_bytes = item_bytes, .chunk_shift = chunk_shift, .free_first = SEEP_POOL_NONE};
  *pool = empty;
}

void seep_pool_clear(seep_pool *pool)
{
  size_t chunk_items = (size_t)1 << pool->chunk_shift;
  size_t chunks = (pool->capacity + chunk_items - 1) >> pool->chunk_shift;
  for (size_t i = 0; i < chunks; i++) {
    seep_storage_free(pool->budget, pool->chunks[i],
                      i == 0 ? pool->first_bytes : chunk_items * pool->item_bytes);
  }
  seep_storage_free(pool->budget, pool->chunks, pool->table_bytes);
  seep_pool_init(pool, pool->budget, pool->item_bytes, pool->chunk_shift);
}

/* Room in the table for one chunk more than `chunks`. */
static seep_status reserve_table(seep_pool *pool, size_t chunks)
{
  void *table = pool->chunks;
  size_t needed_bytes = (chunks + 1) * sizeof *pool->chunks;
  if (needed_bytes <= pool->table_bytes) {
    return SEEP_OK;
  }
  size_t wanted_bytes = chunks == 0 ? sizeof *pool->chunks : 2 * pool->table_bytes;
  if (wanted_bytes > sizeof *pool->chunks && wanted_bytes < LEAST_CHUNKS * sizeof *pool->chunks) {
    wanted_bytes = LEAST_CHUNKS * sizeof *pool->chunks;
  }
  seep_status status = seep_storage_resize(pool->budget, &table, &pool->table_bytes, wanted_bytes);
  pool->chunks = table;
  return status;
}

static seep_status grow_first(seep_pool *pool)
{
  uint32_t wanted = UINT32_C(1) << pool->chunk_shift;
  if (pool->capacity > 0) {
    wanted = 2 * pool->capacity;
  }
  while (pool->capacity == 0 && wanted > 1 && wanted * pool->item_bytes > LEAST_BYTES) {
    wanted /= 2;
  }
  seep_status status = reserve_table(pool, 0);
  if (status != SEEP_OK) {
    return status;
  }
  void *chunk = pool->capacity > 0 ? pool->chunks[0] : NULL;
  status = seep_storage_resize(pool->budget, &chunk, &pool->first_bytes, wanted * pool->item_bytes);
  if (status == SEEP_OK) {
    pool->chunks[0] = chunk;
    pool->capacity = wanted;
  }
  return status;
}

static seep_status grow(seep_pool *pool)
{
  uint32_t chunk_items = UINT32_C(1) << pool->chunk_shift;
  if (pool->capacity < chunk_items) {
    return grow_first(pool);
  }
  if (pool->capacity > SEEP_POOL_NONE - chunk_items) {
    return SEEP_LIMIT;
  }
  size_t chunks = pool->capacity >> pool->chunk_shift;
  seep_status status = reserve_table(pool, chunks);
  if (status != SEEP_OK) {
    return status;
  }
  void *chunk = NULL;
  size_t bytes = 0;
  status = seep_storage_resize(pool->budget, &chunk, &bytes, chunk_items * pool->item_bytes);
  if (status == SEEP_OK) {
    pool->chunks[chunks] = chunk;
    pool->capacity += chunk_items;
  }
  return status;
}

seep_status seep_pool_reserve(seep_pool *pool, uint32_t count)
{
  seep_status status = SEEP_OK;
  while (status == SEEP_OK && pool->free_count + (pool->capacity - pool->used) < count) {
    status = grow(pool);
  }
  return status;
}

uint32_t seep_pool_take(seep_pool *pool)
{
  uint32_t index = pool->free_first;
  if (index == SEEP_POOL_NONE) {
    return pool->used++;
  }
  memcpy(&pool->free_first, seep_pool_at(pool, index), sizeof pool->free_first);
  pool->free_count--;
  return index;
}

void seep_pool_give(seep_pool *pool, uint32_t index)
{
  memcpy(seep_pool_at(pool, index), &pool->free_first, sizeof pool->free_first);
  pool->free_first = index;
  pool->free_count++;
}
