/*
 * The verbs that list what was found and recorded: leaks, captures. A case is there for as long as the store
 * is, so these lists are short; JSON is one document, CSV and the table are written as they come.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cli.h"
#include "output.h"
#include "query.h"
#include "report/human.h"
#include "store/store.h"

#define LEAK_COLUMNS                                                                                         \
  "id,process,pid,created,began,opened,closed,slope_bytes_per_hour,growth_bytes,commit_bytes,confidence,"    \
  "kind,ending,verdict,slope_low_bytes_per_hour,slope_high_bytes_per_hour"
#define CAPTURE_COLUMNS "id,leak_id,process,pid,created,kind,started,ended,bytes,path,outcome"

typedef struct listing {
  bool csv, open_only;
  seep_wall from, to;
  cJSON *array; /* NULL unless JSON */
  bool no_memory;
} listing;

/* One record for JSON or CSV; takes the object. */
static bool keep(listing *l, cJSON *object, bool filled)
{
  if (filled && l->csv) {
    seep_output_csv_record(object);
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

/* ---- leaks ---- */

/* A case belongs to a time when it was there at some moment of it. */
static bool is_asked_for(const listing *l, const seep_store_leak *leak)
{
  bool is_open = leak->closed.ms == 0;
  return (is_open || !l->open_only) && leak->began.ms < l->to.ms &&
         (is_open || leak->closed.ms >= l->from.ms);
}

static void write_leak_row(const seep_store_leak *leak)
{
  char opened[SEEP_WALL_TEXT_SIZE], rate[SEEP_HUMAN_SIZE], growth[SEEP_HUMAN_SIZE],
      name[SEEP_OUTPUT_NAME_SIZE], kind[64], verdict[64];
  printf("%6" PRId64 "  %-24s  %-6s  %-7s  %20s  %12s  %-14s  %10" PRIu32 "  %s\n", leak->id,
         seep_wall_text(leak->opened, opened, sizeof opened), leak->closed.ms == 0 ? "open" : "over",
         seep_output_presentable(leak->verdict, true, verdict, sizeof verdict),
         seep_human_rate(leak->slope_bytes_per_hour, rate, sizeof rate),
         seep_human_bytes(leak->growth_bytes, growth, sizeof growth),
         seep_output_presentable(leak->kind, true, kind, sizeof kind), leak->key.pid,
         seep_output_presentable(leak->image, true, name, sizeof name));
}

/* Both 0: nobody knew them. */
static bool add_limits(cJSON *object, const seep_store_leak *leak)
{
  static const char low[] = "slope_low_bytes_per_hour", high[] = "slope_high_bytes_per_hour";
  if (leak->slope_low_bytes_per_hour == 0 && leak->slope_high_bytes_per_hour == 0) {
    return cJSON_AddNullToObject(object, low) != NULL && cJSON_AddNullToObject(object, high) != NULL;
  }
  return cJSON_AddNumberToObject(object, low, leak->slope_low_bytes_per_hour) != NULL &&
         cJSON_AddNumberToObject(object, high, leak->slope_high_bytes_per_hour) != NULL;
}

static bool list_leak(void *context, const seep_store_leak *leak)
{
  listing *l = context;
  if (!is_asked_for(l, leak)) {
    return true;
  }
  if (l->array == NULL && !l->csv) {
    write_leak_row(leak);
    return !ferror(stdout);
  }
  cJSON *object = cJSON_CreateObject();
  bool ok = object != NULL && seep_output_add_u64(object, "id", (uint64_t)leak->id) &&
            seep_output_add_process(object, leak->key, leak->image) &&
            seep_output_add_wall_or_null(object, "began", leak->began) &&
            seep_output_add_wall_or_null(object, "opened", leak->opened) &&
            seep_output_add_wall_or_null(object, "closed", leak->closed) &&
            cJSON_AddNumberToObject(object, "slope_bytes_per_hour", leak->slope_bytes_per_hour) != NULL &&
            seep_output_add_u64(object, "growth_bytes", leak->growth_bytes) &&
            seep_output_add_u64(object, "commit_bytes", leak->commit_bytes) &&
            cJSON_AddNumberToObject(object, "confidence", leak->confidence) != NULL &&
            seep_output_add_text_or_null(object, "kind", leak->kind) &&
            seep_output_add_text_or_null(object, "ending", leak->ending) &&
            seep_output_add_text(object, "verdict", leak->verdict) && add_limits(object, leak);
  return keep(l, object, ok);
}

/* ---- captures ---- */

static void write_capture_row(const seep_store_capture *capture)
{
  char started[SEEP_WALL_TEXT_SIZE], bytes[SEEP_HUMAN_SIZE], name[SEEP_OUTPUT_NAME_SIZE],
      path[SEEP_OUTPUT_NAME_SIZE], outcome[512], kind[96];
  printf("%6" PRId64 "  %-24s  %-14s  %12s  %10" PRIu32 "  %s  %s  %s\n", capture->id,
         seep_wall_text(capture->started, started, sizeof started),
         seep_output_presentable(capture->kind, true, kind, sizeof kind),
         seep_human_bytes(capture->bytes, bytes, sizeof bytes), capture->key.pid,
         seep_output_presentable(capture->image, true, name, sizeof name),
         seep_output_presentable(capture->outcome, true, outcome, sizeof outcome),
         capture->path[0] != '\0' ? seep_output_presentable(capture->path, true, path, sizeof path) : "-");
}

static bool list_capture(void *context, const seep_store_capture *capture)
{
  listing *l = context;
  if (l->array == NULL && !l->csv) {
    write_capture_row(capture);
    return !ferror(stdout);
  }
  cJSON *object = cJSON_CreateObject();
  bool ok = object != NULL && seep_output_add_u64(object, "id", (uint64_t)capture->id) &&
            (capture->leak_id > 0 ? seep_output_add_u64(object, "leak_id", (uint64_t)capture->leak_id)
                                  : cJSON_AddNullToObject(object, "leak_id") != NULL) &&
            seep_output_add_process(object, capture->key, capture->image) &&
            seep_output_add_text(object, "kind", capture->kind) &&
            seep_output_add_wall_or_null(object, "started", capture->started) &&
            seep_output_add_wall_or_null(object, "ended", capture->ended) &&
            seep_output_add_u64(object, "bytes", capture->bytes) &&
            seep_output_add_text_or_null(object, "path", capture->path) &&
            seep_output_add_text(object, "outcome", capture->outcome);
  return keep(l, object, ok);
}

/* ---- the verbs ---- */

static seep_status read_list(const seep_query *query, seep_store *store, listing *l, seep_error *error)
{
  if (strcmp(query->verb, "leaks") == 0) {
    if (query->csv) {
      puts(LEAK_COLUMNS);
    } else if (!query->json) {
      printf("%6s  %-24s  %-6s  %-7s  %20s  %12s  %-14s  %10s  %s\n", "id", "opened", "state", "verdict",
             "rate", "growth", "kind", "pid", "process");
    }
    return seep_store_leaks(store, list_leak, l, error);
  }
  if (query->csv) {
    puts(CAPTURE_COLUMNS);
  } else if (!query->json) {
    printf("%6s  %-24s  %-14s  %12s  %10s  %s  %s  %s\n", "id", "started", "kind", "size", "pid", "process",
           "outcome", "file");
  }
  return seep_store_captures(store, list_capture, l, error);
}

static int write_list(const seep_query *query, seep_store *store)
{
  seep_error error = {0};
  seep_store_filter filter;
  seep_status status = seep_query_filter(query, store, &filter, &error);
  if (status != SEEP_OK) {
    return seep_query_fail(query, &error);
  }
  listing l = {.csv = query->csv, .open_only = query->open, .from = filter.from, .to = filter.to};
  cJSON *document = NULL;
  if (query->json) {
    document = cJSON_CreateObject();
    l.array = document != NULL ? cJSON_AddArrayToObject(document, query->verb) : NULL;
    l.no_memory = l.array == NULL;
  }
  status = l.no_memory ? SEEP_OK : read_list(query, store, &l, &error);
  if (query->json && !l.no_memory) {
    l.no_memory = !seep_output_json(document);
    putchar('\n');
  }
  cJSON_Delete(document);
  if (l.no_memory) {
    status = seep_error_set(&error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "write output", NULL);
  }
  return seep_query_finish(query, status, &error);
}

static int list_from_store(seep_query *query, unsigned allowed, int first, int argc, char **argv)
{
  seep_store *store = NULL;
  int code = seep_query_parse(query, allowed, first, argc, argv);
  if (code == SEEP_EXIT_DONE) {
    code = seep_query_open_store(query, &store);
  }
  if (code == SEEP_EXIT_DONE) {
    code = write_list(query, store);
  }
  seep_store_close(store);
  return code;
}

int seep_cmd_leaks(int argc, char **argv)
{
  seep_query query = {.verb = "leaks"};
  return list_from_store(&query, SEEP_QUERY_OPEN | SEEP_QUERY_HOURS | SEEP_QUERY_RANGE, 1, argc, argv);
}

int seep_cmd_captures(int argc, char **argv)
{
  seep_query query = {.verb = "captures"};
  if (argc < 2 || strcmp(argv[1], "list") != 0) {
    return seep_cli_fail(query.verb, SEEP_EXIT_USAGE, argc < 2 ? "nothing to do" : argv[1],
                         "say: captures list");
  }
  return list_from_store(&query, 0, 2, argc, argv);
}
