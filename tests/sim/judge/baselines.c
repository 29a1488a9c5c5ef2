/* Seven published rules. All of them look at buckets of time; each keeps as many as its rule needs. */
#include "baselines.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MB 1048576.0
#define HOUR 3600.0

/* One bucket of time. While it is closing, mean and low are those of the bucket that ended. */
typedef struct bucket {
  double end_s, sum, open_low;
  unsigned samples;
  double mean, low;
} bucket;

static bool bucket_closes(bucket *b, double width_s, double t, double mb)
{
  if (b->end_s == 0.0) {
    b->end_s = t + width_s;
  }
  bool closes = t >= b->end_s && b->samples > 0;
  if (closes) {
    b->mean = b->sum / b->samples;
    b->low = b->open_low;
  }
  if (t >= b->end_s) {
    b->end_s += width_s * ceil((t - b->end_s + 1e-9) / width_s);
    b->sum = 0.0;
    b->samples = 0;
  }
  b->open_low = b->samples == 0 || mb < b->open_low ? mb : b->open_low;
  b->sum += mb;
  b->samples++;
  return closes;
}

/* Values at the ends of buckets, the newest last. */
static void slide_in(double *values, unsigned *count, unsigned most, double value)
{
  if (*count == most) {
    memmove(values, values + 1, (most - 1) * sizeof *values);
    --*count;
  }
  values[(*count)++] = value;
}

typedef struct line {
  double slope, r_squared;
} line;

