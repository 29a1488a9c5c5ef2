/*
 * Who is who: the rows of processes and of their images. A row is found again by what the last poll had; only
 * at the first poll after an opening are keys compared. A process unchanged from poll to poll costs no
 * statement.
 */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"

#define COLLECTED_AT_ONCE 10000

static int compare_keys(const void *a, const void *b)
{
  const seep_store_known *left = a, *right = b;
  if (left->key.pid != right->key.pid) {
    return left->key.pid < right->key.pid ? -1 : 1;
  }
  return (left->key.created > right->key.created) - (left->key.created < right->key.created);
}

static int compare_entries(const void *a, const void *b)
{
  int64_t left = ((const seep_poll_entry *)a)->row;
  int64_t right = ((const seep_poll_entry *)b)->row;
  return (left > right) - (left < right);
}

static bool has_row(const seep_poll_entry *entries, size_t count, int64_t row)
{
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (entries[middle].row < row) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < count && entries[low].row == row;
}

/* ---- the living ---- */

/* The key that a row has; *found false when there is no such row. */
static seep_status key_of(seep_store *store, int64_t row, seep_process_key *key, bool *found,
                          seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_PROCESS_KEY, "SELECT pid, created FROM process WHERE id = ?");
  seep_store__bind_i64(&query, row);
  *found = seep_store__row(&query);
  if (*found) {
    key->pid = (uint32_t)sqlite3_column_int64(query.statement, 0);
    key->created = seep_store__column_u64(&query, 1);
  }
  return seep_store__finish(&query, "append poll", error);
}

seep_status seep_store__load_known(seep_store *store, const seep_poll_entry *entries, size_t count,
                                   seep_error *error)
{
  seep_store_series *series = &store->series;
  seep_status status = SEEP_OK;
  free(series->known);
  series->known_count = 0;
  series->known = malloc((count + 1) * sizeof *series->known);
  if (series->known == NULL) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "append poll", NULL);
  }
  for (size_t i = 0; i < count && status == SEEP_OK; i++) {
    bool found = false;
    seep_store_known *known = &series->known[series->known_count];
    known->row = entries[i].row;
    if (entries[i].row > 0) {
      status = key_of(store, entries[i].row, &known->key, &found, error);
    }
    series->known_count += found;
  }
  qsort(series->known, series->known_count, sizeof *series->known, compare_keys);
  return status;
}

static seep_status image_row(seep_store *store, const char *name, int64_t *row, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_IMAGE_FIND, "SELECT id FROM image WHERE name = ?");
  seep_store__bind_text(&query, name);
  bool found = seep_store__row(&query);
  *row = found ? sqlite3_column_int64(query.statement, 0) : 0;
  seep_status status = seep_store__finish(&query, "append poll", error);
  if (status == SEEP_OK && !found) {
    seep_store__query(&query, store, SEEP_SLOT_IMAGE_ADD, "INSERT INTO image(name) VALUES(?)");
    seep_store__bind_text(&query, name);
    status = seep_store__run(&query, "append poll", error);
    *row = sqlite3_last_insert_rowid(store->db);
  }
  return status;
}

static seep_status add_process(seep_store *store, seep_wall wall, const seep_store_sample *sample,
                               int64_t *row, seep_error *error)
{
  seep_store_query query;
  int64_t image = 0;
  seep_status status = image_row(store, sample->name != NULL ? sample->name : "", &image, error);
  if (status != SEEP_OK) {
    return status;
  }
  seep_store__query(&query, store, SEEP_SLOT_PROCESS_ADD,
                    "INSERT INTO process(pid, created, image, first_ms) VALUES(?, ?, ?, ?)");
  seep_store__bind_i64(&query, sample->key.pid);
  seep_store__bind_u64(&query, sample->key.created);
  seep_store__bind_i64(&query, image);
  seep_store__bind_i64(&query, wall.ms);
  status = seep_store__run(&query, "append poll", error);
  *row = sqlite3_last_insert_rowid(store->db);
  return status;
}

