#include "unit/trace/raw_trace.h"

#include <stdlib.h>
#include <string.h>

enum { BUFFER_HEADER = 0x48, LOG_FILE_HEADER = 0x11C };

void raw_put(uint8_t *at, uint64_t value, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++) {
    at[i] = (uint8_t)(value >> (8 * i));
  }
}

/* Room at the end of the newest buffer; a test that needs more is wrong. */
static uint8_t *extend(raw_trace *trace, size_t bytes)
{
  uint8_t *at = trace->bytes + trace->size;
  if (bytes > sizeof trace->bytes - trace->size) {
    abort();
  }
  memset(at, 0, bytes);
  trace->size += bytes;
  raw_put(trace->bytes + trace->buffer_at, trace->size - trace->buffer_at, 4);
  raw_put(trace->bytes + trace->buffer_at + 0x30, trace->size - trace->buffer_at, 4);
  return at;
}

void raw_trace_buffer(raw_trace *trace, uint16_t processor, int64_t sequence)
{
  trace->buffer_at = trace->size;
  uint8_t *buffer = extend(trace, BUFFER_HEADER);
  raw_put(buffer + 0x18, (uint64_t)sequence, 8);
  raw_put(buffer + 0x28, processor, 2);
  raw_put(buffer + 0x34, 0x21, 2); /* flushed; the processor's index is wide */
}

void raw_trace_add_bytes(raw_trace *trace, const void *bytes, size_t size)
{
  uint8_t *at = extend(trace, (size + 7) & ~(size_t)7);
  memcpy(at, bytes, size);
}

static size_t header_bytes(uint8_t type)
{
  switch (type) {
  case RAW_PERF64:
    return 0x10;
  case RAW_FULL32:
  case RAW_FULL64:
    return 0x30;
  case RAW_EVENT64:
    return 0x50;
  default:
    return 0x20;
  }
}

void raw_trace_add(raw_trace *trace, const raw_head *head, const void *payload, size_t payload_bytes)
{
  size_t header = header_bytes(head->type), size = header + payload_bytes;
  uint8_t *at = extend(trace, (size + 7) & ~(size_t)7);
  at[2] = head->type;
  at[3] = 0xC0;
  if (header > 0x10) {
    raw_put(at + 0x08, head->tid, 4);
    raw_put(at + 0x0C, head->pid, 4);
    raw_put(at + 0x10, head->ticks, 8);
  } else {
    raw_put(at + 0x08, head->ticks, 8);
  }
  if (header <= 0x20) {
    raw_put(at, head->version, 2);
    raw_put(at + 4, size, 2);
    raw_put(at + 6, head->hook, 2);
  } else {
    raw_put(at, size, 2);
    memcpy(at + 0x18, head->guid, 16);
  }
  if (header == 0x30) {
    at[4] = head->opcode;
    raw_put(at + 6, head->version, 2);
  }
  if (payload_bytes != 0) {
    memcpy(at + header, payload, payload_bytes);
  }
}

void raw_trace_begin_with(raw_trace *trace, uint8_t type, const uint8_t *payload, size_t payload_bytes)
{
  const raw_head head = {.type = type, .version = 2};
  memset(trace, 0, sizeof *trace);
  raw_trace_buffer(trace, 0, 0);
  raw_put(trace->bytes + 0x36, 4, 2);
  raw_trace_add(trace, &head, payload, payload_bytes);
}

void raw_trace_begin(raw_trace *trace, uint64_t ticks)
{
  uint8_t header[LOG_FILE_HEADER] = {0};
  raw_put(header, 65536, 4);
  raw_put(header + 0x0C, 2, 4);
  raw_put(header + 0x2C, 8, 4);
  raw_put(header + 0x100, 10000000, 8);
  raw_put(header + 0x110, 1, 4);
  raw_trace_begin_with(trace, RAW_SYSTEM64, header, sizeof header);
  raw_put(trace->bytes + BUFFER_HEADER + 0x10, ticks, 8);
}
