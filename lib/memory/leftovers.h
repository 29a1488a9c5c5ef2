/*
 * Tags for private memory that no thread and no heap has claimed: fixed addresses, marks of heaps that could
 * not be listed, and what its shape or its protection tells. Each rule says in leftovers.c whether it is
 * documented, measured or inferred. Nothing that has a tag gets another one.
 */
#ifndef SEEP_MEMORY_LEFTOVERS_H
#define SEEP_MEMORY_LEFTOVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/probe.h"
#include "memory/regions.h"

/* Before heaps: memory at addresses that Windows fixes. */
void seep_leftovers_tag_fixed(seep_regions *regions);

/* What is known of the process when its unclaimed memory is sniffed at. */
typedef struct seep_leftovers_heaps {
  const uint64_t *proven; /* addresses of heaps whose own structure was found right */
  size_t proven_count;
  unsigned pointer_bytes; /* of the target */
  bool both_widths;       /* WOW64, or not known: marks of 32-bit heaps count in a 64-bit view too */
} seep_leftovers_heaps;

#define SEEP_LEFTOVERS_LOOKS 4096u

/* Reads the first committed bytes of unclaimed allocations, one read each, of the SEEP_LEFTOVERS_LOOKS that
 * have the most committed memory or as many as the budget allows, and tags those with a heap's mark: HEAP
 * when a proven heap owns it, else HEAP_UNPROVEN. The others stay as they are. A read brings a page that had
 * been written to the page file back into the target's working set; what that costs on Windows is not known.
 */
void seep_leftovers_sniff(seep_probe *probe, seep_regions *regions, const seep_leftovers_heaps *heaps);

/* After heaps: stacks by shape, the .NET heap by shape (with SEEP_RUNTIME_DOTNET in runtimes), code.
 * pointer_bytes: of the side of the process that programs run on. */
void seep_leftovers_tag_shapes(seep_regions *regions, unsigned runtimes, unsigned pointer_bytes);

/* Asks the target again for the largest allocations that are still UNKNOWN, as many as above: how much of
 * what was committed is not there any more, or could not be asked for. *left_bytes: committed in all that are
 * UNKNOWN. */
uint64_t seep_leftovers_gone_bytes(const seep_target *target, const seep_regions *regions,
                                   uint64_t *left_bytes);

#endif
