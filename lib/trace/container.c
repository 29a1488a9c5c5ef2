/*
 * The container of an ETL file: a row of buffers, each with a header of 0x48 bytes and 8-aligned records in
 * one of a dozen forms. The walker knows sizes and where a record says when, who and what; it knows no
 * payload but the log file header's. It never believes a count, never reads past a buffer's valid part and
 * never searches for the next record: a broken one ends its buffer and is counted. Called by the report verb,
 * by the culprit search and by the fuzzer.
 */
#include "trace/container.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cursor.h"
#include "trace/container_internal.h"
#include "trace/framing.h"
#include "trace/log_file_header.h"
#include "trace/xpress.h"

/* WMI_BUFFER_HEADER (reference: etl-format, 1.1). `Offset` is the end of the valid bytes; SavedOffset, which
 * looks more like it, is zero or too small in most first buffers. */
enum {
  BUFFER_HEADER_BYTES = SEEP_TRACE__BUFFER_HEADER_BYTES,
  BUFFER_SIZE_AT = 0x00,
  BUFFER_FLUSHED_AT = 0x10,
  BUFFER_SEQUENCE_AT = 0x18,
  BUFFER_PROCESSOR_AT = 0x28,
  BUFFER_LOGGER_AT = 0x2A,
  BUFFER_STATE_AT = 0x2C, /* of the first buffer: its low half names the compression */
  BUFFER_VALID_END_AT = 0x30,
  BUFFER_FLAGS_AT = 0x34,
  BUFFER_TYPE_AT = 0x36
};

/* 3 is also what an uncompressed first buffer says: only formats that we know to be others count. */
enum { FORMAT_LZNT1 = 2, FORMAT_XPRESS_HUFF = 4 };

/* The first record's smallest form: SYSTEM. */
#define FIRST_RECORD_BYTES 0x20u

static void walk_records(seep_trace__walk *walk, const seep_trace__part *part)
{
  uint64_t records = 0, kernel_records = 0, bad_records = 0;
  size_t end = part->end;
  bool more = !walk->ended;
  seep_trace__framed framed;
  for (size_t at = BUFFER_HEADER_BYTES; at < end && more; at += seep_trace__step(&framed)) {
    const uint8_t *data = part->data + at;
    seep_trace_record record;
    seep_trace__framing found = seep_trace__frame(data, end - at, &framed);
    if (found != SEEP_TRACE__RECORD) {
      /* A record that the end of the file cuts is no fault of its own. */
      bad_records += found == SEEP_TRACE__BROKEN && !part->is_cut ? 1 : 0;
      break;
    }
    if (!seep_trace__decode(data, &framed, part->processor, &record)) {
      bad_records++;
      continue;
    }
    records++;
    kernel_records += record.is_kernel ? 1 : 0;
    more = walk->visit == NULL || walk->visit(walk->context, &record);
  }
  walk->ended = !more;
  walk->summary.records += records;
  walk->summary.kernel_records += kernel_records;
  walk->summary.bad_records += bad_records;
}

/* The first record of an ETL file is a SYSTEM record with hook 0; anything else is another kind of file. */
seep_status seep_trace__read_first(const uint8_t *data, size_t size, seep_trace_header *header,
                                   seep_error *error)
{
  seep_trace_record record;
  seep_trace__framed framed;
  seep_cursor bytes;
  seep_cursor_init(&bytes, data, size);
  if (seep_cursor_u32_at(&bytes, BUFFER_SIZE_AT) < BUFFER_HEADER_BYTES ||
      size < BUFFER_HEADER_BYTES + FIRST_RECORD_BYTES) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, 0, "first buffer", NULL);
  }
  data += BUFFER_HEADER_BYTES;
  if (seep_trace__frame(data, size - BUFFER_HEADER_BYTES, &framed) != SEEP_TRACE__RECORD ||
      framed.form->header_bytes != FIRST_RECORD_BYTES || !seep_trace__decode(data, &framed, 0, &record) ||
      record.hook_id != 0 || !seep_trace__take_log_file_header(&record, header)) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, BUFFER_HEADER_BYTES, "log file header",
                          NULL);
  }
  return SEEP_OK;
}

