/*
 * `seepwatch captures show`: everything about one recording, and what has become of its file. What the store
 * remembers is said even when the file is gone.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/text.h"
#include "capture_answer.h"
#include "capture_file.h"
#include "capture_record.h"
#include "capture_verbs.h"
#include "cli.h"
#include "output.h"
#include "query.h"
#include "report/human.h"

#define TEXT_SIZE (SEEP_CAPTURE_FILE_PATH_SIZE + 256)

typedef struct shown {
  const seep_query *query;
  seep_store_capture capture;
  seep_capture_file file;
  seep_status there; /* SEEP_OK, or why the file is not */
  seep_error error;
  seep_store_answer answer; /* capture_id 0: nobody has begun to find out */
  bool compared, matches;   /* compared: its digest was taken, and there was one to compare it with */
} shown;

/* ---- for people ---- */

static void say(const char *label, const char *format, ...) SEEP_PRINTF_LIKE(2, 3);

static void say(const char *label, const char *format, ...)
{
  char text[TEXT_SIZE], clean[TEXT_SIZE];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  printf("  %-14s %s\n", label, seep_output_presentable(text, true, clean, sizeof clean));
}

static void say_time(const char *label, seep_wall wall)
{
  char text[SEEP_WALL_TEXT_SIZE];
  say(label, "%s", wall.ms != 0 ? seep_wall_text(wall, text, sizeof text) : "-");
}

static void say_size(const char *label, uint64_t bytes)
{
  char human[SEEP_HUMAN_SIZE];
  say(label, "%s (%" PRIu64 " bytes)", seep_human_bytes(bytes, human, sizeof human), bytes);
}

static void say_recording(const seep_store_capture *capture)
{
  char created[SEEP_WALL_TEXT_SIZE], lasted[SEEP_HUMAN_SIZE];
  const seep_process_key key = capture->key;
  printf("Recording %" PRId64 "\n", capture->id);
  say("process", "%s", capture->image);
  say("pid", "%" PRIu32 "%s%s", key.pid, key.created != 0 ? ", created " : "",
      key.created != 0 ? seep_wall_text(seep_wall_from_filetime(key.created), created, sizeof created) : "");
  if (capture->leak_id > 0) {
    say("leak case", "%" PRId64, capture->leak_id);
  }
  say("kind", "%s", capture->kind);
  say_time("started", capture->started);
  say_time("ended", capture->ended);
  if (capture->ended.ms > capture->started.ms && capture->started.ms > 0) {
    say("lasted", "%s", seep_human_duration(capture->ended.ms - capture->started.ms, lasted, sizeof lasted));
  }
  say("outcome", "%s", capture->outcome);
  if (capture->ending[0] != '\0') {
    say("ended because", "%s", capture->ending);
  }
}

static void say_trace(const seep_store_capture *capture)
{
  char loss[SEEP_CAPTURE_RECORD_LOSS_SIZE];
  if (!capture->readable) {
    return;
  }
  say("events", "%" PRIu64 ", %" PRIu64 " of them of the process", capture->events, capture->target_events);
  (void)seep_capture_record_loss(capture, loss, sizeof loss);
  say("lost", "%s", loss[0] != '\0' ? loss : "nothing");
  if (loss[0] != '\0') {
    say("", "a lost free looks like a leak, a lost allocation is not in it");
  }
}

static void say_answer(const char *label, const char *value)
{
  say(label, "%s", value);
}

static void say_where(const shown *s)
{
  const seep_store_capture *capture = &s->capture;
  char removed[SEEP_WALL_TEXT_SIZE];
  if (s->there == SEEP_OK) {
    say("is there", "yes%s%s", s->file.elsewhere ? ", as " : "", s->file.elsewhere ? s->file.path : "");
    say_size("size", s->file.bytes);
  } else if (s->there == SEEP_DENIED) {
    say("is there", "access denied");
  } else if (capture->removed.ms != 0) {
    say("is there", "no; removed %s to make room for others",
        seep_wall_text(capture->removed, removed, sizeof removed));
  } else if (s->file.foreign) {
    say("is there", "no; %s", SEEP_CAPTURE_FILE_FOREIGN);
  } else {
    say("is there", "no");
  }
}

static void say_file(const shown *s)
{
  const seep_store_capture *capture = &s->capture;
  char name[SEEP_OUTPUT_NAME_SIZE];
  say("state", "%s", seep_capture_record_state(capture));
  if (capture->path[0] == '\0') {
    return;
  }
  say("file", "%s", capture->path);
  say_where(s);
  if (capture->etl_bytes > 0) {
    say_size("uncompressed", capture->etl_bytes);
  }
  say("SHA-256", "%s", capture->sha256[0] != '\0' ? capture->sha256 : "not known");
  if (s->query->verify && s->there == SEEP_OK) {
    say("verified", "%s",
        s->matches    ? "yes, it is what was kept"
        : s->compared ? "NO: it is not what was kept"
                      : "no: nothing to compare it with");
  }
  if (seep_capture_file_sidecar(capture->path, name, sizeof name)[0] != '\0') {
    say("about the case", "%s, beside it", name);
  }
}

