/*
 * The verbs that read the store: history, leaks, captures. Read-only, beside a running service or on a copied
 * file. Points are written as they come, so that a long history needs no memory; names are as processes gave
 * them, hence quoted for CSV, made well-formed for JSON and harmless for a terminal.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/text.h"
#include "cli.h"
#include "report/human.h"
#include "store/store.h"

#define SECONDS_SIZE 32
#define NAME_SIZE 1024
#define MAXIMUM_HOURS 876000u /* a century */

typedef struct options {
  const char *verb;
  const char *database;
  const char *process; /* NULL = all */
  uint32_t pid;        /* 0 = all */
  uint64_t hours;      /* 0 = everything */
  bool json, csv;
} options;

/* ---- text ---- */

/* Length of the well-formed character at `text`, 0 when it is none; surrogates are not well-formed UTF-8. */
static size_t character_length(const char *text, size_t left)
{
  unsigned char first = (unsigned char)text[0];
  size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (length > left || seep_text_valid_prefix(text, length) != length) {
    return 0;
  }
  return first == 0xED && (unsigned char)text[1] >= 0xA0 ? 0 : length;
}

/* Control characters, and the direction marks U+202A to U+202E and U+2066 to U+2069, with which one name can
 * pose as another. text is a well-formed character. */
static bool acts_on_a_terminal(const char *text)
{
  const unsigned char *bytes = (const unsigned char *)text;
  bool control = bytes[0] < 0x20 || bytes[0] == 0x7F || (bytes[0] == 0xC2 && bytes[1] < 0xA0);
  bool embedding = bytes[0] == 0xE2 && bytes[1] == 0x80 && bytes[2] >= 0xAA && bytes[2] <= 0xAE;
  bool isolate = bytes[0] == 0xE2 && bytes[1] == 0x81 && bytes[2] >= 0xA6 && bytes[2] <= 0xA9;
  return control || embedding || isolate;
}

/* What is not well-formed becomes U+FFFD, and so does what would act on a terminal when the text is for one.
 */
static const char *presentable(const char *text, bool for_terminal, char *out, size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  size_t left = strlen(text);
  while (left > 0) {
    size_t length = character_length(text, left);
    bool good = length > 0 && !(for_terminal && acts_on_a_terminal(text));
    seep_writer_bytes(&writer, good ? text : "\xEF\xBF\xBD", good ? length : 3);
    length = length > 0 ? length : 1;
    text += length;
    left -= length;
  }
  return out;
}

static const char *seconds_text(int64_t ms, char *out, size_t out_size)
{
  uint64_t size = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
  snprintf(out, out_size, "%s%" PRIu64 ".%03u", ms < 0 ? "-" : "", size / 1000, (unsigned)(size % 1000));
  return out;
}

static void write_csv_field(const char *text)
{
  if (strpbrk(text, ",\"\r\n") == NULL && text[0] != ' ' && text[0] != '\0' &&
      text[strlen(text) - 1] != ' ') {
    fputs(text, stdout);
    return;
  }
  putchar('"');
  for (; *text != '\0'; text++) {
    if (*text == '"') {
      putchar('"');
    }
    putchar(*text);
  }
  putchar('"');
}

/* ---- JSON values; false when out of memory ---- */

static bool add_text(cJSON *object, const char *key, const char *text)
{
  char clean[NAME_SIZE];
  return cJSON_AddStringToObject(object, key, presentable(text, false, clean, sizeof clean)) != NULL;
}

static bool add_text_or_null(cJSON *object, const char *key, const char *text)
{
  return text[0] != '\0' ? add_text(object, key, text) : cJSON_AddNullToObject(object, key) != NULL;
}

/* Written digit by digit: cJSON's own numbers are doubles and lose whole numbers beyond 2^53. */
static bool add_u64(cJSON *object, const char *key, uint64_t value)
{
  char digits[24];
  snprintf(digits, sizeof digits, "%" PRIu64, value);
  return cJSON_AddRawToObject(object, key, digits) != NULL;
}

