/*
 * The detector against labelled families of series: healthy ones that must never be called and leaks that
 * must always be, not before they begin. Each family runs with many seeds at two speeds: three days polled
 * every 30 s with a window of 2 h, and the same 36 windows of 40 s polled every second. Prints what it
 * measured.
 *
 * With 5000 seeds instead, logarithmic warm-ups are called once in 500 to 1000 series (slow ones, hardly
 * above the noise), jobs once in 3000, and the other healthy families never.
 *
 * The detector's own constants (T2, T4, the release part of T5) were set by looking at these families: this
 * test guards against regressions, it is no measurement on unseen series.
 *
 * The families stay within what one window can decide. Growth that is steady for longer than the window and
 * stops later (a large cache, a long batch job, the first rise of a steep daily cycle) is not decidable at
 * its first sight: the family `daily, steep` shows it, and only asks that such a call is taken back and not
 * repeated every day.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "judge/detector.h"

#define MB 1048576.0
#define SPAN 36.0 /* windows per series: three days of 2 h */
#define DAY 12.0  /* windows per day */
#define BUCKET (1.0 / SEEP_DETECTOR_BUCKETS)
#define CONFIRMATIONS 3u
#define STEEP 20.0 /* MB per window: the minimum slope of 10 MB/h over 2 h */
#define STEPS 16
#define PI 3.14159265358979323846

typedef struct series {
  uint64_t seed;
  double level, noise; /* MB; noise is a standard deviation */
  double rise, from, length, time;
  double tooth_begin, tooth_length, tooth_height, tooth, tooth_period;
  double spike_end, spike_height, spike_gap;
  unsigned steps;
  double step_at[STEPS], step_by[STEPS];
} series;

typedef struct speed {
  const char *name;
  int64_t poll_ms, window_ms;
  unsigned seeds;
} speed;

static const speed speeds[] = {{"2 h", 30000, 7200000, 100}, {"40 s", 1000, 40000, 400}};

typedef struct family {
  const char *name;
  void (*draw)(series *s);
  double (*at)(series *s, double t); /* MB at t windows; t only grows */
  bool leak;
  double patience; /* windows from onset to call; leaks only */
} family;

static double uniform(series *s, double low, double high)
{
  s->seed ^= s->seed << 13;
  s->seed ^= s->seed >> 7;
  s->seed ^= s->seed << 17;
  return low + (high - low) * ((double)(s->seed >> 11) / 9007199254740992.0);
}

static double spread(series *s, double low, double high)
{
  return exp(uniform(s, log(low), log(high)));
}

static double gauss(series *s)
{
  double radius = sqrt(-2.0 * log(1.0 - uniform(s, 0.0, 1.0)));
  return radius * cos(2.0 * PI * uniform(s, 0.0, 1.0));
}

static void quiet_level(series *s)
{
  s->level = spread(s, 30.0, 4000.0);
  s->noise = s->level * 0.002;
}

static double line(const series *s, double t)
{
  return t > s->from ? s->rise * (t - s->from) : 0.0;
}

/* healthy */

static double flat_at(series *s, double t)
{
  (void)t;
  (void)s;
  return 0.0;
}

static void noise_draw(series *s)
{
  s->level = spread(s, 30.0, 4000.0);
  s->noise = s->level * 0.05;
}

static void exponential_draw(series *s)
{
  quiet_level(s);
  s->rise = spread(s, 50.0, 8000.0);
  s->time = spread(s, 1.0 / 120.0, 1.0);
}

static double exponential_at(series *s, double t)
{
  return s->rise * (1.0 - exp(-t / s->time));
}

/* A cache that fills long after the start, when the watched life says nothing about it yet. */
static void late_fill_draw(series *s)
{
  exponential_draw(s);
  s->from = uniform(s, 8.0, SPAN - 2.0);
  s->time = spread(s, 1.0 / 120.0, 0.45);
}

static double late_fill_at(series *s, double t)
{
  return t > s->from ? exponential_at(s, t - s->from) : 0.0;
}

static void logarithm_draw(series *s)
{
  quiet_level(s);
  s->rise = spread(s, 10.0, 500.0);
  s->time = spread(s, 1.0 / 120.0, 0.4);
}

static double logarithm_at(series *s, double t)
{
  return s->rise * log(1.0 + t / s->time);
}

static void tooth_begin(series *s, double at)
{
  s->tooth_begin = at;
  s->tooth_length = s->tooth_period * uniform(s, 0.8, 1.2);
  s->tooth = s->tooth_height * uniform(s, 0.8, 1.2);
}

