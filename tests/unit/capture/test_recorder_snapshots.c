/*
 * Recording a heap by snapshots: what is switched on in the process is switched off again on every way out,
 * unless the process is gone, and a snapshot that fails costs nothing but itself.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "recorder_bench.h"

static void begin_enabling(void)
{
  assert_string_equal(request_heap(SEEP_RECORDER_HEAP_SNAPSHOT), "JOURNAL_ADD enable");
  assert_int_equal(last()->deadline_ms, 120000);
}

static void begin_starting(void)
{
  begin_enabling();
  assert_string_equal(exited(0), "PROFILE start");
}

static void begin_recording(void)
{
  begin_starting();
  assert_string_equal(exited(0), "snapshot");
  assert_string_equal(exited(0), "STARTED");
}

static void whole_way(void **state)
{
  (void)state;
  b.settings.ring = true; /* which snapshots have no need of */
  begin_enabling();
  assert_string_equal(last()->command.arguments[3], "4242");
  assert_string_equal(exited(0), "PROFILE start");
  assert_int_equal(b.actions.items[0].profile.kind, SEEP_PROFILE_SNAPSHOT);
  assert_int_equal(b.actions.items[0].profile.ring_bytes, 0);
  assert_non_null(strstr(last()->command.arguments[1], "!SeepHeapSnapshot"));
  assert_string_equal(exited(0), "snapshot");
  assert_int_equal(last()->deadline_ms, 120000);
  assert_string_equal(exited(0), "STARTED");
  assert_string_equal(wait_ms(600000), "snapshot");
  assert_true(seep_recorder_is_saving(&b.recorder));
  assert_string_equal(exited(0), "stop");
  assert_string_equal(stopped(1000), "disable");
  assert_true(seep_recorder_is_saving(&b.recorder));
  assert_string_equal(exited(0), "KEEP");
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  assert_int_equal(last()->duration_ms, 600000);
  assert_string_equal(last()->ending, "it had run for as long as is configured");
  assert_non_null(strstr(b.recorder.output, "-4242-snapshot.etl"));
}

/* An older Windows, or a flagged process, which has better. */
static void not_taken(void **state)
{
  (void)state;
  b.settings.wpr.snapshots = false;
  assert_string_equal(request_heap(SEEP_RECORDER_HEAP_SNAPSHOT), "JOURNAL_ADD PROFILE start");
  assert_int_equal(last()->recording, SEEP_PROFILE_HEAP);
  set_up(NULL);
  b.request.target.flagged = true;
  assert_string_equal(request_heap(SEEP_RECORDER_HEAP_SNAPSHOT), "JOURNAL_ADD PROFILE start");
  assert_int_equal(last()->recording, SEEP_PROFILE_HEAP_BY_FLAG);
  assert_non_null(strstr(b.recorder.output, "-4242-heap.etl"));
  set_up(NULL);
  b.request.target.flagged = true;
  assert_string_equal(request_heap(SEEP_RECORDER_HEAP_OFF), "JOURNAL_ADD PROFILE start");
  assert_int_equal(last()->recording, SEEP_PROFILE_VIRTUALALLOC);
}

/* Refused: nothing is on. Not in time: who knows. Either way the heap is recorded as it runs. */
static void enabling_fails(void **state)
{
  (void)state;
  begin_enabling();
  assert_string_equal(exited(DENIED_CODE), "DELETE REMOVE JOURNAL_ADD PROFILE start");
  assert_int_equal(last()->recording, SEEP_PROFILE_HEAP);
  assert_false(last()->stepped_down);
  assert_non_null(strstr(b.recorder.output, "-heap.etl"));
  set_up(NULL);
  begin_enabling();
  assert_string_equal(plain(SEEP_RECORDER_TOOL_TIMED_OUT), "disable");
  assert_string_equal(exited(0), "DELETE REMOVE JOURNAL_ADD PROFILE start");
  set_up(NULL);
  begin_enabling();
  assert_string_equal(exited(TIME_OUT_CODE), "");
  assert_string_equal(retry(), "enable");
  assert_string_equal(exited(DENIED_CODE), "disable"); /* the first try may have got through */
  assert_string_equal(exited(DENIED_CODE), "DELETE REMOVE JOURNAL_ADD PROFILE start");
  assert_string_equal(exited(0), "STARTED");
  assert_string_equal(wait_ms(600000), "stop");
  assert_string_equal(stopped(1), "KEEP");
}

