/*
 * What the recorder does when a stop or a cancel fails, hangs or cannot be made.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "recorder_bench.h"

/* ---- stop goes wrong ---- */

static void stop_busy(void **state)
{
  (void)state;
  static const uint32_t codes[] = {BUSY_CODE, 0x800705AAu, 0x800705B4u, 0x80070008u};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    set_up(NULL);
    start_saving();
    for (unsigned tries = 0; tries < 3; tries++) {
      assert_string_equal(exited(codes[i]), "");
      assert_string_equal(wait_ms(4 * RETRY_MOST_MS), "stop");
    }
    assert_string_equal(exited(codes[i]), "cancel");
    assert_string_equal(exited(0), "DELETE REMOVE FAILED");
    assert_int_equal(last()->exit_code, codes[i]);
    assert_int_equal(last()->verb, SEEP_WPR_STOP);
  }
}

static void stop_busy_then_good(void **state)
{
  (void)state;
  start_saving();
  exited(0x800705AAu);
  wait_ms(4 * RETRY_MOST_MS);
  assert_string_equal(stopped(9), "KEEP");
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  assert_int_equal(last()->duration_ms, 600000);
}

static void stop_refused(void **state)
{
  (void)state;
  static const uint32_t codes[] = {0x80071069u, DISK_FULL_CODE, 0x80010106u, 0x800700B7u, OLD_WPR_CODE, 3};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    set_up(NULL);
    start_saving();
    assert_string_equal(exited(codes[i]), "cancel");
    assert_string_equal(exited(0), "DELETE REMOVE FAILED");
    assert_int_equal(last()->exit_code, codes[i]);
    assert_int_equal(last()->verb, SEEP_WPR_STOP);
    assert_string_equal(request(), "REFUSED");
  }
}

static void stop_without_file(void **state)
{
  (void)state;
  start_saving();
  assert_string_equal(stopped(0), "DELETE REMOVE FAILED");
  assert_non_null(strstr(last()->reason, "no file"));
}

static void recording_vanished(void **state)
{
  (void)state;
  start_saving();
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE FAILED");
  assert_string_equal(last()->reason, "the recording had vanished: somebody else ended it");
  assert_int_equal(last()->exit_code, IDLE_CODE);
  assert_idle(true);
}

