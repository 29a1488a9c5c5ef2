#include "standin/etl_writer.h"

#include <stdlib.h>
#include <string.h>

/* Everything below is little endian and written field by field: the layouts are those of the reference, 1.1
 * to 1.4 and 2.1 to 2.5, for 64-bit records. */
#define BUFFER_HEADER_BYTES 0x48u
#define SYSTEM_HEADER_BYTES 0x20u
#define PERFINFO_HEADER_BYTES 0x10u
#define EVENT_HEADER_BYTES 0x50u
#define LOG_FILE_HEADER_BYTES 0x118u
#define TYPE_SYSTEM64 2u
#define TYPE_PERFINFO64 17u
#define TYPE_EVENT64 19u
#define HOOK_LOG_FILE_HEADER 0x0000u
#define HOOK_GROUP_MASKS_END 0x0020u
#define HOOK_VIRTUAL_ALLOC 0x0262u
#define HOOK_VIRTUAL_FREE 0x0263u
#define HOOK_PROCESS 0x0300u /* + moment */
#define HOOK_IMAGE_LOAD 0x030Au
#define HOOK_CONTEXT_SWITCH 0x0524u
#define HOOK_HEAP_ALLOCATION 0x1021u
#define HOOK_HEAP_REALLOCATION 0x1022u
#define HOOK_HEAP_FREE 0x1024u
#define HOOK_IMAGE 0x1400u /* + moment */
#define HOOK_STACK 0x1820u

#define HEAP_SOURCE_MAIN_PATH 3u

#define TICKS_PER_SECOND UINT64_C(10000000)
/* The counter ran for 100 s before the recording started: a reader that takes ticks for times shows it at
 * once. */
#define FIRST_TICKS UINT64_C(1000000000)
#define MAXIMUM_PAYLOAD 4096u
#define MAXIMUM_FRAMES 192u

typedef struct payload {
  uint8_t bytes[MAXIMUM_PAYLOAD];
  size_t size;
} payload;

static void put(uint8_t *at, uint64_t value, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    at[i] = (uint8_t)(value >> (8 * i));
  }
}

static void add(payload *out, uint64_t value, size_t count)
{
  if (count <= sizeof out->bytes - out->size) {
    put(out->bytes + out->size, value, count);
    out->size += count;
  }
}

/* Cut so that the terminator and whatever short fields follow still fit. */
static void add_text(payload *out, const char *text, size_t unit_bytes)
{
  for (size_t i = 0; text[i] != '\0' && out->size + 64 < sizeof out->bytes; i++) {
    add(out, (unsigned char)text[i], unit_bytes);
  }
  add(out, 0, unit_bytes);
}

static void start_buffer(etl_writer *writer)
{
  memset(writer->buffer, 0xFF, writer->settings.buffer_bytes);
  memset(writer->buffer, 0, BUFFER_HEADER_BYTES);
  writer->used = BUFFER_HEADER_BYTES;
}

/* Completes the buffer header and hands the buffer to the sink as the index-th of the file. */
static bool write_buffer(etl_writer *writer, uint32_t index, uint16_t type)
{
  uint8_t *header = writer->buffer;
  uint64_t offset = (uint64_t)index * writer->settings.buffer_bytes;
  put(header + 0x00, writer->settings.buffer_bytes, 4);
  put(header + 0x04, writer->used, 4);
  put(header + 0x08, writer->used, 4);
  put(header + 0x10, writer->last_ticks, 8);
  put(header + 0x18, index, 8);
  put(header + 0x28, 0, 2); /* processor 0 */
  put(header + 0x2C, 3, 4); /* state: flush */
  put(header + 0x30, writer->used, 4);
  put(header + 0x34, 0x21, 2); /* flush marker, wide processor index */
  put(header + 0x36, type, 2); /* 4 header, 0 generic */
  if (!writer->failed && !writer->sink(writer->sink_context, offset, header, writer->settings.buffer_bytes)) {
    writer->failed = true;
  }
  return !writer->failed;
}

bool etl_writer_flush(etl_writer *writer)
{
  if (writer->failed || writer->used <= BUFFER_HEADER_BYTES) {
    return !writer->failed;
  }
  bool written = write_buffer(writer, writer->buffers, 0);
  writer->buffers++;
  start_buffer(writer);
  return written;
}

