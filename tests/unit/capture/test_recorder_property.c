/*
 * The recorder against a small world: a wpr that keeps one recording per instance and fails in every way it
 * can, a journal that survives, a service that crashes. 20,000 random histories; after every event the world
 * is checked: what records has a journal entry; never two recordings; never two wpr calls at once; the
 * journal comes first; no start after a shutdown; a tick beyond a limit ends the recording; every accepted
 * request is told one outcome; a heap is recorded only where it grows and that is wanted, its file is named
 * so, and where wpr refuses it VirtualAlloc is. Each history ends with good answers only, and then everything
 * must be idle, tidy and forgotten within a bound.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "capture/recorder.h"

#define HISTORIES 20000u
#define EVENTS 60u
#define SECOND_MS INT64_C(1000)
#define GIB (UINT64_C(1) << 30)

/* Two instance names: the configuration may be changed while a recording runs. */
static const char *const instances[2] = {"SeepA", "SeepB"};

typedef struct world {
  seep_recorder recorder;
  seep_recorder_settings settings;
  seep_recorder_actions actions;
  seep_mono now;
  uint64_t random;
  /* wpr: facts about the machine */
  bool no_wpr, old_wpr, no_heap; /* no_heap: it refuses heap profiles */
  bool running[2];
  bool detached_stop[2]; /* a stop that outlived its deadline and is merging still */
  /* the call that is out */
  bool call_out;
  seep_wpr_verb call_verb;
  unsigned call_instance;
  bool call_heap; /* a start, of a heap recording */
  /* the journal: id 0 = no entry */
  int64_t journal[2];
  int64_t journal_last; /* the one added last in this life */
  int64_t next_id;
  int64_t recover[2]; /* still to be given to the recorder in this life */
  bool shut_down;
  bool owes_outcome; /* a request was accepted and its outcome not told yet */
  bool wanted_heap;  /* by the settings when the present request was accepted */
  unsigned told[6];
  char history[EVENTS * 24 + 2000];
  size_t history_length;
} world;

static world w;
static unsigned totals[6], crashes, lingered, heap_starts, step_downs;

static uint32_t draw(uint32_t below)
{
  w.random ^= w.random << 13;
  w.random ^= w.random >> 7;
  w.random ^= w.random << 17;
  return (uint32_t)((w.random >> 20) % below);
}

static bool chance(uint32_t percent)
{
  return draw(100) < percent;
}

static void note(const char *word)
{
  size_t left = sizeof w.history - w.history_length;
  size_t length = strlen(word);
  if (length + 2 < left) {
    memcpy(w.history + w.history_length, word, length);
    w.history[w.history_length + length] = ' ';
    w.history_length += length + 1;
    w.history[w.history_length] = '\0';
  }
}

#define REQUIRE(condition)                                                                                   \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      fail_msg("%s after: %s", #condition, w.history);                                                       \
    }                                                                                                        \
  } while (0)

static unsigned instance_of(const char *name)
{
  REQUIRE(strcmp(name, instances[0]) == 0 || strcmp(name, instances[1]) == 0);
  return strcmp(name, instances[1]) == 0;
}

/* ---- carrying out ---- */

static void note_start(const seep_wpr_command *command)
{
  const char *name = strchr(command->arguments[1], '!');
  REQUIRE(name != NULL);
  w.call_heap = strcmp(name, "!SeepHeap") == 0;
  REQUIRE(w.call_heap || strcmp(name, "!SeepVirtualAlloc") == 0);
  REQUIRE(strstr(w.recorder.output, w.call_heap ? "-heap.etl" : "-virtualalloc.etl") != NULL);
  REQUIRE(strstr(w.recorder.output_temporary, w.call_heap ? "-heap.etl" : "-virtualalloc.etl") != NULL);
  REQUIRE(!w.call_heap || (w.wanted_heap && w.recorder.target.memory_kind == SEEP_MEMORY_HEAP));
  REQUIRE(!w.call_heap || !w.recorder.stepped_down);
  heap_starts += w.call_heap;
  step_downs += w.recorder.stepped_down;
}

static void carry_out_run(const seep_recorder_action *action)
{
  const seep_wpr_command *command = &action->command;
  REQUIRE(!w.call_out);
  REQUIRE(command->argument_count >= 3);
  unsigned instance = instance_of(command->arguments[command->argument_count - 1]);
  REQUIRE(action->deadline_ms > 0);
  REQUIRE(action->kill_at_deadline == (command->verb != SEEP_WPR_STOP));
  if (command->verb == SEEP_WPR_START) {
    REQUIRE(!w.shut_down);
    REQUIRE(w.journal[instance] != 0);
    REQUIRE(w.owes_outcome); /* for a request, and not after its end was told */
    note_start(command);
  }
  w.call_out = true;
  w.call_verb = command->verb;
  w.call_instance = instance;
  note(seep_wpr_verb_text(command->verb));
}