static void say_next_step(const shown *s)
{
  const bool own = strcmp(s->query->database, seep_cli_default_database()) != 0;
  if (s->there != SEEP_OK) {
    return;
  }
  puts("");
  if (s->file.packed) {
    say("next step", "seepwatch captures export %" PRId64 " out.etl%s%s%s", s->capture.id,
        own ? " --db \"" : "", own ? s->query->database : "", own ? "\"" : "");
    say("", "and open out.etl in Windows Performance Analyzer; or, for all that it shows,");
  } else {
    say("next step", "open the file in Windows Performance Analyzer; or, for all that it shows,");
  }
  say("", "seepwatch report \"%s\" --pid %" PRIu32, s->file.path, s->capture.key.pid);
}

static void write_text(const shown *s)
{
  say_recording(&s->capture);
  say_trace(&s->capture);
  seep_capture_answer_lines(s->answer.capture_id != 0 ? &s->answer : NULL, say_answer);
  say_file(s);
  say_next_step(s);
}

/* ---- for programs ---- */

static bool add_file(cJSON *document, const shown *s)
{
  const bool there = s->there == SEEP_OK;
  cJSON *file = cJSON_AddObjectToObject(document, "file");
  bool ok = file != NULL && seep_output_add_text_or_null(file, "path", s->file.path) &&
            cJSON_AddBoolToObject(file, "exists", there) != NULL &&
            (there ? seep_output_add_u64(file, "bytes", s->file.bytes)
                   : cJSON_AddNullToObject(file, "bytes") != NULL);
  return ok && (s->compared ? cJSON_AddBoolToObject(file, "sha256_matches", s->matches) != NULL
                            : cJSON_AddNullToObject(file, "sha256_matches") != NULL);
}

static bool write_json(const shown *s)
{
  char name[SEEP_OUTPUT_NAME_SIZE];
  cJSON *document = cJSON_CreateObject();
  bool ok = document != NULL && seep_capture_record_fill(document, &s->capture) &&
            seep_output_add_text_or_null(document, "sidecar",
                                         seep_capture_file_sidecar(s->capture.path, name, sizeof name)) &&
            seep_capture_answer_add(document, s->answer.capture_id != 0 ? &s->answer : NULL) &&
            add_file(document, s) && seep_output_json(document);
  putchar('\n');
  cJSON_Delete(document);
  return ok;
}

/* ---- the verb ---- */

static seep_status verify(shown *s)
{
  char digest[SEEP_SHA256_TEXT_SIZE];
  if (s->capture.sha256[0] == '\0') {
    return SEEP_OK;
  }
  seep_status status = seep_capture_file_digest(&s->file, digest, &s->error);
  s->compared = status == SEEP_OK;
  s->matches = s->compared && strcmp(digest, s->capture.sha256) == 0;
  return status;
}

/* With --verify the exit code tells how that went. */
static int conclude(const shown *s, seep_status verified)
{
  char why[256];
  const char *what = s->file.path[0] != '\0' ? s->file.path : s->capture.path;
  int code = seep_query_finish(s->query, SEEP_OK, NULL);
  if (code != SEEP_EXIT_DONE || !s->query->verify) {
    return code;
  }
  if (s->there != SEEP_OK || verified != SEEP_OK) {
    const seep_status status = s->there != SEEP_OK ? s->there : verified;
    return seep_cli_fail(s->query->verb, seep_cli_exit_code(status), "verify recording",
                         seep_error_text(&s->error, why, sizeof why));
  }
  return s->compared && !s->matches ? seep_cli_fail(s->query->verb, SEEP_EXIT_BAD_INPUT, what,
                                                    "its SHA-256 is not that of the file that was kept")
                                    : SEEP_EXIT_DONE;
}

int seep_capture_show(int first, int argc, char **argv)
{
  seep_query query = {.verb = "captures", .operand_limit = 1};
  shown s = {.query = &query};
  int code = seep_query_parse(&query, SEEP_QUERY_VERIFY, first, argc, argv);
  if (code == SEEP_EXIT_DONE && query.csv) {
    return seep_cli_fail(query.verb, SEEP_EXIT_USAGE, "--csv", "show takes --json");
  }
  code = code == SEEP_EXIT_DONE ? seep_capture_record_find(&query, false, &s.capture, &s.answer) : code;
  if (code != SEEP_EXIT_DONE) {
    return code;
  }
  s.there = seep_capture_file_find(&s.capture, query.database, &s.file, &s.error);
  seep_status verified = query.verify && s.there == SEEP_OK ? verify(&s) : SEEP_OK;
  if (!query.json) {
    write_text(&s);
  } else if (!write_json(&s)) {
    return seep_cli_fail(query.verb, SEEP_EXIT_FAILED, "write output", "no memory");
  }
  return conclude(&s, verified);
}
