/* One moment, told three ways: event 104, JSON parsed back by somebody else's parser, lines for people. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "report/pulse.h"
#include "unit/report/pulses.h"

static seep_pulse pulse; /* 30 KB */
static seep_alert alert;
static char text[SEEP_PULSE_SIZE];

static void insert_is(const char *label, const char *expected)
{
  const char *found = seep_alert_insert(&alert, label);
  if (found == NULL || strcmp(found, expected) != 0) {
    fail_msg("%s: '%s', not '%s'", label, found != NULL ? found : "-", expected);
  }
}

static void insert_is_missing(const char *label)
{
  if (seep_alert_insert(&alert, label) != NULL) {
    fail_msg("%s: '%s'", label, seep_alert_insert(&alert, label));
  }
}

static void write(void (*how)(const seep_pulse *, seep_writer *), const seep_pulse *what)
{
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  how(what, &writer);
  assert_false(writer.cut);
  assert_int_equal(strlen(text), writer.length);
  assert_int_equal(seep_text_valid_prefix(text, writer.length), writer.length);
  assert_int_equal(text[writer.length - 1], '\n');
}

static cJSON *document(const seep_pulse *what)
{
  const char *end = NULL;
  write(seep_pulse_json, what);
  cJSON *parsed = cJSON_ParseWithOpts(text, &end, 0);
  if (parsed == NULL || strcmp(end, "\n") != 0) {
    fail_msg("not one JSON document: %s", text);
  }
  assert_true(cJSON_GetObjectItemCaseSensitive(parsed, "schema")->valuedouble == 1.0);
  return parsed;
}

/* "memory.commit_bytes": the member, which must be there. */
static const cJSON *member(const cJSON *parsed, const char *path)
{
  char part[64];
  const char *dot = strchr(path, '.');
  if (dot != NULL) {
    snprintf(part, sizeof part, "%.*s", (int)(dot - path), path);
    parsed = cJSON_GetObjectItemCaseSensitive(parsed, part);
    path = dot + 1;
  }
  const cJSON *found = cJSON_GetObjectItemCaseSensitive(parsed, path);
  if (found == NULL) {
    fail_msg("no member %s", path);
  }
  return found;
}

static void text_is(const cJSON *parsed, const char *path, const char *expected)
{
  assert_string_equal(cJSON_GetStringValue(member(parsed, path)), expected);
}

static void number_is(const cJSON *parsed, const char *path, double expected)
{
  assert_true(cJSON_IsNumber(member(parsed, path)));
  assert_true(member(parsed, path)->valuedouble == expected);
}

static void flag_is(const cJSON *parsed, const char *path, bool expected)
{
  assert_true(cJSON_IsBool(member(parsed, path)));
  assert_int_equal(cJSON_IsTrue(member(parsed, path)), expected);
}

static void are_null(const cJSON *parsed, const char *const *paths, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (!cJSON_IsNull(member(parsed, paths[i]))) {
      fail_msg("%s is not null", paths[i]);
    }
  }
}

static void line_is(const char *line)
{
  char wanted[600];
  snprintf(wanted, sizeof wanted, "\n%s\n", line);
  if (strstr(text, wanted) == NULL && strncmp(text, wanted + 1, strlen(wanted) - 1) != 0) {
    fail_msg("no line '%s' in:\n%s", line, text);
  }
}

/* ---- event 104 ---- */

static void the_alert_has_all_inserts(void **state)
{
  (void)state;
  seep_pulse_alert(pulses_busy(&pulse), &alert);
  assert_int_equal(alert.id, SEEP_ALERT_HEARTBEAT);
  assert_int_equal(alert.added, alert.insert_count);
  insert_is("uptime", "2 d 3 h");
  insert_is("polls", "6120");
  insert_is("processes", "212");
  insert_is("open leaks", "6");
  insert_is("own private bytes", "12.0 MB (12582912 bytes)");
  insert_is("own cpu time", "12.345 s");
  insert_is("commit total", "12.0 GB (12884901888 bytes)");
  insert_is("commit limit", "16.0 GB (17179869184 bytes)");
  insert_is("samples and polls lost", "2 polls and 4 events");
  insert_is("left", "4.00 GB (4294967296 bytes)");
  insert_is("time left", "3 h 20 min");
  insert_is("leaking", "W3WP.exe (1234) 180 MB per hour; w3wp.exe (1300) 20.0 MB per hour; "
                       "w3wp.exe (1400) 10.0 MB per hour; app.exe (77) has ended, and may come back; "
                       "and 2 more");
  insert_is("recorder", "recording W3WP.exe (1234)");
  insert_is("recordings", "2 saved, 1 failed since the start; 1 tracing flag waits for a restart");
  insert_is("event 2004", "received; 3 since the start, the last at 2026-03-01T00:00:00.001Z; "
                          "the Diagnostic Policy Service does not run");
  insert_is("database", "works, 40.0 MB");
}

