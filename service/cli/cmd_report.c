/*
 * `seepwatch report FILE.etl[.gz]`: who leaks in a trace - process, module, function - with the stacks, and
 * what was lost of it. With --events: what is in the trace at all. A trace that is cut, damaged or packed in
 * a way that nobody knows gives what could be read and says what could not.
 *
 * Exit codes: 0 also when nothing leaks; 3 when the process asked for is not in the trace.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "report_run.h"

#define USAGE                                                                                                \
  "usage: seepwatch report FILE.etl[.gz] [--pid N | --process NAME] [--top N] [--symbols DIR]... "           \
  "[--html OUT [--db FILE]] [--json | --answer OUT] [--memory-bytes N] [--background] | report "             \
  "FILE.etl[.gz] --events [--payload-pointer-bits 32|64] "                                                   \
  "[--json]"

#define TOP_MAXIMUM 2000
#define MEMORY_MINIMUM (UINT64_C(1) << 20)
#define MEMORY_MAXIMUM (UINT64_C(1) << 46)

static int fail_usage(const char *what, const char *why)
{
  char text[512];
  snprintf(text, sizeof text, "%s; %s", why, USAGE);
  return seep_cli_fail(SEEP_REPORT_VERB, SEEP_EXIT_USAGE, what, text);
}

static int read_text(const char **place, const char *option, const char *argument)
{
  if (*place != NULL) {
    return fail_usage(option, "given twice");
  }
  if (argument == NULL || argument[0] == '\0' || (argument[0] == '-' && argument[1] == '-')) {
    return fail_usage(option, "a value is needed");
  }
  *place = argument;
  return SEEP_EXIT_DONE;
}

static int read_symbols(seep_report_request *wanted, const char *argument)
{
  const char *folder = NULL;
  int result = read_text(&folder, "--symbols", argument);
  if (result == SEEP_EXIT_DONE && wanted->symbol_count == SEEP_REPORT_SYMBOL_FOLDERS) {
    return fail_usage("--symbols", "16 folders at most");
  }
  if (result == SEEP_EXIT_DONE) {
    wanted->symbols[wanted->symbol_count++] = folder;
  }
  return result;
}

static int read_figure(seep_report_request *wanted, const char *option, const char *argument)
{
  uint64_t value = 0;
  if (strcmp(option, "--pid") == 0) {
    wanted->has_pid = seep_cli_number(argument, UINT32_MAX, &value);
    wanted->pid = (uint32_t)value;
    return wanted->has_pid ? SEEP_EXIT_DONE : fail_usage(option, "a process id is needed");
  }
  if (strcmp(option, "--top") == 0) {
    if (!seep_cli_number(argument, TOP_MAXIMUM, &value) || value == 0) {
      return fail_usage(option, "a number from 1 to 2000 is needed");
    }
    wanted->top = (size_t)value;
    return SEEP_EXIT_DONE;
  }
  if (strcmp(option, "--memory-bytes") == 0) {
    if (!seep_cli_number(argument, MEMORY_MAXIMUM, &value) || value < MEMORY_MINIMUM) {
      return fail_usage(option, "a number from 1048576 (1 MB) to 70368744177664 (64 TB) is needed");
    }
    wanted->memory_bytes = value;
    return SEEP_EXIT_DONE;
  }
  if (!seep_cli_number(argument, 64, &value) || (value != 32 && value != 64)) {
    return fail_usage(option, "32 or 64 is needed");
  }
  wanted->payload_pointer_bits = (unsigned)value;
  return SEEP_EXIT_DONE;
}

static bool is_figure(const char *option)
{
  return strcmp(option, "--pid") == 0 || strcmp(option, "--top") == 0 ||
         strcmp(option, "--memory-bytes") == 0 || strcmp(option, "--payload-pointer-bits") == 0;
}

/* An option with a value; the value is argument. */
static int read_option(seep_report_request *wanted, const char *option, const char *argument)
{
  if (is_figure(option)) {
    return read_figure(wanted, option, argument);
  }
  if (strcmp(option, "--process") == 0) {
    return read_text(&wanted->process_name, option, argument);
  }
  if (strcmp(option, "--html") == 0) {
    return read_text(&wanted->html, option, argument);
  }
  if (strcmp(option, "--answer") == 0) {
    return read_text(&wanted->answer, option, argument);
  }
  if (strcmp(option, "--db") == 0) {
    return read_text(&wanted->database, option, argument);
  }
  if (strcmp(option, "--symbols") == 0) {
    return read_symbols(wanted, argument);
  }
  return fail_usage(option, "unknown option");
}

static int read_arguments(seep_report_request *wanted, int argc, char **argv)
{
  int result = SEEP_EXIT_DONE;
  for (int i = 1; result == SEEP_EXIT_DONE && i < argc; i++) {
    if (strcmp(argv[i], "--json") == 0) {
      wanted->json = true;
    } else if (strcmp(argv[i], "--background") == 0) {
      wanted->background = true;
    } else if (strcmp(argv[i], "--events") == 0) {
      wanted->events = true;
    } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
      result = read_option(wanted, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
      i++;
    } else if (wanted->path != NULL) {
      result = fail_usage(argv[i], "one file only");
    } else {
      wanted->path = argv[i];
    }
  }
  return result;
}

/* What does not go together. */
static int check(const seep_report_request *wanted)
{
  bool asks_who = wanted->has_pid || wanted->process_name != NULL || wanted->top > 0 ||
                  wanted->symbol_count > 0 || wanted->html != NULL || wanted->answer != NULL ||
                  wanted->memory_bytes > 0;
  if (wanted->path == NULL) {
    return fail_usage("no file", "a trace is needed");
  }
  if (wanted->has_pid && wanted->process_name != NULL) {
    return fail_usage("--process", "either a PID or a name, not both");
  }
  if (wanted->database != NULL && wanted->html == NULL) {
    return fail_usage("--db", "the store's figures are for the page: name one with --html");
  }
  if (wanted->json && wanted->html != NULL && strcmp(wanted->html, "-") == 0) {
    return fail_usage("--html -", "the standard output takes either the page or JSON");
  }
  if (wanted->json && wanted->answer != NULL) {
    return fail_usage("--answer", "either a file or the standard output takes the JSON");
  }
  if (wanted->events && asks_who) {
    return fail_usage("--events",
                      "it counts the whole trace and takes no option but --json and --payload-pointer-bits");
  }
  if (!wanted->events && wanted->payload_pointer_bits != 0) {
    return fail_usage("--payload-pointer-bits", "it is for --events");
  }
  return SEEP_EXIT_DONE;
}

int seep_cmd_report(int argc, char **argv)
{
  seep_report_request wanted = {.path = NULL};
  int result = read_arguments(&wanted, argc, argv);
  result = result == SEEP_EXIT_DONE ? check(&wanted) : result;
  return result == SEEP_EXIT_DONE ? seep_report_run(&wanted) : result;
}
