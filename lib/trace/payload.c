/*
 * What a record is, and the texts and pointers that the decoders of its payload share. The kernel names an
 * event by a hook, a classic header by a class and an opcode: the same events by the same opcodes, but for
 * the loading of an image, which is a hook of the group of processes (reference: etl-format, 2).
 */
#include "trace/payload.h"

#include <string.h>

#include "base/text.h"
#include "trace/framing.h"
#include "trace/payload_internal.h"

enum { GUID_BYTES = 16 };

/* The classes of classic events, as their GUIDs lie in memory, by the kernel's group of the same events. */
static const struct {
  uint8_t guid[GUID_BYTES];
  unsigned group;
} classes[] = {
    {{0xd7, 0x75, 0xe6, 0xb3, 0x54, 0x25, 0x18, 0x4f, 0x83, 0x0b, 0x27, 0x62, 0x73, 0x25, 0x60, 0xde},
     SEEP_TRACE__GROUP_IMAGE_ID},
    {{0x1d, 0x5d, 0xb1, 0x2c, 0xc1, 0x5f, 0xd2, 0x11, 0xab, 0xe1, 0x00, 0xa0, 0xc9, 0x11, 0xf5, 0x18},
     SEEP_TRACE__GROUP_IMAGE},
    {{0xd0, 0xa8, 0x6f, 0x3d, 0x05, 0xfe, 0xd0, 0x11, 0x9d, 0xda, 0x00, 0xc0, 0x4f, 0xd7, 0xba, 0x7c},
     SEEP_TRACE__GROUP_PROCESS},
    {{0x46, 0xfe, 0xf2, 0xde, 0xd6, 0x7b, 0x80, 0x4b, 0xbd, 0x94, 0xf5, 0x7f, 0xe2, 0x0d, 0x0c, 0xe3},
     SEEP_TRACE__GROUP_STACK},
    {{0xd3, 0xa8, 0x6f, 0x3d, 0x05, 0xfe, 0xd0, 0x11, 0x9d, 0xda, 0x00, 0xc0, 0x4f, 0xd7, 0xba, 0x7c},
     SEEP_TRACE__GROUP_MEMORY},
    {{0xab, 0x62, 0x29, 0x22, 0x80, 0x61, 0x88, 0x4b, 0xa8, 0x25, 0x34, 0x6b, 0x75, 0xf2, 0xa2, 0x4a},
     SEEP_TRACE__GROUP_HEAP},
    {{0x91, 0xee, 0x79, 0x9b, 0xfd, 0xb5, 0xc0, 0x41, 0xa2, 0x43, 0x42, 0x48, 0xe2, 0x66, 0xe9, 0xd0},
     SEEP_TRACE__GROUP_SYSTEM_CONFIG},
    /* Microsoft documents it as EventTraceConfigGuid, class SystemConfig: a processor's event has type 10. */
    {{0x65, 0x3a, 0x85, 0x01, 0x8f, 0x41, 0x36, 0x4f, 0xae, 0xfc, 0xdc, 0x0f, 0x1d, 0x2f, 0xd2, 0x35},
     SEEP_TRACE__GROUP_CONFIG},
};

static seep_trace_kind process_kind(unsigned opcode)
{
  switch (opcode) {
  case 1:
    return SEEP_TRACE_PROCESS_START;
  case 2:
    return SEEP_TRACE_PROCESS_END;
  case 3:
    return SEEP_TRACE_PROCESS_DCSTART;
  case 4:
    return SEEP_TRACE_PROCESS_DCEND;
  case SEEP_TRACE__IMAGE_LOAD:
    return SEEP_TRACE_IMAGE_LOAD;
  case 32:
  case 33:
    return SEEP_TRACE_PROCESS_COUNTERS;
  case 39:
    return SEEP_TRACE_PROCESS_DEFUNCT;
  default:
    return SEEP_TRACE_OTHER;
  }
}

static seep_trace_kind image_kind(unsigned opcode)
{
  switch (opcode) {
  case 2:
    return SEEP_TRACE_IMAGE_UNLOAD;
  case 3:
    return SEEP_TRACE_IMAGE_DCSTART;
  case 4:
    return SEEP_TRACE_IMAGE_DCEND;
  default:
    return SEEP_TRACE_OTHER;
  }
}

static seep_trace_kind memory_kind(unsigned opcode)
{
  switch (opcode) {
  case 98:
    return SEEP_TRACE_VIRTUAL_ALLOC;
  case 99:
    return SEEP_TRACE_VIRTUAL_FREE;
  case 125:
    return SEEP_TRACE_WORKING_SETS;
  case 128:
  case 129:
    return SEEP_TRACE_VIRTUAL_RUNDOWN;
  default:
    return SEEP_TRACE_OTHER;
  }
}

static seep_trace_kind heap_kind(unsigned opcode)
{
  switch (opcode) {
  case 32:
    return SEEP_TRACE_HEAP_CREATE;
  case 33:
    return SEEP_TRACE_HEAP_ALLOC;
  case 34:
    return SEEP_TRACE_HEAP_REALLOC;
  case 35:
    return SEEP_TRACE_HEAP_DESTROY;
  case 36:
    return SEEP_TRACE_HEAP_FREE;
  default:
    return SEEP_TRACE_OTHER;
  }
}

static seep_trace_kind stack_kind(unsigned opcode)
{
  switch (opcode) {
  case 32:
    return SEEP_TRACE_STACK;
  case 34:
  case 35:
  case 36:
    return SEEP_TRACE_STACK_DEFINITION;
  case 37:
    return SEEP_TRACE_STACK_KEY_KERNEL;
  case 38:
    return SEEP_TRACE_STACK_KEY_USER;
  default:
    return SEEP_TRACE_OTHER;
  }
}

