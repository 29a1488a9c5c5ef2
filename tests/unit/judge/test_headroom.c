/* Time left and severity, at and around every bound. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "base/clock.h"
#include "judge/headroom.h"

#define GB UINT64_C(1073741824)
#define DAY SEEP_MS_PER_DAY
#define HOUR SEEP_MS_PER_HOUR

static void test_time_left_is_headroom_over_slope(void **state)
{
  (void)state;
  assert_int_equal(seep_headroom_time_left_ms(10 * GB, (double)GB), 10 * HOUR);
  assert_int_equal(seep_headroom_time_left_ms(GB, 2.0 * (double)GB), HOUR / 2);
  assert_int_equal(seep_headroom_time_left_ms(0, 1.0), 0);
}

static void test_without_a_rise_it_is_unknown(void **state)
{
  (void)state;
  assert_int_equal(seep_headroom_time_left_ms(GB, 0.0), SEEP_TIME_LEFT_UNKNOWN);
  assert_int_equal(seep_headroom_time_left_ms(GB, -5.0), SEEP_TIME_LEFT_UNKNOWN);
  assert_int_equal(seep_headroom_time_left_ms(GB, (double)NAN), SEEP_TIME_LEFT_UNKNOWN);
  assert_int_equal(seep_headroom_time_left_ms(GB, -(double)INFINITY), SEEP_TIME_LEFT_UNKNOWN);
}

static void test_beyond_ten_years_it_is_unknown(void **state)
{
  (void)state;
  assert_int_equal(seep_headroom_time_left_ms(87659, 1.0), 87659 * HOUR); /* ten years are 87,660 hours */
  assert_int_equal(seep_headroom_time_left_ms(87661, 1.0), SEEP_TIME_LEFT_UNKNOWN);
  assert_int_equal(seep_headroom_time_left_ms(UINT64_MAX, 1e-300), SEEP_TIME_LEFT_UNKNOWN);
  assert_int_equal(seep_headroom_time_left_ms(UINT64_MAX, (double)INFINITY), 0);
}

static void test_severity_by_time(void **state)
{
  (void)state;
  const struct {
    int64_t time_left_ms;
    int severity;
  } cases[] = {{0, 1},           {6 * HOUR - 1, 1}, {6 * HOUR, 2},
               {7 * DAY - 1, 2}, {7 * DAY, 3},      {90 * DAY - 1, 3},
               {90 * DAY, 4},    {INT64_MAX, 4},    {SEEP_TIME_LEFT_UNKNOWN, 4},
               {INT64_MIN, 4}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_int_equal(seep_headroom_severity(cases[i].time_left_ms, 50 * GB, 100 * GB), cases[i].severity);
  }
}

static void test_little_headroom_is_the_worst_at_any_time(void **state)
{
  (void)state;
  assert_int_equal(seep_headroom_severity(SEEP_TIME_LEFT_UNKNOWN, 9 * GB, 100 * GB), 1);
  assert_int_equal(seep_headroom_severity(SEEP_TIME_LEFT_UNKNOWN, 10 * GB, 100 * GB), 4);
  assert_int_equal(seep_headroom_severity(100 * DAY, 0, UINT64_MAX), 1);
}

static void test_an_unknown_limit_says_nothing(void **state)
{
  (void)state;
  assert_int_equal(seep_headroom_severity(SEEP_TIME_LEFT_UNKNOWN, 0, 0), 4);
  assert_int_equal(seep_headroom_severity(HOUR, 0, 0), 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_time_left_is_headroom_over_slope),
      cmocka_unit_test(test_without_a_rise_it_is_unknown),
      cmocka_unit_test(test_beyond_ten_years_it_is_unknown),
      cmocka_unit_test(test_severity_by_time),
      cmocka_unit_test(test_little_headroom_is_the_worst_at_any_time),
      cmocka_unit_test(test_an_unknown_limit_says_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
