/*
 * Which kind of memory grows: whose memory is looked into and when, and what an inventory changes. Looked
 * into are processes that are suspect or have an open case; one at a time and one in a poll, for a look costs
 * the process's server some tenths of a second of one core. What two inventories some growth apart say is
 * memory/growth's; it goes into the case, and so into its row, its alerts and its recording.
 */
#include "watch/engine_internal.h"

#include <stdlib.h>
#include <string.h>

/* While a process grows rapidly the time between two looks is so much shorter. */
#define RAPID_PART 5
/* Looks follow each other by a part of all growth since the first: a leak of weeks is not a thousand looks.
 */
#define GROWTH_PART 4
/* So long a recording waits for the kind of memory, from the opening of the case. */
#define KIND_PATIENCE_MS (5 * SEEP_MS_PER_MINUTE)

static bool is_wanted(const seep_engine *engine, size_t slot)
{
  const seep_engine_watch *watch = &engine->watches[slot];
  return engine->settings.memory_enabled && !watch->ignored &&
         (watch->detector.level >= SEEP_LEVEL_SUSPECT || watch->open_case != NULL);
}

/* ---- what is kept of a process ---- */

void seep_engine__forget_memory(seep_engine *engine, size_t slot)
{
  seep_engine_watch *watch = &engine->watches[slot];
  if (watch->memory != NULL) {
    free(watch->memory);
    watch->memory = NULL;
    engine->looked_into--;
  }
}

/* Forgets whose growth is over. A process that has given memory back is looked into again when it grows from
 * there. */
static void tend(seep_engine *engine)
{
  for (size_t slot = 0; slot < seep_process_table_slots(engine->table) && engine->looked_into > 0; slot++) {
    const seep_process *process = seep_process_table_at(engine->table, slot);
    seep_engine_memory *memory = engine->watches[slot].memory;
    if (memory == NULL) {
      continue;
    }
    if (!is_wanted(engine, slot)) {
      seep_engine__forget_memory(engine, slot);
      continue;
    }
    memory->first_bytes =
        process->commit_bytes < memory->first_bytes ? process->commit_bytes : memory->first_bytes;
    memory->compared_bytes =
        process->commit_bytes < memory->compared_bytes ? process->commit_bytes : memory->compared_bytes;
  }
}

/* Of a process that is only suspected, which gives way to one whose case is told; SEEP_NO_SLOT: none. */
static size_t find_spare(const seep_engine *engine)
{
  for (size_t slot = 0; slot < engine->watch_capacity; slot++) {
    if (engine->watches[slot].memory != NULL && engine->watches[slot].open_case == NULL) {
      return slot;
    }
  }
  return SEEP_NO_SLOT;
}

static bool has_memory(seep_engine *engine, size_t slot, size_t spare)
{
  seep_engine_watch *watch = &engine->watches[slot];
  if (watch->memory != NULL) {
    return true;
  }
  if (engine->looked_into >= SEEP_ENGINE_LOOKED_INTO) {
    seep_engine__forget_memory(engine, spare);
  }
  watch->memory = calloc(1, sizeof *watch->memory);
  if (watch->memory == NULL) {
    return false;
  }
  seep_growth_kind_init(&watch->memory->growth);
  engine->looked_into++;
  return true;
}

/* ---- asking ---- */

static bool is_due(const seep_engine *engine, seep_now now, size_t slot)
{
  const seep_engine_watch *watch = &engine->watches[slot];
  const seep_engine_memory *memory = watch->memory;
  const seep_process *process = seep_process_table_at(engine->table, slot);
  if (process == NULL || watch->memory_denied != NULL || !is_wanted(engine, slot)) {
    return false;
  }
  if (memory == NULL) {
    return true;
  }
  int64_t interval_ms =
      engine->settings.memory_interval_ms / (watch->detector.level == SEEP_LEVEL_RAPID ? RAPID_PART : 1);
  if (seep_mono_since(now.mono, memory->asked) < interval_ms) {
    return false;
  }
  if (memory->growth.inventories == 0) {
    return true;
  }
  uint64_t part = (process->commit_bytes - memory->first_bytes) / GROWTH_PART;
  uint64_t least = engine->settings.memory_minimum_growth_bytes;
  return process->commit_bytes - memory->compared_bytes >= (part > least ? part : least);
}

/* Rapid growth before leaks, leaks before suspects. */
static unsigned rank_of(const seep_engine_watch *watch)
{
  return watch->detector.level == SEEP_LEVEL_RAPID ? 2 : watch->open_case != NULL ? 1 : 0;
}

/* Of the same rank whoever was never asked for, then whoever has waited longest. */
static bool comes_before(const seep_engine_watch *a, const seep_engine_watch *b)
{
  if (rank_of(a) != rank_of(b)) {
    return rank_of(a) > rank_of(b);
  }
  if (a->memory == NULL || b->memory == NULL) {
    return a->memory == NULL && b->memory != NULL;
  }
  return a->memory->asked.ms < b->memory->asked.ms;
}

