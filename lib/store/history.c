/*
 * Reading the time series back. The wanted processes are listed once, then blocks and the segments not yet
 * packed are read in turn, each with a query of its own, unpacked and handed on: nothing is held open while
 * the visitor works, and a service beside goes on writing.
 */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "store/block.h"

/* One wanted series of the block at hand. */
typedef struct stay {
  const seep_store_process *process;
  unsigned first, count;
  size_t pages; /* where its values begin */
} stay;

typedef struct reader {
  const seep_store_filter *filter;
  seep_store_list list;
  seep_block_time times[SEEP_BLOCK_MAXIMUM_POLLS];
  unsigned polls;
  stay *stays;
  size_t stay_count, stay_capacity;
  uint64_t *pages;
  size_t page_count, page_capacity;
  int64_t last;       /* row of the last poll that was read */
  int64_t end;        /* row of the last poll that there was at the beginning */
  int64_t skipped;    /* row of the first that could not be decoded; 0 = none */
  bool begun, joined; /* a poll was handed on; the poll before the next one has been seen */
  bool torn;          /* the last of what was read could not be decoded: nothing joins on to it */
  int64_t running_ms, wall_ms;
} reader;

static bool take_series(void *context, const seep_block_series *series)
{
  reader *r = context;
  void *stays = r->stays, *pages = r->pages;
  const seep_store_process *process = seep_store__list_find(&r->list, series->row);
  bool ok = seep_array_reserve(&stays, &r->stay_capacity, r->stay_count + 1, sizeof *r->stays);
  r->stays = stays;
  ok = ok && seep_array_reserve(&pages, &r->page_capacity, r->page_count + series->count, sizeof *r->pages);
  r->pages = pages;
  if (!ok || process == NULL) {
    return ok;
  }
  r->stays[r->stay_count++] = (stay){process, series->first, series->count, r->page_count};
  memcpy(r->pages + r->page_count, series->pages, series->count * sizeof *r->pages);
  r->page_count += series->count;
  return true;
}

static seep_status unpack(reader *r, const uint8_t *data, size_t size)
{
  seep_block_view view;
  r->polls = 0;
  r->stay_count = 0;
  r->page_count = 0;
  seep_status status = seep_block_open(&view, data, size, NULL);
  if (status == SEEP_OK) {
    status = seep_block_times(&view, r->times, NULL);
  }
  if (status == SEEP_OK) {
    /* An empty list must not read as "all". */
    static const int64_t nobody = 0;
    status = seep_block_read(&view, r->list.count > 0 ? r->list.rows : &nobody, r->list.count, take_series, r,
                             NULL);
  }
  r->polls = status == SEEP_OK ? view.polls : 0;
  return status;
}

static seep_status no_memory(seep_error *error)
{
  return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "read history", NULL);
}

/* The next block, unpacked; *found false when there is none. */
static seep_status next_block(seep_store *store, reader *r, bool *found, seep_error *error)
{
  seep_store_query query;
  seep_status unpacked = SEEP_OK;
  seep_store__query(
      &query, store, SEEP_SLOT_BLOCK_NEXT,
      "SELECT id, polls, data FROM block WHERE id > ? AND id <= ? AND last_ms >= ? AND first_ms < ?"
      " ORDER BY id LIMIT 1");
  seep_store__bind_i64(&query, r->last);
  seep_store__bind_i64(&query, r->end);
  seep_store__bind_i64(&query, r->filter->from.ms);
  seep_store__bind_i64(&query, r->filter->to.ms);
  *found = seep_store__row(&query);
  if (*found) {
    int64_t id = sqlite3_column_int64(query.statement, 0);
    const uint8_t *data = sqlite3_column_blob(query.statement, 2);
    unpacked = unpack(r, data, data != NULL ? (size_t)sqlite3_column_bytes(query.statement, 2) : 0);
    r->joined = r->joined && id == r->last + 1;
    r->last = id + sqlite3_column_int64(query.statement, 1) - 1;
    r->last = r->last < id ? id : r->last;
    r->torn = unpacked != SEEP_OK;
    r->skipped = r->torn && r->skipped == 0 ? id : r->skipped;
  }
  seep_status status = seep_store__finish(&query, "read history", error);
  return status == SEEP_OK && unpacked == SEEP_NO_MEMORY ? no_memory(error) : status;
}

static seep_status next_segment(seep_store *store, reader *r, bool *found, seep_error *error)
{
  seep_store_segment segment;
  seep_status status = seep_store__pack_segment(store, r->last + 1, r->end, &segment, error);
  *found = status == SEEP_OK && segment.end != 0;
  if (*found) {
    r->joined = r->joined && segment.first_poll == r->last + 1;
    r->last = segment.end - 1;
    r->skipped = r->skipped == 0 ? segment.skipped : r->skipped;
    r->torn = segment.first_poll + segment.polls != segment.end;
    r->polls = 0;
    status = segment.polls > 0 ? unpack(r, segment.bytes, segment.size) : SEEP_OK;
    if (status == SEEP_NO_MEMORY) {
      no_memory(error);
    } else if (status != SEEP_OK) {
      r->skipped = r->skipped == 0 ? segment.first_poll : r->skipped;
      r->torn = true;
      status = SEEP_OK;
    }
  }
  free(segment.bytes);
  return status;
}

