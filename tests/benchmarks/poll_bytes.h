/* Builds what NtQuerySystemInformation(SystemProcessInformation) would have written at a poll of a load, so
 * that decoding is measured on records of the real size, threads and names included. */
#ifndef BENCHMARKS_POLL_BYTES_H
#define BENCHMARKS_POLL_BYTES_H

#include "load.h"
#include "port/process_source.h"

typedef struct poll_bytes {
  uint8_t *data;
  size_t room;
} poll_bytes;

void poll_bytes_begin(poll_bytes *buffer, const load *data);
void poll_bytes_end(poll_bytes *buffer);

/* The bytes of the poll the walk stands on; they are the buffer's, until the next call. */
void poll_bytes_build(poll_bytes *buffer, const load_walk *walk, seep_process_bytes *out);

#endif
