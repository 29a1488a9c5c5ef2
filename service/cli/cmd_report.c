/*
 * `seepwatch report FILE.etl[.gz] [--pid N] [--json]`: what a trace is, what was lost of it, and how much
 * memory one process committed while it was recorded. Reads a file of any size as it comes; the room trace
 * understands it. A trace that is cut, damaged or packed in a way nobody knows gives what could be read and says what
 * could not.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "report/human.h"
#include "trace/committed.h"
#include "trace/stream.h"
#include "watch/gzip.h"

#define VERB "report"
#define USAGE "usage: seepwatch report FILE.etl[.gz] [--pid N] [--json]"

#define STDIN_MAXIMUM_BYTES ((size_t)256 * 1024 * 1024)
#define WARNING_LIMIT 8
#define WARNING_SIZE 160

typedef struct request {
  const char *path;
  bool json, has_pid;
  uint32_t pid;
} request;

static const char gzip_mark[] = "\x1F\x8B";

/* What the reader has to know before believing the figures. */
typedef struct warnings {
  char text[WARNING_LIMIT][WARNING_SIZE];
  size_t count;
} warnings;

static int fail(int exit_code, const char *path, const char *why)
{
  return seep_cli_fail_reading(VERB, exit_code, path, why);
}

static void warn(warnings *list, const char *what, uint64_t count, const char *so);

/* The trace as it comes by; what goes wrong in it is told once, at its end. */
typedef struct reading {
  seep_trace_stream *stream;
  seep_status status;
  seep_error error;
} reading;

static bool take_piece(void *context, const void *data, size_t size)
{
  reading *now = context;
  if (now->status == SEEP_OK) {
    now->status = seep_trace_stream_add(now->stream, data, size, &now->error);
  }
  return now->status == SEEP_OK;
}

/* Standard input is read whole, for it can be read once only. */
static int read_standard_input(const request *wanted, reading *now)
{
  char *data = NULL;
  size_t size = 0;
  int result = seep_cli_read(VERB, wanted->path, STDIN_MAXIMUM_BYTES, &data, &size);
  if (result == SEEP_EXIT_DONE && size > STDIN_MAXIMUM_BYTES) {
    result =
        fail(SEEP_EXIT_BAD_INPUT, wanted->path, "more than 256 MB; give the file's name instead (limit)");
  } else if (result == SEEP_EXIT_DONE && size >= 2 && memcmp(data, gzip_mark, 2) == 0) {
    result =
        fail(SEEP_EXIT_BAD_INPUT, wanted->path, "compressed with gzip; give the file's name (unsupported)");
  } else if (result == SEEP_EXIT_DONE) {
    (void)take_piece(now, data, size);
  }
  free(data);
  return result;
}

/* A compressed file that is cut or damaged gives what comes before that. */
static int read_file(const request *wanted, reading *now, warnings *list)
{
  const seep_gzip_options options = {.plain = take_piece, .context = now};
  char *mark = NULL, why[SEEP_ERROR_SUBJECT_SIZE + 128];
  size_t size = 0;
  seep_error error = {0};
  int result = seep_cli_read(VERB, wanted->path, 2, &mark, &size);
  if (result != SEEP_EXIT_DONE) {
    free(mark);
    return result;
  }
  bool packed = size >= 2 && memcmp(mark, gzip_mark, 2) == 0;
  free(mark);
  seep_status status = packed ? seep_gzip_read(wanted->path, &options, &error)
                              : seep_gzip_copy(wanted->path, NULL, NULL, &options, &error);
  if (status == SEEP_CORRUPT) {
    warn(list, "the compressed file is damaged or cut at byte", (uint64_t)error.code,
         "what comes before it was read");
    return SEEP_EXIT_DONE;
  }
  return status == SEEP_OK
             ? SEEP_EXIT_DONE
             : fail(seep_cli_exit_code(status), wanted->path, seep_error_text(&error, why, sizeof why));
}

static void warn(warnings *list, const char *what, uint64_t count, const char *so)
{
  if (count > 0 && list->count < WARNING_LIMIT) {
    seep_writer writer;
    seep_writer_init(&writer, list->text[list->count++], WARNING_SIZE);
    seep_writer_format(&writer, "%s: %" PRIu64 " (%s)", what, count, so);
  }
}

