/*
 * Recordings: few rows, kept for good, read as leak cases are (cases.c). And what was found out from them: a
 * row of its own, made before the trace is read, so that a trace which ends its reader is not read again and
 * again.
 */
#include "store/store_internal.h"

#include <limits.h>

#define CAPTURE_COLUMNS                                                                                      \
  "id, leak_id, pid, created, image, kind, started_ms, ended_ms, bytes, path, outcome, ending,"              \
  " sha256, etl_bytes, readable, events, target_events, events_lost, buffers_lost, removed_ms"

seep_status seep_store_capture_add(seep_store *store, seep_store_capture *capture, seep_error *error)
{
  seep_store_query query;
  seep_store__query(
      &query, store, SEEP_SLOT_CAPTURE_ADD,
      "INSERT INTO capture(leak_id, pid, created, image, kind, started_ms, ended_ms, bytes, path, outcome,"
      " ending, sha256, etl_bytes, readable, events, target_events, events_lost, buffers_lost, removed_ms)"
      " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  seep_store__bind_i64(&query, capture->leak_id);
  seep_store__bind_i64(&query, capture->key.pid);
  seep_store__bind_u64(&query, capture->key.created);
  seep_store__bind_text(&query, capture->image);
  seep_store__bind_text(&query, capture->kind);
  seep_store__bind_i64(&query, capture->started.ms);
  seep_store__bind_i64(&query, capture->ended.ms);
  seep_store__bind_u64(&query, capture->bytes);
  seep_store__bind_text(&query, capture->path);
  seep_store__bind_text(&query, capture->outcome);
  seep_store__bind_text(&query, capture->ending);
  seep_store__bind_text(&query, capture->sha256);
  seep_store__bind_u64(&query, capture->etl_bytes);
  seep_store__bind_i64(&query, capture->readable);
  seep_store__bind_u64(&query, capture->events);
  seep_store__bind_u64(&query, capture->target_events);
  seep_store__bind_u64(&query, capture->events_lost);
  seep_store__bind_u64(&query, capture->buffers_lost);
  seep_store__bind_i64(&query, capture->removed.ms);
  seep_status status = seep_store__run(&query, "write capture", error);
  if (status == SEEP_OK) {
    capture->id = sqlite3_last_insert_rowid(store->db);
  }
  return status;
}

/* A row that has been marked keeps the time of the first removal. */
seep_status seep_store_capture_removed(seep_store *store, const char *path, seep_wall when, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_CAPTURE_REMOVED,
                    "UPDATE capture SET removed_ms = ? WHERE path = ? AND path <> '' AND removed_ms = 0");
  seep_store__bind_i64(&query, when.ms);
  seep_store__bind_text(&query, path);
  return seep_store__run(&query, "write capture", error);
}

seep_status seep_store_captures_since(seep_store *store, seep_wall since, unsigned *count, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_CAPTURE_COUNT,
                    "SELECT count(*) FROM capture WHERE started_ms >= ?");
  seep_store__bind_i64(&query, since.ms);
  int64_t found = seep_store__row(&query) ? sqlite3_column_int64(query.statement, 0) : 0;
  seep_status status = seep_store__finish(&query, "read captures", error);
  if (status == SEEP_OK) {
    *count = found > UINT_MAX ? UINT_MAX : (unsigned)found;
  }
  return status;
}

seep_status seep_store_capture_newest(seep_store *store, const char *image, seep_wall *started,
                                      seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_CAPTURE_NEWEST,
                    "SELECT ifnull(max(started_ms), 0) FROM capture WHERE image = ? COLLATE NOCASE");
  seep_store__bind_text(&query, image);
  int64_t found = seep_store__row(&query) ? sqlite3_column_int64(query.statement, 0) : 0;
  seep_status status = seep_store__finish(&query, "read captures", error);
  if (status == SEEP_OK) {
    started->ms = found;
  }
  return status;
}

static void read_capture(const seep_store_query *query, seep_store_capture *capture)
{
  sqlite3_stmt *row = query->statement;
  capture->id = sqlite3_column_int64(row, 0);
  capture->leak_id = sqlite3_column_int64(row, 1);
  capture->key.pid = (uint32_t)sqlite3_column_int64(row, 2);
  capture->key.created = seep_store__column_u64(query, 3);
  seep_store__column_text(query, 4, capture->image, sizeof capture->image);
  seep_store__column_text(query, 5, capture->kind, sizeof capture->kind);
  capture->started = seep_store__column_wall(query, 6);
  capture->ended = seep_store__column_wall(query, 7);
  capture->bytes = seep_store__column_u64(query, 8);
  seep_store__column_text(query, 9, capture->path, sizeof capture->path);
  seep_store__column_text(query, 10, capture->outcome, sizeof capture->outcome);
  seep_store__column_text(query, 11, capture->ending, sizeof capture->ending);
  seep_store__column_text(query, 12, capture->sha256, sizeof capture->sha256);
  capture->etl_bytes = seep_store__column_u64(query, 13);
  capture->readable = sqlite3_column_int64(row, 14) != 0;
  capture->events = seep_store__column_u64(query, 15);
  capture->target_events = seep_store__column_u64(query, 16);
  capture->events_lost = seep_store__column_u64(query, 17);
  capture->buffers_lost = seep_store__column_u64(query, 18);
  capture->removed = seep_store__column_wall(query, 19);
}

