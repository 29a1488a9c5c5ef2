/* report as the service calls it: --answer, --memory-bytes, --background; and the temporary files that a run
 * leaves behind, or finds. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>
#include <zlib.h>

#include "report/trace_json.h"
#include "report/trace_told.h"
#include "unit/service/leaky_trace.h"
#include "unit/service/spawn.h"

#define TRACE "service_cli_report_answer-" SPAWN_NAME ".etl"
#define ANSWER "service_cli_report_answer-" SPAWN_NAME ".json"
#define PAGE "service_cli_report_answer.html"

static void write_trace(void)
{
  memory_file file = leaky_trace();
  spawn_file_write(TRACE, file.bytes, file.size);
  memory_file_free(&file);
}

static int clean_up(void **state)
{
  (void)state;
  spawn_file_remove(TRACE);
  spawn_file_remove(ANSWER);
  spawn_file_remove(PAGE);
  return 0;
}

/* What the service makes of the file, which is gone afterwards. */
static seep_trace_told read_answer(void)
{
  seep_trace_told told;
  size_t size = 0;
  char *text = spawn_file_read(ANSWER, &size);
  assert_true(size < SEEP_TRACE_JSON_SHORT_BYTES);
  assert_int_equal(seep_trace_told_read(text, size, &told, NULL), SEEP_OK);
  free(text);
  spawn_file_remove(ANSWER);
  return told;
}

static void test_the_answer_is_a_file_and_nothing_is_printed(void **state)
{
  (void)state;
  write_trace();
  spawn_file_remove(ANSWER);
  const spawn_result *result = RUN(0, "report", TRACE, "--pid", "4242", "--background", "--memory-bytes",
                                   "268435456", "--answer", ANSWER);
  assert_int_equal(result->out.size, 0);
  seep_trace_told told = read_answer();
  assert_string_equal(told.certainty, "good");
  assert_string_equal(told.culprit, "Leaky.dll");
  assert_string_equal(told.place, "+0x2345");
  assert_string_equal(told.why, "");
  assert_int_equal(strlen(told.signature), 16);
  assert_true(told.bytes == (uint64_t)LEAKY_KEPT * LEAKY_BLOCK_BYTES);
  assert_true(told.allocations == LEAKY_KEPT);
  /* And the page beside it. */
  spawn_file_remove(PAGE);
  result = RUN(0, "report", TRACE, "--html", PAGE, "--answer", ANSWER);
  assert_int_equal(result->out.size, 0);
  assert_true(spawn_file_exists(PAGE));
  assert_string_equal(read_answer().culprit, "Leaky.dll");
  result = RUN(0, "report", TRACE, "--html", "-", "--answer", ANSWER);
  assert_memory_equal(result->out.text, "<!DOCTYPE html>", 15);
  assert_string_equal(read_answer().culprit, "Leaky.dll");
  result = RUN(0, "report", TRACE, "--answer", "-");
  cJSON *document = spawn_json(&result->out);
  assert_true(spawn_number(document, "schema") == 1.0);
  cJSON_Delete(document);
}

/* The service tells "not in the trace" from "could not be read" by it. */
static void test_a_process_that_is_not_in_the_trace_has_an_answer(void **state)
{
  (void)state;
  write_trace();
  spawn_file_remove(ANSWER);
  spawn_file_remove(PAGE);
  const spawn_result *result = RUN(3, "report", TRACE, "--pid", "1", "--html", PAGE, "--answer", ANSWER);
  assert_int_equal(result->out.size, 0);
  SAYS(result->err, "process 1 has no memory events in it; these have: leaker.exe (4242)");
  assert_false(spawn_file_exists(PAGE));
  seep_trace_told told = read_answer();
  assert_string_equal(told.culprit, "");
  assert_string_equal(told.certainty, "nothing");
  assert_true(strncmp(told.verdict, "The process that was asked for has no memory events in the trace", 64) ==
              0);
  assert_true(told.why[0] != '\0');
}

static void test_a_trace_that_is_none_has_no_answer(void **state)
{
  (void)state;
  spawn_file_write(TRACE, "no trace", 8);
  spawn_file_remove(ANSWER);
  RUN(4, "report", TRACE, "--answer", ANSWER);
  assert_false(spawn_file_exists(ANSWER));
}

/* Where somebody's file is, no answer is put. */
static void test_an_answer_replaces_no_file(void **state)
{
  (void)state;
  size_t size = 0;
  write_trace();
  spawn_file_write(ANSWER, "{}", 2);
  RUN(2, "report", TRACE, "--answer", ANSWER);
  char *text = spawn_file_read(ANSWER, &size);
  assert_string_equal(text, "{}");
  free(text);
  RUN(3, "report", TRACE, "--answer", "service_cli_report_answer-absent/answer.json");
}

static void test_the_memory_that_it_may_take(void **state)
{
  (void)state;
  write_trace();
  spawn_file_remove(ANSWER);
  const spawn_result *result = RUN(0, "report", TRACE, "--memory-bytes", "1073741824", "--background");
  SAYS(result->out, "Leaky.dll has not given back 18.8 MB");
  /* The least that may be asked for: this trace is a small one. */
  RUN(0, "report", TRACE, "--memory-bytes", "1048576", "--answer", ANSWER);
  assert_string_equal(read_answer().culprit, "Leaky.dll");
}

