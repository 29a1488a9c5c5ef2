/*
 * Every test that a window is put to, once failing and once passing, with one thing different between the
 * two. Buckets of 15 minutes, proof from 16 h on: the same proportions as the shipped ones.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>

#include "bench.h"
#include "judge/trial.h"

#define BUCKET (15 * MINUTE)
#define LONG_LEVEL 2u
#define HOURS(h) ((unsigned)((h)*4))
#define DAYS(d) HOURS(24 * (d))

enum { LEAK, RAPID_NOW, RAPID_AMOUNT };

typedef enum varied { SERIES, GROWTH, SLOPE, HIGH_WATER, HEADROOM, BUCKETS } varied;

typedef struct scene {
  const char *what;
  seep_test fails;
  double (*at)(double hours, double parameter);
  unsigned question, level, buckets;
  double headroom;
  varied varied;
  double failing, passing;
} scene;

/* ---- series, by hours ---- */

static double line(double t, double per_hour)
{
  return 1000.0 + per_hour * t;
}

static double straight(double t, double ignored)
{
  (void)ignored;
  return line(t, 10.0);
}

/* A job that holds memory for every second hour: the floors of level 2 come and go. */
static double jobs(double t, double mb)
{
  return line(t, 10.0) + (fmod(t, 2.0) >= 1.0 ? mb : 0.0);
}

static double staircase(double t, double hours)
{
  return 1000.0 + 10.0 * hours * floor(t / hours);
}

/* Sixteen hours in which the rate falls from 1 + by to 1 - by. */
static double slowing(double t, double by)
{
  return 1000.0 + 10.0 * (t * (1.0 + by) - by * t * t / 16.0);
}

/* A fast third quarter of sixteen hours, and a last one at another rate. */
static double ending(double t, double last)
{
  double fast = 10.0 * 1.3 * (fmin(fmax(t, 8.0), 12.0) - 8.0), end = 10.0 * last * (fmax(t, 12.0) - 12.0);
  return 1000.0 + 10.0 * fmin(t, 8.0) + fast + end;
}

static double power(double t, double exponent)
{
  return 1000.0 + 1000.0 * pow(t, exponent);
}

/* Ten days of rest, and something that was held on the third of them. */
static double late(double t, double once)
{
  bool held = t >= 48.0 && t < 72.0;
  return 1000.0 + (held ? once : 0.0) + 10.0 * fmax(t - 240.0, 0.0);
}

/* Gives something back on the tenth day and takes it again, and more. */
static double taken_back(double t, double per_hour)
{
  return t < 216.0 ? 1000.0 : 900.0 + per_hour * fmax(t - 240.0, 0.0);
}

/* Loses half, and after a day climbs to that much within sixteen hours. */
static double regained(double t, double to)
{
  return t < 216.0 ? 1000.0 : 500.0 + (to - 500.0) * fmax(t - 240.0, 0.0) / 16.0;
}

static double peak_before(double t, double height)
{
  return 1000.0 + (t == 200.0 ? height : 0.0) + 100.0 * fmax(t - 240.0, 0.0);
}

/* Twelve hours of the day, and how much of that in the other twelve. */
static double daily(double t, double at_night)
{
  double days = floor(t / 24.0), hour = fmod(t, 24.0);
  return 1000.0 +
         10.0 * (days * 12.0 * (1.0 + at_night) + fmin(hour, 12.0) + at_night * fmax(hour - 12.0, 0.0));
}

/* ---- the scenes ---- */

