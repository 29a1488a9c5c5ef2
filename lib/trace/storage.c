/* See storage.h. */
#include "trace/storage.h"

#include <stdlib.h>

seep_status seep_storage_resize(seep_trace_budget *budget, void **items, size_t *bytes, size_t wanted_bytes)
{
  if (!seep_trace_budget_take(budget, wanted_bytes)) {
    return SEEP_LIMIT;
  }
  void *resized = realloc(*items, wanted_bytes);
  if (resized == NULL) {
    seep_trace_budget_give(budget, wanted_bytes);
    return SEEP_NO_MEMORY;
  }
  seep_trace_budget_give(budget, *bytes);
  *items = resized;
  *bytes = wanted_bytes;
  return SEEP_OK;
}

void seep_storage_free(seep_trace_budget *budget, void *items, size_t bytes)
{
  free(items);
  seep_trace_budget_give(budget, bytes);
}
