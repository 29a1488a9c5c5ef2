/* Why, or why not: each near miss is named by the test that it failed, with what was measured and needed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>

#include "bench.h"

static seep_explanation explain(const bench *b)
{
  seep_explanation why;
  uint64_t headroom = b->room < 0.0 ? SEEP_HEADROOM_UNKNOWN : (uint64_t)fmax(b->room - b->value, 0.0);
  seep_detector_explain(&b->detector, &b->settings, headroom, &why);
  return why;
}

static void assert_failed(const seep_assessment *assessment, seep_test test)
{
  if (assessment->failed != test) {
    fail_msg("test %d instead of %d (%g, needed %g)", assessment->failed, test, assessment->measured,
             assessment->needed);
  }
}

/* ---- a leak ---- */

static void test_before_the_first_sample_there_is_nothing_to_say(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  seep_explanation why = explain(&b);
  assert_int_equal(why.level, SEEP_LEVEL_NONE);
  assert_int_equal(why.watched_ms, 0);
  assert_int_equal(why.leak.shape.window_ms, 0);
  assert_int_equal(why.rapid.shape.window_ms, 0);
  bench_step(&b);
  why = explain(&b);
  assert_failed(&why.leak, SEEP_TEST_WATCHED);
  assert_true(why.leak.measured == 0.0);
  assert_int_equal(why.leak.shape.window_ms, 0);
}

static void test_not_watched_for_long_enough(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  bench_run(&b, 10 * HOUR, 20.0 * MB);
  seep_explanation why = explain(&b);
  assert_int_equal(why.level, SEEP_LEVEL_SUSPECT);
  assert_int_equal(why.watched_ms / HOUR, 9);
  assert_failed(&why.leak, SEEP_TEST_WATCHED);
  assert_true(why.leak.needed > 16.9 && why.leak.needed < 17.2);
  assert_true(why.leak.measured > 8.0 && why.leak.measured < 10.0);
  assert_true(why.leak.shape.window_ms > 8 * HOUR); /* as far as there is one */
}

static void test_hardly_grows(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  bench_run(&b, 40 * HOUR, 0.1 * MB);
  seep_explanation why = explain(&b);
  assert_failed(&why.leak, SEEP_TEST_GROWTH);
  assert_true(why.leak.needed >= 8.0 * MB && why.leak.measured < why.leak.needed);
  assert_true(why.leak.measured > 1.0 * MB);
}

static void test_grows_slowly(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  b.settings.minimum_slope_per_hour = 25.0 * MB;
  bench_run(&b, 40 * HOUR, 20.0 * MB);
  seep_explanation why = explain(&b);
  assert_failed(&why.leak, SEEP_TEST_SLOPE);
  assert_true(why.leak.needed == 25.0 * MB);
  assert_true(why.leak.measured > 19.0 * MB && why.leak.measured < 21.0 * MB);
  assert_true(why.leak.shape.slope_per_hour > 19.0 * MB && why.leak.shape.slope_per_hour < 21.0 * MB);
}

static void test_comes_and_goes(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  for (unsigned job = 0; job < 4; job++) {
    bench_run(&b, 128 * MINUTE, 5.0 * MB);
    b.value += 200.0 * MB;
    bench_run(&b, 128 * MINUTE, 5.0 * MB);
    b.value -= 200.0 * MB;
  }
  bench_run(&b, 66 * MINUTE, 5.0 * MB);
  seep_explanation why = explain(&b);
  assert_failed(&why.leak, SEEP_TEST_NOISE);
  assert_true((double)why.leak.shape.noise > 10.0 * MB);
}

static void test_grows_in_steps(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  bench_run(&b, 60 * HOUR, 0.0);
  b.value += 300.0 * MB;
  bench_run(&b, 9 * HOUR, 0.0);
  seep_explanation why = explain(&b);
  assert_failed(&why.leak, SEEP_TEST_EVEN);
  assert_true((double)why.leak.shape.even_parts < 2.0);
  const float *floors = why.leak.shape.floors;
  assert_true(floors[8] - floors[0] > 299.0f * 1048576.0f);
  assert_true(floors[0] < 501.0f * 1048576.0f);
}

static void test_fills_up(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  bench_run(&b, 24 * HOUR, 0.0);
  for (unsigned hour = 0; hour < 18; hour++) {
    bench_run(&b, HOUR, (100.0 - 2.0 * hour) * MB);
  }
  seep_explanation why = explain(&b);
  assert_failed(&why.leak, SEEP_TEST_FADING);
  assert_true(why.leak.measured < why.leak.needed);
}

static void test_grew_faster_when_it_was_young(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  for (unsigned hour = 1; hour <= 100; hour++) {
    bench_run(&b, HOUR, 100.0 * MB / sqrt(hour));
  }
  seep_explanation why = explain(&b);
  assert_failed(&why.leak, SEEP_TEST_AGE);
  assert_true(why.leak.measured > 1.2 && why.leak.measured < 1.6);
  assert_true(why.leak.needed > why.leak.measured);
}