static void stop_cannot_run(void **state)
{
  (void)state;
  start_saving();
  for (unsigned i = 0; i < 3; i++) {
    assert_string_equal(failed(SEEP_NO_MEMORY), "");
    assert_string_equal(wait_ms(4 * RETRY_MOST_MS), "stop");
  }
  assert_string_equal(failed(SEEP_NO_MEMORY), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE FAILED");
}

/* The stop that outlives its deadline goes on by itself: the journal entry stays until a cancel finds
 * nothing. */
static void stop_hangs(void **state)
{
  (void)state;
  start_saving();
  assert_string_equal(plain(SEEP_RECORDER_TOOL_TIMED_OUT), "FAILED");
  assert_int_equal(last()->verb, SEEP_WPR_STOP);
  assert_idle(false);
  next_program();
  assert_string_equal(request(), "REFUSED");
  assert_string_not_equal(last()->reason, "another recording is under way");
  assert_string_equal(wait_ms(LINGER_LEAST_MS - 1), "");
  assert_string_equal(wait_ms(LINGER_MOST_MS - LINGER_LEAST_MS + 1), "cancel");
  assert_string_equal(exited(BUSY_CODE), ""); /* still merging; told once only */
  assert_string_equal(wait_ms(LINGER_LEAST_MS - 1), "");
  assert_string_equal(wait_ms(LINGER_MOST_MS - LINGER_LEAST_MS + 1), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE UNDONE");
  assert_int_equal(last()->target.case_id, 7);
  assert_idle(true);
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
}

static void begin_lingering(void)
{
  start_saving();
  assert_string_equal(plain(SEEP_RECORDER_TOOL_TIMED_OUT), "FAILED");
  assert_string_equal(tick(LINGER_MOST_MS, 0, 100 * GIB), "cancel");
}

/* wpr has finished the trace after all: it is kept, and told once more. */
static void stop_finishes_late(void **state)
{
  (void)state;
  begin_lingering();
  assert_string_equal(exited(BUSY_CODE), "");
  assert_string_equal(tick(LINGER_MOST_MS, 0, 100 * GIB), "cancel");
  assert_string_equal(not_running(1000), "KEEP");
  assert_int_equal(b.recorder.state, SEEP_RECORDER_KEEPING);
  assert_true(seep_recorder_is_saving(&b.recorder));
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  assert_int_equal(last()->duration_ms, 600000);
  assert_non_null(strstr(last()->ending, "waited"));
  assert_idle(true);
  set_up(NULL);
  begin_lingering();
  assert_string_equal(not_running(1000), "KEEP");
  b.kept.kept.readable = false;
  assert_string_equal(kept(), "DELETE REMOVE FAILED");
  set_up(NULL); /* one last try, at a shutdown, may find it too */
  begin_lingering();
  exited(BUSY_CODE);
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "cancel");
  assert_string_equal(not_running(1000), "KEEP KEEP_BRIEFLY");
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
}

/* No file, one cut off by this cancel, one beside raw files, or one of no stop: not a trace. */
static void stop_finishes_badly(void **state)
{
  (void)state;
  begin_lingering();
  assert_string_equal(not_running(0), "DELETE REMOVE UNDONE");
  set_up(NULL);
  begin_lingering();
  assert_string_equal(stopped(1000), "DELETE REMOVE UNDONE");
  set_up(NULL);
  begin_lingering();
  wait_ms(1);
  assert_string_equal(not_running(1000), "DELETE REMOVE UNDONE");
  set_up(NULL);
  b.settings.retries = 0;
  start_recording();
  plain(SEEP_RECORDER_ABANDON);
  assert_string_equal(exited(DENIED_CODE), "FAILED");
  assert_string_equal(tick(LINGER_MOST_MS, 0, 100 * GIB), "cancel");
  assert_string_equal(not_running(1000), "DELETE REMOVE UNDONE");
  /* What was left once is not left the next time. */
  set_up(NULL);
  begin_lingering();
  not_running(0);
  next_program();
  start_recording();
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "cancel");
  assert_string_equal(not_running(1000), "DELETE REMOVE ABANDONED");
}

static void stop_hangs_at_shutdown(void **state)
{
  (void)state;
  start_saving();
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "");
  assert_idle(false);
  assert_string_equal(plain(SEEP_RECORDER_TOOL_TIMED_OUT), "FAILED");
  assert_idle(true);
}

/* ---- cancel goes wrong ---- */

static void cancel_busy(void **state)
{
  (void)state;
  start_recording();
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "cancel");
  for (unsigned i = 0; i < 3; i++) {
    assert_string_equal(i == 1 ? failed(SEEP_NO_MEMORY) : exited(i == 0 ? BUSY_CODE : 0x80070008u), "");
    assert_string_equal(wait_ms(4 * RETRY_MOST_MS), "cancel");
  }
  assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
}

static void cancel_fails(void **state)
{
  (void)state;
  for (int way = 0; way < 3; way++) {
    set_up(NULL);
    b.settings.retries = 0;
    start_recording();
    plain(SEEP_RECORDER_ABANDON);
    const char *line = way == 0   ? exited(DENIED_CODE)
                       : way == 1 ? plain(SEEP_RECORDER_TOOL_TIMED_OUT)
                                  : failed(SEEP_NOT_FOUND);
    assert_string_equal(line, "FAILED"); /* no REMOVE */
    assert_int_equal(last()->verb, SEEP_WPR_CANCEL);
    assert_int_equal(last()->exit_code, way == 0 ? DENIED_CODE : 0);
    assert_non_null(strstr(last()->reason, "next start"));
    assert_string_equal(request(), "REFUSED");
    assert_string_equal(wait_ms(LINGER_MOST_MS), "cancel");
    assert_string_equal(exited(0), "DELETE REMOVE UNDONE");
    assert_idle(true);
    assert_string_equal(request(), "REFUSED"); /* cools down */
  }
}

