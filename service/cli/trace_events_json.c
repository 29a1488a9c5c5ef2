#include "trace_events_json.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "output.h"

enum { KEY_SIZE = 96, GUID_BYTES = 16 };

/* What a row of a table is called. */
typedef const char *(*name_row)(const seep_trace_census_row *row, char *out, size_t out_size);

static const char *const sid_forms[] = {[SEEP_TRACE_SID_NONE] = "null",
                                        [SEEP_TRACE_SID_TOKEN] = "sid",
                                        [SEEP_TRACE_SID_ZERO_POINTER] = "zero_pointer_with_sid"};

/* ---- members ---- */

static bool add_i64(cJSON *object, const char *key, int64_t value)
{
  char digits[24];
  snprintf(digits, sizeof digits, "%" PRId64, value);
  return cJSON_AddRawToObject(object, key, digits) != NULL;
}

static bool add_hex(cJSON *object, const char *key, uint64_t value)
{
  char text[24];
  snprintf(text, sizeof text, "0x%" PRIx64, value);
  return cJSON_AddStringToObject(object, key, text) != NULL;
}

static bool add_version(cJSON *object, const char *key, unsigned major, unsigned minor)
{
  char text[16];
  snprintf(text, sizeof text, "%u.%u", major, minor);
  return cJSON_AddStringToObject(object, key, text) != NULL;
}

static bool add_table(cJSON *object, const char *key, const seep_trace_census_table *table, name_row name)
{
  char text[KEY_SIZE];
  cJSON *list = cJSON_AddObjectToObject(object, key);
  bool done = list != NULL;
  for (size_t i = 0; done && i < table->count; i++) {
    done = seep_output_add_u64(list, name(&table->rows[i], text, sizeof text), table->rows[i].count);
  }
  return done;
}

/* ---- names of rows ---- */

/* The first three fields of a GUID are numbers, so their bytes lie the other way round than they are read. */
static void write_guid(seep_writer *writer, const uint8_t *guid)
{
  static const uint8_t order[GUID_BYTES] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  for (size_t i = 0; i < GUID_BYTES; i++) {
    bool starts_group = i == 4 || i == 6 || i == 8 || i == 10;
    seep_writer_format(writer, "%s%02x", starts_group ? "-" : "", (unsigned)guid[order[i]]);
  }
}

static const char *name_hook(const seep_trace_census_row *row, char *out, size_t out_size)
{
  snprintf(out, out_size, "%u/%u", (unsigned)(row->number >> 8), (unsigned)(row->number & 0xFFu));
  return out;
}

static const char *name_match(const seep_trace_census_row *row, char *out, size_t out_size)
{
  return row->number == SEEP_TRACE_CENSUS_BY_GUID ? "guid" : name_hook(row, out, out_size);
}

static const char *name_version(const seep_trace_census_row *row, char *out, size_t out_size)
{
  snprintf(out, out_size, "%u/%u v%u %s", (unsigned)(row->number >> 24),
           (unsigned)(row->number >> 16 & 0xFFu), (unsigned)(row->number >> 8 & 0xFFu),
           seep_trace_census_type_text((uint8_t)row->number));
  return out;
}

static const char *name_provider(const seep_trace_census_row *row, char *out, size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  write_guid(&writer, row->guid);
  return out;
}

static const char *name_classic(const seep_trace_census_row *row, char *out, size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  write_guid(&writer, row->guid);
  seep_writer_format(&writer, " %u v%u", (unsigned)(row->number >> 8), (unsigned)(row->number & 0xFFu));
  return out;
}

static const char *name_number(const seep_trace_census_row *row, char *out, size_t out_size)
{
  snprintf(out, out_size, "%u", (unsigned)row->number);
  return out;
}

static const char *name_failed(const seep_trace_census_row *row, char *out, size_t out_size)
{
  snprintf(out, out_size, "%c v%u", (char)(row->number >> 8), (unsigned)(row->number & 0xFFu));
  return out;
}

static const char *name_trailing(const seep_trace_census_row *row, char *out, size_t out_size)
{
  snprintf(out, out_size, "%c v%u +%u", (char)(row->number >> 24), (unsigned)(row->number >> 16 & 0xFFu),
           (unsigned)(row->number & 0xFFFFu));
  return out;
}

/* ---- the file ---- */

static const char *clock_name(uint32_t clock_type)
{
  switch (clock_type) {
  case 1:
    return "QPC";
  case 2:
    return "system time";
  case 3:
    return "CPU cycles";
  default:
    return "unknown";
  }
}

