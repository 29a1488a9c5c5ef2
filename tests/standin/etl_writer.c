#include "standin/etl_writer.h"

#include <stdlib.h>
#include <string.h>

#include "standin/etl_payload.h"

/* Everything below is little endian and written field by field: the layouts are those of the reference, 1.1
 * to 1.4 and 2.1 to 2.5, for 64-bit records. */
#define BUFFER_HEADER_BYTES 0x48u
#define PACKED_HEADER_BUFFER_BYTES 0x400u
#define SYSTEM_HEADER_BYTES 0x20u
#define PERFINFO_HEADER_BYTES 0x10u
#define CLASSIC_HEADER_BYTES 0x30u
#define EVENT_HEADER_BYTES 0x50u
#define LOG_FILE_HEADER_BYTES 0x118u
#define TYPE_SYSTEM32 1u
#define TYPE_SYSTEM64 2u
#define TYPE_FULL32 10u
#define TYPE_PERFINFO32 16u
#define TYPE_PERFINFO64 17u
#define TYPE_EVENT64 19u
#define TYPE_FULL64 20u
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
#define MAXIMUM_FRAMES 192u

/* Of a buffer header: flushed; events lost and a buffer lost; wide processor index; compressed. */
#define FLAG_FLUSHED 0x01u
#define FLAGS_LOSS 0x06u
#define FLAG_WIDE_INDEX 0x20u
#define FLAG_PACKED 0x40u
#define OLD_INDEX_ALIGNMENT 0x0800u
#define MODE_COMPRESSED 0x04000000u

struct etl_writer_lane {
  uint8_t *buffer; /* owned */
  size_t used;
  bool lost_before; /* something was lost just before what is in it */
};

static void start_buffer(etl_writer *writer)
{
  memset(writer->buffer, 0xFF, writer->settings.buffer_bytes);
  memset(writer->buffer, 0, BUFFER_HEADER_BYTES);
  writer->used = BUFFER_HEADER_BYTES;
}

/* ---- processors and sessions ---- */

static unsigned lane_count(const etl_writer *writer)
{
  return writer->layout.sessions * writer->layout.lanes;
}

static void select_lane(etl_writer *writer, unsigned lane)
{
  writer->lanes[writer->lane].used = writer->used;
  writer->lane = lane;
  writer->buffer = writer->lanes[lane].buffer;
  writer->used = writer->lanes[lane].used;
}

void etl_writer_on(etl_writer *writer, unsigned session, unsigned processor)
{
  unsigned lane = session % writer->layout.sessions * writer->layout.lanes + processor % writer->layout.lanes;
  writer->is_muted = session % writer->layout.sessions != writer->session;
  if (writer->lanes != NULL && lane != writer->lane) {
    select_lane(writer, lane);
  }
}

static bool allocate_lanes(etl_writer *writer)
{
  size_t buffer_bytes = writer->settings.buffer_bytes;
  writer->lanes = buffer_bytes >= 4096 ? calloc(lane_count(writer), sizeof *writer->lanes) : NULL;
  writer->spare = malloc(2 * buffer_bytes);
  if (writer->lanes == NULL || writer->spare == NULL) {
    return false;
  }
  for (unsigned i = 0; i < lane_count(writer); i++) {
    writer->lanes[i].buffer = malloc(buffer_bytes);
    if (writer->lanes[i].buffer == NULL) {
      return false;
    }
    select_lane(writer, i);
    start_buffer(writer);
  }
  select_lane(writer, 0);
  return true;
}

static void free_lanes(etl_writer *writer)
{
  for (unsigned i = 0; writer->lanes != NULL && i < lane_count(writer); i++) {
    free(writer->lanes[i].buffer);
  }
  free(writer->lanes);
  free(writer->spare);
  writer->lanes = NULL;
  writer->spare = NULL;
  writer->buffer = NULL;
}

/* ---- buffers ---- */

