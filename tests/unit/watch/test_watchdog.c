/*
 * The watchdog with its real loop, real store and a real child process as recorder; processes, clock, events
 * and the event log are fakes. The clock moves a second at each look, so a minute of leaking takes a second.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "watch/files.h"

static void starts_and_stops(void **state)
{
  rig *r = *state;
  rig_start(r);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_SERVICE_STARTED, 1, RIG_PATIENCE_MS));
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_SETTINGS_LOADED, 1, RIG_PATIENCE_MS));
  assert_true(r->feed.running);
  assert_true(rig_stop(r) < 2000);
  assert_false(r->feed.running);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_SERVICE_STOPPED), 1);
}

/* The compressed file is there alone, beside what is known of it. */
static void is_whole(const char *path)
{
  char beside[1024];
  size_t length = strlen(path);
  assert_true(length > 7 && strcmp(path + length - 7, ".etl.gz") == 0);
  assert_true(seep_files_size(path) > 0);
  snprintf(beside, sizeof beside, "%.*s", (int)(length - 3), path);
  assert_int_equal(seep_files_size(beside), 0);
  snprintf(beside, sizeof beside, "%.*s.json", (int)(length - 7), path);
  assert_true(seep_files_size(beside) > 500);
}

static void a_leak_is_recorded_and_saved(void **state)
{
  rig *r = *state;
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  rig_start(r);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_LEAK_FOUND, 1));
  assert_non_null(rig_poll_until(r, SEEP_ALERT_RECORDING_STARTED, 1));
  const seep_alert *saved = rig_poll_until(r, SEEP_ALERT_RECORDING_SAVED, 1);
  assert_non_null(saved);
  is_whole(saved->inserts[2]);
  assert_true(rig_temporary_is_empty());
  (void)rig_stop(r);
  assert_int_equal(rig_calls_of("-start"), 1);
  assert_int_equal(rig_calls_of("-stop"), 1);
  assert_int_equal(rig_journal_entries(), 0);
}

/* 2 MB a look: 8 MB are there long before the day that a recording may take here. */
static void a_recording_ends_when_enough_has_leaked(void **state)
{
  rig *r = *state;
  rig_write("seepwatch.json",
            "{\"poll\":{\"interval_s\":1,\"urgent_interval_s\":1},"
            "\"detector\":{\"bucket_s\":1,\"observation_s\":64,\"minimum_slope_bytes_per_hour\":1048576,"
            "\"minimum_growth_bytes\":8388608},"
            "\"capture\":{\"maximum_s\":86400,\"minimum_free_bytes\":0,\"enough_growth_bytes\":8388608}}");
  rig_begin_recording(r);
  assert_non_null(rig_poll_until(r, SEEP_ALERT_RECORDING_SAVED, 1));
  (void)rig_stop(r);
  assert_int_equal(rig_calls_of("-stop"), 1);
}

static void a_calm_server_is_not_recorded(void **state)
{
  rig *r = *state;
  rig_start(r);
  rig_look(r, 150);
  (void)rig_stop(r);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_LEAK_FOUND), 0);
  assert_int_equal(rig_calls_of("-"), 0);
}

static void stops_within_five_seconds_in_the_middle_of_a_recording(void **state)
{
  rig *r = *state;
  rig_begin_recording(r);
  assert_true(rig_stop(r) < 5000);
  assert_int_equal(rig_calls_of("-cancel"), 1);
  assert_true(rig_temporary_is_empty());
  assert_int_equal(rig_journal_entries(), 0);
}

static void a_recorder_that_hangs_in_the_stop_is_left_to_the_next_start(void **state)
{
  rig *r = *state;
  rig_begin_recording(r);
  rig_write("knobs.txt", "hang 7\n");
  assert_true(rig_stop(r) < 5000);
  assert_int_equal(rig_journal_entries(), 1); /* the promise is kept for the next life */
  rig_write("knobs.txt", "");
  fake_world_remove(&r->world, 4242);
  rig_start(r);
  assert_non_null(rig_poll_until(r, SEEP_ALERT_LEFTOVER_UNDONE, 1));
  (void)rig_stop(r);
  assert_int_equal(rig_journal_entries(), 0);
  assert_true(rig_temporary_is_empty());
}

