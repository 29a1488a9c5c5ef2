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
    return "a recording under our name was in the way and came back after it was cancelled";
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

static void on_start_exit(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  seep_wpr_answer answer = seep_wpr_classify(SEEP_WPR_START, turn->event->exit_code);
  if (recorder->failure_reason != NULL) {
    seep_recorder__begin_cancel(turn); /* called off while it was starting */
    return;
  }
  if (answer == SEEP_WPR_DONE) {
    recorder->state = SEEP_RECORDER_RECORDING;
    recorder->started = turn->now;
    recorder->commit_bytes = 0;
    seep_recorder__tell(turn, SEEP_RECORDER_STARTED, "the recording runs");
    return;
  }
  if (answer == SEEP_WPR_TRANSIENT && seep_recorder__try_later(turn)) {
    return;
  }
  if (answer == SEEP_WPR_ALREADY_RUNNING && !recorder->cleared) {
    /* Nobody else uses our name: one of ours must have outlived its journal entry. No blame: start again
     * after it. */
    recorder->cleared = true;
    seep_recorder__begin_cancel(turn);
    return;
  }
  /* A failed start should leave nothing behind, but only a cancel proves it. */
  if (answer == SEEP_WPR_REFUSED && recorder->recording == SEEP_PROFILE_HEAP) {
    recorder->recording = SEEP_PROFILE_VIRTUALALLOC; /* which shows a heap where it asks for more pages */
    recorder->stepped_down = true;
    seep_recorder__name_output(recorder);
    seep_recorder__begin_cancel(turn);
    return;
  }
  seep_recorder__blame(turn, SEEP_RECORDER_FAILED, start_reason(answer), turn->event->exit_code);
  seep_recorder__begin_cancel(turn);
}

static void on_stop_exit(const seep_recorder__turn *turn)
{
  uint32_t exit_code = turn->event->exit_code;
  seep_wpr_answer answer = seep_wpr_classify(SEEP_WPR_STOP, exit_code);
  if (answer == SEEP_WPR_DONE && turn->event->output_bytes > 0) {
    seep_recorder__add(turn, SEEP_RECORDER_KEEP_OUTPUT);
    seep_recorder__finish(turn, SEEP_RECORDER_SAVED, "the recording was saved");
  } else if (answer == SEEP_WPR_DONE) {
    seep_recorder__blame(turn, SEEP_RECORDER_FAILED, "the recorder reported success but wrote no file", 0);
    seep_recorder__finish_blamed(turn);
  } else if (answer == SEEP_WPR_NOT_RUNNING) {
    seep_recorder__blame(turn, SEEP_RECORDER_FAILED, "the recording had vanished: somebody else ended it",
                         exit_code);
    seep_recorder__finish_blamed(turn);
  } else if (answer != SEEP_WPR_TRANSIENT || turn->recorder->shutting_down ||
             !seep_recorder__try_later(turn)) {
    seep_recorder__blame(turn, SEEP_RECORDER_FAILED, "the recording could not be saved and was given up",
                         exit_code);
    seep_recorder__begin_cancel(turn);
  }
}

static const char still_may_run[] = "the recording could not be cancelled and may still run; it will be "
                                    "tried again, at the next start at the latest";

/* For CANCELLING and RECOVERING alike. */
static void on_cancel_exit(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  seep_wpr_answer answer = seep_wpr_classify(SEEP_WPR_CANCEL, turn->event->exit_code);
  bool proven = answer == SEEP_WPR_DONE || answer == SEEP_WPR_NOT_RUNNING;
  if (!proven) {
    bool passing = answer == SEEP_WPR_TRANSIENT || answer == SEEP_WPR_NO_ROOM;
    if (!passing || !seep_recorder__try_later(turn)) {
      seep_recorder__linger(turn, still_may_run, turn->event->exit_code);
    }
  } else if (recorder->state == SEEP_RECORDER_RECOVERING) {
    seep_recorder__finish(turn, SEEP_RECORDER_UNDONE,
                          answer == SEEP_WPR_DONE
                              ? "a recording of an earlier run was still going and was cancelled"
                              : "a recording of an earlier run had ended; its leftovers were removed");
  } else if (recorder->failure_reason == NULL && !recorder->lingering) {
    seep_recorder__add(turn, SEEP_RECORDER_DELETE_RAW); /* of what was in our place, or was refused */
    seep_recorder__begin_start(turn);
  } else {
    seep_recorder__finish_blamed(turn);
  }
}

