/*
 * The good way of the recorder, its refusals, interruptions, recovery and names: each transition with its
 * actions in their exact order, and its twin where the same event must do nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "recorder_bench.h"

/* ---- the good way ---- */

static void whole_way(void **state)
{
  (void)state;
  assert_idle(true);
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
  const seep_recorder_action *run = last();
  assert_string_equal(b.actions.items[0].instance, "Seepwatch");
  assert_int_equal(b.actions.items[0].journal_id, 0);
  assert_int_equal(run->deadline_ms, 60000);
  assert_string_equal(run->command.arguments[1], "C:\\captures\\working\\Seepwatch.wprp!SeepVirtualAlloc");
  assert_string_equal(run->command.arguments[4], "C:\\captures\\working");
  assert_string_equal(run->command.arguments[6], "Seepwatch");
  assert_idle(false);
  b.now.ms += 4000;
  assert_string_equal(exited(0), "STARTED");
  assert_int_equal(last()->target.case_id, 7);
  assert_string_equal(wait_ms(599999), "");
  assert_string_equal(wait_ms(1), "stop");
  assert_int_equal(last()->deadline_ms, 1800000);
  assert_string_equal(last()->command.arguments[1],
                      "C:\\captures\\working\\20261122T104444Z-leaky.exe-4242-virtualalloc.etl");
  b.now.ms += 90000; /* the merge does not count as recorded time */
  assert_string_equal(saved(12345), "KEEP DELETE REMOVE SAVED");
  assert_int_equal(last()->bytes, 12345);
  assert_int_equal(last()->duration_ms, 600000);
  assert_string_equal(b.recorder.output, "C:\\captures\\20261122T104444Z-leaky.exe-4242-virtualalloc.etl");
  assert_idle(true);
}

