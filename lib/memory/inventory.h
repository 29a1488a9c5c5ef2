/*
 * One look at all of a process's memory: regions, threads, heaps, what is left, summed up. A function of the
 * target: it reads through it alone, within a budget, and says what it could not find out. An inventory has
 * no pointers and can be kept; two of them, some growth apart, say what grows (memory/growth.h).
 */
#ifndef SEEP_MEMORY_INVENTORY_H
#define SEEP_MEMORY_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/heap.h"
#include "memory/target.h"
#include "memory/threads.h"
#include "memory/usage.h"

typedef struct seep_inventory_limits {
  uint64_t maximum_reads;
  size_t maximum_regions;
} seep_inventory_limits;

/* Why heaps_known is false, as far as that matters to a verdict. */
typedef enum seep_inventory_gap {
  SEEP_INVENTORY_COMPLETE = 0,
  SEEP_INVENTORY_NOT_READ,   /* regions, PEB or bytes could not be had */
  SEEP_INVENTORY_NOT_LISTED, /* which heaps there are is not known */
  SEEP_INVENTORY_HEAP_OPEN,  /* one of them could not be read to its end */
  SEEP_INVENTORY_TOO_LARGE,  /* the budget of reads or the time was used up */
  SEEP_INVENTORY_CHANGED,    /* it changed too much while it was looked at */
  SEEP_INVENTORY_PAGE_HEAP
} seep_inventory_gap;

typedef struct seep_inventory {
  seep_usage usage;
  bool regions_known; /* false: there is no list of regions, all sums are zero */
  bool regions_cut;   /* the list was longer than allowed, the deadline passed, or an allocation in it has a
                       * hole: sums are lower bounds */
  bool heaps_known;   /* every heap of every PEB was listed, all that may have private memory were read to
                       * their ends, and next to nothing changed meanwhile: Heap is a measurement, and what is
                       * left over is no heap. false: Heap is a lower bound */
  seep_inventory_gap gap; /* COMPLETE when heaps_known */
  const char *problem; /* the same for people who look closer: a literal sentence without full stop; NULL when
                        * heaps_known */
  bool page_heap;      /* each block has pages of its own: regions tell nothing about heaps */
  bool wow64;          /* two PEBs, both looked at */
  unsigned pointer_bytes;
  unsigned runtimes; /* as in seep_target */
  bool modules_known;
  uint64_t commit_bytes; /* as in seep_target */
  uint32_t heaps, heaps_unread;
  uint32_t segment_heaps; /* of heaps: whose layouts, read or not, were never checked on real memory */
  uint32_t threads;       /* listed; 0: not known */
  uint64_t reads;
} seep_inventory;

#define SEEP_INVENTORY_HEAPS 256u

/* What a person or a test may want to see besides. */
typedef struct seep_inventory_detail {
  seep_threads_peb pebs[2];
  size_t peb_count;
  seep_heap heaps[SEEP_INVENTORY_HEAPS];
  size_t heap_count; /* at most SEEP_INVENTORY_HEAPS; seep_inventory.heaps counts all */
} seep_inventory_detail;

/* detail may be NULL. SEEP_OK also when much is missing: the inventory says what. SEEP_DENIED and SEEP_GONE:
 * not even the regions could be read. SEEP_OS, SEEP_NO_MEMORY. */
seep_status seep_inventory_take(const seep_target *target, const seep_inventory_limits *limits,
                                seep_inventory *out, seep_inventory_detail *detail, seep_error *error);

#endif
