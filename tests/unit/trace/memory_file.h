/* A file in memory: the sink of the ETL writer and the source of the reader, for the tests of this folder. */
#ifndef TEST_TRACE_MEMORY_FILE_H
#define TEST_TRACE_MEMORY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct memory_file {
  uint8_t *bytes; /* owned */
  size_t size;
  size_t limit; /* the sink fails beyond it; 0 = no limit */
} memory_file;

bool memory_file_write(void *context, uint64_t offset, const void *bytes, size_t size);

/* Reads a whole file from the fixtures folder; bytes is NULL when it is not there. */
memory_file memory_file_fixture(const char *name);

/* A copy in storage of exactly size bytes, so that a read past the end is seen by the sanitizer. */
memory_file memory_file_copy(const uint8_t *bytes, size_t size);

void memory_file_free(memory_file *file);

/* Little-endian patch inside the file. */
void memory_file_put(memory_file *file, size_t offset, uint64_t value, size_t count);

#endif