/* A heap is recorded where it is what grows, and where the administrator lets it be. */
static void what_is_recorded(void **state)
{
  (void)state;
  static const struct {
    bool heap;
    seep_memory_kind kind;
    const char *profile, *ending;
  } cases[] = {{true, SEEP_MEMORY_HEAP, "!SeepHeap", "-4242-heap.etl"},
               {false, SEEP_MEMORY_HEAP, "!SeepVirtualAlloc", "-4242-virtualalloc.etl"},
               {true, SEEP_MEMORY_PRIVATE_DATA, "!SeepVirtualAlloc", "-4242-virtualalloc.etl"},
               {true, SEEP_MEMORY_MIXED, "!SeepVirtualAlloc", "-4242-virtualalloc.etl"},
               {true, SEEP_MEMORY_MANAGED, "!SeepVirtualAlloc", "-4242-virtualalloc.etl"},
               {true, SEEP_MEMORY_UNDETERMINED, "!SeepVirtualAlloc", "-4242-virtualalloc.etl"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    set_up(NULL);
    b.settings.heap = cases[i].heap;
    b.request.target.memory_kind = cases[i].kind;
    assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
    assert_non_null(strstr(last()->command.arguments[1], cases[i].profile));
    assert_string_equal(exited(0), "STARTED");
    assert_int_equal(last()->recording == SEEP_PROFILE_HEAP, strcmp(cases[i].profile, "!SeepHeap") == 0);
    assert_false(last()->stepped_down);
    assert_non_null(strstr(b.recorder.output, cases[i].ending));
    assert_non_null(strstr(b.recorder.output_temporary, cases[i].ending));
  }
}

static void byte_limit(void **state)
{
  (void)state;
  start_recording();
  assert_string_equal(tick(1000, 2 * GIB - 1, 100 * GIB), "");
  assert_string_equal(tick(1000, 2 * GIB, 100 * GIB), "stop");
}

static const char *tick_with_commit(uint64_t commit_bytes)
{
  seep_recorder_event event = {
      .kind = SEEP_RECORDER_TICK, .free_bytes = 100 * GIB, .commit_bytes = commit_bytes};
  b.now.ms += 1000;
  seep_recorder_step(&b.recorder, &b.settings, b.now, &event, &b.actions);
  return b.actions.count == 0 ? "" : seep_wpr_verb_text(last()->verb);
}

/* Counted from the first figure after the start, however large the process was before. */
static void enough_growth(void **state)
{
  (void)state;
  const uint64_t enough = b.settings.enough_growth_bytes;
  start_recording();
  assert_string_equal(tick_with_commit(0), ""); /* not known yet: it is in no poll */
  assert_string_equal(tick_with_commit(50 * GIB), "");
  assert_string_equal(tick_with_commit(50 * GIB + enough - 1), "");
  assert_string_equal(tick_with_commit(49 * GIB), "");
  assert_string_equal(tick_with_commit(0), "");
  assert_string_equal(tick_with_commit(50 * GIB + enough), "-stop");
  saved(1000);
  /* The next recording counts anew. */
  next_program();
  start_recording();
  assert_string_equal(tick_with_commit(50 * GIB + enough), "");
  assert_string_equal(tick_with_commit(50 * GIB + 2 * enough), "-stop");
}

static void disk_floor(void **state)
{
  (void)state;
  start_recording();
  assert_string_equal(tick(1000, 1, 5 * GIB), "");
  assert_string_equal(tick(1000, 1, 5 * GIB - 1), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE FAILED");
  assert_int_equal(last()->exit_code, 0);
  assert_idle(true);
}

/* Beyond a limit and below the floor at once: saving would need the space that is missing. */
static void disk_floor_beats_limit(void **state)
{
  (void)state;
  start_recording();
  assert_string_equal(tick(700000, 3 * GIB, 1), "cancel");
}

static void disk_floor_between_stops(void **state)
{
  (void)state;
  start_saving();
  assert_string_equal(exited(BUSY_CODE), "");
  assert_string_equal(tick(1000, 1, 5 * GIB), "");
  assert_string_equal(tick(1000, 1, 5 * GIB - 1), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE FAILED");
}

static void target_dies(void **state)
{
  (void)state;
  start_recording();
  assert_string_equal(gone(4242, 1), ""); /* the same PID, another process */
  assert_string_equal(gone(1, 133000000), "");
  assert_string_equal(gone(4242, 133000000), "stop");
  assert_string_equal(gone(4242, 133000000), "");
  assert_string_equal(saved(1), "KEEP DELETE REMOVE SAVED");
}

static void target_dies_too_early(void **state)
{
  (void)state;
  request();
  assert_string_equal(gone(4242, 133000000), "");
  assert_string_equal(exited(0), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
  assert_string_equal(last()->reason, "the process ended before the recording began");
  /* It was not recorded, so its successor may be at once. */
  b.request.target.key.created++;
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
  /* That favour was for the dead process only. */
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "");
  assert_string_equal(exited(0), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
  assert_string_equal(request(), "REFUSED");
}

static void target_dies_before_retry(void **state)
{
  (void)state;
  request();
  assert_string_equal(exited(BUSY_CODE), "");
  assert_string_equal(gone(4242, 133000000), "cancel");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE ABANDONED");
}

/* ---- refusals ---- */

static void refusals(void **state)
{
  (void)state;
  const char *reasons[8];
  seep_recorder_event good = b.request;
  seep_recorder_settings settings = b.settings;
  b.settings.enabled = false;
  assert_string_equal(request(), "REFUSED");
  reasons[0] = last()->reason;
  b.settings = settings;
  seep_text_copy(b.settings.instance, sizeof b.settings.instance, "WprApp");
  assert_string_equal(request(), "REFUSED");
  reasons[1] = last()->reason;
  b.settings = settings;
  b.request.journal_ready = false;
  assert_string_equal(request(), "REFUSED");
  reasons[2] = last()->reason;
  b.request = good;
  b.request.free_bytes = 10 * GIB - 1;
  assert_string_equal(request(), "REFUSED");
  reasons[3] = last()->reason;
  b.request = good;
  b.request.folder_bytes = 20 * GIB;
  assert_string_equal(request(), "REFUSED");
  reasons[4] = last()->reason;
  b.request = good;
  start_saving();
  assert_string_equal(request(), "REFUSED");
  reasons[5] = last()->reason;
  saved(1);
  assert_string_equal(request(), "REFUSED");
  reasons[6] = last()->reason;
  plain(SEEP_RECORDER_SHUT_DOWN);
  assert_string_equal(request(), "REFUSED");
  reasons[7] = last()->reason;
  for (size_t i = 0; i < 8; i++) {
    for (size_t j = 0; j < i; j++) {
      assert_string_not_equal(reasons[i], reasons[j]);
    }
  }
  assert_string_equal(reasons[5], "another recording is under way");
}

/* A refused second request leaves the recording and its target alone. */
static void busy_refusal_changes_nothing(void **state)
{
  (void)state;
  start_recording();
  next_program();
  assert_string_equal(request(), "REFUSED");
  assert_string_equal(last()->target.image, "second.exe");
  assert_string_equal(b.recorder.target.image, "leaky.exe");
  assert_int_equal(b.recorder.state, SEEP_RECORDER_RECORDING);
}

static void cool_down(void **state)
{
  (void)state;
  start_saving();
  saved(1);
  seep_text_copy(b.request.target.image, sizeof b.request.target.image, "LEAKY.exe");
  b.now.ms += 3599999;
  assert_string_equal(request(), "REFUSED");
  b.now.ms += 1;
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
}

static void cool_down_is_per_program(void **state)
{
  (void)state;
  start_saving();
  saved(1);
  next_program();
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
}

/* The list is a ring: 64 programs are remembered, the one before them is forgotten, none is listed twice. */
static void cool_down_ring(void **state)
{
  (void)state;
  b.settings.cool_down_ms = 1000000000;
  for (unsigned i = 0; i <= SEEP_RECORDER_COOLED; i++) {
    snprintf(b.request.target.image, sizeof b.request.target.image, "p%u.exe", i);
    request();
    assert_string_equal(failed(SEEP_NOT_FOUND), "DELETE REMOVE FAILED");
  }
  seep_text_copy(b.request.target.image, sizeof b.request.target.image, "p1.exe");
  assert_string_equal(request(), "REFUSED");
  seep_text_copy(b.request.target.image, sizeof b.request.target.image, "p0.exe");
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
}
/* ---- interruptions ---- */

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
  assert_string_equal(recover("Seepwatch"), ""); /* left for the next start */
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
  assert_string_equal(saved(5), "KEEP DELETE REMOVE SAVED");
}

/* No time for another try at saving. */
static void shutdown_saving_busy(void **state)
{
  (void)state;
  start_saving();
  plain(SEEP_RECORDER_SHUT_DOWN);
  assert_string_equal(exited(BUSY_CODE), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE FAILED");
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

/* ---- recovery ---- */

static void recover_running(void **state)
{
  (void)state;
  assert_string_equal(recover("Old_one"), "cancel");
  assert_string_equal(last()->command.arguments[2], "Old_one");
  assert_idle(false);
  assert_string_equal(exited(0), "DELETE REMOVE UNDONE");
  assert_int_equal(b.actions.items[1].journal_id, 31);
  assert_string_equal(b.actions.items[0].instance, "Old_one");
  const char *running = last()->reason;
  assert_idle(true);
  recover("Old_one");
  assert_string_equal(exited(IDLE_CODE), "DELETE REMOVE UNDONE");
  assert_string_not_equal(last()->reason, running);
  start_recording(); /* nothing has cooled, and the journal entry is the new one */
  assert_string_equal(plain(SEEP_RECORDER_ABANDON), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE ABANDONED");
  assert_int_equal(b.actions.items[1].journal_id, 0);
}

static void recover_without_wpr(void **state)
{
  (void)state;
  recover("Seepwatch");
  assert_string_equal(failed(SEEP_NOT_FOUND), "DELETE REMOVE UNDONE");
  assert_idle(true);
}

static void recover_later(void **state)
{
  (void)state;
  b.settings.retries = 1;
  recover("Seepwatch");
  assert_string_equal(failed(SEEP_NO_MEMORY), "");
  assert_string_equal(wait_ms(5000), "cancel");
  assert_string_equal(exited(BUSY_CODE), "FAILED");
  assert_string_equal(request(), "REFUSED");
  assert_string_equal(wait_ms(TEN_MINUTES_MS), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE UNDONE");
  assert_int_equal(b.actions.items[1].journal_id, 31);
}

static void recover_only_when_idle(void **state)
{
  (void)state;
  start_recording();
  assert_string_equal(recover("Old"), "");
  assert_string_equal(b.recorder.instance, "Seepwatch");
  assert_string_equal(wait_ms(600000), "stop");
  assert_string_equal(recover("Old"), "");
}

/* An entry without a usable name: wpr must not be called, its default instance belongs to others. */
static void recover_damaged_entry(void **state)
{
  (void)state;
  static const char *const names[] = {"", "WprApp", "a b", "-x"};
  for (size_t i = 0; i < 4; i++) {
    assert_string_equal(recover(names[i]), "REMOVE UNDONE");
    assert_int_equal(b.actions.items[0].journal_id, 31);
    assert_idle(true);
  }
}

/* ---- names ---- */

static void instance_is_kept(void **state)
{
  (void)state;
  start_recording();
  seep_text_copy(b.settings.instance, sizeof b.settings.instance, "Renamed");
  wait_ms(600000);
  assert_string_equal(last()->command.arguments[3], "Seepwatch");
}

static void hostile_images(void **state)
{
  (void)state;
  static const struct {
    const char *image, *kept;
  } names[] = {
      {"..\\..\\evil.exe", "_._.._evil.exe"},
      {"", "process"},
      {".hidden", "_hidden"},
      {"a b<>:\"|?*.exe", "a_b_______.exe"},
      {"\xc3\xa4\xe2\x82\xac.exe", "__.exe"},
      {"a/b\tc", "a_b_c"},
      {"0123456789012345678901234567890123456789tail", "0123456789012345678901234567890123456789"},
  };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char wanted[200];
    set_up(NULL);
    seep_text_copy(b.request.target.image, sizeof b.request.target.image, names[i].image);
    b.request.target.key.pid = UINT32_MAX;
    request();
    snprintf(wanted, sizeof wanted, "C:\\captures\\20261122T104444Z-%s-4294967295-virtualalloc.etl",
             names[i].kept);
    assert_string_equal(b.recorder.output, wanted);
  }
}

/* The longest folder that is accepted holds the longest name whole; one character more is refused. */
static void long_folders(void **state)
{
  (void)state;
  char folder[SEEP_RECORDER_PATH_SIZE + 1];
  size_t length = sizeof folder - 1;
  memset(folder, 'f', sizeof folder);
  do {
    folder[length] = '\0';
  } while (!seep_recorder_init(&b.recorder, folder, folder, '/') && --length > 0);
  assert_true(length > 300 && length < SEEP_RECORDER_PATH_SIZE);
  memset(b.request.target.image, 'i', sizeof b.request.target.image - 1);
  b.request.target.key.pid = UINT32_MAX;
  b.request.wall.ms = INT64_MAX;
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
  assert_string_equal(b.recorder.output + strlen(b.recorder.output) - 17, "-virtualalloc.etl");
  assert_string_equal(b.recorder.output_temporary, b.recorder.output);
}

/* Answers nobody asked for change nothing. */
static void stray_answers(void **state)
{
  (void)state;
  for (int at = 0; at < 3; at++) {
    set_up(NULL);
    if (at == 1) {
      start_recording();
    } else if (at == 2) {
      request();
      exited(BUSY_CODE);
    }
    seep_recorder_state before = b.recorder.state;
    assert_string_equal(exited(0), "");
    assert_string_equal(exited(IDLE_CODE), "");
    assert_string_equal(failed(SEEP_NOT_FOUND), "");
    assert_string_equal(plain(SEEP_RECORDER_TOOL_TIMED_OUT), "");
    assert_int_equal(b.recorder.state, before);
  }
}
int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(what_is_recorded),
      TEST(whole_way),
      TEST(byte_limit),
      TEST(enough_growth),
      TEST(disk_floor),
      TEST(disk_floor_beats_limit),
      TEST(disk_floor_between_stops),
      TEST(target_dies),
      TEST(target_dies_too_early),
      TEST(target_dies_before_retry),
      TEST(refusals),
      TEST(busy_refusal_changes_nothing),
      TEST(cool_down),
      TEST(cool_down_is_per_program),
      TEST(cool_down_ring),
      TEST(abandon),
      TEST(abandon_and_failed_start),
      TEST(shutdown_idle),
      TEST(shutdown_starting),
      TEST(shutdown_recording),
      TEST(shutdown_saving),
      TEST(shutdown_saving_busy),
      TEST(shutdown_waiting),
      TEST(recover_running),
      TEST(recover_without_wpr),
      TEST(recover_later),
      TEST(recover_only_when_idle),
      TEST(recover_damaged_entry),
      TEST(instance_is_kept),
      TEST(hostile_images),
      TEST(long_folders),
      TEST(stray_answers),
  };
  return cmocka_run_group_tests_name("capture_recorder", tests, NULL, NULL);
}
