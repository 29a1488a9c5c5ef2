/*
 * The time series as one stream, oldest first: the hours' figures for the time of which no polls are kept any
 * more, then the polls. Nothing is gathered: a visitor sees each figure once.
 */
#ifndef SEEP_SERVICE_SERIES_H
#define SEEP_SERVICE_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/status.h"
#include "store/store.h"

typedef enum seep_series_kind {
  SEEP_SERIES_BOTH = 0,
  SEEP_SERIES_HOURS, /* all hours, also those of which polls are kept */
  SEEP_SERIES_POLLS
} seep_series_kind;

typedef struct seep_figure {
  const seep_store_process *process;
  seep_wall wall; /* of the poll; the beginning of the hour */
  /* Since the first figure read: running time between polls, the wall clock's among hours and from the hours
   * to the polls. Never goes back. */
  int64_t running_ms;
  uint64_t floor_bytes, mean_bytes, peak_bytes; /* three times the same for a poll */
  bool hourly;
  /* As the store says it. Among hours: a whole hour is missing; known only where all processes are read. */
  bool after_gap;
} seep_figure;

/* false stops the reading. */
typedef bool (*seep_series_visit)(void *context, const seep_figure *figure);

/* What can not be decoded is left out; SEEP_CORRUPT at the end says so. */
seep_status seep_series_read(seep_store *store, const seep_store_filter *filter, seep_series_kind kind,
                             seep_series_visit visit, void *context, seep_error *error);

#endif
