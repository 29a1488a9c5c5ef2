/*
 * A wpr without instance names: everybody records under one name, so that nothing is stopped or cancelled
 * without raw files in our own folder to show that it is ours.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "recorder_bench.h"

static void begin_recording(void)
{
  use_old_wpr();
  start_recording();
}

/* So long a start has been over that its raw files must be there. */
static const char *tick_without_raw(int64_t after_ms)
{
  return tick(after_ms, 0, 100 * GIB);
}

/* So often that it is believed. */
static const char *three_looks(int64_t after_ms)
{
  assert_string_equal(tick_without_raw(after_ms), "");
  assert_string_equal(tick_without_raw(1000), "");
  return tick_without_raw(1000);
}

static void whole_way(void **state)
{
  (void)state;
  use_old_wpr();
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
  assert_string_equal(b.actions.items[0].instance, "WprApp");
  assert_int_equal(last()->command.argument_count, 5); /* no name in it */
  exited(0);
  assert_string_equal(wait_ms(600000), "stop");
  assert_int_equal(last()->command.argument_count, 2);
  assert_string_equal(stopped(1), "KEEP");
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
}

static void strangers_recording(void **state)
{
  (void)state;
  use_old_wpr();
  request();
  assert_string_equal(exited(TAKEN_CODE), "DELETE REMOVE REFUSED");
  assert_int_equal(last()->exit_code, TAKEN_CODE);
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start"); /* no cool-down */
  plain(SEEP_RECORDER_ABANDON);
  assert_string_equal(exited(TAKEN_CODE), "DELETE REMOVE ABANDONED");
}

/* A failed start is cancelled only when it left raw files, by figures of after it. */
static void failed_start(void **state)
{
  (void)state;
  use_old_wpr();
  request();
  assert_string_equal(exited(DENIED_CODE), "");
  for (int i = 0; i < 3; i++) {
    assert_string_equal(tick_without_raw(1333), "");
  }
  assert_string_equal(tick_without_raw(1), "DELETE REMOVE FAILED");
  assert_int_equal(last()->exit_code, DENIED_CODE);
  set_up(NULL);
  use_old_wpr();
  request();
  assert_string_equal(plain(SEEP_RECORDER_TOOL_TIMED_OUT), "");
  assert_string_equal(tick(4000, 1, 100 * GIB), "cancel");
  assert_int_equal(last()->command.argument_count, 1);
  assert_string_equal(exited(0), "DELETE REMOVE FAILED");
  set_up(NULL);
  use_old_wpr(); /* a try of ours may have left what is in the way */
  request();
  exited(BUSY_CODE);
  assert_string_equal(retry(), "start");
  assert_string_equal(exited(TAKEN_CODE), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE REFUSED");
}

static void plainer_profile(void **state)
{
  (void)state;
  use_old_wpr();
  b.settings.ring = true;
  request();
  assert_string_equal(exited(DENIED_CODE), "");
  assert_string_equal(three_looks(4000), "DELETE PROFILE start");
  assert_false(b.recorder.ring);
}

static void vanished(void **state)
{
  (void)state;
  begin_recording();
  assert_string_equal(tick_without_raw(9999), ""); /* too early to tell */
  assert_string_equal(plain(SEEP_RECORDER_SAVE_NOW), "stop");
  for (int way = 0; way < 5; way++) {
    set_up(NULL);
    begin_recording();
    assert_string_equal(three_looks(10000), "");
    const char *line = way == 0   ? plain(SEEP_RECORDER_SAVE_NOW)
                       : way == 1 ? plain(SEEP_RECORDER_ABANDON)
                       : way == 2 ? gone(4242, 133000000)
                       : way == 3 ? tick(1, 0, 1)
                                  : tick_without_raw(600000);
    assert_string_equal(line, "DELETE REMOVE FAILED");
    assert_string_equal(last()->reason, "the recording had vanished: somebody else ended it");
    assert_idle(true);
  }
  set_up(NULL); /* with a name of our own nobody else's is hit */
  start_recording();
  assert_string_equal(three_looks(10000), "");
  assert_string_equal(plain(SEEP_RECORDER_SAVE_NOW), "stop");
}

/* One look may fail, and one that failed says nothing. */
static void looks_are_counted(void **state)
{
  (void)state;
  begin_recording();
  tick_without_raw(10000);
  tick_without_raw(1000);
  assert_string_equal(plain(SEEP_RECORDER_SAVE_NOW), "stop");
  set_up(NULL);
  begin_recording();
  tick_without_raw(10000);
  tick_without_raw(1000);
  wait_ms(1000); /* there they are */
  tick_without_raw(1000);
  assert_string_equal(plain(SEEP_RECORDER_SAVE_NOW), "stop");
  set_up(NULL);
  begin_recording();
  tick_without_raw(10000);
  tick_without_raw(1000);
  tick(1000, UINT64_MAX, 100 * GIB);
  assert_int_equal(b.recorder.looks_in_vain, 2);
  tick_without_raw(1000);
  assert_string_equal(plain(SEEP_RECORDER_SAVE_NOW), "DELETE REMOVE FAILED");
  set_up(NULL); /* what the looks before the failed start saw counts for nothing after it */
  use_old_wpr();
  request();
  three_looks(1000);
  exited(DENIED_CODE);
  assert_string_equal(three_looks(5000), "DELETE REMOVE FAILED");
  set_up(NULL); /* nor is a hurried cancel sent unseen */
  use_old_wpr();
  request();
  exited(BUSY_CODE);
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "");
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "");
  assert_string_equal(three_looks(5000), "DELETE REMOVE ABANDONED");
}

