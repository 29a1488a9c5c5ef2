/*
 * The text file for Prometheus, read line by line as its format says, and kept beside the test so that
 * promtool can read it too (promtool.cmake). promtool overlooks series that are there twice, at which a
 * server refuses the whole file: that is looked for here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/metrics.h"
#include "unit/report/pulses.h"

#define LINES 512

static seep_pulse pulse; /* 30 KB */
static char text[SEEP_PULSE_SIZE];
static char copy[SEEP_PULSE_SIZE];
static const char *lines[LINES];
static size_t line_count;

static void write(const seep_pulse *what)
{
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  seep_metrics_write(what, &writer);
  assert_false(writer.cut);
  assert_int_equal(strlen(text), writer.length);
  assert_int_equal(seep_text_valid_prefix(text, writer.length), writer.length);
  assert_int_equal(text[writer.length - 1], '\n');
}

static void split(void)
{
  line_count = 0;
  memcpy(copy, text, sizeof copy);
  for (char *line = copy; *line != '\0' && line_count < LINES;) {
    char *end = strchr(line, '\n');
    *end = '\0';
    lines[line_count++] = line;
    line = end + 1;
  }
  assert_true(line_count < LINES);
}

/* Behind the labels: a quote ends a value unless a backslash stands before it. */
static const char *skip_labels(const char *at)
{
  bool quoted = false;
  for (; *at != '\0'; at++) {
    if (quoted && *at == '\\') {
      assert_true(at[1] == '\\' || at[1] == '"');
      at++;
    } else if (*at == '"') {
      quoted = !quoted;
    } else if (*at == '}' && !quoted) {
      return at + 1;
    }
  }
  fail_msg("the labels have no end");
  return at;
}

static void check_value(const char *line, const char *at)
{
  char *end = NULL;
  assert_int_equal(*at, ' ');
  (void)strtod(at + 1, &end);
  if (end == at + 1 || *end != '\0' || strchr(at, ',') != NULL) {
    fail_msg("no number: %s", line);
  }
}

static size_t name_length(const char *line)
{
  size_t length = strcspn(line, "{ ");
  for (size_t i = 0; i < length; i++) {
    assert_true(islower((unsigned char)line[i]) || isdigit((unsigned char)line[i]) || line[i] == '_');
  }
  return length;
}

/* HELP, TYPE, then all series of that metric, no two of them alike, and never that metric again. */
static void check_format(void)
{
  char metric[80] = "";
  size_t series = 0;
  split();
  for (size_t i = 0; i < line_count; i++) {
    const char *line = lines[i];
    if (strncmp(line, "# HELP ", 7) == 0) {
      char type[120];
      snprintf(metric, sizeof metric, "%.*s", (int)strcspn(line + 7, " "), line + 7);
      bool total = strlen(metric) > 6 && strcmp(metric + strlen(metric) - 6, "_total") == 0;
      snprintf(type, sizeof type, "# TYPE %s %s", metric, total ? "counter" : "gauge");
      assert_string_equal(lines[i + 1], type);
      for (size_t k = 0; k < i; k++) {
        assert_string_not_equal(lines[k], type);
      }
      assert_int_equal(strncmp(lines[i + 2], metric, strlen(metric)), 0); /* none without a series */
      series = 0;
      i++;
      continue;
    }
    size_t length = name_length(line);
    assert_int_equal(length, strlen(metric));
    assert_int_equal(strncmp(line, metric, length), 0);
    const char *value = line[length] == '{' ? skip_labels(line + length) : line + length;
    check_value(line, value);
    assert_true(++series <= SEEP_PULSE_CASES);
    for (size_t k = 0; k < i; k++) {
      if (strncmp(lines[k], line, (size_t)(value - line) + 1) == 0) {
        fail_msg("twice: %s", line);
      }
    }
  }
}

static void has(const char *line)
{
  for (size_t i = 0; i < line_count; i++) {
    if (strcmp(lines[i], line) == 0) {
      return;
    }
  }
  fail_msg("no line '%s' in:\n%s", line, text);
}

static void has_not(const char *metric)
{
  if (strstr(text, metric) != NULL) {
    fail_msg("%s in:\n%s", metric, text);
  }
}

/* For promtool. */
static void keep(const char *name)
{
  char path[64];
  snprintf(path, sizeof path, "report_metrics-%s.prom", name);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
  assert_int_equal(fclose(file), 0);
}

static void write_kept(const seep_pulse *what, const char *name)
{
  write(what);
  check_format();
  keep(name);
}