static bool add_header(cJSON *object, const seep_trace_header *header)
{
  char mode[16];
  cJSON *list = cJSON_AddObjectToObject(object, "header");
  snprintf(mode, sizeof mode, "0x%08" PRIx32, header->log_file_mode);
  return list != NULL &&
         seep_output_add_text(list, "record_type", seep_trace_census_type_text(header->record_type)) &&
         add_version(list, "os_version", header->os_major, header->os_minor) &&
         seep_output_add_u64(list, "os_build", header->os_build) &&
         add_version(list, "layout_version", header->layout_major, header->layout_minor) &&
         seep_output_add_u64(list, "cpu_count", header->processors) &&
         seep_output_add_u64(list, "pointer_size_field", header->pointer_bytes) &&
         seep_output_add_u64(list, "buffer_size", header->buffer_size_bytes) &&
         seep_output_add_text(list, "log_file_mode", mode) &&
         seep_output_add_u64(list, "buffers_written", header->buffers_written) &&
         seep_output_add_u64(list, "events_lost", header->events_lost) &&
         seep_output_add_u64(list, "buffers_lost", header->buffers_lost) &&
         seep_output_add_u64(list, "cpu_mhz", header->cpu_mhz) &&
         seep_output_add_u64(list, "timer_resolution", header->timer_resolution) &&
         seep_output_add_u64(list, "max_file_size", header->maximum_file_mb) &&
         add_i64(list, "perf_freq", header->frequency_hz) &&
         seep_output_add_u64(list, "clock_type", header->clock_type) &&
         seep_output_add_text(list, "clock_name", clock_name(header->clock_type)) &&
         seep_output_add_u64(list, "boot_time", header->boot) &&
         seep_output_add_u64(list, "start_time", header->start) &&
         seep_output_add_u64(list, "end_time", header->end) &&
         seep_output_add_u64(list, "first_record_timestamp", header->first_ticks) &&
         seep_output_add_text(list, "logger_name", header->logger_name) &&
         seep_output_add_text(list, "log_file_name", header->log_file_name);
}

static bool add_buffers(cJSON *object, const seep_trace_census *census)
{
  const seep_trace_census_buffers *buffers = &census->buffers;
  cJSON *list = cJSON_AddObjectToObject(object, "buffers");
  return list != NULL && seep_output_add_u64(list, "total", census->summary.buffers) &&
         seep_output_add_u64(list, "compressed", census->summary.compressed_buffers) &&
         seep_output_add_u64(list, "header_buffers", buffers->header_buffers) &&
         seep_output_add_u64(list, "flag_events_lost", buffers->flag_events_lost) &&
         seep_output_add_u64(list, "flag_buffer_lost", buffers->flag_buffer_lost) &&
         seep_output_add_u64(list, "flag_proc_index", buffers->flag_processor_wide) &&
         seep_output_add_u64(list, "decoded_bytes", buffers->decoded_bytes) &&
         add_i64(list, "seq_min", buffers->least_sequence) &&
         add_i64(list, "seq_max", buffers->greatest_sequence) &&
         seep_output_add_u64(list, "distinct_cpu_streams", buffers->processors);
}

/* ---- counts ---- */

static bool add_header_types(cJSON *object, const seep_trace_census *census)
{
  cJSON *list = cJSON_AddObjectToObject(object, "by_header_type");
  bool done = list != NULL;
  for (unsigned type = 0; done && type < 256; type++) {
    if (census->by_header_type[type] != 0) {
      done =
          seep_output_add_u64(list, seep_trace_census_type_text((uint8_t)type), census->by_header_type[type]);
    }
  }
  return done;
}

static bool add_images(cJSON *object, const uint64_t *images)
{
  cJSON *list = cJSON_AddObjectToObject(object, "image");
  return list != NULL && seep_output_add_u64(list, "load", images[10]) &&
         seep_output_add_u64(list, "unload", images[2]) && seep_output_add_u64(list, "dc_start", images[3]) &&
         seep_output_add_u64(list, "dc_end", images[4]) &&
         seep_output_add_u64(list, "kernel_base", images[33]) &&
         seep_output_add_u64(list, "hypercall_page", images[34]);
}

static bool add_processes(cJSON *object, const uint64_t *processes)
{
  cJSON *list = cJSON_AddObjectToObject(object, "process");
  return list != NULL && seep_output_add_u64(list, "start", processes[1]) &&
         seep_output_add_u64(list, "end", processes[2]) &&
         seep_output_add_u64(list, "dc_start", processes[3]) &&
         seep_output_add_u64(list, "dc_end", processes[4]) &&
         seep_output_add_u64(list, "terminate", processes[11]) &&
         seep_output_add_u64(list, "perfctr", processes[32]) &&
         seep_output_add_u64(list, "perfctr_rundown", processes[33]) &&
         seep_output_add_u64(list, "defunct", processes[39]);
}

