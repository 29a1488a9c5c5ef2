/*
 * One process's commit over time as a picture: a band from floor to peak and a line of means, with marks for
 * what happened. Points are added one by one into a fixed number of columns, so that a year costs no more
 * memory than an hour. The result is SVG inside an HTML page (report/page.h): no scripts, nothing fetched
 * from anywhere, colours for light and dark.
 */
#ifndef SEEP_REPORT_CHART_H
#define SEEP_REPORT_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "report/page.h"

#define SEEP_CHART_COLUMNS 600u

typedef struct seep_chart_column {
  uint64_t floor_bytes, peak_bytes;
  double mean_sum;
  uint32_t count; /* 0: nothing is known of this time */
  bool after_gap; /* the line does not join this column to the one before */
} seep_chart_column;

typedef struct seep_chart {
  seep_wall from, to;
  int64_t points;
  uint64_t highest_bytes, lowest_bytes, last_bytes;
  seep_chart_column columns[SEEP_CHART_COLUMNS];
} seep_chart;

/* from < to; both ends of the time axis, kept within the years 1970 to 9999. */
void seep_chart_init(seep_chart *chart, seep_wall from, seep_wall to);

/* In the order in which they were taken. A poll has floor = mean = peak; the figures of an hour belong to its
 * middle. after_gap: the line does not come here from the point before. Points outside the axis are passed
 * over. */
void seep_chart_add(seep_chart *chart, seep_wall wall, uint64_t floor_bytes, uint64_t mean_bytes,
                    uint64_t peak_bytes, bool after_gap);

typedef enum seep_chart_mark_kind {
  SEEP_CHART_RESTART = 0, /* the process began: a moment */
  SEEP_CHART_LEAK,        /* a case, from its beginning to its end: a span */
  SEEP_CHART_RECORDING,   /* a span */
  SEEP_CHART_EXHAUSTION,  /* Event 2004: a moment */
  SEEP_CHART_MARK_KINDS
} seep_chart_mark_kind;

typedef struct seep_chart_mark {
  seep_chart_mark_kind kind;
  seep_wall from, to; /* a moment: to = from; a span without an end yet: to.ms = INT64_MAX */
  const char *label;  /* borrowed; any bytes, cut when long; NULL: none */
} seep_chart_mark;

/* Writes the picture into a page that has been begun: axes with round figures, UTC times, the band, the line,
 * the marks with their labels as tooltips, a legend that names the marks used. Marks in any order; those that
 * would cover each other become one, so that the picture stays below 200 KB whatever comes in. title: any
 * bytes. */
void seep_chart_write(const seep_chart *chart, const char *title, const seep_chart_mark *marks,
                      size_t mark_count, seep_page *page);

#endif
