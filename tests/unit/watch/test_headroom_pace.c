/*
 * The warning before Event 2004 where the level alone would be late: commit that runs away, leaks, and the
 * figures of real records approached at many paces; and what must stay quiet because it ends in time.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "headroom_rig.h"

/* ---- near ---- */

static void little_left_warns_at_once(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 80);
  server_stay(&s, HOUR);
  s.total = 0.969 * s.limit;
  server_poll(&s);
  server_assert_quiet(&s);
  s.total = 0.971 * s.limit;
  server_poll(&s);
  server_assert_warned(&s, 1, SEEP_HEADROOM_NEAR);
  assert_int_equal(s.state.since.ms, HOUR + POLL);

  server_start(&s, 8, 80); /* 3 % of it would be less than 512 MB */
  server_stay(&s, HOUR);
  s.total = s.limit - 520.0 * (double)MB;
  server_poll(&s);
  server_assert_quiet(&s);
  s.total = s.limit - 505.0 * (double)MB;
  server_poll(&s);
  server_assert_warned(&s, 1, SEEP_HEADROOM_NEAR);
}

/* Where the level leaves less than 512 MB the level is enough, but not less than Windows leaves. */
static void a_small_server_may_live_with_less(void **state)
{
  (void)state;
  server s;
  server_start(&s, 4, 89.5);
  server_stay(&s, DAY);
  server_assert_quiet(&s);
  s.total = 0.905 * s.limit;
  server_poll(&s);
  server_assert_warned(&s, 1, SEEP_HEADROOM_NEAR);

  server_start(&s, 2, 80);
  server_stay(&s, DAY);
  server_assert_quiet(&s);
  s.total = s.limit - 315.0 * (double)MB; /* 84.6 % */
  server_poll(&s);
  server_assert_warned(&s, 1, SEEP_HEADROOM_NEAR);
  server_stay(&s, DAY); /* and is not over below 85 % */
  assert_int_equal(s.over, 0);
}

static void commit_that_runs_away_warns_in_time(void **state)
{
  (void)state;
  static const double limits[] = {12, 16, 32, 64, 128};
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    for (int phase = 0; phase < 10; phase++) {
      server s;
      server_start(&s, limits[i], 50);
      server_stay(&s, DAY);
      s.total += 0.1 * phase * (double)GB;
      while (s.warned == 0) {
        s.total += (double)GB; /* 2 GB a minute */
        server_poll(&s);
      }
      assert_true(s.warned_left >= (double)EXHAUSTED);
      assert_int_not_equal(s.state.reason, SEEP_HEADROOM_LEVEL);
      assert_true(fabs(s.state.rate_per_hour / (120.0 * (double)GB) - 1.0) < 0.1);
      assert_true(fabs((double)s.state.time_left_ms - s.warned_left * (double)POLL / (double)GB) < 9000.0);
      assert_true(s.state.since.ms >= DAY - POLL && s.state.since.ms <= s.now.ms - 3 * POLL);
    }
  }
}

/* On 64 GB the last tenth lasts three minutes at this pace: it is said then, and not with 2 GB left. */
static void what_has_been_seen_for_minutes_is_believed_ahead(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 75);
  server_stay(&s, DAY);
  while (s.warned == 0) {
    s.total += (double)GB;
    server_poll(&s);
  }
  server_assert_warned(&s, 1, SEEP_HEADROOM_NEAR);
  assert_true(s.warned_left > 3.0 * (double)GB);

  server_start(&s, 64, 75); /* unless the level itself will be said in time */
  s.settings.commit_percent_ms = MINUTE;
  server_stay(&s, DAY);
  while (s.warned == 0) {
    s.total += (double)GB;
    server_poll(&s);
  }
  server_assert_warned(&s, 1, SEEP_HEADROOM_LEVEL);
  assert_true(s.warned_left > 3.0 * (double)GB);
}

static void grow(server *s, int polls, double gigabytes_each, double limit_gigabytes_each)
{
  for (int i = 0; i < polls; i++) {
    s->total += gigabytes_each * (double)GB;
    s->limit += limit_gigabytes_each * (double)GB;
    server_poll(s);
  }
}

/* Each would be near by its last step, by its mean, or by one of the two figures alone. */
static void a_run_is_believed_by_what_it_has_least_of(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 85);
  server_stay(&s, DAY);
  grow(&s, 15, 0.25, 0);
  grow(&s, 1, 1.0, 0);
  server_assert_quiet(&s);

  server_start(&s, 64, 80);
  server_stay(&s, DAY);
  grow(&s, 7, 1.2, 0);
  grow(&s, 3, 0.35, 0);
  server_assert_quiet(&s);

  server_start(&s, 64, 89); /* a page file that keeps up */
  server_stay(&s, DAY);
  grow(&s, 9, 3.0, 3.0);
  server_assert_quiet(&s);

  server_start(&s, 48, 80); /* one that is taken away in parts */
  server_stay(&s, DAY);
  grow(&s, 6, 0.01, -1.2);
  server_assert_quiet(&s);
}

