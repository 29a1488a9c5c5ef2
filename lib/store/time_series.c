/*
 * Writing the time series: each poll is one small row of changes (poll_row.h) in one transaction, so that it
 * is on disk when the append returns; every few hours a segment of such rows is packed (segments.c), and each
 * hour its figures are written (hours.c). What is kept in memory changes only after a commit.
 */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "store/block.h"

/* A segment is complete after so many polls, or when its columns have so many places: those bound the memory
 * that packing takes for a moment (eight bytes each). */
#define SEGMENT_POLLS 240u
#define SEGMENT_POLLS_LEAST 8u
#define SEALED_AT_ONCE 2u
/* Or after so long, where polls are rare: polls go out of the file by segments. */
#define SEGMENT_MS (12 * SEEP_MS_PER_HOUR)
#define SEGMENT_PLACES 400000u
/* Clocks are read one after the other and wall time is slewed: this much apart is not yet a gap. */
#define CLOCK_TOLERANCE_MS 2000

void seep_store__series_free(seep_store_series *series)
{
  free(series->last);
  free(series->next);
  free(series->rows);
  free(series->bytes);
  free(series->births);
  free(series->known);
  free(series->sums.items);
  memset(series, 0, sizeof *series);
}

static seep_status reserve(seep_store_series *series, size_t count, seep_error *error)
{
  if (count > SEEP_POLL_MAXIMUM_COUNT) {
    return seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NONE, 0, "append poll", "too many processes");
  }
  if (series->capacity > 0 && count <= series->capacity) {
    return SEEP_OK;
  }
  size_t capacity = count + count / 4 + 64;
  void *last = series->last, *next = series->next, *rows = series->rows, *bytes = series->bytes;
  void *births = series->births;
  bool ok = seep_array_resize(&last, capacity, sizeof *series->last);
  ok = ok && seep_array_resize(&next, capacity, sizeof *series->next);
  ok = ok && seep_array_resize(&rows, capacity, sizeof *series->rows);
  ok = ok && seep_array_resize(&bytes, seep_poll_row_bound(capacity, capacity), 1);
  ok = ok && seep_array_resize(&births, capacity, sizeof *series->births);
  series->last = last;
  series->next = next;
  series->rows = rows;
  series->bytes = bytes;
  series->births = births;
  if (!ok) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "append poll", NULL);
  }
  series->capacity = capacity;
  return SEEP_OK;
}

/* A row has a column of the whole segment however short its life is; new rows are the highest. */
static size_t count_columns(const seep_poll_entry *before, size_t before_count,
                            const seep_poll_entry *entries, size_t count)
{
  int64_t highest = before_count > 0 ? before[before_count - 1].row : SEEP_POLL_FIRST_ROW - 1;
  size_t fresh = 0;
  while (fresh < count && entries[count - 1 - fresh].row > highest) {
    fresh++;
  }
  return fresh;
}

/* The poll in `next` is the last one now. */
static void advance(seep_store_series *series, seep_wall wall, size_t count, bool whole)
{
  size_t fresh = count_columns(series->last, whole ? 0 : series->last_count, series->next, count);
  series->segment_columns = whole ? fresh : series->segment_columns + fresh;
  series->segment_began = whole ? wall : series->segment_began;
  series->segment_polls = whole ? 1 : series->segment_polls + 1;
  series->segments += whole;
  seep_poll_entry *spare = series->last;
  series->last = series->next;
  series->next = spare;
  series->last_count = count;
  series->last_now.wall = wall;
}

/* ---- after an opening ---- */

/* One written poll on the way to the last: entries go from `last` through `next` and back. */
static seep_status replay_poll(seep_store_series *series, const seep_store_query *query, seep_error *error)
{
  const uint8_t *bytes = sqlite3_column_blob(query->statement, 2);
  size_t size = bytes != NULL ? (size_t)sqlite3_column_bytes(query->statement, 2) : 0;
  bool whole = seep_poll_row_is_whole(bytes, size);
  seep_wall wall = seep_store__column_wall(query, 1);
  size_t count = 0;
  seep_status status = reserve(series, 1, error);
  while (status == SEEP_OK) {
    status = seep_poll_row_decode(bytes, size, series->last, series->last_count, series->next,
                                  series->capacity, &count, NULL);
    if (status != SEEP_LIMIT) {
      break;
    }
    status = reserve(series, series->capacity + 1, error);
  }
  series->last_poll = sqlite3_column_int64(query->statement, 0);
  if (status == SEEP_NO_MEMORY) {
    return seep_error_set(error, status, SEEP_DOMAIN_NONE, 0, "append poll", NULL);
  }
  /* Behind an unreadable poll nobody is known, and the next poll must be a whole one. */
  count = status == SEEP_OK ? count : 0;
  advance(series, wall, count, whole);
  series->segment_polls = status == SEEP_OK ? series->segment_polls : SEGMENT_POLLS;
  if (status == SEEP_OK && seep_store__hour_of(wall) == series->sums.hour) {
    status = seep_store__sums_reserve(&series->sums, count, error);
    if (status == SEEP_OK) {
      seep_store__sums_add(&series->sums, wall, series->last, count);
    }
    return status;
  }
  return SEEP_OK;
}

