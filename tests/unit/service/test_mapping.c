/*
 * A file that is cut off while it is mapped: on Windows that cannot be done, elsewhere the program ends with
 * the message and exit code that were agreed upon for this file. The test runs itself as the program that
 * does it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "cli/mapping_loss.h"
#include "unit/service/spawn.h"

#define FILE_NAME "service_mapping-" SPAWN_NAME ".bin"
#define OTHER_NAME "service_mapping-other-" SPAWN_NAME ".bin"
#define FILE_SIZE ((size_t)1024 * 1024)
#define AGREED 6

static const char *const file_names[] = {FILE_NAME, OTHER_NAME};
static const char *const messages[] = {"seepwatch: cut: the first file is gone\n",
                                       "seepwatch: cut: the second file is gone\n"};

/* ---- the program ---- */

static int cut_off(const char *path)
{
  uv_fs_t request;
  int file = uv_fs_open(NULL, &request, path, UV_FS_O_RDWR, 0, NULL);
  uv_fs_req_cleanup(&request);
  if (file < 0) {
    return file;
  }
  int result = uv_fs_ftruncate(NULL, &request, file, 4096, NULL);
  uv_fs_req_cleanup(&request);
  (void)uv_fs_close(NULL, &request, file, NULL);
  uv_fs_req_cleanup(&request);
  return result;
}

/* Maps both files, cuts one of them off and touches its end. */
static int run_program(const char *file)
{
  seep_mapping mappings[2];
  seep_error error;
  for (size_t i = 0; i < 2; i++) {
    if (seep_mapping_open(&mappings[i], file_names[i], &error) != SEEP_OK ||
        mappings[i].size_bytes != FILE_SIZE) {
      return 1;
    }
    seep_mapping_on_loss(&mappings[i], messages[i], AGREED + (int)i);
  }
  const size_t lost = strcmp(file, "first") == 0 ? 0 : 1;
  printf("cut off: %s\n", cut_off(file_names[lost]) == 0 ? "yes" : "no");
  fflush(stdout);
  const volatile uint8_t *last = mappings[lost].data + FILE_SIZE - 1;
  int byte = *last;
  seep_mapping_close(&mappings[0]);
  seep_mapping_close(&mappings[1]);
  return byte == 7 ? 0 : 1;
}

/* ---- the test ---- */

static void write_file(const char *path)
{
  static uint8_t bytes[FILE_SIZE];
  memset(bytes, 7, sizeof bytes);
  spawn_file_write(path, bytes, sizeof bytes);
}

/* It is the file that was lost that is named, whichever was mapped first. */
static void test_cut_while_mapped(void **state)
{
  static const char *const files[] = {"first", "second"};
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    write_file(FILE_NAME);
    write_file(OTHER_NAME);
#ifdef _WIN32
    const spawn_result *result = RUN(0, "cut", files[i]);
    SAYS(result->out, "cut off: no\n");
#else
    const spawn_result *result = RUN(AGREED + (int)i, "cut", files[i]);
    SAYS(result->out, "cut off: yes\n");
    assert_string_equal(result->err.text, messages[i]);
#endif
  }
  spawn_file_remove(FILE_NAME);
  spawn_file_remove(OTHER_NAME);
}

/* The way in which the handler finds it, also where no file can be cut off. */
static void test_mapping_of_an_address(void **state)
{
  static const uint8_t bytes[64] = {0};
  (void)state;
  seep_mapping low = {.data = bytes, .size_bytes = 16}, high = {.data = bytes + 32, .size_bytes = 32};
  seep_mapping_loss_remove(&low);
  assert_null(seep_mapping_loss_find(bytes));
  seep_mapping_loss_add(&low);
  seep_mapping_loss_add(&high);
  assert_ptr_equal(seep_mapping_loss_find(bytes), &low);
  assert_ptr_equal(seep_mapping_loss_find(bytes + 15), &low);
  assert_null(seep_mapping_loss_find(bytes + 16));
  assert_ptr_equal(seep_mapping_loss_find(bytes + 32), &high);
  assert_ptr_equal(seep_mapping_loss_find(bytes + 63), &high);
  assert_null(seep_mapping_loss_find(bytes + 64));
  seep_mapping_loss_remove(&low);
  assert_null(seep_mapping_loss_find(bytes));
  assert_ptr_equal(seep_mapping_loss_find(bytes + 40), &high);
  seep_mapping_loss_remove(&high);
  assert_null(seep_mapping_loss_find(bytes + 40));
}

static void test_whole_file(void **state)
{
  (void)state;
  seep_mapping mapping;
  seep_error error = {0};
  write_file(FILE_NAME);
  assert_int_equal(seep_mapping_open(&mapping, FILE_NAME, &error), SEEP_OK);
  assert_int_equal(mapping.size_bytes, FILE_SIZE);
  for (size_t i = 0; i < FILE_SIZE; i += 4095) {
    assert_int_equal(mapping.data[i], 7);
  }
  seep_mapping_close(&mapping);
  assert_null(mapping.data);
  seep_mapping_close(&mapping);
  spawn_file_remove(FILE_NAME);
}

static void test_failures(void **state)
{
  (void)state;
  seep_mapping mapping;
  seep_error error = {0};
  assert_int_equal(seep_mapping_open(&mapping, "service_mapping-absent", &error), SEEP_NOT_FOUND);
  assert_int_equal(error.code, 2);
  assert_null(mapping.data);
  assert_int_equal(seep_mapping_open(&mapping, ".", &error), SEEP_INVALID);
  assert_string_equal(error.subject, "a folder, not a file");
  spawn_file_write(FILE_NAME, "", 0);
  assert_int_equal(seep_mapping_open(&mapping, FILE_NAME, &error), SEEP_INVALID);
  assert_string_equal(error.subject, "the file is empty");
  spawn_file_remove(FILE_NAME);
  seep_mapping_close(&mapping);
}

int main(int argc, char **argv)
{
  if (argc == 3 && strcmp(argv[1], "cut") == 0) {
    return run_program(argv[2]);
  }
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cut_while_mapped),
      cmocka_unit_test(test_mapping_of_an_address),
      cmocka_unit_test(test_whole_file),
      cmocka_unit_test(test_failures),
  };
  return cmocka_run_group_tests_name("service mapping", tests, NULL, NULL);
}
