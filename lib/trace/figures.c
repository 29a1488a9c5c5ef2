/* Uses are found by a hash table of (node, instance, view) that holds no keys: a use says what it is. */
#include "trace/figures.h"

#include <string.h>

#include "base/saturate.h"
#include "trace/hash_mix.h"

#define LEAST_SLOTS 64u
#define NO_FIGURES UINT32_MAX
#define SLOTS_OF_A_USE 2u /* its own, and the one that it is moved to, once, when nothing may fail */

void seep_figures_init(seep_figures *figures, seep_trace_budget *budget, uint64_t seed)
{
  *figures = (seep_figures){.budget = budget, .seed = seed, .bucket_ticks = 1, .free_item = NO_FIGURES};
}

void seep_figures_fini(seep_figures *figures)
{
  seep_trace_budget_release(figures->budget, (void **)&figures->uses, &figures->use_capacity,
                            sizeof *figures->uses);
  seep_trace_budget_release(figures->budget, (void **)&figures->items, &figures->item_capacity,
                            sizeof *figures->items);
  seep_trace_budget_release(figures->budget, (void **)&figures->slots, &figures->slot_count,
                            sizeof *figures->slots);
}

void seep_figures_clock(seep_figures *figures, uint64_t first_ticks, uint64_t last_ticks)
{
  figures->first_ticks = first_ticks;
  figures->bucket_ticks = last_ticks > first_ticks ? (last_ticks - first_ticks) / SEEP_TRACE_BUCKETS + 1 : 1;
}

uint32_t seep_figures_bucket(const seep_figures *figures, uint64_t ticks)
{
  if (ticks <= figures->first_ticks) {
    return 0;
  }
  uint64_t bucket = (ticks - figures->first_ticks) / figures->bucket_ticks;
  return bucket < SEEP_TRACE_BUCKETS ? (uint32_t)bucket : SEEP_TRACE_BUCKETS - 1;
}

static uint32_t hash_of(const seep_figures *figures, uint32_t node, uint32_t instance, uint32_t view)
{
  uint64_t key = (uint64_t)node << 32 | instance;
  return (uint32_t)seep_hash_mix(key, figures->seed + view);
}

/* The slot of such a use, or the empty one where it belongs. */
static seep_use_slot *slot_of(const seep_figures *figures, uint32_t hash, uint32_t node, uint32_t instance,
                              uint32_t view)
{
  size_t mask = figures->slot_count - 1;
  size_t i = hash & mask;
  for (;; i = (i + 1) & mask) {
    seep_use_slot *slot = &figures->slots[i];
    if (slot->use == SEEP_NO_USE) {
      return slot;
    }
    if (slot->hash == hash) {
      const seep_use *use = &figures->uses[slot->use];
      if (use->node == node && use->instance == instance && use->view == view) {
        return slot;
      }
    }
  }
}

static void put_again(seep_figures *figures, seep_use_slot slot)
{
  size_t mask = figures->slot_count - 1;
  size_t i = slot.hash & mask;
  while (figures->slots[i].use != SEEP_NO_USE) {
    i = (i + 1) & mask;
  }
  figures->slots[i] = slot;
  figures->slots_promised += SLOTS_OF_A_USE;
}

/* Slots of uses that have been joined or moved are not asked for again: they are left out when it grows. */
static bool make_room_for_a_use(seep_figures *figures)
{
  if (figures->slots_promised < figures->slot_count / 2) {
    return true;
  }
  seep_use_slot *old = figures->slots;
  size_t old_count = figures->slot_count;
  seep_figures larger = *figures;
  larger.slots = NULL;
  larger.slot_count = 0;
  larger.slots_promised = 0;
  size_t needed = old_count == 0 ? LEAST_SLOTS : old_count * 2;
  if (!seep_trace_budget_reserve(figures->budget, (void **)&larger.slots, &larger.slot_count, needed,
                                 sizeof *larger.slots)) {
    return false;
  }
  memset(larger.slots, 0xFF, larger.slot_count * sizeof *larger.slots);
  for (size_t i = 0; i < old_count; i++) {
    if (old[i].use == SEEP_NO_USE) {
      continue;
    }
    const seep_use *use = &figures->uses[old[i].use];
    if (use->figures != NO_FIGURES && hash_of(figures, use->node, use->instance, use->view) == old[i].hash) {
      put_again(&larger, old[i]);
    }
  }
  seep_trace_budget_release(figures->budget, (void **)&old, &old_count, sizeof *old);
  *figures = larger;
  return true;
}

static uint32_t take_item(seep_figures *figures)
{
  uint32_t taken = figures->free_item;
  if (taken != NO_FIGURES) {
    figures->free_item = (uint32_t)figures->items[taken].first_ticks;
  } else {
    if (figures->item_count >= NO_FIGURES ||
        !seep_trace_budget_reserve(figures->budget, (void **)&figures->items, &figures->item_capacity,
                                   figures->item_count + 1, sizeof *figures->items)) {
      return NO_FIGURES;
    }
    taken = (uint32_t)figures->item_count++;
  }
  memset(&figures->items[taken], 0, sizeof figures->items[taken]);
  return taken;
}

static void give_item(seep_figures *figures, uint32_t item)
{
  figures->items[item].first_ticks = figures->free_item;
  figures->free_item = item;
}

