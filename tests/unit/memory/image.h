/*
 * A synthetic process for tests: regions, sparse memory, heaps of every layout, PEB and TEBs, seen through a
 * seep_target that can fail its n-th read. What the builders make is whole and right; a test then spoils what
 * it wants with image_put, image_hide and image_spoil_region. Offsets are typed in here a second time, from
 * the same reference as the code's own, so that a slip in one of the two shows. Wrong use aborts.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/target.h"

#define IMAGE_PAGE 0x1000u

typedef struct image_page {
  uint64_t address;
  bool hidden;
  uint8_t bytes[IMAGE_PAGE];
} image_page;

typedef struct memory_image {
  seep_target target; /* change what you like before it is used */

  seep_region *regions; /* in order of address once the target has been asked */
  size_t region_count, region_capacity;
  bool regions_sorted;
  image_page **pages; /* by address; committed pages that are not here read as zeros */
  size_t page_count, page_capacity;
  uint64_t *tebs;
  size_t teb_count, teb_capacity;

  bool no_region_list; /* target.region: SEEP_UNSUPPORTED */
  uint64_t untold_from,
      untold_to;  /* regions that begin in this range are not told, though they can be read */
  bool list_free; /* gaps between regions are told as free regions */
  /* Faults: the n-th call from 1 on fails with that status; 0: never. stays: all later ones too. */
  uint64_t fail_read, fail_region;
  seep_status fail_status; /* SEEP_NOT_FOUND at first */
  bool fail_stays;
  /* Called before each read when set: a process that changes while it is looked at. */
  void (*before_read)(struct memory_image *image, uint64_t number, void *context);
  void *before_read_context;
  uint64_t reads, region_calls; /* asked so far; set to 0 as you like */
} memory_image;

void image_init(memory_image *image, unsigned pointer_bytes);
void image_fini(memory_image *image);

/* ---- memory ---- */

/* Little-endian, also where nothing is committed: then it is kept, but cannot be read through the target. */
void image_write(memory_image *image, uint64_t address, const void *bytes, size_t size);
void image_put(memory_image *image, uint64_t address, uint64_t value, unsigned size);
uint64_t image_get(memory_image *image, uint64_t address, unsigned size);

/* The page that holds address cannot be read any more, or can be again. */
void image_hide(memory_image *image, uint64_t address, bool hidden);

/* ---- regions ---- */

void image_region(memory_image *image, const seep_region *region);

/* One allocation of private read-write memory: so much reserve, commit, reserve. Any of them may be 0. */
void image_allocation(memory_image *image, uint64_t base, uint64_t leading_bytes, uint64_t committed_bytes,
                      uint64_t trailing_bytes);

/* The same with type and protection; both as in seep_region. */
void image_allocation_as(memory_image *image, uint64_t base, uint64_t leading_bytes, uint64_t committed_bytes,
                         uint64_t trailing_bytes, uint32_t type, uint32_t protect);

/* The region that starts at base, to be changed in place; NULL when there is none. */
seep_region *image_find_region(memory_image *image, uint64_t base);

/* Sizes of the allocation that has this base. */
uint64_t image_total_bytes(const memory_image *image, uint64_t allocation_base);
uint64_t image_committed_bytes(const memory_image *image, uint64_t allocation_base);

/* ---- NT heaps ---- */

typedef enum image_nt_layout {
  IMAGE_NT_WINDOWS_7 = 0,
  IMAGE_NT_WINDOWS_8,       /* and later, as far as anybody has seen */
  IMAGE_NT_WINDOWS_8_SHORT, /* 8.x: front end and counters nearer to the start; 64 bits only */
  IMAGE_NT_LAYOUTS
} image_nt_layout;

typedef struct image_nt_heap {
  uint64_t address;
  unsigned pointer_bytes;
  image_nt_layout layout;
  /* Addresses of fields, for tests that spoil them. */
  uint64_t signature, owner, segment_list, large_list, front_end, front_end_type, counters;
  uint64_t segments, large_blocks, large_block_bytes;
  uint64_t last_segment, last_large_block; /* address of the segment; of the block's entry */
} image_nt_heap;

/* The heap with its first segment. From Windows 8 on the last page of the reserve is no part of a segment.
 * Counters are kept right by all of these functions. */
