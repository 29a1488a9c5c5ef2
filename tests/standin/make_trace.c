/*
 * make_trace OUT.etl [options]: a trace of any size whose answer is known, and the answer as JSON (see
 * README-recorder.md). For benchmarks, for end-to-end tests, and to look at by hand.
 */
#if !defined(_WIN32) && !defined(_FILE_OFFSET_BITS)
#define _FILE_OFFSET_BITS 64
#endif

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standin/etl_scenario.h"

#define BIG_FILE_EVENTS 1000000u
#define BIG_FILE_BUFFER_BYTES 1048576u

/* Sequential but for the header, which is written twice. */
typedef struct output {
  FILE *file;
  uint64_t at;
} output;

static bool seek(FILE *file, uint64_t offset)
{
#ifdef _WIN32
  return _fseeki64(file, (long long)offset, SEEK_SET) == 0;
#else
  return fseek(file, (long)offset, SEEK_SET) == 0;
#endif
}

static bool write_at(void *context, uint64_t offset, const void *bytes, size_t size)
{
  output *out = context;
  if (offset != out->at && !seek(out->file, offset)) {
    return false;
  }
  out->at = offset + size;
  return fwrite(bytes, 1, size, out->file) == size;
}

/* ---- the answer ---- */

/* Names are ours: nothing in them needs escaping. */
static void print_process(FILE *to, const etl_scenario_process *process, bool is_last)
{
  static const char *const views[2] = {"virtual", "heap"};
  fprintf(to, "    {\"pid\": %" PRIu32 ", \"name\": \"%s\", \"wow64\": %s, \"ended\": %s, ", process->pid,
          process->name, process->is_wow64 ? "true" : "false", process->ended_here ? "true" : "false");
  fprintf(to, "\"commit_bytes\": %" PRIu64, process->commit_bytes);
  for (unsigned view = 0; view < 2; view++) {
    const etl_ledger_totals *totals = &process->totals[view];
    fprintf(to,
            ", \"%s\": {\"live_bytes\": %" PRIu64 ", \"live_count\": %" PRIu64 ", \"unknown_frees\": %" PRIu64
            ", \"unknown_freed_bytes\": %" PRIu64 "}",
            views[view], process->live_bytes[view], process->live_count[view], totals->unknown_frees,
            totals->unknown_freed_bytes);
  }
  fprintf(to, "}%s\n", is_last ? "" : ",");
}

static void print_site(FILE *to, const etl_scenario_answer *answer, const etl_scenario_site *site,
                       bool is_first)
{
  const etl_scenario_process *process = &answer->processes[site->process];
  fprintf(to, "%s    {\"pid\": %" PRIu32 ", \"process\": \"%s\", \"view\": \"%s\", \"behaviour\": \"%s\", ",
          is_first ? "" : ",\n", process->pid, process->name, site->view == 0 ? "virtual" : "heap",
          site->behaviour);
  if (site->module != NULL) {
    fprintf(to, "\"frame\": \"%s+0x%" PRIx32 "\", ", site->module, site->offset);
  }
  fprintf(to,
          "\"allocations\": %" PRIu64 ", \"allocated_bytes\": %" PRIu64 ", \"freed_bytes\": %" PRIu64
          ", \"live_bytes\": %" PRIu64 ", \"live_count\": %" PRIu64 "}",
          site->use.allocations, site->use.allocated_bytes, site->use.freed_bytes, site->use.live_bytes,
          site->use.live_count);
}

static void print_answer(FILE *to, const etl_scenario_answer *answer)
{
  bool is_first = true;
  fprintf(to, "{\n  \"culprit\": \"%s\",\n", answer->culprit != NULL ? answer->culprit : "");
  fprintf(to, "  \"memory_events\": %" PRIu64 ",\n  \"file_bytes\": %" PRIu64 ",\n", answer->memory_events,
          answer->file_bytes);
  fprintf(to,
          "  \"buffers\": %" PRIu32 ",\n  \"buffers_lost\": %" PRIu32 ",\n  \"events_lost\": %" PRIu32 ",\n",
          answer->buffers, answer->buffers_lost, answer->events_lost);
  fprintf(to, "  \"processes\": [\n");
  for (size_t i = 0; i < answer->process_count; i++) {
    print_process(to, &answer->processes[i], i + 1 == answer->process_count);
  }
  fprintf(to, "  ],\n  \"sites\": [\n");
  for (size_t i = 0; i < answer->site_count; i++) {
    if (answer->sites[i].use.allocations > 0) {
      print_site(to, answer, &answer->sites[i], is_first);
      is_first = false;
    }
  }
  fprintf(to, "\n  ]\n}\n");
}

/* ---- the command line ---- */

