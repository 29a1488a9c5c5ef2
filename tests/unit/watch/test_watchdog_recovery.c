/*
 * What an earlier life of the watchdog left, found again by its journal: finished and half-saved traces,
 * recordings that may still run, tracing flags. Also the watchdog that only takes these back.
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
#include "capture/promise.h"
#include "fake_registry.h"
#include "rig.h"
#include "watch/files.h"

#define STEM "20261122T104000Z-leaky.exe-4242-virtualalloc"
#define RAW "captures/temporary/WPR_initiated_Seepwatch_WPR System Collector.etl"
#define A_YEAR_MS (365 * SEEP_MS_PER_DAY)

/* ---- what is left ---- */

static void promise_of(const rig *r, const char *instance, const char *file, int64_t age_ms)
{
  char text[SEEP_PROMISE_SIZE];
  seep_promise_recording promise = {.key = {4242, UINT64_C(133600000000004242)},
                                    .image = "leaky.exe",
                                    .kind = SEEP_PROFILE_VIRTUALALLOC,
                                    .requested = {r->world.wall_ms - age_ms}};
  seep_text_copy(promise.instance, sizeof promise.instance, instance);
  seep_text_copy(promise.file, sizeof promise.file, file);
  assert_true(seep_promise_write_recording(&promise, text, sizeof text));
  rig_journal_add(SEEP_PROMISE_RECORDING, text, promise.requested.ms);
}

static void promise_recording(const rig *r, const char *file, int64_t age_ms)
{
  promise_of(r, "Seepwatch", file, age_ms);
}

/* A flag that was set an hour ago where there was no key. */
static void promise_flag(const rig *r, const char *image, int64_t lasts_ms)
{
  char text[SEEP_PROMISE_SIZE];
  seep_promise_flag promise = {.key = {4242, UINT64_C(133600000000004242)}};
  promise.set.ms = r->world.wall_ms - SEEP_MS_PER_HOUR;
  promise.expires.ms = promise.set.ms + lasts_ms;
  seep_text_copy(promise.image, sizeof promise.image, image);
  assert_true(seep_promise_write_flag(&promise, text, sizeof text));
  rig_journal_add(SEEP_PROMISE_FLAG, text, promise.set.ms);
}

/* A whole trace under its plain name, as it lies there between its rename and its packing. */
static void leave_plain_trace(rig *r, char *name, size_t name_size)
{
  char beside[SEEP_ALERT_INSERT_SIZE];
  rig_configure_capture("\"compress\":false");
  const char *path = rig_insert(rig_record(r, SEEP_ALERT_RECORDING_SAVED), "path");
  seep_text_copy(name, name_size, strrchr(path, '/') + 1);
  (void)rig_stop(r);
  snprintf(beside, sizeof beside, "captures/%.*s.json", (int)(strlen(name) - 4), name);
  assert_true(rig_is_there(beside));
  rig_remove(beside);
  rig_remove("calls.txt");
  fake_world_remove(&r->world, 4242);
  r->sink.count = 0;
}

static void make_folders(void)
{
  assert_int_equal(seep_files_make_folder(rig_path("captures"), NULL), SEEP_OK);
  assert_int_equal(seep_files_make_folder(rig_path("captures/temporary"), NULL), SEEP_OK);
}

static void make_folder_with_file(const char *folder, const char *file)
{
  assert_int_equal(seep_files_make_folder(rig_path(folder), NULL), SEEP_OK);
  rig_write(file, "symbols");
}

static void look_a_few_times(rig *r)
{
  for (int i = 0; i < 10; i++) {
    seep_watchdog_post(r->watchdog, SEEP_CONTROL_POLL_NOW);
    uv_sleep(5);
  }
}

/* File or folder. */
static bool has_entry(const char *name)
{
  uv_fs_t request;
  int code = uv_fs_lstat(NULL, &request, rig_path(name), NULL);
  uv_fs_req_cleanup(&request);
  return code == 0;
}

/* ---- recordings ---- */

