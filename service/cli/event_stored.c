#include "event_stored.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "cli.h"
#include "event_print.h"
#include "listing.h"
#include "output.h"
#include "query.h"
#include "report/human.h"
#include "store/store.h"

#define VERB "event"
#define NAME_SIZE ((size_t)3 * SEEP_EXHAUSTION_NAME_SIZE)
#define LIST_COLUMNS                                                                                         \
  "id,seen,time,record_id,commit_limit_bytes,commit_charge_bytes,left_bytes,charge_percent,process,pid,"     \
  "created,commit_bytes,match,told"

/* ---- list ---- */

static uint64_t left_bytes(const seep_exhaustion *event)
{
  return event->commit_charge_bytes < event->commit_limit_bytes
             ? event->commit_limit_bytes - event->commit_charge_bytes
             : 0;
}

static void write_row(const seep_store_exhaustion *stored)
{
  const seep_exhaustion *event = stored->event;
  const seep_exhaustion_process *top = seep_event_print_largest(event);
  char seen[SEEP_WALL_TEXT_SIZE], record[32] = "-", left[SEEP_HUMAN_SIZE] = "-", charge[32] = "-",
                                  bytes[SEEP_HUMAN_SIZE] = "-", pid[12] = "-", name[NAME_SIZE];
  if (event->record_id != 0) {
    snprintf(record, sizeof record, "%" PRIu64, event->record_id);
  }
  if (event->has_system) {
    (void)seep_human_bytes(left_bytes(event), left, sizeof left);
    snprintf(charge, sizeof charge, "%.2f %%",
             seep_event_print_percent(event->commit_charge_bytes, event->commit_limit_bytes));
  }
  printf("%6" PRId64 "  %-24s  %10s  %12s  %9s  %-4s  ", stored->id,
         seep_wall_text(stored->seen, seen, sizeof seen), record, left, charge, stored->told ? "yes" : "no");
  if (top != NULL) {
    if (top->key.pid != 0) {
      snprintf(pid, sizeof pid, "%" PRIu32, top->key.pid);
    }
    if (top->commit_bytes != 0) {
      (void)seep_human_bytes(top->commit_bytes, bytes, sizeof bytes);
    }
    printf("%s (PID %s), %s\n",
           top->name[0] != '\0' ? seep_output_presentable(top->name, true, name, sizeof name) : "-", pid,
           bytes);
  } else {
    puts("-");
  }
}

static bool add_nulls(cJSON *object, const char *const *keys, size_t count)
{
  bool ok = true;
  for (size_t i = 0; ok && i < count; i++) {
    ok = cJSON_AddNullToObject(object, keys[i]) != NULL;
  }
  return ok;
}

static bool add_commit(cJSON *object, const seep_exhaustion *event)
{
  static const char *const keys[] = {"commit_limit_bytes", "commit_charge_bytes", "left_bytes",
                                     "charge_percent"};
  char percent[32];
  if (!event->has_system) {
    return add_nulls(object, keys, sizeof keys / sizeof keys[0]);
  }
  snprintf(percent, sizeof percent, "%.2f",
           seep_event_print_percent(event->commit_charge_bytes, event->commit_limit_bytes));
  return seep_output_add_u64(object, keys[0], event->commit_limit_bytes) &&
         seep_output_add_u64(object, keys[1], event->commit_charge_bytes) &&
         seep_output_add_u64(object, keys[2], left_bytes(event)) &&
         cJSON_AddRawToObject(object, keys[3], percent) != NULL;
}

static bool add_largest(cJSON *object, const seep_store_exhaustion *stored)
{
  static const char *const keys[] = {"process", "pid", "created", "commit_bytes", "match"};
  const seep_exhaustion_process *top = seep_event_print_largest(stored->event);
  if (top == NULL) {
    return add_nulls(object, keys, sizeof keys / sizeof keys[0]);
  }
  size_t at = (size_t)(top - stored->event->processes);
  const seep_filetime created = top->key.created;
  return seep_output_add_text_or_null(object, keys[0], top->name) &&
         seep_output_add_u64_if(object, keys[1], top->key.pid != 0, top->key.pid) &&
         seep_output_add_wall_or_null(object, keys[2],
                                      created != 0 ? seep_wall_from_filetime(created) : (seep_wall){0}) &&
         seep_output_add_u64_if(object, keys[3], top->commit_bytes != 0, top->commit_bytes) &&
         seep_output_add_text(object, keys[4], seep_event_print_match(stored->matches[at]));
}

