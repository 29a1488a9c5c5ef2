/*
 * VirtualAlloc, VirtualFree and the heaps (reference: etl-format, 2.4 and 2.5). Fields lie without gaps.
 * Newer versions of Windows append to heap events: longer ones are read as far as they are known. Nothing is
 * said here about what the numbers mean together; the opcode has decided what the event is.
 */
#include "trace/payload.h"

#include "trace/payload_internal.h"

bool seep_trace_take_memory(const seep_trace_record *record, seep_trace_memory *out)
{
  unsigned pointer_bytes = seep_trace__pointer_bytes(record, 0);
  seep_cursor payload = seep_trace__payload(record);
  out->base = seep_trace__pointer(&payload, pointer_bytes);
  out->size_bytes = seep_trace__pointer(&payload, pointer_bytes);
  out->pid = seep_cursor_u32(&payload);
  out->flags = seep_cursor_u32(&payload);
  return !payload.failed;
}

bool seep_trace_take_heap(const seep_trace_record *record, seep_trace_kind kind, seep_trace_heap *out)
{
  unsigned pointer_bytes = seep_trace__pointer_bytes(record, 0);
  seep_cursor payload = seep_trace__payload(record);
  const seep_trace_heap none = {0};
  *out = none;
  out->heap = seep_trace__pointer(&payload, pointer_bytes);
  switch (kind) {
  case SEEP_TRACE_HEAP_CREATE:
    (void)seep_cursor_u32(&payload); /* flags */
    break;
  case SEEP_TRACE_HEAP_ALLOC:
    out->size_bytes = seep_trace__pointer(&payload, pointer_bytes);
    out->address = seep_trace__pointer(&payload, pointer_bytes);
    out->source = seep_cursor_u32(&payload);
    break;
  case SEEP_TRACE_HEAP_REALLOC:
    out->address = seep_trace__pointer(&payload, pointer_bytes);
    out->old_address = seep_trace__pointer(&payload, pointer_bytes);
    out->size_bytes = seep_trace__pointer(&payload, pointer_bytes);
    out->old_size_bytes = seep_trace__pointer(&payload, pointer_bytes);
    out->source = seep_cursor_u32(&payload);
    break;
  case SEEP_TRACE_HEAP_FREE:
    out->address = seep_trace__pointer(&payload, pointer_bytes);
    out->source = seep_cursor_u32(&payload);
    break;
  default:
    break;
  }
  return !payload.failed;
}
