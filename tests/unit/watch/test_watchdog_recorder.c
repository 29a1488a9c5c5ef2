/*
 * Recordings through the watchdog, with real files and a real child process: how finished ones are kept, what
 * the day's number and a stop do, and how wpr is called. Room among them: test_watchdog_shelf.c; what an
 * earlier life left: test_watchdog_recovery.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "base/text.h"
#include "rig.h"
#include "watch/files.h"

#define READ_MOST (1u << 24)

/* The one row, whose path and digest are those of the file that is there. */
static seep_store_capture row_of(const char *path)
{
  static seep_store_capture row;
  char digest[SEEP_SHA256_TEXT_SIZE];
  char *data = NULL;
  size_t size = 0;
  seep_sha256 sha;
  assert_int_equal(rig_captures(&row, 1), 1);
  assert_string_equal(row.path, path);
  assert_int_equal(seep_files_read(path, READ_MOST, &data, &size, NULL), SEEP_OK);
  assert_int_equal(row.bytes, size);
  seep_sha256_init(&sha);
  seep_sha256_add(&sha, data, size);
  free(data);
  if (row.sha256[0] != '\0') {
    assert_string_equal(row.sha256, seep_sha256_text(&sha, digest));
  }
  return row;
}

/* One file and its side-car, nothing half-written, nothing promised. */
static void is_tidy(const char *ending)
{
  assert_int_equal(rig_count_files("captures", ""), 2);
  assert_int_equal(rig_count_files("captures", ending), 1);
  assert_int_equal(rig_count_files("captures", "-leaky.exe-4242-virtualalloc.json"), 1);
  assert_true(rig_temporary_is_empty());
  assert_int_equal(rig_journal_entries(), 0);
}

/* ---- how a trace is kept ---- */

static void a_trace_is_packed_with_its_row_and_side_car(void **state)
{
  rig *r = *state;
  char path[SEEP_ALERT_INSERT_SIZE];
  rig_configure_capture("\"recordings_per_day\":0");
  const seep_alert *saved = rig_record(r, SEEP_ALERT_RECORDING_SAVED);
  seep_text_copy(path, sizeof path, rig_insert(saved, "path"));
  assert_string_equal(rig_insert(saved, "lost"), "nothing");
  assert_non_null(strstr(rig_insert(saved, "events"), "1 of them about memory of the process"));
  (void)rig_stop(r);
  is_tidy("-leaky.exe-4242-virtualalloc.etl.gz");
  const seep_store_capture row = row_of(path);
  assert_string_equal(row.outcome, "saved");
  assert_int_equal(strlen(row.sha256), 64);
  assert_true(row.readable);
  assert_int_equal(row.target_events, 1);
  assert_true(row.events > row.target_events);
  assert_true(row.etl_bytes > row.bytes);
  assert_int_equal(row.removed.ms, 0);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_RECORDING_FAILED), 0);
}

static void or_left_as_it_is(void **state)
{
  rig *r = *state;
  char path[SEEP_ALERT_INSERT_SIZE];
  rig_configure_capture("\"compress\":false");
  seep_text_copy(path, sizeof path, rig_insert(rig_record(r, SEEP_ALERT_RECORDING_SAVED), "path"));
  (void)rig_stop(r);
  is_tidy("-leaky.exe-4242-virtualalloc.etl");
  const seep_store_capture row = row_of(path);
  assert_int_equal(strlen(row.sha256), 64);
  assert_int_equal(row.target_events, 1);
  assert_int_equal(row.etl_bytes, row.bytes);
}

/* It fails, for this reason, and is kept all the same. */
static seep_store_capture fails(rig *r, const char *knobs, const char *reason)
{
  char path[SEEP_ALERT_INSERT_SIZE];
  rig_write("knobs.txt", knobs);
  rig_configure_capture("\"recordings_per_day\":0");
  const seep_alert *failed = rig_record(r, SEEP_ALERT_RECORDING_FAILED);
  assert_non_null(strstr(rig_insert(failed, "reason"), reason));
  seep_text_copy(path, sizeof path, rig_insert(failed, "path"));
  (void)rig_stop(r);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_RECORDING_SAVED), 0);
  is_tidy(".etl.gz");
  const seep_store_capture row = row_of(path);
  assert_non_null(strstr(row.outcome, reason));
  assert_int_equal(strlen(row.sha256), 64);
  return row;
}

static void what_is_no_trace_is_told_and_kept(void **state)
{
  const seep_store_capture row = fails(*state, "unreadable 1\n", "cannot be read as a trace");
  assert_false(row.readable);
}

static void a_trace_with_nothing_of_the_process_is_told_and_kept(void **state)
{
  const seep_store_capture row = fails(*state, "empty 1\n", "nothing of the process is in the recording");
  assert_true(row.readable);
  assert_true(row.events > 0);
  assert_int_equal(row.target_events, 0);
}

