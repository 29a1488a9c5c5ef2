/* Where the text file for Prometheus may be, and what is said about every other place. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "settings/settings.h"
#include "settings/textfile.h"

static void is_taken(const char *path)
{
  const char *reason = seep_textfile_refusal(path);
  if (reason != NULL) {
    fail_msg("'%s' %s", path, reason);
  }
}

static void is_refused(const char *path, const char *part)
{
  const char *reason = seep_textfile_refusal(path);
  if (reason == NULL || strstr(reason, part) == NULL) {
    fail_msg("'%s': %s", path, reason != NULL ? reason : "taken");
  }
}

static void paths_that_people_write_are_taken(void **state)
{
  (void)state;
  is_taken("");
  is_taken("C:\\Metrics\\seepwatch.prom");
  is_taken("d:/Program Files/windows_exporter/textfile_inputs/seepwatch.prom");
  is_taken("C:\\a.prom");
  is_taken("/var/lib/node_exporter/seepwatch.prom");
  is_taken("/a.prom");
  is_taken("C:\\Gr\xC3\xB6\xC3\x9F"
           "e\\\xE6\x97\xA5.prom");
  is_taken("C:\\..a\\b..c\\x.y.prom"); /* dots in a name are no way up */
  is_taken("C:\\console\\com10.prom");
  is_taken("C:\\nulx\\comx.prom");
}

static void what_is_not_on_a_local_drive_is_refused(void **state)
{
  (void)state;
  is_refused("\\\\server\\share\\a.prom", "local drive");
  is_refused("//server/share/a.prom", "local drive");
  is_refused("\\/server/share/a.prom", "local drive");
  is_refused("\\\\?\\C:\\a.prom", "local drive");
  is_refused("\\\\.\\pipe\\a.prom", "local drive");
  is_refused("C:\\NUL.prom", "device");
  is_refused("C:\\a\\con.prom", "device");
  is_refused("C:\\aux\\a.prom", "device");
  is_refused("C:\\Com1.x.prom", "device");
  is_refused("C:\\lpt\xC2\xB2.prom", "device");
  is_refused("C:\\prn .prom", "device");
  is_refused("C:\\CONOUT$.prom", "device");
  is_refused("/dev/nul/a.prom", "device");
}

static void what_is_not_absolute_is_refused(void **state)
{
  (void)state;
  is_refused("a.prom", "absolute");
  is_refused("C:a.prom", "absolute");
  is_refused("C:", "absolute");
  is_refused("\\a.prom", "absolute");
  is_refused("1:\\a.prom", "absolute");
  is_refused("..\\a.prom", "absolute");
  is_refused("%ProgramData%\\a.prom", "absolute");
}

static void ways_around_a_folder_are_refused(void **state)
{
  (void)state;
  is_refused("C:\\a\\..\\b.prom", "\"..\"");
  is_refused("C:\\..", "\"..\"");
  is_refused("/a/../b.prom", "\"..\"");
  is_refused("/a\\..\\b.prom", "\"..\"");
  is_refused("C:\\.\\b.prom", "ends in a dot");
  is_refused("C:\\.. \\b.prom", "ends in a dot or a space");
  is_refused("C:\\a.\\b.prom", "ends in a dot");
  is_refused("C:\\a \\b.prom", "or a space");
  is_refused("C:\\\\b.prom", "two separators");
  is_refused("C:\\a\\/b.prom", "two separators");
  is_refused("C:\\a.exe:b.prom", "any of");
  is_refused("C:\\a*.prom", "any of");
  is_refused("C:\\a\n.prom", "control");
  is_refused("C:\\a\x7F.prom", "control");
  is_refused("C:\\a\xE2\x80\xAE"
             "b.prom",
             "control");
  is_refused("C:\\a\xFF.prom", "control");
}

static void only_metrics_files_are_taken(void **state)
{
  (void)state;
  is_refused("C:\\Windows\\win.ini", "ends in .prom");
  is_refused("C:\\a.prom\\", "ends in .prom");
  is_refused("C:\\a.PROM", "ends in .prom"); /* the collector reads *.prom, and case matters to it */
  is_refused("C:\\a\\.prom", "ends in .prom");
  is_refused("C:\\", "ends in .prom");
  is_refused("/", "ends in .prom");
  is_refused("C:\\aprom", "ends in .prom");
}

static void the_length_is_bounded(void **state)
{
  (void)state;
  char path[520];
  for (size_t length = 511; length <= 512; length++) {
    memset(path, 'a', length);
    memcpy(path, "C:\\", 3);
    memcpy(path + length - 5, ".prom", 6);
    assert_int_equal(strlen(path), length);
    if (length < 512) {
      is_taken(path);
    } else {
      is_refused(path, "512 bytes");
    }
  }
}

static void the_key_says_line_and_reason(void **state)
{
  (void)state;
  static seep_settings settings;
  seep_settings_problem problem;
  static const struct {
    const char *value, *reason;
  } bad[] = {{"7", "path in quotes"},
             {"null", "path in quotes"},
             {"[\"C:\\\\a.prom\"]", "path in quotes"},
             {"\"C:\\\\a.txt\"", "ends in .prom"},
             {"\"\\\\\\\\server\\\\a.prom\"", "local drive"},
             {"\"C:\\a.prom\"", ""},
             {"\"C:\\nul.prom\"", "control"}}; /* \n in JSON is a line break: a backslash was forgotten */
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char json[160];
    snprintf(json, sizeof json, "{\"metrics\": {\n\"interval_s\": 5,\n\"textfile\": %s}}", bad[i].value);
    seep_status status = seep_settings_parse(json, strlen(json), &settings, &problem);
    assert_int_equal(problem.line, 3);
    assert_non_null(strstr(problem.reason, bad[i].reason));
    if (bad[i].reason[0] != '\0') {
      assert_int_equal(status, SEEP_INVALID);
      assert_string_equal(problem.key, "metrics.textfile");
    } else {
      assert_int_equal(status, SEEP_CORRUPT); /* \a is no JSON at all */
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(paths_that_people_write_are_taken),
      cmocka_unit_test(what_is_not_on_a_local_drive_is_refused),
      cmocka_unit_test(what_is_not_absolute_is_refused),
      cmocka_unit_test(ways_around_a_folder_are_refused),
      cmocka_unit_test(only_metrics_files_are_taken),
      cmocka_unit_test(the_length_is_bounded),
      cmocka_unit_test(the_key_says_line_and_reason),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
