/* Versions of programs: Windows' own (or Wine's), one without, none at all. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "win/win_file_version.h"
#include "win/win_folders.h"
#include "win/win_wide.h"

#define PLAIN_FILE "test-win-file-version.txt"
#define UNTOUCHED 77u

static seep_status read_version(const char *path, seep_win_file_version *version, seep_error *error)
{
  *version = (seep_win_file_version){{UNTOUCHED, UNTOUCHED, UNTOUCHED, UNTOUCHED}};
  return seep_win_file_version_read(path, version, error);
}

static void expect_refusal(const char *path, seep_status status)
{
  seep_win_file_version version;
  seep_error error = {0};
  assert_int_equal(read_version(path, &version, &error), status);
  assert_int_equal(error.status, status);
  assert_non_null(error.operation);
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(version.parts[i], UNTOUCHED);
  }
}

static void the_systems_own_program_has_one(void **state)
{
  seep_win_file_version version;
  char *system = NULL;
  char path[1024];
  (void)state;
  assert_int_equal(seep_win_folders_system(&system, NULL), SEEP_OK);
  snprintf(path, sizeof path, "%s\\kernel32.dll", system);
  free(system);
  assert_int_equal(read_version(path, &version, NULL), SEEP_OK);
  print_message("kernel32.dll is %u.%u.%u.%u\n", version.parts[0], version.parts[1], version.parts[2],
                version.parts[3]);
  assert_in_range(version.parts[0], 5, 99);
  assert_in_range(version.parts[2], 1000, 65535); /* the build: not swapped with its neighbours */
  for (size_t i = 0; i < 4; i++) {
    assert_int_not_equal(version.parts[i], UNTOUCHED);
  }
}

static void a_program_without_one_is_unsupported(void **state)
{
  wchar_t wide[1024];
  (void)state;
  DWORD units = GetModuleFileNameW(NULL, wide, 1024);
  assert_in_range(units, 1, 1023);
  char *path = seep_win_wide_to_utf8(wide);
  assert_non_null(path);
  expect_refusal(path, SEEP_UNSUPPORTED);
  free(path);
}

static void what_is_no_program_is_unsupported(void **state)
{
  (void)state;
  FILE *file = fopen(PLAIN_FILE, "wb");
  assert_non_null(file);
  fputs("no program", file);
  fclose(file);
  expect_refusal(PLAIN_FILE, SEEP_UNSUPPORTED);
  remove(PLAIN_FILE);
}

static void what_is_not_there_is_not_found(void **state)
{
  (void)state;
  expect_refusal("C:\\Windows\\System32\\no-such-program.exe", SEEP_NOT_FOUND);
  expect_refusal("C:\\no such folder\\wpr.exe", SEEP_NOT_FOUND);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_systems_own_program_has_one),
      cmocka_unit_test(a_program_without_one_is_unsupported),
      cmocka_unit_test(what_is_no_program_is_unsupported),
      cmocka_unit_test(what_is_not_there_is_not_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
