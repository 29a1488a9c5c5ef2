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
#include "trace/xpress.h"

/* WMI_BUFFER_HEADER (reference: etl-format, 1.1). `Offset` is the end of the valid bytes; SavedOffset, which
 * looks more like it, is zero or too small in most first buffers. */
enum {
  BUFFER_HEADER_BYTES = SEEP_TRACE__BUFFER_HEADER_BYTES,
  BUFFER_SIZE_AT = 0x00,
  BUFFER_PROCESSOR_AT = 0x28,
  BUFFER_STATE_AT = 0x2C, /* of the first buffer: its low half names the compression */
  BUFFER_VALID_END_AT = 0x30,
  BUFFER_FLAGS_AT = 0x34
};
enum {
  BUFFER_EVENTS_LOST = 0x02,
  BUFFER_BUFFER_LOST = 0x04,
  BUFFER_PROCESSOR_IS_WIDE =
      0x20, /* since Windows 8 all of the field's low 11 bits, before that its low byte */
  BUFFER_COMPRESSED = 0x40
};

/* 3 is also what an uncompressed first buffer says: only formats that we know to be others count. */
enum { FORMAT_LZNT1 = 2, FORMAT_XPRESS_HUFF = 4 };

/* The marker's type byte (1.3). Of each pair the odd entry belongs to 32-bit payloads. */
enum {
  TYPE_SYSTEM32 = 1,
  TYPE_SYSTEM64 = 2,
  TYPE_COMPACT32 = 3,
  TYPE_COMPACT64 = 4,
  TYPE_FULL32 = 10,
  TYPE_INSTANCE32 = 11,
  TYPE_TIMED = 12,
  TYPE_ERROR = 13,
  TYPE_WNODE = 14,
  TYPE_MESSAGE = 15,
  TYPE_PERFINFO32 = 16,
  TYPE_PERFINFO64 = 17,
  TYPE_EVENT32 = 18,
  TYPE_EVENT64 = 19,
  TYPE_FULL64 = 20,
  TYPE_INSTANCE64 = 21
};
enum {
  SYSTEM_BYTES = 0x20,
  COMPACT_BYTES = 0x18,
  PERFINFO_BYTES = 0x10,
  FULL_BYTES = 0x30,
  INSTANCE_BYTES = 0x48,
  EVENT_BYTES = 0x50,
  ERROR_BYTES = 0x50,
  MESSAGE_BYTES = 8
};

/* Where the two kinds of headers with a GUID have it, and what else says which event it is. */
enum {
  CLASSIC_OPCODE_AT = 0x04,
  GUID_AT = 0x18,
  GUID_BYTES = 16,
  EVENT_ID_AT = 0x28,
  EVENT_OPCODE_AT = 0x2D
};

#define RECORD_ALIGNMENT 8u
#define FILLER UINT32_C(0xFFFFFFFF)
#define NOBODY UINT32_MAX

/* One buffer while it is being walked; offsets are from its own start. */
typedef struct buffer {
  const uint8_t *data;
  size_t bytes;       /* to the next one, or to the file's end when that comes first */
  size_t end;         /* of what may be read: the valid part, or the file's end when that comes first */
  bool is_cut;        /* the file ends before the valid part does */
  size_t valid_bytes; /* as the header says; of a compressed one when it is unpacked */
  uint16_t processor;
  unsigned flags;
} buffer;

typedef enum framing { FRAMING_RECORD, FRAMING_END, FRAMING_BROKEN } framing;

static void take_thread(seep_cursor *bytes, seep_trace_record *record)
{
  record->tid = seep_cursor_u32_at(bytes, 8);
  record->pid = seep_cursor_u32_at(bytes, 12);
}

/* What kind of event a header with a GUID is for. */
static void take_class(seep_cursor *bytes, seep_trace_record *record, bool is_classic)
{
  seep_cursor field = *bytes;
  if (!is_classic) {
    record->event_id = seep_cursor_u16_at(bytes, EVENT_ID_AT);
  }
  seep_cursor_seek(&field, is_classic ? CLASSIC_OPCODE_AT : EVENT_OPCODE_AT);
  record->opcode = seep_cursor_u8(&field);
  seep_cursor_seek(&field, GUID_AT);
  record->guid = seep_cursor_bytes(&field, GUID_BYTES);
}