bool seep_trace__take_part(const uint8_t *data, size_t size, seep_trace__part *part,
                           seep_trace_summary *summary)
{
  seep_cursor bytes;
  seep_cursor_init(&bytes, data, size);
  size_t buffer_bytes = seep_cursor_u32_at(&bytes, BUFFER_SIZE_AT);
  size_t valid_bytes = seep_cursor_u32_at(&bytes, BUFFER_VALID_END_AT);
  uint16_t processor = seep_cursor_u16_at(&bytes, BUFFER_PROCESSOR_AT);
  part->flags = seep_cursor_u16_at(&bytes, BUFFER_FLAGS_AT);
  if (bytes.failed || size < BUFFER_HEADER_BYTES) {
    summary->truncated = true;
    return false;
  }
  if (buffer_bytes == 0) { /* a file that became longer, but was not written to its end */
    summary->truncated = true;
    return false;
  }
  if (buffer_bytes < BUFFER_HEADER_BYTES ||
      (buffer_bytes > SEEP_TRACE_BUFFER_LIMIT && size >= SEEP_TRACE_BUFFER_LIMIT)) {
    summary->bad_buffers++;
    return false;
  }
  part->is_truncated = buffer_bytes > size;
  part->valid_bytes = valid_bytes;
  valid_bytes = valid_bytes < buffer_bytes ? valid_bytes : buffer_bytes;
  part->data = data;
  part->bytes = part->is_truncated ? size : buffer_bytes;
  part->is_cut = valid_bytes > size;
  part->end = part->is_cut ? size : valid_bytes;
  part->processor =
      (uint16_t)(processor & ((part->flags & SEEP_TRACE__FLAG_WIDE_PROCESSOR) != 0 ? 0x07FFu : 0xFFu));
  return true;
}

int64_t seep_trace__sequence(const seep_trace__part *part)
{
  return (int64_t)seep_trace__u64(part->data + BUFFER_SEQUENCE_AT);
}

void seep_trace__count_part(const seep_trace__part *part, seep_trace_summary *summary)
{
  summary->buffers++;
  summary->truncated = summary->truncated || part->is_truncated;
  summary->compressed_buffers += seep_trace__is_compressed(part) ? 1 : 0;
  summary->loss_flagged_buffers +=
      (part->flags & (SEEP_TRACE__FLAG_EVENTS_LOST | SEEP_TRACE__FLAG_BUFFER_LOST)) != 0 ? 1 : 0;
}

bool seep_trace__is_compressed(const seep_trace__part *part)
{
  return (part->flags & SEEP_TRACE__FLAG_COMPRESSED) != 0;
}

unsigned seep_trace__format(const uint8_t *data, size_t size)
{
  seep_cursor bytes;
  seep_cursor_init(&bytes, data, size);
  return seep_cursor_u16_at(&bytes, BUFFER_STATE_AT);
}

static size_t unpacked_room(const seep_trace__part *part)
{
  return part->valid_bytes > BUFFER_HEADER_BYTES ? part->valid_bytes - BUFFER_HEADER_BYTES : 0;
}

size_t seep_trace__unpacked_bytes(const seep_trace__part *part)
{
  return BUFFER_HEADER_BYTES + unpacked_room(part);
}

seep_trace__packing seep_trace__packing_of(const seep_trace__part *part, unsigned format)
{
  if (format == FORMAT_LZNT1 || format == FORMAT_XPRESS_HUFF) {
    return SEEP_TRACE__PACKING_UNKNOWN;
  }
  /* What is there of the file's last buffer, when that is cut, says nothing about how well it was packed. */
  size_t packed_bytes = part->bytes - BUFFER_HEADER_BYTES;
  bool is_bomb = !part->is_truncated && unpacked_room(part) / SEEP_TRACE_UNPACKED_TIMES > packed_bytes;
  return is_bomb || part->valid_bytes > SEEP_TRACE_BUFFER_LIMIT ? SEEP_TRACE__PACKING_BAD
                                                                : SEEP_TRACE__PACKING_READABLE;
}

void seep_trace__count_packing(seep_trace__packing packing, seep_trace_summary *summary)
{
  summary->unread_buffers += packing == SEEP_TRACE__PACKING_UNKNOWN ? 1 : 0;
  summary->bad_buffers += packing == SEEP_TRACE__PACKING_BAD ? 1 : 0;
}

