/*
 * The warning before Event 2004, in virtual time: the level and its twins that must stay quiet, worsening,
 * the end, and figures that are none. What goes by pace is in test_headroom_pace.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "headroom_rig.h"

/* ---- the level ---- */

static void above_the_level_for_its_time_warns(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 70);
  server_stay(&s, HOUR);
  server_stay_at(&s, 91, 5 * MINUTE);
  server_assert_quiet(&s);
  server_poll(&s);
  server_assert_warned(&s, 1, SEEP_HEADROOM_LEVEL);
  assert_int_equal(s.state.since.ms, HOUR + POLL);
  assert_true(s.state.rate_per_hour == 0.0);
  assert_int_equal(s.state.time_left_ms, SEEP_TIME_LEFT_UNKNOWN);
  server_stay(&s, 3 * DAY);
  assert_int_equal(s.warned, 1);
}

static void a_time_of_zero_warns_at_once(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 89.9);
  s.settings.commit_percent_ms = 0;
  server_stay(&s, HOUR);
  server_assert_quiet(&s);
  s.total = 0.901 * s.limit;
  assert_int_equal(server_poll(&s), SEEP_HEADROOM_WARN);
  server_assert_warned(&s, 1, SEEP_HEADROOM_LEVEL);
}

/* All at once, or with a poll in between, or rising for some polls. */
static void a_batch_job_of_three_minutes_is_quiet(void **state)
{
  (void)state;
  for (int polls = 1; polls <= 8; polls++) {
    server s;
    server_start(&s, 16, polls <= 2 ? 55 : 78);
    double idle = 100.0 * s.total / s.limit;
    for (int day = 0; day < 3; day++) {
      server_stay_at(&s, idle - 0.1, DAY);
      server_go_to(&s, idle, 5 * MINUTE); /* hardly */
      server_go_to(&s, 92, polls * POLL);
      server_stay(&s, 3 * MINUTE - POLL);
    }
    server_assert_quiet(&s);
  }
}

/* Three polls that show growth, but it does not go on: two jobs, and hardly anything in between. */
static void two_jobs_one_after_the_other_are_quiet(void **state)
{
  (void)state;
  server s;
  server_start(&s, 16, 60);
  server_stay(&s, HOUR);
  server_stay_at(&s, 75, POLL);
  server_stay_at(&s, 75.1, POLL);
  server_stay_at(&s, 90.1, 3 * MINUTE);
  server_stay_at(&s, 60, HOUR);
  server_assert_quiet(&s);
}

/* Windows lets a page file grow that it manages: what is used then is a smaller part. */
static void a_page_file_that_grows_is_quiet(void **state)
{
  (void)state;
  server s;
  server_start(&s, 32, 80);
  for (int step = 0; step < 6; step++) {
    server_go_to(&s, 91, 20 * MINUTE);
    server_stay(&s, 2 * MINUTE);
    s.limit += 4.0 * (double)GB;
    server_stay(&s, HOUR);
  }
  server_assert_quiet(&s);
}

/* ... until it cannot grow any more. */
static void a_page_file_that_has_grown_enough_is_not(void **state)
{
  (void)state;
  server s;
  server_start(&s, 32, 89);
  while (s.limit < 48.0 * (double)GB) {
    s.limit += 0.1 * (double)GB;
    s.total = 0.895 * s.limit;
    server_poll(&s);
  }
  server_assert_quiet(&s);
  server_go_to(&s, 92, 20 * MINUTE);
  server_stay(&s, 10 * MINUTE);
  server_assert_warned(&s, 1, SEEP_HEADROOM_LEVEL);
}

static void a_steady_server_is_quiet(void **state)
{
  (void)state;
  static const double limits[] = {2.5, 4, 16, 64, 512};
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    server s;
    server_start(&s, limits[i], 85);
    while (s.now.ms < 5 * DAY) {
      s.total = s.limit * (0.84 + 0.02 * server_chance(&s));
      server_poll(&s);
    }
    server_assert_quiet(&s);
  }
}

static void a_server_that_breathes_by_day_and_night_is_quiet(void **state)
{
  (void)state;
  static const double lows[] = {30, 50, 75};
  for (size_t i = 0; i < sizeof lows / sizeof *lows; i++) {
    server s;
    server_start(&s, 32, lows[i]);
    while (s.now.ms < 14 * DAY) {
      double day = 0.5 - 0.5 * cos(2.0 * 3.14159265 * (double)s.now.ms / (double)DAY);
      s.total = s.limit * (lows[i] + (87.5 - lows[i]) * day + 0.5 * server_chance(&s)) / 100.0;
      server_poll(&s);
    }
    server_assert_quiet(&s);
  }
}

