/*
 * What the recorder makes of requests, time and interruptions; see the header for its promises. The answers
 * of wpr are read in recorder_answers.c, the transitions both use are in recorder_moves.c. A wpr call is only
 * ever asked for where none is out: two at once under one name would fail each other.
 */
#include "capture/recorder.h"

#include <string.h>

#include "capture/recorder_private.h"

bool seep_recorder_init(seep_recorder *recorder, const char *capture_folder, const char *temporary_folder,
                        char path_separator)
{
  if (!seep_recorder__folders_fit(capture_folder, temporary_folder)) {
    return false;
  }
  memset(recorder, 0, sizeof *recorder);
  recorder->path_separator = path_separator;
  seep_text_copy(recorder->capture_folder, sizeof recorder->capture_folder, capture_folder);
  seep_text_copy(recorder->temporary_folder, sizeof recorder->temporary_folder, temporary_folder);
  seep_writer writer;
  seep_writer_init(&writer, recorder->profile_path, sizeof recorder->profile_path);
  seep_writer_text(&writer, temporary_folder);
  seep_writer_bytes(&writer, &path_separator, 1);
  seep_writer_text(&writer, "Seepwatch.wprp");
  return !writer.cut;
}

bool seep_recorder_is_idle(const seep_recorder *recorder)
{
  return recorder->state == SEEP_RECORDER_IDLE;
}

/* ---- a request ---- */

static const char *why_not_free(const seep_recorder *recorder)
{
  if (recorder->shutting_down) {
    return "the service is stopping";
  }
  if (recorder->lingering) {
    return "an earlier recording could not be ended yet";
  }
  return recorder->state != SEEP_RECORDER_IDLE ? "another recording is under way" : NULL;
}

/* A literal reason, or NULL when nothing speaks against it. */
static const char *why_not(const seep_recorder__turn *turn)
{
  const seep_recorder_settings *settings = turn->settings;
  const seep_recorder_event *event = turn->event;
  const char *occupied = why_not_free(turn->recorder);
  if (occupied != NULL) {
    return occupied;
  }
  if (!settings->enabled) {
    return "recording is switched off in the configuration";
  }
  if (!seep_wpr_instance_is_valid(settings->instance)) {
    return "the configured instance name cannot be used";
  }
  if (seep_recorder__is_cooling(turn->recorder, event->target.image, turn->now)) {
    return "this program had a recording, or a try at one, only a while ago";
  }
  if (!event->journal_ready) {
    return "the store cannot keep the note that would undo it after a crash";
  }
  if (event->free_bytes < settings->minimum_free_bytes) {
    return "the capture volume has too little free space";
  }
  if (event->folder_bytes >= settings->folder_quota_bytes) {
    return "the folder of finished captures has used up its quota";
  }
  return NULL;
}

static void on_request(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  const char *reason = why_not(turn);
  if (reason != NULL) {
    seep_recorder_action *told = seep_recorder__tell(turn, SEEP_RECORDER_REFUSED, reason);
    told->target = turn->event->target;
    return;
  }
  recorder->target = turn->event->target;
  recorder->journal_id = 0;
  recorder->cleared = false;
  recorder->target_gone = false;
  seep_text_copy(recorder->instance, sizeof recorder->instance, turn->settings->instance);
  recorder->requested = turn->event->wall;
  recorder->stepped_down = false;
  recorder->recording = turn->settings->heap && recorder->target.memory_kind == SEEP_MEMORY_HEAP
                            ? SEEP_PROFILE_HEAP
                            : SEEP_PROFILE_VIRTUALALLOC;
  seep_recorder__name_output(recorder);
  seep_recorder__add(turn, SEEP_RECORDER_JOURNAL_ADD);
  seep_recorder__begin_start(turn);
}

static void on_recover(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  if (recorder->state != SEEP_RECORDER_IDLE || recorder->shutting_down) {
    return;
  }
  recorder->target = turn->event->target;
  recorder->journal_id = turn->event->journal_id;
  recorder->output[0] = '\0';
  recorder->output_temporary[0] = '\0';
  seep_text_copy(recorder->instance, sizeof recorder->instance, turn->event->instance);
  if (!seep_wpr_instance_is_valid(recorder->instance)) {
    /* A damaged entry: cancelling under such a name could end a stranger's recording. */
    seep_recorder__add(turn, SEEP_RECORDER_JOURNAL_REMOVE);
    seep_recorder__tell(turn, SEEP_RECORDER_UNDONE,
                        "the note of it named no recording of ours and was dropped");
    return;
  }
  recorder->state = SEEP_RECORDER_RECOVERING;
  recorder->attempts = 0;
  seep_recorder__run(turn, SEEP_WPR_CANCEL);
}

/* ---- time and interruptions ---- */

/* At a stop raw and merged files exist together: below the floor saving would fill the disk, cancelling frees
 * it. */