static size_t take_kernel(seep_cursor *bytes, seep_trace_record *record, size_t header_bytes)
{
  record->is_kernel = true;
  record->version = (uint8_t)(seep_cursor_u16_at(bytes, 0) & 0xFFu);
  record->hook_id = seep_cursor_u16_at(bytes, 6);
  if (header_bytes == PERFINFO_BYTES) {
    /* Bit 15 announces the index of a precise sample, bits 8 to 10 how many hardware counters follow. */
    unsigned extension = seep_cursor_u16_at(bytes, 0);
    record->ticks = seep_cursor_u64_at(bytes, 8);
    return header_bytes + 8u * (((extension & 0x8000u) != 0 ? 1u : 0u) + ((extension >> 8) & 7u));
  }
  take_thread(bytes, record);
  record->ticks = seep_cursor_u64_at(bytes, 16);
  return header_bytes;
}

/* Header, extended items, payload: where the payload starts, 0 when an item does not fit its record. */
static size_t take_event(seep_cursor *bytes, seep_trace_record *record)
{
  size_t at = EVENT_BYTES;
  bool more = (seep_cursor_u16_at(bytes, 4) & 1u) != 0;
  take_thread(bytes, record);
  take_class(bytes, record, false);
  record->ticks = seep_cursor_u64_at(bytes, 16);
  while (more) {
    size_t item_bytes = seep_cursor_u16_at(bytes, at);
    size_t data_bytes = seep_cursor_u16_at(bytes, at + 6);
    more = (seep_cursor_u16_at(bytes, at + 4) & 1u) != 0;
    if (bytes->failed || item_bytes < 8 + data_bytes || item_bytes > bytes->size - at) {
      return 0;
    }
    at += item_bytes;
  }
  return at;
}

static size_t header_bytes_of(unsigned type)
{
  switch (type) {
  case TYPE_SYSTEM32:
  case TYPE_SYSTEM64:
    return SYSTEM_BYTES;
  case TYPE_COMPACT32:
  case TYPE_COMPACT64:
    return COMPACT_BYTES;
  case TYPE_PERFINFO32:
  case TYPE_PERFINFO64:
    return PERFINFO_BYTES;
  case TYPE_FULL32:
  case TYPE_FULL64:
    return FULL_BYTES;
  case TYPE_INSTANCE32:
  case TYPE_INSTANCE64:
    return INSTANCE_BYTES;
  case TYPE_EVENT32:
  case TYPE_EVENT64:
    return EVENT_BYTES;
  case TYPE_ERROR:
    return ERROR_BYTES;
  case TYPE_TIMED:
  case TYPE_WNODE:
  case TYPE_MESSAGE:
    return MESSAGE_BYTES;
  default:
    return 0;
  }
}

static bool is_32_bit(unsigned type)
{
  return type == TYPE_SYSTEM32 || type == TYPE_COMPACT32 || type == TYPE_PERFINFO32 || type == TYPE_FULL32 ||
         type == TYPE_INSTANCE32 || type == TYPE_EVENT32;
}

/* Fills what the header form says; the payload's start, 0 when the record contradicts itself. */
static size_t take_header(seep_cursor *bytes, seep_trace_record *record, size_t header_bytes)
{
  switch (header_bytes_of(record->header_type)) {
  case SYSTEM_BYTES:
  case COMPACT_BYTES:
  case PERFINFO_BYTES:
    return take_kernel(bytes, record, header_bytes);
  case EVENT_BYTES:
    if (record->header_type != TYPE_ERROR) {
      return take_event(bytes, record);
    }
    return header_bytes;
  case FULL_BYTES:
  case INSTANCE_BYTES:
    take_thread(bytes, record);
    take_class(bytes, record, true);
    record->ticks = seep_cursor_u64_at(bytes, 16);
    return header_bytes;
  default:
    return header_bytes;
  }
}

/* Finds the size of the record at `at` and the size of its fixed header. */
static framing frame(const uint8_t *data, size_t at, size_t end, size_t *record_bytes, size_t *header_bytes)
{
  seep_cursor bytes;
  seep_cursor_init(&bytes, data + at, end - at);
  uint32_t marker = seep_cursor_u32_at(&bytes, 0);
  unsigned type = (marker >> 16) & 0xFFu;
  size_t size_at = 0;
  if (bytes.failed || marker == FILLER) {
    return FRAMING_END;
  }
  if ((marker & 0xC0000000u) == 0xC0000000u) {
    *header_bytes = header_bytes_of(type);
    size_at = type <= TYPE_COMPACT64 || type == TYPE_PERFINFO32 || type == TYPE_PERFINFO64 ? 4 : 0;
  } else if ((marker & 0xD0000000u) == 0x90000000u) {
    *header_bytes = MESSAGE_BYTES;
  } else {
    return FRAMING_BROKEN;
  }
  *record_bytes = seep_cursor_u16_at(&bytes, size_at);
  if (bytes.failed || *header_bytes == 0 || *record_bytes < *header_bytes || *record_bytes > end - at) {
    return FRAMING_BROKEN;
  }
  return FRAMING_RECORD;
}