static bool add_seconds(cJSON *object, const char *key, int64_t ms)
{
  char text[SECONDS_SIZE];
  return cJSON_AddRawToObject(object, key, seconds_text(ms, text, sizeof text)) != NULL;
}

static bool add_wall_or_null(cJSON *object, const char *key, seep_wall wall)
{
  char text[SEEP_WALL_TEXT_SIZE];
  return wall.ms != 0 ? cJSON_AddStringToObject(object, key, seep_wall_text(wall, text, sizeof text)) != NULL
                      : cJSON_AddNullToObject(object, key) != NULL;
}

static bool add_process(cJSON *object, seep_process_key key, const char *image)
{
  return add_text(object, "process", image) && add_u64(object, "pid", key.pid) &&
         add_wall_or_null(object, "created",
                          key.created != 0 ? seep_wall_from_filetime(key.created) : (seep_wall){0});
}

static bool write_json(const cJSON *object)
{
  char *text = object != NULL ? cJSON_PrintUnformatted(object) : NULL;
  if (text == NULL) {
    return false;
  }
  fputs(text, stdout);
  cJSON_free(text);
  return true;
}

/* ---- arguments ---- */

static bool parse_number(const char *text, uint64_t maximum, uint64_t *value)
{
  uint64_t number = 0;
  if (text[0] == '\0') {
    return false;
  }
  for (; *text != '\0'; text++) {
    if (*text < '0' || *text > '9' || number > maximum / 10) {
      return false;
    }
    number = number * 10 + (uint64_t)(*text - '0');
  }
  *value = number;
  return number > 0 && number <= maximum;
}

/* One option with its value; false when it is not one, or its value makes no sense. */
static bool take_valued(options *o, bool is_history, const char *name, const char *value)
{
  uint64_t pid = 0;
  if (strcmp(name, "--db") == 0) {
    o->database = value;
    return value[0] != '\0';
  }
  if (is_history && strcmp(name, "--process") == 0) {
    o->process = value;
    return value[0] != '\0';
  }
  if (is_history && strcmp(name, "--pid") == 0 && parse_number(value, UINT32_MAX, &pid)) {
    o->pid = (uint32_t)pid;
    return true;
  }
  return is_history && strcmp(name, "--hours") == 0 && parse_number(value, MAXIMUM_HOURS, &o->hours);
}

/* Arguments from `first` on. Says what is wrong itself; returns an exit code. */
static int parse_options(options *o, int first, int argc, char **argv)
{
  bool is_history = strcmp(o->verb, "history") == 0;
  o->database = seep_cli_default_database();
  for (int i = first; i < argc; i++) {
    if (strcmp(argv[i], "--json") == 0) {
      o->json = true;
    } else if (strcmp(argv[i], "--csv") == 0) {
      o->csv = true;
    } else if (i + 1 < argc && take_valued(o, is_history, argv[i], argv[i + 1])) {
      i++;
    } else {
      return seep_cli_fail(o->verb, SEEP_EXIT_USAGE, argv[i],
                           "unknown option, or its value is missing or wrong");
    }
  }
  if (o->json && o->csv) {
    return seep_cli_fail(o->verb, SEEP_EXIT_USAGE, "--json and --csv", "only one of them");
  }
  return SEEP_EXIT_DONE;
}

static int fail_with(const options *o, const seep_error *error)
{
  char what[256], why[64];
  snprintf(what, sizeof what, "%s%s%s", error->operation != NULL ? error->operation : "read store",
           error->subject[0] != '\0' ? " " : "", error->subject);
  if (error->domain == SEEP_DOMAIN_SQLITE) {
    snprintf(why, sizeof why, "%s (SQLite %" PRId64 ")", seep_status_text(error->status), error->code);
  } else {
    snprintf(why, sizeof why, "%s", seep_status_text(error->status));
  }
  return seep_cli_fail(o->verb, seep_cli_exit_code(error->status), what, why);
}

