/*
 * What the recorder does about what an earlier life left: cancelled, kept, or only tidied up where nothing
 * can run; and never under a name that is not ours.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "recorder_bench.h"

static void running(void **state)
{
  (void)state;
  assert_string_equal(recover(), "cancel");
  assert_string_equal(last()->command.arguments[2], "Old_one");
  assert_idle(false);
  assert_string_equal(exited(0), "DELETE REMOVE UNDONE");
  assert_int_equal(b.actions.items[1].journal_id, 31);
  assert_string_equal(b.actions.items[0].instance, "Old_one");
  assert_int_equal(last()->target.case_id, 7);
  assert_string_equal(last()->target.image, "leaky.exe");
  const char *was_running = last()->reason;
  assert_idle(true);
  recover();
  assert_string_equal(b.recorder.output_temporary,
                      "C:\\captures\\working\\20261122T104444Z-leaky.exe-4242-virtualalloc.etl");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE UNDONE");
  assert_string_not_equal(last()->reason, was_running);
  start_recording(); /* nothing has cooled, and the journal entry is the new one */
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
  assert_int_equal(b.actions.items[1].journal_id, 0);
}

static void without_wpr(void **state)
{
  (void)state;
  recover();
  assert_string_equal(failed(SEEP_NOT_FOUND), "DELETE REMOVE UNDONE");
  assert_string_equal(last()->reason, "there is no wpr.exe to ask; the leftovers were removed");
  assert_idle(true);
  recover(); /* nor does one that lingers say that it has ended */
  assert_string_equal(exited(DENIED_CODE), "FAILED");
  assert_string_equal(wait_ms(LINGER_MOST_MS), "cancel");
  assert_string_equal(failed(SEEP_NOT_FOUND), "DELETE REMOVE UNDONE");
  assert_string_equal(last()->reason, "there is no wpr.exe to ask; the leftovers were removed");
  assert_idle(true);
}

static void later(void **state)
{
  (void)state;
  b.settings.retries = 1;
  recover();
  assert_string_equal(failed(SEEP_NO_MEMORY), "");
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "cancel"); /* hurried */
  assert_string_equal(exited(BUSY_CODE), "FAILED");
  assert_string_equal(request(), "REFUSED");
  assert_string_equal(wait_ms(LINGER_LEAST_MS - 1), "");
  assert_string_equal(wait_ms(LINGER_MOST_MS), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE UNDONE");
  assert_int_equal(b.actions.items[1].journal_id, 31);
}

static void only_when_idle(void **state)
{
  (void)state;
  start_recording();
  assert_string_equal(recover(), "");
  assert_string_equal(b.recorder.instance, "Seepwatch");
  assert_string_equal(wait_ms(600000), "stop");
  assert_string_equal(recover(), "");
}

/* What runs under our own name is ours; what half-read words say counts for nothing. */
static void damaged(void **state)
{
  (void)state;
  b.left.promise_damaged = true;
  b.left.finished = true;
  b.left.promise.kind = SEEP_PROFILE_SNAPSHOT;
  assert_string_equal(recover(), "cancel");
  assert_string_equal(last()->command.arguments[2], "Seepwatch");
  assert_string_equal(b.recorder.output_temporary, "");
  assert_string_equal(b.recorder.output, "");
  assert_string_equal(not_running(1000), "DELETE REMOVE UNDONE");
  assert_int_equal(b.actions.items[1].journal_id, 31);
  assert_int_equal(last()->target.case_id, 0);
  assert_idle(true);
}

/* wpr must not be called: what it would end belongs to others. */
static void damaged_and_nameless(void **state)
{
  (void)state;
  for (int way = 0; way < 2; way++) {
    set_up(NULL);
    b.left.promise_damaged = true;
    b.left.finished = true;
    if (way == 0) {
      use_old_wpr();
    } else {
      seep_text_copy(b.settings.instance, sizeof b.settings.instance, "WprApp");
    }
    assert_string_equal(recover(), "REMOVE UNDONE");
    assert_int_equal(b.actions.items[0].journal_id, 31);
    assert_int_equal(last()->target.case_id, 0);
    assert_idle(true);
  }
}

/* Its saving went on without us. */
static void saved_meanwhile(void **state)
{
  (void)state;
  b.left.raw_bytes = 0;
  recover();
  assert_string_equal(not_running(1000), "KEEP");
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  assert_int_equal(b.actions.items[1].journal_id, 31);
  assert_int_equal(last()->duration_ms, 0);
  set_up(NULL); /* merging still; then it has ended */
  b.settings.retries = 0;
  b.left.raw_bytes = 5;
  recover();
  assert_string_equal(exited(BUSY_CODE), "FAILED");
  assert_string_equal(tick(LINGER_MOST_MS, 0, 100 * GIB), "cancel");
  assert_string_equal(not_running(1000), "KEEP");
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  static const struct {
    uint64_t raw_bytes, output_bytes;
    uint32_t code;
  } others[] = {{5, 1000, IDLE_CODE}, {0, 0, IDLE_CODE}, {0, 1000, 0}, {UINT64_MAX, 1000, IDLE_CODE}};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    set_up(NULL);
    b.left.raw_bytes = others[i].raw_bytes;
    assert_string_equal(recover(), "cancel");
    assert_string_equal(others[i].code == 0 ? stopped(others[i].output_bytes)
                                            : not_running(others[i].output_bytes),
                        "DELETE REMOVE UNDONE");
  }
}

