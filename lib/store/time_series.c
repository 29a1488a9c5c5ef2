/*
 * Writing and pruning the time series. A poll is one row; its samples are the block that poll_block.h
 * describes, which names processes by their rows in `process`.
 *
 * A process row may go once no poll names it. To know that without opening blocks, each poll is compared with
 * the one before it: who vanished is marked with the last poll that has him, who comes back loses the mark. A
 * process unchanged from poll to poll costs no statement.
 */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

/* Free pages beyond this share of the file, and beyond this number, are given back, so many pages a call. */
#define FREE_SHARE 8
#define FREE_KEPT_PAGES 1024

void seep_store__series_free(seep_store_series *series)
{
  free(series->last);
  free(series->next);
  free(series->rows);
  free(series->block);
  memset(series, 0, sizeof *series);
}

/* realloc that keeps the old memory on failure; the products fit because counts are bounded by poll_block.h.
 */
static bool resize(void **memory, size_t bytes)
{
  void *grown = realloc(*memory, bytes);
  if (grown != NULL) {
    *memory = grown;
  }
  return grown != NULL;
}

static seep_status reserve(seep_store_series *series, size_t count, seep_error *error)
{
  if (count > SEEP_POLL_BLOCK_MAXIMUM_COUNT) {
    return seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NONE, 0, "append poll", "too many processes");
  }
  if (series->capacity > 0 && count <= series->capacity) {
    return SEEP_OK;
  }
  size_t capacity = count + count / 4 + 64;
  void *last = series->last, *next = series->next, *rows = series->rows, *block = series->block;
  bool ok = resize(&last, capacity * sizeof *series->last);
  ok = ok && resize(&next, capacity * sizeof *series->next);
  ok = ok && resize(&rows, capacity * sizeof *series->rows);
  ok = ok && resize(&block, seep_poll_block_bound(capacity));
  series->last = last;
  series->next = next;
  series->rows = rows;
  series->block = block;
  if (!ok) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "append poll", NULL);
  }
  series->capacity = capacity;
  return SEEP_OK;
}

static int compare_entries(const void *a, const void *b)
{
  int64_t left = ((const seep_poll_entry *)a)->process;
  int64_t right = ((const seep_poll_entry *)b)->process;
  return (left > right) - (left < right);
}

static bool has_process(const seep_poll_entry *entries, size_t count, int64_t process)
{
  seep_poll_entry key = {process, 0};
  return count > 0 && bsearch(&key, entries, count, sizeof *entries, compare_entries) != NULL;
}

/* ---- appending ---- */

static seep_status decode_last(seep_store_series *series, const seep_store_query *query, seep_error *error)
{
  const uint8_t *block = sqlite3_column_blob(query->statement, 1);
  size_t size = block != NULL ? (size_t)sqlite3_column_bytes(query->statement, 1) : 0;
  size_t count = seep_poll_block_count(block, size);
  series->last_poll = sqlite3_column_int64(query->statement, 0);
  series->last_count = 0;
  seep_status status = SEEP_OK;
  if (count <= SEEP_POLL_BLOCK_MAXIMUM_COUNT) {
    status = reserve(series, count, error);
  }
  /* Of an unreadable poll nobody is known: its processes are then marked when they are next seen to vanish.
   */
  if (status == SEEP_OK) {
    seep_poll_block_decode(block, size, series->last, series->capacity, &series->last_count, NULL);
  }
  return status;
}

/* At the first append after an opening: who was in the last poll of the service's earlier life. */
static seep_status load_last(seep_store *store, seep_error *error)
{
  seep_store_series *series = &store->series;
  if (series->loaded) {
    return SEEP_OK;
  }
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_POLL_LAST,
                    "SELECT id, block FROM poll ORDER BY id DESC LIMIT 1");
  bool found = seep_store__row(&query);
  seep_status decoded = found ? decode_last(series, &query, error) : SEEP_OK;
  seep_status status = seep_store__finish(&query, "append poll", error);
  if (status == SEEP_OK) {
    status = decoded;
  }
  if (status == SEEP_OK && !found) {
    /* Without polls nobody is named by one. */
    seep_store__query(&query, store, SEEP_SLOT_PROCESS_CLEAR, "DELETE FROM process");
    status = seep_store__run(&query, "append poll", error);
  }
  series->loaded = status == SEEP_OK;
  return status;
}