seep_status seep_store__end_process(seep_store *store, int64_t row, const seep_wall *ended, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_PROCESS_ENDED, "UPDATE process SET last_ms = ?2 WHERE id = ?1");
  seep_store__bind_i64(&query, row);
  if (ended != NULL) {
    seep_store__bind_i64(&query, ended->ms);
  } /* a parameter never bound is NULL */
  return seep_store__run(&query, "append poll", error);
}

/* The row of a process that the last poll does not have under the row it brings along. */
static seep_status find_process(seep_store *store, seep_wall wall, const seep_store_sample *sample,
                                int64_t *row, seep_error *error)
{
  const seep_store_series *series = &store->series;
  seep_store_known wanted = {sample->key, 0};
  if (sample->store_id == 0) {
    const seep_store_known *known =
        series->known_count > 0
            ? bsearch(&wanted, series->known, series->known_count, sizeof *series->known, compare_keys)
            : NULL;
    if (known != NULL) {
      *row = known->row;
      return SEEP_OK;
    }
    return add_process(store, wall, sample, row, error);
  }
  /* It was away for a while. Its row may have been collected, and the number given to another. */
  seep_process_key key;
  bool found = false;
  seep_status status = key_of(store, sample->store_id, &key, &found, error);
  if (status != SEEP_OK) {
    return status;
  }
  if (!found || key.pid != sample->key.pid || key.created != sample->key.created) {
    return add_process(store, wall, sample, row, error);
  }
  *row = sample->store_id;
  return seep_store__end_process(store, *row, NULL, error);
}

static seep_status refuse_twice(seep_error *error, const seep_store_sample *sample)
{
  return seep_error_set(error, SEEP_INVALID, SEEP_DOMAIN_NONE, sample->key.pid, "append poll",
                        sample->name != NULL ? sample->name : "");
}

/* Nobody may come twice: neither with a row nor as two births. */
static seep_status check_once(const seep_store_poll *poll, seep_store_known *births, size_t birth_count,
                              const seep_poll_entry *next, size_t count, seep_error *error)
{
  qsort(births, birth_count, sizeof *births, compare_keys);
  for (size_t i = 1; i < birth_count; i++) {
    if (compare_keys(&births[i - 1], &births[i]) == 0) {
      return refuse_twice(error, &poll->samples[births[i].row]);
    }
  }
  for (size_t i = 1; i < count; i++) {
    if (next[i - 1].row == next[i].row) {
      return seep_error_set(error, SEEP_INVALID, SEEP_DOMAIN_NONE, next[i].row, "append poll", NULL);
    }
  }
  return SEEP_OK;
}

seep_status seep_store__name_processes(seep_store *store, const seep_store_poll *poll, seep_error *error)
{
  seep_store_series *series = &store->series;
  /* The system's figures, if there are any, are in front already. */
  seep_poll_entry *next = series->next + (poll->memory != NULL ? SEEP_STORE_FIGURES : 0);
  size_t births = 0;
  for (size_t i = 0; i < poll->count; i++) {
    const seep_store_sample *sample = &poll->samples[i];
    int64_t row = sample->store_id;
    if (row <= 0 || !has_row(series->last, series->last_count, row)) {
      series->births[births].key = sample->key;
      series->births[births++].row = (int64_t)i;
      seep_status status = find_process(store, poll->now.wall, sample, &row, error);
      if (status != SEEP_OK) {
        return status;
      }
    }
    series->rows[i] = row;
    next[i].row = row;
    next[i].pages = sample->commit_bytes / SEEP_POLL_PAGE_BYTES;
  }
  if (poll->count > 0) {
    qsort(next, poll->count, sizeof *next, compare_entries);
  }
  return check_once(poll, series->births, births, next, poll->count, error);
}

/* ---- the forgotten ---- */

