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

#include "base/text.h"
#include "fakes.h"
#include "watch/files.h"
#include "watch/watchdog.h"

#define MB (UINT64_C(1) << 20)
#define FOLDER "watchdog-test"
#define PATIENCE_MS 20000

static const char *recorder_path;

static const char settings_text[] =
    "{\"poll\":{\"interval_s\":1,\"urgent_interval_s\":1},"
    "\"detector\":{\"window_s\":32,\"minimum_slope_bytes_per_hour\":1048576,\"minimum_growth_bytes\":8388608,"
    "\"start_up_s\":5,\"confirmations\":2},"
    "\"capture\":{\"maximum_s\":20,\"minimum_free_bytes\":0,\"cool_down_s\":0}}";

typedef struct rig {
  fake_world world;
  fake_sink sink;
  fake_feed feed;
  seep_watchdog *watchdog;
  uv_thread_t thread;
  seep_status ended;
  uv_sem_t running;
} rig;

static void remove_tree(const char *folder)
{
  uv_fs_t request;
  uv_dirent_t entry;
  char path[600];
  if (uv_fs_scandir(NULL, &request, folder, 0, NULL) >= 0) {
    while (uv_fs_scandir_next(&request, &entry) == 0) {
      uv_fs_t remove;
      snprintf(path, sizeof path, "%.300s/%.250s", folder, entry.name);
      if (entry.type == UV_DIRENT_DIR) {
        remove_tree(path);
        uv_fs_rmdir(NULL, &remove, path, NULL);
      } else {
        uv_fs_unlink(NULL, &remove, path, NULL);
      }
      uv_fs_req_cleanup(&remove);
    }
  }
  uv_fs_req_cleanup(&request);
}

static void write_beside(const char *name, const char *text)
{
  char path[300];
  snprintf(path, sizeof path, FOLDER "/%s", name);
  assert_int_equal(seep_files_write(path, text, strlen(text), NULL), SEEP_OK);
}

/* How often the recorder was called with this first argument. */
static unsigned calls_of(const char *verb)
{
  char *text = NULL;
  size_t size = 0;
  unsigned count = 0;
  if (seep_files_read(FOLDER "/calls.txt", 100000, &text, &size, NULL) != SEEP_OK) {
    return 0;
  }
  for (size_t at = 0; at < size;) {
    size_t end = at;
    while (end < size && text[end] != '\n') {
      end++;
    }
    count += end - at >= strlen(verb) && memcmp(text + at, verb, strlen(verb)) == 0;
    at = end + 1;
  }
  free(text);
  return count;
}

static void says_running(void *context)
{
  rig *r = context;
  uv_sem_post(&r->running);
}

static void run_thread(void *context)
{
  rig *r = context;
  r->ended = seep_watchdog_run(r->watchdog, NULL);
}

static void start(rig *r)
{
  seep_watchdog_options options = {.version = "1.2.3",
                                   .data_folder = FOLDER,
                                   .settings_path = FOLDER "/seepwatch.json",
                                   .recorder_path = recorder_path,
                                   .path_separator = '/',
                                   .source = fake_world_source(&r->world),
                                   .feed = fake_feed_port(&r->feed),
                                   .sink = fake_sink_port(&r->sink),
                                   .clock = fake_world_clock(&r->world),
                                   .running = says_running,
                                   .running_context = r};
  uv_sem_init(&r->running, 0);
  assert_int_equal(seep_watchdog_new(&options, &r->watchdog, NULL), SEEP_OK);
  assert_int_equal(uv_thread_create(&r->thread, run_thread, r), 0);
  uv_sem_wait(&r->running);
}

/* Returns how long the stop took. */
static unsigned stop(rig *r)
{
  uint64_t begin = uv_hrtime();
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_STOP);
  uv_thread_join(&r->thread);
  unsigned took_ms = (unsigned)((uv_hrtime() - begin) / 1000000u);
  seep_watchdog_free(r->watchdog);
  r->watchdog = NULL;
  uv_sem_destroy(&r->running);
  assert_int_equal(r->ended, SEEP_OK);
  return took_ms;
}

/* Looks again and again until the alert has come. */
static const seep_alert *poll_until(rig *r, uint32_t id, size_t n)
{
  for (unsigned waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += 20) {
    const seep_alert *alert = fake_sink_wait(&r->sink, id, n, 20);
    if (alert != NULL) {
      return alert;
    }
    seep_watchdog_post(r->watchdog, SEEP_CONTROL_POLL_NOW);
  }
  return NULL;
}

static int set_up(void **state)
{
  rig *r = calloc(1, sizeof *r);
  if (r == NULL) {
    return -1;
  }
  remove_tree(FOLDER);
  assert_int_equal(seep_files_make_folder(FOLDER, NULL), SEEP_OK);
  fake_world_init(&r->world);
  fake_sink_init(&r->sink);
  fake_world_add(&r->world, 17, "calm.exe", 300 * MB, 0);
  write_beside("seepwatch.json", settings_text);
  *state = r;
  return 0;
}

