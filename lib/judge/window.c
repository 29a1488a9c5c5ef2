/*
 * The arithmetic behind judge/window.h. The hot path opens and measures a window of sixteen floors about once
 * a minute and process; everything else is asked only of windows that rise.
 */
#include "judge/window.h"

#include <string.h>

#define HUGE_RATIO 99.0
#define LEAST_PARTS_OF_LIFE 8

/* A day has 24 bins. A floor of the level from which leaks are confirmed must be about as long as a bin, and
 * there must be more than a day of them. */
#define DAY_BINS 24u
#define LEAST_BIN_HOURS 0.4
#define MOST_BIN_HOURS 2.1
#define LEAST_DAYS_HOURS 30.0

static double least(double a, double b)
{
  return a < b ? a : b;
}

static double most(double a, double b)
{
  return a > b ? a : b;
}

void seep_window_unreleased(const float *low, unsigned count, double *g)
{
  g[count - 1] = (double)low[count - 1];
  for (unsigned i = count - 1; i-- > 0;) {
    g[i] = least((double)low[i], g[i + 1]);
  }
}

double seep_window_at(const double *g, unsigned count, double place)
{
  unsigned i = place > 0.0 ? (unsigned)place : 0;
  i = i < count - 2 ? i : count - 2;
  return g[i] + (place - (double)i) * (g[i + 1] - g[i]);
}

static double ratio(double a, double b)
{
  if (b > 0.0) {
    return least(a / b, HUGE_RATIO);
  }
  return a > 0.0 ? HUGE_RATIO : 0.0;
}

/* Four chains, so that a comparison need not wait for the one before; their order does not matter. */
static float lowest_of(const float *low)
{
  float a = low[0], b = low[1], c = low[2], d = low[3];
  for (unsigned i = 4; i < SEEP_FLOORS_RING; i += 4) {
    a = low[i] < a ? low[i] : a;
    b = low[i + 1] < b ? low[i + 1] : b;
    c = low[i + 2] < c ? low[i + 2] : c;
    d = low[i + 3] < d ? low[i + 3] : d;
  }
  a = b < a ? b : a;
  c = d < c ? d : c;
  return c < a ? c : a;
}

double seep_window_rise(const seep_floors *floors, unsigned level)
{
  const float *low = floors->low[level];
  unsigned count = seep_floors_count(floors, level);
  if (count == SEEP_FLOORS_RING) {
    return (double)seep_floors_low(floors, level, count - 1) - (double)lowest_of(low);
  }
  float lowest = low[0];
  for (unsigned i = 1; i < count; i++) {
    lowest = low[i] < lowest ? low[i] : lowest;
  }
  return count > 0 ? (double)low[count - 1] - (double)lowest : 0.0;
}

static bool copy_newest(float *out, const seep_floors *floors, unsigned level, unsigned count)
{
  float distant[SEEP_FLOORS_LONG];
  bool is_long = count > SEEP_FLOORS_RING && level == floors->long_level;
  unsigned have = is_long ? seep_floors_distant(floors, distant) : seep_floors_count(floors, level);
  for (unsigned i = 0; i < count && have >= count; i++) {
    unsigned from = have - count + i;
    out[i] = is_long ? distant[from] : seep_floors_low(floors, level, from);
  }
  return have >= count;
}

bool seep_window_open(seep_window *window, const seep_floors *floors, unsigned level, unsigned count)
{
  if (count < 2 || count > SEEP_WINDOW_BUCKETS || !copy_newest(window->low, floors, level, count)) {
    return false;
  }
  window->count = count;
  window->level = level;
  window->hours_each = seep_floors_bucket_hours(floors, level);
  seep_window_unreleased(window->low, count, window->g);
  window->rise = window->g[count - 1] - window->g[0];
  return true;
}

void seep_window_cut(seep_window *window, const seep_window *whole, unsigned count)
{
  unsigned skip = whole->count - count;
  window->count = count;
  window->level = whole->level;
  window->hours_each = whole->hours_each;
  memcpy(window->low, whole->low + skip, count * sizeof window->low[0]);
  memcpy(window->g, whole->g + skip, count * sizeof window->g[0]);
  window->rise = window->g[count - 1] - window->g[0];
}

