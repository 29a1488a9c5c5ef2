#include "series.h"

#include <stddef.h>

typedef struct reading {
  seep_series_visit visit;
  void *context;
  bool stopped;
  bool hour_gaps;   /* a missing hour is a gap, not just the absence of the processes asked for */
  seep_wall oldest; /* the oldest poll kept; INT64_MAX when there is none */
  bool skip_kept;   /* leave out hours of which all polls are kept */
  bool any_hour;    /* one has been visited */
  bool after_gap;   /* of the hour being visited */
  seep_wall first_hour, last_hour;
  bool any_poll;
  int64_t first_poll_ms; /* its running time as the store counts it */
  int64_t base_ms;       /* its running time as we count it */
  int64_t last_ms;
} reading;

static bool keep_first(void *context, const seep_store_point *point)
{
  seep_wall *oldest = context;
  *oldest = point->wall;
  return false;
}

/* INT64_MAX for a store without any poll that can be read: then hours are given for the whole time. */
static seep_wall oldest_poll(seep_store *store)
{
  seep_store_filter all;
  seep_wall oldest = {INT64_MAX};
  seep_store_filter_init(&all);
  (void)seep_store_history(store, &all, keep_first, &oldest, NULL);
  return oldest;
}

static int64_t not_before(reading *r, int64_t ms)
{
  r->last_ms = ms > r->last_ms ? ms : r->last_ms;
  return r->last_ms;
}

/* The hour in which the oldest poll lies is given as well where polls of it are gone: a process seen first by
 * the oldest poll or later has all of its polls. */
static bool visit_hour(void *context, const seep_store_hour *hour)
{
  reading *r = context;
  if (r->skip_kept && hour->process->row > 0 && hour->process->first.ms >= r->oldest.ms) {
    return true;
  }
  seep_figure figure = {.process = hour->process,
                        .wall = hour->hour,
                        .floor_bytes = hour->floor_bytes,
                        .mean_bytes = hour->mean_bytes,
                        .peak_bytes = hour->peak_bytes,
                        .hourly = true};
  if (!r->any_hour || hour->hour.ms != r->last_hour.ms) {
    r->after_gap = r->any_hour && r->hour_gaps && hour->hour.ms - r->last_hour.ms > SEEP_MS_PER_HOUR;
    r->first_hour = r->any_hour ? r->first_hour : hour->hour;
    r->last_hour = hour->hour;
    r->any_hour = true;
  }
  figure.after_gap = r->after_gap;
  figure.running_ms = not_before(r, hour->hour.ms - r->first_hour.ms);
  r->stopped = !r->visit(r->context, &figure);
  return !r->stopped;
}

static bool visit_point(void *context, const seep_store_point *point)
{
  reading *r = context;
  if (!r->any_poll) {
    r->any_poll = true;
    r->first_poll_ms = point->running_ms;
    r->base_ms = r->any_hour ? not_before(r, point->wall.ms - r->first_hour.ms) : 0;
  }
  seep_figure figure = {.process = point->process,
                        .wall = point->wall,
                        .floor_bytes = point->commit_bytes,
                        .mean_bytes = point->commit_bytes,
                        .peak_bytes = point->commit_bytes,
                        .after_gap = point->after_gap};
  /* The store's first poll stands behind a gap because nothing is kept before it; here hours are. */
  bool joins = r->any_hour && point->running_ms == r->first_poll_ms &&
               point->wall.ms - r->last_hour.ms <= 2 * SEEP_MS_PER_HOUR;
  figure.after_gap = point->after_gap && !joins;
  figure.running_ms = not_before(r, r->base_ms + point->running_ms - r->first_poll_ms);
  r->stopped = !r->visit(r->context, &figure);
  return !r->stopped;
}

seep_status seep_series_read(seep_store *store, const seep_store_filter *filter, seep_series_kind kind,
                             seep_series_visit visit, void *context, seep_error *error)
{
  reading r = {.visit = visit, .context = context, .oldest = {INT64_MAX}};
  seep_status hours = SEEP_OK;
  r.hour_gaps = filter->system || (filter->image == NULL && filter->pid == 0);
  if (kind != SEEP_SERIES_POLLS) {
    seep_store_filter older = *filter;
    if (kind == SEEP_SERIES_BOTH) {
      r.skip_kept = true;
      r.oldest = oldest_poll(store);
      older.to.ms = r.oldest.ms < older.to.ms ? r.oldest.ms : older.to.ms;
    }
    hours = older.from.ms < older.to.ms ? seep_store_hours(store, &older, visit_hour, &r, error) : SEEP_OK;
  }
  if (kind == SEEP_SERIES_HOURS || r.stopped || (hours != SEEP_OK && hours != SEEP_CORRUPT)) {
    return hours;
  }
  seep_error later = {0};
  seep_status polls = seep_store_history(store, filter, visit_point, &r, &later);
  if (polls != SEEP_OK && error != NULL) {
    *error = later;
  }
  return polls != SEEP_OK ? polls : hours;
}
