/* A load repeated day after day in one store, and how long it takes to read one process over all of it. */
#ifndef BENCHMARKS_FORTNIGHT_H
#define BENCHMARKS_FORTNIGHT_H

#include "load.h"

/* Processes that live all day go on the next; the others get new creation times each day. Prints the file's
 * size and the reading times of a process that changes and of one that never does. Returns the samples of
 * these two that came back different. */
uint64_t fortnight(const load *data, const char *path, unsigned days);

#endif