/* An entry of an earlier version names the instance alone. */
static void earlier_version(void **state)
{
  (void)state;
  seep_promise_recording bare = {.instance = "Old_one"};
  start_recording();
  plain(SEEP_RECORDER_ABANDON);
  exited(0);
  b.left.promise = bare;
  b.left.target_lives = false;
  assert_string_equal(recover(), "cancel");
  assert_string_equal(b.recorder.output_temporary, ""); /* not the file of the recording before */
  assert_string_equal(b.recorder.output, "");
  assert_string_equal(exited(0), "DELETE REMOVE UNDONE");
}

/* A clock that was set looks like a restart: under a name of our own wpr is asked. */
static void seemingly_rebooted(void **state)
{
  (void)state;
  b.left.rebooted = true;
  b.left.raw_bytes = 5;
  assert_string_equal(recover(), "cancel");
  assert_string_equal(last()->command.arguments[2], "Old_one");
  assert_string_equal(exited(0), "DELETE REMOVE UNDONE");
}

static void rebooted(void **state)
{
  (void)state;
  use_old_wpr();
  seep_text_copy(b.left.promise.instance, sizeof b.left.promise.instance, "WprApp");
  b.left.rebooted = true;
  b.left.target_lives = false;
  b.left.raw_bytes = 5;
  assert_string_equal(recover(), "DELETE REMOVE UNDONE");
  const char *reason = last()->reason;
  assert_idle(true);
  b.left.output_bytes = 1;
  assert_string_equal(recover(), "DELETE REMOVE UNDONE");
  assert_string_not_equal(last()->reason, reason);
  assert_non_null(strstr(last()->reason, "kept"));
}

/* Only its keeping was cut off: nothing is asked of wpr. */
static void finished(void **state)
{
  (void)state;
  for (int reboot = 0; reboot < 2; reboot++) {
    set_up(NULL);
    b.left.finished = true;
    b.left.rebooted = reboot == 1;
    b.left.promise.kind = SEEP_PROFILE_HEAP;
    assert_string_equal(recover(), "KEEP");
    assert_true(seep_recorder_is_saving(&b.recorder));
    assert_string_equal(b.recorder.output, "C:\\captures\\20261122T104444Z-leaky.exe-4242-virtualalloc.etl");
    assert_string_equal(kept(), "DELETE REMOVE SAVED");
    assert_int_equal(b.actions.items[1].journal_id, 31);
    assert_int_equal(last()->duration_ms, 0);
    assert_int_equal(last()->recording, SEEP_PROFILE_HEAP);
    assert_int_equal(last()->target.key.pid, 4242);
    assert_string_equal(last()->ending, "an earlier run of the service recorded it");
    assert_string_equal(request(), "REFUSED"); /* it had its turn */
  }
}

/* Left for the next start. */
static void while_stopping(void **state)
{
  (void)state;
  plain(SEEP_RECORDER_SHUT_DOWN);
  b.left.finished = true;
  assert_string_equal(recover(), "");
  b.left.promise_damaged = true;
  assert_string_equal(recover(), "");
  assert_idle(true);
}

/* The process keeps stacks until it is told not to, or ends. */
static void with_snapshots(void **state)
{
  (void)state;
  b.left.promise.kind = SEEP_PROFILE_SNAPSHOT;
  assert_string_equal(recover(), "cancel");
  assert_string_equal(exited(IDLE_CODE), "disable");
  assert_string_equal(last()->command.arguments[3], "4242");
  assert_string_equal(exited(BUSY_CODE), "");
  assert_string_equal(retry(), "disable");
  assert_string_equal(exited(0), "DELETE REMOVE UNDONE");
  assert_non_null(strstr(last()->reason, "had ended"));
  b.left.target_lives = false;
  assert_string_equal(recover(), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE UNDONE");
  b.left.target_lives = true;
  assert_string_equal(recover(), "cancel");
  assert_string_equal(gone(4242, 133000000), "");
  assert_string_equal(exited(0), "DELETE REMOVE UNDONE");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(running),         TEST(without_wpr),
      TEST(later),           TEST(only_when_idle),
      TEST(damaged),         TEST(damaged_and_nameless),
      TEST(saved_meanwhile), TEST(seemingly_rebooted),
      TEST(earlier_version), TEST(rebooted),
      TEST(finished),        TEST(while_stopping),
      TEST(with_snapshots),
  };
  return cmocka_run_group_tests_name("capture_recorder_recovery", tests, NULL, NULL);
}
