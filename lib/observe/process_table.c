#include "observe/process_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A small server's processes fit without growth; the limit keeps slot + 1 in 32 bits and every size in range.
 */
#define FIRST_CAPACITY 256u
#define MAXIMUM_CAPACITY (UINT32_C(1) << 24)

/*
 * Slots never move, so the hash index only holds slot numbers. The index has at least twice as many places as
 * there are slots, which keeps linear probing short, and loses entries by shifting back, which leaves no
 * tombstones behind: months of births and deaths do not slow it down.
 */
struct seep_process_table {
  seep_process *slots;
  uint32_t
      *free_slots;   /* stack of freed slot numbers; as large as slots, so that a death allocates nothing */
  uint32_t *index;   /* slot + 1; 0 = empty */
  size_t capacity;   /* of slots and free_slots */
  size_t index_mask; /* places in index - 1; a power of two - 1 */
  size_t bound;      /* slots ever used */
  size_t free_count;
  size_t count;
  uint32_t generation;
};

static size_t hash(seep_process_key key)
{
  uint64_t mixed = key.created ^ ((uint64_t)key.pid << 32 | key.pid);
  mixed ^= mixed >> 33;
  mixed *= UINT64_C(0x9E3779B97F4A7C15); /* 2^64 / golden ratio: spreads neighbouring PIDs */
  mixed ^= mixed >> 29;
  return (size_t)mixed;
}

static bool same_key(seep_process_key a, seep_process_key b)
{
  return a.pid == b.pid && a.created == b.created;
}

/* Where the key is in the index, or the empty place where it would go. */
static size_t probe(const seep_process_table *table, seep_process_key key)
{
  size_t place = hash(key) & table->index_mask;
  while (table->index[place] != 0 && !same_key(table->slots[table->index[place] - 1].key, key)) {
    place = (place + 1) & table->index_mask;
  }
  return place;
}

/* Empties a place and moves later entries of its run back, so that each stays reachable from its home. */
static void forget_place(seep_process_table *table, size_t hole)
{
  size_t mask = table->index_mask;
  size_t place = (hole + 1) & mask;
  while (table->index[place] != 0) {
    size_t home = hash(table->slots[table->index[place] - 1].key) & mask;
    if (((place - home) & mask) >= ((place - hole) & mask)) {
      table->index[hole] = table->index[place];
      hole = place;
    }
    place = (place + 1) & mask;
  }
  table->index[hole] = 0;
}

/* All or nothing as far as the table's contents go: an array that grew before a later one failed does no
 * harm. */
static bool grow(seep_process_table *table, size_t capacity)
{
  if (capacity > MAXIMUM_CAPACITY) {
    return false;
  }
  seep_process *slots = realloc(table->slots, capacity * sizeof *slots);
  if (slots == NULL) {
    return false;
  }
  table->slots = slots;
  uint32_t *free_slots = realloc(table->free_slots, capacity * sizeof *free_slots);
  if (free_slots == NULL) {
    return false;
  }
  table->free_slots = free_slots;
  uint32_t *index = calloc(capacity * 2, sizeof *index);
  if (index == NULL) {
    return false;
  }
  free(table->index);
  table->index = index;
  table->index_mask = capacity * 2 - 1;
  table->capacity = capacity;
  for (size_t slot = 0; slot < table->bound; slot++) {
    if (table->slots[slot].used) {
      table->index[probe(table, table->slots[slot].key)] = (uint32_t)(slot + 1);
    }
  }
  return true;
}

seep_process_table *seep_process_table_new(void)
{
  seep_process_table *table = calloc(1, sizeof *table);
  if (table != NULL && !grow(table, FIRST_CAPACITY)) {
    seep_process_table_free(table);
    table = NULL;
  }
  return table;
}

void seep_process_table_free(seep_process_table *table)
{
  if (table == NULL) {
    return;
  }
  for (size_t slot = 0; slot < table->bound; slot++) {
    free(table->slots[slot].name);
  }
  free(table->slots);
  free(table->free_slots);
  free(table->index);
  free(table);
}

void seep_process_table_begin(seep_process_table *table)
{
  table->generation++;
}

static char *copy_name(const seep_process_sample *sample)
{
  size_t bytes = seep_text_from_utf16le(sample->name_utf16le, sample->name_bytes, NULL, 0);
  char *name = malloc(bytes + 1);
  if (name != NULL) {
    (void)seep_text_from_utf16le(sample->name_utf16le, sample->name_bytes, name, bytes + 1);
  }
  return name;
}

static seep_status add(seep_process_table *table, const seep_process_sample *sample, size_t *slot)
{
  if (table->free_count == 0 && table->bound == table->capacity && !grow(table, table->capacity * 2)) {
    return SEEP_NO_MEMORY;
  }
  char *name = copy_name(sample);
  if (name == NULL) {
    return SEEP_NO_MEMORY;
  }
  size_t chosen = table->free_count > 0 ? table->free_slots[--table->free_count] : table->bound++;
  seep_process *process = &table->slots[chosen];
  memset(process, 0, sizeof *process);
  process->key = sample->key;
  process->name = name;
  process->used = true;
  table->index[probe(table, sample->key)] = (uint32_t)(chosen + 1);
  table->count++;
  *slot = chosen;
  return SEEP_OK;
}

seep_status seep_process_table_observe(seep_process_table *table, const seep_process_sample *sample,
                                       size_t *slot, bool *born)
{
  size_t found = seep_process_table_find(table, sample->key);
  bool is_new = found == SEEP_NO_SLOT;
  if (is_new) {
    seep_status status = add(table, sample, &found);
    if (status != SEEP_OK) {
      return status;
    }
  }
  seep_process *process = &table->slots[found];
  process->parent_pid = sample->parent_pid;
  process->handles = sample->handles;
  process->commit_bytes = sample->commit_bytes;
  process->generation = table->generation;
  *slot = found;
  *born = is_new;
  return SEEP_OK;
}

static void bury(seep_process_table *table, size_t slot)
{
  seep_process *process = &table->slots[slot];
  forget_place(table, probe(table, process->key));
  free(process->name);
  memset(process, 0, sizeof *process);
  table->free_slots[table->free_count++] = (uint32_t)slot;
  table->count--;
}

void seep_process_table_end(seep_process_table *table, seep_process_died died, void *context)
{
  for (size_t slot = 0; slot < table->bound; slot++) {
    seep_process *process = &table->slots[slot];
    if (!process->used || process->generation == table->generation) {
      continue;
    }
    if (died != NULL) {
      died(context, slot, process);
    }
    bury(table, slot);
  }
}

size_t seep_process_table_slots(const seep_process_table *table)
{
  return table->bound;
}

size_t seep_process_table_count(const seep_process_table *table)
{
  return table->count;
}

seep_process *seep_process_table_at(seep_process_table *table, size_t slot)
{
  return slot < table->bound && table->slots[slot].used ? &table->slots[slot] : NULL;
}

size_t seep_process_table_find(const seep_process_table *table, seep_process_key key)
{
  uint32_t entry = table->index[probe(table, key)];
  return entry != 0 ? entry - 1 : SEEP_NO_SLOT;
}
