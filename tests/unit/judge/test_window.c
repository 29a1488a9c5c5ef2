/* What is measured in a window, against the formulas written out plainly and against shapes whose answers
 * are known. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "bench.h"
#include "judge/window.h"

#define N SEEP_FLOORS_RING
#define LONG_LEVEL 2u

/* One sample a bucket: a bucket's floor is the value at its beginning. */
static void fill(seep_floors *floors, int64_t bucket_ms, unsigned buckets, double (*at)(double bucket))
{
  seep_floors_init(floors, (seep_mono){0}, bucket_ms, LONG_LEVEL);
  for (unsigned i = 0; i <= buckets; i++) {
    seep_floors_add(floors, (seep_mono){(int64_t)i * bucket_ms}, (float)at((double)i));
  }
}

static seep_window opened(const seep_floors *floors, unsigned level, unsigned count)
{
  seep_window window;
  assert_true(seep_window_open(&window, floors, level, count));
  seep_window_measure(&window);
  return window;
}

static bool near(double a, double b)
{
  return fabs(a - b) <= 1e-6 * (1.0 + fabs(b));
}

static uint64_t random_state = 4711;

static double any(double bucket)
{
  (void)bucket;
  return 1000.0 + floor(bench_random(&random_state) * 1000.0);
}

static double wander(double bucket)
{
  return 1000.0 + 10.0 * bucket + floor(bench_random(&random_state) * 200.0);
}

/* ---- the formulas ---- */

static double least_from(const float *low, unsigned from, unsigned count)
{
  double least = (double)low[from];
  for (unsigned i = from; i < count; i++) {
    least = (double)low[i] < least ? (double)low[i] : least;
  }
  return least;
}

static double between(const double *g, double place)
{
  double below = floor(place);
  double part = place - below;
  return part > 0.0 ? g[(unsigned)below] * (1.0 - part) + g[(unsigned)below + 1] * part : g[(unsigned)below];
}

static void check_measures(const seep_window *w)
{
  double g[N] = {0.0}, noise = 0.0;
  unsigned n = w->count;
  for (unsigned i = 0; i < n; i++) {
    g[i] = least_from(w->low, i, n);
    noise += ((double)w->low[i] - g[i]) / n;
    assert_true(w->g[i] == g[i]);
  }
  double rise = g[n - 1] - g[0], half = between(g, (n - 1) * 0.5), late = between(g, (n - 1) * 0.75);
  assert_true(near(w->rise, rise));
  assert_true(near(w->noise, noise));
  assert_true(near(seep_window_now(w), g[n - 1]));
  assert_true(near(seep_window_slope(w), rise / (w->hours_each * (n - 1))));
  if (half > g[0]) {
    assert_true(near(seep_window_second_half(w), fmin((g[n - 1] - half) / (half - g[0]), 99.0)));
  }
  if (rise > 0.0) {
    assert_true(near(seep_window_last_quarter(w), (g[n - 1] - late) / (rise / 4.0)));
  }
}

static double evenness(const double *g)
{
  double rise = g[N - 1] - g[0], squares = (g[1] - g[0]) * (g[1] - g[0]);
  for (unsigned i = 3; i < N; i += 2) {
    squares += (g[i] - g[i - 2]) * (g[i] - g[i - 2]);
  }
  return squares > 0.0 ? rise * rise / squares : 0.0;
}

static void test_random_windows_agree_with_the_formulas(void **state)
{
  (void)state;
  for (unsigned round = 0; round < 60; round++) {
    seep_floors floors;
    fill(&floors, HOUR, 40 + round * 7, round % 2 == 0 ? any : wander);
    for (unsigned level = 0; level < 5; level++) {
      unsigned have = seep_floors_count(&floors, level);
      for (unsigned count = 2; count <= have; count++) {
        seep_window window = opened(&floors, level, count);
        assert_int_equal(window.level, level);
        assert_true(near(window.hours_each, 1 << level));
        check_measures(&window);
        assert_true(count < N || near(window.even, evenness(window.g)));
      }
      double rise = have > 1 ? opened(&floors, level, have).rise : 0.0;
      assert_true(near(seep_window_rise(&floors, level), rise));
    }
  }
}

