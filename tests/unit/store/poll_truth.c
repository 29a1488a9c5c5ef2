#include "poll_truth.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

static char problem[512];

#if defined(__MINGW_PRINTF_FORMAT)
__attribute__((format(__MINGW_PRINTF_FORMAT, 1, 2)))
#elif defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
static const char *
tell(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(problem, sizeof problem, format, arguments);
  va_end(arguments);
  return problem;
}

static void *allocate(size_t count, size_t size)
{
  void *memory = calloc(count + 1, size);
  if (memory == NULL) {
    abort();
  }
  return memory;
}

static bool is_kept(const poll_truth *truth, size_t number)
{
  return number < truth->count && (truth->polls[number] & POLL_KEPT) != 0;
}

/* ---- history ---- */

typedef struct walk {
  const poll_truth *truth;
  bool system;
  const char *wrong;
  bool begun;
  size_t first;  /* the oldest poll there is, whether it has points or not */
  size_t number; /* of the poll at hand */
  size_t points; /* of this one */
  int64_t row;
  size_t *seen; /* by slot: number + 1 of the poll that had it last */
} walk;

static size_t points_of(const walk *w, size_t number)
{
  seep_system_memory memory;
  poll_script_process process;
  size_t points = 0;
  if (w->system) {
    return poll_script_memory(w->truth->script, number, &memory) ? SEEP_STORE_FIGURES : 0;
  }
  for (unsigned slot = 0; slot < w->truth->script->processes; slot++) {
    points += poll_script_look(w->truth->script, number, slot, &process);
  }
  return points;
}

/* What lies between two polls seen, or before the first and behind the last, must have been nothing. */
static const char *check_skipped(const walk *w, size_t from, size_t to)
{
  for (size_t number = from; number < to; number++) {
    if (is_kept(w->truth, number) && points_of(w, number) > 0) {
      return tell("poll %zu is missing", number);
    }
  }
  return NULL;
}

static const char *turn_to(walk *w, size_t number, const seep_store_point *point)
{
  const poll_truth *truth = w->truth;
  if (w->begun && number <= w->number) {
    return tell("poll %zu comes after %zu", number, w->number);
  }
  if (w->begun && w->points != points_of(w, w->number)) {
    return tell("poll %zu has %zu points of %zu", w->number, w->points, points_of(w, w->number));
  }
  if (!is_kept(truth, number)) {
    return tell("poll %zu was never acknowledged", number);
  }
  const char *wrong = check_skipped(w, w->begun ? w->number + 1 : truth->first, number);
  if (wrong != NULL) {
    return wrong;
  }
  bool gap = (truth->polls[number] & POLL_AFTER_GAP) != 0 || number == w->first;
  if (point->after_gap != gap) {
    return tell("poll %zu stands %s a gap", number, gap ? "not behind" : "behind");
  }
  w->begun = true;
  w->number = number;
  w->points = 0;
  w->row = INT64_MIN;
  return NULL;
}

static const char *check_process(walk *w, const seep_store_point *point)
{
  const seep_store_process *process = point->process;
  unsigned slot = process->key.pid / 4 - 1;
  poll_script_process wanted;
  char name[POLL_SCRIPT_NAME_SIZE];
  if (process->key.pid % 4 != 0 || slot >= w->truth->script->processes ||
      !poll_script_look(w->truth->script, w->number, slot, &wanted) ||
      wanted.key.created != process->key.created) {
    return tell("poll %zu: nobody is PID %" PRIu32, w->number, process->key.pid);
  }
  if (w->seen[slot] == w->number + 1) {
    return tell("poll %zu: PID %" PRIu32 " twice", w->number, process->key.pid);
  }
  w->seen[slot] = w->number + 1;
  poll_script_name(slot, name);
  if (strcmp(process->name, name) != 0) {
    return tell("PID %" PRIu32 " is named %s", process->key.pid, process->name);
  }
  if (point->wall.ms < process->first.ms || point->wall.ms > process->last.ms) {
    return tell("poll %zu: PID %" PRIu32 " outside its life", w->number, process->key.pid);
  }
  return point->commit_bytes == wanted.commit_bytes
             ? NULL
             : tell("poll %zu: PID %" PRIu32 " has %" PRIu64 " bytes instead of %" PRIu64, w->number,
                    process->key.pid, point->commit_bytes, wanted.commit_bytes);
}

static uint64_t figure_of(const seep_system_memory *memory, size_t index)
{
  const uint64_t figures[SEEP_STORE_FIGURES] = {
      memory->commit_total_bytes,       memory->commit_limit_bytes, memory->physical_total_bytes,
      memory->physical_available_bytes, memory->paged_pool_bytes,   memory->nonpaged_pool_bytes};
  return figures[index];
}

