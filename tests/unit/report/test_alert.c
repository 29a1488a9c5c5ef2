/* Alerts: what goes out is complete, bounded and never empty, whatever is put in. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "report/alert.h"

static void starts_complete(void **state)
{
  (void)state;
  seep_alert alert;
  seep_alert_init(&alert, SEEP_ALERT_LEAK_FOUND);
  assert_int_equal(alert.id, 200);
  assert_int_equal(alert.level, SEEP_ALERT_WARNING);
  assert_int_equal(alert.insert_count, 12);
  for (size_t i = 0; i < SEEP_ALERT_INSERTS; i++) {
    assert_string_equal(alert.inserts[i], "-");
  }
}

static void inserts_go_in_order(void **state)
{
  (void)state;
  seep_alert alert;
  seep_alert_init(&alert, SEEP_ALERT_LEAK_FOUND);
  seep_error error;
  seep_error_set(&error, SEEP_DENIED, SEEP_DOMAIN_WIN32, 5, "OpenProcess", "a.exe");
  seep_alert_add_text(&alert, "sp\xC3\xA4t.exe");
  seep_alert_add_u64(&alert, UINT64_MAX);
  seep_alert_add_bytes(&alert, UINT64_C(1610612736));
  seep_alert_add_bytes(&alert, 17);
  seep_alert_add_rate(&alert, 180.0 * 1048576.0);
  seep_alert_add_rate(&alert, (double)NAN);
  seep_alert_add_duration(&alert, 7500000);
  seep_alert_add_duration(&alert, -1);
  seep_alert_add_wall(&alert, (seep_wall){INT64_C(1795344284123)});
  seep_alert_add_filetime(&alert, seep_wall_to_filetime((seep_wall){INT64_C(1795344284123)}));
  seep_alert_add_code(&alert, UINT32_C(0xC5583001));
  seep_alert_add_error(&alert, &error);
  static const char *const expected[] = {"sp\xC3\xA4t.exe",
                                         "18446744073709551615",
                                         "1.50 GB (1610612736 bytes)",
                                         "17 bytes",
                                         "180 MB per hour",
                                         "-",
                                         "2 h 5 min",
                                         "-",
                                         "2026-11-22T10:44:44.123Z",
                                         "2026-11-22T10:44:44.123Z",
                                         "0xC5583001",
                                         "OpenProcess a.exe: denied (Windows error 5)"};
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
    assert_string_equal(alert.inserts[i], expected[i]);
  }
}

static void nothing_becomes_a_dash(void **state)
{
  (void)state;
  seep_alert alert;
  seep_alert_init(&alert, SEEP_ALERT_SERVICE_STARTED);
  seep_alert_add_text(&alert, NULL);
  seep_alert_add_text(&alert, "");
  seep_alert_add_error(&alert, NULL);
  seep_alert_add_filetime(&alert, 0);
  assert_int_equal(alert.added, 4);
  for (size_t i = 0; i < alert.insert_count; i++) {
    assert_string_equal(alert.inserts[i], "-");
  }
}

static void too_many_are_ignored(void **state)
{
  (void)state;
  seep_alert alert;
  seep_alert_init(&alert, SEEP_ALERT_SERVICE_STOPPED);
  seep_alert_add_text(&alert, "a");
  seep_alert_add_text(&alert, "b");
  seep_alert_add_text(&alert, "c");
  assert_int_equal(alert.insert_count, 2);
  assert_string_equal(alert.inserts[1], "b");
  assert_string_equal(alert.inserts[2], "-");

  seep_alert_init(&alert, SEEP_ALERT_LEAK_FOUND);
  for (uint64_t i = 0; i < 40; i++) {
    seep_alert_add_u64(&alert, i);
  }
  assert_string_equal(alert.inserts[SEEP_ALERT_INSERTS - 1], "11");
}

static void long_texts_are_cut_between_characters(void **state)
{
  (void)state;
  char text[2 * SEEP_ALERT_INSERT_SIZE];
  seep_alert alert;
  seep_alert_init(&alert, SEEP_ALERT_SERVICE_STARTED);
  memset(text, 'a', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  seep_alert_add_text(&alert, text);
  assert_int_equal(strlen(alert.inserts[0]), SEEP_ALERT_INSERT_SIZE - 1);
  /* A three-byte character over the edge goes as a whole. */
  memcpy(text + SEEP_ALERT_INSERT_SIZE - 3, "\xE2\x82\xAC", 3);
  seep_alert_add_text(&alert, text);
  assert_int_equal(strlen(alert.inserts[1]), SEEP_ALERT_INSERT_SIZE - 3);
  assert_string_equal(alert.inserts[2], "-");
}

static void control_characters_become_spaces(void **state)
{
  (void)state;
  seep_alert alert;
  seep_alert_init(&alert, SEEP_ALERT_SERVICE_STOPPED);
  seep_alert_add_text(&alert, "a\r\nb\tc\x7F%1%n");
  assert_string_equal(alert.inserts[0], "a  b c %1%n");
}

static void unknown_ids_are_harmless(void **state)
{
  (void)state;
  seep_alert alert;
  assert_null(seep_alert_definition_of(0));
  assert_null(seep_alert_definition_of(999));
  seep_alert_init(&alert, 999);
  seep_alert_add_text(&alert, "x");
  assert_int_equal(alert.level, SEEP_ALERT_ERROR);
  assert_int_equal(alert.insert_count, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(starts_complete),
      cmocka_unit_test(inserts_go_in_order),
      cmocka_unit_test(nothing_becomes_a_dash),
      cmocka_unit_test(too_many_are_ignored),
      cmocka_unit_test(long_texts_are_cut_between_characters),
      cmocka_unit_test(control_characters_become_spaces),
      cmocka_unit_test(unknown_ids_are_harmless),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
