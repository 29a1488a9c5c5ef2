/* The picture of one process: where the line breaks, what the marks say, how large it can become. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "markup.h"
#include "report/chart.h"

#define MB UINT64_C(1048576)
#define BEGIN_MS INT64_C(1795344000000) /* 2026-11-22T10:40:00Z */

static markup out;
static seep_chart chart;
static char path[65536];

static seep_wall after(int64_t ms)
{
  seep_wall wall = {BEGIN_MS + ms};
  return wall;
}

/* An axis of so many ms that begins at BEGIN_MS. */
static void begin(int64_t span_ms)
{
  seep_chart_init(&chart, after(0), after(span_ms));
}

static void poll(int64_t ms, uint64_t bytes, bool after_gap)
{
  seep_chart_add(&chart, after(ms), bytes, bytes, bytes, after_gap);
}

static void draw(const char *title, const seep_chart_mark *marks, size_t count)
{
  static seep_page page;
  memset(&out, 0, sizeof out);
  seep_page_begin(&page, markup_sink, &out, "Title", NULL);
  size_t head = out.length;
  seep_chart_write(&chart, title, marks, count, &page);
  assert_true(out.length - head < 200 * 1024);
  seep_page_end(&page, NULL);
  markup_check(out.text);
  assert_null(strstr(out.text, "<script"));
  assert_null(strstr(out.text, "://"));
  assert_null(strstr(out.text, "id=\"")); /* two pictures of a page can not disturb each other */
  assert_null(strstr(out.text, "nan"));
}

/* The d of the first path of a class; style may end in a quote to leave out longer names. */
static const char *path_of(const char *style)
{
  char before[64];
  snprintf(before, sizeof before, "<path class=\"%s", style);
  const char *element = strstr(out.text, before);
  assert_non_null(element);
  return markup_between(element, " d=\"", "\"", path, sizeof path);
}

static size_t pieces(void)
{
  return markup_count(path_of("mean"), "M");
}

/* ---- points into columns ---- */

static void points_find_their_columns(void **state)
{
  (void)state;
  begin(600000);
  poll(0, 10, false);
  poll(999, 30, false);
  poll(1000, 5, false);
  poll(600000, 7, true); /* the end belongs to the last column */
  poll(-1, 1000, false);
  poll(600001, 1000, false);
  assert_int_equal(chart.points, 4);
  assert_int_equal(chart.columns[0].count, 2);
  assert_int_equal(chart.columns[0].floor_bytes, 10);
  assert_int_equal(chart.columns[0].peak_bytes, 30);
  assert_true(chart.columns[0].mean_sum == 40.0);
  assert_int_equal(chart.columns[1].count, 1);
  assert_int_equal(chart.columns[599].count, 1);
  assert_true(chart.columns[599].after_gap);
  assert_false(chart.columns[1].after_gap);
  assert_int_equal(chart.lowest_bytes, 5);
  assert_int_equal(chart.highest_bytes, 30);
  assert_int_equal(chart.last_bytes, 7);
}

static void figures_out_of_order_are_put_right(void **state)
{
  (void)state;
  begin(600000);
  seep_chart_add(&chart, after(0), 50, 40, 30, false);
  assert_int_equal(chart.lowest_bytes, 40);
  assert_int_equal(chart.highest_bytes, 40);
  begin(600000);
  seep_chart_add(&chart, after(0), 30, 40, 50, false);
  assert_int_equal(chart.columns[0].floor_bytes, 30);
  assert_int_equal(chart.columns[0].peak_bytes, 50);
}

static void an_axis_from_a_broken_clock_is_kept_in_the_calendar(void **state)
{
  (void)state;
  seep_wall first = {INT64_MIN};
  seep_wall last = {INT64_MAX};
  seep_chart_init(&chart, first, last);
  assert_int_equal(chart.from.ms, 0);
  seep_chart_add(&chart, last, 1, 1, 1, false);
  seep_chart_add(&chart, after(0), 1, 1, 1, false);
  assert_int_equal(chart.points, 1);
  draw("all of time", NULL, 0);
  seep_chart_init(&chart, last, last);
  assert_true(chart.from.ms < chart.to.ms);
  draw("a moment", NULL, 0);
  seep_chart_init(&chart, first, first);
  assert_true(chart.from.ms < chart.to.ms);
  draw("a moment", NULL, 0);
}

/* ---- the line ---- */