/* Least squares through points that lie `apart` hours from each other. */
static line fit(const double *values, unsigned count, double apart)
{
  double middle = (count - 1) / 2.0, mean = 0.0, xx = 0.0, xy = 0.0, yy = 0.0;
  for (unsigned i = 0; i < count; i++) {
    mean += values[i] / count;
  }
  for (unsigned i = 0; i < count; i++) {
    double x = (i - middle) * apart, y = values[i] - mean;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  line result = {0.0, 0.0};
  if (xx > 0.0) {
    result.slope = xy / xx;
    result.r_squared = yy > 0.0 ? xy * xy / (xx * yy) : 0.0;
  }
  return result;
}

/* Linear regression */
#define SIX_HOURS 72 /* buckets of 5 min */
#define FIVE_MINUTES_H (300.0 / HOUR)

typedef struct regression {
  bucket bucket;
  double means[SIX_HOURS], first_s;
  unsigned count;
  bool begun;
} regression;

static bool regression_alarms(regression *self, double t, double mb, double headroom)
{
  (void)headroom;
  self->first_s = self->begun ? self->first_s : t;
  self->begun = true;
  if (t - self->first_s < 1800.0 || !bucket_closes(&self->bucket, 300.0, t, mb)) {
    return false;
  }
  slide_in(self->means, &self->count, SIX_HOURS, self->bucket.mean);
  double span_h = (self->count - 1) * FIVE_MINUTES_H;
  if (span_h < 3.0) {
    return false;
  }
  line l = fit(self->means, self->count, FIVE_MINUTES_H);
  return l.slope >= 5.0 && l.r_squared >= 0.8 && l.slope * span_h >= 30.0;
}

/* coroot */
#define AN_HOUR 60 /* buckets of 1 min */

typedef struct coroot {
  bucket bucket;
  double means[AN_HOUR], since_s;
  unsigned count;
  bool holding;
} coroot;

/* The longest run without a fall to less than half. */
static unsigned longest_run(const double *means, unsigned count, unsigned *length)
{
  unsigned best = 0, begin = 0;
  *length = 0;
  for (unsigned i = 1; i <= count; i++) {
    if (i < count && means[i] >= 0.5 * means[i - 1]) {
      continue;
    }
    if (i - begin > *length) {
      *length = i - begin;
      best = begin;
    }
    begin = i;
  }
  return best;
}

static bool coroot_alarms(coroot *self, double t, double mb, double headroom)
{
  (void)headroom;
  if (!bucket_closes(&self->bucket, 60.0, t, mb)) {
    return false;
  }
  slide_in(self->means, &self->count, AN_HOUR, self->bucket.mean);
  unsigned length = 0;
  unsigned begin = self->count == AN_HOUR ? longest_run(self->means, AN_HOUR, &length) : 0;
  bool grows = false;
  if (length >= AN_HOUR / 3) {
    unsigned tail = length / 4 > 15 ? length / 4 : 15;
    line whole = fit(self->means + begin, length, 1.0 / 60.0);
    line last = fit(self->means + begin + length - tail, tail, 1.0 / 60.0);
    double share = whole.slope / fmax(self->means[begin], 1.0);
    grows = whole.slope > 50.0 && last.slope >= 0.3 * whole.slope && share > 0.10;
  }
  self->since_s = grows && !self->holding ? t : self->since_s;
  self->holding = grows;
  return grows && t - self->since_s >= 900.0;
}

/* daintree */
#define HALF_HOUR 30

typedef struct daintree {
  bucket bucket;
  double smoothed[HALF_HOUR], first_s;
  unsigned count;
  bool begun;
} daintree;

static bool daintree_alarms(daintree *self, double t, double mb, double headroom)
{
  (void)headroom;
  self->first_s = self->begun ? self->first_s : t;
  self->begun = true;
  if (!bucket_closes(&self->bucket, 60.0, t, mb)) {
    return false;
  }
  double before = self->count > 0 ? self->smoothed[self->count - 1] : self->bucket.low;
  double value = before + 2.0 / (HALF_HOUR + 1) * (self->bucket.low - before);
  slide_in(self->smoothed, &self->count, HALF_HOUR, value);
  double risen = self->smoothed[self->count - 1] - self->smoothed[0];
  return self->count == HALF_HOUR && t - self->first_s >= 900.0 && risen * 60.0 / (HALF_HOUR - 1) > 5.0;
}

/* predict_linear */
typedef struct predict_linear {
  bucket bucket;
  double means[SIX_HOURS], since_s;
  unsigned count;
  bool holding;
} predict_linear;

static bool predict_linear_alarms(predict_linear *self, double t, double mb, double headroom)
{
  if (!bucket_closes(&self->bucket, 300.0, t, mb)) {
    return false;
  }
  slide_in(self->means, &self->count, SIX_HOURS, self->bucket.mean);
  if (self->count < 12) {
    return false;
  }
  bool beyond = fit(self->means, self->count, FIVE_MINUTES_H).slope * 96.0 >= headroom;
  self->since_s = beyond && !self->holding ? t : self->since_s;
  self->holding = beyond;
  return beyond && t - self->since_s >= 3.0 * HOUR;
}

/* Mann-Kendall */
#define SCALES 10 /* floors of 4 min to 34 h */
#define FLOORS 16
#define CERTAIN_Z 4.0

typedef struct mann_kendall {
  bucket buckets[SCALES];
  double floors[SCALES][FLOORS];
  unsigned counts[SCALES];
} mann_kendall;

/* Pairs that rise less pairs that fall. */
static int concordance(const double *values, unsigned count)
{
  int sum = 0;
  for (unsigned i = 0; i < count; i++) {
    for (unsigned j = i + 1; j < count; j++) {
      sum += (values[j] > values[i]) - (values[j] < values[i]);
    }
  }
  return sum;
}

/* Of the concordance when there is no trend. */
static double concordance_deviation(double n)
{
  return sqrt(n * (n - 1.0) * (2.0 * n + 5.0) / 18.0);
}

static bool mann_kendall_alarms(mann_kendall *self, double t, double mb, double headroom)
{
  (void)headroom;
  bool alarms = false;
  for (unsigned scale = 0; scale < SCALES; scale++) {
    if (!bucket_closes(&self->buckets[scale], 240.0 * (double)(1u << scale), t, mb)) {
      continue;
    }
    double *floors = self->floors[scale], newest = self->buckets[scale].low;
    slide_in(floors, &self->counts[scale], FLOORS, newest);
    if (self->counts[scale] == FLOORS && newest - floors[0] >= fmax(10.0, 0.01 * newest)) {
      double z = (concordance(floors, FLOORS) - 1.0) / concordance_deviation(FLOORS);
      alarms = alarms || z >= CERTAIN_Z;
    }
  }
  return alarms;
}

/* Theil-Sen */
#define TWO_DAYS 48
#define NORMAL_99 2.576 /* two-sided */

typedef struct theil_sen {
  bucket bucket;
  double floors[TWO_DAYS];
  unsigned count;
} theil_sen;

static int by_value(const void *left, const void *right)
{
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static bool theil_sen_alarms(theil_sen *self, double t, double mb, double headroom)
{
  (void)headroom;
  if (!bucket_closes(&self->bucket, HOUR, t, mb)) {
    return false;
  }
  slide_in(self->floors, &self->count, TWO_DAYS, self->bucket.low);
  unsigned n = self->count, pairs = 0;
  if (n < TWO_DAYS / 2) {
    return false;
  }
  double slopes[TWO_DAYS * (TWO_DAYS - 1) / 2];
  for (unsigned i = 0; i < n; i++) {
    for (unsigned j = i + 1; j < n; j++) {
      slopes[pairs++] = (self->floors[j] - self->floors[i]) / (j - i);
    }
  }
  qsort(slopes, pairs, sizeof slopes[0], by_value);
  double lower = (pairs - NORMAL_99 * concordance_deviation(n)) / 2.0;
  double growth = slopes[pairs / 2] * (n - 1);
  return slopes[lower > 0.0 ? (unsigned)lower : 0] > 0.5 && growth >= fmax(20.0, 0.02 * self->bucket.low);
}

/* CUSUM */
typedef struct cusum {
  bucket bucket;
  double last, spread, sum;
  unsigned floors;
} cusum;

/* The spread is the mean size of a step, forgotten within a day; 1.25 makes it a standard deviation. */
static bool cusum_alarms(cusum *self, double t, double mb, double headroom)
{
  (void)headroom;
  if (!bucket_closes(&self->bucket, HOUR, t, mb)) {
    return false;
  }
  double step = self->bucket.low - self->last;
  self->last = self->bucket.low;
  self->floors++;
  if (self->floors == 1) {
    return false;
  }
  self->spread = self->floors == 2 ? fabs(step) : self->spread;
  double z = fmax(-3.0, fmin(3.0, step / fmax(1.25 * self->spread, 0.5)));
  self->sum = fmax(0.0, self->sum + z - 0.5);
  self->spread += (fabs(step) - self->spread) / 24.0;
  return self->floors > 8 && self->sum > 8.0;
}

#define BASELINE(rule, text)                                                                                 \
  static void rule##_init(void *state)                                                                       \
  {                                                                                                          \
    memset(state, 0, sizeof(rule));                                                                          \
  }                                                                                                          \
  static int rule##_step(void *state, const void *settings, int64_t t_ms, uint64_t bytes, uint64_t headroom) \
  {                                                                                                          \
    (void)settings;                                                                                          \
    double t = (double)t_ms / 1000.0, mb = (double)bytes / MB;                                               \
    return rule##_alarms(state, t, mb, (double)headroom / MB) ? JUDGE_LEAK : JUDGE_NONE;                     \
  }                                                                                                          \
  static int rule##_restart(void *state, const void *settings, int64_t t_ms)                                 \
  {                                                                                                          \
    (void)settings;                                                                                          \
    (void)t_ms;                                                                                              \
    rule##_init(state);                                                                                      \
    return JUDGE_NONE;                                                                                       \
  }                                                                                                          \
  const judge_candidate baseline_##rule = {.name = text,                                                     \
                                           .state_bytes = sizeof(rule),                                      \
                                           .init = rule##_init,                                              \
                                           .step = rule##_step,                                              \
                                           .restart = rule##_restart}

BASELINE(regression, "regression");
BASELINE(coroot, "coroot");
BASELINE(daintree, "daintree");
BASELINE(predict_linear, "predict-linear");
BASELINE(mann_kendall, "mann-kendall");
BASELINE(theil_sen, "theil-sen");
BASELINE(cusum, "cusum");
