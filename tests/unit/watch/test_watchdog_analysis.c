/*
 * Finished recordings are read by a real child process (the fake recorder plays our own verb): what it says
 * is told, kept and put beside the recording; one that fails, hangs or is ended does no harm and is not tried
 * again unless it was us who ended it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "rig.h"

#define SOON_MS 10000
#define QUICK "\"compress\":true,\"maximum_s\":20,\"stop_patience_s\":0"

static seep_store_answer answer_of(int64_t capture_id, seep_status expected)
{
  seep_store_answer answer = {0};
  seep_store *store = NULL;
  assert_int_equal(seep_store_open_readonly(rig_path("seepwatch.db"), &store, NULL), SEEP_OK);
  assert_int_equal(seep_store_answer_get(store, capture_id, &answer, NULL), expected);
  seep_store_close(store);
  return answer;
}

/* Records leaky.exe and waits for what is said of the recording. */
static const seep_alert *record_and_read(rig *r, uint32_t id)
{
  r->reads = true;
  assert_non_null(rig_record(r, SEEP_ALERT_RECORDING_SAVED));
  return fake_sink_wait(&r->sink, id, 1, SOON_MS);
}

static void a_culprit_is_told_kept_and_put_beside(void **state)
{
  rig *r = *state;
  const seep_alert *alert = record_and_read(r, SEEP_ALERT_CULPRIT);
  assert_non_null(alert);
  assert_string_equal(rig_insert(alert, "image"), "leaky.exe");
  assert_string_equal(rig_insert(alert, "pid"), "4242");
  assert_string_equal(rig_insert(alert, "module"), "Contoso.dll");
  assert_string_equal(rig_insert(alert, "function or offset"), "Keep+0x12");
  assert_string_equal(rig_insert(alert, "company"), "Contoso");
  assert_string_equal(rig_insert(alert, "file version"), "1.2.3.4");
  assert_string_equal(rig_insert(alert, "bytes"), "1.00 MB (1048576 bytes)");
  assert_string_equal(rig_insert(alert, "share"), "88 percent");
  assert_string_equal(rig_insert(alert, "signature"), "0123456789abcdef");
  assert_string_equal(rig_insert(alert, "remark"), "uncertain: short; spread");
  rig_stop(r);
  seep_store_answer answer = answer_of(1, SEEP_OK);
  assert_int_equal(answer.state, SEEP_STORE_ANSWER_MADE);
  assert_true(answer.told.bytes == 1048576 && answer.told.allocations == 7 && answer.made.ms > 0);
  assert_string_equal(answer.told.culprit, "Contoso.dll");
  assert_string_equal(answer.told.verdict, "Contoso.dll has not given back 1 MB");
  assert_int_equal(rig_count_files("captures", "-leaky.exe-4242-virtualalloc.answer.json"), 1);
  assert_int_equal(rig_count_files("captures", "-leaky.exe-4242-virtualalloc.html"), 1);
  assert_true(rig_temporary_is_empty());
  assert_int_equal(rig_calls_of("report "), 1);
  assert_int_equal(rig_calls_with(" --pid 4242 --background --memory-bytes 268435456 --answer "), 1);
  assert_int_equal(rig_calls_with(".html --db "), 1);
}

/* Of a reader that was ended while the system would not let it remove them. */
static void what_an_ended_reader_has_left_goes(void **state)
{
  rig *r = *state;
  assert_non_null(rig_record(r, SEEP_ALERT_RECORDING_SAVED));
  rig_stop(r);
  rig_write("captures/temporary/seepwatch-trace-a1b2c3", "unpacked");
  rig_write("captures/temporary/reading.html", "half");
  r->reads = true;
  rig_start(r);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_CULPRIT, 1, SOON_MS));
  rig_stop(r);
  assert_true(rig_temporary_is_empty());
}

static void nobody_is_told_as_such(void **state)
{
  rig *r = *state;
  rig_write("knobs.txt", "read_nobody 1\n");
  const seep_alert *alert = record_and_read(r, SEEP_ALERT_NO_CULPRIT);
  assert_non_null(alert);
  assert_string_equal(rig_insert(alert, "reason"), "nothing was allocated and kept while the recording ran");
  assert_string_equal(rig_insert(alert, "finding"), "Nothing is left.");
  rig_stop(r);
  assert_int_equal(answer_of(1, SEEP_OK).state, SEEP_STORE_ANSWER_MADE);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_CULPRIT), 0);
}