static void the_line_joins_distant_points_and_breaks_at_gaps(void **state)
{
  (void)state;
  begin(600000);
  for (int64_t i = 0; i <= 10; i++) {
    poll(i * 60000, 100 * MB + (uint64_t)i * MB * 5, false);
  }
  draw("joined", NULL, 0);
  assert_int_equal(pieces(), 1);
  assert_int_equal(markup_count(path_of("dots"), "M"), 11);
  assert_null(strstr(out.text, "Nothing known"));

  begin(600000);
  for (int64_t i = 0; i <= 10; i++) {
    poll(i * 60000, 100 * MB + (uint64_t)i * MB * 5, i == 0 || i == 4 || i == 5);
  }
  draw("broken", NULL, 0);
  assert_int_equal(pieces(), 3);
  assert_int_equal(markup_count(path_of("gap"), "M"), 2);
  assert_non_null(strstr(out.text, "Nothing known"));
}

/* A restart in the middle of a column: the line must not fall from one life to the next. */
static void a_gap_inside_a_column_breaks_the_line_too(void **state)
{
  (void)state;
  begin(600000 * 10); /* 10 s a column */
  for (int64_t second = 0; second <= 6000; second++) {
    poll(second * 1000, second < 3005 ? 900 * MB : 100 * MB, second == 0 || second == 3005);
  }
  assert_true(chart.columns[300].after_gap);
  assert_int_equal(chart.columns[300].peak_bytes, 100 * MB);
  assert_int_equal(chart.columns[299].floor_bytes, 900 * MB);
  assert_int_equal(chart.columns[299].count, 15);
  draw("restart", NULL, 0);
  assert_int_equal(pieces(), 2);
  assert_null(strchr(path_of("mean"), 'l')); /* two level pieces */
  assert_string_equal(path_of("band"), "");

  /* The same where the column to the left knows nothing: the earlier part moves there with its gap. */
  begin(600000);
  poll(0, 100 * MB, true);
  poll(300000, 200 * MB, true);
  poll(300500, 300 * MB, true);
  assert_int_equal(chart.columns[299].peak_bytes, 200 * MB);
  assert_true(chart.columns[299].after_gap);
  assert_int_equal(chart.columns[300].floor_bytes, 300 * MB);
  draw("apart", NULL, 0);
  assert_int_equal(pieces(), 3);

  /* In the first column there is no place to the left: nothing is lost. */
  begin(600000);
  poll(0, 100 * MB, true);
  poll(500, 300 * MB, true);
  assert_int_equal(chart.columns[0].count, 2);
}

static void the_band_is_drawn_from_floor_to_peak(void **state)
{
  (void)state;
  begin(600000);
  seep_chart_add(&chart, after(1000), 0, 500 * MB, 1000 * MB, false); /* the axis ends at 1.2 GB */
  seep_chart_add(&chart, after(2000), 0, 500 * MB, 1000 * MB, false);
  draw("band", NULL, 0);
  /* 0 is at 2600, 1000 MB at 484, 500 MB at 1542. */
  assert_string_equal(path_of("band"), "M14 484h7h14h7v2116h-7h-14h-7z");
  assert_string_equal(path_of("mean"), "M21 1542h14");
  assert_non_null(strstr(out.text, "Lowest to highest"));
  assert_non_null(strstr(out.text, "Mean commit"));
  assert_non_null(strstr(out.text, "UTC: 500 MB (0 bytes to 1000 MB)</title>"));
}

/* ---- special series ---- */

static void one_point_is_a_dot(void **state)
{
  (void)state;
  begin(3600000);
  poll(1800000, 700 * 1024, true);
  draw("one", NULL, 0);
  assert_int_equal(markup_count(path_of("dots"), "M"), 1);
  assert_non_null(strstr(out.text, "Last 700 KB, lowest 700 KB, highest 700 KB."));
  assert_non_null(strstr(out.text, ">800 KB</text>"));
  assert_null(strstr(out.text, "Lowest to highest"));
}

static void no_point_is_said(void **state)
{
  (void)state;
  begin(3600000);
  draw("none", NULL, 0);
  assert_non_null(strstr(out.text, ">Nothing is known of this time</text>"));
  assert_string_equal(path_of("mean"), "");
  assert_null(strstr(out.text, " MB</text>"));
}

static void a_constant_is_a_level_line_over_zero(void **state)
{
  (void)state;
  begin(7 * SEEP_MS_PER_DAY);
  for (int64_t ms = 0; ms <= 7 * SEEP_MS_PER_DAY; ms += 60000) {
    poll(ms, 100 * MB, false);
  }
  draw("constant", NULL, 0);
  assert_null(strpbrk(path_of("mean"), "lv"));
  assert_non_null(strstr(out.text, ">0</text>"));
  assert_non_null(strstr(out.text, ">100 MB</text>"));
  assert_null(strstr(out.text, "The scale begins"));
}

static void an_axis_without_zero_says_so(void **state)
{
  (void)state;
  begin(3600000);
  for (int64_t minute = 0; minute <= 60; minute++) {
    poll(minute * 60000, 20480 * MB + (uint64_t)minute * 5 * MB, false);
  }
  draw("far up", NULL, 0);
  assert_non_null(strstr(out.text, "The scale begins at 19.9 GB, not at 0."));
  assert_null(strstr(out.text, ">0</text>"));
}

