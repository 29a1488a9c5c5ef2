/* One server in virtual time for the tests of watch/engine_headroom.h: it moves, is polled every 30 s, and
 * keeps what was said. */
#ifndef SEEP_TESTS_HEADROOM_RIG_H
#define SEEP_TESTS_HEADROOM_RIG_H

#include <stdint.h>

#include "judge/headroom.h"
#include "watch/engine_headroom.h"

#define MB (UINT64_C(1) << 20)
#define GB (UINT64_C(1) << 30)
#define POLL (30 * SEEP_MS_PER_SECOND)
#define MINUTE SEEP_MS_PER_MINUTE
#define HOUR SEEP_MS_PER_HOUR
#define DAY SEEP_MS_PER_DAY
#define EXHAUSTED (256 * MB) /* Event 2004 comes below this */

typedef struct server {
  seep_engine_headroom state;
  seep_settings settings;
  seep_mono now;       /* since it started: midnight */
  double total, limit; /* bytes; whoever simulates changes them between polls */
  double told_slopes;
  uint64_t random;
  unsigned warned, over; /* how often it was said */
  seep_mono warned_at;   /* for the first time, */
  double warned_left;    /* and what was left then */
} server;

/* The total stands at that percentage of the limit. */
void server_start(server *s, double limit_gb, double percent);

/* 0 to 1 */
double server_chance(server *s);

double server_left(const server *s);

seep_headroom_word server_poll(server *s);
seep_headroom_word server_poll_after(server *s, int64_t ms);

/* As it is, or at that percentage from the next poll on, or evenly to it. */
void server_stay(server *s, int64_t ms);
void server_stay_at(server *s, double percent, int64_t ms);
void server_go_to(server *s, double percent, int64_t ms);

/* What a poll more means at this pace. */
double server_each_poll(double megabytes_per_hour);

/* Grows evenly, under noise, until less than that is left. */
void server_leak(server *s, double megabytes_per_hour, double noise_megabytes, double until_left_megabytes);

/* Nothing has been said; or so many warnings, the last one for this reason. */
void server_assert_quiet(const server *s);
void server_assert_warned(const server *s, unsigned times, seep_headroom_reason reason);

#endif
