/*
 * The hours' figures: floor, mean and peak of each process and of the system, added up as polls come and
 * written when the first poll of another hour does. Where nothing changed, the row of the hour before is made
 * longer instead, within a day.
 */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "store/block.h"

#define HOURS_PER_DAY 24

int64_t seep_store__hour_of(seep_wall wall)
{
  int64_t hour = wall.ms / SEEP_MS_PER_HOUR;
  return wall.ms % SEEP_MS_PER_HOUR < 0 ? hour - 1 : hour;
}

/* ---- adding up ---- */

seep_status seep_store__sums_reserve(seep_store_sums *sums, size_t more, seep_error *error)
{
  void *items = sums->items;
  bool ok = seep_array_reserve(&items, &sums->capacity, sums->count + more, sizeof *sums->items);
  sums->items = items;
  return ok ? SEEP_OK : seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "add up hour", NULL);
}

static void add_pages(seep_store_sum *sum, uint64_t pages)
{
  sum->floor = sum->polls == 0 || pages < sum->floor ? pages : sum->floor;
  sum->peak = sum->polls == 0 || pages > sum->peak ? pages : sum->peak;
  sum->total += (double)pages;
  sum->polls++;
}

/* New rows are the highest but for figures that could not be read before: those move the others up. */
static void insert_sum(seep_store_sums *sums, size_t at, int64_t row)
{
  memmove(sums->items + at + 1, sums->items + at, (sums->count - at) * sizeof *sums->items);
  sums->items[at] = (seep_store_sum){.row = row};
  sums->count++;
}

/* Where the row is or belongs. After an opening entries come one by one: looking from the front each time
 * would be quadratic. */
static size_t place_of(const seep_store_sums *sums, int64_t row)
{
  size_t low = 0, high = sums->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (sums->items[middle].row < row) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

void seep_store__sums_add(seep_store_sums *sums, seep_wall wall, const seep_poll_entry *entries, size_t count)
{
  size_t at = count > 0 ? place_of(sums, entries[0].row) : 0;
  for (size_t i = 0; i < count; i++) {
    while (at < sums->count && sums->items[at].row < entries[i].row) {
      at++;
    }
    if (at == sums->count || sums->items[at].row != entries[i].row) {
      insert_sum(sums, at, entries[i].row);
    }
    add_pages(&sums->items[at], entries[i].pages);
    sums->items[at].last_ms = wall.ms;
  }
}

/* ---- writing ---- */

/* Not where the clock was set back: what comes next has been written once already. */
static bool goes_on(const seep_store_sums *sums, const seep_store_sum *sum)
{
  int64_t hour = sums->hour;
  return hour > sums->written && sum->run_hours > 0 && sum->run_hour + (int64_t)sum->run_hours == hour &&
         hour % HOURS_PER_DAY != 0 && sum->floor == sum->peak && sum->floor == sum->run_pages;
}

/* *done false: there is no row that could be made longer; prune may have taken it. */
static seep_status make_longer(seep_store *store, const seep_store_sum *sum, bool *done, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_HOUR_LONGER,
                    "UPDATE hour SET hours = hours + 1 WHERE hour = ? AND process = ?");
  seep_store__bind_i64(&query, sum->run_hour);
  seep_store__bind_i64(&query, sum->row);
  seep_status status = seep_store__run(&query, "add up hour", error);
  *done = status == SEEP_OK && sqlite3_changes(store->db) > 0;
  return status;
}

static seep_status run_for_hour(seep_store *store, seep_store_slot slot, const char *sql, int64_t hour,
                                seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, slot, sql);
  seep_store__bind_i64(&query, hour);
  return seep_store__run(&query, "add up hour", error);
}

/* The clock was set back: rows of several hours that this one is among come apart, so that it alone is
 * widened. */
static seep_status single_out(seep_store *store, int64_t hour, seep_error *error)
{
  seep_status status = run_for_hour(
      store, SEEP_SLOT_HOUR_BEHIND,
      "INSERT OR IGNORE INTO hour SELECT ?1 + 1, process, hour + hours - ?1 - 1, floor, mean_above,"
      " peak_above FROM hour WHERE hour > ?1 - 24 AND hour <= ?1 AND hour + hours > ?1 + 1",
      hour, error);
  if (status == SEEP_OK) {
    status = run_for_hour(store, SEEP_SLOT_HOUR_ITSELF,
                          "INSERT OR IGNORE INTO hour SELECT ?1, process, 1, floor, mean_above, peak_above"
                          " FROM hour WHERE hour > ?1 - 24 AND hour < ?1 AND hour + hours > ?1",
                          hour, error);
  }
  if (status == SEEP_OK) {
    status = run_for_hour(store, SEEP_SLOT_HOUR_SHORTER,
                          "UPDATE hour SET hours = max(1, ?1 - hour)"
                          " WHERE hour > ?1 - 24 AND hour <= ?1 AND hour + hours > ?1",
                          hour, error);
  }
  return status;
}

static seep_status write_sum(seep_store *store, const seep_store_sum *sum, seep_error *error)
{
  int64_t hour = store->series.sums.hour;
  bool done = false;
  seep_status status = goes_on(&store->series.sums, sum) ? make_longer(store, sum, &done, error) : SEEP_OK;
  if (status != SEEP_OK || done) {
    return status;
  }
  seep_store_query query;
  /* The clock was set back: what the hour had the first time is widened. */
  seep_store__query(&query, store, SEEP_SLOT_HOUR_ADD,
                    "INSERT INTO hour(hour, process, hours, floor, mean_above, peak_above)"
                    " VALUES(?1, ?2, 1, ?3, ?4, ?5) ON CONFLICT(hour, process) DO UPDATE SET"
                    " floor = min(floor, ?3), peak_above = max(floor + peak_above, ?3 + ?5) - min(floor, ?3),"
                    " mean_above = max(0, (floor + mean_above + ?3 + ?4) / 2 - min(floor, ?3))");
  seep_store__bind_i64(&query, hour);
  seep_store__bind_i64(&query, sum->row);
  seep_store__bind_u64(&query, sum->floor);
  double above = sum->total / sum->polls - (double)sum->floor;
  seep_store__bind_u64(&query, above > 0 ? (uint64_t)(above + 0.5) : 0);
  seep_store__bind_u64(&query, sum->peak - sum->floor);
  return seep_store__run(&query, "add up hour", error);
}

