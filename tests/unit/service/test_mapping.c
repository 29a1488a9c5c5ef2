/*
 * A file that is cut off while it is mapped: on Windows that cannot be done, elsewhere the program ends with
 * the message and exit code that were agreed upon. The test runs itself as the program that does it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "cli/mapping.h"
#include "unit/service/spawn.h"

#define FILE_NAME "service_mapping-" SPAWN_NAME ".bin"
#define FILE_SIZE ((size_t)1024 * 1024)
#define AGREED 6

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

static int run_program(const char *path)
{
  seep_mapping mapping;
  seep_error error;
  seep_mapping_on_loss("seepwatch: cut: the file is gone\n", AGREED);
  if (seep_mapping_open(&mapping, path, &error) != SEEP_OK || mapping.size_bytes != FILE_SIZE) {
    return 1;
  }
  printf("cut off: %s\n", cut_off(path) == 0 ? "yes" : "no");
  fflush(stdout);
  const volatile uint8_t *last = mapping.data + FILE_SIZE - 1;
  int byte = *last;
  seep_mapping_close(&mapping);
  return byte == 7 ? 0 : 1;
}

/* ---- the test ---- */

static void write_file(void)
{
  static uint8_t bytes[FILE_SIZE];
  memset(bytes, 7, sizeof bytes);
  spawn_file_write(FILE_NAME, bytes, sizeof bytes);
}

static void test_cut_while_mapped(void **state)
{
  (void)state;
  write_file();
#ifdef _WIN32
  const spawn_result *result = RUN(0, "cut");
  SAYS(result->out, "cut off: no\n");
#else
  const spawn_result *result = RUN(AGREED, "cut");
  SAYS(result->out, "cut off: yes\n");
  assert_string_equal(result->err.text, "seepwatch: cut: the file is gone\n");
#endif
  spawn_file_remove(FILE_NAME);
}

static void test_whole_file(void **state)
{
  (void)state;
  seep_mapping mapping;
  seep_error error = {0};
  write_file();
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
  if (argc == 2 && strcmp(argv[1], "cut") == 0) {
    return run_program(FILE_NAME);
  }
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cut_while_mapped),
      cmocka_unit_test(test_whole_file),
      cmocka_unit_test(test_failures),
  };
  return cmocka_run_group_tests_name("service mapping", tests, NULL, NULL);
}
