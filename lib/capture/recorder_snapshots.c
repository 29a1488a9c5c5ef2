/*
 * What is particular to recording a heap by snapshots: the target has to keep stacks before (ENABLING) and
 * has to stop it after (CLEARING), and the snapshots themselves are taken while the recording runs. Enabling
 * counts as done from the moment it is asked for: whatever may have been switched on is switched off again,
 * unless the process is gone, and the setting with it.
 */
#include "capture/recorder_private.h"

void seep_recorder__begin_enable(const seep_recorder__turn *turn)
{
  turn->recorder->state = SEEP_RECORDER_ENABLING;
  turn->recorder->attempts = 0;
  turn->recorder->snapshots_on = true;
  seep_recorder__run(turn, SEEP_WPR_SNAPSHOT_ENABLE);
}

void seep_recorder__begin_first_snapshot(const seep_recorder__turn *turn)
{
  turn->recorder->state = SEEP_RECORDER_FIRST_SNAPSHOT;
  turn->recorder->attempts = 0;
  seep_recorder__run(turn, SEEP_WPR_SNAPSHOT);
}

void seep_recorder__begin_last_snapshot(const seep_recorder__turn *turn)
{
  turn->recorder->state = SEEP_RECORDER_LAST_SNAPSHOT;
  turn->recorder->attempts = 0;
  seep_recorder__run(turn, SEEP_WPR_SNAPSHOT);
}

void seep_recorder__begin_clear(const seep_recorder__turn *turn)
{
  turn->recorder->state = SEEP_RECORDER_CLEARING;
  turn->recorder->attempts = 0;
  seep_recorder__run(turn, SEEP_WPR_SNAPSHOT_DISABLE);
}

void seep_recorder__do_without_snapshots(const seep_recorder__turn *turn)
{
  if (turn->recorder->failure_reason == NULL) {
    seep_recorder__choose(turn, SEEP_PROFILE_HEAP);
  }
  seep_recorder__settle(turn);
}

void seep_recorder__on_enabled(const seep_recorder__turn *turn, seep_wpr_answer answer)
{
  seep_recorder *recorder = turn->recorder;
  if (answer != SEEP_WPR_DONE && answer != SEEP_WPR_TRANSIENT && recorder->attempts == 0) {
    recorder->snapshots_on = false; /* refused, and never tried before */
  }
  if (recorder->failure_reason != NULL) {
    seep_recorder__settle(turn); /* called off meanwhile */
  } else if (answer == SEEP_WPR_DONE) {
    seep_recorder__begin_start(turn);
  } else if (answer != SEEP_WPR_TRANSIENT || !seep_recorder__try_later(turn)) {
    seep_recorder__do_without_snapshots(turn);
  }
}

static void after_last_snapshot(const seep_recorder__turn *turn, bool taken)
{
  if (!taken) { /* what else is in the trace is worth keeping */
    turn->recorder->ending = turn->recorder->target_gone
                                 ? "the process ended before its last snapshot could be taken"
                                 : "it was due to end, but the last snapshot of the heap could not be taken";
  }
  seep_recorder__begin_stop(turn);
}

void seep_recorder__on_snapshot(const seep_recorder__turn *turn, bool taken, bool passing)
{
  seep_recorder *recorder = turn->recorder;
  bool first = recorder->state == SEEP_RECORDER_FIRST_SNAPSHOT;
  if (recorder->failure_reason != NULL) {
    seep_recorder__begin_cancel(turn); /* called off meanwhile */
    return;
  }
  /* One more try is what others found to help (reference: wpr-and-ifeo, 9). */
  bool hurried = recorder->target_gone || recorder->shutting_down || (first && recorder->ending != NULL);
  bool again = !taken && passing && recorder->attempts == 0 && !hurried;
  if (again && seep_recorder__try_later(turn)) {
    return;
  }
  if (first) {
    seep_recorder__begin_recording(turn);
  } else {
    after_last_snapshot(turn, taken);
  }
}

void seep_recorder__on_cleared(const seep_recorder__turn *turn, bool cleared, bool passing)
{
  seep_recorder *recorder = turn->recorder;
  if (!cleared && passing && !recorder->target_gone && seep_recorder__try_later(turn)) {
    return;
  }
  recorder->snapshots_on = false; /* what could not be taken back ends with the process */
  seep_recorder__settle(turn);
}