static void what_is_not_known_is_missing(void **state)
{
  (void)state;
  static const char *const missing[] = {"own private bytes", "own cpu time", "commit total",
                                        "commit limit",      "left",         "time left"};
  seep_pulse_alert(pulses_nothing(&pulse), &alert);
  assert_int_equal(alert.added, alert.insert_count);
  for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
    insert_is_missing(missing[i]);
  }
  insert_is("leaking", "nobody");
  insert_is("recordings", "0 saved, 0 failed since the start; 0 tracing flags wait for a restart");
  insert_is("event 2004", "not listened to");
  insert_is("database", "does not work: see event 107");
}

static void the_state_of_the_feed_is_told(void **state)
{
  (void)state;
  pulses_quiet(&pulse);
  seep_pulse_alert(&pulse, &alert);
  insert_is("event 2004", "received; none since the start");
  pulse.feed_up = false;
  seep_pulse_alert(&pulse, &alert);
  insert_is("event 2004", "not received at present");
  pulse.exhaustions = 1;
  pulse.feed_trouble = "the policy is off";
  seep_pulse_alert(&pulse, &alert);
  insert_is("event 2004", "not received at present; 1 since the start; the policy is off");
  pulses_quiet(&pulse);
  pulse.feed_known = false;
  seep_pulse_alert(&pulse, &alert);
  insert_is("event 2004", "not yet known whether it is received");
}

static void the_recorder_is_told(void **state)
{
  (void)state;
  pulses_quiet(&pulse);
  seep_pulse_alert(&pulse, &alert);
  insert_is("recorder", "idle");
  pulse.capture_enabled = false;
  seep_pulse_alert(&pulse, &alert);
  insert_is("recorder", "switched off");
  /* One that was begun before the switch goes on. */
  pulse.recorder = "saving";
  seep_text_copy(pulse.recorded_image, sizeof pulse.recorded_image, "x.exe");
  pulse.recorded_pid = 12;
  seep_pulse_alert(&pulse, &alert);
  insert_is("recorder", "saving: x.exe (12)");
  pulse.storage_ok = false;
  seep_pulse_alert(&pulse, &alert);
  insert_is("database", "does not work: see event 107 (40.0 MB)");
}

/* Five at most, whole entries only, and the number of the rest always has room. */
static void the_list_of_leaks_is_short(void **state)
{
  (void)state;
  char name[256];
  pulses_quiet(&pulse);
  for (uint32_t i = 0; i < 7; i++) {
    snprintf(name, sizeof name, "%c.exe", (char)('a' + i));
    pulses_case(&pulse, name, i + 1, 1048576.0);
  }
  seep_pulse_alert(&pulse, &alert);
  insert_is("leaking", "a.exe (1) 1.00 MB per hour; b.exe (2) 1.00 MB per hour; c.exe (3) 1.00 MB per hour; "
                       "d.exe (4) 1.00 MB per hour; e.exe (5) 1.00 MB per hour; and 2 more");
  pulse.case_count = pulse.open_leaks = 5;
  seep_pulse_alert(&pulse, &alert);
  assert_null(strstr(seep_alert_insert(&alert, "leaking"), "more"));
  pulse.case_count = 0;
  seep_pulse_alert(&pulse, &alert);
  insert_is("leaking", "5, none of them listed");
  for (size_t length = 1; length < sizeof name; length++) {
    pulses_quiet(&pulse);
    memset(name, 'n', length);
    name[length] = '\0';
    for (uint32_t i = 0; i < 7; i++) {
      pulses_case(&pulse, name, UINT32_MAX, 1048576.0);
    }
    pulse.open_leaks = 1000;
    seep_pulse_alert(&pulse, &alert);
    const char *list = seep_alert_insert(&alert, "leaking");
    unsigned shown = 0;
    for (const char *one = strstr(list, " per hour"); one != NULL; one = strstr(one + 1, " per hour")) {
      shown++;
    }
    snprintf(text, sizeof text, "; and %u more", 1000 - shown);
    assert_true(shown >= 1 && shown <= 5);
    assert_string_equal(list + strlen(list) - strlen(text), text);
  }
}