static void sawtooth_draw(series *s)
{
  quiet_level(s);
  s->tooth_height = spread(s, 20.0, 2000.0);
  s->tooth_period = spread(s, 1.0 / 120.0, 0.75);
  tooth_begin(s, 0.0);
  s->tooth_begin = -uniform(s, 0.0, s->tooth_length);
}

static double sawtooth_at(series *s, double t)
{
  while (t >= s->tooth_begin + s->tooth_length) {
    tooth_begin(s, s->tooth_begin + s->tooth_length);
  }
  return s->tooth * (t - s->tooth_begin) / s->tooth_length;
}

static void steps_draw(series *s, unsigned count)
{
  quiet_level(s);
  s->steps = count;
  double at = uniform(s, 0.0, SPAN - 2.0);
  for (unsigned i = 0; i < count; i++) {
    s->step_at[i] = at + (i == 0 ? 0.0 : uniform(s, 0.0, 1.5));
    s->step_by[i] = s->level * uniform(s, 0.05, 0.8);
  }
}

static void one_step_draw(series *s)
{
  steps_draw(s, 1);
}

static void few_steps_draw(series *s)
{
  steps_draw(s, 2 + (unsigned)uniform(s, 0.0, 2.999));
}

/* Each step half as high as the one before it, further and further apart. */
static void converging_draw(series *s)
{
  quiet_level(s);
  s->steps = 10;
  double at = uniform(s, 0.0, 1.0), gap = uniform(s, 0.1, 0.5), by = s->level * uniform(s, 0.05, 0.4);
  for (unsigned i = 0; i < s->steps; i++) {
    s->step_at[i] = at;
    s->step_by[i] = by;
    at += gap * uniform(s, 0.5, 1.5);
    gap *= 1.15;
    by *= uniform(s, 0.4, 0.8);
  }
}

static double steps_at(series *s, double t)
{
  double sum = 0.0;
  for (unsigned i = 0; i < s->steps; i++) {
    sum += t >= s->step_at[i] ? s->step_by[i] : 0.0;
  }
  return sum;
}

static void spikes_draw(series *s)
{
  quiet_level(s);
  s->spike_gap = uniform(s, 0.1, 3.0);
}

static double spikes_at(series *s, double t)
{
  if (t < s->spike_end) {
    return s->spike_height;
  }
  if (uniform(s, 0.0, 1.0) < 0.01 / s->spike_gap) {
    s->spike_end = t + spread(s, 0.004, 0.5);
    s->spike_height = s->level * spread(s, 0.1, 5.0);
  }
  return 0.0;
}

static void ramp_draw(series *s)
{
  quiet_level(s);
  s->rise = spread(s, 30.0, 8000.0);
  s->from = uniform(s, 0.0, 1.0) < 0.3 ? 0.0 : uniform(s, 0.0, SPAN - 2.0);
  s->length = uniform(s, 0.02, 0.5);
}

static double ramp_at(series *s, double t)
{
  double done = t <= s->from ? 0.0 : (t - s->from) / s->length;
  return s->rise * (done < 1.0 ? done : 1.0);
}

/* A job every so often: fills for at most half a window, stays a while, gives everything back. */
static void jobs_draw(series *s)
{
  ramp_draw(s);
  s->from = uniform(s, 0.0, 2.0);
  s->time = uniform(s, 1.2, 12.0);
}

static double jobs_at(series *s, double t)
{
  double inside = fmod(t + s->time - s->from, s->time);
  if (inside > s->length * 1.8) {
    return 0.0;
  }
  return s->rise * (inside < s->length ? inside / s->length : 1.0);
}

static void gentle_daily_draw(series *s)
{
  quiet_level(s);
  s->rise =
      uniform(s, 5.0, 0.9 * STEEP * DAY / PI); /* from trough to peak: steepest just under the minimum */
  s->from = uniform(s, 0.0, DAY);
}

static double daily_at(series *s, double t)
{
  return s->rise * 0.5 * (1.0 + cos(2.0 * PI * (t + s->from) / DAY));
}

/* First seen at its peak or up to three hours after it: the peak is then known before the first rise. */
static void known_daily_draw(series *s)
{
  quiet_level(s);
  s->rise = s->level * uniform(s, 0.1, 1.0);
  s->from = uniform(s, 0.0, DAY / 8.0);
}

static void steep_daily_draw(series *s)
{
  known_daily_draw(s);
  s->from = uniform(s, 0.0, DAY);
}

