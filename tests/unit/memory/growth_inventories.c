#include "growth_inventories.h"

#include <string.h>

void inventory_usual(seep_inventory *inventory)
{
  memset(inventory, 0, sizeof *inventory);
  inventory->regions_known = inventory->heaps_known = inventory->modules_known = true;
  inventory->pointer_bytes = 8;
  inventory->commit_bytes = MB; /* what images and mapped files cost */
  inventory_grow(inventory, SEEP_TAG_HEAP, 10, MB);
  inventory_grow(inventory, SEEP_TAG_UNKNOWN, 10, MB);
  inventory_grow(inventory, SEEP_TAG_STACK, 16, 64 * KB);
}

void inventory_commit(seep_inventory *inventory, seep_tag tag, int64_t bytes)
{
  seep_usage_sum *sum = &inventory->usage.tags[tag];
  sum->committed_bytes += (uint64_t)bytes; /* wraps around as a negative one should */
  sum->private_bytes += (uint64_t)bytes;
  if (inventory->commit_bytes != 0) {
    inventory->commit_bytes += (uint64_t)bytes;
  }
}

void inventory_grow(seep_inventory *inventory, seep_tag tag, unsigned allocations, uint64_t bytes_each)
{
  seep_usage_sum *sum = &inventory->usage.tags[tag];
  uint64_t bytes = allocations * bytes_each;
  sum->allocations += allocations;
  sum->regions += allocations;
  sum->total_bytes += bytes;
  inventory->usage.sizes[tag][seep_usage_size_class(bytes_each)] += allocations;
  inventory_commit(inventory, tag, (int64_t)bytes);
}

seep_growth_kind_taken inventory_step(seep_growth_kind *growth, seep_inventory *inventory, seep_tag tag,
                                      uint64_t bytes)
{
  inventory_grow(inventory, tag, (unsigned)(bytes / MB), MB);
  return seep_growth_kind_add(growth, inventory, MINIMUM, MAXIMUM);
}