static void ask(seep_engine *engine, seep_now now, size_t slot)
{
  const seep_process *process = seep_process_table_at(engine->table, slot);
  seep_engine_memory *memory = engine->watches[slot].memory;
  seep_command command = {.kind = SEEP_COMMAND_TAKE_INVENTORY};
  memory->asked = now.mono;
  memory->asked_bytes = process->commit_bytes;
  engine->inventory_out = true;
  command.as.inventory_of = process->key;
  seep_engine__emit(engine, &command);
}

void seep_engine__look_into_memory(seep_engine *engine, seep_now now)
{
  size_t first = SEEP_NO_SLOT;
  tend(engine);
  if (engine->inventory_out || engine->stopping || !engine->settings.memory_enabled) {
    return;
  }
  bool full = engine->looked_into >= SEEP_ENGINE_LOOKED_INTO;
  size_t spare = full ? find_spare(engine) : SEEP_NO_SLOT;
  for (size_t slot = 0; slot < seep_process_table_slots(engine->table); slot++) {
    const seep_engine_watch *watch = &engine->watches[slot];
    bool fits = watch->memory != NULL || !full || (watch->open_case != NULL && spare != SEEP_NO_SLOT);
    if (fits && is_due(engine, now, slot) &&
        (first == SEEP_NO_SLOT || comes_before(watch, &engine->watches[first]))) {
      first = slot;
    }
  }
  if (first != SEEP_NO_SLOT && has_memory(engine, first, spare)) {
    ask(engine, now, first);
  }
}

/* ---- what came of it ---- */

/* What is known of the process itself. A successor keeps what was found in the process before until it has
 * shown a kind of its own, and nobody loses a kind to an inventory that could not be compared yet. */
void seep_engine__take_kind(seep_engine *engine, seep_now now, seep_engine_case *open, size_t slot)
{
  const seep_engine_watch *watch = &engine->watches[slot];
  const seep_growth_kind *growth = watch->memory != NULL ? &watch->memory->growth : NULL;
  seep_growth_kind_verdict found = {.reason = watch->memory_denied};
  if (growth != NULL) {
    found = growth->verdict;
  } else if (found.reason == NULL && engine->settings.memory_enabled) {
    found.reason = "its memory has not been looked into yet";
  }
  bool nothing_yet = growth == NULL || growth->comparison_count == 0 || open->kind_carried;
  if (found.kind == SEEP_MEMORY_UNDETERMINED && open->kind.kind != SEEP_MEMORY_UNDETERMINED && nothing_yet) {
    return;
  }
  const char *text = seep_memory_kind_text(found.kind);
  open->kind = found;
  open->kind_carried = false;
  if (strcmp(open->leak.kind, text) != 0) {
    seep_text_copy(open->leak.kind, sizeof open->leak.kind, text);
    if (open->opened) {
      seep_engine__store_case(engine, now, open);
    }
  }
}

static void take_inventory(const seep_engine *engine, seep_engine_memory *memory,
                           const seep_inventory *inventory)
{
  uint64_t least = engine->settings.memory_minimum_growth_bytes;
  bool first = memory->growth.inventories == 0;
  bool compared = seep_growth_kind_add(&memory->growth, inventory, least);
  if (first) {
    memory->first_bytes = memory->asked_bytes;
  }
  if (first || compared) {
    memory->compared_bytes = memory->asked_bytes;
  }
}

void seep_engine_inventory(seep_engine *engine, seep_now now, seep_process_key key, seep_status status,
                           const seep_inventory *inventory)
{
  size_t slot = seep_process_table_find(engine->table, key);
  engine->inventory_out = false;
  if (slot == SEEP_NO_SLOT || engine->watches[slot].memory == NULL || status == SEEP_GONE) {
    return; /* it has ended, or nobody wants to know any more */
  }
  seep_engine_watch *watch = &engine->watches[slot];
  if (status == SEEP_OK) {
    take_inventory(engine, watch->memory, inventory);
  } else {
    seep_growth_kind_failed(&watch->memory->growth, status);
  }
  if (status == SEEP_DENIED) {
    watch->memory_denied = watch->memory->growth.verdict.reason;
    if (watch->memory->growth.comparison_count == 0) {
      seep_engine__forget_memory(engine, slot); /* nothing will ever be added to it */
    }
  }
  if (watch->open_case != NULL) {
    seep_engine__take_kind(engine, now, watch->open_case, slot);
    seep_engine__offer_recording(engine, now);
  }
}

bool seep_engine__kind_is_settled(const seep_engine *engine, seep_mono now, const seep_engine_case *open)
{
  const seep_engine_watch *watch = &engine->watches[open->slot];
  bool one = open->kind.kind != SEEP_MEMORY_UNDETERMINED && open->kind.kind != SEEP_MEMORY_MIXED;
  bool tried =
      watch->memory != NULL && watch->memory->growth.comparison_count == SEEP_GROWTH_KIND_COMPARISONS;
  return one || tried || watch->memory_denied != NULL || !engine->settings.memory_enabled ||
         seep_mono_since(now, open->called) >= KIND_PATIENCE_MS;
}

size_t seep_engine_looked_into(const seep_engine *engine)
{
  return engine->looked_into;
}