/* leaks: from = onset, rise = MB per window */

static void linear_draw(series *s)
{
  quiet_level(s);
  s->rise = spread(s, 1.2, 100.0) * STEEP;
  s->noise = s->rise * 0.01;
}

static double linear_at(series *s, double t)
{
  return line(s, t);
}

static void staircase_draw(series *s)
{
  linear_draw(s);
  s->time = BUCKET * uniform(s, 0.1, 0.95);
}

static double staircase_at(series *s, double t)
{
  return s->rise * s->time * floor(t / s->time);
}

static void rising_trough_draw(series *s)
{
  linear_draw(s);
  s->tooth_height = s->rise * spread(s, 0.1, 1.0);
  s->tooth_period = spread(s, 1.0 / 120.0, BUCKET * 0.4);
  tooth_begin(s, 0.0);
}

/* A bucket's few polls miss such troughs by more than the leak grows in a window. */
static void deep_rising_trough_draw(series *s)
{
  rising_trough_draw(s);
  s->tooth_height = s->rise * spread(s, 1.0, 10.0);
}

static double rising_trough_at(series *s, double t)
{
  return line(s, t) + sawtooth_at(s, t);
}

static void noisy_linear_draw(series *s)
{
  s->level = spread(s, 30.0, 4000.0);
  s->noise = s->level * uniform(s, 0.005, 0.05);
  s->rise = s->noise * uniform(s, 8.0, 20.0);
  s->rise = s->rise > 1.5 * STEEP ? s->rise : 1.5 * STEEP;
}

static void late_draw(series *s)
{
  linear_draw(s);
  s->from = uniform(s, 12.0, SPAN - 4.0);
}

/* A cache that filled in the first hours, then flat, then the leak. */
static void late_after_warm_up_draw(series *s)
{
  late_draw(s);
  s->time = spread(s, 1.0 / 120.0, 0.8);
  s->tooth_height = spread(s, 50.0, 2000.0);
}

static double late_after_warm_up_at(series *s, double t)
{
  return line(s, t) + s->tooth_height * (1.0 - exp(-t / s->time));
}

static double accelerating_at(series *s, double t)
{
  return s->rise * t * (1.0 + t / 10.0);
}

static const family healthy[] = {
    {"flat", quiet_level, flat_at, false, 0},
    {"flat, noise 5 %", noise_draw, flat_at, false, 0},
    {"warm-up, exponential", exponential_draw, exponential_at, false, 0},
    {"late fill", late_fill_draw, late_fill_at, false, 0},
    {"warm-up, logarithmic", logarithm_draw, logarithm_at, false, 0},
    {"sawtooth", sawtooth_draw, sawtooth_at, false, 0},
    {"one step", one_step_draw, steps_at, false, 0},
    {"a few steps", few_steps_draw, steps_at, false, 0},
    {"converging steps", converging_draw, steps_at, false, 0},
    {"spikes", spikes_draw, spikes_at, false, 0},
    {"short ramp", ramp_draw, ramp_at, false, 0},
    {"jobs", jobs_draw, jobs_at, false, 0},
    {"daily, gentle", gentle_daily_draw, daily_at, false, 0},
    {"daily, peak known", known_daily_draw, daily_at, false, 0},
};

static const family undecidable = {"daily, steep", steep_daily_draw, daily_at, false, 0};

/* Patience: 1.25 windows are the start-up, the bucket it ends in, the window and two more closes. A late leak
 * needs less: flat buckets may fill the beginning of its window. Deep teeth need the life's longer parts. */
static const family leaks[] = {
    {"linear", linear_draw, linear_at, true, 1.4},
    {"staircase", staircase_draw, staircase_at, true, 1.6},
    {"rising trough", rising_trough_draw, rising_trough_at, true, 8.0},
    {"rising trough, deep", deep_rising_trough_draw, rising_trough_at, true, 25.0},
    {"linear, noisy", noisy_linear_draw, linear_at, true, 6.0},
    {"late", late_draw, linear_at, true, 1.1},
    {"late after warm-up", late_after_warm_up_draw, late_after_warm_up_at, true, 1.1},
    {"accelerating", linear_draw, accelerating_at, true, 1.4},
};

typedef struct outcome {
  unsigned calls, overs;
  double first; /* windows after the onset; of the first call */
} outcome;

typedef struct tally {
  unsigned called, most_calls, open, early, late;
  double sum, slowest;
} tally;