static const scene scenes[] = {
    {"too short", SEEP_TEST_WATCHED, straight, LEAK, 2, 0, -1, BUCKETS, HOURS(15), HOURS(16)},
    {"little growth", SEEP_TEST_GROWTH, straight, LEAK, 2, HOURS(16), -1, GROWTH, 151.0, 149.0},
    {"little for its level", SEEP_TEST_GROWTH, line, LEAK, 2, HOURS(16), -1, SERIES, 0.3, 0.4},
    {"slow", SEEP_TEST_SLOPE, straight, LEAK, 2, HOURS(16), -1, SLOPE, 10.1, 9.9},
    {"noise", SEEP_TEST_NOISE, jobs, LEAK, 2, HOURS(17), -1, SERIES, 100.0, 5.0},
    {"few steps", SEEP_TEST_EVEN, staircase, LEAK, 2, HOURS(16), -1, SERIES, 4.0, 1.0},
    {"slowing", SEEP_TEST_FADING, slowing, LEAK, 2, HOURS(16), -1, SERIES, 0.2, 0.02},
    {"ends slowly", SEEP_TEST_FADING, ending, LEAK, 2, HOURS(16), -1, SERIES, 0.7, 1.1},
    {"fills up", SEEP_TEST_AGE, power, LEAK, 2, DAYS(10), -1, SERIES, 0.5, 1.0},
    {"fills up", SEEP_TEST_AGE, power, LEAK, 3, DAYS(6), -1, SERIES, 0.4, 1.0},
    {"fills up, suspicion", SEEP_TEST_AGE, power, LEAK, 1, DAYS(5), -1, SERIES, 0.3, 1.0},
    {"held before", SEEP_TEST_NEW, late, LEAK, 2, DAYS(10) + HOURS(16), -1, SERIES, 5000.0, 0.0},
    {"old ground", SEEP_TEST_NEW, taken_back, LEAK, 3, DAYS(10) + HOURS(32), -1, SERIES, 8.0, 11.0},
    {"fills up", SEEP_TEST_AGE, power, LEAK, 4, DAYS(10), -1, SERIES, 0.3, 1.0},
    {"a case before", SEEP_TEST_NEW, straight, LEAK, 2, HOURS(16), -1, HIGH_WATER, 1140.0, 1130.0},
    {"working days", SEEP_TEST_DAILY, daily, LEAK, 4, DAYS(4), -1, SERIES, 0.15, 0.6},
    {"held before, suspicion", SEEP_TEST_NEW, peak_before, LEAK, 1, DAYS(10) + HOURS(8), -1, SERIES, 5000.0,
     0.0},
    {"too short", SEEP_TEST_WATCHED, straight, RAPID_NOW, 0, 0, 100, BUCKETS, 11, 12},
    {"plenty left", SEEP_TEST_STAKE, straight, RAPID_NOW, 0, HOURS(8), 0, HEADROOM, 1000.0, 100.0},
    {"nobody knows", SEEP_TEST_STAKE, straight, RAPID_NOW, 0, HOURS(8), 0, HEADROOM, -1.0, 0.0},
    {"fills up", SEEP_TEST_AGE, power, RAPID_NOW, 0, HOURS(24), 20, SERIES, 0.15, 1.0},
    {"peak before", SEEP_TEST_NEW, peak_before, RAPID_NOW, 0, DAYS(10) + HOURS(3), 1000, SERIES, 2000.0, 0.0},
    {"few steps", SEEP_TEST_EVEN, staircase, RAPID_NOW, 0, HOURS(12), 20, SERIES, 1.0, 0.25},
    {"too short", SEEP_TEST_WATCHED, straight, RAPID_AMOUNT, 1, 0, 10, BUCKETS, 15, 16},
    {"plenty left", SEEP_TEST_STAKE, straight, RAPID_AMOUNT, 2, HOURS(16), 0, HEADROOM, 1500.0, 1000.0},
    {"nobody knows", SEEP_TEST_STAKE, straight, RAPID_AMOUNT, 2, HOURS(16), 0, HEADROOM, -1.0, 0.0},
    {"mostly old ground", SEEP_TEST_STAKE, regained, RAPID_AMOUNT, 2, DAYS(10) + HOURS(16), 5000, SERIES,
     1200.0, 1800.0},
    {"one step", SEEP_TEST_EVEN, staircase, RAPID_AMOUNT, 2, HOURS(36), 100, SERIES, 16.0, 1.0},
    {"peak before", SEEP_TEST_NEW, peak_before, RAPID_AMOUNT, 2, DAYS(10) + HOURS(16), 1000, SERIES, 5000.0,
     0.0},
    {"a case before", SEEP_TEST_NEW, straight, RAPID_AMOUNT, 2, HOURS(16), 1000, HIGH_WATER, 1160.0, 1100.0},
};

