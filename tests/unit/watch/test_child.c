/* The child process behind port/tracer, with the fake recorder as a real program. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch/child.h"
#include "watch/files.h"

#define FOLDER "child-test"
#define TEMPORARY FOLDER "/captures/temporary"

static const char *recorder_path;

typedef struct rig {
  uv_loop_t loop;
  seep_child *child;
  seep_tracer tracer;
  seep_tracer_result result;
  unsigned done;
} rig;

static void write_knobs(const char *text)
{
  assert_int_equal(seep_files_write(FOLDER "/knobs.txt", text, strlen(text), NULL), SEEP_OK);
}

static void clean(void)
{
  static const char *const files[] = {FOLDER "/knobs.txt", FOLDER "/calls.txt", TEMPORARY "/out.etl",
                                      TEMPORARY "/WPR_initiated_Seepwatch_WPR System Collector.etl"};
  static const char *const folders[] = {TEMPORARY, FOLDER "/captures", FOLDER};
  for (size_t i = 0; i < 4; i++) {
    (void)seep_files_remove(files[i]);
  }
  for (size_t i = 0; i < 3; i++) {
    uv_fs_t request;
    uv_fs_rmdir(NULL, &request, folders[i], NULL);
    uv_fs_req_cleanup(&request);
  }
}

static int set_up(void **state)
{
  rig *r = calloc(1, sizeof *r);
  if (r == NULL) {
    return -1;
  }
  clean();
  assert_int_equal(seep_files_make_folder(FOLDER, NULL), SEEP_OK);
  assert_int_equal(seep_files_make_folder(FOLDER "/captures", NULL), SEEP_OK);
  assert_int_equal(seep_files_make_folder(TEMPORARY, NULL), SEEP_OK);
  assert_int_equal(uv_loop_init(&r->loop), 0);
  r->child = seep_child_new(&r->loop, recorder_path, TEMPORARY, &r->tracer);
  assert_non_null(r->child);
  *state = r;
  return 0;
}

static int tear_down(void **state)
{
  rig *r = *state;
  seep_child_free(r->child);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&r->loop), 0); /* no handle was left open */
  free(r);
  clean();
  return 0;
}

static void done(void *context, const seep_tracer_result *result)
{
  rig *r = context;
  r->result = *result;
  r->done++;
}

static seep_status run(rig *r, const char *first, const char *second, int64_t deadline_ms, bool kill)
{
  const char *arguments[] = {first, second, NULL};
  return r->tracer.run(r->tracer.context, arguments, deadline_ms, kill, done, r, NULL);
}

static void exit_code_and_the_end_of_the_output_come_back(void **state)
{
  rig *r = *state;
  assert_int_equal(run(r, "-stop", TEMPORARY "/out.etl", 10000, true), SEEP_OK);
  assert_int_equal(r->done, 0); /* never from inside run */
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(r->done, 1);
  assert_false(r->result.timed_out);
  assert_int_equal(r->result.exit_code, 0);
  assert_true(strlen(r->result.output) > 100); /* far more was printed: the pipe was drained, its end kept */
  assert_int_equal(seep_files_size(TEMPORARY "/out.etl"), 16);
}

static void tmp_is_the_folder_it_was_given(void **state)
{
  rig *r = *state;
  assert_int_equal(run(r, "-start", NULL, 10000, true), SEEP_OK);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(seep_files_folder_bytes(TEMPORARY), 3);
}

static void a_failing_exit_code_comes_back(void **state)
{
  rig *r = *state;
  write_knobs("fail 1\n");
  assert_int_equal(run(r, "-cancel", NULL, 10000, true), SEEP_OK);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(r->result.exit_code, 9);
}

static void only_one_call_at_a_time(void **state)
{
  rig *r = *state;
  assert_int_equal(run(r, "-cancel", NULL, 10000, true), SEEP_OK);
  assert_int_equal(run(r, "-cancel", NULL, 10000, true), SEEP_BUSY);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(run(r, "-cancel", NULL, 10000, true), SEEP_OK);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(r->done, 2);
}

