/*
 * Events 2004, each with whom it names: a row and up to twelve behind it, written in one transaction. That
 * happens while memory is short, hence nothing is composed here, and the statements are made ready when the
 * store is opened. Numbers beyond 2^63 - 1, which no event of Windows has, come back as 2^63 - 1. Read from
 * id to id, like cases: an event and its names by one query, so that no prune comes between them.
 */
#include "store/store_internal.h"

#include <string.h>

#define DROPPED_AT_ONCE 100

/* Columns of exhaustion_entry, behind those of exhaustion. */
enum {
  COLUMN_PART = 14,
  COLUMN_NAME,
  COLUMN_BYTES,
  COLUMN_PID,
  COLUMN_CREATED,
  COLUMN_HANDLES,
  COLUMN_VERSION,
  COLUMN_TYPE_INFO,
  COLUMN_MATCHED
};

enum { PART_PROCESS = 0, PART_PAGED_TAG, PART_NONPAGED_TAG };

static const char add_event[] =
    "INSERT INTO exhaustion(seen_ms, came, record_id, told, has_system, commit_limit_bytes,"
    " commit_charge_bytes, process_commit_bytes, paged_pool_bytes, nonpaged_pool_bytes, physical_bytes,"
    " physical_used_bytes, processes) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
/* Replaced: left behind by somebody who deleted the event alone. */
static const char add_name[] =
    "INSERT OR REPLACE INTO exhaustion_entry(exhaustion, part, rank, name, bytes, pid, created, handles,"
    " version, type_info, matched) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char count_events[] = "SELECT count(*) FROM exhaustion";
#define OLDEST "(SELECT id FROM exhaustion WHERE seen_ms < ? ORDER BY id LIMIT ?)"
static const char drop_names[] = "DELETE FROM exhaustion_entry WHERE exhaustion IN " OLDEST;
static const char drop_events[] = "DELETE FROM exhaustion WHERE id IN " OLDEST;

void seep_store__exhaustions_prepare(seep_store *store)
{
  const struct {
    seep_store_slot slot;
    const char *sql;
  } needed[] = {{SEEP_SLOT_EXHAUSTION_ADD, add_event},
                {SEEP_SLOT_EXHAUSTION_NAME, add_name},
                {SEEP_SLOT_EXHAUSTION_COUNT, count_events},
                {SEEP_SLOT_EXHAUSTION_DROP_NAMES, drop_names},
                {SEEP_SLOT_EXHAUSTION_DROP, drop_events}};
  for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
    seep_store_query query;
    seep_store__query(&query, store, needed[i].slot, needed[i].sql);
    (void)seep_store__finish(&query, "prepare store", NULL);
  }
}

/* ---- writing ---- */

static seep_status write_event(seep_store *store, const seep_store_exhaustion *exhaustion, int64_t *id,
                               seep_error *error)
{
  const seep_exhaustion *event = exhaustion->event;
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_EXHAUSTION_ADD, add_event);
  seep_store__bind_i64(&query, exhaustion->seen.ms);
  seep_store__bind_u64(&query, event->time_created);
  seep_store__bind_u64(&query, event->record_id);
  seep_store__bind_i64(&query, exhaustion->told);
  seep_store__bind_i64(&query, event->has_system);
  seep_store__bind_u64(&query, event->commit_limit_bytes);
  seep_store__bind_u64(&query, event->commit_charge_bytes);
  seep_store__bind_u64(&query, event->process_commit_bytes);
  seep_store__bind_u64(&query, event->paged_pool_bytes);
  seep_store__bind_u64(&query, event->nonpaged_pool_bytes);
  seep_store__bind_u64(&query, event->physical_bytes);
  seep_store__bind_u64(&query, event->physical_used_bytes);
  seep_store__bind_i64(&query, event->process_total);
  seep_status status = seep_store__run(&query, "write event 2004", error);
  if (status == SEEP_OK) {
    *id = sqlite3_last_insert_rowid(store->db);
  }
  return status;
}

