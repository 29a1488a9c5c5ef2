/*
 * The payload decoders over any record: eight bytes say what it is, the rest is its payload. They must stay
 * inside it, and so must whatever they point at.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trace/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD_BYTES = 8 };

static const uint8_t classes[][16] = {
    {0xd0, 0xa8, 0x6f, 0x3d, 0x05, 0xfe, 0xd0, 0x11, 0x9d, 0xda, 0x00, 0xc0, 0x4f, 0xd7, 0xba, 0x7c},
    {0x1d, 0x5d, 0xb1, 0x2c, 0xc1, 0x5f, 0xd2, 0x11, 0xab, 0xe1, 0x00, 0xa0, 0xc9, 0x11, 0xf5, 0x18},
    {0xd7, 0x75, 0xe6, 0xb3, 0x54, 0x25, 0x18, 0x4f, 0x83, 0x0b, 0x27, 0x62, 0x73, 0x25, 0x60, 0xde},
    {0x91, 0xee, 0x79, 0x9b, 0xfd, 0xb5, 0xc0, 0x41, 0xa2, 0x43, 0x42, 0x48, 0xe2, 0x66, 0xe9, 0xd0},
    {0x46, 0xfe, 0xf2, 0xde, 0xd6, 0x7b, 0x80, 0x4b, 0xbd, 0x94, 0xf5, 0x7f, 0xe2, 0x0d, 0x0c, 0xe3},
    {0xd3, 0xa8, 0x6f, 0x3d, 0x05, 0xfe, 0xd0, 0x11, 0x9d, 0xda, 0x00, 0xc0, 0x4f, 0xd7, 0xba, 0x7c},
    {0xab, 0x62, 0x29, 0x22, 0x80, 0x61, 0x88, 0x4b, 0xa8, 0x25, 0x34, 0x6b, 0x75, 0xf2, 0xa2, 0x4a},
    {0x65, 0x3a, 0x85, 0x01, 0x8f, 0x41, 0x36, 0x4f, 0xae, 0xfc, 0xdc, 0x0f, 0x1d, 0x2f, 0xd2, 0x35},
};

static void check_inside(const seep_trace_record *record, const uint8_t *bytes, size_t size)
{
  const uint8_t *end = record->payload + record->payload_bytes;
  if (bytes == NULL ||
      (size != 0 && (bytes < record->payload || bytes > end || size > (size_t)(end - bytes)))) {
    abort();
  }
}

static void check_text(const seep_trace_record *record, const seep_trace_text *text)
{
  char out[64];
  check_inside(record, text->bytes, text->size);
  if (strlen(seep_trace_text_copy(text, out, sizeof out)) >= sizeof out) {
    abort();
  }
}

static void check_frames(const seep_trace_record *record, const uint8_t *frames, unsigned pointer_bytes,
                         size_t count)
{
  static volatile uint64_t sink;
  check_inside(record, frames, count * pointer_bytes);
  for (size_t i = 0; i < count; i++) {
    sink = sink ^ seep_trace_frame(frames, pointer_bytes, i);
  }
}

static void check_process(const seep_trace_record *record, unsigned pointer_bytes)
{
  seep_trace_process process;
  (void)seep_trace_take_process(record, pointer_bytes, &process);
  check_text(record, &process.image_name);
  check_text(record, &process.command_line);
  if (process.left_bytes > record->payload_bytes || process.image_name.wide || !process.command_line.wide) {
    abort();
  }
}

static void check_modules(const seep_trace_record *record, unsigned pointer_bytes)
{
  seep_trace_image image;
  seep_trace_image_id id;
  seep_trace_pdb_id pdb;
  seep_trace_file_version version;
  (void)seep_trace_take_image(record, pointer_bytes, &image);
  (void)seep_trace_take_image_id(record, &id);
  (void)seep_trace_take_file_version(record, &version);
  check_text(record, &image.path);
  check_text(record, &id.original_name);
  check_text(record, &version.original_name);
  check_text(record, &version.description);
  check_text(record, &version.file_version);
  check_text(record, &version.product);
  check_text(record, &version.company);
  if (seep_trace_take_pdb_id(record, &pdb)) {
    check_inside(record, pdb.guid, 16);
  }
  check_text(record, &pdb.name);
}

static void check_system(const seep_trace_record *record)
{
  seep_trace_volume volume;
  seep_trace_paths paths;
  uint32_t page_bytes = 0;
  uint64_t commit = 0;
  (void)seep_trace_take_volume(record, &volume);
  (void)seep_trace_take_paths(record, &paths);
  check_text(record, &volume.device_path);
  check_text(record, &volume.dos_path);
  check_text(record, &paths.system);
  check_text(record, &paths.windows);
  if (seep_trace_take_page_bytes(record, &page_bytes) && (page_bytes & (page_bytes - 1)) != 0) {
    abort();
  }
  (void)seep_trace_take_commit(record, SEEP_TRACE_WORKING_SETS, 4, 4096, &commit);
  (void)seep_trace_take_commit(record, SEEP_TRACE_PROCESS_COUNTERS, 4, 4096, &commit);
}

static void check_memory(const seep_trace_record *record)
{
  seep_trace_memory memory;
  seep_trace_heap heap;
  (void)seep_trace_take_memory(record, &memory);
  for (int kind = SEEP_TRACE_HEAP_CREATE; kind <= SEEP_TRACE_HEAP_FREE; kind++) {
    (void)seep_trace_take_heap(record, (seep_trace_kind)kind, &heap);
  }
}

static void check_stacks(const seep_trace_record *record)
{
  seep_trace_stack stack;
  seep_trace_definition definition;
  if (seep_trace_take_stack(record, &stack)) {
    check_frames(record, stack.frames, stack.pointer_bytes, stack.frame_count);
  }
  if (seep_trace_take_definition(record, &definition)) {
    check_frames(record, definition.frames, definition.pointer_bytes, definition.frame_count);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < HEAD_BYTES) {
    return 0;
  }
  seep_trace_record record = {.header_type = data[0],
                              .is_kernel = (data[1] & 1u) != 0,
                              .hook_id = (uint16_t)(data[2] | data[3] << 8),
                              .version = data[4],
                              .opcode = data[5],
                              .pointer_bytes = (data[1] & 2u) != 0 ? 8 : 4,
                              .payload = data + HEAD_BYTES,
                              .payload_bytes = size - HEAD_BYTES};
  unsigned pointer_bytes = (data[1] & 4u) != 0 ? 4 : (data[1] & 8u) != 0 ? 8 : 0;
  record.guid = (data[1] & 1u) != 0 ? NULL : classes[data[6] % (sizeof classes / sizeof classes[0])];
  seep_trace_kind kind = seep_trace_kind_of(&record);
  if (kind < SEEP_TRACE_OTHER || kind >= SEEP_TRACE_KINDS) {
    abort();
  }
  check_process(&record, pointer_bytes);
  check_modules(&record, pointer_bytes);
  check_system(&record);
  check_memory(&record);
  check_stacks(&record);
  return 0;
}
