/*
 * The reference's design set (reference: detection-lab): 12 leaking and 13 healthy families, drawn anew with
 * the same distributions, so that figures can be held against the published ones. Not to be improved:
 * families that are missing here belong into the other two files.
 */
#include "families.h"

#include <math.h>

#define PI 3.14159265358979323846

static void fast_linear(sim_series *s)
{
  sim_series_last(s, 1.0, 2.0);
  double level = sim_draw_level(s), onset_s = sim_uniform(s, 0.0, 12.0) * SIM_HOUR;
  double rate = sim_spread(s, 20.0 * 60.0, 200.0 * 60.0);
  sim_add_level(s, level);
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_add_start_up(s, level);
  sim_add_line(s, onset_s, rate);
  sim_leaks(s, onset_s, rate);
}

static void linear_from_start(sim_series *s, double level, double rate)
{
  sim_add_level(s, level);
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_add_start_up(s, level);
  sim_add_line(s, 0.0, rate);
  sim_leaks(s, 0.0, rate);
}

static void medium_linear(sim_series *s)
{
  sim_series_last(s, 4.0, 8.0);
  double level = sim_draw_level(s);
  linear_from_start(s, level, sim_spread(s, 10.0, 1000.0));
}

static void slow_linear(sim_series *s)
{
  sim_series_last(s, 8.0, 14.0);
  double level = sim_spread(s, 30.0, 600.0);
  linear_from_start(s, level, sim_spread(s, 0.5, 5.0));
}

static void staircase(sim_series *s)
{
  sim_series_last(s, 6.0, 12.0);
  double level = sim_draw_level(s), gap_s = sim_spread(s, 600.0, 6.0 * SIM_HOUR);
  double step = sim_spread(s, 1.0, 60.0);
  double next_s = sim_random_exponential(&s->random, gap_s), height = level;
  for (size_t i = 0; i < s->count; i++) {
    while (sim_time(s, i) >= next_s) {
      height += step * sim_uniform(s, 0.5, 1.5);
      next_s += sim_random_exponential(&s->random, gap_s);
    }
    s->mb[i] += height;
  }
  sim_add_unrest(s, level, 0.001, 0.01);
  sim_leaks(s, 0.0, step / gap_s * SIM_HOUR);
}

static void gc_rising_floor(sim_series *s)
{
  sim_series_last(s, 5.0, 10.0);
  double level = sim_draw_level(s), rate = sim_spread(s, 2.0, 100.0);
  double height = sim_spread(s, 50.0, 800.0), period_s = sim_spread(s, 120.0, 2.0 * SIM_HOUR);
  sim_add_level(s, level);
  sim_add_sawtooth(s, height, period_s);
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_add_line(s, 0.0, rate);
  sim_leaks(s, 0.0, rate);
}

static void slow_on_daily(sim_series *s)
{
  sim_series_last(s, 8.0, 14.0);
  double level = sim_draw_level(s), rate = sim_spread(s, 2.0, 50.0);
  sim_add_level(s, level);
  sim_add_daily(s, level * sim_uniform(s, 0.1, 0.5));
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_add_line(s, 0.0, rate);
  sim_leaks(s, 0.0, rate);
}

static void load_dependent(sim_series *s)
{
  sim_series_last(s, 6.0, 12.0);
  double level = sim_draw_level(s), rate = sim_spread(s, 4.0, 200.0);
  double phase = sim_uniform(s, 0.0, 2.0 * PI), leaked = 0.0;
  for (size_t i = 0; i < s->count; i++) {
    double load = sin(2.0 * PI * sim_time(s, i) / SIM_DAY + phase);
    leaked += (load > 0.0 ? load : 0.0) * PI * rate * s->step_s / SIM_HOUR;
    s->mb[i] += leaked;
  }
  sim_add_level(s, level);
  sim_add_daily(s, level * sim_uniform(s, 0.0, 0.2));
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_leaks(s, 0.0, rate);
}

static void late_onset(sim_series *s)
{
  sim_series_last(s, 8.0, 12.0);
  double level = sim_draw_level(s), onset_s = sim_uniform(s, 2.0, 5.0) * SIM_DAY;
  double rate = sim_spread(s, 5.0, 500.0);
  sim_add_level(s, level);
  sim_add_start_up(s, level);
  sim_add_daily(s, level * sim_uniform(s, 0.0, 0.2));
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_add_line(s, onset_s, rate);
  sim_leaks(s, onset_s, rate);
}