uint32_t seep_figures_obtain(seep_figures *figures, uint32_t *chain, uint32_t node, uint32_t instance,
                             seep_trace_view view)
{
  if (!make_room_for_a_use(figures)) {
    return SEEP_NO_USE;
  }
  uint32_t hash = hash_of(figures, node, instance, view);
  seep_use_slot *slot = slot_of(figures, hash, node, instance, view);
  if (slot->use != SEEP_NO_USE) {
    return slot->use;
  }
  if (figures->use_count >= SEEP_NO_USE ||
      !seep_trace_budget_reserve(figures->budget, (void **)&figures->uses, &figures->use_capacity,
                                 figures->use_count + 1, sizeof *figures->uses)) {
    return SEEP_NO_USE;
  }
  uint32_t item = take_item(figures);
  if (item == NO_FIGURES) {
    return SEEP_NO_USE;
  }
  uint32_t index = (uint32_t)figures->use_count++;
  figures->uses[index] = (seep_use){
      .node = node, .instance = instance, .next = *chain, .figures = item, .joined = index, .view = view};
  *chain = index;
  *slot = (seep_use_slot){.hash = hash, .use = index};
  figures->slots_promised += SLOTS_OF_A_USE;
  return index;
}

static void add_up(seep_trace_use *sum, const seep_trace_use *more)
{
  if (more->allocations > 0) {
    sum->first_ticks =
        sum->allocations == 0 || more->first_ticks < sum->first_ticks ? more->first_ticks : sum->first_ticks;
    sum->last_ticks = more->last_ticks > sum->last_ticks ? more->last_ticks : sum->last_ticks;
  }
  sum->allocations += more->allocations;
  sum->frees += more->frees;
  sum->live_count += more->live_count;
  sum->allocated_bytes = seep_saturate_add(sum->allocated_bytes, more->allocated_bytes);
  sum->freed_bytes = seep_saturate_add(sum->freed_bytes, more->freed_bytes);
  sum->live_bytes = seep_saturate_add(sum->live_bytes, more->live_bytes);
  for (size_t i = 0; i < SEEP_TRACE_BUCKETS; i++) {
    sum->change_bytes[i] = (int64_t)((uint64_t)sum->change_bytes[i] + (uint64_t)more->change_bytes[i]);
    sum->kept_bytes[i] = seep_saturate_add(sum->kept_bytes[i], more->kept_bytes[i]);
  }
}

void seep_figures_move(seep_figures *figures, uint32_t *from, uint32_t *to, uint32_t to_node)
{
  while (*from != SEEP_NO_USE) {
    uint32_t index = *from;
    seep_use *use = &figures->uses[index];
    *from = use->next;
    uint32_t hash = hash_of(figures, to_node, use->instance, use->view);
    seep_use_slot *slot = slot_of(figures, hash, to_node, use->instance, use->view);
    if (slot->use != SEEP_NO_USE) {
      const seep_use *target = &figures->uses[slot->use];
      add_up(&figures->items[target->figures], &figures->items[use->figures]);
      give_item(figures, use->figures);
      use->figures = NO_FIGURES;
      use->joined = slot->use;
      continue;
    }
    use->node = to_node;
    use->next = *to;
    *to = index;
    *slot = (seep_use_slot){.hash = hash, .use = index};
  }
}

uint32_t seep_figures_of(const seep_figures *figures, uint32_t use)
{
  while (figures->uses[use].joined != use) {
    use = figures->uses[use].joined;
  }
  return use;
}

seep_trace_use *seep_figures_at(seep_figures *figures, uint32_t use)
{
  return &figures->items[figures->uses[seep_figures_of(figures, use)].figures];
}

/* Sums of hostile sizes may go round, as unsigned numbers do; nothing depends on them. */
static void change(seep_figures *figures, seep_trace_use *item, uint64_t ticks, uint64_t more_bytes,
                   uint64_t less_bytes)
{
  int64_t *part = &item->change_bytes[seep_figures_bucket(figures, ticks)];
  *part = (int64_t)((uint64_t)*part + more_bytes - less_bytes);
}

void seep_figures_allocated(seep_figures *figures, uint32_t use, uint64_t ticks, uint64_t bytes)
{
  seep_trace_use *item = seep_figures_at(figures, use);
  item->first_ticks = item->allocations == 0 ? ticks : item->first_ticks;
  item->last_ticks = ticks;
  item->allocations++;
  item->allocated_bytes = seep_saturate_add(item->allocated_bytes, bytes);
  change(figures, item, ticks, bytes, 0);
}

void seep_figures_freed(seep_figures *figures, uint32_t use, uint64_t ticks, uint64_t bytes)
{
  seep_trace_use *item = seep_figures_at(figures, use);
  item->frees++;
  item->freed_bytes = seep_saturate_add(item->freed_bytes, bytes);
  change(figures, item, ticks, 0, bytes);
}

void seep_figures_resized(seep_figures *figures, uint32_t use, uint64_t ticks, uint64_t old_bytes,
                          uint64_t new_bytes)
{
  seep_trace_use *item = seep_figures_at(figures, use);
  if (new_bytes >= old_bytes) {
    item->allocated_bytes = seep_saturate_add(item->allocated_bytes, new_bytes - old_bytes);
  } else {
    item->freed_bytes = seep_saturate_add(item->freed_bytes, old_bytes - new_bytes);
  }
  change(figures, item, ticks, new_bytes, old_bytes);
}

void seep_figures_kept(seep_figures *figures, uint32_t use, uint32_t bucket, uint64_t bytes, bool first)
{
  seep_trace_use *item = seep_figures_at(figures, use);
  item->live_count += first ? 1 : 0;
  item->live_bytes = seep_saturate_add(item->live_bytes, bytes);
  item->kept_bytes[bucket] = seep_saturate_add(item->kept_bytes[bucket], bytes);
}