/* The bytes that go into the file for a buffer whose header is complete but for them. */
static const uint8_t *pack_buffer(etl_writer *writer, size_t *size)
{
  uint8_t *packed = writer->spare;
  size_t capacity = 2 * (size_t)writer->settings.buffer_bytes - BUFFER_HEADER_BYTES;
  size_t bytes = writer->layout.pack(writer->buffer + BUFFER_HEADER_BYTES, writer->used - BUFFER_HEADER_BYTES,
                                     packed + BUFFER_HEADER_BYTES, capacity);
  memcpy(packed, writer->buffer, BUFFER_HEADER_BYTES);
  *size = BUFFER_HEADER_BYTES + bytes;
  writer->failed = writer->failed || bytes == 0;
  return packed;
}

/* Completes the buffer header and hands the buffer to the sink. The header buffer is the first of the file
 * and never packed. */
static bool write_buffer(etl_writer *writer, bool is_header)
{
  const uint8_t *bytes = writer->buffer;
  uint8_t *header = writer->buffer;
  size_t size = writer->settings.buffer_bytes;
  bool is_packed = writer->layout.pack != NULL && !is_header;
  bool has_old_index = writer->layout.has_old_index;
  unsigned processor = is_header ? 0 : writer->lane % writer->layout.lanes;
  uint64_t sequence = writer->layout.first_sequence + writer->buffers + (uint64_t)writer->buffers_lost;
  unsigned flags = FLAG_FLUSHED | (has_old_index ? 0 : FLAG_WIDE_INDEX) | (is_packed ? FLAG_PACKED : 0);
  etl_payload_put(header + 0x04, writer->used, 4);
  etl_payload_put(header + 0x08, writer->used, 4);
  etl_payload_put(header + 0x10, writer->last_ticks, 8);
  etl_payload_put(header + 0x18, is_header ? 0 : sequence, 8);
  etl_payload_put(header + 0x28, processor | (has_old_index ? OLD_INDEX_ALIGNMENT : 0), 2);
  etl_payload_put(header + 0x2C, 3, 4); /* state: flush; in a compressed file the format: XPRESS */
  etl_payload_put(header + 0x30, writer->used, 4);
  etl_payload_put(header + 0x34, flags | (writer->lanes[writer->lane].lost_before ? FLAGS_LOSS : 0), 2);
  etl_payload_put(header + 0x36, is_header ? 4 : 0, 2);
  if (is_packed) {
    bytes = pack_buffer(writer, &size);
    header = writer->spare;
  } else if (writer->layout.pack != NULL) {
    size = PACKED_HEADER_BUFFER_BYTES;
  }
  etl_payload_put(header + 0x00, size, 4);
  if (!writer->failed &&
      !writer->sink(writer->sink_context, is_header ? 0 : writer->file_bytes, bytes, size)) {
    writer->failed = true;
  }
  writer->file_bytes += is_header && writer->file_bytes > 0 ? 0 : size;
  return !writer->failed;
}

static bool flush_lane(etl_writer *writer)
{
  if (writer->failed || writer->used <= BUFFER_HEADER_BYTES) {
    return !writer->failed;
  }
  bool written = write_buffer(writer, false);
  writer->buffers++;
  writer->lanes[writer->lane].lost_before = false;
  start_buffer(writer);
  return written;
}

bool etl_writer_flush(etl_writer *writer)
{
  unsigned lane = writer->lane;
  for (unsigned i = 0; !writer->failed && i < lane_count(writer); i++) {
    select_lane(writer, i);
    flush_lane(writer);
  }
  if (writer->lanes != NULL) {
    select_lane(writer, lane);
  }
  return !writer->failed;
}

bool etl_writer_flush_processor(etl_writer *writer)
{
  return flush_lane(writer);
}

void etl_writer_lose_buffer(etl_writer *writer)
{
  if (!writer->failed && writer->used > BUFFER_HEADER_BYTES) {
    writer->buffers_lost++;
    writer->lanes[writer->lane].lost_before = true;
    start_buffer(writer);
  }
}

bool etl_writer_next_session(etl_writer *writer)
{
  bool flushed = etl_writer_flush(writer);
  writer->session++;
  writer->last_ticks = FIRST_TICKS;
  return flushed && writer->session < writer->layout.sessions;
}

/* ---- records ---- */

/* Room for a record of this size, in the current buffer or in a new one; NULL after a failure. A record that
 * belongs to another session than the one that is being written goes where nobody looks. */