static const char *check_figure(const walk *w, const seep_store_point *point)
{
  seep_system_memory memory;
  int64_t index = point->process->row + SEEP_STORE_FIGURES;
  if (!poll_script_memory(w->truth->script, w->number, &memory) || index < 0 || index >= SEEP_STORE_FIGURES) {
    return tell("poll %zu has figures of the system", w->number);
  }
  return point->commit_bytes == figure_of(&memory, (size_t)index)
             ? NULL
             : tell("poll %zu: %s is %" PRIu64, w->number, point->process->name, point->commit_bytes);
}

static const char *check_point(walk *w, const seep_store_point *point)
{
  const poll_script *script = w->truth->script;
  int64_t since = point->wall.ms - poll_script_wall(script, 0);
  if (since < 0 || since % script->step_ms != 0) {
    return tell("no poll was taken at %" PRId64, point->wall.ms);
  }
  size_t number = (size_t)(since / script->step_ms);
  const char *wrong = w->begun && number == w->number ? NULL : turn_to(w, number, point);
  if (wrong != NULL) {
    return wrong;
  }
  if (point->process->row <= w->row) {
    return tell("poll %zu is not in the order of rows", number);
  }
  w->row = point->process->row;
  w->points++;
  if (point->running_ms != (int64_t)(number - w->first) * script->step_ms) {
    return tell("poll %zu: %" PRId64 " ms of running time", number, point->running_ms);
  }
  return w->system ? check_figure(w, point) : check_process(w, point);
}

static bool visit_point(void *context, const seep_store_point *point)
{
  walk *w = context;
  w->wrong = check_point(w, point);
  return w->wrong == NULL;
}

static const char *check_history(const poll_truth *truth, seep_store *store, bool system)
{
  walk w = {.truth = truth, .system = system, .row = INT64_MIN};
  seep_store_filter filter;
  seep_error error = {0};
  seep_store_filter_init(&filter);
  filter.system = system;
  w.seen = allocate(truth->script->processes, sizeof *w.seen);
  for (w.first = truth->first; w.first < truth->count && !is_kept(truth, w.first);) {
    w.first++;
  }
  seep_status status = seep_store_history(store, &filter, visit_point, &w, &error);
  free(w.seen);
  if (w.wrong != NULL) {
    return w.wrong;
  }
  if (status != SEEP_OK) {
    return tell("history: %s (%" PRId64 ")", seep_status_text(status), error.code);
  }
  if (w.begun && w.points != points_of(&w, w.number)) {
    return tell("the last poll, %zu, has %zu points", w.number, w.points);
  }
  return check_skipped(&w, w.begun ? w.number + 1 : truth->first, truth->count);
}

/* ---- hours ---- */

typedef struct hour_figures {
  int64_t hour;
  uint64_t pid, created; /* 0 and which figure for the system's */
  uint64_t floor, peak, mean;
  double total;
  unsigned polls;
} hour_figures;

typedef struct hour_list {
  hour_figures *items;
  size_t count, capacity;
} hour_list;

static void add_hour(hour_list *list, const hour_figures *item)
{
  if (list->count == list->capacity) {
    list->capacity = list->capacity * 2 + 256;
    list->items = realloc(list->items, list->capacity * sizeof *list->items);
    if (list->items == NULL) {
      abort();
    }
  }
  list->items[list->count++] = *item;
}

static int compare_hours(const void *a, const void *b)
{
  const hour_figures *left = a, *right = b;
  if (left->hour != right->hour) {
    return left->hour < right->hour ? -1 : 1;
  }
  if (left->pid != right->pid) {
    return left->pid < right->pid ? -1 : 1;
  }
  return (left->created > right->created) - (left->created < right->created);
}

static int64_t hour_of(const poll_script *script, size_t number)
{
  return poll_script_wall(script, number) / SEEP_MS_PER_HOUR;
}

/* What one slot, or one figure, was at a poll; false: nothing. */
static bool look(const poll_script *script, size_t number, unsigned column, hour_figures *item,
                 uint64_t *bytes)
{
  seep_system_memory memory;
  poll_script_process process;
  if (column < SEEP_STORE_FIGURES) {
    item->pid = 0;
    item->created = column;
    bool known = poll_script_memory(script, number, &memory);
    *bytes = figure_of(&memory, column);
    return known;
  }
  if (!poll_script_look(script, number, column - SEEP_STORE_FIGURES, &process)) {
    return false;
  }
  item->pid = process.key.pid;
  item->created = process.key.created;
  *bytes = process.commit_bytes;
  return true;
}

