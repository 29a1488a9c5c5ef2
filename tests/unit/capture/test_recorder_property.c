/*
 * The recorder against a small world (recorder_world.h) in 20,000 random histories. After every event: what
 * records has a journal entry; never two recordings; never two wpr calls at once, and none while a trace is
 * kept; the journal comes first; nothing is begun after a shutdown; a tick beyond a limit ends the recording,
 * and only such a one; every accepted request is told one outcome; what is recorded is what was wanted, or
 * plainer where wpr refused that, and its file and its journal entry say so; a bounded profile is not tried
 * again once refused; a stranger's recording is never stopped or cancelled; a finished trace is never thrown
 * away; stacks that a process was told to keep it is told to give up. Each history ends with good answers
 * only, and then everything must be idle, tidy and forgotten within a bound.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "recorder_world.h"

#define HISTORIES 20000u

static bool is_nameless(void)
{
  return !w.recorder.traits.instances;
}

static void tick_after(bool harmless, int64_t after_ms)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_TICK, .available_bytes = 100 * GIB};
  seep_recorder_state before = w.recorder.state;
  static const uint64_t sizes[] = {GIB, 2 * GIB, 2 * GIB + GIB / 4, 3 * GIB};
  w.now.ms += after_ms;
  event.raw_bytes = !raw_files() ? 0 : !harmless && chance(20) ? sizes[draw(4)] : GIB;
  event.output_bytes = w.fresh ? 1 : 0;
  event.free_bytes = !harmless && chance(10) ? draw(10) * GIB : 100 * GIB;
  event.available_bytes = !harmless && chance(5) ? draw(3) * GIB : 100 * GIB;
  uint64_t base = w.recorder.commit_bytes;
  event.commit_bytes = chance(10) ? 0 : GIB + (!harmless && chance(5) ? GIB : 0);
  bool ring = w.written.ring_bytes != 0;
  bool enough = base != 0 && event.commit_bytes >= base + w.settings.enough_growth_bytes;
  bool large =
      ring ? event.raw_bytes > w.settings.maximum_bytes / 8 * 9 : event.raw_bytes >= w.settings.maximum_bytes;
  bool beyond = enough || large || seep_mono_since(w.now, w.recorder.started) >= w.settings.maximum_ms ||
                event.free_bytes < w.settings.minimum_free_bytes / 2 + event.raw_bytes ||
                event.available_bytes < w.settings.minimum_commit_bytes / 2;
  bool vanished = is_nameless() && event.raw_bytes == 0 &&
                  w.recorder.looks_in_vain >= 2 /* before this one */ &&
                  seep_mono_since(w.now, w.recorder.started) >= 10 * SECOND_MS;
  note("tick");
  feed(&event);
  if (before == SEEP_RECORDER_RECORDING) {
    REQUIRE(w.call_out == (beyond && !vanished));
    REQUIRE(seep_recorder_is_idle(&w.recorder) == (beyond && vanished));
    REQUIRE(!w.call_out || w.call_verb == SEEP_WPR_STOP || w.call_verb == SEEP_WPR_CANCEL ||
            w.call_verb == SEEP_WPR_SNAPSHOT);
  }
}

static void tick(bool harmless)
{
  tick_after(harmless, chance(10) ? 700 * SECOND_MS : (1 + (int64_t)draw(30)) * SECOND_MS);
}

static seep_profile_kind kind_for(const seep_recorder_target *target)
{
  if (w.settings.heap == SEEP_RECORDER_HEAP_OFF) {
    return SEEP_PROFILE_VIRTUALALLOC;
  }
  if (target->flagged) {
    return SEEP_PROFILE_HEAP_BY_FLAG;
  }
  if (target->memory_kind != SEEP_MEMORY_HEAP || w.settings.heap == SEEP_RECORDER_HEAP_FLAG) {
    return SEEP_PROFILE_VIRTUALALLOC;
  }
  return w.settings.heap == SEEP_RECORDER_HEAP_SNAPSHOT && w.settings.wpr.snapshots ? SEEP_PROFILE_SNAPSHOT
                                                                                    : SEEP_PROFILE_HEAP;
}

