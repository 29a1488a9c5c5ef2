/*
 * The transitions of the recorder. A recording ends in one of two places: in finish, when an answer proved
 * that nothing of ours runs, or in linger, when nothing proved it; begin_cancel leads to one of them. Where
 * wpr has no instance names, neither stop nor cancel is sent without raw files of ours to show for it.
 */
#include "capture/recorder_private.h"

#include <string.h>

/* Between two tries to end what could not be ended: rare enough not to bother anybody, often enough for a
 * disk. */
#define LINGER_MS (10 * SEEP_MS_PER_MINUTE)

/* So long after its start a recording has raw files on disk, and the figures of a tick show them. */
#define RAW_FILES_MS (10 * SEEP_MS_PER_SECOND)

/* That files are gone is believed when so many ticks in a row say so, */
#define LOOKS 3u
/* and until so many have come whose figures are of after now. */
#define LOOK_MS (4 * SEEP_MS_PER_SECOND)

/* Doubling the wait ends here. */
#define MAXIMUM_DOUBLINGS 6u

void seep_recorder__prepare(seep_recorder *recorder, uint64_t seed)
{
  recorder->stepped_down = false;
  recorder->ring = false;
  recorder->snapshots_on = false;
  recorder->buffers = 0;
  recorder->duration_ms = 0;
  recorder->commit_bytes = 0;
  recorder->raw_bytes = 0;
  recorder->looks_in_vain = 0;
  recorder->plainer = false;
  recorder->ending = NULL;
  recorder->attempts = 0;
  recorder->cleared = false;
  recorder->lingering = false;
  recorder->saved = false;
  recorder->failure_code = 0;
  recorder->failure_reason = NULL;
  recorder->target_gone = false;
  recorder->turn_kept = false;
  /* Two servers, or two recordings, differ in few bits: spread them before they are used. */
  recorder->chance = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
  if (recorder->chance == 0) {
    recorder->chance = 1; /* xorshift never leaves 0 */
  }
}

void seep_recorder__choose(const seep_recorder__turn *turn, seep_profile_kind kind)
{
  seep_recorder *recorder = turn->recorder;
  recorder->recording = kind;
  recorder->ring = turn->settings->ring && !recorder->ring_refused && kind != SEEP_PROFILE_SNAPSHOT;
}

void seep_recorder__blame(const seep_recorder__turn *turn, seep_recorder_outcome outcome, const char *reason,
                          uint32_t exit_code)
{
  seep_recorder *recorder = turn->recorder;
  if (recorder->failure_reason == NULL) {
    recorder->failure_outcome = outcome;
    recorder->failure_reason = reason;
    recorder->failure_code = exit_code;
    recorder->failure_verb = recorder->verb;
  }
}

static void rest(seep_recorder *recorder)
{
  recorder->state = SEEP_RECORDER_IDLE;
  recorder->lingering = false;
  recorder->left_saving = false;
  recorder->saved = false;
  recorder->snapshots_on = false;
  recorder->failure_reason = NULL;
}

/* ---- forward ---- */

void seep_recorder__begin_start(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  recorder->state = SEEP_RECORDER_STARTING;
  recorder->attempts = 0;
  seep_recorder_action *written = seep_recorder__add(turn, SEEP_RECORDER_WRITE_PROFILE);
  written->profile = (seep_profile){.kind = recorder->recording,
                                    .pid = recorder->target.key.pid,
                                    .buffers = recorder->buffers,
                                    .buffer_kilobytes = 1024,
                                    .ring_bytes = recorder->ring ? turn->settings->maximum_bytes : 0};
  seep_recorder__run(turn, SEEP_WPR_START);
}

void seep_recorder__begin_recording(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  recorder->state = SEEP_RECORDER_RECORDING;
  seep_recorder__tell(turn, SEEP_RECORDER_STARTED, "the recording runs");
  if (recorder->ending != NULL) {
    seep_recorder__begin_save(turn, recorder->ending); /* that came up during the first snapshot */
  }
}

/* One look may fail, and memory is short where we are called to. */
bool seep_recorder__shows_no_files(const seep_recorder *recorder)
{
  return recorder->raw_bytes == 0 && recorder->looks_in_vain >= LOOKS;
}

bool seep_recorder__has_vanished(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  bool gone = recorder->state == SEEP_RECORDER_RECORDING && !recorder->traits.instances &&
              seep_recorder__shows_no_files(recorder) &&
              seep_mono_since(turn->now, recorder->started) >= RAW_FILES_MS;
  if (gone) {
    recorder->verb = SEEP_WPR_STOP;
    seep_recorder__blame(turn, SEEP_RECORDER_FAILED, "the recording had vanished: somebody else ended it", 0);
    seep_recorder__settle(turn);
  }
  return gone;
}