static void begin_name(seep_store_query *query, seep_store *store, int64_t id, int part, size_t index)
{
  seep_store__query(query, store, SEEP_SLOT_EXHAUSTION_NAME, add_name);
  seep_store__bind_i64(query, id);
  seep_store__bind_i64(query, part);
  seep_store__bind_i64(query, (int64_t)index + 1);
}

static seep_status write_processes(seep_store *store, int64_t id, const seep_store_exhaustion *exhaustion,
                                   seep_error *error)
{
  const seep_exhaustion *event = exhaustion->event;
  seep_status status = SEEP_OK;
  for (size_t i = 0; status == SEEP_OK && i < event->process_count && i < SEEP_EXHAUSTION_PROCESSES; i++) {
    const seep_exhaustion_process *process = &event->processes[i];
    seep_store_query query;
    begin_name(&query, store, id, PART_PROCESS, i);
    seep_store__bind_text(&query, process->name);
    seep_store__bind_u64(&query, process->commit_bytes);
    seep_store__bind_i64(&query, process->key.pid);
    seep_store__bind_u64(&query, process->key.created);
    seep_store__bind_i64(&query, process->handles);
    seep_store__bind_text(&query, process->version);
    seep_store__bind_i64(&query, process->type_info);
    seep_store__bind_i64(&query, (int64_t)exhaustion->matches[i]);
    status = seep_store__run(&query, "write event 2004", error);
  }
  return status;
}

static seep_status write_tags(seep_store *store, int64_t id, int part, const seep_exhaustion_tag *tags,
                              size_t count, seep_error *error)
{
  seep_status status = SEEP_OK;
  for (size_t i = 0; status == SEEP_OK && i < count && i < SEEP_EXHAUSTION_TAGS; i++) {
    seep_store_query query;
    begin_name(&query, store, id, part, i);
    seep_store__bind_text(&query, tags[i].name);
    seep_store__bind_u64(&query, tags[i].bytes);
    seep_store__bind_i64(&query, 0);
    seep_store__bind_i64(&query, 0);
    seep_store__bind_i64(&query, 0);
    seep_store__bind_text(&query, "");
    seep_store__bind_i64(&query, 0);
    seep_store__bind_i64(&query, 0);
    status = seep_store__run(&query, "write event 2004", error);
  }
  return status;
}

/* The oldest `most` of those seen before; their names first, while it can still be told who they are. */
static seep_status drop(seep_store *store, int64_t before_ms, int64_t most, const char *operation,
                        seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_EXHAUSTION_DROP_NAMES, drop_names);
  seep_store__bind_i64(&query, before_ms);
  seep_store__bind_i64(&query, most);
  seep_status status = seep_store__run(&query, operation, error);
  if (status == SEEP_OK) {
    seep_store__query(&query, store, SEEP_SLOT_EXHAUSTION_DROP, drop_events);
    seep_store__bind_i64(&query, before_ms);
    seep_store__bind_i64(&query, most);
    status = seep_store__run(&query, operation, error);
  }
  return status;
}

static seep_status trim(seep_store *store, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_EXHAUSTION_COUNT, count_events);
  int64_t excess =
      seep_store__row(&query) ? sqlite3_column_int64(query.statement, 0) - SEEP_STORE_EXHAUSTIONS : 0;
  seep_status status = seep_store__finish(&query, "write event 2004", error);
  if (status != SEEP_OK || excess <= 0) {
    return status;
  }
  return drop(store, INT64_MAX, excess < DROPPED_AT_ONCE ? excess : DROPPED_AT_ONCE, "write event 2004",
              error);
}

seep_status seep_store_exhaustion_add(seep_store *store, seep_store_exhaustion *exhaustion, seep_error *error)
{
  const seep_exhaustion *event = exhaustion->event;
  int64_t id = 0;
  seep_status status = seep_store__begin(store, "write event 2004", error);
  if (status != SEEP_OK) {
    return status;
  }
  status = write_event(store, exhaustion, &id, error);
  if (status == SEEP_OK) {
    status = write_processes(store, id, exhaustion, error);
  }
  if (status == SEEP_OK) {
    status = write_tags(store, id, PART_PAGED_TAG, event->paged_tags, event->paged_tag_count, error);
  }
  if (status == SEEP_OK) {
    status = write_tags(store, id, PART_NONPAGED_TAG, event->nonpaged_tags, event->nonpaged_tag_count, error);
  }
  if (status == SEEP_OK) {
    status = trim(store, error);
  }
  status = seep_store__end(store, status, "write event 2004", error);
  if (status == SEEP_OK) {
    exhaustion->id = id;
  }
  return status;
}

