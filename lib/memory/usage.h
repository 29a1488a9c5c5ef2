/*
 * What a process's memory is used for, in figures: sums over its tagged regions, and the two tables people
 * know, VMMap's and that of WinDbg's !address -summary. Fixed size, no pointers: it can be kept and compared.
 * Sums saturate.
 */
#ifndef SEEP_MEMORY_USAGE_H
#define SEEP_MEMORY_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/regions.h"

typedef struct seep_usage_sum {
  uint64_t allocations;
  uint64_t regions;
  uint64_t total_bytes; /* committed and reserved */
  uint64_t committed_bytes;
  uint64_t private_bytes;     /* charged to this process alone */
  bool private_bytes_unknown; /* a part of it nobody could tell: private_bytes is a lower bound */
} seep_usage_sum;

#define SEEP_USAGE_PROTECTS 16u
#define SEEP_USAGE_SIZES                                                                                     \
  32u /* committed bytes of an allocation: 4 KB and less, up to 8 KB, up to 16 KB ... */

typedef struct seep_usage {
  seep_usage_sum tags[SEEP_TAGS];
  seep_usage_sum types[3];        /* MEM_PRIVATE, MEM_MAPPED, MEM_IMAGE */
  seep_usage_sum reserve, commit; /* regions and total_bytes by state; allocations are not counted */
  uint64_t free_regions, free_bytes;
  struct {
    uint32_t protect;
    uint64_t regions, bytes;
  } protects[SEEP_USAGE_PROTECTS]; /* of committed regions, largest first; the last one collects the rest */
  size_t protect_count;
  bool protects_collected; /* the last entry stands for several */
  struct {
    uint64_t base, bytes;
  } largest[SEEP_TAGS]; /* region */
  /* Allocations of private memory by committed size, those without any left out: new ones of one size tell
   * what leaks. */
  uint32_t sizes[SEEP_TAGS][SEEP_USAGE_SIZES];
} seep_usage;

/* An allocation whose parts have several tags counts once for each of them. The regions must be settled. */
void seep_usage_sum_up(seep_usage *usage, const seep_regions *regions);

/* Rows of VMMap's table, in its words. */
typedef enum seep_usage_row {
  SEEP_USAGE_ROW_IMAGE = 0,
  SEEP_USAGE_ROW_MAPPED,   /* "Mapped File + Shareable": told apart by file names alone, which nobody reads */
  SEEP_USAGE_ROW_HEAP,     /* private memory of proven heaps */
  SEEP_USAGE_ROW_UNPROVEN, /* "Heap (unproven)": ours, VMMap has no such row */
  SEEP_USAGE_ROW_MANAGED,  /* "Managed Heap" */
  SEEP_USAGE_ROW_STACK,
  SEEP_USAGE_ROW_PRIVATE, /* "Private Data" */
  SEEP_USAGE_ROW_STRANGE, /* "Unclassified" */
  SEEP_USAGE_ROWS
} seep_usage_row;

const char *seep_usage_row_text(seep_usage_row row);
seep_usage_row seep_usage_row_of(seep_tag tag);
void seep_usage_row_sum(const seep_usage *usage, seep_usage_row row, seep_usage_sum *out);

/* Rows of !address -summary, by the words it uses; "Stack?" and "Heap?" are ours for what is not proven, and
 * "Mapped" is kept out of <unknown>. */
typedef enum seep_usage_address {
  SEEP_USAGE_ADDRESS_UNKNOWN = 0, /* "<unknown>": private memory only; code and managed heaps too */
  SEEP_USAGE_ADDRESS_IMAGE,
  SEEP_USAGE_ADDRESS_MAPPED,
  SEEP_USAGE_ADDRESS_HEAP, /* mapped heaps too */
  SEEP_USAGE_ADDRESS_HEAP_UNPROVEN,
  SEEP_USAGE_ADDRESS_STACK,
  SEEP_USAGE_ADDRESS_STACK_SHAPE,
  SEEP_USAGE_ADDRESS_TEB,
  SEEP_USAGE_ADDRESS_OTHER,
  SEEP_USAGE_ADDRESS_ROWS
} seep_usage_address;

const char *seep_usage_address_text(seep_usage_address row);
seep_usage_address seep_usage_address_of(seep_tag tag);
void seep_usage_address_sum(const seep_usage *usage, seep_usage_address row, seep_usage_sum *out);

/* Region of the largest size in that row; *bytes 0 when there is none. */
void seep_usage_address_largest(const seep_usage *usage, seep_usage_address row, uint64_t *base,
                                uint64_t *bytes);

/* The size class of so many committed bytes, below SEEP_USAGE_SIZES; and its upper end, which is UINT64_MAX
 * for the last one. */
unsigned seep_usage_size_class(uint64_t committed_bytes);
uint64_t seep_usage_size_end(unsigned size_class);

#endif
