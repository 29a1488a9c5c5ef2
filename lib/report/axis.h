/*
 * Where the marks of an axis go, and what they are called: byte figures in steps of 1, 2 or 5 of one unit,
 * UTC times in steps that people count in. Belongs to report/chart.h.
 */
#ifndef SEEP_REPORT_AXIS_H
#define SEEP_REPORT_AXIS_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#define SEEP_AXIS_TICKS 12

typedef struct seep_axis_figure {
  double bytes;
  char label[24]; /* "0", "200 MB", "1.5 GB" */
} seep_axis_figure;

typedef struct seep_axis_bytes {
  double bottom_bytes, top_bytes; /* the first and the last tick; bottom < top */
  size_t count;
  seep_axis_figure ticks[SEEP_AXIS_TICKS]; /* rising */
} seep_axis_bytes;

/* Begins at 0, unless the way from lowest to highest would then be too small a part of the height to be read
 * and yet is more than a process's usual unrest: then it begins at a round figure below lowest. */
void seep_axis_bytes_choose(seep_axis_bytes *axis, uint64_t lowest_bytes, uint64_t highest_bytes);

typedef struct seep_axis_moment {
  seep_wall wall;
  char label[16];   /* "10:44:30", "10:40", "8 Nov", "Nov", "2026" */
  char context[16]; /* what the label leaves open, "8 Nov 2026" or "2026", where it is new; else "" */
} seep_axis_moment;

/* Round times from <= wall <= to. 0 <= from < to, both before the year 10000. Returns their number: none when
 * the span is too short. */
size_t seep_axis_times_choose(seep_wall from, seep_wall to, seep_axis_moment ticks[SEEP_AXIS_TICKS]);

#endif
