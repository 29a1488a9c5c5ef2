/*
 * Who is offered to the recorder, and what becomes of it: the named by Windows before the fastest, in place
 * of another if need be; nobody where this server does not belong to the sample; again, ever more rarely,
 * after a refusal. What is saved gets its row and its side-car.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "recording_rig.h"

#define CALLED 69 /* polls until a process that grows by 2 MB a second is called a leak */

/* An Event 2004 that names it. */
static void name(engine_rig *r, const fake_process *process)
{
  char xml[1200], created[SEEP_WALL_TEXT_SIZE];
  seep_wall_text(seep_wall_from_filetime(process->created), created, sizeof created);
  int size = snprintf(
      xml, sizeof xml,
      "<Event><System><Provider "
      "Name='Microsoft-Windows-Resource-Exhaustion-Detector'/><EventID>2004</EventID>"
      "<EventRecordID>%u</EventRecordID></System><UserData><MemoryExhaustionInfo><ProcessInfo><Process_1>"
      "<Name>%s</Name><ID>%u</ID><CreationTime>%s</CreationTime><CommitCharge>1</CommitCharge>"
      "<HandleCount>1</HandleCount></Process_1></ProcessInfo></MemoryExhaustionInfo></UserData></Event>",
      (unsigned)process->pid, process->name, (unsigned)process->pid, created);
  seep_engine_exhaustion(r->engine, engine_rig_now(r), xml, (size_t)size, "", 0);
}

static void start(engine_rig *r)
{
  recording_rig_request(r);
  recording_rig_exited(r, 0);
  assert_int_equal(seep_engine_recorder_of(r->engine)->state, SEEP_RECORDER_RECORDING);
}

/* Two leaks called, the faster one being recorded. */
static void two_leaks(engine_rig *r, fake_process **fast, fake_process **slow)
{
  *slow = fake_world_add(&r->world, 5, "slow.exe", 100 * MB, 2 * (int64_t)MB);
  *fast = fake_world_add(&r->world, 6, "fast.exe", 100 * MB, 3 * (int64_t)MB);
  engine_rig_poll(r, CALLED);
  assert_int_equal(r->leaks_opened, 2);
}

static void the_faster_is_first_and_the_other_waits_its_turn(void **state)
{
  engine_rig *r = *state;
  fake_process *fast, *slow;
  two_leaks(r, &fast, &slow);
  assert_int_equal(r->target.key.pid, 6);
  start(r);
  r->requests = 0;
  engine_rig_poll(r, 30);
  assert_int_equal(r->requests, 0); /* one at a time */
}

static void who_windows_names_takes_the_place_of_another(void **state)
{
  engine_rig *r = *state;
  fake_process *fast, *slow;
  two_leaks(r, &fast, &slow);
  uint32_t recorded = r->target.key.pid;
  start(r);
  name(r, recorded == 6 ? slow : fast);
  engine_rig_poll(r, 1);
  assert_int_equal(seep_engine_recorder_of(r->engine)->state, SEEP_RECORDER_CANCELLING);
  recording_rig_exited(r, 0);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RECORDING_REFUSED), 1);
  assert_non_null(strstr(engine_rig_insert(r, SEEP_ALERT_RECORDING_REFUSED, 1, "reason"), "Windows"));
  engine_rig_poll(r, 1);
  assert_int_equal(r->target.key.pid, recorded == 6 ? 5 : 6);
  assert_true(r->target.urgent);
  recording_rig_record(r);
  engine_rig_poll(r, 2);
  assert_int_equal(r->target.key.pid, recorded); /* it kept its turn */
}

static void what_has_run_for_a_minute_is_saved_for_it(void **state)
{
  engine_rig *r = *state;
  fake_process *fast, *slow;
  two_leaks(r, &fast, &slow);
  uint32_t recorded = r->target.key.pid;
  start(r);
  engine_rig_poll(r, 61);
  name(r, recorded == 6 ? slow : fast);
  engine_rig_poll(r, 1);
  assert_int_equal(seep_engine_recorder_of(r->engine)->state, SEEP_RECORDER_SAVING);
  recording_rig_exited(r, 0);
  recording_rig_kept(r, 5);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RECORDING_SAVED), 1);
}

