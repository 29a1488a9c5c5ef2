/* The engine as a function: simulated time, no loop, no files. Each trigger has its "must not fire" twin.
 * Cases of one process: test_cases.c; of one image: test_successors.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_rig.h"

static void start_says_what_runs(void **state)
{
  engine_rig *r = *state;
  const seep_alert *alert = fake_sink_wait(&r->sink, SEEP_ALERT_SERVICE_STARTED, 1, 0);
  assert_non_null(alert);
  assert_string_equal(alert->inserts[0], "9.8.7");
  assert_string_equal(alert->inserts[2], "/data");
  assert_int_equal(r->interval_ms, 1000);
}

static void a_leak_is_found_told_and_offered_for_recording(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  engine_rig_poll(r, 120);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_FOUND), 1);
  assert_int_equal(r->requests, 1);
  assert_int_equal(r->target.key.pid, 4242);
  assert_string_equal(r->target.image, "leaky.exe");
  const seep_alert *alert = fake_sink_wait(&r->sink, SEEP_ALERT_LEAK_FOUND, 1, 0);
  assert_string_equal(alert->inserts[0], "leaky.exe");
  assert_string_equal(alert->inserts[1], "4242");
  assert_string_equal(alert->inserts[3], "undetermined");
  double slope = r->last_leak.slope_bytes_per_hour;
  assert_true(slope > 0.8 * 7200.0 * (double)MB && slope < 1.2 * 7200.0 * (double)MB);
  assert_int_equal(r->polls_stored, 120);
  assert_int_equal(r->samples_last, 2);
}

static void healthy_processes_are_left_in_peace(void **state)
{
  engine_rig *r = *state;
  fake_process *sawtooth = fake_world_add(&r->world, 5, "gc.exe", 200 * MB, 4 * (int64_t)MB);
  fake_process *step = fake_world_add(&r->world, 6, "step.exe", 50 * MB, 0);
  fake_process *starting = fake_world_add(&r->world, 7, "start.exe", 10 * MB, 50 * (int64_t)MB);
  for (unsigned i = 0; i < 300; i++) {
    if (i % 20 == 19) {
      sawtooth->commit_bytes = 200 * MB;
    }
    if (i == 150) {
      step->commit_bytes += 400 * MB;
    }
    if (i == 8) {
      starting->growth_per_second = 0;
    }
    engine_rig_poll(r, 1);
  }
  assert_int_equal(r->leaks_opened, 0);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_FOUND), 0);
  assert_int_equal(r->requests, 0);
}

static void an_ignored_image_is_never_told(void **state)
{
  engine_rig *r = *state;
  r->settings.ignored.count = 1;
  snprintf(r->settings.ignored.names[0], sizeof r->settings.ignored.names[0], "LEAKY.exe");
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  engine_rig_poll(r, 120);
  assert_int_equal(r->leaks_opened, 0);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_FOUND), 0);
}

static void a_cut_snapshot_kills_nobody(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  engine_rig_poll(r, 120);
  size_t stored = r->polls_stored;
  r->world.cut = true;
  engine_rig_poll(r, 3);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  assert_int_equal(r->polls_stored, stored);
  r->world.cut = false;
  engine_rig_poll(r, 3);
  assert_int_equal(seep_engine_open_leaks(r->engine), 1);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_OVER), 0);
}

static const char event_form[] =
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
    "Name='Microsoft-Windows-Resource-Exhaustion-Detector'/><EventID>2004</EventID><TimeCreated "
    "SystemTime='2026-11-22T10:00:00.0000000Z'/><EventRecordID>%u</EventRecordID><Channel>System</Channel></"
    "System>"
    "<UserData><MemoryExhaustionInfo><SystemInfo><SystemCommitLimit>34359738368</SystemCommitLimit>"
    "<SystemCommitCharge>34300000000</SystemCommitCharge></"
    "SystemInfo><ProcessInfo><Process_1><Name>slow.exe</Name>"
    "<ID>77</ID><CreationTime>2024-05-12T15:06:40.0000077Z</CreationTime><CommitCharge>123456789</"
    "CommitCharge>"
    "</Process_1></ProcessInfo></MemoryExhaustionInfo></UserData></Event>";

static void tell_event(engine_rig *r, unsigned record)
{
  char xml[2048];
  int length = snprintf(xml, sizeof xml, event_form, record);
  seep_engine_exhaustion(r->engine, engine_rig_now(r), xml, (size_t)length, "mark", 4);
}

static void cases_get_new_rows_when_the_store_is_exchanged(void **state)
{
  engine_rig *r = *state;
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  engine_rig_poll(r, 120);
  assert_int_equal(r->leaks_opened, 1);
  assert_int_not_equal(r->last_leak.id, 0);
  seep_engine_store_exchanged(r->engine);
  engine_rig_poll(r, 5);
  assert_int_equal(r->last_leak.id, 0); /* the update asks for a new row */
}