static void a_trace_whose_keeping_was_cut_off_is_kept(void **state)
{
  static seep_store_capture rows[2];
  rig *r = *state;
  char name[200], packed[240];
  leave_plain_trace(r, name, sizeof name);
  promise_recording(r, name, SEEP_MS_PER_MINUTE);
  rig_configure_capture("\"compress\":true");
  rig_start(r);
  const seep_alert *saved = rig_hurry_until(r, SEEP_ALERT_RECORDING_SAVED, 1);
  assert_non_null(saved);
  assert_string_equal(rig_insert(saved, "image"), "leaky.exe");
  assert_string_equal(rig_insert(saved, "ended because"), "an earlier run of the service recorded it");
  (void)rig_stop(r);
  snprintf(packed, sizeof packed, "captures/%s.gz", name);
  assert_true(rig_is_there(packed));
  assert_int_equal(rig_captures(rows, 2), 2);
  assert_string_equal(rows[1].path, rig_path(packed));
  assert_int_equal(rows[1].target_events, 1);
  assert_int_equal(rig_count_files("captures", ".json"), 1);
  assert_int_equal(rig_count_files("captures", ""), 2);
  assert_int_equal(rig_journal_entries(), 0);
  assert_int_equal(rig_calls_of("-"), 0); /* nothing runs */
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_LEFTOVER_UNDONE), 0);
}

/* Cut off after its packing: the plain file is gone already. */
static void a_packed_trace_that_nobody_was_told_of_is_told(void **state)
{
  rig *r = *state;
  char name[200];
  rig_configure_capture("\"recordings_per_day\":0");
  const char *path = rig_insert(rig_record(r, SEEP_ALERT_RECORDING_SAVED), "path");
  seep_text_copy(name, sizeof name, strrchr(path, '/') + 1);
  (void)rig_stop(r);
  name[strlen(name) - strlen(".gz")] = '\0';
  rig_remove("calls.txt");
  fake_world_remove(&r->world, 4242);
  promise_recording(r, name, SEEP_MS_PER_MINUTE);
  rig_start(r);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_RECORDING_SAVED, 2));
  (void)rig_stop(r);
  assert_int_equal(rig_captures(NULL, 0), 2);
  assert_int_equal(rig_count_files("captures", ".etl.gz"), 1);
  assert_int_equal(rig_count_files("captures", ""), 2);
  assert_int_equal(rig_journal_entries(), 0);
  assert_int_equal(rig_calls_of("-"), 0);
}

/* The entry is cancelled and told; nothing is saved. */
static void is_cancelled(rig *r, unsigned calls)
{
  rig_start(r);
  const seep_alert *undone = rig_hurry_until(r, SEEP_ALERT_LEFTOVER_UNDONE, 1);
  assert_non_null(undone);
  assert_string_equal(rig_insert(undone, "kind"), "recording");
  assert_string_equal(rig_insert(undone, "subject"), "Seepwatch");
  (void)rig_stop(r);
  assert_int_equal(rig_calls_of("-cancel -instancename Seepwatch"), calls);
  assert_int_equal(rig_calls_of("-"), calls);
  assert_int_equal(rig_journal_entries(), 0);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_RECORDING_SAVED), 0);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_LEFTOVER_UNDONE), 1);
}

/* Another recording's trace does not stand for it. */
static void without_its_trace_it_is_cancelled(void **state)
{
  rig *r = *state;
  char name[200], path[240];
  leave_plain_trace(r, name, sizeof name);
  promise_recording(r, STEM ".etl", SEEP_MS_PER_MINUTE);
  is_cancelled(r, 1);
  snprintf(path, sizeof path, "captures/%s", name);
  assert_true(rig_is_there(path));
  assert_int_equal(rig_count_files("captures", ""), 1);
}

static void an_entry_of_an_earlier_version_is_cancelled(void **state)
{
  rig *r = *state;
  rig_journal_add(SEEP_PROMISE_RECORDING, "Seepwatch", r->world.wall_ms - SEEP_MS_PER_MINUTE);
  is_cancelled(r, 1);
}

/* A clock may have been set; nobody else uses our name. */
static void after_a_restart_of_the_server_ours_is_asked_for(void **state)
{
  rig *r = *state;
  promise_recording(r, STEM ".etl", 20 * A_YEAR_MS);
  is_cancelled(r, 1);
}

static void but_not_what_everybody_may_have_begun(void **state)
{
  rig *r = *state;
  promise_of(r, "WprApp", STEM ".etl", 20 * A_YEAR_MS);
  rig_start(r);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_LEFTOVER_UNDONE, 1));
  (void)rig_stop(r);
  assert_int_equal(rig_calls_of("-"), 0);
  assert_int_equal(rig_journal_entries(), 0);
}

