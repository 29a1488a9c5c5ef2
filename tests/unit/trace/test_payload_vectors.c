/*
 * The decoders against payloads that other projects' tests decode (tests/fixtures/etl/README.md): every value
 * that ours tell is compared with theirs. Vectors of kinds that nobody here asks for must be taken for such,
 * those of headers go through the container, packed ones through the unpacker.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/sha256.h"
#include "trace/payload.h"
#include "trace/xpress.h"
#include "unit/trace/payload_vector.h"
#include "unit/trace/raw_trace.h"

#define VECTORS 73

/* ---- payloads ---- */

static void check_process(payload_vector *tested)
{
  seep_trace_process process;
  assert_true(seep_trace_take_process(&tested->record, 0, &process));
  payload_vector_expect_number(tested, "ProcessId", "process_id", process.pid);
  payload_vector_expect_number(tested, "ParentId", "parent_id", process.parent_pid);
  payload_vector_expect_number(tested, "SessionId", "session_id", process.session);
  payload_vector_expect_number(tested, "Flags", "flags", process.flags);
  payload_vector_expect_text(tested, "ImageFileName", "image_filename", &process.image_name);
  payload_vector_expect_text(tested, "CommandLine", "command_line", &process.command_line);
  /* What is not told has been stepped over, or the payload would not have come out even. */
  assert_int_equal(process.left_bytes, 0);
  const cJSON *sid = cJSON_GetObjectItemCaseSensitive(tested->expected, "UserSID");
  const cJSON *user = cJSON_GetObjectItemCaseSensitive(sid, "PSid");
  bool is_zero = user != NULL && payload_vector_number(user) == 0;
  assert_int_equal(process.sid_form, is_zero ? SEEP_TRACE_SID_ZERO_POINTER : SEEP_TRACE_SID_TOKEN);
  assert_true(tested->compared >= 4);
}

static void check_image(payload_vector *tested)
{
  seep_trace_image image;
  assert_true(seep_trace_take_image(&tested->record, 0, &image));
  payload_vector_expect_number(tested, "BaseAddress", "image_base", image.base);
  payload_vector_expect_number(tested, "ModuleSize", "image_size", image.size_bytes);
  payload_vector_expect_number(tested, "ProcessId", "process_id", image.pid);
  payload_vector_expect_number(tested, "ImageCheckSum", "image_checksum", image.checksum);
  payload_vector_expect_number(tested, "TimeDateStamp", "time_date_stamp", image.timestamp);
  payload_vector_expect_text(tested, "ImageFileName", "file_name", &image.path);
  assert_int_equal(image.left_bytes, 0);
  assert_true(tested->compared >= 3);
}

static void expect_frames(payload_vector *tested, const uint8_t *frames, unsigned pointer_bytes, size_t count)
{
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(tested->expected, "Stack");
  if (list != NULL) {
    assert_int_equal(count, cJSON_GetArraySize(list));
  } else {
    payload_vector_expect_number(tested, "stack_size", "stack_size", count);
  }
  for (size_t i = 0; i < count; i++) {
    char name[64];
    snprintf(name, sizeof name, "stack_address[%zu]", i);
    const cJSON *item = list != NULL ? cJSON_GetArrayItem(list, (int)i)
                                     : cJSON_GetObjectItemCaseSensitive(tested->expected, name);
    assert_true(payload_vector_number(item) == seep_trace_frame(frames, pointer_bytes, i));
    tested->compared++;
  }
}

static void check_stack(payload_vector *tested, bool is_key)
{
  seep_trace_stack stack;
  assert_true(seep_trace_take_stack(&tested->record, &stack));
  payload_vector_expect_number(tested, "EventTimeStamp", "event_timestamp", stack.event_ticks);
  payload_vector_expect_number(tested, "StackProcess", "process_id", stack.pid);
  payload_vector_expect_number(tested, "StackThread", "thread_id", stack.tid);
  if (is_key) {
    payload_vector_expect_number(tested, "stack_key", "stack_key", stack.key);
    assert_int_equal(stack.frame_count, 0);
  } else {
    expect_frames(tested, stack.frames, stack.pointer_bytes, stack.frame_count);
  }
  assert_true(tested->compared >= 4);
}

