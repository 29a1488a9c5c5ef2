/* Bookkeeping only; see budget.h. */
#include "trace/budget.h"

#include <stdint.h>

#include "trace/storage.h"

size_t seep_trace_budget_left(const seep_trace_budget *budget)
{
  return budget->limit_bytes > budget->used_bytes ? budget->limit_bytes - budget->used_bytes : 0;
}

bool seep_trace_budget_take(seep_trace_budget *budget, size_t bytes)
{
  if (budget == NULL) {
    return true;
  }
  if (bytes > seep_trace_budget_left(budget)) {
    budget->exceeded = true;
    return false;
  }
  budget->used_bytes += bytes;
  budget->peak_bytes = budget->used_bytes > budget->peak_bytes ? budget->used_bytes : budget->peak_bytes;
  return true;
}

void seep_trace_budget_give(seep_trace_budget *budget, size_t bytes)
{
  if (budget != NULL) {
    budget->used_bytes -= bytes <= budget->used_bytes ? bytes : budget->used_bytes;
  }
}

#define LEAST_ITEMS 64u

bool seep_trace_budget_reserve(seep_trace_budget *budget, void **items, size_t *capacity, size_t needed,
                               size_t item_size)
{
  if (needed <= *capacity) {
    return true;
  }
  size_t bytes = *capacity * item_size;
  size_t wanted = *capacity > LEAST_ITEMS / 2 ? *capacity : LEAST_ITEMS / 2;
  do {
    wanted = wanted <= SIZE_MAX / 2 ? wanted * 2 : SIZE_MAX;
  } while (wanted < needed);
  size_t wanted_bytes = wanted <= SIZE_MAX / item_size ? wanted * item_size : SIZE_MAX; /* nobody has that */
  if (seep_storage_resize(budget, items, &bytes, wanted_bytes) != SEEP_OK) {
    return false;
  }
  *capacity = wanted;
  return true;
}

void seep_trace_budget_release(seep_trace_budget *budget, void **items, size_t *capacity, size_t item_size)
{
  seep_storage_free(budget, *items, *capacity * item_size);
  *items = NULL;
  *capacity = 0;
}
