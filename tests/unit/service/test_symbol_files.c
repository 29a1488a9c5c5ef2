/* Where symbol files are looked for, with folders and files of this test's own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "cli/symbol_files.h"
#include "unit/service/spawn.h"

#define FOLDER "service_symbol_files"
#define KEY "App.pdb/1EB9FACB04C73C5DEA7160764CD333D0A/App.pdb"

static const char *const folder_paths[] = {
    FOLDER,
    FOLDER "/one",
    FOLDER "/two",
    FOLDER "/two/app.pdb",
    FOLDER "/two/app.pdb/1EB9FACB04C73C5DEA7160764CD333D0A",
    FOLDER "/two/App.pdb.is",
    FOLDER "/one/empty.dll",
};

static const char *const file_paths[] = {
    FOLDER "/outside.dll",
    FOLDER "/one/Flat.pdb",
    FOLDER "/two/Flat.pdb",
    FOLDER "/two/\xC3\xA4.dll",
    FOLDER "/two/app.pdb/1EB9FACB04C73C5DEA7160764CD333D0A/app.pdb",
};

static int remove_all(void **state)
{
  uv_fs_t request;
  (void)state;
  for (size_t i = 0; i < sizeof file_paths / sizeof file_paths[0]; i++) {
    (void)uv_fs_unlink(NULL, &request, file_paths[i], NULL);
    uv_fs_req_cleanup(&request);
  }
  for (size_t i = sizeof folder_paths / sizeof folder_paths[0]; i > 0; i--) {
    (void)uv_fs_rmdir(NULL, &request, folder_paths[i - 1], NULL);
    uv_fs_req_cleanup(&request);
  }
  return 0;
}

static int make_all(void **state)
{
  uv_fs_t request;
  (void)remove_all(state);
  for (size_t i = 0; i < sizeof folder_paths / sizeof folder_paths[0]; i++) {
    assert_int_equal(uv_fs_mkdir(NULL, &request, folder_paths[i], 0755, NULL), 0);
    uv_fs_req_cleanup(&request);
  }
  for (size_t i = 0; i < sizeof file_paths / sizeof file_paths[0]; i++) {
    spawn_file_write(file_paths[i], file_paths[i], strlen(file_paths[i]));
  }
  return 0;
}

/* What files hold is their path. NULL: not found. */
static void expect_lent(seep_symbol_files *files, const seep_symbol_source *source, bool is_there,
                        seep_symbol_file *file, const char *path)
{
  assert_int_equal(is_there, path != NULL);
  if (is_there) {
    assert_int_equal(files->lent, 1);
    assert_int_equal(file->size, strlen(path));
    assert_memory_equal(file->data, path, file->size);
    source->close(source->context, file);
    assert_null(file->data);
  }
  assert_int_equal(files->lent, 0);
}

static void expect_key(seep_symbol_files *files, const char *key, const char *path)
{
  seep_symbol_source source = seep_symbol_files_source(files);
  seep_symbol_file file = {NULL, 0, NULL};
  assert_null(source.stopped);
  expect_lent(files, &source, source.open_key(source.context, key, &file), &file, path);
}

static void expect_module(seep_symbol_files *files, const char *name, const char *module_path,
                          const char *path)
{
  seep_symbol_source source = seep_symbol_files_source(files);
  seep_symbol_file file = {NULL, 0, NULL};
  seep_answer_module module = {.name = name, .path = module_path, .pdb_name = ""};
  expect_lent(files, &source, source.open_module(source.context, &module, &file), &file, path);
}