/* The verb's last word: what could be read has been written by now, whatever the status. */
static int finish(const options *o, seep_status status, const seep_error *error)
{
  if (fflush(stdout) != 0 || ferror(stdout)) {
    return seep_cli_fail(o->verb, SEEP_EXIT_FAILED, "write output", "the output does not take it");
  }
  return status == SEEP_OK ? SEEP_EXIT_DONE : fail_with(o, error);
}

/* ---- history ---- */

typedef struct printing {
  const options *options;
  uint64_t count;
  bool no_memory;
} printing;

static bool write_point_json(printing *p, const seep_store_point *point)
{
  cJSON *object = cJSON_CreateObject();
  bool ok = object != NULL && add_seconds(object, "t_s", point->wall.ms) &&
            add_u64(object, "pid", point->key.pid) && add_text(object, "process", point->name) &&
            add_u64(object, "commit_bytes", point->commit_bytes) &&
            add_seconds(object, "created_s", seep_wall_from_filetime(point->key.created).ms);
  if (ok) {
    fputs(p->count > 0 ? ",\n" : "\n", stdout);
    ok = write_json(object);
  }
  cJSON_Delete(object);
  p->no_memory = !ok;
  return ok;
}

static void write_point_csv(const seep_store_point *point)
{
  char t[SECONDS_SIZE], created[SECONDS_SIZE];
  printf("%s,%" PRIu32 ",", seconds_text(point->wall.ms, t, sizeof t), point->key.pid);
  write_csv_field(point->name);
  seconds_text(seep_wall_from_filetime(point->key.created).ms, created, sizeof created);
  printf(",%" PRIu64 ",%s\n", point->commit_bytes, created);
}

static void write_point_row(const seep_store_point *point)
{
  char time[SEEP_WALL_TEXT_SIZE], bytes[SEEP_HUMAN_SIZE], name[NAME_SIZE];
  printf("%-24s  %10" PRIu32 "  %12s  %s\n", seep_wall_text(point->wall, time, sizeof time), point->key.pid,
         seep_human_bytes(point->commit_bytes, bytes, sizeof bytes),
         presentable(point->name, true, name, sizeof name));
}

static bool write_point(void *context, const seep_store_point *point)
{
  printing *p = context;
  bool ok = true;
  if (p->options->json) {
    ok = write_point_json(p, point);
  } else if (p->options->csv) {
    write_point_csv(point);
  } else {
    write_point_row(point);
  }
  p->count++;
  return ok && !ferror(stdout);
}

static void write_heading(const options *o)
{
  if (o->json) {
    fputs("{\"points\":[", stdout);
  } else if (o->csv) {
    puts("t_s,pid,process,commit_bytes,created_s");
  } else {
    printf("%-24s  %10s  %12s  %s\n", "time", "pid", "commit", "process");
  }
}

/* The last hours that the store holds: a copied file is as good as the live one. */
static seep_status since_when(const options *o, seep_store *store, seep_wall *since, seep_error *error)
{
  since->ms = INT64_MIN;
  if (o->hours == 0) {
    return SEEP_OK;
  }
  seep_wall newest;
  seep_status status = seep_store_newest(store, &newest, error);
  int64_t span = (int64_t)o->hours * SEEP_MS_PER_HOUR;
  if (status == SEEP_OK && newest.ms > INT64_MIN + span) {
    since->ms = newest.ms - span;
  }
  return status == SEEP_NOT_FOUND ? SEEP_OK : status;
}

static int write_history(const options *o, seep_store *store)
{
  seep_error error = {0};
  seep_wall since;
  printing p = {.options = o};
  seep_status status = since_when(o, store, &since, &error);
  if (status != SEEP_OK) {
    return fail_with(o, &error);
  }
  write_heading(o);
  status = seep_store_history(store, o->process, o->pid, since, write_point, &p, &error);
  if (o->json) {
    puts("\n]}");
  }
  if (p.no_memory) {
    status = seep_error_set(&error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "write output", NULL);
  } else if (status == SEEP_OK && p.count == 0 && (o->process != NULL || o->pid != 0)) {
    status = seep_error_set(&error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0, "find process",
                            o->process != NULL ? o->process : "of that PID");
  }
  return finish(o, status, &error);
}