/* Room for a record of this size, in the current buffer or in a new one; NULL after a failure. */
static uint8_t *reserve(etl_writer *writer, size_t size)
{
  size_t aligned = (size + 7u) & ~(size_t)7u;
  if (writer->failed || aligned > writer->settings.buffer_bytes - BUFFER_HEADER_BYTES) {
    writer->failed = true;
    return NULL;
  }
  if (aligned > writer->settings.buffer_bytes - writer->used && !etl_writer_flush(writer)) {
    return NULL;
  }
  uint8_t *at = writer->buffer + writer->used;
  memset(at, 0, aligned);
  writer->used += aligned;
  writer->events++;
  return at;
}

static uint64_t ticks_at(etl_writer *writer, uint64_t filetime)
{
  uint64_t start = writer->settings.start_filetime;
  uint64_t ticks = FIRST_TICKS + (filetime > start ? filetime - start : 0);
  writer->last_ticks = ticks > writer->last_ticks ? ticks : writer->last_ticks + 1;
  return writer->last_ticks;
}

static bool add_system_record(etl_writer *writer, uint64_t ticks, unsigned hook, unsigned version,
                              uint32_t pid, uint32_t tid, const payload *data)
{
  size_t size = SYSTEM_HEADER_BYTES + data->size;
  uint8_t *at = reserve(writer, size);
  if (at == NULL) {
    return false;
  }
  put(at, version, 2);
  put(at + 2, TYPE_SYSTEM64, 1);
  put(at + 3, 0xC0, 1);
  put(at + 4, size, 2);
  put(at + 6, hook, 2);
  put(at + 8, tid, 4);
  put(at + 12, pid, 4);
  put(at + 16, ticks, 8);
  memcpy(at + SYSTEM_HEADER_BYTES, data->bytes, data->size);
  return true;
}

static bool add_perfinfo_record(etl_writer *writer, uint64_t ticks, unsigned hook, const payload *data)
{
  size_t size = PERFINFO_HEADER_BYTES + data->size;
  uint8_t *at = reserve(writer, size);
  if (at == NULL) {
    return false;
  }
  put(at, 2, 2);
  put(at + 2, TYPE_PERFINFO64, 1);
  put(at + 3, 0xC0, 1);
  put(at + 4, size, 2);
  put(at + 6, hook, 2);
  put(at + 8, ticks, 8);
  memcpy(at + PERFINFO_HEADER_BYTES, data->bytes, data->size);
  return true;
}

static void fill_log_file_header(const etl_writer *writer, payload *data, uint64_t end_filetime,
                                 uint32_t events_lost)
{
  const etl_writer_settings *settings = &writer->settings;
  memset(data, 0, sizeof *data);
  put(data->bytes + 0x00, settings->buffer_bytes, 4);
  put(data->bytes + 0x04, 0x0501000A, 4); /* Windows 10.0, layout 1.5 */
  put(data->bytes + 0x08, settings->os_build, 4);
  put(data->bytes + 0x0C, settings->processors, 4);
  put(data->bytes + 0x10, end_filetime, 8);
  put(data->bytes + 0x18, 156250, 4); /* timer resolution */
  put(data->bytes + 0x20, settings->log_file_mode, 4);
  put(data->bytes + 0x24, writer->buffers, 4);
  put(data->bytes + 0x28, 1, 4);
  put(data->bytes + 0x2C, 8, 4);
  put(data->bytes + 0x30, events_lost, 4);
  put(data->bytes + 0x34, 2400, 4);
  put(data->bytes + 0xF8, settings->start_filetime - FIRST_TICKS, 8); /* boot: the counter's zero */
  put(data->bytes + 0x100, TICKS_PER_SECOND, 8);
  put(data->bytes + 0x108, settings->start_filetime, 8);
  put(data->bytes + 0x110, 1, 4); /* clock type: performance counter */
  data->size = LOG_FILE_HEADER_BYTES;
  add_text(data, settings->logger_name, 2);
  add_text(data, "", 2);
}

/* Buffer 0: the log file header and the group masks that say which providers were on. */
static bool write_header_buffer(etl_writer *writer, uint64_t end_filetime, uint32_t events_lost)
{
  static const uint32_t masks[9] = {1u | 4u, 0x8000u}; /* process and image load; VirtualAlloc */
  payload data;
  uint64_t newest = writer->last_ticks;
  start_buffer(writer);
  fill_log_file_header(writer, &data, end_filetime, events_lost);
  add_system_record(writer, FIRST_TICKS, HOOK_LOG_FILE_HEADER, 2, 0, 0, &data);
  data.size = 0;
  for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
    add(&data, masks[i], 4);
  }
  add_system_record(writer, FIRST_TICKS, HOOK_GROUP_MASKS_END, 2, 0, 0, &data);
  writer->last_ticks = FIRST_TICKS;
  bool written = write_buffer(writer, 0, 4);
  writer->last_ticks = newest;
  start_buffer(writer);
  return written;
}