static void accelerating(sim_series *s)
{
  sim_series_last(s, 5.0, 9.0);
  double level = sim_draw_level(s), total = sim_spread(s, 300.0, 30000.0);
  double power = sim_uniform(s, 1.5, 2.5), end_s = sim_end(s);
  for (size_t i = 0; i < s->count; i++) {
    s->mb[i] += total * pow(sim_time(s, i) / end_s, power);
  }
  sim_add_level(s, level);
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_leaks(s, 0.0, total / end_s * SIM_HOUR);
}

/* Now and then a part of what has leaked since the last time is given back. */
static void partial_release(sim_series *s)
{
  sim_series_last(s, 6.0, 10.0);
  double level = sim_draw_level(s), rate = sim_spread(s, 10.0, 300.0);
  double keep = sim_uniform(s, 0.4, 0.8), gap_s = sim_spread(s, SIM_HOUR, 12.0 * SIM_HOUR);
  double next_s = sim_random_exponential(&s->random, gap_s), last = 0.0, released = 0.0;
  for (size_t i = 0; i < s->count; i++) {
    double leaked = rate / SIM_HOUR * sim_time(s, i);
    while (sim_time(s, i) >= next_s) {
      released += (leaked - last) * (1.0 - keep);
      last = leaked;
      next_s += sim_random_exponential(&s->random, gap_s);
    }
    s->mb[i] += leaked - released;
  }
  sim_add_level(s, level);
  sim_add_unrest(s, level, 0.005, 0.05);
  sim_leaks(s, 0.0, rate * keep);
}

static void crash_and_restart(sim_series *s)
{
  sim_series_last(s, 8.0, 12.0);
  double level = sim_draw_level(s), rate = sim_spread(s, 30.0, 300.0);
  double life_s = sim_uniform(s, 14.0, 40.0) * SIM_HOUR;
  for (size_t i = 0; i < s->count;) {
    s->restarted[i] = i > 0;
    double begin_s = sim_time(s, i), length_s = life_s * sim_uniform(s, 0.8, 1.2);
    double start_up = 0.5 * level * sim_uniform(s, 0.1, 1.0), tau_s = sim_uniform(s, 30.0, 900.0);
    for (; i < s->count && sim_time(s, i) < begin_s + length_s; i++) {
      double age_s = sim_time(s, i) - begin_s;
      s->mb[i] += level + start_up * (1.0 - exp(-age_s / tau_s)) + rate / SIM_HOUR * age_s;
    }
  }
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_leaks(s, 0.0, rate);
}

/* Each night a job that needs much and leaves a little behind. */
static void nightly_step(sim_series *s)
{
  sim_series_last(s, 9.0, 14.0);
  double level = sim_draw_level(s), step = sim_spread(s, 20.0, 400.0);
  double hour = sim_uniform(s, 0.0, 24.0), end_s = sim_end(s);
  for (unsigned day = 0; (double)day * SIM_DAY < end_s; day++) {
    double at_s = (double)day * SIM_DAY + (hour + sim_uniform(s, -0.5, 0.5)) * SIM_HOUR;
    double length_s = sim_uniform(s, 0.2, 2.0) * SIM_HOUR;
    sim_add_block(s, at_s, length_s, step * sim_uniform(s, 2.0, 8.0));
    sim_add_step(s, at_s + length_s, step * sim_uniform(s, 0.7, 1.3));
  }
  sim_add_level(s, level);
  sim_add_unrest(s, level, 0.001, 0.01);
  sim_leaks(s, 0.0, step / 24.0);
}

/* Healthy. All last 7 to 14 days, but restarts. */
static double begin_healthy(sim_series *s)
{
  sim_series_last(s, 7.0, 14.0);
  double level = sim_draw_level(s);
  sim_add_level(s, level);
  return level;
}

static void stationary_noise(sim_series *s)
{
  double level = begin_healthy(s), tau_s = sim_spread(s, 60.0, 4.0 * SIM_HOUR);
  sim_add_noise(s, tau_s, level * sim_uniform(s, 0.01, 0.25));
}

