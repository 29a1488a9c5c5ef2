/*
 * Leak cases: few rows, kept for good. Reading steps from id to id with a query of its own for each row, so
 * that a visitor who takes his time (a pager) never holds a read transaction open and the log can be written
 * back.
 */
#include "store/store_internal.h"

#include <limits.h>

/* Of a case everything but its id may change, its process too: after a restart it goes on with another. */
static void bind_leak(seep_store_query *query, const seep_store_leak *leak)
{
  seep_store__bind_i64(query, leak->key.pid);
  seep_store__bind_u64(query, leak->key.created);
  seep_store__bind_text(query, leak->image);
  seep_store__bind_i64(query, leak->began.ms);
  seep_store__bind_i64(query, leak->opened.ms);
  seep_store__bind_i64(query, leak->closed.ms);
  seep_store__bind_text(query, leak->verdict);
  seep_store__bind_real(query, leak->slope_bytes_per_hour);
  seep_store__bind_real(query, leak->slope_low_bytes_per_hour);
  seep_store__bind_real(query, leak->slope_high_bytes_per_hour);
  seep_store__bind_u64(query, leak->growth_bytes);
  seep_store__bind_u64(query, leak->commit_bytes);
  seep_store__bind_real(query, leak->confidence);
  seep_store__bind_text(query, leak->kind);
  seep_store__bind_text(query, leak->ending);
  seep_store__bind_real(query, leak->kind_confidence);
  seep_store__bind_text(query, leak->kind_reason);
  seep_store__bind_text(query, leak->services);
  seep_store__bind_text(query, leak->evidence);
  seep_store__bind_i64(query, leak->times_told);
  seep_store__bind_i64(query, leak->told.ms);
  seep_store__bind_text(query, leak->told_because);
  seep_store__bind_i64(query, leak->time_left_ms);
  seep_store__bind_u64(query, leak->system_commit_bytes);
  seep_store__bind_u64(query, leak->system_limit_bytes);
}

seep_status seep_store_leak_open(seep_store *store, seep_store_leak *leak, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_LEAK_ADD,
                    "INSERT INTO leak(pid, created, image, began_ms, opened_ms, closed_ms, verdict,"
                    " slope_bytes_per_hour, slope_low_bytes_per_hour, slope_high_bytes_per_hour,"
                    " growth_bytes, commit_bytes, confidence, kind, ending, kind_confidence, kind_reason,"
                    " services, evidence, times_told, told_ms, told_because, time_left_ms,"
                    " system_commit_bytes, system_limit_bytes)"
                    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  bind_leak(&query, leak);
  seep_status status = seep_store__run(&query, "write leak", error);
  if (status == SEEP_OK) {
    leak->id = sqlite3_last_insert_rowid(store->db);
  }
  return status;
}

seep_status seep_store_leak_update(seep_store *store, const seep_store_leak *leak, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_LEAK_UPDATE,
                    "UPDATE leak SET pid = ?, created = ?, image = ?, began_ms = ?, opened_ms = ?,"
                    " closed_ms = ?, verdict = ?, slope_bytes_per_hour = ?, slope_low_bytes_per_hour = ?,"
                    " slope_high_bytes_per_hour = ?, growth_bytes = ?, commit_bytes = ?, confidence = ?,"
                    " kind = ?, ending = ?, kind_confidence = ?, kind_reason = ?, services = ?,"
                    " evidence = ?, times_told = ?, told_ms = ?, told_because = ?, time_left_ms = ?,"
                    " system_commit_bytes = ?, system_limit_bytes = ? WHERE id = ?");
  bind_leak(&query, leak);
  seep_store__bind_i64(&query, leak->id);
  seep_status status = seep_store__run(&query, "update leak", error);
  if (status == SEEP_OK && sqlite3_changes(store->db) == 0) {
    status = seep_error_set(error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, leak->id, "update leak", leak->image);
  }
  return status;
}

