/*
 * One heap of a process, NT heap or segment heap, read from outside. Layouts are recognised by what they say
 * about themselves (signatures, links that close, counters that agree with the regions), never by a build
 * number. Every list has a cap and ends at a repeated node. Source of all offsets: reference: memory-type, 3
 * and 4; what is inferred there, and never was checked on Windows, is marked in nt_heap.c and segment_heap.c.
 */
#ifndef SEEP_MEMORY_HEAP_H
#define SEEP_MEMORY_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/probe.h"
#include "memory/regions.h"

/* 8 bytes (of 32-bit processes) or 16 behind the beginning: of an NT heap's segments, the first of which is
 * the heap itself, and of a segment heap. */
#define SEEP_HEAP_MARK_NT UINT32_C(0xFFEEFFEE)
#define SEEP_HEAP_MARK_SEGMENT UINT32_C(0xDDEEDDEE)

#define SEEP_HEAP_MAXIMUM_SEGMENTS 4096u /* of an NT heap; real ones have tens */
#define SEEP_HEAP_MAXIMUM_PAGE_SEGMENTS 65536u
#define SEEP_HEAP_MAXIMUM_LARGE_BLOCKS 1000000u

typedef enum seep_heap_form {
  SEEP_HEAP_UNREADABLE = 0, /* its first page could not be read */
  SEEP_HEAP_STRANGE,        /* readable, with neither of the two marks */
  SEEP_HEAP_SIGNATURE_ONLY, /* the mark of an NT heap's segment, and nothing else fits (as under Wine) */
  SEEP_HEAP_NT,
  SEEP_HEAP_SEGMENT
} seep_heap_form;

typedef struct seep_heap {
  uint64_t address;
  unsigned pointer_bytes; /* 8 or 4: the view it belongs to */
  bool listed;            /* in PEB.ProcessHeaps; false: known by PEB.ProcessHeap alone */
  seep_heap_form form;
  const char *layout; /* a literal such as "Windows 8 and later"; "" when not recognised */
  /* Every list and tree was read to its end, and nothing in it contradicts itself or the regions: all
   * segments and large blocks that the regions have are tagged. A front end that was not recognised stays
   * unknown. */
  bool complete;
  const char *problem; /* a literal sentence without full stop: why it is not complete; NULL when it is */
  uint32_t flags;      /* NT heap's Flags; 0 otherwise */
  uint64_t segments;   /* NT segments or page segments that were proven */
  uint64_t large_blocks;
  uint64_t large_block_bytes; /* committed, as the heap itself says, but no more than the regions have */
  /* Segments and large blocks that are proven, but in none of the regions listed: newer than the list, or
   * gone again. Committed bytes as the heap says; of a page segment and of a segment heap's own memory, which
   * it does not say, what the target has there now. 0 without a list of regions. */
  uint64_t unseen_bytes;
  uint64_t front_end; /* address of the low fragmentation heap; 0: none, or not proven */
  /* The heap's own counters, taken only when they agree with what was walked. NT: without large blocks in
   * reserved and committed. */
  bool counters_known;
  uint64_t counted_reserved_bytes, counted_committed_bytes;
  uint64_t counted_uncommitted_large_bytes; /* NT: TotalMemoryLargeUCR */
  uint64_t counted_large_reserved_bytes;    /* segment heap only */
  uint64_t counted_large_committed_bytes;   /* NT: TotalSizeInVirtualBlocks */
} seep_heap;

/* Reads the heap at address and tags what belongs to it in regions (when these are not known, only the
 * figures are filled in). The heap's own allocation is tagged whatever form it has. Never fails: what could
 * not be read is in form, complete and problem. Of memory that the regions do not have, the probe's target is
 * asked whether it is there now. */
void seep_heap_walk(seep_probe *probe, seep_regions *regions, uint64_t address, unsigned pointer_bytes,
                    bool listed, seep_heap *out);

/* "NT heap", "segment heap", "unreadable" ... Never NULL. */
const char *seep_heap_form_text(seep_heap_form form);

#endif