static void one_that_cannot_be_read_is_tried_once(void **state)
{
  rig *r = *state;
  rig_write("knobs.txt", "read_exit 4\n");
  const seep_alert *alert = record_and_read(r, SEEP_ALERT_NO_CULPRIT);
  assert_non_null(alert);
  assert_string_equal(rig_insert(alert, "reason"), "it could not be read: not a trace\xEF\xBF\xBD[2J");
  rig_stop(r);
  assert_int_equal(answer_of(1, SEEP_OK).state, SEEP_STORE_ANSWER_FAILED);
  assert_int_equal(rig_count_files("captures", ".answer.json"), 0);
  assert_int_equal(rig_count_files("captures", ".etl.gz"), 1); /* the recording itself is as good as before */
  rig_start(r);
  rig_look(r, 3);
  uv_sleep(1500); /* it would be read within a second */
  rig_stop(r);
  assert_int_equal(rig_calls_of("report "), 1);
}

static void one_that_ends_without_a_word_is_told_by_its_code(void **state)
{
  rig *r = *state;
  rig_write("knobs.txt", "read_exit 77\nread_mute 1\n");
  const seep_alert *alert = record_and_read(r, SEEP_ALERT_NO_CULPRIT);
  assert_non_null(alert);
  assert_string_equal(rig_insert(alert, "reason"), "its reader ended without a word, with code 0x0000004D");
  rig_stop(r);
}

/* Also where nothing is read any more, and when no recording is there. */
static void what_readers_have_left_goes_with_the_next_start(void **state)
{
  rig *r = *state;
  rig_start(r);
  rig_stop(r);
  rig_write("captures/temporary/reading.html.part1", "half");
  rig_write("captures/temporary/reading.json.part9", "half");
  rig_write("captures/temporary/seepwatch-trace-a1b2c3", "unpacked");
  r->undo_only = true;
  rig_start(r);
  (void)rig_wait(r);
  assert_true(rig_temporary_is_empty());
}

static void add_row(const char *path, int64_t started_ms)
{
  static seep_store_capture row;
  seep_store *store = NULL;
  memset(&row, 0, sizeof row);
  snprintf(row.path, sizeof row.path, "%s", path);
  row.started.ms = started_ms;
  row.readable = true;
  assert_int_equal(seep_store_open(rig_path("seepwatch.db"), (seep_wall){1}, NULL, &store, NULL, NULL),
                   SEEP_OK);
  assert_int_equal(seep_store_capture_add(store, &row, NULL), SEEP_OK);
  seep_store_close(store);
}

/* Nobody is told of them, and they are not looked for again. */
static void recordings_that_are_elsewhere_or_gone_are_passed_over(void **state)
{
  rig *r = *state;
  rig_start(r);
  rig_stop(r);
  rig_write("elsewhere.etl", "a trace of another server");
  add_row(rig_path("captures/gone.etl.gz"), r->world.wall_ms);
  add_row(rig_path("elsewhere.etl"), r->world.wall_ms);
  add_row("captures/../elsewhere.etl", r->world.wall_ms);
  r->reads = true;
  rig_start(r);
  uv_sleep(4500); /* one each second */
  rig_stop(r);
  assert_int_equal(rig_calls_of("report "), 0);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_NO_CULPRIT), 0);
  assert_string_equal(answer_of(1, SEEP_OK).told.why, "its file is not there any more");
  assert_string_equal(answer_of(2, SEEP_OK).told.why,
                      "its file is not where this service keeps its recordings");
  assert_int_equal(answer_of(3, SEEP_OK).state, SEEP_STORE_ANSWER_FAILED);
}

/* After an upgrade there may be hundreds. */
static void old_ones_are_read_one_now_and_the_next_much_later(void **state)
{
  rig *r = *state;
  rig_start(r);
  rig_stop(r);
  rig_write("captures/old.etl.gz", "one");
  rig_write("captures/newer.etl.gz", "two");
  add_row(rig_path("captures/old.etl.gz"), r->world.wall_ms);
  add_row(rig_path("captures/newer.etl.gz"), r->world.wall_ms);
  r->reads = true;
  rig_start(r);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_CULPRIT, 1, SOON_MS));
  uv_sleep(2500);
  rig_stop(r);
  assert_int_equal(rig_calls_of("report "), 1);
  (void)answer_of(1, SEEP_NOT_FOUND);
  assert_true(rig_is_there("captures/newer.answer.json"));
}

