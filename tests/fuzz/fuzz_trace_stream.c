/*
 * An ETL file in pieces and as a whole: the same answer, the same figures, the same records. The first byte
 * says how large the pieces are, the rest is the file.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trace/stream.h"
#include "trace/tally.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct witness {
  seep_trace_tally tally;
  uint64_t digest;
} witness;

static void mix(witness *seen, uint64_t value)
{
  seen->digest = (seen->digest ^ value) * UINT64_C(0x100000001b3);
}

static bool see(void *context, const seep_trace_record *record)
{
  witness *seen = context;
  mix(seen, record->header_type + 256u * record->hook_id + 65536u * record->processor);
  mix(seen, record->ticks);
  mix(seen, record->pid + ((uint64_t)record->tid << 32));
  for (size_t i = 0; record->guid != NULL && i < 16; i++) {
    mix(seen, record->guid[i]);
  }
  for (size_t i = 0; i < record->payload_bytes; i++) {
    mix(seen, record->payload[i]);
  }
  return seep_trace_tally_visit(&seen->tally, record);
}

static size_t piece_bytes(uint8_t chosen)
{
  static const size_t larger[] = {4096, 65536, SIZE_MAX};
  return chosen < 250 ? 1u + 16u * chosen : larger[chosen % 3];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  witness whole = {.digest = 1}, pieces = {.digest = 1};
  seep_trace_summary expected, found;
  if (size == 0) {
    return 0;
  }
  size_t piece = piece_bytes(data[0]);
  seep_trace_stream *stream = seep_trace_stream_new(see, &pieces);
  if (stream == NULL) {
    return 0;
  }
  memset(&expected, 0, sizeof expected);
  memset(&found, 0, sizeof found);
  seep_trace_tally_init(&whole.tally, 4242);
  seep_trace_tally_init(&pieces.tally, 4242);
  for (size_t at = 1; at < size;) {
    size_t count = piece < size - at ? piece : size - at;
    (void)seep_trace_stream_add(stream, data + at, count, NULL);
    at += count;
  }
  seep_status wanted = seep_trace_walk(data + 1, size - 1, see, &whole, &expected, NULL);
  seep_status status = seep_trace_stream_finish(stream, &found, NULL);
  seep_trace_stream_free(stream);
  if (status != wanted || memcmp(&found, &expected, sizeof found) != 0 || whole.digest != pieces.digest ||
      whole.tally.memory_events != pieces.tally.memory_events ||
      whole.tally.heap_events != pieces.tally.heap_events) {
    abort();
  }
  return 0;
}
