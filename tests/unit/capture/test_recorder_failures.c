/*
 * What the recorder does when a wpr call fails, hangs or cannot be made: at start, at stop, at cancel.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "recorder_bench.h"

/* ---- start goes wrong ---- */

static void start_refused(void **state)
{
  (void)state;
  static const uint32_t codes[] = {DENIED_CODE, DISK_FULL_CODE, 0x800705AAu, 0x80070008u,
                                   0xC5580612u, 0xC558300Cu,    0x80070032u, 0x80070522u,
                                   0xC5583017u, IDLE_CODE,      1,           0xFFFFFFFFu};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    set_up(NULL);
    request();
    assert_string_equal(exited(codes[i]), "cancel");
    assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE FAILED");
    assert_int_equal(last()->exit_code, codes[i]);
    assert_int_equal(last()->verb, SEEP_WPR_START);
    assert_idle(true);
    assert_string_equal(request(), "REFUSED"); /* cools down */
  }
}

/* ---- a heap recording that wpr does not take ---- */

static void request_heap(void)
{
  b.settings.heap = true;
  b.request.target.memory_kind = SEEP_MEMORY_HEAP;
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
}

static void heap_refused_then_virtualalloc(void **state)
{
  (void)state;
  request_heap();
  assert_non_null(strstr(last()->command.arguments[1], "!SeepHeap"));
  assert_string_equal(exited(0xC558300Cu), "cancel"); /* nothing of the first try may be left */
  assert_string_equal(exited(IDLE_CODE), "DELETE PROFILE start");
  assert_non_null(strstr(last()->command.arguments[1], "!SeepVirtualAlloc"));
  assert_string_equal(exited(0), "STARTED");
  assert_int_equal(last()->recording, SEEP_PROFILE_VIRTUALALLOC);
  assert_true(last()->stepped_down);
  assert_non_null(strstr(b.recorder.output, "-virtualalloc.etl"));
  /* The next one tries the heap again: this wpr may have been busy with another heap session. */
  tick(600000, 0, 100 * GIB);
  saved(1000);
  next_program();
  request_heap();
  assert_non_null(strstr(last()->command.arguments[1], "!SeepHeap"));
}

