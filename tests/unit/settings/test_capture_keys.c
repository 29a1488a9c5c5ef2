/* The keys of the recorder that are no plain numbers: shares, lists of images, ways to record the heap. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "settings/settings.h"

static seep_settings settings;
static seep_settings_problem problem;

static seep_status parse(const char *json)
{
  return seep_settings_parse(json, strlen(json), &settings, &problem);
}

static void reads_share(const char *number, uint32_t ppm)
{
  char json[100];
  snprintf(json, sizeof json, "{\"capture\": {\"sample_rate\": %s}}", number);
  assert_int_equal(parse(json), SEEP_OK);
  assert_int_equal(settings.capture_sample_ppm, ppm);
}

static void a_share_is_read_and_written_as_people_write_it(void **state)
{
  (void)state;
  static char text[SEEP_SETTINGS_TEXT_SIZE];
  static const struct {
    const char *number;
    uint32_t ppm;
  } shares[] = {{"1", 1000000},  {"0", 0},        {"0.25", 250000},
                {"0.000001", 1}, {"0.1", 100000}, {"0.050001", 50001}};
  for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
    char line[60];
    seep_writer writer;
    reads_share(shares[i].number, shares[i].ppm);
    seep_writer_init(&writer, text, sizeof text);
    seep_settings_write(&settings, &writer);
    snprintf(line, sizeof line, "\"sample_rate\": %s,\n", shares[i].number);
    assert_non_null(strstr(text, line));
  }
}

static void is_refused(const char *json, const char *key, const char *reason)
{
  assert_int_equal(parse(json), SEEP_INVALID);
  assert_string_equal(problem.key, key);
  assert_non_null(strstr(problem.reason, reason));
}

static void what_is_no_share_is_refused(void **state)
{
  (void)state;
  is_refused("{\"capture\": {\"sample_rate\": 1.01}}", "capture.sample_rate", "0 to 1, not 1.01");
  is_refused("{\"capture\": {\"sample_rate\": -0.5}}", "capture.sample_rate", "0 to 1");
  is_refused("{\"capture\": {\"sample_rate\": \"0.5\"}}", "capture.sample_rate", "without quotes");
}

static void ways_to_record_the_heap_are_known_by_name(void **state)
{
  (void)state;
  static const char *const names[] = {"auto", "live", "next_start", "snapshot", "off"};
  for (uint32_t i = 0; i < 5; i++) {
    char json[100];
    snprintf(json, sizeof json, "{\"capture\": {\"heap_method\": \"%s\"}}", names[i]);
    assert_int_equal(parse(json), SEEP_OK);
    assert_int_equal(settings.capture_heap_method, i);
  }
  assert_int_equal(settings.capture_heap_method, SEEP_HEAP_METHOD_OFF);
  is_refused("{\"capture\": {\"heap_method\": \"Live\"}}", "capture.heap_method", "\"next_start\"");
}

/* Whoever writes a list means this list. */
static void a_list_replaces_the_one_by_default(void **state)
{
  (void)state;
  assert_int_equal(
      parse("{\"capture\": {\"flag_deny\": [\"a.exe\"], \"flag_allow\": [\"b.exe\", \"C.exe\"]}}"), SEEP_OK);
  assert_int_equal(settings.capture_flag_deny.count, 1);
  assert_true(seep_settings_names_have(&settings.capture_flag_deny, "A.EXE"));
  assert_false(seep_settings_names_have(&settings.capture_flag_deny, "svchost.exe"));
  assert_true(seep_settings_names_have(&settings.capture_flag_allow, "c.exe"));
  assert_int_equal(parse("{\"capture\": {\"flag_deny\": []}}"), SEEP_OK);
  assert_int_equal(settings.capture_flag_deny.count, 0);
  is_refused("{\"capture\": {\"flag_deny\": [\"*.exe\"]}}", "capture.flag_deny", "wildcards");
  is_refused("{\"capture\": {\"flag_allow\": \"a.exe\"}}", "capture.flag_allow", "list");
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_share_is_read_and_written_as_people_write_it),
                                     cmocka_unit_test(what_is_no_share_is_refused),
                                     cmocka_unit_test(ways_to_record_the_heap_are_known_by_name),
                                     cmocka_unit_test(a_list_replaces_the_one_by_default)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