typedef struct request {
  etl_scenario_options options;
  const char *path, *answer_path;
} request;

static bool read_kind(const char *text, etl_scenario_kind *kind)
{
  static const char *const names[] = {"virtual", "heap", "both"};
  for (unsigned i = 0; i < 3; i++) {
    if (strcmp(text, names[i]) == 0) {
      *kind = (etl_scenario_kind)(i + 1);
      return true;
    }
  }
  return false;
}

static bool read_number(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
  char *end = NULL;
  errno = 0;
  *value = strtoull(text, &end, 10);
  return errno == 0 && end != text && *end == '\0' && text[0] != '-' && *value >= least && *value <= most;
}

static bool read_flag(request *to, const char *name)
{
  const struct {
    const char *name;
    bool *flag;
  } flags[] = {{"--compress", &to->options.is_packed}, {"--wow64", &to->options.is_wow64},
               {"--keyed", &to->options.is_keyed},     {"--tidy", &to->options.is_tidy},
               {"--raw", &to->options.is_raw},         {"--old-index", &to->options.has_old_index}};
  for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
    if (strcmp(name, flags[i].name) == 0) {
      *flags[i].flag = true;
      return true;
    }
  }
  return false;
}

static bool read_value(request *to, const char *name, const char *value)
{
  etl_scenario_options *options = &to->options;
  uint64_t number = 0;
  if (strcmp(name, "--kind") == 0) {
    return read_kind(value, &options->kind);
  }
  if (strcmp(name, "--answer") == 0) {
    to->answer_path = value;
    return true;
  }
  if (strcmp(name, "--events") == 0) {
    return read_number(value, 1, 100000000, &options->events);
  }
  if (strcmp(name, "--seed") == 0) {
    return read_number(value, 0, UINT64_MAX, &options->seed);
  }
  if (strcmp(name, "--seconds") == 0 && read_number(value, 1, 86400, &number)) {
    options->duration_ms = number * 1000;
    return true;
  }
  if (strcmp(name, "--cpus") == 0 && read_number(value, 1, 256, &number)) {
    options->processors = (unsigned)number;
    return true;
  }
  if (strcmp(name, "--processes") == 0 && read_number(value, 0, 8, &number)) {
    options->processes = (unsigned)number;
    return true;
  }
  if (strcmp(name, "--stacks") == 0 && read_number(value, 0, 20000, &number)) {
    options->stacks = (unsigned)number;
    return true;
  }
  return false;
}

static bool read_arguments(request *to, int count, char **arguments)
{
  for (int i = 1; i < count; i++) {
    if (arguments[i][0] != '-' && to->path == NULL) {
      to->path = arguments[i];
    } else if (read_flag(to, arguments[i])) {
      continue;
    } else if (i + 1 < count && read_value(to, arguments[i], arguments[i + 1])) {
      i++;
    } else {
      fprintf(stderr, "make_trace: cannot understand \"%s\"\n", arguments[i]);
      return false;
    }
  }
  return to->path != NULL;
}

static bool write_answer(const request *from, const etl_scenario_answer *answer)
{
  FILE *to = from->answer_path != NULL ? fopen(from->answer_path, "wb") : stdout;
  if (to == NULL) {
    return false;
  }
  print_answer(to, answer);
  bool written = ferror(to) == 0;
  return (to == stdout || fclose(to) == 0) && written;
}

int main(int count, char **arguments)
{
  request from = {.path = NULL};
  etl_scenario_answer answer;
  etl_scenario_defaults(&from.options);
  if (!read_arguments(&from, count, arguments)) {
    fprintf(stderr,
            "usage: make_trace OUT.etl [--events N] [--kind heap|virtual|both] [--cpus N] [--processes N]\n"
            "  [--stacks N] [--seconds N] [--seed N] [--compress] [--wow64] [--keyed] [--tidy] [--raw]\n"
            "  [--old-index] [--answer ANSWER.json]\n");
    return 2;
  }
  from.options.buffer_bytes =
      from.options.events >= BIG_FILE_EVENTS ? BIG_FILE_BUFFER_BYTES : from.options.buffer_bytes;
  output out = {fopen(from.path, "wb"), 0};
  if (out.file == NULL) {
    fprintf(stderr, "make_trace: cannot write %s\n", from.path);
    return 1;
  }
  bool made = etl_scenario_make(&from.options, write_at, &out, &answer);
  bool closed = fclose(out.file) == 0;
  bool done = made && closed && write_answer(&from, &answer);
  if (!done) {
    fprintf(stderr, "make_trace: %s is not whole\n", from.path);
  }
  etl_scenario_answer_free(&answer);
  return done ? 0 : 1;
}
