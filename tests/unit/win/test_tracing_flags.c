/* Flags in the real registry of the machine, below keys of this test's own names. That the 64-bit view is the
 * one that is written cannot be seen here: Windows shares this key between the views, and Wine has but one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "win/win_tracing_flags.h"
#include "win/win_wide.h"

#define ROOT L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\"
#define IMAGE "seepwatch-test-flags.exe"

static seep_tracing_flags flags;

static void path_of(const char *image, wchar_t out[600])
{
  wcscpy(out, ROOT);
  seep_win_wide_fill_from_utf8(image, out + wcslen(ROOT), 600 - wcslen(ROOT));
}

static HKEY open_key(const char *image)
{
  wchar_t path[600];
  HKEY key = NULL;
  path_of(image, path);
  assert_int_equal(RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0,
                                   KEY_READ | KEY_WRITE | KEY_WOW64_64KEY, NULL, &key, NULL),
                   ERROR_SUCCESS);
  return key;
}

static void put(const char *image, const wchar_t *name, DWORD type, const void *data, DWORD bytes)
{
  HKEY key = open_key(image);
  assert_int_equal(RegSetValueExW(key, name, 0, type, data, bytes), ERROR_SUCCESS);
  RegCloseKey(key);
}

static void put_number(const char *image, const wchar_t *name, DWORD value)
{
  put(image, name, REG_DWORD, &value, sizeof value);
}

/* What another program sees: the type, and the first bytes as a number. */
static DWORD type_of(const char *image, const wchar_t *name, DWORD *value)
{
  HKEY key = open_key(image);
  DWORD type = 0;
  uint8_t data[256] = {0};
  DWORD bytes = sizeof data;
  LSTATUS code = RegQueryValueExW(key, name, NULL, &type, data, &bytes);
  RegCloseKey(key);
  memcpy(value, data, sizeof *value);
  return code == ERROR_SUCCESS ? type : REG_NONE;
}

static bool exists(const char *image)
{
  wchar_t path[600];
  HKEY key;
  path_of(image, path);
  if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_READ | KEY_WOW64_64KEY, &key) != ERROR_SUCCESS) {
    return false;
  }
  RegCloseKey(key);
  return true;
}

static void forget(const char *image)
{
  wchar_t path[600];
  path_of(image, path);
  RegDeleteTreeW(HKEY_LOCAL_MACHINE, path);
}

static seep_tracing_flag_state look(const char *image)
{
  seep_tracing_flag_state state;
  seep_error error = {0};
  memset(&state, 0x5A, sizeof state);
  assert_int_equal(flags.read(flags.context, image, &state, &error), SEEP_OK);
  return state;
}

static void edit(const char *image, seep_tracing_flag_edit what, uint32_t number)
{
  seep_error error = {0};
  if (flags.edit(flags.context, image, what, number, &error) != SEEP_OK) {
    char text[400];
    fail_msg("%s", seep_error_text(&error, text, sizeof text));
  }
}

static void expect(const char *image, bool key_exists, bool has_more, seep_tracing_flag_form form,
                   uint32_t number)
{
  seep_tracing_flag_state state = look(image);
  assert_int_equal(state.key_exists, key_exists);
  assert_int_equal(state.has_more, has_more);
  assert_int_equal(state.form, form);
  assert_int_equal(state.number, number);
}

static int set_up(void **state)
{
  (void)state;
  seep_win_tracing_flags_init(&flags);
  forget(IMAGE);
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  forget(IMAGE);
  return 0;
}

static void a_key_is_made_and_unmade(void **state)
{
  (void)state;
  for (int round = 0; round < 2; round++) {
    expect(IMAGE, false, false, SEEP_TRACING_FLAG_ABSENT, 0);
    assert_false(exists(IMAGE)); /* looking made nothing */
    edit(IMAGE, SEEP_TRACING_FLAG_WRITE, 1);
    expect(IMAGE, true, false, SEEP_TRACING_FLAG_NUMBER, 1);
    edit(IMAGE, SEEP_TRACING_FLAG_DELETE_KEY, 0);
    assert_false(exists(IMAGE));
  }
}

static void a_value_is_made_in_a_key_that_was_there(void **state)
{
  (void)state;
  RegCloseKey(open_key(IMAGE));
  expect(IMAGE, true, false, SEEP_TRACING_FLAG_ABSENT, 0);
  edit(IMAGE, SEEP_TRACING_FLAG_WRITE, 0xFFFFFFFFu);
  expect(IMAGE, true, false, SEEP_TRACING_FLAG_NUMBER, 0xFFFFFFFFu);
  edit(IMAGE, SEEP_TRACING_FLAG_DELETE, 0);
  expect(IMAGE, true, false, SEEP_TRACING_FLAG_ABSENT, 0);
}