/* 37 is like 36, but of the managed code that a native image was made of: another file's identity. */
static seep_trace_kind image_id_kind(unsigned opcode)
{
  switch (opcode) {
  case 0:
    return SEEP_TRACE_IMAGE_ID;
  case 36:
    return SEEP_TRACE_PDB_ID;
  case 64:
    return SEEP_TRACE_FILE_VERSION;
  default:
    return SEEP_TRACE_OTHER;
  }
}

static seep_trace_kind system_config_kind(unsigned opcode)
{
  switch (opcode) {
  case 33:
    return SEEP_TRACE_SYSTEM_PATHS;
  case 35:
    return SEEP_TRACE_VOLUME;
  default:
    return SEEP_TRACE_OTHER;
  }
}

/* The GUID of a provider's event is the provider, who numbers as he likes. */
static bool has_class(const seep_trace_record *record)
{
  switch (record->header_type) {
  case SEEP_TRACE__TYPE_FULL32:
  case SEEP_TRACE__TYPE_FULL64:
  case SEEP_TRACE__TYPE_INSTANCE32:
  case SEEP_TRACE__TYPE_INSTANCE64:
    return record->guid != NULL;
  default:
    return false;
  }
}

static unsigned group_of_class(const uint8_t *guid)
{
  for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
    if (memcmp(guid, classes[i].guid, GUID_BYTES) == 0) {
      return classes[i].group;
    }
  }
  return SEEP_TRACE__GROUP_NONE;
}

unsigned seep_trace__group_of(const seep_trace_record *record, unsigned *opcode)
{
  if (record->is_kernel) {
    *opcode = record->hook_id & 0xFFu;
    return record->hook_id >> 8;
  }
  *opcode = record->opcode;
  unsigned group = has_class(record) ? group_of_class(record->guid) : SEEP_TRACE__GROUP_NONE;
  if (record->opcode != SEEP_TRACE__IMAGE_LOAD) {
    return group;
  }
  switch (group) {
  case SEEP_TRACE__GROUP_IMAGE:
    return SEEP_TRACE__GROUP_PROCESS;
  case SEEP_TRACE__GROUP_PROCESS:
    return SEEP_TRACE__GROUP_NONE;
  default:
    return group;
  }
}

seep_trace_kind seep_trace_kind_of(const seep_trace_record *record)
{
  unsigned opcode = 0;
  switch (seep_trace__group_of(record, &opcode)) {
  case SEEP_TRACE__GROUP_MEMORY:
    return memory_kind(opcode);
  case SEEP_TRACE__GROUP_PROCESS:
    return process_kind(opcode);
  case SEEP_TRACE__GROUP_CONFIG:
    return opcode == 10 ? SEEP_TRACE_CPU : SEEP_TRACE_OTHER;
  case SEEP_TRACE__GROUP_HEAP:
    return heap_kind(opcode);
  case SEEP_TRACE__GROUP_IMAGE:
    return image_kind(opcode);
  case SEEP_TRACE__GROUP_STACK:
    return stack_kind(opcode);
  case SEEP_TRACE__GROUP_IMAGE_ID:
    return image_id_kind(opcode);
  case SEEP_TRACE__GROUP_SYSTEM_CONFIG:
    return system_config_kind(opcode);
  default:
    return SEEP_TRACE_OTHER;
  }
}

const char *seep_trace_text_copy(const seep_trace_text *text, char *out, size_t out_size)
{
  if (text->wide) {
    (void)seep_text_from_utf16le(text->bytes, text->size, out, out_size);
  } else {
    (void)seep_text_copy_bytes(out, out_size, (const char *)text->bytes, text->size);
  }
  return out;
}

seep_cursor seep_trace__payload(const seep_trace_record *record)
{
  seep_cursor payload;
  seep_cursor_init(&payload, record->payload, record->payload_bytes);
  return payload;
}

unsigned seep_trace__pointer_bytes(const seep_trace_record *record, unsigned payload_pointer_bytes)
{
  unsigned bytes = payload_pointer_bytes != 0 ? payload_pointer_bytes : record->pointer_bytes;
  return bytes == 4 ? 4 : 8;
}

uint64_t seep_trace__pointer(seep_cursor *payload, unsigned pointer_bytes)
{
  return pointer_bytes == 4 ? seep_cursor_u32(payload) : seep_cursor_u64(payload);
}

seep_trace_text seep_trace__no_text(bool wide)
{
  static const uint8_t nothing[2] = {0, 0};
  return (seep_trace_text){.bytes = nothing, .size = 0, .wide = wide};
}

seep_trace_text seep_trace__narrow(seep_cursor *payload)
{
  seep_trace_text text = seep_trace__no_text(false);
  size_t left = payload->failed ? 0 : seep_cursor_left(payload);
  if (left == 0) {
    return text;
  }
  text.bytes = payload->data + payload->position;
  const uint8_t *end = memchr(text.bytes, 0, left);
  text.size = end != NULL ? (size_t)(end - text.bytes) : left;
  seep_cursor_skip(payload, text.size + (end != NULL ? 1 : 0));
  return text;
}

seep_trace_text seep_trace__wide(seep_cursor *payload)
{
  seep_trace_text text = seep_trace__no_text(true);
  size_t left = payload->failed ? 0 : seep_cursor_left(payload);
  if (left < 2) {
    return text;
  }
  text.bytes = payload->data + payload->position;
  while (text.size + 2 <= left && (text.bytes[text.size] | text.bytes[text.size + 1]) != 0) {
    text.size += 2;
  }
  seep_cursor_skip(payload, text.size + (text.size + 2 <= left ? 2 : 0));
  return text;
}