static void hostile_names_stay_within_the_alert(void **state)
{
  (void)state;
  seep_pulse_alert(pulses_hostile(&pulse), &alert);
  assert_int_equal(alert.added, alert.insert_count);
  for (size_t i = 0; i < alert.insert_count; i++) {
    assert_true(strlen(alert.inserts[i]) > 0 && strlen(alert.inserts[i]) < SEEP_ALERT_INSERT_SIZE);
    assert_null(strpbrk(alert.inserts[i], "\x01\n\x1b"));
  }
}

/* ---- JSON ---- */

static void has_state_and_looking(const cJSON *parsed)
{
  text_is(parsed, "version", "1.2.3");
  text_is(parsed, "host", "SERVER-7");
  text_is(parsed, "data_folder", "C:\\ProgramData\\Seepwatch");
  text_is(parsed, "now", "2026-03-01T00:00:30.000Z");
  number_is(parsed, "write_interval_ms", 60000);
  flag_is(parsed, "stopped", false);
  number_is(parsed, "uptime_ms", 183600000);
  number_is(parsed, "looking.polls", 6120);
  number_is(parsed, "looking.polls_failed", 2);
  text_is(parsed, "looking.last_poll", "2026-03-01T00:00:20.500Z");
  number_is(parsed, "looking.interval_ms", 30000);
  number_is(parsed, "looking.processes", 212);
  number_is(parsed, "looking.suspects", 3);
}

static void has_memory(const cJSON *parsed)
{
  number_is(parsed, "memory.commit_bytes", 12884901888.0);
  number_is(parsed, "memory.commit_limit_bytes", 17179869184.0);
  number_is(parsed, "memory.headroom_bytes", 4294967296.0);
  number_is(parsed, "memory.in_processes_bytes", 11811160064.0);
  number_is(parsed, "memory.outside_of_processes_bytes", 1073741824.0);
  number_is(parsed, "memory.physical_bytes", 8589934592.0);
  number_is(parsed, "memory.physical_available_bytes", 2147483648.0);
  number_is(parsed, "memory.paged_pool_bytes", 314572800);
  number_is(parsed, "memory.nonpaged_pool_bytes", 209715200);
  number_is(parsed, "time_left_ms", 12000000);
  flag_is(parsed, "headroom_warning", true);
}

static void has_event2004_and_recorder(const cJSON *parsed)
{
  flag_is(parsed, "event_2004.wanted", true);
  flag_is(parsed, "event_2004.received", true);
  flag_is(parsed, "event_2004.detector_log", true);
  text_is(parsed, "event_2004.trouble", "the Diagnostic Policy Service does not run");
  number_is(parsed, "event_2004.since_start", 3);
  text_is(parsed, "event_2004.last", "2026-03-01T00:00:00.001Z");
  flag_is(parsed, "recorder.enabled", true);
  text_is(parsed, "recorder.state", "recording");
  text_is(parsed, "recorder.process", "W3WP.exe");
  number_is(parsed, "recorder.pid", 1234);
  number_is(parsed, "recorder.saved", 2);
  number_is(parsed, "recorder.failed", 1);
  number_is(parsed, "recorder.tracing_flags", 1);
}

static void has_own_and_database(const cJSON *parsed)
{
  number_is(parsed, "own.private_bytes", 12582912);
  number_is(parsed, "own.cpu_ms", 12345);
  number_is(parsed, "own.handles", 190);
  number_is(parsed, "own.events_lost", 4);
  number_is(parsed, "own.alerts_held_back", 5);
  flag_is(parsed, "database.works", true);
  number_is(parsed, "database.bytes", 41943040);
}