static uint8_t *reserve(etl_writer *writer, size_t size)
{
  size_t aligned = (size + 7u) & ~(size_t)7u;
  if (writer->failed || aligned > writer->settings.buffer_bytes - BUFFER_HEADER_BYTES) {
    writer->failed = true;
    return NULL;
  }
  if (writer->is_muted) {
    memset(writer->spare, 0, aligned);
    return writer->spare;
  }
  if (aligned > writer->settings.buffer_bytes - writer->used && !flush_lane(writer)) {
    return NULL;
  }
  uint8_t *at = writer->buffer + writer->used;
  memset(at, 0, aligned);
  writer->used += aligned;
  writer->events++;
  return at;
}

uint64_t etl_writer_ticks(etl_writer *writer, uint64_t filetime)
{
  uint64_t start = writer->settings.start_filetime;
  uint64_t ticks = FIRST_TICKS + (filetime > start ? filetime - start : 0);
  writer->last_ticks = ticks > writer->last_ticks ? ticks : writer->last_ticks + 1;
  return writer->last_ticks;
}

static bool put_classic(etl_writer *writer, uint64_t ticks, const etl_writer_record *record)
{
  size_t size = CLASSIC_HEADER_BYTES + record->payload_bytes;
  uint8_t *at = reserve(writer, size);
  if (at == NULL) {
    return false;
  }
  etl_payload_put(at, size, 2);
  at[2] = record->is_narrow ? TYPE_FULL32 : TYPE_FULL64;
  at[3] = 0xC0;
  at[4] = (uint8_t)record->hook;
  etl_payload_put(at + 6, record->version, 2);
  etl_payload_put(at + 8, record->tid, 4);
  etl_payload_put(at + 12, record->pid, 4);
  etl_payload_put(at + 16, ticks, 8);
  memcpy(at + 24, record->guid, 16);
  memcpy(at + CLASSIC_HEADER_BYTES, record->payload, record->payload_bytes);
  return true;
}

static bool put_kernel(etl_writer *writer, uint64_t ticks, const etl_writer_record *record, bool is_system)
{
  size_t header_bytes = is_system ? SYSTEM_HEADER_BYTES : PERFINFO_HEADER_BYTES;
  size_t size = header_bytes + record->payload_bytes;
  uint8_t *at = reserve(writer, size);
  if (at == NULL) {
    return false;
  }
  etl_payload_put(at, record->version, 2);
  if (is_system) {
    at[2] = record->is_narrow ? TYPE_SYSTEM32 : TYPE_SYSTEM64;
    etl_payload_put(at + 8, record->tid, 4);
    etl_payload_put(at + 12, record->pid, 4);
  } else {
    at[2] = record->is_narrow ? TYPE_PERFINFO32 : TYPE_PERFINFO64;
  }
  at[3] = 0xC0;
  etl_payload_put(at + 4, size, 2);
  etl_payload_put(at + 6, record->hook, 2);
  etl_payload_put(at + (is_system ? 16 : 8), ticks, 8);
  memcpy(at + header_bytes, record->payload, record->payload_bytes);
  return true;
}

bool etl_writer_put(etl_writer *writer, uint64_t ticks, const etl_writer_record *record)
{
  if (record->form == ETL_WRITER_CLASSIC) {
    return put_classic(writer, ticks, record);
  }
  return put_kernel(writer, ticks, record, record->form == ETL_WRITER_SYSTEM);
}

static bool add_system_record(etl_writer *writer, uint64_t ticks, unsigned hook, unsigned version,
                              uint32_t pid, uint32_t tid, const etl_payload *data)
{
  etl_writer_record record = {.hook = (uint16_t)hook,
                              .version = (uint16_t)version,
                              .pid = pid,
                              .tid = tid,
                              .payload = data->bytes,
                              .payload_bytes = data->size};
  return put_kernel(writer, ticks, &record, true);
}

static bool add_perfinfo_record(etl_writer *writer, uint64_t ticks, unsigned hook, const etl_payload *data)
{
  etl_writer_record record = {
      .hook = (uint16_t)hook, .version = 2, .payload = data->bytes, .payload_bytes = data->size};
  return put_kernel(writer, ticks, &record, false);
}