static void enabling_cannot_run(void **state)
{
  (void)state;
  begin_enabling();
  assert_string_equal(failed(SEEP_NOT_FOUND), "DELETE REMOVE FAILED");
  assert_non_null(strstr(last()->reason, "wpr.exe"));
  set_up(NULL);
  begin_enabling();
  assert_string_equal(failed(SEEP_BUSY), "");
  assert_string_equal(retry(), "enable");
  assert_string_equal(failed(SEEP_NO_MEMORY), "disable");
  assert_string_equal(failed(SEEP_NOT_FOUND), "DELETE REMOVE FAILED");
}

static void start_refused(void **state)
{
  (void)state;
  b.settings.ring = true;
  begin_starting();
  assert_string_equal(exited(DENIED_CODE), "cancel");
  assert_string_equal(exited(IDLE_CODE), "disable");
  assert_string_equal(exited(0), "DELETE REMOVE JOURNAL_ADD PROFILE start");
  assert_int_equal(last()->recording, SEEP_PROFILE_VIRTUALALLOC);
  assert_true(last()->stepped_down);
  assert_true(b.recorder.ring);
  set_up(NULL);
  begin_starting(); /* in the way: the same once more, and the process keeps its stacks meanwhile */
  assert_string_equal(exited(TAKEN_CODE), "cancel");
  assert_string_equal(exited(0), "DELETE PROFILE start");
  assert_int_equal(last()->recording, SEEP_PROFILE_SNAPSHOT);
  assert_string_equal(exited(DISK_FULL_CODE), "cancel");
  assert_string_equal(exited(0), "disable");
  assert_string_equal(exited(0), "DELETE REMOVE REFUSED");
}

/* One more try for a passing fault; without the first the last one still tells what is outstanding. */
static void first_fails(void **state)
{
  (void)state;
  begin_starting();
  exited(0);
  assert_string_equal(exited(TIME_OUT_CODE), "");
  assert_string_equal(retry(), "snapshot");
  assert_string_equal(exited(TIME_OUT_CODE), "STARTED");
  set_up(NULL);
  begin_starting();
  exited(0);
  assert_string_equal(exited(DENIED_CODE), "STARTED");
  assert_string_equal(wait_ms(600000), "snapshot");
  set_up(NULL);
  begin_starting();
  exited(0);
  assert_string_equal(plain(SEEP_RECORDER_TOOL_TIMED_OUT), "STARTED");
}

static void last_fails(void **state)
{
  (void)state;
  begin_recording();
  wait_ms(600000);
  assert_string_equal(exited(TIME_OUT_CODE), "");
  assert_true(seep_recorder_is_saving(&b.recorder));
  assert_string_equal(retry(), "snapshot");
  assert_string_equal(exited(TIME_OUT_CODE), "stop");
  assert_string_equal(stopped(1), "disable");
  assert_string_equal(exited(0), "KEEP");
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  assert_non_null(strstr(last()->ending, "last snapshot"));
}

static void stopped_between_snapshots(void **state)
{
  (void)state;
  for (int way = 0; way < 2; way++) {
    set_up(NULL);
    begin_recording();
    wait_ms(600000);
    assert_string_equal(exited(TIME_OUT_CODE), "");
    assert_string_equal(plain(way == 0 ? SEEP_RECORDER_SHUT_DOWN : SEEP_RECORDER_ABANDON),
                        way == 0 ? "stop" : "cancel");
    assert_string_equal(stopped(1), "disable");
    assert_string_equal(exited(0), way == 0 ? "KEEP KEEP_BRIEFLY" : "DELETE REMOVE ABANDONED");
  }
}

