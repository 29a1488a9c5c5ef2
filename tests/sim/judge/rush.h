/*
 * The leaks that leave hours: a straight line of so many MB a minute that begins in a process which has run
 * for twelve hours. How many minutes until the call, and what is left by then?
 */
#ifndef SEEP_SIM_RUSH_H
#define SEEP_SIM_RUSH_H

#include <stdint.h>

#include "candidate.h"

#define LAB_RUSH_SERIES 40u

typedef struct lab_rush {
  uint64_t limit_gib, other_gib; /* to be filled in, like */
  double mb_per_minute;
  unsigned called;              /* of LAB_RUSH_SERIES, before memory ran out */
  unsigned early;               /* called before the leak began */
  double exhausted_min;         /* median minutes from onset to that */
  double median_min, worst_min; /* from onset to the first call, of those called; NAN: none */
  double median_eaten,
      worst_eaten; /* share of the headroom at the onset, gone at the call or, uncalled, in all */
} lab_rush;

void lab_rush_measure(const judge_candidate *candidate, lab_rush *rush);

#endif