static void carry_out_tell(const seep_recorder_action *action)
{
  static const char *const words[] = {"(started)", "(saved)",  "(failed)",
                                      "(refused)", "(undone)", "(abandoned)"};
  REQUIRE(action->reason != NULL && action->reason[0] != '\0');
  note(words[action->outcome]);
  w.told[action->outcome]++;
  totals[action->outcome]++;
  REQUIRE(action->outcome != SEEP_RECORDER_SAVED || action->bytes > 0);
  REQUIRE(action->outcome != SEEP_RECORDER_STARTED || w.running[instance_of(action->instance)]);
  bool ends = action->outcome == SEEP_RECORDER_SAVED || action->outcome == SEEP_RECORDER_FAILED ||
              action->outcome == SEEP_RECORDER_ABANDONED;
  if (ends && action->target.case_id != 0) {
    REQUIRE(w.owes_outcome);
    w.owes_outcome = false;
  }
}

static void carry_out(void)
{
  REQUIRE(w.actions.count <= SEEP_RECORDER_MAXIMUM_ACTIONS);
  for (size_t i = 0; i < w.actions.count; i++) {
    const seep_recorder_action *action = &w.actions.items[i];
    REQUIRE(!w.call_out || action->kind == SEEP_RECORDER_TELL); /* nothing but words while wpr is at work */
    if (action->kind == SEEP_RECORDER_JOURNAL_ADD) {
      REQUIRE(w.journal[0] == 0 && w.journal[1] == 0);
      REQUIRE(!w.owes_outcome);
      w.journal[instance_of(action->instance)] = w.journal_last = ++w.next_id;
      w.owes_outcome = true;
    } else if (action->kind == SEEP_RECORDER_JOURNAL_REMOVE) {
      int64_t id = action->journal_id != 0 ? action->journal_id : w.journal_last;
      REQUIRE(id != 0 && (id == w.journal[0] || id == w.journal[1]));
      w.journal[id == w.journal[1]] = 0;
    } else if (action->kind == SEEP_RECORDER_RUN) {
      carry_out_run(action);
    } else if (action->kind == SEEP_RECORDER_TELL) {
      carry_out_tell(action);
    }
  }
}

static void check_world(void)
{
  REQUIRE(!(w.running[0] && w.running[1]));
  REQUIRE(!w.running[0] || w.journal[0] != 0);
  REQUIRE(!w.running[1] || w.journal[1] != 0);
  if (seep_recorder_is_idle(&w.recorder)) {
    REQUIRE(!w.call_out);
    REQUIRE(!w.owes_outcome);
  }
}

static void feed(const seep_recorder_event *event)
{
  seep_recorder_step(&w.recorder, &w.settings, w.now, event, &w.actions);
  carry_out();
  check_world();
}

/* ---- wpr's answers ---- */

static seep_recorder_event exited(uint32_t code)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_TOOL_EXITED, .exit_code = code};
  return event;
}

/* What a wpr without faults does now. */
static seep_recorder_event true_answer(void)
{
  unsigned i = w.call_instance;
  if (w.no_wpr) {
    seep_recorder_event event = {.kind = SEEP_RECORDER_TOOL_FAILED, .tool_status = SEEP_NOT_FOUND};
    return event;
  }
  if (w.old_wpr) {
    return exited(0xC5600602u);
  }
  if (w.detached_stop[i]) {
    return exited(0xC5580601u);
  }
  seep_recorder_event event = exited(0);
  if (w.call_verb == SEEP_WPR_START && w.call_heap && w.no_heap) {
    event.exit_code = 0xC5580612u;
  } else if (w.call_verb == SEEP_WPR_START) {
    event.exit_code = w.running[i] ? 0xC5583001u : 0;
    w.running[i] = true;
  } else {
    event.exit_code = w.running[i] ? 0 : 0xC5583000u;
    event.output_bytes = w.running[i] && chance(95) ? 1 + draw(1000) : 0;
    w.running[i] = false;
  }
  return event;
}