static void check_definition(payload_vector *tested)
{
  seep_trace_definition definition;
  assert_true(seep_trace_take_definition(&tested->record, &definition));
  payload_vector_expect_number(tested, "stack_key", "stack_key", definition.key);
  expect_frames(tested, definition.frames, definition.pointer_bytes, definition.frame_count);
  assert_int_equal(tested->compared, 11);
}

static void check_memory(payload_vector *tested)
{
  seep_trace_memory memory;
  assert_true(seep_trace_take_memory(&tested->record, &memory));
  payload_vector_expect_number(tested, "BaseAddress", "", memory.base);
  payload_vector_expect_number(tested, "RegionSize", "", memory.size_bytes);
  payload_vector_expect_number(tested, "ProcessId", "", memory.pid);
  payload_vector_expect_number(tested, "Flags", "", memory.flags);
  assert_int_equal(tested->compared, 4);
}

static void check_counters(payload_vector *tested)
{
  uint64_t commit = 1;
  uint32_t pid = (uint32_t)payload_vector_number(payload_vector_field(tested, "ProcessId", "process_id"));
  assert_true(seep_trace_take_commit(&tested->record, SEEP_TRACE_PROCESS_COUNTERS, pid, 4096, &commit));
  payload_vector_expect_number(tested, "PagefileUsage", "pagefile_usage", commit);
  assert_int_equal(tested->compared, 1);
  assert_false(seep_trace_take_commit(&tested->record, SEEP_TRACE_PROCESS_COUNTERS, pid + 1, 4096, &commit));
}

static void check_image_id(payload_vector *tested)
{
  seep_trace_image_id id;
  assert_true(seep_trace_take_image_id(&tested->record, &id));
  payload_vector_expect_number(tested, "image_base", "", id.base);
  payload_vector_expect_number(tested, "image_size", "", id.size_bytes);
  payload_vector_expect_number(tested, "process_id", "", id.pid);
  payload_vector_expect_number(tested, "time_date_stamp", "", id.timestamp);
  payload_vector_expect_text(tested, "original_file_name", "", &id.original_name);
  assert_int_equal(tested->compared, 5);
}

static void check_pdb_id(payload_vector *tested)
{
  seep_trace_pdb_id id;
  uint8_t guid[16];
  char name[TEXT_SIZE];
  assert_true(seep_trace_take_pdb_id(&tested->record, &id));
  payload_vector_expect_number(tested, "image_base", "", id.base);
  payload_vector_expect_number(tested, "process_id", "", id.pid);
  payload_vector_expect_number(tested, "age", "", id.age);
  payload_vector_guid(payload_vector_field(tested, "guid", "")->valuestring, guid);
  assert_memory_equal(id.guid, guid, sizeof guid);
  /* Theirs is the whole path. */
  const char *path = payload_vector_field(tested, "pdb_file_name", "")->valuestring;
  assert_string_equal(seep_trace_text_copy(&id.name, name, sizeof name), strrchr(path, '\\') + 1);
  assert_int_equal(tested->compared, 3);
}

static void check_system(payload_vector *tested, seep_trace_kind kind)
{
  if (kind == SEEP_TRACE_SYSTEM_PATHS) {
    seep_trace_paths paths;
    assert_true(seep_trace_take_paths(&tested->record, &paths));
    payload_vector_expect_text(tested, "system_directory", "", &paths.system);
    payload_vector_expect_text(tested, "system_windows_directory", "", &paths.windows);
  } else {
    seep_trace_volume volume;
    assert_true(seep_trace_take_volume(&tested->record, &volume));
    payload_vector_expect_text(tested, "nt_path", "", &volume.device_path);
    payload_vector_expect_text(tested, "dos_path", "", &volume.dos_path);
  }
  assert_int_equal(tested->compared, 2);
}

