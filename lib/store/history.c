/*
 * Reading the time series back. The wanted processes are listed once, then the polls are stepped through by
 * time, each with a query of its own, decoded and handed on; nothing is held open while the visitor works.
 */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

typedef struct known_process {
  int64_t row;
  seep_process_key key;
  size_t name; /* offset into names */
} known_process;

typedef struct reader {
  known_process *processes; /* by row */
  size_t count, capacity;
  char *names; /* terminated texts, one after the other */
  size_t names_size, names_capacity;
  seep_poll_entry *entries;
  size_t entry_count, entry_capacity;
  int64_t skipped; /* row of the first poll that could not be decoded; 0 = none */
} reader;

static void reader_free(reader *r)
{
  free(r->processes);
  free(r->names);
  free(r->entries);
}

/* Doubles until `needed` elements fit. */
static bool grow(void **memory, size_t *capacity, size_t needed, size_t element_size)
{
  if (needed <= *capacity) {
    return true;
  }
  size_t wanted = *capacity > 0 ? *capacity : 256;
  while (wanted < needed) {
    if (wanted > SIZE_MAX / 2) {
      return false;
    }
    wanted *= 2;
  }
  if (wanted > SIZE_MAX / element_size) {
    return false;
  }
  void *grown = realloc(*memory, wanted * element_size);
  if (grown == NULL) {
    return false;
  }
  *memory = grown;
  *capacity = wanted;
  return true;
}

static bool remember(reader *r, const seep_store_query *query, const char *text)
{
  size_t size = strlen(text) + 1;
  void *processes = r->processes;
  void *names = r->names;
  bool ok = grow(&processes, &r->capacity, r->count + 1, sizeof *r->processes);
  ok = ok && grow(&names, &r->names_capacity, r->names_size + size, 1);
  r->processes = processes;
  r->names = names;
  if (!ok) {
    return false;
  }
  known_process *process = &r->processes[r->count++];
  process->row = sqlite3_column_int64(query->statement, 0);
  process->key.pid = (uint32_t)sqlite3_column_int64(query->statement, 1);
  process->key.created = seep_store__column_u64(query, 2);
  process->name = r->names_size;
  memcpy(r->names + r->names_size, text, size);
  r->names_size += size;
  return true;
}

static seep_status list_processes(seep_store *store, reader *r, const char *name, uint32_t pid,
                                  seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_PROCESS_LIST,
                    "SELECT id, pid, created, name FROM process ORDER BY id");
  bool enough_memory = true;
  while (enough_memory && seep_store__row(&query)) {
    const char *text = (const char *)sqlite3_column_text(query.statement, 3);
    text = text != NULL ? text : "";
    bool wanted = (name == NULL || seep_text_equal_ignoring_case(name, text)) &&
                  (pid == 0 || sqlite3_column_int64(query.statement, 1) == (int64_t)pid);
    enough_memory = !wanted || remember(r, &query, text);
  }
  seep_status status = seep_store__finish(&query, "read history", error);
  if (status == SEEP_OK && !enough_memory) {
    status = seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "read history", NULL);
  }
  return status;
}

/* Polls written later are not waited for: a reader beside a running service ends. */
static seep_status last_row(seep_store *store, int64_t *row, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_POLL_MAXIMUM, "SELECT max(id) FROM poll");
  *row = seep_store__row(&query) ? sqlite3_column_int64(query.statement, 0) : 0;
  return seep_store__finish(&query, "read history", error);
}

static seep_status decode_row(reader *r, const seep_store_query *query, int64_t row, seep_error *error)
{
  const uint8_t *block = sqlite3_column_blob(query->statement, 2);
  size_t size = block != NULL ? (size_t)sqlite3_column_bytes(query->statement, 2) : 0;
  size_t count = seep_poll_block_count(block, size);
  r->entry_count = 0;
  if (count <= SEEP_POLL_BLOCK_MAXIMUM_COUNT) {
    void *entries = r->entries;
    bool ok = grow(&entries, &r->entry_capacity, count > 0 ? count : 1, sizeof *r->entries);
    r->entries = entries;
    if (!ok) {
      return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "read history", NULL);
    }
  }
  seep_status status =
      seep_poll_block_decode(block, size, r->entries, r->entry_capacity, &r->entry_count, NULL);
  if (status == SEEP_NO_MEMORY) {
    return seep_error_set(error, status, SEEP_DOMAIN_NONE, 0, "read history", NULL);
  }
  if (status != SEEP_OK && r->skipped == 0) {
    r->skipped = row;
  }
  return SEEP_OK;
}

/* Where the walk stands: polls are ordered by (wall, row), so that equal wall times are no trouble. */
typedef struct place {
  seep_wall wall;
  int64_t row, last;
} place;

static seep_status next_poll(seep_store *store, reader *r, place *at, bool *found, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_POLL_NEXT,
                    "SELECT id, wall_ms, block FROM poll WHERE (wall_ms, id) > (?, ?) AND id <= ?"
                    " ORDER BY wall_ms, id LIMIT 1");
  seep_store__bind_i64(&query, at->wall.ms);
  seep_store__bind_i64(&query, at->row);
  seep_store__bind_i64(&query, at->last);
  *found = seep_store__row(&query);
  seep_status decoded = SEEP_OK;
  if (*found) {
    at->row = sqlite3_column_int64(query.statement, 0);
    at->wall.ms = sqlite3_column_int64(query.statement, 1);
    decoded = decode_row(r, &query, at->row, error);
  }
  seep_status status = seep_store__finish(&query, "read history", error);
  return status != SEEP_OK ? status : decoded;
}

static const known_process *find_known(const reader *r, int64_t row)
{
  size_t low = 0;
  size_t high = r->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (r->processes[middle].row < row) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < r->count && r->processes[low].row == row ? &r->processes[low] : NULL;
}

/* A process that was collected or added since the list was made is passed over. */
static bool visit_poll(const reader *r, seep_wall wall, seep_store_point_visit visit, void *context)
{
  for (size_t i = 0; i < r->entry_count; i++) {
    const known_process *process = find_known(r, r->entries[i].process);
    if (process == NULL) {
      continue;
    }
    seep_store_point point = {wall, process->key, r->names + process->name, r->entries[i].commit_bytes};
    if (!visit(context, &point)) {
      return false;
    }
  }
  return true;
}

seep_status seep_store_history(seep_store *store, const char *name, uint32_t pid, seep_wall since,
                               seep_store_point_visit visit, void *context, seep_error *error)
{
  reader r;
  memset(&r, 0, sizeof r);
  place at = {since, 0, 0};
  seep_status status = last_row(store, &at.last, error);
  if (status == SEEP_OK) {
    status = list_processes(store, &r, name, pid, error);
  }
  bool more = status == SEEP_OK && r.count > 0;
  bool stopped = false;
  while (more && !stopped) {
    status = next_poll(store, &r, &at, &more, error);
    more = more && status == SEEP_OK;
    stopped = more && !visit_poll(&r, at.wall, visit, context);
  }
  if (status == SEEP_OK && !stopped && r.skipped != 0) {
    status = seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_NONE, r.skipped, "decode poll", NULL);
  }
  reader_free(&r);
  return status;
}

seep_status seep_store_newest(seep_store *store, seep_wall *newest, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_POLL_NEWEST,
                    "SELECT wall_ms FROM poll ORDER BY wall_ms DESC LIMIT 1");
  bool found = seep_store__row(&query);
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