static void test_arguments_that_make_no_sense(void **state)
{
  (void)state;
  static const char *const wrong[][6] = {
      {"report", TRACE, "--answer"},
      {"report", TRACE, "--answer", ""},
      {"report", TRACE, "--answer", "--background"},
      {"report", TRACE, "--answer", ANSWER, "--json"},
      {"report", TRACE, "--events", "--answer", ANSWER},
      {"report", TRACE, "--events", "--memory-bytes", "1048576"},
      {"report", TRACE, "--memory-bytes"},
      {"report", TRACE, "--memory-bytes", "1048575"},
      {"report", TRACE, "--memory-bytes", "70368744177665"},
      {"report", TRACE, "--memory-bytes", "-1"},
      {"report", TRACE, "--memory-bytes", "2 GB"},
      {"report", TRACE, "--memory-bytes", "99999999999999999999999"},
      {"report", TRACE, "--memory-bytes", "18446744073710600192"}, /* a megabyte, if numbers went round */
      {"report", TRACE, "--pid", "4294967296"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    const char *arguments[7] = {NULL};
    memcpy(arguments, wrong[i], sizeof wrong[i]);
    const spawn_result *result = spawn_run(2, NULL, arguments, __FILE__, __LINE__);
    SAYS(result->err, "usage: seepwatch report FILE.etl[.gz]");
  }
  static const char *const twice[] = {"report", TRACE, "--answer", ANSWER, "--answer", ANSWER, NULL};
  SAYS(spawn_run(2, NULL, twice, __FILE__, __LINE__)->err, "--answer: given twice");
  SAYS(RUN(2, "report", TRACE, "--memory-bytes", "9")->err, "a number from 1048576 (1 MB) to ");
}

/* ---- temporary files ---- */

#define FOLDER "service_cli_report_answer.tmp"
#define OLD FOLDER "/seepwatch-trace-old000"
#define NEW FOLDER "/seepwatch-trace-new000"
#define OTHER FOLDER "/other"

static void make_file(const char *path, double age_s)
{
  uv_fs_t request;
  uv_timeval64_t now;
  spawn_file_write(path, "x", 1);
  assert_int_equal(uv_gettimeofday(&now), 0);
  assert_int_equal(
      uv_fs_utime(NULL, &request, path, (double)now.tv_sec - age_s, (double)now.tv_sec - age_s, NULL), 0);
  uv_fs_req_cleanup(&request);
}

static int count_files(void)
{
  uv_fs_t request;
  int count = uv_fs_scandir(NULL, &request, FOLDER, 0, NULL);
  uv_fs_req_cleanup(&request);
  return count;
}

static void pack_trace(void)
{
  memory_file file = leaky_trace();
  uLongf size = compressBound((uLong)file.size) + 64;
  uint8_t *packed = malloc(size);
  assert_non_null(packed);
  z_stream stream = {
      .next_in = file.bytes, .avail_in = (uInt)file.size, .next_out = packed, .avail_out = (uInt)size};
  assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  spawn_file_write(TRACE, packed, stream.total_out);
  (void)deflateEnd(&stream);
  free(packed);
  memory_file_free(&file);
}

/* A run that was killed leaves a file that may be as large as the disk. */
static void test_what_a_killed_run_has_left_is_removed(void **state)
{
  (void)state;
  static const char *const variables[] = {"TMPDIR", "TMP", "TEMP"};
  char folder[1024];
  size_t size = sizeof folder - sizeof "/" FOLDER, length = 0;
  uv_fs_t request;
  pack_trace();
  assert_int_equal(uv_cwd(folder, &size), 0);
  length = strlen(folder);
  snprintf(folder + length, sizeof folder - length, "/" FOLDER);
  (void)uv_fs_mkdir(NULL, &request, FOLDER, 0755, NULL);
  uv_fs_req_cleanup(&request);
  make_file(OLD, 2 * 86400.0);
  make_file(NEW, 3600.0);
  make_file(OTHER, 2 * 86400.0);
  for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
    assert_int_equal(uv_os_setenv(variables[i], folder), 0);
  }
  SAYS(RUN(0, "report", TRACE)->out, "Leaky.dll has not given back 18.8 MB");
  assert_false(spawn_file_exists(OLD));
  assert_true(spawn_file_exists(NEW));
  assert_true(spawn_file_exists(OTHER));
  assert_int_equal(count_files(), 2); /* nor has this run left anything */
  spawn_file_remove(NEW);
  spawn_file_remove(OTHER);
  (void)uv_fs_rmdir(NULL, &request, FOLDER, NULL);
  uv_fs_req_cleanup(&request);
}

int main(int argc, char **argv)
{
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_answer_is_a_file_and_nothing_is_printed),
      cmocka_unit_test(test_a_process_that_is_not_in_the_trace_has_an_answer),
      cmocka_unit_test(test_a_trace_that_is_none_has_no_answer),
      cmocka_unit_test(test_an_answer_replaces_no_file),
      cmocka_unit_test(test_the_memory_that_it_may_take),
      cmocka_unit_test(test_arguments_that_make_no_sense),
      cmocka_unit_test(test_what_a_killed_run_has_left_is_removed),
  };
  return cmocka_run_group_tests_name("report --answer", tests, NULL, clean_up);
}