/* Parts of two buckets each. */
void seep_window_measure(seep_window *window)
{
  unsigned n = window->count, parts = n / 2;
  double noise = 0.0, squares = 0.0, before = window->g[0];
  for (unsigned i = 0; i < n; i++) {
    noise += (double)window->low[i] - window->g[i];
  }
  for (unsigned part = 1; part <= parts; part++) {
    double after = window->g[(part * n + parts / 2) / parts - 1];
    squares += (after - before) * (after - before);
    before = after;
  }
  window->noise = noise / n;
  window->even = squares > 0.0 ? window->rise * window->rise / squares * SEEP_SHAPE_PARTS / parts : 0.0;
}

double seep_window_now(const seep_window *window)
{
  return window->g[window->count - 1];
}

double seep_window_slope(const seep_window *window)
{
  return window->rise / (window->hours_each * (window->count - 1));
}

double seep_window_second_half(const seep_window *window)
{
  double first = seep_window_at(window->g, window->count, (window->count - 1) * 0.5) - window->g[0];
  return ratio(window->rise - first, first);
}

double seep_window_last_quarter(const seep_window *window)
{
  double before = seep_window_at(window->g, window->count, (window->count - 1) * 0.75) - window->g[0];
  return ratio(window->rise - before, window->rise / 4.0);
}

double seep_window_before(const seep_window *window, const seep_floors *floors, bool peaks)
{
  double highest = -1.0;
  unsigned span = window->count << window->level;
  for (unsigned level = window->level + 1; level < SEEP_FLOORS_LEVELS; level++) {
    if (peaks && level % 2 == 0) {
      continue; /* the odd ones overlap */
    }
    unsigned covered = (span + (1u << level) - 1) >> level;
    unsigned count = seep_floors_count(floors, level);
    for (unsigned i = 0; i + covered < count; i++) {
      float held = peaks ? seep_floors_high(floors, level, i) : seep_floors_low(floors, level, i);
      highest = most(highest, (double)held);
    }
  }
  return highest;
}

double seep_window_age_ratio(const seep_floors *floors, double now)
{
  unsigned count = floors->life_count;
  if (count < LEAST_PARTS_OF_LIFE) {
    return 0.0;
  }
  double g[SEEP_FLOORS_LIFE];
  seep_window_unreleased(floors->life, count, g);
  double half = seep_window_at(g, count, 0.5 * count - 1.0),
         quarter = seep_window_at(g, count, 0.25 * count - 1.0);
  return ratio((now >= 0.0 ? now : g[count - 1]) - half, half - quarter);
}

double seep_window_daily_share(const seep_floors *floors)
{
  float low[SEEP_FLOORS_LONG];
  unsigned count = seep_floors_distant(floors, low);
  double hours_each = seep_floors_bucket_hours(floors, floors->long_level);
  if (hours_each < LEAST_BIN_HOURS || hours_each > MOST_BIN_HOURS || count * hours_each < LEAST_DAYS_HOURS) {
    return 0.0;
  }
  double g[SEEP_FLOORS_LONG], bins[DAY_BINS] = {0.0}, best = 0.0;
  seep_window_unreleased(low, count, g);
  for (unsigned i = 1; i < count; i++) {
    bins[(unsigned)(i * hours_each) % DAY_BINS] += g[i] - g[i - 1];
  }
  for (unsigned from = 0; from < DAY_BINS; from++) {
    double half_a_day = 0.0;
    for (unsigned hour = 0; hour < DAY_BINS / 2; hour++) {
      half_a_day += bins[(from + hour) % DAY_BINS];
    }
    best = most(best, half_a_day);
  }
  double all = g[count - 1] - g[0];
  return all > 0.0 ? best / all : 0.0;
}

/* 2^64, which is what a float makes of the greatest values, is no uint64_t. */
uint64_t seep_window_whole(double amount)
{
  if (amount >= 18446744073709551616.0) {
    return UINT64_MAX;
  }
  return amount > 0.0 ? (uint64_t)amount : 0;
}

void seep_window_describe(const seep_window *window, const seep_floors *floors, seep_shape *shape)
{
  shape->window_ms = (int64_t)window->count * seep_floors_bucket_ms(floors, window->level);
  shape->rise = window->rise;
  shape->slope_per_hour = seep_window_slope(window);
  shape->noise = (float)window->noise;
  shape->even_parts = (float)window->even;
  shape->age_ratio = (float)seep_window_age_ratio(floors, -1.0);
  shape->daily_share = (float)seep_window_daily_share(floors);
  for (unsigned part = 0; part <= SEEP_SHAPE_PARTS; part++) {
    double place = (double)part * (window->count - 1) / SEEP_SHAPE_PARTS;
    shape->floors[part] = (float)seep_window_at(window->g, window->count, place);
  }
}
