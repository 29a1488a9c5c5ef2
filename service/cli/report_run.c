#include "report_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <uv.h>

#include "base/text.h"
#include "cli.h"
#include "output_file.h"
#include "report/trace_json.h"
#include "report/trace_page.h"
#include "report/trace_table.h"
#include "report_history.h"
#include "report_input.h"
#include "report_progress.h"
#include "symbol_files.h"
#include "terminal.h"
#include "trace/answer.h"
#include "trace/naming.h"
#include "trace_events.h"
#include "version.h"
#ifdef _WIN32
#include "win/win_background.h"
#endif

/* A page is drawn from more stacks than anybody reads in a table. */
#define PAGE_STACKS ((size_t)1000)

#define NOTES (2 + SEEP_REPORT_SYMBOL_FOLDERS)
#define NOTE_SIZE 512
#define LISTED_PROCESSES 8

typedef struct work {
  const seep_report_request *wanted;
  seep_report_progress progress;
  seep_report_input input;
  seep_answer answer;
  seep_naming naming;
  bool is_named, is_missing; /* the process asked for is not in the trace */
  char notes[NOTES][NOTE_SIZE];
  size_t note_count;
} work;

static int fail(const work *w, int exit_code, const char *why)
{
  return seep_cli_fail_reading(SEEP_REPORT_VERB, exit_code, w->wanted->path, why);
}

static void to_stream(void *context, const char *bytes, size_t length)
{
  (void)fwrite(bytes, 1, length, context); /* a failure stays with the stream */
}

static void add_note(work *w, const char *text)
{
  if (text[0] != '\0' && w->note_count < NOTES) {
    seep_text_copy(w->notes[w->note_count++], NOTE_SIZE, text);
  }
}

/* ---- reading ---- */

static bool is_stopped(void *context)
{
  (void)context;
  return seep_report_input_interrupted();
}

static void show_progress(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
  seep_report_progress_tell(context, done_bytes, total_bytes);
}

static size_t memory_of(const seep_report_request *wanted)
{
  return wanted->memory_bytes < SIZE_MAX ? (size_t)wanted->memory_bytes : SIZE_MAX;
}

static size_t stacks_wanted(const seep_report_request *wanted)
{
  size_t count = wanted->top > SEEP_ANSWER_STACKS ? wanted->top : SEEP_ANSWER_STACKS;
  count = wanted->html != NULL && count < PAGE_STACKS ? PAGE_STACKS : count;
  return count < SEEP_ANSWER_STACKS_MAXIMUM ? count : SEEP_ANSWER_STACKS_MAXIMUM;
}

static int fail_reading(const work *w, seep_status status, const seep_error *error)
{
  char why[SEEP_ERROR_SUBJECT_SIZE + 160];
  const char *operation = error->operation != NULL ? error->operation : "buffers";
  switch (status) {
  case SEEP_CORRUPT:
    snprintf(why, sizeof why, "not an event trace: no %s (at byte %" PRId64 ")", operation, error->code);
    break;
  case SEEP_CANCELLED:
    snprintf(why, sizeof why, "interrupted");
    break;
  case SEEP_NO_MEMORY:
    snprintf(why, sizeof why, "out of memory");
    break;
  case SEEP_LIMIT:
    snprintf(why, sizeof why, "it needs more memory than an analysis may have (limit)");
    break;
  default:
    (void)seep_error_text(error, why, sizeof why);
    break;
  }
  return fail(w, seep_cli_exit_code(status), why);
}

static int analyse(work *w)
{
  const seep_report_request *wanted = w->wanted;
  seep_error error = {0};
  const seep_answer_request request = {.options = {.has_pid = wanted->has_pid,
                                                   .pid = wanted->pid,
                                                   .process_name = wanted->process_name,
                                                   .maximum_stacks = stacks_wanted(wanted)},
                                       .maximum_memory_bytes = memory_of(wanted),
                                       .stopped = is_stopped,
                                       .progress = show_progress,
                                       .watcher = &w->progress};
  seep_report_progress_begin(&w->progress, "reading the trace");
  seep_status status = seep_answer_read(&w->answer, w->input.mapping.data,
                                        (size_t)w->input.mapping.size_bytes, &request, &error);
  seep_report_progress_end(&w->progress);
  w->is_missing = status == SEEP_NOT_FOUND;
  if (status != SEEP_OK && !w->is_missing) {
    return fail_reading(w, status, &error);
  }
  if (w->input.is_damaged) {
    w->answer.merged.summary.truncated = true;
    char note[NOTE_SIZE];
    snprintf(note, sizeof note,
             "The compressed file is damaged or cut at byte %" PRIu64 ": what comes before it was read.",
             w->input.damaged_at);
    add_note(w, note);
  }
  return SEEP_EXIT_DONE;
}