static void test_a_cut_is_the_window_of_so_many_buckets(void **state)
{
  (void)state;
  seep_floors floors;
  fill(&floors, HOUR, 100, wander);
  seep_window whole = opened(&floors, 1, N);
  for (unsigned count = 2; count <= N; count++) {
    seep_window cut, direct = opened(&floors, 1, count);
    seep_window_cut(&cut, &whole, count);
    seep_window_measure(&cut);
    check_measures(&cut);
    assert_true(cut.rise == direct.rise && cut.noise == direct.noise && cut.even == direct.even);
  }
}

static void test_there_is_no_window_of_what_is_not_there(void **state)
{
  (void)state;
  seep_floors floors;
  seep_window window;
  seep_floors_init(&floors, (seep_mono){0}, HOUR, LONG_LEVEL);
  assert_false(seep_window_open(&window, &floors, 0, 2));
  assert_true(seep_window_rise(&floors, 0) == 0.0);
  fill(&floors, HOUR, 5, any);
  assert_true(seep_window_open(&window, &floors, 0, 5));
  assert_false(seep_window_open(&window, &floors, 0, 6));
  assert_false(seep_window_open(&window, &floors, 0, 1));
  assert_false(seep_window_open(&window, &floors, 0, 0));
  assert_false(seep_window_open(&window, &floors, 3, 2));
}

/* ---- shapes ---- */

static double line(double t)
{
  return 1000.0 + 64.0 * t;
}

static double root(double t)
{
  return 1000.0 + 4096.0 * sqrt(t);
}

static double logarithm(double t)
{
  return 1000.0 + 4096.0 * log(1.0 + t);
}

static double filling(double t)
{
  return 1000.0 + 4096.0 * (1.0 - exp(-t / 100.0));
}

static double late_step(double t)
{
  return t < 1018.0 ? 1000.0 : 5000.0;
}

static double teeth(double t)
{
  return 1000.0 + 100.0 * fmod(t, 7.0);
}

static double flat(double t)
{
  (void)t;
  return 1000.0;
}

static const struct {
  double (*at)(double t);
  double even[2], second_half[2], last_quarter[2],
      age[2]; /* at least and at most; age of 1024, the rest of 16 */
} shapes[] = {
    {line, {7.7, 8.0}, {0.99, 1.01}, {0.99, 1.01}, {1.99, 2.01}},
    {root, {7.5, 7.9}, {0.95, 1.0}, {0.95, 1.0}, {1.33, 1.42}},
    {logarithm, {7.5, 7.9}, {0.95, 1.0}, {0.95, 1.0}, {0.88, 1.01}},
    {filling, {6.0, 8.0}, {0.85, 1.0}, {0.8, 1.0}, {0.0, 0.1}},
    {late_step, {0.9, 1.1}, {99.0, 99.0}, {0.0, 4.0}, {0.0, 99.0}},
    {flat, {0.0, 0.0}, {0.0, 0.0}, {0.0, 0.0}, {0.0, 0.0}},
};

static void assert_within(double value, const double *bounds)
{
  if (value < bounds[0] || value > bounds[1]) {
    fail_msg("%g is not within %g and %g", value, bounds[0], bounds[1]);
  }
}

static void test_known_shapes_have_known_measures(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    seep_floors floors;
    fill(&floors, MINUTE, 1024, shapes[i].at);
    seep_window window = opened(&floors, 0, N);
    assert_within(window.even, shapes[i].even);
    assert_within(seep_window_second_half(&window), shapes[i].second_half);
    assert_within(seep_window_last_quarter(&window), shapes[i].last_quarter);
    assert_within(seep_window_age_ratio(&floors, -1.0), shapes[i].age);
    assert_true(window.noise == 0.0);
  }
}

static void test_teeth_are_noise_and_no_rise(void **state)
{
  (void)state;
  seep_floors floors;
  fill(&floors, MINUTE, 1024, teeth);
  seep_window window = opened(&floors, 3, N); /* of 8 buckets: each sees a trough */
  assert_true(window.rise == 0.0 && window.noise == 0.0 && window.even == 0.0);
  window = opened(&floors, 0, N);
  assert_true(window.noise > 100.0);
  assert_true(window.rise < 700.0);
}

