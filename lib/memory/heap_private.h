/* Shared by heap.c, nt_heap.c and segment_heap.c alone. `head` is what heap.c has read of the heap's first
 * page; *heap has address, pointer_bytes and listed filled in. Both walkers set form, layout, complete,
 * problem and the figures, and return false when the bytes are not a heap of their form after all. */
#ifndef SEEP_MEMORY_HEAP_PRIVATE_H
#define SEEP_MEMORY_HEAP_PRIVATE_H

#include "memory/heap.h"

#define SEEP_HEAP_HEAD_BYTES 0x300u /* what the layouts need of it, 0x2C0, and a little */

bool seep_heap__walk_nt(seep_probe *probe, seep_regions *regions, const uint8_t *head, seep_heap *heap);
bool seep_heap__walk_segment(seep_probe *probe, seep_regions *regions, const uint8_t *head, seep_heap *heap);

/* The heap is not complete: for the reason that ended the probe when something has, else for `problem`. The
 * first reason stays. */
void seep_heap__incomplete(seep_heap *heap, const seep_probe *probe, const char *problem);

/* One more large block. */
void seep_heap__count_block(seep_heap *heap, uint64_t bytes);

/* What the regions say about the place of a large block. */
typedef enum seep_heap_place {
  SEEP_HEAP_PLACE_UNSEEN = 0, /* in no region, or there is no list of them */
  SEEP_HEAP_PLACE_OPEN,       /* private memory that nothing claims yet: allocations[*index] */
  SEEP_HEAP_PLACE_MET,        /* a large block was there before */
  SEEP_HEAP_PLACE_HEAP,       /* memory of a heap already, as of a tree's nodes: nothing is to be added */
  SEEP_HEAP_PLACE_WRONG       /* none of a large block's; the heap is not complete any more */
} seep_heap_place;

seep_heap_place seep_heap__place(seep_heap *heap, const seep_probe *probe, const seep_regions *regions,
                                 uint64_t block, size_t *index);

/* For an address of the heap's that is in none of the regions listed: how much is committed there now, from
 * the address to the end of its region. 0: nothing is, and the heap is not complete. Without a list nothing
 * is asked, and 0 means nothing. */
uint64_t seep_heap__unseen(seep_heap *heap, seep_probe *probe, const seep_regions *regions, uint64_t address);

/* How many nodes of one list or tree may be read: what is left of the probe's budget but for an eighth, so
 * that the heaps behind it are looked at too, and no more than maximum. */
uint64_t seep_heap__nodes_allowed(const seep_probe *probe, uint64_t maximum);

#endif
