/*
 * Stacks: as a row of addresses, or as a key whose row comes later in a record of its own (reference:
 * etl-format, 2.3). The rows stay where they are, unaligned; how many addresses there are only the payload's
 * size says.
 */
#include "trace/payload.h"

#include "trace/payload_internal.h"

uint64_t seep_trace_frame(const uint8_t *frames, unsigned pointer_bytes, size_t index)
{
  const uint8_t *at = frames + index * pointer_bytes;
  uint64_t value = 0;
  for (unsigned i = pointer_bytes; i > 0; i--) {
    value = value << 8 | at[i - 1];
  }
  return value;
}

/* The rest of the payload; what is less than an address at its end is none. */
static const uint8_t *take_frames(seep_cursor *payload, unsigned pointer_bytes, size_t *count)
{
  size_t left = payload->failed ? 0 : seep_cursor_left(payload);
  *count = left / pointer_bytes;
  return *count != 0 ? payload->data + payload->position : seep_trace__no_text(false).bytes;
}

bool seep_trace_take_stack(const seep_trace_record *record, seep_trace_stack *out)
{
  seep_cursor payload = seep_trace__payload(record);
  out->pointer_bytes = seep_trace__pointer_bytes(record, 0);
  out->event_ticks = seep_cursor_u64(&payload);
  out->pid = seep_cursor_u32(&payload);
  out->tid = seep_cursor_u32(&payload);
  out->key = 0;
  if (seep_trace_kind_of(record) == SEEP_TRACE_STACK) {
    out->frames = take_frames(&payload, out->pointer_bytes, &out->frame_count);
  } else {
    out->key = seep_trace__pointer(&payload, out->pointer_bytes);
    out->frames = seep_trace__no_text(false).bytes;
    out->frame_count = 0;
  }
  return !payload.failed;
}

bool seep_trace_take_definition(const seep_trace_record *record, seep_trace_definition *out)
{
  seep_cursor payload = seep_trace__payload(record);
  out->pointer_bytes = seep_trace__pointer_bytes(record, 0);
  out->key = seep_trace__pointer(&payload, out->pointer_bytes);
  out->frames = take_frames(&payload, out->pointer_bytes, &out->frame_count);
  return !payload.failed;
}
