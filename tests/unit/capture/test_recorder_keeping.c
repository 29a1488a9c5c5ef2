/*
 * What becomes of a finished trace: kept whatever is in it, told as saved only when something of the process
 * is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "recorder_bench.h"

static void begin_keeping(void)
{
  start_saving();
  assert_string_equal(stopped(1000), "KEEP");
  assert_int_equal(b.recorder.state, SEEP_RECORDER_KEEPING);
}

static void begin_keeping_heap(void)
{
  assert_string_equal(request_heap(SEEP_RECORDER_HEAP_LIVE), "JOURNAL_ADD PROFILE start");
  exited(0);
  wait_ms(600000);
  assert_string_equal(stopped(1000), "KEEP");
}

/* Nothing but KEPT ends it, and KEPT nothing else. */
static void only_its_answer(void **state)
{
  (void)state;
  assert_string_equal(kept(), "");
  start_recording();
  assert_string_equal(kept(), "");
  wait_ms(600000);
  assert_string_equal(kept(), "");
  stopped(1000);
  assert_string_equal(exited(0), "");
  assert_string_equal(failed(SEEP_NO_MEMORY), "");
  assert_string_equal(plain(SEEP_RECORDER_TOOL_TIMED_OUT), "");
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "");
  assert_string_equal(plain(SEEP_RECORDER_SAVE_NOW), "");
  assert_string_equal(gone(4242, 133000000), "");
  assert_string_equal(tick(700000, 9 * GIB, 0), "");
  assert_true(seep_recorder_is_saving(&b.recorder));
  assert_idle(false);
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  assert_false(seep_recorder_is_saving(&b.recorder));
  assert_string_equal(kept(), "");
}

static void not_kept(void **state)
{
  (void)state;
  begin_keeping();
  b.kept.kept.path[0] = '\0';
  b.kept.tool_status = SEEP_DENIED;
  assert_string_equal(kept(), "DELETE REMOVE FAILED");
  assert_int_equal(last()->verb, SEEP_WPR_STOP);
  assert_string_equal(request(), "REFUSED"); /* cools down */
}

static void not_readable(void **state)
{
  (void)state;
  begin_keeping();
  b.kept.kept.readable = false;
  assert_string_equal(kept(), "DELETE REMOVE FAILED");
  assert_string_equal(last()->reason,
                      "the file that the recorder wrote cannot be read as a trace; it was kept");
  assert_string_equal(last()->kept.path, b.kept.kept.path);
}

/* Compressing failed: the plain file is as good. */
static void kept_plain(void **state)
{
  (void)state;
  begin_keeping();
  b.kept.tool_status = SEEP_OS;
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
}

static const char *reason_of_empty(bool heap)
{
  b.kept.kept.target_events = b.kept.kept.target_heap_events = 0;
  if (heap) {
    begin_keeping_heap();
  } else {
    begin_keeping();
  }
  assert_string_equal(kept(), "DELETE REMOVE FAILED");
  assert_int_equal(last()->kept.bytes, 100);
  return last()->reason;
}

static void nothing_of_the_process(void **state)
{
  (void)state;
  const char *reasons[5];
  reasons[0] = reason_of_empty(false);
  set_up(NULL);
  reasons[1] = reason_of_empty(true);
  assert_non_null(strstr(reasons[1], "not Windows' heap"));
  set_up(NULL);
  b.kept.kept.events_lost = 1;
  reasons[2] = reason_of_empty(true);
  set_up(NULL);
  b.kept.kept.buffers_lost = 1;
  assert_string_equal(reason_of_empty(false), reasons[2]);
  b.kept.kept.events = 0;
  set_up(NULL);
  b.kept.kept.events = 0;
  reasons[3] = reason_of_empty(false);
  assert_non_null(strstr(reasons[3], "logged nothing at all"));
  set_up(NULL);
  start_recording();
  gone(4242, 133000000);
  stopped(1000);
  b.kept.kept.target_events = b.kept.kept.target_heap_events = 0;
  assert_string_equal(kept(), "DELETE REMOVE FAILED");
  reasons[4] = last()->reason;
  for (size_t i = 0; i < 5; i++) {
    for (size_t j = 0; j < i; j++) {
      assert_string_not_equal(reasons[i], reasons[j]);
    }
  }
  set_up(NULL); /* that it ended afterwards is no reason */
  start_saving();
  gone(4242, 133000000);
  stopped(1000);
  b.kept.kept.target_events = b.kept.kept.target_heap_events = 0;
  kept();
  assert_string_equal(last()->reason, reasons[0]);
}

static void one_kind_of_event_is_enough(void **state)
{
  (void)state;
  b.kept.kept.target_heap_events = 0;
  begin_keeping();
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  assert_string_equal(last()->reason, "the recording was saved");
  set_up(NULL);
  b.kept.kept.target_events = 0;
  begin_keeping_heap();
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  assert_string_equal(last()->reason, "the recording was saved");
  set_up(NULL);
  b.kept.kept.target_heap_events = 0;
  begin_keeping_heap();
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  assert_non_null(strstr(last()->reason, "not one heap call"));
  assert_string_equal(last()->ending, "it had run for as long as is configured");
}

static void stopped_while_keeping(void **state)
{
  (void)state;
  begin_keeping();
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "KEEP_BRIEFLY");
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "");
  b.kept.tool_status = SEEP_CANCELLED;
  b.kept.kept.readable = false;
  b.kept.kept.target_events = b.kept.kept.target_heap_events = 0;
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  assert_idle(true);
}

static void saving_is_said(void **state)
{
  (void)state;
  assert_false(seep_recorder_is_saving(&b.recorder));
  start_recording();
  assert_false(seep_recorder_is_saving(&b.recorder));
  wait_ms(600000);
  assert_true(seep_recorder_is_saving(&b.recorder));
  exited(BUSY_CODE);
  assert_true(seep_recorder_is_saving(&b.recorder));
  plain(SEEP_RECORDER_ABANDON);
  assert_false(seep_recorder_is_saving(&b.recorder));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(only_its_answer),        TEST(not_kept),
      TEST(not_readable),           TEST(kept_plain),
      TEST(nothing_of_the_process), TEST(one_kind_of_event_is_enough),
      TEST(stopped_while_keeping),  TEST(saving_is_said),
  };
  return cmocka_run_group_tests_name("capture_recorder_keeping", tests, NULL, NULL);
}