static void one_that_was_named_itself_is_not_disturbed(void **state)
{
  engine_rig *r = *state;
  fake_process *fast, *slow;
  two_leaks(r, &fast, &slow);
  name(r, fast);
  name(r, slow);
  for (int i = 0; i < 3 && !r->target.urgent; i++) {
    recording_rig_record(r);
    engine_rig_poll(r, 1);
  }
  assert_true(r->target.urgent);
  start(r);
  engine_rig_poll(r, 70);
  assert_int_equal(seep_engine_recorder_of(r->engine)->state, SEEP_RECORDER_RECORDING);
}

static void a_server_outside_the_sample_watches_and_does_not_record(void **state)
{
  engine_rig *r = *state;
  r->settings.capture_sample_ppm = 0;
  r->host = "server-1";
  engine_rig_restart(r);
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  engine_rig_poll(r, CALLED + 100);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(r->requests, 0);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RECORDING_REFUSED), 1);
  assert_non_null(strstr(engine_rig_insert(r, SEEP_ALERT_RECORDING_REFUSED, 1, "reason"), "sample_rate"));
  r->settings.capture_sample_ppm = 1000000;
  engine_rig_restart(r);
  engine_rig_poll(r, CALLED);
  assert_int_equal(r->requests, 1);
}

/* Each refusal by the recorder is told once, and the next try comes later than the one before. */
static void a_refusal_is_told_once_and_tried_ever_more_rarely(void **state)
{
  engine_rig *r = *state;
  int64_t last_ms = 0, pause_ms = 0;
  fake_process *leaky = fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  engine_rig_poll(r, CALLED);
  leaky->growth_per_second = (int64_t)MB / 8;
  for (int refusal = 0; refusal < 4; refusal++) {
    size_t before = r->requests;
    seep_recorder_event event = {.kind = SEEP_RECORDER_REQUEST, .target = r->target}; /* no free space */
    last_ms = r->world.mono_ms;
    seep_engine_recorder(r->engine, engine_rig_now(r), &event);
    while (r->requests == before && r->world.mono_ms - last_ms < 4 * SEEP_MS_PER_HOUR) {
      engine_rig_poll(r, 10);
    }
    assert_true(r->requests > before);
    assert_true(r->world.mono_ms - last_ms >= 5 * SEEP_MS_PER_MINUTE);
    assert_true(r->world.mono_ms - last_ms > pause_ms / 2);
    pause_ms = r->world.mono_ms - last_ms;
  }
  assert_true(pause_ms > 30 * SEEP_MS_PER_MINUTE);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RECORDING_REFUSED), 1);
}

static void what_is_saved_gets_a_row_and_a_side_car(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  engine_rig_poll(r, CALLED);
  recording_rig_record(r);
  assert_int_equal(r->captures, 1);
  assert_int_equal(r->last_capture.target_events, 100);
  assert_string_equal(r->last_capture.sha256, "1234");
  assert_string_equal(r->last_capture.outcome, "saved");
  assert_int_equal(r->sidecars, 1);
  assert_string_equal(r->sidecar_path, "/data/captures/20261122T104444Z-leaky.exe-5-heap.json");
  assert_non_null(strstr(r->sidecar, "\"leaky.exe\""));
  assert_non_null(strstr(r->sidecar, "never gave back rose by"));
}

static void one_without_events_of_the_process_has_failed(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  engine_rig_poll(r, CALLED);
  recording_rig_request(r);
  recording_rig_exited(r, 0);
  recording_rig_save_now(r);
  recording_rig_exited(r, 0);
  recording_rig_kept(r, 0);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RECORDING_SAVED), 0);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RECORDING_FAILED), 1);
  assert_string_not_equal(r->last_capture.outcome, "saved");
  assert_non_null(strstr(engine_rig_insert(r, SEEP_ALERT_RECORDING_FAILED, 1, "path"), ".etl.gz"));
}

#define offer_test(f) cmocka_unit_test_setup_teardown(f, engine_rig_set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      offer_test(the_faster_is_first_and_the_other_waits_its_turn),
      offer_test(who_windows_names_takes_the_place_of_another),
      offer_test(what_has_run_for_a_minute_is_saved_for_it),
      offer_test(one_that_was_named_itself_is_not_disturbed),
      offer_test(a_server_outside_the_sample_watches_and_does_not_record),
      offer_test(a_refusal_is_told_once_and_tried_ever_more_rarely),
      offer_test(what_is_saved_gets_a_row_and_a_side_car),
      offer_test(one_without_events_of_the_process_has_failed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
