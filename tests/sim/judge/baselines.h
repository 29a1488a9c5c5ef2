/*
 * Rules as people publish and use them, at their published thresholds (reference: detection, 1.4 and 2), each
 * compact and on its own memory. They have one verdict, which counts as a leak; a restart makes them forget.
 */
#ifndef SEEP_SIM_BASELINES_H
#define SEEP_SIM_BASELINES_H

#include "candidate.h"

extern const judge_candidate baseline_regression;     /* 6 h of 5 min means, R2 >= 0.8, >= 5 MB/h, >= 30 MB */
extern const judge_candidate baseline_coroot;         /* > 10 %/h and 50 MB/h for 15 min, not flattening */
extern const judge_candidate baseline_daintree;       /* 30 smoothed minute minima, > 5 MB/h */
extern const judge_candidate baseline_predict_linear; /* 6 h drawn on for 4 days, beyond the limit for 3 h */
extern const judge_candidate baseline_mann_kendall;   /* on floors at ten scales, Z >= 4 */
extern const judge_candidate baseline_theil_sen;      /* 48 hourly minima, 99 % of the slope's interval */
extern const judge_candidate baseline_cusum;          /* of hourly floors' steps in units of their spread */

#endif
