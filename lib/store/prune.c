/*
 * Keeping the file within its limits. Each call does a bounded piece of work: a clock that stands a year
 * ahead for an hour must not cost a year of history.
 */
#include "store/store_internal.h"

#define BLOCKS_AT_ONCE 4 /* by age */
#define DROPS_AT_ONCE 16 /* by size */
/* Polls of so long are kept when the file is full of hours. */
#define KEPT_POLLS_MS SEEP_MS_PER_DAY
/* Free pages beyond this share of the file, and beyond this number, are given back, so many pages a call. */
#define FREE_SHARE 8
#define FREE_KEPT_PAGES 1024
/* A file that is full holds Events 2004 up to this part of the limit. */
#define EXHAUSTIONS_SHARE 8
/* Room that is left for what is written until the next call: a part of the limit. */
#define SLACK_SHARE 32

typedef struct pages {
  int64_t total, unused, page_bytes;
} pages;

static seep_status count_pages(seep_store *store, pages *out, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_PAGES,
                    "SELECT page_count, freelist_count, page_size"
                    " FROM pragma_page_count, pragma_freelist_count, pragma_page_size");
  if (seep_store__row(&query)) {
    out->total = sqlite3_column_int64(query.statement, 0);
    out->unused = sqlite3_column_int64(query.statement, 1);
    out->page_bytes = sqlite3_column_int64(query.statement, 2);
  }
  return seep_store__finish(&query, "prune", error);
}

/* The oldest block; row 0: there is none. */
typedef struct oldest {
  int64_t row, first_ms, polls;
} oldest;

static seep_status oldest_block(seep_store *store, oldest *o, seep_error *error)
{
  seep_store_query query;
  *o = (oldest){0, 0, 0};
  seep_store__query(&query, store, SEEP_SLOT_BLOCK_OLDEST,
                    "SELECT id, first_ms, polls FROM block ORDER BY id LIMIT 1");
  if (seep_store__row(&query)) {
    *o = (oldest){sqlite3_column_int64(query.statement, 0), sqlite3_column_int64(query.statement, 1),
                  sqlite3_column_int64(query.statement, 2)};
  }
  return seep_store__finish(&query, "prune", error);
}

static seep_status drop_block(seep_store *store, const oldest *o, seep_store_pruned *pruned,
                              seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_BLOCK_DROP, "DELETE FROM block WHERE id = ?");
  seep_store__bind_i64(&query, o->row);
  pruned->polls += (uint64_t)o->polls;
  return seep_store__run(&query, "prune", error);
}

static seep_status expire_blocks(seep_store *store, seep_wall before, seep_store_pruned *pruned,
                                 seep_error *error)
{
  seep_status status = SEEP_OK;
  for (int i = 0; i < BLOCKS_AT_ONCE && status == SEEP_OK; i++) {
    seep_store_query query;
    oldest o = {0, 0, 0};
    seep_store__query(&query, store, SEEP_SLOT_BLOCK_EXPIRE,
                      "SELECT id, polls FROM block WHERE last_ms < ? ORDER BY id LIMIT 1");
    seep_store__bind_i64(&query, before.ms);
    if (seep_store__row(&query)) {
      o.row = sqlite3_column_int64(query.statement, 0);
      o.polls = sqlite3_column_int64(query.statement, 1);
    }
    status = seep_store__finish(&query, "prune", error);
    if (status != SEEP_OK || o.row == 0) {
      break;
    }
    status = drop_block(store, &o, pruned, error);
  }
  return status;
}

/* The rows of the oldest day before `before`. */
static seep_status expire_hours(seep_store *store, int64_t before, seep_store_pruned *pruned,
                                seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_HOUR_EXPIRE,
                    "DELETE FROM hour WHERE hour < ?1 AND hour < (SELECT min(hour) FROM hour) + 24");
  seep_store__bind_i64(&query, before);
  seep_status status = seep_store__run(&query, "prune", error);
  pruned->hours += status == SEEP_OK ? (uint64_t)sqlite3_changes(store->db) : 0;
  return status;
}

static seep_status expire_events(seep_store *store, seep_wall before, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_EVENT_EXPIRE,
                    "DELETE FROM event WHERE id IN"
                    " (SELECT id FROM event WHERE wall_ms < ? ORDER BY id LIMIT 1000)");
  seep_store__bind_i64(&query, before.ms);
  return seep_store__run(&query, "prune", error);
}

/* Oldest in the order of writing: a poll that a wrong clock dated into the future goes in its turn. */
static seep_status drop_something(seep_store *store, bool *dropped, seep_store_pruned *pruned,
                                  seep_error *error)
{
  oldest o;
  int64_t newest_ms = 0;
  seep_status status = oldest_block(store, &o, error);
  if (status == SEEP_OK) {
    status = seep_store__ask(store, "SELECT wall_ms FROM poll ORDER BY id DESC LIMIT 1", &newest_ms, "prune",
                             NULL, error);
  }
  uint64_t polls = pruned->polls, hours = pruned->hours;
  if (status == SEEP_OK && (o.row == 0 || newest_ms - KEPT_POLLS_MS <= o.first_ms)) {
    status = expire_hours(store, INT64_MAX, pruned, error);
  }
  if (status == SEEP_OK && pruned->hours == hours && o.row != 0) {
    status = drop_block(store, &o, pruned, error);
  }
  *dropped = pruned->polls > polls || pruned->hours > hours;
  return status;
}

