/* The child process behind port/tracer, with the fake recorder as a real program. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch/child.h"
#include "watch/files.h"

#define FOLDER "child-test"
#define TEMPORARY FOLDER "/captures/temporary"

static const char *recorder_path;

/* Counts what is asked of it; what it takes is itself. */
typedef struct fake_guard {
  bool refuses;
  unsigned taken, ended, left, process_id;
  uint64_t maximum_bytes; /* it was confined to; 0: it was not */
} fake_guard;

typedef struct rig {
  uv_loop_t loop;
  fake_guard guard;
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

static void *take(void *context, unsigned process_id)
{
  fake_guard *guard = context;
  guard->taken++;
  guard->process_id = process_id;
  return guard->refuses ? NULL : guard;
}

static void confine(void *context, void *group, uint64_t maximum_bytes)
{
  fake_guard *guard = context;
  assert_ptr_equal(group, guard);
  assert_int_equal(guard->left + 1, guard->taken);
  guard->maximum_bytes = maximum_bytes;
}

static void end_group(void *context, void *group)
{
  fake_guard *guard = context;
  assert_ptr_equal(group, guard);
  assert_int_equal(guard->left + 1, guard->taken); /* while it is held */
  guard->ended++;
}

static void leave(void *context, void *group)
{
  fake_guard *guard = context;
  assert_ptr_equal(group, guard);
  guard->left++;
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
  seep_child_guard guard = {
      .context = &r->guard, .take = take, .confine = confine, .end = end_group, .leave = leave};
  r->child = seep_child_new(&r->loop, recorder_path, TEMPORARY, &guard, &r->tracer);
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

static seep_status run_at(rig *r, const char *first, const char *second, int64_t deadline_ms, bool kill,
                          seep_tracer_priority priority)
{
  const char *arguments[] = {first, second, NULL};
  const seep_tracer_call call = {
      .arguments = arguments, .deadline_ms = deadline_ms, .kill_at_deadline = kill, .priority = priority};
  return r->tracer.run(r->tracer.context, &call, done, r, NULL);
}

static seep_status run(rig *r, const char *first, const char *second, int64_t deadline_ms, bool kill)
{
  return run_at(r, first, second, deadline_ms, kill, SEEP_TRACER_PRIORITY_NORMAL);
}

static void expect_guard(const rig *r, unsigned taken, unsigned ended, unsigned left)
{
  assert_int_equal(r->guard.taken, taken);
  assert_int_equal(r->guard.ended, ended);
  assert_int_equal(r->guard.left, left);
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
  assert_true(seep_files_size(TEMPORARY "/out.etl") > 65536);
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
  seep_tracer_call call = {.arguments = arguments,
                           .deadline_ms = 1000,
                           .kill_at_deadline = true,
                           .priority = SEEP_TRACER_PRIORITY_HIGH};
  seep_child_guard guard = {.context = &r->guard, .take = take, .end = end_group, .leave = leave};
  seep_child *child = seep_child_new(&r->loop, FOLDER "/no-such-program.exe", TEMPORARY, &guard, &missing);
  assert_non_null(child);
  assert_int_equal(missing.run(missing.context, &call, done, r, &error), SEEP_NOT_FOUND);
  assert_int_equal(error.domain, SEEP_DOMAIN_UV);
  seep_child_free(child);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(r->done, 0);
  expect_guard(r, 0, 0, 0);
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

static void a_group_is_taken_once_and_left_when_the_program_has_ended(void **state)
{
  rig *r = *state;
  assert_int_equal(run(r, "-cancel", NULL, 10000, true), SEEP_OK);
  expect_guard(r, 1, 0, 0);
  assert_int_not_equal(r->guard.process_id, 0);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(r->done, 1);
  assert_false(r->result.timed_out);
  expect_guard(r, 1, 0, 1);
}

static void a_group_is_ended_at_a_deadline_that_kills(void **state)
{
  rig *r = *state;
  write_knobs("hang 3\n");
  assert_int_equal(run(r, "-cancel", NULL, 300, true), SEEP_OK);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_true(r->result.timed_out);
  expect_guard(r, 1, 1, 1);
}

static void a_group_is_only_left_at_a_deadline_that_does_not(void **state)
{
  rig *r = *state;
  write_knobs("hang 1\n");
  assert_int_equal(run(r, "-cancel", NULL, 300, false), SEEP_OK);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_true(r->result.timed_out);
  expect_guard(r, 1, 0, 1);
}

static void a_detached_group_is_left_and_ended_if_so_wished(void **state)
{
  rig *r = *state;
  write_knobs("hang 1\n");
  assert_int_equal(run(r, "-cancel", NULL, 10000, true), SEEP_OK);
  r->tracer.detach(r->tracer.context, false);
  expect_guard(r, 1, 0, 1);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  r->guard = (fake_guard){0};
  assert_int_equal(run(r, "-cancel", NULL, 10000, false), SEEP_OK);
  r->tracer.detach(r->tracer.context, true);
  expect_guard(r, 1, 1, 1);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  expect_guard(r, 1, 1, 1);
  assert_int_equal(r->done, 0);
}

/* Then the process alone is ended: it never gets to write its file. */
static void a_guard_that_takes_nothing_is_asked_no_more(void **state)
{
  rig *r = *state;
  uv_sleep(1500); /* children that tests before have left to end by themselves may write here until then */
  (void)seep_files_clean_temporary(TEMPORARY, FOLDER "/captures", '/', "WprApp");
  (void)seep_files_clean_temporary(TEMPORARY, FOLDER "/captures", '/', "Seepwatch");
  write_knobs("hang 1\n");
  r->guard.refuses = true;
  assert_int_equal(run(r, "-start", NULL, 300, true), SEEP_OK);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_true(r->result.timed_out);
  expect_guard(r, 1, 0, 0);
  uv_sleep(1500);
  assert_int_equal(seep_files_folder_bytes(TEMPORARY), 0);
}

static void without_a_guard_all_is_as_before(void **state)
{
  rig *r = *state;
  seep_tracer plain;
  const char *arguments[] = {"-cancel", NULL};
  seep_tracer_call call = {.arguments = arguments,
                           .deadline_ms = 10000,
                           .kill_at_deadline = true,
                           .priority = SEEP_TRACER_PRIORITY_NORMAL};
  seep_child *child = seep_child_new(&r->loop, recorder_path, TEMPORARY, NULL, &plain);
  assert_non_null(child);
  assert_int_equal(plain.run(plain.context, &call, done, r, NULL), SEEP_OK);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(r->done, 1);
  seep_child_free(child);
  expect_guard(r, 0, 0, 0);
}

/* Who may lower a process may not always raise one: what this system does for the test itself, it must have
 * done for the child. */
static void expect_priority(rig *r, seep_tracer_priority wished, int level)
{
  int own = 0, expected = 0, found = 0;
  assert_int_equal(uv_os_getpriority(uv_os_getpid(), &own), 0);
  assert_int_equal(run_at(r, "-cancel", NULL, 10000, true, wished), SEEP_OK);
  int process_id = (int)r->guard.process_id;
  assert_int_equal(uv_os_getpriority(process_id, &found), 0);
  expected = own;
  if (wished != SEEP_TRACER_PRIORITY_NORMAL && uv_os_setpriority(process_id, level) == 0) {
    assert_int_equal(uv_os_getpriority(process_id, &expected), 0);
  } else if (wished != SEEP_TRACER_PRIORITY_NORMAL) {
    print_message("priority %d is refused here: only that this is no error was tested\n", level);
  }
  assert_int_equal(found, expected);
  r->tracer.detach(r->tracer.context, true);
  uv_run(&r->loop, UV_RUN_DEFAULT);
}

static void a_priority_is_what_was_wished_for_where_it_is_allowed(void **state)
{
  rig *r = *state;
  write_knobs("hang 3\n");
  expect_priority(r, SEEP_TRACER_PRIORITY_NORMAL, 0);
  expect_priority(r, SEEP_TRACER_PRIORITY_LOW, UV_PRIORITY_BELOW_NORMAL);
  expect_priority(r, SEEP_TRACER_PRIORITY_HIGH, UV_PRIORITY_HIGH);
  expect_priority(r, SEEP_TRACER_PRIORITY_IDLE, UV_PRIORITY_LOW);
}

static void only_who_asks_is_confined(void **state)
{
  rig *r = *state;
  const char *arguments[] = {"-cancel", NULL};
  const seep_tracer_call call = {.arguments = arguments,
                                 .deadline_ms = 10000,
                                 .kill_at_deadline = true,
                                 .maximum_memory_bytes = 1 << 20};
  assert_int_equal(run(r, "-cancel", NULL, 10000, true), SEEP_OK);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_true(r->guard.maximum_bytes == 0);
  assert_int_equal(r->tracer.run(r->tracer.context, &call, done, r, NULL), SEEP_OK);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_true(r->guard.maximum_bytes == 1 << 20);
  r->guard.refuses = true;
  r->guard.maximum_bytes = 0;
  assert_int_equal(r->tracer.run(r->tracer.context, &call, done, r, NULL), SEEP_OK);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_true(r->guard.maximum_bytes == 0); /* no group, nothing to confine */
  assert_int_equal(r->result.exit_code, 0);
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
  assert_int_equal(seep_files_write(TEMPORARY "/keeping.gz.part", "part", 4, NULL), SEEP_OK);
  assert_int_equal(seep_files_make_folder(TEMPORARY "/out.etl.NGENPDB", NULL), SEEP_OK);
  assert_int_equal(seep_files_make_folder(TEMPORARY "/out.etl.NGENPDB/a.pdb", NULL), SEEP_OK);
  assert_int_equal(seep_files_write(TEMPORARY "/out.etl.NGENPDB/a.pdb/a.pdb", "pdb", 3, NULL), SEEP_OK);
  assert_int_equal(seep_files_write(TEMPORARY "/out.etl", "half", 4, NULL), SEEP_OK);
  assert_int_equal(seep_files_raw_bytes(TEMPORARY, "Seepwatch"), 3);
  assert_int_equal(seep_files_clean_temporary(TEMPORARY, FOLDER "/captures", '/', "Seepwatch"), 3);
  assert_int_equal(seep_files_folder_bytes(TEMPORARY), 0);
  assert_int_equal(seep_files_make_folder(TEMPORARY "/out.etl.NGENPDB", NULL), SEEP_OK); /* it had gone */
  assert_int_equal(seep_files_folder_bytes(TEMPORARY "/out.etl.NGENPDB"), 0);
  assert_int_equal(seep_files_clean_temporary(TEMPORARY, FOLDER "/captures", '/', "Seepwatch"), 0);
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
      child_test(a_group_is_taken_once_and_left_when_the_program_has_ended),
      child_test(a_group_is_ended_at_a_deadline_that_kills),
      child_test(a_group_is_only_left_at_a_deadline_that_does_not),
      child_test(a_detached_group_is_left_and_ended_if_so_wished),
      child_test(a_guard_that_takes_nothing_is_asked_no_more),
      child_test(without_a_guard_all_is_as_before),
      child_test(only_who_asks_is_confined),
      child_test(a_priority_is_what_was_wished_for_where_it_is_allowed),
      child_test(leftovers_are_cleaned_and_a_half_saved_trace_is_kept_as_partial),
  };
  if (argc < 2) {
    fprintf(stderr, "usage: test_watch_child PATH-OF-FAKE-RECORDER\n");
    return 2;
  }
  recorder_path = argv[1];
  return cmocka_run_group_tests(tests, NULL, NULL);
}
