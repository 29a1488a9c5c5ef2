/*
 * The good way of the recorder, its refusals and names: each transition with its actions in their exact
 * order, and its twin where the same event must do nothing.
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
  assert_string_equal(stopped(12345), "KEEP");
  assert_idle(false);
  b.now.ms += 90000; /* nor does the keeping */
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  assert_int_equal(last()->kept.bytes, 100);
  assert_string_equal(last()->kept.path, "C:\\captures\\kept.etl.gz");
  assert_string_equal(last()->ending, "it had run for as long as is configured");
  assert_string_equal(last()->reason, "the recording was saved");
  assert_int_equal(last()->duration_ms, 600000);
  assert_string_equal(b.recorder.output, "C:\\captures\\20261122T104444Z-leaky.exe-4242-virtualalloc.etl");
  assert_idle(true);
}

/* A heap is recorded where it is what grows, and where the administrator lets it be. */
static void what_is_recorded(void **state)
{
  (void)state;
  static const struct {
    seep_recorder_heap heap;
    seep_memory_kind kind;
    const char *profile, *ending;
  } cases[] = {
      {SEEP_RECORDER_HEAP_LIVE, SEEP_MEMORY_HEAP, "!SeepHeap", "-4242-heap.etl"},
      {SEEP_RECORDER_HEAP_OFF, SEEP_MEMORY_HEAP, "!SeepVirtualAlloc", "-4242-virtualalloc.etl"},
      {SEEP_RECORDER_HEAP_LIVE, SEEP_MEMORY_PRIVATE_DATA, "!SeepVirtualAlloc", "-4242-virtualalloc.etl"},
      {SEEP_RECORDER_HEAP_LIVE, SEEP_MEMORY_MIXED, "!SeepVirtualAlloc", "-4242-virtualalloc.etl"},
      {SEEP_RECORDER_HEAP_LIVE, SEEP_MEMORY_MANAGED, "!SeepVirtualAlloc", "-4242-virtualalloc.etl"},
      {SEEP_RECORDER_HEAP_LIVE, SEEP_MEMORY_UNDETERMINED, "!SeepVirtualAlloc", "-4242-virtualalloc.etl"},
      {SEEP_RECORDER_HEAP_SNAPSHOT, SEEP_MEMORY_PRIVATE_DATA, "!SeepVirtualAlloc", "-4242-virtualalloc.etl"}};
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
  seep_recorder_event event = {.kind = SEEP_RECORDER_TICK,
                               .raw_bytes = 1,
                               .free_bytes = 100 * GIB,
                               .available_bytes = UINT64_MAX,
                               .commit_bytes = commit_bytes};
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
  assert_string_equal(b.recorder.ending, "the process has grown by as much as is wanted in a trace");
  stopped(1000);
  kept();
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
  assert_string_equal(tick(1000, 1, 5 * GIB + 1), "");
  assert_string_equal(tick(1000, 1, 5 * GIB - 1), "cancel");
  assert_string_equal(exited(0), "DELETE REMOVE FAILED");
  assert_int_equal(last()->exit_code, 0);
  assert_idle(true);
}

