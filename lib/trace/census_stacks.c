/*
 * Whose stack a stack is. A stack's record names the time of its event and the thread; the event may have any
 * form, and no thread in some of them (reference: etl-format, 2.3). The first walk notes who is waited for,
 * the second looks for them: one search for a record, however many have the same time. Of keys only the last
 * definition is kept: a reference behind it is to nothing.
 */
#include <assert.h>

#include "trace/census_internal.h"
#include "base/sort.h"
#include "trace/payload_internal.h"

/* Events of one time and thread, and those of the time that name no thread: these with the first wait of
 * their time. */
typedef struct wait {
  uint64_t ticks;
  uint32_t tid;
  uint32_t stacks;
  uint32_t events; /* until they are sorted: its place among the notes */
  uint32_t nameless_events;
  uint32_t first_number; /* of the first event: a hook or BY_GUID; NAMELESS_FIRST with it */
  uint32_t first_nameless_number;
} wait;

#define NAMELESS_FIRST UINT32_C(0x80000000)

typedef struct definition {
  uint64_t key;
  uint64_t ticks;
  uint32_t place; /* among the definitions */
} definition;

static_assert(sizeof(wait) <= SEEP_SORT_ITEM_BYTES &&
                  sizeof(definition) <= SEEP_SORT_ITEM_BYTES,
              "sorted in place");

enum { OPCODE_FIRST = 32, OPCODE_LAST = 38 };

/* ---- keys ---- */

static seep_trace__kept note_definition(seep_trace__matching *matching, seep_trace_budget *budget,
                                        uint64_t key, uint64_t ticks)
{
  if (!seep_trace_budget_reserve(budget, &matching->keys, &matching->key_capacity, matching->key_count + 1,
                                 sizeof(definition))) {
    return budget->exceeded ? SEEP_TRACE__NOT_KEPT : SEEP_TRACE__NO_MEMORY;
  }
  const definition fresh = {.key = key, .ticks = ticks, .place = (uint32_t)matching->key_count};
  ((definition *)matching->keys)[matching->key_count++] = fresh;
  return SEEP_TRACE__KEPT;
}

static bool key_comes_before(const void *left, const void *right)
{
  const definition *a = left, *b = right;
  if (a->key != b->key) {
    return a->key < b->key;
  }
  return a->ticks != b->ticks ? a->ticks < b->ticks : a->place < b->place;
}

static void sort_keys(seep_trace__matching *matching)
{
  definition *keys = matching->keys;
  size_t kept = 0;
  if (matching->key_count == 0) {
    return;
  }
  seep_sort(keys, matching->key_count, sizeof *keys, key_comes_before);
  for (size_t i = 1; i < matching->key_count; i++) {
    kept += keys[i].key != keys[kept].key ? 1 : 0;
    keys[kept] = keys[i];
  }
  matching->key_count = kept + 1;
}