static void has_cases(const cJSON *parsed)
{
  number_is(parsed, "open_leaks", 6);
  number_is(parsed, "rapid_leaks", 2);
  assert_int_equal(cJSON_GetArraySize(member(parsed, "cases")), 4);
  const cJSON *first = cJSON_GetArrayItem(member(parsed, "cases"), 0);
  text_is(first, "process", "W3WP.exe");
  number_is(first, "pid", 1234);
  text_is(first, "created", "2026-03-01T00:00:00.000Z");
  text_is(first, "verdict", "rapid");
  flag_is(first, "waiting", false);
  text_is(first, "memory_kind", "Heap");
  text_is(first, "services", "W3SVC, WAS");
  number_is(first, "slope_bytes_per_hour", 188743680);
  number_is(first, "growth_bytes", 1610612736);
  number_is(first, "commit_bytes", 2147483648.0);
  text_is(first, "began", "2026-02-28T23:39:26.000Z");
  const cJSON *last = cJSON_GetArrayItem(member(parsed, "cases"), 3);
  text_is(last, "verdict", "leak");
  flag_is(last, "waiting", true);
  assert_true(cJSON_IsNull(member(last, "services")));
}

static void json_has_everything(void **state)
{
  (void)state;
  cJSON *parsed = document(pulses_busy(&pulse));
  has_state_and_looking(parsed);
  has_memory(parsed);
  has_event2004_and_recorder(parsed);
  has_own_and_database(parsed);
  has_cases(parsed);
  cJSON_Delete(parsed);
}

static void json_knows_what_it_does_not_know(void **state)
{
  (void)state;
  static const char *const nulls[] = {"version",
                                      "host",
                                      "data_folder",
                                      "now",
                                      "write_interval_ms",
                                      "looking.last_poll",
                                      "looking.interval_ms",
                                      "memory",
                                      "time_left_ms",
                                      "event_2004.received",
                                      "event_2004.trouble",
                                      "event_2004.last",
                                      "recorder.state",
                                      "recorder.process",
                                      "recorder.pid",
                                      "own.private_bytes",
                                      "own.cpu_ms",
                                      "own.handles",
                                      "database.bytes"};
  static const char *const owned[] = {"memory.in_processes_bytes", "memory.outside_of_processes_bytes",
                                      "memory.paged_pool_bytes", "memory.nonpaged_pool_bytes"};
  cJSON *parsed = document(pulses_nothing(&pulse));
  are_null(parsed, nulls, sizeof nulls / sizeof nulls[0]);
  assert_int_equal(cJSON_GetArraySize(member(parsed, "cases")), 0);
  cJSON_Delete(parsed);
  pulses_nothing(&pulse);
  pulse.memory_known = true;
  parsed = document(&pulse);
  are_null(parsed, owned, sizeof owned / sizeof owned[0]);
  cJSON_Delete(parsed);
}

static void the_worst_of_names_fit_and_stay_texts(void **state)
{
  (void)state;
  cJSON *parsed = document(pulses_hostile(&pulse));
  assert_int_equal(cJSON_GetArraySize(member(parsed, "cases")), SEEP_PULSE_CASES);
  const cJSON *one = NULL;
  cJSON_ArrayForEach(one, member(parsed, "cases"))
  {
    assert_true(cJSON_IsString(member(one, "process")));
    assert_true(strlen(cJSON_GetStringValue(member(one, "process"))) >= 85);
    assert_true(cJSON_IsNull(member(one, "slope_bytes_per_hour")) ||
                cJSON_IsNumber(member(one, "slope_bytes_per_hour")));
  }
  cJSON_Delete(parsed);
  write(seep_pulse_text, &pulse);
}

/* Room for all of them, should each name need six bytes for one. */
static void nothing_but_control_characters_fits(void **state)
{
  (void)state;
  pulses_hostile(&pulse);
  for (size_t i = 0; i < SEEP_PULSE_CASES; i++) {
    seep_pulse_case *one = &pulse.cases[i];
    memset(one->image, 1, sizeof one->image - 1);
    memset(one->services, 1, sizeof one->services - 1);
    memset(one->memory_kind, 1, sizeof one->memory_kind - 1);
    one->slope_bytes_per_hour = -1.2345678901234567e-300;
  }
  memset(pulse.version, 1, sizeof pulse.version - 1);
  cJSON_Delete(document(&pulse));
  write(seep_pulse_text, &pulse);
}

/* ---- lines for people ---- */