bool etl_writer_open(etl_writer *writer, const etl_writer_settings *settings, etl_writer_sink sink,
                     void *context)
{
  memset(writer, 0, sizeof *writer);
  writer->settings = *settings;
  writer->sink = sink;
  writer->sink_context = context;
  writer->last_ticks = FIRST_TICKS;
  writer->buffers = 1;
  writer->buffer = settings->buffer_bytes >= 4096 ? malloc(settings->buffer_bytes) : NULL;
  writer->failed = writer->buffer == NULL;
  return !writer->failed && write_header_buffer(writer, 0, 0);
}

bool etl_writer_close(etl_writer *writer, uint64_t end_filetime, uint32_t events_lost)
{
  bool written = writer->buffer != NULL && etl_writer_flush(writer);
  uint64_t events = writer->events;
  if (written) {
    written = write_header_buffer(writer, end_filetime, events_lost);
    writer->events = events; /* the two records of the header buffer were counted when it was written first */
  }
  free(writer->buffer);
  writer->buffer = NULL;
  writer->failed = true;
  return written;
}

/* The thread of a process or image record: nobody reads it, and no real thread has the id of a process. */
static bool add_rundown_record(etl_writer *writer, uint64_t filetime, unsigned hook, unsigned version,
                               uint32_t pid, const payload *data)
{
  return add_system_record(writer, ticks_at(writer, filetime), hook, version, pid, pid, data);
}

bool etl_writer_add_process(etl_writer *writer, uint64_t filetime, etl_writer_moment moment,
                            const etl_writer_process *process)
{
  payload data = {.size = 0};
  add(&data, UINT64_C(0xFFFF800000000000) + process->pid * UINT64_C(0x1000), 8); /* unique key */
  add(&data, process->pid, 4);
  add(&data, process->parent_pid, 4);
  add(&data, process->session, 4);
  add(&data, moment == ETL_WRITER_END ? 0 : 0x103, 4); /* STATUS_PENDING while it runs */
  add(&data, 0x1000u * (uint64_t)process->pid, 8);
  add(&data, 0, 4);
  add(&data, UINT64_C(0xFFFFB00000000000), 8); /* TOKEN_USER, then the SID S-1-5-18 */
  add(&data, 0, 8);
  add(&data, 0x0101, 2);
  add(&data, UINT64_C(0x050000000000), 6);
  add(&data, 18, 4);
  add_text(&data, process->image_name, 1);
  add_text(&data, "", 2); /* command line, package, application */
  add_text(&data, "", 2);
  add_text(&data, "", 2);
  return add_rundown_record(writer, filetime, HOOK_PROCESS + (unsigned)moment, 4, process->pid, &data);
}

bool etl_writer_add_image(etl_writer *writer, uint64_t filetime, etl_writer_moment moment,
                          const etl_writer_image *image)
{
  payload data = {.size = 0};
  add(&data, image->base, 8);
  add(&data, image->size_bytes, 8);
  add(&data, image->pid, 4);
  add(&data, 0, 4); /* checksum */
  add(&data, 0, 4); /* time stamp: zero in every rundown of user images */
  add(&data, 0, 4);
  add(&data, image->base, 8);
  for (size_t i = 0; i < 4; i++) {
    add(&data, 0, 4);
  }
  for (size_t i = 0; image->path[i] != 0 && data.size + 64 < sizeof data.bytes; i++) {
    add(&data, image->path[i], 2);
  }
  add(&data, 0, 2);
  unsigned hook = moment == ETL_WRITER_START ? HOOK_IMAGE_LOAD : HOOK_IMAGE + (unsigned)moment;
  return add_rundown_record(writer, filetime, hook, 3, image->pid, &data);
}

/* The stack of the event that was written at event_ticks; nothing when there is none. The user half of a
 * stack is logged when the thread leaves the kernel: some ticks after its event. */
