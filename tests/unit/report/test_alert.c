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
  assert_int_equal(alert.insert_count, 17);
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
  assert_string_equal(alert.inserts[13], "13");
  assert_string_equal(alert.inserts[SEEP_ALERT_INSERTS - 1], "-");
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
  /* Marks of direction, with which "exe.elif" could be shown as "file.exe", and line separators. */
  seep_alert_add_text(&alert, "a\xE2\x80\xAE"
                              "b\xE2\x80\xA8"
                              "c\xC2\x85"
                              "d");
  assert_string_equal(alert.inserts[1], "a   b   c  d");
  /* What is no character stays as it is, and nothing is read beyond the end. */
  seep_alert_init(&alert, SEEP_ALERT_SERVICE_STOPPED);
  seep_alert_add_text(&alert, "\x80\xFF\n\xE2\x80");
  assert_string_equal(alert.inserts[0], "\x80\xFF \xE2\x80");
}

static void reads_as_one_line_of_text(void **state)
{
  (void)state;
  char text[1024], small[10], none[1] = {'x'};
  seep_alert alert;
  seep_alert_init(&alert, SEEP_ALERT_RECORDING_REFUSED);
  seep_alert_add_text(&alert, "sp\xC3\xA4t.exe");
  seep_alert_add_u64(&alert, 42);
  assert_string_equal(seep_alert_text(&alert, text, sizeof text),
                      "image: sp\xC3\xA4t.exe; pid: 42; reason: -; meaning: -");
  assert_string_equal(seep_alert_text(&alert, small, sizeof small), "image: sp"); /* not half a character */
  assert_string_equal(seep_alert_text(&alert, none, sizeof none), "");
  seep_alert_init(&alert, 999);
  assert_string_equal(seep_alert_text(&alert, text, sizeof text), "");
  /* The longest there can be: whole inserts of every event fit nowhere, and nothing runs over. */
  char longest[SEEP_ALERT_INSERT_SIZE];
  memset(longest, 'x', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  for (const seep_alert_definition *all = seep_alert_definitions(); all->id != 0; all++) {
    seep_alert_init(&alert, all->id);
    for (size_t i = 0; i < all->insert_count; i++) {
      seep_alert_add_text(&alert, longest);
    }
    size_t length = strlen(seep_alert_text(&alert, text, sizeof text));
    assert_int_equal(length,
                     all->insert_count > 1 ? sizeof text - 1 : strlen(all->insert_names[0]) + 2 + 511);
    assert_memory_equal(text, all->insert_names[0], strlen(all->insert_names[0]));
  }
}

static void inserts_are_found_by_their_label(void **state)
{
  (void)state;
  seep_alert alert;
  seep_alert_init(&alert, SEEP_ALERT_LEAK_OVER);
  assert_null(seep_alert_insert(&alert, "image")); /* nothing was put into it yet */
  seep_alert_add_text(&alert, "a.exe");
  seep_alert_add_u64(&alert, 42);
  assert_string_equal(seep_alert_insert(&alert, "image"), "a.exe");
  assert_string_equal(seep_alert_insert(&alert, "pid"), "42");
  assert_null(seep_alert_insert(&alert, "path"));
  seep_alert_init(&alert, SEEP_ALERT_STORAGE_RECOVERED);
  seep_alert_add_text(&alert, "x");
  assert_null(seep_alert_insert(&alert, "image"));
  seep_alert_init(&alert, 999);
  assert_null(seep_alert_insert(&alert, "image"));
  assert_string_equal(seep_alert_level_text(SEEP_ALERT_INFORMATION), "information");
  assert_string_equal(seep_alert_level_text(SEEP_ALERT_WARNING), "warning");
  assert_string_equal(seep_alert_level_text(SEEP_ALERT_ERROR), "error");
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
      cmocka_unit_test(reads_as_one_line_of_text),
      cmocka_unit_test(inserts_are_found_by_their_label),
      cmocka_unit_test(unknown_ids_are_harmless),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