static void a_missing_recorder_is_said_and_watching_goes_on(void **state)
{
  rig *r = *state;
  const char *real = rig_recorder("no-such-recorder.exe");
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  rig_start(r);
  (void)rig_recorder(real);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_RECORDING_FAILED, 1));
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_STATUS);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_HEARTBEAT, 1, RIG_PATIENCE_MS));
  (void)rig_stop(r);
  assert_int_equal(rig_journal_entries(), 0);
}

static void a_recorder_that_fails_at_any_call_leaves_nothing(void **state)
{
  rig *r = *state;
  for (unsigned fail = 1; fail <= 3; fail++) {
    char knobs[32];
    rig_empty_folder();
    snprintf(knobs, sizeof knobs, "fail %u\n", fail);
    rig_write("knobs.txt", knobs);
    r->sink.count = 0;
    fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
    rig_start(r);
    assert_non_null(rig_hurry_until(r, SEEP_ALERT_LEAK_FOUND, 1));
    assert_non_null(
        /* a start that is refused is tried once more with a plainer profile */
        rig_poll_until(r, fail == 2 ? SEEP_ALERT_RECORDING_FAILED : SEEP_ALERT_RECORDING_SAVED, 1));
    (void)rig_stop(r);
    fake_world_remove(&r->world, 4242);
    assert_int_equal(rig_journal_entries(), 0);
    assert_true(rig_temporary_is_empty());
  }
}

/* Looks until the process holds that much. */
static void climb(rig *r, const fake_process *process, uint64_t bytes)
{
  bool there = false;
  for (unsigned waited_ms = 0; !there && waited_ms < RIG_PATIENCE_MS; waited_ms += 2) {
    seep_watchdog_post(r->watchdog, SEEP_CONTROL_POLL_NOW);
    uv_sleep(2);
    uv_mutex_lock(&r->world.lock);
    there = process->commit_bytes >= bytes;
    uv_mutex_unlock(&r->world.lock);
  }
  assert_true(there);
}

static bool take_lineage(void *context, const seep_store_lineage *lineage)
{
  seep_store_lineage *out = context;
  *out = *lineage;
  return true;
}

/* The case is over, the service starts anew, and the process climbs to where it has been: no news. */
static void how_high_an_image_stood_outlives_the_service(void **state)
{
  rig *r = *state;
  seep_store *store = NULL;
  seep_store_lineage kept = {.image = ""};
  fake_process *process = fake_world_add(&r->world, 4242, "Leaky.exe", 100 * MB, 2 * (int64_t)MB);
  rig_start(r);
  climb(r, process, 400 * MB);
  uv_mutex_lock(&r->world.lock);
  process->growth_per_second = 0;
  process->commit_bytes = 100 * MB;
  uv_mutex_unlock(&r->world.lock);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_LEAK_OVER, 1));
  (void)rig_stop(r);
  assert_int_equal(seep_store_open_readonly(rig_path("seepwatch.db"), &store, NULL), SEEP_OK);
  assert_int_equal(seep_store_lineages(store, take_lineage, &kept, NULL), SEEP_OK);
  seep_store_close(store);
  assert_string_equal(kept.image, "leaky.exe");
  assert_true(kept.lineage.high_water > 350.0 * (double)MB);
  process->growth_per_second = 2 * (int64_t)MB;
  rig_start(r);
  climb(r, process, 370 * MB);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_LEAK_FOUND), 1);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_LEAK_FOUND, 2)); /* beyond it */
  (void)rig_stop(r);
}

/* A worker that Windows does not let go of can not be ended, and what it uses must stay. */
static void a_worker_that_hangs_does_not_hold_the_stop(void **state)
{
  static seep_watchdog *left; /* found here by who looks for leaks */
  static uv_sem_t hangs[2];
  rig *r = *state;
  uv_sem_init(&hangs[0], 0);
  uv_sem_init(&hangs[1], 0);
  rig_start(r);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_SERVICE_STARTED, 1, RIG_PATIENCE_MS));
  r->world.hangs = hangs;
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_POLL_NOW);
  uv_sem_wait(&hangs[0]);
  left = r->watchdog;
  assert_in_range(rig_stop(r), 3500, 5000);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_SERVICE_STOPPED), 1);
  assert_true(seep_watchdog_is_abandoned(left));
  r->world.hangs = NULL;
  uv_sem_post(&hangs[1]);
  uv_sleep(200); /* it is still in the world, which ends with this test */
}

