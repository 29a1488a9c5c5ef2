/*
 * TRACE_LOGFILE_HEADER, the payload of a file's first record (reference: etl-format, 1.4). Its layout follows
 * the record's own type and not the pointer size that it names: a 32-bit relogger writes a 32-bit header over
 * 64-bit records. After its two stale pointers everything has moved by 8 bytes. Called by container.c.
 */
#include "trace/log_file_header.h"

#include "base/cursor.h"
#include "base/text.h"

enum { NAMES_AT = 0x110 };

/* Up to its terminator, or to the end when there is none; moves behind it. */
static void take_name(seep_cursor *bytes, char *name)
{
  size_t left = seep_cursor_left(bytes) / 2, units = 0;
  const uint8_t *from = seep_cursor_bytes(bytes, left * 2);
  name[0] = '\0';
  if (from == NULL) {
    return;
  }
  while (units < left && (from[2 * units] != 0 || from[2 * units + 1] != 0)) {
    units++;
  }
  (void)seep_text_from_utf16le(from, 2 * units, name, SEEP_TRACE_NAME_SIZE);
  seep_cursor_seek(bytes, bytes->position - 2 * (units < left ? left - units - 1 : 0));
}

bool seep_trace__take_log_file_header(const seep_trace_record *record, seep_trace_header *header)
{
  seep_cursor bytes;
  size_t moved = record->pointer_bytes == 8 ? 8 : 0;
  seep_cursor_init(&bytes, record->payload, record->payload_bytes);
  header->record_type = record->header_type;
  header->first_ticks = record->ticks;
  header->buffer_size_bytes = seep_cursor_u32_at(&bytes, 0x00);
  header->os_major = (uint8_t)(seep_cursor_u16_at(&bytes, 0x04) & 0xFFu);
  header->os_minor = (uint8_t)(seep_cursor_u16_at(&bytes, 0x04) >> 8);
  header->layout_major = (uint8_t)(seep_cursor_u16_at(&bytes, 0x06) & 0xFFu);
  header->layout_minor = (uint8_t)(seep_cursor_u16_at(&bytes, 0x06) >> 8);
  header->os_build = seep_cursor_u32_at(&bytes, 0x08);
  header->processors = seep_cursor_u32_at(&bytes, 0x0C);
  header->end = seep_cursor_u64_at(&bytes, 0x10);
  header->timer_resolution = seep_cursor_u32_at(&bytes, 0x18);
  header->maximum_file_mb = seep_cursor_u32_at(&bytes, 0x1C);
  header->log_file_mode = seep_cursor_u32_at(&bytes, 0x20);
  header->buffers_written = seep_cursor_u32_at(&bytes, 0x24);
  header->pointer_bytes = seep_cursor_u32_at(&bytes, 0x2C);
  header->events_lost = seep_cursor_u32_at(&bytes, 0x30);
  header->cpu_mhz = seep_cursor_u32_at(&bytes, 0x34);
  header->boot = seep_cursor_u64_at(&bytes, 0xF0 + moved);
  header->frequency_hz = (int64_t)seep_cursor_u64_at(&bytes, 0xF8 + moved);
  header->start = seep_cursor_u64_at(&bytes, 0x100 + moved);
  header->clock_type = seep_cursor_u32_at(&bytes, 0x108 + moved);
  header->buffers_lost = seep_cursor_u32_at(&bytes, 0x10C + moved);
  if (bytes.failed) {
    return false;
  }
  seep_cursor_seek(&bytes, NAMES_AT + moved);
  take_name(&bytes, header->logger_name);
  take_name(&bytes, header->log_file_name);
  return true;
}