static void a_busy_server(void **state)
{
  (void)state;
  static const char *const expected[] = {
      "seepwatch_up 1", "seepwatch_build_info{version=\"1.2.3\"} 1",
      "seepwatch_last_poll_timestamp_seconds 1772323220.500", "seepwatch_polls_total 6120",
      "seepwatch_polls_failed_total 2", "seepwatch_processes 212", "seepwatch_leak_cases{verdict=\"leak\"} 4",
      "seepwatch_leak_cases{verdict=\"rapid\"} 2",
      /* Two of one image and service together; upper case makes no other image. */
      "seepwatch_leak_slope_bytes_per_hour{image=\"w3wp.exe\",service=\"W3SVC, WAS\"} 209715200",
      "seepwatch_leak_growth_bytes{image=\"w3wp.exe\",service=\"W3SVC, WAS\"} 3221225472",
      "seepwatch_leak_start_timestamp_seconds{image=\"w3wp.exe\",service=\"W3SVC, WAS\"} 1772321900.000",
      "seepwatch_leak_slope_bytes_per_hour{image=\"w3wp.exe\",service=\"\"} 10485760",
      /* Ended: it holds nothing now. */
      "seepwatch_leak_slope_bytes_per_hour{image=\"app.exe\",service=\"\"} 0",
      "seepwatch_leak_growth_bytes{image=\"app.exe\",service=\"\"} 0",
      "seepwatch_leak_start_timestamp_seconds{image=\"app.exe\",service=\"\"} 1772323123.000",
      "seepwatch_commit_bytes 12884901888", "seepwatch_commit_limit_bytes 17179869184",
      "seepwatch_commit_headroom_bytes 4294967296", "seepwatch_commit_unattributed_bytes 1073741824",
      "seepwatch_pool_bytes{pool=\"paged\"} 314572800", "seepwatch_pool_bytes{pool=\"nonpaged\"} 209715200",
      "seepwatch_time_to_exhaustion_seconds 12000.000", "seepwatch_headroom_warning 1",
      "seepwatch_event2004_total 3", "seepwatch_event2004_feed_up 1",
      "seepwatch_recordings_total{outcome=\"saved\"} 2", "seepwatch_recordings_total{outcome=\"failed\"} 1",
      "seepwatch_recorder_active 1", "seepwatch_tracing_flags 1", "seepwatch_own_private_bytes 12582912",
      "seepwatch_own_cpu_seconds_total 12.3456789", "seepwatch_own_handles 190",
      "seepwatch_database_bytes 41943040", "seepwatch_alerts_held_back_total 5",
      "seepwatch_events_lost_total 4"};
  write_kept(pulses_busy(&pulse), "busy");
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
    has(expected[i]);
  }
  size_t series = 0;
  for (size_t i = 0; i < line_count; i++) {
    series += lines[i][0] != '#';
  }
  /* These, two series of the growth and one of the start of the w3wp.exe without a service. */
  assert_int_equal(series, sizeof expected / sizeof expected[0] + 2);
  has_not("1234"); /* no PID ever */
}

static void a_quiet_server(void **state)
{
  (void)state;
  write_kept(pulses_quiet(&pulse), "quiet");
  has("seepwatch_leak_cases{verdict=\"leak\"} 0");
  has("seepwatch_leak_cases{verdict=\"rapid\"} 0");
  has("seepwatch_headroom_warning 0");
  has("seepwatch_recorder_active 0");
  has("seepwatch_event2004_total 0");
  has_not("seepwatch_leak_slope");
  has_not("seepwatch_leak_growth");
  has_not("seepwatch_leak_start");
  has_not("seepwatch_time_to_exhaustion");
}

static void what_is_not_known_is_left_out(void **state)
{
  (void)state;
  static const char *const absent[] = {
      "seepwatch_last_poll",          "seepwatch_processes",  "seepwatch_commit_",         "seepwatch_pool_",
      "seepwatch_time_to_exhaustion", "seepwatch_event2004_", "seepwatch_recorder_active", "seepwatch_own_",
      "seepwatch_database_"};
  write_kept(pulses_nothing(&pulse), "nothing");
  has("seepwatch_up 1");
  for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
    has_not(absent[i]);
  }
  pulses_quiet(&pulse);
  pulse.feed_known = false;
  pulse.memory.paged_pool_bytes = 0;
  write_kept(&pulse, "partly");
  has("seepwatch_event2004_total 0");
  has("seepwatch_pool_bytes{pool=\"nonpaged\"} 209715200");
  has_not("seepwatch_event2004_feed_up");
  has_not("pool=\"paged\"");
  pulse.memory.nonpaged_pool_bytes = 0;
  write(&pulse);
  has_not("seepwatch_pool_bytes");
}

