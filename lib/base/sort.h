/* Sorting what is nearly in order and may have been put into the worst order on purpose. */
#ifndef SEEP_BASE_SORT_H
#define SEEP_BASE_SORT_H

#include <stdbool.h>
#include <stddef.h>

#define SEEP_SORT_ITEM_BYTES 32u /* at most */

/* In place; `before` must order all items, no two of which are equal. n log n steps at most. */
void seep_sort(void *items, size_t count, size_t item_bytes, bool (*before)(const void *a, const void *b));

#endif