static void close_hour(hour_list *list, hour_figures *sum)
{
  if (sum->polls > 0) {
    double above = sum->total / sum->polls - (double)(sum->floor / 4096);
    sum->mean = sum->floor + (above > 0 ? (uint64_t)(above + 0.5) * 4096 : 0);
    add_hour(list, sum);
  }
  memset(sum, 0, sizeof *sum);
}

/* One slot from beginning to end, up to the hour that is not over. */
static void add_up(const poll_truth *truth, unsigned column, int64_t end, hour_list *list)
{
  hour_figures sum;
  memset(&sum, 0, sizeof sum);
  for (size_t number = 0; number < truth->count && hour_of(truth->script, number) < end; number++) {
    hour_figures now = {.hour = hour_of(truth->script, number)};
    uint64_t bytes = 0;
    if (!is_kept(truth, number) || !look(truth->script, number, column, &now, &bytes)) {
      continue;
    }
    if (sum.polls == 0 || compare_hours(&sum, &now) != 0) {
      close_hour(list, &sum);
      sum = now;
    }
    sum.floor = sum.polls == 0 || bytes < sum.floor ? bytes : sum.floor;
    sum.peak = bytes > sum.peak ? bytes : sum.peak;
    sum.total += (double)(bytes / 4096);
    sum.polls++;
  }
  close_hour(list, &sum);
}

static bool visit_hour(void *context, const seep_store_hour *hour)
{
  bool system = hour->process->row < 0;
  const hour_figures item = {.hour = hour->hour.ms / SEEP_MS_PER_HOUR,
                             .pid = system ? 0 : hour->process->key.pid,
                             .created = system ? (uint64_t)(hour->process->row + SEEP_STORE_FIGURES)
                                               : hour->process->key.created,
                             .floor = hour->floor_bytes,
                             .mean = hour->mean_bytes,
                             .peak = hour->peak_bytes};
  add_hour(context, &item);
  return true;
}

static const char *compare_lists(const hour_list *wanted, const hour_list *found)
{
  for (size_t i = 0; i < wanted->count && i < found->count; i++) {
    const hour_figures *w = &wanted->items[i], *f = &found->items[i];
    if (compare_hours(w, f) != 0) {
      return tell("hour %" PRId64 " of PID %" PRIu64 " stands where hour %" PRId64 " of PID %" PRIu64
                  " is wanted",
                  f->hour, f->pid, w->hour, w->pid);
    }
    if (w->floor != f->floor || w->mean != f->mean || w->peak != f->peak) {
      return tell("hour %" PRId64 " of PID %" PRIu64 ": %" PRIu64 " %" PRIu64 " %" PRIu64
                  " instead of %" PRIu64 " %" PRIu64 " %" PRIu64,
                  w->hour, w->pid, f->floor, f->mean, f->peak, w->floor, w->mean, w->peak);
    }
  }
  return wanted->count == found->count ? NULL : tell("%zu hours instead of %zu", found->count, wanted->count);
}

static const char *check_hours(const poll_truth *truth, seep_store *store)
{
  hour_list wanted = {NULL, 0, 0}, found = {NULL, 0, 0};
  seep_store_filter filter;
  int64_t end = INT64_MIN;
  for (size_t number = 0; number < truth->count; number++) {
    end = is_kept(truth, number) ? hour_of(truth->script, number) : end;
  }
  for (unsigned column = 0; column < truth->script->processes + SEEP_STORE_FIGURES; column++) {
    add_up(truth, column, end, &wanted);
  }
  seep_store_filter_init(&filter);
  seep_status status = seep_store_hours(store, &filter, visit_hour, &found, NULL);
  filter.system = true;
  status = status == SEEP_OK ? seep_store_hours(store, &filter, visit_hour, &found, NULL) : status;
  if (wanted.count > 0) {
    qsort(wanted.items, wanted.count, sizeof *wanted.items, compare_hours);
  }
  if (found.count > 0) {
    qsort(found.items, found.count, sizeof *found.items, compare_hours);
  }
  const char *wrong =
      status == SEEP_OK ? compare_lists(&wanted, &found) : tell("hours: %s", seep_status_text(status));
  free(wanted.items);
  free(found.items);
  return wrong;
}

const char *poll_truth_check(const poll_truth *truth, seep_store *store)
{
  const char *wrong = check_history(truth, store, false);
  wrong = wrong != NULL ? wrong : check_history(truth, store, true);
  return wrong != NULL ? wrong : check_hours(truth, store);
}

