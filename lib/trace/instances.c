/*
 * An array of instances and a hash table from PID to the newest of each. Older ones with the same PID hang on
 * it; only the last of them is ever asked for, because records come in the order of time.
 */
#include "trace/instances.h"

#include <stdlib.h>
#include <string.h>

#include "trace/hash_mix.h"

#define LEAST_SLOTS 64u
#define PROCESS_FLAG_WOW64 2u
#define AFTERLIFE_FRACTION 500u /* of a second: 2 ms */

void seep_instances_init(seep_instances *instances, seep_trace_budget *budget, seep_arena *names,
                         uint64_t seed)
{
  *instances =
      (seep_instances){.budget = budget, .names = names, .seed = seed, .last_found = SEEP_NO_INSTANCE};
}

void seep_instances_drop_maps(seep_instance *instance)
{
  seep_page_map_free(instance->committed);
  seep_page_map_free(instance->reservations);
  seep_block_map_free(instance->blocks);
  instance->committed = NULL;
  instance->reservations = NULL;
  instance->blocks = NULL;
}

void seep_instances_fini(seep_instances *instances)
{
  for (size_t i = 0; i < instances->count; i++) {
    seep_instances_drop_maps(&instances->items[i]);
  }
  seep_trace_budget_release(instances->budget, (void **)&instances->items, &instances->capacity,
                            sizeof *instances->items);
  seep_trace_budget_release(instances->budget, (void **)&instances->slots, &instances->slot_count,
                            sizeof *instances->slots);
  seep_trace_budget_release(instances->budget, (void **)&instances->ended, &instances->ended_capacity,
                            sizeof *instances->ended);
}

void seep_instances_clock(seep_instances *instances, uint64_t first_ticks, uint64_t second_ticks)
{
  instances->first_ticks = first_ticks;
  instances->second_ticks = second_ticks;
}

uint64_t seep_instances_afterlife(const seep_instances *instances)
{
  return instances->second_ticks / AFTERLIFE_FRACTION;
}

/* The slot of a PID, or the empty one where it belongs. */
static seep_instance_slot *slot_of(const seep_instances *instances, uint32_t pid)
{
  size_t mask = instances->slot_count - 1;
  size_t i = (size_t)seep_hash_mix(pid, instances->seed) & mask;
  while (instances->slots[i].newest != SEEP_NO_INSTANCE && instances->slots[i].pid != pid) {
    i = (i + 1) & mask;
  }
  return &instances->slots[i];
}

static bool make_room_for_a_pid(seep_instances *instances)
{
  if (instances->slots_used < instances->slot_count / 2) {
    return true;
  }
  seep_instances larger = *instances;
  larger.slots = NULL;
  larger.slot_count = 0;
  size_t needed = instances->slot_count == 0 ? LEAST_SLOTS : instances->slot_count * 2;
  if (!seep_trace_budget_reserve(instances->budget, (void **)&larger.slots, &larger.slot_count, needed,
                                 sizeof *larger.slots)) {
    return false;
  }
  memset(larger.slots, 0xFF, larger.slot_count * sizeof *larger.slots);
  for (size_t i = 0; i < instances->slot_count; i++) {
    if (instances->slots[i].newest != SEEP_NO_INSTANCE) {
      *slot_of(&larger, instances->slots[i].pid) = instances->slots[i];
    }
  }
  seep_trace_budget_release(instances->budget, (void **)&instances->slots, &instances->slot_count,
                            sizeof *instances->slots);
  instances->slots = larger.slots;
  instances->slot_count = larger.slot_count;
  return true;
}

uint32_t seep_instances_newest(const seep_instances *instances, uint32_t pid)
{
  uint32_t last = instances->last_found;
  if (last != SEEP_NO_INSTANCE && instances->items[last].shown.pid == pid) {
    return last;
  }
  return instances->slot_count == 0 ? SEEP_NO_INSTANCE : slot_of(instances, pid)->newest;
}

/* A new instance that becomes the newest of its PID. */
static uint32_t add(seep_instances *instances, uint32_t pid, uint64_t from_ticks)
{
  if (instances->count >= SEEP_NO_INSTANCE - 1 || !make_room_for_a_pid(instances) ||
      !seep_trace_budget_reserve(instances->budget, (void **)&instances->items, &instances->capacity,
                                 instances->count + 1, sizeof *instances->items)) {
    return SEEP_NO_INSTANCE;
  }
  uint32_t index = (uint32_t)instances->count++;
  seep_instance_slot *slot = slot_of(instances, pid);
  instances->slots_used += slot->newest == SEEP_NO_INSTANCE ? 1 : 0;
  seep_instance *item = &instances->items[index];
  memset(item, 0, sizeof *item);
  item->shown.pid = pid;
  item->shown.name = "";
  item->shown.from_ticks = from_ticks;
  item->shown.to_ticks = UINT64_MAX;
  item->previous = slot->newest;
  item->is_anonymous = true;
  *slot = (seep_instance_slot){.pid = pid, .newest = index};
  instances->last_found = index;
  return index;
}

/* After its end, and not just after it. */
static bool is_over(const seep_instances *instances, const seep_instance *item, uint64_t ticks)
{
  return item->shown.ended_here && ticks > item->shown.to_ticks &&
         ticks - item->shown.to_ticks > seep_instances_afterlife(instances);
}

