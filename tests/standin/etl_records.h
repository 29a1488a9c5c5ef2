/*
 * Records beyond those of etl_writer.h, one by one, each with its own tick, so that a stack can come late, on
 * another processor, in pieces, by key, or not at all. For tests of the reader (reference: etl-format, 2).
 * Ticks come from etl_writer_ticks; where a record goes says etl_writer_on.
 */
#ifndef STANDIN_ETL_RECORDS_H
#define STANDIN_ETL_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "standin/etl_writer.h"

enum {
  ETL_RECORDS_VIRTUAL_ALLOC = 0x0262,
  ETL_RECORDS_VIRTUAL_FREE = 0x0263,
  ETL_RECORDS_HEAP_CREATE = 0x1020,
  ETL_RECORDS_HEAP_ALLOC = 0x1021,
  ETL_RECORDS_HEAP_REALLOC = 0x1022,
  ETL_RECORDS_HEAP_DESTROY = 0x1023,
  ETL_RECORDS_HEAP_FREE = 0x1024,
  ETL_RECORDS_STACK_DELETED = 0x1823, /* a key's stack, when another takes its place */
  ETL_RECORDS_STACK_RUNDOWN = 0x1824, /* and at the end */
  ETL_RECORDS_STACK_KEY_KERNEL = 0x1825,
  ETL_RECORDS_STACK_KEY_USER = 0x1826
};

/* Without a stack: frames are not looked at. is_narrow: the record has 4-byte pointers. */
bool etl_records_memory(etl_writer *writer, uint64_t ticks, unsigned hook, const etl_writer_memory *memory,
                        bool is_narrow);
bool etl_records_heap(etl_writer *writer, uint64_t ticks, unsigned hook, const etl_writer_heap *block,
                      bool is_narrow);

typedef struct etl_records_stack {
  uint64_t event_ticks; /* of the event that it belongs to */
  uint32_t pid, tid;
  const uint64_t *frames; /* innermost first */
  size_t frame_count;
  bool is_narrow;
} etl_records_stack;

bool etl_records_add_stack(etl_writer *writer, uint64_t ticks, const etl_records_stack *stack);

/* A stack that is said by its key; only event_ticks, pid and tid of it are looked at. */
bool etl_records_add_key(etl_writer *writer, uint64_t ticks, unsigned hook, const etl_records_stack *stack,
                         uint64_t key);
bool etl_records_add_definition(etl_writer *writer, uint64_t ticks, unsigned hook, uint64_t key,
                                const uint64_t *frames, size_t frame_count);

/* What a merge adds about a file that a process has loaded. */
typedef struct etl_records_module {
  const char *name, *company, *product, *description, *version, *pdb_name;
  uint64_t base;
  uint32_t size_bytes, timestamp;
  uint8_t pdb_guid[16];
  uint32_t pdb_age;
} etl_records_module;

/* ImageID, and DbgID_RSDS unless pdb_name is NULL. */
bool etl_records_add_identity(etl_writer *writer, uint64_t ticks, uint32_t pid,
                              const etl_records_module *module);
/* FileVersion: once per file. */
bool etl_records_add_version(etl_writer *writer, uint64_t ticks, const etl_records_module *module);
bool etl_records_add_volume(etl_writer *writer, uint64_t ticks, const char *device, const char *drive);

/* PerfCtr rundown at the end of the trace. */
bool etl_records_add_counters(etl_writer *writer, uint64_t ticks, uint32_t pid, uint64_t commit_bytes);

typedef struct etl_records_commit {
  uint32_t pid;
  uint64_t commit_pages;
} etl_records_commit;

/* MemInfoWS; at most 64 processes. */
bool etl_records_add_working_sets(etl_writer *writer, uint64_t ticks, const etl_records_commit *commits,
                                  size_t count);

/* Config: CPU, with the page size. */
bool etl_records_add_cpu(etl_writer *writer, uint64_t ticks, uint32_t processors, uint32_t page_bytes);

#endif
