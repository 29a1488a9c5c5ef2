/*
 * Processes whose memory is looked at, made from a seed: the tests' synthetic process (three NT heaps, one
 * thread) with a great deal more memory behind it. Entries of large blocks are made up when they are read, so
 * that 100,000 of them take no room; the same target serves ours and the peers.
 */
#ifndef BENCHMARKS_BIG_PROCESS_H
#define BENCHMARKS_BIG_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"

typedef struct big_process {
  seep_target target;
  memory_image image;
  image_process process;
  seep_region *regions; /* by address, free ones between them */
  size_t count, capacity;
  size_t cursor;   /* where the last question was answered: the next one is about the region behind it */
  size_t in_use;   /* regions that are not free */
  uint64_t blocks; /* further large blocks of the first heap */
  uint64_t last;   /* where the small process's last large block lies, before them */
  uint64_t heap_committed_bytes; /* what must come out */
} big_process;

/* So many regions in use, of which about 60 % are private, 25 % images and 15 % mapped. readable: false
 * breaks the list of the first heap's large blocks, so that every unclaimed allocation has to be looked at.
 */
void big_process_mixed(big_process *big, size_t regions, bool readable);

/* The first heap with so many more large blocks of 1 MB, as a leak leaves them. */
void big_process_blocks(big_process *big, uint64_t blocks);

void big_process_free(big_process *big);

#endif