/* false when the record's inside does not fit its size. */
static bool decode(const uint8_t *data, size_t record_bytes, size_t header_bytes, seep_trace_record *record)
{
  seep_cursor bytes;
  seep_cursor_init(&bytes, data, record_bytes);
  uint32_t marker = seep_cursor_u32_at(&bytes, 0);
  size_t payload_at = header_bytes;
  record->pid = NOBODY;
  record->tid = NOBODY;
  record->pointer_bytes = 8;
  /* A message has no type byte: what stands in its place could be taken for one. */
  if ((marker & 0xC0000000u) == 0xC0000000u) {
    record->header_type = (uint8_t)(marker >> 16);
    record->pointer_bytes = is_32_bit(record->header_type) ? 4 : 8;
    payload_at = take_header(&bytes, record, header_bytes);
  }
  if (bytes.failed || payload_at < header_bytes || payload_at > record_bytes) {
    return false;
  }
  record->payload = data + payload_at;
  record->payload_bytes = record_bytes - payload_at;
  return true;
}

static void walk_records(seep_trace__walk *walk, const buffer *part)
{
  seep_trace_summary *summary = &walk->summary;
  size_t at = BUFFER_HEADER_BYTES;
  while (at < part->end && !walk->ended) {
    seep_trace_record record = {0};
    size_t record_bytes = 0;
    size_t header_bytes = 0;
    framing found = frame(part->data, at, part->end, &record_bytes, &header_bytes);
    if (found != FRAMING_RECORD) {
      /* A record that the end of the file cuts is no fault of its own. */
      summary->bad_records += found == FRAMING_BROKEN && !part->is_cut ? 1 : 0;
      return;
    }
    if (decode(part->data + at, record_bytes, header_bytes, &record)) {
      record.processor = part->processor;
      summary->records++;
      summary->kernel_records += record.is_kernel ? 1 : 0;
      walk->ended = walk->visit != NULL && !walk->visit(walk->context, &record);
    } else {
      summary->bad_records++;
    }
    /* The aligned end of the last record may lie beyond the buffer's valid part (seen in Windows 7 files). */
    size_t aligned = (record_bytes + RECORD_ALIGNMENT - 1) & ~(size_t)(RECORD_ALIGNMENT - 1);
    at += aligned < part->end - at ? aligned : part->end - at;
  }
}

/* TRACE_LOGFILE_HEADER (1.4). Its layout follows the record's own type: a 32-bit relogger writes a 32-bit
 * header over 64-bit records. After the two pointers everything has moved by 8 bytes. */
static bool read_log_file_header(const seep_trace_record *record, seep_trace_header *header)
{
  seep_cursor bytes;
  size_t moved = record->pointer_bytes == 8 ? 8 : 0;
  seep_cursor_init(&bytes, record->payload, record->payload_bytes);
  header->buffer_size_bytes = seep_cursor_u32_at(&bytes, 0x00);
  header->os_major = (uint8_t)(seep_cursor_u16_at(&bytes, 0x04) & 0xFFu);
  header->os_minor = (uint8_t)(seep_cursor_u16_at(&bytes, 0x04) >> 8);
  header->os_build = seep_cursor_u32_at(&bytes, 0x08);
  header->processors = seep_cursor_u32_at(&bytes, 0x0C);
  header->end = seep_cursor_u64_at(&bytes, 0x10);
  header->log_file_mode = seep_cursor_u32_at(&bytes, 0x20);
  header->pointer_bytes = seep_cursor_u32_at(&bytes, 0x2C);
  header->events_lost = seep_cursor_u32_at(&bytes, 0x30);
  header->frequency_hz = (int64_t)seep_cursor_u64_at(&bytes, 0xF8 + moved);
  header->start = seep_cursor_u64_at(&bytes, 0x100 + moved);
  header->clock_type = seep_cursor_u32_at(&bytes, 0x108 + moved);
  header->buffers_lost = seep_cursor_u32_at(&bytes, 0x10C + moved);
  return !bytes.failed;
}

/* The first record of an ETL file is a SYSTEM record with hook 0; anything else is another kind of file. */
static seep_status read_first(const uint8_t *data, size_t size, seep_trace_header *header, seep_error *error)
{
  seep_trace_record record = {0};
  size_t record_bytes = 0;
  size_t header_bytes = 0;
  seep_cursor bytes;
  seep_cursor_init(&bytes, data, size);
  if (seep_cursor_u32_at(&bytes, BUFFER_SIZE_AT) < BUFFER_HEADER_BYTES ||
      size < BUFFER_HEADER_BYTES + SYSTEM_BYTES) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, 0, "first buffer", NULL);
  }
  if (frame(data, BUFFER_HEADER_BYTES, size, &record_bytes, &header_bytes) != FRAMING_RECORD ||
      !decode(data + BUFFER_HEADER_BYTES, record_bytes, header_bytes, &record) ||
      header_bytes != SYSTEM_BYTES || record.hook_id != 0 || !read_log_file_header(&record, header)) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, BUFFER_HEADER_BYTES, "log file header",
                          NULL);
  }
  return SEEP_OK;
}

