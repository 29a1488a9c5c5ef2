/*
 * Leaks that the design set lacks: each decade of rates in a process that has settled, working weeks, new
 * versions, workers that are recycled before they get far, leaks that slow down without end.
 */
#include "families.h"

#include <math.h>

/* An established process, more or less busy through the working week, begins to leak. */
static void decade(sim_series *s, double most_level, double mb_per_hour, double least_days, double most_days)
{
  sim_series_last(s, least_days, most_days);
  double level = sim_spread(s, 30.0, most_level), rate = mb_per_hour * sim_uniform(s, 0.8, 1.25);
  double onset_s = sim_uniform(s, 1.0, 3.0) * SIM_DAY;
  sim_week week = sim_week_draw(s);
  sim_add_level(s, level);
  sim_add_start_up(s, level);
  sim_add_week(s, &week, level * sim_uniform(s, 0.0, 0.05));
  sim_add_unrest(s, level, 0.001, 0.01);
  sim_add_line(s, onset_s, rate);
  sim_leaks(s, onset_s, rate);
}

static void linear_200_mb_per_minute(sim_series *s)
{
  decade(s, 4000.0, 12000.0, 3.5, 5.0);
}

static void linear_20_mb_per_minute(sim_series *s)
{
  decade(s, 4000.0, 1200.0, 5.0, 7.0);
}

static void linear_2_mb_per_minute(sim_series *s)
{
  decade(s, 4000.0, 120.0, 6.0, 9.0);
}

static void linear_12_mb_per_hour(sim_series *s)
{
  decade(s, 4000.0, 12.0, 10.0, 16.0);
}

static void linear_1_mb_per_hour(sim_series *s)
{
  decade(s, 600.0, 1.2, 12.0, 18.0);
}

static void linear_half_mb_per_hour(sim_series *s)
{
  decade(s, 200.0, 0.5, 14.0, 21.0);
}

/* The load of the week on top of a leak that does not care. */
static void working_week_steady(sim_series *s)
{
  sim_series_last(s, 10.0, 18.0);
  double level = sim_draw_level(s), rate = sim_spread(s, 3.0, 200.0);
  sim_week week = sim_week_draw(s);
  sim_add_level(s, level);
  sim_add_week(s, &week, level * sim_uniform(s, 0.1, 0.6));
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_add_line(s, 0.0, rate);
  sim_leaks(s, 0.0, rate);
}

/* Each request leaks: much on weekdays, next to nothing at the weekend. */
static void working_week_requests(sim_series *s)
{
  sim_series_last(s, 10.0, 18.0);
  double level = sim_draw_level(s), rate = sim_spread(s, 3.0, 200.0);
  sim_week week = sim_week_draw(s);
  sim_add_level(s, level);
  sim_add_week(s, &week, level * sim_uniform(s, 0.0, 0.4));
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_add_worked_line(s, &week, 0.0, rate);
  sim_leaks(s, 0.0, rate);
}

/* A healthy version for days, then a restart into one that leaks. */
static void redeploy_into_leak(sim_series *s)
{
  sim_series_last(s, 8.0, 13.0);
  double level = sim_draw_level(s), warm = level * sim_uniform(s, 0.2, 1.5);
  double tau_s = sim_spread(s, 300.0, 3.0 * SIM_HOUR), rate = sim_spread(s, 5.0, 1000.0);
  size_t deployed = sim_index(s, sim_uniform(s, 2.0, 5.0) * SIM_DAY);
  double onset_s = sim_time(s, deployed);
  sim_week week = sim_week_draw(s);
  sim_add_level(s, level);
  sim_add_week(s, &week, level * sim_uniform(s, 0.0, 0.3));
  sim_add_filling(s, 0.0, onset_s, warm, tau_s);
  sim_add_filling(s, onset_s, SIM_FOREVER, warm * sim_uniform(s, 0.8, 1.3), tau_s);
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_add_line(s, onset_s, rate);
  s->restarted[deployed] = 1;
  sim_leaks(s, onset_s, rate);
}

