/*
 * Puts the tests of judge/shape.h to one window: does it look like a leak, does it grow dangerously fast?
 * The constants stand in trial.c. Private to the room.
 */
#ifndef SEEP_JUDGE_TRIAL_H
#define SEEP_JUDGE_TRIAL_H

#include "judge/window.h"

/* Who is tried, and how much counts. */
typedef struct seep_trial {
  const seep_floors *floors;
  double minimum_growth, minimum_slope_per_hour;
  double high_water; /* how high an earlier case stood; 0 = none */
  unsigned proof;    /* buckets of the long level in which a leak is proven first: 12 to 24 */
  double headroom;   /* negative: not known */
  bool thorough;     /* ask for the stake last, as people would, and not first, as is cheap */
  /* The outcome of the last trial: */
  seep_window window;
  seep_test failed;
  double measured, needed;
} seep_trial;

/* Shape of a leak, in the newest sixteen buckets of a level, or as many as its proof takes. From the floors'
 * long_level on it counts as proof, below it is a suspicion. */
bool seep_trial_leak(seep_trial *trial, unsigned level);

/* Closes in a row in which a level must look like a leak before that is believed. */
unsigned seep_trial_closes(const seep_floors *floors, unsigned level);

/* So fast that the headroom would be gone within hours: the newest buckets of level 0. */
bool seep_trial_rapid_now(seep_trial *trial);
#define SEEP_TRIAL_RAPID_CLOSES 2

/* Growth that may not go on for long, in the newest buckets of this level: it has the shape, and has taken a
 * part of the headroom already. *from is then where it began, or where what was held before ends. Danger it
 * is when seep_trial_is_danger says so of the value now. */
bool seep_trial_rapid_amount(seep_trial *trial, unsigned level, double *from);

/* Is so much of the headroom gone, between these two values, that it can not wait for proof? */
bool seep_trial_is_danger(const seep_trial *trial, double from, double now);

#endif
