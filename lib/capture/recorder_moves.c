/*
 * The transitions of the recorder. A recording ends in one of two places: in finish, when an answer proved
 * that nothing of ours runs, or in linger, when nothing proved it; begin_cancel leads to one of them.
 */
#include "capture/recorder_private.h"

/* Between two tries to end what could not be ended: rare enough not to bother anybody, often enough for a
 * disk. */
#define LINGER_MS (10 * SEEP_MS_PER_MINUTE)

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
  recorder->failure_reason = NULL;
}

void seep_recorder__begin_start(const seep_recorder__turn *turn)
{
  turn->recorder->state = SEEP_RECORDER_STARTING;
  turn->recorder->attempts = 0;
  seep_recorder__add(turn, SEEP_RECORDER_WRITE_PROFILE);
  seep_recorder__run(turn, SEEP_WPR_START);
}

void seep_recorder__begin_save(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  recorder->state = SEEP_RECORDER_SAVING;
  recorder->attempts = 0;
  recorder->duration_ms = seep_mono_since(turn->now, recorder->started);
  seep_recorder__run(turn, SEEP_WPR_STOP);
}

void seep_recorder__begin_cancel(const seep_recorder__turn *turn)
{
  turn->recorder->state = SEEP_RECORDER_CANCELLING;
  turn->recorder->attempts = 0;
  seep_recorder__run(turn, SEEP_WPR_CANCEL);
}

bool seep_recorder__try_later(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  if (recorder->lingering || recorder->attempts >= turn->settings->retries) {
    return false;
  }
  recorder->attempts++;
  recorder->resume = recorder->state;
  recorder->state = SEEP_RECORDER_WAITING;
  recorder->retry_at.ms = turn->now.ms + turn->settings->retry_ms;
  return true;
}

void seep_recorder__call_again(const seep_recorder__turn *turn)
{
  turn->recorder->state = turn->recorder->resume;
  seep_recorder__run(turn, turn->recorder->verb);
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
    told->bytes = turn->event->output_bytes;
    told->duration_ms = recorder->duration_ms;
  } else if (outcome == SEEP_RECORDER_FAILED) {
    told->exit_code = recorder->failure_code;
    told->verb = recorder->failure_verb;
  }
  /* A program whose process ended before it could be recorded has had nothing yet: its next process may. */
  bool owed = outcome == SEEP_RECORDER_ABANDONED && recorder->target_gone;
  if (outcome != SEEP_RECORDER_UNDONE && !owed) {
    seep_recorder__cool(turn);
  }
  rest(recorder);
}

void seep_recorder__finish_blamed(const seep_recorder__turn *turn)
{
  seep_recorder__finish(turn, turn->recorder->failure_outcome, turn->recorder->failure_reason);
}

void seep_recorder__linger(const seep_recorder__turn *turn, const char *reason, uint32_t exit_code)
{
  seep_recorder *recorder = turn->recorder;
  bool recovering = recorder->state == SEEP_RECORDER_RECOVERING;
  if (!recorder->lingering) {
    seep_recorder_action *told = seep_recorder__tell(turn, SEEP_RECORDER_FAILED, reason);
    told->exit_code = exit_code;
    told->verb = recorder->verb;
    if (!recovering) {
      seep_recorder__cool(turn);
    }
  }
  if (recorder->shutting_down) {
    rest(recorder);
    return;
  }
  recorder->lingering = true;
  recorder->verb = SEEP_WPR_CANCEL;
  recorder->resume = recovering ? SEEP_RECORDER_RECOVERING : SEEP_RECORDER_CANCELLING;
  recorder->state = SEEP_RECORDER_WAITING;
  recorder->retry_at.ms = turn->now.ms + LINGER_MS;
}
