#include "fortnight.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "counting_vfs.h"
#include "file_parts.h"
#include "measure.h"
#include "store/store.h"

#define INTERVAL_MS (LOAD_INTERVAL_S * SEEP_MS_PER_SECOND)
#define READS 5

static void must(seep_status status, const char *what, const seep_error *error)
{
  char text[512];
  if (status != SEEP_OK) {
    measure_fail(what, seep_error_text(error, text, sizeof text));
  }
}

static bool lives_all_day(const load *data, const load_series *series)
{
  return series->first == 0 && series->count == data->polls;
}

/* Row ids from the poll before stand in `rows`, one per series; a new life begins with 0. */
static void write_day(seep_store *store, const load *data, unsigned day, seep_store_sample *samples,
                      int64_t *rows)
{
  load_walk walk;
  seep_error error = {0};
  int64_t shift_ms = (int64_t)day * data->polls * INTERVAL_MS;
  load_walk_begin(&walk, data);
  while (load_walk_next(&walk)) {
    seep_system_memory memory = {
        .commit_total_bytes = (uint64_t)data->figures[0][walk.poll] * LOAD_PAGE_BYTES,
        .commit_limit_bytes = (uint64_t)data->figures[1][walk.poll] * LOAD_PAGE_BYTES,
        .physical_total_bytes = (uint64_t)data->figures[2][walk.poll] * LOAD_PAGE_BYTES,
        .physical_available_bytes = (uint64_t)data->figures[3][walk.poll] * LOAD_PAGE_BYTES,
        .paged_pool_bytes = (uint64_t)data->figures[4][walk.poll] * LOAD_PAGE_BYTES,
        .nonpaged_pool_bytes = (uint64_t)data->figures[5][walk.poll] * LOAD_PAGE_BYTES};
    for (size_t i = 0; i < walk.count; i++) {
      const load_series *series = &data->series[walk.present[i]];
      bool renewed = !lives_all_day(data, series);
      uint64_t created = series->created + (renewed ? (uint64_t)shift_ms * 10000 : 0);
      int64_t row = renewed && series->first == walk.poll ? 0 : rows[walk.present[i]];
      samples[i] = (seep_store_sample){.key = {series->pid, created},
                                       .name = series->image,
                                       .commit_bytes = (uint64_t)series->pages[walk.poll - series->first] *
                                                       LOAD_PAGE_BYTES,
                                       .store_id = row};
    }
    int64_t offset_ms = shift_ms + (int64_t)walk.poll * INTERVAL_MS;
    seep_store_poll poll = {.now = {{1 + offset_ms}, {data->start_ms + offset_ms}},
                            .interval_ms = INTERVAL_MS,
                            .memory = &memory,
                            .samples = samples,
                            .count = walk.count};
    must(seep_store_append_poll(store, &poll, &error), "append", &error);
    for (size_t i = 0; i < walk.count; i++) {
      rows[walk.present[i]] = samples[i].store_id;
    }
  }
  load_walk_end(&walk);
}

static void write_all(const load *data, const char *path, unsigned days)
{
  seep_store *store = NULL;
  seep_store_opening opening;
  seep_error error = {0};
  seep_store_sample *samples = load_allocate(data->largest_poll, sizeof *samples);
  int64_t *rows = load_allocate(data->series_count, sizeof *rows);
  measure_remove_database(path);
  must(seep_store_open(path, (seep_wall){data->start_ms}, NULL, &store, &opening, &error), "open", &error);
  for (unsigned day = 0; day < days; day++) {
    write_day(store, data, day, samples, rows);
  }
  seep_store_close(store);
  free(samples);
  free(rows);
}

typedef struct reading {
  const load *data;
  const load_series *series;
  uint64_t seen, wrong;
} reading;

static bool take_point(void *context, const seep_store_point *point)
{
  reading *self = context;
  uint32_t expected = self->series->pages[self->seen % self->data->polls];
  int64_t wall_ms = self->data->start_ms + (int64_t)self->seen * INTERVAL_MS;
  self->wrong += point->commit_bytes != (uint64_t)expected * LOAD_PAGE_BYTES || point->wall.ms != wall_ms;
  self->seen++;
  return true;
}

static int by_size(const void *left, const void *right)
{
  double a = *(const double *)left, b = *(const double *)right;
  return a < b ? -1 : a > b;
}

/* Each time as a verb does it: open, read, close. Returns the median. */
static double read_process(reading *self, const char *path, unsigned days)
{
  double times[READS];
  uint64_t whole = (uint64_t)days * self->data->polls;
  for (size_t i = 0; i < READS; i++) {
    seep_store *store = NULL;
    seep_error error = {0};
    seep_store_filter filter;
    self->seen = 0;
    double before_ms = measure_wall_ms();
    must(seep_store_open_readonly(path, &store, &error), "open", &error);
    seep_store_filter_init(&filter);
    filter.pid = self->series->pid;
    filter.image = self->series->image;
    must(seep_store_history(store, &filter, take_point, self, &error), "history", &error);
    seep_store_close(store);
    times[i] = measure_wall_ms() - before_ms;
    self->wrong += self->seen > whole ? self->seen - whole : whole - self->seen;
  }
  qsort(times, READS, sizeof times[0], by_size);
  return times[READS / 2];
}

static uint32_t changes(const load_series *series)
{
  uint32_t count = 0;
  for (uint32_t i = 1; i < series->count; i++) {
    count += series->pages[i] != series->pages[i - 1];
  }
  return count;
}

/* The first that lives all day and changes at least, and at most, so often. */
static const load_series *choose(const load *data, uint32_t least, uint32_t most)
{
  for (size_t i = 0; i < data->series_count; i++) {
    const load_series *series = &data->series[i];
    uint32_t count = lives_all_day(data, series) ? changes(series) : UINT32_MAX;
    if (count >= least && count <= most) {
      return series;
    }
  }
  measure_fail("no process in the load to read", NULL);
}

uint64_t fortnight(const load *data, const char *path, unsigned days)
{
  reading moving = {.data = data, .series = choose(data, data->polls / 10 * 9, data->polls)};
  reading still = {.data = data, .series = choose(data, 0, 0)};
  counting_vfs_sync(false);
  write_all(data, path, days);
  double moving_ms = read_process(&moving, path, days), still_ms = read_process(&still, path, days);
  double bytes = (double)measure_file_bytes(path), per_day = (double)data->samples;
  per_day += data->has_figures ? (double)data->polls * LOAD_FIGURES : 0;
  printf("history_days %u days\n", days);
  printf("history_file %.2f MB\n", bytes / 1048576);
  file_parts(path, "history_", per_day * days);
  printf("history_file_bytes_per_sample %.3f bytes\n", bytes / (per_day * days));
  printf("history_read_ms %.1f ms\n", moving_ms);
  printf("history_read_static_ms %.1f ms\n", still_ms);
  printf("history_different_samples %" PRIu64 " samples\n", moving.wrong + still.wrong);
  fflush(stdout);
  return moving.wrong + still.wrong;
}