seep_status seep_store__collect_processes(seep_store *store, seep_wall before, seep_error *error)
{
  seep_store_series *series = &store->series;
  seep_store_query query;
  int64_t last = 0;
  seep_store__query(&query, store, SEEP_SLOT_PROCESS_BATCH,
                    "SELECT max(id) FROM (SELECT id FROM process WHERE id > ? ORDER BY id LIMIT ?)");
  seep_store__bind_i64(&query, series->collected);
  seep_store__bind_i64(&query, COLLECTED_AT_ONCE);
  if (seep_store__row(&query)) {
    last = sqlite3_column_int64(query.statement, 0);
  }
  seep_status status = seep_store__finish(&query, "prune", error);
  if (status == SEEP_OK && last > 0) {
    seep_store__query(&query, store, SEEP_SLOT_PROCESS_COLLECT,
                      "DELETE FROM process WHERE id > ? AND id <= ? AND last_ms < ?"
                      " AND id < (SELECT max(id) FROM process)"); /* or its number would be given again */
    seep_store__bind_i64(&query, series->collected);
    seep_store__bind_i64(&query, last);
    seep_store__bind_i64(&query, before.ms);
    status = seep_store__run(&query, "prune", error);
    series->some_collected = series->some_collected || sqlite3_changes(store->db) > 0;
    series->collected = last;
  } else if (status == SEEP_OK) {
    /* Once around: only now are all the images looked at, and only if somebody has gone. */
    if (series->some_collected) {
      seep_store__query(&query, store, SEEP_SLOT_IMAGE_COLLECT,
                        "DELETE FROM image WHERE id NOT IN (SELECT image FROM process)");
      status = seep_store__run(&query, "prune", error);
    }
    series->collected = 0;
    series->some_collected = false;
  }
  return status;
}

/* ---- listing ---- */

const char *const seep_store_figure_names[SEEP_STORE_FIGURES] = {"[commit_total]",   "[commit_limit]",
                                                                 "[physical_total]", "[physical_available]",
                                                                 "[paged_pool]",     "[nonpaged_pool]"};

void seep_store_filter_init(seep_store_filter *filter)
{
  *filter = (seep_store_filter){.from = {INT64_MIN}, .to = {INT64_MAX}};
}

void seep_store_filter_widen(seep_store_filter *filter)
{
  const int64_t margin_ms = 7 * SEEP_MS_PER_DAY;
  filter->from.ms = filter->from.ms > INT64_MIN + margin_ms ? filter->from.ms - margin_ms : INT64_MIN;
  filter->to.ms = filter->to.ms < INT64_MAX - margin_ms ? filter->to.ms + margin_ms : INT64_MAX;
}

/* Iterative, since names and patterns may be long: goes back to the last star only. */
static bool matches(const char *pattern, const char *name)
{
  const char *star = NULL, *retry = NULL;
  while (*name != '\0') {
    char p[2] = {*pattern, '\0'}, n[2] = {*name, '\0'};
    if (*pattern == '*') {
      star = pattern++;
      retry = name;
    } else if (*pattern == '?' || (*pattern != '\0' && seep_text_equal_ignoring_case(p, n))) {
      name++;
      while (*pattern == '?' && ((unsigned char)*name & 0xC0) == 0x80) {
        name++; /* a character may be several bytes */
      }
      pattern++;
    } else if (star != NULL) {
      pattern = star + 1;
      name = ++retry;
    } else {
      return false;
    }
  }
  while (*pattern == '*') {
    pattern++;
  }
  return *pattern == '\0';
}

void seep_store__list_fini(seep_store_list *list)
{
  for (size_t i = 0; i < list->count; i++) {
    if (list->items[i].row > 0) {
      free((char *)list->items[i].name);
    }
  }
  free(list->items);
  free(list->rows);
  memset(list, 0, sizeof *list);
}

static bool list_add(seep_store_list *list, const seep_store_process *process)
{
  void *items = list->items, *rows = list->rows;
  bool ok = seep_array_reserve(&items, &list->capacity, list->count + 1, sizeof *list->items);
  list->items = items;
  ok = ok && seep_array_reserve(&rows, &list->row_capacity, list->count + 1, sizeof *list->rows);
  list->rows = rows;
  if (!ok) {
    return false;
  }
  list->rows[list->count] = process->row;
  list->items[list->count++] = *process;
  return true;
}

