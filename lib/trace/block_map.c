/*
 * Blocks lie in a pool and are found through a hash table of their numbers; those of one heap form a list, so
 * that a heap is dropped at the cost of its own blocks. A heap is known as long as it has blocks, so that
 * heaps that come and go leave nothing behind. 36 bytes a block and 9 to 12 for its slot.
 *
 * Addresses come from a file that may have been made to collide: the hash is SipHash with one round a word
 * and three at the end, whose key its maker does not have.
 */
#include "trace/block_map.h"

#include <assert.h>

#include "trace/pool.h"
#include "trace/slots.h"
#include "trace/storage.h"

#define NONE SEEP_POOL_NONE
#define BLOCK_CHUNK_SHIFT 10u
#define HEAP_CHUNK_SHIFT 10u

/* 64-bit fields in halves: with the alignment of whole ones it would be 40 bytes. */
typedef struct stored_block {
  uint32_t address_low, address_high;
  uint32_t size_low, size_high;
  uint32_t owner, when;
  uint32_t heap;           /* number in the pool of heaps */
  uint32_t next, previous; /* of the same heap */
} stored_block;

static_assert(sizeof(stored_block) == 36, "what a block costs is promised above");

typedef struct stored_heap {
  uint64_t heap;
  uint32_t first; /* never NONE */
} stored_heap;

struct seep_block_map {
  seep_trace_budget *budget; /* borrowed */
  uint64_t key[2];
  seep_pool blocks, heaps;
  seep_slots block_slots, heap_slots;
};

static stored_block *block_at(const seep_block_map *map, uint32_t index)
{
  return seep_pool_at(&map->blocks, index);
}

static stored_heap *heap_at(const seep_block_map *map, uint32_t index)
{
  return seep_pool_at(&map->heaps, index);
}

static uint64_t join(uint32_t low, uint32_t high)
{
  return (uint64_t)high << 32 | low;
}

static uint64_t rotate(uint64_t value, unsigned bits)
{
  return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t state[4])
{
  state[0] += state[1];
  state[2] += state[3];
  state[1] = rotate(state[1], 13) ^ state[0];
  state[3] = rotate(state[3], 16) ^ state[2];
  state[0] = rotate(state[0], 32);
  state[2] += state[1];
  state[0] += state[3];
  state[1] = rotate(state[1], 17) ^ state[2];
  state[3] = rotate(state[3], 21) ^ state[0];
  state[2] = rotate(state[2], 32);
}

static uint32_t hash_of(const seep_block_map *map, uint64_t heap, uint64_t address)
{
  const uint64_t words[2] = {heap, address};
  /* "somepseudorandomlygeneratedbytes", the algorithm's own constants */
  uint64_t state[4] = {map->key[0] ^ UINT64_C(0x736f6d6570736575), map->key[1] ^ UINT64_C(0x646f72616e646f6d),
                       map->key[0] ^ UINT64_C(0x6c7967656e657261),
                       map->key[1] ^ UINT64_C(0x7465646279746573)};
  for (unsigned i = 0; i < 2; i++) {
    state[3] ^= words[i];
    sip_round(state);
    state[0] ^= words[i];
  }
  state[2] ^= 0xFF;
  for (unsigned i = 0; i < 3; i++) {
    sip_round(state);
  }
  return (uint32_t)((state[0] ^ state[1] ^ state[2] ^ state[3]) >> 32);
}

/* No block has address 0: heaps are hashed with it. */
static uint32_t hash_of_heap(const seep_block_map *map, uint64_t heap)
{
  return hash_of(map, heap, 0);
}

static seep_block block_from(const seep_block_map *map, const stored_block *stored)
{
  seep_block block = {.heap = heap_at(map, stored->heap)->heap,
                      .address = join(stored->address_low, stored->address_high),
                      .size_bytes = join(stored->size_low, stored->size_high),
                      .owner = stored->owner,
                      .when = stored->when};
  return block;
}

/* NONE: it is not there; *position is its slot otherwise. */
static uint32_t find_block(const seep_block_map *map, uint32_t hash, uint64_t heap, uint64_t address,
                           uint32_t *position)
{
  *position = seep_slots_home(&map->block_slots, hash);
  for (;; ++*position) {
    uint32_t index = seep_slots_match(&map->block_slots, hash, position);
    if (index == SEEP_SLOTS_NONE) {
      return NONE;
    }
    const stored_block *stored = block_at(map, index);
    if (join(stored->address_low, stored->address_high) == address &&
        heap_at(map, stored->heap)->heap == heap) {
      return index;
    }
  }
}

static uint32_t find_heap(const seep_block_map *map, uint32_t hash, uint64_t heap, uint32_t *position)
{
  *position = seep_slots_home(&map->heap_slots, hash);
  for (;; ++*position) {
    uint32_t index = seep_slots_match(&map->heap_slots, hash, position);
    if (index == SEEP_SLOTS_NONE || heap_at(map, index)->heap == heap) {
      return index;
    }
  }
}

seep_block_map *seep_block_map_new(seep_trace_budget *budget, uint64_t seed)
{
  void *room = NULL;
  size_t bytes = 0;
  if (seep_storage_resize(budget, &room, &bytes, sizeof(seep_block_map)) != SEEP_OK) {
    return NULL;
  }
  seep_block_map *map = room;
  map->budget = budget;
  map->key[0] = seed;
  map->key[1] = rotate(seed, 32) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 by the golden ratio */
  seep_pool_init(&map->blocks, budget, sizeof(stored_block), BLOCK_CHUNK_SHIFT);
  seep_pool_init(&map->heaps, budget, sizeof(stored_heap), HEAP_CHUNK_SHIFT);
  seep_slots_init(&map->block_slots, budget);
  seep_slots_init(&map->heap_slots, budget);
  return map;
}