static outcome run(const family *f, const speed *v, uint64_t seed)
{
  series s;
  memset(&s, 0, sizeof s);
  s.seed = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
  for (unsigned i = 0; i < 8; i++) {
    uniform(&s, 0.0, 1.0); /* neighbouring seeds part only after a few draws */
  }
  f->draw(&s);
  /* Less growth than the service ships with (64 MB): that would hide false calls. */
  seep_detector_settings settings = {.window_ms = v->window_ms,
                                     .minimum_growth_bytes = (uint64_t)(8.0 * MB),
                                     .start_up_ms = v->window_ms / 12,
                                     .confirmations = CONFIRMATIONS};
  settings.minimum_slope_bytes_per_hour = (uint64_t)(STEEP * MB * 3600000.0 / (double)v->window_ms);
  seep_detector detector;
  seep_detector_init(&detector, (seep_mono){0});
  outcome out = {0, 0, 0.0};
  int64_t end_ms = (int64_t)(SPAN * (double)v->window_ms);
  for (int64_t ms = 0; ms < end_ms; ms += v->poll_ms) {
    double t = (double)ms / (double)v->window_ms;
    double mb = s.level + f->at(&s, t) + s.noise * gauss(&s);
    uint64_t bytes = mb > 0.0 ? (uint64_t)(mb * MB) : 0;
    seep_verdict verdict = seep_detector_step(&detector, &settings, (seep_mono){ms}, bytes, false);
    if (verdict.kind == SEEP_VERDICT_LEAK) {
      out.first = out.calls == 0 ? t - (f->leak ? s.from : 0.0) : out.first;
      out.calls++;
    }
    out.overs += verdict.kind == SEEP_VERDICT_OVER ? 1 : 0;
  }
  return out;
}

static tally run_all(const family *f, const speed *v)
{
  tally sum = {0, 0, 0, 0, 0, 0.0, 0.0};
  for (unsigned seed = 0; seed < v->seeds; seed++) {
    outcome one = run(f, v, seed);
    sum.most_calls = one.calls > sum.most_calls ? one.calls : sum.most_calls;
    sum.open += one.calls > one.overs ? 1 : 0;
    if (one.calls > 0) {
      sum.called++;
      sum.sum += one.first;
      sum.slowest = one.first > sum.slowest ? one.first : sum.slowest;
      sum.early += one.first < 0.0 ? 1 : 0;
      sum.late += one.first > f->patience ? 1 : 0;
    }
  }
  printf("%-22s %-5s %5u series %5u called", f->name, v->name, v->seeds, sum.called);
  if (f->leak) {
    printf(", windows after onset: mean %.2f, slowest %.2f, early %u, beyond %.1f: %u",
           sum.called > 0 ? sum.sum / sum.called : 0.0, sum.slowest, sum.early, f->patience, sum.late);
  }
  printf("\n");
  return sum;
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void test_healthy_families_are_never_called(void **state)
{
  (void)state;
  unsigned called = 0;
  for (size_t i = 0; i < COUNT(healthy); i++) {
    for (size_t k = 0; k < COUNT(speeds); k++) {
      called += run_all(&healthy[i], &speeds[k]).called;
    }
  }
  assert_int_equal(called, 0);
}

static void test_leaks_are_called_in_time_and_not_before_they_begin(void **state)
{
  (void)state;
  unsigned missed = 0, early = 0, late = 0, withdrawn = 0;
  for (size_t i = 0; i < COUNT(leaks); i++) {
    for (size_t k = 0; k < COUNT(speeds); k++) {
      tally sum = run_all(&leaks[i], &speeds[k]);
      missed += speeds[k].seeds - sum.called;
      early += sum.early;
      late += sum.late;
      withdrawn += sum.called - sum.open;
    }
  }
  assert_int_equal(missed, 0);
  assert_int_equal(early, 0);
  assert_int_equal(late, 0);
  assert_int_equal(withdrawn, 0);
}

static void test_what_cannot_be_decided_is_taken_back_and_not_repeated(void **state)
{
  (void)state;
  for (size_t k = 0; k < COUNT(speeds); k++) {
    tally sum = run_all(&undecidable, &speeds[k]);
    assert_int_equal(sum.open, 0);
    assert_true(sum.most_calls <= 1);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_healthy_families_are_never_called),
      cmocka_unit_test(test_leaks_are_called_in_time_and_not_before_they_begin),
      cmocka_unit_test(test_what_cannot_be_decided_is_taken_back_and_not_repeated),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
