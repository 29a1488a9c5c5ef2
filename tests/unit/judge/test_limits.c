/* What the detector keeps to whatever it is given: the least that counts, its size, the same answers to the
 * same samples, and defined behaviour at the end of every range. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "bench.h"

static_assert(sizeof(seep_detector) <= 2048, "hundreds of processes are watched at once");

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- the least that counts ---- */

static void test_nothing_slower_than_the_minimum_slope_is_suspected_or_called(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 24; i++) {
    bench b;
    bench_set_up(&b);
    b.poll_ms = 2 * MINUTE;
    b.room = b.value + 10.0 * MB;
    b.settings.minimum_slope_per_hour = 4.0 * MB;
    bench_run(&b, 12 * DAY, 4.0 * MB * (0.04 + 0.95 * i / 23.0));
    assert_string_equal(b.trace, "");
  }
  bench b;
  bench_set_up(&b);
  b.settings.minimum_slope_per_hour = 4.0 * MB;
  bench_run(&b, 3 * DAY, 4.04 * MB);
  assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
}

static void test_nothing_that_grows_by_less_than_the_minimum_is_suspected_or_called(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 40; i++) {
    double per_hour = MB * pow(2.0, i / 4.0 - 2.0);
    bench b;
    bench_set_up(&b);
    b.poll_ms = MINUTE;
    b.settings.minimum_growth = 100.0 * MB;
    b.room = b.value + 101.0 * MB;
    bench_run(&b, 6 * HOUR, 0.0);
    bench_run(&b, (int64_t)(99.0 * MB / per_hour * (double)HOUR), per_hour);
    bench_run(&b, 2 * DAY, 0.0);
    assert_string_equal(b.trace, "");
  }
  bench b;
  bench_set_up(&b);
  b.settings.minimum_growth = 100.0 * MB;
  bench_run(&b, 3 * DAY, 10.0 * MB);
  assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
}

static void test_a_figure_that_rests_is_never_called_even_if_nothing_is_the_least(void **state)
{
  (void)state;
  static const double values[] = {0.0, 1.0, 500.0 * MB, 1e18};
  for (size_t i = 0; i < COUNT(values); i++) {
    bench b;
    bench_set_up(&b);
    b.value = values[i];
    b.room = values[i];
    b.settings.minimum_growth = b.settings.minimum_slope_per_hour = 0.0;
    bench_run(&b, 5 * DAY, 0.0);
    assert_string_equal(b.trace, "");
  }
}

/* ---- determinism ---- */

/* Something of everything, from a seed. */
static seep_verdict wander(bench *b, uint64_t *random)
{
  double chance = bench_random(random);
  b->value += chance < 0.5 ? 200000.0 : 0.0;
  b->value -= chance > 0.9999 ? b->value / 2.0 : 0.0;
  b->value += chance > 0.999 ? 20.0 * MB : 0.0;
  b->now_ms += chance > 0.9998 ? DAY : 0;
  return bench_step(b);
}

static void test_the_same_samples_get_the_same_answers(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 4; seed++) {
    bench one, two;
    uint64_t random_one = seed, random_two = seed;
    memset(&two, 0xa5, sizeof two); /* nothing of the memory's past may count */
    bench_set_up(&one);
    bench_set_up(&two);
    one.room = two.room = 4.0 * GB;
    for (unsigned i = 0; i < 40000; i++) {
      assert_int_equal(wander(&one, &random_one), wander(&two, &random_two));
    }
    assert_memory_equal(&one.detector, &two.detector, sizeof one.detector);
    assert_true(one.trace[0] != '\0');
  }
}

static void test_explaining_changes_nothing_and_may_be_asked_at_any_time(void **state)
{
  (void)state;
  bench b;
  uint64_t random = 5;
  bench_set_up(&b);
  for (unsigned i = 0; i < 20000; i++) {
    wander(&b, &random);
    if (i % 97 == 0) {
      seep_explanation why;
      seep_detector before = b.detector;
      seep_detector_explain(&b.detector, &b.settings, i % 2 == 0 ? 100000 : SEEP_HEADROOM_UNKNOWN, &why);
      assert_memory_equal(&before, &b.detector, sizeof before);
      assert_int_equal(why.level, b.detector.level);
      assert_in_range(why.leak.failed, SEEP_TEST_WATCHED, SEEP_TEST_PASSED);
      assert_in_range(why.rapid.failed, SEEP_TEST_WATCHED, SEEP_TEST_PASSED);
    }
  }
}

/* ---- the ends of the ranges ---- */

static void assert_sound(const bench *b)
{
  const seep_finding *found = &b->detector.finding;
  assert_true(fabs(found->slope_per_hour) <= DBL_MAX && found->slope_low_per_hour >= 0.0);
  assert_true(found->slope_low_per_hour <= found->slope_per_hour);
  assert_true(found->slope_high_per_hour >= found->slope_per_hour);
  assert_true(found->confidence >= 0.0f && found->confidence <= 1.0f);
}

