/*
 * Runs a candidate over a series and says what came of it; adds outcomes up. A call is a verdict of rapid
 * growth or of a leak; a suspicion is none. What counts:
 *  - A leak is found when the first call comes at or after its onset and before the memory is exhausted. A
 * call before the onset is false, and that leak counts as missed.
 *  - Any call of a healthy series is false, withdrawn or not. Calls that follow within 24 h of the last one
 * of their kind are the same episode.
 */
#ifndef SEEP_SIM_SCORE_H
#define SEEP_SIM_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "candidate.h"
#include "families.h"

#define LAB_RATE_CLASSES 5 /* >= 1 GB/h, >= 100 MB/h, >= 10 MB/h, >= 1 MB/h, less */

typedef struct lab_outcome {
  uint32_t family, candidate; /* places in their lists; for the caller, like `index` */
  uint32_t index;
  bool leaks;
  bool called, called_leak;      /* at all; with a leak verdict */
  bool early, early_leak;        /* before the onset */
  int64_t call_ms, leak_call_ms; /* the first of each; SIM_NEVER */
  double onset_s, rate_mb_per_hour;
  bool told; /* the first leak verdict came with a rate, bytes per hour: */
  judge_rate rate;
  double eaten; /* largest share of the headroom at the onset that was gone before the leak was found */
  uint32_t leak_episodes, rapid_episodes;
  double days;
  uint64_t samples;
  double nanoseconds; /* for the caller to fill in */
} lab_outcome;

/* All of `out` but its places, `nanoseconds` and `eaten`. times_ms: the samples' moments; NULL: one poll
 * interval apart. */
void lab_run_at(const judge_candidate *candidate, void *state, const sim_series *series,
                const int64_t *times_ms, lab_outcome *out);

/* What `eaten` is to be, once lab_run_at has filled in the rest. */
double lab_share_eaten(const sim_series *series, const lab_outcome *out);

typedef struct lab_delay {
  unsigned leaks, found;
  double median_h, p90_h; /* onset to call; NAN when none was found */
} lab_delay;

typedef struct lab_total {
  unsigned leaks, healthy;
  unsigned found, found_leak;                  /* leaks; with a leak verdict */
  unsigned early, early_leak;                  /* leaks called before they began */
  unsigned false_any, false_leak, false_rapid; /* healthy series */
  unsigned long leak_episodes, rapid_episodes; /* in healthy series */
  double healthy_days;
  double precision,
      leak_precision;         /* series: found / (found + healthy and called + early); NAN: nothing called */
  double recall, leak_recall; /* NAN without leaks */
  double worst_eaten;
  double nanoseconds_per_sample;
  lab_delay delay, leak_delay; /* to the first call; to the first leak verdict */
  lab_delay by_rate[LAB_RATE_CLASSES];
  lab_delay at_least_10_mb_per_hour;
} lab_total;

typedef bool lab_filter(const lab_outcome *outcome, const void *context);

/* Over those that the filter lets through. */
lab_total lab_add_up(const lab_outcome *outcomes, size_t count, lab_filter *filter, const void *context);

/* How true the rates are that came with leak verdicts on leaks, early ones apart. */
typedef struct lab_honesty {
  unsigned verdicts, within;   /* whose true rate lies between low and high */
  double median_error;         /* of the rate told, as a share of the true one; NAN without verdicts */
  double median_half_interval; /* likewise */
} lab_honesty;

lab_honesty lab_judge_rates(const lab_outcome *outcomes, size_t count, lab_filter *filter,
                            const void *context);

/* Linear between neighbours; NAN for none. Sorts the values. */
double lab_percentile(double *values, unsigned count, double share);

#endif