static bool list_add_named(seep_store_list *list, seep_store_process *process, const char *text)
{
  size_t size = strlen(text) + 1;
  char *name = malloc(size);
  if (name == NULL) {
    return false;
  }
  memcpy(name, text, size);
  process->name = name;
  if (!list_add(list, process)) {
    free(name);
    return false;
  }
  return true;
}

static bool list_figures(const seep_store_filter *filter, seep_store_list *list)
{
  bool ok = true;
  for (int i = 0; ok && i < SEEP_STORE_FIGURES; i++) {
    seep_store_process figure = {.row = SEEP_POLL_FIRST_ROW + i, .name = seep_store_figure_names[i]};
    figure.first.ms = INT64_MIN;
    figure.last.ms = INT64_MAX;
    ok = (filter->image != NULL && !matches(filter->image, figure.name)) || list_add(list, &figure);
  }
  return ok;
}

static seep_status list_processes(seep_store *store, const seep_store_filter *filter, seep_store_list *list,
                                  bool *enough_memory, seep_error *error)
{
  seep_store_query query;
  seep_store__query(
      &query, store, SEEP_SLOT_PROCESS_LIST,
      "SELECT p.id, p.pid, p.created, i.name, p.first_ms, ifnull(p.last_ms, 9223372036854775807)"
      " FROM process p JOIN image i ON i.id = p.image ORDER BY p.id");
  while (*enough_memory && seep_store__row(&query)) {
    const char *text = (const char *)sqlite3_column_text(query.statement, 3);
    text = text != NULL ? text : "";
    seep_store_process process = {.row = sqlite3_column_int64(query.statement, 0)};
    process.key.pid = (uint32_t)sqlite3_column_int64(query.statement, 1);
    process.key.created = seep_store__column_u64(&query, 2);
    process.first.ms = sqlite3_column_int64(query.statement, 4);
    process.last.ms = sqlite3_column_int64(query.statement, 5);
    bool wanted = (filter->pid == 0 || process.key.pid == filter->pid) &&
                  process.last.ms >= filter->from.ms && process.first.ms < filter->to.ms &&
                  (filter->image == NULL || matches(filter->image, text));
    *enough_memory = !wanted || list_add_named(list, &process, text);
  }
  return seep_store__finish(&query, "read history", error);
}

seep_status seep_store__list(seep_store *store, const seep_store_filter *filter, seep_store_list *list,
                             seep_error *error)
{
  seep_status status = SEEP_OK;
  bool enough_memory = true;
  memset(list, 0, sizeof *list);
  if (filter->system) {
    enough_memory = list_figures(filter, list);
  } else {
    status = list_processes(store, filter, list, &enough_memory, error);
  }
  if (status == SEEP_OK && !enough_memory) {
    status = seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "read history", NULL);
  }
  if (status != SEEP_OK) {
    seep_store__list_fini(list);
  }
  return status;
}

static int compare_i64(const void *a, const void *b)
{
  int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
  return (left > right) - (left < right);
}

const seep_store_process *seep_store__list_find(const seep_store_list *list, int64_t row)
{
  const int64_t *found =
      list->count > 0 ? bsearch(&row, list->rows, list->count, sizeof row, compare_i64) : NULL;
  return found != NULL ? &list->items[found - list->rows] : NULL;
}

seep_status seep_store_processes(seep_store *store, const seep_store_filter *filter,
                                 seep_store_process_visit visit, void *context, seep_error *error)
{
  seep_store_list list;
  seep_status status = seep_store__list(store, filter, &list, error);
  bool more = status == SEEP_OK;
  for (size_t i = 0; more && i < list.count; i++) {
    more = visit(context, &list.items[i]);
  }
  if (status == SEEP_OK) {
    seep_store__list_fini(&list);
  }
  return status;
}
