/*
 * `seepwatch event`: explains one exported Event 2004, or the 1003 or 1008 beside it; latest and list, on
 * what the store has kept, have a file of their own. Reads the file whole (it is small by nature), turns
 * UTF-16 as Event Viewer saves it into UTF-8, and leaves the understanding to the service's own parsers.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/text.h"
#include "cli.h"
#include "event_print.h"
#include "event_stored.h"
#include "observe/exhaustion.h"
#include "observe/memory_notice.h"
#include "output.h"

#define VERB "event"

/* UTF-16 needs at most two bytes where UTF-8 needs one, and a byte order mark. */
#define FILE_MAXIMUM_BYTES (2u * SEEP_EXHAUSTION_MAXIMUM_BYTES + 2u)
#define USAGE                                                                                                \
  "usage: seepwatch event FILE.xml [--json], event latest [--db F] [--json], or event list [--db F] "        \
  "[--json|--csv]"

typedef struct event_file {
  char *data; /* owned; UTF-8 after to_utf8 */
  size_t size;
} event_file;

/* why ends with the code in parentheses. */
static int fail(int exit_code, const char *path, const char *why)
{
  return seep_cli_fail_reading(VERB, exit_code, path, why);
}

static int read_input(const char *path, event_file *input)
{
  int result = seep_cli_read(VERB, path, FILE_MAXIMUM_BYTES, &input->data, &input->size);
  if (result == SEEP_EXIT_DONE && input->size > FILE_MAXIMUM_BYTES) {
    result = fail(SEEP_EXIT_BAD_INPUT, path, "larger than any event (limit)");
  }
  return result;
}

/* Only a byte order mark makes a file UTF-16; everything else is the parser's to judge. */
static int to_utf8(const char *path, event_file *input)
{
  if (input->size >= 2 && memcmp(input->data, "\xFE\xFF", 2) == 0) {
    return fail(SEEP_EXIT_BAD_INPUT, path, "big-endian UTF-16; save it as UTF-8 (unsupported)");
  }
  if (input->size < 2 || memcmp(input->data, "\xFF\xFE", 2) != 0) {
    return SEEP_EXIT_DONE;
  }
  const uint8_t *units = (const uint8_t *)input->data + 2;
  size_t bytes = seep_text_from_utf16le(units, input->size - 2, NULL, 0);
  char *text = malloc(bytes + 1);
  if (text == NULL) {
    return fail(SEEP_EXIT_FAILED, path, "no memory (malloc)");
  }
  (void)seep_text_from_utf16le(units, input->size - 2, text, bytes + 1);
  free(input->data);
  input->data = text;
  input->size = bytes;
  return SEEP_EXIT_DONE;
}

static int fail_parsing(const char *path, const seep_error *error)
{
  char why[256];
  seep_writer writer;
  seep_writer_init(&writer, why, sizeof why);
  seep_writer_format(&writer, "%s (%s", error->subject, seep_status_text(error->status));
  if (error->domain == SEEP_DOMAIN_FORMAT) {
    seep_writer_format(&writer, " at byte %" PRId64, error->code);
  }
  seep_writer_text(&writer, ")");
  return fail(seep_cli_exit_code(error->status), path, why);
}

/* ---- 1003 and 1008 ---- */

static void print_notice_text(const seep_memory_notice *notice)
{
  bool is_failure = notice->event_id == 1008;
  printf("Event %u: %s\n", notice->event_id,
         is_failure ? "Windows could not find out why virtual memory is short"
                    : "Windows was told that virtual memory is short");
  seep_event_print_logged(notice->time_created, notice->record_id);
  if (notice->has_commit) {
    puts("\nSystem");
    seep_event_print_commit(notice->commit_limit_bytes, notice->commit_charge_bytes);
  }
  if (notice->has_error) {
    bool no_memory = notice->error_code == 8 || notice->error_code == 14 || notice->error_code == 1455;
    printf("\nError\n  %" PRIu32 "%s\n", notice->error_code,
           no_memory ? ": Windows' detector itself got no memory" : "");
  }
  puts(
      is_failure
          ? "\nWhat it means\n"
            "  Memory was short, but Windows' detector failed to find out who holds it: no Event 2004 names\n"
            "  the processes. 'seepwatch top' lists those that grew most, 'seepwatch leaks' the leaks found."
          : "\nWhat it means\n"
            "  The system could hardly commit more memory, and Windows' detector began to look for the\n"
            "  reason. An Event 2004 in the System log should follow and name the processes; an Event 1008\n"
            "  beside this one says that the detector did not find out.");
}

