/*
 * How the recorder goes on when a wpr call has ended, could not be made or took too long. Events that arrive
 * while no call is out change nothing.
 */
#include "capture/recorder_private.h"

/* ---- the recorder program has answered ---- */

static const char *start_reason(seep_wpr_answer answer)
{
  switch (answer) {
  case SEEP_WPR_ALREADY_RUNNING:
    return "a recording was in the way and could not be cleared away";
  case SEEP_WPR_TRANSIENT:
    return "the recorder stayed busy at every try to start";
  case SEEP_WPR_NO_ROOM:
    return "there was no room for a recording";
  case SEEP_WPR_DONE:
  case SEEP_WPR_NOT_RUNNING:
  case SEEP_WPR_REFUSED:
  default:
    return "the recorder refused to start";
  }
}

static void on_started(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  recorder->state = SEEP_RECORDER_RECORDING;
  recorder->started = turn->now;
  recorder->commit_bytes = 0;
  if (recorder->failure_reason != NULL) {
    seep_recorder__begin_cancel(turn); /* called off while it was starting */
  } else if (recorder->recording == SEEP_PROFILE_SNAPSHOT) {
    seep_recorder__begin_first_snapshot(turn);
  } else {
    seep_recorder__begin_recording(turn);
  }
}

/* A plainer profile for the next try; false when there is none. */
static bool make_plainer(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  if (recorder->ring) {
    recorder->ring = false;
    recorder->plainer = true;
    return true;
  }
  recorder->plainer = false;
  if (recorder->recording == SEEP_PROFILE_VIRTUALALLOC) {
    return false;
  }
  seep_recorder__choose(turn, SEEP_PROFILE_VIRTUALALLOC); /* shows a heap where it asks for more pages */
  recorder->stepped_down = true;
  return true;
}

/* Is what is in the way another's for certain? Without names of our own it is, unless an earlier try of ours
 * may have left it. */
static bool is_a_strangers(const seep_recorder *recorder, seep_wpr_answer answer)
{
  return answer == SEEP_WPR_ALREADY_RUNNING && !recorder->traits.instances && recorder->attempts == 0;
}

static void on_start_exit(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  seep_wpr_answer answer = seep_wpr_classify(SEEP_WPR_START, turn->event->exit_code);
  if (answer == SEEP_WPR_DONE) {
    /* It was the bound that was refused, not something else: without it the same start works. */
    recorder->ring_refused = recorder->ring_refused || recorder->plainer;
    on_started(turn);
    return;
  }
  if (is_a_strangers(recorder, answer)) {
    seep_recorder__blame(turn, SEEP_RECORDER_REFUSED, "somebody else's recording is under way",
                         turn->event->exit_code);
    seep_recorder__settle(turn);
    return;
  }
  if (recorder->failure_reason != NULL) {
    seep_recorder__begin_cancel(turn); /* called off while it was starting */
    return;
  }
  if (answer == SEEP_WPR_TRANSIENT && seep_recorder__try_later(turn)) {
    return;
  }
  bool again = answer == SEEP_WPR_REFUSED && make_plainer(turn);
  if (answer == SEEP_WPR_ALREADY_RUNNING && !recorder->cleared && recorder->traits.instances) {
    /* Nobody else uses our name: one of ours must have outlived its journal entry. No blame: start again
     * after it. */
    recorder->cleared = true;
    again = true;
  }
  if (!again) {
    bool postponed =
        answer == SEEP_WPR_NO_ROOM || answer == SEEP_WPR_TRANSIENT || answer == SEEP_WPR_ALREADY_RUNNING;
    seep_recorder__blame(turn, postponed ? SEEP_RECORDER_REFUSED : SEEP_RECORDER_FAILED, start_reason(answer),
                         turn->event->exit_code);
  }
  /* A failed start should leave nothing behind, but only a cancel proves it. */
  seep_recorder__begin_cancel(turn);
}