static void test_a_line_has_its_slope_on_every_level(void **state)
{
  (void)state;
  seep_floors floors;
  fill(&floors, MINUTE, 20000, line);
  for (unsigned level = 0; level < 11; level++) {
    seep_window window = opened(&floors, level, seep_floors_count(&floors, level));
    assert_true(near(seep_window_slope(&window), 64.0 * 60.0));
    seep_shape shape;
    seep_window_describe(&window, &floors, &shape);
    assert_int_equal(shape.window_ms, (int64_t)window.count * (MINUTE << level));
    assert_true(near(shape.slope_per_hour, 64.0 * 60.0));
    assert_true(near((double)(shape.floors[8] - shape.floors[0]), shape.rise));
    assert_true(near((double)(shape.floors[4] - shape.floors[0]), shape.rise / 2.0));
  }
}

/* ---- the time before, the age, the day ---- */

static void check_before(const seep_floors *floors, const float *low, const float *high, unsigned buckets,
                         unsigned level, unsigned count)
{
  seep_window window = opened(floors, level, count);
  double floor_before = seep_window_before(&window, floors, false),
         peak_before = seep_window_before(&window, floors, true), held = -1.0, peak = -1.0;
  unsigned covered = (seep_floors_count(floors, level) == 0 ? 0 : (buckets >> level) - count) << level;
  for (unsigned i = 0; i < covered; i++) {
    held = (double)low[i] > held ? (double)low[i] : held;
    peak = (double)high[i] > peak ? (double)high[i] : peak;
  }
  assert_true(floor_before <= held && peak_before <= peak); /* nothing from inside the window */
}

static void test_the_time_before_is_never_inside_the_window(void **state)
{
  (void)state;
  for (unsigned round = 0; round < 40; round++) {
    static float low[1200];
    seep_floors floors;
    unsigned buckets = 100 + round * 27;
    seep_floors_init(&floors, (seep_mono){0}, MINUTE, LONG_LEVEL);
    for (unsigned i = 0; i <= buckets; i++) {
      low[i] = (float)wander((double)(i * i % 977));
      seep_floors_add(&floors, (seep_mono){(int64_t)i * MINUTE}, low[i]);
    }
    for (unsigned level = 0; level < 4; level++) {
      unsigned have = seep_floors_count(&floors, level);
      for (unsigned count = 2; count <= have; count += 2) {
        check_before(&floors, low, low, buckets, level, count);
      }
    }
  }
}

static double once_high(double t)
{
  return t >= 256.0 && t < 512.0 ? 9000.0 : 1000.0 + t;
}

static double once_a_spike(double t)
{
  return t == 300.0 ? 9000.0 : 1000.0 + t;
}

static void test_what_was_held_before_is_found_as_a_floor_and_as_a_peak(void **state)
{
  (void)state;
  seep_floors floors;
  fill(&floors, MINUTE, 1024, once_high);
  for (unsigned level = 0; level < 4; level++) {
    seep_window window = opened(&floors, level, N);
    assert_true(seep_window_before(&window, &floors, false) == 9000.0);
    assert_true(seep_window_before(&window, &floors, true) == 9000.0);
  }
  fill(&floors, MINUTE, 1024, once_a_spike);
  seep_window window = opened(&floors, 0, N);
  assert_true(seep_window_before(&window, &floors, false) < 2100.0);
  assert_true(seep_window_before(&window, &floors, true) == 9000.0);
}

static void test_nothing_is_known_of_the_time_before_the_first_window(void **state)
{
  (void)state;
  seep_floors floors;
  fill(&floors, MINUTE, N, line);
  seep_window window = opened(&floors, 0, N);
  assert_true(seep_window_before(&window, &floors, false) < 0.0);
  assert_true(seep_window_before(&window, &floors, true) < 0.0);
}

static void test_a_short_life_has_no_age(void **state)
{
  (void)state;
  seep_floors floors;
  fill(&floors, MINUTE, 7, line);
  assert_true(seep_window_age_ratio(&floors, -1.0) == 0.0);
  fill(&floors, MINUTE, 8, line);
  assert_true(near(seep_window_age_ratio(&floors, -1.0), 2.0));
  assert_true(near(seep_window_age_ratio(&floors, line(7.0) + 64.0), 2.5)); /* one bucket more in the half */
}

