/*
 * What `seepwatch status` prints of the file that the service leaves: fresh, old, missing, damaged, hostile.
 * The test runs itself as the program that prints; the moments are those of the tests of the pulse.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/status_print.h"
#include "cli/status_read.h"
#include "unit/report/pulses.h"
#include "unit/service/spawn.h"

#define FILE_NAME "service_cli_status.json"
#define LONG_BYTES ((size_t)300 * 1024)
#define SERVICE_JSON "{\"state\":\"running\",\"pid\":7}"
#define SERVICE_TEXT "service seepwatch: running, process 7"

/* Of the moments that pulses.c makes. */
#define PULSE_MS INT64_C(1772323230000)

static seep_pulse pulse, back; /* 30 KB */
static seep_status_words words;
static char text[SEEP_PULSE_SIZE], again[SEEP_PULSE_SIZE];

/* ---- the program: status text|json|alone FILE MS ---- */

static int run_program(char **argv)
{
  seep_wall now = {strtoll(argv[4], NULL, 10)};
  bool json = strcmp(argv[2], "json") == 0;
  if (strcmp(argv[2], "alone") == 0) {
    return seep_status_print_at(argv[1], argv[3], NULL, "no service", false, now);
  }
  if (now.ms == 0) {
    return seep_status_print(argv[1], argv[3], NULL, "", json);
  }
  return seep_status_print_at(argv[1], argv[3], SERVICE_JSON, SERVICE_TEXT, json, now);
}

/* age_ms behind the moment of the pulse. */
static const spawn_result *status(int exit_code, const char *how, int64_t age_ms)
{
  char now[32];
  snprintf(now, sizeof now, "%" PRId64, PULSE_MS + age_ms);
  return RUN(exit_code, "status", how, FILE_NAME, now);
}

static void make(const seep_pulse *of)
{
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  seep_pulse_json(of, &writer);
  assert_false(writer.cut);
  spawn_file_write(FILE_NAME, text, writer.length);
}

static void make_text(const char *content)
{
  spawn_file_write(FILE_NAME, content, strlen(content));
}

/* ---- what is read is what was written ---- */

static void comes_back(const seep_pulse *of)
{
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  seep_pulse_json(of, &writer);
  cJSON *document = cJSON_Parse(text);
  assert_non_null(document);
  assert_null(seep_status_read(document, &back, &words));
  seep_writer_init(&writer, again, sizeof again);
  seep_pulse_json(&back, &writer);
  assert_string_equal(again, text);
  seep_writer_init(&writer, again, sizeof again);
  seep_pulse_text(&back, &writer);
  seep_writer_init(&writer, text, sizeof text);
  seep_pulse_text(of, &writer);
  assert_string_equal(again, text);
  cJSON_Delete(document);
}

static void everything_comes_back(void **state)
{
  (void)state;
  comes_back(pulses_quiet(&pulse));
  comes_back(pulses_busy(&pulse));
  comes_back(pulses_stopped(&pulse));
  pulses_nothing(&pulse);
  pulse.now.ms = 1;
  comes_back(&pulse);
  pulses_busy(&pulse);
  pulse.feed_known = false;
  pulse.usage_known = false;
  pulse.memory_known = false;
  pulse.own_private_bytes = pulse.own_cpu_100ns = pulse.own_handles = 0;
  comes_back(&pulse);
}

/* ---- what is shown ---- */

static void text_for_people(void **state)
{
  (void)state;
  make(pulses_busy(&pulse));
  const spawn_result *result = status(0, "text", 20999);
  const char start[] = SERVICE_TEXT "\n"
                                    "watchdog, as of 20 s ago:\n"
                                    "state: running for 2 d 3 h, version 1.2.3, on SERVER-7\n"
                                    "as of: 2026-03-01T00:00:30.000Z\n";
  assert_int_equal(strncmp(result->out.text, start, sizeof start - 1), 0);
  SAYS(result->out, "\nmore leaks: 2\n");
  SAYS(result->out, "\ndata folder: C:\\ProgramData\\Seepwatch\n");
}