static bool is_folder(const char *path)
{
  uv_fs_t request;
  bool is = uv_fs_stat(NULL, &request, path, NULL) == 0 && (request.statbuf.st_mode & S_IFMT) == S_IFDIR;
  uv_fs_req_cleanup(&request);
  return is;
}

/* A mistyped name would look like missing symbols. */
static void check_folders(work *w)
{
  for (size_t i = 0; i < w->wanted->symbol_count; i++) {
    char note[NOTE_SIZE], path[SEEP_OUTPUT_NAME_SIZE];
    if (!is_folder(w->wanted->symbols[i])) {
      snprintf(note, sizeof note, "--symbols %.300s: there is no such folder; nothing was looked for in it.",
               seep_output_presentable(w->wanted->symbols[i], true, path, sizeof path));
      add_note(w, note);
    }
  }
}

static int name_frames(work *w)
{
  seep_symbol_files files;
  if (!seep_symbol_files_open(&files, w->wanted->symbols, w->wanted->symbol_count)) {
    return seep_cli_fail(SEEP_REPORT_VERB, SEEP_EXIT_USAGE, "--symbols", "a folder is needed");
  }
  check_folders(w);
  seep_symbol_source source = seep_symbol_files_source(&files);
  source.stopped = is_stopped;
  seep_report_progress_begin(&w->progress, "looking for symbols");
  seep_report_progress_tell(&w->progress, 0, 0);
  seep_status status = seep_naming_run(&w->answer, &source, &w->naming);
  seep_report_progress_end(&w->progress);
  seep_symbol_files_close(&files);
  w->is_named = status == SEEP_OK;
  if (status == SEEP_OK) {
    return SEEP_EXIT_DONE;
  }
  return seep_cli_fail(SEEP_REPORT_VERB, seep_cli_exit_code(status), "reading symbols",
                       seep_status_text(status));
}

/* ---- writing ---- */

static const seep_naming *naming_of(const work *w)
{
  return w->is_named ? &w->naming : NULL;
}

/* The last part of its path, of whatever system. */
static const char *name_of_file(const char *path)
{
  if (strcmp(path, "-") == 0) {
    return "standard input";
  }
  const char *last = path;
  for (; *path != '\0'; path++) {
    last = *path == '/' || *path == '\\' ? path + 1 : last;
  }
  return last;
}

static int write_page(work *w)
{
  seep_output_file file;
  seep_report_history history = {.chart = NULL};
  int result = seep_output_file_begin(&file, SEEP_REPORT_VERB, w->wanted->html);
  if (result != SEEP_EXIT_DONE) {
    return result;
  }
  if (w->wanted->database != NULL) {
    seep_report_history_read(&history, w->wanted->database, &w->answer);
    add_note(w, history.note);
  }
  const seep_trace_page_options options = {.file_name = name_of_file(w->wanted->path),
                                           .version = SEEP_VERSION,
                                           .commit = history.chart,
                                           .marks = history.marks,
                                           .mark_count = history.mark_count};
  if (seep_trace_page_write(&w->answer, naming_of(w), &options, to_stream, file.stream)) {
    result = seep_output_file_end(&file);
  } else {
    seep_output_file_drop(&file);
    result = seep_cli_fail(SEEP_REPORT_VERB, SEEP_EXIT_FAILED, "writing the page", "out of memory");
  }
  seep_report_history_free(&history);
  return result;
}

static int write_json(const work *w, bool is_short, FILE *stream)
{
  const char *notes[NOTES];
  for (size_t i = 0; i < w->note_count; i++) {
    notes[i] = w->notes[i];
  }
  const seep_trace_json_options options = {.is_short = is_short,
                                           .maximum_stacks =
                                               w->wanted->top > 0 ? w->wanted->top : SEEP_ANSWER_STACKS,
                                           .file_name = name_of_file(w->wanted->path),
                                           .version = SEEP_VERSION,
                                           .notes = notes,
                                           .note_count = w->note_count};
  return seep_trace_json_write(&w->answer, naming_of(w), &options, to_stream, stream)
             ? SEEP_EXIT_DONE
             : seep_cli_fail(SEEP_REPORT_VERB, SEEP_EXIT_FAILED, "writing JSON", "out of memory");
}

/* For whoever only wants to know who it was. */
static int write_short_answer(const work *w)
{
  seep_output_file file;
  int result = seep_output_file_begin(&file, SEEP_REPORT_VERB, w->wanted->answer);
  if (result != SEEP_EXIT_DONE) {
    return result;
  }
  result = write_json(w, true, file.stream);
  if (result != SEEP_EXIT_DONE) {
    seep_output_file_drop(&file);
    return result;
  }
  return seep_output_file_end(&file);
}