static seep_status add_process(seep_store *store, seep_wall wall, const seep_store_sample *sample,
                               int64_t *row, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_PROCESS_ADD,
                    "INSERT INTO process(pid, created, name, first_wall_ms) VALUES(?, ?, ?, ?)");
  seep_store__bind_i64(&query, sample->key.pid);
  seep_store__bind_u64(&query, sample->key.created);
  seep_store__bind_text(&query, sample->name != NULL ? sample->name : "");
  seep_store__bind_i64(&query, wall.ms);
  seep_status status = seep_store__run(&query, "append poll", error);
  *row = sqlite3_last_insert_rowid(store->db);
  return status;
}

/* The row of a process that was not in the last poll: found by its key or added. */
static seep_status find_process(seep_store *store, seep_wall wall, const seep_store_sample *sample,
                                int64_t *row, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_PROCESS_FIND,
                    "SELECT id, last_poll IS NOT NULL FROM process WHERE pid = ? AND created = ?");
  seep_store__bind_i64(&query, sample->key.pid);
  seep_store__bind_u64(&query, sample->key.created);
  bool found = seep_store__row(&query);
  bool marked = false;
  if (found) {
    *row = sqlite3_column_int64(query.statement, 0);
    marked = sqlite3_column_int(query.statement, 1) != 0;
  }
  seep_status status = seep_store__finish(&query, "append poll", error);
  if (status == SEEP_OK && !found) {
    return add_process(store, wall, sample, row, error);
  }
  if (status == SEEP_OK && marked) {
    seep_store__query(&query, store, SEEP_SLOT_PROCESS_BACK,
                      "UPDATE process SET last_poll = NULL WHERE id = ?");
    seep_store__bind_i64(&query, *row);
    status = seep_store__run(&query, "append poll", error);
  }
  return status;
}

/* A remembered row is trusted only while the last poll had it: rows of the vanished may have been collected.
 */
static seep_status name_processes(seep_store *store, seep_wall wall, const seep_store_sample *samples,
                                  size_t count, seep_error *error)
{
  seep_store_series *series = &store->series;
  for (size_t i = 0; i < count; i++) {
    int64_t row = samples[i].store_id;
    if (row == 0 || !has_process(series->last, series->last_count, row)) {
      seep_status status = find_process(store, wall, &samples[i], &row, error);
      if (status != SEEP_OK) {
        return status;
      }
    }
    series->rows[i] = row;
    series->next[i].process = row;
    series->next[i].commit_bytes = samples[i].commit_bytes;
  }
  if (count > 0) {
    qsort(series->next, count, sizeof *series->next, compare_entries);
  }
  return SEEP_OK;
}

static seep_status mark_vanished(seep_store *store, size_t count, seep_error *error)
{
  const seep_store_series *series = &store->series;
  seep_status status = SEEP_OK;
  for (size_t i = 0; i < series->last_count && status == SEEP_OK; i++) {
    int64_t process = series->last[i].process;
    if (has_process(series->next, count, process)) {
      continue;
    }
    seep_store_query query;
    seep_store__query(&query, store, SEEP_SLOT_PROCESS_VANISHED,
                      "UPDATE process SET last_poll = ? WHERE id = ?");
    seep_store__bind_i64(&query, series->last_poll);
    seep_store__bind_i64(&query, process);
    status = seep_store__run(&query, "append poll", error);
  }
  return status;
}

static seep_status add_poll(seep_store *store, seep_wall wall, const seep_system_memory *memory, size_t count,
                            seep_error *error)
{
  const seep_store_series *series = &store->series;
  size_t length = 0;
  seep_status status = seep_poll_block_encode(series->next, count, series->block,
                                              seep_poll_block_bound(series->capacity), &length, error);
  if (status != SEEP_OK) {
    return status;
  }
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_POLL_ADD,
                    "INSERT INTO poll(wall_ms, process_count, block, commit_total_bytes, commit_limit_bytes,"
                    " physical_total_bytes, physical_available_bytes, paged_pool_bytes, nonpaged_pool_bytes)"
                    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
  seep_store__bind_i64(&query, wall.ms);
  seep_store__bind_u64(&query, count);
  seep_store__bind_bytes(&query, series->block, length, false);
  if (memory != NULL) {
    seep_store__bind_u64(&query, memory->commit_total_bytes);
    seep_store__bind_u64(&query, memory->commit_limit_bytes);
    seep_store__bind_u64(&query, memory->physical_total_bytes);
    seep_store__bind_u64(&query, memory->physical_available_bytes);
    seep_store__bind_u64(&query, memory->paged_pool_bytes);
    seep_store__bind_u64(&query, memory->nonpaged_pool_bytes);
  } /* a parameter never bound is NULL */
  return seep_store__run(&query, "append poll", error);
}

