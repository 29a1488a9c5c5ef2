#include "capture_record.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"
#include "output.h"

#define LATEST "latest"

const char seep_capture_record_columns[] =
    "id,leak_id,process,pid,created,kind,started,ended,bytes,path,outcome,ending,sha256,etl_bytes,events,"
    "target_events,events_lost,buffers_lost,removed,state";

/* ---- what it is ---- */

bool seep_capture_record_is_kept(const seep_store_capture *capture)
{
  return capture->path[0] != '\0' && capture->removed.ms == 0;
}

const char *seep_capture_record_state(const seep_store_capture *capture)
{
  return capture->path[0] == '\0' ? "failed" : capture->removed.ms != 0 ? "removed" : "kept";
}

const char *seep_capture_record_loss(const seep_store_capture *capture, char *out, size_t out_size)
{
  const uint64_t events = capture->readable ? capture->events_lost : 0;
  const uint64_t buffers = capture->readable ? capture->buffers_lost : 0;
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  if (events > 0) {
    seep_writer_format(&writer, "%" PRIu64 " event%s", events, events == 1 ? "" : "s");
  }
  if (buffers > 0) {
    seep_writer_format(&writer, "%s%" PRIu64 " buffer%s", events > 0 ? " and " : "", buffers,
                       buffers == 1 ? "" : "s");
  }
  seep_writer_text(&writer, events > 0 || buffers > 0 ? " lost" : "");
  return out;
}

static bool add_u64_if(cJSON *object, const char *key, bool known, uint64_t value)
{
  return known ? seep_output_add_u64(object, key, value) : cJSON_AddNullToObject(object, key) != NULL;
}

bool seep_capture_record_fill(cJSON *object, const seep_store_capture *capture)
{
  const bool readable = capture->readable;
  return seep_output_add_u64(object, "id", (uint64_t)capture->id) &&
         add_u64_if(object, "leak_id", capture->leak_id > 0, (uint64_t)capture->leak_id) &&
         seep_output_add_process(object, capture->key, capture->image) &&
         seep_output_add_text(object, "kind", capture->kind) &&
         seep_output_add_wall_or_null(object, "started", capture->started) &&
         seep_output_add_wall_or_null(object, "ended", capture->ended) &&
         seep_output_add_u64(object, "bytes", capture->bytes) &&
         seep_output_add_text_or_null(object, "path", capture->path) &&
         seep_output_add_text(object, "outcome", capture->outcome) &&
         seep_output_add_text_or_null(object, "ending", capture->ending) &&
         seep_output_add_text_or_null(object, "sha256", capture->sha256) &&
         add_u64_if(object, "etl_bytes", capture->etl_bytes > 0, capture->etl_bytes) &&
         add_u64_if(object, "events", readable, capture->events) &&
         add_u64_if(object, "target_events", readable, capture->target_events) &&
         add_u64_if(object, "events_lost", readable, capture->events_lost) &&
         add_u64_if(object, "buffers_lost", readable, capture->buffers_lost) &&
         seep_output_add_wall_or_null(object, "removed", capture->removed) &&
         seep_output_add_text(object, "state", seep_capture_record_state(capture));
}

/* ---- which one ---- */

typedef struct search {
  int64_t id; /* 0 = the latest */
  bool kept_only, found;
  seep_store_capture *capture;
} search;

static bool look(void *context, const seep_store_capture *capture)
{
  search *s = context;
  bool wanted = s->id != 0 ? capture->id == s->id : !s->kept_only || seep_capture_record_is_kept(capture);
  if (wanted) {
    *s->capture = *capture;
    s->found = true;
  }
  return !(wanted && s->id != 0);
}

static bool read_id(const char *text, int64_t *id)
{
  int64_t value = 0;
  for (const char *p = text; *p != '\0'; p++) {
    if (*p < '0' || *p > '9' || value > (INT64_MAX - 9) / 10) {
      return false;
    }
    value = value * 10 + (*p - '0');
  }
  *id = value;
  return value > 0;
}

static int say_not_found(const seep_query *query, const search *s)
{
  char what[64];
  const char *why = s->kept_only ? "no recording is kept" : "no recording was made";
  snprintf(what, sizeof what, "recording %s", s->id != 0 ? query->operands[0] : LATEST);
  return seep_cli_fail(query->verb, SEEP_EXIT_NOT_FOUND, what,
                       s->id != 0 ? "not found; 'captures list' has the ids" : why);
}

int seep_capture_record_find(const seep_query *query, bool latest_kept, seep_store_capture *capture,
                             seep_store_answer *answer)
{
  seep_store *store = NULL;
  seep_error error = {0};
  search s = {.kept_only = latest_kept, .capture = capture};
  const char *which = query->operand_count > 0 ? query->operands[0] : "no id";
  if (query->operand_count == 0 || (strcmp(which, LATEST) != 0 && !read_id(which, &s.id))) {
    return seep_cli_fail(query->verb, SEEP_EXIT_USAGE, which, "say an id from 'captures list', or " LATEST);
  }
  int code = seep_query_open_store(query, &store);
  if (code == SEEP_EXIT_DONE && seep_store_captures(store, look, &s, &error) != SEEP_OK) {
    code = seep_query_fail(query, &error);
  }
  if (code == SEEP_EXIT_DONE && s.found && answer != NULL &&
      seep_store_answer_get(store, capture->id, answer, NULL) != SEEP_OK) {
    answer->capture_id = 0;
  }
  seep_store_close(store);
  return code == SEEP_EXIT_DONE && !s.found ? say_not_found(query, &s) : code;
}