static bool add_memory(cJSON *object, const seep_trace_census *census)
{
  cJSON *list = cJSON_AddObjectToObject(object, "memory");
  return list != NULL && seep_output_add_u64(list, "virtual_alloc", census->virtual_allocs) &&
         seep_output_add_u64(list, "virtual_free", census->virtual_frees) &&
         seep_output_add_u64(list, "hard_fault", census->hard_faults) &&
         seep_output_add_u64(object, "heap_events", census->heap_events);
}

static bool add_image_ids(cJSON *object, const uint64_t *ids)
{
  uint64_t other = 0;
  cJSON *list = cJSON_AddObjectToObject(object, "image_id");
  for (unsigned opcode = 0; opcode < 256; opcode++) {
    bool is_named = opcode == 0 || opcode == 36 || opcode == 37 || opcode == 64;
    other += is_named ? 0 : ids[opcode];
  }
  return list != NULL && seep_output_add_u64(list, "image_id", ids[0]) &&
         seep_output_add_u64(list, "dbgid_rsds", ids[36]) &&
         seep_output_add_u64(list, "dbgid_il_rsds", ids[37]) &&
         seep_output_add_u64(list, "file_version", ids[64]) && seep_output_add_u64(list, "other", other);
}

static bool add_time_range(cJSON *object, const seep_trace_census *census)
{
  char text[64];
  snprintf(text, sizeof text, "[%" PRIu64 ",%" PRIu64 "]", census->first_ticks, census->last_ticks);
  return census->has_times ? cJSON_AddRawToObject(object, "timestamp_range", text) != NULL
                           : cJSON_AddNullToObject(object, "timestamp_range") != NULL;
}

static bool add_decoded(cJSON *object, const seep_trace_census *census)
{
  cJSON *list = cJSON_AddObjectToObject(object, "decoded");
  cJSON *forms = NULL;
  bool done = list != NULL && seep_output_add_u64(list, "process_ok", census->processes_decoded) &&
              seep_output_add_u64(list, "image_ok", census->images_decoded) &&
              add_table(list, "failed", &census->failed, name_failed) &&
              (forms = cJSON_AddObjectToObject(list, "sid_forms")) != NULL;
  for (size_t i = 0; done && i < sizeof sid_forms / sizeof sid_forms[0]; i++) {
    done = census->by_sid_form[i] == 0 || seep_output_add_u64(forms, sid_forms[i], census->by_sid_form[i]);
  }
  return done && add_table(list, "trailing_bytes", &census->trailing, name_trailing);
}

static bool add_stacks(cJSON *object, const seep_trace_census_stacks *stacks)
{
  cJSON *list = cJSON_AddObjectToObject(object, "stackwalk");
  return list != NULL && seep_output_add_u64(list, "stack_32", stacks->by_opcode[0]) &&
         seep_output_add_u64(list, "create_34", stacks->by_opcode[2]) &&
         seep_output_add_u64(list, "delete_35", stacks->by_opcode[3]) &&
         seep_output_add_u64(list, "rundown_36", stacks->by_opcode[4]) &&
         seep_output_add_u64(list, "key_kernel_37", stacks->by_opcode[5]) &&
         seep_output_add_u64(list, "key_user_38", stacks->by_opcode[6]) &&
         seep_output_add_u64(list, "stack_records_matched_to_an_event", stacks->matched) &&
         seep_output_add_u64(list, "unmatched", stacks->unmatched) &&
         seep_output_add_u64(list, "with_more_than_one_candidate", stacks->ambiguous) &&
         seep_output_add_u64(list, "frames_total", stacks->frames) &&
         seep_output_add_u64(list, "frames_max", stacks->most_frames) &&
         seep_output_add_u64(list, "distinct_keys", stacks->keys) &&
         seep_output_add_u64(list, "key_references", stacks->references) &&
         seep_output_add_u64(list, "key_definitions", stacks->definitions) &&
         seep_output_add_u64(list, "key_references_without_later_definition", stacks->undefined_references) &&
         seep_output_add_u64(list, "max_delay_ticks", stacks->most_delay_ticks) &&
         add_table(list, "matched_by_first_candidate_hook", &stacks->by_hook, name_match);
}

/* ---- first events ---- */

