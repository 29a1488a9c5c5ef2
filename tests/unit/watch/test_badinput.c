/*
 * What goes wrong on real servers, against the whole watchdog: bad configurations, every exit code of the
 * recorder's table at its start and at its save, a process that is gone before its recording begins, a data
 * folder that must not be used. Each is said, the watchdog stays up, and nothing is left behind.
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

typedef struct bad_settings {
  const char *text;
  const char *line, *key; /* as event 103 says them */
} bad_settings;

static void each_bad_configuration_is_said_with_its_place(void **state)
{
  static const bad_settings cases[] = {
      {"", "0", "-"},
      {"poll every now and then", "1", "-"},
      {"[1, 2]", "1", "-"},
      {"{\n\"poll\": {\n\"interval_s\": \"soon\"}}", "3", "poll.interval_s"},
      {"{\n\n\"pol\": {}}", "3", "pol"},
      {"{\"detector\": {\n\"minimum_slope_bytes_per_hour\": 0}}", "2",
       "detector.minimum_slope_bytes_per_hour"},
      {"{\"capture\": true}", "1", "capture"},
  };
  rig *r = *state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    rig_write("seepwatch.json", cases[i].text);
    r->sink.count = 0;
    rig_start(r);
    const seep_alert *alert = fake_sink_wait(&r->sink, SEEP_ALERT_SETTINGS_REFUSED, 1, RIG_PATIENCE_MS);
    assert_non_null(alert);
    assert_string_equal(alert->inserts[1], cases[i].line);
    assert_string_equal(alert->inserts[2], cases[i].key);
    assert_non_null(strstr(alert->inserts[4], "recording off"));
    seep_watchdog_post(r->watchdog, SEEP_CONTROL_STATUS);
    assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_HEARTBEAT, 1, RIG_PATIENCE_MS)); /* it is up */
    (void)rig_stop(r);
  }
}

static void a_missing_configuration_is_the_defaults(void **state)
{
  rig *r = *state;
  rig_remove("seepwatch.json");
  rig_start(r);
  const seep_alert *alert = fake_sink_wait(&r->sink, SEEP_ALERT_SETTINGS_LOADED, 1, RIG_PATIENCE_MS);
  assert_non_null(alert);
  assert_non_null(strstr(alert->inserts[0], "not there"));
  assert_non_null(strstr(alert->inserts[1], "poll 30 s"));
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_SETTINGS_REFUSED), 0);
}

/* Every code of the recorder's table that is not a success (reference: wpr-and-ifeo, section 6). */
static const uint32_t codes[] = {0xC5583000, 0xC5583001, 0xC5583014, 0xC5583017, 0xC558300C,
                                 0xC5580601, 0xC5580612, 0xC5585011, 0xC5600602, 0x800705AA,
                                 0x80070008, 0x800700B7, 0x80071069, 0x80010106, 0x80070522,
                                 0x80070070, 0x80070032, 0x800705B4, 0x80070005};

/* The recording has failed (302), or was put off for what may pass (303), whichever comes. */
static const seep_alert *poll_until_it_ends(rig *r)
{
  for (unsigned waited_ms = 0; waited_ms < RIG_PATIENCE_MS; waited_ms += 2) {
    for (uint32_t id = SEEP_ALERT_RECORDING_FAILED; id <= SEEP_ALERT_RECORDING_REFUSED; id++) {
      if (fake_sink_count_of(&r->sink, id) > 0) {
        return fake_sink_wait(&r->sink, id, 1, 0);
      }
    }
    seep_watchdog_post(r->watchdog, SEEP_CONTROL_POLL_NOW);
    uv_sleep(2);
  }
  return NULL;
}

/* As the rig's, but called after a quarter of the looks: there are many of these. */
static const char quick_settings[] =
    "{\"poll\":{\"interval_s\":1,\"urgent_interval_s\":1},"
    "\"detector\":{\"bucket_s\":1,\"observation_s\":16,\"minimum_slope_bytes_per_hour\":1048576,"
    "\"minimum_growth_bytes\":8388608},"
    "\"capture\":{\"maximum_s\":20,\"minimum_free_bytes\":0,\"cool_down_s\":0,\"recordings_per_day\":0,"
    "\"stop_patience_s\":0}}";