/* Told is what began it, not what followed. */
static void cancel_fails_after_a_cause(void **state)
{
  (void)state;
  start_saving();
  assert_string_equal(exited(DISK_FULL_CODE), "cancel");
  assert_string_equal(exited(DENIED_CODE), "FAILED");
  assert_int_equal(last()->exit_code, DISK_FULL_CODE);
  assert_int_equal(last()->verb, SEEP_WPR_STOP);
  set_up(NULL); /* a cause without a code says less than the cancel */
  start_saving();
  exited(BUSY_CODE);
  assert_string_equal(tick(1000, 1, 1), "cancel");
  assert_string_equal(exited(DENIED_CODE), "FAILED");
  assert_int_equal(last()->exit_code, DENIED_CODE);
  assert_int_equal(last()->verb, SEEP_WPR_CANCEL);
}

/* Who may not start a recording may not end one either, and has none. */
static void cancel_refused_like_the_start(void **state)
{
  (void)state;
  request();
  for (int i = 0; i < 3; i++) { /* before there could be any */
    assert_string_equal(tick(1000, 0, 100 * GIB), "");
  }
  assert_string_equal(exited(DENIED_CODE), "cancel");
  assert_string_equal(exited(DENIED_CODE), "");
  assert_string_equal(tick(1000, 0, 100 * GIB), "");
  assert_string_equal(tick(1000, 0, 100 * GIB), "");
  assert_string_equal(tick(RETRY_MOST_MS, 0, 100 * GIB), "cancel");
  assert_string_equal(exited(DENIED_CODE), "DELETE REMOVE FAILED");
  assert_int_equal(last()->exit_code, DENIED_CODE);
  assert_int_equal(last()->verb, SEEP_WPR_START);
  assert_idle(true);
  set_up(NULL); /* they came while it was looked */
  request();
  exited(DENIED_CODE);
  exited(DENIED_CODE);
  assert_string_equal(retry(), "cancel");
  assert_string_equal(exited(DENIED_CODE), "FAILED");
  assert_idle(false);
  set_up(NULL); /* another code */
  request();
  exited(DENIED_CODE);
  assert_string_equal(exited(0x80070005u), "FAILED");
  assert_idle(false);
  set_up(NULL); /* raw files */
  request();
  assert_string_equal(tick(1000, 1, 100 * GIB), "");
  exited(DENIED_CODE);
  assert_string_equal(exited(DENIED_CODE), "FAILED");
  assert_idle(false);
  assert_string_equal(tick(LINGER_MOST_MS, 0, 100 * GIB), "cancel"); /* it lingers now */
  assert_string_equal(exited(DENIED_CODE), "");
  assert_idle(false);
}

static void cancel_fails_at_shutdown(void **state)
{
  (void)state;
  start_recording();
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "cancel");
  assert_string_equal(exited(DENIED_CODE), "FAILED");
  assert_idle(true);
}

static void lingering_ends_with_shutdown(void **state)
{
  (void)state;
  start_saving();
  plain(SEEP_RECORDER_TOOL_TIMED_OUT);
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "cancel"); /* one last try, at once */
  assert_string_equal(exited(BUSY_CODE), "");
  assert_idle(true);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(stop_busy),
      TEST(stop_busy_then_good),
      TEST(stop_refused),
      TEST(stop_without_file),
      TEST(recording_vanished),
      TEST(stop_cannot_run),
      TEST(stop_hangs),
      TEST(stop_finishes_late),
      TEST(stop_finishes_badly),
      TEST(stop_hangs_at_shutdown),
      TEST(cancel_busy),
      TEST(cancel_fails),
      TEST(cancel_fails_after_a_cause),
      TEST(cancel_refused_like_the_start),
      TEST(cancel_fails_at_shutdown),
      TEST(lingering_ends_with_shutdown),
  };
  return cmocka_run_group_tests_name("capture_recorder_endings", tests, NULL, NULL);
}
