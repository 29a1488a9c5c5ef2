/*
 * `seepwatch leaks`: the leak cases. A case is there for as long as the store is, so the list is short.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "cli.h"
#include "listing.h"
#include "output.h"
#include "query.h"
#include "report/human.h"
#include "store/store.h"

#define LEAK_COLUMNS                                                                                         \
  "id,process,pid,created,began,opened,closed,slope_bytes_per_hour,growth_bytes,commit_bytes,confidence,"    \
  "kind,ending,verdict,slope_low_bytes_per_hour,slope_high_bytes_per_hour"

typedef struct asked {
  const seep_query *query;
  seep_wall from, to;
  seep_listing *listing;
} asked;

/* A case belongs to a time when it was there at some moment of it. */
static bool is_asked_for(const asked *a, const seep_store_leak *leak)
{
  bool is_open = leak->closed.ms == 0;
  return (is_open || !a->query->open) && leak->began.ms < a->to.ms &&
         (is_open || leak->closed.ms >= a->from.ms);
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
  const asked *a = context;
  if (!is_asked_for(a, leak)) {
    return true;
  }
  if (seep_listing_is_table(a->listing)) {
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
  return seep_listing_keep(a->listing, object, ok);
}

static seep_status read_leaks(seep_listing *listing, seep_store *store, void *context, seep_error *error)
{
  asked *a = context;
  seep_store_filter filter;
  seep_status status = seep_query_filter(a->query, store, &filter, error);
  if (status != SEEP_OK) {
    return status;
  }
  a->from = filter.from;
  a->to = filter.to;
  a->listing = listing;
  if (listing->csv) {
    puts(LEAK_COLUMNS);
  } else if (seep_listing_is_table(listing)) {
    printf("%6s  %-24s  %-6s  %-7s  %20s  %12s  %-14s  %10s  %s\n", "id", "opened", "state", "verdict",
           "rate", "growth", "kind", "pid", "process");
  }
  return seep_store_leaks(store, list_leak, a, error);
}

int seep_cmd_leaks(int argc, char **argv)
{
  seep_query query = {.verb = "leaks"};
  asked a = {.query = &query};
  int code = seep_query_parse(&query, SEEP_QUERY_OPEN | SEEP_QUERY_HOURS | SEEP_QUERY_RANGE, 1, argc, argv);
  return code == SEEP_EXIT_DONE ? seep_listing_write(&query, read_leaks, &a) : code;
}