seep_status seep_store__exhaustions_expire(seep_store *store, seep_wall before, seep_error *error)
{
  return drop(store, before.ms, DROPPED_AT_ONCE, "prune", error);
}

/* Bytes of a row but for its texts: numbers, key, and that pages are not filled to the end. */
#define ROW_BYTES "48"

seep_status seep_store__exhaustions_shrink(seep_store *store, uint64_t maximum_bytes, bool *dropped,
                                           seep_error *error)
{
  int64_t events = 0, bytes = 0, most = maximum_bytes < INT64_MAX ? (int64_t)maximum_bytes : INT64_MAX;
  *dropped = false;
  seep_status status =
      seep_store__ask(store, "SELECT count(*) FROM exhaustion", &events, "prune", NULL, error);
  if (status == SEEP_OK) {
    status =
        seep_store__ask(store,
                        "SELECT (SELECT count(*) FROM exhaustion) * 2 * " ROW_BYTES " + ifnull((SELECT"
                        " sum(" ROW_BYTES " + length(CAST(name AS BLOB)) + length(CAST(version AS BLOB)))"
                        " FROM exhaustion_entry WHERE exhaustion IN (SELECT id FROM exhaustion)), 0)",
                        &bytes, "prune", NULL, error);
  }
  if (status != SEEP_OK || events <= 0 || bytes <= most) {
    return status;
  }
  /* As many as are too large together if all are alike; one more, for they are not. */
  int64_t excess = (int64_t)((double)events * ((double)(bytes - most) / (double)bytes)) + 1;
  int64_t count = excess < DROPPED_AT_ONCE ? excess : DROPPED_AT_ONCE;
  status = drop(store, INT64_MAX, count, "prune", error);
  *dropped = status == SEEP_OK;
  return status;
}

/* ---- reading ---- */

static void read_event(const seep_store_query *query, seep_store_exhaustion *exhaustion,
                       seep_exhaustion *event)
{
  sqlite3_stmt *row = query->statement;
  exhaustion->id = sqlite3_column_int64(row, 0);
  exhaustion->seen = seep_store__column_wall(query, 1);
  event->time_created = seep_store__column_u64(query, 2);
  event->record_id = seep_store__column_u64(query, 3);
  exhaustion->told = sqlite3_column_int64(row, 4) != 0;
  event->has_system = sqlite3_column_int64(row, 5) != 0;
  event->commit_limit_bytes = seep_store__column_u64(query, 6);
  event->commit_charge_bytes = seep_store__column_u64(query, 7);
  event->process_commit_bytes = seep_store__column_u64(query, 8);
  event->paged_pool_bytes = seep_store__column_u64(query, 9);
  event->nonpaged_pool_bytes = seep_store__column_u64(query, 10);
  event->physical_bytes = seep_store__column_u64(query, 11);
  event->physical_used_bytes = seep_store__column_u64(query, 12);
  event->process_total = (uint32_t)sqlite3_column_int64(row, 13);
}

static void read_process(const seep_store_query *query, seep_store_exhaustion *exhaustion,
                         seep_exhaustion *event)
{
  sqlite3_stmt *row = query->statement;
  const int64_t matched = sqlite3_column_int64(row, COLUMN_MATCHED);
  seep_exhaustion_process *process = &event->processes[event->process_count];
  seep_store__column_text(query, COLUMN_NAME, process->name, sizeof process->name);
  process->commit_bytes = seep_store__column_u64(query, COLUMN_BYTES);
  process->key.pid = (uint32_t)sqlite3_column_int64(row, COLUMN_PID);
  process->key.created = seep_store__column_u64(query, COLUMN_CREATED);
  process->handles = (uint32_t)sqlite3_column_int64(row, COLUMN_HANDLES);
  seep_store__column_text(query, COLUMN_VERSION, process->version, sizeof process->version);
  process->type_info = (uint32_t)sqlite3_column_int64(row, COLUMN_TYPE_INFO);
  exhaustion->matches[event->process_count] =
      matched == SEEP_STORE_MATCH_EXACT || matched == SEEP_STORE_MATCH_NAME ? (seep_store_match)matched
                                                                            : SEEP_STORE_MATCH_NONE;
  event->process_count++;
}

