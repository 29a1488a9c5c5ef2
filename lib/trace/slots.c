/* See slots.h. */
#include "trace/slots.h"

#include <string.h>

#include "trace/storage.h"

#define LEAST_SLOTS 8u
/* Below this it doubles, above it grows by a quarter. */
#define SMALL_SLOTS 64u

void seep_slots_init(seep_slots *table, seep_trace_budget *budget)
{
  const seep_slots empty = {.budget = budget};
  *table = empty;
}

void seep_slots_clear(seep_slots *table)
{
  seep_storage_free(table->budget, table->slots, table->bytes);
  seep_slots_init(table, table->budget);
}

uint32_t seep_slots_home(const seep_slots *table, uint32_t hash)
{
  return (uint32_t)((uint64_t)hash * table->capacity >> 32);
}

static uint32_t after(const seep_slots *table, uint32_t position)
{
  return position + 1 < table->capacity ? position + 1 : 0;
}

void seep_slots_insert(seep_slots *table, uint32_t hash, uint32_t index)
{
  uint32_t position = seep_slots_home(table, hash);
  while (table->slots[position].index != SEEP_SLOTS_NONE) {
    position = after(table, position);
  }
  table->slots[position].hash = hash;
  table->slots[position].index = index;
  table->count++;
}

static seep_status grow(seep_slots *table)
{
  uint64_t wanted = table->capacity < SMALL_SLOTS ? 2 * (uint64_t)table->capacity
                                                  : (uint64_t)table->capacity + table->capacity / 4;
  wanted = wanted > LEAST_SLOTS ? wanted : LEAST_SLOTS;
  if (wanted > UINT32_MAX / 2 || wanted > SIZE_MAX / sizeof *table->slots) {
    return SEEP_LIMIT;
  }
  seep_slots grown = {.budget = table->budget, .capacity = (uint32_t)wanted};
  void *slots = NULL;
  seep_status status =
      seep_storage_resize(table->budget, &slots, &grown.bytes, (size_t)wanted * sizeof *table->slots);
  if (status != SEEP_OK) {
    return status;
  }
  grown.slots = slots;
  memset(slots, 0xFF, grown.bytes); /* SEEP_SLOTS_NONE everywhere */
  for (uint32_t i = 0; i < table->capacity; i++) {
    if (table->slots[i].index != SEEP_SLOTS_NONE) {
      seep_slots_insert(&grown, table->slots[i].hash, table->slots[i].index);
    }
  }
  seep_slots_clear(table);
  *table = grown;
  return SEEP_OK;
}

seep_status seep_slots_reserve(seep_slots *table)
{
  return (uint64_t)table->count + 1 > (uint64_t)table->capacity * 7 / 8 ? grow(table) : SEEP_OK;
}

uint32_t seep_slots_match(const seep_slots *table, uint32_t hash, uint32_t *position)
{
  if (table->count == 0) {
    return SEEP_SLOTS_NONE;
  }
  uint32_t at = *position < table->capacity ? *position : 0;
  while (table->slots[at].index != SEEP_SLOTS_NONE && table->slots[at].hash != hash) {
    at = after(table, at);
  }
  *position = at;
  return table->slots[at].index;
}

static uint32_t distance(const seep_slots *table, uint32_t from, uint32_t to)
{
  return to >= from ? to - from : to + table->capacity - from;
}

void seep_slots_erase(seep_slots *table, uint32_t position)
{
  /* What stands behind the hole moves into it where it is not in front of its home then. */
  uint32_t hole = position;
  for (uint32_t at = after(table, hole); table->slots[at].index != SEEP_SLOTS_NONE; at = after(table, at)) {
    uint32_t home = seep_slots_home(table, table->slots[at].hash);
    if (distance(table, home, at) >= distance(table, hole, at)) {
      table->slots[hole] = table->slots[at];
      hole = at;
    }
  }
  table->slots[hole].index = SEEP_SLOTS_NONE;
  table->count--;
}