static void fill_log_file_header(const etl_writer *writer, etl_payload *data, uint64_t end_filetime,
                                 uint32_t events_lost)
{
  const etl_writer_settings *settings = &writer->settings;
  memset(data, 0, sizeof *data);
  etl_payload_put(data->bytes + 0x00, settings->buffer_bytes, 4);
  etl_payload_put(data->bytes + 0x04, writer->layout.pack != NULL ? 0x0002000A : 0x0501000A,
                  4); /* Windows 10.0, layout 2.0 or 1.5 */
  etl_payload_put(data->bytes + 0x08, settings->os_build, 4);
  etl_payload_put(data->bytes + 0x0C, settings->processors, 4);
  etl_payload_put(data->bytes + 0x10, end_filetime, 8);
  etl_payload_put(data->bytes + 0x18, 156250, 4); /* timer resolution */
  etl_payload_put(data->bytes + 0x20,
                  settings->log_file_mode | (writer->layout.pack != NULL ? MODE_COMPRESSED : 0), 4);
  etl_payload_put(data->bytes + 0x24, writer->buffers, 4);
  etl_payload_put(data->bytes + 0x28, 1, 4);
  etl_payload_put(data->bytes + 0x2C, 8, 4);
  etl_payload_put(data->bytes + 0x30, events_lost, 4);
  etl_payload_put(data->bytes + 0x34, 2400, 4);
  etl_payload_put(data->bytes + 0xF8, settings->start_filetime - FIRST_TICKS,
                  8); /* boot: the counter's zero */
  etl_payload_put(data->bytes + 0x100, TICKS_PER_SECOND, 8);
  etl_payload_put(data->bytes + 0x108, settings->start_filetime, 8);
  etl_payload_put(data->bytes + 0x110, 1, 4); /* clock type: performance counter */
  etl_payload_put(data->bytes + 0x114, writer->buffers_lost, 4);
  data->size = LOG_FILE_HEADER_BYTES;
  etl_payload_text(data, settings->logger_name, 2);
  etl_payload_text(data, "", 2);
}

/* Buffer 0: the log file header and the group masks that say which providers were on. */
static bool write_header_buffer(etl_writer *writer, uint64_t end_filetime, uint32_t events_lost)
{
  static const uint32_t masks[9] = {1u | 4u, 0x8000u}; /* process and image load; VirtualAlloc */
  etl_payload data;
  uint64_t newest = writer->last_ticks;
  writer->is_muted = false;
  start_buffer(writer);
  fill_log_file_header(writer, &data, end_filetime, events_lost);
  add_system_record(writer, FIRST_TICKS, HOOK_LOG_FILE_HEADER, 2, 0, 0, &data);
  data.size = 0;
  for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
    etl_payload_add(&data, masks[i] | writer->layout.group_masks[i], 4);
  }
  add_system_record(writer, FIRST_TICKS, HOOK_GROUP_MASKS_END, 2, 0, 0, &data);
  writer->last_ticks = FIRST_TICKS;
  bool written = write_buffer(writer, true);
  writer->last_ticks = newest;
  start_buffer(writer);
  return written;
}

bool etl_writer_open_layout(etl_writer *writer, const etl_writer_settings *settings,
                            const etl_writer_layout *layout, etl_writer_sink sink, void *context)
{
  memset(writer, 0, sizeof *writer);
  writer->settings = *settings;
  writer->layout = *layout;
  writer->layout.lanes = layout->lanes > 0 ? layout->lanes : 1;
  writer->layout.sessions = layout->sessions > 0 ? layout->sessions : 1;
  writer->sink = sink;
  writer->sink_context = context;
  writer->last_ticks = FIRST_TICKS;
  writer->buffers = 1;
  writer->failed = !allocate_lanes(writer);
  return !writer->failed && write_header_buffer(writer, 0, 0);
}

bool etl_writer_open(etl_writer *writer, const etl_writer_settings *settings, etl_writer_sink sink,
                     void *context)
{
  static const etl_writer_layout plain = {.lanes = 1};
  return etl_writer_open_layout(writer, settings, &plain, sink, context);
}

