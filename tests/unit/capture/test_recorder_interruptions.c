/*
 * What ends a recording before its time, on purpose or for the server's sake, at every stage of it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "recorder_bench.h"

static void ends_for_memory(void **state)
{
  (void)state;
  start_recording();
  seep_recorder_event event = {.kind = SEEP_RECORDER_TICK, .raw_bytes = 1, .free_bytes = 100 * GIB};
  event.available_bytes = GIB;
  assert_string_equal(feed(&event), "");
  event.available_bytes = GIB - 1;
  assert_string_equal(feed(&event), "stop");
  assert_non_null(strstr(b.recorder.ending, "memory"));
}

static void save_now(void **state)
{
  (void)state;
  assert_string_equal(plain(SEEP_RECORDER_SAVE_NOW), "");
  request();
  assert_string_equal(plain(SEEP_RECORDER_SAVE_NOW), "");
  assert_string_equal(exited(0), "STARTED");
  assert_string_equal(plain(SEEP_RECORDER_SAVE_NOW), "stop");
  assert_string_equal(plain(SEEP_RECORDER_SAVE_NOW), "");
  assert_string_equal(b.recorder.ending, "the administrator ended it");
}

static const char *pre_empt(uint32_t pid)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_PRE_EMPT,
                               .target = {.key = {pid, 133000000}, .urgent = true}};
  return feed(&event);
}

static void pre_empted(void **state)
{
  (void)state;
  assert_string_equal(pre_empt(9), "");
  start_recording();
  b.now.ms += 60000;
  assert_string_equal(pre_empt(4242), ""); /* it is recorded already */
  assert_string_equal(pre_empt(9), "stop");
  assert_non_null(strstr(b.recorder.ending, "Windows itself has named"));
  assert_string_equal(pre_empt(9), ""); /* is being saved */
  stopped(1);
  assert_string_equal(pre_empt(9), "");
  kept();
  assert_string_equal(request(), "REFUSED"); /* it had its turn */
  for (int at = 0; at < 3; at++) {           /* young, starting, waiting to start */
    set_up(NULL);
    request();
    if (at == 0) {
      exited(0);
      b.now.ms += 59999;
    } else if (at == 2) {
      exited(BUSY_CODE);
    }
    assert_string_equal(pre_empt(9), at == 1 ? "" : "cancel");
    if (at == 1) {
      assert_string_equal(exited(0), "cancel");
    }
    assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
    assert_string_equal(last()->reason, "a process that Windows itself has named has the recorder now");
    assert_string_equal(request(), "JOURNAL_ADD PROFILE start"); /* its turn is kept */
  }
  set_up(NULL);
  b.request.target.urgent = true;
  start_recording();
  b.now.ms += 60000;
  assert_string_equal(pre_empt(9), "");
}

/* Half of the wait more or less, doubled with each try, not the same on every server. */
static void waits_are_spread(void **state)
{
  (void)state;
  int64_t least = INT64_MAX, most = 0;
  for (int64_t server = 0; server < 200; server++) {
    set_up(NULL);
    b.settings.retries = 10;
    b.request.wall.ms += server;
    request();
    for (unsigned i = 0; i < 10; i++) {
      assert_string_equal(exited(BUSY_CODE), "");
      int64_t wait = seep_mono_since(b.recorder.retry_at, b.now);
      int64_t base = INT64_C(5000) << (i < 6 ? i : 6);
      assert_true(wait >= base / 2 && wait <= base + base / 2);
      least = i == 0 && wait < least ? wait : least;
      most = i == 0 && wait > most ? wait : most;
      assert_string_equal(wait_ms(wait - 1), "");
      assert_string_equal(wait_ms(1), "start");
    }
    assert_string_equal(exited(BUSY_CODE), "cancel");
  }
  assert_true(least < 2700 && most > 7300);
}

static void abandon(void **state)
{
  (void)state;
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "");
  request();
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), ""); /* a call is out */
  assert_string_equal(exited(0), "cancel");
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "");
  assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
  assert_non_null(strstr(last()->reason, "administrator"));
  next_program();
  start_saving();
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "");
  assert_string_equal(exited(BUSY_CODE), "");
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
}

/* Called off while starting: even a start that fails is followed by the proof. */
static void abandon_and_failed_start(void **state)
{
  (void)state;
  request();
  plain(SEEP_RECORDER_ABANDON);
  assert_string_equal(exited(BUSY_CODE), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE ABANDONED");
  next_program();
  request();
  plain(SEEP_RECORDER_ABANDON);
  assert_string_equal(failed(SEEP_BUSY), "DELETE REMOVE ABANDONED");
}

static void shutdown_idle(void **state)
{
  (void)state;
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "");
  assert_idle(true);
  assert_string_equal(recover(), ""); /* left for the next start */
  assert_idle(true);
}

static void shutdown_starting(void **state)
{
  (void)state;
  request();
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "");
  assert_string_equal(exited(0), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
  assert_idle(true);
}

static void shutdown_recording(void **state)
{
  (void)state;
  start_recording();
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "cancel");
  assert_int_equal(last()->deadline_ms, 120000);
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "");
  assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
}

static void shutdown_saving(void **state)
{
  (void)state;
  start_saving();
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "");
  assert_true(seep_recorder_is_saving(&b.recorder));
  assert_string_equal(stopped(5), "KEEP KEEP_BRIEFLY");
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "");
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
}

/* What is being saved is saved, even by another try; the administrator may still end that. */
static void shutdown_saving_busy(void **state)
{
  (void)state;
  start_saving();
  plain(SEEP_RECORDER_SHUT_DOWN);
  assert_string_equal(exited(BUSY_CODE), "");
  assert_string_equal(retry(), "stop");
  assert_string_equal(stopped(5), "KEEP KEEP_BRIEFLY");
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  set_up(NULL);
  start_saving();
  exited(BUSY_CODE);
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "stop"); /* hurried */
  for (unsigned i = 1; i < b.settings.retries; i++) {
    assert_string_equal(exited(BUSY_CODE), "");
    assert_string_equal(wait_ms(4 * RETRY_MOST_MS), "stop");
  }
  assert_string_equal(exited(BUSY_CODE), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE FAILED");
  assert_int_equal(last()->exit_code, BUSY_CODE);
  set_up(NULL);
  start_saving();
  exited(BUSY_CODE);
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
}

static void shutdown_waiting(void **state)
{
  (void)state;
  request();
  exited(BUSY_CODE);
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "cancel");
  assert_string_equal(exited(BUSY_CODE), "");
  assert_string_equal(plain(SEEP_RECORDER_SHUT_DOWN), "cancel"); /* hurried */
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE ABANDONED");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(ends_for_memory),
      TEST(save_now),
      TEST(pre_empted),
      TEST(waits_are_spread),
      TEST(abandon),
      TEST(abandon_and_failed_start),
      TEST(shutdown_idle),
      TEST(shutdown_starting),
      TEST(shutdown_recording),
      TEST(shutdown_saving),
      TEST(shutdown_saving_busy),
      TEST(shutdown_waiting),
  };
  return cmocka_run_group_tests_name("capture_recorder_interruptions", tests, NULL, NULL);
}
