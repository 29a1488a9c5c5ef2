/* The data folder and its rights, on the real file system of the machine. */
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
/* these need windows.h before them */
#include <aclapi.h>
#include <sddl.h>

#include "on_wine.h"
#include "win/win_folders.h"
#include "win/win_wide.h"

#define ROOT "test-win-folders"

static bool is_folder(const char *path)
{
  wchar_t *wide = seep_win_wide_from_utf8(path);
  DWORD attributes = GetFileAttributesW(wide);
  free(wide);
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

static void remove_folders(void)
{
  RemoveDirectoryW(L"test-win-folders\\captures\\temporary");
  RemoveDirectoryW(L"test-win-folders\\captures");
  RemoveDirectoryW(L"test-win-folders");
}

/* Only SYSTEM and Administrators may be in the list: whoever else is in it is the failure. */
static void assert_protected(const wchar_t *path)
{
  PACL dacl = NULL;
  PSECURITY_DESCRIPTOR descriptor = NULL;
  assert_int_equal(GetNamedSecurityInfoW(path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &dacl,
                                         NULL, &descriptor),
                   ERROR_SUCCESS);
  assert_non_null(dacl);
  for (DWORD i = 0; i < dacl->AceCount; i++) {
    ACCESS_ALLOWED_ACE *ace = NULL;
    assert_true(GetAce(dacl, i, (void **)&ace));
    assert_false(ace->Header.AceType == ACCESS_ALLOWED_ACE_TYPE &&
                 IsWellKnownSid(&ace->SidStart, WinWorldSid) && ace->Mask != 0);
    assert_false(IsWellKnownSid(&ace->SidStart, WinBuiltinUsersSid));
  }
  LocalFree(descriptor);
}

static void the_known_folders_are_there(void **state)
{
  (void)state;
  char *system = NULL;
  char *data = NULL;
  assert_int_equal(seep_win_folders_system(&system, NULL), SEEP_OK);
  assert_true(is_folder(system));
  assert_int_equal(seep_win_folders_data(&data, NULL), SEEP_OK);
  size_t length = strlen(data);
  assert_true(length > 10);
  assert_string_equal(data + length - 10, "\\Seepwatch");
  data[length - 10] = '\0';
  assert_true(is_folder(data));
  free(system);
  free(data);
}

static void the_data_folder_is_made_and_made_again(void **state)
{
  (void)state;
  seep_error error = {0};
  remove_folders();
  for (int round = 0; round < 2; round++) {
    seep_status status = seep_win_folders_create_data(ROOT, &error);
    if (status != SEEP_OK) {
      char text[400];
      fprintf(stderr, "%s\n", seep_error_text(&error, text, sizeof text));
    }
    assert_int_equal(status, SEEP_OK);
    assert_true(is_folder(ROOT "\\captures\\temporary"));
    /* Wine 8 adds the parent's entries when rights are set again, protected or not. */
    if (round == 0 || !on_wine()) {
      assert_protected(L"test-win-folders");
    }
  }
  remove_folders();
}

static void a_file_in_the_way_is_refused(void **state)
{
  (void)state;
  FILE *file = fopen(ROOT, "wb");
  assert_non_null(file);
  fclose(file);
  seep_error error = {0};
  assert_int_not_equal(seep_win_folders_protect(ROOT, &error), SEEP_OK);
  assert_int_equal(error.code, ERROR_DIRECTORY);
  remove(ROOT);
}

static void a_missing_parent_is_not_found(void **state)
{
  (void)state;
  assert_int_equal(seep_win_folders_protect("test-win-nowhere\\inside", NULL), SEEP_NOT_FOUND);
}

static void write_text(const char *path, const char *text)
{
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void renaming_never_replaces(void **state)
{
  (void)state;
  char text[16] = "";
  write_text("test-win-old.txt", "old");
  write_text("test-win-new.txt", "new");
  assert_int_equal(seep_win_folders_rename("test-win-new.txt", "test-win-old.txt", NULL), SEEP_BUSY);
  assert_int_equal(remove("test-win-old.txt"), 0);
  assert_int_equal(seep_win_folders_rename("test-win-new.txt", "test-win-old.txt", NULL), SEEP_OK);
  FILE *file = fopen("test-win-old.txt", "rb");
  assert_non_null(file);
  assert_non_null(fgets(text, sizeof text, file));
  fclose(file);
  assert_string_equal(text, "new");
  assert_int_equal(seep_win_folders_rename("test-win-new.txt", "test-win-old.txt", NULL), SEEP_NOT_FOUND);
  remove("test-win-old.txt");
}

static void only_one_holds_the_lock(void **state)
{
  (void)state;
  void *first = NULL;
  void *second = NULL;
  seep_error error;
  assert_int_equal(seep_win_folders_lock(".", &first, &error), SEEP_OK);
  assert_int_equal(seep_win_folders_lock(".", &second, &error), SEEP_BUSY);
  assert_null(second);
  seep_win_folders_unlock(first);
  assert_int_equal(seep_win_folders_lock(".", &second, &error), SEEP_OK);
  seep_win_folders_unlock(second);
  FILE *file = fopen("seepwatch.lock", "rb");
  assert_null(file); /* nothing is left behind */
}

static void long_paths_work(void **state)
{
  (void)state;
  char name[120];
  char path[600] = ROOT;
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  assert_int_equal(seep_win_folders_protect(path, NULL), SEEP_OK);
  for (int depth = 0; depth < 4; depth++) {
    strcat(path, "/"); /* a forward slash must be understood although the long form does not know it */
    strcat(path, name);
    assert_int_equal(seep_win_folders_protect(path, NULL), SEEP_OK);
  }
  assert_int_equal(seep_win_folders_protect(path, NULL), SEEP_OK);
  while (strlen(path) > strlen(ROOT)) {
    wchar_t full[1024] = L"\\\\?\\";
    wchar_t *wide = seep_win_wide_from_utf8(path);
    assert_true(GetFullPathNameW(wide, 1000, full + 4, NULL) > 0);
    free(wide);
    assert_true(RemoveDirectoryW(full));
    *strrchr(path, '/') = '\0';
  }
  remove_folders();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_known_folders_are_there),
      cmocka_unit_test(the_data_folder_is_made_and_made_again),
      cmocka_unit_test(a_file_in_the_way_is_refused),
      cmocka_unit_test(a_missing_parent_is_not_found),
      cmocka_unit_test(renaming_never_replaces),
      cmocka_unit_test(only_one_holds_the_lock),
      cmocka_unit_test(long_paths_work),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