static void request(void)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_REQUEST,
                               .target = {.case_id = 1 + (int64_t)draw(3), .key = {draw(3), 5}},
                               .free_bytes = chance(95) ? 100 * GIB : GIB,
                               .available_bytes = chance(95) ? 100 * GIB : GIB,
                               .shelf_full = chance(5),
                               .recent = draw(6),
                               .journal_ready = chance(95),
                               .wall = {INT64_C(1795344284000) + w.now.ms}};
  unsigned refused = w.told[SEEP_RECORDER_REFUSED];
  bool idle = seep_recorder_is_idle(&w.recorder);
  seep_recorder_target *target = &event.target;
  snprintf(target->image, sizeof target->image, "p%u.exe", (unsigned)draw(200));
  target->memory_kind = chance(60) ? SEEP_MEMORY_HEAP : SEEP_MEMORY_PRIVATE_DATA;
  target->flagged = chance(10);
  target->urgent = chance(20);
  seep_text_copy(w.settings.instance, sizeof w.settings.instance, instances[chance(20)]);
  w.settings.enabled = chance(95);
  w.settings.heap = chance(40) ? SEEP_RECORDER_HEAP_SNAPSHOT : (seep_recorder_heap)draw(4);
  w.settings.ring = chance(50);
  if (idle) {
    w.wanted = kind_for(target);
    w.lives = true;
    w.keeps_stacks = w.started = false;
  }
  note("request");
  feed(&event);
  /* Refused with a word, or begun; never both, never neither. */
  bool accepted = w.actions.count > 0 && w.actions.items[0].kind == SEEP_RECORDER_JOURNAL_ADD;
  REQUIRE((w.told[SEEP_RECORDER_REFUSED] == refused + 1) != accepted);
  bool sound = idle && !w.shut_down && w.settings.enabled && event.journal_ready && !event.shelf_full &&
               event.free_bytes == 100 * GIB && event.available_bytes == 100 * GIB &&
               event.recent < w.settings.per_day;
  REQUIRE(!accepted || sound);
  REQUIRE(accepted || !sound || !target->flagged);
}

static void give_recovery(void)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_RECOVER,
                               .journal_id = w.journal,
                               .raw_bytes = raw_files() ? GIB : 0,
                               .output_bytes = w.fresh ? 1 : 0,
                               .rebooted = w.rebooted,
                               .target_lives = w.lives,
                               .finished = w.plain};
  REQUIRE(seep_promise_read_recording(w.promise_text, &event.promise));
  bool instance_is_default = strcmp(event.promise.instance, instances[DEFAULT_INSTANCE]) == 0;
  w.recover = false;
  w.recovered = true;
  counts.kept_later += w.plain;
  note("recover");
  feed(&event);
  /* A trace that is there is kept, and told of; at once where wpr need not be asked. */
  bool seen = instance_is_default && event.output_bytes > 0 && event.raw_bytes == 0 && !event.rebooted;
  REQUIRE(w.keep_out == (event.finished || seen));
}

static void interrupt(seep_recorder_event_kind kind, const char *word)
{
  seep_recorder_event event = {.kind = kind, .target = w.recorder.target};
  bool young = seep_mono_since(w.now, w.recorder.started) < 60 * SECOND_MS;
  seep_recorder_state before = w.recorder.state;
  note(word);
  w.shut_down = w.shut_down || kind == SEEP_RECORDER_SHUT_DOWN;
  if (kind == SEEP_RECORDER_TARGET_GONE && before != SEEP_RECORDER_IDLE) {
    w.lives = w.keeps_stacks = false;
  } else if (kind == SEEP_RECORDER_PRE_EMPT) {
    event.target.key.pid += chance(90);
    event.target.urgent = true;
  }
  feed(&event);
  if (before != SEEP_RECORDER_RECORDING) {
    return;
  }
  bool own = kind == SEEP_RECORDER_PRE_EMPT &&
             (w.recorder.target.urgent || event.target.key.pid == w.recorder.target.key.pid);
  bool cancelled = kind == SEEP_RECORDER_ABANDON || kind == SEEP_RECORDER_SHUT_DOWN ||
                   (kind == SEEP_RECORDER_PRE_EMPT && young);
  REQUIRE(w.recorder.state != SEEP_RECORDER_RECORDING || own);
  REQUIRE(!own || w.recorder.state == SEEP_RECORDER_RECORDING);
  REQUIRE(own || !w.call_out || (w.call_verb == SEEP_WPR_CANCEL) == cancelled);
  counts.pre_empted += kind == SEEP_RECORDER_PRE_EMPT && !own;
}

/* Somebody else's hands. Under the default instance the figures of the next three ticks show it; what happens
 * between them and a call nobody can know. */
static void foreign_hands(void)
{
  unsigned i = w.settings.wpr.instances ? draw(2) : DEFAULT_INSTANCE;
  int64_t ran_ms = seep_mono_since(w.now, w.recorder.started);
  bool too_soon = w.recorder.state == SEEP_RECORDER_RECORDING &&
                  (ran_ms < 10 * SECOND_MS || ran_ms >= w.settings.maximum_ms - 5 * SECOND_MS);
  if (w.detached_stop[i] || w.call_out || (i == DEFAULT_INSTANCE && too_soon)) {
    return;
  }
  note("foreign");
  w.running[i] = false;
  if (i == DEFAULT_INSTANCE) {
    w.stranger = chance(60);
    counts.strangers += w.stranger;
    for (int looks = 0; looks < 3 && !seep_recorder_is_idle(&w.recorder); looks++) {
      tick_after(true, SECOND_MS);
    }
  }
}

/* A stop that outlived its deadline is through; the next tick shows it. */
static void stop_ends(unsigned i)
{
  note("stop-ends");
  if (w.detached_stop[i]) {
    w.fresh = w.fresh || (w.running[i] && chance(80));
    w.running[i] = w.detached_stop[i] = false;
    if (!seep_recorder_is_idle(&w.recorder)) {
      tick_after(true, SECOND_MS);
    }
  }
}