/* Of buckets of 15 minutes; those of the long level are an hour. */
static double by_day(double t)
{
  double days = floor(t / 96.0), hour = fmod(t, 96.0) / 4.0;
  double done = hour < 8.0 ? 0.0 : hour > 18.0 ? 1.0 : (hour - 8.0) / 10.0;
  return 1000.0 + 500.0 * (days + done);
}

static void test_growth_of_working_hours_falls_into_half_of_the_day(void **state)
{
  (void)state;
  seep_floors floors;
  fill(&floors, 15 * MINUTE, 96 * 5, by_day);
  assert_true(seep_window_daily_share(&floors) > 0.99);
  fill(&floors, 15 * MINUTE, 96 * 5, line);
  double share = seep_window_daily_share(&floors);
  assert_true(share >= 0.5 && share < 0.65);
  fill(&floors, 15 * MINUTE, 96 * 5, flat);
  assert_true(seep_window_daily_share(&floors) == 0.0);
}

static void test_buckets_that_are_no_part_of_a_day_know_no_days(void **state)
{
  (void)state;
  seep_floors floors;
  fill(&floors, 15 * MINUTE, 4 * 29, by_day); /* not yet a day and a quarter */
  assert_true(seep_window_daily_share(&floors) == 0.0);
  fill(&floors, MINUTE, 10000, line);
  assert_true(seep_window_daily_share(&floors) == 0.0);
  fill(&floors, 2 * HOUR, 10000, line);
  assert_true(seep_window_daily_share(&floors) == 0.0);
}

/* ---- extremes ---- */

static double nothing(double t)
{
  (void)t;
  return 0.0;
}

static double to_the_top(double t)
{
  return 18446744073709551616.0 / 1024.0 * t;
}

static double all_or_nothing(double t)
{
  return fmod(t, 2.0) < 1.0 ? 0.0 : 9223372036854775808.0;
}

static double down_from_the_top(double t)
{
  return 18446744073709551616.0 / (1.0 + t);
}

static double tiny(double t)
{
  return (double)FLT_MIN * t;
}

static double large(double t)
{
  return 1e34 * t;
}

static void test_extremes_are_only_numbers(void **state)
{
  (void)state;
  static double (*const all[])(double) = {nothing,           to_the_top, all_or_nothing,
                                          down_from_the_top, tiny,       large};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    seep_floors floors;
    fill(&floors, 15 * MINUTE, 1024, all[i]);
    for (unsigned level = 0; level < 6; level++) {
      seep_window window = opened(&floors, level, N);
      check_measures(&window);
      seep_shape shape;
      seep_window_describe(&window, &floors, &shape);
      assert_true(fabs(shape.slope_per_hour) <= DBL_MAX && shape.rise >= 0.0 && shape.rise <= DBL_MAX);
      assert_true(window.even >= 0.0 && window.even <= 8.001);
      assert_true((double)shape.daily_share >= 0.0 && (double)shape.daily_share <= 1.001);
      double age = seep_window_age_ratio(&floors, -1.0);
      assert_true(age >= 0.0 && age <= 99.0);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_windows_agree_with_the_formulas),
      cmocka_unit_test(test_a_cut_is_the_window_of_so_many_buckets),
      cmocka_unit_test(test_there_is_no_window_of_what_is_not_there),
      cmocka_unit_test(test_known_shapes_have_known_measures),
      cmocka_unit_test(test_teeth_are_noise_and_no_rise),
      cmocka_unit_test(test_a_line_has_its_slope_on_every_level),
      cmocka_unit_test(test_the_time_before_is_never_inside_the_window),
      cmocka_unit_test(test_what_was_held_before_is_found_as_a_floor_and_as_a_peak),
      cmocka_unit_test(test_nothing_is_known_of_the_time_before_the_first_window),
      cmocka_unit_test(test_a_short_life_has_no_age),
      cmocka_unit_test(test_growth_of_working_hours_falls_into_half_of_the_day),
      cmocka_unit_test(test_buckets_that_are_no_part_of_a_day_know_no_days),
      cmocka_unit_test(test_extremes_are_only_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
