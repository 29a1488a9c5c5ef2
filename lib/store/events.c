/*
 * What was written into the event log, once more where history is: an event log may be cleared, full, or on a
 * server that no longer answers. Read from id to id, like cases.
 */
#include "store/store_internal.h"

seep_status seep_store_event_add(seep_store *store, seep_store_event *event, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_EVENT_ADD,
                    "INSERT INTO event(wall_ms, event, level, image, pid, text) VALUES(?, ?, ?, ?, ?, ?)");
  seep_store__bind_i64(&query, event->wall.ms);
  seep_store__bind_i64(&query, event->event);
  seep_store__bind_text(&query, event->level);
  seep_store__bind_text(&query, event->image);
  seep_store__bind_i64(&query, event->pid);
  seep_store__bind_text(&query, event->text);
  seep_status status = seep_store__run(&query, "write event", error);
  if (status == SEEP_OK) {
    event->id = sqlite3_last_insert_rowid(store->db);
  }
  return status;
}

static seep_status next_event(seep_store *store, const seep_store_filter *filter, seep_store_event *event,
                              bool *found, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_EVENT_NEXT,
                    "SELECT id, wall_ms, event, level, image, pid, text FROM event"
                    " WHERE id > ? AND wall_ms >= ? AND wall_ms < ? ORDER BY id LIMIT 1");
  seep_store__bind_i64(&query, event->id);
  seep_store__bind_i64(&query, filter->from.ms);
  seep_store__bind_i64(&query, filter->to.ms);
  *found = seep_store__row(&query);
  if (*found) {
    event->id = sqlite3_column_int64(query.statement, 0);
    event->wall = seep_store__column_wall(&query, 1);
    event->event = (uint32_t)sqlite3_column_int64(query.statement, 2);
    seep_store__column_text(&query, 3, event->level, sizeof event->level);
    seep_store__column_text(&query, 4, event->image, sizeof event->image);
    event->pid = (uint32_t)sqlite3_column_int64(query.statement, 5);
    seep_store__column_text(&query, 6, event->text, sizeof event->text);
  }
  return seep_store__finish(&query, "read events", error);
}

seep_status seep_store_events(seep_store *store, const seep_store_filter *filter,
                              seep_store_event_visit visit, void *context, seep_error *error)
{
  seep_store_event event = {.id = INT64_MIN};
  bool more = true;
  seep_status status = SEEP_OK;
  while (more && status == SEEP_OK) {
    status = next_event(store, filter, &event, &more, error);
    more = more && status == SEEP_OK && visit(context, &event);
  }
  return status;
}