/* Somebody else ended it while the stop waits: no stop of ours hits what that one does now. */
static void vanished_at_shutdown(void **state)
{
  (void)state;
  begin_recording();
  wait_ms(600000);
  exited(BUSY_CODE);
  three_looks(1);
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "");
  assert_string_equal(tick_without_raw(RETRY_MOST_MS), "DELETE REMOVE FAILED");
  set_up(NULL);
  begin_recording();
  wait_ms(600000);
  exited(BUSY_CODE);
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "stop");
}

static void vanished_between_calls(void **state)
{
  (void)state;
  begin_recording();
  wait_ms(600000);
  exited(BUSY_CODE);
  assert_string_equal(three_looks(RETRY_MOST_MS), "DELETE REMOVE FAILED");
  assert_string_equal(last()->reason, "the recording had vanished: somebody else ended it");
  set_up(NULL);
  begin_recording();
  wait_ms(11000);
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "cancel");
  exited(BUSY_CODE);
  assert_string_equal(three_looks(RETRY_MOST_MS), "DELETE REMOVE ABANDONED");
  set_up(NULL);
  begin_recording();
  wait_ms(600000);
  assert_string_equal(plain(SEEP_RECORDER_TOOL_TIMED_OUT), "FAILED");
  assert_string_equal(wait_ms(LINGER_MOST_MS), "cancel");
  assert_string_equal(exited(BUSY_CODE), "");
  assert_string_equal(three_looks(LINGER_MOST_MS), "DELETE REMOVE UNDONE");
}

/* No cancel is sent that could tell of it: the tick does. */
static void saved_late(void **state)
{
  (void)state;
  for (int way = 0; way < 2; way++) {
    set_up(NULL);
    begin_recording();
    wait_ms(600000);
    assert_string_equal(plain(SEEP_RECORDER_TOOL_TIMED_OUT), "FAILED");
    seep_recorder_event event = {.kind = SEEP_RECORDER_TICK,
                                 .free_bytes = 100 * GIB,
                                 .available_bytes = UINT64_MAX,
                                 .output_bytes = way == 0 ? 1000 : 0};
    feed(&event);
    feed(&event);
    b.now.ms += LINGER_MOST_MS;
    assert_string_equal(feed(&event), way == 0 ? "KEEP" : "DELETE REMOVE UNDONE");
  }
}

static void recovery(void **state)
{
  (void)state;
  use_old_wpr();
  seep_text_copy(b.left.promise.instance, sizeof b.left.promise.instance, "WprApp");
  assert_string_equal(recover(), "DELETE REMOVE UNDONE");
  b.left.output_bytes = 1000;
  assert_string_equal(recover(), "KEEP"); /* and no raw file: wpr has finished it */
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  b.left.raw_bytes = 1;
  assert_string_equal(recover(), "cancel");
  assert_int_equal(last()->command.argument_count, 1);
  assert_string_equal(exited(0), "DELETE REMOVE UNDONE");
  b.left.output_bytes = 0;
  /* wpr has been replaced since: the entry says under which name it runs. */
  b.settings.wpr.instances = true;
  b.left.raw_bytes = 0;
  assert_string_equal(recover(), "DELETE REMOVE UNDONE");
  b.settings.wpr.instances = false;
  seep_text_copy(b.left.promise.instance, sizeof b.left.promise.instance, "Old_one");
  assert_string_equal(recover(), "cancel");
  assert_string_equal(last()->command.arguments[2], "Old_one");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(whole_way),
      TEST(strangers_recording),
      TEST(failed_start),
      TEST(plainer_profile),
      TEST(saved_late),
      TEST(looks_are_counted),
      TEST(vanished_at_shutdown),
      TEST(vanished),
      TEST(vanished_between_calls),
      TEST(recovery),
  };
  return cmocka_run_group_tests_name("capture_recorder_old_wpr", tests, NULL, NULL);
}
