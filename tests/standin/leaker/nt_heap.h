/*
 * Two heaps that look from outside as Windows 8 and later lays them out (reference: memory-type, 2 and 3), in
 * memory of this process's own. Wine's PEB lists no heaps and its heap has another layout, so that without
 * this nothing that reads heaps from outside could be tried. For 64-bit processes on Wine alone.
 *
 * While they are in the PEB, Wine's own heap is hidden from everybody who asks the PEB for it, Wine's own
 * libraries among them. Until nt_heap_close the process may therefore do only what allocates nothing there:
 * VirtualAlloc, Sleep, writing to files that are open, formatting numbers. It must open no file, start no
 * thread and load nothing.
 */
#ifndef STANDIN_LEAKER_NT_HEAP_H
#define STANDIN_LEAKER_NT_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Lays out the heaps and puts them into the PEB. NULL, or why not, as a sentence. */
const char *nt_heap_open(void);

/* Gives the PEB what it had before; the heaps stay where they are. Nothing to do when they are not in it. */
void nt_heap_close(void);

/* From the process heap: small blocks from its segments, which are committed step by step, and others as
 * large blocks with an allocation of their own. Never freed. NULL when the system has no memory. */
void *nt_heap_allocate(size_t bytes);

#endif
