/*
 * The metrics that config/fleet's rules, their tests and the README name, against what the program writes: a
 * rule on a metric that nobody writes never fires, and no tool says so.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fleet_file.h"
#include "report/metrics.h"
#include "report/pulse.h"
#include "settings/textfile.h"

static const char name_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
static char written[SEEP_PULSE_SIZE];
static seep_pulse pulse;

static int load(void **state)
{
  (void)state;
  memset(&pulse, 0, sizeof pulse);
  (void)seep_text_copy(pulse.version, sizeof pulse.version, "1.0.0");
  pulse.now.ms = pulse.last_poll.ms = INT64_C(1795348800000);
  pulse.processes = 100;
  pulse.memory_known = pulse.usage_known = pulse.storage_ok = true;
  pulse.memory.commit_total_bytes = UINT64_C(8589934592);
  pulse.memory.commit_limit_bytes = UINT64_C(17179869184);
  pulse.time_left_ms = 3600000;
  pulse.feed_wanted = pulse.feed_known = pulse.feed_up = true;
  pulse.recorder = "idle";
  pulse.database_bytes = 4096;
  pulse.open_leaks = pulse.case_count = 1;
  (void)seep_text_copy(pulse.cases[0].image, sizeof pulse.cases[0].image, "leaker.exe");
  (void)seep_text_copy(pulse.cases[0].services, sizeof pulse.cases[0].services, "Leaker");
  pulse.cases[0].slope_bytes_per_hour = 1048576.0;
  pulse.cases[0].growth_bytes = 8388608;
  pulse.cases[0].began.ms = pulse.now.ms - 3600000;
  seep_writer writer;
  seep_writer_init(&writer, written, sizeof written);
  seep_metrics_write(&pulse, &writer);
  return writer.cut || writer.length == 0 ? -1 : 0;
}

static bool is_written(const char *name, size_t length)
{
  char heading[128];
  int size = snprintf(heading, sizeof heading, "# TYPE %.*s ", (int)length, name);
  assert_in_range(size, 1, sizeof heading - 1);
  return strstr(written, heading) != NULL;
}

/* How often the file names a metric of ours. "a:seepwatch_b:c" is a recording rule's own. */
static unsigned names_in(const char *path)
{
  size_t size = 0;
  char *text = fleet_file(path, &size);
  unsigned names = 0;
  const char *at = strstr(text, "seepwatch_");
  while (at != NULL) {
    size_t length = strspn(at, name_characters);
    bool is_recording = (at > text && at[-1] == ':') || at[length] == ':';
    if (!is_recording && !is_written(at, length)) {
      fail_msg("%s names %.*s, which nobody writes", path, (int)length, at);
    }
    names += !is_recording;
    at = strstr(at + length, "seepwatch_");
  }
  free(text);
  return names;
}

static void the_rules_name_what_is_written(void **state)
{
  (void)state;
  assert_in_range(names_in(SEEP_ROOT "/config/fleet/prometheus-alerts.yml"), 9, 100);
  assert_in_range(names_in(SEEP_ROOT "/tests/fleet/prometheus-alerts.test.yml"), 9, 1000);
  assert_in_range(names_in(SEEP_ROOT "/config/fleet/README.md"), 3, 1000);
}

static void a_name_that_nobody_writes_is_noticed(void **state)
{
  (void)state;
  assert_true(is_written("seepwatch_up", 12));
  assert_false(is_written("seepwatch_u", 11));
  assert_false(is_written("seepwatch_upp", 13));
}

/* What the rules group by and show. */
static void leaks_carry_image_and_service(void **state)
{
  (void)state;
  assert_non_null(strstr(
      written, "\nseepwatch_leak_slope_bytes_per_hour{image=\"leaker.exe\",service=\"Leaker\"} 1048576\n"));
  assert_null(strstr(written, "pid="));
}

/* promtool runs what the README offers only if it is the same to the letter. */
static void the_queries_of_the_readme_are_tested(void **state)
{
  (void)state;
  static const char query[] =
      "count by (image) (count by (image, instance) (seepwatch_leak_slope_bytes_per_hour > 0)) >= 3\n";
  size_t size = 0;
  char *readme = fleet_file(SEEP_ROOT "/config/fleet/README.md", &size);
  char *tests = fleet_file(SEEP_ROOT "/tests/fleet/prometheus-alerts.test.yml", &size);
  assert_non_null(strstr(readme, query));
  assert_non_null(strstr(tests, query));
  free(readme);
  free(tests);
}

/* What the README tells people to put into their configuration must be taken. */
static void the_path_in_the_readme_is_allowed(void **state)
{
  (void)state;
  static const char key[] = "\"textfile\": \"";
  size_t size = 0;
  char *text = fleet_file(SEEP_ROOT "/config/fleet/README.md", &size);
  const char *at = strstr(text, key);
  assert_non_null(at);
  char path[256];
  size_t length = 0;
  for (at += sizeof key - 1; *at != '"'; at++) {
    at += *at == '\\'; /* JSON's */
    assert_true(*at != '\0' && length + 1 < sizeof path);
    path[length++] = *at;
  }
  path[length] = '\0';
  assert_string_equal(path, "C:\\Program Files\\windows_exporter\\textfile_inputs\\seepwatch.prom");
  assert_null(seep_textfile_refusal(path));
  assert_non_null(seep_textfile_refusal("seepwatch.prom"));
  free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_rules_name_what_is_written),
      cmocka_unit_test(a_name_that_nobody_writes_is_noticed),
      cmocka_unit_test(leaks_carry_image_and_service),
      cmocka_unit_test(the_queries_of_the_readme_are_tested),
      cmocka_unit_test(the_path_in_the_readme_is_allowed),
  };
  return cmocka_run_group_tests(tests, load, NULL);
}