static void both_refused(void **state)
{
  (void)state;
  request_heap();
  exited(DENIED_CODE);
  exited(IDLE_CODE);
  assert_string_equal(exited(DENIED_CODE), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE FAILED");
  assert_int_equal(last()->exit_code, DENIED_CODE);
  assert_idle(true);
}

/* What is not a refusal is no reason to step down: it would meet the other profile too. */
static void heap_without_room(void **state)
{
  (void)state;
  request_heap();
  assert_string_equal(exited(0x80070008u), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE FAILED");
  set_up(NULL);
  request_heap();
  assert_string_equal(exited(BUSY_CODE), "");
  assert_string_equal(wait_ms(5000), "start");
  assert_non_null(strstr(last()->command.arguments[1], "!SeepHeap"));
}

static void stopped_while_stepping_down(void **state)
{
  (void)state;
  request_heap();
  assert_string_equal(exited(0xC5580612u), "cancel");
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE ABANDONED");
  assert_idle(true);
}

/* Server 2016: neither verb knows -instancename. That a cancel fails for it must not keep the journal for
 * ever. */
static void start_on_old_wpr(void **state)
{
  (void)state;
  request();
  assert_string_equal(exited(OLD_WPR_CODE), "cancel");
  assert_string_equal(exited(OLD_WPR_CODE), "DELETE REMOVE FAILED");
  assert_int_equal(last()->exit_code, OLD_WPR_CODE);
  assert_string_equal(recover("Seepwatch"), "cancel");
  assert_string_equal(exited(OLD_WPR_CODE), "DELETE REMOVE UNDONE");
}

static void start_busy(void **state)
{
  (void)state;
  request();
  for (unsigned i = 0; i < 3; i++) {
    assert_string_equal(exited(BUSY_CODE), "");
    assert_int_equal(b.recorder.state, SEEP_RECORDER_WAITING);
    assert_string_equal(wait_ms(4999), "");
    assert_string_equal(wait_ms(1), "start");
  }
  assert_string_equal(exited(BUSY_CODE), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE FAILED");
  assert_int_equal(last()->exit_code, BUSY_CODE);
}

static void start_busy_then_good(void **state)
{
  (void)state;
  request();
  exited(BUSY_CODE);
  wait_ms(5000);
  assert_string_equal(exited(0), "STARTED");
}

static void start_taken(void **state)
{
  (void)state;
  request();
  assert_string_equal(exited(TAKEN_CODE), "cancel");
  assert_string_equal(exited(0), "DELETE PROFILE start");
  assert_string_equal(exited(0), "STARTED");
}

static void start_taken_twice(void **state)
{
  (void)state;
  request();
  exited(0xC5583014u);
  assert_string_equal(exited(IDLE_CODE), "DELETE PROFILE start");
  assert_string_equal(exited(0xC5583014u), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE FAILED");
  assert_int_equal(last()->exit_code, 0xC5583014u);
  /* The next recording may clear its place again. */
  next_program();
  request();
  assert_string_equal(exited(TAKEN_CODE), "cancel");
  assert_string_equal(exited(0), "DELETE PROFILE start");
}

static void start_taken_and_stopped(void **state)
{
  (void)state;
  request();
  exited(TAKEN_CODE);
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "");
  assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
  assert_idle(true);
}

static void no_wpr(void **state)
{
  (void)state;
  request();
  assert_string_equal(failed(SEEP_NOT_FOUND), "DELETE REMOVE FAILED");
  const char *reason = last()->reason;
  assert_non_null(strstr(reason, "wpr.exe"));
  assert_idle(true);
  assert_string_equal(request(), "REFUSED");
  next_program();
  request();
  assert_string_equal(failed(SEEP_NO_MEMORY), "DELETE REMOVE FAILED");
  assert_string_not_equal(last()->reason, reason);
}

static void runner_busy(void **state)
{
  (void)state;
  request();
  assert_string_equal(failed(SEEP_BUSY), "");
  assert_string_equal(wait_ms(5000), "start");
  assert_string_equal(exited(0), "STARTED");
}

/* After an earlier call of this recording "nothing was started" is not proven: only the first failure goes
 * straight. */
static void tool_fails_after_a_retry(void **state)
{
  (void)state;
  request();
  exited(0x800705B4u);
  wait_ms(5000);
  assert_string_equal(failed(SEEP_NO_MEMORY), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE FAILED");
}

static void start_hangs(void **state)
{
  (void)state;
  request();
  assert_string_equal(plain(SEEP_RECORDER_TOOL_TIMED_OUT), "cancel");
  assert_int_equal(last()->deadline_ms, 120000);
  assert_string_equal(exited(0), "DELETE REMOVE FAILED");
  assert_int_equal(last()->verb, SEEP_WPR_START);
  assert_int_equal(last()->exit_code, 0);
}

/* ---- stop goes wrong ---- */

static void stop_busy(void **state)
{
  (void)state;
  static const uint32_t codes[] = {BUSY_CODE, 0x800705AAu, 0x800705B4u};
  for (size_t i = 0; i < 3; i++) {
    set_up(NULL);
    start_saving();
    for (unsigned tries = 0; tries < 3; tries++) {
      assert_string_equal(exited(codes[i]), "");
      assert_string_equal(wait_ms(5000), "stop");
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
  wait_ms(5000);
  assert_string_equal(saved(9), "KEEP DELETE REMOVE SAVED");
  assert_int_equal(last()->duration_ms, 600000);
}

static void stop_refused(void **state)
{
  (void)state;
  static const uint32_t codes[] = {
      0x80071069u, DISK_FULL_CODE, 0x80070008u, 0x80010106u, 0x800700B7u, OLD_WPR_CODE, 3};
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
  assert_string_equal(saved(0), "DELETE REMOVE FAILED");
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
    assert_string_equal(wait_ms(5000), "stop");
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
  assert_string_equal(wait_ms(TEN_MINUTES_MS - 1), "");
  assert_string_equal(wait_ms(1), "cancel");
  assert_string_equal(exited(BUSY_CODE), ""); /* still merging; told once only */
  assert_string_equal(wait_ms(TEN_MINUTES_MS - 1), "");
  assert_string_equal(wait_ms(1), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE UNDONE");
  assert_int_equal(last()->target.case_id, 7);
  assert_idle(true);
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
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
    assert_string_equal(wait_ms(5000), "cancel");
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
    assert_string_equal(wait_ms(TEN_MINUTES_MS), "cancel");
    assert_string_equal(exited(0), "DELETE REMOVE UNDONE");
    assert_idle(true);
    assert_string_equal(request(), "REFUSED"); /* cools down */
  }
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
      TEST(start_refused),
      TEST(heap_refused_then_virtualalloc),
      TEST(both_refused),
      TEST(heap_without_room),
      TEST(stopped_while_stepping_down),
      TEST(start_on_old_wpr),
      TEST(start_busy),
      TEST(start_busy_then_good),
      TEST(start_taken),
      TEST(start_taken_twice),
      TEST(start_taken_and_stopped),
      TEST(no_wpr),
      TEST(runner_busy),
      TEST(tool_fails_after_a_retry),
      TEST(start_hangs),
      TEST(stop_busy),
      TEST(stop_busy_then_good),
      TEST(stop_refused),
      TEST(stop_without_file),
      TEST(recording_vanished),
      TEST(stop_cannot_run),
      TEST(stop_hangs),
      TEST(stop_hangs_at_shutdown),
      TEST(cancel_busy),
      TEST(cancel_fails),
      TEST(cancel_fails_at_shutdown),
      TEST(lingering_ends_with_shutdown),
  };
  return cmocka_run_group_tests_name("capture_recorder_failures", tests, NULL, NULL);
}
