/*
 * What happened to the processes on history's page: leak cases, recordings, and on the system Event 2004.
 * Read from the store, kept in a bounded number (the newest of each kind), handed to charts as marks.
 */
#ifndef SEEP_SERVICE_HISTORY_NOTES_H
#define SEEP_SERVICE_HISTORY_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "history_lines.h"
#include "report/chart.h"
#include "store/store.h"

#define SEEP_HISTORY_NOTES_EACH 100 /* of each kind, and restarts on one chart */
#define SEEP_HISTORY_MARKS_MAXIMUM ((size_t)SEEP_CHART_MARK_KINDS * SEEP_HISTORY_NOTES_EACH)

typedef struct seep_history_note {
  seep_wall from, to; /* as in a chart's mark */
  size_t line;        /* SIZE_MAX: the system */
  char label[512];
} seep_history_note;

typedef struct seep_history_notes {
  /* By kind, rings: the newest replaces the oldest. No restarts: those the lines know. */
  seep_history_note *notes[SEEP_CHART_MARK_KINDS]; /* owned */
  size_t count[SEEP_CHART_MARK_KINDS];             /* also of those that are kept no more */
} seep_history_notes;

/* Of the processes in `lines`, between from and to. seep_history_notes_free, whatever comes back. */
seep_status seep_history_notes_read(seep_history_notes *notes, seep_store *store, const seep_roster *roster,
                                    seep_wall from, seep_wall to, seep_error *error);
void seep_history_notes_free(seep_history_notes *notes);

/* The i-th of a kind, oldest first, of those that are kept. */
size_t seep_history_notes_kept(const seep_history_notes *notes, seep_chart_mark_kind kind);
const seep_history_note *seep_history_notes_at(const seep_history_notes *notes, seep_chart_mark_kind kind,
                                               size_t i);

/* The marks of one line's chart, restarts among them; Event 2004 is marked on every chart. line NULL: the
 * system's. marks has room for SEEP_HISTORY_MARKS_MAXIMUM; labels are borrowed. Returns how many. */
size_t seep_history_notes_marks(const seep_history_notes *notes, const seep_history_lines *lines,
                                const seep_history_line *line, seep_chart_mark *marks);

#endif
