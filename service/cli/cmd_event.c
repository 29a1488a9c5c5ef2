/*
 * `seepwatch event FILE.xml [--json]`: explains one exported Event 2004. Reads the file whole (it is small by
 * nature), turns UTF-16 as Event Viewer saves it into UTF-8, and leaves the understanding to
 * observe/exhaustion. Names in the event were chosen by other programs: they are made printable before they
 * reach a terminal or a JSON reader.
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
#include "observe/exhaustion.h"
#include "report/human.h"

#define VERB "event"

/* UTF-16 needs at most two bytes where UTF-8 needs one, and a byte order mark. */
#define FILE_MAXIMUM_BYTES (2u * SEEP_EXHAUSTION_MAXIMUM_BYTES + 2u)
#define PRINTABLE_SIZE ((size_t)3 * SEEP_EXHAUSTION_NAME_SIZE)
#define TIME_SIZE 32

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

static int parse(const char *path, const event_file *input, seep_exhaustion *event)
{
  seep_error error;
  seep_status status = seep_exhaustion_parse(input->data, input->size, event, &error);
  if (status == SEEP_OK) {
    return SEEP_EXIT_DONE;
  }
  char why[256];
  seep_writer writer;
  seep_writer_init(&writer, why, sizeof why);
  seep_writer_format(&writer, "%s (%s", error.subject, seep_status_text(status));
  if (error.domain == SEEP_DOMAIN_FORMAT) {
    seep_writer_format(&writer, " at byte %" PRId64, error.code);
  }
  seep_writer_text(&writer, ")");
  return fail(seep_cli_exit_code(status), path, why);
}

/* Bytes of a character that may act on a terminal at the start of text, 0 when it is harmless: control
 * characters, and the direction marks U+202A to U+202E and U+2066 to U+2069, with which one name can pose as
 * another. */
static size_t acting_bytes(const unsigned char *text)
{
  if (text[0] < 0x20 || text[0] == 0x7F) {
    return 1;
  }
  if (text[0] == 0xC2 && text[1] >= 0x80 && text[1] < 0xA0) {
    return 2;
  }
  if (text[0] != 0xE2) {
    return 0;
  }
  bool embedding = text[1] == 0x80 && text[2] >= 0xAA && text[2] <= 0xAE;
  bool isolate = text[1] == 0x81 && text[2] >= 0xA6 && text[2] <= 0xA9;
  return embedding || isolate ? 3 : 0;
}

/* Lone surrogates (legal in a process name, not in UTF-8) become U+FFFD. For a terminal, characters that
 * would act on it become '?'; a JSON writer escapes the control characters itself. The parser already
 * replaced what was no text. */
static const char *printable(const char *text, bool for_terminal, char out[PRINTABLE_SIZE])
{
  seep_writer writer;
  seep_writer_init(&writer, out, PRINTABLE_SIZE);
  while (*text != '\0') {
    const unsigned char *bytes = (const unsigned char *)text;
    size_t acting = for_terminal ? acting_bytes(bytes) : 0;
    bool surrogate = bytes[0] == 0xED && bytes[1] >= 0xA0 && bytes[2] != '\0';
    if (acting > 0) {
      seep_writer_text(&writer, "?");
      text += acting;
    } else if (surrogate) {
      seep_writer_text(&writer, "\xEF\xBF\xBD");
      text += 3;
    } else {
      seep_writer_bytes(&writer, text, 1);
      text++;
    }
  }
  return out;
}

/* All seven digits, because a PID with this exact time identifies a process. */
static const char *time_text(seep_filetime filetime, char out[TIME_SIZE])
{
  char wall[SEEP_WALL_TEXT_SIZE];
  if (filetime == 0) {
    return "-";
  }
  (void)seep_wall_text(seep_wall_from_filetime(filetime), wall, sizeof wall);
  snprintf(out, TIME_SIZE, "%.23s%04uZ", wall, (unsigned)(filetime % 10000));
  return out;
}

static double percent(uint64_t part, uint64_t whole)
{
  return whole == 0 ? 0.0 : 100.0 * (double)part / (double)whole;
}

static void print_bytes(const char *label, uint64_t bytes)
{
  char text[SEEP_HUMAN_SIZE];
  printf("  %-18s %12s", label, seep_human_bytes(bytes, text, sizeof text));
}

static void print_system(const seep_exhaustion *event)
{
  char left[SEEP_HUMAN_SIZE];
  puts("\nSystem");
  if (!event->has_system) {
    puts("  commit limit and charge are not in this file");
    return;
  }
  uint64_t limit = event->commit_limit_bytes;
  uint64_t charge = event->commit_charge_bytes;
  print_bytes("commit limit", limit);
  putchar('\n');
  print_bytes("commit charge", charge);
  if (charge > limit) {
    puts("   above the limit");
  } else {
    printf("   %.2f %% of the limit, %s left\n", percent(charge, limit),
           seep_human_bytes(limit - charge, left, sizeof left));
  }
  print_bytes("owned by processes", event->process_commit_bytes);
  printf("   %.1f %% of the charge\n", percent(event->process_commit_bytes, charge));
  print_bytes("paged pool", event->paged_pool_bytes);
  putchar('\n');
  print_bytes("nonpaged pool", event->nonpaged_pool_bytes);
  putchar('\n');
  print_bytes("physical memory", event->physical_bytes);
  printf("   %.1f %% in use\n", percent(event->physical_used_bytes, event->physical_bytes));
  printf("  %-18s %12" PRIu32 "\n", "processes", event->process_total);
}