static void wait_for_readers(unsigned count)
{
  for (unsigned waited_ms = 0; rig_calls_of("report ") < count && waited_ms < SOON_MS; waited_ms += 20) {
    uv_sleep(20);
  }
  assert_int_equal(rig_calls_of("report "), count);
}

/* Room was made meanwhile: nothing lies about that nobody would ever remove. */
static void beside_a_recording_that_has_gone_nothing_is_put(void **state)
{
  rig *r = *state;
  rig_start(r);
  rig_stop(r);
  rig_write("knobs.txt", "read_hang 2\n");
  rig_write("captures/going.etl.gz", "one");
  add_row(rig_path("captures/going.etl.gz"), r->world.wall_ms);
  r->reads = true;
  rig_start(r);
  wait_for_readers(1);
  rig_remove("captures/going.etl.gz");
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_CULPRIT, 1, SOON_MS));
  rig_stop(r);
  assert_int_equal(rig_count_files("captures", ".json"), 0);
  assert_int_equal(rig_count_files("captures", ".html"), 0);
  assert_true(rig_temporary_is_empty());
}

static void a_reload_that_does_not_want_it_ends_it(void **state)
{
  rig *r = *state;
  rig_write("knobs.txt", "read_hang 60\n");
  r->reads = true;
  assert_non_null(rig_record(r, SEEP_ALERT_RECORDING_SAVED));
  wait_for_readers(1);
  rig_configure_capture(QUICK "},\"analysis\":{\"enabled\":false");
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_RELOAD);
  uv_sleep(2500);
  (void)answer_of(1, SEEP_NOT_FOUND);
  rig_stop(r);
  assert_int_equal(fake_sink_count_of(&r->sink, SEEP_ALERT_NO_CULPRIT), 0);
}

/* What the next recording needs - memory, disk, the file that must make room - the reader lets go of. */
static void a_recording_that_begins_ends_it_and_it_is_read_after_that(void **state)
{
  rig *r = *state;
  rig_write("knobs.txt", "read_hang 60\n");
  r->reads = true;
  assert_non_null(rig_record(r, SEEP_ALERT_RECORDING_SAVED));
  wait_for_readers(1);
  fake_world_add(&r->world, 4243, "other.exe", 100 * MB, 2 * (int64_t)MB);
  assert_non_null(rig_hurry_until(r, SEEP_ALERT_RECORDING_STARTED, 2));
  uv_sleep(1500);
  (void)answer_of(1, SEEP_NOT_FOUND);
  rig_remove("knobs.txt");
  seep_watchdog_post(r->watchdog, SEEP_CONTROL_SAVE_NOW);
  /* Nothing about it is in the fake's trace; it is kept and read all the same. */
  const seep_alert *alert = fake_sink_wait(&r->sink, SEEP_ALERT_CULPRIT, 1, SOON_MS);
  assert_non_null(alert);
  assert_string_equal(rig_insert(alert, "image"), "other.exe"); /* the newest first */
  rig_stop(r);
}

static void rubbish_is_no_answer(void **state)
{
  rig *r = *state;
  rig_write("knobs.txt", "read_rubbish 1\n");
  const seep_alert *alert = record_and_read(r, SEEP_ALERT_NO_CULPRIT);
  assert_non_null(alert);
  assert_string_equal(rig_insert(alert, "reason"), "its reader has left no answer");
  rig_stop(r);
}

static void a_reader_that_takes_too_long_is_ended(void **state)
{
  rig *r = *state;
  rig_write("knobs.txt", "read_hang 60\n");
  rig_configure_capture(QUICK "},\"analysis\":{\"maximum_s\":5");
  const seep_alert *alert = record_and_read(r, SEEP_ALERT_NO_CULPRIT);
  assert_non_null(alert);
  assert_string_equal(rig_insert(alert, "reason"),
                      "reading it took longer than analysis.maximum_s and was given up");
  assert_in_range(rig_stop(r), 0, 4000);
  assert_int_equal(answer_of(1, SEEP_OK).state, SEEP_STORE_ANSWER_FAILED);
}

static void one_that_a_stop_interrupts_is_read_after_the_next_start(void **state)
{
  rig *r = *state;
  rig_write("knobs.txt", "read_hang 60\n");
  r->reads = true;
  assert_non_null(rig_record(r, SEEP_ALERT_RECORDING_SAVED));
  wait_for_readers(1);
  assert_in_range(rig_stop(r), 0, 4000);
  (void)answer_of(1, SEEP_NOT_FOUND);
  rig_remove("knobs.txt");
  rig_start(r);
  assert_non_null(fake_sink_wait(&r->sink, SEEP_ALERT_CULPRIT, 1, SOON_MS));
  rig_stop(r);
  assert_int_equal(rig_calls_of("report "), 2);
}