static int tear_down(void **state)
{
  rig *r = *state;
  if (r->watchdog != NULL) {
    (void)stop(r);
  }
  fake_sink_fini(&r->sink);
  fake_world_fini(&r->world);
  free(r);
  remove_tree(FOLDER);
  return 0;
}

static unsigned files_in_temporary(void)
{
  return seep_files_folder_bytes(FOLDER "/captures/temporary") != 0;
}

static size_t journal_entries(void)
{
  seep_store *store = NULL;
  seep_store_journal_entry entries[4];
  size_t count = 99;
  seep_wall now = {1};
  assert_int_equal(seep_store_open(FOLDER "/seepwatch.db", now, NULL, &store, NULL, NULL), SEEP_OK);
  assert_int_equal(seep_store_journal_list(store, entries, 4, &count, NULL), SEEP_OK);
  seep_store_close(store);
  return count;
}

static void starts_and_stops(void **state)
{
  rig *r = *state;
  start(r);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_SERVICE_STARTED, 1, PATIENCE_MS));
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_SETTINGS_LOADED, 1, PATIENCE_MS));
  assert_true(r->feed.running);
  assert_true(stop(r) < 2000);
  assert_false(r->feed.running);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_SERVICE_STOPPED), 1);
}

static void a_leak_is_recorded_and_saved(void **state)
{
  rig *r = *state;
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  start(r);
  assert_non_null(poll_until(r, SEEP_ALERT_LEAK_FOUND, 1));
  assert_non_null(poll_until(r, SEEP_ALERT_RECORDING_STARTED, 1));
  const seep_alert *saved = poll_until(r, SEEP_ALERT_RECORDING_SAVED, 1);
  assert_non_null(saved);
  assert_int_equal(seep_files_size(saved->inserts[2]), 16);
  assert_int_equal(files_in_temporary(), 0);
  (void)stop(r);
  assert_int_equal(calls_of("-start"), 1);
  assert_int_equal(calls_of("-stop"), 1);
  assert_int_equal(journal_entries(), 0);
}

static void a_calm_server_is_not_recorded(void **state)
{
  rig *r = *state;
  start(r);
  for (int i = 0; i < 150; i++) {
    seep_watchdog_post(r->watchdog, SEEP_CONTROL_POLL_NOW);
    (void)fake_sink_wait(&r->sink, SEEP_ALERT_LEAK_FOUND, 1, 5);
  }
  (void)stop(r);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_LEAK_FOUND), 0);
  assert_int_equal(calls_of("-"), 0);
}

static void stops_within_five_seconds_in_the_middle_of_a_recording(void **state)
{
  rig *r = *state;
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  start(r);
  assert_non_null(poll_until(r, SEEP_ALERT_RECORDING_STARTED, 1));
  assert_true(stop(r) < 5000);
  assert_int_equal(calls_of("-cancel"), 1);
  assert_int_equal(files_in_temporary(), 0);
  assert_int_equal(journal_entries(), 0);
}

static void a_recorder_that_hangs_in_the_stop_is_left_to_the_next_start(void **state)
{
  rig *r = *state;
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  start(r);
  assert_non_null(poll_until(r, SEEP_ALERT_RECORDING_STARTED, 1));
  write_beside("knobs.txt", "hang 7\n");
  assert_true(stop(r) < 5000);
  assert_int_equal(journal_entries(), 1); /* the promise is kept for the next life */
  write_beside("knobs.txt", "");
  fake_world_remove(&r->world, 4242);
  start(r);
  assert_non_null(poll_until(r, SEEP_ALERT_LEFTOVER_UNDONE, 1));
  (void)stop(r);
  assert_int_equal(journal_entries(), 0);
  assert_int_equal(files_in_temporary(), 0);
}

static void a_missing_recorder_is_said_and_watching_goes_on(void **state)
{
  rig *r = *state;
  const char *real = recorder_path;
  recorder_path = FOLDER "/no-such-recorder.exe";
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  start(r);
  recorder_path = real;
  assert_non_null(poll_until(r, SEEP_ALERT_RECORDING_FAILED, 1));
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_STATUS);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_HEARTBEAT, 1, PATIENCE_MS));
  (void)stop(r);
  assert_int_equal(journal_entries(), 0);
}

static void a_recorder_that_fails_at_any_call_leaves_nothing(void **state)
{
  rig *r = *state;
  for (unsigned fail = 1; fail <= 3; fail++) {
    char knobs[32];
    remove_tree(FOLDER);
    write_beside("seepwatch.json", settings_text);
    snprintf(knobs, sizeof knobs, "fail %u\n", fail);
    write_beside("knobs.txt", knobs);
    r->sink.count = 0;
    fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
    start(r);
    assert_non_null(poll_until(r, fail < 3 ? SEEP_ALERT_RECORDING_FAILED : SEEP_ALERT_RECORDING_SAVED, 1));
    (void)stop(r);
    fake_world_remove(&r->world, 4242);
    assert_int_equal(journal_entries(), 0);
    assert_int_equal(files_in_temporary(), 0);
  }
}