/* Any fault, with whatever state of the recording it can leave behind. */
static seep_recorder_event faulty_answer(void)
{
  static const uint32_t faults[] = {0xC5580601u, 0x800705AAu, 0x80070008u, 0x80070070u,
                                    0x80071069u, 0x80010106u, 0xC5585011u, 0x800705B4u,
                                    0xC5583014u, 0xC558300Cu, 1u,          0xC5580612u};
  unsigned i = w.call_instance;
  seep_recorder_event event = {.kind = SEEP_RECORDER_TOOL_FAILED, .tool_status = SEEP_NO_MEMORY};
  switch (draw(4)) {
  case 0:
    event.tool_status = chance(30) ? SEEP_BUSY : SEEP_NO_MEMORY; /* it never ran */
    return event;
  case 1:
    event.kind = SEEP_RECORDER_TOOL_TIMED_OUT;
    if (w.call_verb == SEEP_WPR_STOP) {
      w.detached_stop[i] = w.running[i];
    } else if (w.call_verb == SEEP_WPR_START) {
      w.running[i] = w.running[i] || chance(50);
    } else {
      w.running[i] = w.running[i] && chance(50);
    }
    return event;
  default:
    event = exited(faults[draw(sizeof faults / sizeof faults[0])]);
    if (w.call_verb == SEEP_WPR_START) {
      w.running[i] = w.running[i] || chance(10);
    } else {
      w.running[i] = w.running[i] && chance(70);
    }
    return event;
  }
}

static void answer(bool well)
{
  bool fixed = w.no_wpr || w.old_wpr || w.detached_stop[w.call_instance];
  seep_recorder_event event = well || fixed ? true_answer() : faulty_answer();
  char text[24];
  w.call_out = false;
  snprintf(text, sizeof text, "=%d/%08X", (int)event.kind, (unsigned)event.exit_code);
  note(text);
  feed(&event);
}

/* ---- what else happens ---- */

static void tick(bool harmless)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_TICK};
  seep_recorder_state before = w.recorder.state;
  w.now.ms += chance(10) ? 700 * SECOND_MS : (1 + (int64_t)draw(30)) * SECOND_MS;
  event.raw_bytes = !harmless && chance(10) ? 3 * GIB : GIB;
  event.free_bytes = !harmless && chance(10) ? draw(10) * GIB : 100 * GIB;
  uint64_t base = w.recorder.commit_bytes;
  event.commit_bytes = chance(10) ? 0 : GIB + (!harmless && chance(5) ? GIB : 0);
  bool enough = base != 0 && event.commit_bytes >= base + w.settings.enough_growth_bytes;
  bool beyond = enough || seep_mono_since(w.now, w.recorder.started) >= w.settings.maximum_ms ||
                event.raw_bytes >= w.settings.maximum_bytes ||
                event.free_bytes < w.settings.minimum_free_bytes / 2;
  note("tick");
  feed(&event);
  if (before == SEEP_RECORDER_RECORDING) {
    REQUIRE(w.call_out == beyond);
    REQUIRE(!beyond || w.call_verb == SEEP_WPR_STOP || w.call_verb == SEEP_WPR_CANCEL);
  }
}

static void request(void)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_REQUEST,
                               .target = {.case_id = 1 + (int64_t)draw(3), .key = {draw(3), 5}},
                               .free_bytes = chance(90) ? 100 * GIB : GIB,
                               .folder_bytes = chance(90) ? 0 : 100 * GIB,
                               .journal_ready = chance(90)};
  unsigned refused = w.told[SEEP_RECORDER_REFUSED];
  bool idle = seep_recorder_is_idle(&w.recorder);
  snprintf(event.target.image, sizeof event.target.image, "p%u.exe", (unsigned)draw(200));
  seep_text_copy(w.settings.instance, sizeof w.settings.instance, instances[chance(20)]);
  w.settings.enabled = chance(95);
  w.settings.heap = chance(70);
  event.target.memory_kind = chance(50) ? SEEP_MEMORY_HEAP : SEEP_MEMORY_PRIVATE_DATA;
  w.wanted_heap = idle ? w.settings.heap : w.wanted_heap;
  note("request");
  feed(&event);
  /* Refused with a word, or begun; never both, never neither. */
  bool accepted = w.actions.count > 0 && w.actions.items[0].kind == SEEP_RECORDER_JOURNAL_ADD;
  REQUIRE((w.told[SEEP_RECORDER_REFUSED] == refused + 1) != accepted);
  REQUIRE(!accepted ||
          (idle && event.journal_ready && event.free_bytes == 100 * GIB && event.folder_bytes == 0));
}