static seep_trial put(const scene *it, double with)
{
  static seep_floors floors;
  double parameter = it->varied == SERIES ? with : 0.0;
  unsigned buckets = it->varied == BUCKETS ? (unsigned)with : it->buckets;
  seep_floors_init(&floors, (seep_mono){0}, BUCKET, LONG_LEVEL);
  for (unsigned i = 0; i <= buckets; i++) {
    seep_floors_add(&floors, (seep_mono){i * BUCKET}, (float)it->at(i / 4.0, parameter));
  }
  seep_trial trial = {.floors = &floors,
                      .proof = SEEP_FLOORS_RING,
                      .minimum_growth = it->varied == GROWTH ? with : 0.0,
                      .minimum_slope_per_hour = it->varied == SLOPE ? with : 0.0,
                      .high_water = it->varied == HIGH_WATER ? with : 0.0,
                      .headroom = it->varied == HEADROOM ? with : it->headroom,
                      .thorough = true};
  double from;
  bool passed = it->question == LEAK        ? seep_trial_leak(&trial, it->level)
                : it->question == RAPID_NOW ? seep_trial_rapid_now(&trial)
                                            : seep_trial_rapid_amount(&trial, it->level, &from);
  assert_true(passed == (trial.failed == SEEP_TEST_PASSED));
  return trial;
}

static void test_each_test_fails_for_its_own_reason_and_its_twin_passes(void **state)
{
  (void)state;
  unsigned wrong = 0;
  for (unsigned i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
    const scene *it = &scenes[i];
    seep_trial fails = put(it, it->failing), passes = put(it, it->passing);
    if (fails.failed != it->fails || passes.failed != SEEP_TEST_PASSED) {
      print_error("%s: test %d instead of %d (%g, needed %g); the twin %d (%g, needed %g)\n", it->what,
                  (int)fails.failed, (int)it->fails, fails.measured, fails.needed, (int)passes.failed,
                  passes.measured, passes.needed);
      wrong++;
      continue;
    }
    assert_true(it->fails == SEEP_TEST_DAILY ? fails.measured >= fails.needed
                                             : fails.measured < fails.needed);
  }
  assert_int_equal(wrong, 0);
}

static void test_every_test_is_among_the_scenes(void **state)
{
  (void)state;
  for (unsigned test = 0; test < SEEP_TEST_AGAIN; test++) { /* AGAIN is the detector's to put */
    bool there = false;
    for (unsigned i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
      there = there || scenes[i].fails == (seep_test)test;
    }
    assert_true(there);
  }
}

/* Which closes of level 5 (8 h) let a step a day pass, between these two ages? */
static unsigned daily_steps_that_pass(unsigned from_buckets, unsigned to_buckets)
{
  scene once_a_day = {"", SEEP_TEST_DAILY, staircase, LEAK, 5, 0, -1, SERIES, 0, 0};
  unsigned passed = 0;
  for (once_a_day.buckets = from_buckets; once_a_day.buckets <= to_buckets; once_a_day.buckets += HOURS(8)) {
    passed += put(&once_a_day, 24.0).failed == SEEP_TEST_PASSED;
  }
  return passed;
}

/* Steps of a working week end with it; those that go on for longer are a leak. */
static void test_a_daily_step_counts_after_many_days(void **state)
{
  (void)state;
  assert_int_equal(daily_steps_that_pass(HOURS(8), HOURS(112)), 0);
  assert_true(daily_steps_that_pass(DAYS(6), DAYS(24)) > 10);
}

/* Nobody may wait to see old ground left behind when half of what there is is gone. */
static void test_old_ground_is_news_when_half_of_the_headroom_is_gone(void **state)
{
  (void)state;
  scene again = {"", SEEP_TEST_NEW, straight, RAPID_AMOUNT, 2, HOURS(16), 1000, HIGH_WATER, 0, 0};
  assert_int_equal(put(&again, 5000.0).failed, SEEP_TEST_NEW);
  again.headroom = 50.0;
  assert_int_equal(put(&again, 5000.0).failed, SEEP_TEST_PASSED);
}