/* Another look right after a poll sees nothing of it, or less: that ends no run. */
static void a_poll_that_follows_at_once_hides_nothing(void **state)
{
  (void)state;
  server s;
  server_start(&s, 12, 50);
  server_stay(&s, DAY);
  while (s.warned == 0) {
    s.total += (double)GB;
    server_poll(&s);
    s.total -= (double)MB;
    server_poll_after(&s, 20);
  }
  assert_true(s.warned_left >= (double)EXHAUSTED);
  server_assert_warned(&s, 1, SEEP_HEADROOM_NEAR);
}

/* Hours of even growth are the detector's business, however long the level may be exceeded. */
static void a_run_of_hours_is_believed_for_minutes(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 80);
  s.settings.commit_percent_ms = DAY;
  server_leak(&s, 1200, 0, 2100);
  server_assert_quiet(&s);
  server_leak(&s, 1200, 0, 1900);
  server_assert_warned(&s, 1, SEEP_HEADROOM_NEAR);
}

/* What stops in time: as fast, but fewer polls, or far from the limit, or on its way down. */
static void a_run_that_ends_in_time_is_quiet(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 40);
  server_stay(&s, DAY);
  server_go_to(&s, 80, 13 * MINUTE);
  server_stay(&s, DAY);
  server_assert_quiet(&s);

  server_start(&s, 64, 83);
  for (int time = 0; time < 50; time++) {
    server_stay_at(&s, 83, 20 * MINUTE);
    server_go_to(&s, 88, 2 * MINUTE);
    server_go_to(&s, 83, 2 * MINUTE);
  }
  server_assert_quiet(&s);

  server_start(&s, 64, 96.5); /* on its way down */
  server_go_to(&s, 80, 4 * MINUTE);
  server_stay(&s, HOUR);
  server_assert_quiet(&s);
}

/* ---- pace ---- */

static void a_morning_is_no_pace(void **state)
{
  (void)state;
  static const double lows[] = {20, 40, 60};
  static const int64_t ramps[] = {HOUR / 2, HOUR, 2 * HOUR, 4 * HOUR};
  for (size_t i = 0; i < 12; i++) {
    server s;
    double low = lows[i / 4];
    server_start(&s, 16, low);
    for (int day = 0; day < 6; day++) {
      server_stay(&s, 7 * HOUR);
      server_go_to(&s, 85, ramps[i % 4]);
      server_stay(&s, 6 * HOUR);
      server_go_to(&s, low, 4 * HOUR);
      server_stay(&s, (day + 1) * DAY - s.now.ms);
    }
    server_assert_quiet(&s);
  }
}

/* 100 MB an hour: where a tenth of the limit is more than a day of it the level comes first. */
static void a_slow_leak_warns_by_level_on_a_large_server(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 80);
  server_leak(&s, 100, 50, 5000);
  server_assert_warned(&s, 1, SEEP_HEADROOM_LEVEL);
  assert_true(s.warned_left > 0.098 * s.limit);
  assert_true(fabs(s.state.rate_per_hour / (100.0 * (double)MB) - 1.0) < 0.1);
  assert_true(s.state.since.ms < 4 * HOUR);
  server_leak(&s, 100, 50, 3000); /* half of it is gone, and now it is a day and a half */
  server_assert_warned(&s, 2, SEEP_HEADROOM_PACE);
  server_leak(&s, 100, 50, 256);
  assert_int_equal(s.state.reason, SEEP_HEADROOM_NEAR);
  assert_in_range(s.warned, 4, 6);
}

static void a_leak_warns_by_pace_on_a_small_server(void **state)
{
  (void)state;
  server s;
  server_start(&s, 16, 55);
  server_leak(&s, 100, 50, 2300);
  server_assert_warned(&s, 1, SEEP_HEADROOM_PACE);
  assert_true(s.warned_left > 0.12 * s.limit);
  assert_in_range(s.state.time_left_ms, 22 * HOUR, 24 * HOUR);
  assert_true(s.state.since.ms < 4 * HOUR);

  server_start(&s, 16, 55); /* the same, but nobody asks for a day */
  s.settings.exhaustion_ms = HOUR;
  server_leak(&s, 100, 50, 2300);
  server_assert_quiet(&s);
}

static void what_open_cases_take_is_pace(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 50);
  s.told_slopes = 1.2 * (double)GB; /* 26 h */
  server_stay(&s, DAY);
  server_assert_quiet(&s);
  s.told_slopes = 2.0 * (double)GB;
  server_poll(&s);
  server_assert_warned(&s, 1, SEEP_HEADROOM_PACE);
  assert_int_equal(s.state.time_left_ms, 16 * HOUR);
  assert_int_equal(s.state.since.ms, POLL);
  assert_true(s.state.rate_per_hour == 2.0 * (double)GB); /* the total itself does not grow */
  s.told_slopes = 1.2 * (double)GB; /* is still a pace that worries whoever has been told of it */
  server_stay(&s, HOUR);
  assert_int_equal(s.over, 0);
  s.told_slopes = 0;
  server_stay(&s, HOUR);
  assert_int_equal(s.over, 1);
  assert_int_equal(s.state.time_left_ms, SEEP_TIME_LEFT_UNKNOWN);
}