/* The payload of a file's first record. */
static void check_log_file_header(payload_vector *tested)
{
  static raw_trace trace;
  seep_trace_summary summary;
  const seep_trace_header *header = &summary.header;
  raw_trace_begin_with(&trace, tested->record.pointer_bytes == 8 ? RAW_SYSTEM64 : RAW_SYSTEM32, tested->bytes,
                       tested->size);
  assert_int_equal(seep_trace_walk(trace.bytes, trace.size, NULL, NULL, &summary, NULL), SEEP_OK);
  payload_vector_expect_number(tested, "BufferSize", "buffer_size", header->buffer_size_bytes);
  payload_vector_expect_number(tested, "Version", "",
                               (uint64_t)(header->os_major | header->os_minor << 8 |
                                          header->layout_major << 16 | header->layout_minor << 24));
  payload_vector_expect_number(tested, "os_version_major", "", header->os_major);
  payload_vector_expect_number(tested, "os_version_minor", "", header->os_minor);
  payload_vector_expect_number(tested, "sp_version_major", "", header->layout_major);
  payload_vector_expect_number(tested, "sp_version_minor", "", header->layout_minor);
  payload_vector_expect_number(tested, "ProviderVersion", "provider_version", header->os_build);
  payload_vector_expect_number(tested, "NumberOfProcessors", "number_of_processors", header->processors);
  payload_vector_expect_number(tested, "EndTime", "end_time", header->end);
  payload_vector_expect_number(tested, "TimerResolution", "timer_resolution", header->timer_resolution);
  payload_vector_expect_number(tested, "MaxFileSize", "max_file_size", header->maximum_file_mb);
  payload_vector_expect_number(tested, "LogFileMode", "", header->log_file_mode);
  payload_vector_expect_number(tested, "BuffersWritten", "buffers_written", header->buffers_written);
  payload_vector_expect_number(tested, "PointerSize", "pointer_size", header->pointer_bytes);
  payload_vector_expect_number(tested, "EventsLost", "events_lost", header->events_lost);
  payload_vector_expect_number(tested, "CPUSpeed", "cpu_speed", header->cpu_mhz);
  payload_vector_expect_number(tested, "BootTime", "boot_time", header->boot);
  payload_vector_expect_number(tested, "PerfFreq", "perf_freq", (uint64_t)header->frequency_hz);
  payload_vector_expect_number(tested, "StartTime", "start_time", header->start);
  payload_vector_expect_number(tested, "ReservedFlags", "reserved_flags", header->clock_type);
  payload_vector_expect_number(tested, "BuffersLost", "buffers_lost", header->buffers_lost);
  assert_true(tested->compared >= 17);
}

static void check_payload(payload_vector *tested, unsigned *others)
{
  seep_trace_kind kind = seep_trace_kind_of(&tested->record);
  switch (kind) {
  case SEEP_TRACE_PROCESS_START:
  case SEEP_TRACE_PROCESS_END:
  case SEEP_TRACE_PROCESS_DCSTART:
  case SEEP_TRACE_PROCESS_DCEND:
  case SEEP_TRACE_PROCESS_DEFUNCT:
    check_process(tested);
    break;
  case SEEP_TRACE_IMAGE_LOAD:
  case SEEP_TRACE_IMAGE_UNLOAD:
  case SEEP_TRACE_IMAGE_DCSTART:
  case SEEP_TRACE_IMAGE_DCEND:
    check_image(tested);
    break;
  case SEEP_TRACE_STACK:
  case SEEP_TRACE_STACK_KEY_KERNEL:
  case SEEP_TRACE_STACK_KEY_USER:
    check_stack(tested, kind != SEEP_TRACE_STACK);
    break;
  case SEEP_TRACE_STACK_DEFINITION:
    check_definition(tested);
    break;
  case SEEP_TRACE_VIRTUAL_ALLOC:
  case SEEP_TRACE_VIRTUAL_FREE:
    check_memory(tested);
    break;
  case SEEP_TRACE_PROCESS_COUNTERS:
    check_counters(tested);
    break;
  case SEEP_TRACE_IMAGE_ID:
    check_image_id(tested);
    break;
  case SEEP_TRACE_PDB_ID:
    check_pdb_id(tested);
    break;
  case SEEP_TRACE_VOLUME:
  case SEEP_TRACE_SYSTEM_PATHS:
    check_system(tested, kind);
    break;
  default:
    if (tested->record.is_kernel && tested->record.hook_id == 0) {
      check_log_file_header(tested);
    } else {
      (*others)++;
    }
    break;
  }
}

/* ---- headers ---- */

static bool keep_last(void *context, const seep_trace_record *record)
{
  *(seep_trace_record *)context = *record;
  return true;
}

