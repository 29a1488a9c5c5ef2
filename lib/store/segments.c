/*
 * Polls are written one by one as changes since the one before, and from time to time one as a whole. What
 * lies between two whole polls is a segment; once it is complete it is packed into a block, in which it takes
 * about a third of the room.
 */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "store/block.h"

/* One segment while it is read. */
typedef struct gathering {
  seep_block_builder *builder;
  seep_poll_entry *before, *entries;
  size_t before_count, capacity;
  seep_store_segment *segment;
} gathering;

static bool reserve(gathering *g, size_t count)
{
  if (count <= g->capacity && g->before != NULL) {
    return true;
  }
  size_t capacity = count + count / 4 + 64;
  void *before = g->before, *entries = g->entries;
  bool ok = seep_array_resize(&before, capacity, sizeof *g->before);
  ok = ok && seep_array_resize(&entries, capacity, sizeof *g->entries);
  g->before = before;
  g->entries = entries;
  g->capacity = ok ? capacity : g->capacity;
  return ok;
}

/* Decodes into entries; more than there is room for: room is made. */
static seep_status decode(gathering *g, const uint8_t *bytes, size_t size, size_t *count, seep_error *error)
{
  for (;;) {
    seep_status status =
        seep_poll_row_decode(bytes, size, g->before, g->before_count, g->entries, g->capacity, count, error);
    if (status != SEEP_LIMIT || g->capacity >= SEEP_POLL_MAXIMUM_COUNT) {
      return status;
    }
    if (!reserve(g, g->capacity * 2)) {
      return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "read polls", NULL);
    }
  }
}

static seep_status take_poll(gathering *g, const seep_store_query *query, seep_error *error)
{
  sqlite3_stmt *statement = query->statement;
  seep_store_segment *segment = g->segment;
  const uint8_t *bytes = sqlite3_column_blob(statement, 4);
  size_t size = bytes != NULL ? (size_t)sqlite3_column_bytes(statement, 4) : 0;
  int64_t id = sqlite3_column_int64(statement, 0);
  seep_block_time time = {.wall_ms = seep_store__column_wall(query, 1).ms,
                          .elapsed_ms = sqlite3_column_type(statement, 2) == SQLITE_NULL
                                            ? -1
                                            : sqlite3_column_int64(statement, 2),
                          .after_gap = sqlite3_column_int64(statement, 3) != 0};
  size_t count = 0;
  seep_status status = decode(g, bytes, size, &count, error);
  if (status != SEEP_OK) {
    segment->skipped = status != SEEP_NO_MEMORY && segment->skipped == 0 ? id : segment->skipped;
    return status == SEEP_NO_MEMORY ? status : SEEP_CORRUPT;
  }
  status = seep_block_builder_add(g->builder, &time, g->entries, count, error);
  if (status == SEEP_OK) {
    seep_poll_entry *spare = g->before;
    g->before = g->entries;
    g->entries = spare;
    g->before_count = count;
    segment->first_poll = segment->first_poll == 0 ? id : segment->first_poll;
    segment->first_ms =
        segment->polls == 0 || time.wall_ms < segment->first_ms ? time.wall_ms : segment->first_ms;
    segment->last_ms =
        segment->polls == 0 || time.wall_ms > segment->last_ms ? time.wall_ms : segment->last_ms;
    segment->polls++;
  }
  return status;
}

/* Rows of polls: where the first segment begins, where the next one does or `to` ends, and the first row of
 * all, which is the same unless something is broken. */
typedef struct bounds {
  int64_t any, first, next;
} bounds;

static seep_status find_bounds(seep_store *store, int64_t from, int64_t to, bounds *b, seep_error *error)
{
  seep_store_query query;
  *b = (bounds){0, 0, 0};
  seep_store__query(&query, store, SEEP_SLOT_POLL_LIST,
                    "SELECT id, substr(changes, 1, 1) FROM poll WHERE id >= ? AND id <= ? ORDER BY id");
  seep_store__bind_i64(&query, from);
  seep_store__bind_i64(&query, to);
  while (seep_store__row(&query)) {
    int64_t id = sqlite3_column_int64(query.statement, 0);
    const uint8_t *start = sqlite3_column_blob(query.statement, 1);
    bool whole = seep_poll_row_is_whole(start, (size_t)sqlite3_column_bytes(query.statement, 1));
    b->any = b->any == 0 ? id : b->any;
    /* A hole in the numbers is damage: what is behind it cannot be changes to what is before. */
    if (b->first != 0 && (whole || id != b->next || id - b->first >= (int64_t)SEEP_BLOCK_MAXIMUM_POLLS)) {
      break;
    }
    b->first = whole ? id : b->first;
    b->next = id + 1;
  }
  return seep_store__finish(&query, "read polls", error);
}