static seep_status replay(seep_store *store, seep_error *error)
{
  seep_store_series *series = &store->series;
  seep_store_query query;
  seep_status replayed = SEEP_OK;
  seep_store__query(&query, store, SEEP_SLOT_POLL_LAST, "SELECT id, wall_ms, changes FROM poll ORDER BY id");
  while (replayed == SEEP_OK && seep_store__row(&query)) {
    replayed = replay_poll(series, &query, error);
  }
  seep_status status = seep_store__finish(&query, "append poll", error);
  return status != SEEP_OK ? status : replayed;
}

/* Numbers go on behind the blocks, also where the last polls were lost. */
static seep_status pass_blocks(seep_store *store, seep_error *error)
{
  int64_t last = 0;
  seep_status status = seep_store__ask(store, "SELECT ifnull(max(id + polls - 1), 0) FROM block", &last,
                                       "append poll", NULL, error);
  if (status == SEEP_OK && last > store->series.last_poll) {
    store->series.last_poll = last;
    store->series.segment_polls =
        SEGMENT_POLLS; /* whatever polls there are, the next is not changes to them */
  }
  return status;
}

/* Who was in the last poll of the service's earlier life, and what its hour had so far. */
static seep_status load(seep_store *store, seep_error *error)
{
  seep_store_series *series = &store->series;
  int64_t newest_ms = 0;
  if (series->loaded) {
    return SEEP_OK;
  }
  seep_store__series_free(series); /* of an attempt that failed half-way */
  seep_status status = seep_store__ask(store, "SELECT wall_ms FROM poll ORDER BY id DESC LIMIT 1", &newest_ms,
                                       "append poll", NULL, error);
  series->sums.hour = seep_store__hour_of(seep_store__wall(newest_ms));
  if (status == SEEP_OK) {
    status = seep_store__sums_load(store, error);
  }
  if (status == SEEP_OK) {
    status = replay(store, error);
  }
  series->sums.begun = series->last_poll != 0;
  if (status == SEEP_OK) {
    status = pass_blocks(store, error);
  }
  if (status == SEEP_OK) {
    status = seep_store__load_known(store, series->last, series->last_count, error);
  }
  series->loaded = status == SEEP_OK;
  return status;
}

/* ---- appending ---- */

static void put_figures(seep_poll_entry *entries, const seep_system_memory *memory)
{
  const uint64_t figures[SEEP_STORE_FIGURES] = {
      memory->commit_total_bytes,       memory->commit_limit_bytes, memory->physical_total_bytes,
      memory->physical_available_bytes, memory->paged_pool_bytes,   memory->nonpaged_pool_bytes};
  for (int i = 0; i < SEEP_STORE_FIGURES; i++) {
    entries[i].row = SEEP_POLL_FIRST_ROW + i;
    entries[i].pages = figures[i] / SEEP_POLL_PAGE_BYTES;
  }
}

/* How the new poll stands to the one before. elapsed_ms negative: not known. */
static void space(const seep_store_series *series, const seep_store_poll *poll, seep_block_time *time)
{
  *time = (seep_block_time){.wall_ms = poll->now.wall.ms, .elapsed_ms = -1, .after_gap = true};
  if (series->last_poll == 0 || !series->mono_known) {
    return;
  }
  int64_t elapsed = seep_mono_since(poll->now.mono, series->last_now.mono);
  int64_t apart = (poll->now.wall.ms - series->last_now.wall.ms) - elapsed;
  if (elapsed < 0) {
    return;
  }
  time->elapsed_ms = elapsed;
  time->after_gap = series->missed || poll->interval_ms == 0 ||
                    elapsed > 2 * poll->interval_ms + CLOCK_TOLERANCE_MS ||
                    apart > CLOCK_TOLERANCE_MS + elapsed / 100 || apart < -CLOCK_TOLERANCE_MS - elapsed / 100;
}

static bool segment_is_complete(const seep_store_series *series, seep_wall now)
{
  unsigned polls =
      series->segment_columns > 0 ? (unsigned)(SEGMENT_PLACES / series->segment_columns) : SEGMENT_POLLS;
  polls = polls < SEGMENT_POLLS_LEAST ? SEGMENT_POLLS_LEAST : polls > SEGMENT_POLLS ? SEGMENT_POLLS : polls;
  int64_t span_ms = now.ms - series->segment_began.ms;
  bool long_enough = span_ms >= SEGMENT_MS || span_ms < 0; /* the clock was set back */
  return series->segment_polls >= polls || (long_enough && series->segment_polls >= SEGMENT_POLLS_LEAST);
}

