#include "read_back.h"

#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "store/store.h"

typedef struct comparison {
  const load *data;
  uint32_t *seen; /* per series: samples that came back */
  uint32_t figures_seen[LOAD_FIGURES];
  int64_t last_ms;
  uint64_t wrong;
} comparison;

static bool moment_fits(const comparison *self, const seep_store_point *point, uint32_t poll)
{
  int64_t running_ms = (int64_t)poll * LOAD_INTERVAL_S * 1000;
  return point->wall.ms == self->data->start_ms + running_ms && point->running_ms == running_ms &&
         point->after_gap == (poll == 0);
}

/* Series lie in the order of creation; NULL for a process that was never there. */
static const load_series *find_series(const load *data, const seep_process_key *key)
{
  size_t low = 0, high = data->series_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const load_series *at = &data->series[middle];
    bool before = at->created != key->created ? at->created < key->created : at->pid < key->pid;
    low = before ? middle + 1 : low;
    high = before ? high : middle;
  }
  const load_series *found = low < data->series_count ? &data->series[low] : NULL;
  return found != NULL && found->created == key->created && found->pid == key->pid ? found : NULL;
}

static bool compare_process(void *context, const seep_store_point *point)
{
  comparison *self = context;
  const load_series *series = find_series(self->data, &point->process->key);
  if (series == NULL) {
    self->wrong++;
    return true;
  }
  uint32_t at = self->seen[series - self->data->series]++;
  bool same = at < series->count && point->commit_bytes == (uint64_t)series->pages[at] * LOAD_PAGE_BYTES &&
              strcmp(point->process->name, series->image) == 0 &&
              moment_fits(self, point, series->first + at) && point->wall.ms >= self->last_ms;
  self->last_ms = point->wall.ms;
  self->wrong += !same;
  return true;
}

static bool compare_figure(void *context, const seep_store_point *point)
{
  comparison *self = context;
  size_t which = 0;
  while (which < LOAD_FIGURES && strcmp(seep_store_figure_names[which], point->process->name) != 0) {
    which++;
  }
  if (which == LOAD_FIGURES) {
    self->wrong++;
    return true;
  }
  uint32_t at = self->figures_seen[which]++;
  bool same = at < self->data->polls &&
              point->commit_bytes == (uint64_t)self->data->figures[which][at] * LOAD_PAGE_BYTES &&
              moment_fits(self, point, at);
  self->wrong += !same;
  return true;
}

static uint64_t distance(uint32_t a, uint32_t b)
{
  return a > b ? a - b : b - a;
}

uint64_t read_back(const load *data, const char *path)
{
  comparison self = {.data = data};
  seep_store *store = NULL;
  seep_error error = {0};
  seep_store_filter filter;
  char text[512];
  self.seen = load_allocate(data->series_count, sizeof *self.seen);
  seep_store_filter_init(&filter);
  seep_status status = seep_store_open_readonly(path, &store, &error);
  if (status == SEEP_OK) {
    status = seep_store_history(store, &filter, compare_process, &self, &error);
  }
  filter.system = true;
  if (status == SEEP_OK) {
    status = seep_store_history(store, &filter, compare_figure, &self, &error);
  }
  if (status != SEEP_OK) {
    measure_fail("read back", seep_error_text(&error, text, sizeof text));
  }
  seep_store_close(store);
  for (size_t i = 0; i < data->series_count; i++) {
    self.wrong += distance(self.seen[i], data->series[i].count);
  }
  for (size_t i = 0; i < LOAD_FIGURES; i++) {
    self.wrong += distance(self.figures_seen[i], data->polls);
  }
  free(self.seen);
  return self.wrong;
}
