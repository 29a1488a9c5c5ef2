/* Round figures and round times: exact ticks for the spans people look at, and sound ones for all others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "report/axis.h"

#define KB UINT64_C(1024)
#define MB (KB * 1024)
#define GB (MB * 1024)

static void figures_are(uint64_t lowest, uint64_t highest, const char *expected)
{
  seep_axis_bytes axis;
  char all[256] = "";
  seep_axis_bytes_choose(&axis, lowest, highest);
  for (size_t i = 0; i < axis.count; i++) {
    size_t length = strlen(all);
    snprintf(all + length, sizeof all - length, "%s%s", i > 0 ? ", " : "", axis.ticks[i].label);
  }
  assert_string_equal(all, expected);
}

static void figures_are_round(void **state)
{
  (void)state;
  figures_are(200 * MB, 480 * MB, "0, 100 MB, 200 MB, 300 MB, 400 MB, 500 MB, 600 MB");
  figures_are(200 * MB, 950 * MB, "0, 200 MB, 400 MB, 600 MB, 800 MB, 1000 MB");
  figures_are(200 * MB, 1000 * MB, "0, 0.2 GB, 0.4 GB, 0.6 GB, 0.8 GB, 1.0 GB, 1.2 GB");
  figures_are(200 * MB, 1500 * MB, "0, 0.5 GB, 1.0 GB, 1.5 GB, 2.0 GB");
  figures_are(0, 17 * GB, "0, 5 GB, 10 GB, 15 GB, 20 GB");
  figures_are(0, 700 * KB, "0, 200 KB, 400 KB, 600 KB, 800 KB");
  figures_are(0, 100, "0, 20 bytes, 40 bytes, 60 bytes, 80 bytes, 100 bytes, 120 bytes");
  figures_are(0, UINT64_MAX, "0, 5 EB, 10 EB, 15 EB, 20 EB");
}

static void a_series_that_rests_begins_at_zero(void **state)
{
  (void)state;
  figures_are(0, 0, "0, 0.2 MB, 0.4 MB, 0.6 MB, 0.8 MB, 1.0 MB");
  figures_are(100 * MB, 100 * MB, "0, 20 MB, 40 MB, 60 MB, 80 MB, 100 MB, 120 MB");
  figures_are(58 * MB, 58 * MB + 60000, "0, 20 MB, 40 MB, 60 MB, 80 MB");
  figures_are(20 * GB, 20 * GB + 30 * MB, "0, 5 GB, 10 GB, 15 GB, 20 GB, 25 GB");
}

static void a_small_climb_at_a_great_height_is_brought_near(void **state)
{
  (void)state;
  figures_are(20 * GB, 20 * GB + 350 * MB, "19.9 GB, 20.0 GB, 20.1 GB, 20.2 GB, 20.3 GB, 20.4 GB");
  figures_are(1500 * MB, 1510 * MB, "1495 MB, 1500 MB, 1505 MB, 1510 MB, 1515 MB");
}

/* Whatever the two ends: inside the axis, evenly spaced, rising labels that fit, few of them. */
static void any_figures_give_a_sound_axis(void **state)
{
  (void)state;
  uint64_t seed = 88172645463325252u;
  for (int round = 0; round < 200000; round++) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    uint64_t highest = seed >> (round % 64);
    uint64_t lowest = round % 3 == 0 ? highest - highest / (2 + seed % 1000) : round % 3 == 1 ? highest : 0;
    seep_axis_bytes axis;
    seep_axis_bytes_choose(&axis, lowest, highest);
    assert_in_range(axis.count, 3, 8);
    assert_true(axis.bottom_bytes <= (double)lowest && (double)highest <= axis.top_bytes);
    assert_true(axis.bottom_bytes >= 0 && axis.bottom_bytes < axis.top_bytes);
    double step = axis.ticks[1].bytes - axis.ticks[0].bytes;
    for (size_t i = 1; i < axis.count; i++) {
      double next = axis.ticks[i].bytes - axis.ticks[i - 1].bytes;
      assert_true(next > step * 0.999999 && next < step * 1.000001);
      assert_string_not_equal(axis.ticks[i].label, axis.ticks[i - 1].label);
      assert_in_range(strlen(axis.ticks[i].label), 1, 12);
    }
  }
}

/* ---- times ---- */

static seep_wall at(const char *iso)
{
  seep_filetime filetime = 0;
  assert_true(seep_filetime_parse(iso, strlen(iso), &filetime));
  return seep_wall_from_filetime(filetime);
}

