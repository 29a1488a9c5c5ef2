/*
 * The scan is what every record of a file goes through: it reads a record's first bytes and its time, and
 * remembers where the wanted ones are. See merge_open.h.
 */
#include "trace/merge_open.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"

static_assert(sizeof(seep_trace__wanted) <= SEEP_SORT_ITEM_BYTES, "sorted in place");

/* So many keep their memory for the next buffer. */
#define IDLE_WITH_MEMORY 4u
#define HEADER_BYTES ((size_t)SEEP_TRACE__BUFFER_HEADER_BYTES)

void seep_trace__slots_init(seep_trace__slots *slots, seep_trace_budget *budget)
{
  memset(slots, 0, sizeof *slots);
  slots->budget = budget;
  slots->idle = SEEP_TRACE__NO_SLOT;
}

static void drop_memory(seep_trace__slots *slots, seep_trace__open *open)
{
  void *wanted = open->wanted;
  seep_trace_budget_release(slots->budget, &wanted, &open->capacity, sizeof *open->wanted);
  open->wanted = NULL;
  free(open->room);
  seep_trace_budget_give(slots->budget, open->room_bytes);
  open->room = NULL;
  open->room_bytes = 0;
}

void seep_trace__slots_release(seep_trace__slots *slots)
{
  void *items = slots->items;
  for (size_t i = 0; i < slots->count; i++) {
    drop_memory(slots, &slots->items[i]);
  }
  seep_trace_budget_release(slots->budget, &items, &slots->capacity, sizeof *slots->items);
  seep_trace__slots_init(slots, slots->budget);
}

static bool has_memory(const seep_trace__open *open)
{
  return open->wanted != NULL || open->room != NULL;
}

size_t seep_trace__slots_take(seep_trace__slots *slots)
{
  size_t index = slots->idle;
  void *items = slots->items;
  if (index != SEEP_TRACE__NO_SLOT) {
    slots->idle = slots->items[index].next_idle;
    slots->idle_with_memory -= has_memory(&slots->items[index]) ? 1 : 0;
    return index;
  }
  bool grown = seep_trace_budget_reserve(slots->budget, &items, &slots->capacity, slots->count + 1,
                                         sizeof *slots->items);
  slots->items = items;
  if (!grown) {
    return SEEP_TRACE__NO_SLOT;
  }
  memset(&slots->items[slots->count], 0, sizeof *slots->items);
  return slots->count++;
}

void seep_trace__slots_give(seep_trace__slots *slots, size_t index)
{
  seep_trace__open *open = &slots->items[index];
  open->next = open->count = 0;
  if (slots->idle_with_memory >= IDLE_WITH_MEMORY) {
    drop_memory(slots, open);
  }
  slots->idle_with_memory += has_memory(open) ? 1 : 0;
  open->next_idle = slots->idle;
  slots->idle = index;
}

bool seep_trace__open_hold(seep_trace__slots *slots, size_t index, size_t bytes)
{
  seep_trace__open *open = &slots->items[index];
  if (bytes <= open->room_bytes) {
    return true;
  }
  free(open->room);
  seep_trace_budget_give(slots->budget, open->room_bytes);
  open->room = NULL;
  open->room_bytes = 0;
  if (!seep_trace_budget_take(slots->budget, bytes)) {
    return false;
  }
  open->room = malloc(bytes);
  if (open->room == NULL) {
    seep_trace_budget_give(slots->budget, bytes);
    return false;
  }
  open->room_bytes = bytes;
  return true;
}

static bool add(seep_trace__slots *slots, seep_trace__open *open, uint64_t ticks, size_t offset)
{
  if (open->count == open->capacity) {
    void *wanted = open->wanted;
    bool grown = seep_trace_budget_reserve(slots->budget, &wanted, &open->capacity, open->count + 1,
                                           sizeof *open->wanted);
    open->wanted = wanted;
    if (!grown) {
      return false;
    }
  }
  open->wanted[open->count++] = (seep_trace__wanted){.ticks = ticks, .offset = (uint32_t)offset};
  return true;
}

static bool before(const void *a, const void *b)
{
  const seep_trace__wanted *left = a, *right = b;
  return left->ticks != right->ticks ? left->ticks < right->ticks : left->offset < right->offset;
}

/* What a scan seldom has to note. */
typedef struct counts {
  uint64_t bad_records;
  bool stepped_back, full; /* the wanted ones are out of order; there is no room for more */
} counts;

static void remember(seep_trace__slots *slots, seep_trace__open *open, uint64_t ticks, size_t at,
                     counts *seen)
{
  seen->stepped_back |= open->count > 0 && ticks < open->wanted[open->count - 1].ticks;
  seen->full = !add(slots, open, ticks, at);
}

bool seep_trace__open_scan(seep_trace__slots *slots, size_t index, const seep_trace__part *part,
                           const seep_trace_filter *filter, seep_trace_merged *merged)
{
  seep_trace__open *open = index != SEEP_TRACE__NO_SLOT ? &slots->items[index] : NULL;
  counts seen = {.full = open == NULL};
  uint64_t records = 0, kernel_records = 0, last_ticks = merged->last_ticks;
  size_t end = part->end;
  seep_trace__framed framed;
  for (size_t at = HEADER_BYTES; at < end; at += seep_trace__step(&framed)) {
    const uint8_t *data = part->data + at;
    seep_trace__framing found = seep_trace__frame(data, end - at, &framed);
    if (found != SEEP_TRACE__RECORD) {
      seen.bad_records += found == SEEP_TRACE__BROKEN && !part->is_cut ? 1 : 0;
      break;
    }
    if (seep_trace__payload_at(data, &framed) == 0) {
      seen.bad_records++;
      continue;
    }
    records++;
    if (!seep_trace__has_time(&framed)) {
      continue;
    }
    uint64_t ticks = seep_trace__ticks(data, &framed);
    last_ticks = ticks > last_ticks ? ticks : last_ticks;
    kernel_records += seep_trace__is_kernel(&framed) ? 1 : 0;
    if (seep_trace__is_wanted(filter, &framed) && !seen.full) {
      remember(slots, open, ticks, at, &seen);
    }
  }
  merged->summary.records += records;
  merged->summary.kernel_records += kernel_records;
  merged->summary.bad_records += seen.bad_records;
  merged->last_ticks = last_ticks;
  if (open != NULL && seen.full) {
    open->count = 0;
  } else if (open != NULL && seen.stepped_back) {
    seep_sort(open->wanted, open->count, sizeof *open->wanted, before);
  }
  return open == NULL || !seen.full;
}