static void keys_are_found_below_the_folders(void **state)
{
  static const char *const folders[] = {FOLDER "/one", FOLDER "/two/", FOLDER "/none"};
  seep_symbol_files files;
  (void)state;
  assert_true(seep_symbol_files_open(&files, folders, 3));
  /* In small letters only; Windows does not care. */
  seep_symbol_source source = seep_symbol_files_source(&files);
  seep_symbol_file file = {NULL, 0, NULL};
  assert_true(source.open_key(source.context, KEY, &file));
  assert_memory_equal(file.data, file_paths[4], strlen(file_paths[4]));
  source.close(source.context, &file);
  /* By its plain name, in the first folder that has it. */
  expect_key(&files, "Flat.pdb/1EB9FACB04C73C5DEA7160764CD333D0A/Flat.pdb", FOLDER "/one/Flat.pdb");
  expect_key(&files, "\xC3\xA4.dll/0C1A6A0E1f8000/\xC3\xA4.dll", FOLDER "/two/\xC3\xA4.dll");
  expect_key(&files, "none.pdb/1EB9FACB04C73C5DEA7160764CD333D0A/none.pdb", NULL);
  /* Folders are no files. */
  expect_key(&files, "empty.dll/0C1A6A0E1f8000/empty.dll", NULL);
  seep_symbol_files_close(&files);
}

static void modules_are_found_by_their_plain_names(void **state)
{
  static const char *const folders[] = {FOLDER "/one", FOLDER "/two"};
  seep_symbol_files files;
  (void)state;
  assert_true(seep_symbol_files_open(&files, folders, 2));
  expect_module(&files, "\xC3\xA4.dll", "", FOLDER "/two/\xC3\xA4.dll");
  expect_module(&files, "Flat.pdb", "\\Device\\HarddiskVolume3\\Flat.pdb", FOLDER "/one/Flat.pdb");
  expect_module(&files, "none.dll", "C:\\none\\none.dll", NULL);
  /* It is there: but no name is a way out of the folder. */
  expect_module(&files, "../outside.dll", "", NULL);
  expect_module(&files, "..\\outside.dll", "", NULL);
  expect_module(&files, "", "", NULL);
  expect_module(&files, ".", "", NULL);
  expect_module(&files, "..", "", NULL);
  /* Devices on Windows: there, and called so, nothing is opened. */
  expect_module(&files, "NUL", "C:\\NUL", NULL);
  expect_module(&files, "aux.pdb", "C:\\x\\con.dll", NULL);
  seep_symbol_files_close(&files);
}

static void a_path_of_the_trace_is_opened_on_windows_alone(void **state)
{
  char folder[1024], path[1200];
  size_t size = sizeof folder;
  seep_symbol_files files;
  (void)state;
  assert_int_equal(uv_cwd(folder, &size), 0);
  assert_true(seep_symbol_files_open(&files, NULL, 0));
  snprintf(path, sizeof path, "%s\\" FOLDER "\\outside.dll", folder);
#ifdef _WIN32
  expect_module(&files, "outside.dll", path, file_paths[0]);
  /* The same file, by ways that could lead to another machine or to a device. */
  char other[1300];
  snprintf(other, sizeof other, "\\\\?\\%s", path);
  expect_module(&files, "outside.dll", other, NULL);
  snprintf(other, sizeof other, "\\\\localhost\\c$%s", path + 2);
  expect_module(&files, "outside.dll", other, NULL);
  expect_module(&files, "outside.dll", FOLDER "\\outside.dll", NULL);
  snprintf(other, sizeof other, "%s::$DATA", path);
  expect_module(&files, "outside.dll", other, NULL);
#else
  expect_module(&files, "outside.dll", path, NULL);
  snprintf(path, sizeof path, "%s/" FOLDER "/outside.dll", folder);
  expect_module(&files, "outside.dll", path, NULL);
#endif
  seep_symbol_files_close(&files);
}

static void a_folder_has_a_name(void **state)
{
  static const char *const empty[] = {FOLDER, ""}, *const none[] = {NULL};
  seep_symbol_files files;
  (void)state;
  assert_false(seep_symbol_files_open(&files, empty, 2));
  assert_int_equal(files.count, 0);
  assert_false(seep_symbol_files_open(&files, none, 1));
  seep_symbol_files_close(&files);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_are_found_below_the_folders),
      cmocka_unit_test(modules_are_found_by_their_plain_names),
      cmocka_unit_test(a_path_of_the_trace_is_opened_on_windows_alone),
      cmocka_unit_test(a_folder_has_a_name),
  };
  return cmocka_run_group_tests(tests, make_all, remove_all);
}