void seep_recorder__begin_save(const seep_recorder__turn *turn, const char *ending)
{
  seep_recorder *recorder = turn->recorder;
  if (seep_recorder__has_vanished(turn)) {
    return;
  }
  recorder->ending = ending;
  recorder->duration_ms = seep_mono_since(turn->now, recorder->started);
  if (recorder->recording == SEEP_PROFILE_SNAPSHOT && !recorder->target_gone) {
    seep_recorder__begin_last_snapshot(turn);
  } else {
    seep_recorder__begin_stop(turn);
  }
}

void seep_recorder__begin_stop(const seep_recorder__turn *turn)
{
  turn->recorder->state = SEEP_RECORDER_SAVING;
  turn->recorder->attempts = 0;
  seep_recorder__run(turn, SEEP_WPR_STOP);
}

/* ---- waiting ---- */

static uint64_t draw(seep_recorder *recorder)
{
  uint64_t x = recorder->chance;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  recorder->chance = x;
  return x;
}

/* ms, and up to so many 1024ths of it more or less: what many servers ran into together they do not try again
 * together. */
static int64_t spread(seep_recorder *recorder, int64_t ms, unsigned width)
{
  uint64_t parts = 1024 - width + (draw(recorder) >> 16) % (2 * (uint64_t)width + 1);
  return ms * (int64_t)parts / 1024;
}

static void wait_ms(const seep_recorder__turn *turn, seep_recorder_state resume, int64_t ms)
{
  turn->recorder->resume = resume;
  turn->recorder->state = SEEP_RECORDER_WAITING;
  turn->recorder->retry_at.ms = turn->now.ms + ms;
}

bool seep_recorder__try_later(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  if (recorder->lingering || recorder->attempts >= turn->settings->retries) {
    return false;
  }
  unsigned doublings = recorder->attempts < MAXIMUM_DOUBLINGS ? recorder->attempts : MAXIMUM_DOUBLINGS;
  recorder->attempts++;
  wait_ms(turn, recorder->state, spread(recorder, turn->settings->retry_ms * (INT64_C(1) << doublings), 512));
  return true;
}

void seep_recorder__begin_cancel(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  bool certain =
      recorder->traits.instances || recorder->raw_bytes > 0 || recorder->state == SEEP_RECORDER_RECORDING;
  recorder->state = SEEP_RECORDER_CANCELLING;
  recorder->attempts = 0;
  recorder->looks_in_vain = 0; /* what counts is what is there from now on */
  recorder->verb = SEEP_WPR_CANCEL;
  if (certain) {
    seep_recorder__run(turn, SEEP_WPR_CANCEL);
  } else {
    wait_ms(turn, SEEP_RECORDER_CANCELLING, LOOK_MS);
  }
}

void seep_recorder__call_again(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  bool ends = recorder->verb == SEEP_WPR_CANCEL || recorder->verb == SEEP_WPR_STOP;
  bool unseen = !recorder->traits.instances && ends && recorder->raw_bytes == 0;
  bool nothing_there = unseen && seep_recorder__shows_no_files(recorder);
  if (unseen && !nothing_there && turn->event->kind == SEEP_RECORDER_TICK && turn->event->raw_bytes == 0) {
    return; /* one more look: it may be a slip, and what runs under that name another's */
  }
  if (unseen && turn->event->kind != SEEP_RECORDER_TICK) {
    /* That was the last tick's news: the next one decides. */
    recorder->retry_at.ms = seep_mono_since(recorder->retry_at, turn->now) < LOOK_MS ? recorder->retry_at.ms
                                                                                     : turn->now.ms + LOOK_MS;
    return;
  }
  recorder->state = recorder->resume;
  if (nothing_there && recorder->verb == SEEP_WPR_CANCEL) {
    seep_recorder__settle_cancelled(turn, false);
  } else if (nothing_there && recorder->verb == SEEP_WPR_STOP) {
    seep_recorder__blame(turn, SEEP_RECORDER_FAILED, "the recording had vanished: somebody else ended it", 0);
    seep_recorder__settle(turn);
  } else {
    seep_recorder__run(turn, recorder->verb);
  }
}

/* ---- when nothing runs ---- */

/* After a cancel has proven that nothing runs. The entry is exchanged for one that names the file to come:
 * between the two there is nothing to undo. */
static void start_again(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  char before[SEEP_RECORDER_PATH_SIZE];
  seep_text_copy(before, sizeof before, recorder->output);
  seep_recorder__add(turn, SEEP_RECORDER_DELETE_RAW);
  seep_recorder__name_output(recorder);
  if (strcmp(before, recorder->output) != 0) {
    seep_recorder__add(turn, SEEP_RECORDER_JOURNAL_REMOVE);
    seep_recorder__add_promise(turn);
  }
  seep_recorder__begin_start(turn);
}

