/*
 * The forms of records and what each says of when, who and which event it is. Payloads are other files'
 * matter. See framing.h.
 */
#include "trace/framing.h"

#include "base/cursor.h"

enum {
  SYSTEM_BYTES = 0x20,
  COMPACT_BYTES = 0x18,
  PERFINFO_BYTES = 0x10,
  FULL_BYTES = 0x30,
  INSTANCE_BYTES = 0x48,
  EVENT_BYTES = 0x50,
  ERROR_BYTES = 0x50
};

const seep_trace__form seep_trace__forms[256] = {
    [SEEP_TRACE__TYPE_SYSTEM32] = {SYSTEM_BYTES, 4, 16, 4, SEEP_TRACE__KERNEL},
    [SEEP_TRACE__TYPE_SYSTEM64] = {SYSTEM_BYTES, 4, 16, 8, SEEP_TRACE__KERNEL},
    [SEEP_TRACE__TYPE_COMPACT32] = {COMPACT_BYTES, 4, 16, 4, SEEP_TRACE__KERNEL},
    [SEEP_TRACE__TYPE_COMPACT64] = {COMPACT_BYTES, 4, 16, 8, SEEP_TRACE__KERNEL},
    [SEEP_TRACE__TYPE_FULL32] = {FULL_BYTES, 0, 16, 4, SEEP_TRACE__CLASSIC},
    [SEEP_TRACE__TYPE_FULL64] = {FULL_BYTES, 0, 16, 8, SEEP_TRACE__CLASSIC},
    [SEEP_TRACE__TYPE_INSTANCE32] = {INSTANCE_BYTES, 0, 16, 4, SEEP_TRACE__CLASSIC},
    [SEEP_TRACE__TYPE_INSTANCE64] = {INSTANCE_BYTES, 0, 16, 8, SEEP_TRACE__CLASSIC},
    [SEEP_TRACE__TYPE_TIMED] = {SEEP_TRACE__LEAST_RECORD, 0, 0, 8, SEEP_TRACE__OTHER},
    [SEEP_TRACE__TYPE_ERROR] = {ERROR_BYTES, 0, 0, 8, SEEP_TRACE__OTHER},
    [SEEP_TRACE__TYPE_WNODE] = {SEEP_TRACE__LEAST_RECORD, 0, 0, 8, SEEP_TRACE__OTHER},
    [SEEP_TRACE__TYPE_MESSAGE] = {SEEP_TRACE__LEAST_RECORD, 0, 0, 8, SEEP_TRACE__OTHER},
    [SEEP_TRACE__TYPE_PERFINFO32] = {PERFINFO_BYTES, 4, 8, 4, SEEP_TRACE__PERFINFO},
    [SEEP_TRACE__TYPE_PERFINFO64] = {PERFINFO_BYTES, 4, 8, 8, SEEP_TRACE__PERFINFO},
    [SEEP_TRACE__TYPE_EVENT32] = {EVENT_BYTES, 0, 16, 4, SEEP_TRACE__EVENT},
    [SEEP_TRACE__TYPE_EVENT64] = {EVENT_BYTES, 0, 16, 8, SEEP_TRACE__EVENT}};

const seep_trace__form seep_trace__message = {SEEP_TRACE__LEAST_RECORD, 0, 0, 8, SEEP_TRACE__OTHER};

enum { GUID_AT = 0x18 };
enum { CLASSIC_OPCODE_AT = 0x04, CLASSIC_VERSION_AT = 0x06 };
enum { EVENT_ID_AT = 0x28, EVENT_OPCODE_AT = 0x2D };

size_t seep_trace__event_payload(const uint8_t *data, size_t record_bytes)
{
  size_t at = EVENT_BYTES;
  bool more = true;
  seep_cursor bytes;
  seep_cursor_init(&bytes, data, record_bytes);
  while (more) {
    size_t item_bytes = seep_cursor_u16_at(&bytes, at);
    size_t data_bytes = seep_cursor_u16_at(&bytes, at + 6);
    more = (seep_cursor_u16_at(&bytes, at + 4) & 1u) != 0;
    if (bytes.failed || item_bytes < 8 + data_bytes || item_bytes > record_bytes - at) {
      return 0;
    }
    at += item_bytes;
  }
  return at;
}

static void take_class(const uint8_t *data, seep_trace_record *record)
{
  record->guid = data + GUID_AT;
  record->version = data[CLASSIC_VERSION_AT];
  record->opcode = data[CLASSIC_OPCODE_AT];
}

static void take_event(const uint8_t *data, size_t payload_at, seep_trace_record *record)
{
  record->guid = data + GUID_AT;
  record->event_id = (uint16_t)(data[EVENT_ID_AT] | data[EVENT_ID_AT + 1] << 8);
  record->opcode = data[EVENT_OPCODE_AT];
  record->extended_bytes = payload_at - EVENT_BYTES;
  record->extended = record->extended_bytes > 0 ? data + EVENT_BYTES : NULL;
}

bool seep_trace__decode_other(const uint8_t *data, const seep_trace__framed *framed, uint16_t processor,
                              seep_trace_record *record)
{
  const seep_trace__form *form = framed->form;
  size_t payload_at = seep_trace__payload_at(data, framed);
  if (payload_at == 0) {
    return false;
  }
  *record = (seep_trace_record){.pointer_bytes = form->pointer_bytes,
                                .processor = processor,
                                .pid = SEEP_TRACE__NOBODY,
                                .tid = SEEP_TRACE__NOBODY,
                                .payload = data + payload_at,
                                .payload_bytes = framed->bytes - payload_at};
  /* A message has no type byte: what stands in its place could be taken for one. */
  record->header_type = form == &seep_trace__message ? 0 : (uint8_t)(framed->start >> 16 & 0xFFu);
  if (form->kind == SEEP_TRACE__OTHER) {
    return true;
  }
  record->ticks = seep_trace__ticks(data, framed);
  record->tid = seep_trace__u32(data + SEEP_TRACE__THREAD_AT);
  record->pid = seep_trace__u32(data + SEEP_TRACE__PROCESS_AT);
  if (form->kind == SEEP_TRACE__CLASSIC) {
    take_class(data, record);
  } else {
    take_event(data, payload_at, record);
  }
  return true;
}