void seep_recorder__on_tool_exited(const seep_recorder__turn *turn)
{
  switch (turn->recorder->state) {
  case SEEP_RECORDER_STARTING:
    on_start_exit(turn);
    break;
  case SEEP_RECORDER_SAVING:
    on_stop_exit(turn);
    break;
  case SEEP_RECORDER_CANCELLING:
  case SEEP_RECORDER_RECOVERING:
    on_cancel_exit(turn);
    break;
  case SEEP_RECORDER_IDLE:
  case SEEP_RECORDER_RECORDING:
  case SEEP_RECORDER_WAITING:
  default:
    break;
  }
}

/* ---- it could not be run, or not in time ---- */

static void on_start_not_run(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  seep_status status = turn->event->tool_status;
  /* Nothing was started by this call, and if it was the first, by none before. */
  bool nothing_runs = recorder->attempts == 0 && !recorder->cleared;
  if (status == SEEP_BUSY && recorder->failure_reason == NULL && seep_recorder__try_later(turn)) {
    return;
  }
  seep_recorder__blame(turn, SEEP_RECORDER_FAILED,
                       status == SEEP_NOT_FOUND
                           ? "there is no wpr.exe on this server"
                           : "the recorder program, or what it needs beforehand, could not be brought up",
                       0);
  if (nothing_runs) {
    seep_recorder__finish_blamed(turn);
  } else {
    seep_recorder__begin_cancel(turn);
  }
}

/* Low memory is what we are here for, and it can keep wpr.exe from starting: while something runs, always try
 * again. */
void seep_recorder__on_tool_failed(const seep_recorder__turn *turn)
{
  switch (turn->recorder->state) {
  case SEEP_RECORDER_STARTING:
    on_start_not_run(turn);
    break;
  case SEEP_RECORDER_SAVING:
    if (turn->recorder->shutting_down || !seep_recorder__try_later(turn)) {
      seep_recorder__blame(turn, SEEP_RECORDER_FAILED,
                           "the recorder program could not be run to save the recording", 0);
      seep_recorder__begin_cancel(turn);
    }
    break;
  case SEEP_RECORDER_RECOVERING:
    if (turn->event->tool_status == SEEP_NOT_FOUND) {
      seep_recorder__finish(turn, SEEP_RECORDER_UNDONE,
                            "there is no wpr.exe to ask; the leftovers were removed");
      break;
    }
    if (!seep_recorder__try_later(turn)) {
      seep_recorder__linger(turn, still_may_run, 0);
    }
    break;
  case SEEP_RECORDER_CANCELLING:
    if (!seep_recorder__try_later(turn)) {
      seep_recorder__linger(turn, still_may_run, 0);
    }
    break;
  case SEEP_RECORDER_IDLE:
  case SEEP_RECORDER_RECORDING:
  case SEEP_RECORDER_WAITING:
  default:
    break;
  }
}

void seep_recorder__on_tool_timed_out(const seep_recorder__turn *turn)
{
  switch (turn->recorder->state) {
  case SEEP_RECORDER_STARTING:
    seep_recorder__blame(turn, SEEP_RECORDER_FAILED, "the recorder did not start in time and was killed", 0);
    seep_recorder__begin_cancel(turn);
    break;
  case SEEP_RECORDER_SAVING:
    seep_recorder__linger(turn, "saving took too long; wpr was left to end by itself and is tidied up after",
                          0);
    break;
  case SEEP_RECORDER_CANCELLING:
  case SEEP_RECORDER_RECOVERING:
    seep_recorder__linger(turn, still_may_run, 0);
    break;
  case SEEP_RECORDER_IDLE:
  case SEEP_RECORDER_RECORDING:
  case SEEP_RECORDER_WAITING:
  default:
    break;
  }
}