static void an_event_2004_is_told_and_its_bookmark_survives(void **state)
{
  static const char xml[] =
      "<Event><System><Provider "
      "Name='Microsoft-Windows-Resource-Exhaustion-Detector'/><EventID>2004</EventID>"
      "<EventRecordID>12</EventRecordID></System><UserData><MemoryExhaustionInfo/></UserData></Event>";
  rig *r = *state;
  start(r);
  assert_string_equal(r->feed.bookmark, "");
  r->feed.sink->state(r->feed.sink->context, true, NULL);
  r->feed.sink->event(r->feed.sink->context, xml, sizeof xml - 1, "<BookmarkList/>", 15);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_EXHAUSTION, 1, PATIENCE_MS));
  (void)stop(r);
  start(r);
  (void)stop(r);
  assert_string_equal(r->feed.bookmark, "<BookmarkList/>");
}

/* A night's backlog, all at once, as the feed gives it out: what is not taken is offered again. */
static void a_burst_of_events_is_told_to_the_last(void **state)
{
  rig *r = *state;
  start(r);
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
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_EXHAUSTION, 81, PATIENCE_MS));
  (void)stop(r);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_EXHAUSTION), 81);
}

static void a_broken_configuration_is_said_and_recording_is_off(void **state)
{
  rig *r = *state;
  write_beside("seepwatch.json", "{\n \"poll\": {\n  \"interval_s\": \"soon\"\n }\n}\n");
  start(r);
  const seep_alert *alert = fake_sink_wait(&r->sink, SEEP_ALERT_SETTINGS_REFUSED, 1, PATIENCE_MS);
  assert_non_null(alert);
  assert_string_equal(alert->inserts[1], "3");
  assert_string_equal(alert->inserts[2], "poll.interval_s");
  write_beside("seepwatch.json", settings_text);
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_RELOAD);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_SETTINGS_LOADED, 1, PATIENCE_MS));
  write_beside("seepwatch.json", "[]");
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_RELOAD);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_SETTINGS_REFUSED, 2, PATIENCE_MS));
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  assert_non_null(poll_until(r, SEEP_ALERT_RECORDING_STARTED, 1)); /* the good one stayed in force */
}

static void a_damaged_database_is_set_aside(void **state)
{
  rig *r = *state;
  write_beside("seepwatch.db",
               "this is not a database, however long one looks at it; it has more than a header's "
               "length of text in it, so that it is read as a damaged file");
  start(r);
  const seep_alert *alert = fake_sink_wait(&r->sink, SEEP_ALERT_STORAGE_DEGRADED, 1, PATIENCE_MS);
  assert_non_null(alert);
  assert_non_null(strstr(alert->inserts[1], "damaged"));
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_STORAGE_RECOVERED, 1, PATIENCE_MS));
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  assert_non_null(poll_until(r, SEEP_ALERT_RECORDING_SAVED, 1));
}

static void without_a_store_it_watches_and_does_not_record(void **state)
{
  rig *r = *state;
  assert_int_equal(seep_files_make_folder(FOLDER "/seepwatch.db", NULL),
                   SEEP_OK); /* a folder is in the way */
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  start(r);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_STORAGE_DEGRADED, 1, PATIENCE_MS));
  assert_non_null(poll_until(r, SEEP_ALERT_LEAK_FOUND, 1));
  assert_non_null(poll_until(r, SEEP_ALERT_RECORDING_REFUSED, 1));
  (void)stop(r);
  assert_int_equal(calls_of("-"), 0);
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
      start(r);
      for (int i = 0; i < 10; i++) {
        seep_watchdog_post(r->watchdog, SEEP_CONTROL_POLL_NOW);
        (void)fake_sink_wait(&r->sink, 9999, 1, 5);
      }
      assert_true(stop(r) < 5000);
      assert_true(r->world.fetch_fault.calls > 0);
    }
  }
  memset(&r->world.fetch_fault, 0, sizeof r->world.fetch_fault);
}

#define watchdog_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      watchdog_test(starts_and_stops),
      watchdog_test(a_leak_is_recorded_and_saved),
      watchdog_test(a_calm_server_is_not_recorded),
      watchdog_test(stops_within_five_seconds_in_the_middle_of_a_recording),
      watchdog_test(a_recorder_that_hangs_in_the_stop_is_left_to_the_next_start),
      watchdog_test(a_missing_recorder_is_said_and_watching_goes_on),
      watchdog_test(a_recorder_that_fails_at_any_call_leaves_nothing),
      watchdog_test(an_event_2004_is_told_and_its_bookmark_survives),
      watchdog_test(a_burst_of_events_is_told_to_the_last),
      watchdog_test(a_broken_configuration_is_said_and_recording_is_off),
      watchdog_test(a_damaged_database_is_set_aside),
      watchdog_test(without_a_store_it_watches_and_does_not_record),
      watchdog_test(survives_each_port_failing),
  };
  if (argc < 2) {
    fprintf(stderr, "usage: test_watch_watchdog PATH-OF-FAKE-RECORDER\n");
    return 2;
  }
  recorder_path = argv[1];
  return cmocka_run_group_tests(tests, NULL, NULL);
}
