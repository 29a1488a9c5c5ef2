#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "recorder_world.h"

const char *const instances[INSTANCES] = {"SeepA", "SeepB", "WprApp"};

world w;
world_counts counts;

uint32_t draw(uint32_t below)
{
  w.random ^= w.random << 13;
  w.random ^= w.random >> 7;
  w.random ^= w.random << 17;
  return (uint32_t)((w.random >> 20) % below);
}

bool chance(uint32_t percent)
{
  return draw(100) < percent;
}

void note(const char *word)
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

bool runs(void)
{
  return w.running[0] || w.running[1] || w.running[DEFAULT_INSTANCE];
}

bool raw_files(void)
{
  return runs() || w.raw_left;
}

static unsigned instance_of(const char *name)
{
  for (unsigned i = 0; i < INSTANCES; i++) {
    if (strcmp(name, instances[i]) == 0) {
      return i;
    }
  }
  fail_msg("a foreign instance: %s", name);
  return 0;
}

/* ---- carrying out ---- */

/* What may be recorded instead of what was wanted. */
static bool may_be_recorded(seep_profile_kind kind)
{
  return kind == w.wanted || (kind == SEEP_PROFILE_VIRTUALALLOC && w.recorder.stepped_down) ||
         (kind == SEEP_PROFILE_HEAP && w.wanted == SEEP_PROFILE_SNAPSHOT);
}

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

static void note_start(const seep_wpr_command *command)
{
  const char *name = strchr(command->arguments[1], '!');
  REQUIRE(!w.shut_down);
  REQUIRE(w.owes_outcome && !w.recovered); /* for a request, and not after its end was told */
  REQUIRE(w.journal != 0 && w.promise.kind == w.written.kind);
  REQUIRE(name != NULL && strcmp(name + 1, seep_profile_name(w.written.kind)) == 0);
  REQUIRE(strcmp(base_name(w.recorder.output), w.promise.file) == 0);
  REQUIRE(strcmp(base_name(w.recorder.output_temporary), w.promise.file) == 0);
  REQUIRE(may_be_recorded(w.written.kind));
  REQUIRE(w.written.kind != SEEP_PROFILE_SNAPSHOT || w.written.ring_bytes == 0);
  REQUIRE(w.written.ring_bytes == 0 || !w.ring_refused);
  w.ring_suspected = w.ring_suspected && w.written.ring_bytes == 0 && w.written.kind == w.suspected;
  REQUIRE(w.written.buffers >= 8 && w.written.buffers <= w.settings.buffers);
  counts.heap_starts += w.written.kind != SEEP_PROFILE_VIRTUALALLOC;
  counts.ring_starts += w.written.ring_bytes != 0;
  counts.step_downs += w.recorder.stepped_down;
}