static void around_the_level_is_quiet_until_it_stays_above(void **state)
{
  (void)state;
  server s;
  server_start(&s, 32, 90);
  while (s.now.ms < 2 * DAY) {
    s.total = s.limit * (0.90 + 0.03 * sin(2.0 * 3.14159265 * (double)s.now.ms / (double)(8 * MINUTE)));
    server_poll(&s);
  }
  server_assert_quiet(&s);
  while (s.now.ms < 4 * DAY) { /* slower: it stays above for 15 minutes, and never falls to 85 % */
    s.total = s.limit * (0.90 + 0.03 * sin(2.0 * 3.14159265 * (double)s.now.ms / (double)(30 * MINUTE)));
    server_poll(&s);
  }
  server_assert_warned(&s, 1, SEEP_HEADROOM_LEVEL);
  assert_int_equal(s.over, 0);
}

/* ---- worse, and over ---- */

static void worse_is_half_of_what_was_left(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 91);
  server_stay(&s, HOUR);
  server_assert_warned(&s, 1, SEEP_HEADROOM_LEVEL);
  server_stay_at(&s, 95.4, DAY);
  assert_int_equal(s.warned, 1);
  server_stay_at(&s, 95.6, POLL);
  server_assert_warned(&s, 2, SEEP_HEADROOM_LEVEL);
  server_stay_at(&s, 96.9, DAY);
  assert_int_equal(s.warned, 2);
  server_stay_at(&s, 97.1, POLL); /* less than half is gone, but now it is near */
  server_assert_warned(&s, 3, SEEP_HEADROOM_NEAR);
  server_stay_at(&s, 96.9, HOUR);
  server_stay_at(&s, 97.2, DAY); /* again: that has been told */
  assert_int_equal(s.warned, 3);
  server_stay_at(&s, 99, DAY);
  server_assert_warned(&s, 4, SEEP_HEADROOM_NEAR);
  server_stay_at(&s, 100, 7 * DAY);
  assert_int_equal(s.warned, 5);
  server_stay_at(&s, 104, DAY); /* figures of another moment than the limit's */
  assert_int_equal(s.warned, 5);
  assert_int_equal(s.state.least_left_bytes, 0);
}

static void worse_waits_a_quarter_of_an_hour(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 91);
  while (s.warned == 0) {
    server_poll(&s);
  }
  seep_mono first = s.now;
  server_stay_at(&s, 99, 15 * MINUTE - POLL);
  assert_int_equal(s.warned, 1);
  server_poll(&s);
  server_assert_warned(&s, 2, SEEP_HEADROOM_NEAR);
  assert_int_equal(s.state.told.ms - first.ms, 15 * MINUTE);
  assert_int_equal(s.state.opened.ms, first.ms);
}

static void it_is_over_well_below_the_level_for_a_while(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 93);
  server_stay(&s, HOUR);
  server_stay_at(&s, 86, DAY); /* below the level, but not well below */
  assert_int_equal(s.over, 0);
  server_stay_at(&s, 80, 10 * MINUTE);
  server_stay_at(&s, 86, POLL);
  server_stay_at(&s, 80, 10 * MINUTE);
  assert_int_equal(s.over, 0);
  server_poll(&s);
  assert_int_equal(s.over, 1);
  assert_true(fabs((double)s.state.least_left_bytes - 0.07 * s.limit) < (double)MB);
  server_stay(&s, DAY);
  assert_int_equal(s.warned, 1);
  assert_int_equal(s.over, 1);
}

static void the_next_warning_is_a_new_one(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 99);
  server_stay(&s, HOUR);
  server_stay_at(&s, 70, DAY);
  assert_int_equal(s.over, 1);
  seep_mono then = s.now;
  server_stay_at(&s, 95, HOUR); /* more is left than the last time */
  server_assert_warned(&s, 2, SEEP_HEADROOM_LEVEL);
  assert_int_equal(s.state.opened.ms - then.ms, 5 * MINUTE + POLL);
  assert_true(fabs((double)s.state.least_left_bytes - 0.05 * s.limit) < (double)MB);
  server_stay_at(&s, 97.1, HOUR); /* less than half of it is gone, but it was not near this time */
  server_assert_warned(&s, 3, SEEP_HEADROOM_NEAR);
}