static void write_text(const work *w)
{
  char path[SEEP_OUTPUT_NAME_SIZE];
  const seep_trace_table_options options = {.top = w->wanted->top, .width = seep_terminal_columns()};
  seep_trace_table_write(&w->answer, naming_of(w), &options, to_stream, stdout);
  for (size_t i = 0; i < w->note_count; i++) {
    printf("%s- %s\n", i == 0 ? "\nAlso\n" : "",
           seep_output_presentable(w->notes[i], true, path, sizeof path));
  }
  if (w->wanted->html != NULL) {
    printf("\nPage: %s\n", seep_output_presentable(w->wanted->html, true, path, sizeof path));
  }
}

/* "7 is not in the trace; it has w3wp.exe (5200), svchost.exe (712) and 4 more" */
static int fail_missing(const work *w)
{
  char why[SEEP_OUTPUT_NAME_SIZE];
  seep_writer writer;
  const seep_answer *answer = &w->answer;
  size_t told = answer->process_count < LISTED_PROCESSES ? answer->process_count : LISTED_PROCESSES;
  seep_writer_init(&writer, why, sizeof why);
  if (w->wanted->has_pid) {
    seep_writer_format(&writer, "process %" PRIu32, w->wanted->pid);
  } else {
    seep_writer_format(&writer, "%.100s", w->wanted->process_name);
  }
  seep_writer_text(&writer, " has no memory events in it");
  for (size_t i = 0; i < told; i++) {
    seep_writer_format(&writer, "%s%.64s (%" PRIu32 ")", i == 0 ? "; these have: " : ", ",
                       answer->processes[i].name, answer->processes[i].pid);
  }
  if (answer->process_count > told) {
    seep_writer_format(&writer, " and %zu more", answer->process_count - told);
  }
  return fail(w, SEEP_EXIT_NOT_FOUND, why);
}

static int flush_output(void)
{
  errno = 0;
  if (fflush(stdout) != 0 || ferror(stdout) != 0) {
    return seep_cli_fail(SEEP_REPORT_VERB, SEEP_EXIT_FAILED, "writing standard output", strerror(errno));
  }
  return SEEP_EXIT_DONE;
}

/* JSON is written for a process that is not there too: it lists those that are. */
static int write_answer(work *w)
{
  const bool to_stdout = w->wanted->html != NULL && strcmp(w->wanted->html, "-") == 0;
  int result = w->wanted->html != NULL && !w->is_missing ? write_page(w) : SEEP_EXIT_DONE;
  if (result == SEEP_EXIT_DONE && w->wanted->answer != NULL) {
    result = write_short_answer(w);
  } else if (result == SEEP_EXIT_DONE && w->wanted->json) {
    result = write_json(w, false, stdout);
  } else if (result == SEEP_EXIT_DONE && !w->is_missing && !to_stdout) {
    write_text(w);
  }
  result = result == SEEP_EXIT_DONE ? flush_output() : result;
  return result == SEEP_EXIT_DONE && w->is_missing ? fail_missing(w) : result;
}

static int answer_it(work *w)
{
  int result = analyse(w);
  if (result == SEEP_EXIT_DONE && !w->is_missing) {
    result = name_frames(w);
  }
  result = result == SEEP_EXIT_DONE ? write_answer(w) : result;
  seep_naming_free(&w->naming);
  seep_answer_free(&w->answer);
  return result;
}

static int count_events(work *w)
{
  int result =
      seep_trace_events_run(SEEP_REPORT_VERB, w->input.mapping.data, (size_t)w->input.mapping.size_bytes,
                            w->wanted->payload_pointer_bits, w->wanted->json);
  return result == SEEP_EXIT_DONE ? flush_output() : result;
}

/* A refusal is no error: it takes a little more of what others want. */
static void step_back(void)
{
  (void)uv_os_setpriority(uv_os_getpid(), UV_PRIORITY_LOW);
#ifdef _WIN32
  seep_win_background(true); /* its reading from the disk too */
#endif
}

int seep_report_run(const seep_report_request *wanted)
{
  static work w;
  memset(&w, 0, sizeof w);
  w.wanted = wanted;
  if (wanted->background) {
    step_back();
  }
  seep_report_progress_init(&w.progress);
  int result = seep_report_input_open(&w.input, SEEP_REPORT_VERB, wanted->path, &w.progress);
  if (result == SEEP_EXIT_DONE) {
    result = wanted->events ? count_events(&w) : answer_it(&w);
  }
  seep_report_input_close(&w.input);
  return result;
}