static void a_deadline_ends_the_wait(void **state)
{
  rig *r = *state;
  write_knobs("hang 3\n");
  for (int kill = 0; kill <= 1; kill++) {
    uint64_t begin = uv_hrtime();
    assert_int_equal(run(r, "-cancel", NULL, 300, kill != 0), SEEP_OK);
    uv_run(&r->loop, UV_RUN_DEFAULT);
    assert_true(r->result.timed_out);
    assert_true((uv_hrtime() - begin) / 1000000u < 2500);
  }
  assert_int_equal(r->done, 2);
}

static void a_missing_program_is_not_found_and_done_is_not_called(void **state)
{
  rig *r = *state;
  seep_tracer missing;
  seep_error error;
  const char *arguments[] = {"-start", NULL};
  seep_child *child = seep_child_new(&r->loop, FOLDER "/no-such-program.exe", TEMPORARY, &missing);
  assert_non_null(child);
  assert_int_equal(missing.run(missing.context, arguments, 1000, true, done, r, &error), SEEP_NOT_FOUND);
  assert_int_equal(error.domain, SEEP_DOMAIN_UV);
  seep_child_free(child);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(r->done, 0);
}

static void a_detached_call_is_never_told(void **state)
{
  rig *r = *state;
  write_knobs("hang 1\n");
  assert_int_equal(run(r, "-cancel", NULL, 10000, true), SEEP_OK);
  r->tracer.detach(r->tracer.context, false);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(r->done, 0);
}

static void leftovers_are_cleaned_and_a_half_saved_trace_is_kept_as_partial(void **state)
{
  rig *r = *state;
  char *text = NULL;
  size_t size = 0;
  (void)r;
  assert_int_equal(
      seep_files_write(TEMPORARY "/WPR_initiated_Seepwatch_WPR System Collector.etl", "raw", 3, NULL),
      SEEP_OK);
  assert_int_equal(seep_files_write(TEMPORARY "/x.wprp", "p", 1, NULL), SEEP_OK);
  assert_int_equal(seep_files_write(TEMPORARY "/out.etl", "half", 4, NULL), SEEP_OK);
  assert_int_equal(seep_files_raw_bytes(TEMPORARY, "Seepwatch"), 3);
  assert_int_equal(
      seep_files_clean_temporary(TEMPORARY, FOLDER "/captures", '/', "Seepwatch", TEMPORARY "/out.etl"), 2);
  assert_int_equal(seep_files_folder_bytes(TEMPORARY), 4);
  assert_int_equal(seep_files_clean_temporary(TEMPORARY, FOLDER "/captures", '/', "Seepwatch", NULL), 0);
  assert_int_equal(seep_files_folder_bytes(TEMPORARY), 0);
  assert_int_equal(seep_files_read(FOLDER "/captures/out.partial.etl", 100, &text, &size, NULL), SEEP_OK);
  assert_int_equal(size, 4);
  free(text);
  assert_int_equal(seep_files_read(FOLDER "/captures/out.partial.etl", 3, &text, &size, NULL), SEEP_LIMIT);
  assert_true(seep_files_remove(FOLDER "/captures/out.partial.etl"));
  assert_int_equal(seep_files_read(FOLDER "/captures/out.partial.etl", 3, &text, &size, NULL),
                   SEEP_NOT_FOUND);
  assert_true(seep_files_free_bytes(FOLDER) > 0);
}

#define child_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      child_test(exit_code_and_the_end_of_the_output_come_back),
      child_test(tmp_is_the_folder_it_was_given),
      child_test(a_failing_exit_code_comes_back),
      child_test(only_one_call_at_a_time),
      child_test(a_deadline_ends_the_wait),
      child_test(a_missing_program_is_not_found_and_done_is_not_called),
      child_test(a_detached_call_is_never_told),
      child_test(leftovers_are_cleaned_and_a_half_saved_trace_is_kept_as_partial),
  };
  if (argc < 2) {
    fprintf(stderr, "usage: test_watch_child PATH-OF-FAKE-RECORDER\n");
    return 2;
  }
  recorder_path = argv[1];
  return cmocka_run_group_tests(tests, NULL, NULL);
}
