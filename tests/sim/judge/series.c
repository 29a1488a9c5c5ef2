/* The strokes of which the laboratory's series are made, and the series' memory. */
#include "series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE_BYTES UINT64_C(4096)
#define PAGES_PER_MB 256.0
#define PI 3.14159265358979323846

sim_world sim_world_usual(void)
{
  return (sim_world){
      .poll_ms = 30000, .limit_bytes = UINT64_C(64) << 30, .other_bytes = UINT64_C(20) << 30, .stretch = 1.0};
}

static void *allocate(size_t count, size_t size)
{
  void *memory = calloc(count, size);
  if (memory == NULL) {
    fputs("out of memory\n", stderr);
    exit(EXIT_FAILURE);
  }
  return memory;
}

void sim_series_begin(sim_series *s, const sim_world *world, uint64_t seed)
{
  *s = (sim_series){.world = world, .step_s = (double)world->poll_ms / 1000.0, .exhausted_ms = SIM_NEVER};
  sim_random_init(&s->random, seed);
}

void sim_series_last(sim_series *s, double least_days, double most_days)
{
  double days = sim_random_uniform(&s->random, least_days, most_days);
  s->count = (size_t)(days * SIM_DAY * s->world->stretch / s->step_s) + 1;
  s->mb = allocate(s->count, sizeof *s->mb);
  s->restarted = allocate(s->count, sizeof *s->restarted);
}

/* Nobody has less than 1 MB. */
void sim_series_finish(sim_series *s)
{
  uint64_t room = s->world->limit_bytes - s->world->other_bytes;
  s->bytes = allocate(s->count, sizeof *s->bytes);
  for (size_t i = 0; i < s->count; i++) {
    double mb = s->mb[i] > 1.0 ? s->mb[i] : 1.0;
    s->bytes[i] = (uint64_t)(mb * PAGES_PER_MB + 0.5) * PAGE_BYTES;
    if (s->leak && s->bytes[i] > room) {
      s->exhausted_ms = (int64_t)i * s->world->poll_ms;
      s->count = i;
    }
  }
  free(s->mb);
  s->mb = NULL;
}

void sim_series_free(sim_series *s)
{
  free(s->mb);
  free(s->bytes);
  free(s->restarted);
  *s = (sim_series){.count = 0};
}

double sim_time(const sim_series *s, size_t i)
{
  return (double)i * s->step_s;
}

double sim_end(const sim_series *s)
{
  return (double)(s->count - 1) * s->step_s;
}

size_t sim_index(const sim_series *s, double at_s)
{
  if (at_s <= 0.0) {
    return 0;
  }
  double i = ceil(at_s / s->step_s);
  return i < (double)s->count ? (size_t)i : s->count;
}

double sim_uniform(sim_series *s, double low, double high)
{
  return sim_random_uniform(&s->random, low, high);
}

double sim_spread(sim_series *s, double low, double high)
{
  return sim_random_spread(&s->random, low, high);
}

double sim_draw_level(sim_series *s)
{
  return sim_spread(s, 30.0, 4000.0);
}

void sim_leaks(sim_series *s, double onset_s, double rate_mb_per_hour)
{
  s->leak = true;
  s->onset_s = onset_s;
  s->rate_mb_per_hour = rate_mb_per_hour;
}

void sim_add_level(sim_series *s, double mb)
{
  for (size_t i = 0; i < s->count; i++) {
    s->mb[i] += mb;
  }
}

void sim_add_noise(sim_series *s, double tau_s, double deviation_mb)
{
  double keep = exp(-s->step_s / tau_s);
  double fresh = deviation_mb * sqrt(1.0 - keep * keep);
  double value = deviation_mb * sim_random_normal(&s->random);
  for (size_t i = 0; i < s->count; i++) {
    value = keep * value + fresh * sim_random_normal(&s->random);
    s->mb[i] += value;
  }
}

void sim_add_unrest(sim_series *s, double level_mb, double least_share, double most_share)
{
  double tau_s = sim_random_uniform(&s->random, 60.0, 1800.0);
  sim_add_noise(s, tau_s, level_mb * sim_random_uniform(&s->random, least_share, most_share));
}

void sim_add_line(sim_series *s, double from_s, double mb_per_hour)
{
  for (size_t i = sim_index(s, from_s); i < s->count; i++) {
    s->mb[i] += mb_per_hour / SIM_HOUR * (sim_time(s, i) - from_s);
  }
}

void sim_add_ramp(sim_series *s, double from_s, double length_s, double mb)
{
  for (size_t i = sim_index(s, from_s); i < s->count; i++) {
    double done = (sim_time(s, i) - from_s) / length_s;
    s->mb[i] += mb * (done < 1.0 ? done : 1.0);
  }
}