/* Events 2004 beyond their share first: or those of a server that has many would push out all else. That
 * shortens no history of polls, hence does not count as capped. */
static seep_status drop_by_size(seep_store *store, uint64_t maximum_bytes, seep_store_pruned *pruned,
                                seep_error *error)
{
  seep_status status = SEEP_OK;
  uint64_t bearable = maximum_bytes - maximum_bytes / SLACK_SHARE;
  bool exhaustions = true; /* there may be too many */
  for (int i = 0; i < DROPS_AT_ONCE && status == SEEP_OK; i++) {
    pages now = {0, 0, 0};
    bool dropped = false;
    status = count_pages(store, &now, error);
    if (status != SEEP_OK || (uint64_t)((now.total - now.unused) * now.page_bytes) <= bearable) {
      break;
    }
    if (exhaustions) {
      status = seep_store__exhaustions_shrink(store, maximum_bytes / EXHAUSTIONS_SHARE, &exhaustions, error);
    }
    if (status != SEEP_OK || exhaustions) {
      continue;
    }
    status = drop_something(store, &dropped, pruned, error);
    pruned->capped = pruned->capped || dropped;
    if (!dropped) {
      break;
    }
  }
  return status;
}

/* Nobody is forgotten of whom there are still polls or hours: whatever the limits say, those go in whole
 * blocks. */
static seep_status collect(seep_store *store, seep_error *error)
{
  int64_t hour = 0;
  seep_wall oldest_poll = {0};
  /* By time, not by row: the clock may have been wrong in between. */
  seep_status status =
      seep_store__ask(store,
                      "SELECT ifnull(min(ms), 0) FROM (SELECT min(wall_ms) AS ms FROM poll UNION ALL"
                      " SELECT min(first_ms) FROM block)",
                      &oldest_poll.ms, "prune", NULL, error);
  if (status == SEEP_OK) {
    status = seep_store__ask(store, "SELECT ifnull(min(hour), 9223372036854) FROM hour", &hour, "prune", NULL,
                             error);
  }
  if (status != SEEP_OK) {
    return status;
  }
  if (hour < INT64_MAX / SEEP_MS_PER_HOUR && hour > INT64_MIN / SEEP_MS_PER_HOUR &&
      hour * SEEP_MS_PER_HOUR < oldest_poll.ms) {
    oldest_poll.ms = hour * SEEP_MS_PER_HOUR;
  }
  return seep_store__collect_processes(store, oldest_poll, error);
}

static seep_status give_back(seep_store *store, uint64_t maximum_bytes, seep_error *error)
{
  pages now = {0, 0, 0};
  seep_status status = count_pages(store, &now, error);
  bool too_large = maximum_bytes > 0 && (uint64_t)(now.total * now.page_bytes) > maximum_bytes;
  bool too_many = now.unused > FREE_KEPT_PAGES && now.unused >= now.total / FREE_SHARE;
  if (status != SEEP_OK || now.unused == 0 || (!too_large && !too_many)) {
    return status;
  }
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_VACUUM, "PRAGMA incremental_vacuum(256)");
  return seep_store__run(&query, "prune", error);
}

static seep_status find_oldest_poll(seep_store *store, seep_store_pruned *pruned, seep_error *error)
{
  oldest o;
  seep_status status = oldest_block(store, &o, error);
  pruned->raw_from.ms = o.first_ms;
  if (status == SEEP_OK && o.row == 0) {
    status = seep_store__ask(store, "SELECT wall_ms FROM poll ORDER BY id LIMIT 1", &pruned->raw_from.ms,
                             "prune", NULL, error);
  }
  return status;
}

seep_status seep_store_prune(seep_store *store, const seep_store_limits *limits, seep_store_pruned *pruned,
                             seep_error *error)
{
  seep_store_pruned done = {0};
  seep_status status = seep_store__begin(store, "prune", error);
  if (status != SEEP_OK) {
    return status;
  }
  status = expire_blocks(store, limits->raw_from, &done, error);
  if (status == SEEP_OK) {
    status = expire_hours(store, seep_store__hour_of(limits->hourly_from), &done, error);
  }
  if (status == SEEP_OK) {
    status = expire_events(store, limits->hourly_from, error);
  }
  if (status == SEEP_OK) {
    status = seep_store__exhaustions_expire(store, limits->hourly_from, error);
  }
  if (status == SEEP_OK && limits->maximum_bytes > 0) {
    status = drop_by_size(store, limits->maximum_bytes, &done, error);
  }
  if (status == SEEP_OK) {
    status = find_oldest_poll(store, &done, error);
  }
  if (status == SEEP_OK) {
    status = collect(store, error);
  }
  if (status == SEEP_OK) {
    status = give_back(store, limits->maximum_bytes, error);
  }
  status = seep_store__end(store, status, "prune", error);
  if (status == SEEP_OK) {
    *pruned = done;
  }
  return status;
}
