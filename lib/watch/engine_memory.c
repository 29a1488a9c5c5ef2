/*
 * Which kind of memory grows: whose memory is looked into and when, and what an inventory changes. Looked
 * into are processes that are suspect or are called themselves; one at a time, for a look costs the process's
 * server some tenths of a second of one core. What two inventories some growth apart say is memory/growth's;
 * it goes into the case, and so into its row, its alerts and its recording.
 *
 * Memory that comes and goes must not be taken for the leak. So a further look waits until the process has
 * more than at the last one, which brings it to the top of each breath, and growth of more than the leak can
 * have made in that time is not compared.
 */
#include "watch/engine_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge/headroom.h"

/* While a process grows rapidly the time between two looks is so much shorter. All looks together keep the
 * same distance. */
#define RAPID_PART 5
/* Looks follow each other by a part of all growth since the first: a leak of weeks is not a thousand looks.
 */
#define GROWTH_PART 4
/* Without growth: the same hour of the day has the same load. */
#define LOOK_AGAIN_MS SEEP_MS_PER_DAY
/* What grows between two looks may be so many times what the leak makes in that time. The rest is then at
 * most two thirds of it, and no kind is believed of less than 70 percent. */
#define MOST_OF_SLOPE 3.0
/* The longest pauses after looks that told nothing: nothing had grown, or it failed; and nothing could be
 * compared. */
#define FRUITLESS_PAUSE_MS SEEP_MS_PER_HOUR
#define UNUSABLE_PAUSE_MS SEEP_MS_PER_DAY
/* So long a recording waits for the kind of memory, from the opening of the case: of rapid growth no more
 * than this part of the time that is left. */
#define KIND_PATIENCE_MS (5 * SEEP_MS_PER_MINUTE)
#define PATIENCE_PART 10

/* A successor that is not called itself may be warming up: that would be taken for what leaks. */
static bool is_wanted(const seep_engine *engine, size_t slot)
{
  const seep_engine_watch *watch = &engine->watches[slot];
  bool called = watch->open_case != NULL && !watch->open_case->carried;
  return engine->settings.memory_enabled && !watch->ignored &&
         (watch->detector.level >= SEEP_LEVEL_SUSPECT || called);
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

/* Forgets whose growth is over. */
static void tend(seep_engine *engine)
{
  for (size_t slot = 0; slot < seep_process_table_slots(engine->table) && engine->looked_into > 0; slot++) {
    if (engine->watches[slot].memory != NULL && !is_wanted(engine, slot)) {
      seep_engine__forget_memory(engine, slot);
    }
  }
}

/* Of the processes that are only suspected the one with the least to lose, which gives way to one whose case
 * is told; SEEP_NO_SLOT: none. */
static size_t find_spare(const seep_engine *engine)
{
  size_t spare = SEEP_NO_SLOT, fewest = SIZE_MAX;
  for (size_t slot = 0; slot < engine->watch_capacity; slot++) {
    const seep_engine_watch *watch = &engine->watches[slot];
    if (watch->memory != NULL && watch->open_case == NULL &&
        watch->memory->growth.comparison_count < fewest) {
      spare = slot;
      fewest = watch->memory->growth.comparison_count;
    }
  }
  return spare;
}

static bool make_room(seep_engine *engine, size_t slot, size_t spare)
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

static int64_t interval_of(const seep_engine *engine, const seep_engine_watch *watch)
{
  return engine->settings.memory_interval_ms / (watch->detector.level == SEEP_LEVEL_RAPID ? RAPID_PART : 1);
}

/* Above what it had at the last look that counts, by the step from one look to the next. */
static bool has_grown(const seep_engine *engine, const seep_engine_memory *memory, uint64_t commit_bytes)
{
  uint64_t least = engine->settings.memory_minimum_growth_bytes;
  uint64_t part = commit_bytes > memory->first_bytes ? (commit_bytes - memory->first_bytes) / GROWTH_PART : 0;
  return commit_bytes >= memory->compared_bytes &&
         commit_bytes - memory->compared_bytes >= (part > least ? part : least);
}

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
  int64_t interval_ms = interval_of(engine, watch), passed_ms = seep_mono_since(now.mono, memory->asked);
  if (passed_ms < (interval_ms > memory->pause_ms ? interval_ms : memory->pause_ms)) {
    return false;
  }
  return memory->growth.inventories == 0 || passed_ms >= LOOK_AGAIN_MS ||
         has_grown(engine, memory, process->commit_bytes);
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
  engine->look_after.ms = now.mono.ms + engine->settings.memory_interval_ms / RAPID_PART;
  engine->inventory_out = true;
  command.as.inventory_of = process->key;
  seep_engine__emit(engine, &command);
}

