/*
 * The verb replay: what the service would have called a leak, had it watched what a file tells. Options,
 * configuration and the last word; the engine is fed by replay_input.c through replay_run.c.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "base/text.h"
#include "cli.h"
#include "output.h"
#include "replay_input.h"
#include "replay_json.h"
#include "replay_print.h"
#include "replay_run.h"
#include "settings/settings.h"

#define PROGRESS_EVERY_NS UINT64_C(500000000)

typedef struct request {
  const char *path, *config, *explain;
  bool json, has_headroom;
  uint64_t headroom_bytes;
} request;

/* ---- what is asked ---- */

static bool take_valued(request *asked, const char *name, const char *value)
{
  if (strcmp(name, "--config") == 0 && asked->config == NULL) {
    asked->config = value;
    return true;
  }
  if (strcmp(name, "--explain") == 0 && asked->explain == NULL) {
    asked->explain = value;
    return value[0] != '\0';
  }
  if (strcmp(name, "--headroom-bytes") == 0 && !asked->has_headroom &&
      seep_cli_number(value, UINT64_MAX, &asked->headroom_bytes)) {
    asked->has_headroom = true;
    return true;
  }
  return false;
}

static int parse(request *asked, int argc, char **argv)
{
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--json") == 0) {
      asked->json = true;
    } else if (asked->path == NULL && (strcmp(argv[i], "-") == 0 || argv[i][0] != '-')) {
      asked->path = argv[i];
    } else if (i + 1 < argc && take_valued(asked, argv[i], argv[i + 1])) {
      i++;
    } else {
      return seep_cli_fail("replay", SEEP_EXIT_USAGE, argv[i],
                           "unknown option, or its value is missing or wrong");
    }
  }
  return asked->path != NULL ? SEEP_EXIT_DONE
                             : seep_cli_fail("replay", SEEP_EXIT_USAGE, "FILE", "it is missing");
}

/* Without a file the shipped defaults: the service's own file is another server's when the input is. */
static int load_settings(const char *path, seep_settings *settings)
{
  char *text = NULL;
  size_t size = 0;
  seep_settings_problem problem;
  seep_settings_defaults(settings);
  if (path == NULL) {
    return SEEP_EXIT_DONE;
  }
  int result = seep_cli_read("replay", path, SEEP_SETTINGS_MAXIMUM_BYTES, &text, &size);
  if (result != SEEP_EXIT_DONE) {
    return result;
  }
  seep_status status = seep_settings_parse(text, size, settings, &problem);
  free(text);
  if (status == SEEP_OK) {
    return SEEP_EXIT_DONE;
  }
  char what[1024];
  seep_writer writer;
  seep_writer_init(&writer, what, sizeof what);
  seep_writer_text(&writer, path);
  if (problem.line > 0) {
    seep_writer_format(&writer, " line %u", problem.line);
  }
  if (problem.key[0] != '\0') {
    seep_writer_format(&writer, "%s key %s", problem.line > 0 ? "," : "", problem.key);
  }
  return seep_cli_fail("replay", status == SEEP_NO_MEMORY ? SEEP_EXIT_FAILED : SEEP_EXIT_BAD_INPUT, what,
                       problem.reason);
}

/* ---- progress ---- */

typedef struct progress {
  const seep_replay_run *run;
  uint64_t last_ns;
  bool shown;
} progress;

/* The cursor stays in front: what is said next overwrites it. */
static void show_progress(void *context)
{
  progress *p = context;
  char time[SEEP_OUTPUT_MINUTE_SIZE];
  uint64_t now = uv_hrtime();
  if (now - p->last_ns < PROGRESS_EVERY_NS) {
    return;
  }
  p->last_ns = now;
  p->shown = true;
  fprintf(stderr, "%" PRIu64 " samples, %s \r", p->run->samples,
          seep_output_minute(p->run->last.wall, time, sizeof time));
  fflush(stderr);
}

static void clear_progress(const progress *p)
{
  if (p->shown) {
    fprintf(stderr, "%60s\r", "");
    fflush(stderr);
  }
}

/* ---- the verb ---- */

static int print(const request *asked, const seep_replay_run *run, const seep_replay_input *input, int code)
{
  if (!asked->json) {
    seep_replay_print_text(run, asked->explain);
  } else if (!seep_replay_json(run, input->skipped, asked->explain)) {
    return seep_cli_fail("replay", SEEP_EXIT_FAILED, "write output", "not enough memory");
  }
  if (fflush(stdout) != 0 || ferror(stdout)) {
    return seep_cli_fail("replay", SEEP_EXIT_FAILED, "write output", "the output does not take it");
  }
  if (code == SEEP_EXIT_DONE && asked->explain != NULL && run->watch.count == 0) {
    return seep_cli_fail("replay", SEEP_EXIT_NOT_FOUND, asked->explain,
                         "no process of that name in the file");
  }
  return code;
}

static int replay(const request *asked, const seep_settings *settings)
{
  seep_replay_run run;
  seep_replay_input input;
  progress shown = {.run = &run, .last_ns = uv_hrtime()};
  bool any = false;
  seep_replay_options options = {.settings = settings,
                                 .explain = asked->explain,
                                 .headroom = asked->has_headroom ? &asked->headroom_bytes : NULL,
                                 .progress = uv_guess_handle(2) == UV_TTY ? show_progress : NULL,
                                 .progress_context = &shown};
  int code = SEEP_EXIT_FAILED;
  if (seep_replay_run_init(&run, &options)) {
    code = seep_replay_input_read(&input, asked->path, &run, &any);
    clear_progress(&shown);
    code = any ? print(asked, &run, &input, code) : code;
  } else {
    seep_cli_fail("replay", code, "begin", "not enough memory");
  }
  seep_replay_run_fini(&run);
  return code;
}

int seep_cmd_replay(int argc, char **argv)
{
  request asked = {0};
  seep_settings settings;
  int code = parse(&asked, argc, argv);
  if (code == SEEP_EXIT_DONE) {
    code = load_settings(asked.config, &settings);
  }
  return code == SEEP_EXIT_DONE ? replay(&asked, &settings) : code;
}
