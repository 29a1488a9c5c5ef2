/*
 * What the recorder does when a start fails, hangs or cannot be made.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "recorder_bench.h"

static void start_refused(void **state)
{
  (void)state;
  static const uint32_t codes[] = {DENIED_CODE, 0xC5580612u, 0xC558300Cu, 0x80070032u, 0x80070522u,
                                   0xC5583017u, IDLE_CODE,   1,           0xFFFFFFFFu};
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

/* What passes by itself is no failure: postponed, and the program may be recorded as soon as it has. */
static void start_postponed(void **state)
{
  (void)state;
  static const uint32_t codes[] = {DISK_FULL_CODE, 0x800705AAu, 0x80070008u};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    set_up(NULL);
    request();
    assert_string_equal(exited(codes[i]), "cancel");
    assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE REFUSED");
    assert_int_equal(last()->exit_code, codes[i]);
    assert_int_equal(last()->verb, SEEP_WPR_START);
    assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
  }
}

/* ---- a profile that wpr does not take ---- */

static void request_live(void)
{
  assert_string_equal(request_heap(SEEP_RECORDER_HEAP_LIVE), "JOURNAL_ADD PROFILE start");
}

static uint64_t ring_of(void)
{
  const seep_recorder_action *profile = last() - 1;
  assert_int_equal(profile->kind, SEEP_RECORDER_WRITE_PROFILE);
  return profile->profile.ring_bytes;
}

/* First without the ring, then without the heap. What is refused either way is not the ring's fault. */
static void ring_refused(void **state)
{
  (void)state;
  b.settings.ring = true;
  request_live();
  assert_int_equal(ring_of(), 2 * GIB);
  assert_string_equal(exited(0xC5580612u), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE PROFILE start");
  assert_non_null(strstr(last()->command.arguments[1], "!SeepHeap"));
  assert_int_equal(ring_of(), 0);
  assert_string_equal(exited(0xC5580612u), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE JOURNAL_ADD PROFILE start");
  assert_int_equal(ring_of(), 2 * GIB);
  assert_string_equal(exited(DENIED_CODE), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE PROFILE start");
  assert_int_equal(ring_of(), 0);
  assert_string_equal(exited(DENIED_CODE), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE FAILED");
  next_program();
  request_live();
  assert_int_equal(ring_of(), 2 * GIB);
}

/* The same start works without it: no ring ever again. */
static void ring_was_it(void **state)
{
  (void)state;
  b.settings.ring = true;
  request_live();
  assert_string_equal(exited(0xC5580612u), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE PROFILE start");
  assert_false(b.recorder.ring_refused);
  assert_string_equal(exited(0), "STARTED");
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "cancel");
  exited(0);
  next_program();
  request_live();
  assert_int_equal(ring_of(), 0);
  assert_string_equal(exited(0), "STARTED");
}

/* A bounded recording is at its limit most of the time; an eighth above it, it is not bounded after all. */
static void ring_at_its_limit(void **state)
{
  (void)state;
  b.settings.ring = true;
  start_recording();
  assert_string_equal(tick(1000, 2 * GIB + GIB / 4, 100 * GIB), "");
  assert_string_equal(tick(1000, 2 * GIB + GIB / 4 + 1, 100 * GIB), "stop");
}

static void heap_refused_then_virtualalloc(void **state)
{
  (void)state;
  request_live();
  assert_non_null(strstr(last()->command.arguments[1], "!SeepHeap"));
  assert_string_equal(exited(0xC558300Cu), "cancel"); /* nothing of the first try may be left */
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE JOURNAL_ADD PROFILE start");
  assert_non_null(strstr(last()->command.arguments[1], "!SeepVirtualAlloc"));
  assert_string_equal(exited(0), "STARTED");
  assert_int_equal(last()->recording, SEEP_PROFILE_VIRTUALALLOC);
  assert_true(last()->stepped_down);
  assert_non_null(strstr(b.recorder.output, "-virtualalloc.etl"));
  /* The next one tries the heap again: this wpr may have been busy with another heap session. */
  wait_ms(600000);
  stopped(1000);
  kept();
  next_program();
  request_live();
  assert_non_null(strstr(last()->command.arguments[1], "!SeepHeap"));
}

static void both_refused(void **state)
{
  (void)state;
  request_live();
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
  request_live();
  assert_string_equal(exited(0x80070008u), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE REFUSED");
  set_up(NULL);
  request_live();
  assert_string_equal(exited(BUSY_CODE), "");
  assert_string_equal(wait_ms(4 * RETRY_MOST_MS), "start");
  assert_non_null(strstr(last()->command.arguments[1], "!SeepHeap"));
}

static void stopped_while_stepping_down(void **state)
{
  (void)state;
  request_live();
  assert_string_equal(exited(0xC5580612u), "cancel");
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE ABANDONED");
  assert_idle(true);
}

/* A wpr that is older than its file version says: that a cancel fails for the name must not keep the journal
 * for ever. */
static void start_on_unknowing_wpr(void **state)
{
  (void)state;
  request();
  assert_string_equal(exited(OLD_WPR_CODE), "cancel");
  assert_string_equal(exited(OLD_WPR_CODE), "DELETE REMOVE FAILED");
  assert_int_equal(last()->exit_code, OLD_WPR_CODE);
  assert_string_equal(recover(), "cancel");
  assert_string_equal(exited(OLD_WPR_CODE), "DELETE REMOVE UNDONE");
}

static void start_busy(void **state)
{
  (void)state;
  request();
  for (unsigned i = 0; i < 3; i++) {
    assert_string_equal(exited(BUSY_CODE), "");
    assert_int_equal(b.recorder.state, SEEP_RECORDER_WAITING);
    assert_string_equal(wait_ms(RETRY_LEAST_MS - 1), "");
    assert_string_equal(wait_ms(4 * RETRY_MOST_MS), "start");
  }
  assert_string_equal(exited(BUSY_CODE), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE REFUSED");
  assert_int_equal(last()->exit_code, BUSY_CODE);
}

static void start_busy_then_good(void **state)
{
  (void)state;
  request();
  exited(BUSY_CODE);
  wait_ms(4 * RETRY_MOST_MS);
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
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE REFUSED");
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
  assert_string_equal(wait_ms(4 * RETRY_MOST_MS), "start");
  assert_string_equal(exited(0), "STARTED");
}

/* After an earlier call of this recording "nothing was started" is not proven: only the first failure goes
 * straight. */
static void tool_fails_after_a_retry(void **state)
{
  (void)state;
  request();
  exited(0x800705B4u);
  wait_ms(4 * RETRY_MOST_MS);
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

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(start_refused),
      TEST(start_postponed),
      TEST(ring_refused),
      TEST(ring_was_it),
      TEST(ring_at_its_limit),
      TEST(heap_refused_then_virtualalloc),
      TEST(both_refused),
      TEST(heap_without_room),
      TEST(stopped_while_stepping_down),
      TEST(start_on_unknowing_wpr),
      TEST(start_busy),
      TEST(start_busy_then_good),
      TEST(start_taken),
      TEST(start_taken_twice),
      TEST(start_taken_and_stopped),
      TEST(no_wpr),
      TEST(runner_busy),
      TEST(tool_fails_after_a_retry),
      TEST(start_hangs),
  };
  return cmocka_run_group_tests_name("capture_recorder_failures", tests, NULL, NULL);
}