/* One leak, one recording that goes wrong; returns the alert that ends it. */
static const seep_alert *recording_with(rig *r, const char *knob, uint32_t code)
{
  char text[64];
  rig_empty_folder();
  rig_write("seepwatch.json", quick_settings);
  snprintf(text, sizeof text, "%s %lu\n", knob, (unsigned long)code);
  rig_write("knobs.txt", text);
  r->sink.count = 0;
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  rig_start(r);
  if (strcmp(knob, "stop_exit") == 0) {
    assert_non_null(rig_hurry_until(r, SEEP_ALERT_RECORDING_STARTED, 1));
    seep_watchdog_post(r->watchdog, SEEP_CONTROL_SAVE_NOW);
  }
  const seep_alert *alert = poll_until_it_ends(r);
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_STATUS);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_HEARTBEAT, 1, RIG_PATIENCE_MS)); /* it is up */
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_LEAK_FOUND), 1);
  (void)rig_stop(r);
  fake_world_remove(&r->world, 4242);
  return alert;
}

static void each_code_of_the_recorder_is_said_and_leaves_nothing(void **state)
{
#ifdef _WIN32
  rig *r = *state;
  for (size_t i = 0; i < 2 * sizeof codes / sizeof codes[0]; i++) {
    char code[16];
    const seep_alert *alert = recording_with(r, i % 2 == 0 ? "start_exit" : "stop_exit", codes[i / 2]);
    snprintf(code, sizeof code, "0x%08X", (unsigned)codes[i / 2]);
    assert_non_null(alert);
    assert_true(strlen(seep_alert_insert(alert, "meaning")) > 10); /* in words */
    if (alert->id == SEEP_ALERT_RECORDING_FAILED) {
      assert_string_equal(alert->inserts[3], code);
    } else { /* what is recorded already cannot be put off */
      assert_int_equal(i % 2, 0);
    }
    assert_int_equal(rig_journal_entries(), 0);
    assert_true(rig_temporary_is_empty());
  }
#else
  (void)codes;
  (void)recording_with;
  (void)state;
  print_message(
      "skipped: exit codes of a child process have 8 bits on this system; the Windows build runs this\n");
  skip();
#endif
}

static void a_process_gone_before_its_recording_begins_is_let_go(void **state)
{
  rig *r = *state;
  rig_write("knobs.txt", "hang 2\n");
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  rig_start(r);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_LEAK_FOUND, 1));
  fake_world_remove(&r->world, 4242);
  assert_non_null(rig_poll_until(r, SEEP_ALERT_RECORDING_REFUSED, 1));
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_RECORDING_STARTED), 0);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_LEAK_OVER), 1);
  (void)rig_stop(r);
  assert_int_equal(rig_calls_of("-cancel"), 1);
  assert_int_equal(rig_journal_entries(), 0);
  assert_true(rig_temporary_is_empty());
}

static void a_process_gone_during_its_recording_is_saved(void **state)
{
  rig *r = *state;
  rig_begin_recording(r);
  fake_world_remove(&r->world, 4242);
  assert_non_null(rig_poll_until(r, SEEP_ALERT_RECORDING_SAVED, 1));
}

static void a_folder_that_must_not_be_used_is_left_alone(void **state)
{
  static const seep_error planted = {SEEP_DENIED, SEEP_DOMAIN_NONE, 0, "data folder",
                                     "belongs to somebody else"};
  rig *r = *state;
  r->folder_error = &planted;
  fake_world_add(&r->world, 4242, "leaky.exe", 100 * MB, 2 * (int64_t)MB);
  rig_start(r);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_SETTINGS_REFUSED, 1, RIG_PATIENCE_MS));
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_STORAGE_DEGRADED, 1, RIG_PATIENCE_MS));
  rig_look(r, 100);
  (void)rig_stop(r);
  assert_int_equal(rig_calls_of("-"), 0);
  assert_int_equal(seep_files_size(rig_path("seepwatch.db")), 0);
}

#define badinput_test(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      badinput_test(each_bad_configuration_is_said_with_its_place),
      badinput_test(a_missing_configuration_is_the_defaults),
      badinput_test(each_code_of_the_recorder_is_said_and_leaves_nothing),
      badinput_test(a_process_gone_before_its_recording_begins_is_let_go),
      badinput_test(a_process_gone_during_its_recording_is_saved),
      badinput_test(a_folder_that_must_not_be_used_is_left_alone),
  };
  if (argc < 2) {
    fprintf(stderr, "usage: test_watch_badinput PATH-OF-FAKE-RECORDER\n");
    return 2;
  }
  rig_prepare("badinput-test", argv[1]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
