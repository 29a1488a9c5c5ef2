/*
 * `seepwatch memory (--dump FILE.dmp [--since OLDER.dmp] | --pid N) [--json]`: which kinds of memory a
 * process has, and with --since which kind grew. Reads alone: nothing is suspended, injected or changed. The
 * dump may be of any size.
 *
 * Exit codes: 2 also when two dumps cannot be compared (two processes, wrong order, two views), as only
 * naming others helps; 4 for what is no usable dump. An answer "undetermined" is an answer: 0.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/memory_json.h"
#include "cli/memory_look.h"
#include "cli/memory_tables.h"

#define USAGE "usage: seepwatch memory (--dump FILE.dmp [--since OLDER.dmp] | --pid N) [--json]"

typedef struct request {
  const char *dump, *since;
  bool json, has_pid;
  uint32_t pid;
} request;

static int write_answer(const request *wanted, const seep_memory_look *look, const seep_memory_since *since)
{
  if (!wanted->json) {
    seep_memory_tables(look, since);
  } else if (!seep_memory_json(look, since)) {
    return seep_cli_fail(SEEP_MEMORY_VERB, SEEP_EXIT_FAILED, "writing JSON", "no memory (malloc)");
  }
  errno = 0;
  if (fflush(stdout) != 0 || ferror(stdout) != 0) {
    return seep_cli_fail(SEEP_MEMORY_VERB, SEEP_EXIT_FAILED, "writing standard output", strerror(errno));
  }
  return SEEP_EXIT_DONE;
}

static int compare(const request *wanted, seep_memory_look *look)
{
  static seep_memory_look older;
  static seep_memory_since since;
  int result = seep_memory_look_at_dump(&older, wanted->since);
  if (result == SEEP_EXIT_DONE) {
    result = seep_memory_look_check_since(&older, look);
  }
  if (result == SEEP_EXIT_DONE) {
    seep_memory_look_compare(&older, look, &since);
    result = write_answer(wanted, look, &since);
  }
  seep_memory_look_close(&older);
  return result;
}

static int look_and_tell(const request *wanted)
{
  static seep_memory_look look;
  int result = wanted->has_pid ? seep_memory_look_at_process(&look, wanted->pid)
                               : seep_memory_look_at_dump(&look, wanted->dump);
  if (result == SEEP_EXIT_DONE && wanted->since != NULL) {
    result = compare(wanted, &look);
  } else if (result == SEEP_EXIT_DONE) {
    result = write_answer(wanted, &look, NULL);
  }
  seep_memory_look_close(&look);
  return result;
}

/* ---- arguments ---- */

/* 0 is the system's idle process, which has no memory of its own. */
static bool read_pid(const char *text, uint32_t *pid)
{
  uint64_t value = 0;
  bool is_number = seep_cli_number(text, UINT32_MAX, &value);
  *pid = (uint32_t)value;
  return is_number && value > 0;
}

static int fail_usage(const char *what, const char *why)
{
  char text[256];
  snprintf(text, sizeof text, "%s; %s", why, USAGE);
  return seep_cli_fail(SEEP_MEMORY_VERB, SEEP_EXIT_USAGE, what, text);
}

static int read_file(const char **file, const char *option, const char *argument)
{
  if (*file != NULL) {
    return fail_usage(option, "given twice");
  }
  if (argument == NULL || argument[0] == '\0' || (argument[0] == '-' && argument[1] == '-')) {
    return fail_usage(option, "a file is needed");
  }
  if (strcmp(argument, "-") == 0) {
    return fail_usage(option, "a dump is read here and there, so it must be a file, not the standard input");
  }
  *file = argument;
  return SEEP_EXIT_DONE;
}

static int read_arguments(request *wanted, int argc, char **argv)
{
  int result = SEEP_EXIT_DONE;
  for (int i = 1; result == SEEP_EXIT_DONE && i < argc; i++) {
    const char *next = i + 1 < argc ? argv[i + 1] : NULL;
    if (strcmp(argv[i], "--json") == 0) {
      wanted->json = true;
    } else if (strcmp(argv[i], "--dump") == 0) {
      result = read_file(&wanted->dump, argv[i++], next);
    } else if (strcmp(argv[i], "--since") == 0) {
      result = read_file(&wanted->since, argv[i++], next);
    } else if (strcmp(argv[i], "--pid") == 0) {
      wanted->has_pid = true;
      i++;
      result = read_pid(next, &wanted->pid) ? SEEP_EXIT_DONE : fail_usage("--pid", "a process id is needed");
    } else {
      result = fail_usage(argv[i], argv[i][0] == '-' ? "unknown option" : "a dump is named with --dump");
    }
  }
  return result;
}

int seep_cmd_memory(int argc, char **argv)
{
  request wanted = {NULL, NULL, false, false, 0};
  int result = read_arguments(&wanted, argc, argv);
  if (result != SEEP_EXIT_DONE) {
    return result;
  }
  if (wanted.has_pid && (wanted.dump != NULL || wanted.since != NULL)) {
    return fail_usage("--pid", "either a process or dumps, not both");
  }
  if (wanted.since != NULL && wanted.dump == NULL) {
    return fail_usage("--since", "name the newer dump with --dump");
  }
  if (!wanted.has_pid && wanted.dump == NULL) {
    return fail_usage("nothing to look at", "--dump or --pid is needed");
  }
  return look_and_tell(&wanted);
}
