/*
 * Finished recordings are read by a child process: this program once more, at the lowest priority, with a
 * bound on time and memory that the system keeps. A trace is made of a stranger's bytes and may be large;
 * whatever it does to its reader, the service goes on. What is still to be read stands in the store, so that
 * a stop costs nothing: a recording whose reader we have ended is read after the next start, one whose reader
 * has ended us is not.
 */
#include "watch/watchdog_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "capture/shelf.h"
#include "report/trace_json.h"
#include "report/trace_told.h"
#include "watch/files.h"

/* Beside what the analysis itself may take: the program, its tables, the document it writes. */
#define READER_OWN_BYTES (UINT64_C(128) << 20)
#define PAGE_MOST_BYTES (UINT64_C(64) << 20)
#define OLDEST_MS (7 * SEEP_MS_PER_DAY)
#define LOOK_EVERY_MS 60000u
/* Between two old recordings; a fresh one does not wait. After an upgrade there may be many of them: they may
 * neither keep a processor busy for hours nor use up what alerts an hour has room for. */
#define REST_MS 300000u
/* The verb's way of saying that the process is not in the trace; its answer is written all the same. */
#define EXIT_NOT_FOUND 3u
/* How the names of files begin that the verb writes for us, unfinished ones (NAME.part1) too. */
#define PARTIAL_PREFIX "reading."

enum { ARGUMENTS = 14 };

/* ---- what came of it ---- */

static void fail(seep_store_answer *answer, const char *why, const char *more)
{
  seep_writer writer;
  answer->state = SEEP_STORE_ANSWER_FAILED;
  seep_writer_init(&writer, answer->told.why, sizeof answer->told.why);
  seep_writer_text(&writer, why);
  seep_writer_shown(&writer, more); /* what the child says may hold names from the trace */
}

/* The verb's error: the last line of what it said, from behind the recording's path on. */
static const char *last_words(char *text, const char *path)
{
  size_t length = strlen(text);
  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r')) {
    text[--length] = '\0';
  }
  const char *line = strrchr(text, '\n');
  line = line != NULL ? line + 1 : text;
  const char *named = strstr(line, path);
  if (named == NULL) {
    return line;
  }
  named += strlen(path);
  return strncmp(named, ": ", 2) == 0 ? named + 2 : line;
}

static void fail_by_exit(const seep_watchdog_reader *reader, const seep_tracer_result *result,
                         seep_store_answer *answer)
{
  char said[sizeof result->output], code[24];
  memcpy(said, result->output, sizeof said);
  const char *words = last_words(said, reader->capture.path);
  if (words[0] != '\0') {
    fail(answer, "it could not be read: ", words);
    return;
  }
  snprintf(code, sizeof code, "0x%08" PRIX32, result->exit_code);
  fail(answer, "its reader ended without a word, with code ", code);
}

static void take_answer(const seep_watchdog_reader *reader, const seep_tracer_result *result,
                        seep_store_answer *answer)
{
  char *text = NULL;
  size_t size = 0;
  if (result->timed_out) {
    fail(answer, "reading it took longer than analysis.maximum_s and was given up", "");
  } else if (result->exit_code != 0 && result->exit_code != EXIT_NOT_FOUND) {
    fail_by_exit(reader, result, answer);
  } else if (seep_files_read(reader->answer_partial, SEEP_TRACE_JSON_SHORT_BYTES, &text, &size, NULL) !=
                 SEEP_OK ||
             seep_trace_told_read(text, size, &answer->told, NULL) != SEEP_OK) {
    fail(answer, "its reader has left no answer", "");
  } else {
    answer->state = SEEP_STORE_ANSWER_MADE;
  }
  free(text);
}

static void publish(const seep_watchdog_reader *reader, seep_shelf_beside which, const char *partial,
                    uint64_t most_bytes)
{
  char final[SEEP_WATCHDOG_PATH_SIZE + 32];
  if (seep_files_size(partial) <= most_bytes &&
      seep_shelf_beside_name(reader->capture.path, which, final, sizeof final)) {
    (void)seep_files_rename(partial, final, NULL);
  }
}

/* ---- what it leaves ---- */

static bool begins_with(const char *name, const char *beginning)
{
  return strncmp(name, beginning, strlen(beginning)) == 0;
}

/* Where the verb unpacks a recording, its file outlives a reader that was ended (on Windows). */
static bool remove_leftover(void *context, const char *name, const char *path)
{
  bool *clean = context;
  if ((begins_with(name, SEEP_FILES_SPOOL_PREFIX) || begins_with(name, PARTIAL_PREFIX)) &&
      !seep_files_remove(path)) {
    *clean = false;
  }
  return true;
}

bool seep_watchdog__clean_analysis(seep_watchdog *watchdog)
{
  bool clean = true;
  (void)seep_files_each(watchdog->temporary_folder, watchdog->options.path_separator, remove_leftover,
                        &clean);
  return clean;
}

/* ---- the store ---- */