static void test_was_higher_before(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  b.value += 5.0 * GB;
  bench_run(&b, 30 * HOUR, 0.0);
  b.value -= 5.0 * GB;
  bench_run(&b, 100 * HOUR, 0.0);
  bench_run(&b, 18 * HOUR, 20.0 * MB);
  seep_explanation why = explain(&b);
  assert_failed(&why.leak, SEEP_TEST_NEW);
  assert_true(why.leak.needed > 5.0 * GB && why.leak.measured < 1.0 * GB);
}

static void test_grows_by_day(void **state)
{
  (void)state;
  bench b;
  unsigned named = 0;
  bench_set_up(&b);
  for (unsigned hour = 0; hour < 24 * 5; hour++) {
    bench_run(&b, HOUR, (hour % 24 < 12 ? 20.0 : 3.0) * MB);
    seep_explanation why = explain(&b);
    if (why.leak.failed == SEEP_TEST_DAILY) {
      assert_true(why.leak.measured > why.leak.needed && why.leak.measured <= 1.0);
      assert_true(why.leak.shape.daily_share > 0.8f);
      named++;
    }
  }
  assert_true(named > 0);
}

static void test_not_often_enough_and_then_a_leak(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  while (b.detector.alike[b.detector.floors.long_level] == 0) {
    bench_run(&b, MINUTE, 20.0 * MB);
    assert_true(b.now_ms < DAY);
  }
  seep_explanation why = explain(&b);
  assert_failed(&why.leak, SEEP_TEST_AGAIN);
  assert_true(why.leak.measured == 1.0 && why.leak.needed == 2.0);
  assert_int_equal(why.level, SEEP_LEVEL_SUSPECT);
  bench_run(&b, 4 * HOUR, 20.0 * MB);
  why = explain(&b);
  assert_failed(&why.leak, SEEP_TEST_PASSED);
  assert_int_equal(why.level, SEEP_LEVEL_LEAK);
  assert_true(why.leak.shape.window_ms >= OBSERVATION);
}

/* ---- rapid growth ---- */

static void test_rapid_growth_needs_a_headroom_that_is_known(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  bench_run(&b, 2 * HOUR, 10.0 * GB);
  seep_explanation why = explain(&b);
  assert_failed(&why.rapid, SEEP_TEST_STAKE);
  assert_true(why.rapid.measured == 0.0 && why.rapid.needed > 0.0);
}

static void test_plenty_is_left(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  b.room = 40.0 * GB;
  bench_run(&b, 12 * HOUR, 100.0 * MB);
  seep_explanation why = explain(&b);
  assert_failed(&why.rapid, SEEP_TEST_STAKE);
  assert_true(why.rapid.measured > 0.0 && why.rapid.measured < why.rapid.needed);
  assert_true(why.rapid.needed < 0.2);
}

static void test_not_yet_watched_for_rapid_growth(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  b.room = 4.0 * GB;
  bench_run(&b, 6 * MINUTE, 10.0 * GB);
  seep_explanation why = explain(&b);
  assert_failed(&why.rapid, SEEP_TEST_WATCHED);
  assert_true(why.rapid.measured < why.rapid.needed && why.rapid.needed < 0.3);
}

static void test_a_step_is_no_rapid_growth(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  b.room = 40.0 * GB;
  bench_run(&b, 12 * HOUR, 0.0);
  b.value += 10.0 * GB;
  bench_run(&b, 6 * MINUTE, 0.0);
  seep_explanation why = explain(&b);
  assert_failed(&why.rapid, SEEP_TEST_EVEN);
  assert_true((double)why.rapid.shape.rise > 9.9 * GB);
}

static void test_called_rapid_growth_is_explained_as_such(void **state)
{
  (void)state;
  bench b;
  bench_set_up(&b);
  b.room = 40.0 * GB;
  bench_run(&b, 12 * HOUR, 0.0);
  bench_run(&b, 40 * MINUTE, 20.0 * GB);
  seep_explanation why = explain(&b);
  assert_int_equal(why.level, SEEP_LEVEL_RAPID);
  assert_failed(&why.rapid, SEEP_TEST_PASSED);
  assert_true(why.rapid.shape.window_ms > 0 && (double)why.rapid.shape.rise > GB);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_before_the_first_sample_there_is_nothing_to_say),
      cmocka_unit_test(test_not_watched_for_long_enough),
      cmocka_unit_test(test_hardly_grows),
      cmocka_unit_test(test_grows_slowly),
      cmocka_unit_test(test_comes_and_goes),
      cmocka_unit_test(test_grows_in_steps),
      cmocka_unit_test(test_fills_up),
      cmocka_unit_test(test_grew_faster_when_it_was_young),
      cmocka_unit_test(test_was_higher_before),
      cmocka_unit_test(test_grows_by_day),
      cmocka_unit_test(test_not_often_enough_and_then_a_leak),
      cmocka_unit_test(test_rapid_growth_needs_a_headroom_that_is_known),
      cmocka_unit_test(test_plenty_is_left),
      cmocka_unit_test(test_not_yet_watched_for_rapid_growth),
      cmocka_unit_test(test_a_step_is_no_rapid_growth),
      cmocka_unit_test(test_called_rapid_growth_is_explained_as_such),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