static void collect_warnings(const seep_trace_summary *summary, const seep_trace_committed *committed,
                             warnings *list)
{
  static const char looks_like_a_leak[] = "a lost free looks like a leak";
  const seep_trace_header *header = &summary->header;
  warn(list, "buffers cut by the end of the file", summary->truncated ? 1 : 0, "the trace went on");
  warn(list, "buffers not read, packed in an unknown way", summary->unread_buffers,
       "the figures are too small");
  warn(list, "damaged buffers", summary->bad_buffers, "what follows was not read");
  warn(list, "damaged records", summary->bad_records, "the rest of their buffers was not read");
  warn(list, "events lost while recording", header->events_lost, looks_like_a_leak);
  warn(list, "buffers lost while recording", header->buffers_lost, looks_like_a_leak);
  if (header->events_lost == 0 && header->buffers_lost == 0) {
    warn(list, "buffers that tell of lost events", summary->loss_flagged_buffers, looks_like_a_leak);
  }
  warn(list, "memory events not understood", committed->malformed, "they are not in the sums");
}

/* Negative when the trace was never ended: the header is completed when the session stops. */
static int64_t duration_ms(const seep_trace_header *header)
{
  return header->end < header->start ? -1 : (int64_t)((header->end - header->start) / 10000u);
}

/* cJSON keeps numbers as double: whole ones are written as they are. */
static void add_u64(cJSON *object, const char *name, uint64_t value)
{
  char text[32];
  snprintf(text, sizeof text, "%" PRIu64, value);
  cJSON_AddRawToObject(object, name, text);
}

static void add_trace(cJSON *document, const seep_trace_summary *summary)
{
  cJSON *trace = cJSON_AddObjectToObject(document, "trace");
  int64_t lasted_ms = duration_ms(&summary->header);
  add_u64(trace, "os_build", summary->header.os_build);
  add_u64(trace, "cpus", summary->header.processors);
  if (lasted_ms >= 0) {
    cJSON_AddNumberToObject(trace, "duration_s", (double)lasted_ms / 1000.0);
  } else {
    cJSON_AddNullToObject(trace, "duration_s");
  }
  add_u64(trace, "events", summary->records);
  add_u64(trace, "events_lost", summary->header.events_lost);
  add_u64(trace, "buffers_lost", summary->header.buffers_lost);
  add_u64(trace, "buffers", summary->buffers);
  add_u64(trace, "compressed_buffers", summary->compressed_buffers);
  add_u64(trace, "unread_buffers", summary->unread_buffers);
  add_u64(trace, "bad_buffers", summary->bad_buffers);
  add_u64(trace, "bad_records", summary->bad_records);
  cJSON_AddBoolToObject(trace, "truncated", summary->truncated);
}

static int print_json(const request *wanted, const seep_trace_summary *summary,
                      const seep_trace_committed *committed, const warnings *list)
{
  cJSON *document = cJSON_CreateObject();
  add_trace(document, summary);
  if (wanted->has_pid) {
    cJSON *processes = cJSON_AddArrayToObject(document, "processes");
    cJSON *process = cJSON_CreateObject();
    cJSON_AddItemToArray(processes, process);
    add_u64(process, "pid", committed->pid);
    add_u64(process, "commit_events", committed->allocations);
    add_u64(process, "committed_bytes", committed->committed_bytes);
    add_u64(process, "free_events", committed->frees);
    add_u64(process, "freed_bytes", committed->freed_bytes);
  }
  cJSON *texts = cJSON_AddArrayToObject(document, "warnings");
  for (size_t i = 0; i < list->count; i++) {
    cJSON_AddItemToArray(texts, cJSON_CreateString(list->text[i]));
  }
  char *text = cJSON_Print(document);
  cJSON_Delete(document);
  if (text == NULL) {
    return seep_cli_fail(VERB, SEEP_EXIT_FAILED, "writing JSON", "no memory (cJSON_Print)");
  }
  puts(text);
  cJSON_free(text);
  return SEEP_EXIT_DONE;
}

static void print_process(const seep_trace_committed *committed)
{
  char allocated[SEEP_HUMAN_SIZE];
  char freed[SEEP_HUMAN_SIZE];
  printf("\nProcess %" PRIu32 "\n", committed->pid);
  if (committed->allocations == 0 && committed->frees == 0) {
    puts("  no VirtualAlloc or VirtualFree event of this process is in the trace");
    return;
  }
  printf("  committed  %s in %" PRIu64 " allocations\n",
         seep_human_bytes(committed->committed_bytes, allocated, sizeof allocated), committed->allocations);
  printf("  given back %s in %" PRIu64 " releases\n",
         seep_human_bytes(committed->freed_bytes, freed, sizeof freed), committed->frees);
}