static void an_event_2004_is_told_and_its_bookmark_survives(void **state)
{
  static const char xml[] =
      "<Event><System><Provider "
      "Name='Microsoft-Windows-Resource-Exhaustion-Detector'/><EventID>2004</EventID>"
      "<EventRecordID>12</EventRecordID></System><UserData><MemoryExhaustionInfo/></UserData></Event>";
  rig *r = *state;
  rig_start(r);
  assert_string_equal(r->feed.bookmark, "");
  r->feed.sink->state(r->feed.sink->context, true, NULL);
  r->feed.sink->event(r->feed.sink->context, xml, sizeof xml - 1, "<BookmarkList/>", 15);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_EXHAUSTION, 1, RIG_PATIENCE_MS));
  (void)rig_stop(r);
  rig_start(r);
  (void)rig_stop(r);
  assert_string_equal(r->feed.bookmark, "<BookmarkList/>");
}

static bool count_exhaustion(void *context, const seep_store_exhaustion *exhaustion)
{
  unsigned *records = context;
  assert_int_equal(exhaustion->event->record_id, ++*records);
  assert_int_equal(exhaustion->told, *records == 1);
  return true;
}

/* A night's backlog, all at once, as the feed gives it out: what is not taken is offered again. The first is
 * told, and none is lost. */
static void a_burst_of_events_is_kept_to_the_last(void **state)
{
  rig *r = *state;
  unsigned records = 0;
  seep_store *store = NULL;
  seep_store_filter filter;
  rig_start(r);
  for (unsigned record = 1; record <= 81; record++) {
    char xml[400];
    int size = snprintf(xml, sizeof xml,
                        "<Event><System><Provider Name='Microsoft-Windows-Resource-Exhaustion-Detector'/>"
                        "<EventID>2004</EventID><EventRecordID>%u</EventRecordID></System></Event>",
                        record);
    while (!r->feed.sink->event(r->feed.sink->context, xml, (size_t)size, "<BookmarkList/>", 15)) {
      uv_sleep(5);
    }
  }
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_EXHAUSTION, 1, RIG_PATIENCE_MS));
  while (!r->feed.sink->event(r->feed.sink->context, "<Event/>", 8, "<Last/>", 7)) {
    uv_sleep(5);
  }
  uv_sleep(500);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_EXHAUSTION), 1);
  (void)rig_stop(r); /* the others were counted, and that is told at the end */
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_EXHAUSTION), 2);
  assert_int_equal(seep_store_open_readonly(rig_path("seepwatch.db"), &store, NULL), SEEP_OK);
  seep_store_filter_init(&filter);
  assert_int_equal(seep_store_exhaustions(store, &filter, count_exhaustion, &records, NULL), SEEP_OK);
  seep_store_close(store);
  assert_int_equal(records, 81);
  /* The same backlog once more, as after a bookmark that was lost. */
  rig_start(r);
  char again[400];
  int size = snprintf(again, sizeof again,
                      "<Event><System><Provider Name='Microsoft-Windows-Resource-Exhaustion-Detector'/>"
                      "<EventID>2004</EventID><EventRecordID>%u</EventRecordID></System></Event>",
                      40u);
  assert_true(r->feed.sink->event(r->feed.sink->context, again, (size_t)size, "<BookmarkList/>", 15));
  uv_sleep(500);
  (void)rig_stop(r);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_EXHAUSTION), 2);
}