static void other_bits_are_told_and_written(void **state)
{
  DWORD value = 0;
  (void)state;
  put_number(IMAGE, L"TracingFlags", 6);
  expect(IMAGE, true, false, SEEP_TRACING_FLAG_NUMBER, 6);
  edit(IMAGE, SEEP_TRACING_FLAG_WRITE, 7);
  assert_int_equal(type_of(IMAGE, L"TracingFlags", &value), REG_DWORD);
  assert_int_equal(value, 7);
  edit(IMAGE, SEEP_TRACING_FLAG_WRITE, 6);
  expect(IMAGE, true, false, SEEP_TRACING_FLAG_NUMBER, 6);
}

static void other_values_stay_and_keep_the_key(void **state)
{
  static const wchar_t debugger[] = L"C:\\tools\\debugger.exe";
  DWORD value = 0;
  (void)state;
  put(IMAGE, L"Debugger", REG_SZ, debugger, sizeof debugger);
  put_number(IMAGE, L"GlobalFlag", 0x200);
  put_number(IMAGE, L"Tracing Flags", 4); /* a well-known slip of the pen: means nothing, is not ours */
  expect(IMAGE, true, true, SEEP_TRACING_FLAG_ABSENT, 0);
  edit(IMAGE, SEEP_TRACING_FLAG_WRITE, 1);
  expect(IMAGE, true, true, SEEP_TRACING_FLAG_NUMBER, 1);
  edit(IMAGE, SEEP_TRACING_FLAG_DELETE_KEY, 0);
  expect(IMAGE, true, true, SEEP_TRACING_FLAG_ABSENT, 0);
  assert_int_equal(type_of(IMAGE, L"Debugger", &value), REG_SZ);
  assert_int_equal(type_of(IMAGE, L"GlobalFlag", &value), REG_DWORD);
  assert_int_equal(value, 0x200);
  assert_int_equal(type_of(IMAGE, L"Tracing Flags", &value), REG_DWORD);
  assert_int_equal(value, 4);
}

/* Unnamed, as a careless reg command leaves it. */
static void the_unnamed_value_counts(void **state)
{
  (void)state;
  put_number(IMAGE, L"TracingFlags", 1);
  put_number(IMAGE, NULL, 1);
  expect(IMAGE, true, true, SEEP_TRACING_FLAG_NUMBER, 1);
  edit(IMAGE, SEEP_TRACING_FLAG_DELETE_KEY, 0);
  assert_true(exists(IMAGE));
}

static void keys_inside_stay_and_keep_the_key(void **state)
{
  HKEY inner = NULL;
  (void)state;
  HKEY key = open_key(IMAGE);
  assert_int_equal(RegCreateKeyExW(key, L"filter", 0, NULL, 0, KEY_WRITE, NULL, &inner, NULL), ERROR_SUCCESS);
  RegCloseKey(inner);
  RegCloseKey(key);
  edit(IMAGE, SEEP_TRACING_FLAG_WRITE, 1);
  expect(IMAGE, true, true, SEEP_TRACING_FLAG_NUMBER, 1);
  edit(IMAGE, SEEP_TRACING_FLAG_DELETE_KEY, 0);
  expect(IMAGE, true, true, SEEP_TRACING_FLAG_ABSENT, 0);
}

static void expect_left_alone(DWORD type, const void *data, DWORD bytes)
{
  static const seep_tracing_flag_edit edits[] = {SEEP_TRACING_FLAG_WRITE, SEEP_TRACING_FLAG_DELETE,
                                                 SEEP_TRACING_FLAG_DELETE_KEY};
  DWORD before = 0, after = 0;
  put(IMAGE, L"TracingFlags", type, data, bytes);
  assert_int_equal(type_of(IMAGE, L"TracingFlags", &before), type);
  expect(IMAGE, true, false, SEEP_TRACING_FLAG_OTHER, 0);
  for (size_t i = 0; i < 3; i++) {
    seep_error error = {0};
    assert_int_equal(flags.edit(flags.context, IMAGE, edits[i], 1, &error), SEEP_INVALID);
    assert_string_equal(error.subject, IMAGE);
    assert_int_equal(type_of(IMAGE, L"TracingFlags", &after), type);
    assert_int_equal(after, before);
  }
  forget(IMAGE);
}

