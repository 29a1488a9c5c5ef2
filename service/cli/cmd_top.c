/*
 * The verb top: which processes grew most in the last hours. Floors are compared (growth.h), so that a spike,
 * the phase of a sawtooth or a start-up hardly counts. Who was watched too shortly to say is left out and
 * counted.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "cli.h"
#include "output.h"
#include "query.h"
#include "report/human.h"
#include "roster.h"
#include "series.h"
#include "store/store.h"

#define DEFAULT_HOURS 24
#define DEFAULT_LIMIT 20
#define CSV_COLUMNS "process,pid,created,grown_bytes,bytes_per_hour,now_bytes,peak_bytes,watched_s"

/* Below this the growth of a process says little about its next hours. */
#define ENOUGH_MS SEEP_MS_PER_HOUR

typedef struct place {
  const seep_roster_entry *entry;
  seep_growth_result growth;
} place;

typedef struct ranking {
  place *places; /* who grew; owned */
  size_t count;
  uint64_t not_grown, too_short;
} ranking;

static int compare_places(const void *a, const void *b)
{
  const place *left = a, *right = b;
  if (left->growth.grown_bytes != right->growth.grown_bytes) {
    return left->growth.grown_bytes < right->growth.grown_bytes ? 1 : -1;
  }
  return (left->entry->row > right->entry->row) - (left->entry->row < right->entry->row);
}

/* false when out of memory. */
static bool rank(ranking *r, const seep_roster *roster, uint64_t hours)
{
  int64_t range_ms = (int64_t)hours * SEEP_MS_PER_HOUR;
  int64_t enough_ms = range_ms / 2 < ENOUGH_MS ? range_ms / 2 : ENOUGH_MS;
  r->places = calloc(roster->count + 1, sizeof *r->places);
  if (r->places == NULL) {
    return false;
  }
  for (size_t i = 0; i < roster->count; i++) {
    const seep_roster_entry *entry = &roster->entries[i];
    seep_growth_result growth = seep_roster_growth(entry);
    if (entry->figures == 0) {
      continue;
    }
    if (!growth.known || growth.watched_ms < enough_ms) {
      r->too_short++;
    } else if (growth.grown_bytes <= 0) {
      r->not_grown++;
    } else {
      r->places[r->count++] = (place){entry, growth};
    }
  }
  qsort(r->places, r->count, sizeof r->places[0], compare_places);
  return true;
}

/* ---- output ---- */

static bool is_running(const seep_roster_entry *entry)
{
  return entry->last.ms == INT64_MAX;
}

static void write_row(const place *p)
{
  const seep_roster_entry *entry = p->entry;
  char grown[SEEP_HUMAN_SIZE], rate[SEEP_HUMAN_SIZE], now[SEEP_HUMAN_SIZE], peak[SEEP_HUMAN_SIZE],
      started[SEEP_OUTPUT_MINUTE_SIZE], name[SEEP_OUTPUT_NAME_SIZE];
  printf("%10s  %20s  %10s  %10s  %10" PRIu32 "  %-16s  %s\n",
         seep_human_bytes((uint64_t)p->growth.grown_bytes, grown, sizeof grown),
         seep_human_rate(p->growth.bytes_per_hour, rate, sizeof rate),
         is_running(entry) ? seep_human_bytes(entry->last_bytes, now, sizeof now) : "ended",
         seep_human_bytes(entry->peak_bytes, peak, sizeof peak), entry->key.pid,
         entry->key.created != 0
             ? seep_output_minute(seep_wall_from_filetime(entry->key.created), started, sizeof started)
             : "-",
         seep_output_presentable(entry->name, true, name, sizeof name));
}

static bool fill_json(cJSON *object, const place *p)
{
  const seep_roster_entry *entry = p->entry;
  double rate = p->growth.bytes_per_hour;
  return object != NULL && seep_output_add_process(object, entry->key, entry->name) &&
         seep_output_add_u64(object, "grown_bytes", (uint64_t)p->growth.grown_bytes) &&
         seep_output_add_u64(object, "bytes_per_hour",
                             rate < (double)INT64_MAX ? (uint64_t)(rate + 0.5) : UINT64_MAX) &&
         (is_running(entry) ? seep_output_add_u64(object, "now_bytes", entry->last_bytes)
                            : cJSON_AddNullToObject(object, "now_bytes") != NULL) &&
         seep_output_add_u64(object, "peak_bytes", entry->peak_bytes) &&
         seep_output_add_seconds(object, "watched_s", p->growth.watched_ms);
}