static void raw_files_without_an_entry_are_cancelled(void **state)
{
  rig *r = *state;
  make_folders();
  rig_write(RAW, "raw");
  is_cancelled(r, 1);
  assert_true(rig_temporary_is_empty());
}

static void without_anything_left_wpr_is_not_called(void **state)
{
  rig *r = *state;
  make_folders();
  rig_write("captures/" STEM ".etl", "a whole one");
  rig_write("captures/temporary/README.txt", "mine");
  rig_start(r);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_SERVICE_STARTED, 1));
  look_a_few_times(r);
  (void)rig_stop(r);
  assert_int_equal(rig_calls_of("-"), 0);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_LEFTOVER_UNDONE), 0);
  assert_true(rig_is_there("captures/" STEM ".etl"));
  assert_true(rig_is_there("captures/temporary/README.txt"));
}

/* What runs under our own name is ours, whatever the entry was to say. */
static void damaged_entries_end_what_is_ours_and_go(void **state)
{
  rig *r = *state;
  rig_journal_add(SEEP_PROMISE_RECORDING, "../../evil", r->world.wall_ms);
  rig_journal_add(SEEP_PROMISE_RECORDING, "1\tinstance=Seepwatch\tkind=", r->world.wall_ms);
  rig_journal_add(SEEP_PROMISE_FLAG, "1\tkey=7", r->world.wall_ms);
  rig_start(r);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_LEFTOVER_UNDONE, 3));
  (void)rig_stop(r);
  size_t recordings = 0, flags = 0;
  for (size_t i = 1; i <= 3; i++) {
    const seep_alert *undone = fake_sink_wait(&r->sink, SEEP_ALERT_LEFTOVER_UNDONE, i, 0);
    bool is_flag = strcmp(rig_insert(undone, "kind"), "tracing flag") == 0;
    bool is_dropped = strstr(rig_insert(undone, "what was done"), "was dropped") != NULL;
    flags += is_flag && is_dropped;
    recordings += !is_flag;
  }
  assert_int_equal(recordings, 2);
  assert_int_equal(flags, 1);
  assert_int_equal(rig_calls_of("-cancel -instancename Seepwatch"), 2);
  assert_int_equal(rig_calls_of("-"), 2);
  assert_int_equal(rig_journal_entries(), 0);
}

static void a_half_saved_trace_is_set_aside_and_the_rest_tidied_up(void **state)
{
  rig *r = *state;
  make_folders();
  rig_write("captures/temporary/" STEM ".etl", "half a trace");
  rig_write(RAW, "raw");
  rig_write("captures/temporary/Seepwatch.wprp", "<xml/>");
  rig_write("captures/temporary/keeping.gz.part", "half");
  rig_write("captures/temporary/sidecar.json.part", "half");
  make_folder_with_file("captures/temporary/" STEM ".etl.NGENPDB",
                        "captures/temporary/" STEM ".etl.NGENPDB/a.pdb");
  make_folder_with_file("captures/temporary/" STEM ".etl.NGENPDB/b",
                        "captures/temporary/" STEM ".etl.NGENPDB/b/b.pdb");
  make_folder_with_file("captures/temporary/" STEM ".etl.EmbeddedPdbs",
                        "captures/temporary/" STEM ".etl.EmbeddedPdbs/c.pdb");
  make_folder_with_file("captures/temporary/mine", "captures/temporary/mine/keep.pdb");
  rig_write("captures/other.etl", "a whole one");
  promise_recording(r, STEM ".etl", SEEP_MS_PER_MINUTE);
  is_cancelled(r, 1);
  assert_int_equal(seep_files_size(rig_path("captures/" STEM ".partial.etl")), strlen("half a trace"));
  assert_true(rig_is_there("captures/other.etl"));
  assert_int_equal(rig_count_files("captures", ""), 2);
  assert_true(rig_temporary_is_empty());
  assert_false(has_entry("captures/temporary/" STEM ".etl.NGENPDB"));
  assert_false(has_entry("captures/temporary/" STEM ".etl.EmbeddedPdbs"));
  assert_true(rig_is_there("captures/temporary/mine/keep.pdb"));
}

/* ---- tracing flags ---- */