/* In one transaction: between two a segment may have become a block, and would be seen as neither. */
static seep_status next_polls(seep_store *store, reader *r, bool *found, seep_error *error)
{
  seep_status status = seep_store__begin_reading(store, "read history", error);
  if (status != SEEP_OK) {
    return status;
  }
  status = next_block(store, r, found, error);
  if (status == SEEP_OK && !*found) {
    status = next_segment(store, r, found, error);
  }
  return seep_store__end(store, status, "read history", error);
}

/* Running time from poll to poll; the wall clock's where the other is not known. */
static void run_on(reader *r, const seep_block_time *time)
{
  int64_t apart = time->wall_ms > r->wall_ms ? time->wall_ms - r->wall_ms : 0;
  if (r->begun) {
    r->running_ms += r->joined && time->elapsed_ms >= 0 ? time->elapsed_ms : apart;
  }
  r->wall_ms = time->wall_ms;
}

/* false: the visitor has seen enough. */
static bool visit_polls(reader *r, seep_store_point_visit visit, void *context)
{
  for (unsigned i = 0; i < r->polls; i++) {
    const seep_block_time *time = &r->times[i];
    run_on(r, time);
    bool gap = time->after_gap || !r->joined || !r->begun;
    r->joined = true;
    if (time->wall_ms < r->filter->from.ms || time->wall_ms >= r->filter->to.ms) {
      continue;
    }
    r->begun = true;
    for (size_t s = 0; s < r->stay_count; s++) {
      const stay *item = &r->stays[s];
      if (i < item->first || i - item->first >= item->count) {
        continue;
      }
      seep_store_point point = {item->process,
                                {time->wall_ms},
                                r->running_ms,
                                gap,
                                r->pages[item->pages + i - item->first] * SEEP_POLL_PAGE_BYTES};
      if (!visit(context, &point)) {
        return false;
      }
    }
  }
  return true;
}

static seep_status find_end(seep_store *store, int64_t *end, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_POLL_RANGE,
                    "SELECT max(ifnull((SELECT max(id) FROM poll), 0),"
                    " ifnull((SELECT id + polls - 1 FROM block ORDER BY id DESC LIMIT 1), 0))");
  *end = seep_store__row(&query) ? sqlite3_column_int64(query.statement, 0) : 0;
  return seep_store__finish(&query, "read history", error);
}

static seep_status walk(seep_store *store, reader *r, seep_store_point_visit visit, void *context,
                        seep_error *error)
{
  bool more = true;
  seep_status status = find_end(store, &r->end, error);
  if (status == SEEP_OK) {
    seep_store_filter whom = *r->filter;
    seep_store_filter_widen(&whom);
    status = seep_store__list(store, &whom, &r->list, error);
  }
  more = status == SEEP_OK && r->list.count > 0;
  while (more) {
    status = next_polls(store, r, &more, error);
    more = more && status == SEEP_OK;
    if (more && !visit_polls(r, visit, context)) {
      return SEEP_OK;
    }
    r->joined = r->joined && !r->torn;
  }
  if (status == SEEP_OK && r->skipped != 0) {
    status = seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_NONE, r->skipped, "decode poll", NULL);
  }
  return status;
}

seep_status seep_store_history(seep_store *store, const seep_store_filter *filter,
                               seep_store_point_visit visit, void *context, seep_error *error)
{
  reader *r = calloc(1, sizeof *r);
  if (r == NULL) {
    return no_memory(error);
  }
  r->filter = filter;
  seep_status status = walk(store, r, visit, context, error);
  seep_store__list_fini(&r->list);
  free(r->stays);
  free(r->pages);
  free(r);
  return status;
}

seep_status seep_store_newest(seep_store *store, seep_wall *newest, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_POLL_NEWEST,
                    "SELECT ifnull((SELECT wall_ms FROM poll ORDER BY id DESC LIMIT 1),"
                    " (SELECT last_ms FROM block ORDER BY id DESC LIMIT 1))");
  bool found = seep_store__row(&query) && sqlite3_column_type(query.statement, 0) != SQLITE_NULL;
  seep_wall wall = {found ? sqlite3_column_int64(query.statement, 0) : 0};
  seep_status status = seep_store__finish(&query, "read history", error);
  if (status == SEEP_OK && !found) {
    status = seep_error_set(error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0, "read history", NULL);
  }
  if (status == SEEP_OK) {
    *newest = wall;
  }
  return status;
}