/* Behind a poll that cannot be decoded nothing can be, until the next whole one. */
static seep_status gather(seep_store *store, gathering *g, const bounds *b, seep_error *error)
{
  seep_store_query query;
  seep_status status = SEEP_OK;
  seep_store__query(&query, store, SEEP_SLOT_POLL_FROM,
                    "SELECT id, wall_ms, elapsed_ms, after_gap, changes FROM poll WHERE id >= ? AND id < ?"
                    " ORDER BY id");
  seep_store__bind_i64(&query, b->first);
  seep_store__bind_i64(&query, b->next);
  while (status == SEEP_OK && seep_store__row(&query)) {
    status = take_poll(g, &query, error);
  }
  status = status == SEEP_CORRUPT ? SEEP_OK : status;
  seep_status finished = seep_store__finish(&query, "read polls", status == SEEP_OK ? error : NULL);
  return finished != SEEP_OK ? finished : status;
}

static seep_status pack(seep_store *store, const bounds *b, seep_store_segment *segment, seep_error *error)
{
  gathering g;
  memset(&g, 0, sizeof g);
  g.segment = segment;
  g.builder = seep_block_builder_new((unsigned)(b->next - b->first));
  seep_status status = SEEP_NO_MEMORY;
  if (g.builder != NULL && reserve(&g, 256)) {
    status = gather(store, &g, b, error);
  } else {
    seep_error_set(error, status, SEEP_DOMAIN_NONE, 0, "read polls", NULL);
  }
  if (status == SEEP_OK && segment->polls > 0) {
    status = seep_block_builder_finish(g.builder, &segment->bytes, &segment->size, error);
  }
  seep_block_builder_free(g.builder);
  free(g.before);
  free(g.entries);
  return status;
}

seep_status seep_store__pack_segment(seep_store *store, int64_t from, int64_t to, seep_store_segment *segment,
                                     seep_error *error)
{
  bounds b;
  memset(segment, 0, sizeof *segment);
  seep_status status = find_bounds(store, from, to, &b, error);
  if (status != SEEP_OK || b.any == 0) {
    return status;
  }
  segment->skipped = b.any != b.first ? b.any : 0;
  segment->end = b.next;
  return b.first != 0 ? pack(store, &b, segment, error) : SEEP_OK;
}

static seep_status insert_block(seep_store *store, const seep_store_segment *segment, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_BLOCK_ADD,
                    "INSERT INTO block(id, polls, first_ms, last_ms, data) VALUES(?, ?, ?, ?, ?)");
  seep_store__bind_i64(&query, segment->first_poll);
  seep_store__bind_i64(&query, segment->polls);
  seep_store__bind_i64(&query, segment->first_ms);
  seep_store__bind_i64(&query, segment->last_ms);
  seep_store__bind_bytes(&query, segment->bytes, segment->size, false);
  return seep_store__run(&query, "pack polls", error);
}

static seep_status drop_polls(seep_store *store, int64_t before, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_POLL_DROP, "DELETE FROM poll WHERE id < ?");
  seep_store__bind_i64(&query, before);
  return seep_store__run(&query, "pack polls", error);
}

seep_status seep_store__seal(seep_store *store, bool *sealed, seep_error *error)
{
  seep_store_segment segment;
  *sealed = false;
  seep_status status = seep_store__pack_segment(store, 0, store->series.last_poll, &segment, error);
  bool hopeless = status == SEEP_NO_MEMORY || status == SEEP_LIMIT;
  if (hopeless && sqlite3_get_autocommit(store->db) == 0) {
    return SEEP_OK;
  }
  if (status == SEEP_OK && segment.polls > 0) {
    status = insert_block(store, &segment, error);
  }
  free(segment.bytes);
  /* What could not be decoded goes too: it never will be. */
  if (status == SEEP_OK && segment.end > 0) {
    status = drop_polls(store, segment.end, error);
  }
  *sealed = status == SEEP_OK;
  return status;
}