/* Does the time lie so long before the start that it must be the one before? */
static bool is_too_early(const seep_instances *instances, const seep_instance *item, uint64_t ticks)
{
  if (item->previous == SEEP_NO_INSTANCE || ticks >= item->shown.from_ticks) {
    return false;
  }
  return !is_over(instances, &instances->items[item->previous], ticks);
}

uint32_t seep_instances_obtain(seep_instances *instances, uint32_t pid, uint64_t ticks)
{
  uint32_t found = seep_instances_newest(instances, pid);
  if (found != SEEP_NO_INSTANCE) {
    const seep_instance *item = &instances->items[found];
    if (is_too_early(instances, item, ticks)) {
      return item->previous;
    }
    if (!is_over(instances, item, ticks)) {
      instances->last_found = found;
      return found;
    }
  }
  return add(instances, pid, ticks);
}

static bool name(seep_instances *instances, seep_instance *item, const seep_trace_process *process)
{
  char text[SEEP_TRACE_NAME_SIZE];
  seep_trace_text_copy(&process->image_name, text, sizeof text);
  item->shown.parent_pid = process->parent_pid;
  item->shown.session = process->session;
  item->shown.is_wow64 = (process->flags & PROCESS_FLAG_WOW64) != 0;
  item->is_anonymous = false;
  item->name_is_known = true;
  size_t size = strlen(text) + 1;
  char *copy = size > 1 ? seep_arena_take(instances->names, size) : NULL;
  if (copy != NULL) {
    memcpy(copy, text, size);
    item->shown.name = copy;
  }
  return copy != NULL || size == 1;
}

static bool end(seep_instances *instances, uint32_t index, uint64_t ticks)
{
  seep_instance *item = &instances->items[index];
  item->shown.ended_here = true;
  item->shown.to_ticks = ticks;
  if (!seep_trace_budget_reserve(instances->budget, (void **)&instances->ended, &instances->ended_capacity,
                                 instances->ended_count + 1, sizeof *instances->ended)) {
    return false;
  }
  instances->ended[instances->ended_count++] = index;
  return true;
}

/* What was there for this PID before a start: the new process itself, when its memory came first or when two
 * sessions tell of it; else an older one, which must have ended. */
static bool is_own_start(const seep_instances *instances, const seep_instance *item, uint64_t ticks)
{
  return (item->is_anonymous || item->shown.began_here) && !item->shown.ended_here &&
         ticks - item->shown.from_ticks <= instances->second_ticks;
}

static uint32_t start(seep_instances *instances, uint64_t ticks, uint32_t pid)
{
  uint32_t found = seep_instances_newest(instances, pid);
  if (found != SEEP_NO_INSTANCE && is_own_start(instances, &instances->items[found], ticks)) {
    seep_instance *item = &instances->items[found];
    item->shown.from_ticks = item->is_anonymous ? ticks : item->shown.from_ticks;
    item->shown.began_here = true;
    return found;
  }
  if (found != SEEP_NO_INSTANCE && !instances->items[found].shown.ended_here &&
      !end(instances, found, ticks)) {
    return SEEP_NO_INSTANCE;
  }
  uint32_t index = add(instances, pid, ticks);
  if (index != SEEP_NO_INSTANCE) {
    instances->items[index].shown.began_here = true;
  }
  return index;
}

/* An event of a process that says that it has been there all along. */
static uint32_t lived(seep_instances *instances, seep_trace_kind kind, uint64_t ticks, uint32_t pid)
{
  uint32_t found = seep_instances_newest(instances, pid);
  bool has_ended = found != SEEP_NO_INSTANCE && instances->items[found].shown.ended_here;
  if (has_ended && (kind == SEEP_TRACE_PROCESS_END || !is_over(instances, &instances->items[found], ticks))) {
    return found;
  }
  uint64_t from = has_ended ? instances->items[found].shown.to_ticks : instances->first_ticks;
  if (found == SEEP_NO_INSTANCE || has_ended) {
    return add(instances, pid, from);
  }
  if (instances->items[found].is_anonymous) {
    uint32_t previous = instances->items[found].previous;
    instances->items[found].shown.from_ticks =
        previous == SEEP_NO_INSTANCE ? instances->first_ticks : instances->items[previous].shown.to_ticks;
  }
  return found;
}

uint32_t seep_instances_event(seep_instances *instances, seep_trace_kind kind, uint64_t ticks,
                              const seep_trace_process *process)
{
  uint32_t index = kind == SEEP_TRACE_PROCESS_START ? start(instances, ticks, process->pid)
                                                    : lived(instances, kind, ticks, process->pid);
  if (index == SEEP_NO_INSTANCE) {
    return index;
  }
  seep_instance *item = &instances->items[index];
  if (!item->name_is_known && !name(instances, item, process)) {
    return SEEP_NO_INSTANCE;
  }
  if (kind == SEEP_TRACE_PROCESS_END && !item->shown.ended_here && !end(instances, index, ticks)) {
    return SEEP_NO_INSTANCE;
  }
  return index;
}

uint32_t seep_instances_next_ended(seep_instances *instances, uint64_t ticks)
{
  if (instances->ended_done == instances->ended_count) {
    return SEEP_NO_INSTANCE;
  }
  uint32_t index = instances->ended[instances->ended_done];
  if (!is_over(instances, &instances->items[index], ticks)) {
    return SEEP_NO_INSTANCE;
  }
  instances->ended_done++;
  return index;
}