/* Both ascend: whether the row that `at` is moved up to is among the entries. */
static bool is_among(const seep_poll_entry *entries, size_t count, size_t *at, int64_t row)
{
  while (*at < count && entries[*at].row < row) {
    (*at)++;
  }
  return *at < count && entries[*at].row == row;
}

seep_status seep_store__sums_write(seep_store *store, const seep_poll_entry *next, size_t count,
                                   seep_error *error)
{
  const seep_store_sums *sums = &store->series.sums;
  seep_status status = sums->hour <= sums->written ? single_out(store, sums->hour, error) : SEEP_OK;
  size_t at = 0;
  for (size_t i = 0; i < sums->count && status == SEEP_OK; i++) {
    const seep_store_sum *sum = &sums->items[i];
    status = write_sum(store, sum, error);
    if (status == SEEP_OK && sum->row > 0 && !is_among(next, count, &at, sum->row)) {
      seep_wall ended = {sum->last_ms};
      status = seep_store__end_process(store, sum->row, &ended, error);
    }
  }
  return status;
}

void seep_store__sums_close(seep_store_sums *sums, int64_t hour, const seep_poll_entry *next, size_t count)
{
  size_t kept = 0, at = 0;
  for (size_t i = 0; i < sums->count; i++) {
    seep_store_sum sum = sums->items[i];
    if (!is_among(next, count, &at, sum.row)) {
      continue;
    }
    if (goes_on(sums, &sum)) {
      sum.run_hours++;
    } else {
      sum.run_hour = sums->hour;
      sum.run_hours = sum.floor == sum.peak;
      sum.run_pages = sum.floor;
    }
    sum.polls = 0;
    sum.total = 0;
    sums->items[kept++] = sum;
  }
  sums->count = kept;
  sums->written = sums->hour > sums->written ? sums->hour : sums->written;
  sums->hour = hour;
}

/* ---- after an opening ---- */

typedef struct loading {
  seep_store_sums *sums;
  const seep_block_time *times;
} loading;

static bool load_series(void *context, const seep_block_series *series)
{
  loading *l = context;
  bool ok = true;
  for (unsigned i = 0; i < series->count && ok; i++) {
    seep_wall wall = {l->times[series->first + i].wall_ms};
    seep_poll_entry entry = {series->row, series->pages[i]};
    if (seep_store__hour_of(wall) == l->sums->hour) {
      ok = seep_store__sums_reserve(l->sums, 1, NULL) == SEEP_OK;
      if (ok) {
        seep_store__sums_add(l->sums, wall, &entry, 1);
      }
    }
  }
  return ok;
}

static seep_status load_block(seep_store_sums *sums, const uint8_t *data, size_t size)
{
  seep_block_view view;
  seep_block_time *times = malloc(SEEP_BLOCK_MAXIMUM_POLLS * sizeof *times);
  loading l = {sums, times};
  seep_status status = times != NULL ? seep_block_open(&view, data, size, NULL) : SEEP_NO_MEMORY;
  if (status == SEEP_OK) {
    status = seep_block_times(&view, times, NULL);
  }
  if (status == SEEP_OK) {
    status = seep_block_read(&view, NULL, 0, load_series, &l, NULL);
  }
  free(times);
  return status;
}

/* Runs end at midnight: what reaches this hour began less than a day before it. */
static seep_status load_written(seep_store *store, seep_error *error)
{
  seep_store_sums *sums = &store->series.sums;
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_HOUR_WRITTEN,
                    "SELECT ifnull(max(hour + hours - 1), ?1 - 24) FROM hour WHERE hour > ?1 - 24");
  seep_store__bind_i64(&query, sums->hour);
  if (seep_store__row(&query)) {
    sums->written = sqlite3_column_int64(query.statement, 0);
  }
  return seep_store__finish(&query, "append poll", error);
}

/* A damaged block costs this hour some accuracy and nothing else. */
seep_status seep_store__sums_load(seep_store *store, seep_error *error)
{
  seep_store_sums *sums = &store->series.sums;
  seep_store_query query;
  seep_status loaded = SEEP_OK;
  seep_store__query(&query, store, SEEP_SLOT_BLOCK_HOUR,
                    "SELECT data FROM block WHERE last_ms >= ? AND first_ms < ? ORDER BY id");
  seep_store__bind_i64(&query, sums->hour * SEEP_MS_PER_HOUR);
  seep_store__bind_i64(&query, (sums->hour + 1) * SEEP_MS_PER_HOUR);
  while (loaded != SEEP_NO_MEMORY && seep_store__row(&query)) {
    const uint8_t *data = sqlite3_column_blob(query.statement, 0);
    loaded = load_block(sums, data, data != NULL ? (size_t)sqlite3_column_bytes(query.statement, 0) : 0);
  }
  seep_status status = seep_store__finish(&query, "append poll", error);
  if (status == SEEP_OK && loaded == SEEP_NO_MEMORY) {
    status = seep_error_set(error, loaded, SEEP_DOMAIN_NONE, 0, "append poll", NULL);
  }
  return status == SEEP_OK ? load_written(store, error) : status;
}