/* Or a central rule would go on about leaks of a server where nobody looks any more. */
static void a_stopped_service_claims_nothing(void **state)
{
  (void)state;
  write_kept(pulses_stopped(&pulse), "stopped");
  has("seepwatch_up 0");
  has("seepwatch_last_poll_timestamp_seconds 1772323220.500");
  has_not("seepwatch_leak");
  has_not("seepwatch_commit");
}

static void hostile_names_are_labels_all_the_same(void **state)
{
  (void)state;
  write_kept(pulses_hostile(&pulse), "hostile");
  for (size_t i = 0; i < line_count; i++) {
    assert_true(strlen(lines[i]) < 700);
  }
  pulses_quiet(&pulse);
  pulses_case(&pulse, "a\"b\\c\n\x1b\xFF\xED\xA0\x80\xE6\x97\xA5} 7 # HELP", 1, 1048576.0);
  pulses_case(&pulse, "", 2, 2097152.0);
  write_kept(&pulse, "escaped");
  has("seepwatch_leak_slope_bytes_per_hour{image="
      "\"a\\\"b\\\\c\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
      "\xE6\x97\xA5} 7 # help\",service=\"\"} 1048576");
  has("seepwatch_leak_slope_bytes_per_hour{image=\"unknown\",service=\"\"} 2097152");
}

/* Names that differ only behind the cut, or in what a label can not show, are one series. */
static void names_that_become_alike_are_added_up(void **state)
{
  (void)state;
  char name[256];
  pulses_quiet(&pulse);
  for (uint32_t i = 0; i < SEEP_PULSE_CASES; i++) {
    memset(name, '\\', sizeof name - 1); /* each becomes two bytes: the end is cut off */
    name[sizeof name - 1] = '\0';
    name[sizeof name - 2] = (char)('a' + i % 26);
    pulses_case(&pulse, name, i + 1, 1000.0);
  }
  write_kept(&pulse, "alike");
  size_t series = 0;
  for (size_t i = 0; i < line_count; i++) {
    bool slope = strncmp(lines[i], "seepwatch_leak_slope_bytes_per_hour{", 36) == 0;
    series += slope;
    if (slope) {
      assert_string_equal(strrchr(lines[i], ' '), " 32000");
    }
  }
  assert_int_equal(series, 1);
  pulses_quiet(&pulse);
  pulses_case(&pulse, "a\x01.exe", 1, 1000.0);
  pulses_case(&pulse, "A\x02.EXE", 2, 2000.0);
  write_kept(&pulse, "controls");
  has("seepwatch_leak_slope_bytes_per_hour{image=\"a\xEF\xBF\xBD.exe\",service=\"\"} 3000");
}

/* Most are not listed when there are many, and their number comes from elsewhere: whatever it is, both
 * verdicts together are the open cases. */
static void the_verdicts_together_are_all_cases(void **state)
{
  (void)state;
  pulses_quiet(&pulse);
  pulses_case(&pulse, "a.exe", 1, 2000.0)->is_rapid = true;
  pulses_case(&pulse, "b.exe", 2, 1000.0);
  write_kept(&pulse, "verdicts");
  has("seepwatch_leak_cases{verdict=\"leak\"} 1");
  has("seepwatch_leak_cases{verdict=\"rapid\"} 1");
  pulse.open_leaks = 100;
  pulse.rapid_leaks = 70;
  write_kept(&pulse, "verdicts");
  has("seepwatch_leak_cases{verdict=\"leak\"} 30");
  has("seepwatch_leak_cases{verdict=\"rapid\"} 70");
  pulse.rapid_leaks = 101;
  write_kept(&pulse, "verdicts");
  has("seepwatch_leak_cases{verdict=\"leak\"} 0");
  has("seepwatch_leak_cases{verdict=\"rapid\"} 100");
}

static void as_many_series_as_cases(void **state)
{
  (void)state;
  pulses_quiet(&pulse);
  for (uint32_t i = 0; i < SEEP_PULSE_CASES; i++) {
    char name[16];
    snprintf(name, sizeof name, "p%u.exe", (unsigned)i);
    pulses_case(&pulse, name, i + 1, -1000.5);
  }
  pulse.open_leaks = 1000;
  write_kept(&pulse, "full");
  has("seepwatch_leak_cases{verdict=\"leak\"} 1000");
  has("seepwatch_leak_slope_bytes_per_hour{image=\"p31.exe\",service=\"\"} -1001");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_busy_server),
      cmocka_unit_test(a_quiet_server),
      cmocka_unit_test(what_is_not_known_is_left_out),
      cmocka_unit_test(a_stopped_service_claims_nothing),
      cmocka_unit_test(hostile_names_are_labels_all_the_same),
      cmocka_unit_test(names_that_become_alike_are_added_up),
      cmocka_unit_test(the_verdicts_together_are_all_cases),
      cmocka_unit_test(as_many_series_as_cases),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