static seep_status write_poll(seep_store *store, seep_wall wall, const seep_system_memory *memory,
                              const seep_store_sample *samples, size_t count, seep_error *error)
{
  seep_status status = load_last(store, error);
  if (status == SEEP_OK) {
    status = reserve(&store->series, count, error);
  }
  if (status == SEEP_OK) {
    status = name_processes(store, wall, samples, count, error);
  }
  if (status == SEEP_OK) {
    status = mark_vanished(store, count, error);
  }
  if (status == SEEP_OK) {
    status = add_poll(store, wall, memory, count, error);
  }
  return status;
}

seep_status seep_store_append_poll(seep_store *store, seep_wall wall, const seep_system_memory *memory,
                                   seep_store_sample *samples, size_t count, seep_error *error)
{
  seep_store_series *series = &store->series;
  seep_status status = seep_store__begin(store, "append poll", error);
  if (status != SEEP_OK) {
    return status;
  }
  status = write_poll(store, wall, memory, samples, count, error);
  int64_t poll = sqlite3_last_insert_rowid(store->db);
  status = seep_store__end(store, status, "append poll", error);
  if (status != SEEP_OK) {
    return status;
  }
  for (size_t i = 0; i < count; i++) {
    samples[i].store_id = series->rows[i];
  }
  seep_poll_entry *spare = series->last;
  series->last = series->next;
  series->next = spare;
  series->last_count = count;
  series->last_poll = poll;
  return SEEP_OK;
}

/* ---- pruning ---- */

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

static seep_status drop_by_age(seep_store *store, seep_wall cutoff, unsigned most, unsigned *removed,
                               seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_POLL_EXPIRE,
                    "DELETE FROM poll WHERE id IN"
                    " (SELECT id FROM poll WHERE wall_ms < ? ORDER BY wall_ms, id LIMIT ?)");
  seep_store__bind_i64(&query, cutoff.ms);
  seep_store__bind_u64(&query, most);
  seep_status status = seep_store__run(&query, "prune", error);
  *removed = status == SEEP_OK ? (unsigned)sqlite3_changes(store->db) : 0;
  return status;
}

/* Oldest in the order of writing: a poll that a wrong clock dated into the future goes in its turn. */
static seep_status drop_by_size(seep_store *store, uint64_t maximum_bytes, unsigned most, unsigned *removed,
                                seep_error *error)
{
  seep_status status = SEEP_OK;
  while (status == SEEP_OK && *removed < most) {
    pages now = {0, 0, 0};
    status = count_pages(store, &now, error);
    if (status != SEEP_OK || (uint64_t)((now.total - now.unused) * now.page_bytes) <= maximum_bytes) {
      break;
    }
    seep_store_query query;
    seep_store__query(&query, store, SEEP_SLOT_POLL_DROP,
                      "DELETE FROM poll WHERE id = (SELECT min(id) FROM poll)");
    status = seep_store__run(&query, "prune", error);
    if (status != SEEP_OK || sqlite3_changes(store->db) == 0) {
      break;
    }
    (*removed)++;
  }
  return status;
}

static seep_status collect_processes(seep_store *store, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_PROCESS_COLLECT,
                    "DELETE FROM process WHERE last_poll < (SELECT min(id) FROM poll)");
  return seep_store__run(&query, "prune", error);
}

static seep_status give_back(seep_store *store, seep_error *error)
{
  pages now = {0, 0, 0};
  seep_status status = count_pages(store, &now, error);
  if (status != SEEP_OK || now.unused <= FREE_KEPT_PAGES || now.unused < now.total / FREE_SHARE) {
    return status;
  }
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_VACUUM, "PRAGMA incremental_vacuum(256)");
  return seep_store__run(&query, "prune", error);
}

seep_status seep_store_prune(seep_store *store, seep_wall cutoff, uint64_t maximum_bytes, unsigned most,
                             unsigned *removed, seep_error *error)
{
  unsigned dropped = 0;
  seep_status status = seep_store__begin(store, "prune", error);
  if (status != SEEP_OK) {
    return status;
  }
  status = drop_by_age(store, cutoff, most, &dropped, error);
  if (status == SEEP_OK && maximum_bytes > 0) {
    status = drop_by_size(store, maximum_bytes, most, &dropped, error);
  }
  if (status == SEEP_OK && dropped > 0) {
    status = collect_processes(store, error);
  }
  if (status == SEEP_OK) {
    status = give_back(store, error);
  }
  status = seep_store__end(store, status, "prune", error);
  if (status == SEEP_OK) {
    *removed = dropped;
  }
  return status;
}
