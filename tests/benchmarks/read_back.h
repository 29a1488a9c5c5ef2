/* Reads a store through the public API and compares it, sample by sample, with the load it was made from. */
#ifndef BENCHMARKS_READ_BACK_H
#define BENCHMARKS_READ_BACK_H

#include "load.h"

/* How many samples are missing, too many, or different in value, process, name, moment or gap: 0 is lossless.
 * A load of one day, written by bench_store.c. Ends the program when the store can not be read. */
uint64_t read_back(const load *data, const char *path);

#endif
