/*
 * What the store knows of the process that a trace is about: its commit in the days before and after, as the
 * chart and marks of history's page. Found by PID and the trace's time, else by its name.
 */
#ifndef SEEP_SERVICE_REPORT_HISTORY_H
#define SEEP_SERVICE_REPORT_HISTORY_H

#include <stddef.h>

#include "history_data.h"
#include "report/chart.h"
#include "store/store.h"
#include "trace/answer.h"

#define SEEP_REPORT_HISTORY_NOTE_SIZE 512

typedef struct seep_report_history {
  seep_history_data data;
  seep_chart_mark *marks;  /* owned */
  const seep_chart *chart; /* NULL: there is nothing to be drawn */
  size_t mark_count;
  char note[SEEP_REPORT_HISTORY_NOTE_SIZE]; /* a sentence: what is not there, or not sure; "" when all is well
                                             */
} seep_report_history;

/* Whatever is in the way ends in a note, never in a failure. seep_report_history_free afterwards. */
void seep_report_history_read(seep_report_history *history, const char *database, const seep_answer *answer);
void seep_report_history_free(seep_report_history *history);

#endif