seep_status seep_store_leak_close_all(seep_store *store, seep_wall now, const char *ending, unsigned *closed,
                                      seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_LEAK_CLOSE,
                    "UPDATE leak SET closed_ms = ?, ending = ? WHERE closed_ms = 0");
  seep_store__bind_i64(&query, now.ms);
  seep_store__bind_text(&query, ending);
  seep_status status = seep_store__run(&query, "close leaks", error);
  if (status == SEEP_OK) {
    *closed = (unsigned)sqlite3_changes(store->db);
  }
  return status;
}

/* What the alerts said. */
static void read_told(const seep_store_query *query, seep_store_leak *leak)
{
  sqlite3_stmt *row = query->statement;
  const int64_t times = sqlite3_column_int64(row, 20), left = seep_store__column_wall(query, 23).ms;
  leak->kind_confidence = sqlite3_column_double(row, 16);
  seep_store__column_text(query, 17, leak->kind_reason, sizeof leak->kind_reason);
  seep_store__column_text(query, 18, leak->services, sizeof leak->services);
  seep_store__column_text(query, 19, leak->evidence, sizeof leak->evidence);
  leak->times_told = times < 0 ? 0 : times > UINT_MAX ? UINT_MAX : (unsigned)times;
  leak->told = seep_store__column_wall(query, 21);
  seep_store__column_text(query, 22, leak->told_because, sizeof leak->told_because);
  leak->time_left_ms = left < 0 || sqlite3_column_type(row, 23) == SQLITE_NULL ? -1 : left;
  leak->system_commit_bytes = seep_store__column_u64(query, 24);
  leak->system_limit_bytes = seep_store__column_u64(query, 25);
}

static void read_leak(const seep_store_query *query, seep_store_leak *leak)
{
  sqlite3_stmt *row = query->statement;
  leak->id = sqlite3_column_int64(row, 0);
  leak->key.pid = (uint32_t)sqlite3_column_int64(row, 1);
  leak->key.created = seep_store__column_u64(query, 2);
  seep_store__column_text(query, 3, leak->image, sizeof leak->image);
  leak->began = seep_store__column_wall(query, 4);
  leak->opened = seep_store__column_wall(query, 5);
  leak->closed = seep_store__column_wall(query, 6);
  seep_store__column_text(query, 7, leak->verdict, sizeof leak->verdict);
  leak->slope_bytes_per_hour = sqlite3_column_double(row, 8);
  leak->slope_low_bytes_per_hour = sqlite3_column_double(row, 9);
  leak->slope_high_bytes_per_hour = sqlite3_column_double(row, 10);
  leak->growth_bytes = seep_store__column_u64(query, 11);
  leak->commit_bytes = seep_store__column_u64(query, 12);
  leak->confidence = sqlite3_column_double(row, 13);
  seep_store__column_text(query, 14, leak->kind, sizeof leak->kind);
  seep_store__column_text(query, 15, leak->ending, sizeof leak->ending);
  read_told(query, leak);
}

seep_status seep_store_leaks(seep_store *store, seep_store_leak_visit visit, void *context, seep_error *error)
{
  seep_store_leak leak = {.id = 0};
  for (;;) {
    seep_store_query query;
    seep_store__query(&query, store, SEEP_SLOT_LEAK_NEXT,
                      "SELECT id, pid, created, image, began_ms, opened_ms, closed_ms, verdict,"
                      " slope_bytes_per_hour, slope_low_bytes_per_hour, slope_high_bytes_per_hour,"
                      " growth_bytes, commit_bytes, confidence, kind, ending, kind_confidence, kind_reason,"
                      " services, evidence, times_told, told_ms, told_because, time_left_ms,"
                      " system_commit_bytes, system_limit_bytes FROM leak WHERE id > ? ORDER BY id LIMIT 1");
    seep_store__bind_i64(&query, leak.id);
    bool found = seep_store__row(&query);
    if (found) {
      read_leak(&query, &leak);
    }
    seep_status status = seep_store__finish(&query, "read leaks", error);
    if (status != SEEP_OK || !found || !visit(context, &leak)) {
      return status;
    }
  }
}
