/* For tests of heaps: a synthetic process, its regions, and what a walk of one of its heaps gave. */
#ifndef TEST_MEMORY_HEAP_RIG_H
#define TEST_MEMORY_HEAP_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/heap.h"
#include "unit/memory/image.h"

#define HEAP_RIG_READS UINT64_C(100000) /* more than any test needs */

typedef struct heap_rig {
  memory_image image;
  image_process process;
  seep_regions regions;
  seep_probe probe;
  uint64_t address; /* of the heap to be walked */
  unsigned pointer_bytes;
  seep_heap heap;
} heap_rig;

/* image_process_nt or image_process_segment; the first heap is the one to be walked. */
void heap_rig_nt(heap_rig *rig, image_nt_layout layout, unsigned pointer_bytes);
void heap_rig_segment(heap_rig *rig, const char *layout, unsigned pointer_bytes);

/* Nothing but a segment heap at 0x10000000, whose second to eighth page are free for tree nodes. */
void heap_rig_empty_segment(heap_rig *rig, const char *layout, unsigned pointer_bytes);

/* The regions as they are now, and what a walk makes of the heap. What must hold after any walk is checked.
 */
void heap_rig_list(heap_rig *rig);
void heap_rig_walk(heap_rig *rig, uint64_t maximum_reads);
void heap_rig_list_and_walk(heap_rig *rig);
void heap_rig_end_walk(heap_rig *rig); /* gives the regions back */
void heap_rig_end(heap_rig *rig);      /* and the image */

/* For each layout that there is, with each size of pointers that it has. */
typedef void (*heap_rig_nt_function)(image_nt_layout layout, unsigned pointer_bytes);
typedef void (*heap_rig_segment_function)(const char *layout, unsigned pointer_bytes);
void heap_rig_each_nt(heap_rig_nt_function function);
void heap_rig_each_segment(heap_rig_segment_function function);

/* Of the first NT heap: the large block that is so far from the head of the list. */
uint64_t heap_rig_block_at(heap_rig *rig, unsigned index);

seep_tag heap_rig_tag_at(const heap_rig *rig, uint64_t address);
uint64_t heap_rig_tagged(const heap_rig *rig, seep_tag tag);       /* allocations */
uint64_t heap_rig_tagged_bytes(const heap_rig *rig, seep_tag tag); /* committed or not */

/* The heap is not complete, for this reason. */
void heap_rig_check_problem(const heap_rig *rig, const char *problem);

/* The rule behind all these tests: a heap that is called complete has been seen whole, nothing is counted
 * twice, and nobody else's memory is claimed. */
void heap_rig_check_honest(const heap_rig *rig);

/* Lists and walks anew with the n-th read failing, for every n that a good walk has (`least` at least) and
 * one more: always honest, and complete only when no read has failed. The image is left. */
void heap_rig_check_each_read_failing(heap_rig *rig, uint64_t least, seep_status status, bool stays);

#endif