/* It rises, would be there within a day, and no detector has called it. */
static void growth_that_nobody_has_called_is_no_pace(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 55);
  server_go_to(&s, 80, 6 * HOUR);
  server_assert_quiet(&s);
  s.told_slopes = NAN;
  server_stay(&s, HOUR);
  s.told_slopes = -1e12;
  server_stay(&s, HOUR);
  server_assert_quiet(&s);
}

/* What is given back at once is no pace any more, though floors will show that hours later. */
static void a_leak_that_is_given_back_is_over_soon(void **state)
{
  (void)state;
  server s;
  server_start(&s, 64, 55);
  s.settings.exhaustion_ms = 7 * DAY; /* also from where it is back */
  server_leak(&s, 600, 50, 10000);
  server_assert_warned(&s, 1, SEEP_HEADROOM_PACE);
  s.total = 0.58 * s.limit;
  server_stay(&s, 11 * MINUTE);
  assert_int_equal(s.over, 1);
  server_stay(&s, 2 * DAY);
  assert_int_equal(s.warned, 1);
}

/* ---- the records (reference: event-log, 1.5) ---- */

static const struct {
  uint64_t limit_bytes, left_bytes;
} records[] = {
    {UINT64_C(12839264256), UINT64_C(268423168)}, {UINT64_C(34358874112), UINT64_C(267915264)},
    {UINT64_C(17169805312), UINT64_C(247738368)}, {UINT64_C(11810689024), UINT64_C(102285312)},
    {UINT64_C(17177280512), UINT64_C(254881792)}, {UINT64_C(28282359644), UINT64_C(188219392)},
    {UINT64_C(85720166400), UINT64_C(92903833)},  {UINT64_C(85720166400), UINT64_C(264491008)},
    {UINT64_C(47910360187), UINT64_C(47815066)},  {UINT64_C(136749981696), UINT64_C(5771264)},
};

/* From half of the limit, or where that is more than two days of it from there, to the record's figures.
 * Returns the polls that saw it grow before Windows would have spoken. */
static int approach(server *s, size_t record, double megabytes_per_hour, double phase)
{
  double each = server_each_poll(megabytes_per_hour);
  double far = each * (double)(2 * DAY) / (double)POLL;
  server_start(s, 1, 0);
  s->limit = (double)records[record].limit_bytes;
  s->total = far < s->limit / 2 ? s->limit - far : s->limit / 2;
  server_stay(s, DAY);
  double floor = s->total - each * phase;
  int polls = 0;
  while (server_left(s) > (double)records[record].left_bytes) {
    floor += each;
    s->total = floor + 20.0 * (double)MB * server_chance(s);
    polls += server_left(s) >= (double)EXHAUSTED;
    server_poll(s);
  }
  return polls;
}

static void each_record_has_its_warning_before(void **state)
{
  (void)state;
  static const double paces[] = {100, 1000, 6000, 30000, 60000, 120000, 240000}; /* MB/h; the last 4 GB/min */
  int approaches = 0, too_fast = 0;
  for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
    for (size_t pace = 0; pace < sizeof paces / sizeof *paces; pace++) {
      for (int phase = 0; phase < 8; phase++) {
        server s;
        int polls = approach(&s, i, paces[pace], phase / 8.0);
        approaches++;
        /* Three steps are needed to tell a run from a job's first allocation. */
        too_fast += polls <= 3;
        if (polls > 3) {
          assert_true(s.warned > 0);
          assert_true(s.warned_left >= (double)EXHAUSTED);
        }
      }
    }
  }
  assert_int_equal(approaches, 560);
  assert_true(too_fast <= 40);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(little_left_warns_at_once),
      cmocka_unit_test(a_small_server_may_live_with_less),
      cmocka_unit_test(commit_that_runs_away_warns_in_time),
      cmocka_unit_test(what_has_been_seen_for_minutes_is_believed_ahead),
      cmocka_unit_test(a_run_is_believed_by_what_it_has_least_of),
      cmocka_unit_test(a_poll_that_follows_at_once_hides_nothing),
      cmocka_unit_test(a_run_of_hours_is_believed_for_minutes),
      cmocka_unit_test(a_run_that_ends_in_time_is_quiet),
      cmocka_unit_test(a_morning_is_no_pace),
      cmocka_unit_test(a_slow_leak_warns_by_level_on_a_large_server),
      cmocka_unit_test(a_leak_warns_by_pace_on_a_small_server),
      cmocka_unit_test(what_open_cases_take_is_pace),
      cmocka_unit_test(growth_that_nobody_has_called_is_no_pace),
      cmocka_unit_test(a_leak_that_is_given_back_is_over_soon),
      cmocka_unit_test(each_record_has_its_warning_before),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