static seep_status add_poll(seep_store *store, const seep_store_poll *poll, size_t count, bool whole,
                            seep_error *error)
{
  const seep_store_series *series = &store->series;
  seep_block_time time;
  space(series, poll, &time);
  size_t length = seep_poll_row_encode(whole ? NULL : series->last, series->last_count, series->next, count,
                                       series->bytes);
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_POLL_ADD,
                    "INSERT INTO poll(id, wall_ms, after_gap, changes, elapsed_ms) VALUES(?, ?, ?, ?, ?)");
  seep_store__bind_i64(&query, series->last_poll + 1);
  seep_store__bind_i64(&query, time.wall_ms);
  seep_store__bind_i64(&query, time.after_gap);
  seep_store__bind_bytes(&query, series->bytes, length, false);
  if (time.elapsed_ms >= 0) {
    seep_store__bind_i64(&query, time.elapsed_ms);
  } /* a parameter never bound is NULL */
  return seep_store__run(&query, "append poll", error);
}

/* What a poll does besides being written; kept until the commit. */
typedef struct step {
  bool whole, hour_over;
  unsigned sealed;
  size_t count;
} step;

static seep_status seal_complete(seep_store *store, step *s, seep_error *error)
{
  unsigned complete = store->series.segments > 0 ? store->series.segments - !s->whole : 0;
  seep_status status = SEEP_OK;
  bool sealed = true;
  while (s->sealed < complete && s->sealed < SEALED_AT_ONCE && sealed && status == SEEP_OK) {
    status = seep_store__seal(store, &sealed, error);
    s->sealed += sealed;
  }
  return status;
}

static seep_status write_poll(seep_store *store, const seep_store_poll *poll, step *s, seep_error *error)
{
  seep_store_series *series = &store->series;
  seep_status status = load(store, error);
  size_t figures = poll->memory != NULL ? SEEP_STORE_FIGURES : 0;
  s->count = figures + poll->count;
  if (status == SEEP_OK) {
    status = reserve(series, s->count, error);
  }
  if (status == SEEP_OK) {
    status = seep_store__sums_reserve(&series->sums, s->count, error);
  }
  s->whole = series->last_count == 0 || segment_is_complete(series, poll->now.wall);
  s->hour_over = series->sums.begun && seep_store__hour_of(poll->now.wall) != series->sums.hour;
  if (status == SEEP_OK) {
    status = seal_complete(store, s, error);
  }
  if (status == SEEP_OK && poll->memory != NULL) {
    put_figures(series->next, poll->memory);
  }
  if (status == SEEP_OK) {
    status = seep_store__name_processes(store, poll, error);
  }
  if (status == SEEP_OK && s->hour_over) {
    status = seep_store__sums_write(store, series->next, s->count, error);
  }
  return status == SEEP_OK ? add_poll(store, poll, s->count, s->whole, error) : status;
}

static void keep(seep_store_series *series, const seep_store_poll *poll, const step *s)
{
  int64_t hour = seep_store__hour_of(poll->now.wall);
  advance(series, poll->now.wall, s->count, s->whole);
  series->last_poll++;
  series->last_now = poll->now;
  series->mono_known = true;
  series->missed = false;
  series->segments -= s->sealed;
  if (s->hour_over) {
    seep_store__sums_close(&series->sums, hour, series->last, series->last_count);
  }
  series->sums.hour = hour;
  series->sums.begun = true;
  seep_store__sums_add(&series->sums, poll->now.wall, series->last, series->last_count);
  free(series->known); /* from now on rows come with the samples */
  series->known = NULL;
  series->known_count = 0;
}

seep_status seep_store__append(seep_store *store, const seep_store_poll *poll, bool own_transaction,
                               seep_error *error)
{
  step s = {0};
  seep_status status = own_transaction ? seep_store__begin(store, "append poll", error) : SEEP_OK;
  if (status == SEEP_OK) {
    status = write_poll(store, poll, &s, error);
    status = own_transaction ? seep_store__end(store, status, "append poll", error) : status;
  }
  if (status != SEEP_OK) {
    store->series.missed = true;
    return status;
  }
  for (size_t i = 0; i < poll->count; i++) {
    poll->samples[i].store_id = store->series.rows[i];
  }
  keep(&store->series, poll, &s);
  return SEEP_OK;
}

seep_status seep_store_append_poll(seep_store *store, const seep_store_poll *poll, seep_error *error)
{
  return seep_store__append(store, poll, true, error);
}