static void the_largest_figures_do_no_harm(void **state)
{
  (void)state;
  begin(600000);
  seep_chart_add(&chart, after(0), 0, UINT64_MAX, UINT64_MAX, false);
  seep_chart_add(&chart, after(300000), UINT64_MAX, UINT64_MAX, UINT64_MAX, false);
  draw("largest", NULL, 0);
  assert_non_null(strstr(out.text, ">20 EB</text>"));
  assert_non_null(strstr(out.text, "UTC: 16.0 EB (0 bytes to 16.0 EB)</title>"));
}

static void spans_from_minutes_to_years_stay_small(void **state)
{
  (void)state;
  static const int64_t spans[] = {5 * SEEP_MS_PER_MINUTE, SEEP_MS_PER_HOUR, SEEP_MS_PER_DAY,
                                  14 * SEEP_MS_PER_DAY, 400 * SEEP_MS_PER_DAY};
  for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
    unsigned seed = 7;
    begin(spans[i]);
    for (int64_t n = 0; n <= 20000; n++) {
      seed = seed * 1103515245u + 12345u;
      uint64_t mean = (seed >> 8) % 1000 * MB;
      seep_chart_add(&chart, after(spans[i] / 20000 * n), mean / 2, mean, mean * 2, seed % 50 == 0);
    }
    draw("noise", NULL, 0);
    assert_true(out.length < 48 * 1024); /* with the page's head */
  }
}

/* ---- marks ---- */

static void marks_have_shapes_words_and_tooltips(void **state)
{
  (void)state;
  const seep_chart_mark marks[] = {
      {SEEP_CHART_RESTART, after(60000), after(60000), "PID 4120"},
      {SEEP_CHART_LEAK, after(120000), {INT64_MAX}, "180 MB per hour"},
      {SEEP_CHART_RECORDING, after(180000), after(240000), "C:\\trace.etl"},
      {SEEP_CHART_EXHAUSTION, after(540000), after(0), NULL},
  };
  begin(600000);
  poll(0, 100 * MB, false);
  draw("marks", marks, 4);
  assert_non_null(strstr(out.text, "<title>1 process start, 2026-11-22 10:41:00 UTC: PID 4120</title>"));
  assert_non_null(
      strstr(out.text, "<title>1 leak case, 2026-11-22 10:42:00 UTC, not over: 180 MB per hour</title>"));
  assert_non_null(strstr(out.text, "<title>1 recording, 2026-11-22 10:43:00 to 2026-11-22 10:44:00 UTC, "
                                   "1 min: C:\\trace.etl</title>"));
  assert_non_null(
      strstr(out.text, "<title>1 low-memory warning (Event 2004), 2026-11-22 10:49:00 UTC</title>"));
  /* No two kinds share a shape. The wedge goes on to the right end, with an arrow's head. */
  assert_string_equal(path_of("start\""), "M840 50l55 100h-110z");
  assert_string_equal(path_of("leak\""), "M1680 355v-25l6720-85v110zM8440 245l70 55l-70 55z");
  assert_non_null(strstr(path_of("recording\""), "a30 30"));
  assert_string_equal(path_of("exhaustion\""), "M7560 642l58 58l-58 58l-58-58z");
  assert_string_equal(path_of("start-at"), "M840 0V2600");
  assert_string_equal(path_of("exhaustion-at"), "M7560 0V2600");
  assert_string_equal(path_of("tint"), "M1680 0H8400V2600H1680z");
  /* The legend names each. */
  assert_non_null(strstr(out.text, "</svg>1 leak case</li>"));
  assert_non_null(strstr(out.text, "</svg>1 low-memory warning (Event 2004)</li>"));
}

static void kinds_that_do_not_occur_are_not_named(void **state)
{
  (void)state;
  const seep_chart_mark marks[] = {
      {SEEP_CHART_LEAK, after(-2000), after(-1000), "before"},
      {SEEP_CHART_EXHAUSTION, after(600001), after(600001), "behind"},
      {(seep_chart_mark_kind)77, after(1), after(1), "unheard of"},
      {SEEP_CHART_RECORDING, after(-5000), after(5000), "across the edge"},
  };
  begin(600000);
  draw("none", marks, 4);
  assert_null(strstr(out.text, "leak case"));
  assert_null(strstr(out.text, "Event 2004"));
  assert_null(strstr(out.text, "unheard of"));
  assert_non_null(strstr(out.text, "2026-11-22 10:40:00 to 2026-11-22 10:40:05 UTC"));
  draw("none", NULL, 0);
  assert_null(strstr(out.text, "class=\"lane\""));
}