static void carry_out_run(const seep_recorder_action *action)
{
  const seep_wpr_command *command = &action->command;
  unsigned instance = instance_of(action->instance);
  bool ends = command->verb == SEEP_WPR_STOP || command->verb == SEEP_WPR_CANCEL;
  REQUIRE(!w.call_out && !w.keep_out);
  REQUIRE(command->argument_count >= 1 && action->deadline_ms > 0);
  REQUIRE(instance == DEFAULT_INSTANCE ||
          strcmp(command->arguments[command->argument_count - 1], action->instance) == 0);
  REQUIRE(action->kill_at_deadline == (command->verb != SEEP_WPR_STOP));
  REQUIRE(w.journal != 0 && strcmp(w.promise.instance, action->instance) == 0);
  REQUIRE(!ends || instance != DEFAULT_INSTANCE || !w.stranger); /* it would end what is not ours */
  REQUIRE(!w.rebooted || instance != DEFAULT_INSTANCE);
  if (command->verb == SEEP_WPR_START) {
    note_start(command);
    w.began = false;
  } else if (command->verb == SEEP_WPR_SNAPSHOT_ENABLE) {
    REQUIRE(!w.shut_down && w.promise.kind == SEEP_PROFILE_SNAPSHOT);
    w.clearing_tried = false;
  } else if (command->verb == SEEP_WPR_SNAPSHOT_DISABLE) {
    w.clearing_tried = true;
  } else if (command->verb == SEEP_WPR_STOP) {
    REQUIRE(!w.fresh && w.started);
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
  counts.told[action->outcome]++;
  counts.vanished += strstr(action->reason, "vanished") != NULL;
  if (action->outcome == SEEP_RECORDER_STARTED) {
    REQUIRE(w.began && !w.started); /* somebody may have ended it since */
    w.started = true;
  } else if (action->outcome == SEEP_RECORDER_SAVED) {
    REQUIRE(action->kept.path[0] != '\0' && action->ending != NULL);
    REQUIRE(w.started != w.recovered);
  } else if (action->outcome == SEEP_RECORDER_UNDONE) {
    return;
  }
  bool ends = action->outcome != SEEP_RECORDER_STARTED && w.fed != SEEP_RECORDER_REQUEST;
  if (!ends) {
    return;
  }
  if (w.recovered) {
    bool lingers = w.fed != SEEP_RECORDER_KEPT;
    REQUIRE(!lingers || (action->outcome == SEEP_RECORDER_FAILED && !w.recovery_failed));
    w.recovery_failed = w.recovery_failed || lingers;
  } else if (w.may_be_saved_late) { /* once, and of a trace that was kept */
    REQUIRE(!w.owes_outcome && w.fed == SEEP_RECORDER_KEPT);
    counts.saved_late += action->outcome == SEEP_RECORDER_SAVED;
    w.may_be_saved_late = false;
  } else {
    REQUIRE(w.owes_outcome);
    w.owes_outcome = false;
    w.may_be_saved_late = w.fed == SEEP_RECORDER_TOOL_TIMED_OUT && w.call_verb == SEEP_WPR_STOP;
    REQUIRE(!w.may_be_saved_late || action->outcome == SEEP_RECORDER_FAILED);
  }
}

/* false: the store or the disk said no, and the rest of the list is left out. */
static bool carry_out_journal_add(const seep_recorder_action *action)
{
  REQUIRE(w.journal == 0 && !w.keep_out && !runs());
  REQUIRE(w.owes_outcome == (w.fed != SEEP_RECORDER_REQUEST)); /* an entry is exchanged */
  w.owes_outcome = true;
  w.recovered = w.may_be_saved_late = false;
  w.ring_suspected = w.ring_suspected && w.fed != SEEP_RECORDER_REQUEST; /* another recording */
  w.add_failed = !w.well && chance(2);
  if (w.add_failed) {
    return false;
  }
  REQUIRE(seep_promise_read_recording(action->promise, &w.promise));
  REQUIRE(w.promise.kind == action->recording);
  seep_text_copy(w.promise_text, sizeof w.promise_text, action->promise);
  w.journal = w.journal_last = ++w.next_id;
  return true;
}

static void carry_out_journal_remove(const seep_recorder_action *action)
{
  int64_t id = action->journal_id != 0 ? action->journal_id : w.journal_last;
  REQUIRE(w.add_failed || (id != 0 && id == w.journal));
  w.journal = 0;
  w.plain = false;
  w.rebooted = false;
}

static bool carry_out_one(const seep_recorder_action *action)
{
  switch (action->kind) {
  case SEEP_RECORDER_JOURNAL_ADD:
    return carry_out_journal_add(action);
  case SEEP_RECORDER_JOURNAL_REMOVE:
    carry_out_journal_remove(action);
    return true;
  case SEEP_RECORDER_WRITE_PROFILE:
    w.written = action->profile;
    return w.well || !chance(2);
  case SEEP_RECORDER_RUN:
    carry_out_run(action);
    return true;
  case SEEP_RECORDER_DELETE_RAW:
    REQUIRE(!w.fresh || w.stale); /* a finished trace is never thrown away */
    w.fresh = w.stale = w.raw_left = false;
    return true;
  case SEEP_RECORDER_KEEP:
    REQUIRE((w.fresh || w.plain) && !w.keep_out && !w.call_out && w.journal != 0);
    REQUIRE(strcmp(base_name(w.recorder.output), w.promise.file) == 0);
    w.keep_out = w.plain = true;
    w.fresh = w.stale = false;
    note("KEEP");
    return true;
  case SEEP_RECORDER_KEEP_BRIEFLY:
    REQUIRE(w.keep_out && w.shut_down);
    return true;
  case SEEP_RECORDER_TELL:
  default:
    carry_out_tell(action);
    return true;
  }
}

static void check_world(void)
{
  unsigned running = 0;
  for (unsigned i = 0; i < INSTANCES; i++) {
    running += w.running[i];
    REQUIRE(!w.running[i] || (w.journal != 0 && strcmp(w.promise.instance, instances[i]) == 0));
  }
  REQUIRE(running + (running > 0 && w.stranger && w.running[DEFAULT_INSTANCE]) <= 1);
  REQUIRE(w.journal != 0 || !w.keeps_stacks || w.clearing_tried);
  REQUIRE(seep_recorder_is_saving(&w.recorder) || !w.keep_out);
  if (seep_recorder_is_idle(&w.recorder)) {
    REQUIRE(!w.call_out && !w.keep_out && !w.owes_outcome);
  }
}

void feed(const seep_recorder_event *event)
{
  w.fed = event->kind;
  seep_recorder_step(&w.recorder, &w.settings, w.now, event, &w.actions);
  REQUIRE(w.actions.count <= SEEP_RECORDER_MAXIMUM_ACTIONS);
  bool carried = true;
  for (size_t i = 0; i < w.actions.count && carried; i++) {
    /* nothing but words while wpr is at work */
    REQUIRE(!w.call_out || w.actions.items[i].kind == SEEP_RECORDER_TELL);
    carried = carry_out_one(&w.actions.items[i]);
  }
  if (carried) {
    check_world();
    return;
  }
  seep_recorder_event failure = {.kind = SEEP_RECORDER_TOOL_FAILED, .tool_status = SEEP_DENIED};
  note("order-failed");
  counts.failed_orders++;
  w.fed = failure.kind;
  seep_recorder_actions first = w.actions; /* the request's own answer is looked at later */
  feed(&failure);
  w.actions = first;
  w.add_failed = false;
}

/* ---- wpr's answers ---- */

static seep_recorder_event exited(uint32_t code)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_TOOL_EXITED, .exit_code = code};
  return event;
}