static void give_recovery(void)
{
  for (unsigned i = 0; i < 2; i++) {
    if (w.recover[i] != 0 && seep_recorder_is_idle(&w.recorder) && !w.shut_down) {
      seep_recorder_event event = {.kind = SEEP_RECORDER_RECOVER, .journal_id = w.recover[i]};
      seep_text_copy(event.instance, sizeof event.instance, instances[i]);
      w.recover[i] = 0;
      note("recover");
      feed(&event);
    }
  }
}

/* The service dies; a call that was out may still have its effect. The next life reads the journal. */
static void crash(void)
{
  note("CRASH");
  crashes++;
  if (w.call_out && !w.no_wpr && !w.old_wpr && chance(50)) {
    (void)true_answer();
  }
  for (unsigned i = 0; i < 2; i++) {
    w.recover[i] = w.journal[i];
  }
  w.call_out = w.shut_down = w.owes_outcome = false;
  w.journal_last = 0;
  assert_true(seep_recorder_init(&w.recorder, "/captures", "/captures/working", '/'));
  check_world();
}

static void interrupt(seep_recorder_event_kind kind, const char *word)
{
  seep_recorder_event event = {.kind = kind, .target = w.recorder.target};
  note(word);
  if (kind == SEEP_RECORDER_SHUT_DOWN) {
    w.shut_down = true;
  }
  feed(&event);
}

static void something_happens(void)
{
  uint32_t dice = draw(100);
  unsigned i = draw(2);
  bool recovering = w.recover[0] != 0 || w.recover[1] != 0;
  if (w.call_out && dice < 55) {
    answer(chance(55));
  } else if (recovering && seep_recorder_is_idle(&w.recorder) && !w.shut_down) {
    give_recovery();
  } else if (dice < 25) {
    request();
  } else if (dice < 85) {
    tick(false);
  } else if (dice < 88) {
    interrupt(SEEP_RECORDER_TARGET_GONE, "gone");
  } else if (dice < 90) {
    interrupt(SEEP_RECORDER_ABANDON, "abandon");
  } else if (dice < 92) {
    interrupt(SEEP_RECORDER_SHUT_DOWN, "SHUTDOWN");
  } else if (dice < 94) {
    crash();
  } else if (dice < 97) {
    if (!w.detached_stop[i]) {
      note("foreign-cancel");
      w.running[i] = false;
    }
  } else {
    note("stop-ends");
    w.running[i] = w.running[i] && !w.detached_stop[i];
    w.detached_stop[i] = false;
  }
  if (w.recorder.lingering) {
    lingered++;
  }
}

/* From here on everything answers well: the recorder must get home from wherever it is. */
static void all_is_well(void)
{
  w.detached_stop[0] = w.detached_stop[1] = false;
  note("WELL");
  for (unsigned steps = 0; steps < 80; steps++) {
    bool recovering = w.recover[0] != 0 || w.recover[1] != 0;
    if (w.call_out) {
      answer(true);
    } else if (recovering && seep_recorder_is_idle(&w.recorder)) {
      give_recovery();
    } else if (!seep_recorder_is_idle(&w.recorder)) {
      tick(true);
    } else {
      return;
    }
  }
  fail_msg("not home within 80 steps after: %s", w.history);
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
                                        .folder_quota_bytes = 20 * GIB,
                                        .cool_down_ms = 3600 * SECOND_MS,
                                        .start_deadline_ms = 60 * SECOND_MS,
                                        .stop_deadline_ms = 1800 * SECOND_MS,
                                        .cancel_deadline_ms = 120 * SECOND_MS,
                                        .retry_ms = 5 * SECOND_MS,
                                        .retries = draw(4)};
  seep_text_copy(w.settings.instance, sizeof w.settings.instance, instances[0]);
  w.no_wpr = chance(3);
  w.old_wpr = !w.no_wpr && chance(3);
  w.no_heap = chance(20);
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
    bool was_shut_down = w.shut_down;
    if (was_shut_down) {
      all_is_well();
      crash(); /* the next start finds what the shutdown had to leave */
    }
    all_is_well();
    REQUIRE(w.journal[0] == 0 && w.journal[1] == 0);
    REQUIRE(!w.running[0] && !w.running[1]);
    REQUIRE(seep_recorder_is_idle(&w.recorder));
  }
  /* The histories were worth having: every outcome was seen often. */
  for (size_t i = 0; i < 6; i++) {
    assert_true(totals[i] > 1000);
  }
  assert_true(crashes > 1000);
  assert_true(lingered > 1000);
  assert_true(heap_starts > 1000);
  assert_true(step_downs > 100);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(random_histories)};
  return cmocka_run_group_tests_name("capture_recorder_property", tests, NULL, NULL);
}
