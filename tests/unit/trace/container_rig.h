/* What the tests of the container share: a visitor that counts, and a file of one buffer made from bytes. */
#ifndef TEST_TRACE_CONTAINER_RIG_H
#define TEST_TRACE_CONTAINER_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/container.h"
#include "unit/trace/memory_file.h"

#define BUFFER_BYTES 4096u
#define HEADER_RECORD_AT 0x48u
#define LOG_FILE_HEADER_AT 0x68u

/* Records in the first buffer of a file that container_rig_file makes. */
#define HEADER_RECORDS 2u

/* What a visitor saw. */
typedef struct container_tally {
  uint64_t by_type[256];
  uint64_t processors; /* bit mask */
  uint64_t stop_after; /* 0 = never */
  uint64_t records;
  seep_trace_record last;
} container_tally;

/* A seep_trace_visit; the context is a container_tally. */
bool container_rig_count(void *context, const seep_trace_record *record);

/* A file of two buffers: the real header buffer of a fixture and one made from the bytes given. */
memory_file container_rig_file(const uint8_t *records, size_t size);

/* Walks it from the start, which must go well. */
seep_trace_summary container_rig_walk(const memory_file *file, container_tally *seen);

#endif