static void a_case_that_was_ignored_is_told_when_it_is_not_any_more(void **state)
{
  engine_rig *r = *state;
  r->settings.ignored.count = 1;
  snprintf(r->settings.ignored.names[0], sizeof r->settings.ignored.names[0], "leaky.exe");
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  engine_rig_poll(r, 120);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_FOUND), 0);
  r->settings.ignored.count = 0;
  seep_engine_settings(r->engine, engine_rig_now(r), "file", &r->settings, NULL);
  engine_rig_poll(r, 10);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_LEAK_FOUND), 1);
}

/* How many polls until the leak is called, with or without an Event 2004 that names the process. */
static unsigned polls_until_leak(engine_rig *r, bool named)
{
  fake_process *process = fake_world_add(&r->world, 77, "slow.exe", 100 * MB, 2 * (int64_t)MB);
  process->created = UINT64_C(133600000000000077);
  engine_rig_poll(r, 5);
  if (named) {
    tell_event(r, 9);
  }
  for (unsigned polls = 0; polls < 400; polls++) {
    engine_rig_poll(r, 1);
    if (r->leaks_opened > 0) {
      return polls;
    }
  }
  return 400;
}

static void a_named_process_is_judged_sooner(void **state)
{
  unsigned unnamed = polls_until_leak(*state, false);
  void *second = NULL;
  assert_int_equal(engine_rig_set_up(&second), 0);
  unsigned named = polls_until_leak(second, true);
  engine_rig_tear_down(&second);
  assert_true(unnamed < 400);
  assert_true(named < unnamed);
}

static void feed_and_storage_are_told_once_per_change(void **state)
{
  engine_rig *r = *state;
  seep_error error = {SEEP_OS, SEEP_DOMAIN_WIN32, 1722, "EvtSubscribe", ""};
  seep_engine_feed_state(r->engine, engine_rig_now(r), SEEP_FEED_EXHAUSTION, true, NULL);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_FEED_RESTORED), 0);
  seep_engine_feed_state(r->engine, engine_rig_now(r), SEEP_FEED_EXHAUSTION, false, &error);
  seep_engine_feed_state(r->engine, engine_rig_now(r), SEEP_FEED_EXHAUSTION, false, &error);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_FEED_LOST), 1);
  seep_engine_feed_state(r->engine, engine_rig_now(r), SEEP_FEED_EXHAUSTION, true, NULL);
  seep_engine_feed_state(r->engine, engine_rig_now(r), SEEP_FEED_EXHAUSTION, true, NULL);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_FEED_RESTORED), 1);
  seep_engine_storage(r->engine, engine_rig_now(r), true, "", NULL);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_STORAGE_RECOVERED), 0);
  seep_engine_storage(r->engine, engine_rig_now(r), false, "seepwatch.db", &error);
  seep_engine_storage(r->engine, engine_rig_now(r), false, "seepwatch.db", &error);
  seep_engine_storage(r->engine, engine_rig_now(r), true, "", NULL);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_STORAGE_DEGRADED), 1);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_STORAGE_RECOVERED), 1);
}