static void something_happens(void)
{
  uint32_t dice = draw(100);
  unsigned i = draw(INSTANCES);
  if (w.call_out && dice < 55) {
    answer(chance(60));
  } else if (w.keep_out && dice < 30) {
    answer_keeping(chance(60));
  } else if (w.recover && seep_recorder_is_idle(&w.recorder) && !w.shut_down && dice < 75) {
    give_recovery();
  } else if (dice < 25) {
    if (!w.recover) { /* what an earlier life left comes first */
      request();
    }
  } else if (dice < 78) {
    tick(false);
  } else if (dice < 81) {
    interrupt(SEEP_RECORDER_TARGET_GONE, "gone");
  } else if (dice < 83) {
    interrupt(SEEP_RECORDER_ABANDON, "abandon");
  } else if (dice < 85) {
    interrupt(SEEP_RECORDER_SAVE_NOW, "save-now");
  } else if (dice < 87) {
    interrupt(SEEP_RECORDER_PRE_EMPT, "pre-empt");
  } else if (dice < 89) {
    interrupt(SEEP_RECORDER_SHUT_DOWN, "SHUTDOWN");
  } else if (dice < 92) {
    crash(chance(25));
  } else if (dice < 97) {
    foreign_hands();
  } else {
    stop_ends(i);
  }
  counts.lingered += w.recorder.lingering;
}

/* From here on everything answers well: the recorder must get home from wherever it is. */
static void all_is_well(void)
{
  w.well = true;
  note("WELL");
  for (unsigned i = 0; i < INSTANCES; i++) {
    stop_ends(i);
  }
  for (unsigned steps = 0; steps < 100; steps++) {
    if (w.call_out) {
      answer(true);
    } else if (w.keep_out) {
      answer_keeping(true);
    } else if (w.recover && seep_recorder_is_idle(&w.recorder) && !w.shut_down) {
      give_recovery();
    } else if (!seep_recorder_is_idle(&w.recorder)) {
      tick(true);
    } else {
      return;
    }
  }
  fail_msg("not home within 100 steps after: %s", w.history);
}

static void begin(uint64_t seed)
{
  memset(&w, 0, sizeof w);
  w.random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
  w.settings = (seep_recorder_settings){.enabled = true,
                                        .maximum_ms = 600 * SECOND_MS,
                                        .maximum_bytes = 2 * GIB,
                                        .enough_growth_bytes = GIB,
                                        .minimum_free_bytes = 10 * GIB,
                                        .minimum_commit_bytes = 2 * GIB,
                                        .buffers = 64,
                                        .per_day = 5,
                                        .cool_down_ms = 3600 * SECOND_MS,
                                        .start_deadline_ms = 60 * SECOND_MS,
                                        .stop_deadline_ms = 1800 * SECOND_MS,
                                        .cancel_deadline_ms = 120 * SECOND_MS,
                                        .retry_ms = 5 * SECOND_MS,
                                        .retries = draw(4)};
  w.settings.wpr = seep_wpr_traits_of(chance(40) ? 14393 : 20348);
  w.no_wpr = chance(3);
  w.unknowing = !w.no_wpr && w.settings.wpr.instances && chance(3);
  w.no_heap = chance(15);
  w.no_ring = chance(40);
  w.no_snapshots = chance(20);
  assert_true(seep_recorder_init(&w.recorder, "/captures", "/captures/working", '/'));
}

static void random_histories(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
    begin(seed);
    for (unsigned i = 0; i < EVENTS; i++) {
      something_happens();
    }
    if (w.shut_down) {
      all_is_well();
      crash(false); /* the next start finds what the shutdown had to leave */
    }
    all_is_well();
    REQUIRE(w.journal == 0 && !runs() && !w.keep_out && !w.raw_left && !w.fresh);
    REQUIRE(!w.keeps_stacks || w.clearing_tried);
    REQUIRE(seep_recorder_is_idle(&w.recorder));
  }
  /* The histories were worth having: everything was seen often. */
  for (size_t i = 0; i < 6; i++) {
    assert_true(counts.told[i] > 1000);
  }
  assert_true(counts.crashes > 1000 && counts.reboots > 1000);
  assert_true(counts.lingered > 1000);
  assert_true(counts.heap_starts > 1000);
  assert_true(counts.ring_starts > 1000);
  assert_true(counts.step_downs > 1000);
  assert_true(counts.snapshots > 1000);
  assert_true(counts.strangers > 1000 && counts.vanished > 200);
  assert_true(counts.kept > 1000 && counts.kept_later > 100);
  assert_true(counts.saved_late > 100);
  assert_true(counts.failed_orders > 100);
  assert_true(counts.pre_empted > 100);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(random_histories)};
  return cmocka_run_group_tests_name("capture_recorder_property", tests, NULL, NULL);
}