static void on_stop_exit(const seep_recorder__turn *turn)
{
  uint32_t exit_code = turn->event->exit_code;
  seep_wpr_answer answer = seep_wpr_classify(SEEP_WPR_STOP, exit_code);
  if (answer == SEEP_WPR_DONE && turn->event->output_bytes > 0) {
    turn->recorder->saved = true;
    seep_recorder__settle(turn);
  } else if (answer == SEEP_WPR_DONE) {
    seep_recorder__blame(turn, SEEP_RECORDER_FAILED, "the recorder reported success but wrote no file", 0);
    seep_recorder__settle(turn);
  } else if (answer == SEEP_WPR_NOT_RUNNING) {
    seep_recorder__blame(turn, SEEP_RECORDER_FAILED, "the recording had vanished: somebody else ended it",
                         exit_code);
    seep_recorder__settle(turn);
  } else if (answer != SEEP_WPR_TRANSIENT || !seep_recorder__try_later(turn)) {
    seep_recorder__blame(turn, SEEP_RECORDER_FAILED, "the recording could not be saved and was given up",
                         exit_code);
    seep_recorder__begin_cancel(turn);
  }
}

static const char still_may_run[] = "the recording could not be cancelled and may still run; it will be "
                                    "tried again, at the next start at the latest";

/* Who may not start a recording may not end one either, and has none: without raw files nothing was begun. A
 * code that nobody knows may be that of a start that has crashed half-way: several looks must agree. */
static bool is_refused_like_the_start(const seep_recorder__turn *turn)
{
  const seep_recorder *recorder = turn->recorder;
  return recorder->state == SEEP_RECORDER_CANCELLING && !recorder->lingering &&
         recorder->failure_reason != NULL && recorder->failure_verb == SEEP_WPR_START &&
         recorder->failure_code == turn->event->exit_code && recorder->raw_bytes == 0 &&
         seep_wpr_classify(SEEP_WPR_START, recorder->failure_code) == SEEP_WPR_REFUSED;
}

/* For CANCELLING and RECOVERING alike. */
static void on_cancel_exit(const seep_recorder__turn *turn)
{
  seep_wpr_answer answer = seep_wpr_classify(SEEP_WPR_CANCEL, turn->event->exit_code);
  bool passing = answer == SEEP_WPR_TRANSIENT || answer == SEEP_WPR_NO_ROOM;
  bool needless = is_refused_like_the_start(turn);
  if (answer == SEEP_WPR_DONE || answer == SEEP_WPR_NOT_RUNNING ||
      (needless && seep_recorder__shows_no_files(turn->recorder))) {
    seep_recorder__settle_cancelled(turn, answer == SEEP_WPR_DONE);
  } else if (!(passing || needless) || !seep_recorder__try_later(turn)) {
    seep_recorder__linger(turn, still_may_run, turn->event->exit_code);
  }
}

void seep_recorder__on_tool_exited(const seep_recorder__turn *turn)
{
  seep_wpr_answer answer = seep_wpr_classify(turn->recorder->verb, turn->event->exit_code);
  bool passing = answer == SEEP_WPR_TRANSIENT || answer == SEEP_WPR_NO_ROOM;
  switch (turn->recorder->state) {
  case SEEP_RECORDER_ENABLING:
    seep_recorder__on_enabled(turn, answer);
    break;
  case SEEP_RECORDER_STARTING:
    on_start_exit(turn);
    break;
  case SEEP_RECORDER_FIRST_SNAPSHOT:
  case SEEP_RECORDER_LAST_SNAPSHOT:
    seep_recorder__on_snapshot(turn, answer == SEEP_WPR_DONE, passing);
    break;
  case SEEP_RECORDER_SAVING:
    on_stop_exit(turn);
    break;
  case SEEP_RECORDER_CANCELLING:
  case SEEP_RECORDER_RECOVERING:
    on_cancel_exit(turn);
    break;
  case SEEP_RECORDER_CLEARING:
    seep_recorder__on_cleared(turn, answer == SEEP_WPR_DONE, passing);
    break;
  case SEEP_RECORDER_IDLE:
  case SEEP_RECORDER_RECORDING:
  case SEEP_RECORDER_KEEPING:
  case SEEP_RECORDER_WAITING:
  default:
    break;
  }
}

/* ---- it could not be run, or not in time ---- */

/* For ENABLING and STARTING: nothing has been started by this call, and if it was the first, by none before:
 * whatever came earlier was cancelled. */