static void lost_events_are_told(void **state)
{
  rig *r = *state;
  rig_write("knobs.txt", "lost 7\n");
  rig_configure_capture("\"recordings_per_day\":0");
  const seep_alert *saved = rig_record(r, SEEP_ALERT_RECORDING_SAVED);
  assert_memory_equal(rig_insert(saved, "lost"), "7 events", 8);
  char path[SEEP_ALERT_INSERT_SIZE];
  seep_text_copy(path, sizeof path, rig_insert(saved, "path"));
  (void)rig_stop(r);
  assert_int_equal(row_of(path).events_lost, 7);
}

/* ---- the day's number ---- */

static void leak_anew(rig *r, uint32_t pid, const char *image)
{
  fake_world_remove(&r->world, 4242);
  fake_world_add(&r->world, pid, image, 100 * MB, 2 * (int64_t)MB);
  rig_start(r);
}

static void the_days_number_outlives_the_service(void **state)
{
  rig *r = *state;
  rig_configure_capture("\"recordings_per_day\":1");
  (void)rig_record(r, SEEP_ALERT_RECORDING_SAVED);
  (void)rig_stop(r);
  leak_anew(r, 5000, "second.exe");
  const seep_alert *refused = rig_hurry_until(r, SEEP_ALERT_RECORDING_REFUSED, 1);
  assert_non_null(refused);
  assert_non_null(strstr(rig_insert(refused, "reason"), "as many recordings in a day as are allowed"));
  (void)rig_stop(r);
  assert_int_equal(rig_calls_of("-start"), 1);
  fake_world_remove(&r->world, 5000);
  fake_world_advance(&r->world, SEEP_MS_PER_DAY); /* and then it is another day */
  leak_anew(r, 5001, "third.exe");
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_RECORDING_STARTED, 2));
  (void)rig_stop(r);
}

/* ---- a stop ---- */

static void save_slowly(rig *r, const char *settings, const char *knobs)
{
  rig_configure_capture(settings);
  rig_write("knobs.txt", knobs);
  rig_begin_recording(r);
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_SAVE_NOW);
  for (unsigned waited_ms = 0; rig_calls_of("-stop") == 0 && waited_ms < RIG_PATIENCE_MS; waited_ms += 5) {
    uv_sleep(5);
  }
  assert_int_equal(rig_calls_of("-stop"), 1);
}

/* Nobody kills it: what it saves is set aside by the next start. */
static void without_patience_a_save_is_left_to_itself(void **state)
{
  rig *r = *state;
  save_slowly(r, "\"stop_patience_s\":0", "stop_hang 5\n");
  assert_true(rig_stop(r) < 5000);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_RECORDING_SAVED), 0);
  assert_int_equal(rig_journal_entries(), 1);
  for (unsigned waited_ms = 0;
       seep_files_folder_bytes(rig_path("captures/temporary")) < 10000 && waited_ms < RIG_PATIENCE_MS;
       waited_ms += 20) {
    uv_sleep(20);
  }
  uv_sleep(200); /* and to the end of it */
  fake_world_remove(&r->world, 4242);
  rig_start(r);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_LEFTOVER_UNDONE, 1));
  (void)rig_stop(r);
  assert_int_equal(rig_calls_of("-cancel"), 1);
  assert_int_equal(rig_count_files("captures", "-leaky.exe-4242-virtualalloc.partial.etl"), 1);
  assert_int_equal(rig_count_files("captures", ""), 1);
  assert_true(rig_temporary_is_empty());
  assert_int_equal(rig_journal_entries(), 0);
}

static void with_patience_it_is_waited_for(void **state)
{
  rig *r = *state;
  char path[SEEP_ALERT_INSERT_SIZE];
  save_slowly(r, "\"stop_patience_s\":20", "stop_hang 4\n");
  assert_int_equal(r->stopping, 0);
  unsigned took_ms = rig_stop(r);
  assert_true(took_ms > 3600 && took_ms < 10000);
  assert_true(r->stopping > 10);
  const seep_alert *saved = fake_sink_wait(&r->sink, SEEP_ALERT_RECORDING_SAVED, 1, 0);
  assert_non_null(saved);
  seep_text_copy(path, sizeof path, rig_insert(saved, "path"));
  (void)row_of(path);
  is_tidy(strrchr(path, '.'));
  assert_int_equal(rig_calls_of("-cancel"), 0);
}

static uv_sem_t keeping_began;

static void keep_slowly(bool on)
{
  if (on) {
    uv_sem_post(&keeping_began);
    uv_sleep(500);
  }
}

static void a_stop_while_it_is_packed_keeps_the_plain_one(void **state)
{
  rig *r = *state;
  assert_int_equal(uv_sem_init(&keeping_began, 0), 0);
  r->background = keep_slowly;
  rig_configure_capture("\"stop_patience_s\":0");
  rig_begin_recording(r);
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_SAVE_NOW);
  uv_sem_wait(&keeping_began);
  assert_true(rig_stop(r) < 3000);
  uv_sem_destroy(&keeping_began);
  const seep_alert *saved = fake_sink_wait(&r->sink, SEEP_ALERT_RECORDING_SAVED, 1, 0);
  assert_non_null(saved);
  assert_non_null(strstr(rig_insert(saved, "remark"), "was not looked through"));
  is_tidy(".etl");
  assert_int_equal(row_of(rig_insert(saved, "path")).readable, false);
}