static bool list_event(void *context, const seep_store_exhaustion *stored)
{
  seep_listing *listing = context;
  if (seep_listing_is_table(listing)) {
    write_row(stored);
    return !ferror(stdout);
  }
  cJSON *object = cJSON_CreateObject();
  bool ok =
      object != NULL && seep_output_add_u64(object, "id", (uint64_t)stored->id) &&
      seep_output_add_wall_or_null(object, "seen", stored->seen) &&
      seep_event_print_add_time(object, "time", stored->event->time_created) &&
      seep_output_add_u64_if(object, "record_id", stored->event->record_id != 0, stored->event->record_id) &&
      add_commit(object, stored->event) && add_largest(object, stored) &&
      cJSON_AddRawToObject(object, "told", stored->told ? "true" : "false") != NULL;
  return seep_listing_keep(listing, object, ok);
}

static seep_status read_events(seep_listing *listing, seep_store *store, void *context, seep_error *error)
{
  const seep_query *query = context;
  seep_store_filter filter;
  seep_status status = seep_query_filter(query, store, &filter, error);
  if (status != SEEP_OK) {
    return status;
  }
  if (listing->csv) {
    puts(LIST_COLUMNS);
  } else if (seep_listing_is_table(listing)) {
    printf("%6s  %-24s  %10s  %12s  %9s  %-4s  %s\n", "id", "seen", "record", "left", "charge", "told",
           "largest process");
  }
  return seep_store_exhaustions(store, &filter, list_event, listing, error);
}

int seep_event_stored_list(int first, int argc, char **argv)
{
  seep_query query = {.verb = VERB};
  int code = seep_query_parse(&query, SEEP_QUERY_HOURS | SEEP_QUERY_RANGE, first, argc, argv);
  return code == SEEP_EXIT_DONE ? seep_listing_write(&query, read_events, &query) : code;
}

/* ---- latest ---- */

typedef struct latest {
  bool found;
  seep_store_exhaustion stored; /* its event is the next one */
  seep_exhaustion event;
} latest;

/* They come oldest first: the last one stays. */
static bool keep_event(void *context, const seep_store_exhaustion *stored)
{
  latest *l = context;
  l->found = true;
  l->stored = *stored;
  l->event = *stored->event;
  l->stored.event = &l->event;
  return true;
}

static int show_latest(const seep_query *query, seep_store *store)
{
  static latest l;
  seep_error error = {0};
  seep_store_filter filter;
  seep_store_filter_init(&filter);
  seep_status status = seep_store_exhaustions(store, &filter, keep_event, &l, &error);
  if (!l.found) {
    return status != SEEP_OK ? seep_query_fail(query, &error)
                             : seep_cli_fail(VERB, SEEP_EXIT_NOT_FOUND, query->database,
                                             "no Event 2004 has been kept (not found)");
  }
  if (!query->json) {
    seep_event_print_text(&l.event, &l.stored);
  } else if (!seep_event_print_json(&l.event, &l.stored)) {
    status = seep_error_set(&error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "write output", NULL);
  }
  return seep_query_finish(query, status, &error);
}

int seep_event_stored_latest(int first, int argc, char **argv)
{
  seep_query query = {.verb = VERB};
  seep_store *store = NULL;
  int code = seep_query_parse(&query, 0, first, argc, argv);
  if (code == SEEP_EXIT_DONE && query.csv) {
    code = seep_cli_fail(VERB, SEEP_EXIT_USAGE, "--csv", "only with 'event list'");
  }
  if (code == SEEP_EXIT_DONE) {
    code = seep_query_open_store(&query, &store);
  }
  if (code == SEEP_EXIT_DONE) {
    code = show_latest(&query, store);
  }
  seep_store_close(store);
  return code;
}