void seep_recorder__settle(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  bool over = recorder->lingering || recorder->failure_reason != NULL;
  bool needed = !over && !recorder->saved && recorder->recording == SEEP_PROFILE_SNAPSHOT;
  if (recorder->snapshots_on && !recorder->target_gone && !needed) {
    seep_recorder__begin_clear(turn);
  } else if (over) {
    seep_recorder__finish(turn, recorder->failure_outcome, recorder->failure_reason);
  } else if (recorder->saved) {
    seep_recorder__begin_keeping(turn);
  } else {
    start_again(turn);
  }
}

/* wpr has ended by itself what was left to it, or an earlier life's: a stop that took longer than anybody
 * waited. */
static bool was_saved_meanwhile(const seep_recorder__turn *turn, bool ended)
{
  const seep_recorder *recorder = turn->recorder;
  bool left = recorder->state == SEEP_RECORDER_RECOVERING || recorder->left_saving;
  return left && !ended && recorder->output[0] != '\0' && turn->event->output_bytes > 0 &&
         recorder->raw_bytes == 0;
}

void seep_recorder__settle_cancelled(const seep_recorder__turn *turn, bool ended)
{
  seep_recorder *recorder = turn->recorder;
  if (was_saved_meanwhile(turn, ended)) {
    recorder->saved = true;
    recorder->lingering = false;
    recorder->failure_reason = NULL;
    recorder->ending = "wpr saved it after nobody had waited for it any longer";
    seep_recorder__settle(turn);
    return;
  }
  if (recorder->state == SEEP_RECORDER_RECOVERING) {
    recorder->failure_outcome = SEEP_RECORDER_UNDONE;
    recorder->failure_reason = ended ? "a recording of an earlier run was still going and was cancelled"
                                     : "a recording of an earlier run had ended; its leftovers were removed";
  }
  seep_recorder__settle(turn);
}

void seep_recorder__finish(const seep_recorder__turn *turn, seep_recorder_outcome outcome, const char *reason)
{
  seep_recorder *recorder = turn->recorder;
  if (recorder->lingering) { /* its failure is told already */
    outcome = SEEP_RECORDER_UNDONE;
    reason = "what could not be ended before has ended now; its leftovers were removed";
  }
  seep_recorder__add(turn, SEEP_RECORDER_DELETE_RAW);
  seep_recorder__add(turn, SEEP_RECORDER_JOURNAL_REMOVE);
  seep_recorder_action *told = seep_recorder__tell(turn, outcome, reason);
  if (outcome == SEEP_RECORDER_SAVED) {
    told->duration_ms = recorder->duration_ms;
    told->ending = recorder->ending;
  } else if (outcome == SEEP_RECORDER_FAILED || outcome == SEEP_RECORDER_REFUSED) {
    told->exit_code = recorder->failure_code;
    told->verb = recorder->failure_verb;
  }
  if (turn->event->kind == SEEP_RECORDER_KEPT) {
    told->kept = turn->event->kept;
  }
  /* Postponed, or its turn kept, a program has had nothing yet. */
  if (outcome != SEEP_RECORDER_UNDONE && outcome != SEEP_RECORDER_REFUSED && !recorder->turn_kept) {
    seep_recorder__cool(turn);
  }
  rest(recorder);
}

void seep_recorder__linger(const seep_recorder__turn *turn, const char *reason, uint32_t exit_code)
{
  seep_recorder *recorder = turn->recorder;
  bool recovering = recorder->state == SEEP_RECORDER_RECOVERING;
  if (!recorder->lingering) {
    bool blamed = recorder->failure_reason != NULL && recorder->failure_outcome == SEEP_RECORDER_FAILED &&
                  recorder->failure_code != 0;
    seep_recorder_action *told = seep_recorder__tell(turn, SEEP_RECORDER_FAILED, reason);
    told->exit_code = blamed ? recorder->failure_code : exit_code; /* the cause, not what followed from it */
    told->verb = blamed ? recorder->failure_verb : recorder->verb;
    if (!recovering && !recorder->turn_kept) {
      seep_recorder__cool(turn);
    }
  }
  if (recorder->shutting_down) {
    rest(recorder);
    return;
  }
  recorder->lingering = true;
  recorder->verb = SEEP_WPR_CANCEL;
  wait_ms(turn, recovering ? SEEP_RECORDER_RECOVERING : SEEP_RECORDER_CANCELLING,
          spread(recorder, LINGER_MS, 256));
}
