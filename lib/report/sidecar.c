/*
 * The side-car of a recording, part by part. How a value is written, and what becomes of hostile texts, is
 * json_text.c's.
 */
#include "report/sidecar.h"

#include <string.h>

#include "capture/profile.h"
#include "report/json_text.h"

static void add_case(seep_json_text *json, const seep_sidecar *s)
{
  if (s->case_id == 0) {
    seep_json_text_add_null(json, "case");
    return;
  }
  const bool limits = s->slope_low_bytes_per_hour != 0 || s->slope_high_bytes_per_hour != 0;
  const bool looked = s->memory_kind != NULL && s->memory_kind[0] != '\0';
  seep_json_text_open_object(json, "case");
  seep_json_text_add_i64(json, "id", true, s->case_id);
  seep_json_text_add(json, "verdict", s->verdict);
  seep_json_text_add_wall(json, "began", s->began.ms != 0, s->began);
  seep_json_text_add_wall(json, "opened", s->opened.ms != 0, s->opened);
  seep_json_text_add_real(json, "slope_bytes_per_hour", true, s->slope_bytes_per_hour);
  seep_json_text_add_real(json, "slope_low_bytes_per_hour", limits, s->slope_low_bytes_per_hour);
  seep_json_text_add_real(json, "slope_high_bytes_per_hour", limits, s->slope_high_bytes_per_hour);
  seep_json_text_add_u64(json, "growth_bytes", true, s->growth_bytes);
  seep_json_text_add_u64(json, "commit_bytes", true, s->commit_bytes);
  seep_json_text_add_real(json, "confidence", true, s->confidence);
  seep_json_text_add(json, "memory_kind", s->memory_kind);
  seep_json_text_add_real(json, "memory_confidence", looked, s->memory_confidence);
  seep_json_text_add(json, "memory_reason", s->memory_reason);
  seep_json_text_add(json, "evidence", s->evidence);
  seep_json_text_add_u64(json, "headroom_bytes", s->headroom_bytes != UINT64_MAX, s->headroom_bytes);
  seep_json_text_close_object(json);
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

static void add_recording(seep_json_text *json, const seep_sidecar *s)
{
  seep_json_text_open_object(json, "recording");
  seep_json_text_add(json, "process", s->image);
  seep_json_text_add_u64(json, "pid", s->key.pid != 0, s->key.pid);
  seep_json_text_add_wall(json, "created", s->key.created != 0, seep_wall_from_filetime(s->key.created));
  seep_json_text_add(json, "kind", s->kind);
  seep_json_text_add(json, "kind_meaning", meaning_of(s->kind));
  seep_json_text_add_flag(json, "heap_refused", true, s->stepped_down);
  seep_json_text_add_flag(json, "by_tracing_flag", true, s->flagged);
  seep_json_text_add_wall(json, "started", s->started.ms != 0, s->started);
  seep_json_text_add_wall(json, "ended", s->ended.ms != 0, s->ended);
  seep_json_text_add_u64(json, "duration_ms", s->duration_ms > 0,
                         s->duration_ms > 0 ? (uint64_t)s->duration_ms : 0);
  seep_json_text_add(json, "outcome", s->outcome);
  seep_json_text_add(json, "ended_because", s->ending);
  seep_json_text_close_object(json);
}

static bool is_compressed(const char *file_name)
{
  static const char ending[] = ".gz";
  size_t length = strlen(file_name);
  return length >= sizeof ending - 1 &&
         seep_text_equal_ignoring_case(file_name + length - (sizeof ending - 1), ending);
}

static void add_file(seep_json_text *json, const seep_sidecar *s)
{
  const seep_recorder_kept *kept = s->kept;
  const bool named = s->file_name != NULL && s->file_name[0] != '\0';
  const bool there = kept != NULL && kept->path[0] != '\0';
  seep_json_text_open_object(json, "file");
  seep_json_text_add(json, "name", s->file_name);
  seep_json_text_add_u64(json, "bytes", there, there ? kept->bytes : 0);
  seep_json_text_add_u64(json, "etl_bytes", there && kept->etl_bytes != 0, there ? kept->etl_bytes : 0);
  seep_json_text_add(json, "sha256", there ? kept->sha256 : NULL);
  seep_json_text_add_flag(json, "compressed", named, named && is_compressed(s->file_name));
  seep_json_text_close_object(json);
}

static void add_trace(seep_json_text *json, const seep_recorder_kept *kept)
{
  if (kept == NULL || !kept->readable) {
    seep_json_text_add_null(json, "trace");
    return;
  }
  seep_json_text_open_object(json, "trace");
  seep_json_text_add_u64(json, "events", true, kept->events);
  seep_json_text_add_u64(json, "target_events", true, kept->target_events);
  seep_json_text_add_u64(json, "target_heap_events", true, kept->target_heap_events);
  seep_json_text_add_u64(json, "events_lost", true, kept->events_lost);
  seep_json_text_add_u64(json, "buffers_lost", true, kept->buffers_lost);
  seep_json_text_close_object(json);
}

void seep_sidecar_write(const seep_sidecar *sidecar, seep_writer *writer)
{
  seep_json_text json = {.writer = writer};
  seep_json_text_open_object(&json, NULL);
  seep_json_text_add_u64(&json, "schema", true, 1);
  seep_json_text_open_object(&json, "seepwatch");
  seep_json_text_add(&json, "version", sidecar->version);
  seep_json_text_add(&json, "host", sidecar->host);
  seep_json_text_add_u64(&json, "recorder_build", sidecar->recorder_build != 0, sidecar->recorder_build);
  seep_json_text_close_object(&json);
  add_case(&json, sidecar);
  add_recording(&json, sidecar);
  add_file(&json, sidecar);
  add_trace(&json, sidecar->kept);
  seep_json_text_close_object(&json);
  seep_writer_text(writer, "\n");
}