/* ---- leaks and captures ---- */

#define LEAK_COLUMNS                                                                                         \
  "id,process,pid,created,began,opened,closed,slope_bytes_per_hour,growth_bytes,commit_bytes,confidence,"    \
  "kind,ending"
#define CAPTURE_COLUMNS "id,leak_id,process,pid,created,kind,started,ended,bytes,path,outcome"

typedef struct listing {
  bool csv;
  cJSON *array; /* NULL unless JSON */
  bool no_memory;
} listing;

/* The members of a JSON record in their order, which the columns' names follow; null is an empty field. */
static void write_csv_record(const cJSON *object)
{
  for (const cJSON *member = object->child; member != NULL; member = member->next) {
    char number[64];
    if (cJSON_IsString(member) || cJSON_IsRaw(member)) {
      write_csv_field(member->valuestring);
    } else if (cJSON_IsNumber(member) &&
               cJSON_PrintPreallocated((cJSON *)member, number, sizeof number, false)) {
      fputs(number, stdout);
    }
    putchar(member->next != NULL ? ',' : '\n');
  }
}

/* One record for JSON or CSV; takes the object. */
static bool keep(listing *l, cJSON *object, bool filled)
{
  if (filled && l->csv) {
    write_csv_record(object);
    cJSON_Delete(object);
    return !ferror(stdout);
  }
  bool ok = filled && cJSON_AddItemToArray(l->array, object);
  if (!ok) {
    cJSON_Delete(object);
    l->no_memory = true;
  }
  return ok;
}

static bool list_leak(void *context, const seep_store_leak *leak)
{
  listing *l = context;
  if (l->array == NULL && !l->csv) {
    char opened[SEEP_WALL_TEXT_SIZE], rate[SEEP_HUMAN_SIZE], growth[SEEP_HUMAN_SIZE], name[NAME_SIZE],
        kind[64];
    printf("%6" PRId64 "  %-24s  %-6s  %20s  %12s  %-14s  %10" PRIu32 "  %s\n", leak->id,
           seep_wall_text(leak->opened, opened, sizeof opened), leak->closed.ms == 0 ? "open" : "over",
           seep_human_rate(leak->slope_bytes_per_hour, rate, sizeof rate),
           seep_human_bytes(leak->growth_bytes, growth, sizeof growth),
           presentable(leak->kind, true, kind, sizeof kind), leak->key.pid,
           presentable(leak->image, true, name, sizeof name));
    return !ferror(stdout);
  }
  cJSON *object = cJSON_CreateObject();
  bool ok = object != NULL && add_u64(object, "id", (uint64_t)leak->id) &&
            add_process(object, leak->key, leak->image) && add_wall_or_null(object, "began", leak->began) &&
            add_wall_or_null(object, "opened", leak->opened) &&
            add_wall_or_null(object, "closed", leak->closed) &&
            cJSON_AddNumberToObject(object, "slope_bytes_per_hour", leak->slope_bytes_per_hour) != NULL &&
            add_u64(object, "growth_bytes", leak->growth_bytes) &&
            add_u64(object, "commit_bytes", leak->commit_bytes) &&
            cJSON_AddNumberToObject(object, "confidence", leak->confidence) != NULL &&
            add_text_or_null(object, "kind", leak->kind) && add_text_or_null(object, "ending", leak->ending);
  return keep(l, object, ok);
}