static bool add_stack(etl_writer *writer, uint64_t filetime, uint64_t event_ticks, uint32_t pid, uint32_t tid,
                      const uint64_t *frames, size_t frame_count)
{
  payload data = {.size = 0};
  if (frame_count == 0) {
    return true;
  }
  add(&data, event_ticks, 8);
  add(&data, pid, 4);
  add(&data, tid, 4);
  for (size_t i = 0; i < frame_count && i < MAXIMUM_FRAMES; i++) {
    add(&data, frames[i], 8);
  }
  return add_perfinfo_record(writer, ticks_at(writer, filetime + 100), HOOK_STACK, &data);
}

static bool add_memory(etl_writer *writer, uint64_t filetime, unsigned hook, const etl_writer_memory *memory)
{
  payload data = {.size = 0};
  uint64_t event_ticks = ticks_at(writer, filetime);
  add(&data, memory->address, 8);
  add(&data, memory->size_bytes, 8);
  add(&data, memory->pid, 4);
  add(&data, memory->flags, 4);
  return add_perfinfo_record(writer, event_ticks, hook, &data) &&
         add_stack(writer, filetime, event_ticks, memory->pid, memory->tid, memory->frames,
                   memory->frame_count);
}

bool etl_writer_add_allocation(etl_writer *writer, uint64_t filetime, const etl_writer_memory *memory)
{
  return add_memory(writer, filetime, HOOK_VIRTUAL_ALLOC, memory);
}

bool etl_writer_add_free(etl_writer *writer, uint64_t filetime, const etl_writer_memory *memory)
{
  return add_memory(writer, filetime, HOOK_VIRTUAL_FREE, memory);
}

static bool add_heap(etl_writer *writer, uint64_t filetime, unsigned hook, const etl_writer_heap *block,
                     const payload *data)
{
  uint64_t event_ticks = ticks_at(writer, filetime);
  return add_system_record(writer, event_ticks, hook, 2, block->pid, block->tid, data) &&
         add_stack(writer, filetime, event_ticks, block->pid, block->tid, block->frames, block->frame_count);
}

bool etl_writer_add_heap_allocation(etl_writer *writer, uint64_t filetime, const etl_writer_heap *block)
{
  payload data = {.size = 0};
  add(&data, block->heap, 8);
  add(&data, block->size_bytes, 8);
  add(&data, block->address, 8);
  add(&data, HEAP_SOURCE_MAIN_PATH, 4);
  return add_heap(writer, filetime, HOOK_HEAP_ALLOCATION, block, &data);
}

bool etl_writer_add_heap_reallocation(etl_writer *writer, uint64_t filetime, const etl_writer_heap *block)
{
  payload data = {.size = 0};
  add(&data, block->heap, 8);
  add(&data, block->address, 8);
  add(&data, block->old_address, 8);
  add(&data, block->size_bytes, 8);
  add(&data, block->old_size_bytes, 8);
  add(&data, HEAP_SOURCE_MAIN_PATH, 4);
  return add_heap(writer, filetime, HOOK_HEAP_REALLOCATION, block, &data);
}

bool etl_writer_add_heap_free(etl_writer *writer, uint64_t filetime, const etl_writer_heap *block)
{
  payload data = {.size = 0};
  add(&data, block->heap, 8);
  add(&data, block->address, 8);
  add(&data, HEAP_SOURCE_MAIN_PATH, 4);
  return add_heap(writer, filetime, HOOK_HEAP_FREE, block, &data);
}

bool etl_writer_add_event(etl_writer *writer, uint64_t filetime, const etl_writer_event *event)
{
  uint64_t ticks = ticks_at(writer, filetime);
  size_t size = EVENT_HEADER_BYTES + event->payload_bytes;
  uint8_t *at = event->payload_bytes <= MAXIMUM_PAYLOAD ? reserve(writer, size) : NULL;
  if (at == NULL) {
    return false;
  }
  put(at, size, 2);
  put(at + 2, 0xC000u | TYPE_EVENT64, 2);
  put(at + 4, 0x40, 2); /* 64-bit header */
  put(at + 8, event->tid, 4);
  put(at + 12, event->pid, 4);
  put(at + 16, ticks, 8);
  memcpy(at + 0x18, event->provider, sizeof event->provider);
  put(at + 0x28, event->id, 2);
  if (event->payload_bytes > 0) {
    memcpy(at + EVENT_HEADER_BYTES, event->payload, event->payload_bytes);
  }
  return true;
}

bool etl_writer_add_background(etl_writer *writer, uint64_t filetime)
{
  payload data = {.size = 24};
  memset(data.bytes, 0, data.size);
  return add_perfinfo_record(writer, ticks_at(writer, filetime), HOOK_CONTEXT_SWITCH, &data);
}
