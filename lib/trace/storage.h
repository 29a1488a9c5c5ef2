/*
 * Memory within the budget of a trace, and which of the two reasons there is none: the one place where the
 * trace's own containers ask the system for room. Private to this room.
 */
#ifndef SEEP_STORAGE_H
#define SEEP_STORAGE_H

#include <stddef.h>

#include "base/status.h"
#include "trace/budget.h"

/* *items (NULL with *bytes 0 before) has wanted_bytes, never 0, afterwards; while it is moved the budget pays
 * for both. SEEP_LIMIT (the budget) or SEEP_NO_MEMORY: nothing has changed. */
seep_status seep_storage_resize(seep_trace_budget *budget, void **items, size_t *bytes, size_t wanted_bytes);

void seep_storage_free(seep_trace_budget *budget, void *items, size_t bytes);

#endif