static void read_tag(const seep_store_query *query, seep_exhaustion_tag *tags, size_t *count)
{
  if (*count < SEEP_EXHAUSTION_TAGS) {
    seep_store__column_text(query, COLUMN_NAME, tags[*count].name, sizeof tags[*count].name);
    tags[*count].bytes = seep_store__column_u64(query, COLUMN_BYTES);
    ++*count;
  }
}

/* One entry, if the row has one. In a damaged file one may be missing: those behind it move up. */
static void read_name(const seep_store_query *query, seep_store_exhaustion *exhaustion,
                      seep_exhaustion *event)
{
  if (sqlite3_column_type(query->statement, COLUMN_PART) == SQLITE_NULL) {
    return;
  }
  const int64_t part = sqlite3_column_int64(query->statement, COLUMN_PART);
  if (part == PART_PROCESS && event->process_count < SEEP_EXHAUSTION_PROCESSES) {
    read_process(query, exhaustion, event);
  } else if (part == PART_PAGED_TAG) {
    read_tag(query, event->paged_tags, &event->paged_tag_count);
  } else if (part == PART_NONPAGED_TAG) {
    read_tag(query, event->nonpaged_tags, &event->nonpaged_tag_count);
  }
}

static seep_status next(seep_store *store, const seep_store_filter *filter, seep_store_exhaustion *exhaustion,
                        seep_exhaustion *event, bool *found, seep_error *error)
{
  seep_store_query query;
  seep_store__query(
      &query, store, SEEP_SLOT_EXHAUSTION_NEXT,
      "SELECT e.id, e.seen_ms, e.came, e.record_id, e.told, e.has_system, e.commit_limit_bytes,"
      " e.commit_charge_bytes, e.process_commit_bytes, e.paged_pool_bytes, e.nonpaged_pool_bytes,"
      " e.physical_bytes, e.physical_used_bytes, e.processes, n.part, n.name, n.bytes, n.pid, n.created,"
      " n.handles, n.version, n.type_info, n.matched FROM"
      " (SELECT * FROM exhaustion WHERE id > ? AND seen_ms >= ? AND seen_ms < ? ORDER BY id LIMIT 1) e"
      " LEFT JOIN exhaustion_entry n ON n.exhaustion = e.id AND n.part BETWEEN 0 AND 2"
      " AND n.rank BETWEEN 1 AND ? ORDER BY n.part, n.rank");
  seep_store__bind_i64(&query, exhaustion->id);
  seep_store__bind_i64(&query, filter->from.ms);
  seep_store__bind_i64(&query, filter->to.ms);
  seep_store__bind_i64(&query, SEEP_EXHAUSTION_PROCESSES);
  memset(event, 0, sizeof *event);
  memset(exhaustion->matches, 0, sizeof exhaustion->matches);
  *found = false;
  while (seep_store__row(&query)) {
    read_event(&query, exhaustion, event);
    read_name(&query, exhaustion, event);
    *found = true;
  }
  return seep_store__finish(&query, "read events 2004", error);
}

seep_status seep_store_exhaustions(seep_store *store, const seep_store_filter *filter,
                                   seep_store_exhaustion_visit visit, void *context, seep_error *error)
{
  seep_exhaustion event;
  seep_store_exhaustion exhaustion = {.id = INT64_MIN, .event = &event};
  bool more = true;
  seep_status status = SEEP_OK;
  while (more && status == SEEP_OK) {
    status = next(store, filter, &exhaustion, &event, &more, error);
    more = more && status == SEEP_OK && visit(context, &exhaustion);
  }
  return status;
}