static bool is_taken(unsigned i)
{
  return w.running[i] || (i == DEFAULT_INSTANCE && w.stranger);
}

static seep_recorder_event true_start(unsigned i)
{
  if ((w.written.ring_bytes != 0 && w.no_ring) ||
      (w.written.kind != SEEP_PROFILE_VIRTUALALLOC && w.no_heap)) {
    return exited(0xC5580612u);
  }
  if (is_taken(i)) {
    return exited(0xC5583001u);
  }
  w.running[i] = w.began = true;
  return exited(0);
}

static seep_recorder_event true_end(unsigned i)
{
  seep_recorder_event event = exited(w.running[i] ? 0 : 0xC5583000u);
  if (w.call_verb == SEEP_WPR_STOP && w.running[i]) {
    w.fresh = chance(95);
  }
  event.output_bytes = w.fresh ? 1 + draw(1000) : 0;
  w.running[i] = false;
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
  if (w.unknowing) {
    return exited(0xC5600602u);
  }
  switch (w.call_verb) {
  case SEEP_WPR_SNAPSHOT_ENABLE:
    w.keeps_stacks = w.keeps_stacks || (w.lives && !w.no_snapshots);
    return exited(w.lives && !w.no_snapshots ? 0 : 1);
  case SEEP_WPR_SNAPSHOT:
    counts.snapshots++;
    return exited(w.lives ? 0 : 1);
  case SEEP_WPR_SNAPSHOT_DISABLE:
    w.keeps_stacks = false;
    return exited(w.lives ? 0 : 1);
  default:
    break;
  }
  if (w.detached_stop[i]) {
    return exited(0xC5580601u);
  }
  return w.call_verb == SEEP_WPR_START ? true_start(i) : true_end(i);
}

/* What a call that went wrong may have done all the same. */
static void half_an_effect(uint32_t percent)
{
  unsigned i = w.call_instance;
  switch (w.call_verb) {
  case SEEP_WPR_START:
    w.running[i] = w.running[i] || (!is_taken(i) && chance(percent));
    break;
  case SEEP_WPR_STOP:
  case SEEP_WPR_CANCEL:
    w.running[i] = w.running[i] && !chance(percent);
    break;
  case SEEP_WPR_SNAPSHOT_ENABLE:
    w.keeps_stacks = w.keeps_stacks || (w.lives && chance(percent));
    break;
  default:
    break;
  }
}