static void on_begin_not_run(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  seep_status status = turn->event->tool_status;
  bool first = recorder->attempts == 0;
  bool enabling = recorder->state == SEEP_RECORDER_ENABLING;
  if (status == SEEP_BUSY && recorder->failure_reason == NULL && seep_recorder__try_later(turn)) {
    return;
  }
  if (enabling && first) {
    recorder->snapshots_on = false;
  }
  seep_recorder__blame(turn, SEEP_RECORDER_FAILED,
                       status == SEEP_NOT_FOUND
                           ? "there is no wpr.exe on this server"
                           : "the recorder program, or what it needs beforehand, could not be brought up",
                       0);
  if (first || enabling) {
    seep_recorder__settle(turn);
  } else {
    seep_recorder__begin_cancel(turn);
  }
}

static void on_cancel_not_run(const seep_recorder__turn *turn)
{
  if (turn->recorder->state == SEEP_RECORDER_RECOVERING && turn->event->tool_status == SEEP_NOT_FOUND) {
    turn->recorder->lingering = false; /* its words would say that it has ended, which nobody knows */
    seep_recorder__finish(turn, SEEP_RECORDER_UNDONE,
                          "there is no wpr.exe to ask; the leftovers were removed");
  } else if (!seep_recorder__try_later(turn)) {
    seep_recorder__linger(turn, still_may_run, 0);
  }
}

/* Low memory is what we are here for, and it can keep wpr.exe from starting: while something runs, always try
 * again. */
void seep_recorder__on_tool_failed(const seep_recorder__turn *turn)
{
  switch (turn->recorder->state) {
  case SEEP_RECORDER_ENABLING:
  case SEEP_RECORDER_STARTING:
    on_begin_not_run(turn);
    break;
  case SEEP_RECORDER_FIRST_SNAPSHOT:
  case SEEP_RECORDER_LAST_SNAPSHOT:
    seep_recorder__on_snapshot(turn, false, true);
    break;
  case SEEP_RECORDER_SAVING:
    if (!seep_recorder__try_later(turn)) {
      seep_recorder__blame(turn, SEEP_RECORDER_FAILED,
                           "the recorder program could not be run to save the recording", 0);
      seep_recorder__begin_cancel(turn);
    }
    break;
  case SEEP_RECORDER_CANCELLING:
  case SEEP_RECORDER_RECOVERING:
    on_cancel_not_run(turn);
    break;
  case SEEP_RECORDER_CLEARING:
    seep_recorder__on_cleared(turn, false, turn->event->tool_status != SEEP_NOT_FOUND);
    break;
  case SEEP_RECORDER_IDLE:
  case SEEP_RECORDER_RECORDING:
  case SEEP_RECORDER_KEEPING:
  case SEEP_RECORDER_WAITING:
  default:
    break;
  }
}

void seep_recorder__on_tool_timed_out(const seep_recorder__turn *turn)
{
  switch (turn->recorder->state) {
  case SEEP_RECORDER_ENABLING:
    seep_recorder__do_without_snapshots(turn);
    break;
  case SEEP_RECORDER_STARTING:
    seep_recorder__blame(turn, SEEP_RECORDER_FAILED, "the recorder did not start in time and was killed", 0);
    seep_recorder__begin_cancel(turn);
    break;
  case SEEP_RECORDER_FIRST_SNAPSHOT:
  case SEEP_RECORDER_LAST_SNAPSHOT:
    seep_recorder__on_snapshot(turn, false, false);
    break;
  case SEEP_RECORDER_SAVING:
    turn->recorder->left_saving = true;
    seep_recorder__linger(
        turn, "saving took too long; wpr was left to end by itself, and what it saves is kept", 0);
    break;
  case SEEP_RECORDER_CANCELLING:
  case SEEP_RECORDER_RECOVERING:
    seep_recorder__linger(turn, still_may_run, 0);
    break;
  case SEEP_RECORDER_CLEARING:
    seep_recorder__on_cleared(turn, false, false);
    break;
  case SEEP_RECORDER_IDLE:
  case SEEP_RECORDER_RECORDING:
  case SEEP_RECORDER_KEEPING:
  case SEEP_RECORDER_WAITING:
  default:
    break;
  }
}