/* What alarms is less than what is danger, and that is asked of any two values. */
static void test_danger_is_a_share_of_the_headroom(void **state)
{
  (void)state;
  const seep_trial known = {.headroom = 1000.0}, unknown = {.headroom = -1.0};
  bool before = false;
  for (double now = 0.0; now < 1000.0; now += 1.0) {
    bool danger = seep_trial_is_danger(&known, 100.0, now);
    assert_true(danger || !before);
    assert_true(danger == seep_trial_is_danger(&known, 0.0, now - 100.0));
    assert_false(seep_trial_is_danger(&unknown, 0.0, now));
    before = danger;
  }
  assert_true(before);
  assert_false(seep_trial_is_danger(&known, 100.0, 160.0));
}

static void test_what_takes_months_is_no_rapid_growth(void **state)
{
  (void)state;
  static const scene months = {"", SEEP_TEST_STAKE, straight, RAPID_AMOUNT, 9, 16384, 100, GROWTH, 0, 0};
  scene longer = months;
  longer.level = 10;
  assert_int_equal(put(&months, 0.0).failed, SEEP_TEST_PASSED);
  assert_int_not_equal(put(&longer, 0.0).failed, SEEP_TEST_PASSED);
}

static void test_later_levels_ask_for_more_closes(void **state)
{
  (void)state;
  seep_floors floors;
  seep_floors_init(&floors, (seep_mono){0}, BUCKET, LONG_LEVEL);
  assert_true(seep_trial_closes(&floors, LONG_LEVEL) >= 2);
  for (unsigned level = LONG_LEVEL; level + 1 < SEEP_FLOORS_LEVELS; level++) {
    assert_true(seep_trial_closes(&floors, level + 1) >= seep_trial_closes(&floors, level));
  }
}

/* Random series of every kind: whatever passes has grown by the least that counts, as fast as counts. */
static void test_nothing_below_the_least_that_counts_passes(void **state)
{
  (void)state;
  uint64_t random = 2024;
  unsigned passed = 0;
  for (unsigned round = 0; round < 400; round++) {
    static double per_hour, wobble;
    per_hour = 20.0 * bench_random(&random);
    wobble = 20.0 * bench_random(&random);
    seep_floors floors;
    seep_floors_init(&floors, (seep_mono){0}, BUCKET, LONG_LEVEL);
    for (unsigned i = 0; i < 500; i++) {
      double value = 1000.0 + per_hour * i / 4.0 + wobble * bench_random(&random);
      seep_floors_add(&floors, (seep_mono){i * BUCKET}, (float)value);
    }
    seep_trial trial = {.floors = &floors,
                        .proof = SEEP_FLOORS_RING,
                        .minimum_growth = 100.0 * bench_random(&random),
                        .minimum_slope_per_hour = 20.0 * bench_random(&random),
                        .headroom = 200.0 * bench_random(&random)};
    double from;
    for (unsigned level = 0; level < 6; level++) {
      for (unsigned question = LEAK; question <= RAPID_AMOUNT; question++) {
        bool pass = question == LEAK        ? seep_trial_leak(&trial, level)
                    : question == RAPID_NOW ? seep_trial_rapid_now(&trial)
                                            : seep_trial_rapid_amount(&trial, level, &from);
        passed += pass;
        assert_true(!pass || (trial.window.rise >= trial.minimum_growth && trial.window.rise > 0.0 &&
                              seep_window_slope(&trial.window) >= trial.minimum_slope_per_hour));
      }
    }
  }
  assert_true(passed > 100);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_test_fails_for_its_own_reason_and_its_twin_passes),
      cmocka_unit_test(test_every_test_is_among_the_scenes),
      cmocka_unit_test(test_a_daily_step_counts_after_many_days),
      cmocka_unit_test(test_old_ground_is_news_when_half_of_the_headroom_is_gone),
      cmocka_unit_test(test_danger_is_a_share_of_the_headroom),
      cmocka_unit_test(test_what_takes_months_is_no_rapid_growth),
      cmocka_unit_test(test_later_levels_ask_for_more_closes),
      cmocka_unit_test(test_nothing_below_the_least_that_counts_passes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