/* The store may be another one than when it began: what stays the same is the recording's path. */
static seep_status find_row(const seep_watchdog *watchdog, int64_t *id)
{
  return seep_store_capture_by_path(watchdog->store, watchdog->reader.capture.path, id, NULL);
}

/* As if nobody had begun. */
static void forget_row(seep_watchdog *watchdog)
{
  seep_store_answer row = {.capture_id = 0};
  if (watchdog->store != NULL && find_row(watchdog, &row.capture_id) == SEEP_OK) {
    (void)seep_store_answer_forget(watchdog->store, row.capture_id, NULL);
  }
}

/* While the file's place is taken by a store in memory, or it has no room, the answer waits. */
static void write_answer(seep_watchdog *watchdog)
{
  seep_watchdog_reader *reader = &watchdog->reader;
  if (watchdog->store == NULL) {
    return;
  }
  seep_status status = find_row(watchdog, &reader->answer.capture_id);
  if (status == SEEP_OK) {
    status = seep_store_answer_set(watchdog->store, &reader->answer, NULL);
  } else if (status == SEEP_NOT_FOUND && !watchdog->store_is_file) {
    return;
  }
  reader->answer_waits = status != SEEP_OK && status != SEEP_INVALID && status != SEEP_NOT_FOUND;
}

void seep_watchdog__keep_answer(seep_watchdog *watchdog, const seep_store_answer *answer)
{
  watchdog->reader.answer = *answer;
  watchdog->reader.answer_waits = true;
  write_answer(watchdog);
}

/* ---- one reading ---- */

static void reader_done(void *context, const seep_tracer_result *result)
{
  seep_watchdog *watchdog = context;
  seep_watchdog_reader *reader = &watchdog->reader;
  seep_store_answer answer = {.capture_id = reader->capture.id};
  reader->runs = false;
  reader->due_ms = reader->due_ms != 0 ? uv_now(&watchdog->loop) + REST_MS : 0;
  take_answer(reader, result, &answer);
  /* Beside a recording that has had to go meanwhile nothing may lie that nobody would ever remove. */
  if (answer.state == SEEP_STORE_ANSWER_MADE && seep_files_size(reader->capture.path) > 0) {
    publish(reader, SEEP_BESIDE_ANSWER, reader->answer_partial, SEEP_TRACE_JSON_SHORT_BYTES);
    publish(reader, SEEP_BESIDE_PAGE, reader->page_partial, PAGE_MOST_BYTES);
  }
  (void)seep_watchdog__clean_analysis(watchdog);
  seep_engine_answered(watchdog->engine, seep_watchdog__now(watchdog), &reader->capture, &answer);
  seep_watchdog__make_room(watchdog);
  seep_watchdog__settle(watchdog);
}

static seep_status start(seep_watchdog *watchdog)
{
  seep_watchdog_reader *reader = &watchdog->reader;
  const seep_settings *settings = seep_engine_settings_in_force(watchdog->engine);
  char pid[24], memory[24];
  const char *arguments[ARGUMENTS] = {"report", reader->capture.path, "--pid",
                                      pid,      "--background",       "--memory-bytes",
                                      memory,   "--answer",           reader->answer_partial};
  size_t count = 9;
  snprintf(pid, sizeof pid, "%" PRIu32, reader->capture.key.pid);
  snprintf(memory, sizeof memory, "%" PRIu64, settings->analysis_maximum_memory_bytes);
  if (settings->analysis_page) {
    arguments[count++] = "--html";
    arguments[count++] = reader->page_partial;
    if (watchdog->store_is_file) { /* for the process's commit in the days before */
      arguments[count++] = "--db";
      arguments[count++] = watchdog->store_path;
    }
  }
  const seep_tracer_call call = {.arguments = arguments,
                                 .deadline_ms = settings->analysis_maximum_ms,
                                 .kill_at_deadline = true,
                                 .priority = SEEP_TRACER_PRIORITY_IDLE,
                                 .maximum_memory_bytes =
                                     settings->analysis_maximum_memory_bytes + READER_OWN_BYTES};
  return reader->port.run(reader->port.context, &call, reader_done, watchdog, NULL);
}

/* Unpacked beside itself, in our own folder, a recording may not take what others need. */
static bool has_room(const seep_watchdog *watchdog, const seep_store_capture *capture)
{
  const seep_settings *settings = seep_engine_settings_in_force(watchdog->engine);
  uint64_t free_bytes = seep_files_free_bytes(watchdog->temporary_folder);
  uint64_t needed_bytes = settings->capture_minimum_free_bytes / 2 + capture->etl_bytes;
  uint64_t available_bytes = seep_engine_available_bytes(watchdog->engine);
  return free_bytes >= needed_bytes && available_bytes / 2 >= settings->analysis_maximum_memory_bytes;
}

