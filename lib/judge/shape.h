/*
 * The tests that a window of floors must pass to look like a leak, each with the figure it measured, so that
 * a verdict can be explained and a near miss too. The rules and their constants: judge/shape.c.
 */
#ifndef SEEP_JUDGE_SHAPE_H
#define SEEP_JUDGE_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#define SEEP_SHAPE_PARTS 8

/* In the order in which they are put. */
typedef enum seep_test {
  SEEP_TEST_WATCHED = 0, /* long enough for this window: hours there are, hours needed */
  SEEP_TEST_GROWTH,      /* rise in the unit, against the least that counts */
  SEEP_TEST_SLOPE,       /* per hour, against the least that counts */
  SEEP_TEST_NOISE,       /* rise, against so many times the mean of what comes and goes */
  SEEP_TEST_EVEN,        /* over how many equal parts of eight the rise is spread */
  SEEP_TEST_FADING, /* second half of the rise against the first, or last quarter against a quarter of it */
  SEEP_TEST_AGE,    /* newest half of the whole life against the quarter before it */
  SEEP_TEST_NEW,    /* the floor now, against what was held before this window */
  SEEP_TEST_DAILY,  /* share of the growth that falls into the same half of each day, at most so much */
  SEEP_TEST_STAKE,  /* share of the headroom that it has taken: rapid growth only */
  SEEP_TEST_AGAIN,  /* closes in a row that agreed */
  SEEP_TEST_PASSED
} seep_test;

typedef struct seep_shape {
  int64_t window_ms; /* 0 = nothing was looked at */
  double rise;       /* unreleased, in this window */
  double slope_per_hour;
  float noise;       /* mean of what the floors gave back */
  float even_parts;  /* 1 (one step) to 8 (a straight line) */
  float age_ratio;   /* 2 for a line since the start, 1 for a logarithm; 0 = life too short to tell */
  float daily_share; /* 0.5 = day and night alike; 0 = not known */
  float floors[SEEP_SHAPE_PARTS + 1]; /* unreleased floor at the window's beginning and after each eighth */
} seep_shape;

typedef struct seep_assessment {
  seep_shape shape;
  seep_test failed;        /* SEEP_TEST_PASSED: none */
  double measured, needed; /* of that test; not meaningful when passed */
} seep_assessment;

#endif