static void one_json_document(void **state)
{
  (void)state;
  make(pulses_busy(&pulse));
  cJSON *document = spawn_json(&status(0, "json", 20500)->out);
  assert_string_equal(spawn_string(spawn_member(document, "service"), "state"), "running");
  assert_true(spawn_number(document, "age_ms") == 20500.0);
  assert_true(cJSON_IsFalse(spawn_member(document, "old")));
  const cJSON *watchdog = spawn_member(document, "watchdog");
  assert_true(spawn_number(watchdog, "schema") == 1.0);
  assert_true(spawn_number(watchdog, "open_leaks") == 6.0);
  assert_int_equal(cJSON_GetArraySize(spawn_member(watchdog, "cases")), 4);
  cJSON_Delete(document);
}

static void old_facts_are_told_as_old(void **state)
{
  (void)state;
  make(pulses_quiet(&pulse)); /* every 60 s */
  SAYS(status(0, "text", 179999)->out, "watchdog, as of 2 min 59 s ago:\n");
  SAYS(status(0, "text", 180000)->out,
       "watchdog, as of 3 min ago, which is old: it should say this every 1 min, and may no longer work:\n");
  cJSON *document = spawn_json(&status(0, "json", 180000)->out);
  assert_true(cJSON_IsTrue(spawn_member(document, "old")));
  cJSON_Delete(document);
  /* Where the interval is not told, the usual one, or that of the polls when it is longer. */
  pulse.write_interval_ms = 0;
  make(&pulse);
  SAYS(status(0, "text", 180000)->out, "which is old");
  pulse.poll_interval_ms = 600000;
  make(&pulse);
  SAYS(status(0, "text", 1799999)->out, "as of 29 min 59 s ago:\n");
  SAYS(status(0, "text", 1800000)->out, "as of 30 min ago, which is old: it should say this every 10 min");
  pulse.write_interval_ms = INT64_MAX;
  make(&pulse);
  SAYS(status(0, "text", INT64_C(8000000000000))->out, " ago:\n");
}

static void a_stopped_service_is_not_old(void **state)
{
  (void)state;
  make(pulses_stopped(&pulse));
  const spawn_result *result = status(0, "text", 86400000);
  SAYS(result->out, "watchdog, as of 1 d ago, its last word before it stopped:\n");
  SAYS(result->out, "state: stopped after 2 d 3 h");
}

static void a_clock_that_was_set_back(void **state)
{
  (void)state;
  make(pulses_quiet(&pulse));
  SAYS(status(0, "text", -999)->out, "watchdog, as of 0 s ago:\n");
  SAYS(status(0, "text", -3600000)->out, "watchdog, as of a moment that is 1 h ahead of the clock:\n");
}

/* By the clock of this computer those moments are long ago, or still to come: either way it says so. */
static void now_is_asked_for(void **state)
{
  (void)state;
  make(pulses_quiet(&pulse));
  const spawn_result *result = RUN(0, "status", "json", FILE_NAME, "0");
  cJSON *document = spawn_json(&result->out);
  assert_true(cJSON_IsNull(spawn_member(document, "service")));
  double age_ms = spawn_number(document, "age_ms");
  assert_true(age_ms > -1e12 && age_ms < 1e13 && (age_ms > 1000.0 || age_ms < -1000.0));
  cJSON_Delete(document);
}

/* ---- what can not be shown ---- */

/* The service's part is shown all the same. */
static void is_refused(int exit_code, const char *reason)
{
  const spawn_result *result = status(exit_code, "text", 0);
  assert_string_equal(result->out.text, SERVICE_TEXT "\n");
  SAYS(result->err, reason);
  SAYS(result->err, FILE_NAME);
  result = status(exit_code, "json", 0);
  SAYS(result->err, reason);
  cJSON *document = spawn_json(&result->out);
  assert_string_equal(spawn_string(spawn_member(document, "service"), "state"), "running");
  assert_true(cJSON_IsNull(spawn_member(document, "age_ms")));
  assert_true(cJSON_IsNull(spawn_member(document, "old")));
  assert_true(cJSON_IsNull(spawn_member(document, "watchdog")));
  cJSON_Delete(document);
}