void seep_trace__unpack(seep_trace__part *part, uint8_t *room, seep_trace_summary *summary)
{
  size_t capacity = unpacked_room(part), written = 0;
  seep_status status = seep_xpress_decode(part->data + BUFFER_HEADER_BYTES, part->bytes - BUFFER_HEADER_BYTES,
                                          room + BUFFER_HEADER_BYTES, capacity, &written);
  part->data = room;
  part->end = BUFFER_HEADER_BYTES + written;
  part->is_cut = status != SEEP_OK || written < capacity; /* its last record is not at fault */
  summary->bad_buffers += part->is_cut && !part->is_truncated ? 1 : 0;
}

seep_status seep_trace__begin(seep_trace__walk *walk, const uint8_t *data, size_t size, seep_error *error)
{
  walk->format = seep_trace__format(data, size);
  memset(&walk->summary, 0, sizeof walk->summary);
  walk->ended = walk->no_memory = false;
  walk->offset = 0;
  return seep_trace__read_first(data, size, &walk->summary.header, error);
}

seep_status seep_trace__end(seep_trace__walk *walk, seep_error *error)
{
  free(walk->unpacked);
  walk->unpacked = NULL;
  walk->capacity = 0;
  return walk->no_memory ? seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0,
                                          "unpacked buffer of the trace", NULL)
                         : SEEP_OK;
}

static void walk_compressed(seep_trace__walk *walk, seep_trace__part *part)
{
  seep_trace__packing packing = seep_trace__packing_of(part, walk->format);
  seep_trace__count_packing(packing, &walk->summary);
  if (packing != SEEP_TRACE__PACKING_READABLE) {
    return;
  }
  if (!seep_array_reserve(&walk->unpacked, &walk->capacity, seep_trace__unpacked_bytes(part), 1)) {
    walk->no_memory = walk->ended = true;
    return;
  }
  seep_trace__unpack(part, walk->unpacked, &walk->summary);
  walk_records(walk, part);
}

static bool show_buffer(const seep_trace__walk *walk, const seep_trace__part *part)
{
  seep_trace_buffer shown = {.offset = walk->offset,
                             .size_bytes = part->bytes,
                             .valid_bytes = part->valid_bytes,
                             .sequence = seep_trace__sequence(part),
                             .processor = part->processor,
                             .flags = (uint16_t)part->flags};
  seep_cursor bytes;
  seep_cursor_init(&bytes, part->data, BUFFER_HEADER_BYTES);
  shown.flushed = seep_cursor_u64_at(&bytes, BUFFER_FLUSHED_AT);
  shown.logger = seep_cursor_u16_at(&bytes, BUFFER_LOGGER_AT);
  shown.type = seep_cursor_u16_at(&bytes, BUFFER_TYPE_AT);
  return walk->visit_buffer(walk->context, &shown);
}

size_t seep_trace__buffer(seep_trace__walk *walk, const uint8_t *data, size_t size)
{
  seep_trace__part part;
  if (!seep_trace__take_part(data, size, &part, &walk->summary)) {
    walk->ended = true;
    return size;
  }
  size_t used = part.bytes;
  seep_trace__count_part(&part, &walk->summary);
  if (walk->visit_buffer == NULL || show_buffer(walk, &part)) {
    if (seep_trace__is_compressed(&part)) {
      walk_compressed(walk, &part);
    } else {
      walk_records(walk, &part);
    }
  }
  walk->offset += used;
  return used;
}

seep_status seep_trace_walk_buffers(const uint8_t *data, size_t size, seep_trace_visit_buffer buffer_visit,
                                    seep_trace_visit visit, void *context, seep_trace_summary *summary,
                                    seep_error *error)
{
  seep_trace__walk walk = {.visit = visit, .visit_buffer = buffer_visit, .context = context};
  size_t at = 0;
  seep_status status = seep_trace__begin(&walk, data, size, error);
  if (status != SEEP_OK) {
    return status;
  }
  while (at < size && !walk.ended) {
    at += seep_trace__buffer(&walk, data + at, size - at);
  }
  *summary = walk.summary;
  return seep_trace__end(&walk, error);
}

seep_status seep_trace_walk(const uint8_t *data, size_t size, seep_trace_visit visit, void *context,
                            seep_trace_summary *summary, seep_error *error)
{
  return seep_trace_walk_buffers(data, size, NULL, visit, context, summary, error);
}
