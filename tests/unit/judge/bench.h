/*
 * A detector on a bench: a figure that moves along straight pieces, with or without noise, polled steadily;
 * what it said is counted. For the tests of this folder.
 */
#ifndef SEEP_TEST_JUDGE_BENCH_H
#define SEEP_TEST_JUDGE_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "judge/detector.h"

#define MB 1048576.0
#define GB (1024.0 * MB)
#define MINUTE SEEP_MS_PER_MINUTE
#define HOUR SEEP_MS_PER_HOUR
#define DAY SEEP_MS_PER_DAY
#define OBSERVATION (61200 * SEEP_MS_PER_SECOND) /* sixteen buckets of 64 minutes are its proof */
#define BENCH_VERDICTS (SEEP_VERDICT_CLEARED + 1)
#define BENCH_TRACE 48

typedef struct bench {
  seep_detector detector;
  seep_detector_settings settings; /* as shipped, but for the observation time */
  int64_t now_ms, poll_ms;
  double value;    /* of the next sample, noise apart */
  double noise;    /* from - to + so much, evenly */
  double room;     /* may be taken when the figure is 0; negative: not known */
  uint64_t random; /* not 0 */
  bool urgent;
  unsigned count[BENCH_VERDICTS];
  int64_t first_ms[BENCH_VERDICTS];   /* -1: never */
  seep_finding found[BENCH_VERDICTS]; /* at the first of each */
  char trace[BENCH_TRACE];            /* a letter a verdict, S R L D O C; G only after another one */
} bench;

/* 500 MB, polled every 30 s from 0 on, no noise, headroom not known. */
void bench_set_up(bench *b);

/* A new life of the same image: its detector knows the high water only. */
void bench_new_life(bench *b, double high_water);

/* One poll; the clock moves on afterwards. */
seep_verdict bench_step(bench *b);

/* Polls for so long while the figure changes by so much per hour. */
void bench_run(bench *b, int64_t for_ms, double per_hour);

/* [0, 1) */
double bench_random(uint64_t *random);

/* Rapid growth or a leak. */
unsigned bench_calls(const bench *b);

#endif