static void print_processes(const seep_exhaustion *event)
{
  char bytes[SEEP_HUMAN_SIZE], created[TIME_SIZE], version[PRINTABLE_SIZE], name[PRINTABLE_SIZE];
  printf("\nProcesses that Windows named: %u\n", (unsigned)event->process_count);
  if (event->process_count > 0) {
    printf("  %10s %12s %10s  %-28s  %-18s  %s\n", "PID", "commit", "handles", "created", "version", "name");
  }
  for (size_t i = 0; i < event->process_count; i++) {
    const seep_exhaustion_process *process = &event->processes[i];
    printf("  %10" PRIu32 " %12s %10" PRIu32 "  %-28s  %-18s  %s\n", process->key.pid,
           seep_human_bytes(process->commit_bytes, bytes, sizeof bytes), process->handles,
           time_text(process->key.created, created), printable(process->version, true, version),
           printable(process->name, true, name));
  }
}

static void print_tags(const char *label, const seep_exhaustion_tag *tags, size_t count)
{
  char bytes[SEEP_HUMAN_SIZE], name[PRINTABLE_SIZE];
  printf("  %-9s", label);
  for (size_t i = 0; i < count; i++) {
    printf("%s %s %s", i > 0 ? "," : "", printable(tags[i].name, true, name),
           seep_human_bytes(tags[i].bytes, bytes, sizeof bytes));
  }
  puts(count > 0 ? "" : " -");
}

static const seep_exhaustion_process *largest(const seep_exhaustion *event)
{
  const seep_exhaustion_process *found = NULL;
  for (size_t i = 0; i < event->process_count; i++) {
    if (found == NULL || event->processes[i].commit_bytes > found->commit_bytes) {
      found = &event->processes[i];
    }
  }
  return found;
}

/* TypeInfo is undocumented; in all known records bit 0x80 marks a second list, ranked in bits 3-5, that fits
 * growth (reference: event-log, 1.4). Said as a guess. */
static void print_growth_hint(const seep_exhaustion *event)
{
  char name[PRINTABLE_SIZE];
  for (size_t i = 0; i < event->process_count; i++) {
    const seep_exhaustion_process *process = &event->processes[i];
    if ((process->type_info & 0x80) != 0 && (process->type_info >> 3 & 7) == 1) {
      printf("  Windows seems to rank %s (PID %" PRIu32
             ") first by growth; that field is undocumented: a hint only.\n",
             printable(process->name, true, name), process->key.pid);
    }
  }
}

static void print_meaning(const seep_exhaustion *event)
{
  char name[PRINTABLE_SIZE];
  const seep_exhaustion_process *top = largest(event);
  puts("\nWhat it means\n"
       "  The system could hardly commit more memory: allocations and new processes were about to fail.\n"
       "  This is about commit (memory plus page files promised), not about free physical memory.");
  if (top != NULL && event->commit_charge_bytes > 0) {
    printf("  %s (PID %" PRIu32 ") held %.1f %% of the commit charge, the largest share.\n",
           printable(top->name, true, name), top->key.pid,
           percent(top->commit_bytes, event->commit_charge_bytes));
  }
  print_growth_hint(event);
  if (event->has_system && event->process_commit_bytes < event->commit_charge_bytes / 2) {
    puts("  Less than half of the charge belongs to processes: suspect shared sections, drivers and the "
         "pools as well.");
  }
}

static void print_text(const seep_exhaustion *event)
{
  char time[TIME_SIZE];
  printf("Event 2004: Windows ran low on virtual memory\n  logged %s, record ",
         time_text(event->time_created, time));
  if (event->record_id != 0) {
    printf("%" PRIu64 "\n", event->record_id);
  } else {
    puts("-");
  }
  print_system(event);
  print_processes(event);
  puts("\nLargest pool tags");
  print_tags("paged", event->paged_tags, event->paged_tag_count);
  print_tags("nonpaged", event->nonpaged_tags, event->nonpaged_tag_count);
  print_meaning(event);
}

/* cJSON's numbers are doubles; byte counts up to 2^64 must come out digit by digit. */
static bool add_number(cJSON *object, const char *key, uint64_t value)
{
  char digits[24];
  snprintf(digits, sizeof digits, "%" PRIu64, value);
  return cJSON_AddRawToObject(object, key, digits) != NULL;
}

static bool add_text(cJSON *object, const char *key, const char *text)
{
  char clean[PRINTABLE_SIZE];
  return cJSON_AddStringToObject(object, key, printable(text, false, clean)) != NULL;
}