static bool print_notice_json(const seep_memory_notice *notice)
{
  cJSON *document = cJSON_CreateObject();
  bool ok = document != NULL && seep_output_add_u64(document, "event_id", notice->event_id) &&
            seep_event_print_add_time(document, "time", notice->time_created) &&
            seep_output_add_u64_if(document, "record_id", notice->record_id != 0, notice->record_id) &&
            seep_output_add_u64_if(document, "commit_limit_bytes", notice->has_commit,
                                   notice->commit_limit_bytes) &&
            seep_output_add_u64_if(document, "commit_charge_bytes", notice->has_commit,
                                   notice->commit_charge_bytes) &&
            seep_output_add_u64_if(document, "error_code", notice->has_error, notice->error_code);
  return seep_event_print_document(document, ok);
}

/* ---- the file ---- */

/* false when out of memory. */
static bool print_exhaustion(const seep_exhaustion *event, bool json)
{
  if (json) {
    return seep_event_print_json(event, NULL);
  }
  seep_event_print_text(event, NULL);
  return true;
}

static bool print_notice(const seep_memory_notice *notice, bool json)
{
  if (json) {
    return print_notice_json(notice);
  }
  print_notice_text(notice);
  return true;
}

static int print_input(const char *path, const event_file *input, bool json)
{
  static seep_exhaustion event;
  seep_memory_notice notice;
  seep_error error = {0};
  bool printed;
  seep_status status = seep_exhaustion_parse(input->data, input->size, &event, &error);
  if (status == SEEP_OK) {
    printed = print_exhaustion(&event, json);
  } else if (status == SEEP_UNSUPPORTED &&
             seep_memory_notice_parse(input->data, input->size, &notice, NULL) == SEEP_OK) {
    printed = print_notice(&notice, json);
  } else {
    return fail_parsing(path, &error);
  }
  if (!printed) {
    return seep_cli_fail(VERB, SEEP_EXIT_FAILED, "writing JSON", "no memory (malloc)");
  }
  errno = 0;
  if (fflush(stdout) != 0 || ferror(stdout) != 0) {
    return seep_cli_fail(VERB, SEEP_EXIT_FAILED, "writing standard output", strerror(errno));
  }
  return SEEP_EXIT_DONE;
}

static int explain(const char *path, bool json)
{
  event_file input = {NULL, 0};
  int result = read_input(path, &input);
  if (result == SEEP_EXIT_DONE) {
    result = to_utf8(path, &input);
  }
  if (result == SEEP_EXIT_DONE) {
    result = print_input(path, &input, json);
  }
  free(input.data);
  return result;
}

static bool is_word(const char *argument)
{
  return strcmp(argument, "latest") == 0 || strcmp(argument, "list") == 0;
}

static int explain_file(int argc, char **argv)
{
  const char *path = NULL;
  bool json = false;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
      return seep_cli_fail(VERB, SEEP_EXIT_USAGE, argv[i], "unknown option; " USAGE);
    } else if (is_word(argv[i])) {
      return seep_cli_fail(VERB, SEEP_EXIT_USAGE, argv[i],
                           "say it before all options, or ./ before the name of a file");
    } else if (path != NULL) {
      return seep_cli_fail(VERB, SEEP_EXIT_USAGE, argv[i], "one file only; " USAGE);
    } else {
      path = argv[i];
    }
  }
  if (path == NULL) {
    return seep_cli_fail(VERB, SEEP_EXIT_USAGE, "no file", USAGE);
  }
  return explain(path, json);
}

int seep_cmd_event(int argc, char **argv)
{
  if (argc > 1 && strcmp(argv[1], "latest") == 0) {
    return seep_event_stored_latest(2, argc, argv);
  }
  if (argc > 1 && strcmp(argv[1], "list") == 0) {
    return seep_event_stored_list(2, argc, argv);
  }
  return explain_file(argc, argv);
}
