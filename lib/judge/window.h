/*
 * One window of floors, looked at as leaks are: what was held and never given back since. f[i] is the least
 * of bucket i, g[i] = min(f[i..last]) the unreleased floor; g never falls, so growth is the rise of g and
 * noise is f - g. Measures only; what they must be for a leak stands in shape.c. Private to the room.
 */
#ifndef SEEP_JUDGE_WINDOW_H
#define SEEP_JUDGE_WINDOW_H

#include <stdbool.h>

#include "judge/floors.h"
#include "judge/shape.h"

#define SEEP_WINDOW_BUCKETS 24

typedef struct seep_window {
  unsigned count, level; /* 0 buckets: not open */
  double hours_each;
  float low[SEEP_WINDOW_BUCKETS]; /* oldest first */
  double g[SEEP_WINDOW_BUCKETS];
  double rise;  /* g's, from the first to the last bucket */
  double noise; /* mean of f - g; this and the next after seep_window_measure */
  double even;  /* over how many equal parts of eight the rise is spread: 8 a straight line, 1 one step */
} seep_window;

/* The unreleased floors of `count` floors, at least 2, into g. */
void seep_window_unreleased(const float *low, unsigned count, double *g);

/* g at a place between two buckets, on the line between them. */
double seep_window_at(const double *g, unsigned count, double place);

/* The newest `count` buckets of a level, at least 2; of the long level up to SEEP_WINDOW_BUCKETS. false:
 * there are not so many. */
bool seep_window_open(seep_window *window, const seep_floors *floors, unsigned level, unsigned count);

/* What the rise of all buckets of a level is, without opening them; 0 when there are none. Cheap: nearly
 * every question ends here. */
double seep_window_rise(const seep_floors *floors, unsigned level);

/* The newest buckets of an open window. */
void seep_window_cut(seep_window *window, const seep_window *whole, unsigned count);

void seep_window_measure(seep_window *window);

/* The level, as it is now. */
double seep_window_now(const seep_window *window);

/* Growth per hour, over all of it. */
double seep_window_slope(const seep_window *window);

/* Second half of the rise against the first: 1 for a line, HUGE when all of it is in the second. */
double seep_window_second_half(const seep_window *window);

/* Last quarter of the rise against a quarter of it: 1 for a line. */
double seep_window_last_quarter(const seep_window *window);

/* The highest that was held before this window, as far back as the longer levels go: floors, or peaks.
 * Negative: nothing is known of the time before. */
double seep_window_before(const seep_window *window, const seep_floors *floors, bool peaks);

/* Growth in the newest half of the whole life against growth in the quarter before: 2 for a line from the
 * start, some 1.4 for a square root, 0.9 to 1 for a logarithm, less for what fills up. now: the value that
 * counts as the newest; negative: the newest complete part of the life, for the part that is still open has
 * too high a floor. 0: the life is too short to tell. */
double seep_window_age_ratio(const seep_floors *floors, double now);

/* Share of the growth of the last two days and a half that falls into the same half of each day; 0 = not
 * known, or the buckets are too long or too short for days. */
double seep_window_daily_share(const seep_floors *floors);

/* An amount as a whole number: 0 below it, the largest above it. */
uint64_t seep_window_whole(double amount);

/* For people: all that was measured, with the slope's interval. */
void seep_window_describe(const seep_window *window, const seep_floors *floors, seep_shape *shape);

#endif
