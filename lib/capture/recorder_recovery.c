/*
 * What an earlier life of the service left behind, as its journal entry tells: a recording that may still
 * run, which is cancelled, or a finished trace whose keeping was cut off, which is kept now. Where nothing
 * can run any more, wpr is not asked.
 */
#include "capture/recorder_private.h"

#include <string.h>

static void take_promise(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  const seep_recorder_event *event = turn->event;
  static const seep_promise_recording nothing = {.case_id = 0};
  const seep_promise_recording *promise = event->promise_damaged ? &nothing : &event->promise;
  seep_recorder__prepare(recorder, (uint64_t)promise->requested.ms ^ ((uint64_t)promise->key.pid << 32) ^
                                       (uint64_t)event->journal_id);
  memset(&recorder->target, 0, sizeof recorder->target);
  recorder->target.case_id = promise->case_id;
  recorder->target.key = promise->key;
  seep_text_copy(recorder->target.image, sizeof recorder->target.image, promise->image);
  recorder->recording = promise->kind;
  recorder->ring = false;
  recorder->requested = promise->requested;
  recorder->journal_id = event->journal_id;
  recorder->raw_bytes = event->raw_bytes;
  recorder->looks_in_vain = event->raw_bytes == 0 ? 1000 : 0; /* a start looks at leisure */
  recorder->target_gone = !event->target_lives;
  seep_text_copy(recorder->instance, sizeof recorder->instance, promise->instance);
  /* Under the default instance only a call without a name finds it, whichever wpr is there now; and under a
   * name of our own a call without one would hit somebody else's. */
  recorder->traits = turn->settings->wpr;
  recorder->traits.instances = seep_wpr_instance_is_valid(promise->instance);
  seep_recorder__take_name(recorder, promise->file);
}

/* What runs under our own name is ours, whatever the note said. */
static bool may_run_unnamed(const seep_recorder__turn *turn)
{
  return turn->settings->wpr.instances && seep_wpr_instance_is_valid(turn->settings->instance);
}

static void drop_damaged(const seep_recorder__turn *turn)
{
  turn->recorder->journal_id = turn->event->journal_id;
  memset(&turn->recorder->target, 0, sizeof turn->recorder->target);
  turn->recorder->instance[0] = '\0';
  seep_recorder__add(turn, SEEP_RECORDER_JOURNAL_REMOVE);
  seep_recorder__tell(turn, SEEP_RECORDER_UNDONE,
                      "the note of it named no recording of ours and was dropped");
}

void seep_recorder__on_recover(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  const seep_recorder_event *event = turn->event;
  if (recorder->state != SEEP_RECORDER_IDLE || recorder->shutting_down) {
    return;
  }
  if (event->promise_damaged && !may_run_unnamed(turn)) {
    drop_damaged(turn);
    return;
  }
  take_promise(turn);
  if (event->promise_damaged) {
    seep_text_copy(recorder->instance, sizeof recorder->instance, turn->settings->instance);
    recorder->traits = turn->settings->wpr;
  }
  if (event->finished && recorder->output[0] != '\0') {
    recorder->ending = "an earlier run of the service recorded it";
    seep_recorder__begin_keeping(turn);
    return;
  }
  if (event->rebooted && !recorder->traits.instances) {
    seep_recorder__finish(turn, SEEP_RECORDER_UNDONE,
                          event->output_bytes > 0
                              ? "a recording of an earlier run ended with a restart of the server; the file "
                                "that was being saved is kept as it is"
                              : "a recording of an earlier run ended with a restart of the server; its "
                                "leftovers were removed");
    return;
  }
  recorder->snapshots_on = recorder->recording == SEEP_PROFILE_SNAPSHOT && !recorder->target_gone;
  recorder->state = SEEP_RECORDER_RECOVERING;
  if (!recorder->traits.instances && event->raw_bytes == 0) {
    seep_recorder__settle_cancelled(turn, false);
    return;
  }
  seep_recorder__run(turn, SEEP_WPR_CANCEL);
}