static void without_a_file_the_service_is_shown(void **state)
{
  (void)state;
  spawn_file_remove(FILE_NAME);
  assert_string_equal(status(0, "text", 0)->out.text, SERVICE_TEXT
                      "\nwatchdog: there is no status.json: the service has not run yet, or cannot "
                      "write there\n");
  cJSON *document = spawn_json(&status(0, "json", 0)->out);
  assert_string_equal(spawn_string(spawn_member(document, "service"), "state"), "running");
  assert_true(cJSON_IsNull(spawn_member(document, "age_ms")));
  assert_true(cJSON_IsNull(spawn_member(document, "watchdog")));
  cJSON_Delete(document);
}

static void with_neither_nothing_is_found(void **state)
{
  (void)state;
  spawn_file_remove(FILE_NAME);
  const spawn_result *result = status(SEEP_EXIT_NOT_FOUND, "alone", 0);
  assert_string_equal(result->out.text, "no service\n");
  SAYS(result->err, FILE_NAME ": there is no status.json");
  make(pulses_quiet(&pulse));
  SAYS(status(0, "alone", 0)->out, "no service\nwatchdog, as of 0 s ago:\n");
}

static void damaged_files_are_refused(void **state)
{
  (void)state;
  make(pulses_busy(&pulse));
  size_t size = strlen(text);
  for (size_t cut = 0; cut < size - 1; cut += 401) {
    spawn_file_write(FILE_NAME, text, cut);
    is_refused(SEEP_EXIT_BAD_INPUT, "it is damaged");
  }
  make_text("{\"schema\": 1} {}");
  is_refused(SEEP_EXIT_BAD_INPUT, "it is damaged");
  spawn_file_write(FILE_NAME, "{\"schema\": 1}\0", 14);
  is_refused(SEEP_EXIT_BAD_INPUT, "it is damaged");
  make_text("[]");
  is_refused(SEEP_EXIT_BAD_INPUT, "is no status of Seepwatch");
  make_text("{\"poll\": {\"interval_s\": 30}}");
  is_refused(SEEP_EXIT_BAD_INPUT, "is no status of Seepwatch");
  make_text("{\"schema\": \"1\"}");
  is_refused(SEEP_EXIT_BAD_INPUT, "is no status of Seepwatch");
  make_text("{\"schema\": 2, \"now\": \"2026-03-01T00:00:30.000Z\"}");
  is_refused(SEEP_EXIT_BAD_INPUT, "another version");
  make_text("{\"schema\": 1, \"now\": \"yesterday\"}");
  is_refused(SEEP_EXIT_BAD_INPUT, "does not say of when it is");
}

static void the_size_is_bounded(void **state)
{
  (void)state;
  char *large = malloc(SEEP_STATUS_MAXIMUM_BYTES + 1);
  assert_non_null(large);
  make(pulses_quiet(&pulse));
  memset(large, ' ', SEEP_STATUS_MAXIMUM_BYTES + 1);
  memcpy(large, text, strlen(text));
  spawn_file_write(FILE_NAME, large, SEEP_STATUS_MAXIMUM_BYTES);
  SAYS(status(0, "text", 0)->out, "leak: none\n");
  spawn_file_write(FILE_NAME, large, SEEP_STATUS_MAXIMUM_BYTES + 1);
  is_refused(SEEP_EXIT_BAD_INPUT, "larger than 1 MB");
  memset(large, '[', SEEP_STATUS_MAXIMUM_BYTES);
  spawn_file_write(FILE_NAME, large, SEEP_STATUS_MAXIMUM_BYTES);
  is_refused(SEEP_EXIT_BAD_INPUT, "it is damaged");
  free(large);
}

static void wrong_types_are_not_known(void **state)
{
  (void)state;
  make_text("{\"schema\": 1, \"now\": \"2026-03-01T00:00:30.000Z\", \"version\": 7, \"memory\": [1],"
            " \"looking\": \"x\", \"uptime_ms\": -5, \"time_left_ms\": 1e300, \"event_2004\": {\"wanted\": 1,"
            " \"received\": \"yes\", \"trouble\": {}}, \"recorder\": [], \"own\": {\"private_bytes\": null,"
            " \"cpu_ms\": 1e300}, \"open_leaks\": -1e300, \"cases\": {\"a\": 1, \"b\": {\"pid\": 1e300,"
            " \"process\": \"a\\u001b[2J\\nleak: forged\", \"slope_bytes_per_hour\": \"fast\"}}}");
  const spawn_result *result = status(0, "text", 0);
  SAYS(result->out, "state: running for -\n");
  SAYS(result->out, "commit: not known\n");
  SAYS(result->out, "event 2004: not listened to\n");
  SAYS(result->out, "own use: not known\n");
  SAYS(result->out, "\nleak: unknown (0), 0 bytes per hour, grown by 0 bytes to 0 bytes\n");
  SAYS(result->out, "\nleak: a\xEF\xBF\xBD[2J\xEF\xBF\xBDleak: forged (4294967295), 0 bytes per hour,");
  cJSON_Delete(spawn_json(&status(0, "json", 0)->out));
}