static void without_a_durable_journal_nothing_is_recorded(void **state)
{
  engine_rig *r = *state;
  seep_error error = {SEEP_LIMIT, SEEP_DOMAIN_SQLITE, 13, "insert", ""};
  seep_recorder_event request = {.kind = SEEP_RECORDER_REQUEST, .free_bytes = UINT64_MAX};
  request.target.key.pid = 5;
  seep_engine_storage(r->engine, engine_rig_now(r), false, "seepwatch.db", &error);
  r->order_count = 0;
  seep_engine_recorder(r->engine, engine_rig_now(r), &request);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_RECORDING_REFUSED), 1);
  for (size_t i = 0; i < r->order_count; i++) {
    assert_int_not_equal(r->order[i], SEEP_COMMAND_RECORDER);
  }
  seep_engine_storage(r->engine, engine_rig_now(r), true, "", NULL);
  seep_engine_recorder(r->engine, engine_rig_now(r), &request);
  assert_int_equal(r->order[r->order_count - 1], SEEP_COMMAND_RECORDER);
}

static void refused_settings_name_line_and_key(void **state)
{
  engine_rig *r = *state;
  seep_settings safe;
  seep_settings_problem problem = {.line = 7, .key = "detector.bucket_s", .reason = "must be a number"};
  seep_settings_safe(&safe);
  seep_engine_settings(r->engine, engine_rig_now(r), "C:\\x.json", &safe, &problem);
  const seep_alert *alert = fake_sink_wait(&r->sink, SEEP_ALERT_SETTINGS_REFUSED, 1, 0);
  assert_non_null(alert);
  assert_string_equal(alert->inserts[1], "7");
  assert_string_equal(alert->inserts[2], "detector.bucket_s");
  assert_false(seep_engine_settings_in_force(r->engine)->capture_enabled);
}

static void own_budget_is_told_when_passed_and_not_below(void **state)
{
  engine_rig *r = *state;
  seep_own_usage usage = {.private_bytes = r->settings.own_private_bytes};
  seep_engine_tick(r->engine, engine_rig_now(r), &usage, NULL);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_OWN_BUDGET), 0);
  usage.private_bytes++;
  seep_engine_tick(r->engine, engine_rig_now(r), &usage, NULL);
  seep_engine_tick(r->engine, engine_rig_now(r), &usage, NULL);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_OWN_BUDGET), 1);
}

static void the_heart_beats_on_time(void **state)
{
  engine_rig *r = *state;
  seep_engine_tick(r->engine, engine_rig_now(r), NULL, NULL);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_HEARTBEAT), 0);
  r->world.mono_ms += r->settings.heartbeat_ms;
  seep_engine_tick(r->engine, engine_rig_now(r), NULL, NULL);
  seep_engine_tick(r->engine, engine_rig_now(r), NULL, NULL);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_HEARTBEAT), 1);
  seep_engine_status(r->engine, engine_rig_now(r));
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_HEARTBEAT), 2);
}

static void blindness_is_told_once_and_its_end_too(void **state)
{
  engine_rig *r = *state;
  seep_error error = {SEEP_OS, SEEP_DOMAIN_NT, 0xC000009A, "NtQuerySystemInformation", ""};
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  engine_rig_poll(r, 1);
  seep_engine_poll_failed(r->engine, engine_rig_now(r), &error);
  seep_engine_poll_failed(r->engine, engine_rig_now(r), &error);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_BLIND), 0); /* one or two may happen when memory is short */
  engine_rig_poll(r, 1);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_BLIND_OVER), 0);
  for (int i = 0; i < 5; i++) {
    seep_engine_poll_failed(r->engine, engine_rig_now(r), &error);
  }
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_BLIND), 1);
  engine_rig_poll(r, 2);
  assert_int_equal(engine_rig_told(r, SEEP_ALERT_BLIND_OVER), 1);
}