bool etl_writer_close(etl_writer *writer, uint64_t end_filetime, uint32_t events_lost)
{
  bool written = writer->buffer != NULL && etl_writer_flush(writer);
  uint64_t events = writer->events;
  if (written) {
    written = write_header_buffer(writer, end_filetime, events_lost);
    writer->events = events; /* the two records of the header buffer were counted when it was written first */
  }
  free_lanes(writer);
  writer->failed = true;
  return written;
}

/* The thread of a process or image record: nobody reads it, and no real thread has the id of a process. */
static bool add_rundown_record(etl_writer *writer, uint64_t filetime, unsigned hook, unsigned version,
                               uint32_t pid, const etl_payload *data)
{
  return add_system_record(writer, etl_writer_ticks(writer, filetime), hook, version, pid, pid, data);
}

bool etl_writer_add_flagged_process(etl_writer *writer, uint64_t filetime, etl_writer_moment moment,
                                    const etl_writer_process *process, uint32_t flags)
{
  etl_payload data;
  data.size = 0;
  etl_payload_add(&data, UINT64_C(0xFFFF800000000000) + process->pid * UINT64_C(0x1000), 8); /* unique key */
  etl_payload_add(&data, process->pid, 4);
  etl_payload_add(&data, process->parent_pid, 4);
  etl_payload_add(&data, process->session, 4);
  etl_payload_add(&data, moment == ETL_WRITER_END ? 0 : 0x103, 4); /* STATUS_PENDING while it runs */
  etl_payload_add(&data, 0x1000u * (uint64_t)process->pid, 8);
  etl_payload_add(&data, flags, 4);
  etl_payload_add(&data, UINT64_C(0xFFFFB00000000000), 8); /* TOKEN_USER, then the SID S-1-5-18 */
  etl_payload_add(&data, 0, 8);
  etl_payload_add(&data, 0x0101, 2);
  etl_payload_add(&data, UINT64_C(0x050000000000), 6);
  etl_payload_add(&data, 18, 4);
  etl_payload_text(&data, process->image_name, 1);
  etl_payload_text(&data, "", 2); /* command line, package, application */
  etl_payload_text(&data, "", 2);
  etl_payload_text(&data, "", 2);
  return add_rundown_record(writer, filetime, HOOK_PROCESS + (unsigned)moment, 4, process->pid, &data);
}

bool etl_writer_add_process(etl_writer *writer, uint64_t filetime, etl_writer_moment moment,
                            const etl_writer_process *process)
{
  return etl_writer_add_flagged_process(writer, filetime, moment, process, 0);
}

bool etl_writer_add_image(etl_writer *writer, uint64_t filetime, etl_writer_moment moment,
                          const etl_writer_image *image)
{
  etl_payload data;
  data.size = 0;
  etl_payload_add(&data, image->base, 8);
  etl_payload_add(&data, image->size_bytes, 8);
  etl_payload_add(&data, image->pid, 4);
  etl_payload_add(&data, 0, 4); /* checksum */
  etl_payload_add(&data, 0, 4); /* time stamp: zero in every rundown of user images */
  etl_payload_add(&data, 0, 4);
  etl_payload_add(&data, image->base, 8);
  for (size_t i = 0; i < 4; i++) {
    etl_payload_add(&data, 0, 4);
  }
  for (size_t i = 0; image->path[i] != 0 && data.size + 64 < sizeof data.bytes; i++) {
    etl_payload_add(&data, image->path[i], 2);
  }
  etl_payload_add(&data, 0, 2);
  unsigned hook = moment == ETL_WRITER_START ? HOOK_IMAGE_LOAD : HOOK_IMAGE + (unsigned)moment;
  return add_rundown_record(writer, filetime, hook, 3, image->pid, &data);
}

/* The stack of the event that was written at event_ticks; nothing when there is none. The user half of a
 * stack is logged when the thread leaves the kernel: some ticks after its event. */
static bool add_stack(etl_writer *writer, uint64_t filetime, uint64_t event_ticks, uint32_t pid, uint32_t tid,
                      const uint64_t *frames, size_t frame_count)
{
  etl_payload data;
  data.size = 0;
  if (frame_count == 0) {
    return true;
  }
  etl_payload_add(&data, event_ticks, 8);
  etl_payload_add(&data, pid, 4);
  etl_payload_add(&data, tid, 4);
  for (size_t i = 0; i < frame_count && i < MAXIMUM_FRAMES; i++) {
    etl_payload_add(&data, frames[i], 8);
  }
  return add_perfinfo_record(writer, etl_writer_ticks(writer, filetime + 100), HOOK_STACK, &data);
}