static bool list_capture(void *context, const seep_store_capture *capture)
{
  listing *l = context;
  if (l->array == NULL && !l->csv) {
    char started[SEEP_WALL_TEXT_SIZE], bytes[SEEP_HUMAN_SIZE], name[NAME_SIZE], path[NAME_SIZE], outcome[512],
        kind[96];
    printf("%6" PRId64 "  %-24s  %-14s  %12s  %10" PRIu32 "  %s  %s  %s\n", capture->id,
           seep_wall_text(capture->started, started, sizeof started),
           presentable(capture->kind, true, kind, sizeof kind),
           seep_human_bytes(capture->bytes, bytes, sizeof bytes), capture->key.pid,
           presentable(capture->image, true, name, sizeof name),
           presentable(capture->outcome, true, outcome, sizeof outcome),
           capture->path[0] != '\0' ? presentable(capture->path, true, path, sizeof path) : "-");
    return !ferror(stdout);
  }
  cJSON *object = cJSON_CreateObject();
  bool ok = object != NULL && add_u64(object, "id", (uint64_t)capture->id) &&
            (capture->leak_id > 0 ? add_u64(object, "leak_id", (uint64_t)capture->leak_id)
                                  : cJSON_AddNullToObject(object, "leak_id") != NULL) &&
            add_process(object, capture->key, capture->image) && add_text(object, "kind", capture->kind) &&
            add_wall_or_null(object, "started", capture->started) &&
            add_wall_or_null(object, "ended", capture->ended) && add_u64(object, "bytes", capture->bytes) &&
            add_text_or_null(object, "path", capture->path) && add_text(object, "outcome", capture->outcome);
  return keep(l, object, ok);
}

static seep_status read_list(const options *o, seep_store *store, listing *l, seep_error *error)
{
  if (strcmp(o->verb, "leaks") == 0) {
    if (o->csv) {
      puts(LEAK_COLUMNS);
    } else if (!o->json) {
      printf("%6s  %-24s  %-6s  %20s  %12s  %-14s  %10s  %s\n", "id", "opened", "state", "rate", "growth",
             "kind", "pid", "process");
    }
    return seep_store_leaks(store, list_leak, l, error);
  }
  if (o->csv) {
    puts(CAPTURE_COLUMNS);
  } else if (!o->json) {
    printf("%6s  %-24s  %-14s  %12s  %10s  %s  %s  %s\n", "id", "started", "kind", "size", "pid", "process",
           "outcome", "file");
  }
  return seep_store_captures(store, list_capture, l, error);
}

static int write_list(const options *o, seep_store *store)
{
  seep_error error = {0};
  listing l = {.csv = o->csv};
  cJSON *document = NULL;
  if (o->json) {
    document = cJSON_CreateObject();
    l.array = document != NULL ? cJSON_AddArrayToObject(document, o->verb) : NULL;
    l.no_memory = l.array == NULL;
  }
  seep_status status = l.no_memory ? SEEP_OK : read_list(o, store, &l, &error);
  if (o->json && !l.no_memory) {
    l.no_memory = !write_json(document);
    putchar('\n');
  }
  cJSON_Delete(document);
  if (l.no_memory) {
    status = seep_error_set(&error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "write output", NULL);
  }
  return finish(o, status, &error);
}

/* ---- the verbs ---- */

static int read_store(options *o, int first, int argc, char **argv,
                      int (*write)(const options *o, seep_store *store))
{
  seep_error error = {0};
  seep_store *store = NULL;
  int code = parse_options(o, first, argc, argv);
  if (code != SEEP_EXIT_DONE) {
    return code;
  }
  if (seep_store_open_readonly(o->database, &store, &error) != SEEP_OK) {
    return fail_with(o, &error);
  }
  code = write(o, store);
  seep_store_close(store);
  return code;
}

int seep_cmd_history(int argc, char **argv)
{
  options o = {.verb = "history"};
  return read_store(&o, 1, argc, argv, write_history);
}

int seep_cmd_leaks(int argc, char **argv)
{
  options o = {.verb = "leaks"};
  return read_store(&o, 1, argc, argv, write_list);
}

int seep_cmd_captures(int argc, char **argv)
{
  options o = {.verb = "captures"};
  if (argc < 2 || strcmp(argv[1], "list") != 0) {
    return seep_cli_fail(o.verb, SEEP_EXIT_USAGE, argc < 2 ? "nothing to do" : argv[1], "say: captures list");
  }
  return read_store(&o, 2, argc, argv, write_list);
}