/* In our folder, and still there: rows may come from another server, and people remove files. */
static const char *lack_of(const seep_watchdog *watchdog, const seep_store_capture *capture)
{
  char ours[SEEP_WATCHDOG_PATH_SIZE];
  const char *name = capture->path + strlen(capture->path);
  while (name > capture->path && name[-1] != '/' && name[-1] != '\\') {
    name--;
  }
  if (!seep_files_join(ours, sizeof ours, watchdog->capture_folder, watchdog->options.path_separator, name) ||
      !seep_text_equal_ignoring_case(ours, capture->path)) {
    return "its file is not where this service keeps its recordings";
  }
  return seep_files_size(capture->path) == 0 ? "its file is not there any more" : NULL;
}

/* Nothing has happened that anybody need be told of. */
static void pass_over(seep_watchdog *watchdog, const char *why)
{
  seep_store_answer none = {.capture_id = watchdog->reader.capture.id,
                            .made = seep_watchdog__now(watchdog).wall};
  fail(&none, why, "");
  if (seep_store_answer_set(watchdog->store, &none, NULL) == SEEP_OK) {
    watchdog->reader.due_ms = 0;
  }
}

static void begin(seep_watchdog *watchdog)
{
  seep_watchdog_reader *reader = &watchdog->reader;
  const seep_store_answer begun = {.capture_id = reader->capture.id,
                                   .state = SEEP_STORE_ANSWER_BEGUN,
                                   .made = seep_watchdog__now(watchdog).wall,
                                   .told.why = "its reader was ended, or the service with it"};
  /* Noted first: what may end us is not tried twice. */
  if (!seep_watchdog__clean_analysis(watchdog) ||
      seep_store_answer_set(watchdog->store, &begun, NULL) != SEEP_OK) {
    return;
  }
  reader->runs = start(watchdog) == SEEP_OK;
  if (!reader->runs) {
    (void)seep_store_answer_forget(watchdog->store, reader->capture.id, NULL);
  }
}

/* A recording that begins wants the memory and the disk, and a server that runs short even more. */
static bool is_unwelcome(const seep_watchdog *watchdog)
{
  const seep_settings *settings = seep_engine_settings_in_force(watchdog->engine);
  return !settings->analysis_enabled || !seep_engine_recorder_is_idle(watchdog->engine) ||
         seep_engine_available_bytes(watchdog->engine) < settings->analysis_maximum_memory_bytes / 4;
}

static void look_for_one(seep_watchdog *watchdog)
{
  seep_watchdog_reader *reader = &watchdog->reader;
  const seep_wall since = {seep_watchdog__now(watchdog).wall.ms - OLDEST_MS};
  if (seep_store_capture_unanswered(watchdog->store, since, &reader->capture, NULL) != SEEP_OK) {
    return;
  }
  const char *lack = lack_of(watchdog, &reader->capture);
  if (lack != NULL) {
    pass_over(watchdog, lack);
  } else if (has_room(watchdog, &reader->capture)) {
    begin(watchdog);
  }
}

void seep_watchdog__tend_analysis(seep_watchdog *watchdog)
{
  seep_watchdog_reader *reader = &watchdog->reader;
  uint64_t now_ms = uv_now(&watchdog->loop);
  if (reader->port.run == NULL || watchdog->stopping || watchdog->options.undo_only) {
    return;
  }
  if (is_unwelcome(watchdog)) {
    seep_watchdog__end_analysis(watchdog);
  } else if (reader->answer_waits) {
    write_answer(watchdog);
  } else if (!reader->runs && watchdog->store != NULL && now_ms >= reader->due_ms) {
    reader->due_ms = now_ms + LOOK_EVERY_MS;
    look_for_one(watchdog);
  }
}

bool seep_watchdog__make_reader(seep_watchdog *watchdog)
{
  seep_watchdog_reader *reader = &watchdog->reader;
  const seep_watchdog_options *options = &watchdog->options;
  if (options->reader != NULL) {
    reader->port = *options->reader;
  } else if (options->reader_path != NULL) {
    reader->child = seep_child_new(&watchdog->loop, options->reader_path, watchdog->temporary_folder,
                                   &options->child_guard, &reader->port);
    if (reader->child == NULL) {
      return false;
    }
  }
  watchdog->options.reader = NULL; /* the caller's; what is needed of them has been copied */
  watchdog->options.reader_path = NULL;
  return seep_files_join(reader->answer_partial, sizeof reader->answer_partial, watchdog->temporary_folder,
                         options->path_separator, PARTIAL_PREFIX "json") &&
         seep_files_join(reader->page_partial, sizeof reader->page_partial, watchdog->temporary_folder,
                         options->path_separator, PARTIAL_PREFIX "html");
}

void seep_watchdog__end_analysis(seep_watchdog *watchdog)
{
  seep_watchdog_reader *reader = &watchdog->reader;
  if (!reader->runs) {
    return;
  }
  reader->port.detach(reader->port.context, true);
  reader->runs = false;
  reader->due_ms = uv_now(&watchdog->loop) + LOOK_EVERY_MS;
  forget_row(watchdog);
  (void)seep_watchdog__clean_analysis(watchdog); /* what the child still holds goes later */
}