/* Reads a buffer's header; false when there is no such buffer, with the reason in the summary. */
static bool take_buffer(const uint8_t *data, size_t size, buffer *part, seep_trace_summary *summary)
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
  if (buffer_bytes < BUFFER_HEADER_BYTES ||
      (buffer_bytes > SEEP_TRACE_BUFFER_LIMIT && size >= SEEP_TRACE_BUFFER_LIMIT)) {
    summary->bad_buffers++;
    return false;
  }
  summary->truncated = buffer_bytes > size;
  part->valid_bytes = valid_bytes;
  valid_bytes = valid_bytes < buffer_bytes ? valid_bytes : buffer_bytes;
  part->data = data;
  part->bytes = summary->truncated ? size : buffer_bytes;
  part->is_cut = valid_bytes > size;
  part->end = part->is_cut ? size : valid_bytes;
  part->processor = (uint16_t)(processor & ((part->flags & BUFFER_PROCESSOR_IS_WIDE) != 0 ? 0x07FFu : 0xFFu));
  return true;
}

seep_status seep_trace__begin(seep_trace__walk *walk, const uint8_t *data, size_t size, seep_error *error)
{
  seep_cursor bytes;
  seep_cursor_init(&bytes, data, size);
  walk->format = seep_cursor_u32_at(&bytes, BUFFER_STATE_AT) & 0xFFFFu;
  memset(&walk->summary, 0, sizeof walk->summary);
  walk->ended = walk->no_memory = false;
  return read_first(data, size, &walk->summary.header, error);
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

/* Records stand in the unpacked buffer where they would in the file: behind room for its header. */
static void walk_compressed(seep_trace__walk *walk, const buffer *part)
{
  seep_trace_summary *summary = &walk->summary;
  size_t packed_bytes = part->bytes - BUFFER_HEADER_BYTES, written = 0;
  size_t room = part->valid_bytes > BUFFER_HEADER_BYTES ? part->valid_bytes - BUFFER_HEADER_BYTES : 0;
  summary->compressed_buffers++;
  if (walk->format == FORMAT_LZNT1 || walk->format == FORMAT_XPRESS_HUFF) {
    summary->unread_buffers++;
    return;
  }
  if (part->valid_bytes > SEEP_TRACE_BUFFER_LIMIT || room / SEEP_TRACE_UNPACKED_TIMES > packed_bytes) {
    summary->bad_buffers++;
    return;
  }
  if (!seep_array_reserve(&walk->unpacked, &walk->capacity, BUFFER_HEADER_BYTES + room, 1)) {
    walk->no_memory = walk->ended = true;
    return;
  }
  buffer unpacked = *part;
  seep_status status = seep_xpress_decode(part->data + BUFFER_HEADER_BYTES, packed_bytes,
                                          (uint8_t *)walk->unpacked + BUFFER_HEADER_BYTES, room, &written);
  unpacked.data = walk->unpacked;
  unpacked.end = BUFFER_HEADER_BYTES + written;
  unpacked.is_cut = status != SEEP_OK || written < room; /* its last record is not at fault */
  summary->bad_buffers += unpacked.is_cut && !summary->truncated ? 1 : 0;
  walk_records(walk, &unpacked);
}

size_t seep_trace__buffer(seep_trace__walk *walk, const uint8_t *data, size_t size)
{
  seep_trace_summary *summary = &walk->summary;
  buffer part;
  if (!take_buffer(data, size, &part, summary)) {
    walk->ended = true;
    return size;
  }
  summary->buffers++;
  summary->loss_flagged_buffers += (part.flags & (BUFFER_EVENTS_LOST | BUFFER_BUFFER_LOST)) != 0 ? 1 : 0;
  if ((part.flags & BUFFER_COMPRESSED) != 0) {
    walk_compressed(walk, &part);
  } else {
    walk_records(walk, &part);
  }
  return part.bytes;
}

seep_status seep_trace_walk(const uint8_t *data, size_t size, seep_trace_visit visit, void *context,
                            seep_trace_summary *summary, seep_error *error)
{
  seep_trace__walk walk = {.visit = visit, .context = context};
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