void sim_add_step(sim_series *s, double at_s, double mb)
{
  for (size_t i = sim_index(s, at_s); i < s->count; i++) {
    s->mb[i] += mb;
  }
}

void sim_add_block(sim_series *s, double from_s, double length_s, double mb)
{
  size_t end = sim_index(s, from_s + length_s);
  for (size_t i = sim_index(s, from_s); i < end; i++) {
    s->mb[i] += mb;
  }
}

void sim_add_filling(sim_series *s, double from_s, double to_s, double mb, double tau_s)
{
  size_t end = sim_index(s, to_s);
  for (size_t i = sim_index(s, from_s); i < end; i++) {
    s->mb[i] += mb * (1.0 - exp(-(sim_time(s, i) - from_s) / tau_s));
  }
}

void sim_add_start_up(sim_series *s, double level_mb)
{
  double mb = level_mb * sim_random_uniform(&s->random, 0.1, 1.0);
  sim_add_filling(s, 0.0, SIM_FOREVER, mb, sim_random_uniform(&s->random, 30.0, 900.0));
}

void sim_add_s_curve(sim_series *s, double middle_s, double width_s, double mb)
{
  for (size_t i = 0; i < s->count; i++) {
    s->mb[i] += mb / (1.0 + exp((middle_s - sim_time(s, i)) / width_s));
  }
}

void sim_add_daily(sim_series *s, double mb)
{
  double phase = sim_random_uniform(&s->random, 0.0, 2.0 * PI);
  double sharpness = sim_random_uniform(&s->random, 0.7, 2.5);
  double today = 1.0, next_day_s = 0.0;
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i);
    if (t >= next_day_s) {
      today = 1.0 + 0.15 * sim_random_normal(&s->random);
      next_day_s += SIM_DAY;
    }
    s->mb[i] += mb * today * pow(0.5 + 0.5 * sin(2.0 * PI * t / SIM_DAY + phase), sharpness);
  }
}

void sim_add_sawtooth(sim_series *s, double mb, double period_s)
{
  double begin_s = 0.0, end_s = 0.0, height = 0.0;
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i);
    if (t >= end_s) {
      double length_s = period_s * sim_random_uniform(&s->random, 0.7, 1.3);
      begin_s = t;
      end_s = t + (length_s > 2.0 * s->step_s ? length_s : 2.0 * s->step_s);
      height = mb * sim_random_uniform(&s->random, 0.7, 1.1);
    }
    s->mb[i] += height * (t - begin_s) / (end_s - begin_s);
  }
}

sim_week sim_week_draw(sim_series *s)
{
  sim_random *random = &s->random;
  sim_week week;
  week.offset_s = sim_random_uniform(random, 0.0, 7.0) * SIM_DAY;
  week.seed = (uint64_t)(sim_random_unit(random) * 1e15);
  week.begin_hour = sim_random_uniform(random, 6.0, 9.0);
  week.end_hour = sim_random_uniform(random, 16.0, 20.0);
  week.night = sim_random_uniform(random, 0.02, 0.2);
  week.weekend = sim_random_uniform(random, 0.05, 0.3);
  return week;
}

double sim_week_hour(const sim_week *week, double at_s)
{
  return fmod(at_s + week->offset_s, SIM_DAY) / SIM_HOUR;
}

/* An hour and a half from night to day and back; each day has its own height. */
double sim_week_load(const sim_week *week, double at_s)
{
  uint64_t day = (uint64_t)((at_s + week->offset_s) / SIM_DAY);
  double hour = sim_week_hour(week, at_s);
  double rising = (hour - week->begin_hour) / 1.5, falling = (week->end_hour - hour) / 1.5;
  double share = rising < falling ? rising : falling;
  share = share < 0.0 ? 0.0 : share > 1.0 ? 1.0 : share;
  double height = 0.85 + 0.3 * (double)(sim_random_mix(week->seed + day) >> 40) / 16777216.0;
  double load = week->night + (1.0 - week->night) * share;
  return load * height * (day % 7 < 5 ? 1.0 : week->weekend);
}

void sim_add_week(sim_series *s, const sim_week *week, double mb)
{
  for (size_t i = 0; i < s->count; i++) {
    s->mb[i] += mb * sim_week_load(week, sim_time(s, i));
  }
}

void sim_add_worked_line(sim_series *s, const sim_week *week, double from_s, double mean_mb_per_hour)
{
  size_t from = sim_index(s, from_s);
  double whole = 0.0, worked = 0.0;
  for (size_t i = from; i < s->count; i++) {
    whole += sim_week_load(week, sim_time(s, i));
  }
  double total = mean_mb_per_hour * (double)(s->count - from) * s->step_s / SIM_HOUR;
  for (size_t i = from; i < s->count; i++) {
    worked += sim_week_load(week, sim_time(s, i));
    s->mb[i] += total * worked / whole;
  }
}