/* Below 85 %, but hardly more than Windows itself would leave. */
static void a_small_server_is_over_with_more_than_little_left(void **state)
{
  (void)state;
  server s;
  server_start(&s, 2.5, 90);
  server_stay(&s, HOUR);
  server_stay_at(&s, 84.5, DAY);
  assert_int_equal(s.over, 0);
  server_stay_at(&s, 84, HOUR);
  assert_int_equal(s.over, 1);
}

/* A job each half an hour is one state, and not 48 warnings a day; what it does once a day is told each day.
 */
static void what_comes_and_goes_is_told_as_one(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 60);
  while (s.now.ms < 5 * DAY) {
    server_stay_at(&s, 92, 8 * MINUTE);
    server_stay_at(&s, 60, 22 * MINUTE);
  }
  assert_in_range(s.warned, 1, 2);
  server_stay(&s, 2 * HOUR);
  assert_int_equal(s.warned, s.over);

  server_start(&s, 64, 60);
  for (unsigned day = 0; day < 5; day++) {
    server_stay_at(&s, 92, HOUR);
    server_stay_at(&s, 60, 11 * MINUTE);
    assert_int_equal(s.warned, day + 1);
    assert_int_equal(s.over, day + 1);
    server_stay(&s, 22 * HOUR);
  }

  server_stay_at(&s, 92, HOUR);
  server_stay_at(&s, 60, HOUR);
  server_stay_at(&s, 98, POLL); /* soon again: now it takes an hour of its own */
  server_stay_at(&s, 60, HOUR);
  assert_int_equal(s.warned, 7);
  assert_int_equal(s.over, 6);
  server_poll(&s);
  assert_int_equal(s.over, 7);
}

static void whatever_flaps_the_bounds_hold(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 20; seed++) {
    server s;
    server_start(&s, 16, 80);
    s.random = seed;
    seep_mono told = {-DAY};
    bool open = false;
    while (s.now.ms < 10 * DAY) {
      if (server_chance(&s) < 0.02) {
        s.total = s.limit * (0.6 + 0.42 * server_chance(&s));
        s.told_slopes = server_chance(&s) < 0.5 ? 0 : 4.0 * (double)GB * server_chance(&s);
      }
      seep_headroom_word word = server_poll(&s);
      if (word == SEEP_HEADROOM_WARN) {
        assert_true(s.now.ms - told.ms >= 15 * MINUTE);
        told = s.now;
        open = true;
      } else if (word == SEEP_HEADROOM_OVER) {
        assert_true(open);
        open = false;
      }
      assert_int_equal(s.state.open, open);
    }
    assert_in_range(s.warned, 10, 240);
  }
}

/* ---- figures that are none, and gaps ---- */

static void figures_that_are_zero_change_nothing(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 91);
  double total = s.total, limit = s.limit;
  for (int poll_number = 0; poll_number < 11; poll_number++) {
    server_poll(&s);
    s.limit = 0;
    server_poll_after(&s, 1000);
    s.total = 0;
    server_poll_after(&s, 1000);
    s.limit = limit;
    server_poll_after(&s, 1000);
    s.total = total;
  }
  server_assert_warned(&s, 1, SEEP_HEADROOM_LEVEL);

  seep_engine_headroom before;
  memcpy(&before, &s.state, sizeof before);
  s.total = 0.99 * s.limit;
  server_poll_after(&s, -HOUR); /* nor do those of an earlier time */
  s.limit = 0;
  server_stay(&s, DAY);
  assert_memory_equal(&before, &s.state, sizeof before);
  assert_int_equal(s.warned, 1);
}

static void a_gap_is_not_time_above(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 91);
  server_stay(&s, 3 * MINUTE);
  server_poll_after(&s, 5 * HOUR); /* nobody saw what was in between */
  server_stay(&s, 4 * MINUTE);
  server_assert_quiet(&s);
  server_stay(&s, 2 * MINUTE);
  server_assert_warned(&s, 1, SEEP_HEADROOM_LEVEL);
  server_stay_at(&s, 60, 5 * MINUTE);
  server_poll_after(&s, 5 * HOUR);
  assert_int_equal(s.over, 0);
  server_stay(&s, 10 * MINUTE);
  assert_int_equal(s.over, 1);

  server_start(&s, 64, 91); /* where polls are an hour apart they are no gaps */
  s.settings.poll_interval_ms = HOUR;
  server_poll_after(&s, HOUR);
  server_poll_after(&s, HOUR);
  assert_int_equal(s.warned, 1);
}

