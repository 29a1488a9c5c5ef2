/*
 * A process's PEBs and what its threads own: TEBs and stacks. A TEB counts only if its Self points at itself;
 * the first such TEB leads to the PEB when the OS has not said where it is, and in a 64-bit view to the TEB
 * and PEB of the 32-bit side of a WOW64 process. Offsets: reference: memory-type, 2.
 *
 * A limit: a 32-bit view of a WOW64 process (the dump of a 32-bit tool) shows nothing of the 64-bit side.
 * Where its PEB lies is not known there, nor even that there is one; its heaps, those of Windows' own 64-bit
 * modules, are then taken for private data, and its TEBs and stacks are told by their shape at best.
 */
#ifndef SEEP_MEMORY_THREADS_H
#define SEEP_MEMORY_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/probe.h"
#include "memory/regions.h"

typedef struct seep_threads {
  uint64_t peb;   /* of target.pointer_bytes; 0: not found */
  uint64_t peb32; /* the second one of a WOW64 process; 0: none, or not found */
  uint32_t proven;
  /* false: there may be a second PEB that was not found, as a TEB points to another one that cannot be read,
   * or as the OS has not said and no TEB of a 64-bit view could be asked. */
  bool second_settled;
  uint64_t *stack_limits; /* an address in each stack, as the TEBs have it: anything may be there */
  size_t stack_count, stack_capacity;
} seep_threads;

/* Finds the PEBs and the stacks; tags the allocations of PEBs and TEBs in regions (which may be empty). Reads
 * no more than a quarter of what the probe may read, for it is the heaps that matter: stacks of the threads
 * that are left out are told by their shape. Never fails: what was not found is 0. To be freed with fini. */
void seep_threads_find(seep_probe *probe, seep_regions *regions, seep_threads *out);
void seep_threads_fini(seep_threads *threads);

/* Tags the allocations of stacks. To be called when heaps are tagged: a coroutine's stack, which the TEB
 * names while it runs, may lie in memory that a heap gave. Such memory stays the heap's. */
void seep_threads_tag_stacks(const seep_threads *threads, seep_regions *regions);

#define SEEP_THREADS_LISTED_HEAPS 1000u /* a PEB that says it has more is not believed */

typedef struct seep_threads_peb {
  uint64_t address;
  unsigned pointer_bytes;
  uint32_t number_of_heaps, maximum_number_of_heaps;
  uint64_t process_heaps, process_heap;
  uint32_t global_flag;
  uint16_t build;
  bool list_readable; /* the array of heaps; true when it is empty */
} seep_threads_peb;

/* What a PEB's ProcessHeaps lists, as far as it can be believed. */
typedef struct seep_threads_heaps {
  const char *problem; /* a literal sentence without full stop: why these are not all; NULL: they are */
  size_t count;
  uint64_t addresses[SEEP_THREADS_LISTED_HEAPS]; /* of pages, in the list's order, none twice */
} seep_threads_heaps;

/* Reads a PEB and its list of heaps; both once more when there is a problem with the list, which may just
 * have been changing. false: the PEB cannot be read, and *heaps is empty with a problem. */
bool seep_threads_read_peb(seep_probe *probe, uint64_t address, unsigned pointer_bytes, seep_threads_peb *out,
                           seep_threads_heaps *heaps);

#endif
