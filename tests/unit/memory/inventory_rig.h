/*
 * For tests of inventories: synthetic processes of each kind, the inventory that was taken last, and what
 * must hold of it. Wrong sums fail the test that asks.
 */
#ifndef TEST_MEMORY_INVENTORY_RIG_H
#define TEST_MEMORY_INVENTORY_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/inventory.h"
#include "unit/memory/image.h"

typedef enum rig_kind { RIG_NT_64, RIG_NT_32, RIG_SEGMENT_64, RIG_SEGMENT_32, RIG_WOW64, RIG_KINDS } rig_kind;

extern const seep_inventory_limits rig_plenty; /* more than any test needs */
extern seep_inventory rig_inventory;           /* the last one */
extern seep_inventory_detail rig_detail;

/* image is to be freed with image_fini. NT heaps are of Windows 8 and later, segment heaps of the first
 * layout that image.h knows. */
void rig_make(memory_image *image, image_process *process, rig_kind kind);

/* Of the second PEB at 0x7E002000 and TEB at 0x7E004000; its heap at 0x10000000 has two segments and a block.
 */
void rig_make_wow64(memory_image *image, image_process *process);

/* Into rig_inventory and rig_detail. */
void rig_take(memory_image *image);

/* Of rig_inventory. */
seep_usage_sum rig_row(seep_usage_row which);
uint64_t rig_committed(seep_tag tag);
bool rig_sums_are_right(const image_process *process);

/* Complete, and right. */
void rig_expect_known(const image_process *process);

#endif
