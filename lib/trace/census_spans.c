/*
 * Whether time ever goes back in what one processor wrote. Buffers lie in the file as they were flushed, in
 * one that goes round and round in any order at all: their sequence numbers say how they follow each other
 * (reference: etl-format, 1.6). So of each buffer its first and last time are kept.
 */
#include <assert.h>

#include "trace/census_internal.h"
#include "base/sort.h"

static_assert(sizeof(seep_trace__span) <= SEEP_SORT_ITEM_BYTES, "sorted in place");

seep_trace__kept seep_trace__spans_begin(seep_trace__spans *spans, seep_trace_budget *budget,
                                         const seep_trace_buffer *buffer)
{
  if (!seep_trace_budget_reserve(budget, &spans->items, &spans->capacity, spans->count + 1,
                                 sizeof(seep_trace__span))) {
    return budget->exceeded ? SEEP_TRACE__NOT_KEPT : SEEP_TRACE__NO_MEMORY;
  }
  const seep_trace__span fresh = {
      .sequence = buffer->sequence, .processor = buffer->processor, .place = (uint32_t)spans->count};
  ((seep_trace__span *)spans->items)[spans->count++] = fresh;
  return SEEP_TRACE__KEPT;
}

void seep_trace__spans_time(seep_trace__spans *spans, uint64_t ticks)
{
  if (spans->count == 0) {
    return;
  }
  seep_trace__span *span = (seep_trace__span *)spans->items + (spans->count - 1);
  if (!span->has_times) {
    span->has_times = true;
    span->first_ticks = ticks;
  } else if (ticks < span->last_ticks) {
    spans->backward_steps++;
  }
  span->last_ticks = ticks;
}

static bool comes_before(const void *left, const void *right)
{
  const seep_trace__span *a = left, *b = right;
  if (a->processor != b->processor) {
    return a->processor < b->processor;
  }
  return a->sequence != b->sequence ? a->sequence < b->sequence : a->place < b->place;
}

uint64_t seep_trace__spans_steps(seep_trace__spans *spans)
{
  seep_trace__span *items = spans->items;
  const seep_trace__span *before = NULL;
  uint64_t steps = spans->backward_steps;
  seep_sort(items, spans->count, sizeof *items, comes_before);
  for (size_t i = 0; i < spans->count; i++) {
    if (!items[i].has_times) {
      continue;
    }
    bool follows = before != NULL && before->processor == items[i].processor;
    steps += follows && items[i].first_ticks < before->last_ticks ? 1 : 0;
    before = &items[i];
  }
  return steps;
}

void seep_trace__spans_free(seep_trace__spans *spans, seep_trace_budget *budget)
{
  seep_trace_budget_release(budget, &spans->items, &spans->capacity, sizeof(seep_trace__span));
  spans->count = 0;
}
