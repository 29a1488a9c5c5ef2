/*
 * Collects pieces until a buffer of the trace is whole, has it walked and forgets it. All knowledge of the
 * format but a buffer's size is in container.c. The file's first 64 KB are held together: until a record of
 * any size fits nothing can be said about the first one, whose end the walk looks for in the file and not in
 * its buffer.
 */
#include "trace/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cursor.h"
#include "trace/container_internal.h"

struct seep_trace_stream {
  seep_trace__walk walk;
  bool begun;
  seep_status status; /* of the first failure, with its record */
  seep_error error;
  uint8_t *held; /* owned: what has come of the buffer that is not whole yet */
  size_t held_bytes, capacity;
};

seep_trace_stream *seep_trace_stream_new(seep_trace_visit visit, void *context)
{
  seep_trace_stream *stream = calloc(1, sizeof *stream);
  if (stream != NULL) {
    stream->walk.visit = visit;
    stream->walk.context = context;
  }
  return stream;
}

void seep_trace_stream_free(seep_trace_stream *stream)
{
  if (stream != NULL) {
    (void)seep_trace__end(&stream->walk, NULL);
    free(stream->held);
    free(stream);
  }
}

static seep_status tell(const seep_trace_stream *stream, seep_error *error)
{
  if (stream->status != SEEP_OK && error != NULL) {
    *error = stream->error;
  }
  return stream->status;
}

/* How many bytes there must be at data before the walk can go on; left of them are there. */
static size_t needed(const seep_trace_stream *stream, const uint8_t *data, size_t left)
{
  seep_cursor bytes;
  if (!stream->begun) {
    return SEEP_TRACE__START_BYTES;
  }
  if (left < SEEP_TRACE__BUFFER_HEADER_BYTES) {
    return SEEP_TRACE__BUFFER_HEADER_BYTES;
  }
  seep_cursor_init(&bytes, data, left);
  size_t buffer_bytes = seep_cursor_u32(&bytes);
  if (buffer_bytes > SEEP_TRACE_STREAM_BUFFER) {
    return SEEP_TRACE_STREAM_BUFFER;
  }
  return buffer_bytes > SEEP_TRACE__BUFFER_HEADER_BYTES ? buffer_bytes : SEEP_TRACE__BUFFER_HEADER_BYTES;
}

/* Walks all that is held and whole; at the file's end, all that is held. */
static void walk_held(seep_trace_stream *stream, bool at_end)
{
  size_t at = 0;
  if (!stream->begun) {
    stream->begun = true;
    stream->status = seep_trace__begin(&stream->walk, stream->held, stream->held_bytes, &stream->error);
  }
  while (stream->status == SEEP_OK && !stream->walk.ended && at < stream->held_bytes) {
    const uint8_t *data = stream->held + at;
    size_t left = stream->held_bytes - at;
    if (!at_end && left < needed(stream, data, left)) {
      break;
    }
    at += seep_trace__buffer(&stream->walk, data, left);
  }
  if (stream->status == SEEP_OK && stream->walk.no_memory) {
    stream->status = seep_trace__end(&stream->walk, &stream->error);
  }
  stream->held_bytes -= at;
  if (stream->held_bytes > 0) {
    memmove(stream->held, stream->held + at, stream->held_bytes);
  }
}

seep_status seep_trace_stream_add(seep_trace_stream *stream, const void *data, size_t size, seep_error *error)
{
  const uint8_t *piece = data;
  while (size > 0 && stream->status == SEEP_OK && !stream->walk.ended) {
    void *held = stream->held;
    size_t whole = needed(stream, stream->held, stream->held_bytes);
    size_t count = whole - stream->held_bytes < size ? whole - stream->held_bytes : size;
    if (!seep_array_reserve(&held, &stream->capacity, stream->held_bytes + count, 1)) {
      stream->status =
          seep_error_set(&stream->error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "buffer of the trace", NULL);
      break;
    }
    stream->held = held;
    memcpy(stream->held + stream->held_bytes, piece, count);
    stream->held_bytes += count;
    piece += count;
    size -= count;
    if (stream->held_bytes == whole) {
      walk_held(stream, false);
    }
  }
  return tell(stream, error);
}

seep_status seep_trace_stream_finish(seep_trace_stream *stream, seep_trace_summary *summary,
                                     seep_error *error)
{
  if (stream->status == SEEP_OK) {
    walk_held(stream, true);
  }
  if (stream->status == SEEP_OK) {
    *summary = stream->walk.summary;
  }
  return tell(stream, error);
}