/* Each poll shows more, and the last would be the end: but these are hours. */
static void a_gap_is_no_pace(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 50);
  server_stay(&s, DAY);
  for (int step = 0; step < 4; step++) {
    s.total += 0.1 * s.limit;
    server_poll_after(&s, 6 * HOUR);
  }
  server_assert_quiet(&s);
}

static void a_page_file_that_comes_or_goes_is_no_growth(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 60);
  server_stay(&s, DAY);
  s.limit = 48.0 * (double)GB; /* 80 % */
  server_stay(&s, DAY);
  for (int step = 0; step < 6; step++) { /* one after the other, 87 % in the end */
    s.limit -= 0.65 * (double)GB;
    server_poll(&s);
  }
  server_stay(&s, DAY);
  server_assert_quiet(&s);
  s.limit = 39.0 * (double)GB; /* less left than 3 % */
  server_poll(&s);
  server_assert_warned(&s, 1, SEEP_HEADROOM_NEAR);
  s.limit = 38.0 * (double)GB; /* less than is used */
  server_stay(&s, HOUR);
  assert_int_equal(s.state.least_left_bytes, 0);
  s.limit = 96.0 * (double)GB;
  server_stay(&s, 11 * MINUTE);
  assert_int_equal(s.over, 1);
}

static void any_figures_do_no_harm(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 60);
  for (int i = 0; i < 200000; i++) {
    static const uint64_t values[] = {0, 1, MB, 255 * MB, 512 * MB, GB, 64 * GB, UINT64_MAX / 2, UINT64_MAX};
    static const int64_t steps[] = {0, 1, 499, 1000, POLL, POLL, POLL, HOUR, 30 * DAY, -HOUR};
    static const double slopes[] = {0, 1, 1e9, 1e300, -1e300, NAN, INFINITY};
    seep_system_memory memory = {.commit_total_bytes = values[(size_t)(server_chance(&s) * 9)],
                                 .commit_limit_bytes = values[(size_t)(server_chance(&s) * 9)]};
    s.settings.commit_percent =
        server_chance(&s) < 0.01 ? (uint32_t)(server_chance(&s) * 120) : s.settings.commit_percent;
    s.now.ms += steps[(size_t)(server_chance(&s) * 10)];
    bool was_open = s.state.open;
    seep_headroom_word word = seep_engine_headroom_step(&s.state, &s.settings, s.now, &memory,
                                                        slopes[(size_t)(server_chance(&s) * 7)]);
    if (memory.commit_total_bytes == 0 || memory.commit_limit_bytes == 0) {
      assert_int_equal(word, SEEP_HEADROOM_QUIET);
    }
    assert_true(word != SEEP_HEADROOM_OVER || was_open);
    assert_true(s.state.time_left_ms >= SEEP_TIME_LEFT_UNKNOWN);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(above_the_level_for_its_time_warns),
      cmocka_unit_test(a_time_of_zero_warns_at_once),
      cmocka_unit_test(a_batch_job_of_three_minutes_is_quiet),
      cmocka_unit_test(two_jobs_one_after_the_other_are_quiet),
      cmocka_unit_test(a_page_file_that_grows_is_quiet),
      cmocka_unit_test(a_page_file_that_has_grown_enough_is_not),
      cmocka_unit_test(a_steady_server_is_quiet),
      cmocka_unit_test(a_server_that_breathes_by_day_and_night_is_quiet),
      cmocka_unit_test(around_the_level_is_quiet_until_it_stays_above),
      cmocka_unit_test(worse_is_half_of_what_was_left),
      cmocka_unit_test(worse_waits_a_quarter_of_an_hour),
      cmocka_unit_test(it_is_over_well_below_the_level_for_a_while),
      cmocka_unit_test(the_next_warning_is_a_new_one),
      cmocka_unit_test(a_small_server_is_over_with_more_than_little_left),
      cmocka_unit_test(what_comes_and_goes_is_told_as_one),
      cmocka_unit_test(whatever_flaps_the_bounds_hold),
      cmocka_unit_test(figures_that_are_zero_change_nothing),
      cmocka_unit_test(a_gap_is_not_time_above),
      cmocka_unit_test(a_gap_is_no_pace),
      cmocka_unit_test(a_page_file_that_comes_or_goes_is_no_growth),
      cmocka_unit_test(any_figures_do_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