static void times_are(const char *from, const char *to, const char *expected)
{
  seep_axis_moment ticks[SEEP_AXIS_TICKS];
  size_t count = seep_axis_times_choose(at(from), at(to), ticks);
  char all[400] = "";
  for (size_t i = 0; i < count; i++) {
    size_t length = strlen(all);
    snprintf(all + length, sizeof all - length, "%s%s%s%s", i > 0 ? ", " : "", ticks[i].label,
             ticks[i].context[0] != '\0' ? "/" : "", ticks[i].context);
  }
  assert_string_equal(all, expected);
}

static void times_are_round(void **state)
{
  (void)state;
  times_are("2026-11-22T10:39:44Z", "2026-11-22T10:44:44Z", "10:40/22 Nov 2026, 10:41, 10:42, 10:43, 10:44");
  times_are("2026-11-22T10:44:03Z", "2026-11-22T10:45:03Z",
            "10:44:10/22 Nov 2026, 10:44:20, 10:44:30, 10:44:40, 10:44:50, 10:45:00");
  times_are("2026-11-22T09:44:44Z", "2026-11-22T10:44:44Z",
            "09:50/22 Nov 2026, 10:00, 10:10, 10:20, 10:30, 10:40");
  times_are("2026-11-21T10:44:44Z", "2026-11-22T10:44:44Z",
            "12:00/21 Nov 2026, 15:00, 18:00, 21:00, 00:00/22 Nov 2026, 03:00, 06:00, 09:00");
  times_are("2026-11-15T10:44:44Z", "2026-11-22T10:44:44Z",
            "16 Nov/2026, 17 Nov, 18 Nov, 19 Nov, 20 Nov, 21 Nov, 22 Nov");
  times_are("2026-12-20T00:00:00Z", "2027-01-19T00:00:00Z",
            "21 Dec/2026, 28 Dec, 4 Jan/2027, 11 Jan, 18 Jan");
  times_are("2025-10-18T10:44:44Z", "2026-11-22T10:44:44Z", "Nov/2025, Jan/2026, Mar, May, Jul, Sep, Nov");
  times_are("2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2020, 2021, 2022, 2023, 2024, 2025, 2026");
  times_are("2024-02-01T00:00:00Z", "2024-06-30T00:00:00Z", "Feb/2024, Mar, Apr, May, Jun");
  times_are("1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000");
  times_are("1970-01-01T00:00:00Z", "1970-01-20T00:00:00Z", "5 Jan/1970, 12 Jan, 19 Jan");
}

static void both_ends_may_be_ticks(void **state)
{
  (void)state;
  times_are("2026-11-22T10:00:00Z", "2026-11-22T10:05:00Z",
            "10:00/22 Nov 2026, 10:01, 10:02, 10:03, 10:04, 10:05");
  times_are("2026-11-22T10:00:00.001Z", "2026-11-22T10:00:00.9Z", "");
}

/* From a millisecond to all of time: inside the span, rising, even when counted in ms, few enough. */
static void any_span_gives_sound_ticks(void **state)
{
  (void)state;
  const int64_t end = INT64_C(253402300799999);
  for (int64_t span = 1; span <= end; span += span / 7 + 1) {
    for (int64_t i = 0; i < 5; i++) {
      seep_wall from = {(end - span) / 5 * i};
      seep_wall to = {from.ms + span};
      seep_axis_moment ticks[SEEP_AXIS_TICKS];
      size_t count = seep_axis_times_choose(from, to, ticks);
      assert_true(count <= 10);
      assert_true(count >= 2 || span < 3 * SEEP_MS_PER_SECOND || from.ms < 8 * SEEP_MS_PER_DAY);
      for (size_t n = 0; n < count; n++) {
        assert_true(ticks[n].wall.ms >= from.ms && ticks[n].wall.ms <= to.ms);
        assert_true(n == 0 || ticks[n].wall.ms > ticks[n - 1].wall.ms);
        assert_in_range(strlen(ticks[n].label), 3, 8);
      }
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(figures_are_round),
      cmocka_unit_test(a_series_that_rests_begins_at_zero),
      cmocka_unit_test(a_small_climb_at_a_great_height_is_brought_near),
      cmocka_unit_test(any_figures_give_a_sound_axis),
      cmocka_unit_test(times_are_round),
      cmocka_unit_test(both_ends_may_be_ticks),
      cmocka_unit_test(any_span_gives_sound_ticks),
  };
  return cmocka_run_group_tests_name("report/axis", tests, NULL, NULL);
}