static bool give_up_for_disk(const seep_recorder__turn *turn)
{
  if (turn->event->free_bytes >= turn->settings->minimum_free_bytes / 2) {
    return false;
  }
  turn->recorder->verb = SEEP_WPR_CANCEL; /* no call of wpr's failed: name the one that follows */
  seep_recorder__blame(turn, SEEP_RECORDER_FAILED,
                       "the disk was filling up; the recording was given up to free it", 0);
  seep_recorder__begin_cancel(turn);
  return true;
}

/* What has been leaked since the recording began. */
static bool has_enough(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  uint64_t commit_bytes = turn->event->commit_bytes;
  if (recorder->commit_bytes == 0) {
    recorder->commit_bytes = commit_bytes;
  }
  return commit_bytes > recorder->commit_bytes &&
         commit_bytes - recorder->commit_bytes >= turn->settings->enough_growth_bytes;
}

static void on_tick(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  const seep_recorder_settings *settings = turn->settings;
  if (recorder->state == SEEP_RECORDER_RECORDING && !give_up_for_disk(turn)) {
    if (seep_mono_since(turn->now, recorder->started) >= settings->maximum_ms ||
        turn->event->raw_bytes >= settings->maximum_bytes || has_enough(turn)) {
      seep_recorder__begin_save(turn);
    }
  } else if (recorder->state == SEEP_RECORDER_WAITING) {
    bool recording = recorder->resume == SEEP_RECORDER_SAVING;
    if (!(recording && give_up_for_disk(turn)) && turn->now.ms >= recorder->retry_at.ms) {
      seep_recorder__call_again(turn);
    }
  }
}

/* Ends a recording on purpose. What is being saved is left to be saved, what is being cancelled anyway is
 * hurried. */
static void call_off(const seep_recorder__turn *turn, const char *reason)
{
  seep_recorder *recorder = turn->recorder;
  switch (recorder->state) {
  case SEEP_RECORDER_STARTING:
  case SEEP_RECORDER_CANCELLING:
    seep_recorder__blame(turn, SEEP_RECORDER_ABANDONED, reason,
                         0); /* a call is out; its answer brings the rest */
    break;
  case SEEP_RECORDER_RECORDING:
    seep_recorder__blame(turn, SEEP_RECORDER_ABANDONED, reason, 0);
    seep_recorder__begin_cancel(turn);
    break;
  case SEEP_RECORDER_WAITING:
    seep_recorder__blame(turn, SEEP_RECORDER_ABANDONED, reason, 0);
    if (recorder->resume == SEEP_RECORDER_STARTING || recorder->resume == SEEP_RECORDER_SAVING) {
      seep_recorder__begin_cancel(turn);
    } else {
      seep_recorder__call_again(turn);
    }
    break;
  case SEEP_RECORDER_IDLE:
  case SEEP_RECORDER_SAVING:
  case SEEP_RECORDER_RECOVERING:
  default:
    break;
  }
}

static void on_target_gone(const seep_recorder__turn *turn)
{
  seep_recorder *recorder = turn->recorder;
  const seep_process_key *gone = &turn->event->target.key;
  if (gone->pid != recorder->target.key.pid || gone->created != recorder->target.key.created) {
    return;
  }
  bool saving = recorder->state == SEEP_RECORDER_SAVING ||
                (recorder->state == SEEP_RECORDER_WAITING && recorder->resume == SEEP_RECORDER_SAVING);
  if (recorder->state == SEEP_RECORDER_IDLE || recorder->state == SEEP_RECORDER_RECOVERING || saving) {
    return;
  }
  recorder->target_gone = true;
  if (recorder->state == SEEP_RECORDER_RECORDING) {
    seep_recorder__begin_save(turn); /* what it did until its end is in there */
  } else {
    call_off(turn, "the process ended before the recording began");
  }
}

void seep_recorder_step(seep_recorder *recorder, const seep_recorder_settings *settings, seep_mono now,
                        const seep_recorder_event *event, seep_recorder_actions *actions)
{
  seep_recorder__turn turn = {
      .recorder = recorder, .settings = settings, .event = event, .actions = actions, .now = now};
  actions->count = 0;
  switch (event->kind) {
  case SEEP_RECORDER_REQUEST:
    on_request(&turn);
    break;
  case SEEP_RECORDER_TOOL_EXITED:
    seep_recorder__on_tool_exited(&turn);
    break;
  case SEEP_RECORDER_TOOL_FAILED:
    seep_recorder__on_tool_failed(&turn);
    break;
  case SEEP_RECORDER_TOOL_TIMED_OUT:
    seep_recorder__on_tool_timed_out(&turn);
    break;
  case SEEP_RECORDER_TICK:
    on_tick(&turn);
    break;
  case SEEP_RECORDER_TARGET_GONE:
    on_target_gone(&turn);
    break;
  case SEEP_RECORDER_ABANDON:
    call_off(&turn, "the administrator abandoned the recording");
    break;
  case SEEP_RECORDER_RECOVER:
    on_recover(&turn);
    break;
  case SEEP_RECORDER_SHUT_DOWN:
    recorder->shutting_down = true;
    call_off(&turn, "the service was stopping");
    break;
  default:
    break;
  }
}
