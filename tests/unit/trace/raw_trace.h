/*
 * A trace put together record by record from numbers, for tests that need a file to be exactly so, also
 * wrongly so. Knows less than the ETL writer of the stand-ins, and nothing of what the reader knows.
 */
#ifndef TEST_TRACE_RAW_TRACE_H
#define TEST_TRACE_RAW_TRACE_H

#include <stddef.h>
#include <stdint.h>

#define RAW_TRACE_SIZE 262144

typedef struct raw_trace {
  uint8_t bytes[RAW_TRACE_SIZE];
  size_t size;
  size_t buffer_at;
} raw_trace;

enum {
  RAW_SYSTEM32 = 1,
  RAW_SYSTEM64 = 2,
  RAW_FULL32 = 10,
  RAW_PERF64 = 17,
  RAW_EVENT64 = 19,
  RAW_FULL64 = 20
};

/* Who and when a record says it is. */
typedef struct raw_head {
  uint8_t type;
  uint8_t version;
  uint16_t hook;       /* kernel records */
  const uint8_t *guid; /* others; 16 bytes */
  uint8_t opcode;      /* of these */
  uint64_t ticks;
  uint32_t pid, tid; /* PERF has none */
} raw_head;

/* The first buffer, with a log file header whose own time is `ticks`. */
void raw_trace_begin(raw_trace *trace, uint64_t ticks);

/* The same around another payload. */
void raw_trace_begin_with(raw_trace *trace, uint8_t type, const uint8_t *payload, size_t payload_bytes);

/* A further buffer; the records go there. */
void raw_trace_buffer(raw_trace *trace, uint16_t processor, int64_t sequence);

void raw_trace_add(raw_trace *trace, const raw_head *head, const void *payload, size_t payload_bytes);

/* Bytes that stand for a record, whatever they are. */
void raw_trace_add_bytes(raw_trace *trace, const void *bytes, size_t size);

void raw_put(uint8_t *at, uint64_t value, size_t bytes);

#endif