static void daily_and_weekly(sim_series *s)
{
  double level = begin_healthy(s);
  unsigned first_day = sim_random_below(&s->random, 7);
  sim_add_level(s, -level);
  sim_add_daily(s, level * sim_uniform(s, 0.1, 1.0));
  for (size_t i = 0; i < s->count; i++) {
    unsigned day = ((unsigned)(sim_time(s, i) / SIM_DAY) + first_day) % 7;
    s->mb[i] *= day < 5 ? 1.35 : 0.79;
  }
  sim_add_level(s, level);
  sim_add_unrest(s, level, 0.002, 0.02);
}

static void gc_two_levels(sim_series *s)
{
  double level = begin_healthy(s);
  double young = sim_spread(s, 30.0, 500.0), young_s = sim_spread(s, 60.0, 1800.0);
  double old = sim_spread(s, 100.0, 4000.0), old_s = sim_spread(s, SIM_HOUR, 20.0 * SIM_HOUR);
  sim_add_sawtooth(s, young, young_s);
  sim_add_sawtooth(s, old, old_s);
  sim_add_unrest(s, level, 0.002, 0.02);
}

static void cache_exponential(sim_series *s)
{
  double level = begin_healthy(s), size = sim_spread(s, 50.0, 8000.0);
  sim_add_filling(s, 0.0, SIM_FOREVER, size, sim_spread(s, 600.0, 36.0 * SIM_HOUR));
  sim_add_unrest(s, level, 0.002, 0.02);
}