static bool keep_first_buffer(void *context, const seep_trace_buffer *buffer)
{
  if (buffer->offset == 0) {
    *(seep_trace_buffer *)context = *buffer;
  }
  return true;
}

static void expect_header_type(const payload_vector *tested, uint8_t found)
{
  static const struct {
    const char *name;
    uint8_t type;
  } types[] = {{"system64", 2}, {"perfinfo64", 17}, {"full_header64", 20}, {"event_header64", 19}};
  const char *wanted = payload_vector_field(tested, "header_type", "")->valuestring;
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    if (strcmp(types[i].name, wanted) == 0) {
      assert_int_equal(found, types[i].type);
      return;
    }
  }
  fail_msg("%s: unknown header type %s", tested->name, wanted);
}

static void expect_guid(const payload_vector *tested, const char *name, const uint8_t *found)
{
  uint8_t guid[16];
  const cJSON *item = payload_vector_field(tested, name, "");
  if (item != NULL) {
    payload_vector_guid(item->valuestring, guid);
    assert_non_null(found);
    assert_memory_equal(found, guid, sizeof guid);
  }
}

static void check_record_header(payload_vector *tested)
{
  static raw_trace trace;
  seep_trace_summary summary;
  seep_trace_record record;
  uint8_t bytes[512] = {0};
  const cJSON *size = payload_vector_field(tested, "packet.size", "size");
  size_t record_bytes = (size_t)payload_vector_number(size);
  assert_true(record_bytes <= sizeof bytes && tested->size <= record_bytes);
  memcpy(bytes, tested->bytes, tested->size);
  raw_trace_begin(&trace, 1);
  raw_trace_buffer(&trace, 3, 1);
  raw_trace_add_bytes(&trace, bytes, record_bytes);
  assert_int_equal(seep_trace_walk(trace.bytes, trace.size, keep_last, &record, &summary, NULL), SEEP_OK);
  assert_int_equal(summary.records, 2);
  assert_int_equal(summary.bad_records, 0);
  expect_header_type(tested, record.header_type);
  payload_vector_expect_number(tested, "version", "trace_class.version", record.version);
  payload_vector_expect_number(tested, "packet.type", "", record.hook_id & 0xFFu);
  /* Thread before process in all of these. */
  payload_vector_expect_number(tested, "thread_id", "", record.tid);
  payload_vector_expect_number(tested, "process_id", "", record.pid);
  payload_vector_expect_number(tested, "system_time", "timestamp", record.ticks);
  payload_vector_expect_number(tested, "trace_class.type", "event_descriptor.opcode", record.opcode);
  payload_vector_expect_number(tested, "event_descriptor.id", "", record.event_id);
  expect_guid(tested, "guid", record.guid);
  expect_guid(tested, "provider_id", record.guid);
  /* Counters and the index of a precise sample are no part of the payload. */
  assert_int_equal(record.payload_bytes, record_bytes - tested->size);
  assert_true(tested->compared >= 2);
}

static void check_buffer_header(payload_vector *tested)
{
  static raw_trace trace;
  seep_trace_summary summary;
  seep_trace_buffer buffer;
  uint8_t *grown = NULL;
  raw_trace_begin(&trace, 1);
  size_t bytes = (size_t)payload_vector_number(payload_vector_field(tested, "wnode.buffer_size", ""));
  grown = calloc(1, bytes);
  assert_non_null(grown);
  memcpy(grown, trace.bytes, trace.size);
  memcpy(grown, tested->bytes, tested->size);
  assert_int_equal(seep_trace_walk_buffers(grown, bytes, keep_first_buffer, NULL, &buffer, &summary, NULL),
                   SEEP_OK);
  free(grown);
  payload_vector_expect_number(tested, "wnode.buffer_size", "", buffer.size_bytes);
  payload_vector_expect_number(tested, "wnode.timestamp", "", buffer.flushed);
  payload_vector_expect_number(tested, "wnode.sequence_number", "", (uint64_t)buffer.sequence);
  payload_vector_expect_number(tested, "wnode.client_context.processor_index", "", buffer.processor);
  payload_vector_expect_number(tested, "wnode.client_context.logger_id", "", buffer.logger);
  payload_vector_expect_number(tested, "offset", "", buffer.valid_bytes);
  assert_int_equal(buffer.flags, 1);
  assert_string_equal(payload_vector_field(tested, "buffer_type", "")->valuestring, "header");
  assert_int_equal(buffer.type, 4);
  assert_int_equal(tested->compared, 6);
}