/* What is above the floor must hold the merged file too. */
static void room_for_saving(void **state)
{
  (void)state;
  start_recording();
  assert_string_equal(tick(1000, GIB, 6 * GIB), "");
  assert_string_equal(tick(1000, GIB, 6 * GIB - 1), "stop");
  assert_string_equal(b.recorder.ending, "the volume was running out of room for saving it");
  set_up(NULL);
  start_recording();
  assert_string_equal(tick(1000, GIB, 6 * GIB), "");
  assert_string_equal(tick(1000, UINT64_MAX, 6 * GIB), ""); /* not known: as it was */
  assert_string_equal(tick(1000, UINT64_MAX, 6 * GIB - 1), "stop");
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
  assert_string_equal(stopped(1), "KEEP");
  assert_string_equal(kept(), "DELETE REMOVE SAVED");
  assert_string_equal(last()->ending, "the process ended");
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

/* The reason why a request is refused, that only `spoil` speaks against. */
static const char *refusal(void (*spoil)(void))
{
  set_up(NULL);
  spoil();
  assert_string_equal(request(), "REFUSED");
  assert_int_equal(last()->target.case_id, 7);
  assert_int_equal(last()->exit_code, 0);
  return last()->reason;
}

static void spoil_enabled(void)
{
  b.settings.enabled = false;
}

static void spoil_instance(void)
{
  seep_text_copy(b.settings.instance, sizeof b.settings.instance, "WprApp");
}

static void spoil_journal(void)
{
  b.request.journal_ready = false;
}

static void spoil_disk(void)
{
  b.request.free_bytes = 10 * GIB - 1;
}

/* Twice the largest recording, however low the floor is. */
static void room_for_two(void **state)
{
  (void)state;
  b.settings.minimum_free_bytes = GIB;
  b.request.free_bytes = 4 * GIB - 1;
  assert_string_equal(request(), "REFUSED");
  assert_string_equal(last()->reason, "the capture volume has too little free space");
  b.request.free_bytes = 4 * GIB;
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
}

static void spoil_shelf(void)
{
  b.request.shelf_full = true;
}

static void spoil_commit(void)
{
  b.request.available_bytes = 2 * GIB - 1;
}

static void spoil_day(void)
{
  b.request.recent = 4;
}

static void spoil_note(void)
{
  b.request.wall.ms = -1; /* no promise says that */
}

static void be_busy(void)
{
  start_saving();
}

static void be_cooling(void)
{
  save();
}

static void be_stopping(void)
{
  plain(SEEP_RECORDER_SHUT_DOWN);
}

static void refusals(void **state)
{
  (void)state;
  void (*const spoilers[])(void) = {spoil_enabled, spoil_instance, spoil_journal, spoil_disk,
                                    spoil_shelf,   spoil_commit,   spoil_day,     spoil_note,
                                    be_busy,       be_cooling,     be_stopping};
  enum { COUNT = sizeof spoilers / sizeof spoilers[0] };
  const char *reasons[COUNT];
  for (size_t i = 0; i < COUNT; i++) {
    reasons[i] = refusal(spoilers[i]);
    for (size_t j = 0; j < i; j++) {
      assert_string_not_equal(reasons[i], reasons[j]);
    }
  }
  assert_string_equal(refusal(be_busy), "another recording is under way");
}

/* Few buffers are too few: what can be committed is shared with the server. */
static void buffers_follow_memory(void **state)
{
  (void)state;
  b.settings.minimum_commit_bytes = 0;
  b.request.available_bytes = GIB / 8;
  assert_string_equal(request(), "REFUSED");
  assert_non_null(strstr(last()->reason, "buffers"));
  b.request.available_bytes = GIB;
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
  assert_int_equal(b.actions.items[1].profile.buffers, 16);
  set_up(NULL);
  b.request.available_bytes = UINT64_MAX;
  request();
  assert_int_equal(b.actions.items[1].profile.buffers, 64);
}

/* For a flagged process the cool-down does not hold; the day's number does. */
static void who_need_not_wait(void **state)
{
  (void)state;
  save();
  b.request.target.flagged = true;
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
  assert_string_equal(failed(SEEP_NOT_FOUND), "DELETE REMOVE FAILED");
  b.request.recent = 4;
  assert_string_equal(request(), "REFUSED");
  set_up(NULL);
  b.request.recent = 1000;
  b.settings.per_day = 0;
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
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
  save();
  seep_text_copy(b.request.target.image, sizeof b.request.target.image, "LEAKY.exe");
  b.now.ms += 3599999;
  assert_string_equal(request(), "REFUSED");
  b.now.ms += 1;
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
}

/* What the store tells of an earlier life. A time that lies ahead comes from a clock that was set. */
static void cool_down_outlives_the_service(void **state)
{
  (void)state;
  b.request.last.ms = b.request.wall.ms - 3599999;
  assert_string_equal(request(), "REFUSED");
  b.request.target.flagged = true;
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
  set_up(NULL);
  b.request.last.ms = b.request.wall.ms - 3600000;
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
  set_up(NULL);
  b.request.last.ms = b.request.wall.ms + 1;
  assert_string_equal(request(), "JOURNAL_ADD PROFILE start");
}

static void cool_down_is_per_program(void **state)
{
  (void)state;
  save();
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
/* ---- names ---- */

static void instance_is_kept(void **state)
{
  (void)state;
  start_recording();
  seep_text_copy(b.settings.instance, sizeof b.settings.instance, "Renamed");
  wait_ms(600000);
  assert_string_equal(last()->command.arguments[4], "Seepwatch");
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
  b.request.wall.ms = INT64_C(253402300799999); /* the end of 9999 */
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
      TEST(room_for_saving),
      TEST(disk_floor_beats_limit),
      TEST(disk_floor_between_stops),
      TEST(target_dies),
      TEST(target_dies_too_early),
      TEST(target_dies_before_retry),
      TEST(refusals),
      TEST(room_for_two),
      TEST(buffers_follow_memory),
      TEST(who_need_not_wait),
      TEST(busy_refusal_changes_nothing),
      TEST(cool_down),
      TEST(cool_down_outlives_the_service),
      TEST(cool_down_is_per_program),
      TEST(cool_down_ring),
      TEST(instance_is_kept),
      TEST(hostile_images),
      TEST(long_folders),
      TEST(stray_answers),
  };
  return cmocka_run_group_tests_name("capture_recorder", tests, NULL, NULL);
}