static bool add_time(cJSON *object, const char *key, seep_filetime filetime)
{
  char text[TIME_SIZE];
  return (filetime == 0 ? cJSON_AddNullToObject(object, key)
                        : cJSON_AddStringToObject(object, key, time_text(filetime, text))) != NULL;
}

static bool add_system(cJSON *document, const seep_exhaustion *event)
{
  if (!event->has_system) {
    return cJSON_AddNullToObject(document, "system") != NULL;
  }
  cJSON *system = cJSON_AddObjectToObject(document, "system");
  return system != NULL && add_number(system, "commit_limit_bytes", event->commit_limit_bytes) &&
         add_number(system, "commit_charge_bytes", event->commit_charge_bytes) &&
         add_number(system, "process_commit_bytes", event->process_commit_bytes) &&
         add_number(system, "paged_pool_bytes", event->paged_pool_bytes) &&
         add_number(system, "nonpaged_pool_bytes", event->nonpaged_pool_bytes) &&
         add_number(system, "physical_bytes", event->physical_bytes) &&
         add_number(system, "physical_used_bytes", event->physical_used_bytes) &&
         add_number(system, "processes", event->process_total);
}

/* A new object at the array's end; NULL when out of memory. */
static cJSON *append_object(cJSON *array)
{
  cJSON *object = cJSON_CreateObject();
  if (object != NULL && !cJSON_AddItemToArray(array, object)) {
    cJSON_Delete(object);
    object = NULL;
  }
  return object;
}

static bool add_processes(cJSON *document, const seep_exhaustion *event)
{
  cJSON *array = cJSON_AddArrayToObject(document, "processes");
  bool ok = array != NULL;
  for (size_t i = 0; ok && i < event->process_count; i++) {
    const seep_exhaustion_process *process = &event->processes[i];
    cJSON *object = append_object(array);
    ok = object != NULL && add_text(object, "name", process->name) &&
         add_number(object, "pid", process->key.pid) && add_time(object, "created", process->key.created) &&
         add_number(object, "commit_bytes", process->commit_bytes) &&
         add_number(object, "handles", process->handles) && add_text(object, "version", process->version);
  }
  return ok;
}

static bool add_tags(cJSON *pools, const char *key, const seep_exhaustion_tag *tags, size_t count)
{
  cJSON *array = cJSON_AddArrayToObject(pools, key);
  bool ok = array != NULL;
  for (size_t i = 0; ok && i < count; i++) {
    cJSON *object = append_object(array);
    ok =
        object != NULL && add_text(object, "tag", tags[i].name) && add_number(object, "bytes", tags[i].bytes);
  }
  return ok;
}

static bool add_pool_tags(cJSON *document, const seep_exhaustion *event)
{
  cJSON *pools = cJSON_AddObjectToObject(document, "pool_tags");
  return pools != NULL && add_tags(pools, "paged", event->paged_tags, event->paged_tag_count) &&
         add_tags(pools, "nonpaged", event->nonpaged_tags, event->nonpaged_tag_count);
}

/* false when out of memory. */
static bool print_json(const seep_exhaustion *event)
{
  cJSON *document = cJSON_CreateObject();
  bool ok = document != NULL && add_time(document, "time", event->time_created) &&
            add_number(document, "record_id", event->record_id) && add_system(document, event) &&
            add_processes(document, event) && add_pool_tags(document, event);
  char *text = ok ? cJSON_Print(document) : NULL;
  if (text != NULL) {
    puts(text);
    cJSON_free(text);
  }
  cJSON_Delete(document);
  return text != NULL;
}

static int explain(const char *path, bool json)
{
  static seep_exhaustion event;
  event_file input = {NULL, 0};
  int result = read_input(path, &input);
  if (result == SEEP_EXIT_DONE) {
    result = to_utf8(path, &input);
  }
  if (result == SEEP_EXIT_DONE) {
    result = parse(path, &input, &event);
  }
  free(input.data);
  if (result != SEEP_EXIT_DONE) {
    return result;
  }
  if (!json) {
    print_text(&event);
  } else if (!print_json(&event)) {
    return seep_cli_fail(VERB, SEEP_EXIT_FAILED, "writing JSON", "no memory (malloc)");
  }
  errno = 0;
  if (fflush(stdout) != 0 || ferror(stdout) != 0) {
    return seep_cli_fail(VERB, SEEP_EXIT_FAILED, "writing standard output", strerror(errno));
  }
  return SEEP_EXIT_DONE;
}

int seep_cmd_event(int argc, char **argv)
{
  const char *path = NULL;
  bool json = false;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
      return seep_cli_fail(VERB, SEEP_EXIT_USAGE, argv[i],
                           "unknown option; usage: seepwatch event FILE.xml [--json]");
    } else if (path != NULL) {
      return seep_cli_fail(VERB, SEEP_EXIT_USAGE, argv[i],
                           "one file only; usage: seepwatch event FILE.xml [--json]");
    } else {
      path = argv[i];
    }
  }
  if (path == NULL) {
    return seep_cli_fail(VERB, SEEP_EXIT_USAGE, "no file", "usage: seepwatch event FILE.xml [--json]");
  }
  return explain(path, json);
}