/* ---- packed ---- */

static void check_xpress(payload_vector *tested)
{
  const char *result = payload_vector_field(tested, "result", "")->valuestring;
  bool is_good = strcmp(result, "ok") == 0;
  size_t capacity = (size_t)payload_vector_number(payload_vector_field(tested, "decoded_length", "capacity")),
         written = 0;
  uint8_t *out = malloc(capacity + 1);
  assert_non_null(out);
  seep_status status = seep_xpress_decode(tested->bytes, tested->size, out, capacity, &written);
  if (is_good) {
    char text[SEEP_SHA256_TEXT_SIZE];
    seep_sha256 digest;
    assert_int_equal(status, SEEP_OK);
    assert_int_equal(written, capacity);
    seep_sha256_init(&digest);
    seep_sha256_add(&digest, out, written);
    assert_string_equal(seep_sha256_text(&digest, text),
                        payload_vector_field(tested, "decoded_sha256", "")->valuestring);
  } else {
    bool is_limit = strstr(result, "capacity") != NULL;
    assert_int_equal(status, is_limit ? SEEP_LIMIT : SEEP_CORRUPT);
    assert_true(written <= capacity);
  }
  free(out);
}

/* ---- all of them ---- */

static void check_vector(const cJSON *item, unsigned *others)
{
  const char *kind = cJSON_GetObjectItemCaseSensitive(item, "kind")->valuestring;
  payload_vector tested = payload_vector_take(item);
  tested.record.guid = tested.record.is_kernel ? NULL : tested.guid;
  tested.record.payload = tested.bytes;
  tested.record.payload_bytes = tested.size;
  if (strcmp(kind, "record_header") == 0) {
    check_record_header(&tested);
  } else if (strcmp(kind, "buffer_header") == 0) {
    check_buffer_header(&tested);
  } else if (strcmp(kind, "xpress") == 0) {
    check_xpress(&tested);
  } else {
    check_payload(&tested, others);
  }
  free(tested.bytes);
}

static void every_vector_gives_its_values(void **state)
{
  (void)state;
  cJSON *document = payload_vector_open();
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(document, "vectors");
  const cJSON *item = NULL;
  unsigned others = 0;
  assert_int_equal(cJSON_GetArraySize(list), VECTORS);
  cJSON_ArrayForEach(item, list)
  {
    check_vector(item, &others);
  }
  /* Of no use to us: 3 header extensions, a partition, the kernel's base, a process's termination, 8 page
   * faults, and the build's name. */
  assert_int_equal(others, 15);
  cJSON_Delete(document);
}

/* The same payloads under a classic header: the same kind and values. */
static void classic_headers_change_nothing(void **state)
{
  (void)state;
  cJSON *document = payload_vector_open();
  const cJSON *item = NULL;
  unsigned checked = 0, others = 0;
  cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(document, "vectors"))
  {
    payload_vector tested = payload_vector_take(item);
    bool has_both = tested.record.is_kernel && tested.record.hook_id >> 8 != 0 &&
                    cJSON_IsString(cJSON_GetObjectItemCaseSensitive(item, "provider_guid"));
    if (has_both) {
      seep_trace_kind kind = seep_trace_kind_of(&tested.record);
      tested.record.is_kernel = false;
      tested.record.hook_id = 0;
      tested.record.guid = tested.guid;
      tested.record.payload = tested.bytes;
      tested.record.payload_bytes = tested.size;
      assert_int_equal(seep_trace_kind_of(&tested.record), kind);
      check_payload(&tested, &others);
      checked++;
    }
    free(tested.bytes);
  }
  assert_int_equal(checked, 43);
  assert_int_equal(others, 10);
  cJSON_Delete(document);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_vector_gives_its_values),
      cmocka_unit_test(classic_headers_change_nothing),
  };
  return cmocka_run_group_tests_name("trace payload vectors", tests, NULL, NULL);
}