static void what_is_no_number_is_left_alone(void **state)
{
  static const wchar_t text[] = L"1";
  static const uint64_t wide = 1;
  static const uint32_t narrow = 1;
  static const wchar_t several[] = L"a-rather-long-name.exe\0another-rather-long-name.exe\0";
  (void)state;
  expect_left_alone(REG_SZ, text, sizeof text);
  expect_left_alone(REG_SZ, text, 0);
  expect_left_alone(REG_QWORD, &wide, sizeof wide);
  expect_left_alone(REG_BINARY, &narrow, sizeof narrow);
  expect_left_alone(REG_DWORD_BIG_ENDIAN, &narrow, sizeof narrow);
  expect_left_alone(REG_MULTI_SZ, several, sizeof several);
  expect_left_alone(REG_DWORD, &narrow, 2);
}

static void what_is_gone_already_is_no_error(void **state)
{
  (void)state;
  edit(IMAGE, SEEP_TRACING_FLAG_DELETE, 0);
  edit(IMAGE, SEEP_TRACING_FLAG_DELETE_KEY, 0);
  assert_false(exists(IMAGE));
  RegCloseKey(open_key(IMAGE));
  edit(IMAGE, SEEP_TRACING_FLAG_DELETE, 0);
  assert_true(exists(IMAGE));
  edit(IMAGE, SEEP_TRACING_FLAG_DELETE_KEY, 0);
  assert_false(exists(IMAGE));
}

static void round_trip(const char *image)
{
  forget(image);
  edit(image, SEEP_TRACING_FLAG_WRITE, 5);
  assert_true(exists(image));
  expect(image, true, false, SEEP_TRACING_FLAG_NUMBER, 5);
  edit(image, SEEP_TRACING_FLAG_DELETE_KEY, 0);
  assert_false(exists(image));
}

static void any_file_name_is_a_key(void **state)
{
  static const char *const images[] = {
      "seepwatch test's \"flags\".exe",
      "seepwatch%PATH%test.exe",
      "seepwatch..test",
      "seepwatch-Gr\xC3\xB6\xC3\x9F"
      "e-\xF0\x9F\x92\xA7.exe",
      "seepwatch-\xED\xA0\x80.exe", /* a lone surrogate */
  };
  char longest[256];
  (void)state;
  for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
    round_trip(images[i]);
  }
  memset(longest, 'x', 255);
  longest[255] = '\0';
  round_trip(longest);
}

/* Windows does not tell names apart by case, so neither do the keys. */
static void case_does_not_matter(void **state)
{
  (void)state;
  edit("SEEPWATCH-Test-Flags.EXE", SEEP_TRACING_FLAG_WRITE, 1);
  expect(IMAGE, true, false, SEEP_TRACING_FLAG_NUMBER, 1);
}

static void what_is_no_file_name_is_refused(void **state)
{
  char too_long[300];
  memset(too_long, 'x', 256);
  too_long[256] = '\0';
  const char *const images[] = {"",       "a\\b.exe",  "a/b.exe", "\\",     "..\\x.exe",
                                too_long, "a\xFF.exe", "a\xC3",   "x.exe\\"};
  (void)state;
  for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
    seep_tracing_flag_state unread = {.number = 77};
    seep_error error = {0};
    assert_int_equal(flags.read(flags.context, images[i], &unread, &error), SEEP_INVALID);
    assert_int_equal(unread.number, 77);
    assert_int_equal(flags.edit(flags.context, images[i], SEEP_TRACING_FLAG_WRITE, 1, &error), SEEP_INVALID);
    assert_int_equal(flags.edit(flags.context, images[i], SEEP_TRACING_FLAG_DELETE_KEY, 0, NULL),
                     SEEP_INVALID);
  }
}

static void what_is_no_edit_is_refused(void **state)
{
  (void)state;
  put_number(IMAGE, L"TracingFlags", 2);
  assert_int_equal(flags.edit(flags.context, IMAGE, SEEP_TRACING_FLAG_KEEP, 1, NULL), SEEP_INVALID);
  assert_int_equal(flags.edit(flags.context, IMAGE, SEEP_TRACING_FLAG_REFUSE, 1, NULL), SEEP_INVALID);
  expect(IMAGE, true, false, SEEP_TRACING_FLAG_NUMBER, 2);
}

#define flags_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      flags_test(a_key_is_made_and_unmade),        flags_test(a_value_is_made_in_a_key_that_was_there),
      flags_test(other_bits_are_told_and_written), flags_test(other_values_stay_and_keep_the_key),
      flags_test(the_unnamed_value_counts),        flags_test(keys_inside_stay_and_keep_the_key),
      flags_test(what_is_no_number_is_left_alone), flags_test(what_is_gone_already_is_no_error),
      flags_test(any_file_name_is_a_key),          flags_test(case_does_not_matter),
      flags_test(what_is_no_file_name_is_refused), flags_test(what_is_no_edit_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