static bool add_memory(etl_writer *writer, uint64_t filetime, unsigned hook, const etl_writer_memory *memory)
{
  etl_payload data;
  data.size = 0;
  uint64_t event_ticks = etl_writer_ticks(writer, filetime);
  etl_payload_add(&data, memory->address, 8);
  etl_payload_add(&data, memory->size_bytes, 8);
  etl_payload_add(&data, memory->pid, 4);
  etl_payload_add(&data, memory->flags, 4);
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
                     const etl_payload *data)
{
  uint64_t event_ticks = etl_writer_ticks(writer, filetime);
  return add_system_record(writer, event_ticks, hook, 2, block->pid, block->tid, data) &&
         add_stack(writer, filetime, event_ticks, block->pid, block->tid, block->frames, block->frame_count);
}

bool etl_writer_add_heap_allocation(etl_writer *writer, uint64_t filetime, const etl_writer_heap *block)
{
  etl_payload data;
  data.size = 0;
  etl_payload_add(&data, block->heap, 8);
  etl_payload_add(&data, block->size_bytes, 8);
  etl_payload_add(&data, block->address, 8);
  etl_payload_add(&data, HEAP_SOURCE_MAIN_PATH, 4);
  return add_heap(writer, filetime, HOOK_HEAP_ALLOCATION, block, &data);
}

bool etl_writer_add_heap_reallocation(etl_writer *writer, uint64_t filetime, const etl_writer_heap *block)
{
  etl_payload data;
  data.size = 0;
  etl_payload_add(&data, block->heap, 8);
  etl_payload_add(&data, block->address, 8);
  etl_payload_add(&data, block->old_address, 8);
  etl_payload_add(&data, block->size_bytes, 8);
  etl_payload_add(&data, block->old_size_bytes, 8);
  etl_payload_add(&data, HEAP_SOURCE_MAIN_PATH, 4);
  return add_heap(writer, filetime, HOOK_HEAP_REALLOCATION, block, &data);
}

bool etl_writer_add_heap_free(etl_writer *writer, uint64_t filetime, const etl_writer_heap *block)
{
  etl_payload data;
  data.size = 0;
  etl_payload_add(&data, block->heap, 8);
  etl_payload_add(&data, block->address, 8);
  etl_payload_add(&data, HEAP_SOURCE_MAIN_PATH, 4);
  return add_heap(writer, filetime, HOOK_HEAP_FREE, block, &data);
}

bool etl_writer_add_event(etl_writer *writer, uint64_t filetime, const etl_writer_event *event)
{
  uint64_t ticks = etl_writer_ticks(writer, filetime);
  size_t size = EVENT_HEADER_BYTES + event->payload_bytes;
  uint8_t *at = event->payload_bytes <= ETL_PAYLOAD_MAXIMUM ? reserve(writer, size) : NULL;
  if (at == NULL) {
    return false;
  }
  etl_payload_put(at, size, 2);
  etl_payload_put(at + 2, 0xC000u | TYPE_EVENT64, 2);
  etl_payload_put(at + 4, 0x40, 2); /* 64-bit header */
  etl_payload_put(at + 8, event->tid, 4);
  etl_payload_put(at + 12, event->pid, 4);
  etl_payload_put(at + 16, ticks, 8);
  memcpy(at + 0x18, event->provider, sizeof event->provider);
  etl_payload_put(at + 0x28, event->id, 2);
  if (event->payload_bytes > 0) {
    memcpy(at + EVENT_HEADER_BYTES, event->payload, event->payload_bytes);
  }
  return true;
}

bool etl_writer_add_background(etl_writer *writer, uint64_t filetime)
{
  etl_payload data;
  data.size = 24;
  memset(data.bytes, 0, data.size);
  return add_perfinfo_record(writer, etl_writer_ticks(writer, filetime), HOOK_CONTEXT_SWITCH, &data);
}
