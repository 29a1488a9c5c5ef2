/* Made inventories for the tests of growth: a process with some of everything, that grows as it is told. */
#ifndef TESTS_GROWTH_INVENTORIES_H
#define TESTS_GROWTH_INVENTORIES_H

#include "memory/growth.h"

#define KB UINT64_C(1024)
#define MB (KB * 1024)
#define MINIMUM (16 * MB)
#define MAXIMUM (256 * MB)

/* 64 bits, heaps and modules known, no runtime, no page heap; 10 MB of heap, 10 MB of other private memory,
 * 1 MB of stacks, and the counter that goes with it. */
void inventory_usual(seep_inventory *inventory);

/* Further allocations that are committed to their end, counter included unless it is off (0). */
void inventory_grow(seep_inventory *inventory, seep_tag tag, unsigned allocations, uint64_t bytes_each);

/* Further bytes committed in what is there; negative ones are freed. */
void inventory_commit(seep_inventory *inventory, seep_tag tag, int64_t bytes);

/* Grows and adds; the verdict is in growth. */
seep_growth_kind_taken inventory_step(seep_growth_kind *growth, seep_inventory *inventory, seep_tag tag,
                                      uint64_t bytes);

#endif