static void a_broken_configuration_is_said_and_recording_is_off(void **state)
{
  rig *r = *state;
  rig_write("seepwatch.json", "{\n \"poll\": {\n  \"interval_s\": \"soon\"\n }\n}\n");
  rig_start(r);
  const seep_alert *alert = fake_sink_wait(&r->sink, SEEP_ALERT_SETTINGS_REFUSED, 1, RIG_PATIENCE_MS);
  assert_non_null(alert);
  assert_string_equal(alert->inserts[1], "3");
  assert_string_equal(alert->inserts[2], "poll.interval_s");
  rig_write_settings();
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_RELOAD);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_SETTINGS_LOADED, 1, RIG_PATIENCE_MS));
  rig_write("seepwatch.json", "[]");
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_RELOAD);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_SETTINGS_REFUSED, 2, RIG_PATIENCE_MS));
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_RECORDING_STARTED, 1)); /* the good one stayed in force */
}

static void a_damaged_database_is_set_aside(void **state)
{
  rig *r = *state;
  rig_write("seepwatch.db",
            "this is not a database, however long one looks at it; it has more than a header's "
            "length of text in it, so that it is read as a damaged file");
  rig_start(r);
  const seep_alert *alert = fake_sink_wait(&r->sink, SEEP_ALERT_STORAGE_DEGRADED, 1, RIG_PATIENCE_MS);
  assert_non_null(alert);
  assert_non_null(strstr(alert->inserts[1], "damaged"));
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_STORAGE_RECOVERED, 1, RIG_PATIENCE_MS));
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_LEAK_FOUND, 1));
  assert_non_null(rig_poll_until(r, SEEP_ALERT_RECORDING_SAVED, 1));
}

static void without_a_store_it_watches_and_does_not_record(void **state)
{
  rig *r = *state;
  assert_int_equal(seep_files_make_folder(rig_path("seepwatch.db"), NULL),
                   SEEP_OK); /* a folder is in the way */
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  rig_start(r);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_STORAGE_DEGRADED, 1, RIG_PATIENCE_MS));
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_LEAK_FOUND, 1));
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_RECORDING_REFUSED, 1));
  (void)rig_stop(r);
  assert_int_equal(rig_calls_of("-"), 0);
}

/* Every port fails at its n-th call, once and from then on: the watchdog stays up and stops in time. */
static void survives_each_port_failing(void **state)
{
  rig *r = *state;
  for (unsigned fail = 1; fail <= 4; fail++) {
    for (int persistent = 0; persistent <= 1; persistent++) {
      fake_fault fault = {.fail_at = fail, .persistent = persistent != 0};
      r->world.fetch_fault = fault;
      r->sink.fault = fault;
      r->feed.start_fault = fault;
      r->sink.count = 0;
      rig_start(r);
      rig_look(r, 10);
      assert_true(rig_stop(r) < 5000);
      assert_true(r->world.fetch_fault.calls > 0);
    }
  }
  memset(&r->world.fetch_fault, 0, sizeof r->world.fetch_fault);
}

#define watchdog_test(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      watchdog_test(starts_and_stops),
      watchdog_test(a_leak_is_recorded_and_saved),
      watchdog_test(a_recording_ends_when_enough_has_leaked),
      watchdog_test(how_high_an_image_stood_outlives_the_service),
      watchdog_test(a_calm_server_is_not_recorded),
      watchdog_test(stops_within_five_seconds_in_the_middle_of_a_recording),
      watchdog_test(a_recorder_that_hangs_in_the_stop_is_left_to_the_next_start),
      watchdog_test(a_missing_recorder_is_said_and_watching_goes_on),
      watchdog_test(a_recorder_that_fails_at_any_call_leaves_nothing),
      watchdog_test(a_worker_that_hangs_does_not_hold_the_stop),
      watchdog_test(an_event_2004_is_told_and_its_bookmark_survives),
      watchdog_test(a_burst_of_events_is_kept_to_the_last),
      watchdog_test(a_broken_configuration_is_said_and_recording_is_off),
      watchdog_test(a_damaged_database_is_set_aside),
      watchdog_test(without_a_store_it_watches_and_does_not_record),
      watchdog_test(survives_each_port_failing),
  };
  if (argc < 2) {
    fprintf(stderr, "usage: test_watch_watchdog PATH-OF-FAKE-RECORDER\n");
    return 2;
  }
  rig_prepare("watchdog-test", argv[1]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
