/*
 * The side-car of a recording, written member by member with the bounded writer. Texts come from processes
 * and settings: whatever is in them, what comes out is well-formed UTF-8 and nothing in it acts on a
 * terminal. A half of a surrogate pair keeps its number, so that a name can be told from another one.
 */
#include "report/sidecar.h"

#include <float.h>
#include <inttypes.h>
#include <string.h>

#include "capture/profile.h"

/* ---- values ---- */

static void write_text(seep_writer *writer, const char *text)
{
  if (text == NULL || text[0] == '\0') {
    seep_writer_text(writer, "null");
    return;
  }
  seep_writer_text(writer, "\"");
  size_t left = strlen(text);
  while (left > 0) {
    uint32_t point = 0;
    size_t length = seep_text_character(text, left, &point);
    if (length == 0) {
      seep_writer_text(writer, "\xEF\xBF\xBD");
      length = 1;
    } else if (point == '"' || point == '\\') {
      seep_writer_format(writer, "\\%c", (int)point);
    } else if (seep_text_is_control(point) || (point >= 0xD800 && point < 0xE000)) {
      seep_writer_format(writer, "\\u%04" PRIx32, point);
    } else {
      seep_writer_bytes(writer, text, length);
    }
    text += length;
    left -= length;
  }
  seep_writer_text(writer, "\"");
}

/* ---- members: each begins its own line ---- */

static void begin_member(seep_writer *writer, const char *key)
{
  bool first = writer->length > 0 && writer->data[writer->length - 1] == '{';
  seep_writer_format(writer, "%s\n    \"%s\": ", first ? "" : ",", key);
}

static void add_text(seep_writer *writer, const char *key, const char *text)
{
  begin_member(writer, key);
  write_text(writer, text);
}

static void add_number(seep_writer *writer, const char *key, bool known, uint64_t value)
{
  begin_member(writer, key);
  if (known) {
    seep_writer_u64(writer, value);
  } else {
    seep_writer_text(writer, "null");
  }
}

static void add_real(seep_writer *writer, const char *key, bool known, double value)
{
  begin_member(writer, key);
  if (known && value >= -DBL_MAX && value <= DBL_MAX) {
    seep_writer_format(writer, "%.17g", value);
  } else {
    seep_writer_text(writer, "null"); /* JSON has neither NaN nor infinity */
  }
}

static void add_flag(seep_writer *writer, const char *key, bool known, bool value)
{
  begin_member(writer, key);
  seep_writer_text(writer, !known ? "null" : value ? "true" : "false");
}

static void add_wall(seep_writer *writer, const char *key, bool known, seep_wall wall)
{
  char text[SEEP_WALL_TEXT_SIZE];
  add_text(writer, key, known ? seep_wall_text(wall, text, sizeof text) : NULL);
}

/* ---- the parts ---- */

static void begin_part(seep_writer *writer, const char *key)
{
  seep_writer_format(writer, ",\n  \"%s\": {", key);
}

static void end_part(seep_writer *writer)
{
  seep_writer_text(writer, "\n  }");
}

static void add_no_part(seep_writer *writer, const char *key)
{
  seep_writer_format(writer, ",\n  \"%s\": null", key);
}

static void add_case(seep_writer *writer, const seep_sidecar *s)
{
  if (s->case_id == 0) {
    add_no_part(writer, "case");
    return;
  }
  const bool limits = s->slope_low_bytes_per_hour != 0 || s->slope_high_bytes_per_hour != 0;
  const bool looked = s->memory_kind != NULL && s->memory_kind[0] != '\0';
  begin_part(writer, "case");
  begin_member(writer, "id");
  seep_writer_i64(writer, s->case_id);
  add_text(writer, "verdict", s->verdict);
  add_wall(writer, "began", s->began.ms != 0, s->began);
  add_wall(writer, "opened", s->opened.ms != 0, s->opened);
  add_real(writer, "slope_bytes_per_hour", true, s->slope_bytes_per_hour);
  add_real(writer, "slope_low_bytes_per_hour", limits, s->slope_low_bytes_per_hour);
  add_real(writer, "slope_high_bytes_per_hour", limits, s->slope_high_bytes_per_hour);
  add_number(writer, "growth_bytes", true, s->growth_bytes);
  add_number(writer, "commit_bytes", true, s->commit_bytes);
  add_real(writer, "confidence", true, s->confidence);
  add_text(writer, "memory_kind", s->memory_kind);
  add_real(writer, "memory_confidence", looked, s->memory_confidence);
  add_text(writer, "memory_reason", s->memory_reason);
  add_text(writer, "evidence", s->evidence);
  add_number(writer, "headroom_bytes", s->headroom_bytes != UINT64_MAX, s->headroom_bytes);
  end_part(writer);
}