/* One place as JSON or CSV; false when out of memory. */
static bool write_record(const place *p, bool csv, bool first)
{
  cJSON *object = cJSON_CreateObject();
  bool ok = fill_json(object, p);
  if (ok && csv) {
    seep_output_csv_record(object);
  } else if (ok) {
    fputs(first ? "\n" : ",\n", stdout);
    ok = seep_output_json(object);
  }
  cJSON_Delete(object);
  return ok;
}

static bool write_json(const seep_query *query, const ranking *r, size_t shown)
{
  printf("{\"hours\":%" PRIu64 ",\"processes\":[", query->hours);
  bool ok = true;
  for (size_t i = 0; ok && i < shown; i++) {
    ok = write_record(&r->places[i], false, i == 0);
  }
  printf("\n],\"beyond_limit\":%" PRIu64 ",\"not_grown\":%" PRIu64 ",\"too_short\":%" PRIu64 "}\n",
         (uint64_t)(r->count - shown), r->not_grown, r->too_short);
  return ok;
}

static void write_table(const seep_query *query, const ranking *r, size_t shown)
{
  printf("%10s  %20s  %10s  %10s  %10s  %-16s  %s\n", "grown", "per hour", "now", "peak", "pid",
         "started (UTC)", "process");
  for (size_t i = 0; i < shown; i++) {
    write_row(&r->places[i]);
  }
  printf("\nIn the last %" PRIu64 " h: %" PRIu64 " grew", query->hours, (uint64_t)r->count);
  if (shown < r->count) {
    printf(" (%" PRIu64 " of them not shown)", (uint64_t)(r->count - shown));
  }
  printf(", %" PRIu64 " did not, %" PRIu64 " watched too shortly to say.\n", r->not_grown, r->too_short);
}

static bool write_ranking(const seep_query *query, const ranking *r)
{
  size_t shown = r->count < query->limit ? r->count : (size_t)query->limit;
  if (query->json) {
    return write_json(query, r, shown);
  }
  if (!query->csv) {
    write_table(query, r, shown);
    return true;
  }
  puts(CSV_COLUMNS);
  for (size_t i = 0; i < shown; i++) {
    if (!write_record(&r->places[i], true, false)) {
      return false;
    }
  }
  return true;
}

/* ---- the verb ---- */

static int write_top(const seep_query *query, seep_store *store)
{
  seep_error error = {0};
  seep_store_filter filter;
  seep_roster roster = {0};
  ranking r = {0};
  seep_status status = seep_query_filter(query, store, &filter, &error);
  if (status == SEEP_OK) {
    status = seep_roster_read(&roster, store, &filter, SEEP_SERIES_BOTH, &error);
  }
  bool readable = status == SEEP_OK || status == SEEP_CORRUPT;
  if (readable && (!rank(&r, &roster, query->hours) || !write_ranking(query, &r))) {
    status = seep_error_set(&error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "rank processes", NULL);
  } else if (status == SEEP_OK && r.count + r.not_grown + r.too_short == 0 && query->image != NULL) {
    status = seep_error_set(&error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0, "find process", query->image);
  }
  free(r.places);
  seep_roster_free(&roster);
  return seep_query_finish(query, status, &error);
}

int seep_cmd_top(int argc, char **argv)
{
  seep_query query = {.verb = "top", .hours = DEFAULT_HOURS, .limit = DEFAULT_LIMIT};
  seep_store *store = NULL;
  int code = seep_query_parse(&query, SEEP_QUERY_IMAGE | SEEP_QUERY_HOURS | SEEP_QUERY_LIMIT, 1, argc, argv);
  if (code == SEEP_EXIT_DONE) {
    code = seep_query_open_store(&query, &store);
  }
  if (code == SEEP_EXIT_DONE) {
    code = write_top(&query, store);
  }
  seep_store_close(store);
  return code;
}