/* ---- lives ---- */

typedef struct lives {
  const poll_truth *truth;
  size_t count;
  const char *wrong;
} lives;

/* Numbers of the polls that had a process first and last. */
static bool find_life(const poll_truth *truth, unsigned slot, seep_filetime created, size_t *first,
                      size_t *last)
{
  bool found = false;
  for (size_t number = 0; number < truth->count; number++) {
    poll_script_process process;
    if (is_kept(truth, number) && poll_script_look(truth->script, number, slot, &process) &&
        process.key.created == created) {
      *first = found ? *first : number;
      *last = number;
      found = true;
    }
  }
  return found;
}

static size_t newest_of(const poll_truth *truth)
{
  size_t newest = 0;
  for (size_t number = 0; number < truth->count; number++) {
    newest = is_kept(truth, number) ? number : newest;
  }
  return newest;
}

static bool visit_process(void *context, const seep_store_process *process)
{
  lives *l = context;
  const poll_script *script = l->truth->script;
  size_t first = 0, last = 0;
  unsigned slot = process->key.pid / 4 - 1;
  l->count++;
  if (slot >= script->processes || !find_life(l->truth, slot, process->key.created, &first, &last)) {
    l->wrong = tell("PID %" PRIu32 " is in no poll", process->key.pid);
    return false;
  }
  /* An end is noted when its hour is over. */
  bool noted = hour_of(script, last) < hour_of(script, newest_of(l->truth));
  int64_t last_ms = noted ? poll_script_wall(script, last) : INT64_MAX;
  if (process->first.ms != poll_script_wall(script, first) || process->last.ms != last_ms) {
    l->wrong = tell("PID %" PRIu32 " lived from %" PRId64 " to %" PRId64, process->key.pid, process->first.ms,
                    process->last.ms);
  }
  return l->wrong == NULL;
}

static size_t count_lives(const poll_truth *truth)
{
  size_t count = 0;
  for (unsigned slot = 0; slot < truth->script->processes; slot++) {
    seep_filetime created = 0;
    for (size_t number = 0; number < truth->count; number++) {
      poll_script_process process;
      if (is_kept(truth, number) && poll_script_look(truth->script, number, slot, &process)) {
        count += process.key.created != created;
        created = process.key.created;
      }
    }
  }
  return count;
}

const char *poll_truth_check_processes(const poll_truth *truth, seep_store *store)
{
  lives l = {.truth = truth};
  seep_store_filter filter;
  seep_store_filter_init(&filter);
  seep_status status = seep_store_processes(store, &filter, visit_process, &l, NULL);
  if (l.wrong != NULL) {
    return l.wrong;
  }
  if (status != SEEP_OK) {
    return tell("processes: %s", seep_status_text(status));
  }
  return l.count == count_lives(truth) ? NULL : tell("%zu processes of %zu", l.count, count_lives(truth));
}

/* ---- the file ---- */

static const char *check_rows(sqlite3 *db, poll_rows *rows)
{
  sqlite3_stmt *statement = NULL;
  const char *wrong = NULL;
  int rc = sqlite3_prepare_v2(db, "SELECT id, polls FROM block UNION ALL SELECT id, 1 FROM poll ORDER BY 1",
                              -1, &statement, NULL);
  while (rc == SQLITE_OK && wrong == NULL && sqlite3_step(statement) == SQLITE_ROW) {
    int64_t first = sqlite3_column_int64(statement, 0);
    if (rows->last != 0 && first != rows->last + 1) {
      wrong = tell("poll %" PRId64 " follows %" PRId64, first, rows->last);
    }
    rows->first = rows->last == 0 ? first : rows->first;
    rows->last = first + sqlite3_column_int64(statement, 1) - 1;
  }
  sqlite3_finalize(statement);
  return rc == SQLITE_OK ? wrong : tell("rows of polls: %s", sqlite3_errmsg(db));
}

const char *poll_truth_check_file(const char *path, poll_rows *rows)
{
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;
  const char *wrong = NULL;
  *rows = (poll_rows){0, 0};
  if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL) != SQLITE_OK ||
      sqlite3_step(statement) != SQLITE_ROW) {
    wrong = tell("integrity check: %s", sqlite3_errmsg(db));
  } else if (strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0) {
    wrong = tell("integrity check: %s", (const char *)sqlite3_column_text(statement, 0));
  }
  sqlite3_finalize(statement);
  wrong = wrong != NULL ? wrong : check_rows(db, rows);
  sqlite3_close(db);
  return wrong;
}
