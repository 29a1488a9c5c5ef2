/* Keeping a load, reading the one of real series, and walking through one poll by poll. */
#include "load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CREATED UINT64_C(133770000000000000) /* some moment of November 2024 */
#define START_MS INT64_C(1732492800000)

void *load_allocate(size_t count, size_t size)
{
  void *memory = calloc(count > 0 ? count : 1, size);
  if (memory == NULL) {
    fprintf(stderr, "bench: out of memory\n");
    exit(1);
  }
  return memory;
}

load_series *load_add(load *data, uint32_t first, uint32_t count)
{
  if (data->series_count == data->series_room) {
    size_t room = data->series_room > 0 ? data->series_room * 2 : 1024;
    load_series *series = load_allocate(room, sizeof *series);
    if (data->series_count > 0) {
      memcpy(series, data->series, data->series_count * sizeof *series);
    }
    free(data->series);
    data->series = series;
    data->series_room = room;
  }
  load_series *added = &data->series[data->series_count++];
  *added = (load_series){.first = first, .count = count};
  added->pages = load_allocate(count, sizeof *added->pages);
  return added;
}

static int by_creation(const void *left, const void *right)
{
  const load_series *a = left, *b = right;
  if (a->created != b->created) {
    return a->created < b->created ? -1 : 1;
  }
  return a->pid < b->pid ? -1 : a->pid > b->pid;
}

void load_finish(load *data)
{
  if (data->series_count == 0) {
    fprintf(stderr, "bench: a load without series\n");
    exit(1);
  }
  qsort(data->series, data->series_count, sizeof *data->series, by_creation);
  data->samples = 0;
  for (size_t i = 0; i < data->series_count; i++) {
    data->samples += data->series[i].count;
  }
  load_walk walk;
  load_walk_begin(&walk, data);
  data->largest_poll = 0;
  while (load_walk_next(&walk)) {
    data->largest_poll = walk.count > data->largest_poll ? walk.count : data->largest_poll;
  }
  load_walk_end(&walk);
}

void load_free(load *data)
{
  for (size_t i = 0; i < data->series_count; i++) {
    free(data->series[i].pages);
  }
  for (size_t i = 0; i < LOAD_FIGURES; i++) {
    free(data->figures[i]);
  }
  free(data->series);
  *data = (load){0};
}

/* ---- walking ---- */

void load_walk_begin(load_walk *walk, const load *data)
{
  *walk = (load_walk){.data = data};
  walk->present = load_allocate(data->series_count, sizeof *walk->present);
}

bool load_walk_next(load_walk *walk)
{
  const load *data = walk->data;
  walk->poll = walk->next > 0 ? walk->poll + 1 : 0;
  if (walk->poll >= data->polls) {
    return false;
  }
  size_t kept = 0;
  for (size_t i = 0; i < walk->count; i++) {
    const load_series *series = &data->series[walk->present[i]];
    if (walk->poll - series->first < series->count) {
      walk->present[kept++] = walk->present[i];
    }
  }
  for (; walk->next < data->series_count && data->series[walk->next].first <= walk->poll; walk->next++) {
    walk->present[kept++] = walk->next;
  }
  walk->count = kept;
  return true;
}

void load_walk_end(load_walk *walk)
{
  free(walk->present);
  *walk = (load_walk){0};
}

/* ---- real series ---- */

/* Reads the second column of a CSV file with a heading. NULL when there is no such file. */
static uint32_t *read_column(const char *path, uint32_t *count)
{
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    return NULL;
  }
  char line[256];
  size_t size = 0, room = 4096;
  uint32_t *values = load_allocate(room, sizeof *values);
  while (fgets(line, sizeof line, file) != NULL) {
    const char *comma = strchr(line, ',');
    char *end = NULL;
    double value = comma != NULL ? strtod(comma + 1, &end) : 0;
    if (comma == NULL || end == comma + 1 || value < 0) {
      continue;
    }
    if (size == room) {
      uint32_t *wider = load_allocate(room * 2, sizeof *wider);
      memcpy(wider, values, room * sizeof *wider);
      free(values);
      values = wider;
      room *= 2;
    }
    values[size++] = (uint32_t)(value / LOAD_PAGE_BYTES);
  }
  fclose(file);
  *count = (uint32_t)size;
  return values;
}

static void add_file(load *data, const char *folder, const char *name)
{
  char path[1024];
  uint32_t count = 0;
  if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
    return;
  }
  uint32_t *values = read_column(path, &count);
  if (values == NULL || count == 0) {
    free(values);
    return;
  }
  load_series *series = load_add(data, 0, count);
  memcpy(series->pages, values, count * sizeof *values);
  free(values);
  const char *slash = strrchr(name, '/');
  snprintf(series->image, sizeof series->image, "%.55s", slash != NULL ? slash + 1 : name);
  series->pid = (uint32_t)data->series_count * 4;
  series->created = FIRST_CREATED + data->series_count;
  data->polls = count > data->polls ? count : data->polls;
}

bool load_read_folder(load *data, const char *folder)
{
  static const uint32_t constants[LOAD_FIGURES] = {1u << 25, 1u << 30, 1u << 24,
                                                   1u << 23, 1u << 18, 1u << 17};
  char line[1024];
  *data = (load){.start_ms = START_MS};
  snprintf(line, sizeof line, "%s/index.csv", folder);
  FILE *file = fopen(line, "r");
  if (file == NULL) {
    return false;
  }
  while (fgets(line, sizeof line, file) != NULL) {
    char *comma = strchr(line, ',');
    if (comma != NULL) {
      *comma = '\0';
      add_file(data, folder, line);
    }
  }
  fclose(file);
  for (size_t i = 0; i < LOAD_FIGURES; i++) {
    data->figures[i] = load_allocate(data->polls, sizeof **data->figures);
    for (uint32_t poll = 0; poll < data->polls; poll++) {
      data->figures[i][poll] = constants[i];
    }
  }
  load_finish(data);
  return true;
}