static void marks_in_one_place_become_one_sign(void **state)
{
  (void)state;
  const seep_chart_mark marks[] = {
      {SEEP_CHART_RESTART, after(300020), after(0), "third"},
      {SEEP_CHART_RESTART, after(300000), after(0), "first"},
      {SEEP_CHART_RESTART, after(300010), after(0), "second"},
      {SEEP_CHART_RESTART, after(500000), after(0), "far off"},
  };
  begin(600000);
  draw("many", marks, 4);
  assert_int_equal(markup_count(out.text, "<path class=\"start\""), 2 + 1); /* and the legend's */
  assert_non_null(strstr(out.text, "3 process starts, 2026-11-22 10:45:00 to 2026-11-22 10:45:00 UTC; the "
                                   "first: first</title>"));
  assert_non_null(strstr(out.text, "</svg>4 process starts</li>"));

  /* However the places are counted: two signs never overlap. */
  for (int64_t ms = 200000; ms < 240000; ms += 100) {
    const seep_chart_mark close[] = {
        {SEEP_CHART_RESTART, after(ms), after(0), "one"},
        {SEEP_CHART_RESTART, after(ms + 1000), after(0), "other"},
    };
    draw("close", close, 2);
    assert_non_null(strstr(out.text, "<title>2 process starts, "));
  }
}

static void hostile_marks_stay_text_and_small(void **state)
{
  (void)state;
  static char label[2001];
  const size_t count = 20000;
  seep_chart_mark *marks = calloc(count, sizeof *marks);
  assert_non_null(marks);
  memset(label, '"', sizeof label - 1);
  for (size_t i = 0; i < count; i++) {
    marks[i].kind = (seep_chart_mark_kind)(i % SEEP_CHART_MARK_KINDS);
    marks[i].from = after((int64_t)(i * 30));
    marks[i].to.ms = i % 3 == 0 ? INT64_MAX : i % 3 == 1 ? INT64_MIN : marks[i].from.ms + 5000;
    marks[i].label = label;
  }
  marks[0].from.ms = INT64_MIN;
  begin(600000);
  for (int64_t second = 0; second <= 600; second++) {
    poll(second * 1000, (uint64_t)(second % 7) * 100 * MB, second % 9 == 0);
  }
  draw("\"><script>x</script>\xE2\x80\xAE\x01\xED\xA0\x80", marks, count);
  assert_non_null(strstr(out.text, "<b>&quot;&gt;&lt;script&gt;"));
  assert_non_null(strstr(out.text, "aria-label=\"&quot;&gt;&lt;script&gt;"));
  free(marks);
}

/* ---- for those who do not see it ---- */

static void the_picture_is_described(void **state)
{
  (void)state;
  const seep_chart_mark mark = {SEEP_CHART_LEAK, after(0), {INT64_MAX}, "x"};
  begin(600000);
  poll(0, 100 * MB, false);
  poll(600000, 200 * MB, false);
  draw("billing.exe", &mark, 1);
  assert_non_null(strstr(out.text, "role=\"img\" aria-label=\"billing.exe: commit over time, "
                                   "2026-11-22 10:40:00 to 2026-11-22 10:50:00 UTC. Last 200 MB, lowest 100 "
                                   "MB, highest 200 MB. 1 leak case.\""));
  assert_non_null(strstr(out.text, "<svg viewBox=\"0 0 980 "));
  assert_null(strstr(out.text, "<svg width"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(points_find_their_columns),
      cmocka_unit_test(figures_out_of_order_are_put_right),
      cmocka_unit_test(an_axis_from_a_broken_clock_is_kept_in_the_calendar),
      cmocka_unit_test(the_line_joins_distant_points_and_breaks_at_gaps),
      cmocka_unit_test(a_gap_inside_a_column_breaks_the_line_too),
      cmocka_unit_test(the_band_is_drawn_from_floor_to_peak),
      cmocka_unit_test(one_point_is_a_dot),
      cmocka_unit_test(no_point_is_said),
      cmocka_unit_test(a_constant_is_a_level_line_over_zero),
      cmocka_unit_test(an_axis_without_zero_says_so),
      cmocka_unit_test(the_largest_figures_do_no_harm),
      cmocka_unit_test(spans_from_minutes_to_years_stay_small),
      cmocka_unit_test(marks_have_shapes_words_and_tooltips),
      cmocka_unit_test(kinds_that_do_not_occur_are_not_named),
      cmocka_unit_test(marks_in_one_place_become_one_sign),
      cmocka_unit_test(hostile_marks_stay_text_and_small),
      cmocka_unit_test(the_picture_is_described),
  };
  return cmocka_run_group_tests_name("report/chart", tests, NULL, NULL);
}