static bool add_first_processes(cJSON *object, const seep_trace_census *census)
{
  cJSON *list = cJSON_AddArrayToObject(object, "first_process_events");
  bool done = list != NULL;
  for (size_t i = 0; done && i < census->first_process_count; i++) {
    const seep_trace_census_process *process = &census->first_processes[i];
    cJSON *item = seep_output_append_object(list);
    done = item != NULL && seep_output_add_u64(item, "op", process->opcode) &&
           seep_output_add_u64(item, "version", process->version) &&
           seep_output_add_u64(item, "timestamp", process->ticks) &&
           seep_output_add_u64(item, "pid", process->pid) &&
           seep_output_add_u64(item, "ppid", process->parent_pid) &&
           seep_output_add_u64_if(item, "session", process->version >= 1, process->session) &&
           seep_output_add_text(item, "image", process->image) &&
           seep_output_add_text(item, "sid_form", sid_forms[process->sid_form]) &&
           seep_output_add_u64(item, "command_line_utf16_units", process->command_line_units);
  }
  return done;
}

static bool add_first_images(cJSON *object, const seep_trace_census *census)
{
  cJSON *list = cJSON_AddArrayToObject(object, "first_image_events");
  bool done = list != NULL;
  for (size_t i = 0; done && i < census->first_image_count; i++) {
    const seep_trace_census_image *image = &census->first_images[i];
    cJSON *item = seep_output_append_object(list);
    done = item != NULL && seep_output_add_u64(item, "op", image->opcode) &&
           seep_output_add_u64(item, "version", image->version) &&
           seep_output_add_u64(item, "timestamp", image->ticks) &&
           seep_output_add_u64_if(item, "pid", image->version >= 1, image->pid) &&
           add_hex(item, "base", image->base) && add_hex(item, "size", image->size_bytes) &&
           seep_output_add_u64_if(item, "timedatestamp", image->version >= 2, image->timestamp) &&
           seep_output_add_text(item, "name", image->name);
  }
  return done;
}

/* ---- warnings ---- */

const char *seep_trace_events_warning(const seep_trace_census *census, size_t index)
{
  const seep_trace_summary *summary = &census->summary;
  const struct {
    bool holds;
    const char *text;
  } all[] = {
      {summary->truncated, "the file is cut short: what was whole has been counted"},
      {summary->bad_buffers != 0, "there are damaged buffers: their records are missing here"},
      {summary->unread_buffers != 0, "there are buffers packed in an unknown way: their records are missing"},
      {summary->bad_records != 0, "there are damaged records: what follows them in their buffers is missing"},
      {census->rows_short, "there are more different things than a table has rows for: some are not listed"},
      {census->memory_short, "there are more stacks or buffers than can be remembered: matching and order of "
                             "time are about a part of them"},
  };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    if (all[i].holds && index-- == 0) {
      return all[i].text;
    }
  }
  return NULL;
}

static bool add_warnings(cJSON *object, const seep_trace_census *census)
{
  cJSON *list = cJSON_AddArrayToObject(object, "warnings");
  bool done = list != NULL;
  for (size_t i = 0; done && seep_trace_events_warning(census, i) != NULL; i++) {
    cJSON *text = cJSON_CreateString(seep_trace_events_warning(census, i));
    done = text != NULL && cJSON_AddItemToArray(list, text);
  }
  return done;
}

static bool add_all(cJSON *object, const seep_trace_census *census, const seep_trace_events_file *file)
{
  return seep_output_add_u64(object, "size", file->size_bytes) &&
         seep_output_add_text(object, "sha256", file->sha256) &&
         add_header(object, &census->summary.header) && add_buffers(object, census) &&
         seep_output_add_u64(object, "events_total", census->summary.records) &&
         add_header_types(object, census) && add_table(object, "kernel_hooks", &census->hooks, name_hook) &&
         add_table(object, "kernel_versions", &census->versions, name_version) &&
         add_table(object, "classic_guid_events", &census->classics, name_classic) &&
         add_table(object, "manifest_events_by_provider", &census->providers, name_provider) &&
         add_table(object, "extended_items_by_type", &census->extended, name_number) &&
         add_images(object, census->images) && add_processes(object, census->processes) &&
         add_memory(object, census) && add_image_ids(object, census->image_ids) &&
         add_time_range(object, census) &&
         seep_output_add_u64(object, "bad_records", census->summary.bad_records) &&
         seep_output_add_u64(object, "backward_timestamps_within_cpu_stream", census->backward_steps) &&
         add_warnings(object, census) && add_decoded(object, census) &&
         (!census->has_stacks || add_stacks(object, &census->stacks)) &&
         (file->payload_pointer_bits == 0 ||
          seep_output_add_u64(object, "payload_pointer_bits", file->payload_pointer_bits)) &&
         add_first_processes(object, census) && add_first_images(object, census);
}

cJSON *seep_trace_events_json(const seep_trace_census *census, const seep_trace_events_file *file)
{
  cJSON *object = cJSON_CreateObject();
  if (object != NULL && !add_all(object, census, file)) {
    cJSON_Delete(object);
    object = NULL;
  }
  return object;
}