static void print_text(const request *wanted, const seep_trace_summary *summary,
                       const seep_trace_committed *committed, const warnings *list)
{
  char started[SEEP_WALL_TEXT_SIZE];
  char lasted[SEEP_HUMAN_SIZE];
  const seep_trace_header *header = &summary->header;
  printf("Trace of Windows %u.%u build %" PRIu32 ", %" PRIu32 " processors\n", header->os_major,
         header->os_minor, header->os_build, header->processors);
  printf("  started    %s\n",
         seep_wall_text(seep_wall_from_filetime(header->start), started, sizeof started));
  printf("  lasted     %s\n", duration_ms(header) < 0
                                  ? "unknown: it was not stopped properly"
                                  : seep_human_duration(duration_ms(header), lasted, sizeof lasted));
  printf("  events     %" PRIu64 " in %" PRIu64 " buffers\n", summary->records, summary->buffers);
  printf("  lost       %" PRIu32 " events, %" PRIu32 " buffers\n", header->events_lost, header->buffers_lost);
  if (wanted->has_pid) {
    print_process(committed);
  }
  for (size_t i = 0; i < list->count; i++) {
    printf("%sWarning: %s.\n", i == 0 ? "\n" : "", list->text[i]);
  }
}

static int report(const request *wanted)
{
  seep_trace_summary summary;
  seep_trace_committed committed;
  warnings list = {.count = 0};
  seep_trace_committed_init(&committed, wanted->pid);
  reading now = {.stream =
                     seep_trace_stream_new(wanted->has_pid ? seep_trace_committed_visit : NULL, &committed)};
  if (now.stream == NULL) {
    return fail(SEEP_EXIT_FAILED, wanted->path, "out of memory");
  }
  int result =
      strcmp(wanted->path, "-") == 0 ? read_standard_input(wanted, &now) : read_file(wanted, &now, &list);
  if (result == SEEP_EXIT_DONE && now.status == SEEP_OK) {
    now.status = seep_trace_stream_finish(now.stream, &summary, &now.error);
  }
  seep_trace_stream_free(now.stream);
  if (result != SEEP_EXIT_DONE) {
    return result;
  }
  if (now.status != SEEP_OK) {
    char why[128];
    snprintf(why, sizeof why, "not an event trace: no %s (at byte %" PRId64 ")", now.error.operation,
             now.error.code);
    return fail(seep_cli_exit_code(now.status), wanted->path, why);
  }
  collect_warnings(&summary, &committed, &list);
  if (wanted->json) {
    result = print_json(wanted, &summary, &committed, &list);
  } else {
    print_text(wanted, &summary, &committed, &list);
  }
  errno = 0;
  if (result == SEEP_EXIT_DONE && (fflush(stdout) != 0 || ferror(stdout) != 0)) {
    return seep_cli_fail(VERB, SEEP_EXIT_FAILED, "writing standard output", strerror(errno));
  }
  return result;
}

static bool read_pid(const char *text, uint32_t *pid)
{
  uint64_t value = 0;
  if (text == NULL || *text == '\0') {
    return false;
  }
  for (; *text != '\0'; text++) {
    if (*text < '0' || *text > '9') {
      return false;
    }
    value = value * 10 + (uint64_t)(*text - '0');
    if (value > UINT32_MAX) {
      return false;
    }
  }
  *pid = (uint32_t)value;
  return true;
}

int seep_cmd_report(int argc, char **argv)
{
  request wanted = {NULL, false, false, 0};
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--json") == 0) {
      wanted.json = true;
    } else if (strcmp(argv[i], "--pid") == 0) {
      wanted.has_pid = true;
      i++;
      if (!read_pid(i < argc ? argv[i] : NULL, &wanted.pid)) {
        return seep_cli_fail(VERB, SEEP_EXIT_USAGE, "--pid", "a process id is needed; " USAGE);
      }
    } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
      return seep_cli_fail(VERB, SEEP_EXIT_USAGE, argv[i], "unknown option; " USAGE);
    } else if (wanted.path != NULL) {
      return seep_cli_fail(VERB, SEEP_EXIT_USAGE, argv[i], "one file only; " USAGE);
    } else {
      wanted.path = argv[i];
    }
  }
  if (wanted.path == NULL) {
    return seep_cli_fail(VERB, SEEP_EXIT_USAGE, "no file", USAGE);
  }
  return report(&wanted);
}