void seep_engine__look_into_memory(seep_engine *engine, seep_now now)
{
  size_t first = SEEP_NO_SLOT;
  tend(engine);
  if (engine->inventory_out || engine->stopping || !engine->settings.memory_enabled ||
      now.mono.ms < engine->look_after.ms) {
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
  if (first != SEEP_NO_SLOT && make_room(engine, first, spare)) {
    ask(engine, now, first);
  }
}

/* ---- how fast the leak is ---- */

static double rise_per_hour(const seep_floors *floors, unsigned level, unsigned from)
{
  unsigned last = seep_floors_count(floors, level) - 1;
  double rise = (double)seep_floors_low(floors, level, last) - (double)seep_floors_low(floors, level, from);
  return rise / (last - from) / seep_floors_bucket_hours(floors, level);
}

/* Of a process that is only suspected: the slowest of what its floors have risen by on every time scale, with
 * and without the beginning. What comes and goes by the hour is in no floor, what does by the day is in none
 * of the longest, and a start is at the beginning. */
static double slope_of_suspect(const seep_floors *floors)
{
  double least = HUGE_VAL;
  for (unsigned level = floors->long_level; level < SEEP_FLOORS_LEVELS; level++) {
    unsigned count = seep_floors_count(floors, level);
    if (count >= 3) {
      double whole = rise_per_hour(floors, level, 0), later = rise_per_hour(floors, level, (count + 1) / 4);
      least = whole < least ? whole : least;
      least = later < least ? later : least;
    }
  }
  return least < HUGE_VAL && least > 0.0 ? least : 0.0;
}

/* More than that since the inventory to compare with is not the leak. Nobody knows how fast rapid growth is,
 * and it is told as such. */
static uint64_t most_growth(const seep_engine_watch *watch)
{
  const seep_detector *detector = &watch->detector;
  if (detector->level == SEEP_LEVEL_RAPID) {
    return UINT64_MAX;
  }
  double slope = detector->level == SEEP_LEVEL_LEAK ? detector->finding.slope_per_hour
                                                    : slope_of_suspect(&detector->floors);
  double hours =
      (double)seep_mono_since(watch->memory->asked, watch->memory->compared) / (double)SEEP_MS_PER_HOUR;
  double most = MOST_OF_SLOPE * slope * hours;
  return most < 0x1p63 ? (uint64_t)most : UINT64_MAX;
}

/* ---- what came of it ---- */

/* Why there is no answer; NULL: nobody looks. */
static const char *reason_of(const seep_engine *engine, size_t slot)
{
  const seep_engine_watch *watch = &engine->watches[slot];
  const seep_engine_memory *memory = watch->memory;
  if (watch->memory_denied != NULL) {
    return watch->memory_denied;
  }
  if (memory != NULL && (memory->growth.inventories > 0 || memory->pause_ms > 0)) {
    return memory->growth.verdict.reason;
  }
  if (!engine->settings.memory_enabled) {
    return NULL;
  }
  return is_wanted(engine, slot) ? "it is being looked into now" : "it must grow by some more first";
}

/* Nobody loses a kind to inventories that say nothing; but what has told it may take it back. A successor
 * keeps what was found in the process before until it is a leak by itself, and has shown a kind. */
static bool keeps_its_kind(const seep_engine_memory *memory, const seep_engine_case *open,
                           const seep_growth_kind_verdict *found)
{
  if (open->kind.kind == SEEP_MEMORY_UNDETERMINED) {
    return false;
  }
  if (open->kind_carried) {
    return found->kind == SEEP_MEMORY_UNDETERMINED || !open->confirmed;
  }
  return found->kind == SEEP_MEMORY_UNDETERMINED && (memory == NULL || !memory->found);
}

void seep_engine__take_kind(seep_engine *engine, seep_now now, seep_engine_case *open, size_t slot)
{
  const seep_engine_memory *memory = engine->watches[slot].memory;
  seep_growth_kind_verdict found = {0};
  if (memory != NULL) {
    found = memory->growth.verdict;
  }
  if (keeps_its_kind(memory, open, &found)) {
    open->kind.earlier = !open->kind_carried;
    return;
  }
  if (found.kind == SEEP_MEMORY_UNDETERMINED) {
    found.reason = reason_of(engine, slot);
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

static void pause_longer(seep_engine_memory *memory, int64_t interval_ms, int64_t most_ms)
{
  int64_t longer_ms = memory->pause_ms == 0 ? interval_ms : memory->pause_ms * 2;
  memory->pause_ms = longer_ms < most_ms ? longer_ms : most_ms;
}

static void take_inventory(const seep_engine *engine, const seep_engine_watch *watch,
                           const seep_inventory *inventory)
{
  seep_engine_memory *memory = watch->memory;
  uint64_t least = engine->settings.memory_minimum_growth_bytes;
  bool had_grown = has_grown(engine, memory, memory->asked_bytes);
  switch (seep_growth_kind_add(&memory->growth, inventory, least, most_growth(watch))) {
  case SEEP_GROWTH_KIND_COMPARED:
  case SEEP_GROWTH_KIND_BASELINE:
  case SEEP_GROWTH_KIND_TOO_MUCH:
    memory->compared = memory->asked;
    memory->compared_bytes = memory->asked_bytes;
    memory->pause_ms = 0;
    break;
  case SEEP_GROWTH_KIND_TOO_LITTLE:
    if (had_grown) { /* by memory that is not private, or for a moment: it would be due again at once */
      pause_longer(memory, interval_of(engine, watch), FRUITLESS_PAUSE_MS);
    }
    break;
  case SEEP_GROWTH_KIND_UNUSABLE:
    memory->compared_bytes = memory->asked_bytes;
    pause_longer(memory, interval_of(engine, watch), UNUSABLE_PAUSE_MS);
    break;
  }
  if (memory->first_bytes == 0 || memory->compared_bytes < memory->first_bytes) {
    memory->first_bytes = memory->compared_bytes;
  }
  memory->found = memory->found || memory->growth.verdict.kind != SEEP_MEMORY_UNDETERMINED;
}

static void note_failure(seep_engine *engine, size_t slot, seep_status status)
{
  seep_engine_watch *watch = &engine->watches[slot];
  seep_growth_kind_failed(&watch->memory->growth, status);
  pause_longer(watch->memory, interval_of(engine, watch), FRUITLESS_PAUSE_MS);
  if (status == SEEP_DENIED) {
    watch->memory_denied = seep_growth_kind_failure_text(SEEP_DENIED);
    if (watch->memory->growth.comparison_count == 0) {
      seep_engine__forget_memory(engine, slot); /* nothing will ever be added to it */
    }
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
  if (status == SEEP_OK) {
    take_inventory(engine, &engine->watches[slot], inventory);
  } else {
    note_failure(engine, slot, status);
  }
  seep_engine_case *open = engine->watches[slot].open_case;
  if (open != NULL) {
    seep_engine__take_kind(engine, now, open, slot);
    seep_engine__tell_kind(engine, now, open);
    seep_engine__offer_recording(engine, now);
  }
}

/* ---- waiting for it ---- */

bool seep_engine__kind_is_known(const seep_engine_case *open)
{
  return open->kind.kind != SEEP_MEMORY_UNDETERMINED && open->kind.kind != SEEP_MEMORY_MIXED;
}

static int64_t patience_ms(const seep_engine *engine, const seep_engine_case *open)
{
  if (engine->watches[open->slot].detector.level != SEEP_LEVEL_RAPID ||
      engine->headroom_bytes == SEEP_HEADROOM_UNKNOWN) {
    return KIND_PATIENCE_MS;
  }
  int64_t left_ms =
      seep_headroom_time_left_ms(engine->headroom_bytes, seep_engine__slopes_together(engine, open));
  bool is_soon = left_ms != SEEP_TIME_LEFT_UNKNOWN && left_ms / PATIENCE_PART < KIND_PATIENCE_MS;
  return is_soon ? left_ms / PATIENCE_PART : KIND_PATIENCE_MS;
}

bool seep_engine__kind_is_settled(const seep_engine *engine, seep_mono now, const seep_engine_case *open)
{
  const seep_engine_watch *watch = &engine->watches[open->slot];
  bool tried =
      watch->memory != NULL && watch->memory->growth.comparison_count == SEEP_GROWTH_KIND_COMPARISONS;
  bool matters =
      engine->settings.memory_enabled && engine->settings.capture_heap_method != SEEP_HEAP_METHOD_OFF;
  return !matters || seep_engine__kind_is_known(open) || tried || watch->memory_denied != NULL ||
         seep_mono_since(now, open->called) >= patience_ms(engine, open);
}

size_t seep_engine_looked_into(const seep_engine *engine)
{
  return engine->looked_into;
}