static void the_worst_of_names_are_shown(void **state)
{
  (void)state;
  pulses_hostile(&pulse);
  pulse.now.ms = PULSE_MS;
  make(&pulse);
  const spawn_result *result = status(0, "text", 0);
  assert_null(strpbrk(result->out.text, "\x01\x1b"));
  cJSON *document = spawn_json(&status(0, "json", 0)->out);
  assert_int_equal(cJSON_GetArraySize(spawn_member(spawn_member(document, "watchdog"), "cases")),
                   SEEP_PULSE_CASES);
  cJSON_Delete(document);
}

/* Words that the service itself never says at such length are cut; the document stays whole. */
static void long_words_are_cut(void **state)
{
  (void)state;
  static const char start[] =
      "{\"schema\": 1, \"now\": \"2026-03-01T00:00:30.000Z\", \"event_2004\": {\"wanted\": "
      "true, \"received\": true, \"trouble\": \"";
  static const char middle[] = "\"}, \"recorder\": {\"enabled\": true, \"state\": \"", end[] = "\"}}";
  char *content = malloc(2 * LONG_BYTES + sizeof start + sizeof middle + sizeof end);
  size_t used = 0;
  assert_non_null(content);
  memcpy(content, start, sizeof start - 1);
  used += sizeof start - 1;
  memset(content + used, 't', LONG_BYTES);
  used += LONG_BYTES;
  memcpy(content + used, middle, sizeof middle - 1);
  used += sizeof middle - 1;
  memset(content + used, 'r', LONG_BYTES);
  used += LONG_BYTES;
  memcpy(content + used, end, sizeof end - 1);
  used += sizeof end - 1;
  spawn_file_write(FILE_NAME, content, used);
  free(content);
  cJSON *document = spawn_json(&status(0, "json", 0)->out);
  const cJSON *watchdog = spawn_member(document, "watchdog");
  const char *trouble = spawn_string(spawn_member(watchdog, "event_2004"), "trouble");
  assert_int_equal(strlen(trouble), sizeof words.feed_trouble - 1);
  assert_int_equal(strspn(trouble, "t"), sizeof words.feed_trouble - 1);
  assert_int_equal(strlen(spawn_string(spawn_member(watchdog, "recorder"), "state")),
                   sizeof words.recorder - 1);
  assert_true(cJSON_IsArray(spawn_member(watchdog, "cases")));
  cJSON_Delete(document);
  const spawn_result *result = status(0, "text", 0);
  assert_true(result->out.size < LONG_BYTES);
  SAYS(result->out, "\nleak: none\n");
}

static int remove_file(void **state)
{
  (void)state;
  spawn_file_remove(FILE_NAME);
  return 0;
}

int main(int argc, char **argv)
{
  if (argc == 5 && strcmp(argv[1], "status") == 0) {
    return run_program(argv);
  }
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(everything_comes_back),
      cmocka_unit_test(text_for_people),
      cmocka_unit_test(one_json_document),
      cmocka_unit_test(old_facts_are_told_as_old),
      cmocka_unit_test(a_stopped_service_is_not_old),
      cmocka_unit_test(a_clock_that_was_set_back),
      cmocka_unit_test(now_is_asked_for),
      cmocka_unit_test(without_a_file_the_service_is_shown),
      cmocka_unit_test(with_neither_nothing_is_found),
      cmocka_unit_test(damaged_files_are_refused),
      cmocka_unit_test(the_size_is_bounded),
      cmocka_unit_test(wrong_types_are_not_known),
      cmocka_unit_test(the_worst_of_names_are_shown),
      cmocka_unit_test(long_words_are_cut),
  };
  return cmocka_run_group_tests_name("service cli status", tests, NULL, remove_file);
}