static bool is_defined_after(const seep_trace__matching *matching, uint64_t key, uint64_t ticks)
{
  const definition *keys = matching->keys;
  size_t low = 0, high = matching->key_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (keys[middle].key < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < matching->key_count && keys[low].key == key && keys[low].ticks >= ticks;
}

/* ---- the first walk ---- */

static void count_frames(seep_trace_census_stacks *stacks, size_t frames)
{
  stacks->frames += frames;
  stacks->most_frames = frames > stacks->most_frames ? frames : stacks->most_frames;
}

static seep_trace__kept note_stack(seep_trace__matching *matching, seep_trace_budget *budget,
                                   seep_trace_census_stacks *stacks, const seep_trace_record *record,
                                   bool is_key)
{
  seep_trace_stack stack;
  if (!seep_trace_take_stack(record, &stack)) {
    stacks->unmatched++;
    return SEEP_TRACE__KEPT;
  }
  if (is_key) {
    stacks->references++;
  } else {
    count_frames(stacks, stack.frame_count);
  }
  if (record->ticks >= stack.event_ticks && record->ticks - stack.event_ticks > stacks->most_delay_ticks) {
    stacks->most_delay_ticks = record->ticks - stack.event_ticks;
  }
  if (!seep_trace_budget_reserve(budget, &matching->waits, &matching->wait_capacity, matching->wait_count + 1,
                                 sizeof(wait))) {
    return budget->exceeded ? SEEP_TRACE__NOT_KEPT : SEEP_TRACE__NO_MEMORY;
  }
  const wait fresh = {
      .ticks = stack.event_ticks, .tid = stack.tid, .stacks = 1, .events = (uint32_t)matching->wait_count};
  ((wait *)matching->waits)[matching->wait_count++] = fresh;
  return SEEP_TRACE__KEPT;
}

seep_trace__kept seep_trace__matching_note(seep_trace__matching *matching, seep_trace_budget *budget,
                                           seep_trace_census_stacks *stacks, const seep_trace_record *record,
                                           unsigned opcode)
{
  seep_trace_definition defined;
  if (opcode >= OPCODE_FIRST && opcode <= OPCODE_LAST) {
    stacks->by_opcode[opcode - OPCODE_FIRST]++;
  }
  switch (seep_trace_kind_of(record)) {
  case SEEP_TRACE_STACK:
    return note_stack(matching, budget, stacks, record, false);
  case SEEP_TRACE_STACK_KEY_KERNEL:
  case SEEP_TRACE_STACK_KEY_USER:
    return note_stack(matching, budget, stacks, record, true);
  case SEEP_TRACE_STACK_DEFINITION:
    if (!seep_trace_take_definition(record, &defined)) {
      return SEEP_TRACE__KEPT;
    }
    stacks->definitions++;
    count_frames(stacks, defined.frame_count);
    return note_definition(matching, budget, defined.key, record->ticks);
  default:
    return SEEP_TRACE__KEPT;
  }
}

/* ---- the second walk ---- */

static int compare(const wait *a, const wait *b)
{
  if (a->ticks != b->ticks) {
    return a->ticks < b->ticks ? -1 : 1;
  }
  return a->tid < b->tid ? -1 : a->tid > b->tid;
}

static bool comes_before(const void *left, const void *right)
{
  const wait *a = left, *b = right;
  int order = compare(a, b);
  return order != 0 ? order < 0 : a->events < b->events;
}

static void sort_waits(seep_trace__matching *matching)
{
  wait *waits = matching->waits;
  size_t kept = 0;
  if (matching->wait_count == 0) {
    return;
  }
  seep_sort(waits, matching->wait_count, sizeof *waits, comes_before);
  waits[0].events = 0;
  for (size_t i = 1; i < matching->wait_count; i++) {
    if (compare(&waits[kept], &waits[i]) == 0) {
      waits[kept].stacks++;
    } else {
      waits[++kept] = waits[i];
      waits[kept].events = 0;
    }
  }
  matching->wait_count = kept + 1;
}

void seep_trace__matching_sort(seep_trace__matching *matching)
{
  sort_waits(matching);
  sort_keys(matching);
}

/* The first wait that does not come before this time and thread. */
static size_t find(const seep_trace__matching *matching, uint64_t ticks, uint32_t tid)
{
  const wait *waits = matching->waits;
  const wait sought = {.ticks = ticks, .tid = tid};
  size_t low = 0, high = matching->wait_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (compare(&waits[middle], &sought) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static void take_event(seep_trace__matching *matching, wait *found, uint32_t number)
{
  if (found->events++ == 0) {
    const wait *first = (const wait *)matching->waits + find(matching, found->ticks, 0);
    found->first_number = number | (first->nameless_events != 0 ? NAMELESS_FIRST : 0);
  }
}

static void take_nameless_event(wait *first, uint32_t number)
{
  if (first->nameless_events++ == 0) {
    first->first_nameless_number = number;
  }
}

void seep_trace__matching_look(seep_trace__matching *matching, seep_trace_census_stacks *stacks,
                               const seep_trace_record *record)
{
  unsigned opcode = 0;
  wait *waits = matching->waits;
  if (seep_trace__group_of(record, &opcode) == SEEP_TRACE__GROUP_STACK) {
    seep_trace_stack stack;
    bool is_key = opcode == OPCODE_LAST || opcode == OPCODE_LAST - 1;
    if (is_key && seep_trace_take_stack(record, &stack) &&
        !is_defined_after(matching, stack.key, record->ticks)) {
      stacks->undefined_references++;
    }
    return;
  }
  bool is_nameless = record->tid == UINT32_MAX;
  uint32_t number = record->is_kernel ? record->hook_id : SEEP_TRACE_CENSUS_BY_GUID;
  size_t at = find(matching, record->ticks, is_nameless ? 0 : record->tid);
  if (at == matching->wait_count || waits[at].ticks != record->ticks) {
    return;
  }
  if (is_nameless) {
    take_nameless_event(&waits[at], number);
  } else if (waits[at].tid == record->tid) {
    take_event(matching, &waits[at], number);
  }
}

/* ---- the sum ---- */

static bool end_wait(seep_trace_census_stacks *stacks, const wait *own, const wait *nameless)
{
  uint64_t events = (uint64_t)own->events + nameless->nameless_events;
  if (events == 0) {
    stacks->unmatched += own->stacks;
    return true;
  }
  bool is_own_first = own->events != 0 && (own->first_number & NAMELESS_FIRST) == 0;
  stacks->matched += own->stacks;
  stacks->ambiguous += events > 1 ? own->stacks : 0;
  return seep_trace__census_add(&stacks->by_hook, NULL,
                                is_own_first ? own->first_number : nameless->first_nameless_number,
                                own->stacks);
}

bool seep_trace__matching_end(seep_trace__matching *matching, seep_trace_census_stacks *stacks)
{
  const wait *waits = matching->waits;
  size_t first = 0;
  stacks->keys = matching->key_count;
  for (size_t i = 0; i < matching->wait_count; i++) {
    first = waits[i].ticks != waits[first].ticks ? i : first;
    if (!end_wait(stacks, &waits[i], &waits[first])) {
      return false;
    }
  }
  return true;
}

void seep_trace__matching_free(seep_trace__matching *matching, seep_trace_budget *budget)
{
  seep_trace_budget_release(budget, &matching->waits, &matching->wait_capacity, sizeof(wait));
  seep_trace_budget_release(budget, &matching->keys, &matching->key_capacity, sizeof(definition));
  matching->wait_count = matching->key_count = 0;
}
