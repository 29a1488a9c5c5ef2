/*
 * A process's PEBs and what its threads own: TEBs and stacks. A TEB counts only if its Self points at itself;
 * the first such TEB leads to the PEB when the OS has not said where it is, and in a 64-bit view to the TEB
 * and PEB of the 32-bit side of a WOW64 process. Offsets: reference: memory-type, 2.
 */
#ifndef SEEP_MEMORY_THREADS_H
#define SEEP_MEMORY_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/inventory.h"
#include "memory/probe.h"
#include "memory/regions.h"

typedef struct seep_threads {
  uint64_t peb;   /* of target.pointer_bytes; 0: not found */
  uint64_t peb32; /* the second one of a WOW64 process; 0: none, or not found */
  uint32_t proven;
  /* false: there may be a second PEB that was not found, as a TEB points to another one that cannot be read,
   * or as no TEB of a 64-bit view could be asked. */
  bool second_settled;
} seep_threads;

/* Finds the PEBs; tags the allocations of PEBs, TEBs and stacks in regions (which may be empty). Never fails:
 * what was not found is 0. */
void seep_threads_tag(seep_probe *probe, seep_regions *regions, seep_threads *out);

/* Reads the fields of a PEB; list_readable is left false. false: it cannot be read. */
bool seep_threads_read_peb(seep_probe *probe, uint64_t address, unsigned pointer_bytes,
                           seep_inventory_peb *out);

#endif
