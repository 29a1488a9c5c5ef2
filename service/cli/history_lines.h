/*
 * Which processes share a chart of history's page: those of one image that follow each other are one line,
 * several at once are several lines. The lines that leaked, grew or hold most are drawn, the
 * others are counted.
 */
#ifndef SEEP_SERVICE_HISTORY_LINES_H
#define SEEP_SERVICE_HISTORY_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/chart.h"
#include "roster.h"

#define SEEP_HISTORY_LINES_MAXIMUM 20

typedef struct seep_history_line {
  seep_roster_entry *first, *last; /* linked by `next`, oldest first */
  size_t processes;
  uint64_t weight;   /* what it is ranked by */
  seep_chart *chart; /* owned */
  /* Of the newest figure drawn: */
  const seep_roster_entry *drawn;
  seep_wall drawn_wall;
} seep_history_line;

typedef struct seep_history_lines {
  seep_history_line items[SEEP_HISTORY_LINES_MAXIMUM]; /* best first; an entry's `line` is an index */
  size_t count;
  size_t left_out; /* lines */
} seep_history_lines;

/* system: the roster holds the system's figures, which stay in their own order. false when out of memory;
 * seep_history_lines_free either way. */
bool seep_history_lines_make(seep_history_lines *lines, const seep_roster *roster, bool system);

/* An axis and an empty chart for each line; false when out of memory. */
bool seep_history_lines_charts(seep_history_lines *lines, seep_wall from, seep_wall to);

/* Draws a figure of an entry that is part of a line. */
void seep_history_lines_draw(seep_history_lines *lines, const seep_roster_entry *entry,
                             const seep_figure *figure);

void seep_history_lines_free(seep_history_lines *lines);

#endif