void image_nt_heap_init(memory_image *image, image_nt_heap *heap, image_nt_layout layout,
                        unsigned pointer_bytes, uint64_t address, uint64_t reserved_bytes,
                        uint64_t committed_bytes, uint32_t type, uint32_t flags);
void image_nt_heap_segment(memory_image *image, image_nt_heap *heap, uint64_t address,
                           uint64_t reserved_bytes, uint64_t committed_bytes);

/* Returns the address of the block's entry: base + leading_pages pages. One page of reserve behind it. */
uint64_t image_nt_heap_large(memory_image *image, image_nt_heap *heap, uint64_t base, unsigned leading_pages,
                             uint64_t committed_bytes);
void image_nt_heap_front_end(memory_image *image, image_nt_heap *heap, uint64_t address,
                             uint64_t reserved_bytes, uint64_t committed_bytes);

/* ---- segment heaps ---- */

typedef struct image_segment_heap {
  uint64_t address;
  unsigned pointer_bytes;
  const char *layout;
  size_t row; /* in image_segment.c's table */
  unsigned contexts;
  uint64_t context[2], context_heap[2], list[2]; /* addresses of fields; context_heap 0: there is none */
  uint64_t root, statistics, large_statistics;
  uint64_t page_segments, large_blocks, large_block_bytes;
  uint64_t last_node;
} image_segment_heap;

/* The layouts by the words of seep_heap.layout; NULL behind the last one. */
const char *image_segment_layout(unsigned pointer_bytes, size_t index);

void image_segment_heap_init(memory_image *image, image_segment_heap *heap, const char *layout,
                             unsigned pointer_bytes, uint64_t address, uint64_t reserved_bytes,
                             uint64_t committed_bytes);

/* Context 0: 1 MB; context 1: 16 MB (1 MB where there is only one context). address is aligned to that. */
void image_segment_heap_pages(memory_image *image, image_segment_heap *heap, unsigned context,
                              uint64_t address, uint64_t committed_bytes);

/* node: where its tree node is to lie, inside memory that is there already. */
void image_segment_heap_large(memory_image *image, image_segment_heap *heap, uint64_t base,
                              uint64_t committed_bytes, uint64_t node);

/* ---- PEB and TEB ---- */

/* Fields only: the memory is made by the caller. array: where ProcessHeaps is to lie. */
void image_peb(memory_image *image, uint64_t peb, unsigned pointer_bytes, uint16_t build, uint64_t array,
               const uint64_t *heaps, uint32_t heap_count);
void image_peb_global_flag(memory_image *image, uint64_t peb, unsigned pointer_bytes, uint32_t flag);

typedef struct image_teb_fields {
  uint64_t peb, stack_base, stack_limit, deallocation_stack, exception_list;
} image_teb_fields;

/* Also one more entry of target.tebs. */
void image_teb(memory_image *image, uint64_t teb, unsigned pointer_bytes, const image_teb_fields *fields);

/* The same without the entry: the second TEB of a WOW64 thread. */
void image_teb_fields_only(memory_image *image, uint64_t teb, unsigned pointer_bytes,
                           const image_teb_fields *fields);

/* Reserve, three guard pages, commit up to base + size. Returns the address of the lowest committed page. */
uint64_t image_stack(memory_image *image, uint64_t base, uint64_t size_bytes, uint64_t committed_bytes);

/* ---- whole processes ---- */

#define IMAGE_PROCESS_HEAPS 3

typedef struct image_process {
  uint64_t peb, teb, array, stack, private_data;
  /* 0: three segments, five large blocks, a front end; 1: one segment; 2: in mapped memory. */
  image_nt_heap nt[IMAGE_PROCESS_HEAPS];
  size_t nt_count;
  image_segment_heap segment;
  uint64_t tree;                                   /* allocation that holds a part of the tree's nodes */
  uint64_t heap_total_bytes, heap_committed_bytes; /* private memory */
  uint64_t mapped_heap_committed_bytes;
  uint64_t private_data_total_bytes, private_data_committed_bytes;
  uint64_t stack_committed_bytes;
} image_process;

/* One thread, PEB and TEB in one allocation, an image that holds the heaps' array, private data, and heaps:
 * the NT ones above, or one segment heap of three page segments and seven large blocks. */
void image_process_nt(memory_image *image, image_process *process, image_nt_layout layout,
                      unsigned pointer_bytes);
void image_process_segment(memory_image *image, image_process *process, const char *layout,
                           unsigned pointer_bytes);

#endif