/* Lives that each begin at the same low level; what each leaks hangs on the work it gets. */
static void leak_in_lives(sim_series *s, const sim_week *week, double level, double day_rate,
                          bool (*over)(const sim_week *week, double at_s, double age_s, double whim))
{
  double begin_s = 0.0, leaked = 0.0, all = 0.0, whim = sim_uniform(s, 0.0, 1.0);
  double start_up = level * sim_uniform(s, 0.1, 0.6), tau_s = sim_uniform(s, 60.0, 1200.0);
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i), age_s = t - begin_s;
    if (i > 0 && over(week, t, age_s, whim)) {
      s->restarted[i] = 1;
      begin_s = t;
      age_s = leaked = 0.0;
      whim = sim_uniform(s, 0.0, 1.0);
    }
    double grown = day_rate * sim_week_load(week, t) * s->step_s / SIM_HOUR;
    leaked += grown;
    all += grown;
    s->mb[i] += level + start_up * (1.0 - exp(-age_s / tau_s)) + leaked;
  }
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_leaks(s, 0.0, all / sim_end(s) * SIM_HOUR);
}

static bool recycled_at_night(const sim_week *week, double at_s, double age_s, double whim)
{
  double hour = sim_week_hour(week, at_s), wanted = 2.0 + 0.5 * whim;
  return hour >= wanted && hour < wanted + 2.0 && age_s > 12.0 * SIM_HOUR;
}

static void worker_recycled_nightly(sim_series *s)
{
  sim_series_last(s, 9.0, 16.0);
  double level = sim_draw_level(s), day_rate = sim_spread(s, 20.0, 600.0);
  sim_week week = sim_week_draw(s);
  leak_in_lives(s, &week, level, day_rate, recycled_at_night);
}

/* A web server's default: every 29 hours. */
static bool recycled_by_age(const sim_week *week, double at_s, double age_s, double whim)
{
  (void)week;
  (void)at_s;
  return age_s > (29.0 + 0.1 * whim) * SIM_HOUR;
}

static void worker_recycled_by_age(sim_series *s)
{
  sim_series_last(s, 9.0, 16.0);
  double level = sim_draw_level(s), day_rate = sim_spread(s, 30.0, 600.0);
  sim_week week = sim_week_draw(s);
  leak_in_lives(s, &week, level, day_rate, recycled_by_age);
}

/* Between the square root and almost a line: slower and slower, and no end to it. */
static void decelerating(sim_series *s)
{
  sim_series_last(s, 8.0, 14.0);
  double level = sim_draw_level(s), total = sim_spread(s, 300.0, 20000.0);
  double power = sim_uniform(s, 0.5, 0.8), end_s = sim_end(s);
  for (size_t i = 0; i < s->count; i++) {
    s->mb[i] += total * pow(sim_time(s, i) / end_s, power);
  }
  sim_add_level(s, level);
  sim_add_unrest(s, level, 0.002, 0.01);
  sim_leaks(s, 0.0, total / end_s * SIM_HOUR);
}

/* Leaks for minutes to hours, pauses for hours, at any time of day. */
static void bursts(sim_series *s)
{
  sim_series_last(s, 8.0, 14.0);
  double level = sim_draw_level(s), rate = sim_spread(s, 5.0, 200.0);
  double on_s = sim_spread(s, 600.0, 3.0 * SIM_HOUR), off_s = sim_spread(s, 2.0, 12.0) * SIM_HOUR;
  double burst_rate = rate * (on_s + off_s) / on_s, change_s = 0.0, leaked = 0.0;
  bool on = false;
  for (size_t i = 0; i < s->count; i++) {
    while (sim_time(s, i) >= change_s) {
      on = !on;
      change_s += sim_random_exponential(&s->random, on ? on_s : off_s);
    }
    leaked += on ? burst_rate * s->step_s / SIM_HOUR : 0.0;
    s->mb[i] += leaked;
  }
  sim_add_level(s, level);
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_leaks(s, 0.0, rate);
}

/* Collected at two speeds, and what survives both grows. */
static void two_collectors(sim_series *s)
{
  sim_series_last(s, 9.0, 15.0);
  double level = sim_draw_level(s), rate = sim_spread(s, 5.0, 150.0);
  double young = sim_spread(s, 30.0, 500.0), young_s = sim_spread(s, 60.0, 1800.0);
  double old = sim_spread(s, 100.0, 2000.0), old_s = sim_spread(s, SIM_HOUR, 12.0 * SIM_HOUR);
  sim_add_level(s, level);
  sim_add_sawtooth(s, young, young_s);
  sim_add_sawtooth(s, old, old_s);
  sim_add_unrest(s, level, 0.002, 0.01);
  sim_add_line(s, 0.0, rate);
  sim_leaks(s, 0.0, rate);
}

