/*
 * Healthy behaviour that the design set lacks: caches with a time to live, caches that fill for days, work
 * that comes and goes with the week, purges, new versions that need more, and processes that do nothing at
 * all, as most do.
 */
#include "families.h"

#include <math.h>

static double begin(sim_series *s, double least_days, double most_days)
{
  sim_series_last(s, least_days, most_days);
  double level = sim_draw_level(s);
  sim_add_level(s, level);
  return level;
}

/* Holds what came in during the last hours: climbs for one time to live, then follows the load. */
static void ttl_cache(sim_series *s)
{
  double level = begin(s, 7.0, 14.0), size = sim_spread(s, 50.0, 8000.0);
  double kept_s = sim_spread(s, 1.0, 48.0) * SIM_HOUR, held = 0.0;
  sim_week week = sim_week_draw(s);
  double share = size * s->step_s / kept_s;
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i);
    held += share * sim_week_load(&week, t);
    held -= t >= kept_s ? share * sim_week_load(&week, t - kept_s) : 0.0;
    s->mb[i] += held;
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* Fills for days as work comes in, the slower the more of it is there already; then full for ever. */
static void lru_fill_for_days(sim_series *s)
{
  double level = begin(s, 14.0, 21.0), size = sim_spread(s, 200.0, 8000.0), full = 0.0;
  double fill_s = sim_uniform(s, 1.5, 5.0) * SIM_DAY, fading = sim_uniform(s, 0.3, 1.0);
  sim_week week = sim_week_draw(s);
  for (size_t i = 0; i < s->count; i++) {
    double missed = 1.0 - full;
    full += pow(missed, fading) * 2.0 * sim_week_load(&week, sim_time(s, i)) * s->step_s / fill_s;
    full = full < 1.0 ? full : 1.0;
    s->mb[i] += size * full;
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

static void two_caches(sim_series *s)
{
  double level = begin(s, 14.0, 24.0), fast = sim_spread(s, 100.0, 4000.0);
  double slow = fast * sim_uniform(s, 0.1, 0.8);
  sim_add_filling(s, 0.0, SIM_FOREVER, fast, sim_spread(s, 600.0, 2.0 * SIM_HOUR));
  sim_add_filling(s, 0.0, SIM_FOREVER, slow, sim_spread(s, 1.0, 5.0) * SIM_DAY);
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* A managed heap is enlarged in S-curves of hours, each less than the one before. */
static void heap_expansion(sim_series *s)
{
  double level = begin(s, 7.0, 14.0), mb = level * sim_uniform(s, 0.2, 1.0);
  double at_s = sim_uniform(s, 1.0, 8.0) * SIM_HOUR, gap_s = sim_uniform(s, 4.0, 12.0) * SIM_HOUR;
  double young = level * sim_uniform(s, 0.02, 0.15), young_s = sim_spread(s, 120.0, 3600.0);
  for (unsigned curve = 0; curve < 8 && at_s < sim_end(s); curve++) {
    sim_add_s_curve(s, at_s, sim_spread(s, 0.3, 1.5) * SIM_HOUR, mb);
    mb *= sim_uniform(s, 0.3, 0.7);
    at_s += gap_s * sim_uniform(s, 0.7, 1.3);
    gap_s *= 1.4;
  }
  sim_add_sawtooth(s, young, young_s);
  sim_add_unrest(s, level, 0.002, 0.01);
}

/* Compilers and tests in working hours: minutes to an hour and a half, some at the same time. */
static void build_jobs(sim_series *s)
{
  double level = begin(s, 7.0, 14.0), gap_s = sim_spread(s, 600.0, 3.0 * SIM_HOUR);
  double size = sim_spread(s, 200.0, 5000.0), at_s = 0.0;
  sim_week week = sim_week_draw(s);
  while ((at_s += sim_random_exponential(&s->random, gap_s)) < sim_end(s)) {
    double length_s = sim_spread(s, 300.0, 5400.0), mb = size * sim_spread(s, 0.3, 1.5);
    if (sim_random_unit(&s->random) > sim_week_load(&week, at_s)) {
      continue;
    }
    size_t end = sim_index(s, at_s + length_s);
    for (size_t i = sim_index(s, at_s); i < end; i++) {
      s->mb[i] += mb * sqrt((sim_time(s, i) - at_s) / length_s);
    }
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* Up to its size within so long, held, given back down to the share that is kept. */
static void job(sim_series *s, double at_s, double ramp_s, double hold_s, double mb)
{
  size_t end = sim_index(s, at_s + ramp_s + hold_s);
  for (size_t i = sim_index(s, at_s); i < end; i++) {
    double done = (sim_time(s, i) - at_s) / ramp_s;
    s->mb[i] += mb * (done < 1.0 ? done : 1.0);
  }
}

static void nightly_backup(sim_series *s)
{
  double level = begin(s, 8.0, 15.0), size = sim_spread(s, 200.0, 10000.0);
  double hour = sim_uniform(s, 0.0, 24.0), length_h = sim_spread(s, 0.7, 5.0);
  sim_add_daily(s, level * sim_uniform(s, 0.0, 0.2));
  for (double day_s = hour * SIM_HOUR; day_s < sim_end(s); day_s += SIM_DAY) {
    double at_s = day_s + sim_uniform(s, 0.0, 0.2) * SIM_HOUR;
    double ramp_s = length_h * sim_uniform(s, 0.3, 1.0) * SIM_HOUR;
    job(s, at_s, ramp_s, sim_uniform(s, 0.0, 1.0) * SIM_HOUR, size * sim_uniform(s, 0.85, 1.1));
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* Climbs with the work from Monday to Friday; at the weekend it is all gone again. */
static void climb_through_the_week(sim_series *s)
{
  double level = begin(s, 15.0, 29.0), size = sim_spread(s, 100.0, 4000.0), held = 0.0;
  sim_week week = sim_week_draw(s);
  double fall_s = sim_uniform(s, 2.0, 20.0) * SIM_HOUR;
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i);
    unsigned day = (unsigned)((t + week.offset_s) / SIM_DAY) % 7;
    if (day < 5) {
      held += size * sim_week_load(&week, t) * s->step_s / (2.5 * SIM_DAY);
    } else {
      held -= held * (1.0 - exp(-s->step_s / fall_s));
    }
    s->mb[i] += held;
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* No drift, but a floor it can not fall through. */
static void random_walk(sim_series *s)
{
  double level = begin(s, 8.0, 15.0), above = 0.0;
  double step = level * sim_spread(s, 0.002, 0.02) * sqrt(s->step_s / SIM_HOUR);
  for (size_t i = 0; i < s->count; i++) {
    above = fabs(above + step * sim_random_normal(&s->random));
    s->mb[i] += above;
  }
}

/* Fills for days and is purged, again and again. */
static void fill_and_purge(sim_series *s)
{
  double level = begin(s, 14.0, 24.0), size = sim_spread(s, 100.0, 6000.0);
  double period_s = sim_uniform(s, 1.5, 5.0) * SIM_DAY, begin_s = -sim_uniform(s, 0.0, 1.0) * period_s;
  double kept = sim_uniform(s, 0.0, 0.3), length_s = period_s, height = size;
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i);
    if (t >= begin_s + length_s) {
      begin_s = t;
      length_s = period_s * sim_uniform(s, 0.85, 1.15);
      height = size * sim_uniform(s, 0.9, 1.1);
    }
    s->mb[i] += size * kept + height * (1.0 - kept) * (t - begin_s) / length_s;
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* The new version needs more, and no more than that. */
static void redeploy_to_more(sim_series *s)
{
  double level = begin(s, 8.0, 14.0), warm = level * sim_uniform(s, 0.2, 1.5);
  double tau_s = sim_spread(s, 300.0, 6.0 * SIM_HOUR);
  size_t deployed = sim_index(s, sim_uniform(s, 2.0, 5.0) * SIM_DAY);
  double at_s = sim_time(s, deployed);
  sim_week week = sim_week_draw(s);
  sim_add_week(s, &week, level * sim_uniform(s, 0.0, 0.3));
  sim_add_filling(s, 0.0, at_s, warm, tau_s);
  sim_add_filling(s, at_s, SIM_FOREVER, warm + level * sim_uniform(s, 0.2, 1.5), tau_s);
  sim_add_unrest(s, level, 0.002, 0.02);
  s->restarted[deployed] = 1;
}

/* Not a page more or less after its start. */
static void constant(sim_series *s)
{
  double level = sim_spread(s, 2.0, 4000.0), start_up_s = sim_spread(s, 10.0, 300.0);
  sim_series_last(s, 7.0, 14.0);
  sim_add_level(s, level);
  for (size_t i = 0; sim_time(s, i) < start_up_s; i++) {
    s->mb[i] *= 0.3 + 0.7 * sim_time(s, i) / start_up_s;
  }
}

/* Every half day to three days a little more or a little less. */
static void constant_with_steps(sim_series *s)
{
  double level = sim_spread(s, 4.0, 4000.0), gap_s = sim_uniform(s, 0.5, 3.0) * SIM_DAY;
  double now = level, next_s = sim_random_exponential(&s->random, gap_s);
  sim_series_last(s, 7.0, 14.0);
  for (size_t i = 0; i < s->count; i++) {
    if (sim_time(s, i) >= next_s) {
      double step = level * sim_spread(s, 0.0005, 0.05);
      bool up = now < 0.9 * level || (now < 1.1 * level && sim_random_below(&s->random, 2) == 0);
      now += up ? step : -step;
      next_s += sim_random_exponential(&s->random, gap_s);
    }
    s->mb[i] += now;
  }
}

/* Collections are put off the longer, the more there is to do. */
static void adaptive_heap(sim_series *s)
{
  double level = begin(s, 9.0, 15.0), size = level * sim_uniform(s, 0.2, 2.0);
  double period_s = sim_spread(s, 600.0, 4.0 * SIM_HOUR), floor = 0.0, held = 0.0, limit = 0.0;
  sim_week week = sim_week_draw(s);
  for (size_t i = 0; i < s->count; i++) {
    double load = sim_week_load(&week, sim_time(s, i));
    if (held >= limit) {
      floor = 0.3 * size * load * sim_uniform(s, 0.8, 1.2);
      held = floor;
      limit = floor + size * (0.2 + load) * sim_uniform(s, 0.5, 1.0);
    }
    held += size * (0.1 + load) * s->step_s / period_s;
    s->mb[i] += held;
  }
  sim_add_unrest(s, level, 0.002, 0.01);
}

/* Once a week for half a day. */
static void weekly_job(sim_series *s)
{
  double level = begin(s, 16.0, 30.0), size = sim_spread(s, 200.0, 9000.0);
  double at_s = sim_uniform(s, 0.0, 7.0) * SIM_DAY, length_h = sim_uniform(s, 5.0, 20.0);
  sim_add_daily(s, level * sim_uniform(s, 0.0, 0.2));
  for (; at_s < sim_end(s); at_s += 7.0 * SIM_DAY) {
    double ramp_s = length_h * sim_uniform(s, 0.6, 1.0) * SIM_HOUR;
    job(s, at_s, ramp_s, sim_uniform(s, 0.0, 3.0) * SIM_HOUR, size * sim_uniform(s, 0.85, 1.1));
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* A new service finds its users within days; then there are as many as there are. */
static void users_arrive(sim_series *s)
{
  double level = begin(s, 16.0, 25.0), size = level * sim_uniform(s, 0.2, 1.5);
  double middle_s = sim_uniform(s, 1.0, 4.0) * SIM_DAY, width_s = sim_uniform(s, 0.3, 1.2) * SIM_DAY;
  sim_week week = sim_week_draw(s);
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i), users = 1.0 / (1.0 + exp((middle_s - t) / width_s));
    s->mb[i] += size * users * (0.6 + 0.4 * sim_week_load(&week, t));
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* Fills to its limit as pages are read; once somebody raises the limit. */
static void buffer_pool(sim_series *s)
{
  double level = begin(s, 14.0, 22.0), limit = sim_spread(s, 1000.0, 16000.0), held = 0.0;
  double fill_s = sim_spread(s, 4.0, 48.0) * SIM_HOUR, raised_s = sim_uniform(s, 5.0, 10.0) * SIM_DAY;
  double more = limit * sim_uniform(s, 0.1, 0.6), whole = limit;
  sim_week week = sim_week_draw(s);
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i), top = t >= raised_s ? limit + more : limit;
    held += whole * 1.5 * sim_week_load(&week, t) * s->step_s / fill_s;
    held = held < top ? held : top;
    s->mb[i] += held;
  }
  sim_add_unrest(s, level, 0.002, 0.01);
}

/* Buffers of every age are flushed when they are full: teeth of minutes, hours and days. */
static void flushed_buffers(sim_series *s)
{
  double level = begin(s, 9.0, 16.0), period_s = sim_spread(s, 120.0, 1200.0);
  for (unsigned tier = 0; tier < 4; tier++) {
    sim_add_sawtooth(s, level * sim_uniform(s, 0.03, 0.3), period_s);
    period_s *= sim_uniform(s, 4.0, 8.0);
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* A level that wanders for days below a daily cycle, and comes back. */
static void wandering_trough(sim_series *s)
{
  double level = begin(s, 14.0, 25.0), tau_s = sim_uniform(s, 1.5, 4.0) * SIM_DAY;
  sim_add_noise(s, tau_s, level * sim_uniform(s, 0.03, 0.15));
  sim_add_daily(s, level * sim_uniform(s, 0.05, 0.4));
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* Restarted while it is still warming up, every time. */
static void never_warm(sim_series *s)
{
  double level = begin(s, 9.0, 16.0), warm = level * sim_uniform(s, 0.3, 2.0);
  double tau_s = sim_uniform(s, 3.0, 10.0) * SIM_HOUR, life_s = tau_s * sim_uniform(s, 1.0, 2.5);
  for (size_t i = 0; i < s->count;) {
    s->restarted[i] = i > 0;
    double begin_s = sim_time(s, i), end_s = begin_s + life_s * sim_uniform(s, 0.8, 1.2);
    sim_add_filling(s, begin_s, end_s, warm, tau_s);
    i = sim_index(s, end_s);
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

const sim_family sim__healthy_families[] = {
    {"ttl-cache", SIM_OWN, false, ttl_cache},
    {"lru-fill-for-days", SIM_OWN, false, lru_fill_for_days},
    {"two-caches", SIM_OWN, false, two_caches},
    {"heap-expansion", SIM_OWN, false, heap_expansion},
    {"build-jobs", SIM_OWN, false, build_jobs},
    {"nightly-backup", SIM_OWN, false, nightly_backup},
    {"climb-through-the-week", SIM_OWN, false, climb_through_the_week},
    {"random-walk", SIM_OWN, false, random_walk},
    {"fill-and-purge", SIM_OWN, false, fill_and_purge},
    {"redeploy-to-more", SIM_OWN, false, redeploy_to_more},
    {"constant", SIM_OWN, false, constant},
    {"constant-with-steps", SIM_OWN, false, constant_with_steps},
    {"adaptive-heap", SIM_OWN, false, adaptive_heap},
    {"weekly-job", SIM_OWN, false, weekly_job},
    {"users-arrive", SIM_OWN, false, users_arrive},
    {"buffer-pool", SIM_OWN, false, buffer_pool},
    {"flushed-buffers", SIM_OWN, false, flushed_buffers},
    {"wandering-trough", SIM_OWN, false, wandering_trough},
    {"never-warm", SIM_OWN, false, never_warm},
};
const size_t sim__healthy_family_count = sizeof sim__healthy_families / sizeof sim__healthy_families[0];
