/*
 * The address space of one process: its regions in order of address, grouped into allocations, and what each
 * one is used for (its tag). Reading is bounded; a process that changes its mind between two calls can
 * neither make it loop nor overlap itself. 32 bytes a region, 56 an allocation.
 */
#ifndef SEEP_MEMORY_REGIONS_H
#define SEEP_MEMORY_REGIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "memory/target.h"

/* What memory is used for. The order is the order in which tables list them. */
typedef enum seep_tag {
  SEEP_TAG_UNKNOWN = 0,    /* private memory that nothing claims: VMMap's Private Data once heaps are known */
  SEEP_TAG_IMAGE,          /* MEM_IMAGE */
  SEEP_TAG_MAPPED,         /* MEM_MAPPED: a file, or a section of the page file */
  SEEP_TAG_HEAP,           /* a heap's own allocation or an NT heap's further segment */
  SEEP_TAG_HEAP_LARGE,     /* a block with an allocation of its own */
  SEEP_TAG_HEAP_FRONT_END, /* the low fragmentation heap's own structures */
  SEEP_TAG_HEAP_PAGES,     /* a segment heap's page segment */
  SEEP_TAG_HEAP_TREE,      /* where a segment heap keeps the tree of its large blocks */
  SEEP_TAG_HEAP_MAPPED,    /* a heap in MEM_MAPPED memory, shared with another process */
  SEEP_TAG_HEAP_UNPROVEN,  /* has a heap's mark, but no heap that could be read owns it */
  SEEP_TAG_STACK,          /* of a thread that the target lists */
  SEEP_TAG_STACK_SHAPE,    /* looks like a stack; no listed thread claims it */
  SEEP_TAG_TEB,            /* allocations that hold the PEB or a TEB */
  SEEP_TAG_OTHER,          /* private memory at addresses that Windows fixes, such as shared user data */
  SEEP_TAG_MANAGED,        /* the .NET garbage collector's heap, told by its shape */
  SEEP_TAG_CODE,           /* private memory allocated to be executed */
  SEEP_TAG_STRANGE,        /* a type or state word that nobody knows: counted apart, never guessed */
  SEEP_TAGS
} seep_tag;

typedef struct seep_regions_row {
  uint64_t base, end;
  uint32_t allocation; /* index */
  uint32_t protect;
  uint32_t state;
  uint8_t tag; /* seep_tag */
} seep_regions_row;

typedef struct seep_allocation {
  uint64_t base, end;
  uint64_t committed_bytes;
  uint64_t private_bytes; /* as seep_region.private_bytes; of private memory: what is committed */
  uint32_t first_row, row_count;
  uint32_t type;
  uint32_t allocation_protect;
  uint8_t tag; /* seep_tag, of the whole; parts may have another one, see the rows */
  bool tagged; /* by one of the functions below: the first tag wins */
} seep_allocation;

/* Of seep_regions_tag_range, not worked into the rows yet. */
typedef struct seep_regions_range {
  uint64_t base, end;
  uint8_t tag;
} seep_regions_range;

#define SEEP_REGIONS_WAITING 256u

typedef struct seep_regions {
  seep_regions_row *rows; /* not free, by address */
  size_t row_count, row_capacity;
  seep_allocation *allocations; /* by address */
  size_t allocation_count, allocation_capacity;
  uint64_t free_regions, free_bytes;
  bool known; /* false: the target has no list of regions; everything is empty then */
  bool cut; /* there was more than maximum_regions, the deadline passed, or an allocation has a hole: a lower
             * bound */
  seep_regions_range waiting[SEEP_REGIONS_WAITING]; /* see seep_regions_settle */
  size_t waiting_count;
} seep_regions;

#define SEEP_REGIONS_NONE ((size_t)-1)

void seep_regions_init(seep_regions *regions);
void seep_regions_fini(seep_regions *regions);

/* Reads all of the target's regions; images, mapped and strange memory get their tags, the rest is UNKNOWN.
 * A list that is not there, or cut, is SEEP_OK with known or cut saying so. SEEP_DENIED, SEEP_GONE, SEEP_OS,
 * SEEP_NO_MEMORY: what was read is kept and must be freed. */
seep_status seep_regions_read(seep_regions *regions, const seep_target *target, size_t maximum_regions,
                              seep_error *error);

/* The allocation that holds address, or SEEP_REGIONS_NONE. */
size_t seep_regions_find(const seep_regions *regions, uint64_t address);

/* The row that holds address, or SEEP_REGIONS_NONE. */
size_t seep_regions_find_row(const seep_regions *regions, uint64_t address);

/* Gives the whole allocation that holds address a tag, unless it has one. A heap's tag on mapped memory
 * becomes SEEP_TAG_HEAP_MAPPED; images stay images. true: it has this tag now, or had it before. */
bool seep_regions_tag(seep_regions *regions, uint64_t address, seep_tag tag);

/* The same for the part from base to end of private memory that is still UNKNOWN: regions are split where it
 * begins and ends. SEEP_NO_MEMORY leaves things as they were. With more than 1,024 regions a range that needs
 * a split may wait until more have come: rows show it after seep_regions_settle. */
seep_status seep_regions_tag_range(seep_regions *regions, uint64_t base, uint64_t end, seep_tag tag);

/* Works in what is waiting: to be called before rows are summed up or looked through. Indices of rows change,
 * those of allocations do not. */
void seep_regions_settle(seep_regions *regions);

/* HEAP to HEAP_UNPROVEN. */
bool seep_regions_is_heap(seep_tag tag);

/* "Heap", "Stack" ...: one word or two for a tag, for people. Never NULL. */
const char *seep_regions_tag_text(seep_tag tag);

#endif
