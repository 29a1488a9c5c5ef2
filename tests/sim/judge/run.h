/*
 * Runs a plan: every series of some families, judged by some candidates. POSIX only: the series are shared
 * out to processes, which send their outcomes home through one pipe. The same plan gives the same outcomes in
 * the same order, times apart, however many processes there are.
 */
#ifndef SEEP_SIM_RUN_H
#define SEEP_SIM_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "families.h"
#include "score.h"

#define LAB_MOST_CANDIDATES 32
#define LAB_MOST_FAMILIES 128

typedef struct lab_plan {
  sim_world world;
  sim_set set;
  uint64_t seed;
  unsigned per_family, jobs;
  const judge_candidate *candidates[LAB_MOST_CANDIDATES];
  size_t candidate_count;
  uint32_t families[LAB_MOST_FAMILIES];
  size_t family_count;
} lab_plan;

/* How many outcomes it has: by index, within that by family, within that by candidate. */
size_t lab_plan_outcomes(const lab_plan *plan);

/* The caller frees them. NULL: it failed, and stderr knows why. */
lab_outcome *lab_plan_run(const lab_plan *plan);

/* This thread's time on a processor, whoever else wants one. */
double lab_now_ns(void);

/* "seep_lab: what: about" on stderr; false. about may be empty. */
bool lab_complain(const char *what, const char *about);

#endif
