/*
 * Reading the hours' figures. Rows stand for several alike hours of one day, so a day is read at once and its
 * hours are given out one after the other.
 */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define HOURS_PER_DAY 24

typedef struct run {
  const seep_store_process *process;
  int64_t hour;
  unsigned hours;
  uint64_t floor, mean, peak; /* pages */
} run;

typedef struct day {
  run *runs;
  size_t count, capacity;
} day;

static bool day_add(day *d, const run *item)
{
  void *runs = d->runs;
  bool ok = seep_array_reserve(&runs, &d->capacity, d->count + 1, sizeof *d->runs);
  d->runs = runs;
  if (!ok) {
    return false;
  }
  d->runs[d->count++] = *item;
  return true;
}

/* Beyond what 2^63 bytes are in pages only a damaged file goes. */
static uint64_t pages_of(const seep_store_query *query, int column)
{
  uint64_t pages = seep_store__column_u64(query, column);
  return pages < (UINT64_C(1) << 50) ? pages : (UINT64_C(1) << 50);
}

static seep_status read_day(seep_store *store, const seep_store_list *list, int64_t first, day *d,
                            seep_error *error)
{
  seep_store_query query;
  bool enough_memory = true;
  d->count = 0;
  seep_store__query(&query, store, SEEP_SLOT_HOUR_DAY,
                    "SELECT hour, process, hours, floor, mean_above, peak_above FROM hour"
                    " WHERE hour >= ? AND hour < ?");
  seep_store__bind_i64(&query, first);
  seep_store__bind_i64(&query, first + HOURS_PER_DAY);
  while (enough_memory && seep_store__row(&query)) {
    run item = {seep_store__list_find(list, sqlite3_column_int64(query.statement, 1)),
                sqlite3_column_int64(query.statement, 0),
                (unsigned)sqlite3_column_int(query.statement, 2),
                pages_of(&query, 3),
                0,
                0};
    item.mean = item.floor + pages_of(&query, 4);
    item.peak = item.floor + pages_of(&query, 5);
    enough_memory = item.process == NULL || day_add(d, &item);
  }
  seep_status status = seep_store__finish(&query, "read hours", error);
  if (status == SEEP_OK && !enough_memory) {
    status = seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "read hours", NULL);
  }
  return status;
}

static int compare_runs(const void *a, const void *b)
{
  const run *left = a, *right = b;
  if (left->process->row != right->process->row) {
    return left->process->row < right->process->row ? -1 : 1;
  }
  return (left->hour > right->hour) - (left->hour < right->hour);
}

static bool visit_hour(const day *d, int64_t hour, seep_store_hour_visit visit, void *context)
{
  for (size_t i = 0; i < d->count; i++) {
    const run *item = &d->runs[i];
    if (hour < item->hour || hour - item->hour >= (int64_t)item->hours) {
      continue;
    }
    seep_store_hour figures = {item->process,
                               {hour * SEEP_MS_PER_HOUR},
                               item->floor * SEEP_POLL_PAGE_BYTES,
                               item->mean * SEEP_POLL_PAGE_BYTES,
                               item->peak * SEEP_POLL_PAGE_BYTES};
    if (!visit(context, &figures)) {
      return false;
    }
  }
  return true;
}

static int64_t day_of(int64_t hour)
{
  int64_t within = hour % HOURS_PER_DAY;
  return hour - (within < 0 ? within + HOURS_PER_DAY : within);
}

/* Hours of the filter that lie between those that there are; false when there are none. */
static bool clip(const seep_store_filter *filter, int64_t *first, int64_t *last)
{
  int64_t from = seep_store__hour_of(filter->from);
  int64_t to = seep_store__hour_of((seep_wall){filter->to.ms - (filter->to.ms > INT64_MIN)});
  if (filter->from.ms % SEEP_MS_PER_HOUR != 0) {
    from++; /* an hour is meant by its beginning */
  }
  *first = from > *first ? from : *first;
  *last = to < *last ? to : *last;
  return *first <= *last;
}

/* A clock that was wrong, or a damaged row, may lie a million days from the others. */
static seep_status skip_empty_days(seep_store *store, int64_t last, int64_t *start, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_HOUR_FROM,
                    "SELECT ifnull(min(hour), ?2) FROM hour WHERE hour >= ?1");
  seep_store__bind_i64(&query, *start);
  seep_store__bind_i64(&query, last);
  if (seep_store__row(&query)) {
    int64_t hour = sqlite3_column_int64(query.statement, 0);
    *start = day_of(hour < last ? hour : last);
  }
  return seep_store__finish(&query, "read hours", error);
}

static seep_status visit_days(seep_store *store, const seep_store_list *list, int64_t first, int64_t last,
                              seep_store_hour_visit visit, void *context, seep_error *error)
{
  day d = {NULL, 0, 0};
  seep_status status = SEEP_OK;
  bool more = true;
  for (int64_t start = day_of(first); more && start <= last; start += HOURS_PER_DAY) {
    status = skip_empty_days(store, last, &start, error);
    if (status == SEEP_OK) {
      status = read_day(store, list, start, &d, error);
    }
    more = status == SEEP_OK;
    if (more && d.count > 0) {
      qsort(d.runs, d.count, sizeof *d.runs, compare_runs);
    }
    for (int64_t hour = start; more && d.count > 0 && hour < start + HOURS_PER_DAY; hour++) {
      more = hour < first || hour > last || visit_hour(&d, hour, visit, context);
    }
  }
  free(d.runs);
  return status;
}

seep_status seep_store_hours(seep_store *store, const seep_store_filter *filter, seep_store_hour_visit visit,
                             void *context, seep_error *error)
{
  seep_store_list list;
  seep_store_query query;
  int64_t first = 0, last = -1;
  seep_store__query(&query, store, SEEP_SLOT_HOUR_RANGE,
                    "SELECT min(hour), min(max(hour), 2562047788000) FROM hour");
  if (seep_store__row(&query) && sqlite3_column_type(query.statement, 0) != SQLITE_NULL) {
    first = sqlite3_column_int64(query.statement, 0);
    last = sqlite3_column_int64(query.statement, 1) + HOURS_PER_DAY - 1;
  }
  seep_status status = seep_store__finish(&query, "read hours", error);
  if (status != SEEP_OK || first > last || !clip(filter, &first, &last)) {
    return status;
  }
  seep_store_filter whom = *filter;
  seep_store_filter_widen(&whom);
  status = seep_store__list(store, &whom, &list, error);
  if (status == SEEP_OK) {
    status = visit_days(store, &list, first, last, visit, context, error);
    seep_store__list_fini(&list);
  }
  return status;
}