static void one_whose_reader_has_ended_the_service_is_not_read_again(void **state)
{
  rig *r = *state;
  const seep_store_answer begun = {.capture_id = 1, .state = SEEP_STORE_ANSWER_BEGUN};
  seep_store *store = NULL;
  assert_non_null(rig_record(r, SEEP_ALERT_RECORDING_SAVED)); /* nobody reads yet */
  rig_stop(r);
  (void)answer_of(1, SEEP_NOT_FOUND);
  assert_int_equal(seep_store_open(rig_path("seepwatch.db"), (seep_wall){0}, NULL, &store, NULL, NULL),
                   SEEP_OK);
  assert_int_equal(seep_store_answer_set(store, &begun, NULL), SEEP_OK);
  seep_store_close(store);
  r->reads = true;
  rig_start(r);
  rig_look(r, 3);
  uv_sleep(1500);
  rig_stop(r);
  assert_int_equal(rig_calls_of("report "), 0);
}

static void nothing_is_read_when_nobody_wants_it(void **state)
{
  rig *r = *state;
  rig_configure_capture(QUICK "},\"analysis\":{\"enabled\":false");
  r->reads = true;
  assert_non_null(rig_record(r, SEEP_ALERT_RECORDING_SAVED));
  uv_sleep(1500);
  rig_stop(r);
  assert_int_equal(rig_calls_of("report "), 0);
  (void)answer_of(1, SEEP_NOT_FOUND);
}

static void without_a_page_there_is_none(void **state)
{
  rig *r = *state;
  rig_configure_capture(QUICK "},\"analysis\":{\"page\":false");
  assert_non_null(record_and_read(r, SEEP_ALERT_CULPRIT));
  rig_stop(r);
  assert_int_equal(rig_calls_with("--html"), 0);
  assert_int_equal(rig_count_files("captures", ".html"), 0);
  assert_int_equal(rig_count_files("captures", ".answer.json"), 1);
}

/* With less than twice what the reader may take left for all, it is put off. */
static void nothing_is_read_while_commit_is_short(void **state)
{
  rig *r = *state;
  rig_configure_capture(QUICK
                        ",\"minimum_commit_bytes\":0},\"analysis\":{\"maximum_memory_bytes\":68719476736");
  r->reads = true;
  assert_non_null(rig_record(r, SEEP_ALERT_RECORDING_SAVED));
  uv_sleep(1500);
  rig_stop(r);
  assert_int_equal(rig_calls_of("report "), 0);
  (void)answer_of(1, SEEP_NOT_FOUND);
}

int main(int argc, char **argv)
{
  if (argc < 2) {
    fprintf(stderr, "usage: test_watch_watchdog_analysis PATH-OF-FAKE-RECORDER\n");
    return 2;
  }
  rig_prepare("watchdog-analysis-test", argv[1]);
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
  const struct CMUnitTest tests[] = {TEST(a_culprit_is_told_kept_and_put_beside),
                                     TEST(what_an_ended_reader_has_left_goes),
                                     TEST(nobody_is_told_as_such),
                                     TEST(one_that_cannot_be_read_is_tried_once),
                                     TEST(one_that_ends_without_a_word_is_told_by_its_code),
                                     TEST(what_readers_have_left_goes_with_the_next_start),
                                     TEST(recordings_that_are_elsewhere_or_gone_are_passed_over),
                                     TEST(old_ones_are_read_one_now_and_the_next_much_later),
                                     TEST(beside_a_recording_that_has_gone_nothing_is_put),
                                     TEST(a_reload_that_does_not_want_it_ends_it),
                                     TEST(a_recording_that_begins_ends_it_and_it_is_read_after_that),
                                     TEST(rubbish_is_no_answer),
                                     TEST(a_reader_that_takes_too_long_is_ended),
                                     TEST(one_that_a_stop_interrupts_is_read_after_the_next_start),
                                     TEST(one_whose_reader_has_ended_the_service_is_not_read_again),
                                     TEST(nothing_is_read_when_nobody_wants_it),
                                     TEST(without_a_page_there_is_none),
                                     TEST(nothing_is_read_while_commit_is_short)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
