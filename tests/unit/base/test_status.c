/* An error record says the operation, the subject, the reason and the native code, whatever the buffer's
 * size. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"

static void each_domain_prints_its_code_its_way(void **state)
{
  static const struct {
    seep_error_domain domain;
    int64_t code;
    const char *text;
  } cases[] = {{SEEP_DOMAIN_NONE, 5, "open a.db: denied"},
               {SEEP_DOMAIN_WIN32, 5, "open a.db: denied (Windows error 5)"},
               {SEEP_DOMAIN_NT, INT64_C(0xC0000022), "open a.db: denied (0xC0000022)"},
               {SEEP_DOMAIN_HRESULT, -2147024891, "open a.db: denied (0x80070005)"},
               {SEEP_DOMAIN_SQLITE, 3338, "open a.db: denied (SQLite 3338)"},
               {SEEP_DOMAIN_UV, -13, "open a.db: denied (libuv -13)"},
               {SEEP_DOMAIN_FORMAT, 77, "open a.db: denied (at byte 77)"}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_error error;
    char text[128];
    assert_int_equal(seep_error_set(&error, SEEP_DENIED, cases[i].domain, cases[i].code, "open", "a.db"),
                     SEEP_DENIED);
    assert_string_equal(seep_error_text(&error, text, sizeof text), cases[i].text);
  }
}

static void subject_and_operation_may_be_missing(void **state)
{
  seep_error error;
  char text[64];
  (void)state;
  seep_error_set(&error, SEEP_GONE, SEEP_DOMAIN_NONE, 0, NULL, NULL);
  assert_string_equal(seep_error_text(&error, text, sizeof text), "operation: gone");
}

static void the_record_is_optional(void **state)
{
  (void)state;
  assert_int_equal(seep_error_set(NULL, SEEP_BUSY, SEEP_DOMAIN_NONE, 0, "x", "y"), SEEP_BUSY);
}

static void long_subjects_are_cut_between_characters(void **state)
{
  char subject[400];
  char text[256];
  seep_error error;
  (void)state;
  for (size_t i = 0; i + 2 < sizeof subject; i += 2) {
    memcpy(subject + i, "\xC3\xA4", 3);
  }
  seep_error_set(&error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, 1, "read", subject);
  assert_int_equal(strlen(error.subject), 190);
  for (size_t size = 1; size < sizeof text; size++) {
    size_t length = strlen(seep_error_text(&error, text, size));
    assert_true(length < size);
    assert_int_equal(seep_text_valid_prefix(text, length), length);
  }
}

static void every_status_has_its_own_word(void **state)
{
  (void)state;
  for (int i = SEEP_OK; i <= SEEP_OS; i++) {
    assert_string_not_equal(seep_status_text((seep_status)i), "unknown");
    for (int j = SEEP_OK; j < i; j++) {
      assert_string_not_equal(seep_status_text((seep_status)i), seep_status_text((seep_status)j));
    }
  }
  assert_string_equal(seep_status_text(SEEP_OS), "failed");
  assert_string_equal(seep_status_text((seep_status)99), "unknown");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_domain_prints_its_code_its_way),
      cmocka_unit_test(subject_and_operation_may_be_missing),
      cmocka_unit_test(the_record_is_optional),
      cmocka_unit_test(long_subjects_are_cut_between_characters),
      cmocka_unit_test(every_status_has_its_own_word),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