/* All of time in some thousand samples, from each of ten moments on. */
static void through_all_time(const seep_detector_settings *settings)
{
  static const uint64_t values[] = {0, 1, UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 63, 4711};
  static const uint64_t rooms[] = {0, 1, UINT64_MAX - 1, SEEP_HEADROOM_UNKNOWN, UINT64_C(1) << 63};
  static const int64_t moments[] = {INT64_MIN, -1, 0, 1, 60000, 120000, INT64_MAX - 60000, INT64_MAX};
  for (size_t start = 0; start + 1 < COUNT(moments); start++) {
    bench b;
    bench_set_up(&b);
    seep_detector_init(&b.detector, (seep_mono){moments[start]}, (double)FLT_MAX);
    for (size_t m = start; m + 1 < COUNT(moments); m++) {
      uint64_t span = (uint64_t)moments[m + 1] - (uint64_t)moments[m];
      for (uint64_t i = 0; i < 120; i++) {
        seep_mono now = {(int64_t)((uint64_t)moments[m] + span / 120 * i)};
        seep_explanation why;
        seep_detector_step(&b.detector, settings, now, values[i % 6], rooms[i % 5], i % 2 == 0);
        seep_detector_explain(&b.detector, settings, rooms[i % 5], &why);
      }
    }
    assert_sound(&b);
  }
}

static void test_settings_from_the_ends_of_their_ranges(void **state)
{
  (void)state;
  static const int64_t buckets_ms[] = {INT64_MIN,        -1,       0, 1, 60000, INT64_C(1) << 40,
                                       INT64_C(1) << 52, INT64_MAX};
  static const int64_t observations_ms[] = {INT64_MIN, 0, 1, 61200000, INT64_C(1) << 50, INT64_MAX};
  static const double least[] = {0.0, -1.0, DBL_MAX, (double)INFINITY, (double)NAN};
  for (size_t i = 0; i < COUNT(buckets_ms); i++) {
    for (size_t k = 0; k < COUNT(observations_ms); k++) {
      double minimum = least[(i + k) % COUNT(least)];
      const seep_detector_settings settings = {buckets_ms[i], observations_ms[k], minimum, minimum};
      through_all_time(&settings);
    }
  }
}

/* From nothing to everything: called, and the growth is no number beyond the last. */
static void test_growth_to_the_greatest_value(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  for (unsigned minute = 0; minute < 60; minute++) {
    uint64_t value = minute < 13 ? 0 : minute < 27 ? UINT64_MAX / 14 * (minute - 13) : UINT64_MAX;
    seep_mono now = {minute * MINUTE};
    seep_verdict verdict = seep_detector_step(&b.detector, &b.settings, now, value, 0, false);
    b.count[verdict]++;
    if (verdict == SEEP_VERDICT_GROWING && minute > 30) {
      assert_true(b.detector.finding.growth >= UINT64_MAX / 2);
    }
  }
  assert_int_equal(b.count[SEEP_VERDICT_RAPID], 1);
  assert_true(b.count[SEEP_VERDICT_GROWING] > 5);
}

static void test_headroom_at_the_ends_of_its_range(void **state)
{
  (void)state;
  static const uint64_t rooms[] = {0, 1, UINT64_MAX - 1, SEEP_HEADROOM_UNKNOWN};
  for (size_t i = 0; i < COUNT(rooms); i++) {
    bench b;
    bench_set_up(&b);
    for (unsigned minute = 0; minute < 120; minute++) {
      uint64_t value = (uint64_t)(500.0 * MB + (minute > 60 ? minute - 60 : 0) * 10.0 * MB);
      seep_mono now = {minute * MINUTE};
      b.count[seep_detector_step(&b.detector, &b.settings, now, value, rooms[i], false)]++;
    }
    assert_int_equal(b.count[SEEP_VERDICT_RAPID], i < 2);
  }
}

/* Whoever sets 0 gets the shortest bucket there is. */
static void test_a_bucket_of_no_length_is_one_of_a_millisecond(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  b.settings.bucket_ms = 0;
  b.settings.observation_ms = 1024;
  b.poll_ms = 1;
  bench_run(&b, 8000, 20.0 * MB * 3600.0);
  assert_int_equal(b.count[SEEP_VERDICT_LEAK], 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nothing_slower_than_the_minimum_slope_is_suspected_or_called),
      cmocka_unit_test(test_nothing_that_grows_by_less_than_the_minimum_is_suspected_or_called),
      cmocka_unit_test(test_a_figure_that_rests_is_never_called_even_if_nothing_is_the_least),
      cmocka_unit_test(test_the_same_samples_get_the_same_answers),
      cmocka_unit_test(test_explaining_changes_nothing_and_may_be_asked_at_any_time),
      cmocka_unit_test(test_settings_from_the_ends_of_their_ranges),
      cmocka_unit_test(test_growth_to_the_greatest_value),
      cmocka_unit_test(test_headroom_at_the_ends_of_its_range),
      cmocka_unit_test(test_a_bucket_of_no_length_is_one_of_a_millisecond),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