static void a_stop_with_nothing_to_save_is_not_put_off(void **state)
{
  rig *r = *state;
  rig_configure_capture("\"stop_patience_s\":20");
  rig_begin_recording(r);
  assert_true(rig_stop(r) < 3000);
  assert_int_equal(rig_calls_of("-cancel"), 1);
  assert_int_equal(rig_calls_of("-stop"), 0);
  assert_int_equal(rig_count_files("captures", ""), 0);
}

/* ---- how wpr is called ---- */

static unsigned build, build_at_start; /* the latter at the first call, when it is not 0 */

static unsigned build_of(const char *path)
{
  unsigned told = build_at_start != 0 ? build_at_start : build;
  assert_non_null(path);
  build_at_start = 0;
  return told;
}

static void save_with(rig *r, unsigned which)
{
  build = which;
  r->recorder_build = build_of;
  rig_configure_capture("\"recordings_per_day\":0");
  (void)rig_record(r, SEEP_ALERT_RECORDING_SAVED);
  (void)rig_stop(r);
  assert_int_equal(rig_calls_of("-start"), 1);
  assert_int_equal(rig_calls_of("-stop"), 1);
  is_tidy(".etl.gz");
}

static void the_recorder_of_2016_gets_no_instance_name(void **state)
{
  save_with(*state, 14393);
  assert_int_equal(rig_calls_with("-instancename"), 0);
  assert_int_equal(rig_calls_with("-skipPdbGen"), 0);
}

static void the_one_of_2019_does_and_makes_symbol_files(void **state)
{
  save_with(*state, 17763);
  assert_int_equal(rig_calls_with(" -instancename Seepwatch"), 2);
  assert_int_equal(rig_calls_with("-skipPdbGen"), 0);
}

static void the_one_of_2025_is_told_not_to(void **state)
{
  save_with(*state, 26100);
  assert_int_equal(rig_calls_with(" -instancename Seepwatch"), 2);
  assert_int_equal(rig_calls_with("-skipPdbGen -instancename"), 1);
}

static void an_update_of_the_recorder_is_noticed(void **state)
{
  build_at_start = 14393;
  save_with(*state, 26100);
  assert_int_equal(rig_calls_with(" -instancename Seepwatch"), 2);
}

typedef struct guarding {
  unsigned taken, ended, left;
  bool refuses;
} guarding;

static void *take_group(void *context, unsigned process_id)
{
  guarding *g = context;
  assert_int_not_equal(process_id, 0);
  g->taken++;
  return g->refuses ? NULL : g;
}

static void end_group(void *context, void *group)
{
  guarding *g = context;
  assert_ptr_equal(group, g);
  g->ended++;
}

static void leave_group(void *context, void *group)
{
  guarding *g = context;
  assert_ptr_equal(group, g);
  g->left++;
}

static guarding guarded(rig *r, bool refuses)
{
  guarding g = {.refuses = refuses};
  r->child_guard =
      (seep_child_guard){.context = &g, .take = take_group, .end = end_group, .leave = leave_group};
  rig_configure_capture("\"recordings_per_day\":0");
  (void)rig_record(r, SEEP_ALERT_RECORDING_SAVED);
  (void)rig_stop(r);
  assert_int_equal(g.taken, rig_calls_of("-"));
  assert_int_equal(g.taken, 2);
  assert_int_equal(g.ended, 0);
  return g;
}

static void each_call_is_taken_into_a_group_and_let_go(void **state)
{
  assert_int_equal(guarded(*state, false).left, 2);
}

static void without_a_group_it_runs_all_the_same(void **state)
{
  assert_int_equal(guarded(*state, true).left, 0);
}

#define recorder_test(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      recorder_test(a_trace_is_packed_with_its_row_and_side_car),
      recorder_test(or_left_as_it_is),
      recorder_test(what_is_no_trace_is_told_and_kept),
      recorder_test(a_trace_with_nothing_of_the_process_is_told_and_kept),
      recorder_test(lost_events_are_told),
      recorder_test(the_days_number_outlives_the_service),
      recorder_test(without_patience_a_save_is_left_to_itself),
      recorder_test(with_patience_it_is_waited_for),
      recorder_test(a_stop_while_it_is_packed_keeps_the_plain_one),
      recorder_test(a_stop_with_nothing_to_save_is_not_put_off),
      recorder_test(the_recorder_of_2016_gets_no_instance_name),
      recorder_test(the_one_of_2019_does_and_makes_symbol_files),
      recorder_test(the_one_of_2025_is_told_not_to),
      recorder_test(an_update_of_the_recorder_is_noticed),
      recorder_test(each_call_is_taken_into_a_group_and_let_go),
      recorder_test(without_a_group_it_runs_all_the_same),
  };
  if (argc < 2) {
    fprintf(stderr, "usage: test_watch_watchdog_recorder PATH-OF-FAKE-RECORDER\n");
    return 2;
  }
  rig_prepare("watchdog-recorder-test", argv[1]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
