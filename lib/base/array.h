/* Growing arrays: one place where sizes are multiplied and reallocated. */
#ifndef SEEP_BASE_ARRAY_H
#define SEEP_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/* Makes room for `needed` items of item_size bytes, at least twice what there was when it has to grow; *items
 * is NULL with *capacity 0 before. false when out of memory or beyond what fits: nothing has changed then.
 * The caller frees *items. */
bool seep_array_reserve(void **items, size_t *capacity, size_t needed, size_t item_size);

/* Exactly `count` items, which *items then has room for; what is there stays. false when out of memory or
 * beyond what fits: *items is as it was. */
bool seep_array_resize(void **items, size_t count, size_t item_size);

#endif