/* For people who meet the file alone. */
static const char *meaning_of(const char *kind)
{
  const struct {
    const char *kind, *meaning;
  } meanings[] = {
      {seep_profile_kind_text(SEEP_PROFILE_VIRTUALALLOC),
       "VirtualAlloc and VirtualFree calls of all processes, with stacks"},
      {seep_profile_kind_text(SEEP_PROFILE_HEAP), "heap calls of the process, with stacks"},
      {seep_profile_kind_text(SEEP_PROFILE_SNAPSHOT),
       "heap blocks of the process that were not given back, with the stacks that took them"},
  };
  for (size_t i = 0; kind != NULL && i < sizeof meanings / sizeof meanings[0]; i++) {
    if (strcmp(kind, meanings[i].kind) == 0) {
      return meanings[i].meaning;
    }
  }
  return NULL;
}

static void add_recording(seep_writer *writer, const seep_sidecar *s)
{
  begin_part(writer, "recording");
  add_text(writer, "process", s->image);
  add_number(writer, "pid", s->key.pid != 0, s->key.pid);
  add_wall(writer, "created", s->key.created != 0, seep_wall_from_filetime(s->key.created));
  add_text(writer, "kind", s->kind);
  add_text(writer, "kind_meaning", meaning_of(s->kind));
  add_flag(writer, "heap_refused", true, s->stepped_down);
  add_flag(writer, "by_tracing_flag", true, s->flagged);
  add_wall(writer, "started", s->started.ms != 0, s->started);
  add_wall(writer, "ended", s->ended.ms != 0, s->ended);
  add_number(writer, "duration_ms", s->duration_ms > 0, s->duration_ms > 0 ? (uint64_t)s->duration_ms : 0);
  add_text(writer, "outcome", s->outcome);
  add_text(writer, "ended_because", s->ending);
  end_part(writer);
}

static bool is_compressed(const char *file_name)
{
  static const char ending[] = ".gz";
  size_t length = strlen(file_name);
  return length >= sizeof ending - 1 &&
         seep_text_equal_ignoring_case(file_name + length - (sizeof ending - 1), ending);
}

static void add_file(seep_writer *writer, const seep_sidecar *s)
{
  const seep_recorder_kept *kept = s->kept;
  const bool named = s->file_name != NULL && s->file_name[0] != '\0';
  const bool there = kept != NULL && kept->path[0] != '\0';
  begin_part(writer, "file");
  add_text(writer, "name", s->file_name);
  add_number(writer, "bytes", there, there ? kept->bytes : 0);
  add_number(writer, "etl_bytes", there && kept->etl_bytes != 0, there ? kept->etl_bytes : 0);
  add_text(writer, "sha256", there ? kept->sha256 : NULL);
  add_flag(writer, "compressed", named, named && is_compressed(s->file_name));
  end_part(writer);
}

static void add_trace(seep_writer *writer, const seep_recorder_kept *kept)
{
  if (kept == NULL || !kept->readable) {
    add_no_part(writer, "trace");
    return;
  }
  begin_part(writer, "trace");
  add_number(writer, "events", true, kept->events);
  add_number(writer, "target_events", true, kept->target_events);
  add_number(writer, "target_heap_events", true, kept->target_heap_events);
  add_number(writer, "events_lost", true, kept->events_lost);
  add_number(writer, "buffers_lost", true, kept->buffers_lost);
  end_part(writer);
}

void seep_sidecar_write(const seep_sidecar *sidecar, seep_writer *writer)
{
  seep_writer_text(writer, "{\n  \"schema\": 1");
  begin_part(writer, "seepwatch");
  add_text(writer, "version", sidecar->version);
  add_text(writer, "host", sidecar->host);
  add_number(writer, "recorder_build", sidecar->recorder_build != 0, sidecar->recorder_build);
  end_part(writer);
  add_case(writer, sidecar);
  add_recording(writer, sidecar);
  add_file(writer, sidecar);
  add_trace(writer, sidecar->kept);
  seep_writer_text(writer, "\n}\n");
}