seep_status seep_store_captures(seep_store *store, seep_store_capture_visit visit, void *context,
                                seep_error *error)
{
  seep_store_capture capture = {.id = 0};
  for (;;) {
    seep_store_query query;
    seep_store__query(&query, store, SEEP_SLOT_CAPTURE_NEXT,
                      "SELECT " CAPTURE_COLUMNS " FROM capture WHERE id > ? ORDER BY id LIMIT 1");
    seep_store__bind_i64(&query, capture.id);
    bool found = seep_store__row(&query);
    if (found) {
      read_capture(&query, &capture);
    }
    seep_status status = seep_store__finish(&query, "read captures", error);
    if (status != SEEP_OK || !found || !visit(context, &capture)) {
      return status;
    }
  }
}

seep_status seep_store_capture_unanswered(seep_store *store, seep_wall since, seep_store_capture *capture,
                                          seep_error *error)
{
  seep_store_query query;
  seep_store__query(
      &query, store, SEEP_SLOT_CAPTURE_UNANSWERED,
      "SELECT " CAPTURE_COLUMNS " FROM capture WHERE readable AND path <> '' AND removed_ms = 0"
      " AND started_ms >= ? AND id NOT IN (SELECT capture FROM answer) ORDER BY id DESC LIMIT 1");
  seep_store__bind_i64(&query, since.ms);
  bool found = seep_store__row(&query);
  if (found) {
    read_capture(&query, capture);
  }
  seep_status status = seep_store__finish(&query, "read captures", error);
  return status == SEEP_OK && !found ? SEEP_NOT_FOUND : status;
}

seep_status seep_store_capture_by_path(seep_store *store, const char *path, int64_t *id, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_CAPTURE_BY_PATH,
                    "SELECT id FROM capture WHERE path = ? AND path <> '' ORDER BY id DESC LIMIT 1");
  seep_store__bind_text(&query, path);
  bool found = seep_store__row(&query);
  if (found) {
    *id = sqlite3_column_int64(query.statement, 0);
  }
  seep_status status = seep_store__finish(&query, "read captures", error);
  return status == SEEP_OK && !found ? SEEP_NOT_FOUND : status;
}

seep_status seep_store_answer_set(seep_store *store, const seep_store_answer *answer, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_ANSWER_SET,
                    "INSERT OR REPLACE INTO answer(capture, state, made_ms, why, verdict, certainty, culprit,"
                    " place, company, version, signature, bytes, allocations, share, doubts)"
                    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  seep_store__bind_i64(&query, answer->capture_id);
  seep_store__bind_i64(&query, (int64_t)answer->state);
  seep_store__bind_i64(&query, answer->made.ms);
  seep_store__bind_text(&query, answer->told.why);
  seep_store__bind_text(&query, answer->told.verdict);
  seep_store__bind_text(&query, answer->told.certainty);
  seep_store__bind_text(&query, answer->told.culprit);
  seep_store__bind_text(&query, answer->told.place);
  seep_store__bind_text(&query, answer->told.company);
  seep_store__bind_text(&query, answer->told.version);
  seep_store__bind_text(&query, answer->told.signature);
  seep_store__bind_u64(&query, answer->told.bytes);
  seep_store__bind_u64(&query, answer->told.allocations);
  seep_store__bind_real(&query, answer->told.share);
  seep_store__bind_text(&query, answer->told.doubts);
  return seep_store__run(&query, "write answer", error);
}

seep_status seep_store_answer_forget(seep_store *store, int64_t capture_id, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_ANSWER_FORGET, "DELETE FROM answer WHERE capture = ?");
  seep_store__bind_i64(&query, capture_id);
  return seep_store__run(&query, "write answer", error);
}

static void read_answer(const seep_store_query *query, seep_store_answer *answer)
{
  sqlite3_stmt *row = query->statement;
  int64_t state = sqlite3_column_int64(row, 0);
  answer->state = state == SEEP_STORE_ANSWER_MADE     ? SEEP_STORE_ANSWER_MADE
                  : state == SEEP_STORE_ANSWER_FAILED ? SEEP_STORE_ANSWER_FAILED
                                                      : SEEP_STORE_ANSWER_BEGUN;
  answer->made = seep_store__column_wall(query, 1);
  seep_store__column_text(query, 2, answer->told.why, sizeof answer->told.why);
  seep_store__column_text(query, 3, answer->told.verdict, sizeof answer->told.verdict);
  seep_store__column_text(query, 4, answer->told.certainty, sizeof answer->told.certainty);
  seep_store__column_text(query, 5, answer->told.culprit, sizeof answer->told.culprit);
  seep_store__column_text(query, 6, answer->told.place, sizeof answer->told.place);
  seep_store__column_text(query, 7, answer->told.company, sizeof answer->told.company);
  seep_store__column_text(query, 8, answer->told.version, sizeof answer->told.version);
  seep_store__column_text(query, 9, answer->told.signature, sizeof answer->told.signature);
  answer->told.bytes = seep_store__column_u64(query, 10);
  answer->told.allocations = seep_store__column_u64(query, 11);
  answer->told.share = sqlite3_column_double(row, 12);
  seep_store__column_text(query, 13, answer->told.doubts, sizeof answer->told.doubts);
}

seep_status seep_store_answer_get(seep_store *store, int64_t capture_id, seep_store_answer *answer,
                                  seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_ANSWER_GET,
                    "SELECT state, made_ms, why, verdict, certainty, culprit, place, company, version,"
                    " signature, bytes, allocations, share, doubts FROM answer WHERE capture = ?");
  seep_store__bind_i64(&query, capture_id);
  bool found = seep_store__row(&query);
  if (found) {
    answer->capture_id = capture_id;
    read_answer(&query, answer);
  }
  seep_status status = seep_store__finish(&query, "read answer", error);
  return status == SEEP_OK && !found ? SEEP_NOT_FOUND : status;
}