static void logarithmic(sim_series *s)
{
  double level = begin_healthy(s), size = sim_spread(s, 10.0, 500.0);
  double tau_s = sim_spread(s, 60.0, 2.0 * SIM_HOUR);
  for (size_t i = 0; i < s->count; i++) {
    s->mb[i] += size * log(1.0 + sim_time(s, i) / tau_s);
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

static void steps_then_plateau(sim_series *s)
{
  double level = begin_healthy(s);
  unsigned steps = 1 + sim_random_below(&s->random, 5);
  for (unsigned i = 0; i < steps; i++) {
    double at_s = sim_uniform(s, 0.0, sim_end(s));
    sim_add_step(s, at_s, level * sim_uniform(s, -0.2, 0.8));
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* Hourly, every four hours or daily: up to its size within a part of its time, and all given back. */
static void batch_jobs(sim_series *s)
{
  static const double periods_h[] = {1.0, 4.0, 24.0};
  double level = begin_healthy(s), period_s = periods_h[sim_random_below(&s->random, 3)] * SIM_HOUR;
  double size = sim_spread(s, 200.0, 16000.0), at_s = sim_uniform(s, 0.0, period_s);
  double most_s = period_s < 6.0 * SIM_HOUR ? period_s : 6.0 * SIM_HOUR;
  while (at_s < sim_end(s)) {
    double length_s = sim_uniform(s, 0.1, 0.8) * most_s, height = size * sim_uniform(s, 0.5, 1.2);
    length_s = length_s > 3.0 * s->step_s ? length_s : 3.0 * s->step_s;
    double ramp_s = length_s * sim_uniform(s, 0.3, 1.0);
    size_t end = sim_index(s, at_s + length_s);
    for (size_t i = sim_index(s, at_s); i < end; i++) {
      double done = (sim_time(s, i) - at_s) / ramp_s;
      s->mb[i] += height * (done < 1.0 ? done : 1.0);
    }
    at_s += period_s * sim_uniform(s, 0.95, 1.05);
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

static void slow_wander(sim_series *s)
{
  double level = begin_healthy(s), tau_s = sim_spread(s, 2.0 * SIM_HOUR, 24.0 * SIM_HOUR);
  sim_add_noise(s, tau_s, level * sim_uniform(s, 0.05, 0.25));
  sim_add_unrest(s, level, 0.002, 0.02);
}

static void s_curves(sim_series *s)
{
  double level = begin_healthy(s);
  unsigned curves = 1 + sim_random_below(&s->random, 3);
  for (unsigned i = 0; i < curves; i++) {
    double middle_s = sim_uniform(s, 0.02, 0.9) * sim_end(s);
    double width_s = sim_spread(s, 900.0, 6.0 * SIM_HOUR);
    sim_add_s_curve(s, middle_s, width_s, level * sim_uniform(s, 0.05, 0.5));
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

static void restarts_warm(sim_series *s)
{
  sim_series_last(s, 8.0, 14.0);
  double level = sim_draw_level(s), life_s = sim_spread(s, 2.0 * SIM_HOUR, 60.0 * SIM_HOUR);
  double warm = level * sim_uniform(s, 0.5, 4.0), tau_s = sim_spread(s, 300.0, 4.0 * SIM_HOUR);
  sim_add_level(s, level);
  for (size_t i = 0; i < s->count;) {
    s->restarted[i] = i > 0;
    double begin_s = sim_time(s, i), end_s = begin_s + life_s * sim_uniform(s, 0.5, 1.5);
    sim_add_filling(s, begin_s, end_s, warm, tau_s);
    i = sim_index(s, end_s);
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* Some four a day, sizes with a heavy tail, never above 30 GB. */
static void spikes(sim_series *s)
{
  double level = begin_healthy(s), at_s = 0.0;
  while ((at_s += sim_random_exponential(&s->random, 6.3 * SIM_HOUR)) < sim_end(s)) {
    double length_s = sim_spread(s, 30.0, 3.0 * SIM_HOUR) + s->step_s;
    sim_add_block(s, at_s, length_s, 0.3 * level * sim_random_pareto(&s->random, 1.5));
  }
  for (size_t i = 0; i < s->count; i++) {
    s->mb[i] = s->mb[i] < 30000.0 ? s->mb[i] : 30000.0;
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

static void ramp_to_cap(sim_series *s)
{
  double level = begin_healthy(s), size = sim_spread(s, 200.0, 12000.0);
  double length_s = sim_spread(s, 600.0, 24.0 * SIM_HOUR), late_s = sim_uniform(s, 0.0, 3.0) * SIM_DAY;
  sim_add_ramp(s, sim_random_below(&s->random, 2) == 0 ? 0.0 : late_s, length_s, size);
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* Each step smaller than the one before, further and further apart. */
static void converging_steps(sim_series *s)
{
  double level = begin_healthy(s), at_s = sim_uniform(s, 0.0, 1.0) * SIM_HOUR;
  double gap_s = sim_spread(s, 0.3 * SIM_HOUR, 3.0 * SIM_HOUR), step = level * sim_uniform(s, 0.05, 0.3);
  while (at_s < sim_end(s)) {
    sim_add_step(s, at_s, step);
    step *= sim_uniform(s, 0.5, 0.95);
    at_s += gap_s * sim_uniform(s, 0.5, 1.5);
    gap_s *= 1.15;
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

const sim_family sim__design_families[] = {
    {"fast-linear", SIM_DESIGN, true, fast_linear},
    {"medium-linear", SIM_DESIGN, true, medium_linear},
    {"slow-linear", SIM_DESIGN, true, slow_linear},
    {"staircase", SIM_DESIGN, true, staircase},
    {"gc-rising-floor", SIM_DESIGN, true, gc_rising_floor},
    {"slow-on-daily", SIM_DESIGN, true, slow_on_daily},
    {"load-dependent", SIM_DESIGN, true, load_dependent},
    {"late-onset", SIM_DESIGN, true, late_onset},
    {"accelerating", SIM_DESIGN, true, accelerating},
    {"partial-release", SIM_DESIGN, true, partial_release},
    {"crash-and-restart", SIM_DESIGN, true, crash_and_restart},
    {"nightly-step", SIM_DESIGN, true, nightly_step},
    {"stationary-noise", SIM_DESIGN, false, stationary_noise},
    {"daily-and-weekly", SIM_DESIGN, false, daily_and_weekly},
    {"gc-two-levels", SIM_DESIGN, false, gc_two_levels},
    {"cache-exponential", SIM_DESIGN, false, cache_exponential},
    {"logarithmic", SIM_DESIGN, false, logarithmic},
    {"steps-then-plateau", SIM_DESIGN, false, steps_then_plateau},
    {"batch-jobs", SIM_DESIGN, false, batch_jobs},
    {"slow-wander", SIM_DESIGN, false, slow_wander},
    {"s-curves", SIM_DESIGN, false, s_curves},
    {"restarts-warm", SIM_DESIGN, false, restarts_warm},
    {"spikes", SIM_DESIGN, false, spikes},
    {"ramp-to-cap", SIM_DESIGN, false, ramp_to_cap},
    {"converging-steps", SIM_DESIGN, false, converging_steps},
};
const size_t sim__design_family_count = sizeof sim__design_families / sizeof sim__design_families[0];
