#include "history_data.h"

#include <stdint.h>

/* Keeps the first failure; true when reading can go on. */
static bool go_on(seep_history_data *data, seep_status *result, seep_status status, const seep_error *why,
                  seep_error *error)
{
  if (status == SEEP_OK) {
    return true;
  }
  if (*result == SEEP_OK || status != SEEP_CORRUPT) {
    *result = status;
    if (error != NULL) {
      *error = *why;
    }
  }
  data->incomplete = SEEP_CORRUPT;
  return status == SEEP_CORRUPT;
}

/* What is shown of one moment only is given a minute. */
static void find_range(seep_history_data *data)
{
  data->from.ms = INT64_MAX;
  data->to.ms = INT64_MIN;
  for (size_t i = 0; i < data->roster.count; i++) {
    const seep_roster_entry *entry = &data->roster.entries[i];
    if (entry->figures > 0) {
      data->from.ms = entry->from.ms < data->from.ms ? entry->from.ms : data->from.ms;
      data->to.ms = entry->to.ms > data->to.ms ? entry->to.ms : data->to.ms;
    }
  }
  if (data->from.ms < data->to.ms || data->from.ms == INT64_MAX) {
    return;
  }
  data->to.ms = data->from.ms + SEEP_MS_PER_MINUTE;
}

typedef struct drawing {
  seep_history_data *data;
  const seep_roster *roster;
  seep_history_lines *lines;
} drawing;

static bool draw(void *context, const seep_figure *figure)
{
  drawing *d = context;
  if (figure->hourly) {
    d->data->hourly = true;
  } else if (figure->wall.ms < d->data->first_poll.ms) {
    d->data->first_poll = figure->wall;
  }
  const seep_roster_entry *entry = seep_roster_find(d->roster, figure->process->row);
  if (entry != NULL && entry->line != SIZE_MAX) {
    seep_history_lines_draw(d->lines, entry, figure);
  }
  return true;
}

static bool remember_case(void *context, const seep_store_leak *leak)
{
  seep_history_data *data = context;
  bool inside = leak->began.ms <= data->to.ms && (leak->closed.ms == 0 || leak->closed.ms >= data->from.ms);
  seep_roster_entry *entry = inside ? seep_roster_find_process(&data->roster, leak->key) : NULL;
  if (entry != NULL && leak->growth_bytes > entry->leaked_bytes) {
    entry->leaked_bytes = leak->growth_bytes;
  }
  return true;
}

/* Chooses among the processes of a roster that has been read, and draws. */
static seep_status draw_lines(drawing *d, seep_store *store, const seep_store_filter *filter,
                              seep_series_kind kind, seep_error *error)
{
  if (!seep_history_lines_make(d->lines, d->roster, filter->system) ||
      !seep_history_lines_charts(d->lines, d->data->from, d->data->to)) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "draw charts", NULL);
  }
  return seep_series_read(store, filter, kind, draw, d, error);
}

/* The system beside its processes, over the same time; nothing when its figures are not known. */
static seep_status read_system(seep_history_data *data, seep_store *store, seep_series_kind kind,
                               seep_error *error)
{
  drawing d = {data, &data->system, &data->system_lines};
  seep_store_filter filter;
  seep_store_filter_init(&filter);
  filter.system = true;
  filter.from = data->from;
  filter.to.ms = data->to.ms + 1;
  seep_status status = seep_roster_read(&data->system, store, &filter, kind, error);
  if (status != SEEP_OK && status != SEEP_CORRUPT) {
    return status;
  }
  seep_status drawn = draw_lines(&d, store, &filter, kind, error);
  return drawn != SEEP_OK ? drawn : status;
}

static seep_status nothing_found(const seep_store_filter *filter, seep_error *error)
{
  return filter->image != NULL
             ? seep_error_set(error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0, "find process", filter->image)
             : seep_error_set(error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0, "find figures of that time", NULL);
}

seep_status seep_history_data_read(seep_history_data *data, seep_store *store,
                                   const seep_store_filter *filter, seep_series_kind kind, seep_error *error)
{
  *data = (seep_history_data){.first_poll = {INT64_MAX}};
  drawing d = {data, &data->roster, &data->lines};
  seep_error why = {0};
  seep_status result = SEEP_OK;
  seep_status status = seep_roster_read(&data->roster, store, filter, kind, &why);
  if (!go_on(data, &result, status, &why, error)) {
    return result;
  }
  find_range(data);
  if (data->from.ms == INT64_MAX) {
    return result != SEEP_OK ? result : nothing_found(filter, error);
  }
  /* A case that can not be read is told of when the notes are. */
  (void)seep_store_leaks(store, remember_case, data, NULL);
  bool going = go_on(data, &result, draw_lines(&d, store, filter, kind, &why), &why, error);
  if (going && !filter->system) {
    going = go_on(data, &result, read_system(data, store, kind, &why), &why, error);
  }
  if (going) {
    status = seep_history_notes_read(&data->notes, store, &data->roster, data->from,
                                     (seep_wall){data->to.ms + 1}, &why);
    (void)go_on(data, &result, status, &why, error);
  }
  return result;
}

void seep_history_data_free(seep_history_data *data)
{
  seep_history_lines_free(&data->lines);
  seep_history_lines_free(&data->system_lines);
  seep_history_notes_free(&data->notes);
  seep_roster_free(&data->roster);
  seep_roster_free(&data->system);
}
