/* For tests of one comparison: two inventories, and what is said of the growth between them. */
#ifndef TEST_MEMORY_GROWTH_PAIR_H
#define TEST_MEMORY_GROWTH_PAIR_H

#include "unit/memory/growth_inventories.h"

#define ONE 0.80 /* the confidence of one comparison in which nothing is doubtful */

typedef struct growth_pair {
  seep_inventory before, after;
  seep_growth_kind_verdict verdict; /* of the last expectation */
} growth_pair;

/* Twice the usual inventory. */
void growth_pair_begin(growth_pair *pair);

/* Further allocations of 1 MB in `after`. */
void growth_pair_grow(growth_pair *pair, seep_tag tag, unsigned mebibytes);

/* Compares; `reason` must be a part of the verdict's. */
void growth_pair_expect(growth_pair *pair, seep_memory_kind kind, double confidence, const char *reason);
void growth_pair_expect_undetermined(growth_pair *pair, const char *reason);

#endif
