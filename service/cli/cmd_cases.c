/*
 * `seepwatch leaks`: the leak cases, as rows, or as JSON and with --id in full. A case is there for as long
 * as the store is, so the list is short.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "cli.h"
#include "leaks_facts.h"
#include "leaks_record.h"
#include "leaks_show.h"
#include "listing.h"
#include "output.h"
#include "query.h"
#include "report/human.h"
#include "store/store.h"

typedef struct asked {
  const seep_query *query;
  seep_wall from, to;
  seep_listing *listing;
  seep_leaks_facts facts;
  bool found; /* one was asked for, and is there */
} asked;

/* A case belongs to a time when it was there at some moment of it. */
static bool is_asked_for(asked *a, const seep_store_leak *leak)
{
  if (a->query->id > 0) {
    bool is_it = (uint64_t)leak->id == a->query->id;
    a->found = a->found || is_it;
    return is_it;
  }
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

static bool list_leak(void *context, const seep_store_leak *leak)
{
  asked *a = context;
  if (!is_asked_for(a, leak)) {
    return true;
  }
  if (seep_listing_is_table(a->listing)) {
    write_leak_row(leak);
    return !ferror(stdout);
  }
  cJSON *object = cJSON_CreateObject();
  return seep_listing_keep(a->listing, object, object != NULL && seep_leaks_record_fill_row(object, leak));
}

/* Rows go out as they come. */
static seep_status write_rows(asked *a, seep_store *store, seep_error *error)
{
  if (a->listing->csv) {
    puts(seep_leaks_record_columns);
  } else {
    printf("%6s  %-24s  %-6s  %-7s  %20s  %12s  %-14s  %10s  %s\n", "id", "opened", "state", "verdict",
           "rate", "growth", "kind", "pid", "process");
  }
  return seep_store_leaks(store, list_leak, a, error);
}

static bool collect_leak(void *context, const seep_store_leak *leak)
{
  asked *a = context;
  return !is_asked_for(a, leak) || seep_leaks_facts_add(&a->facts, leak);
}

/* false: out of memory, or nobody wants more. */
static bool write_fact(asked *a, const seep_leaks_fact *fact)
{
  if (seep_listing_is_table(a->listing)) {
    seep_leaks_show(fact);
    return !ferror(stdout);
  }
  cJSON *object = cJSON_CreateObject();
  return seep_listing_keep(a->listing, object, object != NULL && seep_leaks_record_fill(object, fact));
}

/* With all that belongs to a case, which is looked up for all of them together. */
static seep_status write_in_full(asked *a, seep_store *store, seep_error *error)
{
  seep_error failure = {0};
  seep_status status = seep_store_leaks(store, collect_leak, a, error);
  seep_status gathered = seep_leaks_facts_gather(&a->facts, store, &failure);
  a->listing->no_memory = a->facts.no_memory;
  for (size_t i = 0; i < a->facts.count; i++) {
    if (!write_fact(a, &a->facts.items[i])) {
      break;
    }
  }
  if (status == SEEP_OK && gathered != SEEP_OK) {
    *error = failure;
    status = gathered;
  }
  return status;
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
  if (listing->array != NULL || (a->query->id > 0 && !listing->csv)) {
    return write_in_full(a, store, error);
  }
  return write_rows(a, store, error);
}

/* With --id a case that is not there is a failure, after the empty list of it. */
static seep_status read_leak(seep_listing *listing, seep_store *store, void *context, seep_error *error)
{
  asked *a = context;
  char id[24];
  seep_status status = read_leaks(listing, store, context, error);
  if (status == SEEP_OK && a->query->id > 0 && !a->found && !listing->no_memory) {
    snprintf(id, sizeof id, "%" PRIu64, a->query->id);
    status = seep_error_set(error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0, "find leak case", id);
  }
  return status;
}

int seep_cmd_leaks(int argc, char **argv)
{
  seep_query query = {.verb = "leaks"};
  asked a = {.query = &query};
  int code = seep_query_parse(&query, SEEP_QUERY_OPEN | SEEP_QUERY_HOURS | SEEP_QUERY_RANGE | SEEP_QUERY_ID,
                              1, argc, argv);
  code = code == SEEP_EXIT_DONE ? seep_listing_write(&query, read_leak, &a) : code;
  seep_leaks_facts_fini(&a.facts);
  return code;
}
