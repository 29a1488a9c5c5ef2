/*
 * One simulated process's commit sizes, and the strokes it is drawn with. A family (families.h) chooses a
 * length, adds strokes to the same samples and says whether that is a leak. Whole series are kept: the
 * longest (months at 5 s) take some 20 MB, one at a time.
 *
 * Inside: MB (2^20 bytes), seconds, hours where the name says so. Running out of memory ends the program.
 */
#ifndef SEEP_SIM_SERIES_H
#define SEEP_SIM_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "random.h"

#define SIM_HOUR 3600.0
#define SIM_DAY 86400.0
#define SIM_MB 1048576.0
#define SIM_FOREVER 1e18 /* seconds: beyond every series */
#define SIM_NEVER INT64_C(-1)

typedef struct sim_world {
  int64_t poll_ms;
  uint64_t limit_bytes; /* commit limit */
  uint64_t other_bytes; /* committed by everyone else */
  double stretch;       /* how many times as long as usual a series is watched */
} sim_world;

typedef struct sim_series {
  const sim_world *world;
  sim_random random;
  double step_s;
  size_t count;
  double *mb;         /* strokes add to it; NULL once finished */
  uint64_t *bytes;    /* whole pages; NULL until finished */
  uint8_t *restarted; /* 1: the first sample of a successor of the same image */
  bool leak;
  double onset_s; /* of the leak */
  double rate_mb_per_hour;
  int64_t exhausted_ms; /* SIM_NEVER; a leak's series ends here */
} sim_series;

/* The world as the reference has it: 30 s, 64 GiB, 20 GiB used by the rest. */
sim_world sim_world_usual(void);

void sim_series_begin(sim_series *s, const sim_world *world, uint64_t seed);
/* Chooses the length; to be called before any stroke. */
void sim_series_last(sim_series *s, double least_days, double most_days);
/* Turns MB into pages and cuts a leak's series where the commit limit is reached. */
void sim_series_finish(sim_series *s);
void sim_series_free(sim_series *s);

double sim_time(const sim_series *s, size_t i);     /* seconds */
double sim_end(const sim_series *s);                /* of the last sample */
size_t sim_index(const sim_series *s, double at_s); /* first sample not before; at most count */

/* Numbers from the series' own sequence. */
double sim_uniform(sim_series *s, double low, double high);
double sim_spread(sim_series *s, double low, double high);
double sim_draw_level(sim_series *s); /* what a process holds to begin with, MB */

/* Says that it leaks; without it a series is healthy. */
void sim_leaks(sim_series *s, double onset_s, double rate_mb_per_hour);

/* Strokes. All add. */
void sim_add_level(sim_series *s, double mb);
void sim_add_noise(sim_series *s, double tau_s, double deviation_mb); /* AR(1) */
/* The usual unrest: correlation of 1 to 30 min, deviation between the given shares of the level. */
void sim_add_unrest(sim_series *s, double level_mb, double least_share, double most_share);
void sim_add_line(sim_series *s, double from_s, double mb_per_hour);
void sim_add_ramp(sim_series *s, double from_s, double length_s, double mb); /* and stays up */
void sim_add_step(sim_series *s, double at_s, double mb);
void sim_add_block(sim_series *s, double from_s, double length_s, double mb);             /* and goes again */
void sim_add_filling(sim_series *s, double from_s, double to_s, double mb, double tau_s); /* mb(1-e^-t/tau) */
void sim_add_start_up(sim_series *s, double level_mb);
void sim_add_s_curve(sim_series *s, double middle_s, double width_s, double mb);
void sim_add_daily(sim_series *s, double mb); /* a bump a day, no two days alike */
void sim_add_sawtooth(sim_series *s, double mb, double period_s);

/* A working week: busy on weekdays between two hours, less at night, little at the weekend. */
typedef struct sim_week {
  double offset_s; /* of t = 0 from Monday 00:00 */
  uint64_t seed;
  double begin_hour, end_hour, night, weekend;
} sim_week;
sim_week sim_week_draw(sim_series *s);
double sim_week_load(const sim_week *week, double at_s); /* 0 to about 1.2 */
double sim_week_hour(const sim_week *week, double at_s); /* 0 to 24 */
void sim_add_week(sim_series *s, const sim_week *week, double mb);
/* Grows with the load: so many MB per hour on the average of the whole series. */
void sim_add_worked_line(sim_series *s, const sim_week *week, double from_s, double mean_mb_per_hour);

#endif