static bool is_flagged(const fake_registry *registry)
{
  const seep_tracing_flag_state state = fake_registry_get(registry, "leaky.exe");
  return seep_tracing_flag_is_set(&state);
}

static void use_registry(rig *r, fake_registry *registry, bool flagged)
{
  fake_registry_init(registry);
  if (flagged) {
    fake_registry_put(registry, "leaky.exe", SEEP_TRACING_FLAG_NUMBER, 1, false);
  }
  r->flags = fake_registry_port(registry);
}

static void a_flag_stays_over_restarts_until_its_time_is_over(void **state)
{
  rig *r = *state;
  fake_registry registry;
  use_registry(r, &registry, true);
  promise_flag(r, "leaky.exe", SEEP_MS_PER_DAY);
  for (int life = 0; life < 2; life++) {
    rig_start(r);
    look_a_few_times(r);
    (void)rig_stop(r);
    assert_true(is_flagged(&registry));
    assert_int_equal(rig_journal_entries(), 1);
    assert_int_equal(registry.edits, 0);
    assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_FLAG_TAKEN_BACK), 0);
  }
  fake_world_advance(&r->world, SEEP_MS_PER_DAY);
  rig_start(r);
  const seep_alert *back = fake_sink_wait(&r->sink, SEEP_ALERT_FLAG_TAKEN_BACK, 1, RIG_PATIENCE_MS);
  assert_non_null(back);
  assert_non_null(strstr(rig_insert(back, "reason"), "nobody restarted the program"));
  (void)rig_stop(r);
  assert_false(fake_registry_get(&registry, "leaky.exe").key_exists);
  assert_int_equal(rig_journal_entries(), 0);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_FLAG_TAKEN_BACK), 1);
}

/* ---- only taking back ---- */

static void tells_nothing_of_a_service(rig *r)
{
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_SERVICE_STARTED), 0);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_SERVICE_STOPPED), 0);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_SETTINGS_LOADED), 0);
}

static seep_status undo(rig *r)
{
  uint64_t begin = uv_hrtime();
  r->undo_only = true;
  rig_start(r);
  seep_status status = rig_wait(r);
  assert_true(uv_hrtime() - begin < UINT64_C(5000000000));
  tells_nothing_of_a_service(r);
  return status;
}

static void undoing_takes_everything_back_and_ends(void **state)
{
  rig *r = *state;
  fake_registry registry;
  use_registry(r, &registry, true);
  promise_flag(r, "leaky.exe", SEEP_MS_PER_DAY);
  promise_recording(r, STEM ".etl", SEEP_MS_PER_MINUTE);
  make_folders();
  rig_write(RAW, "raw");
  assert_int_equal(undo(r), SEEP_OK);
  assert_false(fake_registry_get(&registry, "leaky.exe").key_exists);
  assert_int_equal(rig_journal_entries(), 0);
  assert_true(rig_temporary_is_empty());
  assert_int_equal(rig_calls_of("-cancel -instancename Seepwatch"), 1);
  assert_int_equal(rig_calls_of("-"), 1);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_LEFTOVER_UNDONE), 1);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_FLAG_TAKEN_BACK), 1);
  assert_int_equal(r->sink.count, 2);
  assert_int_equal(r->feed.start_fault.calls, 0);
}

static void undoing_nothing_is_well_too(void **state)
{
  rig *r = *state;
  fake_registry registry;
  use_registry(r, &registry, true); /* not ours: no entry */
  assert_int_equal(undo(r), SEEP_OK);
  assert_true(is_flagged(&registry));
  assert_int_equal(rig_calls_of("-"), 0);
  assert_int_equal(r->sink.count, 0);
}

/* It goes on trying for two minutes: told to stop before, it says what it has come to. */
static seep_status undo_until_stopped(rig *r)
{
  r->undo_only = true;
  rig_start(r);
  uv_sleep(1300);
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_STOP);
  seep_status status = rig_wait(r);
  tells_nothing_of_a_service(r);
  return status;
}