void seep_block_map_free(seep_block_map *map)
{
  if (map == NULL) {
    return;
  }
  seep_pool_clear(&map->blocks);
  seep_pool_clear(&map->heaps);
  seep_slots_clear(&map->block_slots);
  seep_slots_clear(&map->heap_slots);
  seep_storage_free(map->budget, map, sizeof *map);
}

static void set_content(stored_block *stored, const seep_block *block)
{
  stored->size_low = (uint32_t)block->size_bytes;
  stored->size_high = (uint32_t)(block->size_bytes >> 32);
  stored->owner = block->owner;
  stored->when = block->when;
}

/* All that one new block, perhaps of a new heap, may need. */
static seep_status reserve(seep_block_map *map, bool new_heap)
{
  seep_status status = seep_pool_reserve(&map->blocks, 1);
  status = status == SEEP_OK ? seep_slots_reserve(&map->block_slots) : status;
  if (new_heap) {
    status = status == SEEP_OK ? seep_pool_reserve(&map->heaps, 1) : status;
    status = status == SEEP_OK ? seep_slots_reserve(&map->heap_slots) : status;
  }
  return status;
}

static uint32_t add_heap(seep_block_map *map, uint64_t heap, uint32_t hash)
{
  uint32_t index = seep_pool_take(&map->heaps);
  stored_heap *added = heap_at(map, index);
  added->heap = heap;
  added->first = NONE;
  seep_slots_insert(&map->heap_slots, hash, index);
  return index;
}

seep_status seep_block_map_put(seep_block_map *map, const seep_block *block, bool *replaced, seep_block *old)
{
  *replaced = false;
  if (block->address == 0) {
    return SEEP_INVALID;
  }
  uint32_t position = 0;
  uint32_t hash = hash_of(map, block->heap, block->address);
  uint32_t index = find_block(map, hash, block->heap, block->address, &position);
  if (index != NONE) {
    *replaced = true;
    *old = block_from(map, block_at(map, index));
    set_content(block_at(map, index), block);
    return SEEP_OK;
  }
  uint32_t heap_hash = hash_of_heap(map, block->heap);
  uint32_t heap = find_heap(map, heap_hash, block->heap, &position);
  seep_status status = reserve(map, heap == NONE);
  if (status != SEEP_OK) {
    return status;
  }
  heap = heap != NONE ? heap : add_heap(map, block->heap, heap_hash);
  index = seep_pool_take(&map->blocks);
  stored_block *stored = block_at(map, index);
  stored->address_low = (uint32_t)block->address;
  stored->address_high = (uint32_t)(block->address >> 32);
  set_content(stored, block);
  stored->heap = heap;
  stored->previous = NONE;
  stored->next = heap_at(map, heap)->first;
  if (stored->next != NONE) {
    block_at(map, stored->next)->previous = index;
  }
  heap_at(map, heap)->first = index;
  seep_slots_insert(&map->block_slots, hash, index);
  return SEEP_OK;
}

static void forget_heap(seep_block_map *map, uint32_t index)
{
  uint32_t position = 0;
  uint64_t heap = heap_at(map, index)->heap;
  (void)find_heap(map, hash_of_heap(map, heap), heap, &position);
  seep_slots_erase(&map->heap_slots, position);
  seep_pool_give(&map->heaps, index);
}

bool seep_block_map_take(seep_block_map *map, uint64_t heap, uint64_t address, seep_block *old)
{
  uint32_t position = 0;
  uint32_t index = find_block(map, hash_of(map, heap, address), heap, address, &position);
  if (index == NONE) {
    return false;
  }
  const stored_block *stored = block_at(map, index);
  *old = block_from(map, stored);
  if (stored->next != NONE) {
    block_at(map, stored->next)->previous = stored->previous;
  }
  if (stored->previous != NONE) {
    block_at(map, stored->previous)->next = stored->next;
  } else if (stored->next != NONE) {
    heap_at(map, stored->heap)->first = stored->next;
  } else {
    forget_heap(map, stored->heap);
  }
  seep_slots_erase(&map->block_slots, position);
  seep_pool_give(&map->blocks, index);
  return true;
}

size_t seep_block_map_drop_heap(seep_block_map *map, uint64_t heap, seep_block_map_visit visit, void *context)
{
  size_t dropped = 0;
  uint32_t position = 0;
  uint32_t heap_index = find_heap(map, hash_of_heap(map, heap), heap, &position);
  if (heap_index == NONE) {
    return 0;
  }
  uint32_t next = NONE;
  for (uint32_t index = heap_at(map, heap_index)->first; index != NONE; index = next) {
    const stored_block *stored = block_at(map, index);
    const seep_block block = block_from(map, stored);
    next = stored->next;
    (void)find_block(map, hash_of(map, heap, block.address), heap, block.address, &position);
    seep_slots_erase(&map->block_slots, position);
    seep_pool_give(&map->blocks, index);
    dropped++;
    if (visit != NULL) {
      (void)visit(context, &block);
    }
  }
  forget_heap(map, heap_index);
  return dropped;
}

void seep_block_map_each(const seep_block_map *map, seep_block_map_visit visit, void *context)
{
  for (uint32_t i = 0; i < map->block_slots.capacity; i++) {
    uint32_t index = map->block_slots.slots[i].index;
    if (index == SEEP_SLOTS_NONE) {
      continue;
    }
    const seep_block block = block_from(map, block_at(map, index));
    if (!visit(context, &block)) {
      return;
    }
  }
}

size_t seep_block_map_count(const seep_block_map *map)
{
  return map->block_slots.count;
}