/* Any fault, with whatever state of the recording it can leave behind. */
static seep_recorder_event faulty_answer(void)
{
  static const uint32_t faults[] = {0xC5580601u, 0x800705AAu, 0x80070008u, 0x80070070u,
                                    0x80071069u, 0x80010106u, 0xC5585011u, 0x800705B4u,
                                    0xC5583014u, 0xC558300Cu, 1u,          0xC5580612u};
  seep_recorder_event event = {.kind = SEEP_RECORDER_TOOL_FAILED, .tool_status = SEEP_NO_MEMORY};
  switch (draw(4)) {
  case 0:
    event.tool_status = chance(30) ? SEEP_BUSY : SEEP_NO_MEMORY; /* it never ran */
    return event;
  case 1:
    event.kind = SEEP_RECORDER_TOOL_TIMED_OUT;
    if (w.call_verb == SEEP_WPR_STOP) {
      w.detached_stop[w.call_instance] = w.running[w.call_instance];
    } else {
      half_an_effect(50);
    }
    return event;
  default:
    event = exited(faults[draw(sizeof faults / sizeof faults[0])]);
    seep_wpr_answer meaning = seep_wpr_classify(w.call_verb, event.exit_code);
    if (w.call_verb == SEEP_WPR_SNAPSHOT_ENABLE) {
      half_an_effect(meaning == SEEP_WPR_TRANSIENT ? 50 : 0);
    } else if (w.call_verb == SEEP_WPR_START) {
      /* That something is in the way is never said of what this very call has begun. */
      half_an_effect(meaning == SEEP_WPR_ALREADY_RUNNING ? 0 : 10);
    } else {
      half_an_effect(30);
    }
    return event;
  }
}

/* Whether it was the ring that was refused shows when the same start works without it. */
static void look_at_ring(const seep_recorder_event *event)
{
  bool ran = event->kind == SEEP_RECORDER_TOOL_EXITED && w.call_verb == SEEP_WPR_START;
  if (!ran) {
    return;
  }
  if (event->exit_code == 0) {
    w.ring_refused = w.ring_refused || w.ring_suspected;
  } else if (seep_wpr_classify(SEEP_WPR_START, event->exit_code) == SEEP_WPR_REFUSED) {
    w.ring_suspected = w.written.ring_bytes != 0;
    w.suspected = w.written.kind;
  }
}

void answer(bool well)
{
  bool fixed = w.no_wpr || w.unknowing || w.detached_stop[w.call_instance];
  seep_recorder_event event = well || fixed ? true_answer() : faulty_answer();
  char text[24];
  w.call_out = false;
  snprintf(text, sizeof text, "=%d/%08X", (int)event.kind, (unsigned)event.exit_code);
  note(text);
  look_at_ring(&event);
  feed(&event);
}

void answer_keeping(bool well)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_KEPT,
                               .kept = {.path = "/captures/kept.etl", .bytes = 1, .readable = true}};
  if (well) {
    event.kept.events = event.kept.target_events = 5;
    event.kept.target_heap_events = 5;
  } else {
    event.kept.readable = chance(70);
    event.kept.path[0] = chance(80) ? '/' : '\0';
    event.kept.target_events = draw(2);
    event.kept.target_heap_events = draw(2);
    event.tool_status = chance(20) ? SEEP_CANCELLED : SEEP_OK;
  }
  unsigned before = w.told[SEEP_RECORDER_SAVED] + w.told[SEEP_RECORDER_FAILED];
  note("=KEPT");
  counts.kept++;
  w.keep_out = false;
  feed(&event);
  REQUIRE(w.told[SEEP_RECORDER_SAVED] + w.told[SEEP_RECORDER_FAILED] == before + 1);
  REQUIRE(seep_recorder_is_idle(&w.recorder) && w.journal == 0);
}

void crash(bool reboot)
{
  note(reboot ? "REBOOT" : "CRASH");
  counts.crashes++;
  counts.reboots += reboot;
  if (w.call_out && !w.no_wpr && !w.unknowing && chance(50)) {
    (void)true_answer();
  }
  if (reboot) {
    w.raw_left = raw_files();
    memset(w.running, 0, sizeof w.running);
    memset(w.detached_stop, 0, sizeof w.detached_stop);
    w.stranger = w.lives = w.keeps_stacks = false;
    w.rebooted = w.journal != 0;
  }
  w.stale = w.fresh;
  w.recover = w.journal != 0;
  w.call_out = w.keep_out = w.shut_down = w.owes_outcome = w.ring_refused = w.add_failed = w.started = false;
  w.ring_suspected = w.may_be_saved_late = w.recovery_failed = false;
  w.journal_last = 0;
  assert_true(seep_recorder_init(&w.recorder, "/captures", "/captures/working", '/'));
  check_world();
}