static void lines_say_it_all(void **state)
{
  (void)state;
  write(seep_pulse_text, pulses_busy(&pulse));
  assert_string_equal(
      text,
      "state: running for 2 d 3 h, version 1.2.3, on SERVER-7\n"
      "as of: 2026-03-01T00:00:30.000Z\n"
      "looked: 6120 times, every 30 s, the last at 2026-03-01T00:00:20.500Z; 212 processes, 3 of them "
      "suspected\n"
      "rapid growth: W3WP.exe (1234), 180 MB per hour since 2026-02-28T23:39:26.000Z, grown by 1.50 GB to "
      "2.00 GB, Heap, services W3SVC, WAS\n"
      "leak: w3wp.exe (1300), 20.0 MB per hour since 2026-02-28T23:38:20.000Z, grown by 1.50 GB to 2.00 GB, "
      "Heap, services W3SVC, WAS\n"
      "leak: w3wp.exe (1400), 10.0 MB per hour since 2026-02-28T23:36:40.000Z, grown by 1.50 GB to 2.00 GB, "
      "Heap\n"
      "leak: app.exe (77), 1.00 MB per hour since 2026-02-28T23:58:43.000Z, grown by 1.50 GB to 2.00 GB, "
      "Heap; it has ended, and may come back\n"
      "more leaks: 2\n"
      "commit: 12.0 GB of 16.0 GB, 4.00 GB left; 1.00 GB of it outside of processes; event 202 has warned "
      "of it\n"
      "time left: 3 h 20 min\n"
      "pools: 300 MB paged, 200 MB nonpaged\n"
      "event 2004: received; 3 since the start, the last at 2026-03-01T00:00:00.001Z; the Diagnostic Policy "
      "Service does not run; the detector's own log is read too\n"
      "recorder: recording W3WP.exe (1234)\n"
      "recordings: 2 saved, 1 failed since the start; 1 tracing flag waits for a restart\n"
      "lost: 2 polls and 4 events; 5 alerts held back\n"
      "database: works, 40.0 MB\n"
      "own use: 12.0 MB private, 12.345 s of processor time, 190 handles\n"
      "data folder: C:\\ProgramData\\Seepwatch\n");
}

static void lines_of_little(void **state)
{
  (void)state;
  write(seep_pulse_text, pulses_quiet(&pulse));
  line_is("leak: none");
  line_is("time left: no growth is known that would reach the commit limit");
  line_is("event 2004: received; none since the start");
  write(seep_pulse_text, pulses_nothing(&pulse));
  line_is("state: running for 0 s");
  line_is("as of: not known");
  line_is("looked: not once yet; 0 processes, 0 of them suspected");
  line_is("commit: not known");
  line_is("time left: not known");
  line_is("pools: not known");
  line_is("recorder: switched off");
  line_is("own use: not known");
  write(seep_pulse_text, pulses_stopped(&pulse));
  line_is("state: stopped after 2 d 3 h, version 1.2.3, on SERVER-7");
}

static void nothing_acts_on_a_terminal(void **state)
{
  (void)state;
  pulses_quiet(&pulse);
  pulses_case(&pulse, "a\x1b[2J\nleak: forged\r\xE2\x80\xAE\xFF\xED\xA0\x80.exe", 1, 1048576.0);
  write(seep_pulse_text, &pulse);
  line_is("leak: a\xEF\xBF\xBD[2J\xEF\xBF\xBDleak: forged\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
          ".exe (1), 1.00 MB per hour since 2026-02-28T23:59:59.000Z, grown by 1.50 GB to 2.00 GB, Heap");
}

static void a_cut_is_told(void **state)
{
  (void)state;
  char little[100];
  seep_writer writer;
  seep_writer_init(&writer, little, sizeof little);
  seep_pulse_json(pulses_busy(&pulse), &writer);
  assert_true(writer.cut);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_alert_has_all_inserts),
      cmocka_unit_test(what_is_not_known_is_missing),
      cmocka_unit_test(the_state_of_the_feed_is_told),
      cmocka_unit_test(the_recorder_is_told),
      cmocka_unit_test(the_list_of_leaks_is_short),
      cmocka_unit_test(hostile_names_stay_within_the_alert),
      cmocka_unit_test(json_has_everything),
      cmocka_unit_test(json_knows_what_it_does_not_know),
      cmocka_unit_test(the_worst_of_names_fit_and_stay_texts),
      cmocka_unit_test(nothing_but_control_characters_fits),
      cmocka_unit_test(lines_say_it_all),
      cmocka_unit_test(lines_of_little),
      cmocka_unit_test(nothing_acts_on_a_terminal),
      cmocka_unit_test(a_cut_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