static void what_cannot_be_undone_is_said_and_stays_promised(void **state)
{
  rig *r = *state;
  fake_registry registry;
  use_registry(r, &registry, true);
  promise_flag(r, "leaky.exe", SEEP_MS_PER_DAY);
  registry.fault = (fake_fault){.fail_at = 1, .persistent = true};
  assert_int_equal(undo_until_stopped(r), SEEP_TIMED_OUT);
  assert_true(is_flagged(&registry));
  assert_int_equal(rig_journal_entries(), 1);
  const seep_alert *back = fake_sink_wait(&r->sink, SEEP_ALERT_FLAG_TAKEN_BACK, 1, 0);
  assert_non_null(back);
  assert_non_null(strstr(rig_insert(back, "result"), "did not let it be taken back"));
  memset(&registry.fault, 0, sizeof registry.fault);
  assert_int_equal(undo(r), SEEP_OK); /* later it can */
  assert_false(is_flagged(&registry));
  assert_int_equal(rig_journal_entries(), 0);
}

static void without_its_journal_nobody_says_that_all_is_undone(void **state)
{
  rig *r = *state;
  fake_registry registry;
  use_registry(r, &registry, true);
  assert_int_equal(seep_files_make_folder(rig_path("seepwatch.db"), NULL), SEEP_OK); /* in the way */
  assert_int_equal(undo_until_stopped(r), SEEP_TIMED_OUT);
}

static void nor_where_the_folder_cannot_be_trusted(void **state)
{
  rig *r = *state;
  fake_registry registry;
  seep_error why;
  seep_error_set(&why, SEEP_DENIED, SEEP_DOMAIN_NONE, 0, "check owner", "folder");
  use_registry(r, &registry, true);
  promise_flag(r, "leaky.exe", SEEP_MS_PER_DAY);
  r->folder_error = &why;
  assert_int_equal(undo_until_stopped(r), SEEP_TIMED_OUT);
  assert_int_equal(rig_journal_entries(), 1);
}

static void undoing_needs_no_configuration(void **state)
{
  rig *r = *state;
  fake_registry registry;
  use_registry(r, &registry, true);
  promise_flag(r, "leaky.exe", SEEP_MS_PER_DAY);
  promise_recording(r, STEM ".etl", SEEP_MS_PER_MINUTE);
  rig_write("seepwatch.json", "[");
  assert_int_equal(undo(r), SEEP_OK);
  assert_false(is_flagged(&registry));
  assert_int_equal(rig_journal_entries(), 0);
}

static void undoing_keeps_a_finished_trace(void **state)
{
  rig *r = *state;
  char name[200], packed[240];
  leave_plain_trace(r, name, sizeof name);
  promise_recording(r, name, SEEP_MS_PER_MINUTE);
  rig_configure_capture("\"compress\":true");
  assert_int_equal(undo(r), SEEP_OK);
  snprintf(packed, sizeof packed, "captures/%s.gz", name);
  assert_true(rig_is_there(packed));
  assert_int_equal(rig_journal_entries(), 0);
  assert_int_equal(rig_calls_of("-"), 0);
}
#define recovery_test(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      recovery_test(a_trace_whose_keeping_was_cut_off_is_kept),
      recovery_test(a_packed_trace_that_nobody_was_told_of_is_told),
      recovery_test(without_its_trace_it_is_cancelled),
      recovery_test(an_entry_of_an_earlier_version_is_cancelled),
      recovery_test(after_a_restart_of_the_server_ours_is_asked_for),
      recovery_test(but_not_what_everybody_may_have_begun),
      recovery_test(raw_files_without_an_entry_are_cancelled),
      recovery_test(without_anything_left_wpr_is_not_called),
      recovery_test(damaged_entries_end_what_is_ours_and_go),
      recovery_test(a_half_saved_trace_is_set_aside_and_the_rest_tidied_up),
      recovery_test(a_flag_stays_over_restarts_until_its_time_is_over),
      recovery_test(undoing_takes_everything_back_and_ends),
      recovery_test(undoing_nothing_is_well_too),
      recovery_test(what_cannot_be_undone_is_said_and_stays_promised),
      recovery_test(without_its_journal_nobody_says_that_all_is_undone),
      recovery_test(nor_where_the_folder_cannot_be_trusted),
      recovery_test(undoing_needs_no_configuration),
      recovery_test(undoing_keeps_a_finished_trace),
  };
  if (argc < 2) {
    fprintf(stderr, "usage: test_watch_watchdog_recovery PATH-OF-FAKE-RECORDER\n");
    return 2;
  }
  rig_prepare("watchdog-recovery-test", argv[1]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