/* A replay's way in: one poll of `count` samples a second later; the first grows by 2 MB each time. */
static void poll_samples(engine_rig *r, seep_process_sample *samples, size_t count,
                         const seep_system_memory *memory)
{
  samples[0].commit_bytes += 2 * MB;
  fake_world_advance(&r->world, 1000);
  seep_engine_poll_samples(r->engine, engine_rig_now(r), samples, count, memory);
}

static void decoded_samples_are_judged_like_a_buffer(void **state)
{
  engine_rig *r = *state;
  seep_system_memory memory = {.commit_total_bytes = 1, .commit_limit_bytes = 2};
  seep_process_sample samples[] = {
      {.key = {4242, 77},
       .commit_bytes = 100 * MB,
       .name_utf16le = (const uint8_t *)"l\0.\0e\0",
       .name_bytes = 6},
      {.key = {0, 0}, .commit_bytes = 5},
      {.key = {17, 78}, .commit_bytes = 300 * MB, .name_utf16le = (const uint8_t *)"c\0", .name_bytes = 2}};
  for (unsigned i = 0; i < 120; i++) {
    poll_samples(r, samples, 3, &memory);
  }
  assert_int_equal(r->leaks_opened, 1);
  assert_int_equal(r->last_leak.key.pid, 4242);
  assert_string_equal(r->last_leak.image, "l.e");
  assert_int_equal(r->samples_last, 2);
  assert_true(r->poll_memory_known);
  assert_int_equal(seep_engine_detector_of(r->engine, samples[0].key)->level, SEEP_LEVEL_LEAK);
  assert_int_equal(seep_engine_detector_of(r->engine, samples[2].key)->level, SEEP_LEVEL_NONE);
  assert_null(seep_engine_detector_of(r->engine, samples[1].key));
  poll_samples(r, samples + 1, 2, NULL);
  assert_false(r->poll_memory_known);
  assert_int_equal(r->samples_last, 1);
  assert_null(seep_engine_detector_of(r->engine, samples[0].key));
}

/* What nobody could read is told as missing, not as nothing left. */
static void a_leak_is_told_also_where_the_systems_memory_is_unknown(void **state)
{
  engine_rig *r = *state;
  seep_process_sample sample = {.key = {4242, 77},
                                .commit_bytes = 100 * MB,
                                .name_utf16le = (const uint8_t *)"l\0.\0e\0",
                                .name_bytes = 6};
  for (unsigned i = 0; i < 120; i++) {
    poll_samples(r, &sample, 1, NULL);
  }
  const seep_alert *told = fake_sink_wait(&r->sink, SEEP_ALERT_LEAK_FOUND, 1, 0);
  assert_non_null(told);
  for (size_t i = 8; i < 11; i++) { /* committed in all, the limit, time until then */
    assert_string_equal(told->inserts[i], "-");
  }
  assert_string_not_equal(told->inserts[7], "-");
}

#define engine_test(f) cmocka_unit_test_setup_teardown(f, engine_rig_set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      engine_test(start_says_what_runs),
      engine_test(a_leak_is_found_told_and_offered_for_recording),
      engine_test(healthy_processes_are_left_in_peace),
      engine_test(an_ignored_image_is_never_told),
      engine_test(a_cut_snapshot_kills_nobody),
      engine_test(cases_get_new_rows_when_the_store_is_exchanged),
      engine_test(a_case_that_was_ignored_is_told_when_it_is_not_any_more),
      engine_test(a_named_process_is_judged_sooner),
      engine_test(feed_and_storage_are_told_once_per_change),
      engine_test(without_a_durable_journal_nothing_is_recorded),
      engine_test(refused_settings_name_line_and_key),
      engine_test(own_budget_is_told_when_passed_and_not_below),
      engine_test(the_heart_beats_on_time),
      engine_test(blindness_is_told_once_and_its_end_too),
      engine_test(decoded_samples_are_judged_like_a_buffer),
      engine_test(a_leak_is_told_also_where_the_systems_memory_is_unknown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
