/*
 * All that history's page shows, gathered before the first byte of it is written: once over the figures to
 * sum them up and choose, once more to draw what was chosen.
 */
#ifndef SEEP_SERVICE_HISTORY_DATA_H
#define SEEP_SERVICE_HISTORY_DATA_H

#include <stdbool.h>

#include "history_lines.h"
#include "history_notes.h"
#include "roster.h"
#include "series.h"
#include "store/store.h"

typedef struct seep_history_data {
  seep_roster roster; /* what was asked for */
  seep_history_lines lines;
  seep_roster system; /* the system's figures beside it; empty when they are what was asked for */
  seep_history_lines system_lines;
  seep_history_notes notes;
  seep_wall from, to;     /* of all figures, so that no chart begins before there is anything */
  seep_wall first_poll;   /* figures before it are hourly; INT64_MAX when all are */
  bool hourly;            /* there are such */
  seep_status incomplete; /* SEEP_CORRUPT when some of it could not be read */
} seep_history_data;

/* SEEP_NOT_FOUND: no figure at all; SEEP_CORRUPT: what could be read is there, as `incomplete` says too.
 * seep_history_data_free, whatever comes back. */
seep_status seep_history_data_read(seep_history_data *data, seep_store *store,
                                   const seep_store_filter *filter, seep_series_kind kind, seep_error *error);
void seep_history_data_free(seep_history_data *data);

#endif