/* Sessions that are never dropped: as many as there is work, most small, a few very large. */
static void lost_sessions(sim_series *s)
{
  sim_series_last(s, 9.0, 15.0);
  double level = sim_draw_level(s), rate = sim_spread(s, 5.0, 300.0), per_hour = sim_spread(s, 2.0, 60.0);
  double size = rate / per_hour, leaked = 0.0;
  sim_week week = sim_week_draw(s);
  for (size_t i = 0; i < s->count; i++) {
    double chance = per_hour * 3.0 * sim_week_load(&week, sim_time(s, i)) * s->step_s / SIM_HOUR;
    for (; chance > 0.0; chance -= 1.0) {
      if (sim_random_unit(&s->random) < chance) {
        leaked += size * sim_random_pareto(&s->random, 2.0);
      }
    }
    s->mb[i] += leaked;
  }
  sim_add_level(s, level);
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_leaks(s, 0.0, leaked / sim_end(s) * SIM_HOUR);
}

/* Another pace every one to three days, now and then none. */
static void changing_pace(sim_series *s)
{
  sim_series_last(s, 9.0, 15.0);
  double level = sim_draw_level(s), rate = sim_spread(s, 5.0, 300.0);
  double change_s = 0.0, now = rate, leaked = 0.0;
  for (size_t i = 0; i < s->count; i++) {
    if (sim_time(s, i) >= change_s) {
      now = i > 0 && sim_random_below(&s->random, 6) == 0 ? 0.0 : rate * sim_spread(s, 0.5, 2.0);
      change_s += sim_uniform(s, 1.0, 3.0) * SIM_DAY;
    }
    leaked += now * s->step_s / SIM_HOUR;
    s->mb[i] += leaked;
  }
  sim_add_level(s, level);
  sim_add_start_up(s, level);
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_leaks(s, 0.0, leaked / sim_end(s) * SIM_HOUR);
}

static void below_a_filling_cache(sim_series *s)
{
  sim_series_last(s, 8.0, 14.0);
  double level = sim_draw_level(s), rate = sim_spread(s, 8.0, 300.0);
  double cache = sim_spread(s, 300.0, 4000.0), tau_s = sim_spread(s, 1.0, 12.0) * SIM_HOUR;
  sim_add_level(s, level);
  sim_add_filling(s, 0.0, SIM_FOREVER, cache, tau_s);
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_add_line(s, 0.0, rate);
  sim_leaks(s, 0.0, rate);
}

/* Weeks without a fault. */
static void old_process(sim_series *s)
{
  sim_series_last(s, 26.0, 32.0);
  double level = sim_draw_level(s), rate = sim_spread(s, 5.0, 2000.0);
  double onset_s = sim_uniform(s, 15.0, 20.0) * SIM_DAY;
  sim_week week = sim_week_draw(s);
  sim_add_level(s, level);
  sim_add_start_up(s, level);
  sim_add_week(s, &week, level * sim_uniform(s, 0.0, 0.4));
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_add_line(s, onset_s, rate);
  sim_leaks(s, onset_s, rate);
}

const sim_family sim__leaking_families[] = {
    {"linear-200-mb-per-minute", SIM_OWN, true, linear_200_mb_per_minute},
    {"linear-20-mb-per-minute", SIM_OWN, true, linear_20_mb_per_minute},
    {"linear-2-mb-per-minute", SIM_OWN, true, linear_2_mb_per_minute},
    {"linear-12-mb-per-hour", SIM_OWN, true, linear_12_mb_per_hour},
    {"linear-1-mb-per-hour", SIM_OWN, true, linear_1_mb_per_hour},
    {"linear-half-mb-per-hour", SIM_OWN, true, linear_half_mb_per_hour},
    {"working-week-steady", SIM_OWN, true, working_week_steady},
    {"working-week-requests", SIM_OWN, true, working_week_requests},
    {"redeploy-into-leak", SIM_OWN, true, redeploy_into_leak},
    {"worker-recycled-nightly", SIM_OWN, true, worker_recycled_nightly},
    {"decelerating", SIM_OWN, true, decelerating},
    {"bursts", SIM_OWN, true, bursts},
    {"worker-recycled-by-age", SIM_OWN, true, worker_recycled_by_age},
    {"two-collectors", SIM_OWN, true, two_collectors},
    {"lost-sessions", SIM_OWN, true, lost_sessions},
    {"changing-pace", SIM_OWN, true, changing_pace},
    {"below-a-filling-cache", SIM_OWN, true, below_a_filling_cache},
    {"old-process", SIM_OWN, true, old_process},
};
const size_t sim__leaking_family_count = sizeof sim__leaking_families / sizeof sim__leaking_families[0];