static void target_ends(void **state)
{
  (void)state;
  begin_recording();
  assert_string_equal(gone(4242, 133000000), "stop"); /* no snapshot of it any more */
  assert_string_equal(stopped(1), "KEEP");            /* and nothing to switch off */
  set_up(NULL);
  begin_recording();
  wait_ms(600000);
  assert_string_equal(gone(4242, 133000000), "");
  assert_string_equal(exited(BUSY_CODE), "stop");
  assert_string_equal(b.recorder.ending, "the process ended before its last snapshot could be taken");
  assert_string_equal(stopped(1), "KEEP");
  set_up(NULL);
  begin_starting();
  exited(0);
  assert_string_equal(gone(4242, 133000000), ""); /* during the first snapshot */
  assert_string_equal(exited(DENIED_CODE), "STARTED stop");
  set_up(NULL);
  begin_enabling();
  assert_string_equal(gone(4242, 133000000), "");
  assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
  assert_string_equal(request(), "JOURNAL_ADD enable"); /* the next process of that program */
}

static void called_off(void **state)
{
  (void)state;
  begin_recording();
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "cancel");
  assert_string_equal(exited(0), "disable");
  assert_false(seep_recorder_is_saving(&b.recorder));
  assert_string_equal(exited(BUSY_CODE), "");
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "disable");
  assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
  set_up(NULL);
  begin_enabling();
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "");
  assert_string_equal(exited(0), "disable");
  assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
  set_up(NULL);
  begin_enabling();
  exited(BUSY_CODE);
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "disable");
  set_up(NULL);
  begin_starting();
  exited(0);
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "");
  assert_string_equal(exited(0), "cancel");
}

static void saved_during_first(void **state)
{
  (void)state;
  begin_starting();
  exited(0);
  assert_string_equal(plain(SEEP_RECORDER_SAVE_NOW), "");
  assert_string_equal(exited(BUSY_CODE), "STARTED snapshot");
  set_up(NULL);
  begin_starting();
  exited(0);
  exited(BUSY_CODE);
  assert_string_equal(plain(SEEP_RECORDER_SAVE_NOW), "STARTED snapshot");
}

/* What cannot be switched off ends with the process: the trace is worth more. */
static void clearing_fails(void **state)
{
  (void)state;
  begin_recording();
  wait_ms(600000);
  exited(0);
  assert_string_equal(stopped(1), "disable");
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "");
  for (unsigned i = 0; i < 3; i++) {
    assert_string_equal(i == 1 ? failed(SEEP_NO_MEMORY) : exited(BUSY_CODE), "");
    assert_string_equal(wait_ms(4 * RETRY_MOST_MS), "disable");
  }
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "");
  assert_string_equal(exited(BUSY_CODE), "KEEP KEEP_BRIEFLY");
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
}

static void disk_fills(void **state)
{
  (void)state;
  begin_recording();
  wait_ms(600000);
  exited(BUSY_CODE);
  assert_string_equal(tick(1000, 1, 1), "cancel");
  assert_string_equal(exited(0), "disable");
  assert_string_equal(exited(0), "DELETE REMOVE FAILED");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(whole_way),           TEST(not_taken),     TEST(enabling_fails),
      TEST(enabling_cannot_run), TEST(start_refused), TEST(first_fails),
      TEST(last_fails),          TEST(target_ends),   TEST(stopped_between_snapshots),
      TEST(called_off),          TEST(disk_fills),    TEST(saved_during_first),
      TEST(clearing_fails),
  };
  return cmocka_run_group_tests_name("capture_recorder_snapshots", tests, NULL, NULL);
}
